//! Customers and saved cards.

use crate::memory::records::{Records, Writing};
use crate::{
    CommitError, CustomerChange, CustomerDate, CustomerPage, CustomerRecord, CustomerSearch, CustomerSort,
    Fingerprint, Lookup, MOST_CUSTOMERS, SavedCardRecord, SealedCardRecord,
};
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::timestamp::Timestamp;
use std::collections::BTreeMap;

impl Writing<'_> {
    pub(crate) fn customer(&mut self, change: &CustomerChange) -> Result<(), CommitError> {
        match change {
            CustomerChange::Insert(customer) => self.insert_customer(customer),
            CustomerChange::Update(customer) => self.update_customer(customer),
            CustomerChange::Delete { account_id, mode, user_id, version } => {
                let key = (*account_id, *mode, *user_id);
                let is_there =
                    self.records.customers.get(&key).is_some_and(|stored| stored.version == *version);
                if !is_there {
                    return Err(CommitError::VersionConflict);
                }
                self.set(|records| &mut records.customers, key, None);
                Ok(())
            }
            CustomerChange::SaveCard { card, sealed_number } => {
                let key = (card.account_id, card.mode, card.id);
                self.insert("saved card", |records| &mut records.saved_cards, key, card.clone())?;
                let number = (card.mode, card.fingerprint);
                let row = match self.records.sealed_cards.get(&number) {
                    Some((cards, sealed)) => (cards + 1, sealed.clone()),
                    None => (1, sealed_number.clone()),
                };
                self.set(|records| &mut records.sealed_cards, number, Some(row));
                Ok(())
            }
            CustomerChange::DeleteCard(card) => self.delete_card(card),
            CustomerChange::Reseal(card) => {
                let number = (card.mode, card.fingerprint);
                let (cards, _) =
                    self.records.sealed_cards.get(&number).ok_or(CommitError::VersionConflict)?;
                let row = (*cards, card.sealed_number.clone());
                self.set(|records| &mut records.sealed_cards, number, Some(row));
                Ok(())
            }
        }
    }

    fn insert_customer(&mut self, customer: &CustomerRecord) -> Result<(), CommitError> {
        if self.records.customer_by_email(customer.account_id, customer.mode, &customer.email).is_some() {
            return Err(CommitError::AlreadyExists("customer"));
        }
        let row = CustomerRecord { version: 1, ..customer.clone() };
        self.insert("customer", |records| &mut records.customers, key_of(customer), row)
    }

    fn update_customer(&mut self, customer: &CustomerRecord) -> Result<(), CommitError> {
        let stored = self.records.customers.get(&key_of(customer));
        let stored = stored.filter(|stored| stored.version == customer.version || !self.checks_versions);
        let stored = stored.ok_or(CommitError::VersionConflict)?;
        let row = CustomerRecord {
            version: stored.version + 1,
            email: stored.email,
            created: stored.created,
            ..customer.clone()
        };
        self.set(|records| &mut records.customers, key_of(customer), Some(row));
        Ok(())
    }

    fn delete_card(&mut self, card: &SavedCardRecord) -> Result<(), CommitError> {
        let key = (card.account_id, card.mode, card.id);
        let number = (card.mode, card.fingerprint);
        if self.records.saved_cards.get(&key) != Some(card) {
            return Err(CommitError::VersionConflict);
        }
        let (cards, sealed) = self.records.sealed_cards.get(&number).ok_or(CommitError::VersionConflict)?;
        let row = (*cards > 1).then(|| (cards - 1, sealed.clone()));
        self.set(|records| &mut records.saved_cards, key, None);
        self.set(|records| &mut records.sealed_cards, number, row);
        Ok(())
    }
}

/// As the methods of the same names of [`Store`](crate::Store).
impl Records {
    /// A customer of a seller.
    pub fn customer(&self, account_id: AccountId, mode: Mode, user_id: AccountId) -> Option<CustomerRecord> {
        self.customers.get(&(account_id, mode, user_id)).cloned()
    }

    /// The customer of a seller with this keyed hash of its e-mail.
    pub fn customer_by_email(
        &self,
        account_id: AccountId,
        mode: Mode,
        email: &Lookup,
    ) -> Option<CustomerRecord> {
        let mut all = self.customers.values();
        all.find(|customer| {
            (customer.account_id, customer.mode, &customer.email) == (account_id, mode, email)
        })
        .cloned()
    }

