//! Logins and sessions in the tables.

use crate::sqlite::fault::{Fault, already_exists};
use crate::sqlite::reader::{MOST_ROWS, many, one};
use crate::sqlite::rows;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::unwritten::Kinds;
use crate::{CommitError, LoginChange, LoginRecord, Lookup, ReadError, SessionRecord};
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;
use rusqlite::{Connection, Row, params};

const LOGIN: &str = "account_id, version, nickname, email, body";
const SESSION: &str = "account_id, lookup, started, seen, expires, body";

/// Writes a change.
pub(crate) fn apply(connection: &Connection, change: &LoginChange) -> Result<(), Fault> {
    match change {
        LoginChange::Insert(login) => {
            let sql =
                "INSERT INTO login (account_id, version, nickname, email, body) VALUES (?1, 1, ?2, ?3, ?4)";
            connection
                .prepare_cached(sql)?
                .execute(params![login.account_id, login.nickname, login.email, login.body])
                .map_err(already_exists("login"))?;
            Ok(())
        }
        LoginChange::Update(login) => {
            let sql = "UPDATE login SET version = version + 1, nickname = ?3, email = ?4, body = ?5
                 WHERE account_id = ?1 AND version = ?2";
            let updated = connection
                .prepare_cached(sql)?
                .execute(params![login.account_id, login.version, login.nickname, login.email, login.body])
                .map_err(already_exists("login"))?;
            one_changed(updated)
        }
        LoginChange::Start { session, login_version } => {
            let sql = format!(
                "INSERT INTO session ({SESSION}) SELECT ?1, ?2, ?3, ?4, ?5, ?6
                 WHERE EXISTS (SELECT 1 FROM login WHERE account_id = ?1 AND version = ?7)"
            );
            let inserted = connection
                .prepare_cached(&sql)?
                .execute(params![
                    session.account_id,
                    session.lookup,
                    session.started.0,
                    session.seen.0,
                    session.expires.0,
                    session.body,
                    login_version,
                ])
                .map_err(already_exists("session"))?;
            one_changed(inserted)
        }
        LoginChange::Renew(session) => {
            let sql =
                "UPDATE session SET seen = ?3, expires = ?4, body = ?5 WHERE account_id = ?1 AND lookup = ?2";
            let updated = connection.prepare_cached(sql)?.execute(params![
                session.account_id,
                session.lookup,
                session.seen.0,
                session.expires.0,
                session.body,
            ])?;
            one_changed(updated)
        }
        LoginChange::End { account_id, lookup } => {
            connection
                .prepare_cached("DELETE FROM session WHERE account_id = ?1 AND lookup = ?2")?
                .execute(params![account_id, lookup])?;
            Ok(())
        }
        LoginChange::EndAll { account_id } => {
            connection.prepare_cached("DELETE FROM session WHERE account_id = ?1")?.execute([account_id])?;
            Ok(())
        }
    }
}

fn one_changed(changed: usize) -> Result<(), Fault> {
    match changed {
        1 => Ok(()),
        _ => Err(Fault::Refused(CommitError::VersionConflict)),
    }
}

fn login(row: &Row<'_>) -> rusqlite::Result<LoginRecord> {
    Ok(LoginRecord {
        account_id: row.get(0)?,
        version: row.get(1)?,
        nickname: row.get(2)?,
        email: row.get(3)?,
        body: row.get(4)?,
    })
}

fn session(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    Ok(SessionRecord {
        account_id: row.get(0)?,
        lookup: row.get(1)?,
        started: rows::instant(row, 2)?,
        seen: rows::instant(row, 3)?,
        expires: rows::instant(row, 4)?,
        body: row.get(5)?,
    })
}

impl SqliteStore {
    /// As [`Store::login`](crate::Store::login).
    pub(crate) async fn login(&self, account_id: AccountId) -> Result<Option<LoginRecord>, ReadError> {
        let sql = format!("SELECT {LOGIN} FROM login WHERE account_id = ?1");
        self.points(Kinds::LOGINS).await?.ask(|connection| one(connection, &sql, [account_id], login)).await
    }

    /// As [`Store::login_by_name`](crate::Store::login_by_name).
    pub(crate) async fn login_by_name(&self, name: &Lookup) -> Result<Option<LoginRecord>, ReadError> {
        let sql = format!("SELECT {LOGIN} FROM login WHERE nickname = ?1 OR email = ?1");
        self.points(Kinds::LOGINS).await?.ask(|connection| one(connection, &sql, [name], login)).await
    }

    /// As [`Store::session`](crate::Store::session).
    pub(crate) async fn session(
        &self,
        account_id: AccountId,
        lookup: &Lookup,
    ) -> Result<Option<SessionRecord>, ReadError> {
        let sql = format!("SELECT {SESSION} FROM session WHERE account_id = ?1 AND lookup = ?2");
        self.points(Kinds::LOGINS)
            .await?
            .ask(|connection| one(connection, &sql, params![account_id, lookup], session))
            .await
    }

    /// As [`Store::sessions_of`](crate::Store::sessions_of).
    pub(crate) async fn sessions_of(&self, account_id: AccountId) -> Result<Vec<SessionRecord>, ReadError> {
        let sql = format!(
            "SELECT {SESSION} FROM session WHERE account_id = ?1 ORDER BY started, lookup LIMIT {MOST_ROWS}"
        );
        self.points(Kinds::LOGINS)
            .await?
            .ask(|connection| many(connection, &sql, [account_id], session))
            .await
    }

    /// As [`Store::expired_sessions`](crate::Store::expired_sessions).
    pub(crate) async fn expired_sessions(
        &self,
        now_wall: Timestamp,
        limit: u32,
    ) -> Result<Vec<(AccountId, Lookup)>, ReadError> {
        let sql = "SELECT account_id, lookup FROM session WHERE expires <= ?1
             ORDER BY expires, account_id, lookup LIMIT ?2";
        let values = (now_wall.0, limit.min(MOST_ROWS));
        self.points(Kinds::LOGINS)
            .await?
            .ask(|connection| many(connection, sql, values, |row| Ok((row.get(0)?, row.get(1)?))))
            .await
    }
}
