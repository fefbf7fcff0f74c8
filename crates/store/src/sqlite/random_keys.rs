//! Random keys, filled behind the commits.
//!
//! A row put at a random place of a large tree costs a commit a page of its own; put there together with a hundred
//! thousand others in sorted order, it shares the page with a dozen (`performance`: each random index inside the commit
//! takes a third of the rate). So a commit writes its keys to one appended row of `random_key_recent`, and they are
//! kept in memory until the writer has moved them, slice by slice in the order of their hashes, to `random_key`.
//!
//! Whoever looks for a key asks the memory first and the table after it: a key leaves the memory only when its row in
//! the table is committed. A hash can be shared by several rows, so the rows found are candidates: the caller compares
//! the value itself. Rows that are gone leave candidates behind that compare unequal.

use crate::sqlite::statements::{Hot, Statements};
use pasarela_domain::identity::{AccountId, Mode};
use rusqlite::{Connection, OptionalExtension, Statement, params_from_iter};
use siphasher::sip::SipHasher13;
use std::collections::BTreeSet;
use std::hash::Hasher;
use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError, RwLock};

/// How many keys are gathered before they are moved: 131,072 of 16 bytes in memory twice over are some 6 MB, and in a
/// table of four million keys seven fall on each page.
const GENERATION: usize = 131_072;

/// When the writer has nothing else to do it moves fewer, so that a later start has little to load.
const IDLE_GENERATION: usize = 4_096;

/// The least that a commit moves along while a generation is being moved: neighbours, so they are on two or three pages.
const LEAST_SLICE: usize = 16;
/// What a commit moves for which nobody waits.
const IDLE_SLICE: usize = 1_024;

/// The keys of one statement: so many take a third of the time of as many statements.
const KEYS_AT_ONCE: usize = 32;

/// The rows of `random_key_recent` that one commit deletes once their keys are moved.
const RECENT_ROWS_DELETED: i64 = 512;

/// What a key is of.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum KeyKind {
    /// `external_reference` → payment.
    ExternalReference = 1,
    /// `payer.id` → payment.
    Payer = 2,
    /// A card token's lookup → its row.
    CardToken = 3,
    /// An idempotency key → its row.
    Idempotency = 4,
    /// What a payment left of its buyer → payment.
    Trace = 5,
}

/// Makes hashes with the key of this database.
#[derive(Clone, Copy)]
pub(crate) struct KeyHasher {
    key: [u8; 16],
}

impl KeyHasher {
    /// Reads the database's hash key.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<KeyHasher> {
        let key = connection
            .query_row("SELECT value FROM setting WHERE name = 'hash_key'", [], |row| row.get(0))?;
        Ok(KeyHasher { key })
    }

    /// The hash of a payment's external reference.
    pub(crate) fn external_reference(self, account_id: AccountId, mode: Mode, reference: &str) -> i64 {
        self.hash(KeyKind::ExternalReference, account_id, mode, reference.as_bytes())
    }

    /// The hash of a payment's payer.
    pub(crate) fn payer(self, account_id: AccountId, mode: Mode, payer_id: AccountId) -> i64 {
        self.hash(KeyKind::Payer, account_id, mode, &payer_id.to_le_bytes())
    }

    /// The hash of a card token's lookup.
    pub(crate) fn card_token(self, lookup: &[u8]) -> i64 {
        self.hash(KeyKind::CardToken, 0, Mode::Test, lookup)
    }

    /// The hash of an idempotency key; the mode is inside the key.
    pub(crate) fn idempotency(self, account_id: AccountId, key: &[u8]) -> i64 {
        self.hash(KeyKind::Idempotency, account_id, Mode::Test, key)
    }

    /// The hash of a payment's trace: a trace is a keyed hash, and has the account and the mode in it.
    #[allow(clippy::unused_self, reason = "all hashes are asked of the hasher")]
    pub(crate) const fn trace(self, trace: i64) -> i64 {
        ((KeyKind::Trace as u64) << 60 | (trace as u64) >> 4) as i64
    }

    fn hash(self, kind: KeyKind, account_id: AccountId, mode: Mode, value: &[u8]) -> i64 {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write(&[u8::from(mode.is_live())]);
        hasher.write(&account_id.to_le_bytes());
        hasher.write(value);
        // The kind leads, so that the keys of a day's idempotency are neighbours and not strewn over a year's payments.
        ((kind as u64) << 60 | hasher.finish() >> 4) as i64
    }
}

/// One key: the hash and the row.
type Key = (i64, i64);

