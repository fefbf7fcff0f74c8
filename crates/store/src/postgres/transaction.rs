//! One transaction for a group: everything that it writes in one round trip, its confirmation in another.

use crate::CommitError;
use crate::postgres::check::Facts;
use crate::postgres::connection::{Session, describe, is_outage};
use crate::postgres::group::GroupRows;
use crate::postgres::ledger::{Sequence, Sums};
use crate::postgres::records::Step;
use crate::postgres::statements::{FENCE, PURGE_IDEMPOTENCY, PURGE_SECRETS, TRANSACTION_STATUS};
use crate::postgres::turns::Turn;
use crate::prepared::Prepared;
use crate::work::{Outcome, Task};
use futures_util::future::{join, join_all};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Statement};
use uuid::Uuid;

/// How long the answer to what a group writes is waited for: a lock is waited for ten seconds at most.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// How long a confirmation is waited for; a database that waits for its replicas may take long.
const COMMIT_WAIT: Duration = Duration::from_secs(30);

/// Under which lease a group is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fence {
    pub(crate) number: i16,
    pub(crate) holder: Uuid,
}

/// A commit's changes, and by how much they change balances.
pub(crate) struct Request<'a> {
    pub(crate) prepared: &'a Prepared,
    pub(crate) sums: Sums,
}

/// What became of an attempt.
pub(crate) enum Verdict {
    /// Committed, but for what is refused.
    Done(Vec<Outcome>),
    /// Nothing is stored: it does not go in as it is, and must be looked at request by request.
    Misfit(String),
    /// Nothing is stored: it got into another transaction's way.
    Again(String),
    /// Nothing is stored: the node's lease has ended.
    LeaseLost,
    /// Nothing is stored: the connection, or the server, has gone.
    Lost(String),
    /// The answer to the confirmation of the transaction with this number was lost: all of it is stored, or nothing.
    Unsure { transaction: String, cause: String },
    /// Nothing is stored, and trying again would not help.
    Failed(CommitError),
}

/// How far a transaction came.
enum Written {
    /// Everything is written; the transaction has this number.
    Ready { transaction: String, outcomes: Vec<Outcome> },
    /// Nothing is to be confirmed.
    Not(Verdict),
}

/// Writes `requests` at once, without looking whether they can be done: mostly they can. The turn is passed on when nothing
/// but the confirmation is left.
pub(crate) async fn write(
    session: &Session,
    fence: Fence,
    requests: &[Request<'_>],
    sequence: &Mutex<Sequence>,
    turn: Turn,
) -> Verdict {
    let all: Vec<&Request<'_>> = requests.iter().collect();
    let Some(rows) = rows(&all, false, sequence, fence) else { return Verdict::Failed(beyond_money()) };
    let outcomes = || requests.iter().map(|_| Ok(1)).collect();
    let written = in_time(ANSWER_WAIT, async {
        let transaction = begin(session, fence, &rows.steps()).await?;
        Ok(Written::ready(transaction, outcomes()))
    });
    finish(session, written.await, turn).await
}

/// Looks at one of `requests` after the other, and writes those that can be done.
pub(crate) async fn check_and_write(
    session: &Session,
    fence: Fence,
    requests: &[Request<'_>],
    sequence: &Mutex<Sequence>,
    turn: Turn,
) -> Verdict {
    let written = in_time(ANSWER_WAIT, async {
        let Some(transaction) = begin(session, fence, &[]).await? else {
            return Ok(Written::Not(Verdict::LeaseLost));
        };
        let prepared: Vec<&Prepared> = requests.iter().map(|request| request.prepared).collect();
        let sums: Vec<&Sums> = requests.iter().map(|request| &request.sums).collect();
        let mut facts = Facts::read(session, &prepared, &sums).await?;
        let outcomes: Vec<Outcome> = requests
            .iter()
            .map(|request| facts.decide(request.prepared, &request.sums).map(|()| 1))
            .collect();
        let accepted: Vec<&Request<'_>> = requests
            .iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(request, _)| request)
            .collect();
        if accepted.is_empty() {
            return Ok(Written::Not(Verdict::Done(outcomes)));
        }
        let Some(rows) = rows(&accepted, true, sequence, fence) else {
            return Ok(Written::Not(Verdict::Failed(beyond_money())));
        };
        let steps = rows.steps();
        let statements = prepare(session, &steps).await?;
        run(session, &statements, &steps).await?;
        Ok(Written::Ready { transaction, outcomes })
    });
    match finish(session, written.await, turn).await {
        // What was looked at and locked does not fit any more: another node inserted the same meanwhile.
        Verdict::Misfit(cause) => Verdict::Again(cause),
        verdict => verdict,
    }
}

/// Does a task that is no commit.
pub(crate) async fn purge(session: &Session, fence: Fence, task: &Task, turn: Turn) -> Verdict {
    let (sql, now, limit) = match task {
        Task::PurgeSecrets { now, limit } => (PURGE_SECRETS, now, limit),
        Task::PurgeIdempotency { now, limit } => (PURGE_IDEMPOTENCY, now, limit),
        Task::Commit(_) => return Verdict::Failed(CommitError::Failed("a commit is no purge".to_owned())),
    };
    let limit = i64::from(*limit);
    let written = in_time(ANSWER_WAIT, async {
        let statement = session.prepare(sql).await?;
        let Some(transaction) = begin(session, fence, &[]).await? else {
            return Ok(Written::Not(Verdict::LeaseLost));
        };
        let count = session.client().execute(&statement, &[&now.0, &limit]).await?;
        Ok(Written::Ready { transaction, outcomes: vec![Ok(count)] })
    });
    finish(session, written.await, turn).await
}

/// What the database says of a transaction whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing of it is stored.
    NotStored,
    /// The server has not noticed yet that the connection has gone.
    Running,
    /// A transaction with its number is committed. That proves nothing: a server that crashed, or a replica that took
    /// over, gives the numbers of those that it lost to others.
    Unproven,
}

