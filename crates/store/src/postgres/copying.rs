//! A PostgreSQL store, read out and filled: see [`crate::copying`].
//!
//! Rows go in by thousands, each page one statement over arrays. What stands beside them (the platform's balances in
//! parts, the earliest timers, shares of work) is added in the same transaction.

use crate::copying::{Cursor, Kind, NOTE, Page, Row, TABLES, Table, Value};
use crate::packing::{pack_traces, unpack_legs, unpack_traces};
use crate::postgres::connection::{Purpose, Target, describe};
use crate::postgres::records::traces_text;
use crate::postgres::store::PostgresStore;
use crate::postgres::{migrations, rows};
use crate::{CommitError, DatabaseUrl, OpenError, ReadError, share_of};
use std::collections::BTreeMap;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Transaction};

/// The advisory lock of whoever copies into a database ("PASACOPY").
const COPY_LOCK: i64 = 0x5041_5341_434f_5059;

/// Where a table's rows are, and by what they are ordered.
struct Layout {
    from: &'static str,
    filter: &'static str,
    key: &'static [&'static str],
}

const fn layout(table: Table) -> Layout {
    const fn of(from: &'static str, key: &'static [&'static str]) -> Layout {
        Layout { from, filter: "TRUE", key }
    }
    match table {
        Table::Account => of("account", &["id"]),
        Table::Application => of("application", &["id"]),
        Table::Credential => of("credential", &["lookup"]),
        Table::Clock => of("clock", &["account_id"]),
        Table::Login => of("login", &["account_id"]),
        Table::Session => of("session", &["account_id", "lookup"]),
        Table::Catalogue => of("catalogue", &["version"]),
        Table::AccountEntry => of("account_entry", &["account_id", "kind", "name"]),
        Table::NotificationSetting => {
            of("notification_setting", &["application_id", "mode", "kind", "name"])
        }
        Table::Payer => of("payer", &["account_id", "mode", "email"]),
        Table::SealedCard => of("sealed_card", &["mode", "fingerprint"]),
        Table::Customer => of("customer", &["account_id", "mode", "user_id"]),
        Table::Checkout => of("checkout", &["account_id", "mode", "kind", "id"]),
        Table::SavedCard => of("saved_card", &["account_id", "mode", "id"]),
        Table::Payment => of("payment", &["account_id", "id"]),
        Table::CardToken => of("card_token", &["account_id", "lookup"]),
        // An engine that keeps them in the order in which they come wants those first that expire first.
        Table::Idempotency => of("idempotency", &["expires", "account_id", "key"]),
        Table::Posting => of("posting", &["account_id", "mode", "effective_at", "sequence"]),
        Table::Balance => Layout {
            from: "balance",
            filter: "t.owner <> 0 AND t.amount_minor <> 0",
            key: &["account_id", "mode", "currency", "kind", "owner"],
        },
        Table::PlatformBalance => Layout {
            from: "(SELECT mode, currency, kind, owner, sum(amount_minor) AS amount_minor FROM balance WHERE owner = 0
                    GROUP BY mode, currency, kind, owner)",
            filter: "t.amount_minor <> 0",
            key: &["mode", "currency", "kind", "owner"],
        },
        Table::Timer => of("timer", &["account_id", "mode", "subject", "kind"]),
        Table::Delivery => of("delivery", &["account_id", "id"]),
        Table::DeliveryAttempt => of("delivery_attempt", &["account_id", "delivery_id", "number"]),
    }
}

/// A column as the driver reads it.
fn expression((name, kind): (&str, Kind)) -> String {
    match kind {
        Kind::Integer => format!("t.{name}::bigint"),
        Kind::Truth => format!("t.{name}::integer::bigint"),
        Kind::Text | Kind::Bytes | Kind::Integers => format!("t.{name}"),
    }
}

/// What the column `name` holds; a key's column that no row has is a number.
fn kind_of(table: Table, name: &str) -> Kind {
    table.columns().iter().find(|column| column.0 == name).map_or(Kind::Integer, |column| column.1)
}

