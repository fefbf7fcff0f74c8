//! What each payment asks of its seller's account, in memory: whether it has a Pix key, what its policies say.

use crate::accounts::MAX_CACHED;
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// What was read lately.
pub(crate) struct AnswerCache<T>(RwLock<State<T>>);

struct State<T> {
    /// One more with each change: what was read before it is not kept after it.
    generation: u64,
    /// What was read, and until when that is believed.
    known: HashMap<AccountId, (T, Timestamp)>,
}

impl<T> Default for AnswerCache<T> {
    fn default() -> AnswerCache<T> {
        AnswerCache(RwLock::new(State { generation: 0, known: HashMap::new() }))
    }
}

impl<T: Clone> AnswerCache<T> {
    /// The generation to keep an answer under, and the answer, if it is known.
    pub(crate) fn get(&self, account_id: AccountId, now: Timestamp) -> (u64, Option<T>) {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = state.known.get(&account_id).filter(|(_, until)| now < *until);
        (state.generation, known.map(|(answer, _)| answer.clone()))
    }

    /// Keeps what was read in `generation`, unless something was changed since.
    pub(crate) fn keep(&self, generation: u64, account_id: AccountId, answer: T, until: Timestamp) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if state.generation != generation {
            return;
        }
        if state.known.len() >= MAX_CACHED {
            state.known.clear();
        }
        state.known.insert(account_id, (answer, until));
    }

    /// What the account's answer came of was changed.
    pub(crate) fn forget(&self, account_id: AccountId) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.generation += 1;
        state.known.remove(&account_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let cache = AnswerCache::default();
        let (before, known) = cache.get(7, Timestamp(0));
        assert_eq!(known, None);
        cache.forget(7);
        cache.keep(before, 7, true, Timestamp(10));
        assert_eq!(cache.get(7, Timestamp(0)).1, None);
        let (now, _) = cache.get(7, Timestamp(0));
        cache.keep(now, 7, true, Timestamp(10));
        assert_eq!((cache.get(7, Timestamp(9)).1, cache.get(7, Timestamp(10)).1), (Some(true), None));
    }
}
