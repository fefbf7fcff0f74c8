//! Settings of notifications, and their history.

use crate::numbers;
use crate::postgres::reader::{MOST_ROWS, can_be_stored, limit_value, mode_value};
use crate::postgres::records::{Step, Value, rows, step};
use crate::postgres::rows::{self, delivery_columns};
use crate::postgres::store::PostgresStore;
use crate::{
    CommitError, DeliveryPage, DeliverySearch, DeliveryState, MOST_DELIVERIES_SEEN, NotificationChange,
    NotificationSetting, ReadError, SettingKind,
};
use pasarela_domain::identity::{AccountId, ApplicationId, Mode};
use pasarela_domain::timestamp::Timestamp;
use std::collections::HashMap;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

const INSERT: &str = "INSERT INTO notification_setting (application_id, mode, kind, name, version, changed, body)
    SELECT application_id, mode, kind, name, version + 1, changed, body
    FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[])
     AS new (application_id, mode, kind, name, version, changed, body)";
const UPDATE: &str = "UPDATE notification_setting AS setting
    SET version = new.version + 1, changed = new.changed, body = new.body
    FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[])
     AS new (application_id, mode, kind, name, version, changed, body)
    WHERE setting.application_id = new.application_id AND setting.mode = new.mode AND setting.kind = new.kind
     AND setting.name = new.name AND setting.version = new.version";
const RESCHEDULE: &str = "UPDATE delivery SET state = new.state, next_attempt = new.next_attempt
    FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[])
     AS new (account_id, id, state, next_attempt)
    WHERE delivery.account_id = new.account_id AND delivery.id = new.id";
const MOVE: &str = "UPDATE delivery
    SET state = new.state, next_attempt = new.next_attempt, turns_ahead = new.turns_ahead
    FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::smallint[], $5::bigint[], $6::integer[],
     $7::bigint[], $8::integer[])
     AS new (account_id, id, state_before, state, next_attempt, turns_ahead, next_seen, turns_seen)
    WHERE delivery.account_id = new.account_id AND delivery.id = new.id AND delivery.state = new.state_before
     AND (new.next_seen IS NULL
      OR (delivery.next_attempt = new.next_seen AND delivery.turns_ahead = new.turns_seen))";
const FORGET_ATTEMPTS: &str = "DELETE FROM delivery_attempt USING unnest($1::bigint[], $2::bigint[])
     AS old (account_id, id)
    WHERE delivery_attempt.account_id = old.account_id AND delivery_attempt.delivery_id = old.id";
const FORGET: &str = "DELETE FROM delivery USING unnest($1::bigint[], $2::bigint[]) AS old (account_id, id)
    WHERE delivery.account_id = old.account_id AND delivery.id = old.id";
/// The versions that stand in the way.
const SETTINGS: &str = "SELECT application_id, mode, kind, name, version
    FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::text[])
     AS asked (asked_application, asked_mode, asked_kind, asked_name)
    JOIN notification_setting ON application_id = asked_application AND mode = asked_mode AND kind = asked_kind
     AND name = asked_name ORDER BY application_id, mode, kind, name FOR UPDATE OF notification_setting";

rows! {
    SettingRow<'a> {
        application_id: i64,
        mode: i16,
        kind: i16,
        name: &'a str,
        version: i64,
        changed: i64,
        body: &'a [u8],
    }
}

rows! {
    SettingKeyRow<'a> { application_id: i64, mode: i16, kind: i16, name: &'a str, }
}

rows! {
    RescheduledRow { account_id: i64, id: i64, state: i16, next_attempt: i64, }
}

rows! {
    MovedRow {
        account_id: i64,
        id: i64,
        state_before: i16,
        state: i16,
        next_attempt: i64,
        turns_ahead: i32,
        next_seen: Option<i64>,
        turns_seen: Option<i32>,
    }
}

rows! {
    ForgottenRow { account_id: i64, id: i64, }
}

/// What a change writes to, of what is not a delivery.
pub(crate) type SettingKey<'a> = (ApplicationId, Mode, SettingKind, &'a str);

