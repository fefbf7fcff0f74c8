//! Random bytes and words, from the operating system's generator.

use ring::rand::{SecureRandom, SystemRandom};

/// The longest word that [`random_hex`] draws; four times what a token's id needs.
const LONGEST_WORD: usize = 128;

/// A random word of `characters` lower-case hexadecimal digits. A card token's id has 32 of them: 128 bits, which
/// nobody guesses.
///
/// # Panics
/// If more than 128 characters are wanted.
pub fn random_hex(characters: usize) -> String {
    assert!(characters <= LONGEST_WORD, "a random word has at most {LONGEST_WORD} characters");
    let mut bytes = [0_u8; LONGEST_WORD / 2];
    let bytes = &mut bytes[..characters.div_ceil(2)];
    fill(bytes);
    let mut word = hex(bytes);
    word.truncate(characters);
    word
}

/// Fills `bytes` with random ones.
///
/// # Panics
/// If the operating system has no randomness to give. `getrandom(2)` cannot fail for requests this small once the
/// kernel is seeded; should it ever, then a nonce or a token made of anything else would be worse than to stop.
pub(crate) fn fill(bytes: &mut [u8]) {
    SystemRandom::new().fill(bytes).expect("the operating system's random generator answers");
}

/// `bytes` in lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut word = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        word.push(char::from(DIGITS[usize::from(byte >> 4)]));
        word.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_id_is_32_lower_case_hexadecimal_digits_and_never_the_same() {
        let words: std::collections::HashSet<String> = (0..1_000).map(|_| random_hex(32)).collect();
        assert_eq!(words.len(), 1_000);
        assert!(words.iter().all(|word| word.len() == 32));
        assert!(words.iter().all(|word| word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))));
    }

    #[test]
    fn odd_lengths_are_kept() {
        assert_eq!(random_hex(7).len(), 7);
        assert_eq!(random_hex(0), "");
    }

    #[test]
    fn hexadecimal_digits_are_in_their_order() {
        assert_eq!(hex(&[0x00, 0x0f, 0xa5, 0xff]), "000fa5ff");
    }
}
