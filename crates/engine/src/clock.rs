//! Whose time it is: live accounts live in wall-clock time, each test account has a clock that can be moved forward.

use crate::EngineError;
use crate::notifications::attempts::WallClock;
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::Store;
use std::collections::HashMap;
use std::sync::RwLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's wall clock.
pub fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The accounts' clocks: how far each test clock is from the wall clock. Bounded by the number of accounts whose
/// clock was ever moved.
pub struct Clock {
    wall: WallClock,
    offsets: RwLock<HashMap<AccountId, i64>>,
}

impl Clock {
    /// Reads the clocks that were moved.
    pub(crate) async fn open(store: &Store, wall: WallClock) -> Result<Clock, EngineError> {
        let clocks = store.clocks().await.map_err(|error| EngineError::Other(error.to_string()))?;
        Ok(Clock { wall, offsets: RwLock::new(clocks.into_iter().collect()) })
    }

    /// The wall clock.
    pub fn wall(&self) -> Timestamp {
        (self.wall)()
    }

    /// The account's time in `mode`.
    pub fn now(&self, account_id: AccountId, mode: Mode) -> Timestamp {
        match mode {
            Mode::Live => self.wall(),
            Mode::Test => self.wall().plus_ms(self.offset(account_id)),
        }
    }

    /// How far the account's test clock is ahead of the wall clock, in milliseconds.
    pub fn offset(&self, account_id: AccountId) -> i64 {
        let offsets = self.offsets.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        offsets.get(&account_id).copied().unwrap_or(0)
    }

    /// Moves the account's test clock to `to`, if that is forward.
    pub(crate) fn forward(&self, account_id: AccountId, to: Timestamp) {
        let offset = self.offset(account_id);
        self.set(account_id, offset.max(to.0 - self.wall().0));
    }

    pub(crate) fn set(&self, account_id: AccountId, offset_ms: i64) {
        let mut offsets = self.offsets.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        offsets.insert(account_id, offset_ms);
    }
}
