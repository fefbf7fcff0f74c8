//! Messages go out by mail, and wait as files where they can't.

mod receiver;

use pasarela_domain::site::Site;
use pasarela_engine::audit::Actor;
use pasarela_engine::mail::MailSettings;
use pasarela_engine::mail::server::{Fault, MailServer};
use pasarela_engine::people::NewPerson;
use pasarela_engine::{Engine, EngineOptions};
use receiver::{Manners, PATIENCE, Receiver};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const FROM: &str = "pay@example.com";
/// `\0pay\0correct horse`
const CREDENTIALS: &str = "AHBheQBjb3JyZWN0IGhvcnNl";

/// A server's engine, and its workers.
struct World {
    engine: Engine,
    directory: tempfile::TempDir,
    working: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

impl World {
    async fn new() -> World {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::open(EngineOptions {
            outbox: Some(directory.path().join("outbox")),
            development: true,
            public_url: "http://localhost".to_owned(),
            ..EngineOptions::default()
        });
        World { engine: engine.await.unwrap(), directory, working: None }
    }

    fn start(&mut self, server: MailServer, extra_roots: Vec<CertificateDer<'static>>) {
        self.engine.set_mail(MailSettings { server, from: FROM.parse().unwrap() });
        let (stop, stopping) = watch::channel(false);
        let engine = self.engine.clone();
        let workers = tokio::spawn(async move { engine.run_workers(extra_roots, stopping).await });
        self.working = Some((stop, workers));
    }

    /// Somebody signs up, and is sent a code.
    async fn write_to(&self, email: &str) {
        let new = NewPerson { site: Site::MLA, email, name: "Ana", password: "correct horse" };
        self.engine.sign_up(new, &Actor::operator("test")).await.unwrap().unwrap();
    }

    fn files(&self) -> BTreeSet<String> {
        endings(&self.directory.path().join("outbox"))
    }

