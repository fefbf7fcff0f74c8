//! Comma-separated tables that are compiled in (RFC 4180, plus comment lines that start with `#`).

/// The data rows of `text`, without its header line, each as its fields.
///
/// Fields are slices of the text itself: a doubled quote inside a quoted field is not supported, and the tests hold
/// that no table has one.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).skip(1).map(fields)
}

fn fields(line: &'static str) -> Vec<&'static str> {
    let mut fields = Vec::with_capacity(12);
    let mut rest = Some(line.trim_end_matches('\r'));
    while let Some(text) = rest {
        let (field, after) = match text.strip_prefix('"') {
            Some(quoted) => {
                let (field, after) = quoted.split_once('"').unwrap_or((quoted, ""));
                (field, after.strip_prefix(','))
            }
            None => match text.split_once(',') {
                Some((field, after)) => (field, Some(after)),
                None => (text, None),
            },
        };
        fields.push(field);
        rest = after;
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_may_hold_commas_and_comments_are_no_rows() {
        let table = "# why\na,b,c\n1,\"two, and more\",\n\n,,3\n";
        let rows: Vec<_> = rows(table).collect();
        assert_eq!(rows, [vec!["1", "two, and more", ""], vec!["", "", "3"]]);
    }
}
