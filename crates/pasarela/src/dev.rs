//! `pasarela dev`: a server for development, from its first listener to its last answer.

use crate::arguments::DevArguments;
use crate::failure::Failure;
use crate::ready::{Https, Ready};
use pasarela_engine::{Engine, EngineOptions, KeySource};
use pasarela_server::tls::{self, Authority, Doorkeeper, Limits};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

/// The port to which unmodified programs connect.
const HTTPS_FIRST: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 443);
/// The one that is free and allowed nearly always.
const HTTPS_SECOND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8443);
/// What is still being answered or delivered when the server is asked to stop may take this long. Longer would not help
/// anybody: what is acknowledged is on disk, and what is not delivered is delivered after the next start.
const FAREWELL: Duration = Duration::from_secs(10);

/// Serves until it is asked to stop.
pub fn run(arguments: &DevArguments) -> Result<ExitCode, Failure> {
    log_to_stderr(&arguments.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Failure::new(format!("the system gives no threads: {error}"), "Close other programs and try again.")
    })?;
    let result = runtime.block_on(serve(arguments));
    // Nothing that is left is worth waiting for: the store is closed.
    runtime.shutdown_background();
    result.map(|()| ExitCode::SUCCESS)
}

async fn serve(arguments: &DevArguments) -> Result<(), Failure> {
    let mut stop_requests = StopRequests::listen()?;
    let plain = bind(arguments.listen, "--listen").await?;
    let http = local_address(&plain)?;
    let directory = (!arguments.ephemeral).then_some(arguments.data.as_path());
    let engine = open(arguments, directory, http).await?;
    let doors = Doors::open(arguments, directory).await?;
    let router = pasarela_server::router(engine.clone());

    let (close_doors, closing) = watch::channel(false);
    let closed = move || {
        let mut closing = closing.clone();
        // The sender lives until the end of this function; if it were gone, closing would be right as well.
        async move { drop(closing.wait_for(|closing| *closing).await) }
    };
    let keeper = doorkeeper(arguments.max_connections);
    let mut serving = JoinSet::new();
    let ready = doors.ready(http, directory);
    serving.spawn(tls::serve_plain(plain, router.clone(), keeper.clone(), closed()));
    if let Some(authority) = doors.authority {
        if let Some((listener, _)) = doors.https {
            let authority = Arc::clone(&authority);
            serving.spawn(tls::serve_tls(listener, authority, router.clone(), keeper.clone(), closed()));
        }
        if let Some(listener) = doors.proxy {
            serving.spawn(tls::serve_proxy(listener, authority, router, keeper, closed()));
        }
    }
    let (stop_workers, stopping) = watch::channel(false);
    let workers = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run_workers(Vec::new(), stopping).await }
    });
    announce(&if arguments.json { ready.json() + "\n" } else { ready.for_people() });

    stop_requests.next().await;
    tracing::info!("stopping");
    let farewell = async {
        let _ = close_doors.send(true);
        while serving.join_next().await.is_some() {}
        let _ = stop_workers.send(true);
        let _ = workers.await;
        engine.close().await;
    };
    tokio::select! {
        done = tokio::time::timeout(FAREWELL, farewell) => {
            if done.is_err() {
                tracing::warn!("some connections or deliveries did not end in time and were cut off");
            }
        }
        // Asked twice: whoever asks knows why.
        () = stop_requests.next() => {}
    }
    Ok(())
}

async fn open(
    arguments: &DevArguments,
    directory: Option<&Path>,
    http: SocketAddr,
) -> Result<Engine, Failure> {
    let options = EngineOptions {
        directory: directory.map(Path::to_path_buf),
        vault_key: KeySource::File,
        development: true,
        public_url: format!("http://{}", crate::ready::reachable(http)),
        test_clock: arguments.clock,
    };
    Engine::open(options).await.map_err(|error| {
        Failure::new(
            error.to_string(),
            "`pasarela dev --data DIR` keeps its data elsewhere, and `pasarela dev --ephemeral` keeps nothing.",
        )
    })
}

/// Who counts the connections of all doors: as many as were asked for, if the system gives so many.
fn doorkeeper(asked: Option<usize>) -> Doorkeeper {
    let possible = Limits::of_this_process();
    let connections = asked.map_or(possible.connections, |asked| asked.min(possible.connections));
    Doorkeeper::new(Limits { connections, ..possible })
}

