//! Whose turn it is among the notifications about one resource: the oldest that is not told goes first, always.
//!
//! Each delivery has its turns, on the published schedule. What is sent in a delivery's turn is the oldest one of its
//! lane that is neither delivered nor given up: news that comes behind a retry which waits brings that retry forward, and a
//! later state never arrives before an earlier one. When what was sent fails, it keeps its own next turn, and the delivery
//! whose turn it was waits for its next one; when it arrives, or is given up, all that waited go at once, in order. So there
//! are no more attempts than if each had gone by itself, and none waits longer than its own schedule says.

use super::schedule::{self, FailedAttempt};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{DeliveryRecord, DeliveryState, NotificationChange};

/// How many that waited are set free with what they waited for. The others have their own turns.
pub(super) const MOST_FREED: u32 = 256;

/// What becomes of a delivery in whose turn an older one was sent, which failed and has its next turn at `older_next`.
pub(super) fn passed(waiting: &DeliveryRecord, older_next: Timestamp, now: Timestamp) -> NotificationChange {
    let next = schedule::next_attempt(failed(waiting, now));
    // Who has only the last turn left keeps it for itself, and waits for the older one's, which is given up first.
    let turns_ahead = waiting.turns_ahead + i32::from(next.is_some());
    moved(waiting, next.unwrap_or(older_next), turns_ahead)
}

/// When a delivery is tried again whose attempt failed that `started` then.
pub(super) fn next_attempt(delivery: &DeliveryRecord, started: Timestamp) -> Option<Timestamp> {
    if is_own(delivery, started) {
        schedule::next_attempt(failed(delivery, started))
    } else {
        Some(delivery.next_attempt)
    }
}

/// What an attempt changes of the delivery's place in its schedule, besides: one in another's turn costs none of its own.
pub(super) fn kept(delivery: &DeliveryRecord, started: Timestamp) -> Option<NotificationChange> {
    let is_kept = !is_own(delivery, started);
    is_kept.then(|| moved(delivery, delivery.next_attempt, delivery.turns_ahead - 1))
}

/// Whether those that wait behind it may have passed turns.
pub(super) const fn was_waited_for(delivery: &DeliveryRecord) -> bool {
    delivery.attempts > 0 || delivery.turns_ahead != 0
}

/// What waits behind a delivery that is settled is due, without the loss of a turn: the oldest of it, in order.
pub(super) fn freed(behind: &[DeliveryRecord], now: Timestamp) -> Vec<NotificationChange> {
    // The last one keeps its passed turn, and with it the mark that more may wait behind it.
    let last = if behind.len() < MOST_FREED as usize { None } else { behind.last().map(|last| last.id) };
    let waiting = behind.iter().filter(|other| waits(other, now));
    let freed = waiting.map(|other| {
        let turns_ahead = if last == Some(other.id) { other.turns_ahead } else { given_back(other) };
        moved(other, now, turns_ahead)
    });
    freed.collect()
}

/// The oldest of those, as it is then.
pub(super) fn as_freed(oldest: DeliveryRecord, now: Timestamp) -> DeliveryRecord {
    if waits(&oldest, now) {
        DeliveryRecord { next_attempt: now, turns_ahead: given_back(&oldest), ..oldest }
    } else {
        oldest
    }
}

fn waits(delivery: &DeliveryRecord, now: Timestamp) -> bool {
    delivery.state == DeliveryState::Pending && delivery.next_attempt > now
}

/// The turns ahead of a delivery, less the one that has passed last.
fn given_back(delivery: &DeliveryRecord) -> i32 {
    delivery.turns_ahead - i32::from(delivery.turn() > 0)
}

/// Whether an attempt that started then is in the delivery's own turn.
fn is_own(delivery: &DeliveryRecord, started: Timestamp) -> bool {
    delivery.next_attempt <= started
}

fn failed(delivery: &DeliveryRecord, started: Timestamp) -> FailedAttempt {
    FailedAttempt { number: delivery.turn(), mode: delivery.mode, due: delivery.next_attempt, started }
}

