//! What is asked of the records, answered by looking at all of them.

use crate::memory::records::{BalanceKey, Records, is_sealed};
use crate::{
    AccountRecord, ApplicationRecord, CardTokenRecord, CredentialRecord, DateField, DeliveryAttempt,
    DeliveryRecord, DeliveryState, DueDelivery, IdempotencyRecord, LedgerProof, Lookup, PastPayment,
    PastQuestion, PayerRecord, PaymentPage, PaymentRecord, PaymentSearch, RecordsCheck, SortField, Timer,
    TimerKind,
};
use pasarela_domain::identity::{AccountId, ApplicationId, Mode, PaymentId};
use pasarela_domain::ledger::{LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use std::collections::BTreeMap;

/// The most that one answer with several rows holds, whatever limit was asked for.
const MOST_ROWS: u32 = 10_000;
/// The most bodies of one page of a search.
const MOST_RESULTS: u32 = 1_000;

/// As the methods of the same names of [`Store`](crate::Store).
impl Records {
    /// The newest version of the catalogue; 0 when there is none.
    pub fn catalogue_version(&self) -> i64 {
        self.catalogues.keys().next_back().copied().unwrap_or(0)
    }

    /// A payment, whosever it is.
    pub fn payment_by_id(&self, id: PaymentId) -> Option<PaymentRecord> {
        self.payments.get(&id).map(|payment| PaymentRecord::clone(payment))
    }

    /// Those of these payments that are an account's, in their order.
    pub fn payments_of(&self, account_id: AccountId, mode: Mode, ids: &[PaymentId]) -> Vec<PaymentRecord> {
        let found = ids.iter().filter_map(|id| self.payment_by_id(*id));
        found.filter(|payment| payment.account_id == account_id && payment.mode == mode).collect()
    }

    /// A payment, to be looked at.
    pub fn payment(&self, id: PaymentId) -> Option<&PaymentRecord> {
        self.payments.get(&id).map(|payment| &**payment)
    }

    /// All payments, by id.
    pub fn payments(&self) -> impl Iterator<Item = &PaymentRecord> {
        self.payments.values().map(|payment| &**payment)
    }

    /// A token of an account.
    pub fn card_token(&self, account_id: AccountId, lookup: &Lookup) -> Option<CardTokenRecord> {
        let (_, token) = self.card_tokens.get(lookup)?;
        (token.account_id == account_id).then(|| token.clone())
    }

    /// Tokens that still hold something sealed.
    pub fn sealed_card_tokens(&self, after: Option<Lookup>, limit: u32) -> Vec<CardTokenRecord> {
        let place = |(row, token): &(u64, CardTokenRecord)| (token.purge_at, *row);
        let after = after.and_then(|lookup| self.card_tokens.get(&lookup)).map(place);
        let mut sealed: Vec<_> = self
            .card_tokens
            .values()
            .filter(|row| is_sealed(&row.1) && after.is_none_or(|after| place(row) > after))
            .collect();
        sealed.sort_unstable_by_key(|row| place(row));
        sealed.into_iter().take(rows(limit)).map(|(_, token)| token.clone()).collect()
    }

    /// All tokens of an account, in the order in which they were made.
    pub fn card_tokens_of(
        &self,
        account_id: AccountId,
        after: Option<Lookup>,
        limit: u32,
    ) -> Vec<CardTokenRecord> {
        let after = after.and_then(|lookup| self.card_tokens.get(&lookup)).map_or(0, |(row, _)| *row);
        let mut tokens: Vec<_> = self
            .card_tokens
            .values()
            .filter(|(row, token)| token.account_id == account_id && *row > after)
            .collect();
        tokens.sort_unstable_by_key(|(row, _)| *row);
        tokens.into_iter().take(rows(limit)).map(|(_, token)| token.clone()).collect()
    }

    /// An account.
    pub fn account(&self, id: AccountId) -> Option<AccountRecord> {
        self.accounts.get(&id).map(|account| AccountRecord::clone(account))
    }

    /// The account of a site with this e-mail.
    pub fn account_by_email(&self, site: Site, email: &str) -> Option<AccountRecord> {
        let found = self.accounts.values().find(|account| account.site == site && account.email == email);
        found.map(|account| AccountRecord::clone(account))
    }

    /// An application.
    pub fn application(&self, id: ApplicationId) -> Option<ApplicationRecord> {
        self.applications.get(&id).map(|application| ApplicationRecord::clone(application))
    }

    /// All applications, by id.
    pub fn sealed_applications(&self) -> Vec<ApplicationRecord> {
        self.applications.values().map(|application| ApplicationRecord::clone(application)).collect()
    }

    /// The credential with this keyed hash.
    pub fn credential(&self, lookup: &Lookup) -> Option<CredentialRecord> {
        self.credentials.get(lookup).cloned()
    }

    /// The credentials that an application has for an account.
    pub fn credentials_of(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
    ) -> Vec<CredentialRecord> {
        let of = (account_id, application_id);
        let all = self.credentials.values();
        all.filter(|one| (one.account_id, one.application_id) == of).cloned().collect()
    }

    /// All credentials.
    pub fn credentials(&self) -> Vec<CredentialRecord> {
        self.credentials.values().cloned().collect()
    }

    /// The payer that a collector knows by the keyed hash of an e-mail.
    pub fn payer(&self, account_id: AccountId, mode: Mode, email: &Lookup) -> Option<PayerRecord> {
        let payer_id = *self.payers.get(&(account_id, mode, *email))?;
        Some(PayerRecord { account_id, mode, email: *email, payer_id })
    }

    /// What was done under an idempotency key.
    pub fn idempotency(&self, account_id: AccountId, key: &[u8; 16]) -> Option<IdempotencyRecord> {
        self.idempotency.get(&(account_id, *key)).map(|(_, record)| record.clone())
    }

    /// How far an account's time is ahead of the wall clock; live time is the wall clock.
    pub fn clock_offset(&self, account_id: AccountId, mode: Mode) -> i64 {
        if mode.is_live() { 0 } else { self.clocks.get(&account_id).copied().unwrap_or(0) }
    }

    /// All clocks that were set.
    pub fn clocks(&self) -> Vec<(AccountId, i64)> {
        self.clocks.iter().map(|(account_id, offset_ms)| (*account_id, *offset_ms)).collect()
    }

    /// A balance, debit positive.
    pub fn balance(&self, mode: Mode, currency: Currency, account: LedgerAccount) -> i64 {
        self.balances.get(&(mode, currency, account)).copied().unwrap_or(0)
    }

    /// The postings behind a payment, in the order in which they took effect.
    pub fn postings_of(&self, account_id: AccountId, mode: Mode, resource_id: i64) -> Vec<Posting> {
        let mut found: Vec<&Posting> = self
            .postings
            .values()
            .filter(|(of, posting)| {
                *of == mode && posting.account_id == account_id && posting.resource_id == resource_id
            })
            .map(|(_, posting)| &**posting)
            .collect();
        found.sort_by_key(|posting| posting.effective_at);
        found.into_iter().cloned().collect()
    }

    /// The largest id of a payment, a delivery, a refund or a customer.
    pub fn newest_id(&self) -> i64 {
        let refunds = self.idempotency.values().map(|(_, record)| record.part_id);
        let payment = self.payments.keys().next_back();
        let customers = self.customers.keys().map(|(_, _, user_id)| *user_id);
        payment
            .into_iter()
            .chain(self.deliveries.keys().next_back())
            .copied()
            .chain(refunds)
            .chain(customers)
            .max()
            .unwrap_or(0)
    }

    /// All postings, in the order in which they were made.
    pub fn postings(&self) -> impl Iterator<Item = (Mode, &Posting)> {
        self.postings.values().map(|(mode, posting)| (*mode, &**posting))
    }

    /// The timers that are due at the wall clock's `now_wall`.
    pub fn due_timers(&self, now_wall: Timestamp, limit: u32) -> Vec<Timer> {
        let limit = rows(limit);
        let mut heads: Vec<(Timestamp, AccountId, Mode)> =
            self.heads().into_iter().map(|((account_id, mode), wake)| (wake, account_id, mode)).collect();
        heads.retain(|(wake, ..)| *wake <= now_wall);
        heads.sort_unstable();
        let mut due: Vec<(Timestamp, Timer)> = Vec::new();
        for (_, account_id, mode) in heads.into_iter().take(limit) {
            if due.len() >= limit {
                break;
            }
            let offset_ms = self.clock_offset(account_id, mode);
            let timers = self.next_timers(account_id, mode, now_wall.plus_ms(offset_ms), limit as u32);
            due.extend(timers.into_iter().map(|timer| (timer.due.plus_ms(-offset_ms), timer)));
        }
        due.sort_by_key(|(wake, timer)| (*wake, timer.kind, timer.subject));
        due.truncate(limit);
        due.into_iter().map(|(_, timer)| timer).collect()
    }

    /// An account's timers that are due until its time `until`, by due time, kind and subject.
    pub fn next_timers(&self, account_id: AccountId, mode: Mode, until: Timestamp, limit: u32) -> Vec<Timer> {
        let mut found: Vec<Timer> =
            self.timers().filter(|timer| timer.account_id == account_id && timer.mode == mode).collect();
        found.retain(|timer| timer.due <= until);
        found.sort_unstable_by_key(|timer| (timer.due, timer.kind, timer.subject));
        found.truncate(rows(limit));
        found
    }

    /// All timers.
    pub fn timers(&self) -> impl Iterator<Item = Timer> {
        self.timers.iter().map(|(&(account_id, mode, subject, kind), &due)| Timer {
            account_id,
            mode,
            kind,
            subject,
            due,
        })
    }

    /// When, in its account's time, a payment's timer is due.
    pub fn timer(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: PaymentId,
        kind: TimerKind,
    ) -> Option<Timestamp> {
        self.timers.get(&(account_id, mode, id, kind)).copied()
    }

    /// When, by the wall clock, the earliest timer is due.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.heads().into_values().min()
    }

    /// The pending deliveries whose next attempt is due at `now_wall`, earliest first, after `after`.
    pub fn due_deliveries(
        &self,
        now_wall: Timestamp,
        limit: u32,
        after: Option<(Timestamp, i64)>,
    ) -> Vec<DueDelivery> {
        let after = after.unwrap_or((Timestamp(i64::MIN), i64::MIN));
        let mut due: Vec<&DeliveryRecord> =
            self.pending().filter(|delivery| delivery.next_attempt <= now_wall).collect();
        due.retain(|delivery| (delivery.next_attempt, delivery.id) > after);
        due.sort_unstable_by_key(|delivery| (delivery.next_attempt, delivery.id));
        let due = due.into_iter().take(rows(limit));
        due.map(|delivery| DueDelivery { delivery: delivery.clone(), behind: self.behind(delivery) })
            .collect()
    }

    /// The oldest delivery that is to be told before `delivery`: about the same resource, in the same form, to the same
    /// address.
    pub fn behind(&self, delivery: &DeliveryRecord) -> Option<i64> {
        let mut older = self.deliveries.range(..delivery.id).map(|(_, older)| older);
        older.find(|older| older.is_unsettled() && lane(older) == lane(delivery)).map(|older| older.id)
    }

    /// The deliveries that are to be told after `delivery`, oldest first.
    pub fn deliveries_behind(&self, delivery: &DeliveryRecord, limit: u32) -> Vec<DeliveryRecord> {
        let newer = self.deliveries.range(delivery.id.saturating_add(1)..).map(|(_, newer)| newer);
        let waiting = newer.filter(|newer| newer.is_unsettled() && lane(newer) == lane(delivery));
        waiting.take(rows(limit)).cloned().collect()
    }

    /// When, by the wall clock, the earliest pending delivery is to be tried.
    pub fn next_delivery(&self) -> Option<Timestamp> {
        self.pending().map(|delivery| delivery.next_attempt).min()
    }

    /// A delivery of an account.
    pub fn delivery(&self, account_id: AccountId, id: i64) -> Option<DeliveryRecord> {
        self.deliveries.get(&id).filter(|delivery| delivery.account_id == account_id).cloned()
    }

    /// All deliveries, by id.
    pub fn deliveries(&self) -> impl Iterator<Item = &DeliveryRecord> {
        self.deliveries.values()
    }

    /// The deliveries about a resource, oldest first.
    pub fn deliveries_of(&self, account_id: AccountId, mode: Mode, resource_id: &str) -> Vec<DeliveryRecord> {
        self.deliveries
            .values()
            .filter(|delivery| delivery.account_id == account_id && delivery.mode == mode)
            .filter(|delivery| delivery.resource_id == resource_id)
            .take(rows(MOST_ROWS))
            .cloned()
            .collect()
    }

    /// The attempts of a delivery of an account, first to last.
    pub fn attempts(&self, account_id: AccountId, delivery_id: i64) -> Vec<DeliveryAttempt> {
        if self.delivery(account_id, delivery_id).is_none() {
            return Vec::new();
        }
        self.attempts
            .range((delivery_id, 0)..=(delivery_id, u32::MAX))
            .map(|(_, attempt)| DeliveryAttempt { account_id, ..attempt.clone() })
            .collect()
    }

    /// The payments that match, a page of them, and how many there are in all.
    pub fn search_payments(&self, search: &PaymentSearch) -> PaymentPage {
        let mut found: Vec<&PaymentRecord> =
            self.payments().filter(|payment| matches(search, payment)).collect();
        // A date that a payment doesn't have comes before all others.
        found.sort_unstable_by_key(|payment| (sorted_by(search.sort, payment), payment.id));
        if search.descending {
            found.reverse();
        }
        let total = found.len() as u64;
        let page = found.into_iter().skip(search.offset as usize);
        let bodies = page.take(search.limit.min(MOST_RESULTS) as usize).map(|payment| payment.body.clone());
        PaymentPage { total, bodies: bodies.collect() }
    }

    /// Proves the ledger.
    pub fn prove_ledger(&self) -> LedgerProof {
        let mut faults = Vec::new();
        let mut sums: BTreeMap<BalanceKey, i128> = BTreeMap::new();
        for (mode, posting) in self.postings.values() {
            if !posting.is_balanced() {
                faults.push(format!("a posting for {} is not balanced", posting.resource_id));
            }
            for leg in &posting.legs {
                let key = (*mode, posting.currency, leg.account);
                *sums.entry(key).or_default() += i128::from(leg.amount_minor);
            }
        }
        let mut totals: BTreeMap<(Mode, Currency), i128> = BTreeMap::new();
        for (key @ (mode, currency, account), amount) in &self.balances {
            let posted = sums.remove(key).unwrap_or(0);
            if posted != i128::from(*amount) {
                faults.push(format!("the balance {key:?} is {amount}, its legs add up to {posted}"));
            }
            if !account.kind.allows(*amount) {
                faults.push(format!("the balance {key:?} is overdrawn: {amount}"));
            }
            *totals.entry((*mode, *currency)).or_default() += i128::from(*amount);
        }
        faults.extend(sums.keys().map(|key| format!("the balance {key:?} is missing")));
        let unequal = totals.into_iter().filter(|(_, total)| *total != 0);
        faults.extend(unequal.map(|(key, total)| format!("all balances of {key:?} add up to {total}")));
        LedgerProof { postings: self.postings.len() as u64, balances: self.balances.len() as u64, faults }
    }

    /// Checks what refers to what.
    pub fn check_records(&self) -> RecordsCheck {
        let mut faults = Vec::new();
        for timer in self.timers().filter(|timer| timer.kind == TimerKind::OrderExpiry) {
            let kind = crate::CheckoutKind::MerchantOrder;
            if self.checkout(timer.account_id, timer.mode, kind, &timer.subject.to_string()).is_none() {
                faults.push(format!("a timer of a merchant order that is not there: {}", timer.subject));
            }
        }
        for timer in self.timers().filter(|timer| timer.kind != TimerKind::OrderExpiry) {
            let payment = self.payments.get(&timer.subject);
            if payment.is_none_or(|of| of.account_id != timer.account_id || of.mode != timer.mode) {
                faults.push(format!("a timer of a payment that is not there: {}", timer.subject));
            }
        }
        for (delivery_id, _) in self.attempts.keys() {
            if !self.deliveries.contains_key(delivery_id) {
                faults.push(format!("an attempt of a delivery that is not there: {delivery_id}"));
            }
        }
        for application in self.applications.values() {
            if !self.accounts.contains_key(&application.account_id) {
                faults.push(format!("an application of an account that is not there: {}", application.id));
            }
        }
        for credential in self.credentials.values() {
            if !self.applications.contains_key(&credential.application_id) {
                let id = credential.application_id;
                faults.push(format!("a credential of an application that is not there: {id}"));
            }
        }
        for login in self.logins.keys() {
            if !self.accounts.contains_key(login) {
                faults.push(format!("a login of an account that is not there: {login}"));
            }
        }
        for (account_id, _) in self.sessions.keys() {
            if !self.logins.contains_key(account_id) {
                faults.push(format!("a session of a login that is not there: {account_id}"));
            }
        }
        self.check_customers(&mut faults);
        let records = [
            ("account", self.accounts.len()),
            ("application", self.applications.len()),
            ("credential", self.credentials.len()),
            ("payer", self.payers.len()),
            ("customer", self.customers.len()),
            ("saved_card", self.saved_cards.len()),
            ("sealed_card", self.sealed_cards.len()),
            ("checkout", self.checkouts.len()),
            ("login", self.logins.len()),
            ("session", self.sessions.len()),
            ("payment", self.payments.len()),
            ("card_token", self.card_tokens.len()),
            ("idempotency", self.idempotency.len()),
            ("posting", self.postings.len()),
            ("timer", self.timers.len()),
            ("delivery", self.deliveries.len()),
        ];
        RecordsCheck { records: records.map(|(table, count)| (table, count as u64)).to_vec(), faults }
    }

    /// The payments that left one of the traces, newest first.
    pub(crate) fn payments_by_traces(&self, question: &PastQuestion) -> Vec<PastPayment> {
        let is_asked_for = |payment: &PaymentRecord| {
            (payment.account_id, payment.mode) == (question.account_id, question.mode)
                && payment.traces.iter().any(|trace| question.traces.contains(trace))
        };
        let found = self.payments.values().rev().filter(|payment| is_asked_for(payment));
        found
            .take(question.most() as usize)
            .map(|payment| PastPayment {
                id: payment.id,
                created: payment.created,
                status: payment.status.clone(),
                status_detail: payment.status_detail.clone(),
                traces: payment.traces.clone(),
            })
            .collect()
    }

    fn pending(&self) -> impl Iterator<Item = &DeliveryRecord> {
        self.deliveries.values().filter(|delivery| delivery.state == DeliveryState::Pending)
    }

    /// When, by the wall clock, each account's earliest timer is due.
    fn heads(&self) -> BTreeMap<(AccountId, Mode), Timestamp> {
        let mut heads = BTreeMap::new();
        for timer in self.timers() {
            let wake = timer.due.plus_ms(-self.clock_offset(timer.account_id, timer.mode));
            let head = heads.entry((timer.account_id, timer.mode)).or_insert(wake);
            *head = wake.min(*head);
        }
        heads
    }
}