const fn rows_of(hash: i64) -> RangeInclusive<Key> {
    (hash, i64::MIN)..=(hash, i64::MAX)
}

/// The keys that are not in the table yet, seen by readers too.
#[derive(Default)]
struct Recent {
    /// Gathered since the last generation was closed.
    gathered: BTreeSet<Key>,
    /// The closed generation, sorted, while it is being moved.
    moving: Arc<Vec<Key>>,
}

impl Recent {
    /// Closes the generation if it has `size` keys and the one before it is moved; whether it did.
    fn close_at(&mut self, size: usize) -> bool {
        let closes = self.moving.is_empty() && self.gathered.len() >= size;
        if closes {
            self.moving = Arc::new(std::mem::take(&mut self.gathered).into_iter().collect());
        }
        closes
    }
}

/// The readers' side.
#[derive(Clone)]
pub(crate) struct RandomKeys {
    hasher: KeyHasher,
    recent: Arc<RwLock<Recent>>,
}

impl RandomKeys {
    /// Keys without a writer beside them: loaded once, for a database that is only read.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<RandomKeys> {
        let (recent, _) = load_recent(connection)?;
        Ok(RandomKeys { hasher: KeyHasher::load(connection)?, recent: Arc::new(RwLock::new(recent)) })
    }

    /// Makes this database's hashes.
    pub(crate) const fn hasher(&self) -> KeyHasher {
        self.hasher
    }

    /// The rows that may have `hash`, in ascending order, without repetition. At most `limit` and one more.
    pub(crate) fn candidates(
        &self,
        connection: &Connection,
        hash: i64,
        limit: usize,
    ) -> rusqlite::Result<Vec<i64>> {
        let mut statement = connection
            .prepare_cached("SELECT row_id FROM random_key WHERE hash = ?1 ORDER BY row_id LIMIT ?2")?;
        self.found(&mut statement, hash, limit)
    }

    /// The memory's rows and those that `statement` finds in the table, in this order (see above).
    fn found(&self, statement: &mut Statement<'_>, hash: i64, limit: usize) -> rusqlite::Result<Vec<i64>> {
        let mut rows = self.in_memory(hash, limit);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        for row in statement.query_map([hash, limit], |row| row.get(0))? {
            rows.push(row?);
        }
        rows.sort_unstable();
        rows.dedup();
        Ok(rows)
    }

    /// The newest rows that may have `hash`, newest first, at most `limit`; and whether there are more.
    pub(crate) fn newest(
        &self,
        connection: &Connection,
        hash: i64,
        limit: usize,
    ) -> rusqlite::Result<(Vec<i64>, bool)> {
        let asked = limit.saturating_add(1);
        let mut rows: Vec<i64> = {
            let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
            let until = recent.moving.partition_point(|key| key.0 <= hash);
            let moving = recent.moving[..until].iter().rev().take_while(|key| key.0 == hash);
            let gathered = recent.gathered.range(rows_of(hash)).rev();
            gathered.take(asked).chain(moving.take(asked)).map(|key| key.1).collect()
        };
        let mut statement = connection
            .prepare_cached("SELECT row_id FROM random_key WHERE hash = ?1 ORDER BY row_id DESC LIMIT ?2")?;
        let asked = i64::try_from(asked).unwrap_or(i64::MAX);
        for row in statement.query_map([hash, asked], |row| row.get(0))? {
            rows.push(row?);
        }
        rows.sort_unstable_by(|one, other| other.cmp(one));
        rows.dedup();
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        Ok((rows, has_more))
    }

    /// Whether `hash` leads to `row`.
    pub(crate) fn leads_to(&self, connection: &Connection, hash: i64, row: i64) -> rusqlite::Result<bool> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        if recent.gathered.contains(&(hash, row)) || recent.moving.binary_search(&(hash, row)).is_ok() {
            return Ok(true);
        }
        drop(recent);
        connection
            .prepare_cached("SELECT 1 FROM random_key WHERE hash = ?1 AND row_id = ?2")?
            .exists([hash, row])
    }

    /// The rows that may have `hash`, of the keys that are not in the table yet: where the newest are.
    pub(crate) fn in_memory(&self, hash: i64, limit: usize) -> Vec<i64> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        let from = recent.moving.partition_point(|key| key.0 < hash);
        let moving = recent.moving.iter().skip(from).take_while(|key| key.0 == hash);
        recent
            .gathered
            .range(rows_of(hash))
            .chain(moving)
            .take(limit.saturating_add(1))
            .map(|key| key.1)
            .collect()
    }
}

