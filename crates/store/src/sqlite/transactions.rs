//! How groups come into the journal and the tables.
//!
//! A group is applied to the tables inside a transaction, written to the journal, and answered: from then on it is
//! durable. The transaction stays open for a few groups more, because what its commit costs hangs on the pages that were
//! changed, and groups that follow each other change mostly the same. Readers see the tables after the commit;
//! [`Unwritten`](super::unwritten) says who must wait for it. If the commit fails, what was acknowledged is made again from
//! memory, with the room that the [`Reserve`](super::reserve) gives up.
//!
//! A request which is refused leaves nothing behind, and the others of its group are done. Most refusals are known before
//! anything is written (a key that was used, a stale version). For the rest there are savepoints; they cost a fifth of the
//! writer's time, so a group is first applied without them, and again with one for each request if it turns out that it
//! needs them.

use crate::CommitError;
use crate::sqlite::fault::{Fault, commit_error};
use crate::sqlite::journal::{AppendError, Journal, Written};
use crate::sqlite::journal_record::{put_tasks, take_tasks};
use crate::sqlite::records::{Tables, apply, purge_idempotency, purge_secrets};
use crate::sqlite::statements::Hot;
use crate::sqlite::writer::Shared;
use crate::work::{Outcome, Task, Work};
use rusqlite::{Connection, ErrorCode};
use std::time::{Duration, Instant};

/// What a transaction holds before it is committed: 1,024 requests write some 4 MB of pages, bodies of 2 MiB as much again.
/// The reserve has room for it.
const LARGEST_TRANSACTION: Size = Size { requests: 1024, bytes: 2 * 1024 * 1024 };

/// How long what was acknowledged may wait for the tables while requests go on coming.
const LONGEST_LAG: Duration = Duration::from_millis(40);

/// After a request that was refused when it had written something already, this many groups are committed each before it
/// is answered: another such request would cost the repetition of all that is not committed.
const CAUTION: u32 = 64;

/// How much was asked.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    requests: usize,
    bytes: usize,
}

impl Size {
    fn add(&mut self, task: &Task) {
        self.requests += 1;
        if let Task::Commit(prepared) = task {
            self.bytes += prepared.contents().iter().map(Vec::len).sum::<usize>();
        }
    }

    const fn reaches(&self, limit: Size) -> bool {
        self.requests >= limit.requests || self.bytes >= limit.bytes
    }
}

/// What was acknowledged and is not committed yet.
#[derive(Default)]
struct Acknowledged {
    /// The accepted tasks of each group, in the journal's form: a fifth of what they were as records, whose many small
    /// pieces go back to the callers while they are in the processor's caches.
    groups: Vec<Vec<u8>>,
    /// The newest record of it in the journal.
    through: Option<Written>,
    size: Size,
    since: Option<Instant>,
}

/// The writer's transactions.
pub(crate) struct Transactions<'c> {
    tables: Tables<'c>,
    /// None for a store that is not to be kept.
    journal: Option<Journal>,
    shared: Shared,
    acknowledged: Acknowledged,
    /// Groups that are still to be committed before they are answered.
    cautious: u32,
    /// Why the tables can't take what was acknowledged; nothing more is taken then.
    failure: Option<CommitError>,
}

/// Why a group failed.
enum GroupError {
    Tables(Fault),
    /// The journal could not be written: nothing is stored.
    Journal(std::io::Error),
    /// It is not known whether the journal has the group.
    Unknown(String),
}

impl From<rusqlite::Error> for GroupError {
    fn from(error: rusqlite::Error) -> GroupError {
        GroupError::Tables(error.into())
    }
}

impl From<Fault> for GroupError {
    fn from(fault: Fault) -> GroupError {
        GroupError::Tables(fault)
    }
}

impl GroupError {
    /// What every request of the group is answered.
    fn answer(&self) -> CommitError {
        match self {
            GroupError::Tables(fault) => answer_to(fault),
            GroupError::Journal(cause) if is_disk_full(cause) => CommitError::DiskFull,
            GroupError::Journal(cause) => CommitError::Failed(format!("the journal: {cause}")),
            GroupError::Unknown(cause) => CommitError::Unknown(format!("the journal: {cause}")),
        }
    }
}

