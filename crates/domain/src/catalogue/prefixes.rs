//! Card number patterns as sets of number ranges.
//!
//! The catalogue writes BIN patterns as regular expressions, but uses only a corner of that language: anchors, digits,
//! classes, groups, alternatives, fixed repetition, and (in `installments_pattern`) a negative look-ahead at the start.
//! That corner describes nothing but a set of prefixes, so it is expanded once into sorted ranges over the first eight
//! digits. Asking is then a binary search, and no engine with look-around is needed.

/// Every BIN is looked at as a range of eight-digit numbers: `411111` is 41111100..=41111199.
const PLACES: u32 = 8;
const LAST: u32 = 99_999_999;
/// The largest pattern of the data has about 1 100 alternatives; one that expands to more than this is a mistake.
const MAX_PREFIXES: usize = 10_000;

/// A set of card number prefixes: sorted, disjoint, inclusive ranges of eight-digit numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrefixSet {
    ranges: Vec<(u32, u32)>,
}

/// A pattern that is outside the corner of regular expressions described above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a prefix pattern, at byte {at}")]
pub struct PatternFault {
    /// Where the pattern was not understood.
    pub at: usize,
}

impl PrefixSet {
    /// Expands a pattern. The empty pattern is the empty set: the catalogue uses it for "none".
    ///
    /// Every alternative at the top counts as anchored, also where the data forgot to repeat the `^`.
    ///
    /// ```
    /// use pasarela_domain::catalogue::PrefixSet;
    /// let amex = PrefixSet::parse("^((34)|(37))").unwrap();
    /// assert!(amex.matches("371180"));
    /// assert!(!amex.matches("451180"));
    /// ```
    pub fn parse(pattern: &str) -> Result<PrefixSet, PatternFault> {
        if pattern.is_empty() {
            return Ok(PrefixSet::default());
        }
        let mut parser = Parser { text: pattern.as_bytes(), at: 0 };
        let mut ranges = Vec::new();
        loop {
            parser.skip(b"^");
            if parser.skip(b"(?!") {
                let excluded = parser.alternatives()?;
                parser.expect(b')')?;
                ranges.extend(complement(&merged(excluded.into_iter().map(Prefix::range).collect())));
            } else {
                ranges.extend(parser.sequence()?.into_iter().map(Prefix::range));
            }
            if !parser.skip(b"|") {
                break;
            }
        }
        if parser.at < pattern.len() {
            return parser.fault();
        }
        Ok(PrefixSet { ranges: merged(ranges) })
    }

    /// Whether a card number that starts with `digits` is certainly in the set.
    pub fn matches(&self, digits: &str) -> bool {
        let Some((first, last)) = range_of(digits) else { return false };
        let next = self.ranges.partition_point(|&(start, _)| start <= first);
        next > 0 && self.ranges[next - 1].1 >= last
    }

    /// Whether there is nothing in the set.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub fn without(&self, other: &PrefixSet) -> PrefixSet {
        let mut ranges = Vec::with_capacity(self.ranges.len());
        for (start, end) in complement(&other.ranges) {
            for &(from, to) in &self.ranges {
                if from <= end && start <= to {
                    ranges.push((from.max(start), to.min(end)));
                }
            }
        }
        PrefixSet { ranges: merged(ranges) }
    }

    /// The ranges: sorted, disjoint, inclusive, of eight-digit numbers.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }
}

/// The eight-digit numbers that `digits` (its first eight, if it is longer) may be the beginning of.
pub(crate) fn range_of(digits: &str) -> Option<(u32, u32)> {
    let bytes = digits.as_bytes();
    let bytes = &bytes[..bytes.len().min(PLACES as usize)];
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = bytes.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    // At most eight bytes were kept.
    let len = u32::try_from(bytes.len()).ok()?;
    Some(Prefix { value, len }.range())
}

#[derive(Clone, Copy)]
struct Prefix {
    value: u32,
    len: u32,
}

impl Prefix {
    const EMPTY: Prefix = Prefix { value: 0, len: 0 };

    fn then(self, other: Prefix) -> Option<Prefix> {
        let len = self.len + other.len;
        (len <= PLACES).then(|| Prefix { value: self.value * 10_u32.pow(other.len) + other.value, len })
    }

    fn range(self) -> (u32, u32) {
        let width = 10_u32.pow(PLACES - self.len);
        (self.value * width, self.value * width + (width - 1))
    }
}

