//! The Pix keys of a Brazilian seller: registered, proved, deleted. Without one that is proved, Pix is not offered.

use crate::audit::Actor;
use crate::payments::{MAX_ROUNDS, hex};
use crate::{Engine, Failure};
use pasarela_domain::contact_codes::CodeProof;
use pasarela_domain::identity::AccountId;
use pasarela_domain::pix_key::{self, MOST_KEYS, PixKey, PixKeyKind};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{AccountEntry, EntryChange, EntryKind, RecordChange};
use pasarela_vault::Purpose;
use serde_json::{Value, json};

/// The entry that counts the codes that the account was sent for its keys.
const CODES: &str = "pix_key";
/// How long it is believed, where other nodes may change it, that an account has a key or none.
const SHARED_MS: i64 = 1_000;

/// A key, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKey {
    /// As the directory writes it.
    pub key: String,
    /// What is known of it.
    pub state: PixKey,
}

/// What a message with a code says: Pix keys are Brazil's.
const CODE_SUBJECT: &str = "Codigo da sua chave Pix";
const CODE_TEXT: &str = "Alguém registrou este contato como chave Pix. Se foi você, informe este código no painel em até 30 minutos:";

/// The change that gives an account a random key that is proved.
pub(crate) fn random_key(account_id: AccountId, key: &str, now: Timestamp) -> RecordChange {
    let state = PixKey { kind: PixKeyKind::Evp, created: now, verified: Some(now), proof: None };
    // Texts and dates alone: it always serialises.
    let body = serde_json::to_vec(&state).unwrap_or_default();
    let (kind, name) = (EntryKind::PixKey, key.to_owned());
    let entry = AccountEntry { account_id, kind, name, version: 0, changed: now, body };
    RecordChange::AccountEntry(EntryChange::Set(entry))
}

impl OwnKey {
    /// As the API shows it.
    pub fn to_json(&self) -> Value {
        json!({
            "key": self.key,
            "type": self.state.kind,
            "status": if self.state.verified.is_some() { "active" } else { "pending" },
            "date_created": self.state.created,
            "date_verified": self.state.verified,
        })
    }
}