/// The rows of a group's changes.
#[derive(Default)]
pub(crate) struct NotificationRows<'a> {
    new_settings: Vec<SettingRow<'a>>,
    settings: Vec<SettingRow<'a>>,
    rescheduled: Vec<RescheduledRow>,
    moved: Vec<MovedRow>,
    forgotten: Vec<ForgottenRow>,
}

impl<'a> NotificationRows<'a> {
    pub(crate) fn add(&mut self, change: &'a NotificationChange) {
        match change {
            NotificationChange::Set(setting) => {
                let row = SettingRow {
                    application_id: setting.application_id,
                    mode: mode_value(setting.mode),
                    kind: setting.kind as i16,
                    name: &setting.name,
                    version: setting.version,
                    changed: setting.changed.0,
                    body: &setting.body,
                };
                if setting.version == 0 { self.new_settings.push(row) } else { self.settings.push(row) }
            }
            NotificationChange::Reschedule { account_id, delivery_id, state, next_attempt } => {
                self.rescheduled.push(RescheduledRow {
                    account_id: *account_id,
                    id: *delivery_id,
                    state: *state as i16,
                    next_attempt: next_attempt.0,
                });
            }
            NotificationChange::Move {
                account_id,
                delivery_id,
                from,
                to,
                next_attempt,
                turns_ahead,
                seen,
            } => {
                self.moved.push(MovedRow {
                    account_id: *account_id,
                    id: *delivery_id,
                    state_before: *from as i16,
                    state: *to as i16,
                    next_attempt: next_attempt.0,
                    turns_ahead: *turns_ahead,
                    next_seen: seen.map(|(next_attempt, _)| next_attempt.0),
                    turns_seen: seen.map(|(_, turns_ahead)| turns_ahead),
                });
            }
            NotificationChange::Forget { account_id, delivery_id } => {
                self.forgotten.push(ForgottenRow { account_id: *account_id, id: *delivery_id });
            }
        }
    }

    /// In the order of their keys: every node locks rows in the same order.
    pub(crate) fn sort(&mut self) {
        for rows in [&mut self.new_settings, &mut self.settings] {
            rows.sort_unstable_by_key(|row| (row.application_id, row.mode, row.kind, row.name));
        }
        self.rescheduled.sort_unstable_by_key(|row| (row.account_id, row.id));
        self.moved.sort_unstable_by_key(|row| (row.account_id, row.id));
        self.forgotten.sort_unstable_by_key(|row| (row.account_id, row.id));
    }

    /// The statements that write them.
    pub(crate) fn steps<'rows>(&'rows self, steps: &mut Vec<Step<'rows>>) {
        steps.extend(step(INSERT, &self.new_settings, SettingRow::columns));
        steps.extend(step(UPDATE, &self.settings, SettingRow::columns));
        steps.extend(step(RESCHEDULE, &self.rescheduled, RescheduledRow::columns));
        steps.extend(step(MOVE, &self.moved, MovedRow::columns).map(|step| Step { expected: None, ..step }));
        steps.extend(
            step(FORGET_ATTEMPTS, &self.forgotten, ForgottenRow::columns)
                .map(|step| Step { expected: None, ..step }),
        );
        steps.extend(step(FORGET, &self.forgotten, ForgottenRow::columns));
    }
}

/// What the settings of a group's changes are.
#[derive(Default)]
pub(crate) struct AskedSettings<'a>(Vec<SettingKeyRow<'a>>);

impl<'a> AskedSettings<'a> {
    pub(crate) fn add(&mut self, setting: &'a NotificationSetting) {
        self.0.push(SettingKeyRow {
            application_id: setting.application_id,
            mode: mode_value(setting.mode),
            kind: setting.kind as i16,
            name: &setting.name,
        });
    }

    /// Hands its question to `ask`, with its values.
    pub(crate) fn questions<'rows>(&'rows self, ask: &mut impl FnMut(bool, &'static str, Vec<Value<'rows>>)) {
        ask(self.0.is_empty(), SETTINGS, SettingKeyRow::columns(&self.0));
    }
}

