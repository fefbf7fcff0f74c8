//! How many payments there are in a stretch of time, without counting them.
//!
//! A search answers its exact total. Counting a million index entries takes 50 ms and grows with the shop; so each
//! date's index (and each status's) is cut into stretches of at most [`FULL`] payments whose counts are kept in
//! `payment_tally`. A total is the sum of the stretches inside the range and a count of the two that its ends cut.
//! It is a B-tree with counts, one level high: a million payments are some 600 stretches.
//!
//! The newest stretch, where nearly all payments arrive, has no kept count: it is counted when it is asked for, so that a
//! commit writes nothing here until the stretch is full and is cut.

use crate::numbers::mode_number;
use crate::sqlite::rows;
use crate::{DateField, PaymentRecord};
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::timestamp::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

/// A stretch with more payments is cut in two. The ends of a range cost at most two of it to count (some 100 µs).
const FULL: i64 = 2_048;

/// Series kept in memory: some 40 bytes a stretch, so an account of a million payments takes 150 kB. Beyond it all are
/// forgotten, and read again when they are needed.
const MOST_SERIES: usize = 4_096;
/// Stretches kept in memory, over all series: 10 MB.
const MOST_STRETCHES: usize = 262_144;

/// What a stretch counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Series {
    /// Payments by a date.
    Date(DateField),
    /// Payments of a status by `date_created`.
    Status(String),
}

impl Series {
    /// As in `payment_tally.series`.
    pub(crate) fn name(&self) -> String {
        match self {
            Series::Date(DateField::Created) => "created".to_owned(),
            Series::Date(DateField::Updated) => "updated".to_owned(),
            Series::Date(DateField::Approved) => "approved".to_owned(),
            Series::Date(DateField::Release) => "release".to_owned(),
            Series::Status(status) => format!("status:{status}"),
        }
    }

    /// The series with this name.
    fn from_name(name: &str) -> Option<Series> {
        Some(match name {
            "created" => Series::Date(DateField::Created),
            "updated" => Series::Date(DateField::Updated),
            "approved" => Series::Date(DateField::Approved),
            "release" => Series::Date(DateField::Release),
            _ => Series::Status(name.strip_prefix("status:")?.to_owned()),
        })
    }

    /// The index that the series cuts.
    pub(crate) const fn index(&self) -> &'static str {
        match self {
            Series::Date(field) => index_of(*field),
            Series::Status(_) => "payment_by_status",
        }
    }

    /// The column of its instants.
    pub(crate) const fn column(&self) -> &'static str {
        match self {
            Series::Date(field) => column_of(*field),
            Series::Status(_) => "created",
        }
    }

    const fn status(&self) -> Option<&String> {
        match self {
            Series::Date(_) => None,
            Series::Status(status) => Some(status),
        }
    }
}

/// The column of a date.
pub(crate) const fn column_of(field: DateField) -> &'static str {
    match field {
        DateField::Created => "created",
        DateField::Updated => "updated",
        DateField::Approved => "approved",
        DateField::Release => "release",
    }
}

/// The index of a date.
pub(crate) const fn index_of(field: DateField) -> &'static str {
    match field {
        DateField::Created => "payment_by_created",
        DateField::Updated => "payment_by_updated",
        DateField::Approved => "payment_by_approved",
        DateField::Release => "payment_by_release",
    }
}

/// Whose payments, and counted how.
type SeriesKey = (AccountId, Mode, Series);

/// One payment more or less at an instant of a series.
#[derive(Clone, Debug)]
struct Step {
    series: SeriesKey,
    at: i64,
    by: i64,
}

/// The writer's side: stages a group's steps, and adds them up once.
#[derive(Default)]
pub(crate) struct TallyWriter {
    staged: Vec<Step>,
    known: HashMap<SeriesKey, BTreeMap<i64, i64>>,
}

/// What of a payment is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// `date_created`.
    pub(crate) created: Timestamp,
    /// `date_last_updated`.
    pub(crate) updated: Timestamp,
    /// `date_approved`.
    pub(crate) approved: Option<Timestamp>,
    /// `money_release_date`.
    pub(crate) release: Option<Timestamp>,
    /// `status`.
    pub(crate) status: String,
}

impl Counted {
    /// What of `payment` is counted.
    pub(crate) fn of(payment: &PaymentRecord) -> Counted {
        Counted {
            created: payment.created,
            updated: payment.updated,
            approved: payment.approved,
            release: payment.release,
            status: payment.status.clone(),
        }
    }

    fn points(&self) -> [Option<(Series, i64)>; 5] {
        let date = |field, at: Option<Timestamp>| at.map(|at| (Series::Date(field), at.0));
        [
            date(DateField::Created, Some(self.created)),
            date(DateField::Updated, Some(self.updated)),
            date(DateField::Approved, self.approved),
            date(DateField::Release, self.release),
            Some((Series::Status(self.status.clone()), self.created.0)),
        ]
    }
}