/// The writer's side: stages a group's keys, and moves the older ones along.
pub(crate) struct RandomKeyWriter {
    shared: RandomKeys,
    /// Keys of the group that is being made.
    staged: Vec<Key>,
    /// How many keys of the closed generation are in the table.
    moved: usize,
    /// How many of them will be when the group is committed.
    moved_by_group: usize,
    /// The newest row of `random_key_recent` whose keys are in the closed generation or in the table.
    closed_through: i64,
    /// The newest row of `random_key_recent`, committed or of this group.
    newest_row: i64,
    /// The rows up to here are to be deleted: their keys are in the table.
    delete_through: i64,
    /// Whether rows up to `delete_through` are left.
    deleting: bool,
}

impl RandomKeyWriter {
    /// Loads the keys that were not moved before the last end.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<RandomKeyWriter> {
        let (recent, newest_row) = load_recent(connection)?;
        let shared =
            RandomKeys { hasher: KeyHasher::load(connection)?, recent: Arc::new(RwLock::new(recent)) };
        Ok(RandomKeyWriter {
            shared,
            staged: Vec::new(),
            moved: 0,
            moved_by_group: 0,
            closed_through: newest_row,
            newest_row,
            delete_through: 0,
            deleting: false,
        })
    }

    /// What readers use.
    pub(crate) fn shared(&self) -> RandomKeys {
        self.shared.clone()
    }

    /// Makes this database's hashes.
    pub(crate) const fn hasher(&self) -> KeyHasher {
        self.shared.hasher
    }

    /// A key of the group that is being made.
    pub(crate) fn stage(&mut self, hash: i64, row: i64) {
        self.staged.push((hash, row));
    }

    /// Where the staged keys end now, for [`RandomKeyWriter::undo`].
    pub(crate) const fn mark(&self) -> usize {
        self.staged.len()
    }

    /// Forgets what was staged after `mark`: its request was rolled back.
    pub(crate) fn undo(&mut self, mark: usize) {
        self.staged.truncate(mark);
    }

    /// Like [`RandomKeys::in_memory`].
    pub(crate) fn in_memory(&self, hash: i64, limit: usize) -> Vec<i64> {
        self.shared.in_memory(hash, limit)
    }

    /// Like [`RandomKeys::candidates`], with the keys of the group.
    pub(crate) fn candidates(
        &self,
        statements: &mut Statements<'_>,
        hash: i64,
        limit: usize,
    ) -> rusqlite::Result<Vec<i64>> {
        let mut rows = self.shared.found(statements.hot(Hot::RandomKeyRows)?, hash, limit)?;
        rows.extend(self.staged.iter().filter(|key| key.0 == hash).map(|key| key.1));
        Ok(rows)
    }

    /// Writes the group's keys, and moves a slice of the older ones. Inside the group's transaction.
    pub(crate) fn flush(&mut self, statements: &mut Statements<'_>) -> rusqlite::Result<()> {
        if !self.staged.is_empty() {
            let mut packed = Vec::with_capacity(self.staged.len() * 16);
            for (hash, row) in &self.staged {
                packed.extend_from_slice(&hash.to_le_bytes());
                packed.extend_from_slice(&row.to_le_bytes());
            }
            self.newest_row += 1;
            statements.hot(Hot::InsertRecentKeys)?.execute((self.newest_row, packed))?;
        }
        let slice = if self.staged.is_empty() { IDLE_SLICE } else { LEAST_SLICE.max(self.staged.len() * 2) };
        self.move_slice(statements, slice)
    }

    /// What was flushed is committed: readers see it.
    pub(crate) fn committed(&mut self) {
        self.moved = self.moved_by_group;
        let mut recent = self.shared.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.gathered.extend(self.staged.drain(..));
        if self.moved > 0 && self.moved >= recent.moving.len() {
            recent.moving = Arc::default();
            self.moved = 0;
            self.moved_by_group = 0;
            self.delete_through = self.closed_through;
            self.deleting = true;
        }
        if recent.close_at(GENERATION) {
            self.closed_through = self.newest_row;
        }
    }

    /// What was flushed is not committed.
    pub(crate) fn failed(&mut self) {
        // `newest_row` stays: a number that is left out is harmless, one used twice is not.
        self.staged.clear();
        self.moved_by_group = self.moved;
        self.deleting = self.delete_through > 0;
    }

    /// Whether a quiet moment should be used to move keys, and closes their generation if so.
    pub(crate) fn has_idle_work(&mut self) -> bool {
        let mut recent = self.shared.recent.write().unwrap_or_else(PoisonError::into_inner);
        if recent.close_at(IDLE_GENERATION) {
            self.closed_through = self.newest_row;
        }
        !recent.moving.is_empty() || self.deleting
    }

    fn move_slice(&mut self, statements: &mut Statements<'_>, size: usize) -> rusqlite::Result<()> {
        let moving = self.shared.recent.read().unwrap_or_else(PoisonError::into_inner).moving.clone();
        let until = moving.len().min(self.moved + size);
        let (many, rest) = moving[self.moved..until].as_chunks::<KEYS_AT_ONCE>();
        for keys in many {
            let values = keys.iter().flat_map(|(hash, row)| [hash, row]);
            statements.hot(Hot::InsertRandomKeys)?.execute(params_from_iter(values))?;
        }
        for (hash, row) in rest {
            statements.hot(Hot::InsertRandomKey)?.execute([hash, row])?;
        }
        self.moved_by_group = until;
        if self.deleting {
            let deleted = statements
                .connection()
                .prepare_cached(
                    "DELETE FROM random_key_recent WHERE id IN
                     (SELECT id FROM random_key_recent WHERE id <= ?1 ORDER BY id LIMIT ?2)",
                )?
                .execute([self.delete_through, RECENT_ROWS_DELETED])?;
            self.deleting = deleted as i64 == RECENT_ROWS_DELETED;
        }
        Ok(())
    }
}

