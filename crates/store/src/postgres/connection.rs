//! How the database is reached: from its URL to a connection with prepared statements.

use crate::postgres::lease::LEASE;
use crate::postgres::tls::{Authorities, Trust, client};
use std::collections::HashMap;
use std::error::Error as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long each address may take to answer, unless the URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A server that went away without a word is noticed after about this time.
const SILENCE: Duration = Duration::from_secs(10);
/// Between two probes of a silent connection.
const PROBE_INTERVAL: Duration = Duration::from_secs(3);
const PROBES: u32 = 3;

/// What a connection is for: it bounds how long the server works for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The writer, and the lease.
    Write,
    /// Reads of a few rows, and searches.
    Read,
    /// What reads everything, and migrations.
    Long,
}

impl Purpose {
    /// How long a statement may take. The writer's have no such bound, but one on waiting for locks: a COMMIT that waits
    /// for replicas and is stopped there counts as done, although they do not have it.
    const fn statement_timeout(self) -> Duration {
        match self {
            Purpose::Write | Purpose::Long => Duration::ZERO,
            Purpose::Read => Duration::from_secs(60),
        }
    }

    /// After how long without a word from us the server ends a transaction of ours. The writer's holds rows that every
    /// node writes to: when its process is asleep, the others go on as soon as its lease has ended.
    const fn idle_timeout(self) -> Duration {
        match self {
            Purpose::Write => LEASE,
            Purpose::Read | Purpose::Long => Duration::from_secs(60),
        }
    }
}

/// How long a statement waits for another transaction's lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a database is.
#[derive(Clone)]
pub(crate) struct Target {
    config: Config,
    trust: Trust,
}

impl Target {
    /// The database that `url` names; `None` when it is not written as that of a PostgreSQL database.
    ///
    /// What tokio-postgres does not know of libpq's parameters is taken out before it reads the rest.
    pub(crate) fn parse(url: &str) -> Option<Target> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return None;
        }
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut authorities, mut rest) = ("prefer", None, Vec::new());
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=')? {
                ("sslmode", value) => mode = value,
                ("sslrootcert", "system") => authorities = Some(Authorities::System),
                ("sslrootcert", file) => {
                    let file = percent_encoding::percent_decode_str(file).decode_utf8().ok()?;
                    authorities = Some(Authorities::File(file.into_owned().into()));
                }
                ("target_session_attrs", "primary") => rest.push("target_session_attrs=read-write"),
                _ => rest.push(parameter),
            }
        }
        let mut config: Config = format!("{address}?{}", rest.join("&")).parse().ok()?;
        let (mode, trust) = match (mode, authorities) {
            ("disable", _) => (SslMode::Disable, Trust::Any),
            ("allow" | "prefer", _) => (SslMode::Prefer, Trust::Any),
            ("require", None) => (SslMode::Require, Trust::Any),
            ("require", Some(authorities)) => (SslMode::Require, Trust::Authority(authorities)),
            ("verify-ca", authorities) => {
                (SslMode::Require, Trust::Authority(authorities.unwrap_or(Authorities::System)))
            }
            ("verify-full", authorities) => {
                (SslMode::Require, Trust::Name(authorities.unwrap_or(Authorities::System)))
            }
            _ => return None,
        };
        config.ssl_mode(mode).application_name("pasarela");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        config.keepalives_idle(SILENCE).keepalives_interval(PROBE_INTERVAL).keepalives_retries(PROBES);
        Some(Target { config, trust })
    }

    /// The same, but only on a server that takes writes: after a fail-over that is another one.
    pub(crate) fn writable(mut self) -> Target {
        self.config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        self
    }

    /// A new connection for `purpose`.
    pub(crate) async fn connect(&self, purpose: Purpose) -> Result<Client, Error> {
        let tls = MakeRustlsConnect::new(client(&self.trust));
        let (client, connection) = self.config.connect(tls).await?;
        // Ends with the client, or with the connection; then the client says so to whoever asks it.
        tokio::spawn(connection);
        prepare(&client, purpose).await?;
        Ok(client)
    }

    /// A new connection for `purpose` that keeps its statements prepared.
    pub(crate) async fn session(&self, purpose: Purpose) -> Result<Session, Error> {
        Ok(Session { client: self.connect(purpose).await?, statements: Mutex::default() })
    }
}

