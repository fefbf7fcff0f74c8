//! A group's timers, and with them the earliest timer of each account (`timer_head`).
//!
//! Nodes may change timers of one account at the same time. What keeps its head right is the head's lock: who makes it
//! earlier takes it (`LOWER_HEADS`), and who computes it anew takes it before looking at the timers (`LOCK_HEADS`), so
//! that each sees what the other did.

use crate::postgres::records::{Step, mode_value, rows, share_value, step};
use crate::postgres::statements as sql;
use crate::prepared::Prepared;
use crate::{RecordChange, Timer};
use pasarela_domain::identity::{AccountId, Mode};
use std::collections::{BTreeMap, BTreeSet, HashSet};

rows! {
    TimerRow { account_id: i64, mode: i16, subject: i64, kind: i16, due: i64, }
}

rows! {
    HeadRow { account_id: i64, mode: i16, share: i16, due: i64, }
}

rows! {
    HeadKeyRow { account_id: i64, mode: i16, }
}

rows! {
    HeldHeadRow { account_id: i64, mode: i16, share: i16, }
}

rows! {
    AccountKeyRow { account_id: i64, }
}

/// The rows of a group's timers.
#[derive(Default)]
pub(crate) struct TimerRows {
    cleared: Vec<TimerRow>,
    /// Those of payments that the group makes.
    new: Vec<TimerRow>,
    set: Vec<TimerRow>,
    /// Heads to hold before the clock of their account is set.
    held: Vec<HeldHeadRow>,
    locked: Vec<HeadKeyRow>,
    lowered: Vec<HeadRow>,
    /// Test accounts of `lowered`.
    fitted: Vec<AccountKeyRow>,
    raised: Vec<HeadKeyRow>,
}

impl TimerRows {
    /// Those of `requests`, no two of which are about the same timer. `decided` says that a first attempt did not go in:
    /// then nothing is taken for new.
    pub(crate) fn of(requests: &[&Prepared], decided: bool) -> TimerRows {
        let mut timers: BTreeMap<(AccountId, i16, i64, i16), Option<i64>> = BTreeMap::new();
        let (mut made, mut clocks, mut raised) = (HashSet::new(), BTreeSet::new(), BTreeSet::new());
        for request in requests {
            let changes = request.changes();
            for record in &changes.records {
                match record {
                    RecordChange::InsertPayment(payment) => {
                        made.insert((payment.account_id, payment.id));
                    }
                    RecordChange::SetClock { account_id, .. } => {
                        clocks.insert(*account_id);
                    }
                    _ => {}
                }
            }
            timers.extend(changes.clear_timers.iter().map(|timer| (key(timer), None)));
            timers.extend(changes.set_timers.iter().map(|timer| (key(timer), Some(timer.due.0))));
        }
        raised.extend(clocks.iter().map(|account_id| (*account_id, mode_value(Mode::Test))));
        let mut lowered: BTreeMap<(AccountId, i16), i64> = BTreeMap::new();
        let (mut cleared, mut new, mut set) = (Vec::new(), Vec::new(), Vec::new());
        for ((account_id, mode, subject, kind), due) in timers {
            let row = TimerRow { account_id, mode, subject, kind, due: due.unwrap_or_default() };
            let is_of_new = !decided && made.contains(&(account_id, subject));
            // What replaces a timer may have been the head; a new payment has none.
            if due.is_none() || !is_of_new {
                raised.insert((account_id, mode));
            }
            if let Some(due) = due {
                let earliest = lowered.entry((account_id, mode)).or_insert(due);
                *earliest = due.min(*earliest);
                if is_of_new { new.push(row) } else { set.push(row) }
            } else {
                cleared.push(row);
            }
        }
        let mut locked: BTreeSet<(AccountId, i16)> = raised.clone();
        if !raised.is_empty() {
            locked.extend(lowered.keys());
        }
        let test = mode_value(Mode::Test);
        TimerRows {
            cleared,
            new,
            set,
            held: clocks
                .iter()
                .map(|&account_id| HeldHeadRow { account_id, mode: test, share: share_value(account_id) })
                .collect(),
            locked: head_keys(&locked),
            fitted: lowered
                .keys()
                .filter(|(_, mode)| *mode == test)
                .map(|&(account_id, _)| AccountKeyRow { account_id })
                .collect(),
            lowered: lowered
                .into_iter()
                .map(|((account_id, mode), due)| HeadRow {
                    account_id,
                    mode,
                    share: share_value(account_id),
                    due,
                })
                .collect(),
            raised: head_keys(&raised),
        }
    }

    /// The statements that write them. After those of the records: they read the clocks.
    pub(crate) fn steps<'rows>(&'rows self, steps: &mut Vec<Step<'rows>>) {
        // What is cleared may not be there, and a head need not change.
        steps.extend(any(step(sql::DELETE_TIMER, &self.cleared, TimerRow::columns)));
        steps.extend(step(sql::INSERT_TIMER, &self.new, TimerRow::columns));
        steps.extend(step(sql::SET_TIMER, &self.set, TimerRow::columns));
        steps.extend(any(step(sql::HOLD_HEADS, &self.held, HeldHeadRow::columns)));
        steps.extend(any(step(sql::LOCK_HEADS, &self.locked, HeadKeyRow::columns)));
        steps.extend(any(step(sql::LOWER_HEADS, &self.lowered, HeadRow::columns)));
        steps.extend(any(step(sql::FIT_HEADS, &self.fitted, AccountKeyRow::columns)));
        steps.extend(any(step(sql::RAISE_HEADS, &self.raised, HeadKeyRow::columns)));
        steps.extend(any(step(sql::DELETE_HEADS, &self.raised, HeadKeyRow::columns)));
    }
}

fn key(timer: &Timer) -> (AccountId, i16, i64, i16) {
    (timer.account_id, mode_value(timer.mode), timer.subject, timer.kind as i16)
}

fn head_keys(keys: &BTreeSet<(AccountId, i16)>) -> Vec<HeadKeyRow> {
    keys.iter().map(|&(account_id, mode)| HeadKeyRow { account_id, mode }).collect()
}

fn any(step: Option<Step<'_>>) -> Option<Step<'_>> {
    step.map(|step| Step { expected: None, ..step })
}
