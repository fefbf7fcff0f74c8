//! What an application wants to be told, and where: kept in memory, looked up without a read.
//!
//! Test and live are apart in everything but the secret, which is the application's. A secret that is changed leaves the
//! one before it valid for a time of grace: who refuses what the new one signed is sent the same, signed with the old.

use super::topics::{self, Topic};
use crate::accounts::MAX_CACHED;
use crate::payments::{MAX_ROUNDS, hex, to_json};
use crate::{Engine, Failure, seeds};
use pasarela_domain::identity::{ApplicationId, Caller, Mode};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    ApplicationRecord, Changes, CommitError, NotificationChange, NotificationSetting, RecordChange,
    SettingKind,
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
                | SettingKind::GoingLive => {}
            }
            settings.versions.insert(key_of(record), record.version);
        }
        Ok(settings)
    }
}

/// What signs an application's Webhooks. Never in a `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// The one that counts.
    pub current: String,
    /// The one before it, and the wall-clock time until which it is still used.
    pub previous: Option<(String, Timestamp)>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl From<String> for Secrets {
    fn from(current: String) -> Secrets {
        Secrets { current, previous: None }
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
    secrets: HashMap<ApplicationId, Arc<Secrets>>,
}

impl KnownSettings {
    fn forget(&self, application_id: ApplicationId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.generation += 1;
        known.settings.remove(&application_id);
        known.secrets.remove(&application_id);
    }

    fn generation(&self) -> u64 {
        self.read().generation
    }

    fn settings(&self, application_id: ApplicationId) -> Option<Arc<Settings>> {
        self.read().settings.get(&application_id).cloned()
    }

    fn secrets(&self, application_id: ApplicationId) -> Option<Arc<Secrets>> {
        self.read().secrets.get(&application_id).cloned()
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

/// A secret that was changed.
pub struct Rotated {
    /// The new one, shown this once.
    pub secret: String,
    /// Until when the one before it is used, too.
    pub previous_until: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct PreviousSecret {
    #[serde(with = "millis")]
    until: Timestamp,
    sealed: String,
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

    /// The secret that signs an application's Webhooks, to be shown to its owner.
    pub async fn current_webhook_secret(&self, application_id: ApplicationId) -> Option<String> {
        self.webhook_secrets(application_id).await.map(|secrets| secrets.current.clone())
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

    /// Gives the caller's application a new secret; the one before it is used for `grace_ms` more.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn rotate_webhook_secret(&self, caller: &Caller, grace_ms: i64) -> Result<Rotated, Failure> {
        let id = caller.application_id;
        let application = self.inner.store.application(id).await?;
        let application =
            application.ok_or_else(|| Failure::Internal(format!("application {id} is gone")))?;
        let mut bytes = [0; 32];
        crate::nature::draw(&mut bytes);
        let secret = hex(&bytes);
        let until = self.inner.clock.wall().plus_ms(grace_ms);
        let previous = PreviousSecret { until, sealed: hex(&application.sealed_webhook_secret) };
        // First the old one: between the two writes, both are the same.
        self.write_setting(id, Mode::Live, SettingKind::Secret, "", |_| to_json(&previous)).await?;
        let record = seeds::webhook_secret_record(id);
        let sealed_webhook_secret = self.inner.vault.seal_secret(secret.as_bytes(), &record).0;
        let change =
            RecordChange::UpdateApplication(ApplicationRecord { sealed_webhook_secret, ..application });
        self.inner.store.commit(Changes { records: vec![change], ..Changes::default() }).await?;
        // Once more: nodes that looked between the two writes look again.
        self.write_setting(id, Mode::Live, SettingKind::Secret, "", |_| to_json(&previous)).await?;
        Ok(Rotated { secret, previous_until: (grace_ms > 0).then_some(until) })
    }

    /// Until when the secret before the current one is used, if it is.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn previous_secret_until(&self, caller: &Caller) -> Result<Option<Timestamp>, Failure> {
        let previous = self.previous_secret(caller.application_id).await?;
        Ok(previous.map(|previous| previous.until).filter(|until| *until > self.inner.clock.wall()))
    }

    async fn previous_secret(
        &self,
        application_id: ApplicationId,
    ) -> Result<Option<PreviousSecret>, Failure> {
        let stored = self.inner.store.notification_settings(application_id).await?;
        stored.iter().find(|stored| stored.kind == SettingKind::Secret).map(body_of).transpose()
    }

    /// What signs an application's Webhooks; `None` for one that is not there, or when it can't be opened.
    pub(crate) async fn webhook_secrets(&self, application_id: ApplicationId) -> Option<Arc<Secrets>> {
        let known = &self.inner.settings;
        if let Some(secrets) = known.secrets(application_id) {
            return Some(secrets);
        }
        let generation = known.generation();
        let record = self.inner.store.application(application_id).await.ok()??;
        let current = self.open_webhook_secret(application_id, &record.sealed_webhook_secret)?;
        let previous = self.previous_secret(application_id).await.ok()?.and_then(|previous| {
            let secret = self.open_webhook_secret(application_id, &unhex(&previous.sealed)?)?;
            (secret != current).then_some((secret, previous.until))
        });
        let secrets = Arc::new(Secrets { current, previous });
        known.keep(generation, |known| {
            known.secrets.insert(application_id, secrets.clone());
        });
        Some(secrets)
    }

    fn open_webhook_secret(&self, application_id: ApplicationId, sealed: &[u8]) -> Option<String> {
        let record = seeds::webhook_secret_record(application_id);
        let secret = self.inner.vault.open_secret(sealed, &record).ok()?;
        String::from_utf8(secret.to_vec()).ok()
    }

    /// Seals previous secrets under the vault's current key.
    pub(crate) async fn reseal_previous_secrets(&self) -> Result<(), Failure> {
        let all = self.inner.store.notification_settings_since(Timestamp(i64::MIN)).await?;
        for setting in all.iter().filter(|setting| setting.kind == SettingKind::Secret) {
            let previous: PreviousSecret = body_of(setting)?;
            let record = seeds::webhook_secret_record(setting.application_id);
            let Some(sealed) = unhex(&previous.sealed) else { continue };
            if let Some(again) = self.inner.vault.reseal_secret(&sealed, &record)? {
                let previous = PreviousSecret { sealed: hex(&again.0), ..previous };
                self.write_setting(setting.application_id, setting.mode, setting.kind, "", |_| {
                    to_json(&previous)
                })
                .await?;
            }
        }
        Ok(())
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

fn body_of<T: serde::de::DeserializeOwned>(setting: &NotificationSetting) -> Result<T, Failure> {
    parse(&setting.body)
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    crate::payments::from_json(body, "a notification setting")
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
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

    #[test]
    fn hexadecimal_comes_back() {
        assert_eq!(unhex(&hex(&[0, 1, 254, 16])), Some(vec![0, 1, 254, 16]));
        assert_eq!((unhex("0g"), unhex("é1")), (None, None));
    }
}
