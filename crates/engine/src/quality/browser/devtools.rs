//! The browser's process, and the pipe by which it is told what to do: the DevTools protocol, a JSON text for each message,
//! ended by a zero byte.

use super::super::probes::USER_AGENT;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The largest message: a snapshot of a large page, or a large script.
const LARGEST: u64 = 32 * 1024 * 1024;
/// How many messages wait to be looked at.
const MOST_WAITING: usize = 256;
/// How many events are kept until somebody asks for them: as many as the scripts and frames of a large page.
const MOST_EVENTS: usize = 4_000;
/// How long a browser may take to start.
const START_TIME: Duration = Duration::from_secs(20);
/// It is gone: at the start, because it has no sandbox on this system or lacks a library.
pub(super) const ENDED: &str = "it ended";
/// It did not answer in time.
pub(super) const TOO_LONG: &str = "it took too long";
/// Nobody: whom a server that runs as root lets browse.
const NOBODY: u32 = 65_534;

/// Puts the pipe where the browser looks for it, and bounds what it may take: no core dumps, a minute of processor time for
/// each process, no file larger than 64 MB. (Its memory can't be bounded so: it reserves a terabyte of addresses.)
const LAUNCH: &str = "ulimit -c 0; ulimit -t 60; ulimit -f 131072; exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null";

/// What every page is opened with.
const SWITCHES: [&str; 27] = [
    "--headless",
    "--remote-debugging-pipe",
    // What pages store is in memory, and gone with it.
    "--incognito",
    "--no-first-run",
    "--no-default-browser-check",
    "--window-size=1280,1600",
    "--lang=en",
    "--mute-audio",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--renderer-process-limit=4",
    "--js-flags=--max-old-space-size=256",
    // No way but the proxy's: not for this machine's own names, not for names to be resolved, not over UDP.
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    // Nothing of its own accord.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-domain-reliability",
    "--disable-breakpad",
    "--no-pings",
    "--password-store=basic",
    "--disable-features=MediaRouter,DialMediaRouteProvider,OptimizationHints,Translate",
];

/// A browser that runs; it and all of its processes end with this.
pub(super) struct Child {
    process: std::process::Child,
    _profile: TempDir,
}

impl Drop for Child {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.process.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Child {
    /// Starts `program`, whose only way into the network is the proxy at `port`.
    pub(super) fn start(
        program: &Path,
        port: u16,
        trusted_keys: &[String],
        is_sandboxed: bool,
    ) -> Result<Child, String> {
        let failed = |error: std::io::Error| format!("it does not start: {error}");
        let profile = tempfile::Builder::new().prefix("pasarela-browser-").tempdir().map_err(failed)?;
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(LAUNCH).arg(program).args(SWITCHES);
        command.arg(format!("--proxy-server=http://127.0.0.1:{port}"));
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        if !trusted_keys.is_empty() {
            command.arg(format!("--ignore-certificate-errors-spki-list={}", trusted_keys.join(",")));
        }
        if !is_sandboxed {
            command.arg("--no-sandbox");
        }
        // The server's variables hold what opens the vault and the database.
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("HOME", profile.path()).env("TMPDIR", profile.path()).current_dir(profile.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
            if rustix::process::geteuid().is_root() {
                std::os::unix::fs::chown(profile.path(), Some(NOBODY), Some(NOBODY)).map_err(failed)?;
                // Its other groups are given up with it.
                command.uid(NOBODY).gid(NOBODY);
            }
        }
        let process = command.spawn().map_err(failed)?;
        Ok(Child { process, _profile: profile })
    }
}

/// An event of a page.
pub(super) struct Event {
    pub(super) session: String,
    pub(super) method: String,
    pub(super) params: Value,
}

/// Speaks with a browser.
pub(super) struct Devtools {
    input: ChildStdin,
    messages: Receiver<Value>,
    next_id: u64,
    events: VecDeque<Event>,
    deadline: Instant,
    version: String,
    user_agent: String,
    _child: Child,
}

impl Devtools {
    /// Speaks with `child` until `deadline`.
    pub(super) fn of(mut child: Child, deadline: Instant) -> Result<Devtools, String> {
        let pipes = (child.process.stdin.take(), child.process.stdout.take());
        let (Some(input), Some(output)) = pipes else { return Err("it has no pipe".to_owned()) };
        let (sender, messages) = sync_channel(MOST_WAITING);
        std::thread::Builder::new()
            .name("browser pipe".to_owned())
            .spawn(move || read(output, |message| sender.send(message).is_ok()))
            .map_err(|error| error.to_string())?;
        let mut devtools = Devtools {
            input,
            messages,
            next_id: 0,
            events: VecDeque::new(),
            deadline: deadline.min(Instant::now() + START_TIME),
            version: String::new(),
            user_agent: String::new(),
            _child: child,
        };
        let version = devtools.call("", "Browser.getVersion", json!({}))?;
        devtools.version = version["product"].as_str().unwrap_or_default().replace('/', " ");
        // It says who looks. That it has no window is nobody's business: many a shop answers such a one otherwise.
        let user_agent = version["userAgent"].as_str().unwrap_or_default().replace("Headless", "");
        devtools.user_agent = format!("{user_agent} {USER_AGENT}");
        devtools.deadline = deadline;
        Ok(devtools)
    }

