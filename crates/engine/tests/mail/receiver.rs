//! A small mail server (RFC 5321, RFC 3207, RFC 4954) that does what a test says.

use rustls::ServerConfig;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// How long a message is waited for: longer than the longest pause after a server was away.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// What it does.
#[derive(Clone, Default)]
pub struct Manners {
    /// Who is let in, as AUTH PLAIN says it.
    pub credentials: Option<&'static str>,
    /// What a receiver with this text in its address is answered.
    pub answers: Vec<(&'static str, &'static str)>,
    /// Cuts the connection after so many messages were read, before it says that it has them.
    pub deaf_after: Option<usize>,
    /// Offers STARTTLS, and nothing without it.
    pub tls: Option<Arc<ServerConfig>>,
}

/// A message that it took.
#[derive(Clone, Debug)]
pub struct Taken {
    pub from: String,
    pub to: String,
    pub text: String,
    pub is_encrypted: bool,
}

/// The server.
pub struct Receiver {
    pub address: SocketAddr,
    manners: Arc<Mutex<Manners>>,
    taken: Arc<Mutex<Vec<Taken>>>,
    changed: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub async fn start(manners: Manners) -> Receiver {
        Receiver::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), manners)
    }

    pub fn on(listener: TcpListener, manners: Manners) -> Receiver {
        let address = listener.local_addr().unwrap();
        let (manners, taken) = (Arc::new(Mutex::new(manners)), Arc::new(Mutex::new(Vec::new())));
        let changed = Arc::new(Notify::new());
        let shared = (manners.clone(), taken.clone(), changed.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (manners, taken, changed) = shared.clone();
                tokio::spawn(async move {
                    let visit = Visit { manners, taken, changed, is_encrypted: false };
                    drop(visit.serve(stream).await);
                });
            }
        });
        Receiver { address, manners, taken, changed, task }
    }

    /// Does something else from now on.
    pub fn mend(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.manners.lock().unwrap());
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// Waits until it took so many.
    pub async fn has(&self, count: usize) -> Vec<Taken> {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if self.taken().len() >= count {
                    return self.taken();
                }
                changed.await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the messages come")
    }
}

struct Visit {
    manners: Arc<Mutex<Manners>>,
    taken: Arc<Mutex<Vec<Taken>>>,
    changed: Arc<Notify>,
    is_encrypted: bool,
}

impl Visit {
    fn manners(&self) -> Manners {
        self.manners.lock().unwrap().clone()
    }

    async fn serve(mut self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 receiver.test ESMTP\r\n").await?;
        let wants_tls = self.talk(&mut stream).await?;
        if let (true, Some(config)) = (wants_tls, self.manners().tls) {
            let encrypted = TlsAcceptor::from(config).accept(stream.into_inner()).await?;
            self.is_encrypted = true;
            self.talk(&mut BufReader::new(encrypted)).await?;
        }
        Ok(())
    }

    /// Speaks until the end (`false`) or STARTTLS (`true`).
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
    ) -> std::io::Result<bool> {
        let (mut from, mut to, mut is_let_in) = (String::new(), String::new(), false);
        loop {
            let Some(line) = line(stream).await? else { return Ok(false) };
            let manners = self.manners();
            let must_encrypt = manners.tls.is_some() && !self.is_encrypted;
            let must_log_in = manners.credentials.is_some() && !is_let_in;
            let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            let answer = match word.as_str() {
                "EHLO" if must_encrypt => "250-receiver.test\r\n250 STARTTLS".to_owned(),
                "EHLO" => "250-receiver.test\r\n250 AUTH PLAIN".to_owned(),
                "STARTTLS" => {
                    stream.write_all(b"220 go ahead\r\n").await?;
                    return Ok(true);
                }
                "QUIT" => return Ok(false),
                "RSET" => "250 ok".to_owned(),
                _ if must_encrypt => "530 5.7.0 STARTTLS first".to_owned(),
                "AUTH" => {
                    is_let_in =
                        manners.credentials.is_some_and(|known| line == format!("AUTH PLAIN {known}"));
                    if is_let_in { "235 welcome".to_owned() } else { "535 5.7.8 no".to_owned() }
                }
                _ if must_log_in => "530 5.7.0 log in first".to_owned(),
                "MAIL" => {
                    from = address(&line);
                    "250 ok".to_owned()
                }
                "RCPT" => {
                    to = address(&line);
                    let answer = manners.answers.iter().find(|(part, _)| to.contains(part));
                    answer.map_or("250 ok", |(_, answer)| answer).to_owned()
                }
                "DATA" => {
                    stream.write_all(b"354 say it\r\n").await?;
                    let Some(text) = data(stream).await? else { return Ok(false) };
                    let taken =
                        Taken { from: from.clone(), to: to.clone(), text, is_encrypted: self.is_encrypted };
                    let count = {
                        let mut all = self.taken.lock().unwrap();
                        all.push(taken);
                        all.len()
                    };
                    self.changed.notify_waiters();
                    if manners.deaf_after == Some(count) {
                        return Ok(false);
                    }
                    "250 2.0.0 taken".to_owned()
                }
                _ => "502 what?".to_owned(),
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}

async fn data<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    loop {
        match line(stream).await? {
            None => return Ok(None),
            Some(line) if line == "." => return Ok(Some(text)),
            Some(line) => text = text + line.strip_prefix('.').unwrap_or(&line) + "\n",
        }
    }
}

fn address(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}
