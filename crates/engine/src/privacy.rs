//! What is known of a person, for whoever asks by right (LGPD art. 18, Ley 25.326 art. 14 and 16): handed out, or erased.
//!
//! A person is found by e-mail at every seller, or as one customer of one seller. Nothing here is on a request's path:
//! sellers are asked one after the other, payments are read in pages, and each payment is changed as any other write,
//! with the version that was read.

mod checkouts;
mod tokens;

use crate::payments::{MAX_ROUNDS, from_json, state_of, to_json};
use crate::{Engine, Failure};
use checkouts::Whose;
use pasarela_domain::customer::user_id_of;
use pasarela_domain::identity::{AccountId, Caller, CredentialKind, Mode, PaymentId};
use pasarela_domain::payment::erasure::{erase_payer, is_over};
use pasarela_store::{
    Changes, CommitError, CustomerRecord, Lookup, PaymentRecord, PaymentSearch, RecordChange, SortField,
};
use pasarela_vault::Purpose;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokens::Signs;

/// How many payments are read at a time.
const PAGE: u32 = 100;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// Whoever has this e-mail, at every seller.
    Email(String),
    /// A customer, by its public id, at its seller.
    Customer(String),
}

/// What an erasure did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erasure {
    /// Customers that are gone.
    pub customers: u64,
    /// Saved cards that went with them.
    pub cards: u64,
    /// Tokens that had not paid: their holder, device and card are gone.
    pub tokens: u64,
    /// Preferences and merchant orders from which the buyer was taken.
    pub checkouts: u64,
    /// Payments from which the payer was taken.
    pub payments: u64,
    /// Payments that had no payer any more.
    pub erased_before: u64,
    /// Payments that are not over: they keep their payer until they are.
    pub open: Vec<PaymentId>,
    /// Accounts with this e-mail, of which nothing is changed.
    pub accounts: Vec<AccountId>,
}

/// Where a person was found.
struct Found {
    caller: Caller,
    customer: Option<CustomerRecord>,
    payers: BTreeSet<AccountId>,
    /// Keyed hash of the person's e-mail.
    email: Option<Lookup>,
}

impl Found {
    const fn whose(&self) -> Whose<'_> {
        Whose { email: self.email, payers: &self.payers }
    }
}

#[derive(Deserialize)]
struct Head {
    id: PaymentId,
}

impl Engine {
    /// All that is known of a person.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn export_person(&self, person: &Person) -> Result<Value, Failure> {
        let (mut customers, mut payments, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        let mut checkouts = Vec::new();
        for found in self.find(person).await? {
            let place = json!({"seller": found.caller.account_id, "mode": found.caller.mode.name()});
            if let Some(record) = &found.customer {
                let customer: Value = from_json(&record.body, "a customer")?;
                customers.push(json!({"at": place, "customer": customer}));
            }
            checkouts.extend(self.export_checkouts(&found.caller, &found.whose(), &place).await?);
            let (mut after, mut signs) = (0, Signs::of(&found)?);
            loop {
                let page = self.page_of(&found, after).await?;
                after += page.len();
                if page.is_empty() {
                    break;
                }
                for record in page {
                    let state = state_of(&record)?;
                    signs.add(&state);
                    let internals = state.internals;
                    let payment: Value = from_json(&record.body, "a payment")?;
                    payments.push(json!({"at": place, "payment": payment, "payer": internals.payer,
                                         "device_session": internals.device_session}));
                }
            }
            let (account_id, mode) = (found.caller.account_id, found.caller.mode);
            for (_, token) in self.tokens_of(account_id, mode, &signs).await? {
                tokens.push(json!({"at": place, "card_token": token}));
            }
        }
        let asked = match person {
            Person::Email(email) => json!({"email": email}),
            Person::Customer(id) => json!({"customer": id}),
        };
        let accounts = self.accounts_of(person).await?;
        Ok(json!({"person": asked, "made": self.inner.clock.wall().to_wire(), "accounts": accounts,
                  "customers": customers, "payments": payments, "card_tokens": tokens,
                  "checkouts": checkouts}))
    }

