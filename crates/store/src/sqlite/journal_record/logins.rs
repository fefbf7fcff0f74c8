//! Logins, sessions, and the entries of an account.

use super::field::{Field, fields, numbered};
use crate::numbers;
use crate::{AccountEntry, EntryChange, EntryKind, LoginChange, LoginRecord, SessionRecord};

numbered!(EntryKind, |kind| kind as u8, numbers::entry_kind);

fields!(AccountEntry { account_id, kind, name, version, changed, body });

impl Field for EntryChange {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            EntryChange::Set(entry) => {
                out.push(1);
                entry.put(out);
            }
            EntryChange::Delete { account_id, kind, name, version } => {
                out.push(2);
                ((*account_id, *kind), *version).put(out);
                name.put(out);
            }
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<EntryChange> {
        Some(match u8::take(bytes)? {
            1 => EntryChange::Set(Field::take(bytes)?),
            2 => {
                let ((account_id, kind), version) = Field::take(bytes)?;
                EntryChange::Delete { account_id, kind, name: Field::take(bytes)?, version }
            }
            _ => return None,
        })
    }
}

fields!(LoginRecord { account_id, version, nickname, email, body });
fields!(SessionRecord { account_id, lookup, started, seen, expires, body });

impl Field for LoginChange {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            LoginChange::Insert(record) => {
                out.push(1);
                record.put(out);
            }
            LoginChange::Update(record) => {
                out.push(2);
                record.put(out);
            }
            LoginChange::Start { session, login_version } => {
                out.push(3);
                session.put(out);
                login_version.put(out);
            }
            LoginChange::Renew(record) => {
                out.push(4);
                record.put(out);
            }
            LoginChange::End { account_id, lookup } => {
                out.push(5);
                (*account_id, *lookup).put(out);
            }
            LoginChange::EndAll { account_id } => {
                out.push(6);
                account_id.put(out);
            }
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<LoginChange> {
        Some(match u8::take(bytes)? {
            1 => LoginChange::Insert(Field::take(bytes)?),
            2 => LoginChange::Update(Field::take(bytes)?),
            3 => LoginChange::Start { session: Field::take(bytes)?, login_version: Field::take(bytes)? },
            4 => LoginChange::Renew(Field::take(bytes)?),
            5 => {
                let (account_id, lookup) = Field::take(bytes)?;
                LoginChange::End { account_id, lookup }
            }
            6 => LoginChange::EndAll { account_id: Field::take(bytes)? },
            _ => return None,
        })
    }
}