fn moved(delivery: &DeliveryRecord, next_attempt: Timestamp, turns_ahead: i32) -> NotificationChange {
    NotificationChange::Move {
        account_id: delivery.account_id,
        delivery_id: delivery.id,
        from: DeliveryState::Pending,
        to: DeliveryState::Pending,
        next_attempt,
        turns_ahead,
        seen: Some((delivery.next_attempt, delivery.turns_ahead)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pasarela_domain::identity::Mode;
    use pasarela_domain::timestamp::{HOUR, MINUTE};
    use pasarela_store::Channel;

    const NOON: Timestamp = Timestamp(1_767_225_600_000);

    fn delivery(id: i64, attempts: u32, turns_ahead: i32, next_attempt: Timestamp) -> DeliveryRecord {
        DeliveryRecord {
            id,
            account_id: 7,
            application_id: 9,
            mode: Mode::Live,
            channel: Channel::Webhook,
            url: "https://shop.example/hook".to_owned(),
            topic: "payment".to_owned(),
            action: "payment.updated".to_owned(),
            resource_id: "42".to_owned(),
            created: NOON,
            state: DeliveryState::Pending,
            attempts,
            next_attempt,
            data: None,
            turns_ahead,
        }
    }

    /// Next attempt and turn after a change.
    fn after(delivery: &DeliveryRecord, change: &NotificationChange) -> (Timestamp, u32) {
        let NotificationChange::Move { next_attempt, turns_ahead, .. } = change else { panic!("{change:?}") };
        (*next_attempt, DeliveryRecord { turns_ahead: *turns_ahead, ..delivery.clone() }.turn())
    }

    #[test]
    fn who_waits_goes_through_the_schedule_without_an_attempt() {
        let mut waiting = delivery(2, 0, 0, NOON);
        let mut minutes = Vec::new();
        let never = NOON.plus_ms(900 * HOUR);
        while waiting.turn() < schedule::LAST_ATTEMPT {
            let now = waiting.next_attempt;
            let (next, turn) = after(&waiting, &passed(&waiting, never, now));
            assert_eq!(turn, waiting.turn() + 1);
            waiting = DeliveryRecord { turns_ahead: turn as i32, next_attempt: next, ..waiting };
            minutes.push((next.0 - NOON.0) / MINUTE);
        }
        assert_eq!(minutes, [15, 30, 6 * 60, 48 * 60, 96 * 60]);
        // It has one attempt of its own left, and waits for that.
        let last = after(&waiting, &passed(&waiting, never, waiting.next_attempt));
        assert_eq!(last, (never, schedule::LAST_ATTEMPT));
        assert_eq!(next_attempt(&waiting, waiting.next_attempt), None, "then it gives up");
    }

    #[test]
    fn an_attempt_in_anothers_turn_costs_none() {
        let in_an_hour = NOON.plus_ms(HOUR);
        let older = delivery(1, 3, 0, in_an_hour);
        assert_eq!(next_attempt(&older, NOON), Some(in_an_hour));
        let kept_place = kept(&older, NOON).unwrap();
        let attempted = DeliveryRecord { attempts: 4, ..older.clone() };
        assert_eq!(after(&attempted, &kept_place), (in_an_hour, 3));
        assert_eq!(kept(&older, in_an_hour), None);
        assert_eq!(next_attempt(&older, in_an_hour), Some(in_an_hour.plus_ms(42 * HOUR)));
    }

    #[test]
    fn what_waited_is_due_when_the_older_one_is_settled() {
        let later = NOON.plus_ms(HOUR);
        let behind = [
            delivery(3, 0, 2, later),
            DeliveryRecord { state: DeliveryState::Held, ..delivery(5, 0, 2, later) },
            delivery(6, 0, 0, NOON),
            delivery(7, 0, 0, later),
        ];
        let changes = freed(&behind, NOON);
        let [first, second] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!(after(&behind[0], first), (NOON, 1));
        assert_eq!(after(&behind[3], second), (NOON, 0));
    }

    #[test]
    fn the_last_of_many_that_are_freed_is_known_to_have_others_behind_it() {
        let later = NOON.plus_ms(HOUR);
        let behind: Vec<_> = (1..=i64::from(MOST_FREED)).map(|id| delivery(id, 0, 1, later)).collect();
        let changes = freed(&behind, NOON);
        let turns: Vec<u32> =
            behind.iter().zip(&changes).map(|(delivery, change)| after(delivery, change).1).collect();
        let (last, others) = turns.split_last().unwrap();
        assert_eq!((*last, others.iter().max()), (1, Some(&0)));
    }
}
