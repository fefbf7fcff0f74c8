//! The writer: two hands that take turns, each with a connection, and one transaction for everything that waits.
//!
//! Requests of many connections would fight for the rows of hot balances; one writer a node adds them up and writes each
//! once. While the database confirms what one hand has written, the other writes what came meanwhile. Nodes still meet at
//! hot rows, and wait for each other there as long as a confirmation takes.

use crate::CommitError;
use crate::postgres::connection::{Purpose, Session, Target, describe};
use crate::postgres::group::stands_alone;
use crate::postgres::lease::Lease;
use crate::postgres::ledger::{Sequence, sums};
use crate::postgres::transaction::{Fate, Fence, Request, Verdict, check_and_write, fate, purge, write};
use crate::postgres::turns::{Turn, Turns};
use crate::work::{Counters, Outcome, Task, Work};
use futures_util::future::join_all;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use uuid::Uuid;

/// One confirms while the other writes. The database can do no more at a time: all of a node's groups meet at the same rows.
const HANDS: usize = 2;

/// How often a group that gets into other transactions' way is tried again.
const ATTEMPTS: u32 = 5;

/// The longest pause before the first of these attempts; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// How long the database may be out of reach before requests are told; a fail-over takes some seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long one attempt to reach it may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Between two attempts to reach it.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

/// How long it is asked what became of a transaction whose answer was lost.
const UNSURE_PATIENCE: Duration = Duration::from_secs(15);

/// What the hands share.
struct Shared {
    target: Target,
    lease: Arc<Lease>,
    counters: Arc<Counters>,
    turns: Turns,
    sequence: Mutex<Sequence>,
    /// Since when nothing could be written.
    out_since: Mutex<Option<Instant>>,
}

/// Writes what comes through `queue` to `target`, whose schema is the newest, until it is closed and empty.
pub(crate) async fn run(
    target: Target,
    lease: Arc<Lease>,
    counters: Arc<Counters>,
    queue: mpsc::Receiver<Work>,
) {
    let (turns, sequence, out_since) = (Turns::new(queue), Mutex::default(), Mutex::default());
    let shared = Arc::new(Shared { target, lease, counters, turns, sequence, out_since });
    let hands = (0..HANDS).map(|_| tokio::spawn(Hand { shared: shared.clone(), session: None }.run()));
    // One that broke has told whoever waited for it, and the other goes on.
    let _ = join_all(hands).await;
}

/// One of the two.
struct Hand {
    shared: Arc<Shared>,
    session: Option<Session>,
}

impl Hand {
    /// Works until the queue is closed and empty.
    async fn run(mut self) {
        let shared = self.shared.clone();
        let mut last = 0;
        while let Some((group, turn)) = shared.turns.next(last).await {
            last = group.len();
            for _ in &group {
                self.shared.counters.taken();
            }
            if let Some(cause) = self.serve(group, turn).await {
                // Whoever waits has waited long enough to be told, too.
                for work in shared.turns.all_that_wait() {
                    self.shared.counters.taken();
                    work.answer(Err(cause.clone()));
                }
            }
        }
    }

    /// Commits a group and answers each of its requests. Gives the reason when the database is out of reach.
    async fn serve(&mut self, group: Vec<Work>, turn: Turn) -> Option<CommitError> {
        let tasks: Vec<&Task> = group.iter().map(|work| &work.task).collect();
        if let [task] = tasks[..]
            && stands_alone(task)
        {
            // It may change what the other hand's group has only just written.
            turn.wait_for_confirmations().await;
        }
        let mut outcomes = self.commit(&tasks, Some(turn)).await;
        if let Err(cause) = &outcomes
            && matches!(cause, CommitError::Failed(_))
            && tasks.len() > 1
        {
            // One of them may be what the database can't take: it is not to fail the others.
            let mut one_by_one = Vec::with_capacity(tasks.len());
            for task in &tasks {
                one_by_one.push(self.commit(&[task], None).await.and_then(|outcomes| {
                    outcomes.into_iter().next().unwrap_or(Err(CommitError::Failed("no outcome".to_owned())))
                }));
            }
            outcomes = Ok(one_by_one);
        }
        let outage =
            outcomes.as_ref().err().filter(|cause| matches!(cause, CommitError::Unavailable(_))).cloned();
        match &outcomes {
            Ok(_) => {}
            // Whoever asked is told to come again; what is the matter has been said where it was noticed.
            Err(CommitError::LeaseLost | CommitError::Busy | CommitError::Unavailable(_)) => {}
            Err(cause) => tracing::error!(%cause, requests = tasks.len(), "a group of writes failed"),
        }
        let outcomes = outcomes.unwrap_or_else(|cause| vec![Err(cause); tasks.len()]);
        for (work, outcome) in group.into_iter().zip(outcomes) {
            if outcome.is_ok() {
                self.shared.counters.done(&work.task);
            }
            work.answer(outcome);
        }
        outage
    }

