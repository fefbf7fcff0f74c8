//! Online backup: one consistent copy while the store goes on.

use crate::BackupError;
use crate::sqlite::connection::{Purpose, open};
use crate::sqlite::store::SqliteStore;
use crate::sqlite::unwritten::Kinds;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pages copied before progress is told: 8 MiB.
const PAGES_A_STEP: i32 = 1_024;

/// How long a step waits that finds the database locked.
const LOCKED_PAUSE: Duration = Duration::from_millis(10);

impl SqliteStore {
    /// Copies the database to the file `to`, as it is at this moment. It appears under its name only when it is
    /// complete and on the disk. `progress` is told how many pages are copied, and of how many.
    ///
    /// # Errors
    /// When the file exists, can't be written, or the disk is full; then nothing is left of it.
    pub(crate) async fn backup(
        &self,
        to: &Path,
        progress: impl Fn(u64, u64) + Send + 'static,
    ) -> Result<(), BackupError> {
        let settled = self.settled(Kinds::ALL).await;
        settled.map_err(|failure| BackupError::Copy(failure.to_string()))?;
        let (database, to) = (self.database().to_owned(), to.to_owned());
        // The store's files must stay until the copy is made.
        let store = self.clone();
        tokio::task::spawn_blocking(move || {
            let outcome = copy(&database, &to, &progress);
            drop(store);
            outcome
        })
        .await
        .map_err(|failure| BackupError::Copy(failure.to_string()))?
    }
}

fn copy(database: &Path, to: &Path, progress: &impl Fn(u64, u64)) -> Result<(), BackupError> {
    if to.exists() {
        return Err(BackupError::Exists { file: to.to_owned() });
    }
    let unfinished = Unfinished::create(to)?;
    let source = open(database, Purpose::Read).map_err(|cause| BackupError::Copy(cause.to_string()))?;
    copy_pages(&source, &unfinished.path, progress).map_err(|cause| BackupError::Copy(cause.to_string()))?;
    unfinished.finish(to)
}

fn copy_pages(source: &Connection, to: &Path, progress: &impl Fn(u64, u64)) -> rusqlite::Result<()> {
    // An open read transaction pins what is copied: without it, each commit meanwhile would start the copy anew.
    let snapshot = source.unchecked_transaction()?;
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mut target = Connection::open(to)?;
    // One sync at the end is enough for a file that has no name yet.
    target.pragma_update(None, "synchronous", "OFF")?;
    let backup = Backup::new(&snapshot, &mut target)?;
    loop {
        let step = backup.step(PAGES_A_STEP)?;
        let at = backup.progress();
        let (all, left) =
            (u64::try_from(at.pagecount).unwrap_or(0), u64::try_from(at.remaining).unwrap_or(0));
        progress(all.saturating_sub(left), all);
        match step {
            StepResult::Done => break,
            StepResult::Busy | StepResult::Locked => std::thread::sleep(LOCKED_PAUSE),
            _ => {}
        }
    }
    drop(backup);
    // Put in the place of its original, it goes on from here: what the original's journal says is not to be added.
    target.execute("UPDATE setting SET value = randomblob(16) WHERE name = 'journal_key'", [])?;
    // One file that needs no other beside it; opening it as a store makes it a logged one again.
    target.pragma_update(None, "journal_mode", "DELETE")
}

/// A copy under its temporary name; removed unless it is finished.
struct Unfinished {
    path: PathBuf,
    is_finished: bool,
}

impl Unfinished {
    fn create(to: &Path) -> Result<Unfinished, BackupError> {
        let mut name = to.as_os_str().to_owned();
        name.push(".unfinished");
        let path = PathBuf::from(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(|cause| BackupError::File { file: path.clone(), cause })?;
        Ok(Unfinished { path, is_finished: false })
    }

    fn finish(mut self, to: &Path) -> Result<(), BackupError> {
        let failed = |cause| BackupError::File { file: to.to_owned(), cause };
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(failed)?;
        // A link, not a rename: it fails if somebody made the target meanwhile, where a rename would replace it.
        std::fs::hard_link(&self.path, to).map_err(failed)?;
        std::fs::remove_file(&self.path).map_err(failed)?;
        self.is_finished = true;
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        #[cfg(unix)]
        File::open(parent).and_then(|directory| directory.sync_all()).map_err(failed)?;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            // Nothing more can be done about a file that can't be removed; its name says what it is.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