/// The stored versions of what a group's changes are about.
#[derive(Default)]
pub(crate) struct SettingFacts(HashMap<(ApplicationId, i16, i16, String), i64>);

impl SettingFacts {
    /// Takes an answer; whether it was one to this module's question.
    pub(crate) fn learn(&mut self, sql: &str, row: &Row) -> Result<bool, Error> {
        if sql != SETTINGS {
            return Ok(false);
        }
        let key = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        self.0.insert(key, row.try_get(4)?);
        Ok(true)
    }

    /// Whether the setting can be written; if so, it counts as written.
    pub(crate) fn decide(&mut self, setting: &NotificationSetting) -> Result<(), CommitError> {
        let kind = setting.kind as i16;
        let key = (setting.application_id, mode_value(setting.mode), kind, setting.name.clone());
        match self.0.get(&key) {
            Some(_) if setting.version == 0 => {
                return Err(CommitError::AlreadyExists("notification setting"));
            }
            Some(version) if *version == setting.version => {}
            None if setting.version == 0 => {}
            _ => return Err(CommitError::VersionConflict),
        }
        self.0.insert(key, setting.version + 1);
        Ok(())
    }
}

fn setting(row: &Row) -> Result<NotificationSetting, ReadError> {
    Ok(NotificationSetting {
        application_id: rows::get(row, 0)?,
        mode: rows::mode(row, 1)?,
        kind: numbers::setting_kind(rows::number(row, 2)?)
            .ok_or_else(|| ReadError::new("an unknown kind of setting".to_owned()))?,
        name: rows::get(row, 3)?,
        version: rows::get(row, 4)?,
        changed: Timestamp(rows::get(row, 5)?),
        body: rows::get(row, 6)?,
    })
}

/// An account's deliveries before an id that are over.
pub(crate) const OLD_DELIVERIES: &str = "SELECT id FROM delivery
    WHERE account_id = $1 AND id < $2 AND state <> 0 ORDER BY id LIMIT $3";

impl PostgresStore {
    /// As [`Store::application_records`](crate::Store::application_records).
    pub(crate) async fn application_records(
        &self,
        application_id: ApplicationId,
        mode: Mode,
        kind: SettingKind,
    ) -> Result<Vec<NotificationSetting>, ReadError> {
        const SQL: &str = "SELECT application_id, mode, kind, name, version, changed, body
             FROM notification_setting WHERE application_id = $1 AND mode = $2 AND kind = $3 ORDER BY name";
        let (mode, kind) = (mode_value(mode), kind as i16);
        self.readers().many(SQL, &[&application_id, &mode, &kind], setting).await
    }

    /// As [`Store::notification_settings`](crate::Store::notification_settings).
    pub(crate) async fn notification_settings(
        &self,
        application_id: ApplicationId,
    ) -> Result<Vec<NotificationSetting>, ReadError> {
        const SQL: &str = "SELECT application_id, mode, kind, name, version, changed, body
             FROM notification_setting WHERE application_id = $1 AND kind <= $2
             ORDER BY mode, kind, name";
        let last = SettingKind::LAST_OF_NOTIFICATIONS as i16;
        self.readers().many(SQL, &[&application_id, &last], setting).await
    }

    /// As [`Store::notification_settings_since`](crate::Store::notification_settings_since).
    pub(crate) async fn notification_settings_since(
        &self,
        since: Timestamp,
    ) -> Result<Vec<NotificationSetting>, ReadError> {
        const SQL: &str = "SELECT application_id, mode, kind, name, version, changed, body
             FROM notification_setting WHERE changed >= $1 AND kind <= $2
             ORDER BY application_id, mode, kind, name";
        let last = SettingKind::LAST_OF_NOTIFICATIONS as i16;
        self.readers().many(SQL, &[&since.0, &last], setting).await
    }

