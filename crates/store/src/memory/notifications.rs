//! Settings of notifications, and their history.

use crate::memory::records::{Records, Writing};
use crate::{
    CommitError, DeliveryPage, DeliveryRecord, DeliverySearch, DeliveryState, NotificationChange,
    NotificationSetting, SettingKind,
};
use pasarela_domain::identity::{AccountId, ApplicationId, Mode};

/// What a setting is found by.
pub(crate) type SettingKey = (ApplicationId, Mode, SettingKind, String);

impl Writing<'_> {
    pub(crate) fn notification(&mut self, change: &NotificationChange) -> Result<(), CommitError> {
        match change {
            NotificationChange::Set(setting) => self.set_setting(setting),
            NotificationChange::Reschedule { account_id, delivery_id, state, next_attempt } => {
                let delivery = self.stored(*account_id, *delivery_id)?;
                let row = DeliveryRecord { state: *state, next_attempt: *next_attempt, ..delivery };
                self.set(|records| &mut records.deliveries, *delivery_id, Some(row));
                Ok(())
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
                let Some(delivery) = self.records.delivery(*account_id, *delivery_id) else { return Ok(()) };
                let is_as_seen =
                    seen.is_none_or(|seen| seen == (delivery.next_attempt, delivery.turns_ahead));
                if delivery.state == *from && is_as_seen {
                    let (next_attempt, turns_ahead) = (*next_attempt, *turns_ahead);
                    let row = DeliveryRecord { state: *to, next_attempt, turns_ahead, ..delivery };
                    self.set(|records| &mut records.deliveries, *delivery_id, Some(row));
                }
                Ok(())
            }
            NotificationChange::Forget { account_id, delivery_id } => {
                self.stored(*account_id, *delivery_id)?;
                self.set(|records| &mut records.deliveries, *delivery_id, None);
                let attempts = self.records.attempts.range((*delivery_id, 0)..=(*delivery_id, u32::MAX));
                for key in attempts.map(|(key, _)| *key).collect::<Vec<_>>() {
                    self.set(|records| &mut records.attempts, key, None);
                }
                Ok(())
            }
        }
    }

    fn stored(&self, account_id: AccountId, delivery_id: i64) -> Result<DeliveryRecord, CommitError> {
        self.records.delivery(account_id, delivery_id).ok_or(CommitError::VersionConflict)
    }

    fn set_setting(&mut self, setting: &NotificationSetting) -> Result<(), CommitError> {
        let key = (setting.application_id, setting.mode, setting.kind, setting.name.clone());
        let stored = self.records.settings.get(&key).map(|stored| stored.version);
        match stored {
            Some(_) if setting.version == 0 => {
                return Err(CommitError::AlreadyExists("notification setting"));
            }
            Some(version) if version == setting.version => {}
            None if setting.version == 0 => {}
            _ => return Err(CommitError::VersionConflict),
        }
        let row = NotificationSetting { version: setting.version + 1, ..setting.clone() };
        self.set(|records| &mut records.settings, key, Some(row));
        Ok(())
    }
}

impl Records {
    /// The settings that `is_wanted`.
    pub(crate) fn settings(
        &self,
        is_wanted: impl Fn(&NotificationSetting) -> bool,
    ) -> Vec<NotificationSetting> {
        self.settings.values().filter(|setting| is_wanted(setting)).cloned().collect()
    }

    /// Deliveries that match, newest first.
    pub(crate) fn search_deliveries(&self, search: &DeliverySearch) -> DeliveryPage {
        let found = self.deliveries.values().rev().filter(|delivery| search.finds(delivery));
        DeliveryPage::of(found.take(search.limit as usize).cloned().collect(), search.limit, None)
    }

    /// Those that are over, oldest first.
    pub(crate) fn old_deliveries(&self, account_id: AccountId, before: i64, limit: u32) -> Vec<i64> {
        let old = self.deliveries.range(..before).filter(|(_, delivery)| {
            delivery.account_id == account_id && delivery.state != DeliveryState::Pending
        });
        old.map(|(id, _)| *id).take(limit as usize).collect()
    }
}
