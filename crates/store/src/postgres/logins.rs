//! Logins and sessions: a group's rows with the statements that write them, and what is asked.

use crate::postgres::check::{is_new, lookup};
use crate::postgres::reader::{MOST_ROWS, limit_value};
use crate::postgres::records::{Step, Value, rows, step};
use crate::postgres::rows;
use crate::postgres::store::PostgresStore;
use crate::{CommitError, LoginChange, LoginRecord, Lookup, ReadError, SessionRecord};
use pasarela_domain::identity::AccountId;
use pasarela_domain::timestamp::Timestamp;
use std::collections::{HashMap, HashSet};
use tokio_postgres::{Error, Row};

macro_rules! session_columns {
    () => {
        "account_id, lookup, started, seen, expires, body"
    };
}

const INSERT: &str = "INSERT INTO login (account_id, version, nickname, email, body)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[])";
const UPDATE: &str =
    "UPDATE login SET version = login.version + 1, nickname = new.nickname, email = new.email,
     body = new.body
    FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[])
     AS new (account_id, version, nickname, email, body)
    WHERE login.account_id = new.account_id AND login.version = new.version";
/// The login is held as it is until the session is there: who changes it ends its sessions after that, or before.
const START: &str = "INSERT INTO session (account_id, lookup, started, seen, expires, body)
    SELECT new.account_id, lookup, started, seen, expires, new.body
    FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bigint[])
     AS new (account_id, lookup, started, seen, expires, body, login_version)
    JOIN login ON login.account_id = new.account_id AND login.version = new.login_version FOR SHARE OF login";
/// The start never changes.
const RENEW: &str = "UPDATE session SET seen = new.seen, expires = new.expires, body = new.body
    FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[])
     AS new (account_id, lookup, started, seen, expires, body)
    WHERE session.account_id = new.account_id AND session.lookup = new.lookup";
const END: &str = "DELETE FROM session USING unnest($1::bigint[], $2::bytea[]) AS old (account_id, lookup)
    WHERE session.account_id = old.account_id AND session.lookup = old.lookup";
const END_ALL: &str = "DELETE FROM session USING unnest($1::bigint[]) AS old (account_id)
    WHERE session.account_id = old.account_id";

/// What stands in the way of logins: their own rows, and those with their names.
const LOGINS: &str = "SELECT account_id, version, nickname, email FROM login
    WHERE account_id = ANY($1::bigint[]) OR nickname = ANY($2::bytea[]) OR email = ANY($3::bytea[])
    ORDER BY account_id FOR UPDATE";
const SESSIONS: &str = "SELECT account_id, lookup
    FROM unnest($1::bigint[], $2::bytea[]) AS asked (asked_account, asked_lookup)
    JOIN session ON account_id = asked_account AND lookup = asked_lookup
    ORDER BY account_id, lookup FOR UPDATE OF session";

pub(crate) const SESSION: &str =
    concat!("SELECT ", session_columns!(), " FROM session WHERE account_id = $1 AND lookup = $2");
pub(crate) const SESSIONS_OF: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM session WHERE account_id = $1 ORDER BY started, lookup LIMIT $2"
);

rows! {
    LoginRow<'a> { account_id: i64, version: i64, nickname: &'a [u8], email: &'a [u8], body: &'a [u8], }
}

rows! {
    SessionRow<'a> {
        account_id: i64,
        lookup: &'a [u8],
        started: i64,
        seen: i64,
        expires: i64,
        body: &'a [u8],
    }
}

rows! {
    StartedRow<'a> {
        account_id: i64,
        lookup: &'a [u8],
        started: i64,
        seen: i64,
        expires: i64,
        body: &'a [u8],
        login_version: i64,
    }
}

rows! {
    SessionKeyRow<'a> { account_id: i64, lookup: &'a [u8], }
}

rows! {
    AccountKeyRow { account_id: i64, }
}

/// A group's rows of both tables.
#[derive(Default)]
pub(crate) struct LoginRows<'a> {
    inserted: Vec<LoginRow<'a>>,
    updated: Vec<LoginRow<'a>>,
    started: Vec<StartedRow<'a>>,
    renewed: Vec<SessionRow<'a>>,
    ended: Vec<SessionKeyRow<'a>>,
    all_ended: Vec<AccountKeyRow>,
}

impl<'a> LoginRows<'a> {
    pub(crate) fn add(&mut self, change: &'a LoginChange) {
        match change {
            LoginChange::Insert(login) => self.inserted.push(login_row(login, 1)),
            LoginChange::Update(login) => self.updated.push(login_row(login, login.version)),
            LoginChange::Start { session, login_version } => self.started.push(StartedRow {
                account_id: session.account_id,
                lookup: &session.lookup,
                started: session.started.0,
                seen: session.seen.0,
                expires: session.expires.0,
                body: &session.body,
                login_version: *login_version,
            }),
            LoginChange::Renew(session) => self.renewed.push(session_row(session)),
            LoginChange::End { account_id, lookup } => {
                self.ended.push(SessionKeyRow { account_id: *account_id, lookup });
            }
            LoginChange::EndAll { account_id } => {
                self.all_ended.push(AccountKeyRow { account_id: *account_id });
            }
        }
    }

