//! What Pasarela promises, held against the store after each commit, and against what clients were told.

use crate::nature::lock;
use pasarela_domain::identity::PaymentId;
use pasarela_domain::ledger::AccountKind;
use pasarela_domain::money::{Amount, Currency};
use pasarela_domain::payment::body::Status;
use pasarela_domain::payment::{Parts, is_legal};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::memory::Records;
use pasarela_store::{Changes, DeliveryAttempt, DeliveryState, PaymentRecord, RecordChange, TimerKind};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

/// What was seen of one history, and the first promise that was broken.
#[derive(Default)]
pub(crate) struct Promises {
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    broken: Option<String>,
    payments: BTreeMap<PaymentId, SeenPayment>,
    /// Orders, by their external reference: what may be paid once.
    orders: BTreeMap<String, PaymentId>,
    /// The requests that receivers answered with 200.
    received: BTreeSet<String>,
    commits: u64,
    fingerprint: u64,
    story: Option<Vec<String>>,
}

/// A payment as its last commit left it.
struct SeenPayment {
    status: Status,
    refunds: Vec<i64>,
    /// Hashes of all bodies that were ever stored, newest last.
    bodies: Vec<u64>,
}

/// What of a payment's body the promises are about.
#[derive(Deserialize)]
struct Body {
    status: Status,
    status_detail: String,
    currency_id: Currency,
    transaction_amount: Amount,
    transaction_amount_refunded: Amount,
    captured: bool,
    date_approved: Option<Timestamp>,
    money_release_date: Option<Timestamp>,
    refunds: Vec<RefundHead>,
    notification_url: Option<String>,
}

#[derive(Deserialize)]
struct RefundHead {
    id: i64,
    amount: Amount,
    metadata: RefundMetadata,
}

#[derive(Deserialize)]
struct RefundMetadata {
    /// The idempotency key that made it.
    key: String,
}

#[derive(Deserialize)]
struct Hidden {
    parts: Parts,
    released: bool,
    expires: Option<Timestamp>,
}

impl Promises {
    /// With `is_told`, all that happens is written down, to be printed.
    pub(crate) fn new(is_told: bool) -> Promises {
        let seen = Seen { story: is_told.then(Vec::new), ..Seen::default() };
        Promises { seen: Mutex::new(seen) }
    }

    /// A promise: it is broken, and the history ends, unless `kept`.
    pub(crate) fn keep(&self, kept: bool, broken: impl FnOnce() -> String) {
        if !kept {
            lock(&self.seen).broken.get_or_insert_with(broken);
        }
    }

    /// The first promise that was broken.
    pub(crate) fn broken(&self) -> Option<String> {
        lock(&self.seen).broken.clone()
    }

    /// Writes down what happens, and makes it part of the history's fingerprint.
    pub(crate) fn tell(&self, what: impl FnOnce() -> String) {
        let mut seen = lock(&self.seen);
        if let Some(story) = &mut seen.story {
            story.push(what());
        }
    }

    /// What was written down.
    pub(crate) fn story(&self) -> Vec<String> {
        lock(&self.seen).story.clone().unwrap_or_default()
    }

    /// How many commits were checked, and a hash over them and the answers: equal for equal histories.
    pub(crate) fn summary(&self) -> (u64, u64) {
        let seen = lock(&self.seen);
        (seen.commits, seen.fingerprint)
    }

    /// Makes an answer part of the fingerprint.
    pub(crate) fn stamp(&self, answer: &[u8]) {
        let mut seen = lock(&self.seen);
        seen.stamp(hash(answer));
    }

    /// A receiver answered this request with 200.
    pub(crate) fn received(&self, request_id: String) {
        lock(&self.seen).received.insert(request_id);
    }

    /// Whether this very body of a payment was ever stored.
    pub(crate) fn was_stored(&self, id: PaymentId, body: &[u8]) -> bool {
        let body = hash(body);
        lock(&self.seen).payments.get(&id).is_some_and(|payment| payment.bodies.contains(&body))
    }

    /// Whether a payment has this refund.
    pub(crate) fn has_refund(&self, id: PaymentId, refund: i64) -> bool {
        lock(&self.seen).payments.get(&id).is_some_and(|payment| payment.refunds.contains(&refund))
    }

