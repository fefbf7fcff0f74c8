//! Where applications are told, what is known of their addresses, and the history of what they were told.

use crate::store::Engine;
use crate::{DeliveryRecord, DeliveryState, ReadError, Store};
use pasarela_domain::identity::{AccountId, ApplicationId, Mode};
use pasarela_domain::timestamp::Timestamp;

/// What a setting's body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum SettingKind {
    /// Addresses and topics.
    Addresses = 1,
    /// The webhook secret before the current one, sealed.
    Secret = 2,
    /// How an address fares that fails; `name` is the address.
    Endpoint = 3,
    /// Who listens over a stream.
    Listener = 4,
    /// How many requests of which kind an application made on one day; `name` is the day's place in a ring.
    Traffic = 5,
    /// A measurement of an integration's quality; `name` is its place in a ring.
    Measurement = 6,
    /// The way to live payments: what was declared, what was found, what was decided.
    GoingLive = 7,
    /// How the application's pages look to buyers.
    Branding = 8,
    /// The picture that they show; the body is the picture itself.
    Logo = 9,
}

impl SettingKind {
    /// The last of those that notifications are made with. The others stand in the same table, because it is the one
    /// of what applications keep, with versions; whoever decides about a notification does not read them.
    pub(crate) const LAST_OF_NOTIFICATIONS: SettingKind = SettingKind::Listener;
}

/// One setting of an application, of its notifications or of what else it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationSetting {
    /// Whose.
    pub application_id: ApplicationId,
    /// Of test or of live notifications.
    pub mode: Mode,
    /// What the body holds.
    pub kind: SettingKind,
    /// Which of its kind; empty where there is one.
    pub name: String,
    /// In a change: the version that was read, 0 when there was none.
    pub version: i64,
    /// Wall-clock time of this version.
    pub changed: Timestamp,
    /// JSON, but for a logo.
    pub body: Vec<u8>,
}

/// One change of what this module is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationChange {
    /// A setting that was read with its `version`.
    Set(NotificationSetting),
    /// A delivery is to be tried then, or is held.
    Reschedule {
        /// The account that is told.
        account_id: AccountId,
        /// The delivery.
        delivery_id: i64,
        /// Where it stands now.
        state: DeliveryState,
        /// Wall-clock time of the next attempt.
        next_attempt: Timestamp,
    },
    /// A delivery that is `from` becomes `to`, with another time and place in its schedule; one that is not any more stays
    /// as it is.
    Move {
        /// The account that is told.
        account_id: AccountId,
        /// The delivery.
        delivery_id: i64,
        /// Where it stands.
        from: DeliveryState,
        /// Where it stands then.
        to: DeliveryState,
        /// Wall-clock time of the next attempt.
        next_attempt: Timestamp,
        /// As [`DeliveryRecord::turns_ahead`].
        turns_ahead: i32,
        /// Its next attempt and turns ahead as they were seen: one that was moved since then stays as it is.
        seen: Option<(Timestamp, i32)>,
    },
    /// A delivery and its attempts are forgotten.
    Forget {
        /// The account that was told.
        account_id: AccountId,
        /// The delivery.
        delivery_id: i64,
    },
}

/// How many deliveries a search looks at before it answers with what it found: its answer says where to go on.
pub const MOST_DELIVERIES_SEEN: u32 = 10_000;

/// A search of the history, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverySearch {
    /// Who was told.
    pub account_id: AccountId,
    /// Test or live.
    pub mode: Mode,
    /// Exact state.
    pub state: Option<DeliveryState>,
    /// Exact topic.
    pub topic: Option<String>,
    /// Exact action.
    pub action: Option<String>,
    /// Exact `data.id`.
    pub resource_id: Option<String>,
    /// Exact address.
    pub url: Option<String>,
    /// Ids from this one on.
    pub from: i64,
    /// Ids before this one.
    pub before: i64,
    /// At most so many.
    pub limit: u32,
}