const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "bigint",
        Kind::Truth => "boolean",
        // Arrays of arrays are flattened on the way: each goes as the text of one.
        Kind::Text | Kind::Integers => "text",
        Kind::Bytes => "bytea",
    }
}

type Parameter = Box<dyn ToSql + Sync + Send>;

fn borrowed(parameters: &[Parameter]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|parameter| &**parameter as &(dyn ToSql + Sync)).collect()
}

fn failed(name: &DatabaseUrl, cause: &tokio_postgres::Error) -> OpenError {
    OpenError::Database { name: name.to_string(), cause: describe(cause) }
}

/// Refuses a database that nodes use now.
async fn require_alone(url: &DatabaseUrl, client: &Client) -> Result<(), OpenError> {
    let nodes: i64 = client
        .query_one("SELECT count(*) FROM node WHERE holder IS NOT NULL AND expires > now()", &[])
        .await
        .map_err(|cause| failed(url, &cause))?
        .get(0);
    if nodes == 0 {
        return Ok(());
    }
    Err(OpenError::Database {
        name: url.to_string(),
        cause: format!(
            "{nodes} servers use it now, or were killed a moment ago: stop them, wait until their leases have ended, \
             and try again"
        ),
    })
}

/// A connection for what takes long, to the primary server if it is to be `writable`.
pub(crate) async fn connect(url: &DatabaseUrl, writable: bool) -> Result<Client, OpenError> {
    let unreachable = |cause| OpenError::Unreachable { name: url.to_string(), cause };
    let target =
        Target::parse(url.reveal()).ok_or_else(|| unreachable("its URL can't be read".to_owned()))?;
    let target = if writable { target.writable() } else { target };
    target.connect(Purpose::Long).await.map_err(|cause| unreachable(describe(&cause)))
}

/// A PostgreSQL store that is read out.
pub(crate) struct PostgresDump {
    client: Client,
}

impl PostgresDump {
    pub(crate) async fn open(url: &DatabaseUrl) -> Result<PostgresDump, OpenError> {
        let client = connect(url, false).await?;
        migrations::require_newest(&client, url).await?;
        require_alone(url, &client).await?;
        // One moment for all pages, however long the other store takes for its own.
        client
            .batch_execute(
                "SET idle_in_transaction_session_timeout = 0;
                 BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
            )
            .await
            .map_err(|cause| failed(url, &cause))?;
        Ok(PostgresDump { client })
    }

    pub(crate) async fn count(&self, table: Table) -> Result<u64, ReadError> {
        let Layout { from, filter, .. } = layout(table);
        let sql = format!("SELECT count(*) FROM {from} AS t WHERE {filter}");
        Ok(self.client.query_one(&sql, &[]).await?.get::<_, i64>(0).unsigned_abs())
    }

