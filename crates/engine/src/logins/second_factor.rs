//! The second factor of a login: enrolled with the password, demanded at every door from then on.
//!
//! The secret is sealed by the vault; of the written-down codes only keyed hashes are kept. Each code that is looked at is
//! written down before it is answered, with the version that was read: of two who say the same code at once, one is let in, and
//! nobody guesses faster by asking at once.

use super::notices::Notice;
use super::{KnownLogin, totp};
use crate::account_entries::Entry;
use crate::audit::Actor;
use crate::credentials::random_bytes;
use crate::notifications::secrets::unhex;
use crate::payments::{MAX_ROUNDS, hex};
use crate::{Engine, Failure};
use pasarela_domain::identity::AccountId;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::second_factor::{
    RECOVERY_CODES, SecondFactor, TICKET_LIFE_MS, Verdict, needed, too_many, wrong,
};
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{EntryChange, EntryKind, RecordChange};
use pasarela_vault::Purpose;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A person has one.
const NAME: &str = "";
/// What apps call the platform.
const ISSUER: &str = "Pasarela";
/// Random bytes of a written-down code: 80 bits, 16 letters.
const RECOVERY_BYTES: usize = 10;
/// Longer than any code, with its dashes.
const LONGEST_CODE: usize = 40;

/// A second factor on its way into the app. Never in a `Debug`.
pub struct Enrolling {
    /// The secret, for whoever types it.
    pub secret: String,
    /// The same as `otpauth://…`, for a QR code.
    pub address: String,
}

