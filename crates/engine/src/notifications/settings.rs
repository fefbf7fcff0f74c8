//! What an application wants to be told, and where: kept in memory, looked up without a read.
//!
//! Test and live are apart in everything, their secrets too ([`super::secrets`]).

use super::secrets::Secrets;
use super::topics::{self, Topic};
use crate::accounts::MAX_CACHED;
use crate::payments::{MAX_ROUNDS, to_json};
use crate::{Engine, Failure};
use pasarela_domain::identity::{ApplicationId, Caller, Mode};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CommitError, NotificationChange, NotificationSetting, RecordChange, SettingKind,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// The longest address that an application may have: that of a payment's `notification_url`.
const LONGEST_URL: usize = 500;

/// Addresses and topics of one mode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Where Webhooks go.
    pub url: Option<String>,
    /// Of which topics.
    pub topics: Vec<String>,
    /// Where IPN goes.
    pub ipn_url: Option<String>,
    /// Of which of IPN's topics.
    pub ipn_topics: Vec<String>,
}

/// Somebody listens over a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// Wall-clock time until which it is taken for granted.
    #[serde(with = "millis")]
    pub until: Timestamp,
    /// To which topics; empty for all.
    pub topics: Vec<String>,
}

/// What one mode's events need to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModeSettings {
    /// Where the application is told.
    pub addresses: Addresses,
    /// Whether it listens.
    pub listening: Option<Listening>,
}

impl ModeSettings {
    /// Whether a program listens to `topic` at `now_wall`.
    pub fn is_listened_to(&self, topic: &Topic, now_wall: Timestamp) -> bool {
        self.listening.as_ref().is_some_and(|listening| {
            listening.until > now_wall
                && (listening.topics.is_empty() || listening.topics.iter().any(|name| name == topic.name))
        })
    }
}

/// Both modes' settings of an application.
#[derive(Debug, Default)]
pub struct Settings {
    test: ModeSettings,
    live: ModeSettings,
    /// The versions that they were read with.
    versions: HashMap<(Mode, SettingKind, String), i64>,
}

impl Settings {
    /// Those of `mode`.
    pub const fn of(&self, mode: Mode) -> &ModeSettings {
        match mode {
            Mode::Test => &self.test,
            Mode::Live => &self.live,
        }
    }

    fn from_records(records: &[NotificationSetting]) -> Result<Settings, Failure> {
        let mut settings = Settings::default();
        for record in records {
            let mode = match record.mode {
                Mode::Test => &mut settings.test,
                Mode::Live => &mut settings.live,
            };
            match record.kind {
                SettingKind::Addresses => mode.addresses = body_of(record)?,
                SettingKind::Listener => mode.listening = Some(body_of(record)?),
                SettingKind::Secret
                | SettingKind::Endpoint
                | SettingKind::Traffic
                | SettingKind::Measurement
                | SettingKind::GoingLive
                | SettingKind::Branding
                | SettingKind::Logo => {}
            }
            settings.versions.insert(key_of(record), record.version);
        }
        Ok(settings)
    }
}

/// What is known of applications, in memory.
#[derive(Default)]
pub(crate) struct KnownSettings(RwLock<Known>);

#[derive(Default)]
struct Known {
    /// One more with each change: what was read before it is not kept after it.
    generation: u64,
    settings: HashMap<ApplicationId, Arc<Settings>>,
    /// Opened: a busy receiver's secret is needed thousands of times a second.
    secrets: HashMap<(ApplicationId, Mode), Arc<Secrets>>,
}

