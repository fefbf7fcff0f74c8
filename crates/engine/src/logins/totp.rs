//! Codes that change every half minute (RFC 6238, on RFC 4226), as the apps on people's phones make them: HMAC-SHA-1, six digits.

use ring::hmac;
use subtle::ConstantTimeEq;

/// How long a code is shown, in milliseconds.
const STEP_MS: i64 = 30_000;
/// How many steps a phone's clock may be away, to either side (RFC 6238 5.2).
const DRIFT: i64 = 1;
/// A secret's length: that of the hash (RFC 4226 4, R6).
pub(crate) const SECRET_BYTES: usize = 20;

/// The step that `code` is the code of, among those that hold at `now_ms`: the latest one.
pub(crate) fn step_of(secret: &[u8], code: &str, now_ms: i64) -> Option<i64> {
    let now = now_ms.div_euclid(STEP_MS);
    let is_it = |step: &i64| bool::from(code_at(secret, *step).as_bytes().ct_eq(code.as_bytes()));
    // Each is looked at, so that the time tells nothing.
    (now - DRIFT..=now + DRIFT).fold(None, |found, step| if is_it(&step) { Some(step) } else { found })
}

fn code_at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    // RFC 4226 5.3: the last half byte says from where the number is read.
    let from = usize::from(tag[tag.len() - 1] & 0xf);
    let number = tag[from..from + 4].iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// The secret as apps take it (RFC 4648 6, without padding).
pub(crate) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes {
        (bits, count) = (bits << 8 | u32::from(*byte), count + 8);
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[(bits >> count & 31) as usize]));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - count) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, of whose eight digits these are the last six.
    #[test]
    fn codes_are_the_rfcs() {
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, second / 30), code);
            assert_eq!(step_of(SECRET, code, second * 1_000), Some(second / 30));
        }
    }

    #[test]
    fn a_clock_may_be_half_a_minute_away() {
        for (away, found) in [(-60, None), (-30, Some(2)), (0, Some(2)), (30, Some(2)), (60, None)] {
            assert_eq!(step_of(SECRET, &code_at(SECRET, 2), (75 + away) * 1_000), found, "{away}");
        }
        assert_eq!(step_of(SECRET, "", 0), None);
        assert_eq!(step_of(SECRET, "28708２", 59_000), None);
    }

    /// RFC 4648, 10.
    #[test]
    fn a_secret_is_written_in_base32() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }
}
