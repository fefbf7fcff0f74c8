//! Settings of notifications, and their history.

use crate::numbers::{self, mode_number};
use crate::sqlite::fault::Fault;
use crate::sqlite::reader::{MOST_ROWS, many, one};
use crate::sqlite::rows;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::unwritten::Kinds;
use crate::{
    CommitError, DeliveryPage, DeliverySearch, DeliveryState, MOST_DELIVERIES_SEEN, NotificationChange,
    NotificationSetting, ReadError, SettingKind,
};
use pasarela_domain::identity::{AccountId, ApplicationId, Mode};
use pasarela_domain::timestamp::Timestamp;
use rusqlite::{Connection, Row, params};

const SETTING: &str = "application_id, mode, kind, name, version, changed, body";

/// Writes a change.
pub(crate) fn apply(connection: &Connection, change: &NotificationChange) -> Result<(), Fault> {
    match change {
        NotificationChange::Set(setting) => set(connection, setting),
        NotificationChange::Reschedule { account_id, delivery_id, state, next_attempt } => {
            let updated = connection
                .prepare_cached(
                    "UPDATE delivery SET state = ?1, next_attempt = ?2 WHERE id = ?3 AND account_id = ?4",
                )?
                .execute(params![*state as u8, next_attempt.0, delivery_id, account_id])?;
            one_changed(updated)
        }
        NotificationChange::Move { account_id, delivery_id, from, to, next_attempt, turns_ahead, seen } => {
            connection
                .prepare_cached(
                    "UPDATE delivery SET state = ?1, next_attempt = ?2, turns_ahead = ?3
                     WHERE id = ?4 AND account_id = ?5 AND state = ?6
                      AND (?7 IS NULL OR (next_attempt = ?7 AND turns_ahead = ?8))",
                )?
                .execute(params![
                    *to as u8,
                    next_attempt.0,
                    turns_ahead,
                    delivery_id,
                    account_id,
                    *from as u8,
                    seen.map(|(next_attempt, _)| next_attempt.0),
                    seen.map(|(_, turns_ahead)| turns_ahead),
                ])?;
            Ok(())
        }
        NotificationChange::Forget { account_id, delivery_id } => {
            let deleted = connection
                .prepare_cached("DELETE FROM delivery WHERE id = ?1 AND account_id = ?2")?
                .execute([delivery_id, account_id])?;
            one_changed(deleted)?;
            connection
                .prepare_cached("DELETE FROM delivery_attempt WHERE delivery_id = ?1")?
                .execute([delivery_id])?;
            Ok(())
        }
    }
}

