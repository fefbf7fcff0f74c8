//! Messages to people. Each is a file in the outbox: from there a mail server is handed the e-mails where one is named
//! (`mail.rs`), or the operator's mailer takes them; a developer reads them.

use crate::{Engine, Failure};
use pasarela_domain::refusal::Refusal;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::Notify;

const NAME: &str = "outbox";
/// The most messages that wait; one more is refused rather than filling the disk.
const MOST_MESSAGES: usize = 10_000;
/// The most e-mails that are kept although nobody takes them.
const MOST_UNDELIVERABLE: usize = 1_000;
/// How an e-mail's file ends.
const EMAIL: &str = "eml";
/// How the file of a message to a phone ends.
const PHONE: &str = "sms";
/// How an e-mail's file ends that no server takes.
const UNDELIVERABLE: &str = "undeliverable";
/// Held by the process that hands the messages over.
const LOCK: &str = ".lock";

/// The outbox, if the server has one.
#[derive(Default)]
pub(crate) struct Outbox {
    directory: Option<PathBuf>,
    /// Told of each message.
    pub(crate) wake: Notify,
}

/// An e-mail that waits.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) id: String,
    pub(crate) path: PathBuf,
    pub(crate) age: Duration,
}

/// The outbox of who keeps its files in `directory`.
pub(crate) fn beside(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

impl Outbox {
    pub(crate) fn new(directory: Option<PathBuf>) -> Outbox {
        Outbox { directory, wake: Notify::new() }
    }

    /// The e-mails that wait, the oldest first.
    pub(crate) fn waiting(&self) -> io::Result<Vec<Waiting>> {
        let Some(directory) = &self.directory else { return Ok(Vec::new()) };
        let files = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files?,
        };
        let mut waiting = Vec::new();
        for file in files {
            let file = file?;
            let path = file.path();
            let id = path.file_stem().and_then(|id| id.to_str()).unwrap_or_default().to_owned();
            if path.extension().is_none_or(|extension| extension != EMAIL) || id.starts_with('.') {
                continue;
            }
            // It may be gone meanwhile.
            let Ok(written) = file.metadata().and_then(|metadata| metadata.modified()) else { continue };
            waiting.push(Waiting { id, path, age: written.elapsed().unwrap_or_default() });
        }
        waiting.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(waiting)
    }

    /// Holds the outbox while messages are handed over; nothing while another process does that.
    pub(crate) fn hold(&self) -> io::Result<Option<File>> {
        let Some(directory) = &self.directory else { return Ok(None) };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(directory.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Keeps an e-mail that nobody takes, where it is tried no more; the oldest of too many is gone.
    pub(crate) fn set_aside(&self, message: &Waiting) -> io::Result<()> {
        fs::rename(&message.path, message.path.with_extension(UNDELIVERABLE))?;
        let Some(directory) = &self.directory else { return Ok(()) };
        let files = fs::read_dir(directory)?.filter_map(|file| Some(file.ok()?.path()));
        let mut kept: Vec<PathBuf> =
            files.filter(|path| path.extension().is_some_and(|ending| ending == UNDELIVERABLE)).collect();
        kept.sort();
        let too_many = kept.len().saturating_sub(MOST_UNDELIVERABLE);
        kept[..too_many].iter().try_for_each(fs::remove_file)
    }

    /// Puts a message there, whole or not at all.
    fn post(&self, id: &str, ending: &str, message: &str) -> io::Result<()> {
        let directory =
            self.directory.as_ref().ok_or_else(|| io::Error::other("this server has no outbox"))?;
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
        let waits = |file: &io::Result<fs::DirEntry>| {
            file.as_ref()
                .is_ok_and(|file| file.path().extension().is_some_and(|ending| ending != UNDELIVERABLE))
        };
        if fs::read_dir(directory)?.filter(waits).count() >= MOST_MESSAGES {
            return Err(io::Error::other("the outbox is full"));
        }
        let (unfinished, file) = (directory.join(format!(".{id}")), directory.join(format!("{id}.{ending}")));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(&unfinished)?;
        out.write_all(message.as_bytes())?;
        out.sync_all()?;
        fs::rename(&unfinished, &file)?;
        // The name, too, is on disk before anybody is told that a message was sent.
        #[cfg(unix)]
        File::open(directory)?.sync_all()?;
        self.wake.notify_one();
        Ok(())
    }
}

impl Engine {
    /// Where messages to people are put, if this server has an outbox.
    pub fn outbox(&self) -> Option<&Path> {
        self.inner.outbox.directory.as_deref()
    }

    /// Puts a message to somebody into the outbox: `to` is an e-mail or a phone, both texts are one line or several without
    /// anything that a header could be made of.
    pub(crate) async fn post_message(&self, to: &str, subject: &str, text: &str) -> Result<(), Failure> {
        let line = |text: &str| text.chars().filter(|letter| !letter.is_control()).collect::<String>();
        let id = format!("{:016}", self.inner.ids.next());
        let date = self.inner.clock.wall().jiff().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
        let message = format!(
            "Date: {date}\r\nTo: {}\r\nSubject: {}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n",
            line(to),
            line(subject),
        );
        let ending = if to.contains('@') { EMAIL } else { PHONE };
        let engine = self.clone();
        // The directory is listed and the file is synced: no thread that answers calls waits for that.
        let posted =
            tokio::task::spawn_blocking(move || engine.inner.outbox.post(&id, ending, &message)).await;
        posted.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| {
            tracing::warn!(%error, "a message could not be put into the outbox");
            Failure::Refused(Refusal::plain(503, "no message can be sent now"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_hands_messages_over_is_told_of_one_that_came_while_it_was_busy() {
        let directory = tempfile::tempdir().unwrap();
        let outbox = Outbox::new(Some(directory.path().join("outbox")));
        outbox.post("7", EMAIL, "To: ana@example.com").unwrap();
        let told = tokio::time::timeout(Duration::from_secs(60), outbox.wake.notified());
        told.await.expect("it is told");
        assert_eq!(outbox.waiting().unwrap().len(), 1);
    }
}
