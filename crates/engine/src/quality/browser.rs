//! A seller's page, opened in a real browser: what its scripts make of it, as a buyer sees it.
//!
//! The page is anybody's, so the browser is taken for hostile. It is a child process with a profile of its own that is
//! thrown away, in its own sandbox, of an unprivileged user where the server runs as root, with nothing of the server's
//! environment, for forty seconds at most. It reaches the network by our own door alone ([`door`]), which checks every address
//! as notifications' are: names are not resolved in the browser, and what does not go by a proxy (WebRTC, QUIC) is off. It
//! is spoken to over a pipe ([`devtools`]), which no page can reach. What comes out is data ([`snapshot`]): no script of
//! ours runs in the page, so none can be deceived there.

mod devtools;
mod door;
mod form;
mod nodes;
pub mod refusal;
mod sizes;
mod snapshot;
mod visit;

use super::page_reader::Official;
use crate::notifications::address_guard::Reach;
use door::Door;
use pasarela_domain::quality::page::PageFacts;
use refusal::{Shown, Trial};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How long the pages of one check may take in the browser, its start and a refused payment included.
const OPEN_TIME: Duration = Duration::from_secs(28);
/// How long it may all take with further refused payments.
const TRIAL_TIME: Duration = Duration::from_secs(40);
/// How long a check waits for another one's browser.
const TURN_TIME: Duration = Duration::from_secs(8);
/// How many browsers run at a time: each takes some hundred megabytes.
const MOST_BROWSERS: usize = 2;
/// What a browser is called, the first that is found.
const NAMES: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome-headless-shell"];

/// A browser on this machine: Chromium, or one of its kind.
pub struct Browser {
    program: PathBuf,
    may_go_without_sandbox: bool,
    turns: Semaphore,
}

/// A page to be opened.
pub(super) struct Wanted {
    /// Where.
    pub url: url::Url,
    /// Whether its scripts are looked at, too.
    pub with_scripts: bool,
    /// Cards that are typed into its form and refused.
    pub trial: Option<Arc<Trial>>,
}

/// What was seen of a page.
pub(super) struct Seen {
    /// The page as it was opened.
    pub facts: PageFacts,
    /// What the buyers were shown whose cards were refused, or why nobody was one: in the order of the trial's cards, as far as
    /// there was time.
    pub refusals: Vec<Result<Shown, String>>,
    /// How long it took, with the first card.
    took: Duration,
}

/// Why a page was not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unseen {
    /// Its own scripts keep the browser from showing it, which showed another page meanwhile.
    Hangs,
    /// Anything else, in a few words.
    Fault(String),
}

/// What a browser may reach and trust.
pub(super) struct Surroundings {
    /// Where it may connect.
    pub reach: Reach,
    /// Keys of certificates that it takes although no authority that it knows stands for them: SHA-256, base64.
    pub trusted_keys: Vec<String>,
    /// Where the library is at home.
    pub official: Official,
    /// Until when there is time for further cards.
    pub until: Instant,
}

impl Browser {
    /// The browser at `program`. Where it can't be kept in its sandbox, it is not used, unless `may_go_without_sandbox`: for
    /// development alone.
    pub fn at(program: PathBuf, may_go_without_sandbox: bool) -> Browser {
        Browser { program, may_go_without_sandbox, turns: Semaphore::new(MOST_BROWSERS) }
    }

    /// The first one on the path, if there is any. On other systems than Unix there is none: it could not be told to give
    /// up its rights.
    pub fn on_path(may_go_without_sandbox: bool) -> Option<Browser> {
        if !cfg!(unix) {
            return None;
        }
        let path = std::env::var_os("PATH")?;
        let found = std::env::split_paths(&path).filter(|directory| directory.is_absolute()).find_map(
            |directory| NAMES.iter().map(|name| directory.join(name)).find(|file| file.is_file()),
        )?;
        Some(Browser::at(found, may_go_without_sandbox))
    }

    /// Where it is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Opens the pages, one after the other; what was seen of each, or why it was not.
    pub(super) async fn open(
        &self,
        pages: Vec<Wanted>,
        around: Surroundings,
    ) -> Result<Vec<Result<Seen, Unseen>>, String> {
        let turn = tokio::time::timeout(TURN_TIME, self.turns.acquire()).await;
        let _turn =
            turn.ok().and_then(Result::ok).ok_or_else(|| "other pages are being opened".to_owned())?;
        let door = Door::open(around.reach).await.map_err(|error| format!("no way for it: {error}"))?;
        let (program, port) = (self.program.clone(), door.port());
        let may_go_without_sandbox = self.may_go_without_sandbox;
        // A thread of its own: the pipe is read without waiting for anybody else, and ends with the browser.
        let opened = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let deadline = began + OPEN_TIME;
            let start = |is_sandboxed| {
                let child = devtools::Child::start(&program, port, &around.trusted_keys, is_sandboxed)?;
                devtools::Devtools::of(child, deadline)
            };
            let mut devtools = match start(true) {
                Err(fault) if fault == devtools::ENDED && may_go_without_sandbox => start(false)?,
                Err(fault) if fault == devtools::ENDED => {
                    return Err("it does not start: perhaps its sandbox can't be had here".to_owned());
                }
                other => other?,
            };
            let mut visitor = visit::Visitor::new(&mut devtools, &around.official, port);
            let mut seen: Vec<_> = pages.iter().map(|page| visitor.visit(page)).collect();
            visitor.limit(around.until.min(began + TRIAL_TIME));
            for (page, seen) in pages.iter().zip(&mut seen) {
                if let Ok(seen) = seen {
                    visitor.visit_again(page, seen);
                }
            }
            Ok(seen)
        });
        opened.await.unwrap_or_else(|broken| Err(broken.to_string()))
    }
}
