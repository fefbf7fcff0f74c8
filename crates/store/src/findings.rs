//! What a check of the records can find, whichever engine keeps them.

use crate::{CheckoutKind, CheckoutRecord, CustomerRecord, PaymentRecord};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, LedgerAccount};
use pasarela_domain::money::Currency;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::fmt::Display;

/// Faults that are told one by one; a broken disk has millions.
pub(crate) const MOST_FAULTS: usize = 100;

/// The tables whose records are counted.
pub(crate) const TABLES: [&str; 19] = [
    "account",
    "application",
    "credential",
    "payer",
    "customer",
    "saved_card",
    "sealed_card",
    "checkout",
    "login",
    "session",
    "payment",
    "card_token",
    "idempotency",
    "posting",
    "timer",
    "delivery",
    "catalogue",
    "notification_setting",
    "account_entry",
];

/// Queries that find rows which refer to what isn't there, or which stand where they should not.
pub(crate) const DANGLING: &[(&str, &str)] = &[
    (
        "a timer of a payment that is not there",
        "SELECT subject FROM timer t WHERE t.kind <> 3 AND NOT EXISTS
         (SELECT 1 FROM payment p WHERE p.id = t.subject AND p.account_id = t.account_id AND p.mode = t.mode)",
    ),
    (
        "a timer of a merchant order that is not there",
        "SELECT subject FROM timer t WHERE t.kind = 3 AND NOT EXISTS
         (SELECT 1 FROM checkout o WHERE o.account_id = t.account_id AND o.mode = t.mode AND o.kind = 2
          AND o.id = CAST(t.subject AS TEXT))",
    ),
    (
        "an account whose earliest timer is not kept right",
        "SELECT account_id FROM (SELECT account_id, mode, min(due) AS due FROM timer GROUP BY account_id, mode) t
         WHERE NOT EXISTS (SELECT 1 FROM timer_head h LEFT JOIN clock c ON c.account_id = h.account_id AND h.mode = 0
                           WHERE h.account_id = t.account_id AND h.mode = t.mode AND h.due = t.due
                           AND h.wake = t.due - coalesce(c.offset_ms, 0))",
    ),
    (
        "an account that is woken without a timer",
        "SELECT account_id FROM timer_head h WHERE NOT EXISTS
         (SELECT 1 FROM timer t WHERE t.account_id = h.account_id AND t.mode = h.mode)",
    ),
    (
        "an application of an account that is not there",
        "SELECT id FROM application a WHERE NOT EXISTS (SELECT 1 FROM account o WHERE o.id = a.account_id)",
    ),
    (
        "a credential of an application that is not there",
        "SELECT application_id FROM credential c WHERE NOT EXISTS
         (SELECT 1 FROM application a WHERE a.id = c.application_id)",
    ),
    (
        "a login of an account that is not there",
        "SELECT account_id FROM login l WHERE NOT EXISTS (SELECT 1 FROM account o WHERE o.id = l.account_id)",
    ),
    (
        "a session of a login that is not there",
        "SELECT account_id FROM session s WHERE NOT EXISTS
         (SELECT 1 FROM login l WHERE l.account_id = s.account_id)",
    ),
    (
        "a saved card of a customer that is not there",
        "SELECT id FROM saved_card s WHERE NOT EXISTS
         (SELECT 1 FROM customer c WHERE c.account_id = s.account_id AND c.mode = s.mode AND c.user_id = s.user_id)",
    ),
    (
        "a saved card whose number is not kept",
        "SELECT s.id FROM saved_card s LEFT JOIN sealed_card n ON n.mode = s.mode AND n.fingerprint = s.fingerprint
         WHERE n.mode IS NULL",
    ),
    (
        "a card number with another count of saved cards than there are, which is",
        "SELECT n.card_references FROM sealed_card n LEFT JOIN
         (SELECT mode, fingerprint, count(*) AS cards FROM saved_card GROUP BY mode, fingerprint) s
         ON s.mode = n.mode AND s.fingerprint = n.fingerprint
         WHERE n.card_references <> coalesce(s.cards, 0)",
    ),
];

/// What is wrong, so far.
#[derive(Default)]
pub(crate) struct Faults {
    lines: Vec<String>,
    more: u64,
}

impl Faults {
    /// One more thing is wrong.
    pub(crate) fn add(&mut self, line: String) {
        if self.lines.len() < MOST_FAULTS {
            self.lines.push(line);
        } else {
            self.more += 1;
        }
    }

    /// One line for each, and one for those beyond the first hundred.
    pub(crate) fn into_lines(mut self) -> Vec<String> {
        if self.more > 0 {
            self.lines.push(format!("… and {} more", self.more));
        }
        self.lines
    }
}

/// What of a payment's body stands in columns too.
#[derive(Deserialize)]
struct PaymentHead {
    id: i64,
    status: String,
    collector_id: Option<i64>,
}

