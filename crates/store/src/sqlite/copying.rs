//! A SQLite store, read out and filled: see [`crate::copying`].
//!
//! Both hold the directory's lock, so no server runs meanwhile. What the writer keeps beside the rows (random keys,
//! tallies, the earliest timers) is made by the writer's own code, a page at a time.

use crate::copying::{Cursor, Kind, NOTE, Page, Row, TABLES, Table, Value};
use crate::packing::unpack_traces;
use crate::sqlite::connection::{Purpose, open, open_error};
use crate::sqlite::fault::{Fault, commit_error};
use crate::sqlite::location::Held;
use crate::sqlite::migrations::{migrate, require_newest};
use crate::sqlite::records::Memory;
use crate::sqlite::recovery::recover;
use crate::sqlite::rows::resource_value;
use crate::sqlite::statements::Statements;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::tally::Counted;
use crate::sqlite::unwritten::Kinds;
use crate::{CommitError, Location, OpenError, ReadError, StoreOptions, Timer, numbers};
use pasarela_domain::identity::Mode;
use pasarela_domain::timestamp::Timestamp;
use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, params_from_iter};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Random keys are put into a tree that does not fit the writer's usual cache; a copy runs alone and may take more.
const CACHE_KIB: i64 = 64 * 1024;

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
        Table::Account => of("account t", &["t.id"]),
        Table::Application => of("application t", &["t.id"]),
        Table::Credential => of("credential t", &["t.lookup"]),
        Table::Clock => of("clock t", &["t.account_id"]),
        Table::Login => of("login t", &["t.account_id"]),
        Table::Session => of("session t", &["t.account_id", "t.lookup"]),
        Table::Catalogue => of("catalogue t", &["t.version"]),
        Table::AccountEntry => of("account_entry t", &["t.account_id", "t.kind", "t.name"]),
        Table::NotificationSetting => {
            of("notification_setting t", &["t.application_id", "t.mode", "t.kind", "t.name"])
        }
        Table::Payer => of("payer t", &["t.account_id", "t.mode", "t.email"]),
        Table::SealedCard => of("sealed_card t", &["t.mode", "t.fingerprint"]),
        Table::Customer => of("customer t", &["t.account_id", "t.mode", "t.user_id"]),
        Table::Checkout => of("checkout t", &["t.account_id", "t.mode", "t.kind", "t.id"]),
        Table::SavedCard => of("saved_card t", &["t.account_id", "t.mode", "t.id"]),
        Table::Payment => of("payment t", &["t.id"]),
        Table::CardToken => of("card_token t", &["t.id"]),
        // In the order in which they were made, which is that in which they expire: the purge counts on it.
        Table::Idempotency => of("idempotency t", &["t.id"]),
        Table::Posting => {
            of("posting t", &["t.account_id", "t.mode", "t.resource_id", "t.effective_at", "t.sequence"])
        }
        Table::Balance => Layout { filter: "t.owner <> 0 AND t.amount_minor <> 0", ..BALANCES },
        Table::PlatformBalance => Layout { filter: "t.owner = 0 AND t.amount_minor <> 0", ..BALANCES },
        Table::Timer => of("timer t", &["t.account_id", "t.mode", "t.due", "t.kind", "t.subject"]),
        Table::Delivery => of("delivery t", &["t.id"]),
        Table::DeliveryAttempt => of(
            "delivery_attempt t CROSS JOIN delivery d ON d.id = t.delivery_id",
            &["t.delivery_id", "t.number"],
        ),
    }
}

const BALANCES: Layout =
    Layout { from: "balance t", filter: "", key: &["t.mode", "t.currency", "t.kind", "t.owner"] };

/// How a column is read.
fn expression(table: Table, column: &str) -> String {
    // An attempt is its delivery's account's.
    let owner = if table == Table::DeliveryAttempt && column == "account_id" { "d" } else { "t" };
    format!("{owner}.{column}")
}

/// A SQLite store that is read out.
pub(crate) struct SqliteDump {
    state: Arc<Mutex<Reading>>,
}

struct Reading {
    // Dropped in this order: the connection first, then the lock.
    connection: Connection,
    _held: Held,
}

