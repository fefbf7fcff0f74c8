//! The proofs that `pasarela doctor` runs: that the ledger is right, and that the records are whole.
//!
//! Each reads one snapshot on a connection of its own, so it can run beside a busy server.

use crate::sqlite::connection::{Purpose, open};
use crate::sqlite::ledger::BalanceKey;
use crate::sqlite::random_keys::RandomKeys;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::{rows, tally};
use crate::{LedgerProof, PaymentRecord, ReadError, RecordsCheck};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, LedgerAccount};
use pasarela_domain::money::Currency;
use rusqlite::Connection;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, HashMap};

/// Faults that are told one by one; a broken disk has millions.
const MOST_FAULTS: usize = 100;

impl SqliteStore {
    /// Proves the ledger: every posting is balanced, every balance is the sum of its legs, all balances of a mode and
    /// currency add up to zero, and none that must not be is overdrawn.
    pub(crate) async fn prove_ledger(&self) -> Result<LedgerProof, ReadError> {
        self.prove(|connection, faults| {
            let (postings, sums) = add_up_postings(connection, faults)?;
            let balances = compare_balances(connection, sums, faults)?;
            Ok(LedgerProof { postings, balances, faults: Vec::new() })
        })
        .await
        .map(|(proof, faults)| LedgerProof { faults, ..proof })
    }

    /// Checks the records: the database's pages and indexes, each body against its columns, and what refers to what.
    pub(crate) async fn check_records(&self) -> Result<RecordsCheck, ReadError> {
        self.prove(|connection, faults| {
            check_pages(connection, faults)?;
            check_payments(connection, faults)?;
            check_bodies(connection, faults)?;
            check_references(connection, faults)?;
            tally::check(connection, |fault| faults.add(fault))?;
            Ok(RecordsCheck { records: count_records(connection)?, faults: Vec::new() })
        })
        .await
        .map(|(check, faults)| RecordsCheck { faults, ..check })
    }

    async fn prove<T: Send + 'static>(
        &self,
        check: impl FnOnce(&Connection, &mut Faults) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<(T, Vec<String>), ReadError> {
        let store = self.clone();
        let proving = tokio::task::spawn_blocking(move || {
            let connection = open(store.database(), Purpose::Read)?;
            let snapshot = connection.unchecked_transaction()?;
            let mut faults = Faults::default();
            let found = check(&snapshot, &mut faults)?;
            Ok((found, faults.into_lines()))
        });
        proving.await.map_err(|failure| ReadError::new(failure.to_string()))?
    }
}

/// What is wrong, so far.
#[derive(Default)]
struct Faults {
    lines: Vec<String>,
    more: u64,
}

impl Faults {
    fn add(&mut self, line: String) {
        if self.lines.len() < MOST_FAULTS {
            self.lines.push(line);
        } else {
            self.more += 1;
        }
    }

    fn into_lines(mut self) -> Vec<String> {
        if self.more > 0 {
            self.lines.push(format!("… and {} more", self.more));
        }
        self.lines
    }
}

fn add_up_postings(
    connection: &Connection,
    faults: &mut Faults,
) -> rusqlite::Result<(u64, HashMap<BalanceKey, i128>)> {
    let mut sums: HashMap<BalanceKey, i128> = HashMap::new();
    let mut postings = 0;
    let mut statement = connection.prepare(&format!("SELECT {}, mode FROM posting", rows::POSTING))?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        postings += 1;
        let (posting, mode) = match (rows::posting(row), rows::mode(row, 6)) {
            (Ok(posting), Ok(mode)) => (posting, mode),
            (Err(cause), _) | (_, Err(cause)) => {
                faults.add(format!("a posting of account {} can't be read: {cause}", row.get::<_, i64>(0)?));
                continue;
            }
        };
        if !posting.is_balanced() {
            faults.add(format!(
                "a posting of account {} for {} is not balanced",
                posting.account_id, posting.resource_id
            ));
        }
        for leg in &posting.legs {
            *sums.entry((mode, posting.currency, leg.account)).or_default() += i128::from(leg.amount_minor);
        }
    }
    Ok((postings, sums))
}

