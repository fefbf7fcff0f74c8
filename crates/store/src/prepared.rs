//! Changes as a writer takes them.

use crate::encoding::encode;
use crate::{Changes, CustomerChange, RecordChange};
use std::mem::take;

/// Changes whose bodies are compressed: what a caller hands to the writer, so that compression runs on the callers'
/// threads.
#[derive(Debug)]
pub(crate) struct Prepared {
    changes: Changes,
    /// The stored forms of the bodies, in the order of the records that have one.
    contents: Vec<Vec<u8>>,
}

impl Prepared {
    /// Compresses the bodies of `changes`.
    ///
    /// # Panics
    /// When a posting isn't balanced: such a posting must never be committed.
    pub(crate) fn of(mut changes: Changes) -> Prepared {
        for (_, posting) in &changes.postings {
            assert!(posting.is_balanced(), "debits equal credits: {posting:?}");
        }
        let contents = changes
            .records
            .iter_mut()
            .filter_map(|record| match record {
                // What is compressed is given up at once: nobody looks at it again, and each commit is in memory for as long
                // as it waits.
                RecordChange::InsertPayment(payment) | RecordChange::UpdatePayment(payment) => {
                    Some(encode(&take(&mut payment.body), &take(&mut payment.internals)))
                }
                RecordChange::InsertCardToken(token) | RecordChange::UpdateCardToken(token) => {
                    Some(encode(&take(&mut token.body), &[]))
                }
                RecordChange::Customer(
                    CustomerChange::Insert(customer) | CustomerChange::Update(customer),
                ) => Some(encode(&customer.body, &customer.internals)),
                RecordChange::Checkout(change) => {
                    Some(encode(&change.record().body, &change.record().internals))
                }
                _ => None,
            })
            .collect();
        Prepared { changes, contents }
    }

    /// Changes whose bodies are compressed already: `contents` are their stored forms, and the records have none.
    pub(crate) const fn from_parts(changes: Changes, contents: Vec<Vec<u8>>) -> Prepared {
        Prepared { changes, contents }
    }

    /// The changes.
    pub(crate) const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The stored forms of the bodies, in the order of the records that have one.
    pub(crate) const fn contents(&self) -> &Vec<Vec<u8>> {
        &self.contents
    }

    /// Whether a record has a body, and so a content.
    pub(crate) const fn has_content(record: &RecordChange) -> bool {
        matches!(
            record,
            RecordChange::InsertPayment(_)
                | RecordChange::UpdatePayment(_)
                | RecordChange::InsertCardToken(_)
                | RecordChange::UpdateCardToken(_)
                | RecordChange::Customer(CustomerChange::Insert(_) | CustomerChange::Update(_))
                | RecordChange::Checkout(_)
        )
    }

    /// How many payments it makes.
    pub(crate) fn payments(&self) -> u64 {
        self.changes.records.iter().filter(|record| matches!(record, RecordChange::InsertPayment(_))).count()
            as u64
    }
}
