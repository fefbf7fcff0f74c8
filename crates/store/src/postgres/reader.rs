//! Reads: the questions that one row or a few answer.
//!
//! What a request asks names the account in an equality (`HOT`; a test proves it): where the tables are distributed, one
//! node answers.

use crate::numbers::mode_number;
use crate::postgres::rows::{
    self, account_columns, application_columns, attempt_columns, card_token_columns, credential_columns,
    delivery_columns, idempotency_columns, payer_columns, payment_columns, posting_columns, timer_columns,
};
use crate::postgres::store::PostgresStore;
use crate::{
    AccountRecord, ApplicationRecord, CardTokenRecord, CredentialRecord, DeliveryAttempt, DeliveryRecord,
    IdempotencyRecord, Lookup, PayerRecord, PaymentRecord, ReadError, Timer,
};
use futures_util::future::try_join_all;
use pasarela_domain::identity::{AccountId, ApplicationId, Mode, PaymentId};
use pasarela_domain::ledger::{LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use std::collections::HashMap;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// The most that one answer with several rows holds, whatever limit was asked for.
pub(crate) const MOST_ROWS: u32 = 10_000;

const PAYMENTS: &str = concat!(
    "SELECT ",
    payment_columns!(),
    " FROM payment WHERE account_id = $1 AND mode = $2 AND id = ANY($3)"
);
const PAYMENT: &str =
    concat!("SELECT ", payment_columns!(), " FROM payment WHERE account_id = $1 AND mode = $2 AND id = $3");
const CARD_TOKENS: &str =
    concat!("SELECT ", card_token_columns!(), " FROM card_token WHERE account_id = $1 AND lookup = ANY($2)");
const PAYER: &str =
    concat!("SELECT ", payer_columns!(), " FROM payer WHERE account_id = $1 AND mode = $2 AND email = $3");
const IDEMPOTENCY: &str =
    concat!("SELECT ", idempotency_columns!(), " FROM idempotency WHERE account_id = $1 AND key = $2");
/// Clocks stand whole on every machine: those of several accounts are at one place.
pub(crate) const CLOCK_OFFSETS: &str = "SELECT account_id, offset_ms FROM clock WHERE account_id = ANY($1)";
/// The balance of a user's account is one row, under the user's own id.
const BALANCE: &str = "SELECT amount_minor FROM balance
     WHERE account_id = $1 AND mode = $2 AND currency = $3 AND kind = $4 AND owner = $1";
const POSTINGS: &str = concat!(
    "SELECT ",
    posting_columns!(),
    " FROM posting WHERE account_id = $1 AND mode = $2 AND resource_id = $3 ORDER BY effective_at, sequence"
);
const NEXT_TIMERS: &str = concat!(
    "SELECT ",
    timer_columns!(),
    " FROM timer WHERE account_id = $1 AND mode = $2 AND due <= $3 ORDER BY due, kind, subject LIMIT $4"
);
const DELIVERY: &str =
    concat!("SELECT ", delivery_columns!(), " FROM delivery WHERE account_id = $1 AND id = $2");
const DELIVERIES: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM delivery WHERE account_id = $1 AND mode = $2 AND resource_id = $3 ORDER BY id LIMIT $4"
);
const DELIVERIES_BEHIND: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM delivery WHERE account_id = $1 AND mode = $2 AND resource_id = $3 AND id > $4 AND state IN (0, 3)
     AND channel = $5 AND topic = $6 AND url = $7 ORDER BY id LIMIT $8"
);
const ATTEMPTS: &str = concat!(
    "SELECT ",
    attempt_columns!(),
    " FROM delivery_attempt WHERE account_id = $1 AND delivery_id = $2 ORDER BY number"
);

/// The statements of the request path. A test holds their plans against the index that leads with the account.
#[cfg(test)]
pub(crate) const HOT: [&str; 11] = [
    PAYMENT,
    CARD_TOKENS,
    PAYER,
    IDEMPOTENCY,
    BALANCE,
    POSTINGS,
    NEXT_TIMERS,
    DELIVERY,
    DELIVERIES,
    DELIVERIES_BEHIND,
    ATTEMPTS,
];

/// A mode as a column holds it.
pub(crate) const fn mode_value(mode: Mode) -> i16 {
    // It is 0 or 1.
    mode_number(mode) as i16
}

