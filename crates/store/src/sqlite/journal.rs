//! The journal: what makes a group durable, in one small write to a file that is there already.
//!
//! SQLite makes a commit durable by writing every page that it changed, some twenty of 4 KiB for one payment, to a log
//! that may have to grow. A group of the journal is a record of what was asked, about 1 kB a payment, written to a file
//! that was filled with zeros before (an `fdatasync` without a change of the file's size: 0.11 instead of 0.22 ms).
//! The transaction is committed right after it, without a sync of its own.
//!
//! After a crash SQLite has all commits up to some one (`applied.through` says which; its log's frames are checksummed, and
//! a torn end is dropped), and the journal has all that followed: they are made again ([`recovery`](super::recovery)).
//! A record is dropped from the journal only when a sync of SQLite's log has made its commit durable there.
//!
//! There are two files. One is written to; the other is ready (zero-filled, nothing in it that is needed), or waits for
//! the checkpointer to make it so. If it is not ready in time, the first grows: slower, never wrong.
//!
//! A record: magic, length of the payload (4 bytes each), number, checksum (8 bytes each; little-endian), payload, zeros up to
//! a multiple of 8. The checksum is keyed by the database, so that another one's records are noise. Numbers are
//! consecutive, so that what is left of a file's former life is never taken for its continuation.

use siphasher::sip::SipHasher13;
use std::fs::{File, OpenOptions};
use std::hash::Hasher;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a file has at first: 200 payments, zero-filled in less than a millisecond.
const FIRST_SIZE: u64 = 256 * 1024;
/// What it grows to, doubling each time that it is made ready: half a second of payments at 7,000 a second. Larger ones
/// would save nothing and take longer to read at the next start.
const LARGEST_SIZE: u64 = 4 * 1024 * 1024;

/// Begins each record ("PJR1").
const MAGIC: [u8; 4] = *b"PJR1";
const HEADER: usize = 24;
/// Records begin at multiples of it.
const ALIGNMENT: usize = 8;

/// The names of the two files, after the database's.
const SUFFIXES: [&str; 2] = ["-journal-1", "-journal-2"];

/// One of the two files.
#[derive(Debug)]
struct Segment {
    file: File,
    /// How much of it is filled, with records or zeros.
    filled: u64,
}

impl Segment {
    /// A new file of zeros, on the disk with its name.
    fn create(path: &Path) -> std::io::Result<Segment> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut segment = Segment { file: options.open(path)?, filled: 0 };
        segment.fill(FIRST_SIZE)?;
        sync_directory(path)?;
        Ok(segment)
    }

    /// Fills it with zeros up to `size`; if there is no room for them, it stays as it is.
    fn fill(&mut self, size: u64) -> std::io::Result<()> {
        let filled = self.filled;
        let zeros = || {
            (&self.file).seek(SeekFrom::Start(filled))?;
            std::io::copy(&mut std::io::Read::take(std::io::repeat(0), size - filled), &mut &self.file)?;
            self.file.sync_all()
        };
        if let Err(cause) = zeros() {
            self.file.set_len(filled)?;
            return Err(cause);
        }
        self.filled = size;
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        (&self.file).seek(SeekFrom::Start(offset))?;
        (&self.file).write_all(bytes)?;
        self.file.sync_data()
    }

    /// Lets the file end at `offset`.
    fn cut(&mut self, offset: u64) -> std::io::Result<()> {
        self.file.set_len(offset)?;
        self.filled = self.filled.min(offset);
        self.file.sync_all()
    }
}

/// What the writer and the checkpointer share of the journal.
#[derive(Debug)]
pub(crate) struct Journaled {
    database: PathBuf,
    /// The newest record whose transaction is committed, durable or not.
    committed: AtomicU64,
    other: Mutex<Other>,
}

/// The file that is not written to.
#[derive(Debug)]
enum Other {
    /// It was not made yet.
    Missing,
    /// The checkpointer is at it.
    InWork,
    /// Full; needed until its last record's commit is durable.
    Full { segment: Segment, last: u64 },
    /// Ready to be written from its beginning.
    Ready(Segment),
}

