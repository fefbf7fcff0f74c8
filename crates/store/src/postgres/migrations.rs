//! The schema's numbered steps: plain SQL, forward only, never destructive.

use crate::postgres::connection::describe;
use crate::{DatabaseUrl, OpenError};
use tokio_postgres::{Client, Error};

/// The steps; the first one makes version 1.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_foundation.sql"),
    include_str!("../../migrations/postgres/0002_customers.sql"),
    include_str!("../../migrations/postgres/0003_catalogue.sql"),
    include_str!("../../migrations/postgres/0004_traces.sql"),
    include_str!("../../migrations/postgres/0005_notifications.sql"),
    include_str!("../../migrations/postgres/0006_checkout.sql"),
    include_str!("../../migrations/postgres/0007_logins.sql"),
    include_str!("../../migrations/postgres/0008_turns.sql"),
    include_str!("../../migrations/postgres/0009_account_entries.sql"),
    include_str!("../../migrations/postgres/0010_unsettled.sql"),
];

/// The schema that this version of the program writes.
pub(crate) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// Nodes that start at the same time migrate one after the other: the key of the lock that sees to it ("PASA").
const LOCK: i64 = 0x5041_5341;

/// Where the schema's version is kept, as decimal digits.
const VERSION: &str = "SELECT value FROM setting WHERE name = 'schema'";

/// Brings the database to [`NEWEST`], all steps in one transaction; an empty one too if it may be `created`.
pub(crate) async fn migrate(client: &Client, url: &DatabaseUrl, created: bool) -> Result<(), OpenError> {
    let found = version(client, url).await?;
    if found == NEWEST {
        return Ok(());
    }
    if found == 0 && !created {
        return Err(OpenError::NothingThere { name: url.to_string() });
    }
    let database = |cause: Error| OpenError::Database { name: url.to_string(), cause: describe(&cause) };
    client.batch_execute("BEGIN").await.map_err(database)?;
    // CockroachDB takes the lock's name and does nothing: there, the first node is to be started alone.
    client.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await.map_err(database)?;
    // Another node may have done it meanwhile.
    let found = version(client, url).await?;
    for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        client.batch_execute(step).await.map_err(database)?;
    }
    client
        .execute(
            "INSERT INTO setting (name, value) VALUES ('schema', $1)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &[&NEWEST.to_string().into_bytes()],
        )
        .await
        .map_err(database)?;
    client.batch_execute("COMMIT").await.map_err(database)?;
    if found < NEWEST {
        tracing::info!(from = found, to = NEWEST, database = %url, "the schema was migrated");
    }
    Ok(())
}

/// Checks, without changing anything, that the database has the schema of this version of the program.
pub(crate) async fn require_newest(client: &Client, url: &DatabaseUrl) -> Result<(), OpenError> {
    match version(client, url).await? {
        NEWEST => Ok(()),
        0 => Err(OpenError::NothingThere { name: url.to_string() }),
        found => Err(OpenError::Older { name: url.to_string(), found, known: NEWEST }),
    }
}

/// The schema's version, 0 for an empty database.
pub(crate) async fn version(client: &Client, url: &DatabaseUrl) -> Result<i64, OpenError> {
    let database = |cause: Error| OpenError::Database { name: url.to_string(), cause: describe(&cause) };
    let row = client
        .query_one(
            "SELECT count(*), count(*) FILTER (WHERE table_name = 'setting') FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'",
            &[],
        )
        .await
        .map_err(database)?;
    let (tables, settings): (i64, i64) =
        (row.try_get(0).map_err(database)?, row.try_get(1).map_err(database)?);
    if tables == 0 {
        return Ok(0);
    }
    let not_ours = || OpenError::NotOurs { name: url.to_string() };
    if settings == 0 {
        return Err(not_ours());
    }
    // Another program's table of the same name has other columns, or not this row.
    let rows = client.query(VERSION, &[]).await.map_err(|cause| match cause.code() {
        Some(_) => not_ours(),
        None => database(cause),
    })?;
    let value: Vec<u8> = match rows.first() {
        Some(row) => row.try_get(0).map_err(|_| not_ours())?,
        None => return Err(not_ours()),
    };
    let found: i64 =
        std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok()).ok_or_else(not_ours)?;
    if found > NEWEST {
        return Err(OpenError::Newer { name: url.to_string(), found, known: NEWEST });
    }
    Ok(found)
}