impl<'c> Transactions<'c> {
    /// None open yet.
    pub(crate) fn new(tables: Tables<'c>, journal: Option<Journal>, shared: Shared) -> Transactions<'c> {
        let acknowledged = Acknowledged::default();
        Transactions { tables, journal, shared, acknowledged, cautious: 0, failure: None }
    }

    /// Makes a group durable and answers each of its requests.
    pub(crate) fn serve(&mut self, group: Vec<Work>) {
        if self.failure.is_some() {
            self.settle();
        }
        let outcomes = match &self.failure {
            None => self.attempt(&group),
            Some(failure) => Err(failure.clone()),
        };
        match outcomes {
            Ok(outcomes) => self.answer(group, outcomes),
            Err(failure) => {
                for work in group {
                    work.answer(Err(failure.clone()));
                }
            }
        }
        let since = self.acknowledged.since;
        if self.acknowledged.size.reaches(LARGEST_TRANSACTION)
            || since.is_some_and(|since| since.elapsed() >= LONGEST_LAG)
            || self.shared.unwritten.is_wanted()
        {
            self.settle();
        }
    }

    /// Whether the tables lack something that was acknowledged, and can take it.
    pub(crate) fn is_open(&self) -> bool {
        self.failure.is_none() && !self.connection().is_autocommit()
    }

    /// Why the tables can't take what was acknowledged.
    pub(crate) const fn failure(&self) -> Option<&CommitError> {
        self.failure.as_ref()
    }

    /// Whether a quiet moment should be used to tidy up.
    pub(crate) fn has_idle_work(&mut self) -> bool {
        self.tables.memory.keys.has_idle_work()
    }

    /// Commits to the tables what was acknowledged.
    pub(crate) fn settle(&mut self) {
        if self.failure.is_none() {
            if self.connection().is_autocommit() {
                return;
            }
            match self.commit(self.acknowledged.through) {
                Ok(()) => return,
                Err(cause) => tracing::error!(%cause, "what was acknowledged could not be committed"),
            }
        }
        self.insist();
    }

    /// Once more, with the room of the reserve.
    fn insist(&mut self) {
        self.shared.reserve.give_up();
        let through = self.acknowledged.through;
        match self.restore().and_then(|()| Ok(self.commit(through)?)) {
            Ok(()) => self.failure = None,
            Err(fault) => {
                let failure = answer_to(&fault);
                if self.failure.as_ref() != Some(&failure) {
                    tracing::error!(cause = %failure, "the tables lack what was acknowledged; the journal has it");
                }
                self.shared.unwritten.failed(&failure.to_string());
                self.failure = Some(failure);
            }
        }
    }

    /// An error means that nothing of the group is stored, unless it says that this is unknown.
    fn attempt(&mut self, group: &[Work]) -> Result<Vec<Outcome>, CommitError> {
        self.write(group).map_err(|failure| {
            let answer = failure.answer();
            tracing::error!(cause = %answer, requests = group.len(), "a group of writes failed");
            if self.restore().is_err() {
                self.insist();
            }
            answer
        })
    }

    fn write(&mut self, group: &[Work]) -> Result<Vec<Outcome>, GroupError> {
        let outcomes = self.apply_all(group)?;
        let accepted = accepted(group, &outcomes);
        let written = match (&mut self.journal, &accepted) {
            (Some(journal), Some(payload)) => {
                let written = journal.append(|out| out.extend_from_slice(payload));
                Some(written.map_err(|error| match error {
                    AppendError::Refused(cause) => GroupError::Journal(cause),
                    AppendError::Unknown(cause) => GroupError::Unknown(cause.to_string()),
                })?)
            }
            _ => None,
        };
        if !self.may_answer_first(group)
            && let Err(error) = self.commit(written.or(self.acknowledged.through))
        {
            return Err(match self.journal.as_mut().zip(written) {
                Some((journal, written)) => match journal.take_back(written) {
                    Ok(()) => error.into(),
                    Err(cause) => GroupError::Unknown(format!("{error}; {cause}")),
                },
                None => error.into(),
            });
        }
        if !self.connection().is_autocommit() {
            self.acknowledged.through = written.or(self.acknowledged.through);
            self.acknowledged.groups.extend(accepted);
        }
        Ok(outcomes)
    }

    /// Whether the group may be answered before its transaction is committed.
    fn may_answer_first(&mut self, group: &[Work]) -> bool {
        let mut size = Size::default();
        group.iter().for_each(|work| size.add(&work.task));
        let is_cautious = self.cautious > 0;
        self.cautious = self.cautious.saturating_sub(1);
        // What is purged must not be read any more.
        let is_plain = group.iter().all(|work| matches!(work.task, Task::Commit(_)));
        self.shared.reserve.is_there()
            && is_plain
            && !is_cautious
            && !group.is_empty()
            && !size.reaches(LARGEST_TRANSACTION)
    }

    fn answer(&mut self, group: Vec<Work>, outcomes: Vec<Outcome>) {
        let is_open = !self.connection().is_autocommit();
        let accepted = || group.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok());
        for (work, _) in accepted() {
            self.shared.counters.done(&work.task);
        }
        self.shared.counters.synced();
        if is_open {
            self.shared.unwritten.add(accepted().filter_map(|(work, _)| match &work.task {
                Task::Commit(prepared) => Some(&**prepared),
                _ => None,
            }));
            accepted().for_each(|(work, _)| self.acknowledged.size.add(&work.task));
            self.acknowledged.since.get_or_insert_with(Instant::now);
        }
        for (work, outcome) in group.into_iter().zip(outcomes) {
            work.answer(outcome);
        }
    }