/// A limit as a statement takes it.
pub(crate) fn limit_value(limit: u32) -> i64 {
    i64::from(limit.min(MOST_ROWS))
}

/// Whether a column may hold `text`: PostgreSQL takes no zero byte, so what has one is nowhere.
pub(crate) fn can_be_stored(text: &str) -> bool {
    !text.contains('\0')
}

impl PostgresStore {
    /// A payment of one account.
    pub(crate) async fn payment(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: PaymentId,
    ) -> Result<Option<PaymentRecord>, ReadError> {
        self.readers().one(PAYMENT, &[&account_id, &mode_value(mode), &id], rows::payment).await
    }

    /// Those of these payments that are an account's, in their order.
    pub(crate) async fn payments(
        &self,
        account_id: AccountId,
        mode: Mode,
        ids: &[PaymentId],
    ) -> Result<Vec<PaymentRecord>, ReadError> {
        let mut found =
            self.readers().many(PAYMENTS, &[&account_id, &mode_value(mode), &ids], rows::payment).await?;
        found.sort_by_key(|payment| ids.iter().position(|id| *id == payment.id));
        Ok(found)
    }

    /// A payment, whosever it is: for hosted pages, whose address is their only credential.
    pub(crate) async fn payment_by_id(&self, id: PaymentId) -> Result<Option<PaymentRecord>, ReadError> {
        const SQL: &str = concat!("SELECT ", payment_columns!(), " FROM payment WHERE id = $1");
        self.readers().one(SQL, &[&id], rows::payment).await
    }

    /// The card token of an account with this keyed hash.
    pub(crate) async fn card_token(
        &self,
        account_id: AccountId,
        lookup: &Lookup,
    ) -> Result<Option<CardTokenRecord>, ReadError> {
        let store = self.clone();
        let answers = async move |keys: Vec<_>| store.card_tokens(&keys).await;
        self.card_token_questions().ask((account_id, *lookup), answers).await
    }

    /// Tokens by account and lookup; a statement for each account, so that one node answers it.
    async fn card_tokens(
        &self,
        keys: &[(AccountId, Lookup)],
    ) -> Result<HashMap<(AccountId, Lookup), CardTokenRecord>, ReadError> {
        let mut by_account: HashMap<AccountId, Vec<&[u8]>> = HashMap::new();
        for (account_id, lookup) in keys {
            by_account.entry(*account_id).or_default().push(lookup);
        }
        let asked = by_account.iter().map(async |(account_id, lookups)| {
            self.readers().many(CARD_TOKENS, &[account_id, lookups], rows::card_token).await
        });
        let found = try_join_all(asked).await?;
        Ok(found.into_iter().flatten().map(|token| ((token.account_id, token.lookup), token)).collect())
    }

    /// The tokens that still hold something sealed, `limit` at a time, after the one with the lookup `after`. Each page
    /// looks at all of them: those that were made in the last days and not used.
    pub(crate) async fn sealed_card_tokens(
        &self,
        after: Option<Lookup>,
        limit: u32,
    ) -> Result<Vec<CardTokenRecord>, ReadError> {
        const SQL: &str = concat!(
            "SELECT ",
            card_token_columns!(),
            " FROM card_token WHERE (sealed_number IS NOT NULL OR sealed_security_code IS NOT NULL)
             AND ($1::BYTEA IS NULL OR lookup > $1) ORDER BY lookup LIMIT $2"
        );
        let after = after.as_ref().map(Lookup::as_slice);
        self.readers().many(SQL, &[&after, &limit_value(limit)], rows::card_token).await
    }

    /// All tokens of an account, `limit` at a time.
    pub(crate) async fn card_tokens_of(
        &self,
        account_id: AccountId,
        after: Option<Lookup>,
        limit: u32,
    ) -> Result<Vec<CardTokenRecord>, ReadError> {
        const SQL: &str = concat!(
            "SELECT ",
            card_token_columns!(),
            " FROM card_token WHERE account_id = $1 AND lookup > $2 ORDER BY lookup LIMIT $3"
        );
        // The empty text of bytes comes before all others.
        let after = after.as_ref().map_or(&[][..], Lookup::as_slice);
        self.readers().many(SQL, &[&account_id, &after, &limit_value(limit)], rows::card_token).await
    }

