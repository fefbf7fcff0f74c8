//! What waits to be written, and whose turn it is.
//!
//! Only who has the turn writes, and who confirms needs no more locks: so a node's hands never wait for each other
//! crosswise, and what is asked first is written first.

use crate::postgres::group::take_group;
use crate::work::{GROUP, Work};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, mpsc};

/// From this many requests in a group, a hand waits a moment before its next: whoever was answered is about to come again,
/// and a group costs two round trips whatever its size. Below, nobody waits.
const BUSY_GROUP: usize = 4;

/// How long it waits for all of them: less than a round trip with a sync.
const GATHERING: Duration = Duration::from_millis(1);

/// The same while the other hand's group is being confirmed: the database would not confirm another one meanwhile.
const GATHERING_BEHIND: Duration = Duration::from_millis(4);

/// The queue of requests, and the turn to write.
pub(crate) struct Turns {
    waiting: Mutex<Waiting>,
    writing: Arc<Mutex<()>>,
    confirming: Arc<Confirming>,
}

struct Waiting {
    queue: mpsc::Receiver<Work>,
    works: VecDeque<Work>,
}

/// How many groups are being confirmed.
#[derive(Default)]
struct Confirming {
    groups: AtomicUsize,
    over: Notify,
}

/// The turn to write: its holder's until it is dropped or passed on.
pub(crate) struct Turn {
    _writing: OwnedMutexGuard<()>,
    confirming: Arc<Confirming>,
}

/// A confirmation, until it is dropped.
pub(crate) struct Confirmation(Arc<Confirming>);

impl Turns {
    /// Turns to write what comes through `queue`.
    pub(crate) fn new(queue: mpsc::Receiver<Work>) -> Turns {
        let waiting = Waiting { queue, works: VecDeque::new() };
        Turns { waiting: Mutex::new(waiting), writing: Arc::default(), confirming: Arc::default() }
    }

    /// The next group, and the turn to write it. `last` is how many requests the hand answered just now. `None` when the
    /// queue is closed and empty.
    pub(crate) async fn next(&self, last: usize) -> Option<(Vec<Work>, Turn)> {
        let mut waiting = self.waiting.lock().await;
        if waiting.works.is_empty() {
            let work = waiting.queue.recv().await?;
            waiting.works.push_back(work);
        }
        // What comes until the other hand has written its group shares this one.
        let turn = self.turn().await;
        waiting.take_all();
        if last >= BUSY_GROUP {
            waiting.gather(last.min(GROUP), &turn).await;
        }
        Some((take_group(&mut waiting.works), turn))
    }

    /// The turn to write, for a group that is tried again.
    pub(crate) async fn turn(&self) -> Turn {
        Turn { _writing: self.writing.clone().lock_owned().await, confirming: self.confirming.clone() }
    }

    /// Takes everything that waits, unless the other hand is just about to.
    pub(crate) fn all_that_wait(&self) -> Vec<Work> {
        let Ok(mut waiting) = self.waiting.try_lock() else { return Vec::new() };
        let mut all = Vec::from(std::mem::take(&mut waiting.works));
        while let Ok(work) = waiting.queue.try_recv() {
            all.push(work);
        }
        all
    }
}

impl Waiting {
    /// Takes what is in the queue, as much as a group can hold.
    fn take_all(&mut self) {
        while self.works.len() < GROUP
            && let Ok(work) = self.queue.try_recv()
        {
            self.works.push_back(work);
        }
    }

    /// Waits until there are as many as `wanted`, or long enough.
    async fn gather(&mut self, wanted: usize, turn: &Turn) {
        let gathering = async {
            while self.works.len() < wanted
                && let Some(work) = self.queue.recv().await
            {
                self.works.push_back(work);
            }
        };
        // What came in time is there, also when not all of it came.
        tokio::select! {
            biased;
            () = gathering => {}
            () = turn.gathering_is_over() => {}
        }
    }
}

impl Turn {
    /// Passes the turn on: everything is written, and being confirmed until what is returned is dropped.
    pub(crate) fn pass(self) -> Confirmation {
        self.confirming.groups.fetch_add(1, Ordering::AcqRel);
        Confirmation(self.confirming.clone())
    }

    /// Waits until what the other hand wrote is there for all to see, or is not going to be.
    pub(crate) async fn wait_for_confirmations(&self) {
        while self.confirming.groups.load(Ordering::Acquire) > 0 {
            self.confirming.over.notified().await;
        }
    }

    async fn gathering_is_over(&self) {
        if self.confirming.groups.load(Ordering::Acquire) > 0 {
            let _ = tokio::time::timeout(GATHERING_BEHIND, self.wait_for_confirmations()).await;
        } else {
            tokio::time::sleep(GATHERING).await;
        }
    }
}

impl Drop for Confirmation {
    fn drop(&mut self) {
        self.0.groups.fetch_sub(1, Ordering::AcqRel);
        // There is one who waits at most: who has the turn. What is kept for nobody only lets the next one look once more.
        self.0.over.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Changes;
    use crate::prepared::Prepared;
    use crate::work::Task;
    use futures_util::FutureExt as _;

    fn work() -> Work {
        Work::new(Task::Commit(Box::new(Prepared::of(Changes::default())))).0
    }

    #[tokio::test]
    async fn one_writes_while_the_other_is_confirmed() {
        let (queue, waiting) = mpsc::channel(8);
        let turns = Turns::new(waiting);
        queue.try_send(work()).unwrap();
        let (first, turn) = turns.next(0).await.unwrap();
        assert_eq!(first.len(), 1);
        queue.try_send(work()).unwrap();
        // It is still being written.
        assert!(turns.next(0).now_or_never().is_none());
        queue.try_send(work()).unwrap();
        let confirmation = turn.pass();
        let (second, turn) = turns.next(0).await.unwrap();
        assert_eq!(second.len(), 2);
        assert!(turn.wait_for_confirmations().now_or_never().is_none());
        drop(confirmation);
        turn.wait_for_confirmations().now_or_never().unwrap();
    }

    #[tokio::test]
    async fn who_was_answered_is_waited_for_but_not_for_ever() {
        let (queue, waiting) = mpsc::channel(8);
        let turns = Turns::new(waiting);
        queue.try_send(work()).unwrap();
        let late = async {
            tokio::task::yield_now().await;
            queue.try_send(work()).unwrap();
        };
        let (group, ()) = tokio::join!(turns.next(BUSY_GROUP), late);
        let (group, turn) = group.unwrap();
        assert_eq!(group.len(), 2);
        drop(turn);
        queue.try_send(work()).unwrap();
        drop(queue);
        assert_eq!(turns.next(0).await.unwrap().0.len(), 1);
        assert!(turns.next(0).await.is_none());
    }
}