    /// In the order of their keys: every node locks rows in the same order.
    pub(crate) fn sort(&mut self) {
        for rows in [&mut self.inserted, &mut self.updated] {
            rows.sort_unstable_by_key(|row| row.account_id);
        }
        self.started.sort_unstable_by_key(|row| (row.account_id, row.lookup));
        self.renewed.sort_unstable_by_key(|row| (row.account_id, row.lookup));
        self.ended.sort_unstable_by_key(|row| (row.account_id, row.lookup));
        self.all_ended.sort_unstable_by_key(|row| row.account_id);
    }

    /// The statements that write them. What ends need not be there.
    pub(crate) fn steps<'rows>(&'rows self, steps: &mut Vec<Step<'rows>>) {
        steps.extend(step(INSERT, &self.inserted, LoginRow::columns));
        steps.extend(step(UPDATE, &self.updated, LoginRow::columns));
        steps.extend(step(START, &self.started, StartedRow::columns));
        steps.extend(step(RENEW, &self.renewed, SessionRow::columns));
        let ended = step(END, &self.ended, SessionKeyRow::columns);
        let all_ended = step(END_ALL, &self.all_ended, AccountKeyRow::columns);
        steps.extend(ended.into_iter().chain(all_ended).map(|step| Step { expected: None, ..step }));
    }
}

fn login_row(login: &LoginRecord, version: i64) -> LoginRow<'_> {
    LoginRow {
        account_id: login.account_id,
        version,
        nickname: &login.nickname,
        email: &login.email,
        body: &login.body,
    }
}

fn session_row(session: &SessionRecord) -> SessionRow<'_> {
    SessionRow {
        account_id: session.account_id,
        lookup: &session.lookup,
        started: session.started.0,
        seen: session.seen.0,
        expires: session.expires.0,
        body: &session.body,
    }
}

/// What a group's changes are about.
#[derive(Default)]
pub(crate) struct AskedLogins<'a> {
    accounts: Vec<i64>,
    nicknames: Vec<&'a [u8]>,
    emails: Vec<&'a [u8]>,
    sessions: Vec<SessionKeyRow<'a>>,
}

impl<'a> AskedLogins<'a> {
    pub(crate) fn add(&mut self, change: &'a LoginChange) {
        match change {
            LoginChange::Insert(login) | LoginChange::Update(login) => {
                self.accounts.push(login.account_id);
                self.nicknames.push(&login.nickname);
                self.emails.push(&login.email);
            }
            LoginChange::Start { session: SessionRecord { account_id, lookup, .. }, .. } => {
                self.accounts.push(*account_id);
                self.sessions.push(SessionKeyRow { account_id: *account_id, lookup });
            }
            LoginChange::Renew(SessionRecord { account_id, lookup, .. })
            | LoginChange::End { account_id, lookup } => {
                self.sessions.push(SessionKeyRow { account_id: *account_id, lookup });
            }
            LoginChange::EndAll { .. } => {}
        }
    }

    /// Hands the questions, if there are any, to `ask`, with their values.
    pub(crate) fn questions<'rows>(&'rows self, ask: &mut impl FnMut(bool, &'static str, Vec<Value<'rows>>)) {
        let values: Vec<Value<'_>> =
            vec![Box::new(&self.accounts), Box::new(&self.nicknames), Box::new(&self.emails)];
        ask(self.accounts.is_empty(), LOGINS, values);
        ask(self.sessions.is_empty(), SESSIONS, SessionKeyRow::columns(&self.sessions));
    }
}

/// What is stored of what a group's changes are about.
#[derive(Default)]
pub(crate) struct LoginFacts {
    versions: HashMap<AccountId, i64>,
    /// Whose each name is.
    nicknames: HashMap<Lookup, AccountId>,
    emails: HashMap<Lookup, AccountId>,
    sessions: HashSet<(AccountId, Lookup)>,
}

