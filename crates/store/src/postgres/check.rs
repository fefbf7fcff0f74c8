//! What stands in the way of a group's requests, found out before anything of them is written.
//!
//! A group that does not go in as it is (a key was used, a version is stale, a balance too small) is looked at request by
//! request: the rows that they are about are read and locked, in the order of the tables and of their keys, and each
//! request is held against them and against what those before it take from the same balances.

use crate::postgres::account_entries::{AskedEntries, EntryFacts};
use crate::postgres::catalogue;
use crate::postgres::checkout::{AskedCheckouts, CheckoutFacts};
use crate::postgres::connection::Session;
use crate::postgres::customer_facts::{AskedCustomers, CustomerFacts};
use crate::postgres::ledger::{BalanceKey, Sums, balance_rows, key_columns};
use crate::postgres::logins::{AskedLogins, LoginFacts};
use crate::postgres::notifications::{self, AskedSettings, SettingFacts};
use crate::postgres::records::{Value, mode_value, rows};
use crate::postgres::rows::{self, idempotency_columns};
use crate::postgres::statements::LOCK_BALANCES;
use crate::prepared::Prepared;
use crate::{CommitError, IdempotencyRecord, Lookup, NotificationChange, RecordChange};
use futures_util::future::try_join_all;
use pasarela_domain::identity::{AccountId, ApplicationId, PaymentId};
use pasarela_domain::money::Currency;
use std::collections::{BTreeSet, HashMap, HashSet};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

const KEYS: &str = concat!(
    "SELECT ",
    idempotency_columns!(),
    " FROM unnest($1::bigint[], $2::bytea[]) AS asked (asked_account, asked_key)
     JOIN idempotency ON account_id = asked_account AND key = asked_key"
);
const PAYMENTS: &str = "SELECT account_id, id, mode, version
    FROM unnest($1::bigint[], $2::bigint[]) AS asked (asked_account, asked_id)
    JOIN payment ON account_id = asked_account AND id = asked_id ORDER BY account_id, id FOR UPDATE OF payment";
const CARD_TOKENS: &str = "SELECT account_id, lookup, mode, version
    FROM unnest($1::bigint[], $2::bytea[]) AS asked (asked_account, asked_lookup)
    JOIN card_token ON account_id = asked_account AND lookup = asked_lookup
    ORDER BY account_id, lookup FOR UPDATE OF card_token";
const ACCOUNTS: &str = "SELECT id, NULL::text, NULL::text FROM account WHERE id = ANY($1::bigint[])
    UNION ALL SELECT NULL::bigint, site, email FROM unnest($2::text[], $3::text[]) AS asked (asked_site, asked_email)
    JOIN account ON site = asked_site AND email = asked_email";
const APPLICATIONS: &str =
    "SELECT id, account_id FROM application WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE";
const CREDENTIALS: &str = "SELECT lookup FROM credential WHERE lookup = ANY($1::bytea[])";
const PAYERS: &str = "SELECT account_id, mode, email
    FROM unnest($1::bigint[], $2::smallint[], $3::bytea[]) AS asked (asked_account, asked_mode, asked_email)
    JOIN payer ON account_id = asked_account AND mode = asked_mode AND email = asked_email";
const ATTEMPTS: &str = "SELECT account_id, delivery_id, number
    FROM unnest($1::bigint[], $2::bigint[], $3::integer[]) AS asked (asked_account, asked_delivery, asked_number)
    JOIN delivery_attempt ON account_id = asked_account AND delivery_id = asked_delivery AND number = asked_number";
const DELIVERIES: &str = "SELECT account_id, id
    FROM unnest($1::bigint[], $2::bigint[]) AS asked (asked_account, asked_id)
    JOIN delivery ON account_id = asked_account AND id = asked_id ORDER BY account_id, id FOR UPDATE OF delivery";

rows! {
    KeyRow<'a> { account_id: i64, key: &'a [u8], }
}

rows! {
    IdRow { account_id: i64, id: i64, }
}

rows! {
    PayerKeyRow<'a> { account_id: i64, mode: i16, email: &'a [u8], }
}