impl Engine {
    /// Whether buyers of this account may pay by Pix: from memory, but for the first time.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn takes_pix(&self, account_id: AccountId, site: Site) -> Result<bool, Failure> {
        if site != Site::MLB {
            return Ok(true);
        }
        let (cache, now) = (&self.inner.accounts.pix, self.inner.clock.wall());
        let (generation, known) = cache.get(account_id, now);
        if let Some(known) = known {
            return Ok(known);
        }
        let keys = self.pix_keys(account_id).await?;
        let takes = keys.iter().any(|key| key.state.verified.is_some());
        // Another node may delete a key: where there are others, it is asked again soon.
        let is_shared = self.inner.store.look_for_others_every().is_some();
        let until = if is_shared { now.plus_ms(SHARED_MS) } else { Timestamp(i64::MAX) };
        cache.keep(generation, account_id, takes, until);
        Ok(takes)
    }

    /// An account's keys.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn pix_keys(&self, account_id: AccountId) -> Result<Vec<OwnKey>, Failure> {
        let limit = MOST_KEYS as u32;
        let found = self.entries::<PixKey>(account_id, EntryKind::PixKey, None, limit).await?;
        let mut keys: Vec<OwnKey> =
            found.into_iter().map(|entry| OwnKey { key: entry.name, state: entry.value }).collect();
        keys.sort_by_key(|key| key.state.created);
        Ok(keys)
    }

    /// Registers a key. The account's own document and a random key are proved by themselves; an e-mail or a phone is
    /// with the code that is sent to it ([`Engine::prove_pix_key`]). One that waits for its code gets another one.
    ///
    /// # Errors
    /// 400 for what is no key, is not the account's, or is one too many; 429 for a code too many, 503 when none can be sent.
    pub async fn register_pix_key(
        &self,
        account_id: AccountId,
        kind: PixKeyKind,
        text: &str,
        actor: &Actor,
    ) -> Result<OwnKey, Failure> {
        let account = self.account(account_id).await?.ok_or_else(|| Refusal::plain(404, "user not found"))?;
        if account.site != Site::MLB {
            return Err(
                Refusal::keyed(400, "invalid_pix_key", "only Brazilian accounts have Pix keys").into()
            );
        }
        let key = match kind {
            PixKeyKind::Evp => uuid::Uuid::new_v4().to_string(),
            kind => pix_key::parse(kind, text)?,
        };
        if matches!(kind, PixKeyKind::Cpf | PixKeyKind::Cnpj)
            && document_of(&account.body) != Some(key.clone())
        {
            let why = "the document must be the account's own";
            return Err(Refusal::keyed(400, "invalid_pix_key", why).into());
        }
        let needs_code = matches!(kind, PixKeyKind::Email | PixKeyKind::Phone);
        let code = needs_code.then(|| format!("{:06}", crate::credentials::random_below(1_000_000)));
        let mut is_posted = false;
        for _ in 0..MAX_ROUNDS {
            let known = self.entry::<PixKey>(account_id, EntryKind::PixKey, &key).await?;
            if known.as_ref().is_some_and(|known| known.value.verified.is_some()) {
                return Err(Refusal::keyed(400, "invalid_pix_key", "the key is registered already").into());
            }
            let now = self.inner.clock.wall();
            if known.is_none() && self.pix_keys(account_id).await?.len() >= MOST_KEYS {
                let why = format!("an account has at most {MOST_KEYS} keys");
                return Err(Refusal::keyed(400, "too_many_pix_keys", why).into());
            }
            let state = PixKey {
                kind,
                created: now,
                verified: (!needs_code).then_some(now),
                proof: code
                    .as_ref()
                    .map(|code| CodeProof::new(self.code_lookup(account_id, &key, code), now)),
            };
            let version = known.map_or(0, |known| known.version);
            let records = vec![
                self.set_entry(account_id, EntryKind::PixKey, &key, version, &state)?,
                self.audited(account_id, actor, "pix_key.registered", &key, "")?,
            ];
            // Before the key is there: one whose code can't be sent could be proved by nobody.
            if let Some(code) = code.as_ref().filter(|_| !is_posted) {
                self.count_code(account_id).await?;
                self.post_message(&key, CODE_SUBJECT, &format!("{CODE_TEXT}\r\n\r\n{code}")).await?;
                is_posted = true;
            }
            if self.try_commit(records).await? {
                self.inner.accounts.pix.forget(account_id);
                return Ok(OwnKey { key, state });
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Counts a code before it is sent, so that calls at once send one message; and beside the key, which may be deleted
    /// and registered again.
    async fn count_code(&self, account_id: AccountId) -> Result<(), Failure> {
        for _ in 0..MAX_ROUNDS {
            let (mut sent, version) = self.sent_codes(account_id, CODES).await?;
            sent.count(self.inner.clock.wall())?;
            let change = self.set_entry(account_id, EntryKind::SentCodes, CODES, version, &sent)?;
            if self.try_commit(vec![change]).await? {
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Proves a key with the code that was sent to it.
    ///
    /// # Errors
    /// 400 for a wrong code, or when its time or its tries are over; 404 for a key that is not registered.
    pub async fn prove_pix_key(
        &self,
        account_id: AccountId,
        key: &str,
        code: &str,
        actor: &Actor,
    ) -> Result<OwnKey, Failure> {
        for _ in 0..MAX_ROUNDS {
            let found = self.entry::<PixKey>(account_id, EntryKind::PixKey, key).await?;
            let mut found = found.ok_or_else(unknown)?;
            let lookup = self.code_lookup(account_id, key, code.trim());
            let is_right = found.value.prove(&lookup, self.inner.clock.wall())?;
            let mut records =
                vec![self.set_entry(account_id, EntryKind::PixKey, key, found.version, &found.value)?];
            if is_right {
                records.push(self.audited(account_id, actor, "pix_key.verified", key, "")?);
            }
            // A wrong code is counted before it is answered: nobody guesses faster by asking at once.
            if self.try_commit(records).await? {
                self.inner.accounts.pix.forget(account_id);
                if is_right {
                    return Ok(OwnKey { key: key.to_owned(), state: found.value });
                }
                return Err(Refusal::keyed(400, "invalid_code", "the code is another one").into());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Deletes a key.
    ///
    /// # Errors
    /// 404 for one that is not registered.
    pub async fn delete_pix_key(
        &self,
        account_id: AccountId,
        key: &str,
        actor: &Actor,
    ) -> Result<(), Failure> {
        for _ in 0..MAX_ROUNDS {
            let found = self.inner.store.account_entry(account_id, EntryKind::PixKey, key).await?;
            let version = found.ok_or_else(unknown)?.version;
            let (kind, name) = (EntryKind::PixKey, key.to_owned());
            let records = vec![
                RecordChange::AccountEntry(EntryChange::Delete { account_id, kind, name, version }),
                self.audited(account_id, actor, "pix_key.deleted", key, "")?,
            ];
            if self.try_commit(records).await? {
                self.inner.accounts.pix.forget(account_id);
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    fn code_lookup(&self, account_id: AccountId, key: &str, code: &str) -> String {
        hex(&self.inner.vault.lookup(Purpose::Credential, &format!("pix key\n{account_id}\n{key}\n{code}")))
    }
}

fn unknown() -> Refusal {
    Refusal::plain(404, "the key is not registered")
}

/// The digits of the document in an account's body.
fn document_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let number = body["identification"]["number"].as_str()?;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}