fn rows(limit: u32) -> usize {
    limit.min(MOST_ROWS) as usize
}

fn matches(search: &PaymentSearch, payment: &PaymentRecord) -> bool {
    let is = |asked: &Option<String>, has: &str| asked.as_deref().is_none_or(|asked| asked == has);
    let may_be = |asked: &Option<String>, has: &Option<String>| asked.is_none() || asked == has;
    let date = dated(search.range, payment);
    (payment.account_id, payment.mode) == (search.account_id, search.mode)
        && search.id.is_none_or(|id| id == payment.id)
        && search.payer_id.is_none_or(|id| id == payment.payer_id)
        && may_be(&search.external_reference, &payment.external_reference)
        && may_be(&search.store_id, &payment.store_id)
        && may_be(&search.pos_id, &payment.pos_id)
        && is(&search.status, &payment.status)
        && is(&search.status_detail, &payment.status_detail)
        && is(&search.payment_method_id, &payment.payment_method_id)
        && is(&search.payment_type_id, &payment.payment_type_id)
        && is(&search.operation_type, &payment.operation_type)
        && search.begin.is_none_or(|begin| date.is_some_and(|date| date >= begin))
        && search.end.is_none_or(|end| date.is_some_and(|date| date <= end))
}

const fn dated(field: DateField, payment: &PaymentRecord) -> Option<Timestamp> {
    match field {
        DateField::Created => Some(payment.created),
        DateField::Updated => Some(payment.updated),
        DateField::Approved => payment.approved,
        DateField::Release => payment.release,
    }
}

const fn sorted_by(sort: SortField, payment: &PaymentRecord) -> Option<Timestamp> {
    match sort {
        SortField::Id => None,
        SortField::Date(field) => dated(field, payment),
    }
}

/// What deliveries have in common that must not overtake each other.
fn lane(delivery: &DeliveryRecord) -> (AccountId, Mode, u8, [&str; 3]) {
    let texts = [&delivery.url, &delivery.topic, &delivery.resource_id].map(String::as_str);
    (delivery.account_id, delivery.mode, delivery.channel as u8, texts)
}