fn set(connection: &Connection, setting: &NotificationSetting) -> Result<(), Fault> {
    let key = (setting.application_id, mode_number(setting.mode), setting.kind as u8, setting.name.as_str());
    let stored: Option<i64> = one(
        connection,
        "SELECT version FROM notification_setting
         WHERE application_id = ?1 AND mode = ?2 AND kind = ?3 AND name = ?4",
        key,
        |row| row.get(0),
    )?;
    match stored {
        Some(_) if setting.version == 0 => {
            return Err(Fault::Refused(CommitError::AlreadyExists("notification setting")));
        }
        Some(version) if version == setting.version => {}
        None if setting.version == 0 => {}
        _ => return Err(Fault::Refused(CommitError::VersionConflict)),
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO notification_setting (application_id, mode, kind, name, version, changed, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![key.0, key.1, key.2, key.3, setting.version + 1, setting.changed.0, setting.body])?;
    Ok(())
}

fn one_changed(changed: usize) -> Result<(), Fault> {
    match changed {
        1 => Ok(()),
        _ => Err(Fault::Refused(CommitError::VersionConflict)),
    }
}

fn setting(row: &Row<'_>) -> rusqlite::Result<NotificationSetting> {
    Ok(NotificationSetting {
        application_id: row.get(0)?,
        mode: rows::mode(row, 1)?,
        kind: numbers::setting_kind(row.get(2)?)
            .ok_or_else(|| rows::damaged(2, "an unknown kind of setting"))?,
        name: row.get(3)?,
        version: row.get(4)?,
        changed: rows::instant(row, 5)?,
        body: row.get(6)?,
    })
}

impl SqliteStore {
    /// As [`Store::application_records`](crate::Store::application_records).
    pub(crate) async fn application_records(
        &self,
        application_id: ApplicationId,
        mode: Mode,
        kind: SettingKind,
    ) -> Result<Vec<NotificationSetting>, ReadError> {
        let sql = format!(
            "SELECT {SETTING} FROM notification_setting
             WHERE application_id = ?1 AND mode = ?2 AND kind = ?3 ORDER BY name"
        );
        let asked = [application_id, mode_number(mode), kind as i64];
        self.points(Kinds::NOTIFICATIONS)
            .await?
            .ask(|connection| many(connection, &sql, asked, setting))
            .await
    }

    /// As [`Store::notification_settings`](crate::Store::notification_settings).
    pub(crate) async fn notification_settings(
        &self,
        application_id: ApplicationId,
    ) -> Result<Vec<NotificationSetting>, ReadError> {
        let sql = format!(
            "SELECT {SETTING} FROM notification_setting WHERE application_id = ?1 AND kind <= ?2
             ORDER BY mode, kind, name"
        );
        let last = SettingKind::LAST_OF_NOTIFICATIONS as i64;
        self.points(Kinds::NOTIFICATIONS)
            .await?
            .ask(|connection| many(connection, &sql, [application_id, last], setting))
            .await
    }

    /// As [`Store::notification_settings_since`](crate::Store::notification_settings_since).
    pub(crate) async fn notification_settings_since(
        &self,
        since: Timestamp,
    ) -> Result<Vec<NotificationSetting>, ReadError> {
        let sql = format!(
            "SELECT {SETTING} FROM notification_setting WHERE changed >= ?1 AND kind <= ?2
             ORDER BY application_id, mode, kind, name"
        );
        let last = SettingKind::LAST_OF_NOTIFICATIONS as i64;
        self.points(Kinds::NOTIFICATIONS)
            .await?
            .ask(|connection| many(connection, &sql, [since.0, last], setting))
            .await
    }

    /// As [`Store::search_deliveries`](crate::Store::search_deliveries).
    pub(crate) async fn search_deliveries(&self, search: DeliverySearch) -> Result<DeliveryPage, ReadError> {
        self.settled(Kinds::DELIVERIES).await?;
        self.scans().await?.ask_aside(move |connection| found(connection, &search)).await
    }

    /// As [`Store::old_deliveries`](crate::Store::old_deliveries).
    pub(crate) async fn old_deliveries(
        &self,
        account_id: AccountId,
        before: i64,
        limit: u32,
    ) -> Result<Vec<i64>, ReadError> {
        // Old ones are at the front of the table; what is still pending among them is little.
        let sql = format!(
            "SELECT id FROM (SELECT id, account_id, state FROM delivery WHERE id < ?1 ORDER BY id
              LIMIT {MOST_DELIVERIES_SEEN}) WHERE account_id = ?2 AND state <> {} LIMIT ?3",
            DeliveryState::Pending as u8
        );
        let limit = limit.min(MOST_ROWS);
        self.scans()
            .await?
            .ask_aside(move |connection| {
                many(connection, &sql, (before, account_id, limit), |row| row.get(0))
            })
            .await
    }
}

fn found(connection: &Connection, search: &DeliverySearch) -> rusqlite::Result<DeliveryPage> {
    let is_held = search.state == Some(DeliveryState::Held);
    // By the index that holds few rows, or else the newest rows of the table.
    let (from, is_bounded) = match (&search.resource_id, is_held) {
        (Some(_), _) => (
            "delivery INDEXED BY delivery_by_resource WHERE account_id = ?1 AND mode = ?2 AND resource_id = ?6",
            false,
        ),
        (None, true) => {
            ("delivery INDEXED BY delivery_held WHERE state = 3 AND account_id = ?1 AND mode = ?2", false)
        }
        (None, false) => ("delivery WHERE TRUE", true),
    };
    let bound = if is_bounded { MOST_DELIVERIES_SEEN } else { MOST_ROWS };
    let sql = format!(
        "SELECT {columns} FROM (SELECT {columns} FROM {from} AND id >= ?8 AND id < ?9 ORDER BY id DESC LIMIT {bound})
         WHERE account_id = ?1 AND mode = ?2 AND (?3 IS NULL OR state = ?3) AND (?4 IS NULL OR topic = ?4)
          AND (?5 IS NULL OR action = ?5) AND (?6 IS NULL OR resource_id = ?6) AND (?7 IS NULL OR url = ?7)
         ORDER BY id DESC LIMIT ?10",
        columns = rows::DELIVERY
    );
    let limit = search.limit.min(MOST_ROWS);
    let deliveries = many(
        connection,
        &sql,
        params![
            search.account_id,
            mode_number(search.mode),
            search.state.map(|state| state as u8),
            search.topic,
            search.action,
            search.resource_id.as_deref().map(rows::resource_value),
            search.url,
            search.from,
            search.before,
            limit,
        ],
        rows::delivery,
    )?;
    let seen_to = if is_bounded && deliveries.len() < limit as usize {
        let sql = format!(
            "SELECT id FROM delivery WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1 OFFSET {}",
            MOST_DELIVERIES_SEEN - 1
        );
        one(connection, &sql, [search.from, search.before], |row| row.get(0))?
    } else {
        None
    };
    Ok(DeliveryPage::of(deliveries, limit, seen_to))
}