    /// An account.
    pub(crate) async fn account(&self, id: AccountId) -> Result<Option<AccountRecord>, ReadError> {
        const SQL: &str = concat!("SELECT ", account_columns!(), " FROM account WHERE id = $1");
        self.readers().one(SQL, &[&id], rows::account).await
    }

    /// The account of a site with this lower-case e-mail.
    pub(crate) async fn account_by_email(
        &self,
        site: Site,
        email: &str,
    ) -> Result<Option<AccountRecord>, ReadError> {
        const SQL: &str =
            concat!("SELECT ", account_columns!(), " FROM account WHERE site = $1 AND email = $2");
        if !can_be_stored(email) {
            return Ok(None);
        }
        self.readers().one(SQL, &[&site.id(), &email], rows::account).await
    }

    /// An application.
    pub(crate) async fn application(
        &self,
        id: ApplicationId,
    ) -> Result<Option<ApplicationRecord>, ReadError> {
        const SQL: &str = concat!("SELECT ", application_columns!(), " FROM application WHERE id = $1");
        self.readers().one(SQL, &[&id], rows::application).await
    }

    /// An account's applications, oldest first.
    pub(crate) async fn applications_of(
        &self,
        account_id: AccountId,
    ) -> Result<Vec<ApplicationRecord>, ReadError> {
        const SQL: &str =
            concat!("SELECT ", application_columns!(), " FROM application WHERE account_id = $1 ORDER BY id");
        self.readers().many(SQL, &[&account_id], rows::application).await
    }

    /// All applications: each holds a sealed secret, which a rotation of the vault's keys seals anew.
    pub(crate) async fn sealed_applications(&self) -> Result<Vec<ApplicationRecord>, ReadError> {
        const SQL: &str = concat!("SELECT ", application_columns!(), " FROM application ORDER BY id");
        self.readers().many(SQL, &[], rows::application).await
    }

    /// The credential with this keyed hash.
    pub(crate) async fn credential(&self, lookup: &Lookup) -> Result<Option<CredentialRecord>, ReadError> {
        const SQL: &str = concat!("SELECT ", credential_columns!(), " FROM credential WHERE lookup = $1");
        self.readers().one(SQL, &[&lookup.as_slice()], rows::credential).await
    }

    /// The credentials that an application has for an account.
    pub(crate) async fn credentials_of(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
    ) -> Result<Vec<CredentialRecord>, ReadError> {
        const SQL: &str = concat!(
            "SELECT ",
            credential_columns!(),
            " FROM credential WHERE account_id = $1 AND application_id = $2 ORDER BY lookup"
        );
        self.readers().many(SQL, &[&account_id, &application_id], rows::credential).await
    }

    /// All credentials, for a cache that is filled at the start.
    pub(crate) async fn credentials(&self) -> Result<Vec<CredentialRecord>, ReadError> {
        const SQL: &str = concat!("SELECT ", credential_columns!(), " FROM credential ORDER BY lookup");
        self.readers().many(SQL, &[], rows::credential).await
    }

    /// The payer that a collector knows by the keyed hash of an e-mail.
    pub(crate) async fn payer(
        &self,
        account_id: AccountId,
        mode: Mode,
        email: &Lookup,
    ) -> Result<Option<PayerRecord>, ReadError> {
        self.readers().one(PAYER, &[&account_id, &mode_value(mode), &email.as_slice()], rows::payer).await
    }

    /// What was done under an idempotency key, if anything. It may have expired and not be purged yet.
    pub(crate) async fn idempotency(
        &self,
        account_id: AccountId,
        key: &[u8; 16],
    ) -> Result<Option<IdempotencyRecord>, ReadError> {
        self.readers().one(IDEMPOTENCY, &[&account_id, &key.as_slice()], rows::idempotency_record).await
    }

    /// How far a test account's clock is ahead of the wall clock, in milliseconds.
    pub(crate) async fn clock_offset(&self, account_id: AccountId) -> Result<i64, ReadError> {
        let store = self.clone();
        let answers = async move |accounts: Vec<AccountId>| {
            let read = |row: &Row| Ok((rows::get(row, 0)?, rows::get(row, 1)?));
            Ok(store.readers().many(CLOCK_OFFSETS, &[&accounts], read).await?.into_iter().collect())
        };
        Ok(self.clock_questions().ask(account_id, answers).await?.unwrap_or(0))
    }

