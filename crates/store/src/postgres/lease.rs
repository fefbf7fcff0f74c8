//! This node's number, and its share of the background work.
//!
//! A node holds one of the numbers in the table `node` for as long as it renews it, by the database's clock. Each of its
//! transactions asks for that row and keeps it until it ends, so that a number that was taken over meanwhile writes
//! nothing more. The work is in 64 shares; each node claims what it may of those that nobody alive holds, and gives back
//! what it has above its part, so that a node that joins gets some at the next renewals of the others.

use crate::postgres::connection::{Purpose, Session, Target, describe};
use crate::{NodeLease, ReadError, WORK_SHARES, WorkShares};
use pasarela_domain::timestamp::Timestamp;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio_postgres::Error;
use uuid::Uuid;

/// How long a number is held without being renewed: above what a fail-over takes, below what users wait for a webhook.
pub(crate) const LEASE: Duration = Duration::from_secs(10);

/// How far the ids of a node may run ahead of the clocks: they do when more than 256 are made in a millisecond.
const SLACK_MS: i64 = 1_000;

/// How long a renewal may take, connecting and all: what is left of the lease when it began in good time.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the first one may take: nothing is held yet that could end.
const FIRST_PATIENCE: Duration = Duration::from_secs(30);

/// How long a new node waits for a number when all are taken: those of nodes that are dead end in this time.
const FULL_PATIENCE: Duration = Duration::from_secs(12);
/// Between two looks.
const FULL_PAUSE: Duration = Duration::from_millis(250);

/// Goes on with the number that is held. Who holds it after its end goes on too: nobody has taken it.
const RENEW: &str = "UPDATE node
    SET expires = now() + make_interval(secs => $2), ids_until = greatest(ids_until, $3) + $4
    WHERE holder = $1 RETURNING number, ids_until";

/// Takes a free number: the one whose ids are the longest ago. One that a transaction still writes under is not free.
const FREE: &str = "SELECT number, ids_until FROM node WHERE holder IS NULL OR expires < now()
    ORDER BY ids_until, number LIMIT 1 FOR UPDATE SKIP LOCKED";
const TAKE: &str = "UPDATE node SET holder = $1, expires = now() + make_interval(secs => $2),
    ids_until = greatest(ids_until, $3) + $4 WHERE number = $5 RETURNING ids_until";

/// How many nodes live, which includes this one.
const LIVE: &str = "SELECT count(*) FROM node WHERE holder IS NOT NULL AND expires > now()";
const HELD_SHARES: &str = "SELECT share FROM work_share WHERE holder = $1 ORDER BY share";
/// Claims shares that nobody alive holds.
const CLAIM: &str = "UPDATE work_share SET holder = $1 WHERE share IN
    (SELECT share FROM work_share AS free
     WHERE NOT EXISTS (SELECT 1 FROM node WHERE node.holder = free.holder AND node.expires > now())
     ORDER BY share LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING share";
const GIVE_BACK: &str = "UPDATE work_share SET holder = NULL WHERE holder = $1 AND share = ANY($2)";
const GIVE_ALL_BACK: &str = "UPDATE work_share SET holder = NULL WHERE holder = $1";
const LEAVE: &str = "UPDATE node SET holder = NULL, expires = now() WHERE holder = $1";

/// The lease of one opening of the store.
pub(crate) struct Lease {
    target: Target,
    /// Names this opening: a process that starts again is another holder.
    holder: Uuid,
    held: Mutex<Option<Held>>,
    /// Whether somebody sees to it that it is renewed.
    is_attended: AtomicBool,
    /// One renewal at a time.
    link: tokio::sync::Mutex<Link>,
}

/// What the lease is renewed on.
#[derive(Default)]
struct Link {
    /// A connection of its own. It is not here while it is used: a renewal that is given up takes it along, and what was
    /// begun on it ends with it.
    session: Option<Session>,
    /// It was given back, for good.
    is_over: bool,
}

/// What is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) number: i16,
    pub(crate) ids_after: Timestamp,
    pub(crate) ids_before: Timestamp,
    pub(crate) shares: WorkShares,
    /// By this process's clock, and from before the renewal was sent: never later than by the database's.
    pub(crate) until: Instant,
}