/// Reads `random_key_recent`, all of it as one closed generation, and its newest row's number.
fn load_recent(connection: &Connection) -> rusqlite::Result<(Recent, i64)> {
    let mut keys = Vec::new();
    let mut statement = connection.prepare("SELECT keys FROM random_key_recent ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (packed, _) = row.get_ref(0)?.as_blob()?.as_chunks::<16>();
        keys.extend(packed.iter().map(|key| {
            let value = i128::from_le_bytes(*key);
            (value as i64, (value >> 64) as i64)
        }));
    }
    keys.sort_unstable();
    keys.dedup();
    let newest_row = connection
        .query_row("SELECT id FROM random_key_recent ORDER BY id DESC LIMIT 1", [], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    Ok((Recent { gathered: BTreeSet::new(), moving: Arc::new(keys) }, newest_row))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("../../migrations/sqlite/0001_foundation.sql")).unwrap();
        connection
    }

    /// Commits keys `from..to`, spread like hashes; or rolls them back.
    fn group(
        connection: &Connection,
        keys: &mut RandomKeyWriter,
        range: std::ops::Range<i64>,
        commits: bool,
    ) {
        connection.execute_batch("BEGIN").unwrap();
        for number in range {
            keys.stage(hash(number), number);
        }
        keys.flush(&mut Statements::new(connection)).unwrap();
        connection.execute_batch(if commits { "COMMIT" } else { "ROLLBACK" }).unwrap();
        if commits {
            keys.committed();
        } else {
            keys.failed();
        }
    }

    const fn hash(number: i64) -> i64 {
        number.wrapping_mul(-0x61c8_8646_80b5_83eb)
    }

    fn count(connection: &Connection, table: &str) -> i64 {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn every_committed_key_is_found_while_generations_are_moved_through_failures_and_restarts() {
        let connection = database();
        let mut keys = RandomKeyWriter::load(&connection).unwrap();
        let (mut next, mut committed) = (0, Vec::new());
        for step in 0..700 {
            let commits = step % 7 != 3;
            group(&connection, &mut keys, next..next + 500, commits);
            if commits {
                committed.push(next);
            } else {
                assert_eq!(keys.shared().candidates(&connection, hash(next), 8).unwrap(), Vec::<i64>::new());
            }
            next += 500;
            if step % 50 == 49 {
                keys = RandomKeyWriter::load(&connection).unwrap();
            }
            // One of the newest group, and some of all before it.
            for first in committed.iter().step_by(1 + committed.len() / 5).chain(committed.last()) {
                let found = keys.shared().candidates(&connection, hash(first + 77), 8).unwrap();
                assert_eq!(found, vec![first + 77]);
            }
        }
        assert!(count(&connection, "random_key") > 100_000, "generations were moved while keys came in");
        while keys.has_idle_work() {
            group(&connection, &mut keys, 0..0, true);
        }
        for first in &committed {
            assert_eq!(keys.shared().candidates(&connection, hash(first + 9), 8).unwrap(), vec![first + 9]);
        }
        let left = keys.shared.recent.read().unwrap().gathered.len();
        assert!(left < IDLE_GENERATION);
        assert_eq!(count(&connection, "random_key") + left as i64, committed.len() as i64 * 500);
        assert!(count(&connection, "random_key_recent") <= 9, "what was moved is deleted");
    }
}
