//! Check digits of documents, bank accounts and card numbers. All take the number without punctuation and answer
//! whether it is well formed and its check digits are right.

/// CPF (Brazil, persons): two check digits modulo 11. Numbers of one digit repeated are never issued.
pub fn is_cpf(number: &str) -> bool {
    let Some(digits) = digits::<11>(number) else { return false };
    let first = modulo_11_or_0(weighted(&digits[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]));
    let second = modulo_11_or_0(weighted(&digits[..10], &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]));
    digits.iter().any(|digit| *digit != digits[0]) && digits[9] == first && digits[10] == second
}

/// CNPJ (Brazil, companies): two check digits modulo 11. Since July 2026 the first twelve places may hold capital
/// letters, whose value is their ASCII code less 48.
pub fn is_cnpj(number: &str) -> bool {
    let bytes = number.as_bytes();
    let Ok(places) = <&[u8; 14]>::try_from(bytes) else { return false };
    let letters_fit = places[..12].iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if !letters_fit || !places[12..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let values = places.map(|byte| u32::from(byte - b'0'));
    let first = modulo_11_or_0(weighted(&values[..12], &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]));
    let second = modulo_11_or_0(weighted(&values[..13], &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]));
    values.iter().any(|value| *value != values[0]) && values[12] == first && values[13] == second
}

/// CUIT and CUIL (Argentina): a known prefix and one check digit modulo 11.
pub fn is_cuit(number: &str) -> bool {
    let Some(digits) = digits::<11>(number) else { return false };
    let check = match 11 - weighted(&digits[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
        11 => 0,
        10 => 9,
        check => check,
    };
    matches!(digits[0] * 10 + digits[1], 20 | 23..=27 | 30 | 33 | 34) && digits[10] == check
}

/// RUT (Chile): up to eight digits and a check digit modulo 11 that may be `K`.
pub fn is_rut(number: &str) -> bool {
    let Some((body, check)) = body_and_check(number, 8) else { return false };
    let sum: u32 = body.iter().rev().zip((2..=7).cycle()).map(|(digit, weight)| digit * weight).sum();
    let expected = match 11 - sum % 11 {
        11 => '0',
        10 => 'K',
        digit => digit_character(digit),
    };
    check.to_ascii_uppercase() == expected
}

/// NIT (Colombia): up to fifteen digits (nine for companies) and a check digit modulo 11.
pub fn is_nit(number: &str) -> bool {
    const WEIGHTS: [u32; 15] = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71];
    let Some((body, check)) = body_and_check(number, WEIGHTS.len()) else { return false };
    let sum: u32 = body.iter().rev().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let rest = sum % 11;
    check == digit_character(if rest < 2 { rest } else { 11 - rest })
}

/// CI (Uruguay): up to seven digits and a check digit modulo 10.
pub fn is_ci(number: &str) -> bool {
    let Some((body, check)) = body_and_check(number, 7) else { return false };
    // Shorter numbers are padded with zeros at the left, so weights are taken from the right.
    let sum: u32 = body.iter().rev().zip([4, 3, 6, 7, 8, 9, 2]).map(|(digit, weight)| digit * weight).sum();
    check == digit_character((10 - sum % 10) % 10)
}

