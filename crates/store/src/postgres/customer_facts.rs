//! What stands in the way of changes of customers and saved cards: see [`crate::postgres::check`].

use crate::postgres::check::{is_new, lookup};
use crate::postgres::reader::mode_value;
use crate::postgres::records::{Value, rows};
use crate::{CommitError, CustomerChange, Fingerprint, Lookup};
use pasarela_domain::identity::AccountId;
use std::collections::{HashMap, HashSet};
use tokio_postgres::{Error, Row};

const CUSTOMERS: &str = "SELECT account_id, mode, user_id, version, email
    FROM unnest($1::bigint[], $2::smallint[], $3::bigint[]) AS asked (asked_account, asked_mode, asked_user)
    JOIN customer ON account_id = asked_account AND mode = asked_mode AND user_id = asked_user
    ORDER BY account_id, mode, user_id FOR UPDATE OF customer";
const CUSTOMER_EMAILS: &str = "SELECT account_id, mode, email
    FROM unnest($1::bigint[], $2::smallint[], $3::bytea[]) AS asked (asked_account, asked_mode, asked_email)
    JOIN customer ON account_id = asked_account AND mode = asked_mode AND email = asked_email";
const SAVED_CARDS: &str = "SELECT account_id, mode, id, user_id, fingerprint
    FROM unnest($1::bigint[], $2::smallint[], $3::bigint[]) AS asked (asked_account, asked_mode, asked_id)
    JOIN saved_card ON account_id = asked_account AND mode = asked_mode AND id = asked_id
    ORDER BY account_id, mode, id FOR UPDATE OF saved_card";
const NUMBERS: &str = "SELECT mode, fingerprint
    FROM unnest($1::smallint[], $2::bytea[]) AS asked (asked_mode, asked_fingerprint)
    JOIN sealed_card ON fingerprint = asked_fingerprint AND mode = asked_mode
    ORDER BY fingerprint, mode FOR UPDATE OF sealed_card";

rows! {
    PlaceRow { account_id: i64, mode: i16, id: i64, }
}

rows! {
    EmailRow<'a> { account_id: i64, mode: i16, email: &'a [u8], }
}

rows! {
    NumberKeyRow<'a> { mode: i16, fingerprint: &'a [u8], }
}

/// What the rows of a group's changes are about.
#[derive(Default)]
pub(crate) struct AskedCustomers<'a> {
    customers: Vec<PlaceRow>,
    emails: Vec<EmailRow<'a>>,
    cards: Vec<PlaceRow>,
    numbers: Vec<NumberKeyRow<'a>>,
}

impl<'a> AskedCustomers<'a> {
    pub(crate) fn add(&mut self, change: &'a CustomerChange) {
        let place = |account_id, mode, id| PlaceRow { account_id, mode: mode_value(mode), id };
        match change {
            CustomerChange::Insert(customer) => {
                self.customers.push(place(customer.account_id, customer.mode, customer.user_id));
                self.emails.push(EmailRow {
                    account_id: customer.account_id,
                    mode: mode_value(customer.mode),
                    email: &customer.email,
                });
            }
            CustomerChange::Update(customer) => {
                self.customers.push(place(customer.account_id, customer.mode, customer.user_id));
            }
            CustomerChange::Delete { account_id, mode, user_id, .. } => {
                self.customers.push(place(*account_id, *mode, *user_id));
            }
            CustomerChange::SaveCard { card, .. } | CustomerChange::DeleteCard(card) => {
                self.cards.push(place(card.account_id, card.mode, card.id));
            }
            CustomerChange::Reseal(card) => {
                self.numbers
                    .push(NumberKeyRow { mode: mode_value(card.mode), fingerprint: &card.fingerprint });
            }
        }
    }

