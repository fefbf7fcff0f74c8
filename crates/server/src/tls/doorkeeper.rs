//! What all doors of a server share: how many may be inside, and how much may be held for those who are slow.

use crate::api::REQUEST_ID;
use crate::api::answer::ApiFailure;
use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::response::IntoResponse;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use pasarela_engine::Failure;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections of all doors together, where the system allows as many. At about 20 kB each they take 200 MB at most.
const MOST_CONNECTIONS: usize = 10_000;
/// File descriptors that are kept from the doors: 128 webhooks on their way, the store's files, name look-ups, and the
/// connections that are turned away.
const RESERVED_FILES: usize = 512;
/// Below this a server is of no use; a system that gives less shows it when connections are accepted.
const FEWEST_CONNECTIONS: usize = 16;
/// Who comes when the house is full is told so, this many at a time; all others wait in the kernel's queue meanwhile.
const TURNED_AWAY_AT_ONCE: usize = 256;
/// The house is crowded when less than a quarter of its room is left.
const CROWDED_BELOW: usize = 4;
/// Connections are looked at this often, and are patient for a number of such steps.
const STEP: Duration = Duration::from_secs(5);
/// An answer up to this size is not counted: all payments but the most extraordinary are smaller.
const SMALL_ANSWER: u64 = 16 * 1024;
/// What all larger answers may take together until they are sent, in KiB: some ten full pages of a search.
const ANSWER_MEMORY: u32 = 64 * 1024;

/// How much a server takes upon itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once, through all doors.
    pub connections: usize,
    /// The unit of all patience with clients; five seconds. A test takes a fraction of it.
    pub step: Duration,
}

impl Limits {
    /// What this process can carry: its file descriptors less those that the house itself needs, and 10,000 connections at
    /// most. Asks the system for as many descriptors as that takes.
    pub fn of_this_process() -> Limits {
        let files = open_files(MOST_CONNECTIONS + RESERVED_FILES);
        let connections = files.saturating_sub(RESERVED_FILES).clamp(FEWEST_CONNECTIONS, MOST_CONNECTIONS);
        Limits { connections, step: STEP }
    }
}

/// How many file descriptors the process may have, after it has asked for `wanted`.
#[cfg(unix)]
fn open_files(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // No limit is none that could be reached.
    let enough = wanted as u64;
    let Some(current) = current.filter(|current| *current < enough) else { return wanted };
    let raised = maximum.map_or(enough, |maximum| maximum.min(enough)).max(current);
    let is_raised = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok();
    usize::try_from(if is_raised { raised } else { current }).unwrap_or(wanted)
}

#[cfg(not(unix))]
fn open_files(wanted: usize) -> usize {
    wanted
}

/// Counts who is inside. Cheap to clone; all doors of a server have the same one.
#[derive(Clone)]
pub struct Doorkeeper {
    house: Arc<House>,
}

struct House {
    limits: Limits,
    room: Arc<Semaphore>,
    doorstep: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

impl Doorkeeper {
    /// The doorkeeper of an empty house.
    pub fn new(limits: Limits) -> Doorkeeper {
        Doorkeeper {
            house: Arc::new(House {
                limits,
                room: Arc::new(Semaphore::new(limits.connections)),
                doorstep: Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE)),
                answers: Arc::new(Semaphore::new(ANSWER_MEMORY as usize)),
            }),
        }
    }

    /// A place for the next connection: inside if there is room, else on the doorstep, where it is told to come again;
    /// waits when there is none either.
    pub(super) async fn admit(&self) -> Admission {
        let (room, doorstep) = (Arc::clone(&self.house.room), Arc::clone(&self.house.doorstep));
        tokio::select! {
            biased;
            place = room.acquire_owned() => Admission { is_inside: true, _place: place.ok() },
            place = doorstep.acquire_owned() => Admission { is_inside: false, _place: place.ok() },
        }
    }

    /// Whether there is so little room that idle connections have to make way.
    pub(super) fn is_crowded(&self) -> bool {
        self.house.room.available_permits() < self.house.limits.connections / CROWDED_BELOW
    }

    /// The unit of patience.
    pub(super) fn step(&self) -> Duration {
        self.house.limits.step
    }

    /// The answer, with its share of the memory for large answers until the last byte of it is with the kernel; or, if
    /// clients who do not read theirs hold all of it, the advice to come again.
    pub(super) fn hold(&self, answer: Response<Body>) -> Response<Body> {
        let Some(size) = answer.body().size_hint().exact().filter(|size| *size > SMALL_ANSWER) else {
            return answer;
        };
        let kib = u32::try_from(size.div_ceil(1024)).map_or(ANSWER_MEMORY, |kib| kib.min(ANSWER_MEMORY));
        match Arc::clone(&self.house.answers).try_acquire_many_owned(kib) {
            Ok(share) => answer.map(|body| Body::new(Held { body, share: Arc::new(share) })),
            Err(_) => {
                let id = answer.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
                refusal(Failure::Unavailable { retry_after_s: 1 }, id)
            }
        }
    }
}

/// A connection's place, given back when it is dropped.
pub(super) struct Admission {
    /// Whether it may do anything but be told to come again.
    pub(super) is_inside: bool,
    /// The semaphores are never closed, so there always is one.
    _place: Option<OwnedSemaphorePermit>,
}

/// An answer in the API's shape that also ends its connection: for requests that reach no route.
pub(super) fn parting(failure: Failure) -> Response<Body> {
    let mut answer = refusal(failure, None);
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// With the request's id, or a new one where it had none yet.
fn refusal(failure: Failure, request_id: Option<String>) -> Response<Body> {
    let id = request_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let failure = ApiFailure::from(failure);
    let mut answer = failure.clone().into_response();
    answer.extensions_mut().clear();
    let mut answer = failure.render(&id, answer);
    if let Ok(id) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    answer
}

/// A body that has a share of the memory for answers. The share belongs to its bytes, which are the last to go: hyper
/// drops a body as soon as it has them, long before a slow client does.
struct Held {
    body: Body,
    share: Arc<OwnedSemaphorePermit>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let share = Arc::clone(&self.share);
        Pin::new(&mut self.body)
            .poll_frame(cx)
            .map_ok(|frame| frame.map_data(|bytes| Bytes::from_owner(HeldBytes { bytes, _share: share })))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

struct HeldBytes {
    bytes: Bytes,
    _share: Arc<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
