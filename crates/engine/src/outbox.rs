//! Messages to people. Each is a file in the outbox, which the operator's mailer takes from there; a
//! developer reads it.

use crate::{Engine, Failure};
use pasarela_domain::refusal::Refusal;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const NAME: &str = "outbox";
/// The most messages that wait; one more is refused rather than filling the disk.
const MOST_MESSAGES: usize = 10_000;

/// The outbox, if the server has one.
pub(crate) struct Outbox(pub(crate) Option<PathBuf>);

/// The outbox of who keeps its files in `directory`.
pub(crate) fn beside(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

impl Outbox {
    /// Puts a message there, whole or not at all.
    fn post(&self, id: &str, message: &str) -> io::Result<()> {
        let directory = self.0.as_ref().ok_or_else(|| io::Error::other("this server has no outbox"))?;
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
        if fs::read_dir(directory)?.count() >= MOST_MESSAGES {
            return Err(io::Error::other("the outbox is full"));
        }
        let (unfinished, file) = (directory.join(format!(".{id}")), directory.join(format!("{id}.eml")));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(&unfinished)?;
        out.write_all(message.as_bytes())?;
        out.sync_all()?;
        fs::rename(&unfinished, &file)
    }
}

impl Engine {
    /// Where messages to people are put, if this server has an outbox.
    pub fn outbox(&self) -> Option<&Path> {
        self.inner.outbox.0.as_deref()
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
        let engine = self.clone();
        // The directory is listed and the file is synced: no thread that answers calls waits for that.
        let posted = tokio::task::spawn_blocking(move || engine.inner.outbox.post(&id, &message)).await;
        posted.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| {
            tracing::warn!(%error, "a message could not be put into the outbox");
            Failure::Refused(Refusal::plain(503, "no message can be sent now"))
        })
    }
}
