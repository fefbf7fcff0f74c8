//! A field of a record: numbers, texts, lists, and what is made of them.

use crate::varint::{push_signed, push_unsigned, take_signed, take_unsigned};
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;

/// What has a place in a record.
pub(super) trait Field: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(bytes: &mut &[u8]) -> Option<Self>;

    /// Several, without their number.
    fn put_all(values: &[Self], out: &mut Vec<u8>) {
        for value in values {
            value.put(out);
        }
    }

    /// `count` of them.
    fn take_all(count: usize, bytes: &mut &[u8]) -> Option<Vec<Self>> {
        // Not all the memory at once that a count of no value asks for.
        let mut values = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            values.push(Self::take(bytes)?);
        }
        Some(values)
    }
}

/// The fields of a struct, in this order; `without` are those whose stored form is among the contents.
macro_rules! fields {
    ($type:ident { $($field:ident),* $(,)? } $(without { $($left_out:ident),* })?) => {
        impl Field for $type {
            fn put(&self, out: &mut Vec<u8>) {
                let $type { $($field,)* $($($left_out: _,)*)? } = self;
                $($field.put(out);)*
            }

            fn take(bytes: &mut &[u8]) -> Option<$type> {
                Some($type { $($field: Field::take(bytes)?,)* $($($left_out: Vec::new(),)*)? })
            }
        }
    };
}

/// What has a number elsewhere already.
macro_rules! numbered {
    ($type:ident, $number:expr, $from:path) => {
        impl Field for $type {
            fn put(&self, out: &mut Vec<u8>) {
                let number: fn($type) -> u8 = $number;
                out.push(number(*self));
            }

            fn take(bytes: &mut &[u8]) -> Option<$type> {
                $from(i64::from(u8::take(bytes)?))
            }
        }
    };
}

pub(super) use {fields, numbered};

impl Field for Site {
    fn put(&self, out: &mut Vec<u8>) {
        self.id().to_owned().put(out);
    }

    fn take(bytes: &mut &[u8]) -> Option<Site> {
        Site::from_id(&String::take(bytes)?)
    }
}

impl Field for Timestamp {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(bytes: &mut &[u8]) -> Option<Timestamp> {
        i64::take(bytes).map(Timestamp)
    }
}

impl Field for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn take(bytes: &mut &[u8]) -> Option<u8> {
        let (&first, rest) = bytes.split_first()?;
        *bytes = rest;
        Some(first)
    }

    fn put_all(values: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(values);
    }

    fn take_all(count: usize, bytes: &mut &[u8]) -> Option<Vec<u8>> {
        let (taken, rest) = bytes.split_at_checked(count)?;
        *bytes = rest;
        Some(taken.to_vec())
    }
}

impl Field for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(bytes: &mut &[u8]) -> Option<bool> {
        match u8::take(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Field for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        push_signed(out, *self);
    }

    fn take(bytes: &mut &[u8]) -> Option<i64> {
        take_signed(bytes)
    }
}

impl Field for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        push_unsigned(out, u64::from(*self));
    }

    fn take(bytes: &mut &[u8]) -> Option<u32> {
        take_unsigned(bytes)?.try_into().ok()
    }
}

impl Field for u16 {
    fn put(&self, out: &mut Vec<u8>) {
        u32::from(*self).put(out);
    }

    fn take(bytes: &mut &[u8]) -> Option<u16> {
        u32::take(bytes)?.try_into().ok()
    }
}

impl<const N: usize> Field for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn take(bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (taken, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(*taken)
    }
}

impl Field for String {
    fn put(&self, out: &mut Vec<u8>) {
        push_unsigned(out, self.len() as u64);
        out.extend_from_slice(self.as_bytes());
    }

    fn take(bytes: &mut &[u8]) -> Option<String> {
        String::from_utf8(Vec::take(bytes)?).ok()
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<Option<T>> {
        match u8::take(bytes)? {
            0 => Some(None),
            1 => T::take(bytes).map(Some),
            _ => None,
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        push_unsigned(out, self.len() as u64);
        T::put_all(self, out);
    }

    fn take(bytes: &mut &[u8]) -> Option<Vec<T>> {
        let count = take_unsigned(bytes)?;
        T::take_all(usize::try_from(count).ok()?, bytes)
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(bytes: &mut &[u8]) -> Option<(A, B)> {
        Some((A::take(bytes)?, B::take(bytes)?))
    }
}
