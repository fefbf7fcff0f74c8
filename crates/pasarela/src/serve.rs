//! `pasarela serve`: a server for an operator.

use crate::arguments::{KeyArguments, ServeArguments};
use crate::failure::Failure;
use crate::place;
use crate::service::{self, Service, StopRequests, bind, local_address};
use pasarela_engine::copying::Place;
use pasarela_engine::{Engine, EngineError, EngineOptions};
use pasarela_server::tls::{self, Certificate};
use serde_json::json;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Less than the 30 seconds after which supervisors kill what they asked to stop.
const FAREWELL: Duration = Duration::from_secs(25);

/// Serves until it is asked to stop.
pub fn run(arguments: &ServeArguments) -> Result<ExitCode, Failure> {
    service::log_to_stderr(&arguments.log, arguments.log_format)?;
    if arguments.tls_certificate.is_none() && !arguments.listen.ip().is_loopback() && !arguments.behind_proxy
    {
        return Err(Failure::new(
            format!("{} can be reached from elsewhere, over plain HTTP", arguments.listen),
            "Give --tls-certificate and --tls-key, or listen on 127.0.0.1. If a proxy that speaks TLS stands in \
             front, say so with --behind-proxy.",
        ));
    }
    service::on_threads(serve(arguments))
}

async fn serve(arguments: &ServeArguments) -> Result<(), Failure> {
    let mut stop_requests = StopRequests::listen()?;
    let certificate = certificate(arguments)?;
    let roots = service::trusted_roots(arguments.trusted_roots.as_deref())?;
    let mail = arguments.mail.settings()?;
    let gate = arguments.gate.setting()?;
    let browser = arguments.browser.browser(false)?;
    let listener = bind(arguments.listen, "--listen").await?;
    let address = local_address(&listener)?;
    let options = options(&arguments.place()?, &arguments.key, &arguments.public_url)?;
    let engine = open_as(EngineOptions { outbox: arguments.outbox.clone(), ..options }).await?;
    if let Some(settings) = mail {
        if engine.outbox().is_none() {
            engine.close().await;
            return Err(Failure::new(
                "messages have nowhere to wait for the mail server",
                "Give --outbox DIR: a directory of this node's own.",
            ));
        }
        engine.set_mail(settings);
    }
    engine.set_gate(gate);
    if let Some(browser) = browser {
        engine.set_browser(browser);
    }
    let router = pasarela_server::router(engine.clone());

    let mut service = Service::start(engine, roots, arguments.max_connections);
    let keeper = service.keeper();
    match &certificate {
        Some(certificate) => {
            let shown = Arc::clone(certificate);
            service.open(tls::serve_certified(listener, shown, router, keeper, service.closed()));
        }
        None => service.open(tls::serve_plain(listener, router, keeper, service.closed())),
    }
    service.open(renew(certificate.clone(), service.closed())?);
    service::announce(&ready(arguments, address, certificate.is_some()));
    service.run(&mut stop_requests, FAREWELL).await;
    Ok(())
}

/// How an engine is opened on the records at `place`.
pub fn options(place: &Place, key: &KeyArguments, public_url: &str) -> Result<EngineOptions, Failure> {
    Ok(EngineOptions {
        vault_directory: key.directory(place)?,
        vault_key: key.key()?,
        public_url: public_url.to_owned(),
        ..EngineOptions::at(place)
    })
}

/// An engine on the records at `place`: for a server, and for the verbs that seal or hash something beside one.
pub async fn open(place: &Place, key: &KeyArguments, public_url: &str) -> Result<Engine, Failure> {
    open_as(options(place, key, public_url)?).await
}

async fn open_as(options: EngineOptions) -> Result<Engine, Failure> {
    Engine::open(options).await.map_err(|error| {
        let next = match &error {
            EngineError::Vault(_) => {
                "Give the key that opens this vault with --vault-key-file FILE or PASARELA_VAULT_KEY, and the vault's \
                 directory with --vault DIR."
            }
            _ => "Look at what is named, and start it again.",
        };
        Failure::new(error.to_string(), next)
    })
}

impl ServeArguments {
    fn place(&self) -> Result<Place, Failure> {
        match (&self.database_url, &self.data) {
            (Some(text), _) => place::database(text).map(Place::Database),
            (None, Some(directory)) => Ok(Place::Directory(directory.clone())),
            // The arguments demand one of them.
            (None, None) => Err(Failure::new("no data is named", "Give --data DIR or --database-url URL.")),
        }
    }
}

fn certificate(arguments: &ServeArguments) -> Result<Option<Arc<Certificate>>, Failure> {
    match (&arguments.tls_certificate, &arguments.tls_key) {
        (Some(chain), Some(key)) => {
            Certificate::load(chain, key).map(|loaded| Some(Arc::new(loaded))).map_err(unusable)
        }
        _ => Ok(None),
    }
}

fn unusable(error: tls::CertificateError) -> Failure {
    Failure::new(error.to_string(), "Both files are PEM; the chain begins with the server's own certificate.")
}

/// Reads the certificate again at each SIGHUP, until the doors are closed. Without one there is nothing to read, and a
/// SIGHUP ends nothing either.
#[cfg(unix)]
fn renew(
    certificate: Option<Arc<Certificate>>,
    closed: impl Future<Output = ()> + Send + 'static,
) -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangups = signal(SignalKind::hangup()).map_err(service::unwatched)?;
    Ok(async move {
        tokio::pin!(closed);
        loop {
            tokio::select! {
                () = &mut closed => return,
                _ = hangups.recv() => match certificate.as_ref().map(|certificate| certificate.reload()) {
                    Some(Ok(())) => tracing::info!("the certificate was read again"),
                    Some(Err(error)) => {
                        tracing::error!(%error, "the certificate can't be read again; the old one is kept");
                    }
                    None => {}
                },
            }
        }
    })
}

#[cfg(not(unix))]
fn renew(
    _certificate: Option<Arc<Certificate>>,
    closed: impl Future<Output = ()> + Send + 'static,
) -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    Ok(closed)
}

fn ready(arguments: &ServeArguments, address: SocketAddr, is_encrypted: bool) -> String {
    let scheme = if is_encrypted { "https" } else { "http" };
    let local = format!("{scheme}://{address}");
    if arguments.json {
        let (http, https) = if is_encrypted { (None, Some(&local)) } else { (Some(&local), None) };
        return json!({"http": http, "https": https, "public_url": arguments.public_url}).to_string() + "\n";
    }
    format!("Pasarela serves {} on {local}. Stop it with SIGTERM or Ctrl-C.\n", arguments.public_url)
}
