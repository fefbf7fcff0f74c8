//! `pasarela dev`: a server for development, from its first listener to its last answer.

use crate::arguments::DevArguments;
use crate::demo::Demo;
use crate::failure::Failure;
use crate::place;
use crate::ready::{Https, Ready, reachable};
use crate::service::{self, LogFormat, Service, StopRequests, bind, local_address};
use pasarela_engine::{DatabaseUrl, Engine, EngineOptions};
use pasarela_server::tls::{self, Authority};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// The port to which unmodified programs connect.
const HTTPS_FIRST: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 443);
/// The one that is free and allowed nearly always.
const HTTPS_SECOND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);
/// What is still being answered or delivered when the server is asked to stop may take this long. Longer would not help
/// anybody: what is acknowledged is on disk, and what is not delivered is delivered after the next start.
const FAREWELL: Duration = Duration::from_secs(10);

/// Serves until it is asked to stop.
pub fn run(arguments: &DevArguments) -> Result<ExitCode, Failure> {
    service::log_to_stderr(&arguments.log, LogFormat::Text)?;
    service::on_threads(serve(arguments))
}

async fn serve(arguments: &DevArguments) -> Result<(), Failure> {
    let mut stop_requests = StopRequests::listen()?;
    let roots = service::trusted_roots(arguments.trusted_roots.as_deref())?;
    let gate = arguments.gate.setting()?;
    let browser = arguments.browser.browser(true)?;
    let (listen, in_network) = match arguments.lan {
        true => lan(arguments.listen)?,
        false => (arguments.listen, None),
    };
    let plain = bind(listen, "--listen").await?;
    let http = local_address(&plain)?;
    let named = in_network.map_or_else(|| reachable(http), |ip| SocketAddr::new(ip, http.port()));
    let directory = (!arguments.ephemeral).then_some(arguments.data.as_path());
    let database = arguments.database_url.as_deref().map(place::database).transpose()?;
    let ready_at = match (&database, directory) {
        (Some(database), _) => Some(database.to_string()),
        (None, directory) => directory.map(|directory| directory.display().to_string()),
    };
    let engine = open(arguments, directory, database, named).await?;
    engine.set_gate(gate);
    if let Some(browser) = browser {
        engine.set_browser(browser);
    }
    let doors = Doors::open(arguments, directory).await?;
    let demo = match arguments.no_demo {
        true => None,
        false => Some(Demo::open(&engine, (http, named), arguments.demo_listen, directory).await?),
    };
    let demo_url = demo.as_ref().map(|demo| demo.url.clone());
    let router = pasarela_server::router_beside_demo(engine.clone(), demo_url.as_deref());
    let ready = doors.ready((http, named), ready_at, demo_url);

    let mut service = Service::start(engine, roots, arguments.max_connections);
    let keeper = service.keeper();
    service.open(tls::serve_plain(plain, router.clone(), keeper.clone(), service.closed()));
    for door in demo.into_iter().flat_map(|demo| demo.doors(|| service.closed())).collect::<Vec<_>>() {
        service.open(door);
    }
    if let Some(authority) = doors.authority {
        if let Some((listener, _)) = doors.https {
            let authority = Arc::clone(&authority);
            service.open(tls::serve_tls(
                listener,
                authority,
                router.clone(),
                keeper.clone(),
                service.closed(),
            ));
        }
        if let Some(listener) = doors.proxy {
            service.open(tls::serve_proxy(listener, authority, router, keeper, service.closed()));
        }
    }
    service::announce(&if arguments.json { ready.json() + "\n" } else { ready.for_people() });
    service.run(&mut stop_requests, FAREWELL).await;
    Ok(())
}

async fn open(
    arguments: &DevArguments,
    directory: Option<&Path>,
    database: Option<DatabaseUrl>,
    named: SocketAddr,
) -> Result<Engine, Failure> {
    let options = EngineOptions {
        directory: directory.map(Path::to_path_buf),
        database,
        development: true,
        public_url: format!("http://{named}"),
        test_clock: arguments.clock,
        ..EngineOptions::default()
    };
    Engine::open(options).await.map_err(|error| {
        Failure::new(
            error.to_string(),
            "`pasarela dev --data DIR` keeps its data elsewhere, and `pasarela dev --ephemeral` keeps nothing.",
        )
    })
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

    fn ready(
        &self,
        (http, named): (SocketAddr, SocketAddr),
        data: Option<String>,
        demo: Option<String>,
    ) -> Ready {
        let https = self.https.as_ref().map(|(_, https)| https.clone());
        Ready {
            http,
            named,
            https,
            proxy: self.proxy_address,
            authority_certificate: self
                .authority
                .as_ref()
                .map(|authority| authority.certificate_path().to_path_buf()),
            data,
            demo,
        }
    }
}

/// Every address of this machine, and the one that its network knows it by: hosted pages and the demo shop name that.
fn lan(asked: SocketAddr) -> Result<(SocketAddr, Option<IpAddr>), Failure> {
    if !asked.ip().is_loopback() && !asked.ip().is_unspecified() {
        return Ok((asked, None));
    }
    // Nothing is sent: the system only says by which address it would send to somewhere else (RFC 5737: a documentation's).
    let ip = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
        .and_then(|socket| {
            socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).and_then(|()| socket.local_addr())
        })
        .map(|address| address.ip())
        .ok()
        .filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
    let ip = ip.ok_or_else(|| {
        Failure::new(
            "this machine is in no network".to_owned(),
            "Connect it, or say by which address others find it: --listen 192.168.1.5:8080.",
        )
    })?;
    Ok((SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), asked.port()), Some(ip)))
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