/// Holds a payment's body against its columns.
pub(crate) fn check_payment(payment: &PaymentRecord, faults: &mut Faults) {
    let id = payment.id;
    match serde_json::from_slice::<PaymentHead>(&payment.body) {
        Ok(head) => {
            if head.id != id {
                faults.add(format!("payment {id}: its body says {}", head.id));
            }
            if head.status != payment.status {
                faults.add(format!("payment {id}: it is {}, its body says {}", payment.status, head.status));
            }
            if head.collector_id.is_some_and(|collector| collector != payment.account_id) {
                faults.add(format!(
                    "payment {id}: its body names another collector than {}",
                    payment.account_id
                ));
            }
        }
        Err(cause) => faults.add(format!("payment {id}: its body is no payment: {cause}")),
    }
    if !payment.internals.is_empty()
        && let Err(cause) = serde_json::from_slice::<IgnoredAny>(&payment.internals)
    {
        faults.add(format!("payment {id}: its internals are no JSON: {cause}"));
    }
}

/// What of a customer's body stands in columns too.
#[derive(Deserialize)]
struct CustomerHead {
    user_id: i64,
    merchant_id: i64,
    live_mode: bool,
}

/// Holds a customer's body against its columns.
pub(crate) fn check_customer(customer: &CustomerRecord, faults: &mut Faults) {
    let id = customer.user_id;
    match serde_json::from_slice::<CustomerHead>(&customer.body) {
        Ok(head) => {
            let said = (head.user_id, head.merchant_id, head.live_mode);
            if said != (id, customer.account_id, customer.mode.is_live()) {
                faults.add(format!("customer {id}: its body names another user, seller or mode"));
            }
        }
        Err(cause) => faults.add(format!("customer {id}: its body is no customer: {cause}")),
    }
    if !customer.internals.is_empty()
        && let Err(cause) = serde_json::from_slice::<IgnoredAny>(&customer.internals)
    {
        faults.add(format!("customer {id}: its internals are no JSON: {cause}"));
    }
}

/// What of a preference's or a merchant order's body stands in columns too.
#[derive(Deserialize)]
struct CheckoutHead {
    id: serde_json::Value,
    external_reference: Option<String>,
    status: Option<String>,
}

/// Holds a preference's or a merchant order's body against its columns.
pub(crate) fn check_checkout(record: &CheckoutRecord, faults: &mut Faults) {
    let (name, id) = (record.kind.name(), &record.id);
    match serde_json::from_slice::<CheckoutHead>(&record.body) {
        Ok(head) => {
            let said = head.id.as_str().map_or_else(|| head.id.to_string(), str::to_owned);
            let reference = head.external_reference.filter(|reference| !reference.is_empty());
            let status = head.status.filter(|_| record.kind == CheckoutKind::MerchantOrder);
            if (&said, &reference, &status) != (id, &record.words.external_reference, &record.words.status) {
                faults.add(format!("{name} {id}: its body names another id, reference or status"));
            }
        }
        Err(cause) => faults.add(format!("{name} {id}: its body is none: {cause}")),
    }
    if !record.internals.is_empty()
        && let Err(cause) = serde_json::from_slice::<IgnoredAny>(&record.internals)
    {
        faults.add(format!("{name} {id}: its internals are no JSON: {cause}"));
    }
}

/// Whether a record's body, if it could be read, is JSON.
pub(crate) fn check_body(name: &str, body: Result<&Vec<u8>, impl Display>, faults: &mut Faults) {
    match body {
        Ok(body) => {
            if let Err(cause) = serde_json::from_slice::<IgnoredAny>(body) {
                faults.add(format!("{name}: its body is no JSON: {cause}"));
            }
        }
        Err(cause) => faults.add(format!("{name}: {cause}")),
    }
}

/// How a balance is called in a fault.
pub(crate) fn balance_name(mode: Mode, currency: Currency, account: LedgerAccount) -> String {
    format!("{} {} {:?} of {}", mode.name(), currency.code(), account.kind, account.owner)
}

/// Holds a stored balance against the sum of its legs.
pub(crate) fn check_balance(name: &str, amount: i64, posted: i128, faults: &mut Faults) {
    if posted != i128::from(amount) {
        faults.add(format!("the balance {name} is {amount}, its legs add up to {posted}"));
    }
}

/// Whether a balance that must not be is overdrawn.
pub(crate) fn check_overdrawn(name: &str, kind: AccountKind, amount: i64, faults: &mut Faults) {
    if !kind.allows(amount) {
        faults.add(format!("the balance {name} is overdrawn by {}", amount.abs()));
    }
}

/// A balance that has legs and no row.
pub(crate) fn check_missing(name: &str, posted: i128, faults: &mut Faults) {
    if posted != 0 {
        faults.add(format!("the balance {name} is missing, its legs add up to {posted}"));
    }
}

/// Whether all balances of each mode and currency add up to zero.
pub(crate) fn check_totals(totals: &BTreeMap<(Mode, Currency), i128>, faults: &mut Faults) {
    for ((mode, currency), total) in totals {
        if *total != 0 {
            faults.add(format!(
                "all balances {} {} add up to {total}, not to zero",
                mode.name(),
                currency.code()
            ));
        }
    }
}