    /// Commits the open transaction, which has the journal's records up to `through`.
    fn commit(&mut self, through: Option<Written>) -> rusqlite::Result<()> {
        // A failure may have ended the transaction when there was nothing to make again in a new one.
        self.begin()?;
        let Tables { statements, memory } = &mut self.tables;
        memory.flush(statements)?;
        if let Some(through) = through {
            // Numbers are counted from one: they never come near 2^63.
            statements.hot(Hot::Applied)?.execute([through.number as i64])?;
        }
        statements.hot(Hot::Commit)?.execute([])?;
        memory.committed();
        if let (Some(journal), Some(through)) = (&self.journal, through) {
            journal.committed(through);
        }
        self.acknowledged = Acknowledged::default();
        self.shared.unwritten.written();
        self.shared.checkpoint.committed();
        Ok(())
    }

    /// Rolls the transaction back, and makes again in a new one what was acknowledged.
    fn restore(&mut self) -> Result<(), Fault> {
        self.roll_back()?;
        self.tables.memory.failed();
        if self.acknowledged.groups.is_empty() {
            return Ok(());
        }
        self.begin()?;
        for group in &self.acknowledged.groups {
            // What this process has written it reads.
            let tasks = take_tasks(group).ok_or_else(unreadable)?;
            for task in &tasks {
                perform(&mut self.tables, task)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self) -> rusqlite::Result<()> {
        if self.connection().is_autocommit() {
            self.tables.statements.hot(Hot::Begin)?.execute([])?;
        }
        Ok(())
    }

    fn roll_back(&self) -> rusqlite::Result<()> {
        // SQLite has ended the transaction itself after some failures (a full disk); after others it is open.
        if self.connection().is_autocommit() { Ok(()) } else { self.execute("ROLLBACK") }
    }

    fn apply_all(&mut self, group: &[Work]) -> Result<Vec<Outcome>, GroupError> {
        self.begin()?;
        let mark = self.tables.memory.mark();
        if let Some(outcomes) = self.unprotected(group)? {
            return Ok(outcomes);
        }
        if self.acknowledged.groups.is_empty() {
            self.roll_back()?;
            self.tables.memory.undo(mark);
        } else {
            self.cautious = CAUTION;
            self.restore()?;
            self.commit(self.acknowledged.through)?;
        }
        self.begin()?;
        Ok(group.iter().map(|work| self.protected(&work.task)).collect::<rusqlite::Result<_>>()?)
    }

    /// The requests without savepoints; `None` if one was refused after it had written something.
    fn unprotected(&mut self, group: &[Work]) -> rusqlite::Result<Option<Vec<Outcome>>> {
        let mut outcomes = Vec::with_capacity(group.len());
        for work in group {
            let (mark, changes) = (self.tables.memory.mark(), self.connection().total_changes());
            let outcome = self.apply(&work.task)?;
            if outcome.is_err() {
                if self.connection().total_changes() != changes {
                    return Ok(None);
                }
                self.tables.memory.undo(mark);
            }
            outcomes.push(outcome);
        }
        Ok(Some(outcomes))
    }

    /// One request under its savepoint.
    fn protected(&mut self, task: &Task) -> rusqlite::Result<Outcome> {
        let mark = self.tables.memory.mark();
        self.execute("SAVEPOINT request")?;
        let outcome = self.apply(task)?;
        if outcome.is_err() {
            self.execute("ROLLBACK TO request")?;
            self.tables.memory.undo(mark);
        }
        self.execute("RELEASE request")?;
        Ok(outcome)
    }

    /// One request. The outer error fails the group with it.
    fn apply(&mut self, task: &Task) -> rusqlite::Result<Outcome> {
        match perform(&mut self.tables, task) {
            Ok(rows) => Ok(Ok(rows)),
            Err(Fault::Refused(refusal)) => Ok(Err(refusal)),
            Err(Fault::Database(error)) if self.fails_the_group(&error) => Err(error),
            Err(Fault::Database(error)) => Ok(Err(commit_error(&error))),
        }
    }

    /// Whether the disk or the database is the matter, not what the request asked.
    fn fails_the_group(&self, error: &rusqlite::Error) -> bool {
        self.connection().is_autocommit()
            || matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DiskFull
                        | ErrorCode::SystemIoFailure
                        | ErrorCode::DatabaseCorrupt
                        | ErrorCode::OutOfMemory
                        | ErrorCode::ReadOnly
                        | ErrorCode::CannotOpen
                )
            )
    }

