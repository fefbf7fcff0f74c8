//! The proofs that `pasarela doctor` runs: that the ledger is right, and that the records are whole.
//!
//! Each reads one snapshot on a connection of its own, row by row, so it can run beside busy nodes. What it keeps is one
//! sum for each balance, some 100 bytes. The database's own pages and indexes are its own business (`pg_amcheck`).

use crate::findings::{
    DANGLING, Faults, TABLES, balance_name, check_balance, check_body, check_checkout, check_customer,
    check_missing, check_overdrawn, check_payment, check_totals,
};
use crate::postgres::catalogue;
use crate::postgres::connection::Session;
use crate::postgres::rows::{self, payment_columns, posting_columns};
use crate::postgres::store::PostgresStore;
use crate::postgres::{checkout, customers};
use crate::{LedgerProof, ReadError, RecordsCheck, share_of};
use futures_util::TryStreamExt;
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::ledger::{AccountKind, LedgerAccount};
use pasarela_domain::money::Currency;
use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use tokio_postgres::Row;

/// After so many rows others on the same thread have a turn: checking a body takes some 20 µs.
const ROWS_BETWEEN_TURNS: u64 = 64;

/// Rows that refer to what isn't there, here only.
const DANGLING_ATTEMPTS: (&str, &str) = (
    "an attempt of a delivery that is not there",
    "SELECT delivery_id FROM delivery_attempt a WHERE NOT EXISTS
     (SELECT 1 FROM delivery d WHERE d.id = a.delivery_id AND d.account_id = a.account_id)",
);

impl PostgresStore {
    /// Proves the ledger: every posting is balanced, every balance is the sum of its legs, all balances of a mode and
    /// currency add up to zero, and none that must not be is overdrawn.
    pub(crate) async fn prove_ledger(&self) -> Result<LedgerProof, ReadError> {
        let mut faults = Faults::default();
        let snapshot = self.snapshot().await?;
        let (postings, sums) = add_up_postings(&snapshot, &mut faults).await?;
        let balances = compare_balances(&snapshot, sums, &mut faults).await?;
        Ok(LedgerProof { postings, balances, faults: faults.into_lines() })
    }

    /// Checks the records: each body against its columns, what refers to what, and whose work is whose.
    pub(crate) async fn check_records(&self) -> Result<RecordsCheck, ReadError> {
        let mut faults = Faults::default();
        let snapshot = self.snapshot().await?;
        check_payments(&snapshot, &mut faults).await?;
        check_bodies(&snapshot, &mut faults).await?;
        check_customers(&snapshot, &mut faults).await?;
        check_checkouts(&snapshot, &mut faults).await?;
        check_references(&snapshot, &mut faults).await?;
        check_shares(&snapshot, &mut faults).await?;
        check_catalogues(&snapshot, &mut faults).await?;
        Ok(RecordsCheck { records: count_records(&snapshot).await?, faults: faults.into_lines() })
    }

    /// A connection whose reads all see the database as it is now. Ending the connection ends it.
    async fn snapshot(&self) -> Result<Session, ReadError> {
        let session = self.readers().long().await?;
        session.client().batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        Ok(session)
    }
}

/// Looks at each row that `sql` finds; how many they were. The server sends them as they are looked at.
async fn each(
    snapshot: &Session,
    sql: &str,
    mut look: impl FnMut(&Row) -> Result<(), ReadError>,
) -> Result<u64, ReadError> {
    let statement = snapshot.client().prepare(sql).await?;
    let mut found = pin!(snapshot.client().query_raw(&statement, Vec::<i64>::new()).await?);
    let mut rows = 0;
    while let Some(row) = found.try_next().await? {
        look(&row)?;
        rows += 1;
        if rows % ROWS_BETWEEN_TURNS == 0 {
            tokio::task::yield_now().await;
        }
    }
    Ok(rows)
}

/// Which row of the balances: whose row it is comes first.
type BalanceRow = (AccountId, Mode, Currency, LedgerAccount);

/// The row that a leg of a posting of `account_id` is added to.
const fn row_of(account_id: AccountId, mode: Mode, currency: Currency, account: LedgerAccount) -> BalanceRow {
    let owner = if account.owner == 0 { account_id } else { account.owner };
    (owner, mode, currency, account)
}

