//! Shops that are told: some well, some that refuse, are slow, hang up, or are dead for a while.

use crate::Failure;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One of each temper, and a second one that is well.
pub const SHOPS: u64 = 6;

/// A body that is longer is none of ours.
const LONGEST_BODY: usize = 64 * 1024;

/// How long a dead shop is dead, and how long it lives between.
const DEAD_FOR: u64 = 40;

/// A message that came.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// `x-request-id`.
    pub request_id: String,
    /// The body's `id`.
    pub notification_id: i64,
    /// Whether it was answered with 200.
    pub was_taken: bool,
}

/// All shops, behind one address: a path each.
pub struct Shops {
    /// Where they are.
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    opened: Instant,
    are_well: AtomicBool,
    messages: AtomicU64,
    taken: AtomicU64,
    /// In the order in which they came.
    arrivals: Mutex<Vec<Arrival>>,
}

/// What a shop does with a message.
enum Mood {
    Takes,
    TakesAfter(Duration),
    Refuses,
    HangsUp,
}

impl Shops {
    /// Opens them on a free port.
    pub async fn open() -> Result<Shops, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let state = Arc::new(State {
            opened: Instant::now(),
            are_well: AtomicBool::new(false),
            messages: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            arrivals: Mutex::default(),
        });
        let shops = Shops { address: listener.local_addr()?, state: state.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = state.clone();
                // A connection that breaks is the sender's to mend.
                tokio::spawn(async move { drop(serve(stream, &state).await) });
            }
        });
        Ok(shops)
    }

    /// From now on each takes everything at once.
    pub fn be_well(&self) {
        self.state.are_well.store(true, Ordering::SeqCst);
    }

    /// How many messages came.
    pub fn messages(&self) -> u64 {
        self.state.messages.load(Ordering::SeqCst)
    }

    /// How many were answered with 200.
    pub fn taken(&self) -> u64 {
        self.state.taken.load(Ordering::SeqCst)
    }

    /// What came, in its order.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.state.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl State {
    fn mood(&self, shop: u64, number: u64) -> Mood {
        if self.are_well.load(Ordering::SeqCst) {
            return Mood::Takes;
        }
        // Evenly spread, and the same for the same number.
        let drawn = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        match shop {
            1 if drawn.is_multiple_of(3) => Mood::Refuses,
            2 => Mood::TakesAfter(Duration::from_millis(drawn % 3_000)),
            3 if drawn.is_multiple_of(3) => Mood::HangsUp,
            4 if (self.opened.elapsed().as_secs() / DEAD_FOR) % 2 == 1 => Mood::HangsUp,
            _ => Mood::Takes,
        }
    }
}

async fn serve(stream: TcpStream, state: &State) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(message) = read(&mut stream).await? {
        let number = state.messages.fetch_add(1, Ordering::SeqCst);
        let mood = state.mood(message.shop, number);
        let was_taken = matches!(mood, Mood::Takes | Mood::TakesAfter(_));
        let arrival = Arrival { was_taken, ..message.arrival };
        state.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
        let status = match mood {
            Mood::Takes => "200 OK",
            Mood::TakesAfter(pause) => {
                tokio::time::sleep(pause).await;
                "200 OK"
            }
            Mood::Refuses => "500 Internal Server Error",
            Mood::HangsUp => return Ok(()),
        };
        state.taken.fetch_add(u64::from(was_taken), Ordering::SeqCst);
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        stream.get_mut().write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

struct Message {
    shop: u64,
    arrival: Arrival,
}

/// The next request; `None` at the connection's end.
async fn read(stream: &mut BufReader<TcpStream>) -> Result<Option<Message>, Failure> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).ok_or("no path")?;
    let shop = path.trim_start_matches("/shop/").split('?').next().unwrap_or_default().parse()?;
    let (mut length, mut request_id) = (0, String::new());
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse()?,
            "x-request-id" => value.clone_into(&mut request_id),
            _ => {}
        }
    }
    if length > LONGEST_BODY {
        return Err("a body that is too long".into());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let body: serde_json::Value = serde_json::from_slice(&body)?;
    let notification_id = body["id"].as_i64().ok_or("no id in a notification")?;
    Ok(Some(Message { shop, arrival: Arrival { request_id, notification_id, was_taken: false } }))
}
