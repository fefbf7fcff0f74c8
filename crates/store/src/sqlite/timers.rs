//! Timers, and for each account the earliest of them by the wall clock.
//!
//! A timer is kept at its account's time alone. When it is due by the wall clock is known for the earliest one of each
//! account only (`timer_head`): so moving a test account's clock changes one row, not each of a million releases.

use crate::Timer;
use crate::numbers::mode_number;
use crate::sqlite::fault::Fault;
use crate::sqlite::statements::{Hot, Statements};
use pasarela_domain::identity::{AccountId, Mode};
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use std::collections::{BTreeSet, HashMap};

/// Heads kept in memory: 5 MB. Beyond it all are forgotten, and read again when needed.
const MOST_HEADS: usize = 65_536;

/// The writer's side.
#[derive(Default)]
pub(crate) struct TimerWriter {
    /// When the earliest timer of an account is due, in its time, as of the last commit.
    known: HashMap<(AccountId, Mode), Option<i64>>,
    /// Accounts of this group whose earliest timer must be looked up again. A request that is rolled back leaves its
    /// own here, which costs a look and changes nothing.
    touched: BTreeSet<(AccountId, Mode)>,
}

impl TimerWriter {
    /// Sets a timer; one of the same account, mode, kind and subject is replaced.
    pub(crate) fn set(&mut self, statements: &mut Statements<'_>, timer: &Timer) -> Result<(), Fault> {
        match insert(statements, timer) {
            // Nearly always there is none, and looking first would cost as much again.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                self.clear(statements, timer)?;
                insert(statements, timer)?;
            }
            outcome => outcome?,
        }
        self.touch(statements.connection(), (timer.account_id, timer.mode), timer.due.0)
    }

    /// Removes a timer, if it is there.
    pub(crate) fn clear(&mut self, statements: &mut Statements<'_>, timer: &Timer) -> Result<(), Fault> {
        // Looked for before it is deleted: often there is none, and a DELETE that finds its row through another index costs
        // ten times this look.
        let due: Option<i64> = statements
            .hot(Hot::TimerOf)?
            .query_row((timer.account_id, mode_number(timer.mode), timer.subject, timer.kind as u8), |row| {
                row.get(0)
            })
            .optional()?;
        let Some(due) = due else { return Ok(()) };
        statements.hot(Hot::DeleteTimer)?.execute((
            timer.account_id,
            mode_number(timer.mode),
            due,
            timer.kind as u8,
            timer.subject,
        ))?;
        self.touch(statements.connection(), (timer.account_id, timer.mode), due)
    }

    /// The account's clock was moved: its head wakes at another time.
    pub(crate) fn clock_moved(&mut self, account_id: AccountId) {
        self.touched.insert((account_id, Mode::Test));
    }

    /// Writes the heads that changed. Inside the group's transaction.
    pub(crate) fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (account_id, mode) in std::mem::take(&mut self.touched) {
            let due = earliest(connection, account_id, mode)?;
            match due {
                Some(due) => {
                    let wake = due - clock_offset(connection, account_id, mode)?;
                    connection
                        .prepare_cached(
                            "INSERT INTO timer_head (account_id, mode, due, wake) VALUES (?1, ?2, ?3, ?4)
                             ON CONFLICT DO UPDATE SET due = excluded.due, wake = excluded.wake
                             WHERE due <> excluded.due OR wake <> excluded.wake",
                        )?
                        .execute((account_id, mode_number(mode), due, wake))?;
                }
                None => {
                    connection
                        .prepare_cached("DELETE FROM timer_head WHERE account_id = ?1 AND mode = ?2")?
                        .execute((account_id, mode_number(mode)))?;
                }
            }
            self.known.insert((account_id, mode), due);
        }
        Ok(())
    }

    /// What was flushed is committed.
    pub(crate) fn committed(&mut self) {
        if self.known.len() > MOST_HEADS {
            self.known.clear();
        }
    }

    /// What was flushed is not committed: the memory is read again.
    pub(crate) fn failed(&mut self) {
        self.touched.clear();
        self.known.clear();
    }

    /// A timer at `due` came or went: it matters to the head only if it is at or before it.
    fn touch(&mut self, connection: &Connection, account: (AccountId, Mode), due: i64) -> Result<(), Fault> {
        let head = match self.known.get(&account) {
            Some(head) => *head,
            None => {
                let head = stored_head(connection, account)?;
                self.known.insert(account, head);
                head
            }
        };
        if head.is_none_or(|head| due <= head) {
            self.touched.insert(account);
        }
        Ok(())
    }
}

fn insert(statements: &mut Statements<'_>, timer: &Timer) -> rusqlite::Result<()> {
    statements
        .hot(Hot::InsertTimer)?
        .execute((timer.account_id, mode_number(timer.mode), timer.due.0, timer.kind as u8, timer.subject))
        .map(|_| ())
}

fn stored_head(connection: &Connection, account: (AccountId, Mode)) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT due FROM timer_head WHERE account_id = ?1 AND mode = ?2")?
        .query_row((account.0, mode_number(account.1)), |row| row.get(0))
        .optional()
}

fn earliest(connection: &Connection, account_id: AccountId, mode: Mode) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT due FROM timer WHERE account_id = ?1 AND mode = ?2 ORDER BY due LIMIT 1")?
        .query_row((account_id, mode_number(mode)), |row| row.get(0))
        .optional()
}

/// How far the account's time is ahead of the wall clock; live time is the wall clock.
pub(crate) fn clock_offset(
    connection: &Connection,
    account_id: AccountId,
    mode: Mode,
) -> rusqlite::Result<i64> {
    if mode.is_live() {
        return Ok(0);
    }
    connection
        .prepare_cached("SELECT offset_ms FROM clock WHERE account_id = ?1")?
        .query_row([account_id], |row| row.get(0))
        .optional()
        .map(|offset| offset.unwrap_or(0))
}
