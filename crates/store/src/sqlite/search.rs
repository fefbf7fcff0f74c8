//! Searches of an account's payments, driven by an index whatever is asked.
//!
//! A search has three parts: the total, the ids of the page in order, and their bodies. The total comes from the
//! tallies where they say it. For the page there are up to three ways, and the counts choose the cheapest:
//! candidates by hash (an external reference, a payer), a walk along the index of the sort that skips what doesn't
//! match, or all that a narrower index holds, sorted.

use crate::numbers::mode_number;
use crate::sqlite::random_keys::RandomKeys;
use crate::sqlite::rows::content;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::tally::{Series, column_of, index_of, total};
use crate::{DateField, PaymentPage, PaymentSearch, ReadError, SortField};
use pasarela_domain::identity::PaymentId;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::fmt::Write as _;

/// The most bodies of one page, whatever limit was asked for.
const MOST_RESULTS: u32 = 1_000;

/// Above this many payments with the same hash (a payer who bought everything), a walk along an index is better.
const MOST_CANDIDATES: usize = 5_000;

/// Sorting this many ids by an index alone takes some 10 ms; above it, sorting by id walks the table.
const MOST_SORTED_BY_ID: u64 = 50_000;

impl SqliteStore {
    /// The payments that match, a page of them, and how many there are in all. At most 1,000 a page.
    pub(crate) async fn search_payments(&self, search: PaymentSearch) -> Result<PaymentPage, ReadError> {
        let keys = self.keys().clone();
        self.scans().await?.ask_aside(move |connection| run(connection, &keys, &search)).await
    }
}

fn run(connection: &Connection, keys: &RandomKeys, search: &PaymentSearch) -> rusqlite::Result<PaymentPage> {
    // Before the snapshot: a key leaves the memory once it is in the table (see `random_keys`).
    let candidates = candidates(connection, keys, search)?;
    // One snapshot for the total and the page. It is dropped, which ends it: nothing was written.
    let snapshot = connection.unchecked_transaction()?;
    let filter = Filter::of(search);
    let (total, ids) = match candidates {
        Some(candidates) => among(&snapshot, search, &filter, &candidates)?,
        None => along(&snapshot, search, &filter)?,
    };
    let mut body = snapshot.prepare_cached("SELECT content FROM payment WHERE id = ?1")?;
    let bodies: rusqlite::Result<Vec<Vec<u8>>> =
        ids.iter().map(|id| body.query_row([id], |row| Ok(content(row, 0, "payment", *id)?.0))).collect();
    Ok(PaymentPage { total, bodies: bodies? })
}