impl Engine {
    /// Since when a person's login demands a second factor, if it does.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn second_factor_since(&self, person_id: AccountId) -> Result<Option<Timestamp>, Failure> {
        Ok(self.second_factor(person_id).await?.and_then(|factor| factor.value.since))
    }

    /// How many of a person's written-down codes are left.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn recovery_codes_left(&self, person_id: AccountId) -> Result<usize, Failure> {
        Ok(self.second_factor(person_id).await?.map_or(0, |factor| factor.value.recovery.len()))
    }

    /// Begins to enrol: a new secret, which is demanded only once a code of it was said.
    ///
    /// # Errors
    /// 400 for a wrong password, and while there is a second factor.
    pub async fn begin_second_factor(&self, person_id: AccountId, password: &str) -> Result<(), Failure> {
        self.confirm_password(person_id, password).await?;
        let secret = Zeroizing::new(random_bytes::<{ totp::SECRET_BYTES }>());
        let sealed = self.inner.vault.seal_secret(secret.as_slice(), &sealed_for(person_id));
        let factor = SecondFactor::new(hex(&sealed.0));
        let known = self.second_factor(person_id).await?;
        let version = match known {
            Some(known) if known.value.since.is_some() => return Err(there_already()),
            known => known.map_or(0, |known| known.version),
        };
        let change = self.set_entry(person_id, EntryKind::SecondFactor, NAME, version, &factor)?;
        self.only_if_unchanged(vec![change]).await
    }

    /// What the app is to learn, between [`Engine::begin_second_factor`] and [`Engine::confirm_second_factor`].
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn enrolling(&self, person_id: AccountId) -> Result<Option<Enrolling>, Failure> {
        let factor = self.second_factor(person_id).await?.filter(|factor| factor.value.since.is_none());
        let Some(factor) = factor else { return Ok(None) };
        let secret = totp::base32(&self.open_second_factor(person_id, &factor.value)?);
        let email = self.account(person_id).await?.map(|account| account.email.clone()).unwrap_or_default();
        let label: String =
            url::form_urlencoded::byte_serialize(email.as_bytes()).collect::<String>().replace('+', "%20");
        let address = format!("otpauth://totp/{ISSUER}:{label}?secret={secret}&issuer={ISSUER}");
        Ok(Some(Enrolling { secret, address }))
    }

    /// A code of the app was said: from now on one is demanded, all sessions end, and these are the codes to be written down.
    ///
    /// # Errors
    /// 400 for a wrong code and when nothing was begun, 429 after too many wrong ones.
    pub async fn confirm_second_factor(
        &self,
        person_id: AccountId,
        code: &str,
        actor: &Actor,
    ) -> Result<Vec<String>, Failure> {
        let factor = self.second_factor(person_id).await?.filter(|factor| factor.value.since.is_none());
        let Entry { version, value: mut factor, .. } =
            factor.ok_or_else(|| Refusal::keyed(400, "no_second_factor", "no second factor was begun"))?;
        let verdict = self.judge(person_id, &mut factor, code)?;
        if !matches!(verdict, Verdict::Right) {
            let change = self.set_entry(person_id, EntryKind::SecondFactor, NAME, version, &factor)?;
            self.only_if_unchanged(vec![change]).await?;
            return Err(wrong().into());
        }
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
        factor.recovery = codes.iter().map(|code| self.recovery_lookup(person_id, code)).collect();
        factor.since = Some(self.inner.clock.wall());
        self.only_if_unchanged(vec![
            self.set_entry(person_id, EntryKind::SecondFactor, NAME, version, &factor)?,
            RecordChange::Login(pasarela_store::LoginChange::EndAll { account_id: person_id }),
            self.audited(person_id, actor, "second_factor.enabled", &person_id.to_string(), "")?,
        ])
        .await?;
        self.notify_person(person_id, Notice::SecondFactorOn).await;
        Ok(codes)
    }

    /// A person's login demands no second factor any more.
    ///
    /// # Errors
    /// 400 for a wrong password or a wrong code, 429 after too many.
    pub async fn remove_second_factor(
        &self,
        person_id: AccountId,
        (password, code): (&str, &str),
        actor: &Actor,
    ) -> Result<(), Failure> {
        self.confirm_password(person_id, password).await?;
        self.check_second_factor(person_id, code).await?;
        self.delete_second_factor(person_id, "second_factor.disabled", actor).await
    }

    /// An operator takes away the second factor of whoever lost both the app and the written-down codes.
    ///
    /// # Errors
    /// 404 for an account that is not there or has none.
    pub async fn reset_second_factor(&self, site: Site, email: &str, actor: &Actor) -> Result<(), Failure> {
        let account = self.inner.store.account_by_email(site, &email.to_lowercase()).await?;
        let account = account.ok_or_else(|| Refusal::plain(404, "account not found"))?;
        self.delete_second_factor(account.id, "second_factor.reset", actor).await
    }

    async fn delete_second_factor(
        &self,
        person_id: AccountId,
        act: &str,
        actor: &Actor,
    ) -> Result<(), Failure> {
        let factor = self.second_factor(person_id).await?;
        let version = factor.ok_or_else(|| Refusal::plain(404, "the account has no second factor"))?.version;
        let (kind, name) = (EntryKind::SecondFactor, NAME.to_owned());
        self.only_if_unchanged(vec![
            RecordChange::AccountEntry(EntryChange::Delete { account_id: person_id, kind, name, version }),
            self.audited(person_id, actor, act, &person_id.to_string(), "")?,
        ])
        .await?;
        self.notify_person(person_id, Notice::SecondFactorOff).await;
        Ok(())
    }

    /// Whether `code` lets in a person whose password was right; where no second factor is demanded, every code does.
    ///
    /// # Errors
    /// 401 where one is missing, 400 for a wrong one, 429 after too many.
    pub async fn check_second_factor(&self, person_id: AccountId, code: &str) -> Result<(), Failure> {
        for _ in 0..MAX_ROUNDS {
            let factor = self.second_factor(person_id).await?.filter(|factor| factor.value.since.is_some());
            let Some(Entry { version, value: mut factor, .. }) = factor else { return Ok(()) };
            if code.trim().is_empty() {
                return Err(needed().into());
            }
            let verdict = self.judge(person_id, &mut factor, code)?;
            let mut records =
                vec![self.set_entry(person_id, EntryKind::SecondFactor, NAME, version, &factor)?];
            if let Verdict::Recovery { left } = verdict {
                let actor = Actor { name: person_id.to_string(), address: None };
                let detail = format!("{left} left");
                records.push(self.audited(
                    person_id,
                    &actor,
                    "second_factor.recovery_code_used",
                    "",
                    &detail,
                )?);
            }
            if !self.try_commit(records).await? {
                continue;
            }
            return match verdict {
                Verdict::Right => Ok(()),
                Verdict::Recovery { left } => {
                    self.notify_person(person_id, Notice::RecoveryCodeUsed { left }).await;
                    Ok(())
                }
                Verdict::Wrong { was_last } => {
                    if was_last {
                        self.notify_person(person_id, Notice::CodesGuessed).await;
                        return Err(too_many().into());
                    }
                    Err(wrong().into())
                }
            };
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// What a browser with `secret` shows when it says the code: its owner's password was right a moment ago.
    pub fn login_ticket(&self, secret: &str, login: &KnownLogin) -> String {
        let expires = self.inner.clock.wall().plus_ms(TICKET_LIFE_MS).0;
        let head = format!("{}.{}.{expires}", login.account_id, login.record.version);
        let seal = self.ticket_seal(secret, &head);
        format!("{head}.{seal}")
    }

    /// The login that a ticket is of, once the code was right as well. `None` for a ticket of another browser, or whose time is
    /// over.
    ///
    /// # Errors
    /// As [`Engine::check_second_factor`].
    pub async fn second_step(
        &self,
        secret: &str,
        ticket: &str,
        code: &str,
    ) -> Result<Option<KnownLogin>, Failure> {
        let Some((head, seal)) = ticket.rsplit_once('.') else { return Ok(None) };
        if !bool::from(self.ticket_seal(secret, head).as_bytes().ct_eq(seal.as_bytes())) {
            return Ok(None);
        }
        let numbers: Vec<i64> = head.split('.').filter_map(|part| part.parse().ok()).collect();
        let [account_id, version, expires] = numbers[..] else { return Ok(None) };
        if self.inner.clock.wall().0 >= expires {
            return Ok(None);
        }
        // The password was changed meanwhile.
        let login = self.login_of(account_id).await?.filter(|login| login.record.version == version);
        let Some(login) = login.filter(|login| self.admits(login.account_id)) else { return Ok(None) };
        self.check_second_factor(account_id, code).await?;
        Ok(Some(login))
    }

    fn ticket_seal(&self, secret: &str, head: &str) -> String {
        let what = format!("second step\n{secret}\n{head}");
        hex(&self.inner.vault.lookup(Purpose::Session, &what)[..16])
    }

    async fn second_factor(&self, person_id: AccountId) -> Result<Option<Entry<SecondFactor>>, Failure> {
        self.entry(person_id, EntryKind::SecondFactor, NAME).await
    }

    fn judge(&self, person_id: AccountId, factor: &mut SecondFactor, said: &str) -> Result<Verdict, Failure> {
        let plain = |letter: &char| letter.is_ascii_alphanumeric();
        let code: String =
            said.chars().take(LONGEST_CODE).filter(plain).collect::<String>().to_ascii_lowercase();
        let now = self.inner.clock.wall();
        let secret = self.open_second_factor(person_id, factor)?;
        let step = totp::step_of(&secret, &code, now.0);
        Ok(factor.judge(step, &self.recovery_lookup(person_id, &code), now)?)
    }

    fn open_second_factor(
        &self,
        person_id: AccountId,
        factor: &SecondFactor,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let sealed = unhex(&factor.sealed);
        let sealed = sealed.ok_or_else(|| Failure::Internal("a second factor is damaged".to_owned()))?;
        Ok(self.inner.vault.open_secret(&sealed, &sealed_for(person_id))?)
    }

    fn recovery_lookup(&self, person_id: AccountId, code: &str) -> String {
        let plain = code.replace('-', "");
        hex(&self.inner.vault.lookup(Purpose::Login, &format!("recovery code\n{person_id}\n{plain}")))
    }

    async fn only_if_unchanged(&self, records: Vec<RecordChange>) -> Result<(), Failure> {
        match self.try_commit(records).await? {
            true => Ok(()),
            false => Err(Failure::Unavailable { retry_after_s: 1 }),
        }
    }

    /// Seals the secrets of second factors under the vault's current key.
    pub(crate) async fn reseal_second_factors(&self) -> Result<u64, Failure> {
        let mut resealed = 0;
        let all =
            self.inner.store.account_entries_since(EntryKind::SecondFactor, Timestamp(i64::MIN)).await?;
        for entry in all {
            let person_id = entry.account_id;
            for _ in 0..MAX_ROUNDS {
                let Some(known) = self.second_factor(person_id).await? else { break };
                let sealed = unhex(&known.value.sealed).unwrap_or_default();
                let again = self.inner.vault.reseal_secret(&sealed, &sealed_for(person_id))?;
                let Some(again) = again else { break };
                let factor = SecondFactor { sealed: hex(&again.0), ..known.value };
                let change =
                    self.set_entry(person_id, EntryKind::SecondFactor, NAME, known.version, &factor)?;
                if self.try_commit(vec![change]).await? {
                    resealed += 1;
                    break;
                }
            }
        }
        Ok(resealed)
    }
}

/// What the secret is sealed for: in another person's entry it opens nothing.
fn sealed_for(person_id: AccountId) -> Vec<u8> {
    format!("second factor {person_id}").into_bytes()
}

fn there_already() -> Failure {
    Refusal::keyed(400, "second_factor_on", "there is a second factor already").into()
}

/// Sixteen letters and digits in groups of four, in lower case.
fn recovery_code() -> String {
    let letters = totp::base32(&random_bytes::<RECOVERY_BYTES>()).to_ascii_lowercase();
    let groups: Vec<&str> = (0..letters.len()).step_by(4).map(|from| &letters[from..from + 4]).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::recovery_code;

    #[test]
    fn a_written_down_code_is_sixteen_letters() {
        let code = recovery_code();
        assert_eq!((code.len(), code.matches('-').count()), (19, 3), "{code}");
        assert_ne!(code, recovery_code());
    }
}
