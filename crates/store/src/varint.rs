//! Integers of a variable length (LEB128), in the packed columns.

/// Appends `value`, seven bits a byte.
pub(crate) fn push_unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends `value` so that small numbers of both signs are short.
pub(crate) fn push_signed(out: &mut Vec<u8>, value: i64) {
    push_unsigned(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Takes what [`push_unsigned`] put at the start of `bytes`.
pub(crate) fn take_unsigned(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let low = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if shift == 63 && low > 1 {
            return None;
        }
        value |= low << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Takes what [`push_signed`] put at the start of `bytes`.
pub(crate) fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    let value = take_unsigned(bytes)?;
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_comes_back() {
        for value in [0, 1, -1, 63, -64, 64, 1 << 40, i64::MAX, i64::MIN] {
            let mut packed = Vec::new();
            push_signed(&mut packed, value);
            let mut rest = packed.as_slice();
            assert_eq!(take_signed(&mut rest), Some(value));
            assert!(rest.is_empty());
        }
        assert_eq!(take_unsigned(&mut [0xff; 11].as_slice()), None);
        assert_eq!(take_unsigned(&mut [0x80].as_slice()), None);
    }
}
