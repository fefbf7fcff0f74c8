//! How far a connection has come, and when it has been too slow for too long.
//!
//! One timer watches a connection for its whole life ([`watch`]), because a timer per request costs more than the
//! request's own parsing. It looks once a step ([`Limits::step`](super::Limits::step)).

use crate::tls::doorkeeper::Doorkeeper;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{self, MissedTickBehavior};

/// For how many steps something may last.
struct Patience {
    /// The head of a request: the first from the moment of connecting, a later one from its first byte.
    head: u32,
    /// Nothing received and nothing sent.
    quiet: u32,
    /// What is ready to be sent is not taken.
    answer: u32,
}

/// With connections that have room inside.
const INSIDE: Patience = Patience {
    // 10 to 15 seconds: nobody's network is that slow, and slow heads are the classic way to hold a server's connections.
    head: 2,
    // 75 to 80 seconds: longer than the pause between two requests of most clients' connection pools, so that it is mostly
    // they who close.
    quiet: 15,
    // 60 to 65 seconds: a full page of a search in that time is 100 kB/s.
    answer: 12,
};

/// With those that are told to come again: others wait for their place.
const ON_THE_DOORSTEP: Patience = Patience { head: 1, quiet: 1, answer: 1 };

/// What a connection has done so far. Written by its own task, so relaxed loads and stores suffice.
#[derive(Default)]
pub(super) struct Progress {
    /// Bytes received and sent.
    bytes: AtomicU64,
    /// Requests whose head was complete.
    requests: AtomicU64,
    /// Whether a request is in work.
    serving: AtomicBool,
    /// Whether a byte came in since there was no request in work.
    head_begun: AtomicBool,
    /// Whether something was written that is not flushed.
    sending: AtomicBool,
    /// How often everything was flushed.
    flushes: AtomicU64,
}

impl Progress {
    fn moved(&self, bytes: usize) {
        self.bytes.store(self.bytes.load(Ordering::Relaxed) + bytes as u64, Ordering::Relaxed);
    }

    fn received(&self, bytes: usize) {
        self.moved(bytes);
        if !self.serving.load(Ordering::Relaxed) {
            self.head_begun.store(true, Ordering::Relaxed);
        }
    }

    fn sent(&self, bytes: usize) {
        self.moved(bytes);
        self.sending.store(true, Ordering::Relaxed);
    }

    fn flushed(&self) {
        if self.sending.load(Ordering::Relaxed) {
            self.sending.store(false, Ordering::Relaxed);
            self.flushes.store(self.flushes.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }

    pub(super) fn request_begins(&self) {
        self.requests.store(self.requests.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.serving.store(true, Ordering::Relaxed);
        self.head_begun.store(false, Ordering::Relaxed);
    }

    pub(super) fn request_ends(&self) {
        self.serving.store(false, Ordering::Relaxed);
        self.sending.store(true, Ordering::Relaxed);
    }
}

/// Resolves, with the reason, when a connection has been too slow for too long, or idle while others need its place.
pub(super) async fn watch(progress: &Progress, keeper: &Doorkeeper, is_inside: bool) -> &'static str {
    let patience = if is_inside { INSIDE } else { ON_THE_DOORSTEP };
    let mut step = time::interval(keeper.step());
    step.set_missed_tick_behavior(MissedTickBehavior::Delay);
    step.tick().await; // the first one comes at once
    let (mut bytes_before, mut requests_before, mut flushes_before) = (0, 0, 0);
    let (mut quiet_steps, mut head_steps, mut answer_steps) = (0, 0, 0);
    loop {
        step.tick().await;
        let bytes = progress.bytes.load(Ordering::Relaxed);
        let requests = progress.requests.load(Ordering::Relaxed);
        let flushes = progress.flushes.load(Ordering::Relaxed);
        let serving = progress.serving.load(Ordering::Relaxed);
        let sending = progress.sending.load(Ordering::Relaxed);
        let in_head = !serving && (requests == 0 || progress.head_begun.load(Ordering::Relaxed));
        let is_idle = !serving && !in_head && !sending;
        quiet_steps = if bytes == bytes_before { quiet_steps + 1 } else { 0 };
        head_steps = if in_head && requests == requests_before { head_steps + 1 } else { 0 };
        answer_steps = if sending && flushes == flushes_before { answer_steps + 1 } else { 0 };
        (bytes_before, requests_before, flushes_before) = (bytes, requests, flushes);
        if head_steps >= patience.head {
            return "the head of a request took too long";
        }
        if answer_steps >= patience.answer {
            return "an answer was not read in time";
        }
        if quiet_steps >= patience.quiet {
            return "nothing was received or sent for too long";
        }
        if is_idle && quiet_steps > 0 && keeper.is_crowded() {
            return "it was idle, and others need its place";
        }
    }
}

/// A stream that notes what goes through it.
pub(super) struct Watched<Stream> {
    stream: Stream,
    progress: Arc<Progress>,
}

impl<Stream> Watched<Stream> {
    pub(super) fn new(stream: Stream, progress: Arc<Progress>) -> Watched<Stream> {
        Watched { stream, progress }
    }
}

impl<Stream: AsyncRead + Unpin> AsyncRead for Watched<Stream> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, into))?;
        self.progress.received(into.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<Stream: AsyncWrite + Unpin> AsyncWrite for Watched<Stream> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.progress.sent(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        self.progress.sent(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.progress.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
