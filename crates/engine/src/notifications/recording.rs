//! What became of deliveries, brought into the store: many attempts in one commit.
//!
//! A commit waits for the disk; a receiver that answers at once should not wait for it, too. Attempts that end while one is
//! on its way are recorded together by the next. What a crash leaves unrecorded is sent again.

use super::attempts::{Made, WallClock};
use super::endpoints::{Endpoints, freed_of};
use super::turns;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CommitError, DeliveryRecord, DeliveryState, NotificationChange, RecordChange, Store,
};
use std::time::Duration;

/// How often an attempt's record is offered to a store that refuses it: with pauses from a tenth of a second up to
/// half a minute, some ten minutes. After that the delivery is seen again at the next start.
const MOST_RECORD_TRIES: u32 = 30;

/// First pause between two such tries; doubled each time.
const FIRST_RECORD_PAUSE: Duration = Duration::from_millis(100);

/// Longest pause between two such tries.
const LONGEST_RECORD_PAUSE: Duration = Duration::from_secs(30);

/// An attempt that was made.
#[derive(Debug)]
pub(super) struct Attempted {
    pub delivery: DeliveryRecord,
    pub made: Made,
    /// Whether newer ones of its lane wait in memory.
    pub is_followed: bool,
}

/// What became of it in the store.
#[derive(Debug)]
pub(super) struct Recorded {
    /// Whether the store said that it has it.
    pub is_recorded: bool,
    /// When the attempt was due.
    pub due: Timestamp,
    /// When it started.
    pub started: Timestamp,
    /// When the next one is.
    pub next: Option<Timestamp>,
    /// What waits in the store behind one that is settled.
    pub behind: Behind,
}

/// What waits in the store behind a delivery that is settled.
#[derive(Clone, Debug)]
pub(super) enum Behind {
    /// That was not read, or there was nothing yet.
    Unknown,
    /// This one goes next, and is due since then.
    Oldest { oldest: Box<DeliveryRecord>, due: Timestamp },
}

/// Records attempts, all in one commit, or each by itself where one is refused.
pub(super) async fn record_attempts(
    store: &Store,
    endpoints: &Endpoints,
    clock: &WallClock,
    attempted: Vec<Attempted>,
) -> Vec<Recorded> {
    let now = clock();
    let (mut changes, mut waiting) =
        (Vec::with_capacity(attempted.len()), Vec::with_capacity(attempted.len()));
    for one in &attempted {
        let (of_one, behind) = changes_of(store, one, now).await;
        changes.extend(of_one);
        waiting.push(behind);
    }
    let written = record(store, changes).await;
    // One that is recorded already, or whose delivery is gone, stands in the way of the others.
    let is_each_tried = written == Written::Refused && attempted.len() > 1;
    let mut recorded = Vec::with_capacity(attempted.len());
    for (one, mut behind) in attempted.iter().zip(waiting) {
        let Attempted { delivery, made, .. } = one;
        let is_recorded = if is_each_tried {
            let of_one;
            (of_one, behind) = changes_of(store, one, now).await;
            record(store, of_one).await == Written::Done
        } else {
            written == Written::Done
        };
        endpoints.saw(store, delivery, made, now).await;
        let (due, started, next) = (delivery.next_attempt, made.record.started, made.record.next_attempt);
        recorded.push(Recorded { is_recorded, due, started, next, behind });
    }
    recorded
}

/// What is to be recorded of an attempt, and what waits behind it if it is settled with that.
async fn changes_of(
    store: &Store,
    Attempted { delivery, made, is_followed }: &Attempted,
    now: Timestamp,
) -> (Vec<RecordChange>, Behind) {
    let mut changes = vec![RecordChange::RecordAttempt(made.record.clone())];
    changes.extend(made.kept_turn.clone().map(RecordChange::Notification));
    let is_settled = made.record.next_attempt.is_none();
    let most = match (turns::was_waited_for(delivery), is_followed) {
        (true, _) => turns::MOST_FREED,
        // What follows in memory need not be the next one.
        (false, true) => 1,
        (false, false) => 0,
    };
    if !is_settled || most == 0 {
        return (changes, Behind::Unknown);
    }
    match store.deliveries_behind(delivery, most).await {
        Ok(waiting) => {
            let freed = turns::freed(&waiting, now);
            changes.extend(freed.into_iter().map(RecordChange::Notification));
            let behind = waiting.into_iter().next().map_or(Behind::Unknown, |oldest| {
                let oldest = turns::as_freed(oldest, now);
                let due = oldest.next_attempt.min(now);
                Behind::Oldest { oldest: Box::new(oldest), due }
            });
            (changes, behind)
        }
        Err(error) => {
            tracing::warn!(%error, "what waited behind a notification goes in its own time");
            (changes, Behind::Unknown)
        }
    }
}

/// Holds deliveries to an address that is paused. Whether they are held: who resumed the address meanwhile may not have
/// found them, and then they are due again.
pub(super) async fn hold_while_paused(
    store: &Store,
    endpoints: &Endpoints,
    deliveries: &[DeliveryRecord],
) -> bool {
    record(store, deliveries.iter().map(hold).collect()).await;
    let Some(first) = deliveries.first() else { return true };
    if endpoints.holds(store, first).await.unwrap_or(false) {
        return true;
    }
    record(store, deliveries.iter().map(|held| freed_of(held, held.next_attempt)).collect()).await;
    false
}

/// The delivery is not tried until its address is resumed.
fn hold(delivery: &DeliveryRecord) -> RecordChange {
    RecordChange::Notification(NotificationChange::Move {
        account_id: delivery.account_id,
        delivery_id: delivery.id,
        from: DeliveryState::Pending,
        to: DeliveryState::Held,
        next_attempt: delivery.next_attempt,
        turns_ahead: delivery.turns_ahead,
        seen: Some((delivery.next_attempt, delivery.turns_ahead)),
    })
}

/// Whether something is in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// A delivery is gone, or an attempt was recorded before: another try changes nothing.
    Refused,
    /// The store took nothing for long.
    NotDone,
}

/// Commits what became of deliveries, patiently.
pub(super) async fn record(store: &Store, records: Vec<RecordChange>) -> Written {
    let mut pause = FIRST_RECORD_PAUSE;
    for _ in 0..MOST_RECORD_TRIES {
        let changes = Changes { records: records.clone(), ..Changes::default() };
        match store.commit(changes).await {
            Ok(()) => return Written::Done,
            Err(CommitError::AlreadyExists(_) | CommitError::VersionConflict) => return Written::Refused,
            Err(error) => tracing::warn!(%error, "an attempt of a notification could not be recorded yet"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_RECORD_PAUSE);
    }
    Written::NotDone
}