    /// All test accounts whose clock was set, with how far it is ahead.
    pub(crate) async fn clocks(&self) -> Result<Vec<(AccountId, i64)>, ReadError> {
        const SQL: &str = "SELECT account_id, offset_ms FROM clock ORDER BY account_id";
        self.readers().many(SQL, &[], |row| Ok((rows::get(row, 0)?, rows::get(row, 1)?))).await
    }

    /// A number that changes whenever a test clock is moved.
    pub(crate) async fn clocks_moved(&self) -> Result<i64, ReadError> {
        // Clocks only go forward.
        const SQL: &str = "SELECT (count(*) + coalesce(sum(offset_ms), 0))::BIGINT FROM clock";
        Ok(self.readers().one(SQL, &[], |row| rows::get(row, 0)).await?.unwrap_or(0))
    }

    /// A ledger account's balance in minor units, debit positive. One of the platform's own is a sum over the accounts
    /// whose business it took part in; no request of the API asks for it.
    pub(crate) async fn balance(
        &self,
        mode: Mode,
        currency: Currency,
        account: LedgerAccount,
    ) -> Result<i64, ReadError> {
        const PLATFORM: &str = "SELECT coalesce(sum(amount_minor), 0)::BIGINT FROM balance
             WHERE mode = $1 AND currency = $2 AND kind = $3 AND owner = 0";
        let (mode, currency, kind) = (mode_value(mode), currency.code(), i16::from(account.kind.number()));
        let read = |row: &Row| rows::get(row, 0);
        let balance = match account.owner {
            0 => self.readers().one(PLATFORM, &[&mode, &currency, &kind], read).await?,
            owner => self.readers().one(BALANCE, &[&owner, &mode, &currency, &kind], read).await?,
        };
        Ok(balance.unwrap_or(0))
    }

    /// The postings behind a payment, in the order in which they took effect.
    pub(crate) async fn postings_of(
        &self,
        account_id: AccountId,
        mode: Mode,
        resource_id: i64,
    ) -> Result<Vec<Posting>, ReadError> {
        self.readers().many(POSTINGS, &[&account_id, &mode_value(mode), &resource_id], rows::posting).await
    }

    /// An account's timers that are due until its time `until`, by due time, kind and subject; at most `limit`.
    pub(crate) async fn next_timers(
        &self,
        account_id: AccountId,
        mode: Mode,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Timer>, ReadError> {
        let (mode, limit) = (mode_value(mode), limit_value(limit));
        self.readers().many(NEXT_TIMERS, &[&account_id, &mode, &until.0, &limit], rows::timer).await
    }

    /// A delivery.
    pub(crate) async fn delivery(
        &self,
        account_id: AccountId,
        id: i64,
    ) -> Result<Option<DeliveryRecord>, ReadError> {
        self.readers().one(DELIVERY, &[&account_id, &id], rows::delivery).await
    }

    /// The deliveries about a resource, oldest first.
    pub(crate) async fn deliveries_of(
        &self,
        account_id: AccountId,
        mode: Mode,
        resource_id: &str,
    ) -> Result<Vec<DeliveryRecord>, ReadError> {
        if !can_be_stored(resource_id) {
            return Ok(Vec::new());
        }
        let (mode, limit) = (mode_value(mode), limit_value(MOST_ROWS));
        self.readers().many(DELIVERIES, &[&account_id, &mode, &resource_id, &limit], rows::delivery).await
    }

    /// The deliveries that wait behind a delivery, oldest first.
    pub(crate) async fn deliveries_behind(
        &self,
        delivery: &DeliveryRecord,
        limit: u32,
    ) -> Result<Vec<DeliveryRecord>, ReadError> {
        let DeliveryRecord { account_id, id, resource_id, topic, url, .. } = delivery;
        let (mode, channel, limit) = (mode_value(delivery.mode), delivery.channel as i16, limit_value(limit));
        let asked: [&(dyn ToSql + Sync); 8] =
            [account_id, &mode, resource_id, id, &channel, topic, url, &limit];
        self.readers().many(DELIVERIES_BEHIND, &asked, rows::delivery).await
    }

    /// The attempts of a delivery, first to last.
    pub(crate) async fn attempts(
        &self,
        account_id: AccountId,
        delivery_id: i64,
    ) -> Result<Vec<DeliveryAttempt>, ReadError> {
        self.readers().many(ATTEMPTS, &[&account_id, &delivery_id], rows::attempt).await
    }
}