impl TallyWriter {
    /// A payment counted as `before` is now counted as `after`.
    pub(crate) fn stage(&mut self, account: (AccountId, Mode), before: Option<&Counted>, after: &Counted) {
        let before = before.map(Counted::points).unwrap_or_default();
        for (before, after) in before.into_iter().zip(after.points()) {
            if before == after {
                continue;
            }
            for (point, by) in [(before, -1), (after, 1)] {
                if let Some((series, at)) = point {
                    self.staged.push(Step { series: (account.0, account.1, series), at, by });
                }
            }
        }
    }

    /// Where the staged steps end now, for [`TallyWriter::undo`].
    pub(crate) const fn mark(&self) -> usize {
        self.staged.len()
    }

    /// Forgets what was staged after `mark`.
    pub(crate) fn undo(&mut self, mark: usize) {
        self.staged.truncate(mark);
    }

    /// Writes the group's steps. Inside the group's transaction, after its payments.
    pub(crate) fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut steps: HashMap<SeriesKey, Vec<(i64, i64)>> = HashMap::new();
        for step in self.staged.drain(..) {
            steps.entry(step.series).or_default().push((step.at, step.by));
        }
        for (key, steps) in steps {
            let stretches = match self.known.get_mut(&key) {
                Some(stretches) => stretches,
                None => {
                    let loaded = load(connection, &key)?;
                    self.known.entry(key.clone()).or_insert(loaded)
                }
            };
            let newest = stretches.last_key_value().map_or(i64::MIN, |(first, _)| *first);
            let mut changed = BTreeMap::new();
            for (at, by) in steps {
                // There is always a stretch from the beginning of time.
                let first = stretches.range(..=at).next_back().map_or(i64::MIN, |(first, _)| *first);
                let count = stretches.entry(first).or_insert(0);
                changed.entry(first).or_insert((*count, 0)).1 += by;
                *count += by;
            }
            for (first, (before, by)) in changed {
                if first != newest {
                    write(connection, &key, first, before + by)?;
                }
                // Each time it has filled up anew, so that one which can't be cut costs a look now and then only.
                if (before + by) / FULL > before / FULL {
                    cut(connection, &key, stretches, first)?;
                }
            }
        }
        Ok(())
    }

    /// What was flushed is committed.
    pub(crate) fn committed(&mut self) {
        if self.known.len() > MOST_SERIES
            || self.known.values().map(BTreeMap::len).sum::<usize>() > MOST_STRETCHES
        {
            self.known.clear();
        }
    }

    /// What was flushed is not committed: the memory is read again.
    pub(crate) fn failed(&mut self) {
        self.staged.clear();
        self.known.clear();
    }
}

/// The stretches of a series. The newest's count has the staged steps in it already and will get them again: it only says
/// when it is time to cut, and a cut counts.
fn load(connection: &Connection, key: &SeriesKey) -> rusqlite::Result<BTreeMap<i64, i64>> {
    let mut stretches: BTreeMap<i64, i64> = connection
        .prepare_cached(
            "SELECT first, count FROM payment_tally WHERE account_id = ?1 AND mode = ?2 AND series = ?3 ORDER BY first",
        )?
        .query_map((key.0, mode_number(key.1), key.2.name()), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let newest = stretches.last_key_value().map_or(i64::MIN, |(first, _)| *first);
    stretches.insert(newest, count_range(connection, key.0, key.1, &key.2, newest, i64::MAX)?);
    Ok(stretches)
}

fn write(connection: &Connection, key: &SeriesKey, first: i64, count: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO payment_tally (account_id, mode, series, first, count) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET count = excluded.count",
        )?
        .execute((key.0, mode_number(key.1), key.2.name(), first, count))?;
    Ok(())
}

