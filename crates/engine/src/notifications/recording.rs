//! What became of deliveries, brought into the store: many attempts in one commit.
//!
//! A commit waits for the disk; a receiver that answers at once should not wait for it, too. Attempts that end while one is
//! on its way are recorded together by the next. What a crash leaves unrecorded is sent again.

use super::attempts::{Made, WallClock};
use super::endpoints::{Endpoints, freed_of};
use super::turns;
use super::wake::Wake;
use pasarela_domain::identity::Mode;
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
    wake: &Wake,
    clock: &WallClock,
    mut attempted: Vec<Attempted>,
) -> Vec<Recorded> {
    let now = clock();
    let (mut changes, mut waiting) =
        (Vec::with_capacity(attempted.len()), Vec::with_capacity(attempted.len()));
    let still = wake.clocks_stand_still().await;
    for one in &mut attempted {
        follow_clock(store, one).await;
        let (of_one, behind) = changes_of(store, one, now).await;
        changes.extend(of_one);
        waiting.push(behind);
    }
    let written = commit(store, changes.clone()).await;
    // A store that fails must not keep clocks from being moved, which tells whoever moves them that it fails.
    drop(still);
    let written = match written {
        Some(written) => written,
        None => record(store, changes).await,
    };
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

/// The retry after an attempt during which its account's test clock was moved is due so much sooner, as all that waited is.
async fn follow_clock(store: &Store, Attempted { delivery, made, .. }: &mut Attempted) {
    let Some(next) = made.record.next_attempt.filter(|_| delivery.mode == Mode::Test) else { return };
    // If it can't be read, nor can the attempt be recorded now.
    let Ok(Some(stored)) = store.delivery(delivery.account_id, delivery.id).await else { return };
    let moved = stored.next_attempt.0 - delivery.next_attempt.0;
    made.record.next_attempt = Some(next.plus_ms(moved));
    if let Some(NotificationChange::Move { next_attempt, seen, .. }) = &mut made.kept_turn {
        *next_attempt = next_attempt.plus_ms(moved);
        *seen = seen.map(|(seen, turns_ahead)| (seen.plus_ms(moved), turns_ahead));
    }
    delivery.next_attempt = stored.next_attempt;
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
        if let Some(written) = commit(store, records.clone()).await {
            return written;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_RECORD_PAUSE);
    }
    Written::NotDone
}

/// Tries once; `None` when it may be tried again.
async fn commit(store: &Store, records: Vec<RecordChange>) -> Option<Written> {
    match store.commit(Changes { records, ..Changes::default() }).await {
        Ok(()) => Some(Written::Done),
        Err(CommitError::AlreadyExists(_) | CommitError::VersionConflict) => Some(Written::Refused),
        Err(error) => {
            tracing::warn!(%error, "an attempt of a notification could not be recorded yet");
            None
        }
    }
}
