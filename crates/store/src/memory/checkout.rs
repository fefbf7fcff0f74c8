//! Preferences and merchant orders.

use crate::memory::records::{Records, Writing};
use crate::{
    CheckoutChange, CheckoutKind, CheckoutPage, CheckoutRecord, CheckoutSearch, CheckoutWords, CommitError,
    MOST_RECORDS, Range,
};
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::timestamp::Timestamp;

/// Which one: the seller, the mode, the kind and the id.
pub(crate) type CheckoutKey = (AccountId, Mode, CheckoutKind, String);

impl Writing<'_> {
    pub(crate) fn checkout(&mut self, change: &CheckoutChange) -> Result<(), CommitError> {
        let record = change.record();
        let key = key_of(record);
        match change {
            CheckoutChange::Insert(_) => {
                let row = CheckoutRecord { version: 1, ..record.clone() };
                self.insert(record.kind.name(), |records| &mut records.checkouts, key, row)
            }
            CheckoutChange::Update(_) => {
                let stored = self.records.checkouts.get(&key);
                let stored =
                    stored.filter(|stored| stored.version == record.version || !self.checks_versions);
                let stored = stored.ok_or(CommitError::VersionConflict)?;
                let row =
                    CheckoutRecord { version: stored.version + 1, created: stored.created, ..record.clone() };
                self.set(|records| &mut records.checkouts, key, Some(row));
                Ok(())
            }
        }
    }
}

/// As the methods of the same names of [`Store`](crate::Store).
impl Records {
    /// A preference or a merchant order of a seller.
    pub fn checkout(
        &self,
        account_id: AccountId,
        mode: Mode,
        kind: CheckoutKind,
        id: &str,
    ) -> Option<CheckoutRecord> {
        self.checkouts.get(&(account_id, mode, kind, id.to_owned())).cloned()
    }

    /// Those that match.
    pub fn search_checkouts(&self, search: &CheckoutSearch) -> CheckoutPage {
        let mut found: Vec<&CheckoutRecord> =
            self.checkouts.values().filter(|record| matches(search, record)).collect();
        found.sort_by(|one, other| (other.created, &other.id).cmp(&(one.created, &one.id)));
        let total = found.len() as u64;
        let page = found.into_iter().skip(search.offset as usize);
        let records = page.take(search.limit.min(MOST_RECORDS) as usize).cloned();
        CheckoutPage { total, records: records.collect() }
    }
}

fn key_of(record: &CheckoutRecord) -> CheckoutKey {
    (record.account_id, record.mode, record.kind, record.id.clone())
}

fn matches(search: &CheckoutSearch, record: &CheckoutRecord) -> bool {
    fn is<T: PartialEq>(asked: Option<&T>, has: Option<&T>) -> bool {
        asked.is_none() || asked == has
    }
    let within = |(begin, end): Range, at: Timestamp| {
        begin.is_none_or(|begin| at >= begin) && end.is_none_or(|end| at <= end)
    };
    let (asked, has): (&CheckoutWords, &CheckoutWords) = (&search.words, &record.words);
    (record.account_id, record.mode, record.kind) == (search.account_id, search.mode, search.kind)
        && is(search.id.as_ref(), Some(&record.id))
        && is(asked.external_reference.as_ref(), has.external_reference.as_ref())
        && is(asked.preference_id.as_ref(), has.preference_id.as_ref())
        && is(asked.status.as_ref(), has.status.as_ref())
        && is(asked.marketplace.as_ref(), has.marketplace.as_ref())
        && is(asked.sponsor_id.as_ref(), has.sponsor_id.as_ref())
        && is(asked.application_id.as_ref(), has.application_id.as_ref())
        && is(asked.payer_id.as_ref(), has.payer_id.as_ref())
        && is(asked.payer_email.as_ref(), has.payer_email.as_ref())
        && within(search.created, record.created)
        && within(search.updated, record.updated)
}
