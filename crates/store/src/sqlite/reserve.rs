//! Room on the disk that is kept for what was acknowledged.
//!
//! A group is acknowledged before its pages are written. On a disk that has filled up meanwhile they would find no room,
//! and what was acknowledged could not be read. So there is a file of nothing, which is given up for them then. While
//! there is none, the writer acknowledges nothing before its pages are written.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// As much as one transaction writes at most: see `writer::LARGEST_TRANSACTION`.
const SIZE: u64 = 8 * 1024 * 1024;

/// It is made only where this much is free: it must not take the room that it is there to give.
const LEAST_FREE: u64 = 4 * SIZE;

/// The reserve beside a database.
pub(crate) struct Reserve {
    file: PathBuf,
    is_there: AtomicBool,
}

impl Reserve {
    /// None yet.
    pub(crate) fn beside(database: &Path) -> Reserve {
        let mut file = database.as_os_str().to_owned();
        file.push("-reserve");
        Reserve { file: file.into(), is_there: AtomicBool::new(false) }
    }

    /// Whether it can be relied upon.
    pub(crate) fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Acquire)
    }

    /// Makes it, if it is not there and there is room.
    pub(crate) fn make(&self) {
        if self.is_there() || free_beside(&self.file).is_none_or(|free| free < LEAST_FREE) {
            return;
        }
        match allocate(&self.file) {
            Ok(()) => self.is_there.store(true, Ordering::Release),
            Err(cause) => {
                tracing::debug!(%cause, "no room could be reserved on the disk");
                self.give_up();
            }
        }
    }

    /// Gives its room to others.
    pub(crate) fn give_up(&self) {
        self.is_there.store(false, Ordering::Release);
        // If it can't be removed there is no more room than before, and whoever needs it sees that.
        let _ = std::fs::remove_file(&self.file);
    }
}

fn allocate(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    fill(&options.open(path)?)
}

#[cfg(target_os = "linux")]
fn fill(file: &File) -> std::io::Result<()> {
    Ok(rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, SIZE)?)
}

#[cfg(not(target_os = "linux"))]
fn fill(mut file: &File) -> std::io::Result<()> {
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), SIZE), &mut file).map(|_| ())
}

/// The bytes that are free where `file` is to be; `None` if nobody knows.
#[cfg(unix)]
fn free_beside(file: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(file.parent()?).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(not(unix))]
fn free_beside(_file: &Path) -> Option<u64> {
    None
}