    /// Holds a commit against the promises: `records` are as it left them.
    pub(crate) fn check_commit(&self, records: &Records, changes: &Changes) {
        let mut seen = lock(&self.seen);
        seen.commits += 1;
        for record in &changes.records {
            let checked = match record {
                RecordChange::InsertPayment(payment) | RecordChange::UpdatePayment(payment) => {
                    seen.check_payment(records, changes, payment.id)
                }
                RecordChange::RecordAttempt(attempt) => seen.check_attempt(records, attempt),
                _ => Ok(()),
            };
            if let Err(broken) = checked {
                seen.broken.get_or_insert(broken);
            }
        }
        for (mode, posting) in &changes.postings {
            for leg in &posting.legs {
                let balance = records.balance(*mode, posting.currency, leg.account);
                if !leg.account.kind.allows(balance) {
                    seen.broken.get_or_insert_with(|| format!("{:?} is overdrawn: {balance}", leg.account));
                }
            }
        }
    }

    /// Holds all that is stored against the promises, when nobody is at work.
    pub(crate) fn check_all(&self, records: &Records) {
        let proof = records.prove_ledger();
        self.keep(proof.faults.is_empty(), || proof.faults.join("; "));
        let check = records.check_records();
        self.keep(check.faults.is_empty(), || check.faults.join("; "));
        let stored = records.payments().count();
        let seen = lock(&self.seen).payments.len();
        self.keep(stored == seen, || format!("{stored} payments are stored, {seen} were committed"));
    }

    /// Holds the end of a history against the promises: everything that was due is done, and nothing is left waiting.
    pub(crate) fn check_end(&self, records: &Records) {
        for payment in records.payments() {
            let waits = matches!(payment.status.as_str(), "pending" | "in_process" | "authorized");
            self.keep(!waits, || format!("payment {} has no end: it is {}", payment.id, payment.status));
        }
        for timer in records.timers() {
            self.keep(false, || format!("a timer is left at the end: {timer:?}"));
        }
        for delivery in records.deliveries() {
            self.keep(delivery.state != DeliveryState::Pending, || {
                format!("a notification is lost: {} about {}", delivery.id, delivery.resource_id)
            });
        }
    }
}