fn merged(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
    for (start, end) in ranges {
        match merged.last_mut() {
            Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

fn complement(ranges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut gaps = Vec::with_capacity(ranges.len() + 1);
    let mut next = 0;
    for &(start, end) in ranges {
        if start > next {
            gaps.push((next, start - 1));
        }
        next = end + 1;
    }
    if next <= LAST {
        gaps.push((next, LAST));
    }
    gaps
}

/// Recursive descent over the pattern; depth is bounded because patterns are compiled in.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Result<Vec<Prefix>, PatternFault> {
        let mut all = self.sequence()?;
        while self.skip(b"|") {
            all.extend(self.sequence()?);
        }
        Ok(all)
    }

    fn sequence(&mut self) -> Result<Vec<Prefix>, PatternFault> {
        let mut prefixes = vec![Prefix::EMPTY];
        while let Some(&next) = self.text.get(self.at) {
            let atom = match next {
                b'0'..=b'9' => {
                    self.at += 1;
                    vec![Prefix { value: u32::from(next - b'0'), len: 1 }]
                }
                b'[' => self.class()?,
                b'(' => {
                    self.at += 1;
                    let group = self.alternatives()?;
                    self.expect(b')')?;
                    group
                }
                b'|' | b')' => break,
                _ => return self.fault(),
            };
            for _ in 0..self.repetitions()? {
                prefixes = self.product(&prefixes, &atom)?;
            }
        }
        Ok(prefixes)
    }

    fn class(&mut self) -> Result<Vec<Prefix>, PatternFault> {
        let (from, to) = match self.text[self.at..] {
            [b'[', from @ b'0'..=b'9', b'-', to @ b'0'..=b'9', b']', ..] => (from, to),
            [b'[', only @ b'0'..=b'9', b']', ..] => (only, only),
            _ => return self.fault(),
        };
        self.at += if from == to && self.text[self.at + 2] == b']' { 3 } else { 5 };
        Ok((from..=to).map(|digit| Prefix { value: u32::from(digit - b'0'), len: 1 }).collect())
    }

    fn repetitions(&mut self) -> Result<u8, PatternFault> {
        if !self.skip(b"{") {
            return Ok(1);
        }
        let Some(count @ b'1'..=b'8') = self.text.get(self.at).copied() else { return self.fault() };
        self.at += 1;
        self.expect(b'}')?;
        Ok(count - b'0')
    }

    fn product(&self, heads: &[Prefix], tails: &[Prefix]) -> Result<Vec<Prefix>, PatternFault> {
        if heads.len() * tails.len() > MAX_PREFIXES {
            return self.fault();
        }
        heads
            .iter()
            .flat_map(|head| tails.iter().map(|tail| head.then(*tail).ok_or(PatternFault { at: self.at })))
            .collect()
    }

    fn skip(&mut self, word: &[u8]) -> bool {
        let found = self.text[self.at..].starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), PatternFault> {
        if self.skip(&[byte]) { Ok(()) } else { self.fault() }
    }

    fn fault<T>(&self) -> Result<T, PatternFault> {
        Err(PatternFault { at: self.at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_look_ahead_is_everything_else() {
        let set = PrefixSet::parse("^(?!(417401|45399))").unwrap();
        assert!(set.matches("400000") && set.matches("4174020000000000"));
        assert!(!set.matches("417401") && !set.matches("453990") && !set.matches("45399000"));
    }

    #[test]
    fn a_short_bin_matches_only_when_all_of_it_does() {
        let set = PrefixSet::parse("^(65005800|43)").unwrap();
        assert!(!set.matches("650058") && set.matches("65005800") && set.matches("6500580012345678"));
        assert!(set.matches("431234") && !set.matches("4") && !set.matches("") && !set.matches("43x"));
    }

    #[test]
    fn repetition_and_classes_expand() {
        let set = PrefixSet::parse("^(604((20[1-9])|(2[1-9][0-9])|(3[0-9]{2})|(400)))").unwrap();
        for (bin, inside) in
            [("604200", false), ("604201", true), ("604399", true), ("604400", true), ("604401", false)]
        {
            assert_eq!(set.matches(bin), inside, "{bin}");
        }
    }

    #[test]
    fn what_is_no_prefix_pattern_is_refused() {
        for pattern in
            ["^(4", "^4*", "^[45]", "^[]", "4)", "^4{0}", "^4{", "^(?=4)", "^123456789", ".", "^[0-9]{8}"]
        {
            assert!(PrefixSet::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn exclusion_cuts_ranges() {
        let set = PrefixSet::parse("^4").unwrap().without(&PrefixSet::parse("^(41|42000000)").unwrap());
        assert_eq!(set.ranges(), [(40_000_000, 40_999_999), (42_000_001, 49_999_999)]);
    }
}
