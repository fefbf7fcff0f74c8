//! A group's rows, gathered by table, and the steps that write them.

use crate::numbers::{credential_kind_number, mode_number};
use crate::postgres::account_entries::EntryRows;
use crate::postgres::checkout::CheckoutRows;
use crate::postgres::customers::CustomerRows;
use crate::postgres::logins::LoginRows;
use crate::postgres::notifications::NotificationRows;
use crate::postgres::{catalogue, statements as sql};
use crate::prepared::Prepared;
use crate::{
    CardTokenRecord, CatalogueRecord, DeliveryAttempt, DeliveryRecord, PaymentRecord, RecordChange, share_of,
};
use pasarela_domain::identity::{AccountId, Mode};
use std::fmt::Write as _;
use tokio_postgres::types::ToSql;

/// A value of a statement: an array, with an element for each row.
pub(crate) type Value<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// A statement with its values.
pub(crate) struct Step<'a> {
    pub(crate) sql: &'static str,
    pub(crate) values: Vec<Value<'a>>,
    /// How many rows it must be about, where it is the group's failure if it is not.
    pub(crate) expected: Option<u64>,
}

/// Defines a table's row and how rows become arrays, a column each.
macro_rules! rows {
    ($(#[$meta:meta])* $row:ident $(<$life:lifetime>)? { $($column:ident: $type:ty,)+ }) => {
        $(#[$meta])*
        pub(crate) struct $row $(<$life>)? { $(pub(crate) $column: $type,)+ }

        impl $(<$life>)? $row $(<$life>)? {
            /// The rows' columns, in the order of the statement's parameters.
            pub(crate) fn columns<'rows>(rows: &'rows [Self]) -> Vec<crate::postgres::records::Value<'rows>> {
                vec![$(Box::new(rows.iter().map(|row| &row.$column).collect::<Vec<&$type>>()),)+]
            }
        }
    };
}
pub(crate) use rows;

rows! {
    IdempotencyRow<'a> {
        account_id: i64,
        key: &'a [u8],
        request: &'a [u8],
        resource_id: i64,
        part_id: i64,
        expires: i64,
    }
}

rows! {
    PaymentRow<'a> {
        account_id: i64,
        id: i64,
        mode: i16,
        version: i64,
        created: i64,
        updated: i64,
        approved: Option<i64>,
        release: Option<i64>,
        status: &'a str,
        status_detail: &'a str,
        payment_method_id: &'a str,
        payment_type_id: &'a str,
        operation_type: &'a str,
        payer_id: i64,
        external_reference: Option<&'a str>,
        store_id: Option<&'a str>,
        pos_id: Option<&'a str>,
        content: &'a [u8],
        traces: Option<String>,
    }
}

rows! {
    CardTokenRow<'a> {
        account_id: i64,
        lookup: &'a [u8],
        mode: i16,
        version: i64,
        purge_at: i64,
        sealed_number: Option<&'a [u8]>,
        sealed_security_code: Option<&'a [u8]>,
        content: &'a [u8],
    }
}

rows! {
    AccountRow<'a> { id: i64, site: &'a str, email: &'a str, body: &'a [u8], }
}

rows! {
    ApplicationRow<'a> { id: i64, account_id: i64, sealed_webhook_secret: &'a [u8], body: &'a [u8], }
}

rows! {
    CredentialRow<'a> {
        lookup: &'a [u8],
        kind: i16,
        account_id: i64,
        application_id: i64,
        mode: i16,
        well_known: bool,
    }
}

rows! {
    PayerRow<'a> { account_id: i64, mode: i16, email: &'a [u8], payer_id: i64, }
}

rows! {
    AttemptRow<'a> {
        account_id: i64,
        delivery_id: i64,
        number: i32,
        request_id: &'a str,
        started: i64,
        duration_ms: i64,
        response_status: Option<i16>,
        failure: Option<&'a str>,
        state: i16,
        next_attempt: Option<i64>,
        exchange: Option<&'a [u8]>,
    }
}

rows! {
    /// What an attempt changes of its delivery.
    AttemptedRow { account_id: i64, id: i64, state: i16, attempts: i32, next_attempt: Option<i64>, }
}