async fn add_up_postings(
    snapshot: &Session,
    faults: &mut Faults,
) -> Result<(u64, HashMap<BalanceRow, i128>), ReadError> {
    const SQL: &str = concat!("SELECT ", posting_columns!(), ", mode FROM posting");
    let mut sums: HashMap<BalanceRow, i128> = HashMap::new();
    let postings = each(snapshot, SQL, |row| {
        let (posting, mode) = match (rows::posting(row), rows::mode(row, 6)) {
            (Ok(posting), Ok(mode)) => (posting, mode),
            (Err(cause), _) | (_, Err(cause)) => {
                let account_id: AccountId = rows::get(row, 0)?;
                faults.add(format!("a posting of account {account_id} can't be read: {}", cause.cause()));
                return Ok(());
            }
        };
        if !posting.is_balanced() {
            faults.add(format!(
                "a posting of account {} for {} is not balanced",
                posting.account_id, posting.resource_id
            ));
        }
        for leg in &posting.legs {
            let row = row_of(posting.account_id, mode, posting.currency, leg.account);
            *sums.entry(row).or_default() += i128::from(leg.amount_minor);
        }
        Ok(())
    });
    let postings = postings.await?;
    Ok((postings, sums))
}

/// How many balances there are: those of the platform's own accounts, of which each account has a row, count once.
async fn compare_balances(
    snapshot: &Session,
    mut sums: HashMap<BalanceRow, i128>,
    faults: &mut Faults,
) -> Result<u64, ReadError> {
    const SQL: &str = "SELECT account_id, mode, currency, kind, owner, amount_minor FROM balance";
    let mut users = 0;
    let mut platform: BTreeMap<(Mode, Currency, LedgerAccount), i128> = BTreeMap::new();
    let mut totals: BTreeMap<(Mode, Currency), i128> = BTreeMap::new();
    each(snapshot, SQL, |row| {
        let mode = rows::mode(row, 1)?;
        let (account_id, currency, kind): (AccountId, &str, i64) =
            (rows::get(row, 0)?, rows::get(row, 2)?, rows::number(row, 3)?);
        let (owner, amount): (i64, i64) = (rows::get(row, 4)?, rows::get(row, 5)?);
        let known = u8::try_from(kind).ok().and_then(AccountKind::from_number);
        let (Some(currency), Some(kind)) = (Currency::from_code(currency), known) else {
            faults.add(format!("a balance of {owner} in {currency} has the unknown kind {kind}"));
            return Ok(());
        };
        let account = LedgerAccount { kind, owner };
        let key = row_of(account_id, mode, currency, account);
        let name = row_name(&(account_id, mode, currency, account));
        // One that stands in a row which is not its own has no legs there.
        let posted = if key.0 == account_id { sums.remove(&key).unwrap_or(0) } else { 0 };
        check_balance(&name, amount, posted, faults);
        if owner == 0 {
            *platform.entry((mode, currency, account)).or_default() += i128::from(amount);
        } else {
            users += 1;
            check_overdrawn(&name, kind, amount, faults);
        }
        *totals.entry((mode, currency)).or_default() += i128::from(amount);
        Ok(())
    })
    .await?;
    for ((mode, currency, account), amount) in &platform {
        match i64::try_from(*amount) {
            Ok(amount) => {
                check_overdrawn(&balance_name(*mode, *currency, *account), account.kind, amount, faults);
            }
            Err(_) => faults
                .add(format!("the balance {} is out of range", balance_name(*mode, *currency, *account))),
        }
    }
    for (row, posted) in &sums {
        check_missing(&row_name(row), *posted, faults);
    }
    check_totals(&totals, faults);
    Ok(users + platform.len() as u64)
}

fn row_name((account_id, mode, currency, account): &BalanceRow) -> String {
    let name = balance_name(*mode, *currency, *account);
    if account.owner == *account_id { name } else { format!("{name} (with account {account_id})") }
}

