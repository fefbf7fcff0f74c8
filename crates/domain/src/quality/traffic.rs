//! How an application uses the API, in numbers: what is counted of its requests, and nothing of what they say.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What is counted. The names are part of what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// A payment that was read within ten minutes of its latest change, each change once.
    ReadAfterNews,
    /// A refund by API.
    Refund,
    /// A cancellation by API.
    Cancellation,
    /// A payment with `capture: false`.
    LaterCapture,
    /// A call with its access token in the address.
    TokenInQuery,
    /// A body outside the card tokens with what looks like a card's number in it.
    CardNumberOutside,
    /// A call by the browser library.
    LibraryCall,
    /// A card that was typed in the platform's frames.
    SecureFieldsToken,
    /// A card that the library read from a page's inputs.
    LibraryToken,
    /// A card that a page sent without the library.
    PageToken,
    /// A card that a server sent.
    ServerToken,
    /// A payment that was made.
    Payment,
    /// A preference that was made.
    Preference,
    /// A payment whose card token was made with another application's public key.
    ForeignToken,
}

/// All of them, in the order of their numbers.
pub const COUNTS: [(Count, &str); 14] = [
    (Count::ReadAfterNews, "read_after_news"),
    (Count::Refund, "refund"),
    (Count::Cancellation, "cancellation"),
    (Count::LaterCapture, "later_capture"),
    (Count::TokenInQuery, "token_in_query"),
    (Count::CardNumberOutside, "card_number_outside"),
    (Count::LibraryCall, "library_call"),
    (Count::SecureFieldsToken, "secure_fields_token"),
    (Count::LibraryToken, "library_token"),
    (Count::PageToken, "page_token"),
    (Count::ServerToken, "server_token"),
    (Count::Payment, "payment"),
    (Count::Preference, "preference"),
    (Count::ForeignToken, "foreign_token"),
];

/// What was counted over some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic([u64; COUNTS.len()]);

impl Traffic {
    /// How often.
    pub const fn of(&self, count: Count) -> u64 {
        self.0[count as usize]
    }

    /// So many more.
    pub const fn add(&mut self, count: Count, more: u64) {
        self.0[count as usize] = self.0[count as usize].saturating_add(more);
    }

    /// What another one counted, too.
    pub const fn add_all(&mut self, other: &Traffic) {
        let mut index = 0;
        while index < COUNTS.len() {
            self.0[index] = self.0[index].saturating_add(other.0[index]);
            index += 1;
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

impl Serialize for Traffic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counted = COUNTS.iter().filter(|(count, _)| self.of(*count) > 0);
        serializer.collect_map(counted.map(|(count, name)| (name, self.of(*count))))
    }
}

impl<'de> Deserialize<'de> for Traffic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Traffic, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Traffic;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("counts by their names")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Traffic, A::Error> {
                let mut traffic = Traffic::default();
                while let Some((name, number)) = map.next_entry::<String, u64>()? {
                    // One of a newer version is passed over.
                    if let Some((count, _)) = COUNTS.iter().find(|(_, known)| *known == name) {
                        traffic.add(*count, number);
                    }
                }
                Ok(traffic)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_stands_at_its_own_number() {
        for (index, (count, _)) in COUNTS.iter().enumerate() {
            assert_eq!(*count as usize, index);
        }
    }

    #[test]
    fn counts_are_stored_by_name_and_add_up() {
        let mut traffic = Traffic::default();
        traffic.add(Count::Refund, 2);
        let text = serde_json::to_string(&traffic).unwrap();
        assert_eq!(text, r#"{"refund":2}"#);
        let mut read: Traffic = serde_json::from_str(r#"{"refund":1,"of_the_future":9}"#).unwrap();
        read.add_all(&traffic);
        assert_eq!(read.of(Count::Refund), 3);
    }
}