impl DeliverySearch {
    /// All of an account's.
    pub fn of(account_id: AccountId, mode: Mode, limit: u32) -> DeliverySearch {
        DeliverySearch {
            account_id,
            mode,
            state: None,
            topic: None,
            action: None,
            resource_id: None,
            url: None,
            from: 0,
            before: i64::MAX,
            limit,
        }
    }

    /// Whether a delivery is one of those that are looked for.
    #[cfg(feature = "simulation")]
    pub(crate) fn finds(&self, delivery: &DeliveryRecord) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        delivery.account_id == self.account_id
            && delivery.mode == self.mode
            && self.state.is_none_or(|state| state == delivery.state)
            && is(&self.topic, &delivery.topic)
            && is(&self.action, &delivery.action)
            && is(&self.resource_id, &delivery.resource_id)
            && is(&self.url, &delivery.url)
            && (self.from..self.before).contains(&delivery.id)
    }
}

/// A part of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryPage {
    /// What was found, newest first.
    pub deliveries: Vec<DeliveryRecord>,
    /// The `before` of the search that goes on; `None` when there is nothing more.
    pub next: Option<i64>,
}

impl DeliveryPage {
    /// The page that holds `deliveries`; `seen_to` is the oldest id that was looked at, if not all were.
    pub(crate) fn of(deliveries: Vec<DeliveryRecord>, limit: u32, seen_to: Option<i64>) -> DeliveryPage {
        let next =
            if deliveries.len() >= limit as usize { deliveries.last().map(|last| last.id) } else { seen_to };
        DeliveryPage { deliveries, next }
    }
}

impl Store {
    /// What an application keeps of one kind, by name. For kinds that may be many; settings of notifications are read
    /// together.
    pub async fn application_records(
        &self,
        application_id: ApplicationId,
        mode: Mode,
        kind: SettingKind,
    ) -> Result<Vec<NotificationSetting>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.application_records(application_id, mode, kind).await,
            Engine::Postgres(store) => store.application_records(application_id, mode, kind).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                let is_wanted = move |setting: &NotificationSetting| {
                    setting.application_id == application_id && setting.mode == mode && setting.kind == kind
                };
                store.ask(move |records| records.settings(is_wanted)).await
            }
        }
    }

    /// All settings of an application's notifications, of both modes.
    pub async fn notification_settings(
        &self,
        application_id: ApplicationId,
    ) -> Result<Vec<NotificationSetting>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.notification_settings(application_id).await,
            Engine::Postgres(store) => store.notification_settings(application_id).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store
                    .ask(|records| {
                        records.settings(|setting| {
                            setting.application_id == application_id
                                && setting.kind <= SettingKind::LAST_OF_NOTIFICATIONS
                        })
                    })
                    .await
            }
        }
    }

    /// The settings of every application that were changed at `since` or later, by the wall clock.
    pub async fn notification_settings_since(
        &self,
        since: Timestamp,
    ) -> Result<Vec<NotificationSetting>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.notification_settings_since(since).await,
            Engine::Postgres(store) => store.notification_settings_since(since).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store
                    .ask(|records| {
                        records.settings(|setting| {
                            setting.changed >= since && setting.kind <= SettingKind::LAST_OF_NOTIFICATIONS
                        })
                    })
                    .await
            }
        }
    }

    /// Deliveries that match, newest first.
    pub async fn search_deliveries(&self, search: &DeliverySearch) -> Result<DeliveryPage, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.search_deliveries(search.clone()).await,
            Engine::Postgres(store) => store.search_deliveries(search).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => store.ask(|records| records.search_deliveries(search)).await,
        }
    }

    /// Ids of an account's deliveries before `before` that are over, oldest first; at most `limit`.
    pub async fn old_deliveries(
        &self,
        account_id: AccountId,
        before: i64,
        limit: u32,
    ) -> Result<Vec<i64>, ReadError> {
        match self.engine() {
            Engine::Sqlite(store) => store.old_deliveries(account_id, before, limit).await,
            Engine::Postgres(store) => store.old_deliveries(account_id, before, limit).await,
            #[cfg(feature = "simulation")]
            Engine::Memory(store) => {
                store.ask(|records| records.old_deliveries(account_id, before, limit)).await
            }
        }
    }
}