async fn check_payments(snapshot: &Session, faults: &mut Faults) -> Result<(), ReadError> {
    const SQL: &str = concat!("SELECT ", payment_columns!(), " FROM payment");
    each(snapshot, SQL, |row| {
        match rows::payment(row) {
            Ok(payment) => check_payment(&payment, faults),
            Err(damage) => faults.add(format!("payment {}: {}", rows::get::<i64>(row, 0)?, damage.cause())),
        }
        Ok(())
    })
    .await?;
    Ok(())
}

async fn check_customers(snapshot: &Session, faults: &mut Faults) -> Result<(), ReadError> {
    each(snapshot, customers::ALL, |row| {
        match customers::customer(row) {
            Ok(customer) => check_customer(&customer, faults),
            Err(damage) => faults.add(format!("customer {}: {}", rows::get::<i64>(row, 2)?, damage.cause())),
        }
        Ok(())
    })
    .await?;
    Ok(())
}

async fn check_checkouts(snapshot: &Session, faults: &mut Faults) -> Result<(), ReadError> {
    each(snapshot, checkout::ALL, |row| {
        match checkout::record(row) {
            Ok(record) => check_checkout(&record, faults),
            Err(damage) => faults.add(format!("checkout {}: {}", rows::get::<&str>(row, 3)?, damage.cause())),
        }
        Ok(())
    })
    .await?;
    Ok(())
}

async fn check_bodies(snapshot: &Session, faults: &mut Faults) -> Result<(), ReadError> {
    let tokens = "SELECT account_id, encode(substring(lookup FROM 1 FOR 4), 'hex'), content FROM card_token";
    each(snapshot, tokens, |row| {
        let (account_id, lookup): (AccountId, &str) = (rows::get(row, 0)?, rows::get(row, 1)?);
        let body = rows::content(row, 2).map(|content| content.0);
        let name = format!("card token {lookup}… of account {account_id}");
        check_body(&name, body.as_ref().map_err(ReadError::cause), faults);
        Ok(())
    })
    .await?;
    for (what, sql) in [
        ("account", "SELECT id, body FROM account"),
        ("application", "SELECT id, body FROM application"),
        ("login", "SELECT account_id, body FROM login"),
        ("session", "SELECT account_id, body FROM session"),
    ] {
        each(snapshot, sql, |row| {
            let body: Result<Vec<u8>, ReadError> = rows::get(row, 1);
            let name = format!("{what} {}", rows::get::<i64>(row, 0)?);
            check_body(&name, body.as_ref().map_err(ReadError::cause), faults);
            Ok(())
        })
        .await?;
    }
    Ok(())
}

async fn check_references(snapshot: &Session, faults: &mut Faults) -> Result<(), ReadError> {
    for (what, sql) in DANGLING.iter().chain([&DANGLING_ATTEMPTS]) {
        each(snapshot, sql, |row| {
            faults.add(format!("{what}: {}", rows::get::<i64>(row, 0)?));
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// What stands in a share that is not its account's would be done by another node than the rest, and out of order.
async fn check_shares(snapshot: &Session, faults: &mut Faults) -> Result<(), ReadError> {
    for (what, sql) in [
        ("earliest timer", "SELECT DISTINCT account_id, share FROM timer_head"),
        ("pending deliveries", "SELECT DISTINCT account_id, share FROM delivery WHERE state = 0"),
    ] {
        each(snapshot, sql, |row| {
            let (account_id, share) = (rows::get(row, 0)?, rows::number(row, 1)?);
            if share != i64::from(share_of(account_id)) {
                faults.add(format!(
                    "account {account_id}: its {what} stand in the share {share}, not in its own"
                ));
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

async fn check_catalogues(snapshot: &Session, faults: &mut Faults) -> Result<(), ReadError> {
    let mut found = Vec::new();
    each(snapshot, catalogue::IN_ORDER, |row| {
        found.push((rows::get(row, 0)?, rows::get(row, 1)?));
        Ok(())
    })
    .await?;
    crate::catalogue::check(found.into_iter()).into_iter().for_each(|fault| faults.add(fault));
    Ok(())
}

async fn count_records(snapshot: &Session) -> Result<Vec<(&'static str, u64)>, ReadError> {
    let mut records = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let count = snapshot.client().query_one(&format!("SELECT count(*) FROM {table}"), &[]).await?;
        records.push((table, rows::get::<i64>(&count, 0)?.unsigned_abs()));
    }
    Ok(records)
}