    /// Hands each question that there is to `ask`, with its values.
    pub(crate) fn questions<'rows>(&'rows self, ask: &mut impl FnMut(bool, &'static str, Vec<Value<'rows>>)) {
        ask(self.customers.is_empty(), CUSTOMERS, PlaceRow::columns(&self.customers));
        ask(self.emails.is_empty(), CUSTOMER_EMAILS, EmailRow::columns(&self.emails));
        ask(self.cards.is_empty(), SAVED_CARDS, PlaceRow::columns(&self.cards));
        ask(self.numbers.is_empty(), NUMBERS, NumberKeyRow::columns(&self.numbers));
    }
}

/// A record of an account: the account, the mode and the id.
type Place = (AccountId, i16, i64);

/// What is stored of what a group's changes are about.
#[derive(Default)]
pub(crate) struct CustomerFacts {
    /// Version and e-mail.
    customers: HashMap<Place, (i64, Lookup)>,
    emails: HashSet<(AccountId, i16, Lookup)>,
    /// User and fingerprint.
    cards: HashMap<Place, (AccountId, Fingerprint)>,
    numbers: HashSet<(i16, Fingerprint)>,
}

impl CustomerFacts {
    pub(crate) fn learn(&mut self, sql: &str, row: &Row) -> Result<(), Error> {
        match sql {
            CUSTOMERS => {
                let place = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                self.customers.insert(place, (row.try_get(3)?, lookup(row, 4)?));
            }
            CUSTOMER_EMAILS => {
                self.emails.insert((row.try_get(0)?, row.try_get(1)?, lookup(row, 2)?));
            }
            SAVED_CARDS => {
                let place = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                self.cards.insert(place, (row.try_get(3)?, fingerprint(row, 4)?));
            }
            _ => {
                self.numbers.insert((row.try_get(0)?, fingerprint(row, 1)?));
            }
        }
        Ok(())
    }

    /// Whether a change can be done after those that were decided before; if so, it counts as done.
    pub(crate) fn decide(&mut self, change: &CustomerChange) -> Result<(), CommitError> {
        match change {
            CustomerChange::Insert(customer) => {
                let (account_id, mode) = (customer.account_id, mode_value(customer.mode));
                let is_new_email = self.emails.insert((account_id, mode, customer.email));
                let place = (account_id, mode, customer.user_id);
                let is_new_user = self.customers.insert(place, (1, customer.email)).is_none();
                is_new(is_new_email & is_new_user, "customer")
            }
            CustomerChange::Update(customer) => {
                let place = (customer.account_id, mode_value(customer.mode), customer.user_id);
                match self.customers.get_mut(&place) {
                    Some((version, _)) if *version == customer.version => {
                        *version += 1;
                        Ok(())
                    }
                    _ => Err(CommitError::VersionConflict),
                }
            }
            CustomerChange::Delete { account_id, mode, user_id, version } => {
                let mode = mode_value(*mode);
                match self.customers.remove(&(*account_id, mode, *user_id)) {
                    Some((stored, email)) if stored == *version => {
                        self.emails.remove(&(*account_id, mode, email));
                        Ok(())
                    }
                    _ => Err(CommitError::VersionConflict),
                }
            }
            CustomerChange::SaveCard { card, .. } => {
                let place = (card.account_id, mode_value(card.mode), card.id);
                is_new(self.cards.insert(place, (card.user_id, card.fingerprint)).is_none(), "saved card")
            }
            CustomerChange::DeleteCard(card) => {
                let place = (card.account_id, mode_value(card.mode), card.id);
                let is_there = self.cards.remove(&place) == Some((card.user_id, card.fingerprint));
                if is_there { Ok(()) } else { Err(CommitError::VersionConflict) }
            }
            CustomerChange::Reseal(card) => {
                let is_there = self.numbers.contains(&(mode_value(card.mode), card.fingerprint));
                if is_there { Ok(()) } else { Err(CommitError::VersionConflict) }
            }
        }
    }
}

fn fingerprint(row: &Row, index: usize) -> Result<Fingerprint, Error> {
    let bytes: &[u8] = row.try_get(index)?;
    // What is kept there has this length.
    Ok(bytes.try_into().unwrap_or_default())
}
