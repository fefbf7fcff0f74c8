//! Connections for reading, which heal themselves.
//!
//! Questions that an index answers share a few connections, and are sent one behind the other without waiting for the
//! answers: with many callers a round trip carries many questions. A search may take long, so it has a connection to
//! itself. A connection that breaks (a restart, a fail-over) is replaced by the next question; the one that noticed is
//! asked once more, since a read changes nothing. Nobody waits longer than a bound: then the database is unavailable.

use crate::ReadError;
use crate::postgres::connection::{Purpose, Session, Target, is_outage};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

/// Connections that short questions share. Each is one process of the server's; with many of them questions would be
/// spread so thin that few share a round trip.
pub(crate) const LANES: usize = 3;

/// Searches at a time.
const SEARCHES: usize = 4;

/// How long an answer is waited for, connecting and all. Far above what a healthy database takes, and below the time
/// after which callers of the API give up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The same for a search: as long as the server works for it, and a little for its turn.
const SEARCH_PATIENCE: Duration = Duration::from_secs(40);

/// Values of a statement's parameters.
pub(crate) type Values<'a> = [&'a (dyn ToSql + Sync)];

/// Values of a search's parameters, with their types.
pub(crate) type TypedValues<'a> = [(&'a (dyn ToSql + Sync), Type)];

/// The connections for reading.
pub(crate) struct Readers {
    target: Target,
    lanes: [Lane; LANES],
    turn: AtomicUsize,
    searches: Semaphore,
    idle: Mutex<Vec<Session>>,
    is_distributed: OnceCell<bool>,
}

/// A shared connection.
struct Lane {
    /// Who has it connects, and whoever comes meanwhile waits for it.
    connecting: Semaphore,
    session: Mutex<Option<Arc<Session>>>,
}

impl Readers {
    /// Connections to `target`, made when they are needed.
    pub(crate) fn new(target: Target) -> Readers {
        let lane = |_| Lane { connecting: Semaphore::new(1), session: Mutex::default() };
        Readers {
            target,
            lanes: std::array::from_fn(lane),
            turn: AtomicUsize::new(0),
            searches: Semaphore::new(SEARCHES),
            idle: Mutex::default(),
            is_distributed: OnceCell::new(),
        }
    }

    /// A connection for what reads everything.
    pub(crate) async fn long(&self) -> Result<Session, ReadError> {
        Ok(self.target.session(Purpose::Long).await?)
    }

    /// The record that `sql` finds, if there is one.
    pub(crate) async fn one<T>(
        &self,
        sql: &'static str,
        values: &Values<'_>,
        read: impl FnOnce(&Row) -> Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        self.ask(sql, values).await?.first().map(read).transpose()
    }

    /// The records that `sql` finds; all of them, so the statement bounds how many they are.
    pub(crate) async fn many<T>(
        &self,
        sql: &'static str,
        values: &Values<'_>,
        read: impl FnMut(&Row) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        self.ask(sql, values).await?.iter().map(read).collect()
    }

    /// Whether the tables may be spread over several servers by Citus.
    pub(crate) async fn is_distributed(&self) -> Result<bool, ReadError> {
        const SQL: &str = "SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'citus'";
        let look = async || Ok(!self.ask(SQL, &[]).await?.is_empty());
        self.is_distributed.get_or_try_init(look).await.copied()
    }

    async fn ask(&self, sql: &'static str, values: &Values<'_>) -> Result<Vec<Row>, ReadError> {
        let lane = &self.lanes[self.turn.fetch_add(1, Ordering::Relaxed) % LANES];
        let answer = tokio::time::timeout(PATIENCE, async {
            let session = self.session(lane).await?;
            match session.query(sql, values).await {
                Err(cause) if is_worn(&cause) => {
                    lane.replace(&session);
                    Ok(self.session(lane).await?.query(sql, values).await?)
                }
                answer => Ok(answer?),
            }
        });
        answer.await.unwrap_or_else(|_| {
            // Whatever holds the connection up, the next ones need not wait to find out.
            lane.abandon();
            Err(ReadError::too_late(PATIENCE))
        })
    }

    /// The lane's connection; a new one if there is none, or it has ended.
    async fn session(&self, lane: &Lane) -> Result<Arc<Session>, ReadError> {
        let _connecting = lane.connecting.acquire().await.map_err(|_| ReadError::closed())?;
        if let Some(session) = lane.open() {
            return Ok(session);
        }
        // In a box: it is rare, and every request's future would have room for it otherwise, on either store.
        let session = Arc::new(Box::pin(self.target.session(Purpose::Read)).await?);
        *lane.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
        Ok(session)
    }

    /// The rows that a search finds, on a connection to itself. It is planned for its very values: an account of ten
    /// payments and one of ten million want different plans.
    pub(crate) async fn search(&self, sql: &str, values: &TypedValues<'_>) -> Result<Vec<Row>, ReadError> {
        let answer = tokio::time::timeout(SEARCH_PATIENCE, async {
            let _turn = self.searches.acquire().await.map_err(|_| ReadError::closed())?;
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let session = match idle.filter(|session| !session.is_closed()) {
                Some(session) => session,
                None => self.target.session(Purpose::Read).await?,
            };
            match self.search_on(session, sql, values).await {
                Err(cause) if is_worn(&cause) => {
                    let session = self.target.session(Purpose::Read).await?;
                    Ok(self.search_on(session, sql, values).await?)
                }
                answer => Ok(answer?),
            }
        });
        answer.await.unwrap_or_else(|_| Err(ReadError::too_late(SEARCH_PATIENCE)))
    }

    /// A connection whose answer nobody waits for any more is not used again, whatever it still does.
    async fn search_on(
        &self,
        session: Session,
        sql: &str,
        values: &TypedValues<'_>,
    ) -> Result<Vec<Row>, Error> {
        let answer = session.client().query_typed(sql, values).await;
        if answer.is_ok() && !self.searches.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
        answer
    }

    /// No more questions; ends the connections.
    pub(crate) fn close(&self) {
        self.searches.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        for lane in &self.lanes {
            lane.connecting.close();
            lane.abandon();
        }
    }
}

impl Lane {
    fn open(&self) -> Option<Arc<Session>> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.as_ref().filter(|session| !session.is_closed()).cloned()
    }

    /// The next question gets a new connection.
    fn abandon(&self) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The next question gets a new connection, if none has replaced `worn` yet.
    fn replace(&self, worn: &Arc<Session>) {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if session.as_ref().is_some_and(|session| Arc::ptr_eq(session, worn)) {
            *session = None;
        }
    }
}

/// Whether a new connection may well answer what this one did not.
fn is_worn(cause: &Error) -> bool {
    // A migration that another node made leaves prepared statements behind that no longer fit.
    is_outage(cause) || cause.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED)
}