/// The listeners besides plain HTTP.
struct Doors {
    authority: Option<Arc<Authority>>,
    https: Option<(TcpListener, Https)>,
    proxy: Option<TcpListener>,
    proxy_address: Option<SocketAddr>,
    /// Holds the authority of a server that keeps nothing; removed with it.
    _ephemeral_authority: Option<tempfile::TempDir>,
}

impl Doors {
    async fn open(arguments: &DevArguments, directory: Option<&Path>) -> Result<Doors, Failure> {
        let https = if arguments.https { Some(bind_https(arguments.https_listen).await?) } else { None };
        let proxy = match arguments.proxy {
            Some(address) => Some(bind(address, "--proxy").await?),
            None => None,
        };
        let proxy_address = proxy.as_ref().map(local_address).transpose()?;
        let mut ephemeral_authority = None;
        let authority = if https.is_none() && proxy.is_none() {
            None
        } else {
            let directory = match directory {
                Some(directory) => absolute(directory).join("authority"),
                None => ephemeral_authority.insert(temporary_directory()?).path().to_path_buf(),
            };
            Some(Arc::new(Authority::load_or_create(&directory).map_err(|error| {
                Failure::new(
                    error.to_string(),
                    "Make the directory writable, or start without --https and --proxy.",
                )
            })?))
        };
        Ok(Doors { authority, https, proxy, proxy_address, _ephemeral_authority: ephemeral_authority })
    }

    fn ready(&self, http: SocketAddr, directory: Option<&Path>) -> Ready {
        let https = self.https.as_ref().map(|(_, https)| https.clone());
        Ready {
            http,
            https,
            proxy: self.proxy_address,
            authority_certificate: self
                .authority
                .as_ref()
                .map(|authority| authority.certificate_path().to_path_buf()),
            data: directory.map(Path::to_path_buf),
        }
    }
}

async fn bind(address: SocketAddr, option: &str) -> Result<TcpListener, Failure> {
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

/// Listens where it was asked to, or on 443 where that is possible, because unmodified programs connect there.
async fn bind_https(asked: Option<SocketAddr>) -> Result<(TcpListener, Https), Failure> {
    let (listener, note) = match asked {
        Some(address) => (bind(address, "--https-listen").await?, None),
        None => match TcpListener::bind(HTTPS_FIRST).await {
            Ok(listener) => (listener, None),
            Err(error) => {
                let note = format!(
                    "Unmodified programs connect to port 443, which can't be used here ({error}). Allow it, redirect \
                     it to {HTTPS_SECOND}, or use --proxy instead."
                );
                (bind(HTTPS_SECOND, "--https-listen").await?, Some(note))
            }
        },
    };
    let address = local_address(&listener)?;
    Ok((listener, Https { address, note }))
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| {
        Failure::new(format!("the system doesn't say where it listens: {error}"), "Try again.")
    })
}

/// Other programs are told where the certificate is, and they run in other directories.
fn absolute(directory: &Path) -> PathBuf {
    std::path::absolute(directory).unwrap_or_else(|_| directory.to_path_buf())
}

fn temporary_directory() -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new().prefix("pasarela-authority-").tempdir().map_err(|error| {
        Failure::new(
            format!("no temporary directory for the certificate authority: {error}"),
            "Make room there, point TMPDIR elsewhere, or start without --ephemeral.",
        )
    })
}

/// SIGINT (Ctrl-C) and SIGTERM.
struct StopRequests {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl StopRequests {
    #[cfg(unix)]
    fn listen() -> Result<StopRequests, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let watch = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(
                    format!("signals can't be watched: {error}"),
                    "Close other programs and try again.",
                )
            })
        };
        Ok(StopRequests {
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn listen() -> Result<StopRequests, Failure> {
        Ok(StopRequests {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        // Without a console there is no Ctrl-C to wait for: the server runs until it is ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Written at once, also into a pipe: somebody waits for it. Nobody reading it is no reason not to serve.
fn announce(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

fn log_to_stderr(filter: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::new(
            format!("--log {filter} is not understood: {error}"),
            "Give a level (error, warn, info, debug, trace) or a list such as warn,pasarela_server=debug.",
        )
    })?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Ok(())
}
