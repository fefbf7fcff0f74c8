//! Which requests share a transaction, and the rows that they are.

use crate::postgres::customers::{self, CustomerKey};
use crate::postgres::heads::TimerRows;
use crate::postgres::ledger::{BalanceChanges, LedgerRows, Sequence, Sums};
use crate::postgres::notifications::SettingKey;
use crate::postgres::records::{RecordRows, Step};
use crate::prepared::Prepared;
use crate::work::{GROUP, Task, Work};
use crate::{CheckoutKind, EntryKind, Lookup, NotificationChange, RecordChange, TimerKind};
use pasarela_domain::identity::{AccountId, ApplicationId, Mode, PaymentId};
use std::collections::{HashSet, VecDeque};

/// What a request writes to: two requests of a group never write to the same, so that each table's rows can be written at
/// once. Balances are no part of it: they add up.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key<'a> {
    Idempotency(AccountId, &'a [u8; 16]),
    Payment(AccountId, PaymentId),
    CardToken(AccountId, &'a Lookup),
    Account(AccountId),
    Email(&'static str, &'a str),
    Application(ApplicationId),
    Credential(&'a Lookup),
    Payer(AccountId, Mode, &'a Lookup),
    Delivery(AccountId, i64),
    Catalogue,
    Timer(AccountId, Mode, PaymentId, TimerKind),
    Customer(CustomerKey<'a>),
    Checkout(AccountId, Mode, CheckoutKind, &'a str),
    Setting(SettingKey<'a>),
    /// With all sessions of the account: what ends them all and what starts one go one after the other.
    Login(AccountId),
    AccountEntry(AccountId, EntryKind, &'a str),
}

/// A request's keys of records.
fn record_keys<'a>(record: &'a RecordChange, mut each: impl FnMut(Key<'a>)) {
    match record {
        RecordChange::InsertPayment(payment) | RecordChange::UpdatePayment(payment) => {
            each(Key::Payment(payment.account_id, payment.id));
        }
        RecordChange::InsertCardToken(token) | RecordChange::UpdateCardToken(token) => {
            each(Key::CardToken(token.account_id, &token.lookup));
        }
        RecordChange::InsertAccount(account) => {
            each(Key::Account(account.id));
            each(Key::Email(account.site.id(), &account.email));
        }
        RecordChange::InsertApplication(application) | RecordChange::UpdateApplication(application) => {
            each(Key::Application(application.id));
        }
        RecordChange::InsertCredential(credential) => each(Key::Credential(&credential.lookup)),
        RecordChange::InsertPayer(payer) => each(Key::Payer(payer.account_id, payer.mode, &payer.email)),
        RecordChange::SetClock { account_id, .. } => each(Key::Account(*account_id)),
        RecordChange::RecordAttempt(attempt) => each(Key::Delivery(attempt.account_id, attempt.delivery_id)),
        RecordChange::Customer(change) => customers::keys(change, |key| each(Key::Customer(key))),
        RecordChange::Checkout(change) => {
            let record = change.record();
            each(Key::Checkout(record.account_id, record.mode, record.kind, &record.id));
        }
        RecordChange::Login(change) => each(Key::Login(change.account_id())),
        RecordChange::InsertCatalogue(_) => each(Key::Catalogue),
        RecordChange::AccountEntry(change) => {
            let (account_id, kind, name, _) = change.key();
            each(Key::AccountEntry(account_id, kind, name));
        }
        RecordChange::Notification(change) => match change {
            NotificationChange::Set(setting) => {
                each(Key::Setting((setting.application_id, setting.mode, setting.kind, &setting.name)))
            }
            NotificationChange::Reschedule { account_id, delivery_id, .. }
            | NotificationChange::Move { account_id, delivery_id, .. }
            | NotificationChange::Forget { account_id, delivery_id } => {
                each(Key::Delivery(*account_id, *delivery_id));
            }
        },
    }
}

/// All of a request's keys, but for those of timers, which may come more than once: the last says what becomes of it.
fn keys<'a>(prepared: &'a Prepared, mut each: impl FnMut(Key<'a>)) {
    let changes = prepared.changes();
    if let Some(record) = &changes.idempotency {
        each(Key::Idempotency(record.account_id, &record.key));
    }
    for record in &changes.records {
        record_keys(record, &mut each);
    }
    for delivery in &changes.deliveries {
        each(Key::Delivery(delivery.account_id, delivery.id));
    }
}

/// Whether a request writes to something twice, so that its records must be written one after the other.
pub(crate) fn is_sequential(prepared: &Prepared) -> bool {
    let (mut seen, mut repeats) = (HashSet::new(), false);
    keys(prepared, |key| repeats |= !seen.insert(key));
    repeats
}

/// Whether a task is not to share a transaction.
pub(crate) fn stands_alone(task: &Task) -> bool {
    match task {
        Task::Commit(prepared) => {
            let sets_clock = |record: &RecordChange| matches!(record, RecordChange::SetClock { .. });
            prepared.changes().records.iter().any(sets_clock) || is_sequential(prepared)
        }
        Task::PurgeSecrets { .. } | Task::PurgeIdempotency { .. } => true,
    }
}

/// Takes the next group from what waits: the first, and those after it that write to nothing of the others'. What is left
/// keeps its order and comes first the next time.
pub(crate) fn take_group(waiting: &mut VecDeque<Work>) -> Vec<Work> {
    let mut taken = vec![false; waiting.len()];
    let mut seen = HashSet::new();
    let mut count = 0;
    for (work, taken) in waiting.iter().zip(&mut taken) {
        let Task::Commit(prepared) = &work.task else {
            *taken = count == 0;
            if *taken { break } else { continue }
        };
        if stands_alone(&work.task) {
            *taken = count == 0;
            if *taken { break } else { continue }
        }
        let mut mine = Vec::new();
        keys(prepared, |key| mine.push(key));
        let changes = prepared.changes();
        let timers = changes.clear_timers.iter().chain(&changes.set_timers);
        mine.extend(timers.map(|timer| Key::Timer(timer.account_id, timer.mode, timer.subject, timer.kind)));
        if mine.iter().any(|key| seen.contains(key)) {
            continue;
        }
        seen.extend(mine);
        *taken = true;
        count += 1;
        if count == GROUP {
            break;
        }
    }
    drop(seen);
    let mut group = Vec::with_capacity(count.max(1));
    for (work, taken) in std::mem::take(waiting).into_iter().zip(taken) {
        if taken {
            group.push(work);
        } else {
            waiting.push_back(work);
        }
    }
    group
}

/// All rows of a group.
pub(crate) struct GroupRows<'a> {
    /// More than one only for a request that writes to something twice.
    records: Vec<RecordRows<'a>>,
    ledger: LedgerRows,
    timers: TimerRows,
}

impl<'a> GroupRows<'a> {
    /// The rows of `requests`, whose sums of balances are `sums`. `decided` says that the order in which they take from
    /// balances was looked at. `None` when a balance changes by more than any amount of money.
    pub(crate) fn of(
        requests: &[&'a Prepared],
        sums: &[&Sums],
        decided: bool,
        sequence: &mut Sequence,
        node: i16,
    ) -> Option<GroupRows<'a>> {
        let (mut ledger, mut balances) = (LedgerRows::default(), BalanceChanges::default());
        for request in requests {
            ledger.add(request, sequence, node);
        }
        for sums in sums {
            balances.add(sums)?;
        }
        if decided {
            balances.merge()?;
        }
        ledger.set_balances(&balances);
        Some(GroupRows { records: record_rows(requests), ledger, timers: TimerRows::of(requests, decided) })
    }

    /// The statements that write them, in the order in which they are to be run.
    pub(crate) fn steps(&self) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        for records in &self.records {
            records.steps(&mut steps);
        }
        self.ledger.posting_steps(&mut steps);
        self.timers.steps(&mut steps);
        self.ledger.balance_steps(&mut steps);
        steps
    }
}

fn record_rows<'a>(requests: &[&'a Prepared]) -> Vec<RecordRows<'a>> {
    let mut all = vec![RecordRows::default()];
    for request in requests {
        let one_by_one = is_sequential(request);
        let mut contents = request.contents().iter();
        for record in &request.changes().records {
            if one_by_one {
                all.push(RecordRows::default());
            }
            // One content was prepared for each record that has a body, in the same order.
            let content = if Prepared::has_content(record) { contents.next() } else { None };
            if let Some(rows) = all.last_mut() {
                rows.add(record, content.map(Vec::as_slice).unwrap_or_default());
            }
        }
        if let Some(rows) = all.last_mut() {
            rows.add_rest(request);
        }
    }
    for rows in &mut all {
        rows.sort();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Changes, IdempotencyRecord};
    use pasarela_domain::timestamp::Timestamp;

    fn under_key(key: u8) -> Work {
        let record = IdempotencyRecord {
            account_id: 1,
            key: [key; 16],
            request: [0; 16],
            resource_id: 1,
            part_id: 0,
            expires: Timestamp(0),
        };
        of(Changes { idempotency: Some(record), ..Changes::default() })
    }

    fn of(changes: Changes) -> Work {
        Work::new(Task::Commit(Box::new(Prepared::of(changes)))).0
    }

    fn set_clock() -> Work {
        of(Changes {
            records: vec![RecordChange::SetClock { account_id: 1, offset_ms: 5 }],
            ..Changes::default()
        })
    }

    #[test]
    fn requests_for_the_same_thing_are_in_different_groups_in_their_order() {
        let mut waiting: VecDeque<Work> = [1, 2, 1, 3, 1, 2].map(under_key).into();
        let sizes: Vec<usize> = std::iter::from_fn(|| {
            let group = take_group(&mut waiting);
            (!group.is_empty()).then_some(group.len())
        })
        .collect();
        assert_eq!(sizes, [3, 2, 1]);
    }

    #[test]
    fn a_clock_is_set_alone_and_does_not_wait_for_ever() {
        let mut waiting: VecDeque<Work> = [under_key(1), set_clock(), under_key(2), set_clock()].into();
        let sizes: Vec<usize> = (0..4).map(|_| take_group(&mut waiting).len()).collect();
        assert_eq!(sizes, [2, 1, 1, 0]);
    }

    #[test]
    fn a_group_is_bounded() {
        let mut waiting: VecDeque<Work> = (0..GROUP + 9).map(|_| of(Changes::default())).collect();
        assert_eq!(take_group(&mut waiting).len(), GROUP);
        assert_eq!(take_group(&mut waiting).len(), 9);
    }
}
