//! Questions that come at once, asked as one.
//!
//! A request with test credentials asks where its account's clock is, and one that pays by card may ask for its token.
//! What a statement costs the database and this process is mostly its own: it hardly matters how many rows it finds.

use crate::ReadError;
use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, oneshot};

/// Questions of one kind, each about a key.
pub(crate) struct Batches<Key, Answer> {
    asked: Mutex<Asked<Key, Answer>>,
    in_flight: Semaphore,
}

/// A key, and who waits for what there is of it.
type Question<Key, Answer> = (Key, oneshot::Sender<Result<Option<Answer>, ReadError>>);

struct Asked<Key, Answer> {
    questions: Vec<Question<Key, Answer>>,
    /// Whether somebody is about to take them.
    is_seen_to: bool,
}

impl<Key, Answer> Batches<Key, Answer>
where
    Key: Clone + Eq + Hash + Send + 'static,
    Answer: Clone + Send + 'static,
{
    /// No questions yet; `in_flight` batches of them at a time.
    pub(crate) fn new(in_flight: usize) -> Arc<Batches<Key, Answer>> {
        let asked = Mutex::new(Asked { questions: Vec::new(), is_seen_to: false });
        Arc::new(Batches { asked, in_flight: Semaphore::new(in_flight) })
    }

    /// What there is of `key`. `answers` asks for all that have been asked for when it begins: never before this was
    /// called, so what it finds is not older than the question.
    pub(crate) async fn ask<A>(
        self: &Arc<Self>,
        key: Key,
        answers: impl FnOnce(Vec<Key>) -> A + Send + 'static,
    ) -> Result<Option<Answer>, ReadError>
    where
        A: Future<Output = Result<HashMap<Key, Answer>, ReadError>> + Send,
    {
        let (reply, answer) = oneshot::channel();
        if self.is_first((key, reply)) {
            let batches = self.clone();
            // Of its own: the others wait for it, too, when whoever asked first goes away.
            tokio::spawn(async move {
                // Who is ready to ask does it now.
                tokio::task::yield_now().await;
                let _in_flight = batches.in_flight.acquire().await;
                let questions = batches.take();
                let found = answers(questions.iter().map(|(key, _)| key.clone()).collect()).await;
                for (key, reply) in questions {
                    let answer = found.as_ref().map(|found| found.get(&key).cloned());
                    // Who no longer waits for the answer has no use for it.
                    let _ = reply.send(answer.map_err(Clone::clone));
                }
            });
        }
        answer.await.unwrap_or_else(|_| Err(ReadError::closed()))
    }

    fn is_first(&self, question: Question<Key, Answer>) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.questions.push(question);
        !mem::replace(&mut asked.is_seen_to, true)
    }

    fn take(&self) -> Vec<Question<Key, Answer>> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_seen_to = false;
        mem::take(&mut asked.questions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    #[tokio::test]
    async fn what_is_asked_at_once_is_one_question() {
        let batches: Arc<Batches<i32, i32>> = Batches::new(1);
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let ask = |key: i32| {
            let sizes = sizes.clone();
            batches.ask(key, async move |keys: Vec<i32>| {
                sizes.lock().unwrap().push(keys.len());
                Ok(keys.into_iter().filter(|key| *key != 3).map(|key| (key, key * 2)).collect())
            })
        };
        let answers = join_all([1, 2, 3, 1].map(ask)).await;
        assert_eq!(answers, [Ok(Some(2)), Ok(Some(4)), Ok(None), Ok(Some(2))]);
        assert_eq!(ask(5).await, Ok(Some(10)));
        assert_eq!(*sizes.lock().unwrap(), [4, 1]);
    }

    #[tokio::test]
    async fn a_failure_is_everybodys_and_the_next_question_is_asked_anew() {
        let batches: Arc<Batches<i32, i32>> = Batches::new(1);
        let fail = |key| batches.ask(key, async |_| Err(ReadError::closed()));
        assert_eq!(join_all([1, 2].map(fail)).await, [Err(ReadError::closed()), Err(ReadError::closed())]);
        assert_eq!(batches.ask(1, async |_| Ok(HashMap::from([(1, 7)]))).await, Ok(Some(7)));
    }
}