    /// What follows has to be done until `limit`.
    pub(super) const fn limit(&mut self, limit: Instant) {
        self.deadline = limit;
    }

    /// What follows has to be done within `time`, and within the limit that there was, which is given.
    pub(super) fn limit_within(&mut self, time: Duration) -> Instant {
        let limit = self.deadline.min(Instant::now() + time);
        std::mem::replace(&mut self.deadline, limit)
    }

    /// How long there is left.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// What it calls itself: `Chrome 156.0.8078.108`.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// What it tells shops that it is.
    pub(super) fn user_agent(&self) -> &str {
        &self.user_agent
    }

    /// Does `method` in a session, or, where that is empty, in the browser; gives its result.
    pub(super) fn call(&mut self, session: &str, method: &str, params: Value) -> Result<Value, String> {
        let id = self.send(session, method, params)?;
        loop {
            let mut message = self.receive(self.deadline)?.ok_or(TOO_LONG)?;
            if message["id"].as_u64() != Some(id) {
                self.keep(message);
            } else if message["error"].is_object() {
                return Err(format!(
                    "{method}: {}",
                    message["error"]["message"].as_str().unwrap_or_default()
                ));
            } else {
                return Ok(message["result"].take());
            }
        }
    }

    /// Events that came so far and are `wanted`; the others are dropped.
    pub(super) fn events(&mut self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        self.events.drain(..).filter(wanted).collect()
    }

    /// Waits until an event `is_last`, or for as long as `most`.
    pub(super) fn wait(&mut self, most: Duration, is_last: impl Fn(&Event) -> bool) -> Result<(), String> {
        let until = self.deadline.min(Instant::now() + most);
        let mut seen = 0;
        loop {
            if self.events.iter().skip(seen).any(&is_last) {
                return Ok(());
            }
            seen = self.events.len();
            match self.receive(until)? {
                Some(message) => self.keep(message),
                None => return Ok(()),
            }
        }
    }

    fn send(&mut self, session: &str, method: &str, params: Value) -> Result<u64, String> {
        self.next_id += 1;
        let mut message = json!({"id": self.next_id, "method": method, "params": params});
        if !session.is_empty() {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).map_err(|_| ENDED.to_owned())?;
        Ok(self.next_id)
    }

    /// The next message; none when `until` is past.
    fn receive(&mut self, until: Instant) -> Result<Option<Value>, String> {
        match self.messages.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(ENDED.to_owned()),
        }
    }

    fn keep(&mut self, mut message: Value) {
        let (Some(method), session) =
            (message["method"].as_str(), message["sessionId"].as_str().unwrap_or_default())
        else {
            return;
        };
        let (session, method) = (session.to_owned(), method.to_owned());
        if method == "Page.javascriptDialogOpening" {
            // Until it is answered, the page stands still.
            let _ = self.send(&session, "Page.handleJavaScriptDialog", json!({"accept": false}));
        }
        if self.events.len() < MOST_EVENTS {
            self.events.push_back(Event { session, method, params: message["params"].take() });
        }
    }
}

/// Gives each message to `take`, until the pipe ends or nobody takes it.
fn read(output: ChildStdout, take: impl Fn(Value) -> bool) {
    let mut output = BufReader::new(output);
    loop {
        let mut bytes = Vec::new();
        let read = output.by_ref().take(LARGEST).read_until(0, &mut bytes);
        if !read.is_ok_and(|count| count > 0) || bytes.pop() != Some(0) {
            return;
        }
        let Ok(message) = serde_json::from_slice(&bytes) else { return };
        if !take(message) {
            return;
        }
    }
}