    const fn connection(&self) -> &'c Connection {
        self.tables.statements.connection()
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection().prepare_cached(sql)?.execute([]).map(|_| ())
    }
}

/// Does one task inside the transaction that is open; how many rows it was about.
pub(crate) fn perform(tables: &mut Tables<'_>, task: &Task) -> Result<u64, Fault> {
    let connection = tables.statements.connection();
    match task {
        Task::Commit(prepared) => apply(tables, prepared).map(|()| 1),
        Task::PurgeSecrets { now, limit } => Ok(purge_secrets(connection, *now, *limit)?),
        Task::PurgeIdempotency { now, limit } => {
            Ok(purge_idempotency(connection, &tables.memory.keys, *now, *limit)?)
        }
    }
}

/// The accepted tasks of a group in the journal's form; `None` if there are none.
fn accepted(group: &[Work], outcomes: &[Outcome]) -> Option<Vec<u8>> {
    let mut accepted = group
        .iter()
        .zip(outcomes)
        .filter(|(_, outcome)| outcome.is_ok())
        .map(|(work, _)| &work.task)
        .peekable();
    accepted.peek()?;
    let mut payload = Vec::with_capacity(group.len() * 1024);
    put_tasks(accepted, &mut payload);
    Some(payload)
}

fn unreadable() -> Fault {
    Fault::Refused(CommitError::Failed("what was acknowledged can't be read".to_owned()))
}

fn answer_to(fault: &Fault) -> CommitError {
    match fault {
        Fault::Database(error) => commit_error(error),
        // What was accepted once is accepted again in the same state.
        Fault::Refused(refusal) => {
            CommitError::Failed(format!("what was acknowledged was refused: {refusal}"))
        }
    }
}

fn is_disk_full(cause: &std::io::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(cause.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
