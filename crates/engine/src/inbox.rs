//! How a command reaches the server that holds a directory: a file is put in, a file comes back.
//!
//! Whoever may write into the directory may change everything in it anyway, so nothing else has to be proven. The server
//! makes the inbox when it starts. A request is a file that appears whole under its name; its answer appears whole
//! beside it. Both are gone after a minute, whoever left them.

use pasarela_domain::catalogue::document::LARGEST_DOCUMENT;
use serde::Serialize;
use serde::de::DeserializeOwned;
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

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// What uses the data is no server.
    #[error("what uses the data is no server: wait until it has ended, and try again")]
    NoServer,
    /// It did not answer within so many seconds: it may have done what was asked.
    #[error("the server that uses the data did not answer within {0} seconds")]
    Late(u64),
    /// A file can't be read or written.
    #[error(transparent)]
    Files(#[from] io::Error),
}

/// The server's side.
pub(crate) struct Inbox(PathBuf);

impl Inbox {
    /// Makes the inbox `name` of `directory`, readable by its owner alone, unless it is there.
    pub(crate) fn open(directory: &Path, name: &str) -> Inbox {
        let inbox = directory.join(name);
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        if let Err(error) = builder.create(&inbox) {
            tracing::warn!(%error, inbox = %inbox.display(), "the operator's commands can't reach this server");
        }
        Inbox(inbox)
    }

    /// Answers what waits; a request that can't be read is an error for `answer`.
    pub(crate) async fn serve<R, A, F>(&self, answer: impl Fn(io::Result<R>) -> F)
    where
        R: DeserializeOwned,
        A: Serialize,
        F: Future<Output = A>,
    {
        for request in self.requests() {
            let answer = answer(read(&request)).await;
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

/// Asks the server that holds `directory` by its inbox `name`, and waits for its answer.
pub(crate) async fn ask<A: DeserializeOwned>(
    directory: &Path,
    name: &str,
    asked: &impl Serialize,
) -> Result<A, NoAnswer> {
    let inbox = directory.join(name);
    if !inbox.is_dir() {
        return Err(NoAnswer::NoServer);
    }
    let request = inbox.join(Uuid::new_v4().to_string()).with_extension(REQUEST);
    let answer = request.with_extension(ANSWER);
    let bytes = serde_json::to_vec(asked).map_err(io::Error::other)?;
    write_whole(&request, &bytes)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match std::fs::read(&answer) {
            Ok(bytes) => {
                // The server forgets it in a minute, should this fail.
                let _ = std::fs::remove_file(&answer);
                return Ok(serde_json::from_slice(&bytes).map_err(io::Error::other)?);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        if Instant::now() >= until {
            // So that it is not done behind the caller's back.
            let _ = std::fs::remove_file(&request);
            return Err(NoAnswer::Late(PATIENCE.as_secs()));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn read<R: DeserializeOwned>(request: &Path) -> io::Result<R> {
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
