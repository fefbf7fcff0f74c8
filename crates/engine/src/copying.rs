//! `pasarela copy`: everything that one store holds, into another one.
//!
//! Pages of rows go over in order, each in one commit with a note of where the copy stands. Whoever ends it, by Ctrl-C or by
//! a power cut, runs the same command again: it goes on behind the last page that was committed. At the end both stores
//! are read whole and compared, and the target is proven like `pasarela doctor` does; only then it may be served.

use crate::upkeep::{Examination, UpkeepError, examine_store, failed};
use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::AccountKind;
use pasarela_store::copying::{Cursor, Dump, Page, Restore, TABLES, Table};
use pasarela_store::{DatabaseUrl, Location, StoreOptions};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Rows a page: some 2 MB of payments. Larger pages are not faster, and both engines hold one in memory.
const PAGE: u32 = 2_000;

/// Where records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this directory.
    Directory(PathBuf),
    /// In this database.
    Database(DatabaseUrl),
}

impl Place {
    /// Reads `sqlite:DIR` and `postgres://…`.
    ///
    /// # Errors
    /// What was expected, for whoever typed it.
    pub fn parse(text: &str) -> Result<Place, String> {
        if let Some(directory) = text.strip_prefix("sqlite:").filter(|directory| !directory.is_empty()) {
            return Ok(Place::Directory(directory.into()));
        }
        let database = DatabaseUrl::parse(text).map(Place::Database);
        database.ok_or_else(|| "write sqlite:DIR or postgres://USER@HOST:PORT/DATABASE".to_owned())
    }

    pub(crate) fn location(&self) -> Location {
        match self {
            Place::Directory(directory) => Location::Directory(directory.clone()),
            Place::Database(url) => Location::Database(url.clone()),
        }
    }
}

/// Without a password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Directory(directory) => {
                // The same place from wherever it was named.
                let directory = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.clone());
                write!(f, "sqlite:{}", directory.display())
            }
            Place::Database(url) => write!(f, "{url}"),
        }
    }
}

/// What a copy is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Rows of this table go over.
    Copying(&'static str),
    /// Rows of this table are compared.
    Comparing(&'static str),
    /// The target's ledger and records are proven.
    Proving,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// What it is doing.
    pub stage: Stage,
    /// Rows done in this stage, those of an earlier run too.
    pub done: u64,
    /// Rows in all.
    pub total: u64,
}

/// What the comparison found for a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableVerdict {
    /// Its name.
    pub table: &'static str,
    /// Rows in the source.
    pub source: u64,
    /// Rows in the target.
    pub target: u64,
    /// Whether they are the same, byte for byte.
    pub is_same: bool,
}

/// The sum of all ledger accounts of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceVerdict {
    /// Test or live.
    pub mode: Mode,
    /// In which currency.
    pub currency: String,
    /// Of which kind.
    pub kind: AccountKind,
    /// In the source, in minor units, debit positive.
    pub source: i128,
    /// In the target.
    pub target: i128,
}

/// How a copy ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyVerdict {
    /// Each table.
    pub tables: Vec<TableVerdict>,
    /// Each kind of ledger account that holds something.
    pub balances: Vec<BalanceVerdict>,
    /// The target's proofs.
    pub examination: Examination,
}

impl CopyVerdict {
    /// Whether the target holds what the source holds, and is sound.
    pub fn is_good(&self) -> bool {
        self.tables.iter().all(|table| table.is_same)
            && self.balances.iter().all(|balance| balance.source == balance.target)
            && self.examination.is_sound()
    }
}

/// Where a copy stands, as the target keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// What is copied.
    source: String,
    /// The table that is being copied; past the last one, all are.
    table: usize,
    /// The key of the last row that was copied.
    cursor: Option<Vec<u8>>,
    /// How many rows were, of all tables.
    rows: u64,
}

/// Copies everything from `from` to `to`, going on where an earlier run was stopped, and verifies it. Nobody may use
/// either meanwhile, nor write to the source between two runs.
///
/// # Errors
/// When either is in use or can't be read or written, and when the target holds anything that this copy did not put there.
pub async fn copy(
    from: &Place,
    to: &Place,
    mut progress: impl FnMut(CopyProgress),
) -> Result<CopyVerdict, UpkeepError> {
    let mut dump = Dump::open(&from.location()).await?;
    let mut restore = Restore::open(&to.location()).await?;
    let counts = counts(&mut dump).await?;
    let copied =
        copy_rows(&mut dump, &mut restore, &from.to_string(), counts.iter().sum(), &mut progress).await;
    // Closed in any case: the next to open it must not find it in use.
    restore.close().await;
    copied?;
    let mut target = Dump::open(&to.location()).await?;
    let compared = compare(&mut dump, &mut target, counts.iter().sum(), &mut progress).await;
    target.close().await;
    dump.close().await;
    let (tables, balances) = compared?;
    progress(CopyProgress { stage: Stage::Proving, done: 0, total: 0 });
    let examination = examine_store(StoreOptions::existing_at(to.location())).await?;
    let verdict = CopyVerdict { tables, balances, examination };
    if verdict.is_good() {
        let mut restore = Restore::open(&to.location()).await?;
        let finished = restore.finish().await.map_err(failed);
        restore.close().await;
        finished?;
    }
    Ok(verdict)
}

