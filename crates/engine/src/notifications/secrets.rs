//! What signs an application's notifications: a secret for test and one for live, apart.
//!
//! An application is made with one secret, which signs live notifications. What signs test ones follows from it by a hash that
//! goes one way: who knows a test credential can sign nothing that passes as live news. Each is rotated by itself. A secret
//! that is changed leaves the one before it valid for a time of grace: who refuses what the new one signed is sent the same,
//! signed with the old.

use super::settings::{body_of, millis, parse};
use super::signature::test_secret;
use crate::payments::{hex, to_json};
use crate::{Engine, Failure, seeds};
use pasarela_domain::identity::{ApplicationId, Caller, Mode};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::SettingKind;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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

/// A secret that was changed.
pub struct Rotated {
    /// The new one, shown this once.
    pub secret: String,
    /// Until when the one before it is used, too.
    pub previous_until: Option<Timestamp>,
}

/// The secrets of a mode that was rotated, each sealed, in hexadecimal digits.
#[derive(Serialize, Deserialize)]
struct StoredSecrets {
    /// The one that counts; none where it is still the application's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    /// Until when the one before it is used.
    #[serde(with = "millis")]
    until: Timestamp,
    /// The one before it.
    sealed: String,
}

impl Engine {
    /// Gives the caller's application a new secret in the caller's mode; the one before it is used for `grace_ms` more.
    ///
    /// # Errors
    /// When the store or the vault fails.
    pub async fn rotate_webhook_secret(&self, caller: &Caller, grace_ms: i64) -> Result<Rotated, Failure> {
        let (id, mode) = (caller.application_id, caller.mode);
        let first = self.first_webhook_secret(id, mode).await?;
        let first = first.ok_or_else(|| Failure::Internal(format!("application {id} is gone")))?;
        let mut bytes = [0; 32];
        crate::nature::draw(&mut bytes);
        let secret = hex(&bytes);
        let until = self.inner.clock.wall().plus_ms(grace_ms);
        let (first, current) =
            (self.seal_webhook_secret(id, mode, &first), self.seal_webhook_secret(id, mode, &secret));
        // One version follows the other: of two that are rotated at once, the first is the second one's previous.
        self.write_setting(id, mode, SettingKind::Secret, "", |body| {
            let before: Option<StoredSecrets> = body.map(parse).transpose()?;
            let sealed = before.and_then(|before| before.current).unwrap_or_else(|| first.clone());
            to_json(&StoredSecrets { current: Some(current.clone()), until, sealed })
        })
        .await?;
        Ok(Rotated { secret, previous_until: (grace_ms > 0).then_some(until) })
    }

    /// Until when the secret before the current one is used in the caller's mode, if it is.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn previous_secret_until(&self, caller: &Caller) -> Result<Option<Timestamp>, Failure> {
        let stored = self.stored_secrets(caller.application_id, caller.mode).await?;
        Ok(stored.map(|stored| stored.until).filter(|until| *until > self.inner.clock.wall()))
    }

    /// What signs an application's notifications of a mode; `None` for one that is not there, or when it can't be opened.
    pub(crate) async fn webhook_secrets(&self, id: ApplicationId, mode: Mode) -> Option<Arc<Secrets>> {
        let known = &self.inner.settings;
        if let Some(secrets) = known.secrets(id, mode) {
            return Some(secrets);
        }
        let generation = known.generation();
        let first = self.first_webhook_secret(id, mode).await.ok()??;
        let secrets = match self.stored_secrets(id, mode).await.ok()? {
            None => first.into(),
            Some(stored) => {
                let current = match &stored.current {
                    Some(sealed) => self.open_webhook_secret(id, mode, sealed)?,
                    None => first,
                };
                let previous = self.open_webhook_secret(id, mode, &stored.sealed)?;
                let previous = (previous != current).then_some((previous, stored.until));
                Secrets { current, previous }
            }
        };
        let secrets = Arc::new(secrets);
        known.keep_secrets(generation, id, mode, secrets.clone());
        Some(secrets)
    }

    /// What signed before any rotation.
    async fn first_webhook_secret(&self, id: ApplicationId, mode: Mode) -> Result<Option<String>, Failure> {
        let Some(application) = self.inner.store.application(id).await? else { return Ok(None) };
        let record = seeds::webhook_secret_record(id);
        let secret = self.inner.vault.open_secret(&application.sealed_webhook_secret, &record)?;
        let secret = String::from_utf8_lossy(&secret);
        Ok(Some(match mode {
            Mode::Test => test_secret(&secret),
            Mode::Live => secret.into_owned(),
        }))
    }

    async fn stored_secrets(&self, id: ApplicationId, mode: Mode) -> Result<Option<StoredSecrets>, Failure> {
        let stored = self.inner.store.notification_settings(id).await?;
        let of_mode = stored.iter().find(|stored| stored.kind == SettingKind::Secret && stored.mode == mode);
        of_mode.map(body_of).transpose()
    }

    fn seal_webhook_secret(&self, id: ApplicationId, mode: Mode, secret: &str) -> String {
        hex(&self.inner.vault.seal_secret(secret.as_bytes(), &record_of(id, mode)).0)
    }

    fn open_webhook_secret(&self, id: ApplicationId, mode: Mode, sealed: &str) -> Option<String> {
        let secret = self.inner.vault.open_secret(&unhex(sealed)?, &record_of(id, mode)).ok()?;
        String::from_utf8(secret.to_vec()).ok()
    }

    /// Seals the secrets of settings under the vault's current key.
    pub(crate) async fn reseal_stored_secrets(&self) -> Result<(), Failure> {
        let all = self.inner.store.notification_settings_since(Timestamp(i64::MIN)).await?;
        for setting in all.iter().filter(|setting| setting.kind == SettingKind::Secret) {
            let (id, mode) = (setting.application_id, setting.mode);
            self.write_setting(id, mode, setting.kind, "", |body| {
                let stored: StoredSecrets = parse(body.unwrap_or(&setting.body))?;
                to_json(&StoredSecrets {
                    current: stored.current.map(|sealed| self.resealed(id, mode, sealed)).transpose()?,
                    until: stored.until,
                    sealed: self.resealed(id, mode, stored.sealed)?,
                })
            })
            .await?;
        }
        Ok(())
    }

    fn resealed(&self, id: ApplicationId, mode: Mode, sealed: String) -> Result<String, Failure> {
        let Some(bytes) = unhex(&sealed) else { return Ok(sealed) };
        let again = self.inner.vault.reseal_secret(&bytes, &record_of(id, mode))?;
        Ok(again.map_or(sealed, |again| hex(&again.0)))
    }
}