impl KnownSettings {
    fn forget(&self, application_id: ApplicationId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.generation += 1;
        known.settings.remove(&application_id);
        for mode in [Mode::Test, Mode::Live] {
            known.secrets.remove(&(application_id, mode));
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.read().generation
    }

    fn settings(&self, application_id: ApplicationId) -> Option<Arc<Settings>> {
        self.read().settings.get(&application_id).cloned()
    }

    pub(super) fn secrets(&self, application_id: ApplicationId, mode: Mode) -> Option<Arc<Secrets>> {
        self.read().secrets.get(&(application_id, mode)).cloned()
    }

    /// Keeps secrets that were opened in `generation`.
    pub(super) fn keep_secrets(
        &self,
        generation: u64,
        application_id: ApplicationId,
        mode: Mode,
        secrets: Arc<Secrets>,
    ) {
        self.keep(generation, |known| {
            known.secrets.insert((application_id, mode), secrets);
        });
    }

    /// Keeps what was read in `generation`, unless something was changed since.
    fn keep(&self, generation: u64, put: impl FnOnce(&mut Known)) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.generation != generation {
            return;
        }
        if known.settings.len().max(known.secrets.len()) >= MAX_CACHED {
            known.settings.clear();
            known.secrets.clear();
        }
        put(&mut known);
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change of addresses: what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressesChange {
    /// `Some(None)` takes the address away.
    pub url: Option<Option<String>>,
    /// The topics, all of them.
    pub topics: Option<Vec<String>>,
    /// As `url`, for IPN.
    pub ipn_url: Option<Option<String>>,
    /// As `topics`, for IPN.
    pub ipn_topics: Option<Vec<String>>,
}

impl Engine {
    /// The settings of an application: from memory, but for the first time.
    pub(crate) async fn notification_settings(
        &self,
        application_id: ApplicationId,
    ) -> Result<Arc<Settings>, Failure> {
        match self.inner.settings.settings(application_id) {
            Some(known) => Ok(known),
            None => self.load_settings(application_id).await,
        }
    }

    async fn load_settings(&self, application_id: ApplicationId) -> Result<Arc<Settings>, Failure> {
        let generation = self.inner.settings.generation();
        let records = self.inner.store.notification_settings(application_id).await?;
        let settings = Arc::new(Settings::from_records(&records)?);
        self.inner.settings.keep(generation, |known| {
            known.settings.insert(application_id, settings.clone());
        });
        Ok(settings)
    }

    /// Where the caller's application is told, in the caller's mode.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn notification_addresses(&self, caller: &Caller) -> Result<Addresses, Failure> {
        let settings = self.notification_settings(caller.application_id).await?;
        Ok(settings.of(caller.mode).addresses.clone())
    }

    /// Whether an application is told of anything by itself, in either mode.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn has_addresses(&self, application_id: ApplicationId) -> Result<bool, Failure> {
        let settings = self.notification_settings(application_id).await?;
        let has = |addresses: &Addresses| addresses.url.is_some() || addresses.ipn_url.is_some();
        Ok(has(&settings.test.addresses) || has(&settings.live.addresses))
    }

    /// The secret that signs an application's Webhooks of a mode, to be shown to its owner.
    pub async fn current_webhook_secret(&self, application_id: ApplicationId, mode: Mode) -> Option<String> {
        self.webhook_secrets(application_id, mode).await.map(|secrets| secrets.current.clone())
    }

    /// Changes where the caller's application is told.
    ///
    /// # Errors
    /// 400 for an address or a topic that there is not.
    pub async fn change_notification_addresses(
        &self,
        caller: &Caller,
        change: &AddressesChange,
    ) -> Result<Addresses, Failure> {
        check(change)?;
        let changed = self
            .write_setting(caller.application_id, caller.mode, SettingKind::Addresses, "", |body| {
                let before: Addresses = body.map(parse).transpose()?.unwrap_or_default();
                to_json(&changed(before, change))
            })
            .await?;
        parse(&changed)
    }