    /// Erases a person, or with `is_rehearsal` only counts. `progress` is told how many payments were looked at. Can be
    /// repeated after any interruption, and again when open payments are over.
    ///
    /// # Errors
    /// When the store can't be read or written.
    pub async fn erase_person(
        &self,
        person: &Person,
        is_rehearsal: bool,
        progress: impl Fn(u64),
    ) -> Result<Erasure, Failure> {
        let accounts = self.accounts_of(person).await?;
        let mut erasure = Erasure { accounts, ..Erasure::default() };
        let mut looked_at = 0;
        for found in self.find(person).await? {
            self.erase_tokens(&found, is_rehearsal, &mut erasure).await?;
            let mut after = 0;
            loop {
                let page = self.page_of(&found, after).await?;
                after += page.len();
                if page.is_empty() {
                    break;
                }
                for record in page {
                    self.erase_payment(record, is_rehearsal, &mut erasure).await?;
                    looked_at += 1;
                    progress(looked_at);
                }
            }
            let whose = found.whose();
            erasure.checkouts += self.erase_checkouts(&found.caller, &whose, is_rehearsal).await?;
            // The customer goes last: whoever was interrupted finds the payments again.
            if let Some(record) = &found.customer {
                let state = crate::customers::state_of(record)?;
                erasure.customers += 1;
                erasure.cards += state.customer.cards.len() as u64;
                if !is_rehearsal {
                    self.delete_customer(&found.caller, &state.customer.id, None).await?;
                }
            }
        }
        Ok(erasure)
    }

    /// First, while payments still tell whose a token is.
    async fn erase_tokens(
        &self,
        found: &Found,
        is_rehearsal: bool,
        erasure: &mut Erasure,
    ) -> Result<(), Failure> {
        let (mut after, mut signs) = (0, Signs::of(found)?);
        loop {
            let page = self.page_of(found, after).await?;
            after += page.len();
            if page.is_empty() {
                break;
            }
            for record in page {
                signs.add(&state_of(&record)?);
            }
        }
        for (record, token) in self.tokens_of(found.caller.account_id, found.caller.mode, &signs).await? {
            erasure.tokens += 1;
            if !is_rehearsal {
                self.erase_token(record, token).await?;
            }
        }
        Ok(())
    }

