//! A contender that runs: started, asked, weighed, and always ended.

use super::contender::{Card, Contender, first_id};
use super::installation::Installation;
use crate::Failure;
use crate::connection::Connection;
use crate::load::{self, Load, Outcome, Requests};
use crate::{process, requests};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::process::Child;

/// No peer needs nearly as long to start, on any machine that measures.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How much longer than its load a peer may take for its last answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two attempts to connect to what is starting: the resolution of the start-up time, and cheap.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(1);

/// Connections that make Pasarela's card tokens, outside the measured time.
const PREPARING_CONNECTIONS: usize = 64;

/// A started contender.
#[derive(Debug)]
pub struct Running {
    /// Which.
    contender: Contender,
    address: SocketAddr,
    /// Leader of its process group.
    process: Child,
    /// Where its complaints go.
    complaints: PathBuf,
    /// From the spawn to the first answer.
    pub first_answer: Duration,
    access_token: String,
    /// The card that all payments share, if they do.
    shared_card: Option<String>,
}

impl Running {
    /// Starts `contender` and waits until it has answered its first request: the first that creating a payment needs.
    pub async fn start(
        contender: Contender,
        installed: &Installation,
        access_token: &str,
        directory: &Path,
        anew: bool,
    ) -> Result<Running, Failure> {
        if let Some(reason) = installed.missing(contender.package()) {
            return Err(reason.into());
        }
        let port = free_port()?;
        let complaints = directory.with_extension("complaints");
        let mut command = contender.command(installed, port, directory, anew);
        command.stderr(std::fs::File::create(&complaints)?);
        let started = Instant::now();
        let process = command.spawn().map_err(|error| {
            format!("{} cannot be started ({error})", command.as_std().get_program().display())
        })?;
        let mut running = Running {
            contender,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            process,
            complaints,
            first_answer: Duration::ZERO,
            access_token: access_token.to_owned(),
            shared_card: None,
        };
        let first = match contender.card() {
            Card::Named => {
                let mut request = Vec::new();
                contender.creating(access_token, "first", Vec::new())(0, &mut request);
                request
            }
            Card::Shared(request) => request,
            Card::SingleUse => {
                let mut request = Vec::new();
                requests::card_tokens(access_token, 1)(0, &mut request);
                request
            }
        };
        let body = running.wait_for_answer(&first, started).await?;
        running.first_answer = started.elapsed();
        if matches!(contender.card(), Card::Shared(_)) {
            running.shared_card = first_id(&body);
        }
        Ok(running)
    }

    async fn wait_for_answer(&mut self, request: &[u8], started: Instant) -> Result<Vec<u8>, Failure> {
        let mut last = String::from("it did not listen");
        while started.elapsed() < START_LIMIT {
            if let Some(status) = self.process.try_wait()? {
                return Err(self.explain(&format!("ended with {status} before it answered")));
            }
            if let Ok(mut connection) = Connection::open(self.address).await {
                match tokio::time::timeout(START_LIMIT, connection.exchange(request)).await {
                    Ok(Ok(answer)) if (200..300).contains(&answer.status) => return Ok(answer.body.to_vec()),
                    Ok(Ok(answer)) => {
                        last = format!("{}: {}", answer.status, String::from_utf8_lossy(answer.body));
                    }
                    Ok(Err(error)) => last = error.to_string(),
                    Err(_) => last = "it did not answer".to_owned(),
                }
            }
            tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        }
        Err(self.explain(&format!("no answer in {} s: {last}", START_LIMIT.as_secs())))
    }

    /// Resident memory of the process and of all it has started, in MB.
    pub fn resident_mb(&self) -> Result<f64, Failure> {
        let group = self.process.id().ok_or("it has ended")?;
        process::resident_mb_of_group(group)
    }

    /// Makes the cards for `count` payments.
    pub async fn cards(&self, count: usize) -> Result<Vec<String>, Failure> {
        if !matches!(self.contender.card(), Card::SingleUse) {
            return Ok(self.shared_card.clone().into_iter().collect());
        }
        let load = Load {
            connections: PREPARING_CONNECTIONS,
            duration: START_LIMIT,
            keep: Some(first_id as load::Keep),
        };
        Ok(self.load(load, requests::card_tokens(&self.access_token, count)).await?.kept)
    }

    /// Creates payments and keeps their ids. `cards` are those of [`Running::cards`].
    pub async fn create(
        &self,
        series: &str,
        connections: usize,
        duration: Duration,
        cards: Vec<String>,
    ) -> Result<Outcome, Failure> {
        let load = Load { connections, duration, keep: Some(self.contender.id()) };
        self.load(load, self.contender.creating(&self.access_token, series, cards)).await
    }

    /// Reads `ids`, in turn.
    pub async fn read(
        &self,
        series: &str,
        connections: usize,
        duration: Duration,
        ids: Vec<String>,
    ) -> Result<Outcome, Failure> {
        if ids.is_empty() {
            return Err("there is nothing to read".into());
        }
        let load = Load { connections, duration, keep: None };
        self.load(load, self.contender.reading(&self.access_token, series, ids)).await
    }

    /// Creates one payment.
    pub async fn create_one(&self) -> Result<String, Failure> {
        let cards = self.cards(1).await?;
        let mut request = Vec::new();
        self.contender.creating(&self.access_token, "one", cards)(0, &mut request);
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.exchange(&request).await?;
        if !(200..300).contains(&answer.status) {
            let body = String::from_utf8_lossy(answer.body);
            return Err(format!("an answer was {}: {body}", answer.status).into());
        }
        self.contender.id()(answer.body).ok_or_else(|| "the created payment has no id".into())
    }

    /// Whether the payment `id` can be read as it was created.
    pub async fn knows(&self, id: &str) -> Result<bool, Failure> {
        let mut request = Vec::new();
        self.contender.reading(&self.access_token, "one", vec![id.to_owned()])(0, &mut request);
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.exchange(&request).await?;
        Ok(answer.status == 200 && self.contender.is_created(answer.body))
    }

    /// Ends it at once, as a crash would, and waits until it has ended.
    pub async fn kill(mut self) -> Result<(), Failure> {
        self.kill_group();
        self.process.wait().await?;
        Ok(())
    }

    async fn load(&self, load: Load, requests: Requests) -> Result<Outcome, Failure> {
        match tokio::time::timeout(load.duration + PATIENCE, load::run(self.address, load, requests)).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(error)) => Err(self.explain(&error.to_string())),
            Err(_) => Err(self.explain(&format!("no answer for {} s", PATIENCE.as_secs()))),
        }
    }

    /// The failure with the last line of what the contender itself said.
    fn explain(&self, failure: &str) -> Failure {
        let said = std::fs::read_to_string(&self.complaints).unwrap_or_default();
        match said.lines().rev().find(|line| !line.trim().is_empty()) {
            Some(line) => format!("{failure} ({})", line.trim()).into(),
            None => failure.into(),
        }
    }

    fn kill_group(&self) {
        // Without a number it has been waited for, and the number may be somebody else's by now.
        if let Some(group) = self.process.id() {
            let killed = std::process::Command::new("kill")
                .args(["-KILL", "--", &format!("-{group}")])
                .stderr(std::process::Stdio::null())
                .status();
            drop(killed); // the leader is killed by tokio besides
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// A port that was free a moment ago; not every contender can take one itself and say which.
fn free_port() -> Result<u16, Failure> {
    Ok(std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
