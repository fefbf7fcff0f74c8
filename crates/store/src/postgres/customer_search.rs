//! Searches of a seller's customers: one statement gives the total and the page, so both see the same customers.

use crate::postgres::reader::{can_be_stored, mode_value};
use crate::postgres::records::Value;
use crate::postgres::rows;
use crate::postgres::store::PostgresStore;
use crate::{CustomerPage, CustomerSearch, MOST_CUSTOMERS, ReadError};
use std::fmt::Write as _;
use tokio_postgres::types::{ToSql, Type};

impl PostgresStore {
    /// The customers that match, a page of them, and how many there are in all.
    pub(crate) async fn search_customers(&self, search: CustomerSearch) -> Result<CustomerPage, ReadError> {
        if !search.words.columns().iter().all(|(_, word)| word.is_none_or(can_be_stored)) {
            return Ok(CustomerPage::default());
        }
        let (condition, values) = condition(&search);
        let values: Vec<(&(dyn ToSql + Sync), Type)> =
            values.iter().map(|(value, of)| (value.as_ref() as &(dyn ToSql + Sync), of.clone())).collect();
        let found = self.readers().search(&search_sql(&search, &condition), &values).await?;
        let Some(row) = found.first() else { return Ok(CustomerPage::default()) };
        let contents: Vec<&[u8]> = rows::get(row, 1)?;
        let bodies: Result<Vec<Vec<u8>>, ReadError> =
            contents.into_iter().map(|content| Ok(rows::decoded(content)?.0)).collect();
        // A count is not negative.
        Ok(CustomerPage { total: rows::get::<i64>(row, 0)?.unsigned_abs(), bodies: bodies? })
    }
}

type SearchValues<'a> = Vec<(Value<'a>, Type)>;

/// What a search asks, with its values.
fn condition(search: &CustomerSearch) -> (String, SearchValues<'_>) {
    let mut condition = "account_id = $1 AND mode = $2".to_owned();
    let mut values: SearchValues<'_> =
        vec![(Box::new(search.account_id), Type::INT8), (Box::new(mode_value(search.mode)), Type::INT2)];
    let mut and = |column: &str, operator: &str, value: Value<'static>, of: Type| {
        values.push((value, of));
        // Writing to a String can't fail.
        let _ = write!(condition, " AND {column} {operator} ${number}", number = values.len());
    };
    if let Some(user_id) = search.user_id {
        and("user_id", "=", Box::new(user_id), Type::INT8);
    }
    if let Some(email) = search.email {
        and("email", "=", Box::new(email.to_vec()), Type::BYTEA);
    }
    if let Some(begin) = search.begin {
        and(search.range.column(), ">=", Box::new(begin.0), Type::INT8);
    }
    if let Some(end) = search.end {
        and(search.range.column(), "<=", Box::new(end.0), Type::INT8);
    }
    for (column, word) in search.words.columns() {
        if let Some(word) = word {
            and(column, "=", Box::new(word.to_owned()), Type::TEXT);
        }
    }
    (condition, values)
}

/// The total, and the page's bodies in order.
fn search_sql(search: &CustomerSearch, condition: &str) -> String {
    format!(
        "SELECT (SELECT count(*) FROM customer WHERE {condition}),
         ARRAY(SELECT content FROM customer WHERE {condition} ORDER BY {} LIMIT {} OFFSET {})",
        search.order(" COLLATE \"C\""),
        search.limit.min(MOST_CUSTOMERS),
        search.offset
    )
}

/// The statement of a search, for the test of its plan.
#[cfg(test)]
pub(crate) fn sql(search: &CustomerSearch) -> String {
    search_sql(search, &condition(search).0)
}