impl SqliteDump {
    pub(crate) async fn open(location: Location) -> Result<SqliteDump, OpenError> {
        aside_opening(move || {
            let held = Held::take(&StoreOptions { location, create: false, read_only: false })?;
            let database = held.database().to_owned();
            let failed = |cause| open_error(&database, cause);
            let connection = open(&database, Purpose::Read).map_err(failed)?;
            require_newest(&connection, &database)?;
            recover_before(&database, &held)?;
            // One moment for all pages, whatever else happens to the file.
            connection.execute_batch("BEGIN").map_err(failed)?;
            Ok(SqliteDump { state: Arc::new(Mutex::new(Reading { connection, _held: held })) })
        })
        .await
    }

    pub(crate) async fn count(&self, table: Table) -> Result<u64, ReadError> {
        self.read(move |connection| {
            let Layout { from, filter, .. } = layout(table);
            let sql = format!("SELECT count(*) FROM {from} WHERE {filter}");
            connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
        })
        .await
    }

    pub(crate) async fn page(
        &self,
        table: Table,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Page, ReadError> {
        self.read(move |connection| page(connection, table, after.as_ref(), limit)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        let state = self.state.clone();
        let reading = tokio::task::spawn_blocking(move || {
            question(&state.lock().unwrap_or_else(PoisonError::into_inner).connection)
        });
        Ok(reading.await.map_err(|failure| ReadError::new(failure.to_string()))??)
    }
}

fn page(connection: &Connection, table: Table, after: Option<&Cursor>, limit: u32) -> rusqlite::Result<Page> {
    let Layout { from, filter, key } = layout(table);
    let columns = table.columns();
    let selected: Vec<String> = columns.iter().map(|column| expression(table, column.0)).collect();
    let (selected, key_list) = (selected.join(", "), key.join(", "));
    let from_where = match after {
        Some(cursor) => {
            let holders: Vec<String> = (1..=cursor.0.len()).map(|number| format!("?{number}")).collect();
            format!("{from} WHERE {filter} AND ({key_list}) > ({})", holders.join(", "))
        }
        None => format!("{from} WHERE {filter}"),
    };
    let sql = format!("SELECT {selected}, {key_list} FROM {from_where} ORDER BY {key_list} LIMIT {limit}");
    let mut statement = connection.prepare_cached(&sql)?;
    let key_values = after.map(|cursor| cursor.0.as_slice()).unwrap_or_default();
    let mut found = statement.query(params_from_iter(key_values))?;
    let (mut rows, mut last_key) = (Vec::new(), None);
    while let Some(row) = found.next()? {
        let read = |index: usize| row.get_ref(index).map(value);
        let mut values = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            values.push(match (column.1, read(index)??) {
                // A number of a resource is kept as one, and is text elsewhere.
                (Kind::Text, Value::Integer(number)) => Value::Text(number.to_string()),
                (_, value) => value,
            });
        }
        rows.push(values);
        if rows.len() == limit as usize {
            let key = (columns.len()..columns.len() + key.len()).map(|index| read(index)?);
            last_key = Some(key.collect::<rusqlite::Result<_>>()?);
        }
    }
    Ok(Page::of(rows, last_key, limit))
}

fn value(stored: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).map_err(|_| not_ours("text"))?),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(not_ours("number")),
    })
}

