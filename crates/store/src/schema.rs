//! The schema of a PostgreSQL database, for whoever looks after it: brought up to date, printed, distributed.

use crate::postgres::copying::connect;
use crate::postgres::migrations;
use crate::{DatabaseUrl, OpenError};

pub use crate::postgres::distribute::{distribute, distribution_statements};

/// Brings the schema of `database` to that of this program, from an empty one too. Says the versions before and after.
///
/// # Errors
/// When it can't be reached, or a newer program or another one wrote it.
pub async fn migrate(database: &DatabaseUrl) -> Result<(i64, i64), OpenError> {
    let client = connect(database, true).await?;
    let found = migrations::version(&client, database).await?;
    migrations::migrate(&client, database, true).await?;
    Ok((found, migrations::NEWEST))
}

/// The SQL that makes the schema in an empty database.
pub fn statements() -> String {
    migrations::MIGRATIONS.concat()
}
