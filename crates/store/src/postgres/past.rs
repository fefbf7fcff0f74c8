//! A buyer's past on PostgreSQL: by the index over the traces, newest first.

use crate::postgres::reader::mode_value;
use crate::postgres::rows;
use crate::postgres::store::PostgresStore;
use crate::{PastPayment, PastQuestion, ReadError};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

/// So many payments that share a trace are looked at and sorted (some 20 ms). Above it, whoever pays does so often enough
/// to be met on a walk from the newest payment back.
const MOST_SORTED: i64 = 5_000;

/// What the index leads to, and how many of them there are. The index has no order, so all are fetched before they are
/// sorted; kept apart, lest the planner walk the primary key in the hope of soon meeting one.
pub(crate) const SORTED: &str = "WITH found AS MATERIALIZED (
         SELECT id, created, status, status_detail, traces FROM payment
         WHERE account_id = $1 AND mode = $2 AND traces && $3 LIMIT $5)
     SELECT id, created, status, status_detail, traces, (SELECT count(*) FROM found) FROM found
     ORDER BY id DESC LIMIT $4";

/// The same by walking the account's payments from the newest back.
pub(crate) const WALKED: &str = "SELECT id, created, status, status_detail, traces FROM payment
     WHERE account_id = $1 AND mode = $2 AND traces && $3 ORDER BY id DESC LIMIT $4";

impl PostgresStore {
    /// The payments that left one of the traces, newest first. Planned for its very values, as every search.
    pub(crate) async fn payments_by_traces(
        &self,
        question: &PastQuestion,
    ) -> Result<Vec<PastPayment>, ReadError> {
        let (mode, limit) = (mode_value(question.mode), i64::from(question.most()));
        let most = MOST_SORTED + 1;
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 5] = [
            (&question.account_id, Type::INT8),
            (&mode, Type::INT2),
            (&question.traces, Type::INT8_ARRAY),
            (&limit, Type::INT8),
            (&most, Type::INT8),
        ];
        let mut found = self.readers().search(SORTED, &values).await?;
        let count = found.first().map(|row| rows::get::<i64>(row, 5)).transpose()?.unwrap_or(0);
        if count > MOST_SORTED {
            found = self.readers().search(WALKED, &values[..4]).await?;
        }
        found.iter().map(payment).collect()
    }
}

fn payment(row: &Row) -> Result<PastPayment, ReadError> {
    Ok(PastPayment {
        id: rows::get(row, 0)?,
        created: rows::instant(row, 1)?,
        status: rows::get(row, 2)?,
        status_detail: rows::get(row, 3)?,
        traces: rows::get(row, 4)?,
    })
}