fn not_ours(what: &'static str) -> rusqlite::Error {
    crate::sqlite::rows::damaged(0, what)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl SqliteStore {
    /// Whether a copy is filling the store, or was stopped before its end.
    pub(crate) async fn is_unfinished(&self) -> Result<bool, ReadError> {
        self.points(Kinds::ALL).await?.ask(|connection| Ok(note(connection)?.is_some())).await
    }
}

fn note(connection: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.query_row("SELECT value FROM setting WHERE name = ?1", [NOTE], |row| row.get(0)).optional()
}

/// A SQLite store that is filled.
pub(crate) struct SqliteRestore {
    state: Arc<Mutex<Writing>>,
}

struct Writing {
    connection: Connection,
    memory: Memory,
    // Given back last.
    _held: Held,
}

impl SqliteRestore {
    pub(crate) async fn open(location: Location) -> Result<SqliteRestore, OpenError> {
        aside_opening(move || {
            let held = Held::take(&StoreOptions::new(location))?;
            let database = held.database().to_owned();
            let failed = |cause| open_error(&database, cause);
            let mut connection =
                open(&database, Purpose::Write { durable: !held.is_ephemeral() }).map_err(failed)?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(failed)?;
            migrate(&mut connection, &database)?;
            recover_before(&database, &held)?;
            let memory = Memory::load(&connection).map_err(failed)?;
            Ok(SqliteRestore { state: Arc::new(Mutex::new(Writing { connection, memory, _held: held })) })
        })
        .await
    }

    pub(crate) async fn note(&self) -> Result<Option<Vec<u8>>, ReadError> {
        self.read(note).await
    }

    pub(crate) async fn is_empty(&self) -> Result<bool, ReadError> {
        self.read(|connection| {
            for table in TABLES {
                let sql = format!("SELECT 1 FROM {} LIMIT 1", layout(table).from);
                if connection.prepare(&sql)?.exists([])? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await
    }

    pub(crate) async fn insert(
        &self,
        table: Table,
        rows: Vec<Row>,
        note: Vec<u8>,
    ) -> Result<(), CommitError> {
        self.write(move |writing| {
            writing.insert(table, &rows)?;
            let sql = "INSERT INTO setting (name, value) VALUES (?1, ?2)
                       ON CONFLICT DO UPDATE SET value = excluded.value";
            writing.connection.prepare_cached(sql)?.execute((NOTE, note))?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn finish(&self) -> Result<(), CommitError> {
        self.write(|writing| {
            writing.connection.execute("DELETE FROM setting WHERE name = ?1", [NOTE])?;
            let count = "UPDATE applied SET postings = (SELECT coalesce(max(sequence) + 1, 0) FROM posting)";
            writing.connection.execute(count, [])?;
            Ok(())
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        let state = self.state.clone();
        let reading = tokio::task::spawn_blocking(move || {
            question(&state.lock().unwrap_or_else(PoisonError::into_inner).connection)
        });
        Ok(reading.await.map_err(|failure| ReadError::new(failure.to_string()))??)
    }

    async fn write(
        &self,
        work: impl FnOnce(&mut Writing) -> Result<(), Fault> + Send + 'static,
    ) -> Result<(), CommitError> {
        let state = self.state.clone();
        let writing = tokio::task::spawn_blocking(move || {
            state.lock().unwrap_or_else(PoisonError::into_inner).transaction(work)
        });
        writing.await.unwrap_or_else(|failure| Err(CommitError::Failed(failure.to_string())))
    }
}

impl Writing {
    fn transaction(
        &mut self,
        work: impl FnOnce(&mut Writing) -> Result<(), Fault>,
    ) -> Result<(), CommitError> {
        let done = self.attempt(work);
        match done {
            Ok(()) => self.memory.committed(),
            Err(_) => {
                if !self.connection.is_autocommit() {
                    // What a broken connection can't roll back, its end does.
                    let _ = self.connection.execute_batch("ROLLBACK");
                }
                self.memory.failed();
            }
        }
        done.map_err(|fault| match fault {
            Fault::Refused(refusal) => refusal,
            Fault::Database(cause) => commit_error(&cause),
        })
    }

    fn attempt(&mut self, work: impl FnOnce(&mut Writing) -> Result<(), Fault>) -> Result<(), Fault> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        work(self)?;
        self.memory.flush(&mut Statements::new(&self.connection))?;
        self.connection.execute_batch("COMMIT")?;
        Ok(())
    }

    fn insert(&mut self, table: Table, rows: &[Row]) -> Result<(), Fault> {
        if table == Table::Timer {
            return self.set_timers(rows);
        }
        let kept: Vec<usize> = (0..table.columns().len()).filter(|index| is_kept(table, *index)).collect();
        let names: Vec<&str> = kept.iter().map(|index| table.columns()[*index].0).collect();
        let holders: Vec<String> = (1..=kept.len()).map(|number| format!("?{number}")).collect();
        // The name before the alias.
        let into = layout(table).from.split(' ').next().unwrap_or_default();
        let sql = format!("INSERT INTO {into} ({}) VALUES ({})", names.join(", "), holders.join(", "));
        let mut statement = self.connection.prepare_cached(&sql)?;
        for row in rows {
            statement
                .execute(params_from_iter(kept.iter().map(|index| stored(table, *index, &row[*index]))))?;
            derive(&mut self.memory, table, row, self.connection.last_insert_rowid())?;
        }
        Ok(())
    }

    fn set_timers(&mut self, rows: &[Row]) -> Result<(), Fault> {
        let mut statements = Statements::new(&self.connection);
        for row in rows {
            let [account_id, mode, subject, kind, due] = row.as_slice() else { return Err(unreadable()) };
            let kind = kind.integer().and_then(numbers::timer_kind);
            let mode = mode.integer().and_then(numbers::mode);
            let (Some(account_id), Some(mode), Some(subject), Some(kind), Some(due)) =
                (account_id.integer(), mode, subject.integer(), kind, due.integer())
            else {
                return Err(unreadable());
            };
            let timer = Timer { account_id, mode, kind, subject, due: Timestamp(due) };
            self.memory.timers.set(&mut statements, &timer)?;
        }
        Ok(())
    }
}

/// Whether the column stands in this engine's table: an attempt's account stands in its delivery.
fn is_kept(table: Table, index: usize) -> bool {
    table != Table::DeliveryAttempt || table.columns()[index].0 != "account_id"
}

fn stored(table: Table, index: usize, value: &Value) -> SqlValue {
    match value {
        Value::Text(text) if table == Table::Delivery && table.columns()[index].0 == "resource_id" => {
            resource_value(text)
        }
        Value::Null => SqlValue::Null,
        Value::Integer(number) => SqlValue::Integer(*number),
        Value::Text(text) => SqlValue::Text(text.clone()),
        Value::Bytes(bytes) => SqlValue::Blob(bytes.clone()),
    }
}

/// Stages what the writer would have staged for the row.
fn derive(memory: &mut Memory, table: Table, row: &Row, row_id: i64) -> Result<(), Fault> {
    let hasher = memory.keys.hasher();
    let at = |name: &str| &row[table.position(name)];
    let integer = |name: &str| at(name).integer().ok_or_else(unreadable);
    let mode = || -> Result<Mode, Fault> { numbers::mode(integer("mode")?).ok_or_else(unreadable) };
    let instant = |name: &str| at(name).integer().map(Timestamp);
    match table {
        Table::Payment => {
            let (account_id, mode, id) = (integer("account_id")?, mode()?, integer("id")?);
            memory.keys.stage(hasher.payer(account_id, mode, integer("payer_id")?), id);
            if let Some(reference) = at("external_reference").text() {
                memory.keys.stage(hasher.external_reference(account_id, mode, reference), id);
            }
            if let Some(packed) = at("traces").bytes() {
                for trace in unpack_traces(packed).ok_or_else(unreadable)? {
                    memory.keys.stage(hasher.trace(trace), id);
                }
            }
            let counted = Counted {
                created: Timestamp(integer("created")?),
                updated: Timestamp(integer("updated")?),
                approved: instant("approved"),
                release: instant("release"),
                status: at("status").text().ok_or_else(unreadable)?.to_owned(),
            };
            memory.tallies.stage((account_id, mode), None, &counted);
        }
        Table::CardToken => {
            let lookup = at("lookup").bytes().ok_or_else(unreadable)?;
            memory.keys.stage(hasher.card_token(lookup), row_id);
        }
        Table::Idempotency => {
            let key = at("key").bytes().ok_or_else(unreadable)?;
            memory.keys.stage(hasher.idempotency(integer("account_id")?, key), row_id);
        }
        _ => {}
    }
    Ok(())
}

fn unreadable() -> Fault {
    Fault::Refused(CommitError::Failed("a row of the source is not as it should be".to_owned()))
}

/// What only the journal has is stored first: the machine may have failed when a server used the store last.
fn recover_before(database: &Path, held: &Held) -> Result<(), OpenError> {
    if held.is_ephemeral() {
        return Ok(());
    }
    let connection =
        open(database, Purpose::Write { durable: true }).map_err(|cause| open_error(database, cause))?;
    recover(&connection, database).map(drop).map_err(|failure| failure.of(database))
}

async fn aside_opening<T: Send + 'static>(
    opening: impl FnOnce() -> Result<T, OpenError> + Send + 'static,
) -> Result<T, OpenError> {
    match tokio::task::spawn_blocking(opening).await {
        Ok(opened) => opened,
        // Opening doesn't panic, and the runtime does not cancel what has begun unless it ends itself.
        Err(failure) => std::panic::resume_unwind(failure.into_panic()),
    }
}
