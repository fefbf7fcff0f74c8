//! The check digits of boletos, vouchers and CLABEs.
//!
//! All functions read ASCII digits and answer one; anything else in the text is a mistake of the caller and panics.

/// Modulus 10 with weights 2, 1 from the right and the products' digits added up (Luhn): fields of a digitable line
/// (FEBRABAN), voucher numbers.
///
/// ```
/// assert_eq!(pasarela_rails::check_digit::modulus_10("7992739871"), 3);
/// ```
pub fn modulus_10(digits: &str) -> u8 {
    let sum: u32 = values(digits)
        .rev()
        .zip([2, 1].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    complement(sum)
}

/// Modulus 11 with weights 2 to 9 from the right: the general check digit of a boleto. Where the standard's result would
/// be 0, 10 or 11, it is 1 (FEBRABAN, layout of the collection barcode).
pub fn modulus_11(digits: &str) -> u8 {
    let sum: u32 = values(digits).rev().zip((2..=9).cycle()).map(|(digit, weight)| digit * weight).sum();
    match 11 - sum % 11 {
        10 | 11 => 1,
        digit => to_u8(digit),
    }
}

/// The 18th digit of a CLABE from its first 17: weights 3, 7, 1, each product modulo 10 (Banco de México).
///
/// ```
/// assert_eq!(pasarela_rails::check_digit::clabe("03218000011835971"), 9);
/// ```
pub fn clabe(digits: &str) -> u8 {
    assert_eq!(digits.len(), 17, "a CLABE has 17 digits before its check digit");
    let sum: u32 =
        values(digits).zip([3, 7, 1].into_iter().cycle()).map(|(digit, weight)| digit * weight % 10).sum();
    complement(sum)
}

fn values(digits: &str) -> impl DoubleEndedIterator<Item = u32> + '_ {
    digits.bytes().map(|byte| {
        assert!(byte.is_ascii_digit(), "check digits are computed over digits");
        u32::from(byte - b'0')
    })
}

fn complement(sum: u32) -> u8 {
    to_u8((10 - sum % 10) % 10)
}

fn to_u8(digit: u32) -> u8 {
    u8::try_from(digit).expect("one decimal digit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers_end_in_their_check_digit() {
        // Luhn's customary example, two published test cards, a CLABE of Wikipedia.
        assert_eq!(modulus_10("7992739871"), 3);
        assert_eq!(modulus_10("503175573453060"), 4);
        assert_eq!(modulus_10("37118030325752"), 2);
        assert_eq!(clabe("03218000011835971"), 9);
    }

    #[test]
    fn one_changed_digit_changes_the_check_digit() {
        let text = "03218000011835971";
        for index in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[index] = if changed[index] == b'9' { b'0' } else { changed[index] + 1 };
            let changed = String::from_utf8(changed).unwrap();
            assert_ne!(clabe(&changed), clabe(text));
            assert_ne!(modulus_10(&changed), modulus_10(text));
        }
    }
}
