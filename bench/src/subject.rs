//! The server under measurement: the release binary, in a process of its own.

use crate::Failure;
use crate::connection::Connection;
use crate::load::{self, Load, Outcome, Requests};
use crate::requests::{self, Method, Series};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Longer than any load takes: for loads that end with their requests.
const UNTIL_DONE: Duration = Duration::from_secs(7_200);

/// The connections that tokens are made and stores are filled with: enough for full batches of the group commit.
const FILLING_CONNECTIONS: usize = 64;

/// A running server with its data.
#[derive(Debug)]
pub struct Subject {
    /// Where it listens.
    pub address: SocketAddr,
    /// The process, killed when this is dropped.
    process: Child,
    /// From spawn to the line that says it is ready.
    pub ready_after: Duration,
    access_token: String,
    /// The measured series: a name of this run's own, or a kept store would take its keys for repetitions.
    series: String,
    /// The next number in it.
    next: usize,
    /// Who is told of the measured payments, if anybody is.
    pub notification_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Credentials {
    site: String,
    mode: String,
    access_token: String,
}

/// What the server has counted since it started (`GET /sandbox/counters`).
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Counters {
    /// Syncs of the disk.
    pub syncs: u64,
}

impl Subject {
    /// Starts `binary` on a free port with its data in `data`.
    pub async fn start(binary: &Path, data: &Path) -> Result<Subject, Failure> {
        Subject::start_on(binary, data, None).await
    }

    /// The same with its records in the PostgreSQL database at `database_url`, if there is one.
    pub async fn start_on(
        binary: &Path,
        data: &Path,
        database_url: Option<&str>,
    ) -> Result<Subject, Failure> {
        let access_token = access_token(binary).await?;
        let started = Instant::now();
        let mut process = Command::new(binary)
            .args(["dev", "--listen", "127.0.0.1:0", "--json", "--data"])
            .arg(data)
            .args(database_url.map(|url| format!("--database-url={url}")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().ok_or("the server's output is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = lines.next_line().await?.ok_or("the server ended before it was ready")?;
        let ready_after = started.elapsed();
        // Whatever else it prints must not fill the pipe and stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Subject {
            address: address_in(&line)?,
            process,
            ready_after,
            access_token,
            series: series()?,
            next: 0,
            notification_url: None,
        })
    }

    /// The process's number.
    pub fn pid(&self) -> Result<u32, Failure> {
        Ok(self.process.id().ok_or("the server has ended")?)
    }

    /// Asks it to stop and waits.
    pub async fn stop(mut self) -> Result<(), Failure> {
        let pid = self.pid()?;
        Command::new("kill").arg(pid.to_string()).status().await?;
        tokio::time::timeout(Duration::from_secs(60), self.process.wait()).await??;
        Ok(())
    }

    /// Ends it as a failure of the machine would.
    pub async fn kill(mut self) -> Result<(), Failure> {
        self.process.kill().await?;
        Ok(())
    }

    /// What it has counted; `None` when it does not tell.
    pub async fn counters(&self) -> Result<Option<Counters>, Failure> {
        let mut request = Vec::new();
        requests::get(&mut request, "/sandbox/counters", &self.access_token);
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.exchange(&request).await?;
        Ok(if answer.status == 200 { Some(serde_json::from_slice(answer.body)?) } else { None })
    }

    /// Makes what `count` payments by `method` need.
    pub async fn prepare(&self, method: Method, count: usize) -> Result<Vec<String>, Failure> {
        if !method.needs_token() {
            return Ok(Vec::new());
        }
        let load = Load {
            connections: FILLING_CONNECTIONS,
            duration: UNTIL_DONE,
            keep: Some(text_id as load::Keep),
        };
        Ok(load::run(self.address, load, requests::card_tokens(&self.access_token, count)).await?.kept)
    }

    /// Creates payments for `duration` or until `tokens` (or `limit`) are used up.
    pub async fn create(
        &mut self,
        method: Method,
        connections: usize,
        duration: Duration,
        tokens: Vec<String>,
        limit: usize,
    ) -> Result<Outcome, Failure> {
        let requests = self
            .series(method, &self.series, self.notification_url.clone())
            .requests(self.next, tokens, limit);
        let outcome = load::run(self.address, Load { connections, duration, keep: None }, requests).await?;
        // Every worker may have asked for one number more than it sent.
        self.next += usize::try_from(outcome.answered)? + connections;
        Ok(outcome)
    }

    /// Stores `count` payments of the series `stored`, through the API as anybody would.
    pub async fn fill(&mut self, method: Method, count: usize) -> Result<(), Failure> {
        const CHUNK: usize = 50_000; // tokens held in memory at once: about 4 MB
        let started = Instant::now();
        let mut done = 0;
        while done < count {
            let chunk = CHUNK.min(count - done);
            let tokens = self.prepare(method, chunk).await?;
            let requests = self.series(method, "stored", None).requests(done, tokens, chunk);
            let load = Load { connections: FILLING_CONNECTIONS, duration: UNTIL_DONE, keep: None };
            let outcome = load::run(self.address, load, requests).await?;
            done += usize::try_from(outcome.answered)?;
            eprintln!("  stored {done} of {count} after {:.0} s", started.elapsed().as_secs_f64());
        }
        Ok(())
    }

    fn series(&self, method: Method, prefix: &str, notification_url: Option<String>) -> Series {
        Series {
            access_token: self.access_token.clone(),
            method,
            prefix: prefix.to_owned(),
            notification_url,
        }
    }

    /// Puts `GET`s of `paths`, in turn, on the server.
    pub async fn read(
        &self,
        connections: usize,
        duration: Duration,
        paths: Vec<String>,
    ) -> Result<Outcome, Failure> {
        let access_token = self.access_token.clone();
        let requests: Requests = std::sync::Arc::new(move |n, into| {
            requests::get(into, &paths[n % paths.len()], &access_token);
            true
        });
        load::run(self.address, Load { connections, duration, keep: None }, requests).await
    }

    /// The body of one `GET`.
    pub async fn get(&self, path: &str) -> Result<serde_json::Value, Failure> {
        let mut request = Vec::new();
        requests::get(&mut request, path, &self.access_token);
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.exchange(&request).await?;
        if answer.status != 200 {
            let body = String::from_utf8_lossy(answer.body);
            return Err(format!("GET {path} was answered {}: {body}", answer.status).into());
        }
        Ok(serde_json::from_slice(answer.body)?)
    }
}

/// The test access token of the default seller.
pub async fn access_token(binary: &Path) -> Result<String, Failure> {
    let output = Command::new(binary).args(["credentials", "--json"]).output().await?;
    let all: Vec<Credentials> = serde_json::from_slice(&output.stdout)?;
    let wanted = all.into_iter().find(|entry| entry.site == "MLB" && entry.mode == "test");
    Ok(wanted.ok_or("`pasarela credentials` has no test credentials for MLB")?.access_token)
}

fn series() -> Result<String, Failure> {
    Ok(format!("measured-{:x}", SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis()))
}

/// The first loopback address in the line that says the server is ready.
fn address_in(line: &str) -> Result<SocketAddr, Failure> {
    let start = line.find("127.0.0.1:").ok_or_else(|| format!("no address in {line:?}"))?;
    let text: String =
        line[start..].chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect();
    Ok(text.parse()?)
}

/// The text `id` at the front of a card token.
fn text_id(body: &[u8]) -> Option<String> {
    let body = std::str::from_utf8(body).ok()?;
    let after = body.split_once(r#""id":""#)?.1;
    Some(after.split_once('"')?.0.to_owned())
}
