//! Searches of an account's payments.
//!
//! One statement gives the total and the page, so both see the same payments. It is planned for its very values: an
//! account of ten payments and one of ten million want different plans.

use crate::postgres::reader::{can_be_stored, mode_value};
use crate::postgres::rows;
use crate::postgres::store::PostgresStore;
use crate::{DateField, PaymentPage, PaymentSearch, ReadError, SortField};
use std::fmt::Write as _;
use tokio_postgres::types::{ToSql, Type};

/// The most bodies of one page, whatever limit was asked for.
const MOST_RESULTS: u32 = 1_000;

impl PostgresStore {
    /// The payments that match, a page of them, and how many there are in all. At most 1,000 a page.
    ///
    /// The total is counted: in the narrowest index alone where it says everything (a date, or a status by creation;
    /// some 10 million payments a second), else by looking at each payment that this index leads to (some hundred
    /// thousand a second).
    pub(crate) async fn search_payments(&self, search: PaymentSearch) -> Result<PaymentPage, ReadError> {
        let statement = Statement::of(&search);
        if !statement.texts_can_be_stored {
            return Ok(PaymentPage::default());
        }
        let found = self.readers().search(&statement.sql(), &statement.values()).await?;
        let Some(row) = found.first() else { return Ok(PaymentPage::default()) };
        let contents: Vec<&[u8]> = rows::get(row, 1)?;
        let bodies: Result<Vec<Vec<u8>>, ReadError> =
            contents.into_iter().map(|content| Ok(rows::decoded(content)?.0)).collect();
        // A count is not negative.
        Ok(PaymentPage { total: rows::get::<i64>(row, 0)?.unsigned_abs(), bodies: bodies? })
    }
}

/// A search as SQL.
struct Statement<'a> {
    search: &'a PaymentSearch,
    condition: String,
    values: Vec<(Box<dyn ToSql + Sync + Send + 'a>, Type)>,
    texts_can_be_stored: bool,
}

impl<'a> Statement<'a> {
    fn of(search: &'a PaymentSearch) -> Statement<'a> {
        let mut statement = Statement {
            search,
            condition: "account_id = $1 AND mode = $2".to_owned(),
            values: vec![
                (Box::new(search.account_id), Type::INT8),
                (Box::new(mode_value(search.mode)), Type::INT2),
            ],
            texts_can_be_stored: true,
        };
        let column = column_of(search.range);
        statement.and(column, ">=", search.begin.map(|at| at.0));
        statement.and(column, "<=", search.end.map(|at| at.0));
        statement.and("id", "=", search.id);
        statement.and("payer_id", "=", search.payer_id);
        for (column, text) in [
            ("external_reference", &search.external_reference),
            ("status", &search.status),
            ("status_detail", &search.status_detail),
            ("payment_method_id", &search.payment_method_id),
            ("payment_type_id", &search.payment_type_id),
            ("operation_type", &search.operation_type),
            ("store_id", &search.store_id),
            ("pos_id", &search.pos_id),
        ] {
            if let Some(text) = text {
                statement.and_text(column, text);
            }
        }
        statement
    }

    fn and(&mut self, column: &str, operator: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.values.push((Box::new(value), Type::INT8));
            // Writing to a String can't fail.
            let _ = write!(self.condition, " AND {column} {operator} ${number}", number = self.values.len());
        }
    }

    fn and_text(&mut self, column: &str, text: &'a str) {
        self.texts_can_be_stored &= can_be_stored(text);
        self.values.push((Box::new(text), Type::TEXT));
        let number = self.values.len();
        if column == "external_reference" {
            // The index is over the hash.
            let _ = write!(self.condition, " AND md5({column}) = md5(${number})");
        }
        let _ = write!(self.condition, " AND {column} = ${number}");
    }

    fn values(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        self.values.iter().map(|(value, of)| (value.as_ref() as &(dyn ToSql + Sync), of.clone())).collect()
    }

    /// The total, and the page's bodies in order.
    fn sql(&self) -> String {
        format!(
            "SELECT (SELECT count(*) FROM payment WHERE {condition}), ARRAY({page} LIMIT {limit} OFFSET {offset})",
            condition = self.condition,
            page = self.page(),
            limit = self.search.limit.min(MOST_RESULTS),
            offset = self.search.offset,
        )
    }

    fn page(&self) -> String {
        let (search, condition) = (self.search, &self.condition);
        let direction = if search.descending { "DESC" } else { "ASC" };
        let column = match search.sort {
            SortField::Id => {
                return format!("SELECT content FROM payment WHERE {condition} ORDER BY id {direction}");
            }
            SortField::Date(field) => column_of(field),
        };
        let is_bounded = search.begin.is_some() || search.end.is_some();
        let may_be_missing = match search.sort {
            SortField::Date(field @ (DateField::Approved | DateField::Release)) => {
                !(is_bounded && search.range == field)
            }
            _ => false,
        };
        if !may_be_missing {
            return format!(
                "SELECT content FROM payment WHERE {condition} ORDER BY {column} {direction}, id {direction}"
            );
        }
        // A date that a payment doesn't have comes before all others. Those with a date are walked along its index,
        // which leads to no others.
        let most = u64::from(search.offset) + u64::from(search.limit.min(MOST_RESULTS));
        format!(
            "SELECT content FROM (
                 (SELECT 1 AS part, {column} AS at, id, content FROM payment
                  WHERE {condition} AND {column} IS NOT NULL ORDER BY {column} {direction}, id {direction} LIMIT {most})
                 UNION ALL
                 (SELECT 0 AS part, NULL AS at, id, content FROM payment
                  WHERE {condition} AND {column} IS NULL ORDER BY id {direction} LIMIT {most})
             ) AS found ORDER BY part {direction}, at {direction}, id {direction}"
        )
    }
}

/// The statement of a search, for the test of its plan.
#[cfg(test)]
pub(crate) fn sql(search: &PaymentSearch) -> String {
    Statement::of(search).sql()
}

/// The column of a date.
const fn column_of(field: DateField) -> &'static str {
    match field {
        DateField::Created => "created",
        DateField::Updated => "updated",
        DateField::Approved => "approved",
        DateField::Release => "release",
    }
}