rows! {
    AttemptKeyRow { account_id: i64, delivery_id: i64, number: i32, }
}

rows! {
    EmailRow<'a> { site: &'a str, email: &'a str, }
}

/// What the rows of a group's requests are about.
#[derive(Default)]
struct Asked<'a> {
    keys: Vec<KeyRow<'a>>,
    payments: Vec<IdRow>,
    card_tokens: Vec<KeyRow<'a>>,
    accounts: Vec<i64>,
    emails: Vec<EmailRow<'a>>,
    applications: Vec<i64>,
    credentials: Vec<&'a [u8]>,
    payers: Vec<PayerKeyRow<'a>>,
    attempts: Vec<AttemptKeyRow>,
    deliveries: Vec<IdRow>,
    customers: AskedCustomers<'a>,
    checkouts: AskedCheckouts<'a>,
    logins: AskedLogins<'a>,
    settings: AskedSettings<'a>,
    account_entries: AskedEntries<'a>,
    /// Whether a version of the catalogue is among them.
    catalogue: bool,
}

impl<'a> Asked<'a> {
    fn of(requests: &[&'a Prepared]) -> Asked<'a> {
        let mut asked = Asked::default();
        for request in requests {
            let changes = request.changes();
            asked.keys.extend(
                changes
                    .idempotency
                    .iter()
                    .map(|record| KeyRow { account_id: record.account_id, key: &record.key }),
            );
            for record in &changes.records {
                asked.add(record);
            }
            asked.deliveries.extend(
                changes
                    .deliveries
                    .iter()
                    .map(|delivery| IdRow { account_id: delivery.account_id, id: delivery.id }),
            );
        }
        asked
    }

    fn add(&mut self, record: &'a RecordChange) {
        match record {
            RecordChange::InsertPayment(payment) | RecordChange::UpdatePayment(payment) => {
                self.payments.push(IdRow { account_id: payment.account_id, id: payment.id });
            }
            RecordChange::InsertCardToken(token) | RecordChange::UpdateCardToken(token) => {
                self.card_tokens.push(KeyRow { account_id: token.account_id, key: &token.lookup });
            }
            RecordChange::InsertAccount(account) => {
                self.accounts.push(account.id);
                self.emails.push(EmailRow { site: account.site.id(), email: &account.email });
            }
            RecordChange::InsertApplication(application) | RecordChange::UpdateApplication(application) => {
                self.applications.push(application.id);
            }
            RecordChange::InsertCredential(credential) => self.credentials.push(&credential.lookup),
            RecordChange::InsertPayer(payer) => self.payers.push(PayerKeyRow {
                account_id: payer.account_id,
                mode: mode_value(payer.mode),
                email: &payer.email,
            }),
            RecordChange::SetClock { .. } => {}
            RecordChange::InsertCatalogue(_) => self.catalogue = true,
            RecordChange::RecordAttempt(attempt) => {
                let (account_id, id) = (attempt.account_id, attempt.delivery_id);
                let number = i32::try_from(attempt.number).unwrap_or(i32::MAX);
                self.attempts.push(AttemptKeyRow { account_id, delivery_id: id, number });
                self.deliveries.push(IdRow { account_id, id });
            }
            RecordChange::Customer(change) => self.customers.add(change),
            RecordChange::Checkout(change) => self.checkouts.add(change),
            RecordChange::Login(change) => self.logins.add(change),
            RecordChange::AccountEntry(change) => self.account_entries.add(change),
            RecordChange::Notification(NotificationChange::Set(setting)) => self.settings.add(setting),
            RecordChange::Notification(change) => self
                .deliveries
                .extend(notifications::delivery_of(change).map(|(account_id, id)| IdRow { account_id, id })),
        }
    }
}

/// What is stored of what a group's requests are about.
#[derive(Default)]
pub(crate) struct Facts {
    keys: HashMap<(AccountId, [u8; 16]), IdempotencyRecord>,
    payments: HashMap<(AccountId, PaymentId), (i16, i64)>,
    card_tokens: HashMap<(AccountId, Lookup), (i16, i64)>,
    accounts: HashSet<AccountId>,
    emails: HashSet<(String, String)>,
    applications: HashMap<ApplicationId, AccountId>,
    credentials: HashSet<Lookup>,
    payers: HashSet<(AccountId, i16, Lookup)>,
    attempts: HashSet<(AccountId, i64, i32)>,
    deliveries: HashSet<(AccountId, i64)>,
    customers: CustomerFacts,
    checkouts: CheckoutFacts,
    logins: LoginFacts,
    settings: SettingFacts,
    account_entries: EntryFacts,
    /// The newest version of the catalogue.
    catalogue: i64,
    /// Those from which something is taken.
    balances: HashMap<BalanceKey, i64>,
}

impl Facts {
    /// Reads and locks what `requests` are about, in an open transaction. The questions are sent at once.
    pub(crate) async fn read(
        session: &Session,
        requests: &[&Prepared],
        sums: &[&Sums],
    ) -> Result<Facts, Error> {
        let asked = Asked::of(requests);
        let (all, watched) = balances(sums);
        let locked = balance_rows(&all);
        let mut questions: Vec<(&'static str, Vec<Value<'_>>)> = Vec::new();
        let mut ask = |is_empty: bool, sql, values: Vec<_>| {
            if !is_empty {
                questions.push((sql, values));
            }
        };
        ask(asked.keys.is_empty(), KEYS, KeyRow::columns(&asked.keys));
        let mut accounts: Vec<Value<'_>> = vec![Box::new(&asked.accounts)];
        accounts.extend(EmailRow::columns(&asked.emails));
        ask(asked.accounts.is_empty(), ACCOUNTS, accounts);
        ask(asked.applications.is_empty(), APPLICATIONS, vec![Box::new(&asked.applications)]);
        ask(asked.credentials.is_empty(), CREDENTIALS, vec![Box::new(&asked.credentials)]);
        ask(asked.payers.is_empty(), PAYERS, PayerKeyRow::columns(&asked.payers));
        ask(asked.payments.is_empty(), PAYMENTS, IdRow::columns(&asked.payments));
        ask(asked.card_tokens.is_empty(), CARD_TOKENS, KeyRow::columns(&asked.card_tokens));
        ask(asked.attempts.is_empty(), ATTEMPTS, AttemptKeyRow::columns(&asked.attempts));
        ask(asked.deliveries.is_empty(), DELIVERIES, IdRow::columns(&asked.deliveries));
        asked.customers.questions(&mut ask);
        asked.checkouts.questions(&mut ask);
        asked.logins.questions(&mut ask);
        asked.settings.questions(&mut ask);
        asked.account_entries.questions(&mut ask);
        ask(!asked.catalogue, catalogue::NEWEST, Vec::new());
        ask(watched.is_empty(), LOCK_BALANCES, key_columns(&locked));
        // Prepared before any is sent: the order in which they lock is the order above.
        for (sql, _) in &questions {
            session.prepare(sql).await?;
        }
        let answers = try_join_all(questions.iter().map(|(sql, values)| async move {
            let values: Vec<&(dyn ToSql + Sync)> =
                values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
            session.query(sql, &values).await.map(|rows| (*sql, rows))
        }))
        .await?;
        let mut facts = Facts::default();
        facts.balances.extend(watched.into_iter().map(|key| (key, 0)));
        for (sql, rows) in &answers {
            for row in rows {
                facts.learn(sql, row)?;
            }
        }
        Ok(facts)
    }

    fn learn(&mut self, sql: &str, row: &Row) -> Result<(), Error> {
        match sql {
            KEYS => {
                // A record that can't be read is taken for none; its key is refused when it is inserted.
                if let Ok(record) = rows::idempotency_record(row) {
                    self.keys.insert((record.account_id, record.key), record);
                }
            }
            PAYMENTS => {
                self.payments.insert((row.try_get(0)?, row.try_get(1)?), (row.try_get(2)?, row.try_get(3)?));
            }
            CARD_TOKENS => {
                let lookup = lookup(row, 1)?;
                self.card_tokens.insert((row.try_get(0)?, lookup), (row.try_get(2)?, row.try_get(3)?));
            }
            ACCOUNTS => match row.try_get(0)? {
                Some(id) => {
                    self.accounts.insert(id);
                }
                None => {
                    self.emails.insert((row.try_get(1)?, row.try_get(2)?));
                }
            },
            APPLICATIONS => {
                self.applications.insert(row.try_get(0)?, row.try_get(1)?);
            }
            CREDENTIALS => {
                self.credentials.insert(lookup(row, 0)?);
            }
            PAYERS => {
                self.payers.insert((row.try_get(0)?, row.try_get(1)?, lookup(row, 2)?));
            }
            ATTEMPTS => {
                self.attempts.insert((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
            }
            DELIVERIES => {
                self.deliveries.insert((row.try_get(0)?, row.try_get(1)?));
            }
            LOCK_BALANCES => self.learn_balance(row)?,
            catalogue::NEWEST => self.catalogue = row.try_get(0)?,
            _ if self.settings.learn(sql, row)? || self.logins.learn(sql, row)? => {}
            _ if self.account_entries.learn(sql, row)? => {}
            _ => {
                if !self.checkouts.learn(sql, row)? {
                    self.customers.learn(sql, row)?;
                }
            }
        }
        Ok(())
    }

    fn learn_balance(&mut self, row: &Row) -> Result<(), Error> {
        let currency: &str = row.try_get(2)?;
        let Some(currency) = Currency::from_code(currency) else { return Ok(()) };
        let key = BalanceKey {
            account_id: row.try_get(0)?,
            mode: row.try_get(1)?,
            currency: currency.code(),
            kind: row.try_get(3)?,
            owner: row.try_get(4)?,
        };
        if let Some(balance) = self.balances.get_mut(&key) {
            *balance = row.try_get(5)?;
        }
        Ok(())
    }

    /// Whether a request can be done after those that were decided before; if so, it counts as done.
    pub(crate) fn decide(&mut self, request: &Prepared, sums: &Sums) -> Result<(), CommitError> {
        let changes = request.changes();
        if let Some(record) = &changes.idempotency
            && let Some(existing) = self.keys.get(&(record.account_id, record.key))
        {
            return Err(CommitError::IdempotencyKeyTaken(existing.clone()));
        }
        for record in &changes.records {
            self.decide_record(record)?;
        }
        self.decide_balances(request, sums)?;
        for delivery in &changes.deliveries {
            if !self.deliveries.insert((delivery.account_id, delivery.id)) {
                return Err(CommitError::AlreadyExists("delivery"));
            }
        }
        for (key, amount_minor) in sums {
            if let Some(balance) = self.balances.get_mut(key) {
                *balance += amount_minor;
            }
        }
        Ok(())
    }

    fn decide_record(&mut self, record: &RecordChange) -> Result<(), CommitError> {
        match record {
            RecordChange::InsertPayment(payment) => {
                let stored =
                    self.payments.insert((payment.account_id, payment.id), (mode_value(payment.mode), 1));
                is_new(stored.is_none(), "payment")
            }
            RecordChange::UpdatePayment(payment) => {
                let stored = self.payments.get_mut(&(payment.account_id, payment.id));
                update(stored, (mode_value(payment.mode), payment.version))
            }
            RecordChange::InsertCardToken(token) => {
                let stored =
                    self.card_tokens.insert((token.account_id, token.lookup), (mode_value(token.mode), 1));
                is_new(stored.is_none(), "card token")
            }
            RecordChange::UpdateCardToken(token) => {
                let stored = self.card_tokens.get_mut(&(token.account_id, token.lookup));
                update(stored, (mode_value(token.mode), token.version))
            }
            RecordChange::InsertAccount(account) => {
                let email = (account.site.id().to_owned(), account.email.clone());
                is_new(self.accounts.insert(account.id) & self.emails.insert(email), "account")
            }
            RecordChange::InsertApplication(application) => is_new(
                self.applications.insert(application.id, application.account_id).is_none(),
                "application",
            ),
            RecordChange::UpdateApplication(application) => {
                if self.applications.get(&application.id) == Some(&application.account_id) {
                    Ok(())
                } else {
                    Err(CommitError::VersionConflict)
                }
            }
            RecordChange::InsertCredential(credential) => {
                is_new(self.credentials.insert(credential.lookup), "credential")
            }
            RecordChange::InsertPayer(payer) => {
                is_new(self.payers.insert((payer.account_id, mode_value(payer.mode), payer.email)), "payer")
            }
            RecordChange::SetClock { .. } => Ok(()),
            RecordChange::InsertCatalogue(record) if record.version == self.catalogue + 1 => {
                self.catalogue = record.version;
                Ok(())
            }
            RecordChange::InsertCatalogue(_) => Err(CommitError::VersionConflict),
            RecordChange::RecordAttempt(attempt) => {
                let number = i32::try_from(attempt.number).unwrap_or(i32::MAX);
                is_new(
                    self.attempts.insert((attempt.account_id, attempt.delivery_id, number)),
                    "delivery attempt",
                )?;
                if self.deliveries.contains(&(attempt.account_id, attempt.delivery_id)) {
                    Ok(())
                } else {
                    Err(CommitError::VersionConflict)
                }
            }
            RecordChange::Customer(change) => self.customers.decide(change),
            RecordChange::Checkout(change) => self.checkouts.decide(change),
            RecordChange::Login(change) => self.logins.decide(change),
            RecordChange::Notification(change) => self.decide_notification(change),
            RecordChange::AccountEntry(change) => self.account_entries.decide(change),
        }
    }

    fn decide_notification(&mut self, change: &NotificationChange) -> Result<(), CommitError> {
        let is_there = match change {
            NotificationChange::Set(setting) => return self.settings.decide(setting),
            NotificationChange::Reschedule { account_id, delivery_id, .. } => {
                self.deliveries.contains(&(*account_id, *delivery_id))
            }
            NotificationChange::Move { .. } => true,
            NotificationChange::Forget { account_id, delivery_id } => {
                self.attempts
                    .retain(|(account, delivery, _)| (account, delivery) != (account_id, delivery_id));
                self.deliveries.remove(&(*account_id, *delivery_id))
            }
        };
        if is_there { Ok(()) } else { Err(CommitError::VersionConflict) }
    }

    fn decide_balances(&self, request: &Prepared, sums: &Sums) -> Result<(), CommitError> {
        for (mode, posting) in &request.changes().postings {
            for leg in &posting.legs {
                let key = BalanceKey::of(*mode, posting, leg.account);
                let (Some(balance), Some(change)) = (self.balances.get(&key), sums.get(&key)) else {
                    continue;
                };
                if !balance.checked_add(*change).is_some_and(|after| key.allows(after)) {
                    return Err(CommitError::Overdrawn(leg.account));
                }
            }
        }
        Ok(())
    }
}

/// All balances that requests change, and those from which one of them takes what may not be there.
fn balances(sums: &[&Sums]) -> (Sums, BTreeSet<BalanceKey>) {
    let (mut all, mut watched) = (Sums::new(), BTreeSet::new());
    for (key, amount_minor) in sums.iter().copied().flatten() {
        all.insert(*key, 0);
        if !key.allows(*amount_minor) {
            watched.insert(*key);
        }
    }
    (all, watched)
}

pub(crate) fn lookup(row: &Row, index: usize) -> Result<Lookup, Error> {
    let bytes: &[u8] = row.try_get(index)?;
    // What was asked for has this length.
    Ok(bytes.try_into().unwrap_or_default())
}

pub(crate) fn is_new(is_new: bool, what: &'static str) -> Result<(), CommitError> {
    if is_new { Ok(()) } else { Err(CommitError::AlreadyExists(what)) }
}

fn update(stored: Option<&mut (i16, i64)>, read: (i16, i64)) -> Result<(), CommitError> {
    match stored {
        Some(stored) if *stored == read => {
            stored.1 += 1;
            Ok(())
        }
        _ => Err(CommitError::VersionConflict),
    }
}