/// The bytes that tie a sealed secret to its application and mode.
fn record_of(application_id: ApplicationId, mode: Mode) -> Vec<u8> {
    match mode {
        Mode::Live => seeds::webhook_secret_record(application_id),
        Mode::Test => format!("application/{application_id}/test_webhook_secret").into_bytes(),
    }
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineOptions;
    use pasarela_domain::identity::CredentialKind;

    async fn engine() -> Engine {
        Engine::open(EngineOptions { development: true, ..EngineOptions::default() }).await.unwrap()
    }

    fn caller(mode: Mode) -> Caller {
        let seller = &seeds::sellers()[0];
        Caller {
            account_id: seller.account.id,
            site: seller.account.site,
            application_id: seller.application.id,
            mode,
            kind: CredentialKind::AccessToken,
        }
    }

    async fn secrets(engine: &Engine, mode: Mode) -> Secrets {
        let secrets = engine.webhook_secrets(caller(mode).application_id, mode).await.unwrap();
        Secrets::clone(&secrets)
    }

    #[tokio::test]
    async fn test_and_live_have_secrets_of_their_own_and_each_is_rotated_by_itself() {
        let engine = engine().await;
        for mode in [Mode::Test, Mode::Live] {
            let shown = seeds::sellers()[0].credentials(mode).webhook_secret;
            assert_eq!(secrets(&engine, mode).await, Secrets::from(shown), "{mode:?}");
        }
        let (test, live) = (secrets(&engine, Mode::Test).await, secrets(&engine, Mode::Live).await);
        assert_ne!(test.current, live.current);
        let rotated = engine.rotate_webhook_secret(&caller(Mode::Test), 60_000).await.unwrap();
        assert_eq!(secrets(&engine, Mode::Live).await, live);
        let after = secrets(&engine, Mode::Test).await;
        assert_eq!((&after.current, &after.previous.as_ref().unwrap().0), (&rotated.secret, &test.current));
        assert!(engine.previous_secret_until(&caller(Mode::Test)).await.unwrap().is_some());
        assert!(engine.previous_secret_until(&caller(Mode::Live)).await.unwrap().is_none());
        engine.rotate_vault(|_| {}).await.unwrap();
        assert_eq!(secrets(&engine, Mode::Test).await, after, "under the vault's new key");
    }

    #[tokio::test]
    async fn of_two_rotations_at_once_both_shown_secrets_sign() {
        let engine = engine().await;
        let live = caller(Mode::Live);
        let (one, other) = tokio::join!(
            engine.rotate_webhook_secret(&live, 60_000),
            engine.rotate_webhook_secret(&live, 60_000)
        );
        let Secrets { current, previous } = secrets(&engine, Mode::Live).await;
        let mut used = [current, previous.unwrap().0];
        let mut shown = [one.unwrap().secret, other.unwrap().secret];
        used.sort();
        shown.sort();
        assert_eq!(used, shown);
    }

    #[test]
    fn hexadecimal_comes_back() {
        assert_eq!(unhex(&hex(&[0, 1, 254, 16])), Some(vec![0, 1, 254, 16]));
        assert_eq!((unhex("0g"), unhex("é1")), (None, None));
    }
}