/// What became of a transaction.
pub(crate) async fn fate(session: &Session, transaction: &str) -> Result<Fate, Error> {
    match session.query(TRANSACTION_STATUS, &[&transaction]).await {
        Ok(rows) => {
            let status: Option<String> = match rows.first() {
                Some(row) => row.try_get(0)?,
                None => None,
            };
            Ok(match status.as_deref() {
                Some("aborted") => Fate::NotStored,
                Some("in progress") => Fate::Running,
                _ => Fate::Unproven,
            })
        }
        // "Transaction ID is in the future": the server has never seen it, or has lost it.
        Err(cause) if cause.code().is_some_and(|code| code.code() == "22023") => Ok(Fate::NotStored),
        Err(cause) => Err(cause),
    }
}

impl Written {
    fn ready(transaction: Option<String>, outcomes: Vec<Outcome>) -> Written {
        match transaction {
            Some(transaction) => Written::Ready { transaction, outcomes },
            None => Written::Not(Verdict::LeaseLost),
        }
    }
}

fn rows<'a>(
    requests: &[&Request<'a>],
    decided: bool,
    sequence: &Mutex<Sequence>,
    fence: Fence,
) -> Option<GroupRows<'a>> {
    let prepared: Vec<&'a Prepared> = requests.iter().map(|request| request.prepared).collect();
    let sums: Vec<&Sums> = requests.iter().map(|request| &request.sums).collect();
    let mut sequence = sequence.lock().unwrap_or_else(PoisonError::into_inner);
    GroupRows::of(&prepared, &sums, decided, &mut sequence, fence.number)
}

/// Why an attempt ended before it was to be confirmed.
enum Trouble {
    Database(Error),
    Misfit(String),
    TooLong,
}

impl From<Error> for Trouble {
    fn from(cause: Error) -> Trouble {
        Trouble::Database(cause)
    }
}

async fn in_time(
    limit: Duration,
    attempt: impl Future<Output = Result<Written, Trouble>>,
) -> Result<Written, Trouble> {
    tokio::time::timeout(limit, attempt).await.unwrap_or(Err(Trouble::TooLong))
}

