//! The credentials of applications: drawn, kept, shown again, renewed; and when they were last used.

use crate::access::merge_uses;
use crate::audit::Actor;
use crate::inbox::Inbox;
use crate::payments::{MAX_ROUNDS, from_json, hex};
use crate::{Engine, Failure, activation, seeds};
use pasarela_domain::application::Scopes;
use pasarela_domain::application::credentials::{CredentialBook, KeptSecret, Origin, SecretKind};
use pasarela_domain::identity::{AccountId, ApplicationId, CredentialKind, Mode};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::{HOUR, Timestamp};
use pasarela_store::{ApplicationRecord, CredentialRecord, EntryKind, RecordChange};
use pasarela_vault::Purpose;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// How often it is written when credentials were last used: a crash loses the uses of so long.
const WRITE_USES_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked for what an operator asks by a file.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How far back it is looked for what other nodes changed: longer than a commit takes, and than their clocks differ.
const LOOK_BACK_MS: i64 = 120_000;

/// A public key and an access token of one mode. Never in a `Debug`.
#[derive(Clone, Serialize)]
pub struct Pair {
    /// For browsers.
    pub public_key: String,
    /// For servers.
    pub access_token: String,
}

/// The secrets of a new application. Never in a `Debug`.
#[derive(Clone, Serialize)]
pub struct NewSecrets {
    /// 32 letters and digits.
    pub client_secret: String,
    /// 64 hexadecimal digits; verifies `x-signature` of live webhooks.
    pub webhook_secret: String,
    /// The same of test webhooks.
    pub test_webhook_secret: String,
    /// Test credentials.
    pub test: Pair,
    /// Live credentials.
    pub live: Pair,
    /// Whether what looks live is of test mode, too: a test user's.
    #[serde(skip)]
    pub(crate) is_test: bool,
}

/// What a renewal made. Never in a `Debug`.
pub struct Renewal<T> {
    /// The new secrets.
    pub new: T,
    /// Until when the ones before them work, too.
    pub previous_until: Option<Timestamp>,
}

impl Pair {
    /// A new one: the prefix says to people which mode it is of, the program goes by what is stored with it.
    pub(crate) fn draw(
        prefix: &str,
        application_id: ApplicationId,
        account_id: AccountId,
        now: Timestamp,
    ) -> Pair {
        Pair {
            public_key: format!("{prefix}-{}", uuid::Uuid::new_v4()),
            access_token: format!(
                "{prefix}-{application_id}-{}-{}-{account_id}",
                issued(now),
                hex(&random_bytes::<16>())
            ),
        }
    }

    fn parts(&self) -> [(CredentialKind, &str); 2] {
        [(CredentialKind::PublicKey, &self.public_key), (CredentialKind::AccessToken, &self.access_token)]
    }
}

impl NewSecrets {
    pub(crate) fn draw(application_id: ApplicationId, account_id: AccountId, now: Timestamp) -> NewSecrets {
        let webhook_secret = hex(&random_bytes::<32>());
        NewSecrets {
            client_secret: random_alphanumeric(32),
            test_webhook_secret: crate::notifications::signature::test_secret(&webhook_secret),
            webhook_secret,
            test: Pair::draw(prefix(Mode::Test), application_id, account_id, now),
            live: Pair::draw(prefix(Mode::Live), application_id, account_id, now),
            is_test: false,
        }
    }

    fn pairs(&self) -> [(Mode, &Pair); 2] {
        let live = if self.is_test { Mode::Test } else { Mode::Live };
        [(Mode::Test, &self.test), (live, &self.live)]
    }
}

/// How credentials of a mode begin.
pub(crate) const fn prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Test => "TEST",
        Mode::Live => "APP_USR",
    }
}

/// A client secret that works.
pub(crate) struct ClientSecret {
    /// Its keyed hash, in hexadecimal digits.
    pub(crate) lookup: String,
    /// What it lets its holder do.
    pub(crate) scopes: Scopes,
    /// From when it does not work any more.
    pub(crate) expires: Option<Timestamp>,
}

