//! How a command reaches the server that holds a directory: a file is put in, a file comes back.
//!
//! Whoever may write into the directory may change everything in it anyway, so nothing else has to be proven. The server
//! makes the inbox when it starts. A request is a file that appears whole under its name; its answer appears whole
//! beside it. Both are gone after a minute, whoever left them.

use super::applying::{Answer, ApplyError, NewVersion, failed, inbox_of};
use crate::Engine;
use pasarela_domain::catalogue::document::LARGEST_DOCUMENT;
use std::fs::{DirBuilder, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use uuid::Uuid;

const REQUEST: &str = "request";
const ANSWER: &str = "answer";
const UNFINISHED: &str = "unfinished";

/// A document with the words about it.
const LARGEST_REQUEST: u64 = LARGEST_DOCUMENT as u64 * 2;
/// Requests that are answered at once; the rest the next time.
const MOST_REQUESTS: usize = 16;
/// How old a file may get: its command waits no longer.
const LIFE: Duration = Duration::from_secs(60);
/// How long an answer is waited for: the server looks twice a second, and applying takes some milliseconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often the answer is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The server's side.
pub(super) struct Inbox(PathBuf);

impl Inbox {
    /// Makes the inbox of `directory`, readable by its owner alone, unless it is there.
    pub(super) fn open(directory: &Path) -> Inbox {
        let inbox = inbox_of(directory);
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        if let Err(error) = builder.create(&inbox) {
            tracing::warn!(%error, inbox = %inbox.display(), "`pasarela catalog apply` can't reach this server");
        }
        Inbox(inbox)
    }

    /// Answers what waits.
    pub(super) async fn serve(&self, engine: &Engine) {
        for request in self.requests() {
            let answer = match read(&request) {
                Ok(new) => engine.apply_catalogue(&new).await,
                Err(error) => Err(failed(format!("the request can't be read: {error}"))),
            };
            // Answered before it is taken away: after a crash in between it is answered again, and changes nothing.
            let told = serde_json::to_vec(&answer)
                .map_err(io::Error::other)
                .and_then(|bytes| write_whole(&request.with_extension(ANSWER), &bytes))
                .and_then(|()| std::fs::remove_file(&request));
            if let Err(error) = told {
                tracing::warn!(%error, request = %request.display(), "a request could not be answered");
            }
        }
    }

    /// The requests that are not too old; whatever is, is removed.
    fn requests(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.0) else { return Vec::new() };
        let mut requests = Vec::new();
        for entry in entries.flatten() {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            if age.is_some_and(|age| age > LIFE) {
                // What can't be removed is looked at again, and never served.
                let _ = std::fs::remove_file(entry.path());
            } else if entry.path().extension().is_some_and(|extension| extension == REQUEST) {
                requests.push(entry.path());
            }
            if requests.len() == MOST_REQUESTS {
                break;
            }
        }
        requests
    }
}

/// Asks the server that holds `directory`, and waits for its answer.
pub(super) async fn ask(directory: PathBuf, new: &NewVersion) -> Answer {
    let inbox = inbox_of(&directory);
    if !inbox.is_dir() {
        return Err(failed("what uses the data is no server: wait until it has ended, and try again"));
    }
    let request = inbox.join(Uuid::new_v4().to_string()).with_extension(REQUEST);
    let answer = request.with_extension(ANSWER);
    let bytes = serde_json::to_vec(new).map_err(failed)?;
    write_whole(&request, &bytes).map_err(failed)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match std::fs::read(&answer) {
            Ok(bytes) => {
                // The server forgets it in a minute, should this fail.
                let _ = std::fs::remove_file(&answer);
                return serde_json::from_slice(&bytes).map_err(failed)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        if Instant::now() >= until {
            // So that it is not applied behind the caller's back.
            let _ = std::fs::remove_file(&request);
            return Err(ApplyError::NoAnswer(PATIENCE.as_secs()));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn read(request: &Path) -> io::Result<NewVersion> {
    let mut bytes = Vec::new();
    File::open(request)?.take(LARGEST_REQUEST).read_to_end(&mut bytes)?;
    serde_json::from_slice(&bytes).map_err(io::Error::other)
}

/// The file appears with all of its content.
fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = file.with_extension(UNFINISHED);
    std::fs::write(&unfinished, bytes)?;
    std::fs::rename(&unfinished, file)
}