    async fn erase_payment(
        &self,
        mut record: PaymentRecord,
        is_rehearsal: bool,
        erasure: &mut Erasure,
    ) -> Result<(), Failure> {
        for _ in 0..MAX_ROUNDS {
            let mut state = state_of(&record)?;
            if !is_over(state.payment.status) {
                erasure.open.push(record.id);
                return Ok(());
            }
            let before = state.clone();
            erase_payer(&mut state);
            if state == before && record.traces.is_empty() {
                erasure.erased_before += 1;
                return Ok(());
            }
            if is_rehearsal {
                erasure.payments += 1;
                return Ok(());
            }
            let (account_id, mode, id) = (record.account_id, record.mode, record.id);
            record.body = to_json(&state.payment)?;
            record.internals = to_json(&state.internals)?;
            // They say who paid to whoever has the vault, and no law wants a risk to be judged later.
            record.traces.clear();
            let changes =
                Changes { records: vec![RecordChange::UpdatePayment(record)], ..Changes::default() };
            match self.inner.store.commit(changes).await {
                Ok(()) => {
                    erasure.payments += 1;
                    return Ok(());
                }
                // It went on meanwhile.
                Err(CommitError::VersionConflict) => record = self.load(account_id, mode, id).await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// The payments of the person at one seller, from the `after`th on, in the order of their ids.
    async fn page_of(&self, found: &Found, after: usize) -> Result<Vec<PaymentRecord>, Failure> {
        let (account_id, mode) = (found.caller.account_id, found.caller.mode);
        let mut skipped = after;
        for payer_id in &found.payers {
            let search = PaymentSearch {
                payer_id: Some(*payer_id),
                sort: SortField::Id,
                offset: u32::try_from(skipped).unwrap_or(u32::MAX),
                ..PaymentSearch::of(account_id, mode, PAGE)
            };
            let page = self.inner.store.search_payments(search).await?;
            if page.bodies.is_empty() {
                skipped = skipped.saturating_sub(usize::try_from(page.total).unwrap_or(usize::MAX));
                continue;
            }
            let mut records = Vec::with_capacity(page.bodies.len());
            for body in &page.bodies {
                let head: Head = from_json(body, "a payment")?;
                records.push(self.load(account_id, mode, head.id).await?);
            }
            return Ok(records);
        }
        Ok(Vec::new())
    }

    /// The sellers at whom the person is known.
    async fn find(&self, person: &Person) -> Result<Vec<Found>, Failure> {
        let mut all = Vec::new();
        let mut callers = self.sellers().await?;
        // A wallet's cards are kept under the buyer's own account, which need not sell anything.
        for account_id in self.accounts_of(person).await? {
            if callers.iter().all(|caller| caller.account_id != account_id) {
                callers.extend(self.callers_of(account_id).await?);
            }
        }
        for caller in callers {
            let found = match person {
                Person::Email(email) => self.find_email(caller, &email.to_lowercase()).await?,
                Person::Customer(id) => self.find_customer(caller, id).await?,
            };
            all.extend(found);
        }
        Ok(all)
    }

    async fn find_email(&self, caller: Caller, email: &str) -> Result<Option<Found>, Failure> {
        let (store, lookup) = (&self.inner.store, self.inner.vault.lookup(Purpose::Email, email));
        let (account_id, mode) = (caller.account_id, caller.mode);
        let customer = store.customer_by_email(account_id, mode, &lookup).await?;
        let payer = store.payer(account_id, mode, &lookup).await?.map(|payer| payer.payer_id);
        let account = store.account_by_email(caller.site, email).await?.map(|account| account.id);
        let user = customer.as_ref().map(|customer| customer.user_id);
        let payers = payer.into_iter().chain(account).chain(user).collect();
        let email = Some(lookup);
        let is_known = self.has_checkouts(&caller, email).await?;
        let found = Found { caller, customer, payers, email };
        Ok(Some(found).filter(|found| is_known || found.customer.is_some() || !found.payers.is_empty()))
    }

    async fn find_customer(&self, caller: Caller, id: &str) -> Result<Option<Found>, Failure> {
        let Some(user_id) = user_id_of(id) else { return Ok(None) };
        let customer = self.customer_of_user(&caller, user_id).await?;
        let customer = customer.filter(|(_, state)| state.customer.id == id);
        Ok(customer.map(|(record, _)| Found {
            caller,
            email: Some(record.email),
            customer: Some(record),
            payers: BTreeSet::from([user_id]),
        }))
    }

    /// Every account that sells, in both modes, by id.
    async fn sellers(&self) -> Result<Vec<Caller>, Failure> {
        let applications = self.inner.store.sealed_applications().await?;
        let accounts: BTreeSet<AccountId> =
            applications.iter().map(|application| application.account_id).collect();
        let mut sellers = Vec::with_capacity(accounts.len() * 2);
        for account_id in accounts {
            sellers.extend(self.callers_of(account_id).await?);
        }
        Ok(sellers)
    }

    /// An account in both modes; nothing when it is not there.
    async fn callers_of(&self, account_id: AccountId) -> Result<Vec<Caller>, Failure> {
        let Some(account) = self.account(account_id).await? else { return Ok(Vec::new()) };
        let caller = |mode| Caller {
            account_id,
            site: account.site,
            application_id: 0,
            mode,
            kind: CredentialKind::AccessToken,
        };
        Ok(vec![caller(Mode::Test), caller(Mode::Live)])
    }

    async fn accounts_of(&self, person: &Person) -> Result<Vec<AccountId>, Failure> {
        let Person::Email(email) = person else { return Ok(Vec::new()) };
        let mut accounts = Vec::new();
        for site in pasarela_domain::site::SITES {
            let found = self.inner.store.account_by_email(site, &email.to_lowercase()).await?;
            accounts.extend(found.map(|account| account.id));
        }
        Ok(accounts)
    }
}