impl Seen {
    fn stamp(&mut self, what: u64) {
        self.fingerprint = (self.fingerprint.rotate_left(5) ^ what).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn check_attempt(&mut self, records: &Records, attempt: &DeliveryAttempt) -> Result<(), String> {
        self.stamp(attempt.delivery_id as u64 ^ u64::from(attempt.number) << 56);
        if let Some(story) = &mut self.story {
            story.push(format!(
                "        attempt {} of delivery {}: {:?}",
                attempt.number, attempt.delivery_id, attempt.state
            ));
        }
        let Some(delivery) = records.delivery(attempt.account_id, attempt.delivery_id) else {
            return Err(format!("an attempt is recorded of nothing: {attempt:?}"));
        };
        let of_resource = records.deliveries_of(delivery.account_id, delivery.mode, &delivery.resource_id);
        let is_bounded = u64::from(attempt.number) < 6 * of_resource.len() as u64;
        held(is_bounded, || format!("more attempts than turns: {attempt:?}"))?;
        let is_right = match attempt.state {
            DeliveryState::Delivered => self.received.contains(&attempt.request_id),
            DeliveryState::Pending => attempt.next_attempt.is_some(),
            DeliveryState::Exhausted => delivery.turn() == 6,
            // What is held was not tried.
            DeliveryState::Held => false,
        };
        held(is_right, || format!("an attempt is recorded that was not so: {attempt:?}"))
    }

    fn check_payment(&mut self, records: &Records, changes: &Changes, id: PaymentId) -> Result<(), String> {
        let Some(record) = records.payment(id) else { return Err(format!("payment {id} is not stored")) };
        let body: Body = read(&record.body)?;
        let hidden: Hidden = read(&record.internals)?;
        let name = || format!("payment {id} ({} / {})", record.status, record.status_detail);
        held(record.status == body.status.name() && record.status_detail == body.status_detail, || {
            format!("{}: its body says {:?}", name(), body.status)
        })?;
        let before = self.payments.get(&id);
        let has_moved = before.is_none_or(|before| before.status != body.status);
        if let Some(before) = before {
            // What is paid too late stays cancelled, also where nothing can follow.
            let stays = before.status == body.status;
            held(stays || is_legal(before.status, body.status), || {
                format!("{} was {:?}", name(), before.status)
            })?;
            let kept = body.refunds.iter().map(|refund| refund.id).take(before.refunds.len());
            held(kept.eq(before.refunds.iter().copied()), || format!("{} has lost a refund", name()))?;
        } else if let Some(order) = &record.external_reference {
            let first = *self.orders.entry(order.clone()).or_insert(id);
            held(first == id, || format!("{}: {order} was paid by {first} already", name()))?;
        }
        if body.notification_url.is_some() && has_moved {
            held(!changes.deliveries.is_empty(), || format!("{}: nobody is told", name()))?;
        }
        check_refunds(&body).map_err(|broken| format!("{}: {broken}", name()))?;
        check_books(records, record, &body, &hidden).map_err(|broken| format!("{}: {broken}", name()))?;
        check_timers(records, record, &body, &hidden).map_err(|broken| format!("{}: {broken}", name()))?;

        let hashed = hash(&record.body);
        self.stamp(hashed);
        if let Some(story) = &mut self.story {
            story.push(format!("        {} is stored", name()));
        }
        let entry = self.payments.entry(id);
        let entry =
            entry.or_insert(SeenPayment { status: body.status, refunds: Vec::new(), bodies: Vec::new() });
        entry.status = body.status;
        entry.refunds = body.refunds.iter().map(|refund| refund.id).collect();
        entry.bodies.push(hashed);
        Ok(())
    }
}

/// What was given back is what the refunds say, and never more than what was captured.
fn check_refunds(body: &Body) -> Result<(), String> {
    let minor = |amount: Amount| amount.money(body.currency_id).minor;
    let refunded = minor(body.transaction_amount_refunded);
    let sum: i64 = body.refunds.iter().map(|refund| minor(refund.amount)).sum();
    let keys: BTreeSet<&str> = body.refunds.iter().map(|refund| refund.metadata.key.as_str()).collect();
    held(keys.len() == body.refunds.len(), || "a key has made two refunds".to_owned())?;
    held(sum == refunded, || format!("refunds of {sum} and not {refunded}"))?;
    held(refunded <= minor(body.transaction_amount), || format!("{refunded} is refunded"))?;
    held(refunded == 0 || body.captured && body.date_approved.is_some(), || {
        "what was not captured is refunded".to_owned()
    })
}

/// The books say of a payment what the payment says of itself.
fn check_books(
    records: &Records,
    record: &PaymentRecord,
    body: &Body,
    hidden: &Hidden,
) -> Result<(), String> {
    let mut credits: BTreeMap<AccountKind, i64> = BTreeMap::new();
    let postings = records.postings().filter(|(mode, posting)| {
        *mode == record.mode && posting.account_id == record.account_id && posting.resource_id == record.id
    });
    for leg in postings.flat_map(|(_, posting)| &posting.legs) {
        *credits.entry(leg.account.kind).or_default() -= leg.amount_minor;
    }
    let credit = |kind| credits.get(&kind).copied().unwrap_or(0);
    let is_disputed = body.status == Status::ChargedBack && body.status_detail == "in_process";
    let is_held = body.status == Status::Approved && !hidden.released;
    let is_free = hidden.released && !is_disputed;
    let seller_if = |condition| if condition { hidden.parts.seller_minor } else { 0 };
    for (what, booked, expected) in [
        ("pending", credit(AccountKind::SellerPending), seller_if(is_held)),
        ("disputed", credit(AccountKind::SellerDisputed), seller_if(is_disputed)),
        (
            "available",
            // A debt stands on the other side of the same books.
            credit(AccountKind::SellerAvailable) + credit(AccountKind::SellerReceivable),
            seller_if(is_free),
        ),
        ("fees", credit(AccountKind::FeeIncome), hidden.parts.fee_minor),
        ("taxes", credit(AccountKind::TaxPayable), hidden.parts.tax_minor()),
        ("financing", credit(AccountKind::FinancingIncome), hidden.parts.financing_income_minor()),
        ("refunds on their way", credit(AccountKind::RefundClearing), 0),
    ] {
        held(booked == expected, || {
            format!("{what} are {booked} in the books and {expected} by the payment")
        })?;
    }
    Ok(())
}

/// Who waits has a time at which that ends, and so has money that is held; nobody else has.
fn check_timers(
    records: &Records,
    record: &PaymentRecord,
    body: &Body,
    hidden: &Hidden,
) -> Result<(), String> {
    let timer = |kind| records.timer(record.account_id, record.mode, record.id, kind);
    let waits = matches!(body.status, Status::Pending | Status::InProcess | Status::Authorized);
    let expiry = timer(TimerKind::Expiry);
    held(expiry == hidden.expires && expiry.is_some() == waits, || {
        format!("it expires at {:?}, its timer is set to {expiry:?}", hidden.expires)
    })?;
    let is_held = body.status == Status::Approved && !hidden.released;
    let release = timer(TimerKind::Release);
    held(release == body.money_release_date.filter(|_| is_held), || {
        format!("it is released at {:?}, its timer is set to {release:?}", body.money_release_date)
    })
}

fn held(is_so: bool, broken: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(broken()) }
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|error| format!("what is stored can't be read: {error}"))
}

fn hash(bytes: &[u8]) -> u64 {
    // The same in every run: its keys are constants.
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
