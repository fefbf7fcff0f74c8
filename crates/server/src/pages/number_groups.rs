//! Long numbers in groups that an eye and a voice can hold.

/// The number of a ticket in groups: a boleto's line as banks print it, a CLABE in its four parts, everything else in
/// fours. What is not made of letters and digits is left as it is.
pub fn grouped(number: &str) -> String {
    let digits_only = number.bytes().all(|byte| byte.is_ascii_digit());
    match number.len() {
        47 if digits_only => boleto_line(number),
        18 if digits_only => in_parts(number, &[3, 3, 11, 1]),
        _ if number.len() > 6 && number.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            let parts = vec![4; number.len().div_ceil(4)];
            in_parts(number, &parts)
        }
        _ => number.to_owned(),
    }
}

/// `AAAAA.AAAAA BBBBB.BBBBBB CCCCC.CCCCCC D EEEEEEEEEEEEEE`: the five fields of the digitable line, as FEBRABAN lays
/// them out.
fn boleto_line(line: &str) -> String {
    let field = |from: usize, dot: usize, to: usize| format!("{}.{}", &line[from..dot], &line[dot..to]);
    format!(
        "{} {} {} {} {}",
        field(0, 5, 10),
        field(10, 15, 21),
        field(21, 26, 32),
        &line[32..33],
        &line[33..]
    )
}

fn in_parts(number: &str, lengths: &[usize]) -> String {
    let mut rest = number;
    let mut parts = Vec::with_capacity(lengths.len());
    for &length in lengths {
        let (part, after) = rest.split_at(length.min(rest.len()));
        parts.push(part);
        rest = after;
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_their_kind() {
        assert_eq!(
            grouped("23793381286008301112345000063304789540000012345"),
            "23793.38128 60083.011123 45000.063304 7 89540000012345"
        );
        assert_eq!(grouped("002010077777777771"), "002 010 07777777777 1");
        assert_eq!(grouped("1234567890"), "1234 5678 90");
        assert_eq!(grouped("123456"), "123456");
        assert_eq!(grouped("ação-não-ascii"), "ação-não-ascii");
    }
}