    pub(crate) async fn page(
        &self,
        table: Table,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page, ReadError> {
        let Layout { from, filter, key } = layout(table);
        let columns = table.columns();
        let key_columns = key.iter().map(|name| (*name, kind_of(table, name)));
        let selected: Vec<String> =
            columns.iter().copied().chain(key_columns.clone()).map(expression).collect();
        let key_list: Vec<String> = key.iter().map(|name| format!("t.{name}")).collect();
        let (selected, key_list) = (selected.join(", "), key_list.join(", "));
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut beyond = String::new();
        if let Some(cursor) = after {
            let holders: Vec<String> = key_columns
                .clone()
                .zip(1..)
                .map(|((_, kind), number)| format!("${number}::{}", type_of(kind)))
                .collect();
            beyond = format!(" AND ({key_list}) > ({})", holders.join(", "));
            parameters = cursor.0.iter().map(single).collect();
        }
        let sql = format!(
            "SELECT {selected} FROM {from} AS t WHERE {filter}{beyond} ORDER BY {key_list} LIMIT {limit}"
        );
        let found = self.client.query(&sql, &borrowed(&parameters)).await?;
        let read = |row: &tokio_postgres::Row, index: usize, kind: Kind| -> Result<Value, ReadError> {
            Ok(match kind {
                Kind::Integer | Kind::Truth => row.try_get::<_, Option<i64>>(index)?.map(Value::Integer),
                Kind::Text => row.try_get::<_, Option<String>>(index)?.map(Value::Text),
                Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(index)?.map(Value::Bytes),
                Kind::Integers => {
                    let integers = row.try_get::<_, Option<Vec<i64>>>(index)?;
                    integers.and_then(|integers| pack_traces(&integers)).map(Value::Bytes)
                }
            }
            .unwrap_or(Value::Null))
        };
        let mut rows = Vec::with_capacity(found.len());
        for row in &found {
            let values = columns.iter().enumerate().map(|(index, column)| read(row, index, column.1));
            rows.push(values.collect::<Result<Row, _>>()?);
        }
        let last_key = match found.last() {
            Some(row) => {
                let values =
                    key_columns.zip(columns.len()..).map(|((_, kind), index)| read(row, index, kind));
                Some(values.collect::<Result<Vec<Value>, _>>()?)
            }
            None => None,
        };
        Ok(Page::of(rows, last_key, limit))
    }

    pub(crate) async fn close(self) {
        // Nothing was written: the transaction ends with the connection in any case.
        let _ = self.client.batch_execute("ROLLBACK").await;
    }
}

fn single(value: &Value) -> Parameter {
    match value {
        // No key holds one.
        Value::Null => Box::new(None::<i64>),
        Value::Integer(number) => Box::new(*number),
        Value::Text(text) => Box::new(text.clone()),
        Value::Bytes(bytes) => Box::new(bytes.clone()),
    }
}

impl PostgresStore {
    /// Whether a copy is filling the store, or was stopped before its end.
    pub(crate) async fn is_unfinished(&self) -> Result<bool, ReadError> {
        const SQL: &str = "SELECT count(*) FROM setting WHERE name = $1";
        let notes: Option<i64> = self.readers().one(SQL, &[&NOTE], |row| rows::get(row, 0)).await?;
        Ok(notes.is_some_and(|notes| notes > 0))
    }
}

/// A PostgreSQL store that is filled.
pub(crate) struct PostgresRestore {
    client: Client,
}

impl PostgresRestore {
    pub(crate) async fn open(url: &DatabaseUrl) -> Result<PostgresRestore, OpenError> {
        let client = connect(url, true).await?;
        migrations::migrate(&client, url, true).await?;
        require_alone(url, &client).await?;
        let is_ours: bool = client
            .query_one("SELECT pg_try_advisory_lock($1)", &[&COPY_LOCK])
            .await
            .map_err(|cause| failed(url, &cause))?
            .get(0);
        if !is_ours {
            return Err(OpenError::Database {
                name: url.to_string(),
                cause: "another copy is being made into it: wait for its end, or stop it".to_owned(),
            });
        }
        Ok(PostgresRestore { client })
    }

    pub(crate) async fn note(&self) -> Result<Option<Vec<u8>>, ReadError> {
        let found = self.client.query_opt("SELECT value FROM setting WHERE name = $1", &[&NOTE]).await?;
        Ok(found.map(|row| row.get(0)))
    }