/// The few payments that can match because of their id or a hash; `None` if nothing of the kind was asked for.
fn candidates(
    connection: &Connection,
    keys: &RandomKeys,
    search: &PaymentSearch,
) -> rusqlite::Result<Option<Vec<PaymentId>>> {
    if let Some(id) = search.id {
        return Ok(Some(vec![id]));
    }
    let hasher = keys.hasher();
    let reference = search
        .external_reference
        .as_ref()
        .map(|reference| hasher.external_reference(search.account_id, search.mode, reference));
    let payer = search.payer_id.map(|payer| hasher.payer(search.account_id, search.mode, payer));
    for hash in [reference, payer].into_iter().flatten() {
        let found = keys.candidates(connection, hash, MOST_CANDIDATES)?;
        if found.len() <= MOST_CANDIDATES {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The conditions of a search, with their values.
struct Filter {
    condition: String,
    values: Vec<Value>,
}

impl Filter {
    fn of(search: &PaymentSearch) -> Filter {
        let mut filter = Filter {
            condition: "account_id = ?1 AND mode = ?2".to_owned(),
            values: vec![search.account_id.into(), mode_number(search.mode).into()],
        };
        let column = column_of(search.range);
        filter.and(column, ">=", search.begin.map(|at| at.0));
        filter.and(column, "<=", search.end.map(|at| at.0));
        filter.and("id", "=", search.id);
        filter.and("payer_id", "=", search.payer_id);
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
            filter.and(column, "=", text.clone());
        }
        filter
    }

    fn and(&mut self, column: &str, operator: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.values.push(value.into());
            // Writing to a String can't fail.
            let _ = write!(self.condition, " AND {column} {operator} ?{number}", number = self.values.len());
        }
    }
}

/// Of the candidates, how many match and the ids of the page.
fn among(
    connection: &Connection,
    search: &PaymentSearch,
    filter: &Filter,
    candidates: &[PaymentId],
) -> rusqlite::Result<(u64, Vec<PaymentId>)> {
    let sql = format!(
        "SELECT {key} FROM payment NOT INDEXED WHERE id = ?{number} AND {condition}",
        key = sort_column(search.sort),
        number = filter.values.len() + 1,
        condition = filter.condition,
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut matching: Vec<(Option<i64>, PaymentId)> = Vec::new();
    for id in candidates {
        let values = filter.values.iter().cloned().chain([Value::Integer(*id)]);
        let mut rows = statement.query(params_from_iter(values))?;
        if let Some(row) = rows.next()? {
            matching.push((row.get(0)?, *id));
        }
    }
    // A date that a payment doesn't have comes before all others, as in the index.
    matching.sort_unstable();
    if search.descending {
        matching.reverse();
    }
    let total = matching.len() as u64;
    let page = matching.into_iter().skip(search.offset as usize).take(limit(search) as usize);
    Ok((total, page.map(|(_, id)| id).collect()))
}

/// An index that can be walked, and how many of the account's payments it leads to.
struct Way {
    index: &'static str,
    payments: u64,
}

/// The total and the page's ids by way of an index.
fn along(
    connection: &Connection,
    search: &PaymentSearch,
    filter: &Filter,
) -> rusqlite::Result<(u64, Vec<PaymentId>)> {
    let (begin, end) = (search.begin.map_or(i64::MIN, |at| at.0), search.end.map_or(i64::MAX, |at| at.0));
    let is_bounded = search.begin.is_some() || search.end.is_some();
    let tally = |series: &Series, begin: i64, end: i64| {
        total(connection, search.account_id, search.mode, series, begin, end)
    };
    let everything = Way {
        index: "payment_by_created",
        payments: tally(&Series::Date(DateField::Created), i64::MIN, i64::MAX)?,
    };
    let by_range = match is_bounded {
        true => Some(Way {
            index: index_of(search.range),
            payments: tally(&Series::Date(search.range), begin, end)?,
        }),
        false => None,
    };
    let by_status = match &search.status {
        Some(status) => {
            // The index by status goes by creation inside, so a range of another date doesn't narrow it.
            let narrowed = search.range == DateField::Created;
            let (begin, end) = if narrowed { (begin, end) } else { (i64::MIN, i64::MAX) };
            let payments = tally(&Series::Status(status.clone()), begin, end)?;
            Some(Way { index: "payment_by_status", payments })
        }
        None => None,
    };

    let ways = [by_status.as_ref(), by_range.as_ref(), Some(&everything)];
    // `everything` is always there, so there is a narrowest one; the first of equals is the most specific.
    let narrowest = ways.into_iter().flatten().min_by_key(|way| way.payments).unwrap_or(&everything);
    let total = match tallied(search, is_bounded) {
        true => narrowest.payments,
        false => count(connection, filter, narrowest.index)?,
    };
    if total <= u64::from(search.offset) || limit(search) == 0 {
        return Ok((total, Vec::new()));
    }

    let sorted = sorted_way(search, by_status.as_ref(), by_range.as_ref(), &everything);
    // Walking finds a match every `sorted / total` steps; the other way looks at all of `narrowest` and sorts it.
    let wanted = u64::from(search.offset) + u64::from(limit(search));
    let walk = wanted.saturating_mul(sorted.payments) / total.max(1);
    let gather = match search.sort {
        // The table holds everybody's payments: walking it may take far more steps than the account's own.
        SortField::Id => narrowest.payments <= MOST_SORTED_BY_ID,
        SortField::Date(_) => narrowest.payments < walk,
    };
    let way = if gather { narrowest } else { &sorted };
    Ok((total, page(connection, search, filter, way.index)?))
}

/// Whether the narrowest way's tally is the total itself: nothing is asked for but what that way is cut by.
fn tallied(search: &PaymentSearch, is_bounded: bool) -> bool {
    let others = [
        &search.external_reference,
        &search.status_detail,
        &search.payment_method_id,
        &search.payment_type_id,
        &search.operation_type,
        &search.store_id,
        &search.pos_id,
    ];
    let nothing_else =
        others.iter().all(|filter| filter.is_none()) && search.id.is_none() && search.payer_id.is_none();
    // A status and a range are both in one tally only where the range is of the creation.
    nothing_else && (search.status.is_none() || !is_bounded || search.range == DateField::Created)
}

/// The way whose order is the one asked for.
fn sorted_way(
    search: &PaymentSearch,
    by_status: Option<&Way>,
    by_range: Option<&Way>,
    everything: &Way,
) -> Way {
    let field = match search.sort {
        SortField::Id => return Way { index: "", payments: everything.payments },
        SortField::Date(field) => field,
    };
    if field == DateField::Created
        && let Some(way) = by_status
    {
        return Way { ..*way };
    }
    if field == search.range
        && let Some(way) = by_range
    {
        return Way { ..*way };
    }
    Way { index: index_of(field), payments: everything.payments }
}

fn count(connection: &Connection, filter: &Filter, index: &str) -> rusqlite::Result<u64> {
    let sql = format!("SELECT count(*) FROM payment INDEXED BY {index} WHERE {}", filter.condition);
    let count: i64 =
        connection.prepare_cached(&sql)?.query_row(params_from_iter(&filter.values), |row| row.get(0))?;
    // A count is not negative.
    Ok(count.unsigned_abs())
}

fn page(
    connection: &Connection,
    search: &PaymentSearch,
    filter: &Filter,
    index: &str,
) -> rusqlite::Result<Vec<PaymentId>> {
    let direction = if search.descending { "DESC" } else { "ASC" };
    let order = match search.sort {
        SortField::Id => format!("id {direction}"),
        SortField::Date(field) => format!("{} {direction}, id {direction}", column_of(field)),
    };
    let by = if index.is_empty() { "NOT INDEXED".to_owned() } else { format!("INDEXED BY {index}") };
    let sql = format!(
        "SELECT id FROM payment {by} WHERE {} ORDER BY {order} LIMIT {} OFFSET {}",
        filter.condition,
        limit(search),
        search.offset
    );
    // Not kept prepared: limits and offsets make too many shapes, and preparing costs less than the bodies.
    connection.prepare(&sql)?.query_map(params_from_iter(&filter.values), |row| row.get(0))?.collect()
}

const fn sort_column(sort: SortField) -> &'static str {
    match sort {
        SortField::Id => "id",
        SortField::Date(field) => column_of(field),
    }
}

fn limit(search: &PaymentSearch) -> u32 {
    search.limit.min(MOST_RESULTS)
}