/// Begins, asks for the lease, and runs `steps`, in one round trip. Gives the transaction's number, or nothing if the lease
/// has ended.
async fn begin(session: &Session, fence: Fence, steps: &[Step<'_>]) -> Result<Option<String>, Trouble> {
    // Prepared before anything is sent: whatever is sent then is answered in its order.
    let lease = session.prepare(FENCE).await?;
    let statements = prepare(session, steps).await?;
    let begun = join(session.client().batch_execute("BEGIN"), async {
        session.client().query(&lease, &[&fence.number, &fence.holder]).await
    });
    let ((begun, lease), ran) = join(begun, run(session, &statements, steps)).await;
    begun?;
    let lease = lease?;
    let Some(row) = lease.first() else { return Ok(None) };
    ran?;
    Ok(Some(row.try_get(0)?))
}

async fn prepare(session: &Session, steps: &[Step<'_>]) -> Result<Vec<Statement>, Error> {
    let mut statements = Vec::with_capacity(steps.len());
    for step in steps {
        statements.push(session.prepare(step.sql).await?);
    }
    Ok(statements)
}

/// Runs `steps` one after the other on the server, sent at once.
async fn run(session: &Session, statements: &[Statement], steps: &[Step<'_>]) -> Result<(), Trouble> {
    let running = statements.iter().zip(steps).map(|(statement, step)| async move {
        let values: Vec<&(dyn ToSql + Sync)> =
            step.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
        session.client().execute(statement, &values).await
    });
    // The first failure is the cause; all that come after it only say that there was one.
    for (step, count) in steps.iter().zip(join_all(running).await) {
        let count = count?;
        if step.expected.is_some_and(|expected| expected != count) {
            return Err(Trouble::Misfit(step.sql.split_whitespace().take(3).collect::<Vec<_>>().join(" ")));
        }
    }
    Ok(())
}

/// Confirms what is written, or takes it back.
async fn finish(session: &Session, written: Result<Written, Trouble>, turn: Turn) -> Verdict {
    match written {
        Ok(Written::Ready { transaction, outcomes }) => {
            let _confirming = turn.pass();
            commit(session, transaction, outcomes).await
        }
        Ok(Written::Not(verdict)) => roll_back(session, verdict).await,
        Err(Trouble::Misfit(cause)) => roll_back(session, Verdict::Misfit(cause)).await,
        Err(Trouble::Database(cause)) => roll_back(session, verdict(session, &cause)).await,
        Err(Trouble::TooLong) => Verdict::Lost(format!("no answer within {} seconds", ANSWER_WAIT.as_secs())),
    }
}

async fn commit(session: &Session, transaction: String, outcomes: Vec<Outcome>) -> Verdict {
    let confirmed = tokio::time::timeout(COMMIT_WAIT, session.client().batch_execute("COMMIT")).await;
    let cause = match confirmed {
        Ok(Ok(())) => return Verdict::Done(outcomes),
        Ok(Err(cause)) if is_outage(&cause) || session.is_closed() => describe(&cause),
        // The server says no, and has taken it back.
        Ok(Err(cause)) => return verdict(session, &cause),
        Err(_) => format!("no answer within {} seconds", COMMIT_WAIT.as_secs()),
    };
    Verdict::Unsure { transaction, cause }
}

async fn roll_back(session: &Session, verdict: Verdict) -> Verdict {
    if matches!(verdict, Verdict::Lost(_)) {
        return verdict;
    }
    match tokio::time::timeout(ANSWER_WAIT, session.client().batch_execute("ROLLBACK")).await {
        Ok(Ok(())) => verdict,
        // It ends with the connection in any case.
        Ok(Err(cause)) => Verdict::Lost(describe(&cause)),
        Err(_) => Verdict::Lost(format!("no answer within {} seconds", ANSWER_WAIT.as_secs())),
    }
}

/// What an error before the confirmation means.
fn verdict(session: &Session, cause: &Error) -> Verdict {
    let text = describe(cause);
    let Some(code) = cause.code() else {
        return if is_outage(cause) || session.is_closed() {
            Verdict::Lost(text)
        } else {
            // What could not be sent.
            Verdict::Failed(CommitError::Failed(text))
        };
    };
    match code.code() {
        _ if is_outage(cause) => Verdict::Lost(text),
        // A statement that was prepared before a migration, or on another connection of a proxy's.
        "0A000" | "26000" => Verdict::Lost(text),
        // A conflict of transactions, a deadlock, a lock that was waited for too long.
        "40001" | "40P01" | "55P03" => Verdict::Again(text),
        code if code.starts_with("23") => Verdict::Misfit(text),
        "53100" => Verdict::Failed(CommitError::DiskFull),
        _ => Verdict::Failed(CommitError::Failed(text)),
    }
}

fn beyond_money() -> CommitError {
    CommitError::Failed("a balance is out of range".to_owned())
}