/// Tells the server how it is to serve a new connection.
async fn prepare(client: &Client, purpose: Purpose) -> Result<(), Error> {
    let statement_ms = purpose.statement_timeout().as_millis();
    let (lock_ms, idle_ms) = (LOCK_TIMEOUT.as_millis(), purpose.idle_timeout().as_millis());
    // A server that is set to lose what it acknowledged is told not to, for us.
    client
        .batch_execute(&format!(
            "SET statement_timeout = {statement_ms};
             SET lock_timeout = {lock_ms};
             SET idle_in_transaction_session_timeout = {idle_ms};
             SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit', true) = 'off'"
        ))
        .await?;
    for setting in planning(purpose) {
        // What speaks the protocol without being PostgreSQL may not know it, and plans in its own way.
        match client.batch_execute(setting).await {
            Err(cause) if client.is_closed() => return Err(cause),
            _ => {}
        }
    }
    Ok(())
}

/// How the server is to plan what is asked on a connection.
const fn planning(purpose: Purpose) -> &'static [&'static str] {
    // Compiled code of a plan is not kept: it is made again each time. Under load that took one connection two thirds of the
    // processor time that the writer's took. Plans are kept while a table grows: the writer always goes by the key, never
    // through the whole table. It has no use for another plan where an array happens to be short: to make one took five
    // times as long as what was planned.
    match purpose {
        Purpose::Write => &[
            "SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off",
            "SET plan_cache_mode = force_generic_plan",
        ],
        Purpose::Read | Purpose::Long => &["SET jit = off"],
    }
}

/// A connection, and the statements that are prepared on it.
pub(crate) struct Session {
    client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Session {
    /// The connection itself.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// A statement, prepared once; there are as many as there are texts in this program.
    pub(crate) async fn prepare(&self, sql: &'static str) -> Result<Statement, Error> {
        if let Some(statement) = self.lock().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.lock().insert(sql, statement.clone());
        Ok(statement)
    }

    /// All rows that a statement gives.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(sql).await?;
        self.client.query(&statement, values).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<&'static str, Statement>> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the connection is the matter, or the server (it starts, stops, or is no longer the primary one), and not what
/// was asked: then a new connection may find another server, or the same one again.
pub(crate) fn is_outage(error: &Error) -> bool {
    match error.code() {
        // 08: connection; 57P01–57P03: shutting down, crashed, starting; 25006: read-only, a replica; 53300: too many
        // connections.
        Some(code) => {
            let code = code.code();
            code.starts_with("08")
                || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25006" | "53300")
        }
        // What is no answer of the server's: the network, or a connection that is closed; but not a value that could
        // not be sent or read.
        None => {
            error.is_closed()
                || error.source().is_some_and(|cause| cause.is::<std::io::Error>())
                || error.to_string().starts_with("error connecting")
        }
    }
}

/// An error with what is behind it: tokio-postgres says the server's words only as the source.
pub(crate) fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(url: &str) -> Option<Trust> {
        Target::parse(url).map(|target| target.trust)
    }

    fn is_refused(url: &str) -> bool {
        Target::parse(url).is_none()
    }

    #[test]
    fn urls_are_read_as_libpq_reads_them() {
        let parsed =
            Target::parse("postgresql://pasarela:p%40ss@db1:5432,db2:5433/pay?target_session_attrs=primary")
                .unwrap();
        assert_eq!(parsed.config.get_hosts().len(), 2);
        assert_eq!(parsed.config.get_password(), Some(b"p@ss".as_slice()));
        assert_eq!(parsed.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(parsed.config.get_ssl_mode(), SslMode::Prefer);
        assert!(is_refused("mysql://localhost/pay"));
        assert!(is_refused("postgres://localhost/pay?sslmode=maybe"));
        assert!(is_refused("postgres://localhost/pay?no_such_parameter=1"));
    }

    #[test]
    fn sslmode_says_whose_certificates_are_believed() {
        let file = Authorities::File("/etc/my ca.pem".into());
        assert_eq!(trust("postgres://h/d?sslmode=require"), Some(Trust::Any));
        assert_eq!(
            trust("postgres://h/d?sslmode=require&sslrootcert=/etc/my%20ca.pem"),
            Some(Trust::Authority(file.clone()))
        );
        assert_eq!(
            trust("postgres://h/d?sslmode=verify-full&sslrootcert=/etc/my%20ca.pem"),
            Some(Trust::Name(file))
        );
        assert_eq!(trust("postgres://h/d?sslmode=verify-full"), Some(Trust::Name(Authorities::System)));
    }
}
