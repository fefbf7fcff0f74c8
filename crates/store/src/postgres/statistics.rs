//! Statistics while the tables are young.
//!
//! A database plans a prepared statement once. On an empty table every index that leads with the account looks as good as
//! the key, and such a plan stays while the table grows: measured, a payment was then found by going through all of its
//! seller's. The database's own housekeeping looks at a table once a minute at best; a busy node fills one with half a
//! million rows in that time. So nodes look more often, and have what has grown fourfold analysed, which also lets the
//! plans be made again.

use crate::postgres::connection::{Purpose, Target, describe};
use std::convert::Infallible;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often it is looked.
const PAUSE: Duration = Duration::from_secs(1);

/// The same while the database can't be reached, is no PostgreSQL, or does not let this user.
const LONG_PAUSE: Duration = Duration::from_secs(10);

/// From so many rows on, the database's housekeeping has seen the table several times: nothing is done here any more.
const GROWN_UP: i64 = 10_000_000;

/// A tenth of the database's own sample: enough to tell a key from what is no key, and a tenth of the work. What the
/// housekeeping finds later with its whole sample is as good as ever.
const SAMPLE: &str = "SET default_statistics_target = 10";

/// The tables whose rows have become four times as many since they were analysed, and are no few.
const GROWN: &str = "SELECT format('%I', relation.relname)
     FROM pg_catalog.pg_stat_user_tables AS statistics JOIN pg_catalog.pg_class AS relation ON relation.oid = statistics.relid
     WHERE statistics.schemaname = current_schema()
       AND statistics.n_live_tup BETWEEN 200 AND $1
       AND statistics.n_live_tup > 4 * greatest(relation.reltuples, 0)";

/// Who looks; stops when it is dropped.
pub(crate) struct Attendant(JoinHandle<()>);

impl Attendant {
    /// One for the database that `target` names.
    pub(crate) fn start(target: Target) -> Attendant {
        Attendant(tokio::spawn(attend(target)))
    }

    /// Stops looking.
    pub(crate) fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for Attendant {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn attend(target: Target) {
    loop {
        let Err(cause) = look(&target).await;
        tracing::debug!(cause = describe(&cause), "statistics could not be looked after");
        tokio::time::sleep(LONG_PAUSE).await;
    }
}

async fn look(target: &Target) -> Result<Infallible, tokio_postgres::Error> {
    let session = target.session(Purpose::Long).await?;
    session.client().batch_execute(SAMPLE).await?;
    let mut before = Vec::new();
    loop {
        let rows = session.query(GROWN, &[&GROWN_UP]).await?;
        let tables = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
        for table in &tables {
            session.client().batch_execute(&format!("ANALYZE {table}")).await?;
        }
        // What is still there was passed over: the user does not own it.
        let is_in_vain = !tables.is_empty() && tables == before;
        tokio::time::sleep(if is_in_vain { LONG_PAUSE } else { PAUSE }).await;
        before = tables;
    }
}
