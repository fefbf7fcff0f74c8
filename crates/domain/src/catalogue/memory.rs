//! Answers that are kept as they are sent, with their entity tags.
//!
//! A catalogue keeps its own: when another version of it takes its place, its answers go with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many answers a half of the memory holds. A site has five answers that everybody asks for; the others are a few per
/// card BIN that is in use today.
const MOST_ANSWERS: usize = 256;
/// How many bytes a half of the memory holds: the largest answer, a list of methods, is some 60 kB.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// An answer, ready to send.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The body.
    pub body: Arc<str>,
    /// Its strong entity tag (RFC 9110 §8.8.3), quotes included: another body has another one.
    pub etag: String,
}

impl Answer {
    /// `body` and its tag.
    pub fn new(body: String) -> Answer {
        let etag = format!("\"{:032x}\"", fingerprint(body.as_bytes()));
        Answer { body: body.into(), etag }
    }
}

/// The answers of a catalogue by what was asked; bounded, and what was asked lately stays.
#[derive(Debug, Default)]
pub(super) struct AnswerMemory(Mutex<Halves>);

/// Two generations: when the young one is full it becomes the old one, and the old one is forgotten.
#[derive(Debug, Default)]
struct Halves {
    young: HashMap<String, Arc<Answer>>,
    young_bytes: usize,
    old: HashMap<String, Arc<Answer>>,
}

impl Clone for AnswerMemory {
    /// A copy of a catalogue is made to be changed: it remembers nothing.
    fn clone(&self) -> AnswerMemory {
        AnswerMemory::default()
    }
}

impl AnswerMemory {
    /// The answer to `question`, made by `answer` when it is not remembered.
    pub(super) fn recall(&self, question: String, answer: impl FnOnce() -> String) -> Arc<Answer> {
        if let Some(known) = self.known(&question) {
            return known;
        }
        // Made without the lock: two who ask at once make it twice, and nobody waits for either.
        let made = Arc::new(Answer::new(answer()));
        self.keep(question, Arc::clone(&made));
        made
    }

    fn known(&self, question: &str) -> Option<Arc<Answer>> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = halves.young.get(question) {
            return Some(Arc::clone(known));
        }
        let (question, known) = halves.old.remove_entry(question)?;
        halves.insert(question, Arc::clone(&known));
        Some(known)
    }

    fn keep(&self, question: String, answer: Arc<Answer>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(question, answer);
    }
}

impl Halves {
    fn insert(&mut self, question: String, answer: Arc<Answer>) {
        let bytes = question.len() + answer.body.len();
        if bytes > MOST_BYTES {
            return;
        }
        if self.young.len() >= MOST_ANSWERS || self.young_bytes + bytes > MOST_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        self.young.insert(question, answer);
    }
}

/// FNV-1a with 128 bits: nobody gains by two answers with one tag, they only must not meet by chance.
fn fingerprint(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_made_once_while_it_is_asked_for() {
        let memory = AnswerMemory::default();
        let first = memory.recall("hot".to_owned(), || "body".to_owned());
        for number in 0..10 * MOST_ANSWERS {
            memory.recall(format!("cold {number}"), || number.to_string());
            let again = memory.recall("hot".to_owned(), || panic!("it is remembered"));
            assert!(Arc::ptr_eq(&first, &again));
        }
    }

    #[test]
    fn however_much_is_asked_little_is_kept() {
        let memory = AnswerMemory::default();
        let body = "x".repeat(MOST_BYTES / 10);
        for number in 0..100 {
            memory.recall(format!("{number}"), || body.clone());
        }
        memory.recall("huge".to_owned(), || "x".repeat(MOST_BYTES + 1));
        let halves = memory.0.lock().unwrap();
        let kept = halves.young.values().chain(halves.old.values()).map(|answer| answer.body.len());
        assert!(kept.sum::<usize>() <= 2 * MOST_BYTES);
        assert!(!halves.young.contains_key("huge"));
    }

    #[test]
    fn another_body_has_another_tag() {
        // The published test vector of FNV-1a 128 for "foobar".
        assert_eq!(Answer::new("foobar".to_owned()).etag, "\"343e1662793c64bf6f0d3597ba446f18\"");
        assert_ne!(Answer::new("a".to_owned()).etag, Answer::new("b".to_owned()).etag);
    }
}