    /// As [`Store::search_deliveries`](crate::Store::search_deliveries).
    pub(crate) async fn search_deliveries(&self, search: &DeliverySearch) -> Result<DeliveryPage, ReadError> {
        let texts = [&search.topic, &search.action, &search.resource_id, &search.url];
        if !texts.into_iter().flatten().all(|text| can_be_stored(text)) {
            return Ok(DeliveryPage::default());
        }
        let state = search.state.map(|state| state as i16);
        let (mode, limit) = (mode_value(search.mode), i64::from(search.limit.min(MOST_ROWS)));
        let values: [(&(dyn ToSql + Sync), Type); 10] = [
            (&search.account_id, Type::INT8),
            (&mode, Type::INT2),
            (&state, Type::INT2),
            (&search.topic, Type::TEXT),
            (&search.action, Type::TEXT),
            (&search.resource_id, Type::TEXT),
            (&search.url, Type::TEXT),
            (&search.from, Type::INT8),
            (&search.before, Type::INT8),
            (&limit, Type::INT8),
        ];
        let found = self.readers().search(&sql(search), &values).await?;
        let deliveries: Result<Vec<_>, ReadError> = found.iter().map(rows::delivery).collect();
        let deliveries = deliveries?;
        let limit = search.limit.min(MOST_ROWS);
        let seen_to = if is_bounded(search) && deliveries.len() < limit as usize {
            let skipped = i64::from(MOST_DELIVERIES_SEEN) - 1;
            self.readers()
                .one(
                    "SELECT id FROM delivery WHERE account_id = $1 AND id >= $2 AND id < $3 ORDER BY id DESC
                     LIMIT 1 OFFSET $4",
                    &[&search.account_id, &search.from, &search.before, &skipped],
                    |row| rows::get(row, 0),
                )
                .await?
        } else {
            None
        };
        Ok(DeliveryPage::of(deliveries, limit, seen_to))
    }

    /// As [`Store::old_deliveries`](crate::Store::old_deliveries).
    pub(crate) async fn old_deliveries(
        &self,
        account_id: AccountId,
        before: i64,
        limit: u32,
    ) -> Result<Vec<i64>, ReadError> {
        let limit = limit_value(limit);
        self.readers().many(OLD_DELIVERIES, &[&account_id, &before, &limit], |row| rows::get(row, 0)).await
    }
}

/// Whether a search looks at the newest rows only.
fn is_bounded(search: &DeliverySearch) -> bool {
    search.resource_id.is_none() && search.state != Some(DeliveryState::Held)
}

/// The statement of a search: by the index that holds few rows, or else over the account's newest.
pub(crate) fn sql(search: &DeliverySearch) -> String {
    let (by, bound) = match (&search.resource_id, is_bounded(search)) {
        (Some(_), _) => ("AND mode = $2 AND resource_id = $6", MOST_ROWS),
        (None, false) => ("AND mode = $2 AND state = 3", MOST_ROWS),
        (None, true) => ("", MOST_DELIVERIES_SEEN),
    };
    format!(
        "SELECT {columns} FROM (SELECT {columns} FROM delivery WHERE account_id = $1 {by} AND id >= $8 AND id < $9
          ORDER BY id DESC LIMIT {bound}) AS recent
         WHERE mode = $2 AND ($3::smallint IS NULL OR state = $3) AND ($4::text IS NULL OR topic = $4)
          AND ($5::text IS NULL OR action = $5) AND ($6::text IS NULL OR resource_id = $6)
          AND ($7::text IS NULL OR url = $7)
         ORDER BY id DESC LIMIT $10",
        columns = delivery_columns!()
    )
}

/// Whose deliveries a change is about, if it is about one.
pub(crate) const fn delivery_of(change: &NotificationChange) -> Option<(AccountId, i64)> {
    match change {
        NotificationChange::Set(_) => None,
        NotificationChange::Reschedule { account_id, delivery_id, .. }
        | NotificationChange::Move { account_id, delivery_id, .. }
        | NotificationChange::Forget { account_id, delivery_id } => Some((*account_id, *delivery_id)),
    }
}