async fn counts(dump: &mut Dump) -> Result<Vec<u64>, UpkeepError> {
    let mut counts = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        counts.push(dump.count(table).await.map_err(failed)?);
    }
    Ok(counts)
}

async fn copy_rows(
    dump: &mut Dump,
    restore: &mut Restore,
    source: &str,
    total: u64,
    progress: &mut impl FnMut(CopyProgress),
) -> Result<(), UpkeepError> {
    let mut note = resume(restore, source).await?;
    while let Some(table) = TABLES.get(note.table).copied() {
        let cursor = match &note.cursor {
            Some(bytes) => {
                Some(Cursor::from_bytes(bytes).ok_or_else(|| failed("the target's note is damaged"))?)
            }
            None => None,
        };
        let mut waiting = Some(dump.page(table, cursor.as_ref(), PAGE).await.map_err(failed)?);
        while let Some(page) = waiting.take() {
            note.rows += page.len() as u64;
            note.cursor = page.next.as_ref().map(Cursor::to_bytes);
            if note.cursor.is_none() {
                note.table += 1;
            }
            let next = page.next.clone();
            // The next page is read while this one is written.
            let reading = async {
                match &next {
                    Some(cursor) => dump.page(table, Some(cursor), PAGE).await.map(Some),
                    None => Ok(None),
                }
            };
            let kept = serde_json::to_vec(&note).map_err(failed)?;
            let (written, read) = tokio::join!(restore.insert(table, page, kept), reading);
            written.map_err(failed)?;
            waiting = read.map_err(failed)?;
            progress(CopyProgress { stage: Stage::Copying(table.name()), done: note.rows, total });
        }
    }
    Ok(())
}

/// Where an earlier run of the same copy was stopped, or the beginning.
async fn resume(restore: &mut Restore, source: &str) -> Result<Note, UpkeepError> {
    let Some(kept) = restore.note().await.map_err(failed)? else {
        return match restore.is_empty().await.map_err(failed)? {
            true => Ok(Note { source: source.to_owned(), table: 0, cursor: None, rows: 0 }),
            false => Err(failed("the target holds data already, and a copy goes into an empty one only")),
        };
    };
    let note: Note = serde_json::from_slice(&kept).map_err(failed)?;
    if note.source == source {
        return Ok(note);
    }
    Err(failed(format!(
        "the target holds an unfinished copy of {}: go on with that, or empty the target first",
        note.source
    )))
}

/// The rows of a table, added up.
#[derive(Default)]
struct Sum {
    rows: u64,
    sum: u64,
}

impl Sum {
    fn add(&mut self, page: &Page) {
        self.rows += page.len() as u64;
        self.sum = self.sum.wrapping_add(page.sum());
    }
}

/// By mode, currency and kind.
type Amounts = BTreeMap<(Mode, String, AccountKind), i128>;

async fn compare(
    source: &mut Dump,
    target: &mut Dump,
    total: u64,
    progress: &mut impl FnMut(CopyProgress),
) -> Result<(Vec<TableVerdict>, Vec<BalanceVerdict>), UpkeepError> {
    let (mut tables, mut done) = (Vec::new(), 0);
    let (mut in_source, mut in_target) = (Amounts::new(), Amounts::new());
    for table in TABLES {
        let before = done;
        let mut say = |rows| {
            done = before + rows;
            progress(CopyProgress { stage: Stage::Comparing(table.name()), done, total });
        };
        let mut silent = |_| {};
        let (source, target) = tokio::join!(
            add_up(source, table, &mut in_source, &mut say),
            add_up(target, table, &mut in_target, &mut silent)
        );
        let (source, target) = (source?, target?);
        tables.push(TableVerdict {
            table: table.name(),
            source: source.rows,
            target: target.rows,
            is_same: source.rows == target.rows && source.sum == target.sum,
        });
    }
    let amount_of = |amounts: &Amounts, key: &_| amounts.get(key).copied().unwrap_or(0);
    let mut keys: Vec<_> = in_source.keys().chain(in_target.keys()).cloned().collect();
    keys.sort_unstable();
    keys.dedup();
    let balances = keys.into_iter().map(|key| {
        let (source, target) = (amount_of(&in_source, &key), amount_of(&in_target, &key));
        let (mode, currency, kind) = key;
        BalanceVerdict { mode, currency, kind, source, target }
    });
    Ok((tables, balances.collect()))
}

async fn add_up(
    dump: &mut Dump,
    table: Table,
    amounts: &mut Amounts,
    say: &mut impl FnMut(u64),
) -> Result<Sum, UpkeepError> {
    let (mut sum, mut after) = (Sum::default(), None);
    loop {
        let page = dump.page(table, after.as_ref(), PAGE).await.map_err(failed)?;
        sum.add(&page);
        for (key, amount) in page.amounts(table) {
            *amounts.entry(key).or_default() += amount;
        }
        say(sum.rows);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(sum),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_shown_without_their_passwords() {
        assert_eq!(Place::parse("sqlite:/var/lib/p"), Ok(Place::Directory("/var/lib/p".into())));
        let database = Place::parse("postgres://ana:s3cret@db:5432/pay").unwrap();
        assert!(!database.to_string().contains("s3cret"), "{database}");
        assert!(!format!("{database:?}").contains("s3cret"));
        for text in ["", "sqlite:", "/var/lib/p", "mysql://db/pay"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }
}