    /// Writes the tasks of a group in one transaction, as often as it takes within the bounds, each time in its turn. The
    /// error is each one's.
    async fn commit(&mut self, tasks: &[&Task], mut turn: Option<Turn>) -> Result<Vec<Outcome>, CommitError> {
        let requests = requests(tasks)?;
        let (mut looks, mut attempts) = (false, 0);
        loop {
            let turn = match turn.take() {
                Some(turn) => turn,
                None => self.shared.turns.turn().await,
            };
            let fence = self.fence().await?;
            let session = self.session().await?;
            let sequence = &self.shared.sequence;
            let verdict = match tasks {
                [task @ (Task::PurgeSecrets { .. } | Task::PurgeIdempotency { .. })] => {
                    purge(&session, fence, task, turn).await
                }
                _ if looks => check_and_write(&session, fence, &requests, sequence, turn).await,
                _ => write(&session, fence, &requests, sequence, turn).await,
            };
            let is_lost = matches!(verdict, Verdict::Lost(_) | Verdict::Unsure { .. });
            if !is_lost {
                *lock(&self.shared.out_since) = None;
                self.session = Some(session);
            }
            match verdict {
                Verdict::Done(outcomes) => {
                    self.shared.counters.synced();
                    return Ok(outcomes);
                }
                Verdict::Misfit(cause) => {
                    tracing::debug!(cause, requests = tasks.len(), "a group is looked at request by request");
                    looks = true;
                }
                Verdict::Again(cause) => {
                    attempts += 1;
                    if attempts > ATTEMPTS {
                        tracing::warn!(cause, "a group of writes stood in others' way too often");
                        return Err(CommitError::Busy);
                    }
                    looks = true;
                    tokio::time::sleep(jitter(FIRST_PAUSE * (1 << attempts))).await;
                }
                Verdict::LeaseLost if self.shared.lease.is_unattended() && attempts < ATTEMPTS => {
                    attempts += 1;
                    self.renew().await?;
                }
                Verdict::LeaseLost => return Err(CommitError::LeaseLost),
                Verdict::Lost(cause) => self.lost(&cause).await?,
                Verdict::Unsure { transaction, cause } => {
                    self.resolve(&transaction, cause.clone()).await?;
                    self.lost(&cause).await?;
                }
                Verdict::Failed(cause) => return Err(cause),
            }
        }
    }

    /// The number under which this node writes. Where nobody took a lease (a tool that makes no ids), the writer does.
    async fn fence(&self) -> Result<Fence, CommitError> {
        let lease = &self.shared.lease;
        if lease.last().is_none() {
            self.renew().await?;
        }
        let Some(held) = lease.last() else { return Err(CommitError::LeaseLost) };
        lock(&self.shared.sequence).begin_after(held.ids_after.0);
        Ok(Fence { number: held.number, holder: lease.holder() })
    }

    async fn renew(&self) -> Result<(), CommitError> {
        let renewed = self.shared.lease.renew().await;
        renewed.map(|_| ()).map_err(|cause| CommitError::Unavailable(cause.to_string()))
    }

    /// The connection, or a new one; within the bound of patience since the last one was lost.
    async fn session(&mut self) -> Result<Session, CommitError> {
        loop {
            if let Some(session) = self.session.take().filter(|session| !session.is_closed()) {
                return Ok(session);
            }
            let connecting =
                tokio::time::timeout(CONNECT_LIMIT, self.shared.target.session(Purpose::Write)).await;
            match connecting {
                Ok(Ok(session)) => self.session = Some(session),
                Ok(Err(cause)) => self.lost(&describe(&cause)).await?,
                Err(_) => self.lost("no answer to a new connection").await?,
            }
        }
    }

    /// The connection, or an attempt to get one, has failed: waits a moment, or gives up.
    async fn lost(&mut self, cause: &str) -> Result<(), CommitError> {
        let now = Instant::now();
        let since = *lock(&self.shared.out_since).get_or_insert_with(|| {
            tracing::warn!(cause, "the writer lost the database");
            now
        });
        if now.duration_since(since) >= PATIENCE {
            return Err(CommitError::Unavailable(cause.to_owned()));
        }
        tokio::time::sleep(jitter(RECONNECT_PAUSE)).await;
        Ok(())
    }

    /// Returns when nothing is stored of a transaction whose answer was lost; an error where that is not so, or can't be
    /// known in time.
    async fn resolve(&mut self, transaction: &str, cause: String) -> Result<(), CommitError> {
        tracing::warn!(cause, "the answer to a commit was lost; the database is asked what became of it");
        let until = Instant::now() + UNSURE_PATIENCE;
        let mut why = cause;
        while Instant::now() < until {
            let connecting =
                tokio::time::timeout(CONNECT_LIMIT, self.shared.target.session(Purpose::Write)).await;
            match connecting {
                Ok(Ok(session)) => {
                    match tokio::time::timeout(CONNECT_LIMIT, fate(&session, transaction)).await {
                        Ok(Ok(Fate::NotStored)) => {
                            self.session = Some(session);
                            return Ok(());
                        }
                        Ok(Ok(Fate::Unproven)) => {
                            self.session = Some(session);
                            return Err(CommitError::Unknown(why));
                        }
                        Ok(Ok(Fate::Running)) => {}
                        Ok(Err(failure)) => why = describe(&failure),
                        Err(_) => why = "no answer to what became of a commit".to_owned(),
                    }
                }
                Ok(Err(failure)) => why = describe(&failure),
                Err(_) => why = "no answer to a new connection".to_owned(),
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
        Err(CommitError::Unknown(why))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The commits among `tasks`.
fn requests<'a>(tasks: &[&'a Task]) -> Result<Vec<Request<'a>>, CommitError> {
    let mut requests = Vec::with_capacity(tasks.len());
    for task in tasks {
        if let Task::Commit(prepared) = task {
            let sums =
                sums(prepared).ok_or_else(|| CommitError::Failed("a balance is out of range".to_owned()))?;
            requests.push(Request { prepared, sums });
        }
    }
    Ok(requests)
}

/// A random part of `longest`, at least half of it: who stood in each other's way do not meet again.
fn jitter(longest: Duration) -> Duration {
    let (random, _) = Uuid::new_v4().as_u64_pair();
    longest / 2 + longest.mul_f64((random >> 32) as f64 / f64::from(u32::MAX) / 2.0)
}
