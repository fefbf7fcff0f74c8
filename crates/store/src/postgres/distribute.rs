//! Tables spread over the machines of a Citus cluster: by account, so that all of an account's rows are on one machine
//! and each commit stays there.

use crate::postgres::connection::describe;
use crate::postgres::copying::connect;
use crate::postgres::migrations;
use crate::{DatabaseUrl, OpenError};

/// Small tables that every request reads, and those of the nodes: the whole of each on every machine.
pub(crate) const REFERENCE_TABLES: [&str; 10] = [
    "setting",
    "node",
    "work_share",
    "account",
    "application",
    "credential",
    "login",
    "clock",
    "catalogue",
    "notification_setting",
];

/// The tables that grow, by the account whose they are. The first one is what the others lie beside.
pub(crate) const DISTRIBUTED_TABLES: [&str; 15] = [
    "payment",
    "payer",
    "card_token",
    "idempotency",
    "posting",
    "balance",
    "timer",
    "timer_head",
    "delivery",
    "delivery_attempt",
    "checkout",
    "session",
    "customer",
    "saved_card",
    "account_entry",
];

/// What belongs to no account, and the column by which it is spread: a card number is shared by all who saved it.
pub(crate) const SHARED_TABLES: [(&str, &str); 1] = [("sealed_card", "fingerprint")];

/// The column by which they are spread.
pub(crate) const DISTRIBUTION_COLUMN: &str = "account_id";

/// The statements that spread the tables, in their order.
pub fn distribution_statements() -> Vec<String> {
    let reference = REFERENCE_TABLES.iter().map(|table| format!("SELECT create_reference_table('{table}')"));
    let (first, others) = (DISTRIBUTED_TABLES[0], &DISTRIBUTED_TABLES[1..]);
    let first = format!("SELECT create_distributed_table('{first}', '{DISTRIBUTION_COLUMN}')");
    let others = others.iter().map(|table| {
        format!(
            "SELECT create_distributed_table('{table}', '{DISTRIBUTION_COLUMN}', colocate_with => '{}')",
            DISTRIBUTED_TABLES[0]
        )
    });
    let shared = SHARED_TABLES.iter().map(|(table, column)| {
        format!("SELECT create_distributed_table('{table}', '{column}', colocate_with => 'none')")
    });
    reference.chain([first]).chain(others).chain(shared).collect()
}

/// Spreads the tables of a database that has the newest schema. Says which statements were run: none, if all tables were
/// spread already. An interrupted run is gone on with by the next.
///
/// # Errors
/// When the database has no Citus, can't be reached, or refuses.
pub async fn distribute(url: &DatabaseUrl) -> Result<Vec<String>, OpenError> {
    let name = url.to_string();
    let failed = |cause: String| OpenError::Database { name: name.clone(), cause };
    let client = connect(url, true).await?;
    migrations::require_newest(&client, url).await?;
    let has_citus: bool = client
        .query_one(
            "SELECT to_regproc('create_reference_table') IS NOT NULL AND to_regclass('pg_dist_partition') IS NOT NULL",
            &[],
        )
        .await
        .map_err(|cause| failed(describe(&cause)))?
        .get(0);
    if !has_citus {
        return Err(failed(
            "it has no Citus. Put `citus` into shared_preload_libraries, restart it, and run CREATE EXTENSION citus in \
             this database"
                .to_owned(),
        ));
    }
    let mut done = Vec::new();
    for statement in distribution_statements() {
        // The table is the statement's first quoted word.
        let table = statement.split('\'').nth(1).unwrap_or_default();
        let is_done: bool = client
            .query_one(
                "SELECT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = to_regclass($1::text))",
                &[&table],
            )
            .await
            .map_err(|cause| failed(describe(&cause)))?
            .get(0);
        if is_done {
            continue;
        }
        client
            .query(&statement, &[])
            .await
            .map_err(|cause| failed(format!("{statement}: {}", describe(&cause))))?;
        done.push(statement);
    }
    Ok(done)
}
