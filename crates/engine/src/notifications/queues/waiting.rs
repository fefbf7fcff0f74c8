//! What waits for one receiver: in the order in which it happened, and by lane.

use super::Lane;
use pasarela_store::DeliveryRecord;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The deliveries that wait for a receiver. Who waits behind whom is asked at every attempt, so that it must not be found
/// by looking at all of them.
#[derive(Default)]
pub(super) struct Waiting {
    /// By id: the order in which the events happened.
    by_id: BTreeMap<i64, (Lane, DeliveryRecord)>,
    by_lane: BTreeSet<(Lane, i64)>,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn insert(&mut self, lane: Lane, delivery: DeliveryRecord) {
        self.by_lane.insert((lane, delivery.id));
        self.by_id.insert(delivery.id, (lane, delivery));
    }

    /// Takes the delivery as it is now, if it waits here.
    pub(super) fn replace(&mut self, delivery: DeliveryRecord) {
        if let Some((_, waiting)) = self.by_id.get_mut(&delivery.id) {
            *waiting = delivery;
        }
    }

    /// Takes the oldest whose lane is not busy. The oldest of a lane comes first, so that it is the right one.
    pub(super) fn take_first(&mut self, busy: &HashSet<Lane>) -> Option<(Lane, DeliveryRecord)> {
        let (&id, _) = self.by_id.iter().find(|(_, (lane, _))| !busy.contains(lane))?;
        let (lane, delivery) = self.by_id.remove(&id)?;
        self.by_lane.remove(&(lane, id));
        Some((lane, delivery))
    }

    /// Whether something of the lane waits that is newer.
    pub(super) fn has_behind(&self, lane: Lane, id: i64) -> bool {
        self.by_lane.range(behind(lane, id)).next().is_some()
    }

    /// Takes what is newer of the lane, in order.
    pub(super) fn take_behind(&mut self, lane: Lane, id: i64) -> Vec<DeliveryRecord> {
        let newer: Vec<(Lane, i64)> = self.by_lane.range(behind(lane, id)).copied().collect();
        let taken = newer.iter().filter_map(|known| {
            self.by_lane.remove(known);
            self.by_id.remove(&known.1).map(|(_, delivery)| delivery)
        });
        taken.collect()
    }

    pub(super) fn clear(&mut self) {
        self.by_id.clear();
        self.by_lane.clear();
    }
}

fn behind(lane: Lane, id: i64) -> std::ops::RangeInclusive<(Lane, i64)> {
    (lane, id.saturating_add(1))..=(lane, i64::MAX)
}