impl LoginFacts {
    /// Whether the row was one of this module's.
    pub(crate) fn learn(&mut self, sql: &str, row: &Row) -> Result<bool, Error> {
        match sql {
            LOGINS => {
                let account_id = row.try_get(0)?;
                self.versions.insert(account_id, row.try_get(1)?);
                self.nicknames.insert(lookup(row, 2)?, account_id);
                self.emails.insert(lookup(row, 3)?, account_id);
            }
            SESSIONS => {
                self.sessions.insert((row.try_get(0)?, lookup(row, 1)?));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether a change can be done after those that were decided before; if so, it counts as done.
    pub(crate) fn decide(&mut self, change: &LoginChange) -> Result<(), CommitError> {
        match change {
            LoginChange::Insert(login) => {
                self.take_names(login)?;
                is_new(self.versions.insert(login.account_id, 1).is_none(), "login")
            }
            LoginChange::Update(login) => {
                if self.versions.get(&login.account_id) != Some(&login.version) {
                    return Err(CommitError::VersionConflict);
                }
                self.take_names(login)?;
                self.versions.insert(login.account_id, login.version + 1);
                Ok(())
            }
            LoginChange::Start { session, login_version } => {
                if self.versions.get(&session.account_id) != Some(login_version) {
                    return Err(CommitError::VersionConflict);
                }
                is_new(self.sessions.insert((session.account_id, session.lookup)), "session")
            }
            LoginChange::Renew(session) => {
                let is_there = self.sessions.contains(&(session.account_id, session.lookup));
                if is_there { Ok(()) } else { Err(CommitError::VersionConflict) }
            }
            LoginChange::End { account_id, lookup } => {
                self.sessions.remove(&(*account_id, *lookup));
                Ok(())
            }
            LoginChange::EndAll { account_id } => {
                self.sessions.retain(|(account, _)| account != account_id);
                Ok(())
            }
        }
    }

    fn take_names(&mut self, login: &LoginRecord) -> Result<(), CommitError> {
        for (names, name) in [(&self.nicknames, &login.nickname), (&self.emails, &login.email)] {
            is_new(names.get(name).is_none_or(|owner| *owner == login.account_id), "login")?;
        }
        // Names that it had before are free only for the next group: whoever wants one is told to try again.
        self.nicknames.insert(login.nickname, login.account_id);
        self.emails.insert(login.email, login.account_id);
        Ok(())
    }
}

fn login(row: &Row) -> Result<LoginRecord, ReadError> {
    Ok(LoginRecord {
        account_id: rows::get(row, 0)?,
        version: rows::get(row, 1)?,
        nickname: rows::bytes(row, 2)?,
        email: rows::bytes(row, 3)?,
        body: rows::get(row, 4)?,
    })
}

fn session(row: &Row) -> Result<SessionRecord, ReadError> {
    Ok(SessionRecord {
        account_id: rows::get(row, 0)?,
        lookup: rows::bytes(row, 1)?,
        started: rows::instant(row, 2)?,
        seen: rows::instant(row, 3)?,
        expires: rows::instant(row, 4)?,
        body: rows::get(row, 5)?,
    })
}

impl PostgresStore {
    /// As [`Store::login`](crate::Store::login).
    pub(crate) async fn login(&self, account_id: AccountId) -> Result<Option<LoginRecord>, ReadError> {
        const SQL: &str =
            "SELECT account_id, version, nickname, email, body FROM login WHERE account_id = $1";
        self.readers().one(SQL, &[&account_id], login).await
    }

    /// As [`Store::login_by_name`](crate::Store::login_by_name).
    pub(crate) async fn login_by_name(&self, name: &Lookup) -> Result<Option<LoginRecord>, ReadError> {
        const SQL: &str = "SELECT account_id, version, nickname, email, body FROM login
             WHERE nickname = $1 OR email = $1";
        self.readers().one(SQL, &[&name.as_slice()], login).await
    }

    /// As [`Store::session`](crate::Store::session).
    pub(crate) async fn session(
        &self,
        account_id: AccountId,
        lookup: &Lookup,
    ) -> Result<Option<SessionRecord>, ReadError> {
        self.readers().one(SESSION, &[&account_id, &lookup.as_slice()], session).await
    }

    /// As [`Store::sessions_of`](crate::Store::sessions_of).
    pub(crate) async fn sessions_of(&self, account_id: AccountId) -> Result<Vec<SessionRecord>, ReadError> {
        self.readers().many(SESSIONS_OF, &[&account_id, &limit_value(MOST_ROWS)], session).await
    }

    /// As [`Store::expired_sessions`](crate::Store::expired_sessions).
    pub(crate) async fn expired_sessions(
        &self,
        now_wall: Timestamp,
        limit: u32,
    ) -> Result<Vec<(AccountId, Lookup)>, ReadError> {
        const SQL: &str = "SELECT account_id, lookup FROM session WHERE expires <= $1
             ORDER BY expires, account_id, lookup LIMIT $2";
        let read = |row: &Row| Ok((rows::get(row, 0)?, rows::bytes(row, 1)?));
        self.readers().many(SQL, &[&now_wall.0, &limit_value(limit)], read).await
    }
}