/// Cuts the stretch that begins at `first`: at seven eighths if it is the newest, which grows at its end, else in the
/// middle. Payments of one instant stay together.
fn cut(
    connection: &Connection,
    key: &SeriesKey,
    stretches: &mut BTreeMap<i64, i64>,
    first: i64,
) -> rusqlite::Result<()> {
    let Some(&count) = stretches.get(&first) else { return Ok(()) };
    let next = stretches.range(first + 1..).next().map(|(next, _)| *next);
    let end = next.map_or(i64::MAX, |next| next - 1);
    let skip = if next.is_none() { count * 7 / 8 } else { count / 2 };

    let (condition, status) = (condition(&key.2), key.2.status());
    let sql = format!(
        "SELECT {column} FROM payment INDEXED BY {index} WHERE {condition} ORDER BY {column} LIMIT 1 OFFSET ?6",
        column = key.2.column(),
        index = key.2.index(),
    );
    let at: Option<i64> = connection
        .prepare_cached(&sql)?
        .query_row((key.0, mode_number(key.1), status, first, end, skip), |row| row.get(0))
        .optional()?;
    let Some(mut at) = at.filter(|at| *at < end) else { return Ok(()) };
    let mut below =
        if at > first { count_range(connection, key.0, key.1, &key.2, first, at - 1)? } else { 0 };
    if below == 0 {
        // All before the cut share its instant: they make a stretch of their own.
        at += 1;
        below = count_range(connection, key.0, key.1, &key.2, first, at - 1)?;
    }
    stretches.insert(first, below);
    stretches.insert(at, count - below);
    write(connection, key, first, below)?;
    // The count of the newest is not looked at.
    write(connection, key, at, if next.is_none() { 0 } else { count - below })
}

/// `?1` account, `?2` mode, `?3` status or null, `?4` first instant, `?5` last instant.
fn condition(series: &Series) -> String {
    let mut condition = "account_id = ?1 AND mode = ?2".to_owned();
    condition += if series.status().is_some() { " AND status = ?3" } else { " AND ?3 IS NULL" };
    // Writing to a String can't fail.
    let _ = write!(condition, " AND {column} BETWEEN ?4 AND ?5", column = series.column());
    condition
}

/// How many payments of a series have an instant from `begin` to `end`, by counting them in the index.
fn count_range(
    connection: &Connection,
    account_id: AccountId,
    mode: Mode,
    series: &Series,
    begin: i64,
    end: i64,
) -> rusqlite::Result<i64> {
    let sql = format!(
        "SELECT count(*) FROM payment INDEXED BY {index} WHERE {condition}",
        index = series.index(),
        condition = condition(series),
    );
    connection
        .prepare_cached(&sql)?
        .query_row((account_id, mode_number(mode), series.status(), begin, end), |row| row.get(0))
}

/// How many payments of a series have an instant from `begin` to `end`, both included. Exact; inside the caller's read
/// transaction.
pub(crate) fn total(
    connection: &Connection,
    account_id: AccountId,
    mode: Mode,
    series: &Series,
    begin: i64,
    end: i64,
) -> rusqlite::Result<u64> {
    if begin > end {
        return Ok(0);
    }
    let mut statement = connection.prepare_cached(
        "SELECT first, count FROM payment_tally WHERE account_id = ?1 AND mode = ?2 AND series = ?3
         AND first >= coalesce((SELECT max(first) FROM payment_tally
                                WHERE account_id = ?1 AND mode = ?2 AND series = ?3 AND first <= ?4), ?4)
         AND first <= ?5 ORDER BY first",
    )?;
    let name = series.name();
    let mut rows = statement.query((account_id, mode_number(mode), name.as_str(), begin, end))?;
    // Of the stretches that begin in the range, all but the last one end in it too: counted by their tallies. The one
    // that begins before it, and the last one, are cut by the range's ends; and the newest has no count.
    let mut total = 0_i64;
    let mut last: Option<(i64, i64)> = None;
    while let Some(row) = rows.next()? {
        let (first, count): (i64, i64) = (row.get(0)?, row.get(1)?);
        if let Some((last_first, last_count)) = last.replace((first, count)) {
            total += if last_first >= begin {
                last_count
            } else {
                count_range(connection, account_id, mode, series, begin, first - 1)?
            };
        }
    }
    let from = last.map_or(begin, |(first, _)| begin.max(first));
    total += count_range(connection, account_id, mode, series, from, end)?;
    // A tally below zero would be a defect that the check of the records reports; a search then says none.
    Ok(u64::try_from(total).unwrap_or(0))
}

/// One line for each stretch whose count is not that of its payments. Each payment is in one: the first stretch begins
/// before all time, and the newest does not end.
pub(crate) fn check(connection: &Connection, mut report: impl FnMut(String)) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "SELECT account_id, mode, series, first, count,
         lead(first) OVER (PARTITION BY account_id, mode, series ORDER BY first) FROM payment_tally
         ORDER BY account_id, mode, series, first",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (account_id, mode, name): (i64, Mode, String) = (row.get(0)?, rows::mode(row, 1)?, row.get(2)?);
        let (first, count, next): (i64, i64, Option<i64>) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let Some(series) = Series::from_name(&name) else {
            report(format!("account {account_id}: the tally {name} is not known"));
            continue;
        };
        // The newest has no count that could be wrong.
        let Some(next) = next else { continue };
        let found = count_range(connection, account_id, mode, &series, first, next - 1)?;
        if found != count {
            report(format!(
                "account {account_id}: the tally {name} from {first} says {count}, there are {found}"
            ));
        }
    }
    Ok(())
}