rows! {
    DeliveryRow<'a> {
        account_id: i64,
        id: i64,
        share: i16,
        application_id: i64,
        mode: i16,
        channel: i16,
        state: i16,
        attempts: i32,
        created: i64,
        next_attempt: i64,
        resource_id: &'a str,
        topic: &'a str,
        action: &'a str,
        url: &'a str,
        data: Option<&'a str>,
    }
}

/// Where a record's rows are gathered.
#[derive(Default)]
pub(crate) struct RecordRows<'a> {
    idempotency: Vec<IdempotencyRow<'a>>,
    new_payments: Vec<PaymentRow<'a>>,
    payments: Vec<PaymentRow<'a>>,
    new_card_tokens: Vec<CardTokenRow<'a>>,
    card_tokens: Vec<CardTokenRow<'a>>,
    accounts: Vec<AccountRow<'a>>,
    new_applications: Vec<ApplicationRow<'a>>,
    applications: Vec<ApplicationRow<'a>>,
    credentials: Vec<CredentialRow<'a>>,
    payers: Vec<PayerRow<'a>>,
    clocks: Vec<(AccountId, i64)>,
    attempts: Vec<AttemptRow<'a>>,
    attempted: Vec<AttemptedRow>,
    deliveries: Vec<DeliveryRow<'a>>,
    customers: CustomerRows<'a>,
    checkouts: CheckoutRows<'a>,
    logins: LoginRows<'a>,
    catalogues: Vec<&'a CatalogueRecord>,
    notifications: NotificationRows<'a>,
    account_entries: EntryRows<'a>,
}

impl<'a> RecordRows<'a> {
    /// Adds a record; `content` is the stored form of its body, for those that have one.
    pub(crate) fn add(&mut self, record: &'a RecordChange, content: &'a [u8]) {
        match record {
            RecordChange::InsertPayment(payment) => self.new_payments.push(payment_row(payment, 1, content)),
            RecordChange::UpdatePayment(payment) => {
                self.payments.push(payment_row(payment, payment.version, content));
            }
            RecordChange::InsertCardToken(token) => {
                self.new_card_tokens.push(card_token_row(token, 1, content))
            }
            RecordChange::UpdateCardToken(token) => {
                self.card_tokens.push(card_token_row(token, token.version, content));
            }
            RecordChange::InsertAccount(account) => self.accounts.push(AccountRow {
                id: account.id,
                site: account.site.id(),
                email: &account.email,
                body: &account.body,
            }),
            RecordChange::InsertApplication(application) | RecordChange::UpdateApplication(application) => {
                let row = ApplicationRow {
                    id: application.id,
                    account_id: application.account_id,
                    sealed_webhook_secret: &application.sealed_webhook_secret,
                    body: &application.body,
                };
                match record {
                    RecordChange::InsertApplication(_) => self.new_applications.push(row),
                    _ => self.applications.push(row),
                }
            }
            RecordChange::InsertCredential(credential) => self.credentials.push(CredentialRow {
                lookup: &credential.lookup,
                kind: i16::from(credential_kind_number(credential.kind)),
                account_id: credential.account_id,
                application_id: credential.application_id,
                mode: mode_value(credential.mode),
                well_known: credential.well_known,
            }),
            RecordChange::InsertPayer(payer) => self.payers.push(PayerRow {
                account_id: payer.account_id,
                mode: mode_value(payer.mode),
                email: &payer.email,
                payer_id: payer.payer_id,
            }),
            RecordChange::SetClock { account_id, offset_ms } => self.clocks.push((*account_id, *offset_ms)),
            RecordChange::RecordAttempt(attempt) => {
                self.attempted.push(attempted_row(attempt));
                self.attempts.push(attempt_row(attempt));
            }
            RecordChange::Customer(change) => self.customers.add(change, content),
            RecordChange::Checkout(change) => self.checkouts.add(change, content),
            RecordChange::Login(change) => self.logins.add(change),
            RecordChange::InsertCatalogue(record) => self.catalogues.push(record),
            RecordChange::Notification(change) => self.notifications.add(change),
            RecordChange::AccountEntry(change) => self.account_entries.add(change),
        }
    }

