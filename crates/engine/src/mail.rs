//! The outbox, taken to a mail server.
//!
//! A message is a file before anybody is told that it was sent (`outbox.rs`), so nothing is lost when the process dies or the mail
//! server is away. Here the files are handed over one after the other, and each is deleted once the server took it. Who dies
//! between both hands it over once more, under the same `Message-ID`. What the server refuses for good, or did not take in
//! [`LONGEST_TRY`], stays beside the others as `….undeliverable`. Codes to phones are files as before: no mail server takes them.

mod letter;
pub mod server;

use crate::Engine;
use crate::outbox::Waiting;
use lettre::Address;
use rustls::pki_types::CertificateDer;
use server::{Fault, MailServer, Talk};
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// How often the outbox is looked at where nobody says that there is something: files of another process, tries that are due.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How soon the server is tried again after it could not be reached; twice as long after each time.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest such pause: a server that is back is found within five minutes.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How long one message that was put off waits for its next try (RFC 5321 4.5.4.1 asks for half an hour; who waits for a code
/// does not wait so long).
const PUT_OFF: Duration = Duration::from_secs(300);
/// How long a message is tried (RFC 5321 4.5.4.1: four to five days).
const LONGEST_TRY: Duration = Duration::from_secs(4 * 24 * 3_600);

/// Where mail goes, and from whom.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The server.
    pub server: MailServer,
    /// The sender of every message.
    pub from: Address,
}

/// What is remembered between two looks at the outbox.
struct Mailer {
    settings: MailSettings,
    extra_roots: Vec<CertificateDer<'static>>,
    /// Messages that the server put off, and when they are due again.
    put_off: HashMap<String, Instant>,
    /// The pause after the last failure; nothing while the server answers.
    pause: Option<Duration>,
}

impl Engine {
    /// From the start of the workers on, messages are handed over to a mail server. The first settings stay.
    pub fn set_mail(&self, settings: MailSettings) {
        let _ = self.inner.mail.set(settings);
    }
}

/// Hands over what is in the outbox, until `shutdown` is ready.
pub(crate) async fn run(
    engine: Engine,
    extra_roots: Vec<CertificateDer<'static>>,
    shutdown: impl Future<Output = ()>,
) {
    let Some(settings) = engine.inner.mail.get().cloned() else { return };
    let mut mailer = Mailer { settings, extra_roots, put_off: HashMap::new(), pause: None };
    tokio::pin!(shutdown);
    loop {
        // A round ends where it stands when the server stops: what was not handed over is still a file.
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            () = mailer.round(&engine) => {}
        }
        let pause = mailer.pause.unwrap_or(LOOK_EVERY);
        let woken = async {
            match mailer.pause {
                // A server that is away is not asked more often because more is written.
                Some(_) => std::future::pending().await,
                None => engine.inner.outbox.wake.notified().await,
            }
        };
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            () = woken => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Mailer {
    /// Hands over each message that is due.
    async fn round(&mut self, engine: &Engine) {
        match self.hand_over(engine).await {
            Ok(()) => self.pause = None,
            Err(error) => {
                let next = self.pause.map_or(FIRST_PAUSE, |last| (2 * last).min(LONGEST_PAUSE));
                self.pause = Some(next);
                let (server, again_in_s) = (&self.settings.server, next.as_secs());
                tracing::warn!(%error, %server, again_in_s, "no mail can be handed over; messages wait in the outbox");
            }
        }
    }

    async fn hand_over(&mut self, engine: &Engine) -> Result<(), Fault> {
        let outbox = engine.clone();
        let waiting = aside(move || outbox.inner.outbox.waiting()).await?;
        self.put_off.retain(|id, _| waiting.iter().any(|message| message.id == *id));
        let now = Instant::now();
        let due =
            waiting.iter().filter(|message| self.put_off.get(&message.id).is_none_or(|due| *due <= now));
        let due: Vec<&Waiting> = due.collect();
        if due.is_empty() {
            return Ok(());
        }
        // Of several processes with one outbox one takes the files.
        let Some(_hold) = aside({
            let engine = engine.clone();
            move || engine.inner.outbox.hold()
        })
        .await?
        else {
            return Ok(());
        };
        let mut talk = Talk::begin(&self.settings.server, &self.extra_roots).await?;
        for message in due {
            if let Err(error) = self.take(engine, &mut talk, message).await {
                talk.end().await;
                return Err(error);
            }
        }
        talk.end().await;
        Ok(())
    }

    async fn take(&mut self, engine: &Engine, talk: &mut Talk, message: &Waiting) -> Result<(), Fault> {
        let path = message.path.clone();
        // Somebody took it away meanwhile.
        let Ok(text) = aside(move || std::fs::read_to_string(path)).await else { return Ok(()) };
        let letter = match letter::read(&text, &self.settings.from, &message.id) {
            Ok(letter) => letter,
            Err(why) => return set_aside(engine, message, &why).await,
        };
        match talk.hand_over(&self.settings.from, &letter).await {
            Ok(()) => {
                self.put_off.remove(&message.id);
                remove(&message.path).await
            }
            Err(Fault::Refused(why)) => set_aside(engine, message, &why).await,
            Err(Fault::PutOff(why)) if message.age > LONGEST_TRY => set_aside(engine, message, &why).await,
            Err(Fault::PutOff(why)) => {
                tracing::info!(id = message.id, why, "the mail server put a message off");
                self.put_off.insert(message.id.clone(), Instant::now() + PUT_OFF);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

async fn remove(path: &Path) -> Result<(), Fault> {
    let path = path.to_owned();
    Ok(aside(move || std::fs::remove_file(path)).await?)
}

/// Keeps a message that nobody takes, where it is tried no more.
async fn set_aside(engine: &Engine, message: &Waiting, why: &str) -> Result<(), Fault> {
    tracing::warn!(
        id = message.id,
        why,
        "a message can't be delivered; it stays in the outbox as .undeliverable"
    );
    let (engine, message) = (engine.clone(), message.clone());
    Ok(aside(move || engine.inner.outbox.set_aside(&message)).await?)
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|broken| Err(io::Error::other(broken)))
}