impl Journaled {
    /// Makes the other file ready, if it is not: what is in it is made durable in SQLite's log first.
    pub(crate) fn make_ready(&self) -> std::io::Result<()> {
        let committed = self.committed.load(Ordering::Acquire);
        let taken = std::mem::replace(&mut *self.lock(), Other::InWork);
        let (left, outcome) = match taken {
            // Nothing was written yet: a store that is only read has no journal.
            Other::Missing if committed > 0 => match Segment::create(&beside(&self.database, SUFFIXES[1])) {
                Ok(segment) => (Other::Ready(segment), Ok(())),
                Err(cause) => (Other::Missing, Err(cause)),
            },
            Other::Full { mut segment, last } if last <= committed => match sync_log(&self.database) {
                Ok(()) => {
                    let larger = (segment.filled * 2).min(LARGEST_SIZE);
                    if larger > segment.filled {
                        // Without room for more it stays as large as it is.
                        let _ = segment.fill(larger);
                    }
                    (Other::Ready(segment), Ok(()))
                }
                Err(cause) => (Other::Full { segment, last }, Err(cause)),
            },
            nothing_to_do => (nothing_to_do, Ok(())),
        };
        *self.lock() = left;
        outcome
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Other> {
        self.other.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writer's side.
pub(crate) struct Journal {
    shared: Arc<Journaled>,
    key: [u8; 16],
    segment: Option<Segment>,
    /// Where the next record begins.
    offset: u64,
    /// The number of the next record.
    next: u64,
    record: Vec<u8>,
    /// Whether it is not known what the file's end says: nothing more is written then.
    is_broken: bool,
}

/// A record that was written, for [`Journal::take_back`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) number: u64,
    offset: u64,
}

/// Why nothing was written.
pub(crate) enum AppendError {
    /// The record is not in the journal.
    Refused(std::io::Error),
    /// It may be, or not.
    Unknown(std::io::Error),
}

impl Journal {
    /// A journal for `database` whose first record is to have the number `next`. There are no files of an older one.
    pub(crate) fn new(database: &Path, key: [u8; 16], next: u64) -> Journal {
        let shared = Journaled {
            database: database.to_owned(),
            committed: AtomicU64::new(0),
            other: Mutex::new(Other::Missing),
        };
        Journal {
            shared: Arc::new(shared),
            key,
            segment: None,
            offset: 0,
            next,
            record: Vec::new(),
            is_broken: false,
        }
    }

    /// What the checkpointer needs of it.
    pub(crate) fn shared(&self) -> Arc<Journaled> {
        self.shared.clone()
    }

    /// Writes a record with the payload that `put` appends; when it returns, the record is on the disk.
    pub(crate) fn append(&mut self, put: impl FnOnce(&mut Vec<u8>)) -> Result<Written, AppendError> {
        if self.is_broken {
            let cause =
                std::io::Error::other("the journal could not be written before. Start the server again");
            return Err(AppendError::Refused(cause));
        }
        self.record.clear();
        self.record.resize(HEADER, 0);
        put(&mut self.record);
        seal(&mut self.record, self.key, self.next);
        let length = self.record.len() as u64;

        self.switch_if_full(length);
        let segment = match &mut self.segment {
            Some(segment) => segment,
            slot => {
                let path = beside(&self.shared.database, SUFFIXES[0]);
                slot.insert(Segment::create(&path).map_err(AppendError::Refused)?)
            }
        };
        let written = Written { number: self.next, offset: self.offset };
        if let Err(cause) = segment.write(self.offset, &self.record) {
            return Err(match self.erase(written) {
                Ok(()) => AppendError::Refused(cause),
                Err(_) => AppendError::Unknown(cause),
            });
        }
        segment.filled = segment.filled.max(self.offset + length);
        self.offset += length;
        self.next += 1;
        Ok(written)
    }

    /// The transaction of the record is committed.
    pub(crate) fn committed(&self, written: Written) {
        self.shared.committed.store(written.number, Ordering::Release);
    }

    /// Takes back the newest record, whose transaction could not be committed.
    pub(crate) fn take_back(&mut self, written: Written) -> std::io::Result<()> {
        self.offset = written.offset;
        self.next = written.number;
        self.erase(written)
    }

    fn erase(&mut self, written: Written) -> std::io::Result<()> {
        let Some(segment) = &mut self.segment else { return Ok(()) };
        // Where the file was growing on a full disk there is no room for the zeros either; to end before it takes none.
        let erased = segment.write(written.offset, &[0; HEADER]).or_else(|_| segment.cut(written.offset));
        self.is_broken = erased.is_err();
        erased
    }

    fn switch_if_full(&mut self, length: u64) {
        let Some(segment) = self.segment.take_if(|segment| self.offset + length > segment.filled) else {
            return;
        };
        let mut other = self.shared.lock();
        match std::mem::replace(&mut *other, Other::InWork) {
            Other::Ready(ready) => {
                self.segment = Some(ready);
                self.offset = 0;
                *other = Other::Full { segment, last: self.next - 1 };
            }
            // It grows.
            not_ready => {
                self.segment = Some(segment);
                *other = not_ready;
            }
        }
    }
}

/// A record as it was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) number: u64,
    pub(crate) payload: Vec<u8>,
}

/// A journal that can't be trusted.
#[derive(Debug)]
pub(crate) struct BrokenJournal {
    pub(crate) file: PathBuf,
    pub(crate) cause: String,
}

/// The records after the one with the number `applied`, in order. A record that was not written to its end was never
/// acknowledged, and is the end; one that is damaged in the middle is an error.
pub(crate) fn read_after(database: &Path, key: [u8; 16], applied: u64) -> Result<Vec<Found>, BrokenJournal> {
    let mut records = Vec::new();
    let mut newest_file = database.to_owned();
    for suffix in SUFFIXES {
        let file = beside(database, suffix);
        let broken = |cause| BrokenJournal { file: file.clone(), cause };
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => continue,
            Err(cause) => return Err(broken(cause.to_string())),
        };
        let found = scan(&bytes, key, applied).map_err(|at| {
            broken(format!(
                "it is damaged at byte {at}, before changes that were acknowledged. Restore a backup; to go on without \
                 these changes, move the file away"
            ))
        })?;
        if !found.is_empty() {
            newest_file = file;
        }
        records.extend(found.into_iter().filter(|record| record.number > applied));
    }
    records.sort_by_key(|record| record.number);
    for (expected, record) in (applied + 1..).zip(&records) {
        if record.number != expected {
            return Err(BrokenJournal {
                file: newest_file,
                cause: format!(
                    "the database has the changes up to {applied}, the journal those of {} and not of {expected}. \
                     Restore a backup; to go on without these changes, move the file away",
                    record.number
                ),
            });
        }
    }
    Ok(records)
}