    /// Reads a setting, lets `change` decide, and writes it; again when somebody was faster. Gives what is written.
    pub(crate) async fn write_setting(
        &self,
        application_id: ApplicationId,
        mode: Mode,
        kind: SettingKind,
        name: &str,
        change: impl Fn(Option<&[u8]>) -> Result<Vec<u8>, Failure>,
    ) -> Result<Vec<u8>, Failure> {
        for _ in 0..MAX_ROUNDS {
            let stored = self.inner.store.notification_settings(application_id).await?;
            let before = stored
                .iter()
                .find(|stored| stored.mode == mode && stored.kind == kind && stored.name == name);
            let body = change(before.map(|before| before.body.as_slice()))?;
            let setting = NotificationSetting {
                application_id,
                mode,
                kind,
                name: name.to_owned(),
                version: before.map_or(0, |before| before.version),
                changed: self.inner.clock.wall(),
                body: body.clone(),
            };
            let change = RecordChange::Notification(NotificationChange::Set(setting));
            match self.inner.store.commit(Changes { records: vec![change], ..Changes::default() }).await {
                Ok(()) => {
                    self.inner.settings.forget(application_id);
                    return Ok(body);
                }
                Err(CommitError::VersionConflict | CommitError::AlreadyExists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Learns of settings that another node changed since `since`.
    pub(crate) async fn refresh_settings(&self, since: Timestamp) -> Result<(), Failure> {
        for changed in self.inner.store.notification_settings_since(since).await? {
            let id = changed.application_id;
            let Some(known) = self.inner.settings.settings(id) else {
                // Its secret may be known though its addresses are not.
                self.inner.settings.forget(id);
                continue;
            };
            if known.versions.get(&key_of(&changed)) != Some(&changed.version) {
                self.inner.settings.forget(id);
                self.load_settings(id).await?;
            }
        }
        Ok(())
    }
}

/// How far back it is looked for what other nodes changed: longer than a commit takes, and than their clocks differ.
const LOOK_BACK_MS: i64 = 10_000;

/// Learns of settings that other nodes change, until `shutdown` is ready. Where nobody else uses the store there is nothing
/// to learn.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    let Some(every) = engine.inner.store.look_for_others_every() else { return };
    tokio::pin!(shutdown);
    let mut looked = engine.inner.clock.wall();
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            () = tokio::time::sleep(every) => {}
        }
        let now = engine.inner.clock.wall();
        match engine.refresh_settings(looked.plus_ms(-LOOK_BACK_MS)).await {
            Ok(()) => looked = now,
            Err(error) => tracing::warn!(%error, "settings of notifications could not be looked for"),
        }
    }
}

fn key_of(setting: &NotificationSetting) -> (Mode, SettingKind, String) {
    (setting.mode, setting.kind, setting.name.clone())
}

fn changed(before: Addresses, change: &AddressesChange) -> Addresses {
    let had_url = before.url.is_some();
    let had_ipn = before.ipn_url.is_some();
    let url = change.url.clone().unwrap_or(before.url);
    let ipn_url = change.ipn_url.clone().unwrap_or(before.ipn_url);
    // Who names a first address and no topic wants to hear of payments.
    let topics = |named: &Option<Vec<String>>, before: Vec<String>, is_first: bool| match named {
        Some(named) => named.clone(),
        None if is_first && before.is_empty() => vec![topics::PAYMENTS.name.to_owned()],
        None => before,
    };
    Addresses {
        topics: topics(&change.topics, before.topics, !had_url && url.is_some()),
        ipn_topics: topics(&change.ipn_topics, before.ipn_topics, !had_ipn && ipn_url.is_some()),
        url,
        ipn_url,
    }
}

fn check(change: &AddressesChange) -> Result<(), Refusal> {
    for (name, url) in [("url", &change.url), ("ipn_url", &change.ipn_url)] {
        let Some(Some(url)) = url else { continue };
        let is_web = url::Url::parse(url).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
        });
        if !is_web || url.len() > LONGEST_URL {
            return Err(Refusal::plain(
                400,
                format!("{name} must be an http or https address of at most {LONGEST_URL} characters"),
            ));
        }
    }
    let unknown = |names: &Option<Vec<String>>, is_known: fn(&str) -> bool| {
        names.iter().flatten().find(|name| !is_known(name)).cloned()
    };
    if let Some(name) = unknown(&change.topics, |name| topics::by_name(name).is_some()) {
        let known: Vec<&str> = topics::TOPICS.iter().map(|topic| topic.name).collect();
        return Err(Refusal::plain(
            400,
            format!("there is no topic {name:?}; there are {}", known.join(", ")),
        ));
    }
    if let Some(name) = unknown(&change.ipn_topics, |name| topics::by_ipn_name(name).is_some()) {
        let known: Vec<&str> = topics::TOPICS.iter().filter_map(|topic| topic.ipn).collect();
        let known = known.join(", ");
        return Err(Refusal::plain(400, format!("IPN has no topic {name:?}; it has {known}")));
    }
    Ok(())
}

pub(super) fn body_of<T: serde::de::DeserializeOwned>(setting: &NotificationSetting) -> Result<T, Failure> {
    parse(&setting.body)
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    crate::payments::from_json(body, "a notification setting")
}

/// Instants of settings: milliseconds.
pub(super) mod millis {
    use pasarela_domain::timestamp::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays_and_a_first_address_hears_of_payments() {
        let url = Some("https://shop.example/a".to_owned());
        let first = changed(
            Addresses::default(),
            &AddressesChange { url: Some(url.clone()), ..AddressesChange::default() },
        );
        assert_eq!((first.url.clone(), first.topics.clone()), (url.clone(), vec!["payment".to_owned()]));
        assert_eq!((first.ipn_url.clone(), first.ipn_topics.clone()), (None, vec![]));
        let topics = AddressesChange { topics: Some(vec!["order".to_owned()]), ..AddressesChange::default() };
        let second = changed(first, &topics);
        assert_eq!((second.url.clone(), second.topics.clone()), (url, vec!["order".to_owned()]));
        let gone = changed(second, &AddressesChange { url: Some(None), ..AddressesChange::default() });
        assert_eq!(gone.url, None);
    }

    #[test]
    fn addresses_that_can_not_be_called_and_unknown_topics_are_refused() {
        let url =
            |url: &str| AddressesChange { url: Some(Some(url.to_owned())), ..AddressesChange::default() };
        for bad in ["", "shop", "ftp://shop.example/", "https://", "https://a:b@shop.example/", "listen:"] {
            assert!(check(&url(bad)).is_err(), "{bad}");
        }
        assert!(check(&url(&format!("https://shop.example/{}", "a".repeat(500)))).is_err());
        assert!(check(&url("http://localhost:3000/hook?client=1")).is_ok());
        let topics = |name: &str| Some(vec![name.to_owned()]);
        assert!(
            check(&AddressesChange { topics: topics("merchant_order"), ..AddressesChange::default() })
                .is_err()
        );
        assert!(
            check(&AddressesChange { ipn_topics: topics("order"), ..AddressesChange::default() }).is_err()
        );
        assert!(
            check(&AddressesChange { ipn_topics: topics("merchant_order"), ..AddressesChange::default() })
                .is_ok()
        );
    }
}