    /// Adds what is not a record: the idempotency key and the deliveries.
    pub(crate) fn add_rest(&mut self, prepared: &'a Prepared) {
        let changes = prepared.changes();
        self.idempotency.extend(changes.idempotency.iter().map(|record| IdempotencyRow {
            account_id: record.account_id,
            key: &record.key,
            request: &record.request,
            resource_id: record.resource_id,
            part_id: record.part_id,
            expires: record.expires.0,
        }));
        self.deliveries.extend(changes.deliveries.iter().map(delivery_row));
    }

    /// In the order of their keys: every node locks rows in the same order.
    pub(crate) fn sort(&mut self) {
        self.idempotency.sort_unstable_by_key(|row| (row.account_id, row.key));
        self.new_payments.sort_unstable_by_key(|row| (row.account_id, row.id));
        self.payments.sort_unstable_by_key(|row| (row.account_id, row.id));
        self.new_card_tokens.sort_unstable_by_key(|row| (row.account_id, row.lookup));
        self.card_tokens.sort_unstable_by_key(|row| (row.account_id, row.lookup));
        self.accounts.sort_unstable_by_key(|row| row.id);
        self.applications.sort_unstable_by_key(|row| row.id);
        self.payers.sort_unstable_by_key(|row| (row.account_id, row.mode, row.email));
        self.attempts.sort_unstable_by_key(|row| (row.account_id, row.delivery_id, row.number));
        self.attempted.sort_unstable_by_key(|row| (row.account_id, row.id));
        self.deliveries.sort_unstable_by_key(|row| (row.account_id, row.id));
        self.customers.sort();
        self.checkouts.sort();
        self.logins.sort();
        self.notifications.sort();
        self.account_entries.sort();
    }

    /// The statements that write them.
    pub(crate) fn steps<'rows>(&'rows self, steps: &mut Vec<Step<'rows>>) {
        steps.extend(step(sql::INSERT_IDEMPOTENCY, &self.idempotency, IdempotencyRow::columns));
        steps.extend(step(sql::INSERT_ACCOUNT, &self.accounts, AccountRow::columns));
        steps.extend(step(sql::INSERT_APPLICATION, &self.new_applications, ApplicationRow::columns));
        steps.extend(step(sql::UPDATE_APPLICATION, &self.applications, ApplicationRow::columns));
        steps.extend(step(sql::INSERT_CREDENTIAL, &self.credentials, CredentialRow::columns));
        steps.extend(step(sql::INSERT_PAYER, &self.payers, PayerRow::columns));
        for (account_id, offset_ms) in &self.clocks {
            let moved: Vec<Value<'_>> =
                vec![Box::new(*account_id), Box::new(*offset_ms), Box::new(share_value(*account_id))];
            steps.push(Step { sql: sql::MOVE_DELIVERIES, values: moved, expected: None });
            let set: Vec<Value<'_>> = vec![Box::new(*account_id), Box::new(*offset_ms)];
            steps.push(Step { sql: sql::SET_CLOCK, values: set, expected: Some(1) });
        }
        steps.extend(self.catalogues.iter().map(|record| catalogue::insert(record)));
        steps.extend(step(sql::INSERT_PAYMENT, &self.new_payments, PaymentRow::columns));
        steps.extend(step(sql::UPDATE_PAYMENT, &self.payments, PaymentRow::columns));
        steps.extend(step(sql::INSERT_CARD_TOKEN, &self.new_card_tokens, CardTokenRow::columns));
        steps.extend(step(sql::UPDATE_CARD_TOKEN, &self.card_tokens, CardTokenRow::columns));
        steps.extend(step(sql::INSERT_ATTEMPT, &self.attempts, AttemptRow::columns));
        steps.extend(step(sql::UPDATE_DELIVERY, &self.attempted, AttemptedRow::columns));
        steps.extend(step(sql::INSERT_DELIVERY, &self.deliveries, DeliveryRow::columns));
        self.customers.steps(steps);
        self.checkouts.steps(steps);
        self.logins.steps(steps);
        self.notifications.steps(steps);
        self.account_entries.steps(steps);
    }
}