/// The records of a file; the offset at which one must have been that can't be read.
fn scan(bytes: &[u8], key: [u8; 16], applied: u64) -> Result<Vec<Found>, usize> {
    let mut records: Vec<Found> = Vec::new();
    let mut at = 0;
    while let Some((record, length)) = record_at(bytes, at, key)
        && records.last().is_none_or(|last| last.number + 1 == record.number)
    {
        records.push(record);
        at += length;
    }
    // The next record is written after the one before it was synced: if there is one, this was damaged afterwards. What
    // is left of the file's former life has smaller numbers, and is applied.
    let newest = records.last().map_or(applied, |last| last.number.max(applied));
    let lost = (at..bytes.len())
        .step_by(ALIGNMENT)
        .filter_map(|at| record_at(bytes, at, key))
        .any(|(record, _)| record.number > newest);
    if lost { Err(at) } else { Ok(records) }
}

/// The record at `at`, if there is a whole one, and the length that it takes.
fn record_at(bytes: &[u8], at: usize, key: [u8; 16]) -> Option<(Found, usize)> {
    let bytes = bytes.get(at..)?;
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let length = header_length(header)?;
    let payload = rest.get(..length)?;
    let number = u64::from_le_bytes(header[8..16].try_into().ok()?);
    let sealed = u64::from_le_bytes(header[16..].try_into().ok()?);
    (checksum(key, number, payload) == sealed)
        .then(|| (Found { number, payload: payload.to_vec() }, (HEADER + length).next_multiple_of(ALIGNMENT)))
}

fn header_length(header: &[u8; HEADER]) -> Option<usize> {
    let (magic, rest) = header.split_first_chunk::<4>()?;
    let (length, _) = rest.split_first_chunk::<4>()?;
    (*magic == MAGIC).then(|| usize::try_from(u32::from_le_bytes(*length)).ok())?
}

/// Writes the header of a record whose payload is in place, and rounds it up.
fn seal(record: &mut Vec<u8>, key: [u8; 16], number: u64) {
    let length = record.len() - HEADER;
    // A group is some 256 requests of at most a few dozen kB.
    let length_field = u32::try_from(length).expect("a group is smaller than 4 GiB");
    let sealed = checksum(key, number, &record[HEADER..]);
    record[..4].copy_from_slice(&MAGIC);
    record[4..8].copy_from_slice(&length_field.to_le_bytes());
    record[8..16].copy_from_slice(&number.to_le_bytes());
    record[16..HEADER].copy_from_slice(&sealed.to_le_bytes());
    record.resize(record.len().next_multiple_of(ALIGNMENT), 0);
}

fn checksum(key: [u8; 16], number: u64, payload: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_key(&key);
    hasher.write_u64(number);
    hasher.write_usize(payload.len());
    hasher.write(payload);
    hasher.finish()
}

/// Makes durable what SQLite has committed: its log is synced.
pub(crate) fn sync_log(database: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).open(beside(database, "-wal")) {
        Ok(log) => log.sync_data(),
        // Without a log everything is in the database, which was synced before the log went.
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(cause),
    }
}

/// Whether there is a journal: a store that was closed has none.
pub(crate) fn is_there(database: &Path) -> bool {
    SUFFIXES.iter().any(|suffix| beside(database, suffix).exists())
}