/// A credential as a list shows it: with its secret where it can be shown. Never in a `Debug`.
pub struct ShownSecret {
    /// What is kept of it.
    pub kept: KeptSecret,
    /// It, if it was kept sealed.
    pub secret: Option<String>,
    /// When it was last used, to the minute after a crash.
    pub last_used: Option<Timestamp>,
}

impl Engine {
    /// A secret as the book keeps it.
    pub(crate) fn keep(
        &self,
        (account_id, application_id): (AccountId, ApplicationId),
        (kind, mode): (SecretKind, Option<Mode>),
        origin: Origin,
        secret: &str,
        now: Timestamp,
    ) -> KeptSecret {
        let lookup = hex(&self.inner.vault.lookup(Purpose::Credential, secret));
        let record = sealed_record(account_id, application_id, &lookup);
        let sealed = self.inner.vault.seal_secret(secret.as_bytes(), &record);
        KeptSecret {
            lookup,
            kind,
            mode,
            origin,
            scopes: Scopes::ALL,
            created: now,
            expires: None,
            sealed: Some(hex(&sealed.0)),
            family: None,
        }
    }

    pub(crate) fn kept(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
        secrets: &NewSecrets,
        now: Timestamp,
    ) -> Vec<KeptSecret> {
        let of = (account_id, application_id);
        let mut kept: Vec<KeptSecret> = secrets
            .pairs()
            .into_iter()
            .flat_map(|(mode, pair)| self.kept_pair(of, mode, Origin::Application, pair, now))
            .collect();
        let client_secret = (SecretKind::ClientSecret, None);
        kept.push(self.keep(of, client_secret, Origin::Application, &secrets.client_secret, now));
        kept
    }

    pub(crate) fn kept_pair(
        &self,
        of: (AccountId, ApplicationId),
        mode: Mode,
        origin: Origin,
        pair: &Pair,
        now: Timestamp,
    ) -> Vec<KeptSecret> {
        let parts = pair.parts().into_iter();
        parts.map(|(kind, secret)| self.keep(of, (kind.into(), Some(mode)), origin, secret, now)).collect()
    }

    pub(crate) fn credential_records(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
        secrets: &NewSecrets,
    ) -> Vec<RecordChange> {
        let pairs = secrets.pairs().into_iter();
        pairs.flat_map(|(mode, pair)| self.pair_records(account_id, application_id, mode, pair)).collect()
    }

    pub(crate) fn pair_records(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
        mode: Mode,
        pair: &Pair,
    ) -> Vec<RecordChange> {
        let record = |(kind, secret): (CredentialKind, &str)| {
            RecordChange::InsertCredential(CredentialRecord {
                lookup: self.inner.vault.lookup(Purpose::Credential, secret),
                kind,
                account_id,
                application_id,
                mode,
                well_known: false,
            })
        };
        pair.parts().into_iter().map(record).collect()
    }

    /// The credentials of an application for an account, and the version that a change of them names.
    pub(crate) async fn credential_book(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
    ) -> Result<(CredentialBook, i64), Failure> {
        let name = application_id.to_string();
        match self.entry(account_id, EntryKind::Credentials, &name).await? {
            Some(entry) => Ok((entry.value, entry.version)),
            None => Ok((self.first_book(account_id, application_id).await?, 0)),
        }
    }

    /// What an application has that is well-known, or older than the book.
    async fn first_book(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
    ) -> Result<CredentialBook, Failure> {
        let Some(application) = self.inner.store.application(application_id).await? else {
            return Ok(CredentialBook::default());
        };
        if application.account_id != account_id {
            return Ok(CredentialBook::default());
        }
        let created = seeds::REGISTERED;
        let kept = |lookup: String, kind, mode| KeptSecret {
            lookup,
            kind,
            mode,
            origin: Origin::Application,
            scopes: Scopes::ALL,
            created,
            expires: None,
            sealed: None,
            family: None,
        };
        let mut secrets = Vec::new();
        for record in self.inner.store.credentials_of(account_id, application_id).await? {
            secrets.push(kept(hex(&record.lookup), record.kind.into(), Some(record.mode)));
        }
        let lookup = self.first_client_secret(&application)?;
        secrets.extend(lookup.map(|lookup| kept(lookup, SecretKind::ClientSecret, None)));
        Ok(CredentialBook { secrets })
    }