/// The step that writes `rows`, if there are any: each of them is written, or the group fails.
pub(crate) fn step<'rows, Row>(
    sql: &'static str,
    rows: &'rows [Row],
    columns: impl Fn(&'rows [Row]) -> Vec<Value<'rows>>,
) -> Option<Step<'rows>> {
    (!rows.is_empty()).then(|| Step { sql, values: columns(rows), expected: Some(rows.len() as u64) })
}

/// How a mode is kept.
pub(crate) const fn mode_value(mode: Mode) -> i16 {
    // 0 or 1.
    mode_number(mode) as i16
}

/// How the share of an account is kept.
pub(crate) const fn share_value(account_id: AccountId) -> i16 {
    // Below 64.
    share_of(account_id) as i16
}

fn payment_row<'a>(payment: &'a PaymentRecord, version: i64, content: &'a [u8]) -> PaymentRow<'a> {
    PaymentRow {
        account_id: payment.account_id,
        id: payment.id,
        mode: mode_value(payment.mode),
        version,
        created: payment.created.0,
        updated: payment.updated.0,
        approved: payment.approved.map(|at| at.0),
        release: payment.release.map(|at| at.0),
        status: &payment.status,
        status_detail: &payment.status_detail,
        payment_method_id: &payment.payment_method_id,
        payment_type_id: &payment.payment_type_id,
        operation_type: &payment.operation_type,
        payer_id: payment.payer_id,
        external_reference: payment.external_reference.as_deref(),
        store_id: payment.store_id.as_deref(),
        pos_id: payment.pos_id.as_deref(),
        content,
        traces: (!payment.traces.is_empty()).then(|| traces_text(&payment.traces)),
    }
}

/// Traces as the text of an array: the arrays of several rows could not be told apart in an array of arrays.
pub(crate) fn traces_text(traces: &[i64]) -> String {
    // A sign and nineteen digits each.
    let mut text = String::with_capacity(2 + traces.len() * 21);
    for (index, trace) in traces.iter().enumerate() {
        // Writing to a String can't fail.
        let _ = write!(text, "{}{trace}", if index == 0 { '{' } else { ',' });
    }
    text.push('}');
    text
}

fn card_token_row<'a>(token: &'a CardTokenRecord, version: i64, content: &'a [u8]) -> CardTokenRow<'a> {
    CardTokenRow {
        account_id: token.account_id,
        lookup: &token.lookup,
        mode: mode_value(token.mode),
        version,
        purge_at: token.purge_at.0,
        sealed_number: token.sealed_number.as_deref(),
        sealed_security_code: token.sealed_security_code.as_deref(),
        content,
    }
}

fn attempt_row(attempt: &DeliveryAttempt) -> AttemptRow<'_> {
    AttemptRow {
        account_id: attempt.account_id,
        delivery_id: attempt.delivery_id,
        number: count_value(attempt.number),
        request_id: &attempt.request_id,
        started: attempt.started.0,
        duration_ms: attempt.duration_ms,
        // A status has three digits.
        response_status: attempt.response_status.map(|status| i16::try_from(status).unwrap_or(i16::MAX)),
        failure: attempt.failure.as_deref(),
        state: attempt.state as i16,
        next_attempt: attempt.next_attempt.map(|at| at.0),
        exchange: attempt.exchange.as_deref(),
    }
}

fn attempted_row(attempt: &DeliveryAttempt) -> AttemptedRow {
    AttemptedRow {
        account_id: attempt.account_id,
        id: attempt.delivery_id,
        state: attempt.state as i16,
        attempts: count_value(attempt.number.saturating_add(1)),
        next_attempt: attempt.next_attempt.map(|at| at.0),
    }
}

fn delivery_row(delivery: &DeliveryRecord) -> DeliveryRow<'_> {
    DeliveryRow {
        account_id: delivery.account_id,
        id: delivery.id,
        share: share_value(delivery.account_id),
        application_id: delivery.application_id,
        mode: mode_value(delivery.mode),
        channel: delivery.channel as i16,
        state: delivery.state as i16,
        attempts: count_value(delivery.attempts),
        created: delivery.created.0,
        next_attempt: delivery.next_attempt.0,
        resource_id: &delivery.resource_id,
        topic: &delivery.topic,
        action: &delivery.action,
        url: &delivery.url,
        data: delivery.data.as_deref(),
    }
}

/// Attempts are counted by the dozen.
fn count_value(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