fn compare_balances(
    connection: &Connection,
    mut sums: HashMap<BalanceKey, i128>,
    faults: &mut Faults,
) -> rusqlite::Result<u64> {
    let mut balances = 0;
    let mut totals: BTreeMap<(Mode, Currency), i128> = BTreeMap::new();
    let mut statement =
        connection.prepare("SELECT mode, currency, kind, owner, amount_minor FROM balance")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        balances += 1;
        let mode = rows::mode(row, 0)?;
        let (currency, kind): (String, u8) = (row.get(1)?, row.get(2)?);
        let (owner, amount): (i64, i64) = (row.get(3)?, row.get(4)?);
        let (Some(currency), Some(kind)) = (Currency::from_code(&currency), AccountKind::from_number(kind))
        else {
            faults.add(format!("a balance of {owner} in {currency} has the unknown kind {kind}"));
            continue;
        };
        let account = LedgerAccount { kind, owner };
        let posted = sums.remove(&(mode, currency, account)).unwrap_or(0);
        let name = format!("{} {} {kind:?} of {owner}", mode.name(), currency.code());
        if posted != i128::from(amount) {
            faults.add(format!("the balance {name} is {amount}, its legs add up to {posted}"));
        }
        if !kind.allows(amount) {
            faults.add(format!("the balance {name} is overdrawn by {}", amount.abs()));
        }
        *totals.entry((mode, currency)).or_default() += i128::from(amount);
    }
    for ((mode, currency, account), posted) in sums {
        if posted != 0 {
            let (mode, currency) = (mode.name(), currency.code());
            faults.add(format!(
                "the balance {mode} {currency} {:?} of {} is missing, its legs add up to {posted}",
                account.kind, account.owner
            ));
        }
    }
    for ((mode, currency), total) in totals {
        if total != 0 {
            faults.add(format!(
                "all balances {} {} add up to {total}, not to zero",
                mode.name(),
                currency.code()
            ));
        }
    }
    Ok(balances)
}

fn check_pages(connection: &Connection, faults: &mut Faults) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({MOST_FAULTS})"))?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            faults.add(line);
        }
    }
    Ok(())
}

/// What of a payment's body stands in columns too.
#[derive(Deserialize)]
struct PaymentHead {
    id: i64,
    status: String,
    collector_id: Option<i64>,
}

fn check_payments(connection: &Connection, faults: &mut Faults) -> rusqlite::Result<()> {
    let keys = RandomKeys::load(connection)?;
    let mut statement = connection.prepare(&format!("SELECT {} FROM payment", rows::PAYMENT))?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let id: i64 = row.get(0)?;
        match rows::payment(row) {
            Ok(payment) => {
                check_payment(&payment, faults);
                let hasher = keys.hasher();
                let payer = hasher.payer(payment.account_id, payment.mode, payment.payer_id);
                let reference = payment.external_reference.as_deref();
                let reference =
                    reference.map(|text| hasher.external_reference(payment.account_id, payment.mode, text));
                for hash in reference.into_iter().chain([payer]) {
                    if !keys.leads_to(connection, hash, id)? {
                        faults.add(format!(
                            "payment {id}: a search by its reference or payer does not find it"
                        ));
                    }
                }
            }
            Err(cause) => faults.add(format!("payment {id}: {cause}")),
        }
    }
    Ok(())
}

fn check_payment(payment: &PaymentRecord, faults: &mut Faults) {
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

fn check_bodies(connection: &Connection, faults: &mut Faults) -> rusqlite::Result<()> {
    let mut tokens = connection.prepare("SELECT id, content FROM card_token")?;
    let mut found = tokens.query([])?;
    while let Some(row) = found.next()? {
        let body = rows::content(row, 1).map(|content| content.0);
        check_body("card token", row.get(0)?, body, faults);
    }
    for (what, sql) in
        [("account", "SELECT id, body FROM account"), ("application", "SELECT id, body FROM application")]
    {
        let mut records = connection.prepare(sql)?;
        let mut found = records.query([])?;
        while let Some(row) = found.next()? {
            check_body(what, row.get(0)?, row.get(1), faults);
        }
    }
    Ok(())
}

fn check_body(what: &str, id: i64, body: rusqlite::Result<Vec<u8>>, faults: &mut Faults) {
    match body {
        Ok(body) => {
            if let Err(cause) = serde_json::from_slice::<IgnoredAny>(&body) {
                faults.add(format!("{what} {id}: its body is no JSON: {cause}"));
            }
        }
        Err(cause) => faults.add(format!("{what} {id}: {cause}")),
    }
}

/// Queries that find rows which refer to what isn't there, or which stand where they should not.
const DANGLING: &[(&str, &str)] = &[
    (
        "a timer of a payment that is not there",
        "SELECT subject FROM timer t WHERE NOT EXISTS
         (SELECT 1 FROM payment p WHERE p.id = t.subject AND p.account_id = t.account_id AND p.mode = t.mode)",
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
        "an attempt of a delivery that is not there",
        "SELECT delivery_id FROM delivery_attempt a WHERE NOT EXISTS
         (SELECT 1 FROM delivery d WHERE d.id = a.delivery_id)",
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
];

fn check_references(connection: &Connection, faults: &mut Faults) -> rusqlite::Result<()> {
    for (what, sql) in DANGLING {
        let mut statement = connection.prepare(sql)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            faults.add(format!("{what}: {}", row.get::<_, i64>(0)?));
        }
    }
    Ok(())
}

fn count_records(connection: &Connection) -> rusqlite::Result<Vec<(&'static str, u64)>> {
    const TABLES: [&str; 10] = [
        "account",
        "application",
        "credential",
        "payer",
        "payment",
        "card_token",
        "idempotency",
        "posting",
        "timer",
        "delivery",
    ];
    let count = |table| {
        connection
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
            .map(|count| (table, count.unsigned_abs()))
    };
    TABLES.into_iter().map(count).collect()
}