    /// The keyed hash of the client secret that an application without a book has.
    fn first_client_secret(&self, application: &ApplicationRecord) -> Result<Option<String>, Failure> {
        let body: crate::applications::ApplicationBody = from_json(&application.body, "an application")?;
        let well_known = seeds::client_secret(application.id)
            .map(|secret| hex(&self.inner.vault.lookup(Purpose::Credential, secret)));
        Ok(body.client_secret_lookup.or(well_known))
    }

    /// The client secrets of an application that work. Whoever asks is nobody yet, so nothing but the application is read.
    pub(crate) async fn client_secrets(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
    ) -> Result<Vec<ClientSecret>, Failure> {
        let name = application_id.to_string();
        if let Some(entry) = self.entry::<CredentialBook>(account_id, EntryKind::Credentials, &name).await? {
            let now = self.inner.clock.wall();
            let secrets = entry.value.secrets.into_iter();
            return Ok(secrets
                .filter(|kept| kept.kind == SecretKind::ClientSecret && kept.works(now))
                .map(|kept| ClientSecret { lookup: kept.lookup, scopes: kept.scopes, expires: kept.expires })
                .collect());
        }
        let Some(application) = self.inner.store.application(application_id).await? else {
            return Ok(Vec::new());
        };
        let lookup = self.first_client_secret(&application)?;
        Ok(lookup
            .map(|lookup| ClientSecret { lookup, scopes: Scopes::ALL, expires: None })
            .into_iter()
            .collect())
    }

    /// The application's own credentials that work, newest first, with their secrets where these can be shown, and the
    /// tokens that it asked for itself, without.
    ///
    /// # Errors
    /// 404 for an application that is not the account's.
    pub async fn own_credentials(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
    ) -> Result<Vec<ShownSecret>, Failure> {
        self.application(account_id, application_id).await?;
        let now = self.inner.clock.wall();
        let (book, _) = self.credential_book(account_id, application_id).await?;
        let uses = self.last_uses((account_id, application_id), &book).await?;
        let mut shown = Vec::new();
        for kept in book.secrets.into_iter().rev() {
            if kept.origin != Origin::AuthorizationCode && kept.works(now) {
                let secret = match kept.origin {
                    Origin::Application => self.shown(account_id, application_id, &kept)?,
                    _ => None,
                };
                let last_used = uses.get(&kept.lookup).map(|at| Timestamp(*at));
                shown.push(ShownSecret { kept, secret, last_used });
            }
        }
        Ok(shown)
    }

