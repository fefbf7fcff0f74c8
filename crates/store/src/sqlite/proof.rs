//! The proofs that `pasarela doctor` runs: that the ledger is right, and that the records are whole.
//!
//! Each reads one snapshot on a connection of its own, so it can run beside a busy server.

use crate::findings::{
    DANGLING, Faults, MOST_FAULTS, TABLES, balance_name, check_balance, check_body, check_checkout,
    check_customer, check_missing, check_overdrawn, check_payment, check_totals,
};
use crate::sqlite::checkout::each_checkout;
use crate::sqlite::connection::{Purpose, open};
use crate::sqlite::customers::each_customer;
use crate::sqlite::ledger::BalanceKey;
use crate::sqlite::random_keys::RandomKeys;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::unwritten::Kinds;
use crate::sqlite::{catalogue, rows, tally};
use crate::{LedgerProof, ReadError, RecordsCheck};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, LedgerAccount};
use pasarela_domain::money::Currency;
use rusqlite::Connection;
use std::collections::{BTreeMap, HashMap};

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
            each_customer(connection, |id, customer| match customer {
                Ok(customer) => check_customer(&customer, faults),
                Err(cause) => faults.add(format!("customer {id}: {cause}")),
            })?;
            each_checkout(connection, |id, record| match record {
                Ok(record) => check_checkout(&record, faults),
                Err(cause) => faults.add(format!("checkout {id}: {cause}")),
            })?;
            check_references(connection, faults)?;
            tally::check(connection, |fault| faults.add(fault))?;
            catalogue::check(connection)?.into_iter().for_each(|fault| faults.add(fault));
            Ok(RecordsCheck { records: count_records(connection)?, faults: Vec::new() })
        })
        .await
        .map(|(check, faults)| RecordsCheck { faults, ..check })
    }

    async fn prove<T: Send + 'static>(
        &self,
        check: impl FnOnce(&Connection, &mut Faults) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<(T, Vec<String>), ReadError> {
        self.settled(Kinds::ALL).await?;
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
        let name = balance_name(mode, currency, account);
        check_balance(&name, amount, posted, faults);
        check_overdrawn(&name, kind, amount, faults);
        *totals.entry((mode, currency)).or_default() += i128::from(amount);
    }
    for ((mode, currency, account), posted) in sums {
        check_missing(&balance_name(mode, currency, account), posted, faults);
    }
    check_totals(&totals, faults);
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
                let traces = payment.traces.iter().map(|trace| hasher.trace(*trace));
                for hash in reference.into_iter().chain([payer]).chain(traces) {
                    if !keys.leads_to(connection, hash, id)? {
                        faults.add(format!(
                            "payment {id}: a search by its reference, payer or traces does not find it"
                        ));
                    }
                }
            }
            Err(cause) => faults.add(format!("payment {id}: {cause}")),
        }
    }
    Ok(())
}

fn check_bodies(connection: &Connection, faults: &mut Faults) -> rusqlite::Result<()> {
    let mut tokens = connection.prepare("SELECT id, content FROM card_token")?;
    let mut found = tokens.query([])?;
    while let Some(row) = found.next()? {
        let id = row.get(0)?;
        let body = rows::content(row, 1, "card token", id).map(|content| content.0);
        check_body(&format!("card token {id}"), body.as_ref(), faults);
    }
    for (what, sql) in [
        ("account", "SELECT id, body FROM account"),
        ("application", "SELECT id, body FROM application"),
        ("login", "SELECT account_id, body FROM login"),
        ("session", "SELECT account_id, body FROM session"),
    ] {
        let mut records = connection.prepare(sql)?;
        let mut found = records.query([])?;
        while let Some(row) = found.next()? {
            let body: rusqlite::Result<Vec<u8>> = row.get(1);
            check_body(&format!("{what} {}", row.get::<_, i64>(0)?), body.as_ref(), faults);
        }
    }
    Ok(())
}

/// Rows that refer to what isn't there, here only.
const DANGLING_ATTEMPTS: (&str, &str) = (
    "an attempt of a delivery that is not there",
    "SELECT delivery_id FROM delivery_attempt a WHERE NOT EXISTS
     (SELECT 1 FROM delivery d WHERE d.id = a.delivery_id)",
);

fn check_references(connection: &Connection, faults: &mut Faults) -> rusqlite::Result<()> {
    for (what, sql) in DANGLING.iter().chain([&DANGLING_ATTEMPTS]) {
        let mut statement = connection.prepare(sql)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            faults.add(format!("{what}: {}", row.get::<_, i64>(0)?));
        }
    }
    Ok(())
}

fn count_records(connection: &Connection) -> rusqlite::Result<Vec<(&'static str, u64)>> {
    let count = |table| {
        connection
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
            .map(|count| (table, count.unsigned_abs()))
    };
    TABLES.into_iter().map(count).collect()
}