    pub(crate) async fn is_empty(&self) -> Result<bool, ReadError> {
        for table in TABLES {
            let sql = format!("SELECT 1 FROM {} AS t LIMIT 1", layout(table).from);
            if self.client.query_opt(&sql, &[]).await?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(crate) async fn insert(
        &mut self,
        table: Table,
        rows: Vec<Row>,
        note: Vec<u8>,
    ) -> Result<(), CommitError> {
        let transaction = self.client.transaction().await.map_err(|cause| not_written(&cause))?;
        put(&transaction, table, &rows, &note).await?;
        transaction.commit().await.map_err(|cause| not_written(&cause))
    }

    pub(crate) async fn finish(&self) -> Result<(), CommitError> {
        let done = self.client.execute("DELETE FROM setting WHERE name = $1", &[&NOTE]).await;
        done.map(drop).map_err(|cause| not_written(&cause))
    }

    pub(crate) async fn close(self) {
        // It ends with the connection in any case; asking makes sure that it has when this returns.
        let _ = self.client.execute("SELECT pg_advisory_unlock($1)", &[&COPY_LOCK]).await;
    }
}

fn not_written(cause: &tokio_postgres::Error) -> CommitError {
    CommitError::Failed(describe(cause))
}

fn unreadable() -> CommitError {
    CommitError::Failed("a row of the source is not as it should be".to_owned())
}

async fn put(
    transaction: &Transaction<'_>,
    table: Table,
    rows: &[Row],
    note: &[u8],
) -> Result<(), CommitError> {
    if !rows.is_empty() && table != Table::PlatformBalance {
        insert(transaction, table, rows).await?;
    }
    match table {
        Table::Posting => add_platform_parts(transaction, rows).await?,
        Table::Timer => lower_heads(transaction, rows).await?,
        _ => {}
    }
    transaction
        .execute(
            "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &[&NOTE, &note],
        )
        .await
        .map(drop)
        .map_err(|cause| not_written(&cause))
}

async fn insert(transaction: &Transaction<'_>, table: Table, rows: &[Row]) -> Result<(), CommitError> {
    let mut names: Vec<&str> = table.columns().iter().map(|column| column.0).collect();
    let mut kinds: Vec<Kind> = table.columns().iter().map(|column| column.1).collect();
    let parameters: Result<Vec<Parameter>, CommitError> =
        kinds.iter().enumerate().map(|(index, kind)| array(*kind, rows, index)).collect();
    let mut parameters = parameters?;
    // What this engine keeps beside what every engine does.
    let derived: Option<(&str, Vec<i64>)> = match table {
        Table::Balance => Some(("account_id", integers(table, rows, "owner")?)),
        Table::Delivery => {
            let accounts = integers(table, rows, "account_id")?;
            Some(("share", accounts.into_iter().map(|account| i64::from(share_of(account))).collect()))
        }
        _ => None,
    };
    if let Some((name, values)) = derived {
        names.push(name);
        kinds.push(Kind::Integer);
        parameters.push(Box::new(values));
    }
    let holders: Vec<String> =
        kinds.iter().zip(1..).map(|(kind, number)| format!("${number}::{}[]", type_of(*kind))).collect();
    let values: Vec<String> = names
        .iter()
        .zip(&kinds)
        .map(|(name, kind)| format!("u.{name}{}", if *kind == Kind::Integers { "::bigint[]" } else { "" }))
        .collect();
    let columns = names.join(", ");
    let sql = format!(
        "INSERT INTO {} ({columns}) SELECT {} FROM UNNEST({}) AS u ({columns})",
        layout(table).from,
        values.join(", "),
        holders.join(", ")
    );
    transaction.execute(&sql, &borrowed(&parameters)).await.map(drop).map_err(|cause| not_written(&cause))
}

/// Column `index` of all rows.
fn array(kind: Kind, rows: &[Row], index: usize) -> Result<Parameter, CommitError> {
    Ok(match kind {
        Kind::Integer => Box::new(rows.iter().map(|row| row[index].integer()).collect::<Vec<_>>()),
        Kind::Truth => Box::new(
            rows.iter().map(|row| row[index].integer().map(|number| number != 0)).collect::<Vec<_>>(),
        ),
        Kind::Text => {
            Box::new(rows.iter().map(|row| row[index].text().map(str::to_owned)).collect::<Vec<_>>())
        }
        Kind::Bytes => {
            Box::new(rows.iter().map(|row| row[index].bytes().map(<[u8]>::to_vec)).collect::<Vec<_>>())
        }
        Kind::Integers => {
            let texts = rows.iter().map(|row| match row[index].bytes() {
                Some(packed) => Ok(Some(traces_text(&unpack_traces(packed).ok_or_else(unreadable)?))),
                None => Ok(None),
            });
            Box::new(texts.collect::<Result<Vec<Option<String>>, CommitError>>()?)
        }
    })
}

fn integers(table: Table, rows: &[Row], name: &str) -> Result<Vec<i64>, CommitError> {
    let index = table.position(name);
    rows.iter().map(|row| row[index].integer().ok_or_else(unreadable)).collect()
}

/// The platform's own balances are kept in parts, one for each account whose business they took part in.
async fn add_platform_parts(transaction: &Transaction<'_>, rows: &[Row]) -> Result<(), CommitError> {
    let mut parts: BTreeMap<(i64, i64, String, i64), i64> = BTreeMap::new();
    for row in rows {
        let at = |name: &str| &row[Table::Posting.position(name)];
        let integer = |name: &str| at(name).integer().ok_or_else(unreadable);
        let (account_id, mode) = (integer("account_id")?, integer("mode")?);
        let currency = at("currency").text().ok_or_else(unreadable)?;
        let legs = at("legs").bytes().and_then(|packed| unpack_legs(account_id, packed));
        for leg in legs.ok_or_else(unreadable)?.iter().filter(|leg| leg.account.owner == 0) {
            let key = (account_id, mode, currency.to_owned(), i64::from(leg.account.kind.number()));
            let part = parts.entry(key).or_default();
            *part = part.checked_add(leg.amount_minor).ok_or_else(unreadable)?;
        }
    }
    if parts.is_empty() {
        return Ok(());
    }
    let accounts: Vec<i64> = parts.keys().map(|key| key.0).collect();
    let modes: Vec<i64> = parts.keys().map(|key| key.1).collect();
    let currencies: Vec<&str> = parts.keys().map(|key| key.2.as_str()).collect();
    let kinds: Vec<i64> = parts.keys().map(|key| key.3).collect();
    let amounts: Vec<i64> = parts.values().copied().collect();
    transaction
        .execute(
            "INSERT INTO balance (account_id, mode, currency, kind, owner, amount_minor)
             SELECT u.account_id, u.mode, u.currency, u.kind, 0, u.amount_minor
             FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[])
                  AS u (account_id, mode, currency, kind, amount_minor)
             ON CONFLICT (account_id, mode, currency, kind, owner)
             DO UPDATE SET amount_minor = balance.amount_minor + excluded.amount_minor",
            &[&accounts, &modes, &currencies, &kinds, &amounts],
        )
        .await
        .map(drop)
        .map_err(|cause| not_written(&cause))
}

/// The earliest timer of each account, and when the wall clock wakes it. The clocks are there already.
async fn lower_heads(transaction: &Transaction<'_>, rows: &[Row]) -> Result<(), CommitError> {
    let mut heads: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for row in rows {
        let integer = |name: &str| row[Table::Timer.position(name)].integer().ok_or_else(unreadable);
        let due = integer("due")?;
        heads
            .entry((integer("account_id")?, integer("mode")?))
            .and_modify(|head| *head = due.min(*head))
            .or_insert(due);
    }
    if heads.is_empty() {
        return Ok(());
    }
    let accounts: Vec<i64> = heads.keys().map(|key| key.0).collect();
    let modes: Vec<i64> = heads.keys().map(|key| key.1).collect();
    let shares: Vec<i64> = accounts.iter().map(|account| i64::from(share_of(*account))).collect();
    let dues: Vec<i64> = heads.values().copied().collect();
    transaction
        .execute(
            "INSERT INTO timer_head (account_id, mode, share, due, wake)
             SELECT u.account_id, u.mode, u.share, u.due, u.due - coalesce(c.offset_ms, 0)
             FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS u (account_id, mode, share, due)
             LEFT JOIN clock c ON c.account_id = u.account_id AND u.mode = 0
             ON CONFLICT (account_id, mode) DO UPDATE
             SET due = least(timer_head.due, excluded.due), wake = least(timer_head.wake, excluded.wake)",
            &[&accounts, &modes, &shares, &dues],
        )
        .await
        .map(drop)
        .map_err(|cause| not_written(&cause))
}
