//! The part of a document that this program writes.

use crate::Failure;

const BEGIN: &str = "<!-- comparison: written by `pasarela-bench compare` -->";
const END: &str = "<!-- end of comparison -->";

/// `document` with `part` in the place of what stood between the marks.
///
/// # Errors
/// When the marks are not there, once each and in order.
pub fn with_part(document: &str, part: &str) -> Result<String, Failure> {
    let marks = || format!("the document has no single `{BEGIN}` followed by `{END}`");
    let (before, rest) = document.split_once(BEGIN).ok_or_else(marks)?;
    let (_, after) = rest.split_once(END).ok_or_else(marks)?;
    if after.contains(BEGIN) || after.contains(END) || before.contains(END) {
        return Err(marks().into());
    }
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", part.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let document = format!("# Title\n\n{BEGIN}\nold\n{END}\n\nend\n");
        let once = with_part(&document, "new\n").unwrap();
        assert_eq!(once, format!("# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nend\n"));
        assert_eq!(with_part(&once, "new").unwrap(), once);
    }

    #[test]
    fn a_document_without_the_marks_is_left_alone() {
        assert!(with_part("# Title\n", "new").is_err());
        assert!(with_part(&format!("{END}{BEGIN}{END}"), "new").is_err());
    }

    #[test]
    fn the_readme_has_the_marks() {
        assert!(with_part(include_str!("../../../README.md"), "new").is_ok());
    }
}
