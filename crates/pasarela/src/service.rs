//! A running server: its workers, its doors, and its end.

use crate::failure::Failure;
use pasarela_engine::Engine;
use pasarela_server::tls::{self, CertificateDer, Doorkeeper, Limits};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tracing_subscriber::EnvFilter;

/// Runs a server's life on as many threads as there are cores.
pub fn on_threads(life: impl Future<Output = Result<(), Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Failure::new(format!("the system gives no threads: {error}"), "Close other programs and try again.")
    })?;
    let result = runtime.block_on(life);
    // Nothing that is left is worth waiting for: the store is closed.
    runtime.shutdown_background();
    result.map(|()| ExitCode::SUCCESS)
}

/// The authorities in a file that the operator names, if one is named.
pub fn trusted_roots(file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let Some(file) = file else { return Ok(Vec::new()) };
    tls::roots(file).map_err(|cause| {
        Failure::new(
            format!("the authorities in {} can't be read: {cause}", file.display()),
            "Give --trusted-roots a PEM file with one certificate or more.",
        )
    })
}

/// An engine at work, and the doors that lead to it.
pub struct Service {
    engine: Engine,
    keeper: Doorkeeper,
    doors: JoinSet<()>,
    close_doors: watch::Sender<bool>,
    workers: JoinHandle<()>,
    stop_workers: watch::Sender<bool>,
}

impl Service {
    /// Starts the workers of `engine`, which trust `roots` beside the system's authorities. At most `max_connections` are let
    /// in, or as many as the system allows.
    pub fn start(
        engine: Engine,
        roots: Vec<CertificateDer<'static>>,
        max_connections: Option<usize>,
    ) -> Service {
        engine.open_inboxes();
        let (stop_workers, stopping) = watch::channel(false);
        let workers = tokio::spawn({
            let engine = engine.clone();
            async move { engine.run_workers(roots, stopping).await }
        });
        Service {
            engine,
            keeper: doorkeeper(max_connections),
            doors: JoinSet::new(),
            close_doors: watch::Sender::new(false),
            workers,
            stop_workers,
        }
    }

    /// Who counts the connections of all doors.
    pub fn keeper(&self) -> Doorkeeper {
        self.keeper.clone()
    }

    /// Resolves when the doors are to be closed.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut closing = self.close_doors.subscribe();
        // The sender lives as long as the service; if it were gone, closing would be right as well.
        async move { drop(closing.wait_for(|closing| *closing).await) }
    }

    /// Serves at a door.
    pub fn open(&mut self, door: impl Future<Output = ()> + Send + 'static) {
        self.doors.spawn(door);
    }

    /// Serves until it is asked to stop; then lets what is in work end, for as long as `farewell`.
    pub async fn run(mut self, stop_requests: &mut StopRequests, farewell: Duration) {
        stop_requests.next().await;
        tracing::info!("stopping");
        let ending = async {
            self.engine.end_streams();
            let _ = self.close_doors.send(true);
            while self.doors.join_next().await.is_some() {}
            let _ = self.stop_workers.send(true);
            let _ = self.workers.await;
            self.engine.close().await;
        };
        tokio::select! {
            done = tokio::time::timeout(farewell, ending) => {
                if done.is_err() {
                    tracing::warn!("some connections or deliveries did not end in time and were cut off");
                }
            }
            // Asked twice: whoever asks knows why.
            () = stop_requests.next() => {}
        }
    }
}

/// As many connections as were asked for, if the system gives so many.
fn doorkeeper(asked: Option<usize>) -> Doorkeeper {
    let possible = Limits::of_this_process();
    let connections = asked.map_or(possible.connections, |asked| asked.min(possible.connections));
    Doorkeeper::new(Limits { connections, ..possible })
}

/// Listens on `address`, which `option` named.
pub async fn bind(address: SocketAddr, option: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let what = format!("{address} can't be listened on: {error}");
        let next = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("Another program listens there, perhaps another pasarela. Choose another port with {option} ADDR.")
            }
            std::io::ErrorKind::PermissionDenied => {
                format!("Ports below 1024 need a permission. Choose another one with {option} ADDR.")
            }
            _ => format!("Give an address of this machine with {option} ADDR, such as 127.0.0.1:8080."),
        };
        Failure::new(what, next)
    })
}

/// Where a listener is really bound.
pub fn local_address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| {
        Failure::new(format!("the system doesn't say where it listens: {error}"), "Try again.")
    })
}

/// SIGINT (Ctrl-C) and SIGTERM.
pub struct StopRequests {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

/// The failure of watching signals.
#[cfg(unix)]
pub fn unwatched(error: std::io::Error) -> Failure {
    Failure::new(format!("signals can't be watched: {error}"), "Close other programs and try again.")
}

impl StopRequests {
    /// From now on.
    #[cfg(unix)]
    pub fn listen() -> Result<StopRequests, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(StopRequests {
            interrupt: signal(SignalKind::interrupt()).map_err(unwatched)?,
            terminate: signal(SignalKind::terminate()).map_err(unwatched)?,
        })
    }

    /// The next one.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// From now on.
    #[cfg(not(unix))]
    pub fn listen() -> Result<StopRequests, Failure> {
        Ok(StopRequests {})
    }

    /// The next one.
    #[cfg(not(unix))]
    pub async fn next(&mut self) {
        // Without a console there is no Ctrl-C to wait for: the server runs until it is ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Written at once, also into a pipe: somebody waits for it. Nobody reading it is no reason not to serve.
pub fn announce(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

/// How a server logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A line of text for each event
    Text,
    /// An object of JSON for each event, a line each
    Json,
}

/// Logs what `filter` names to standard error.
pub fn log_to_stderr(filter: &str, format: LogFormat) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::new(
            format!("--log {filter} is not understood: {error}"),
            "Give a level (error, warn, info, debug, trace) or a list such as warn,pasarela_server=debug.",
        )
    })?;
    let logger = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => logger.init(),
        LogFormat::Json => logger.json().init(),
    }
    Ok(())
}