/// Removes the files: everything in them is durable elsewhere.
pub(crate) fn remove(database: &Path) -> std::io::Result<()> {
    let mut was_there = false;
    for suffix in SUFFIXES {
        match std::fs::remove_file(beside(database, suffix)) {
            Ok(()) => was_there = true,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(cause) => return Err(cause),
        }
    }
    if was_there { sync_directory(database) } else { Ok(()) }
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes the names in the directory of `path` durable.
fn sync_directory(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [7; 16];

    fn payload(number: u64) -> Vec<u8> {
        format!("payload {number} ").repeat(20 + number as usize % 60).into_bytes()
    }

    fn record(number: u64) -> Vec<u8> {
        let mut record = vec![0; HEADER];
        record.extend(payload(number));
        seal(&mut record, KEY, number);
        record
    }

    fn numbers(found: &[Found]) -> Vec<u64> {
        for record in found {
            assert_eq!(record.payload, payload(record.number));
        }
        found.iter().map(|record| record.number).collect()
    }

    fn append(journal: &mut Journal, number: u64) -> Written {
        let Ok(written) = journal.append(|out| out.extend(payload(number))) else {
            panic!("it was not written")
        };
        assert_eq!(written.number, number);
        written
    }

    #[test]
    fn a_file_cut_off_at_any_byte_has_the_records_before_it() {
        let records: Vec<Vec<u8>> = (5..9).map(record).collect();
        let whole = records.concat();
        let last = whole.len() - records[3].len();
        for at in 0..whole.len() {
            let mut followed_by_zeros = whole[..at].to_vec();
            followed_by_zeros.resize(whole.len() + 64, 0);
            for bytes in [&whole[..at], &followed_by_zeros] {
                let found = scan(bytes, KEY, 4).unwrap();
                let padded = (0..4).filter(|n| {
                    let end: usize = records[..=*n].iter().map(Vec::len).sum();
                    let padding = (end - HEADER - payload(5 + *n as u64).len()) % ALIGNMENT;
                    at + padding >= end
                });
                assert_eq!(found.len(), padded.count(), "{at}");
                numbers(&found);
            }
        }
        assert_eq!(numbers(&scan(&whole[..last], KEY, 4).unwrap()), [5, 6, 7]);
    }

    #[test]
    fn a_changed_byte_is_the_end_in_the_last_record_and_an_error_before_it() {
        let records: Vec<Vec<u8>> = (5..9).map(record).collect();
        let whole = records.concat();
        let last = whole.len() - records[3].len();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x40;
            match scan(&damaged, KEY, 4) {
                // The zeros after a payload say nothing.
                Ok(found) if at < last => assert_eq!(numbers(&found), [5, 6, 7, 8], "{at}"),
                Ok(found) => assert!(numbers(&found).starts_with(&[5, 6, 7]), "{at}"),
                Err(place) => assert!(at < last && place <= at, "{at}: {place}"),
            }
        }
    }

    #[test]
    fn what_is_left_of_a_files_former_life_is_not_its_continuation() {
        let former: Vec<u8> = (1..9).flat_map(record).collect();
        let mut file = former.clone();
        let newer = [record(20), record(21)].concat();
        file[..newer.len()].copy_from_slice(&newer);
        assert_eq!(numbers(&scan(&file, KEY, 15).unwrap()), [20, 21]);
        assert!(scan(&file, [8; 16], 0).unwrap().is_empty(), "another database's records are noise");
        // The first record of its new life was not written to its end.
        let mut torn = former;
        torn[..30].copy_from_slice(&record(20)[..30]);
        assert!(scan(&torn, KEY, 15).unwrap().is_empty());
    }

    #[test]
    fn records_are_found_through_many_changes_of_files_and_takings_back() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("database");
        let mut journal = Journal::new(&database, KEY, 1);
        let shared = journal.shared();
        let mut ready = 0;
        for number in 1..=3_000 {
            let written = append(&mut journal, number);
            if number % 7 == 0 {
                journal.take_back(written).unwrap();
                append(&mut journal, number);
            }
            journal.committed(written);
            // Sometimes in time, sometimes late.
            if number % 190 == 0 {
                shared.make_ready().unwrap();
                ready += 1;
            }
            if number % 250 == 0 {
                // The file that is written to, or the one before it, has as many.
                let applied = number - 100;
                let found = read_after(&database, KEY, applied).map_err(|broken| broken.cause).unwrap();
                assert_eq!(numbers(&found), (applied + 1..=number).collect::<Vec<u64>>());
            }
        }
        assert!(ready > 10);
        let files = || SUFFIXES.map(|suffix| beside(&database, suffix));
        for file in files() {
            let length = std::fs::metadata(file).unwrap().len();
            assert!((FIRST_SIZE..=LARGEST_SIZE).contains(&length), "{length}");
        }
        remove(&database).unwrap();
        assert!(files().iter().all(|file| !file.exists()));
        assert!(read_after(&database, KEY, 7).map_err(|broken| broken.cause).unwrap().is_empty());
    }
}
