//! The two physical limits that the subject is held against: a bare server of the same framework, and an append log.

use crate::Failure;
use axum::extract::State;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The bare server, in a process of its own as the subject is.
#[derive(Debug)]
pub struct BareServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process: killed when this is dropped.
    pub process: Child,
}

impl BareServer {
    /// Starts this program again as the bare server; its answers have `answer_bytes`.
    pub async fn start(answer_bytes: usize) -> Result<BareServer, Failure> {
        let bytes = answer_bytes.to_string();
        let (address, process) = start_role(&["bare-server", "--answer-bytes", &bytes]).await?;
        Ok(BareServer { address, process })
    }
}

/// Starts this program again in another role, which prints the address where it listens.
pub async fn start_role(arguments: &[&str]) -> Result<(SocketAddr, Child), Failure> {
    let mut process = Command::new(std::env::current_exe()?)
        .args(arguments)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = process.stdout.take().ok_or("the role's output is piped")?;
    let line = BufReader::new(stdout).lines().next_line().await?.ok_or("the role did not start")?;
    Ok((line.parse()?, process))
}

/// Serves `POST /v1/payments`: reads the request into types, stores nothing, answers a body of the wanted size.
pub async fn serve_bare(answer_bytes: usize) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let filler: Arc<str> = "x".repeat(answer_bytes.saturating_sub(ECHOED_BYTES)).into();
    let router = Router::new().route("/v1/payments", post(answer)).with_state(filler);
    // Errors of set_nodelay only mean a slower answer on that connection.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router).await?;
    Ok(())
}

/// About what [`Payment`] takes without its filler, when the request is the one of `requests.rs`.
const ECHOED_BYTES: usize = 1_000;

/// A payment request, typed as a server that means to use it would.
#[derive(Debug, Serialize, Deserialize)]
struct PaymentRequest {
    transaction_amount: f64,
    token: Option<String>,
    description: Option<String>,
    installments: Option<u32>,
    payment_method_id: Option<String>,
    external_reference: Option<String>,
    statement_descriptor: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, serde_json::Value>,
    payer: Payer,
    additional_info: Option<AdditionalInfo>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Payer {
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    identification: Option<Identification>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Identification {
    #[serde(rename = "type")]
    kind: String,
    number: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct AdditionalInfo {
    ip_address: Option<String>,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Item {
    id: Option<String>,
    title: Option<String>,
    description: Option<String>,
    category_id: Option<String>,
    quantity: u32,
    unit_price: f64,
}

#[derive(Debug, Serialize)]
struct Payment {
    id: u64,
    status: &'static str,
    #[serde(flatten)]
    request: PaymentRequest,
    filler: Arc<str>,
}

async fn answer(State(filler): State<Arc<str>>, Json(request): Json<PaymentRequest>) -> Json<Payment> {
    Json(Payment { id: 17_014_025_134, status: "approved", request, filler })
}

/// What an append log reached.
#[derive(Clone, Copy, Debug)]
pub struct LogOutcome {
    /// Records made durable per second.
    pub per_second: f64,
    /// The median of write and sync together, in microseconds.
    pub sync_p50_us: f64,
}

/// Appends batches of `batch` records of `record_bytes` each to a file in `directory` and syncs after each batch: the
/// least that any durable store must do.
pub fn append_log(
    directory: &Path,
    record_bytes: usize,
    batch: usize,
    duration: Duration,
) -> Result<LogOutcome, Failure> {
    let path = directory.join("yardstick.log");
    let mut file = File::create(&path)?;
    let bytes = vec![0x5a; record_bytes * batch];
    let mut syncs = Vec::new();
    let started = Instant::now();
    while started.elapsed() < duration {
        let before = Instant::now();
        file.write_all(&bytes)?;
        file.sync_data()?;
        syncs.push(before.elapsed().as_secs_f64() * 1e6);
    }
    let elapsed = started.elapsed();
    drop(file);
    std::fs::remove_file(&path)?;
    let per_second = (syncs.len() * batch) as f64 / elapsed.as_secs_f64();
    Ok(LogOutcome { per_second, sync_p50_us: crate::report::median(&mut syncs) })
}