    /// A saved card of a seller's customers.
    pub fn saved_card(&self, account_id: AccountId, mode: Mode, id: i64) -> Option<SavedCardRecord> {
        self.saved_cards.get(&(account_id, mode, id)).cloned()
    }

    /// The sealed number with this fingerprint.
    pub fn sealed_card(&self, mode: Mode, fingerprint: &Fingerprint) -> Option<SealedCardRecord> {
        let (_, sealed_number) = self.sealed_cards.get(&(mode, *fingerprint))?;
        Some(SealedCardRecord { mode, fingerprint: *fingerprint, sealed_number: sealed_number.clone() })
    }

    /// The sealed numbers of saved cards.
    pub fn sealed_cards(&self, after: Option<(Mode, Fingerprint)>, limit: u32) -> Vec<SealedCardRecord> {
        let later = self.sealed_cards.iter().filter(|(key, _)| after.is_none_or(|after| **key > after));
        later
            .take(limit as usize)
            .map(|(&(mode, fingerprint), (_, sealed_number))| SealedCardRecord {
                mode,
                fingerprint,
                sealed_number: sealed_number.clone(),
            })
            .collect()
    }

    /// The customers that match.
    pub fn search_customers(&self, search: &CustomerSearch) -> CustomerPage {
        let mut found: Vec<&CustomerRecord> =
            self.customers.values().filter(|customer| matches(search, customer)).collect();
        found.sort_by_key(|customer| (sorted_by(search.sort, customer), customer.user_id));
        if search.descending {
            found.reverse();
        }
        let total = found.len() as u64;
        let page = found.into_iter().skip(search.offset as usize);
        let bodies = page.take(search.limit.min(MOST_CUSTOMERS) as usize).map(|found| found.body.clone());
        CustomerPage { total, bodies: bodies.collect() }
    }

    /// Checks what cards refer to, and the counts.
    pub(crate) fn check_customers(&self, faults: &mut Vec<String>) {
        let mut counts: BTreeMap<(Mode, Fingerprint), u64> = BTreeMap::new();
        for card in self.saved_cards.values() {
            *counts.entry((card.mode, card.fingerprint)).or_default() += 1;
            if !self.customers.contains_key(&(card.account_id, card.mode, card.user_id)) {
                faults.push(format!("a saved card of a customer that is not there: {}", card.id));
            }
            if !self.sealed_cards.contains_key(&(card.mode, card.fingerprint)) {
                faults.push(format!("a saved card whose number is not kept: {}", card.id));
            }
        }
        for (key, (references, _)) in &self.sealed_cards {
            if counts.get(key).copied().unwrap_or(0) != *references {
                faults.push(format!(
                    "a card number with another count of saved cards than there are, which is: {references}"
                ));
            }
        }
    }
}

const fn key_of(customer: &CustomerRecord) -> (AccountId, Mode, AccountId) {
    (customer.account_id, customer.mode, customer.user_id)
}

fn matches(search: &CustomerSearch, customer: &CustomerRecord) -> bool {
    let at = match search.range {
        CustomerDate::Created => customer.created,
        CustomerDate::Updated => customer.updated,
    };
    let words = search.words.columns().into_iter().zip(customer.words.columns());
    (customer.account_id, customer.mode) == (search.account_id, search.mode)
        && search.user_id.is_none_or(|user_id| user_id == customer.user_id)
        && search.email.is_none_or(|email| email == customer.email)
        && search.begin.is_none_or(|begin| at >= begin)
        && search.end.is_none_or(|end| at <= end)
        && words.into_iter().all(|((_, asked), (_, has))| asked.is_none() || asked == has)
}

fn sorted_by(sort: CustomerSort, customer: &CustomerRecord) -> (Option<Timestamp>, Option<&str>) {
    match sort {
        CustomerSort::Date(CustomerDate::Created) => (Some(customer.created), None),
        CustomerSort::Date(CustomerDate::Updated) => (Some(customer.updated), None),
        CustomerSort::Id => (None, None),
        CustomerSort::FirstName => (None, customer.words.first_name.as_deref()),
        CustomerSort::LastName => (None, customer.words.last_name.as_deref()),
    }
}