/// RUC (Peru): a known prefix and one check digit modulo 11.
pub fn is_ruc(number: &str) -> bool {
    let Some(digits) = digits::<11>(number) else { return false };
    let check = (11 - weighted(&digits[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10;
    matches!(digits[0] * 10 + digits[1], 10 | 15..=17 | 20) && digits[10] == check
}

/// RFC (Mexico, taxpayers): 12 characters for companies, 13 for persons, the last a check character modulo 11. The two
/// generic numbers, for buyers without one, fail the arithmetic and are valid all the same.
pub fn is_rfc(number: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ";
    const GENERIC: [&str; 2] = ["XAXX010101000", "XEXX010101000"];
    if GENERIC.contains(&number) {
        return true;
    }
    let mut characters: Vec<char> = number.chars().collect();
    if !matches!(characters.len(), 12 | 13) || characters.contains(&' ') {
        return false;
    }
    if characters.len() == 12 {
        characters.insert(0, ' ');
    }
    let Some(values) = values(&characters, ALPHABET) else { return false };
    let sum: u32 = values[..12].iter().zip((2..=13).rev()).map(|(value, weight)| value * weight).sum();
    let expected = match sum % 11 {
        0 => '0',
        1 => 'A',
        rest => digit_character(11 - rest),
    };
    characters[12] == expected
}

/// CURP (Mexico, persons): 17 characters and a check digit modulo 10.
pub fn is_curp(number: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ";
    let characters: Vec<char> = number.chars().collect();
    if characters.len() != 18 {
        return false;
    }
    let Some(values) = values(&characters, ALPHABET) else { return false };
    let sum: u32 = values[..17].iter().zip((2..=18).rev()).map(|(value, weight)| value * weight).sum();
    characters[17] == digit_character((10 - sum % 10) % 10)
}

/// CLABE (Mexico, bank accounts): bank 3, city 3, account 11 and a check digit modulo 10.
pub fn is_clabe(number: &str) -> bool {
    let Some(digits) = digits::<18>(number) else { return false };
    let sum: u32 =
        digits[..17].iter().zip([3, 7, 1].into_iter().cycle()).map(|(d, weight)| d * weight % 10).sum();
    digits[17] == (10 - sum % 10) % 10
}

/// CBU and CVU (Argentina, bank and wallet accounts): two blocks, each with its check digit modulo 10.
pub fn is_cbu(number: &str) -> bool {
    let Some(digits) = digits::<22>(number) else { return false };
    let check = |block: &[u32], weights: [u32; 4]| {
        // Both blocks end on the same weight: counted from the right they are 3, 1, 7, 9 in turn.
        let sum: u32 =
            block.iter().rev().zip(weights.into_iter().cycle()).map(|(d, weight)| d * weight).sum();
        (10 - sum % 10) % 10
    };
    const WEIGHTS: [u32; 4] = [3, 1, 7, 9];
    digits[7] == check(&digits[..7], WEIGHTS) && digits[21] == check(&digits[8..21], WEIGHTS)
}

/// Luhn's check digit, of card numbers whose `validation` is `standard` (ISO/IEC 7812-1, annex B).
pub fn is_luhn(number: &str) -> bool {
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            match (place % 2, digit * 2) {
                (0, _) => digit,
                (_, doubled) => doubled / 10 + doubled % 10,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn digits<const N: usize>(number: &str) -> Option<[u32; N]> {
    let bytes = <&[u8; N]>::try_from(number.as_bytes()).ok()?;
    bytes.iter().all(u8::is_ascii_digit).then(|| bytes.map(|byte| u32::from(byte - b'0')))
}

/// The digits of a number of one to `longest` digits, and the character that follows them.
fn body_and_check(number: &str, longest: usize) -> Option<(Vec<u32>, char)> {
    let check = number.chars().next_back()?;
    let body = number.strip_suffix(check)?;
    if body.is_empty() || body.len() > longest || !body.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((body.bytes().map(|byte| u32::from(byte - b'0')).collect(), check))
}

fn values(characters: &[char], alphabet: &str) -> Option<Vec<u32>> {
    characters
        .iter()
        .map(|wanted| alphabet.chars().position(|c| c == *wanted).and_then(|at| u32::try_from(at).ok()))
        .collect()
}

fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// The rule of CPF and CNPJ: 11 less the rest, or 0 where that has two digits.
fn modulo_11_or_0(sum: u32) -> u32 {
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

fn digit_character(digit: u32) -> char {
    char::from_digit(digit, 10).expect("a value modulo 11 whose ten has its own letter")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds that the valid numbers are accepted, that no other last digit is, and that a change of any one digit is
    /// found out in three cases of four at least (a single check digit can't find them all).
    fn holds(is_valid: fn(&str) -> bool, valid: &[&str]) {
        for number in valid {
            assert!(is_valid(number), "{number}");
            let last = number.len() - 1;
            let (mut changes, mut unnoticed) = (0, 0);
            for (at, old) in number.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
                for new in ('0'..='9').filter(|new| *new != old) {
                    let mut changed = (*number).to_owned();
                    changed.replace_range(at..=at, &new.to_string());
                    assert!(at < last || !is_valid(&changed), "{changed}");
                    changes += 1;
                    unnoticed += usize::from(is_valid(&changed));
                }
            }
            assert!(unnoticed * 4 <= changes, "{number}: {unnoticed} of {changes} changes go unnoticed");
        }
        for wrong in ["", "1", "-", "ñ", "abcdefghijk", "12345678９09", "é2345678909", "1 234567890"] {
            assert!(!is_valid(wrong), "{wrong}");
        }
    }

    #[test]
    fn brazilian_numbers() {
        holds(is_cpf, &["12345678909", "19119119100", "52998224725"]);
        holds(is_cnpj, &["11222333000181", "12ABC34501DE35"]);
        assert!(!is_cpf("11111111111") && !is_cnpj("00000000000000") && !is_cnpj("12abc34501de35"));
    }

    #[test]
    fn argentine_numbers() {
        holds(is_cuit, &["20123456786", "30703088534"]);
        holds(is_cbu, &["2850590940090418135201"]);
    }

    #[test]
    fn chilean_numbers() {
        holds(is_rut, &["123456785", "111111111", "20347878K", "20347878k"]);
        assert!(!is_rut("123456789"));
    }

    #[test]
    fn colombian_numbers() {
        holds(is_nit, &["8001972684", "8600029644"]);
    }

    #[test]
    fn uruguayan_numbers() {
        holds(is_ci, &["12345672"]);
    }

    #[test]
    fn peruvian_numbers() {
        holds(is_ruc, &["20100070970"]);
    }

    #[test]
    fn mexican_numbers() {
        holds(is_rfc, &["GODE561231GR8"]);
        holds(is_curp, &["HEGG560427MVZRRL04"]);
        holds(is_clabe, &["032180000118359719"]);
        assert!(is_rfc("XAXX010101000") && is_rfc("XEXX010101000") && !is_rfc("XAXX010101001"));
    }

    #[test]
    fn card_numbers() {
        holds(is_luhn, &["4509953566233704", "371180303257522"]);
    }
}