/// A number, and between which instants its holder's ids are.
struct Number {
    number: i16,
    ids_after: Timestamp,
    ids_before: Timestamp,
}

impl Held {
    /// As the store's callers see it.
    pub(crate) fn lease(&self) -> NodeLease {
        NodeLease {
            // Numbers are from 0 to 31.
            node: u8::try_from(self.number).unwrap_or_default(),
            ids_after: self.ids_after,
            ids_before: self.ids_before,
            shares: self.shares,
            expires_in: Some(self.until.saturating_duration_since(Instant::now())),
        }
    }
}

impl Lease {
    /// No lease yet.
    pub(crate) fn new(target: Target) -> Arc<Lease> {
        let holder = Uuid::new_v4();
        Arc::new(Lease {
            target,
            holder,
            held: Mutex::default(),
            is_attended: AtomicBool::new(false),
            link: tokio::sync::Mutex::default(),
        })
    }

    /// Who holds it, in the tables.
    pub(crate) const fn holder(&self) -> Uuid {
        self.holder
    }

    /// What was held last, if anything ever was: it may have ended.
    pub(crate) fn last(&self) -> Option<Held> {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it holds now.
    pub(crate) fn holds(&self) -> bool {
        self.last().is_some_and(|held| Instant::now() < held.until)
    }

    /// The background work that is this node's now; none without a lease.
    pub(crate) fn shares(&self) -> WorkShares {
        match self.last() {
            Some(held) if Instant::now() < held.until => held.shares,
            _ => WorkShares::default(),
        }
    }

    /// From now on, somebody renews it in good time.
    pub(crate) fn attend(&self) {
        self.is_attended.store(true, Ordering::Relaxed);
    }

    /// Whether nobody renews it: the writer does then, when it must.
    pub(crate) fn is_unattended(&self) -> bool {
        !self.is_attended.load(Ordering::Relaxed)
    }

    /// Takes a number, or goes on with the one that is held. Who never had one waits a while when all are taken: a process
    /// that was killed and started again many times has left its numbers to end by themselves.
    pub(crate) async fn renew(&self) -> Result<NodeLease, ReadError> {
        let patience = if self.last().is_some() { PATIENCE } else { FIRST_PATIENCE };
        let waits_until = self.last().is_none().then(|| Instant::now() + FULL_PATIENCE);
        loop {
            let renewed = tokio::time::timeout(patience, self.renew_in_time()).await.map_err(|_| {
                ReadError::unavailable(format!("no answer within {} seconds", patience.as_secs()))
            })?;
            match renewed? {
                Some(held) => return Ok(held.lease()),
                None if waits_until.is_some_and(|until| Instant::now() < until) => {
                    tokio::time::sleep(FULL_PAUSE).await;
                }
                None => {
                    let why = "every node number is taken: wait until a node has ended";
                    return Err(ReadError::new(why.to_owned()));
                }
            }
        }
    }

    /// Gives number and shares back, for good. What can't be given back ends by itself.
    pub(crate) async fn give_back(&self) {
        let leaving = tokio::time::timeout(PATIENCE, async {
            let mut link = self.link.lock().await;
            link.is_over = true;
            if self.held.lock().unwrap_or_else(PoisonError::into_inner).take().is_none() {
                return Ok(());
            }
            let session = self.connected(&mut link).await?;
            session.query(GIVE_ALL_BACK, &[&self.holder]).await?;
            session.query(LEAVE, &[&self.holder]).await.map(|_| ())
        });
        match leaving.await {
            Ok(Ok(())) => {}
            Ok(Err(cause)) => {
                tracing::warn!(
                    cause = describe(&cause),
                    "the node's lease was not given back; it ends by itself"
                );
            }
            Err(_) => tracing::warn!("the node's lease was not given back in time; it ends by itself"),
        }
    }

    /// `None` when every number is taken.
    async fn renew_in_time(&self) -> Result<Option<Held>, ReadError> {
        let mut link = self.link.lock().await;
        if link.is_over {
            return Err(ReadError::closed());
        }
        // A connection may have ended since it was used last, which only shows when it is used.
        let mut is_fresh = link.session.is_none();
        loop {
            let session = self.connected(&mut link).await?;
            match self.renew_on(&session).await {
                Ok(held) => {
                    link.session = Some(session);
                    if held.is_some() {
                        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
                    }
                    return Ok(held);
                }
                Err(cause) if is_fresh => return Err(cause.into()),
                Err(_) => is_fresh = true,
            }
        }
    }

    async fn connected(&self, link: &mut Link) -> Result<Session, Error> {
        match link.session.take() {
            Some(session) if !session.is_closed() => Ok(session),
            _ => self.target.session(Purpose::Write).await,
        }
    }

    /// `None` when every number is taken.
    async fn renew_on(&self, session: &Session) -> Result<Option<Held>, Error> {
        let sent = Instant::now();
        session.client().batch_execute("BEGIN").await?;
        let Some(number) = self.number(session).await? else {
            session.client().batch_execute("ROLLBACK").await?;
            return Ok(None);
        };
        let shares = self.share(session).await?;
        session.client().batch_execute("COMMIT").await?;
        let Number { number, ids_after, ids_before } = number;
        Ok(Some(Held { number, ids_after, ids_before, shares, until: sent + LEASE }))
    }

    async fn number(&self, session: &Session) -> Result<Option<Number>, Error> {
        let now = wall_clock_ms();
        let seconds = LEASE.as_secs_f64();
        let ids_until = now + i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
        let renewed = session.query(RENEW, &[&self.holder, &seconds, &ids_until, &SLACK_MS]).await?;
        if let Some(row) = renewed.first() {
            let number: i16 = row.try_get(0)?;
            let ids_after = self.last().filter(|held| held.number == number).map(|held| held.ids_after);
            return Ok(Some(Number {
                number,
                // Not known when the answer to the taking was lost: no id was made then.
                ids_after: ids_after.unwrap_or(Timestamp(now)),
                ids_before: Timestamp(row.try_get(1)?),
            }));
        }
        let free = session.query(FREE, &[]).await?;
        let Some(row) = free.first() else { return Ok(None) };
        let (number, before): (i16, i64) = (row.try_get(0)?, row.try_get(1)?);
        let taken = session.query(TAKE, &[&self.holder, &seconds, &ids_until, &SLACK_MS, &number]).await?;
        // The row is locked: it is there.
        let Some(row) = taken.first() else { return Ok(None) };
        Ok(Some(Number { number, ids_after: Timestamp(before), ids_before: Timestamp(row.try_get(0)?) }))
    }

    async fn share(&self, session: &Session) -> Result<WorkShares, Error> {
        let live: i64 = match session.query(LIVE, &[]).await?.first() {
            Some(row) => row.try_get(0)?,
            None => 1,
        };
        let fair = fair_part(live);
        let mut mine: Vec<i16> = Vec::new();
        for row in session.query(HELD_SHARES, &[&self.holder]).await? {
            mine.push(row.try_get(0)?);
        }
        if mine.len() > fair {
            let surplus = mine.split_off(fair);
            session.query(GIVE_BACK, &[&self.holder, &surplus]).await?;
        }
        let wanted = i64::try_from(fair - mine.len()).unwrap_or(0);
        if wanted > 0 {
            for row in session.query(CLAIM, &[&self.holder, &wanted]).await? {
                mine.push(row.try_get(0)?);
            }
        }
        Ok(WorkShares(mine.iter().fold(0, |shares, share| shares | 1 << share)))
    }
}

/// How many shares each of `live` nodes may hold: all of them together hold all.
fn fair_part(live: i64) -> usize {
    let live = usize::try_from(live).unwrap_or(1).max(1);
    (WORK_SHARES as usize).div_ceil(live)
}

/// This process's wall clock.
pub(crate) fn wall_clock_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_all_nodes_cover_the_work() {
        for live in 1..=32 {
            assert!(fair_part(live) * usize::try_from(live).unwrap() >= WORK_SHARES as usize);
        }
        assert_eq!([fair_part(1), fair_part(2), fair_part(3)], [64, 32, 22]);
    }
}