    /// Until when the latest of an application's own credentials in grace works, if there is one.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn grace_until(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
    ) -> Result<Option<Timestamp>, Failure> {
        let name = application_id.to_string();
        let book = self.entry::<CredentialBook>(account_id, EntryKind::Credentials, &name).await?;
        let now = self.inner.clock.wall();
        Ok(book.and_then(|book| book.value.in_grace(now).filter_map(|secret| secret.expires).max()))
    }

    /// Notes that somebody looks at an application's secrets.
    ///
    /// # Errors
    /// 404 for an application that is not the account's.
    pub async fn note_reveal(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
        actor: &Actor,
    ) -> Result<(), Failure> {
        self.application(account_id, application_id).await?;
        let name = application_id.to_string();
        let act = self.audited(account_id, actor, "credentials.revealed", &name, "")?;
        self.try_commit(vec![act]).await.map(drop)
    }

    pub(crate) fn shown(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
        kept: &KeptSecret,
    ) -> Result<Option<String>, Failure> {
        let Some(sealed) = kept.sealed.as_deref().and_then(crate::notifications::secrets::unhex) else {
            let is_it =
                |secret: &&str| hex(&self.inner.vault.lookup(Purpose::Credential, secret)) == kept.lookup;
            return Ok(seeds::secrets_of(application_id).into_iter().find(is_it).map(str::to_owned));
        };
        let record = sealed_record(account_id, application_id, &kept.lookup);
        let opened = self.inner.vault.open_secret(&sealed, &record)?;
        Ok(String::from_utf8(opened.to_vec()).ok())
    }

    /// Gives an application a new public key and access token of a mode. The ones before them work for `grace_ms` more.
    ///
    /// # Errors
    /// 404 for an application that is not the account's, 400 for live ones of a test user.
    pub async fn renew_credentials(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
        mode: Mode,
        grace_ms: i64,
        actor: &Actor,
    ) -> Result<Renewal<Pair>, Failure> {
        if mode.is_live() && self.is_test_user(account_id).await? {
            return Err(Refusal::plain(400, "a test user has test credentials alone").into());
        }
        let act = format!("{} public key and access token", mode.name());
        for _ in 0..MAX_ROUNDS {
            let now = self.inner.clock.wall();
            let new = Pair::draw(prefix(mode), application_id, account_id, now);
            let kept = self.kept_pair((account_id, application_id), mode, Origin::Application, &new, now);
            let records = self.pair_records(account_id, application_id, mode, &new);
            let renewed = self
                .try_renew((account_id, application_id), kept, records, (grace_ms, now), (&act, actor))
                .await?;
            if let Some(previous_until) = renewed {
                return Ok(Renewal { new, previous_until });
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Gives an application a new client secret. The one before it works for `grace_ms` more.
    ///
    /// # Errors
    /// 404 for an application that is not the account's.
    pub async fn renew_client_secret(
        &self,
        account_id: AccountId,
        application_id: ApplicationId,
        grace_ms: i64,
        actor: &Actor,
    ) -> Result<Renewal<String>, Failure> {
        let of = (account_id, application_id);
        for _ in 0..MAX_ROUNDS {
            let now = self.inner.clock.wall();
            let new = random_alphanumeric(32);
            let kept = self.keep(of, (SecretKind::ClientSecret, None), Origin::Application, &new, now);
            let renewed =
                self.try_renew(of, vec![kept], Vec::new(), (grace_ms, now), ("client secret", actor)).await?;
            if let Some(previous_until) = renewed {
                return Ok(Renewal { new, previous_until });
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Writes a renewal; `None` when somebody was faster.
    async fn try_renew(
        &self,
        (account_id, application_id): (AccountId, ApplicationId),
        kept: Vec<KeptSecret>,
        mut records: Vec<RecordChange>,
        (grace_ms, now): (i64, Timestamp),
        (what, actor): (&str, &Actor),
    ) -> Result<Option<Option<Timestamp>>, Failure> {
        self.application(account_id, application_id).await?;
        let name = application_id.to_string();
        let (mut book, version) = self.credential_book(account_id, application_id).await?;
        book.renew(kept, grace_ms, now)?;
        let until = book.in_grace(now).filter_map(|secret| secret.expires).max();
        let until = until.filter(|_| grace_ms > 0);
        let detail = match until {
            Some(until) => format!("{what}; the old ones work until {}", until.to_wire()),
            None => format!("{what}; the old ones stopped at once"),
        };
        records.push(self.set_entry(account_id, EntryKind::Credentials, &name, version, &book)?);
        records.push(self.audited(account_id, actor, "credentials.renewed", &name, &detail)?);
        if !self.try_commit(records).await? {
            return Ok(None);
        }
        self.inner.access.forget(application_id);
        Ok(Some(until))
    }

    /// When an application's credentials were last used, by their keyed hashes: what is written, and what is not yet.
    async fn last_uses(
        &self,
        of: (AccountId, ApplicationId),
        book: &CredentialBook,
    ) -> Result<BTreeMap<String, i64>, Failure> {
        let entry = self.entry(of.0, EntryKind::LastUse, &of.1.to_string()).await?;
        let mut uses = entry.map(|entry| entry.value).unwrap_or_default();
        let lookup = |kept: &KeptSecret| crate::notifications::secrets::unhex(&kept.lookup)?.try_into().ok();
        let lookups: Vec<_> =
            book.secrets.iter().filter_map(|kept| Some((lookup(kept)?, kept.lookup.as_str()))).collect();
        self.inner.access.add_uses(of, &lookups, &mut uses);
        Ok(uses)
    }

    /// Writes when credentials were last used.
    pub(crate) async fn write_last_uses(&self) -> Result<(), Failure> {
        let mut taken = self.inner.access.take_uses().into_iter();
        while let Some((of, uses)) = taken.next() {
            match self.write_uses(of, &uses).await {
                Ok(true) => {}
                Ok(false) => self.inner.access.put_back([(of, uses)]),
                Err(failure) => {
                    self.inner.access.put_back(std::iter::once((of, uses)).chain(taken));
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    /// Whether the uses could be written before somebody else wrote others.
    async fn write_uses(
        &self,
        (account_id, application_id): (AccountId, ApplicationId),
        uses: &BTreeMap<String, i64>,
    ) -> Result<bool, Failure> {
        let name = application_id.to_string();
        for _ in 0..MAX_ROUNDS {
            let entry = self.entry::<BTreeMap<String, i64>>(account_id, EntryKind::LastUse, &name).await?;
            let (mut all, version) = entry.map_or((BTreeMap::new(), 0), |entry| (entry.value, entry.version));
            merge_uses(&mut all, uses);
            trim(&mut all);
            let change = self.set_entry(account_id, EntryKind::LastUse, &name, version, &all)?;
            if self.try_commit(vec![change]).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Seals kept secrets under the vault's current key.
    pub(crate) async fn reseal_credentials(&self) -> Result<u64, Failure> {
        let mut resealed = 0;
        let all = self.inner.store.account_entries_since(EntryKind::Credentials, Timestamp(i64::MIN)).await?;
        for entry in all {
            let Ok(application_id) = entry.name.parse::<ApplicationId>() else { continue };
            for _ in 0..MAX_ROUNDS {
                let (mut book, version) = self.credential_book(entry.account_id, application_id).await?;
                let mut changed = 0;
                for kept in &mut book.secrets {
                    let Some(sealed) = kept.sealed.as_deref().and_then(crate::notifications::secrets::unhex)
                    else {
                        continue;
                    };
                    let record = sealed_record(entry.account_id, application_id, &kept.lookup);
                    if let Some(again) = self.inner.vault.reseal_secret(&sealed, &record)? {
                        kept.sealed = Some(hex(&again.0));
                        changed += 1;
                    }
                }
                if changed == 0 {
                    break;
                }
                let change =
                    self.set_entry(entry.account_id, EntryKind::Credentials, &entry.name, version, &book)?;
                if self.try_commit(vec![change]).await? {
                    resealed += changed;
                    break;
                }
            }
        }
        Ok(resealed)
    }
}

/// Keeps the newest uses, twice as many as there are credentials.
fn trim(uses: &mut BTreeMap<String, i64>) {
    const MOST: usize = 2 * pasarela_domain::application::credentials::MOST_CREDENTIALS;
    if uses.len() > MOST {
        let mut newest: Vec<i64> = uses.values().copied().collect();
        newest.sort_unstable_by(|one, other| other.cmp(one));
        let oldest_kept = newest[MOST - 1];
        uses.retain(|_, at| *at >= oldest_kept);
    }
}

/// Writes when credentials were last used, and learns of those that other nodes changed, until `shutdown` is ready.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    let inbox = engine.inner.store.directory().map(|directory| Inbox::open(directory, activation::INBOX));
    let looks = engine.inner.store.look_for_others_every();
    let pause = looks.or(inbox.as_ref().map(|_| LOOK_EVERY)).unwrap_or(WRITE_USES_EVERY);
    let mut looked = engine.inner.clock.wall();
    let mut seen: HashMap<(EntryKind, AccountId, String), i64> = HashMap::new();
    let mut write = tokio::time::interval(WRITE_USES_EVERY);
    write.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            _ = write.tick() => {
                if let Err(error) = engine.write_last_uses().await {
                    tracing::warn!(%error, "the last uses of credentials could not be written");
                }
                continue;
            }
            () = tokio::time::sleep(pause) => {}
        }
        if let Some(inbox) = &inbox {
            inbox.serve(|asked| activation::answer(&engine, asked)).await;
        }
        if looks.is_none() {
            continue;
        }
        let now = engine.inner.clock.wall();
        match engine.learn_of_changes(looked.plus_ms(-LOOK_BACK_MS), &mut seen).await {
            Ok(()) => looked = now,
            Err(error) => tracing::warn!(%error, "changed credentials could not be looked for"),
        }
    }
    if let Err(error) = engine.write_last_uses().await {
        tracing::warn!(%error, "the last uses of credentials could not be written");
    }
}

impl Engine {
    async fn learn_of_changes(
        &self,
        since: Timestamp,
        seen: &mut HashMap<(EntryKind, AccountId, String), i64>,
    ) -> Result<(), Failure> {
        let mut now_seen = HashMap::new();
        for kind in [EntryKind::Application, EntryKind::Credentials] {
            for entry in self.inner.store.account_entries_since(kind, since).await? {
                let key = (kind, entry.account_id, entry.name);
                if seen.get(&key) != Some(&entry.version)
                    && let Ok(application_id) = key.2.parse()
                {
                    self.inner.access.forget(application_id);
                }
                now_seen.insert(key, entry.version);
            }
        }
        *seen = now_seen;
        Ok(())
    }
}

/// The bytes that tie a sealed secret to its row, so that it can't be swapped for another's.
fn sealed_record(account_id: AccountId, application_id: ApplicationId, lookup: &str) -> Vec<u8> {
    format!("account/{account_id}/application/{application_id}/credential/{lookup}").into_bytes()
}

/// `MMDDHH` at −04:00, as access tokens have it.
fn issued(now: Timestamp) -> String {
    let wire = now.plus_ms(-4 * HOUR).to_utc_seconds();
    // 2026-11-21T08:…
    let digits: Vec<char> = wire.chars().filter(char::is_ascii_digit).collect();
    digits.iter().skip(4).take(6).collect()
}

/// Sixteen digits below 2^53, which JavaScript reads exactly.
pub(crate) fn draw_application_id() -> ApplicationId {
    1_000_000_000_000_000 + random_below(8_000_000_000_000_000)
}

/// Ten digits that fit in 31 bits, for clients that read ids so.
pub(crate) fn draw_account_id() -> AccountId {
    1_000_000_000 + random_below(1_100_000_000)
}

pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The operating system's generator has no failure after which a secret could be made.
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

pub(crate) fn random_below(bound: u64) -> i64 {
    // Bounds are below 2^53, so the bias of the remainder is below 2^-11; these numbers are no secrets.
    i64::try_from(u64::from_le_bytes(random_bytes()) % bound).unwrap_or_default()
}

pub(crate) fn random_alphanumeric(length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let [byte] = random_bytes::<1>();
        // 248 is the largest multiple of 62: beyond it, some letters would come more often.
        if byte < 248 {
            text.push(char::from(ALPHABET[usize::from(byte % 62)]));
        }
    }
    text
}

/// What the API shows of an application's credentials.
pub fn to_json(shown: &[ShownSecret]) -> Value {
    let list = shown.iter().map(|shown| {
        json!({
            "kind": shown.kept.kind,
            "mode": shown.kept.mode,
            "origin": shown.kept.origin,
            "secret": shown.secret,
            "scopes": shown.kept.scopes,
            "date_created": shown.kept.created,
            "expires": shown.kept.expires,
            "last_used": shown.last_used,
        })
    });
    Value::Array(list.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_of_issue_is_four_behind_utc() {
        // 2023-09-12T15:48:00Z is 11:48 at −04:00.
        assert_eq!(issued(Timestamp::parse("2023-09-12T15:48:00Z").unwrap()), "091211");
        assert_eq!(issued(Timestamp::parse("2024-01-01T03:00:00Z").unwrap()), "123123");
    }

    #[test]
    fn secrets_have_their_published_shapes_and_differ() {
        let (first, second) = (random_alphanumeric(32), random_alphanumeric(32));
        assert!(
            first.len() == 32 && first.bytes().all(|byte| byte.is_ascii_alphanumeric()) && first != second
        );
        let pair = Pair::draw("TEST", 1_234_567_890_123_456, 1_000_000_007, Timestamp(0));
        assert!(pair.access_token.starts_with("TEST-1234567890123456-123120-"));
        assert!(pair.access_token.ends_with("-1000000007"));
    }

    #[test]
    fn uses_are_kept_of_the_newest_alone() {
        let mut uses: BTreeMap<String, i64> = (0..1_000).map(|at| (at.to_string(), at)).collect();
        trim(&mut uses);
        assert_eq!((uses.len(), uses.values().min()), (280, Some(&720)));
    }
}
