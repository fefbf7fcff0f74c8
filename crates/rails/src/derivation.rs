//! Numbers that look drawn but follow from the payment, so that a simulated charge is the same whenever it is asked for.

/// An endless sequence of numbers that depends only on what it is for and whom it is about.
///
/// FNV-1a folds the words into a seed and SplitMix64 spreads it; both are fixed here because a stored payment must keep
/// its codes through every upgrade, which no hasher of a library promises. Nothing secret may come from it.
pub(crate) struct Derivation {
    state: u64,
}

impl Derivation {
    /// The sequence for `purpose` (a constant of the caller) and `subject` (a payment, a merchant).
    pub(crate) fn new(purpose: &str, subject: &[u8]) -> Derivation {
        let zero_between = purpose.bytes().chain([0]).chain(subject.iter().copied());
        let state = zero_between
            .fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Derivation { state }
    }

    /// The sequence for `purpose` and a payment.
    pub(crate) fn of_payment(purpose: &str, payment_id: i64) -> Derivation {
        Derivation::new(purpose, &payment_id.to_be_bytes())
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of exactly `digits` decimal digits (at most 18) that does not start with zero.
    pub(crate) fn number(&mut self, digits: u32) -> i64 {
        assert!((1..=18).contains(&digits), "a number of 1 to 18 digits fits an i64");
        let lowest = 10_u64.pow(digits - 1);
        let number = lowest + self.next() % (9 * lowest);
        i64::try_from(number).expect("at most 18 digits")
    }

    /// A UUID in the shape of version 4, lower case.
    pub(crate) fn uuid(&mut self) -> String {
        let high = (self.next() & 0xffff_ffff_ffff_0fff) | 0x4000;
        let low = (self.next() & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_splitmix64_from_an_fnv_1a_seed() {
        // The published first outputs of SplitMix64 for the seed 1234567, and FNV-1a of a single zero byte.
        let mut published = Derivation { state: 1_234_567 };
        assert_eq!(published.next(), 6_457_827_717_110_365_317);
        assert_eq!(published.next(), 3_203_168_211_198_807_973);
        assert_eq!(Derivation::new("", b"").state, 0xaf63_bd4c_8601_b7df);
    }

    #[test]
    fn what_is_derived_never_changes_between_versions() {
        // Written down once: a stored payment's codes depend on these.
        assert_eq!(Derivation::of_payment("authorization", 1).number(6), 204_461);
        assert_eq!(Derivation::new("pix key", b"x").uuid(), "89366b22-619f-4996-8665-41db09c72609");
    }

    #[test]
    fn purposes_and_payments_are_told_apart() {
        let number = |purpose, id| Derivation::of_payment(purpose, id).number(18);
        assert_eq!(number("a", 1), number("a", 1));
        assert_ne!(number("a", 1), number("b", 1));
        assert_ne!(number("a", 1), number("a", 2));
    }

    #[test]
    fn a_uuid_has_the_shape_of_version_4() {
        for id in 0..100 {
            let uuid = Derivation::of_payment("shape", id).uuid();
            assert_eq!(uuid.len(), 36);
            assert_eq!(uuid.as_bytes()[14], b'4');
            assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        }
    }
}