    async fn has_files(&self, endings: &[&str]) {
        let started = Instant::now();
        while self.files() != endings.iter().map(|&ending| ending.to_owned()).collect() {
            assert!(started.elapsed() < PATIENCE, "{:?} instead of {endings:?}", self.files());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn stop(mut self) {
        if let Some((stop, workers)) = self.working.take() {
            stop.send(true).unwrap();
            workers.await.unwrap();
        }
        self.engine.close().await;
    }
}

/// Receivers and endings of the files.
fn endings(outbox: &Path) -> BTreeSet<String> {
    let Ok(files) = std::fs::read_dir(outbox) else { return BTreeSet::new() };
    let paths = files.map(|file| file.unwrap().path());
    let messages = paths.filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'));
    messages
        .filter_map(|path| {
            // Handed over this very moment.
            let text = std::fs::read_to_string(&path).ok()?;
            let to = text.lines().find_map(|line| line.strip_prefix("To: "))?.split('@').next()?.to_owned();
            Some(format!("{to}.{}", path.extension()?.to_str()?))
        })
        .collect()
}

fn server(receiver: &Receiver, user: bool) -> MailServer {
    let user = if user { "pay@" } else { "" };
    let address = format!("smtp://{user}{}?tls=none", receiver.address);
    let password = (!user.is_empty()).then(|| "correct horse".to_owned().into());
    MailServer::new(&address, password).unwrap()
}

#[tokio::test]
async fn a_message_is_handed_over_and_its_file_goes() {
    let receiver = Receiver::start(Manners { credentials: Some(CREDENTIALS), ..Manners::default() }).await;
    let mut world = World::new().await;
    world.write_to("ana@example.org").await;
    assert_eq!(world.files(), BTreeSet::from(["ana.eml".to_owned()]), "before the workers run");
    world.start(server(&receiver, true), Vec::new());
    let taken = receiver.has(1).await.remove(0);
    assert_eq!((taken.from.as_str(), taken.to.as_str()), (FROM, "ana@example.org"));
    assert!(taken.text.contains("From: Pasarela <pay@example.com>"), "{}", taken.text);
    let has_code =
        taken.text.lines().any(|line| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit()));
    assert!(has_code, "{}", taken.text);
    world.has_files(&[]).await;
    // And so is one that is written later.
    world.write_to("eva@example.org").await;
    assert_eq!(receiver.has(2).await[1].to, "eva@example.org");
    world.has_files(&[]).await;
    world.stop().await;
}

#[tokio::test]
async fn while_the_server_is_away_or_knows_nobody_messages_wait() {
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = closed.local_addr().unwrap();
    let mut world = World::new().await;
    let away =
        MailServer::new(&format!("smtp://pay@{address}?tls=none"), Some("correct horse".to_owned().into()))
            .unwrap();
    assert!(matches!(away.check(&FROM.parse().unwrap(), &[]).await, Err(Fault::Server(_))));
    world.start(away.clone(), Vec::new());
    world.write_to("ana@example.org").await;
    let other = Some("AHBheQBvdGhlcg==");
    let receiver =
        Receiver::on(closed.listen(128).unwrap(), Manners { credentials: other, ..Manners::default() });
    let refused = away.check(&FROM.parse().unwrap(), &[]).await.unwrap_err().to_string();
    assert!(refused.contains("535") || refused.contains("5.7.8"), "{refused}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(
        world.files(),
        BTreeSet::from(["ana.eml".to_owned()]),
        "a wrong password is not the message's fault"
    );
    receiver.mend(|manners| manners.credentials = Some(CREDENTIALS));
    away.check(&FROM.parse().unwrap(), &[]).await.unwrap();
    assert_eq!(receiver.has(1).await[0].to, "ana@example.org");
    world.has_files(&[]).await;
    world.stop().await;
}

#[tokio::test]
async fn one_that_is_refused_or_put_off_keeps_no_other_waiting() {
    let answers = vec![("gone", "550 5.1.1 nobody"), ("later", "451 4.7.1 later")];
    let receiver = Receiver::start(Manners { answers, ..Manners::default() }).await;
    let mut world = World::new().await;
    for email in ["gone@example.org", "later@example.org", "ana@example.org"] {
        world.write_to(email).await;
    }
    world.start(server(&receiver, false), Vec::new());
    assert_eq!(receiver.has(1).await[0].to, "ana@example.org");
    world.has_files(&["gone.undeliverable", "later.eml"]).await;
    assert_eq!(receiver.taken().len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn one_that_may_have_been_taken_comes_once_more_under_the_same_id() {
    let receiver = Receiver::start(Manners { deaf_after: Some(1), ..Manners::default() }).await;
    let mut world = World::new().await;
    world.write_to("ana@example.org").await;
    world.start(server(&receiver, false), Vec::new());
    let taken = receiver.has(2).await;
    let id = |text: &str| text.lines().find(|line| line.starts_with("Message-ID: ")).unwrap().to_owned();
    assert_eq!(id(&taken[0].text), id(&taken[1].text));
    world.has_files(&[]).await;
    assert_eq!(receiver.taken().len(), 2, "once more, and no more");
    world.stop().await;
}

#[tokio::test]
async fn nothing_is_said_to_a_server_without_a_certificate_that_holds() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.der().clone(), made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], PrivateKeyDer::Pkcs8(key.into()))
        .unwrap();
    let manners =
        Manners { credentials: Some(CREDENTIALS), tls: Some(Arc::new(config)), ..Manners::default() };
    let receiver = Receiver::start(manners).await;
    let address = format!("smtp://pay@localhost:{}", receiver.address.port());
    let server = MailServer::new(&address, Some("correct horse".to_owned().into())).unwrap();
    assert!(
        matches!(server.check(&FROM.parse().unwrap(), &[]).await, Err(Fault::Server(_))),
        "nobody knows its certificate"
    );
    let mut world = World::new().await;
    world.write_to("ana@example.org").await;
    world.start(server, vec![certificate]);
    assert!(receiver.has(1).await[0].is_encrypted);
    world.has_files(&[]).await;
    world.stop().await;
    // Who demands encryption says nothing where none is offered.
    receiver.mend(|manners| manners.tls = None);
    let plain = MailServer::new(&format!("smtp://{}", receiver.address), None).unwrap();
    assert!(matches!(plain.check(&FROM.parse().unwrap(), &[]).await, Err(Fault::Server(_))));
}
