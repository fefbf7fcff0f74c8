//! Where the database's files are, and that one process alone uses them.

use crate::{Location, OpenError, StoreOptions};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The database inside the directory.
const DATABASE: &str = "pasarela.db";
/// The file whose lock says that the directory is in use.
const LOCK: &str = "pasarela.lock";
/// How often the lock is tried: somebody who looks whether it is held may hold it for a moment.
const LOCK_TRIES: u32 = 5;
/// The pause between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(2);
/// What the directories of ephemeral stores begin with.
const EPHEMERAL_PREFIX: &str = "pasarela-ephemeral-";

/// A directory that is held for as long as this lives.
#[derive(Debug)]
pub(crate) struct Held {
    database: PathBuf,
    // Dropped in this order: the lock's handle first, then the directory with the file it was on.
    _lock: Option<File>,
    ephemeral: Option<TempDir>,
}

impl Held {
    /// Finds or makes the directory of `options` and locks it.
    pub(crate) fn take(options: &StoreOptions) -> Result<Held, OpenError> {
        match &options.location {
            Location::Directory(directory) => Held::directory(directory, options),
            Location::Ephemeral => Held::ephemeral(),
            // The door leads a database's URL to another engine.
            Location::Database(_) => Err(OpenError::NotOurs { name: "a database's URL".to_owned() }),
            // The door does not come here with a memory.
            #[cfg(feature = "simulation")]
            Location::Memory(_) => Held::ephemeral(),
        }
    }

    /// The database's file.
    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    /// Whether nothing is to be kept.
    pub(crate) fn is_ephemeral(&self) -> bool {
        self.ephemeral.is_some()
    }

    fn directory(directory: &Path, options: &StoreOptions) -> Result<Held, OpenError> {
        let database = directory.join(DATABASE);
        if options.create {
            make_private_directory(directory)?;
        } else if !database.is_file() {
            return Err(OpenError::NothingThere { name: database.display().to_string() });
        }
        let lock = if options.read_only { None } else { Some(lock(&directory.join(LOCK))?) };
        Ok(Held { database, _lock: lock, ephemeral: None })
    }

    fn ephemeral() -> Result<Held, OpenError> {
        let parent = std::env::temp_dir();
        // Random name, mode 0700: nobody else on the machine can have prepared it.
        let directory = tempfile::Builder::new()
            .prefix(EPHEMERAL_PREFIX)
            .tempdir_in(&parent)
            .map_err(|cause| OpenError::Directory { directory: parent.clone(), cause })?;
        let lock = appear_locked(directory.path())?;
        remove_abandoned(&parent, directory.path());
        Ok(Held { database: directory.path().join(DATABASE), _lock: Some(lock), ephemeral: Some(directory) })
    }
}

/// Makes `directory`, readable by its owner alone, unless it is there.
fn make_private_directory(directory: &Path) -> Result<(), OpenError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|cause| OpenError::Directory { directory: directory.to_owned(), cause })
}

/// Whether a process that writes uses `database`.
pub(crate) fn is_in_use(database: &Path) -> bool {
    // Who may not even open the lock is no judge of it.
    File::open(database.with_file_name(LOCK)).is_ok_and(|lock| lock.try_lock_shared().is_err())
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|cause| OpenError::Directory { directory: path.to_owned(), cause })?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(cause)) => {
                return Err(OpenError::Directory { directory: path.to_owned(), cause });
            }
        }
    }
    Err(OpenError::InUse { lock: path.to_owned() })
}

/// Makes the lock's file in a new directory. It has its name only once it is locked: whoever finds one by that name which
/// nobody holds takes the directory for an abandoned one.
fn appear_locked(directory: &Path) -> Result<File, OpenError> {
    let unnamed = directory.join("pasarela.lock-new");
    let lock = lock(&unnamed)?;
    std::fs::rename(&unnamed, directory.join(LOCK))
        .map_err(|cause| OpenError::Directory { directory: directory.to_owned(), cause })?;
    Ok(lock)
}

/// Removes what ephemeral stores of killed processes left in `parent`: a directory of our own user, by its name, whose
/// lock nobody holds.
fn remove_abandoned(parent: &Path, ours: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(EPHEMERAL_PREFIX));
        if !named || path == ours || !is_directory_of_same_user(&path, ours) {
            continue;
        }
        // A directory without its lock file is one that another process is just making: left alone.
        let Ok(lock) = File::open(path.join(LOCK)) else { continue };
        if lock.try_lock().is_ok()
            && let Err(cause) = std::fs::remove_dir_all(&path)
        {
            tracing::warn!(directory = %path.display(), %cause, "an abandoned ephemeral store could not be removed");
        }
    }
}

#[cfg(unix)]
fn is_directory_of_same_user(path: &Path, ours: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (std::fs::symlink_metadata(path), std::fs::symlink_metadata(ours)) {
        (Ok(theirs), Ok(ours)) => theirs.is_dir() && theirs.uid() == ours.uid(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_directory_of_same_user(path: &Path, _ours: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|theirs| theirs.is_dir())
}
