//! `pasarela migrate`: the schema of a PostgreSQL database, and its distribution over a cluster.

use crate::DatabaseUrl;
use crate::upkeep::UpkeepError;
use pasarela_store::schema;

/// What a migration did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The schema's version before; 0 for an empty database.
    pub from: i64,
    /// The version now.
    pub to: i64,
}

/// Brings the schema of `database` to that of this program. Does nothing where it is that already.
///
/// # Errors
/// When it can't be reached, or a newer program or another one wrote it.
pub async fn migrate(database: &DatabaseUrl) -> Result<Migration, UpkeepError> {
    let (from, to) = schema::migrate(database).await?;
    Ok(Migration { from, to })
}

/// Spreads the tables over the machines of a Citus cluster. Says which statements were run: none, if they were spread
/// already.
///
/// # Errors
/// When there is no Citus, or it refuses.
pub async fn distribute(database: &DatabaseUrl) -> Result<Vec<String>, UpkeepError> {
    Ok(schema::distribute(database).await?)
}

/// The SQL that [`migrate`] runs on an empty database; with `distribute`, what [`distribute`] runs after it too.
pub fn statements(distribute: bool) -> String {
    let mut sql = schema::statements();
    if distribute {
        for statement in schema::distribution_statements() {
            sql.push_str(&statement);
            sql.push_str(";\n");
        }
    }
    sql
}
