//! OAuth 2: a seller lets another's application act for it; an application asks for a token of its own.
//!
//! Codes and refresh tokens are entries of the seller's account under their keyed hash, and are deleted in the commit that uses
//! them: whoever comes second with the same finds nothing. The tokens that come out are credentials of the seller like any
//! other, in the book that the seller has for the application.

mod revocation;

use crate::applications::OwnedApplication;
use crate::audit::Actor;
use crate::credentials::{ClientSecret, Pair, prefix, random_bytes};
use crate::identifiers::Fresh;
use crate::notifications::listeners::{Event, deliveries_for};
use crate::notifications::topics;
use crate::payments::{MAX_ROUNDS, hex};
use crate::{Engine, Failure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pasarela_domain::application::credentials::{CredentialBook, KeptSecret, Origin, SecretKind};
use pasarela_domain::application::oauth::{
    Authorization, CODE_LIFE_MS, Grant, GrantKind, OWN_TOKEN_LIFE_MS, Proof, REFRESH_LIFE_MS, TOKEN_LIFE_MS,
    Used, refused,
};
use pasarela_domain::application::{Flow, Scopes};
use pasarela_domain::identity::{AccountId, ApplicationId, CredentialKind, Mode};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CommitError, CredentialRecord, DeliveryRecord, EntryChange, EntryKind, RecordChange,
};
use pasarela_vault::Purpose;
pub use revocation::Grantee;
use ring::digest;
use serde::Serialize;
use subtle::ConstantTimeEq;

/// The most codes and refresh tokens that are looked at when a seller takes back what it granted.
const MOST_GRANTS: u32 = 1_000;
/// The longest code, token, secret or verifier that is looked at.
const LONGEST_WORD: usize = 256;

/// What the token endpoint is asked, as it was sent.
#[derive(Default)]
pub struct TokenRequest {
    /// `grant_type`
    pub grant_type: Option<String>,
    /// `client_id`; official SDKs leave it out and send their access token as the secret.
    pub client_id: Option<String>,
    /// `client_secret`
    pub client_secret: Option<String>,
    /// `code`
    pub code: Option<String>,
    /// `redirect_uri`
    pub redirect_uri: Option<String>,
    /// `code_verifier`
    pub code_verifier: Option<String>,
    /// `refresh_token`
    pub refresh_token: Option<String>,
    /// Whether test credentials are wanted.
    pub test_token: bool,
}

/// What the token endpoint answers. Never in a `Debug`.
#[derive(Serialize)]
pub struct TokenAnswer {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    user_id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    live_mode: bool,
}

/// What proved an application.
struct Proven {
    /// The mode of an access token; a client secret is of both.
    mode: Option<Mode>,
    /// What it lets its holder do.
    scopes: Scopes,
    /// When it stops to work.
    until: Option<Timestamp>,
}

/// What is issued, and to whom.
struct Issue<'a> {
    application: &'a OwnedApplication,
    account_id: AccountId,
    mode: Mode,
    scopes: Scopes,
    /// When the secret that it was asked for with stops to work: nothing works longer.
    until: Option<Timestamp>,
    /// The code or refresh token that it is for, to be used up.
    spent: Option<Spent>,
    /// Whether a seller is told of for the first time.
    is_first: bool,
}

/// A code or a refresh token that is used up.
struct Spent {
    name: String,
    version: i64,
    grant: Grant,
    /// Refresh tokens that go with it, with their versions: the one whose place it took, and the one that took its own.
    gone: Vec<(String, i64)>,
}

impl Spent {
    /// The code that all this comes of.
    fn family(&self) -> Option<String> {
        match self.grant.kind {
            GrantKind::Code => Some(self.name.clone()),
            GrantKind::RefreshToken => self.grant.family.clone(),
        }
    }
}

impl Engine {
    /// The application that an authorization page is for.
    ///
    /// # Errors
    /// 404 for one that is not there.
    pub async fn client(&self, client_id: &str) -> Result<OwnedApplication, Failure> {
        let found = match client_id.parse() {
            Ok(id) => self.application_by_id(id).await?,
            Err(_) => None,
        };
        // The secrets of the well-known ones are published.
        let there = found.filter(|found| found.details.deleted.is_none() && self.admits(found.account_id));
        Ok(there.ok_or_else(crate::applications::unknown)?)
    }

    /// A seller lets an application in: the code that goes to it.
    ///
    /// # Errors
    /// When it can't be stored.
    pub async fn grant_code(
        &self,
        account_id: AccountId,
        application: &OwnedApplication,
        authorization: &Authorization,
        actor: &Actor,
    ) -> Result<String, Failure> {
        let grant = Grant {
            kind: GrantKind::Code,
            application_id: application.id,
            scopes: authorization.scopes,
            redirect_uri: Some(authorization.redirect_uri.clone()),
            challenge: authorization.challenge.clone(),
            is_test: false,
            expires: self.inner.clock.wall().plus_ms(CODE_LIFE_MS),
            family: None,
            used: None,
            before: None,
        };
        let (code, change) = self.new_grant(account_id, &grant)?;
        let detail = format!("{}: {}", application.details.name, grant.scopes);
        let subject = application.id.to_string();
        let act = self.audited(account_id, actor, "application.authorized", &subject, &detail)?;
        match self.try_commit(vec![change, act]).await? {
            true => Ok(code),
            false => Err(Failure::Unavailable { retry_after_s: 1 }),
        }
    }

    fn new_grant(&self, account_id: AccountId, grant: &Grant) -> Result<(String, RecordChange), Failure> {
        let word = format!("TG-{}-{account_id}", hex(&random_bytes::<12>()));
        let name = self.grant_name(&word);
        Ok((word, self.set_entry(account_id, EntryKind::Grant, &name, 0, grant)?))
    }

    fn grant_name(&self, word: &str) -> String {
        hex(&self.inner.vault.lookup(Purpose::Credential, word))
    }

    /// Answers the token endpoint.
    ///
    /// # Errors
    /// 400 with OAuth's words.
    pub async fn token(&self, request: &TokenRequest) -> Result<TokenAnswer, Failure> {
        let grant_type = request.grant_type.as_deref();
        let grant_type = grant_type.ok_or_else(|| refused("invalid_request", "grant_type is missing"))?;
        if !matches!(grant_type, "authorization_code" | "refresh_token" | "client_credentials") {
            let why = "grant_type must be authorization_code, refresh_token or client_credentials";
            return Err(refused("unsupported_grant_type", why).into());
        }
        let (application, proven) = self.proven_client(request).await?;
        // What a test token proves is good for test credentials alone: it lies about in programs and build logs.
        let is_test = request.test_token || proven.mode == Some(Mode::Test);
        if grant_type == "client_credentials" {
            return self.own_token(&application, is_test, &proven).await;
        }
        if !application.details.flows.contains(&Flow::AuthorizationCode) {
            let why = "the application may not use authorization codes";
            return Err(refused("unauthorized_client", why).into());
        }
        match grant_type {
            "authorization_code" => {
                let code = request.code.as_deref();
                let code = code.ok_or_else(|| refused("invalid_request", "code is missing"))?;
                self.redeem(&application, (GrantKind::Code, is_test), code, request).await
            }
            _ => {
                let token = request.refresh_token.as_deref();
                let token = token.ok_or_else(|| refused("invalid_request", "refresh_token is missing"))?;
                self.redeem(&application, (GrantKind::RefreshToken, is_test), token, request).await
            }
        }
    }

    /// The application that the secret proves: its client secret, or, as official SDKs have it, an access token of its own
    /// that has no end. A token that was asked for here proves nothing: who found one would ask for the next for ever.
    async fn proven_client(&self, request: &TokenRequest) -> Result<(OwnedApplication, Proven), Failure> {
        let wrong = || refused("invalid_client", "client_id or client_secret is wrong");
        let secret = request.client_secret.as_deref().filter(|secret| secret.len() <= LONGEST_WORD);
        let secret = secret.ok_or_else(|| refused("invalid_request", "client_secret is missing"))?;
        let named = match request.client_id.as_deref() {
            Some(id) => Some(self.client(id).await.map_err(|failure| match failure {
                Failure::Refused(_) => wrong().into(),
                other => other,
            })?),
            None => None,
        };
        if let Some(application) = &named
            && let Some(found) = self.client_secret(application, secret).await?
        {
            let proven = Proven { mode: None, scopes: found.scopes, until: found.expires };
            return Ok((application.clone(), proven));
        }
        let Some(identity) = self.identify(secret).await? else { return Err(wrong().into()) };
        let caller = identity.caller;
        let application = self.application_by_id(caller.application_id).await?;
        let application =
            application.filter(|application| self.admits(application.account_id)).ok_or_else(wrong)?;
        let is_own =
            caller.kind == CredentialKind::AccessToken && application.account_id == caller.account_id;
        if !is_own || named.is_some_and(|named| named.id != application.id) {
            return Err(wrong().into());
        }
        let name = application.id.to_string();
        let book =
            self.entry::<CredentialBook>(application.account_id, EntryKind::Credentials, &name).await?;
        // Without a book nothing was asked for yet, and all that there is is the application's own.
        if let Some(book) = book {
            let lookup = hex(&self.inner.vault.lookup(Purpose::Credential, secret));
            let kept = book.value.find(&lookup).ok_or_else(wrong)?;
            if kept.origin != Origin::Application || kept.expires.is_some() {
                return Err(wrong().into());
            }
        }
        Ok((application, Proven { mode: Some(caller.mode), scopes: identity.scopes, until: None }))
    }

    async fn client_secret(
        &self,
        application: &OwnedApplication,
        secret: &str,
    ) -> Result<Option<ClientSecret>, Failure> {
        let lookup = hex(&self.inner.vault.lookup(Purpose::Credential, secret));
        let secrets = self.client_secrets(application.account_id, application.id).await?;
        let is_it = |kept: &ClientSecret| bool::from(kept.lookup.as_bytes().ct_eq(lookup.as_bytes()));
        Ok(secrets.into_iter().find(is_it))
    }

    /// A token for the application's own account.
    async fn own_token(
        &self,
        application: &OwnedApplication,
        is_test: bool,
        proven: &Proven,
    ) -> Result<TokenAnswer, Failure> {
        if !application.details.flows.contains(&Flow::ClientCredentials) {
            let why = "the application may not use client credentials";
            return Err(refused("unauthorized_client", why).into());
        }
        self.issue(&Issue {
            application,
            account_id: application.account_id,
            mode: if is_test { Mode::Test } else { Mode::Live },
            scopes: application.details.scopes.and(proven.scopes),
            until: proven.until,
            spent: None,
            is_first: false,
        })
        .await
    }

    /// Uses a code or a refresh token up.
    async fn redeem(
        &self,
        application: &OwnedApplication,
        (kind, is_test): (GrantKind, bool),
        word: &str,
        request: &TokenRequest,
    ) -> Result<TokenAnswer, Failure> {
        let unknown = || refused("invalid_grant", "it is unknown, or was used");
        // TG-<24 hexadecimal digits>-<account>
        let account_id = word.rsplit_once('-').filter(|_| word.len() <= LONGEST_WORD);
        let account_id: AccountId = account_id.and_then(|(_, id)| id.parse().ok()).ok_or_else(unknown)?;
        let name = self.grant_name(word);
        let Some(entry) = self.entry::<Grant>(account_id, EntryKind::Grant, &name).await? else {
            // Two have the code, and one of them stole it (RFC 6749 4.1.2).
            if kind == GrantKind::Code {
                self.revoke_family(account_id, application, &name).await?;
            }
            return Err(unknown().into());
        };
        let grant = entry.value;
        let verifier_digest = request.code_verifier.as_deref().map(s256);
        let proof = Proof {
            application_id: application.id,
            redirect_uri: request.redirect_uri.as_deref(),
            code_verifier: request.code_verifier.as_deref(),
            verifier_digest: verifier_digest.as_deref(),
        };
        grant.check(kind, &proof, self.inner.clock.wall())?;
        let is_test = grant.is_test || is_test;
        let gone = self.replaced(account_id, &grant).await?;
        self.issue(&Issue {
            application,
            account_id,
            mode: if is_test { Mode::Test } else { Mode::Live },
            scopes: grant.scopes,
            until: None,
            spent: Some(Spent { name, version: entry.version, grant, gone }),
            is_first: kind == GrantKind::Code,
        })
        .await
    }

    /// The refresh tokens that go when `grant` is used: the one before it, and, when it was used before and its client lost the
    /// answer, the one that was given for it.
    async fn replaced(&self, account_id: AccountId, grant: &Grant) -> Result<Vec<(String, i64)>, Failure> {
        let store = &self.inner.store;
        let mut gone = Vec::new();
        if let Some(before) = &grant.before
            && let Some(entry) = store.account_entry(account_id, EntryKind::Grant, before).await?
        {
            gone.push((entry.name, entry.version));
        }
        if let Some(used) = &grant.used {
            let next = store.account_entry(account_id, EntryKind::Grant, &used.next).await?;
            let next = next.filter(|_| used.may_be_asked_again(self.inner.clock.wall()));
            let next = next.ok_or_else(|| refused("invalid_grant", "it is unknown, or was used"))?;
            gone.push((next.name, next.version));
        }
        Ok(gone)
    }

    /// What uses a code or a refresh token up. A refresh token stays for a client that loses the answer.
    fn spend(
        &self,
        account_id: AccountId,
        spent: &Spent,
        next: Option<String>,
    ) -> Result<Vec<RecordChange>, Failure> {
        let delete = |name: &str, version: i64| {
            let (kind, name) = (EntryKind::Grant, name.to_owned());
            RecordChange::AccountEntry(EntryChange::Delete { account_id, kind, name, version })
        };
        let mut records = vec![match (spent.grant.kind, next) {
            (GrantKind::RefreshToken, Some(next)) => {
                let first = spent.grant.used.as_ref().map(|used| used.at);
                let used = Used { at: first.unwrap_or_else(|| self.inner.clock.wall()), next };
                let kept = Grant { used: Some(used), before: None, ..spent.grant.clone() };
                self.set_entry(account_id, EntryKind::Grant, &spent.name, spent.version, &kept)?
            }
            _ => delete(&spent.name, spent.version),
        }];
        records.extend(spent.gone.iter().map(|(name, version)| delete(name, *version)));
        Ok(records)
    }

    /// Ends all tokens that came of a code.
    async fn revoke_family(
        &self,
        account_id: AccountId,
        application: &OwnedApplication,
        family: &str,
    ) -> Result<(), Failure> {
        for _ in 0..MAX_ROUNDS {
            let (mut book, version) = self.credential_book(account_id, application.id).await?;
            let is_its = |kept: &KeptSecret| {
                kept.kind == SecretKind::AccessToken && kept.family.as_deref() == Some(family)
            };
            if !book.revoke(self.inner.clock.wall(), is_its) {
                return Ok(());
            }
            let (name, actor) =
                (application.id.to_string(), Actor { name: "OAuth".to_owned(), address: None });
            let why = "its code was used twice";
            let mut records = vec![
                self.set_entry(account_id, EntryKind::Credentials, &name, version, &book)?,
                self.audited(account_id, &actor, "tokens.revoked", &name, why)?,
            ];
            for entry in self.entries::<Grant>(account_id, EntryKind::Grant, None, MOST_GRANTS).await? {
                if entry.value.family.as_deref() == Some(family) {
                    let (kind, name, version) = (EntryKind::Grant, entry.name, entry.version);
                    let gone = EntryChange::Delete { account_id, kind, name, version };
                    records.push(RecordChange::AccountEntry(gone));
                }
            }
            if self.try_commit(records).await? {
                self.inner.access.forget(application.id);
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Ends one token that was asked for here, or one refresh token, for the application that has it (RFC 7009). What is not
    /// there has ended already.
    ///
    /// # Errors
    /// 400 with OAuth's words, for a client that does not prove itself.
    pub async fn revoke_token(&self, request: &TokenRequest, token: &str) -> Result<(), Failure> {
        let (application, proven) = self.proven_client(request).await?;
        let account_id = token.rsplit_once('-').filter(|_| token.len() <= LONGEST_WORD);
        let Some(account_id) = account_id.and_then(|(_, id)| id.parse::<AccountId>().ok()) else {
            return Ok(());
        };
        // What a test token proves ends test tokens alone.
        let may = |mode: Option<Mode>| proven.mode.is_none() || proven.mode == mode;
        let lookup = self.grant_name(token);
        let actor = Actor { name: format!("client {}", application.id), address: None };
        for _ in 0..MAX_ROUNDS {
            let mut records = Vec::new();
            let grant = self.entry::<Grant>(account_id, EntryKind::Grant, &lookup).await?;
            if let Some(entry) = grant {
                let mode = if entry.value.is_test { Mode::Test } else { Mode::Live };
                if entry.value.application_id != application.id || !may(Some(mode)) {
                    return Ok(());
                }
                let (kind, name, version) = (EntryKind::Grant, entry.name, entry.version);
                records.push(RecordChange::AccountEntry(EntryChange::Delete {
                    account_id,
                    kind,
                    name,
                    version,
                }));
            } else {
                let (mut book, version) = self.credential_book(account_id, application.id).await?;
                let is_it = |kept: &KeptSecret| {
                    kept.lookup == lookup && kept.origin != Origin::Application && may(kept.mode)
                };
                if !book.revoke(self.inner.clock.wall(), is_it) {
                    return Ok(());
                }
                let name = application.id.to_string();
                records.push(self.set_entry(account_id, EntryKind::Credentials, &name, version, &book)?);
            }
            let subject = application.id.to_string();
            records.push(self.audited(account_id, &actor, "token.revoked", &subject, "")?);
            if self.try_commit(records).await? {
                self.inner.access.forget(application.id);
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Makes the tokens, in the commit that uses up what they are for.
    async fn issue(&self, issue: &Issue<'_>) -> Result<TokenAnswer, Failure> {
        let Issue { application, account_id, mode, scopes, .. } = *issue;
        // No real money may move for a test user, whoever asks for its token.
        let mode = if self.is_test_user(account_id).await? { Mode::Test } else { mode };
        let of = (account_id, application.id);
        let life_ms = if issue.spent.is_some() { TOKEN_LIFE_MS } else { OWN_TOKEN_LIFE_MS };
        for _ in 0..MAX_ROUNDS {
            let now = self.inner.clock.wall();
            let (mut book, version) = self.credential_book(account_id, application.id).await?;
            if issue.spent.is_none() && book.is_full_of_own_tokens(mode, now) {
                return self.newest_own_token(issue, &book, now);
            }
            let expires = now.plus_ms(life_ms);
            let expires = issue.until.map_or(expires, |until| until.min(expires));
            let pair = Pair::draw(prefix(mode), application.id, account_id, now);
            let origin =
                if issue.spent.is_some() { Origin::AuthorizationCode } else { Origin::ClientCredentials };
            let token = (SecretKind::AccessToken, Some(mode));
            let mut kept = self.keep(of, token, origin, &pair.access_token, now);
            kept.scopes = scopes;
            kept.expires = Some(expires);
            kept.family = issue.spent.as_ref().and_then(Spent::family);
            let mut records =
                vec![self.credential(of, mode, CredentialKind::AccessToken, &pair.access_token)];
            let mut new = vec![kept];
            let public_key = match self.public_key(of, &book, mode, now)? {
                Some(known) => Some(known),
                None if issue.spent.is_some() => {
                    let key = (SecretKind::PublicKey, Some(mode));
                    new.push(self.keep(of, key, origin, &pair.public_key, now));
                    records.push(self.credential(of, mode, CredentialKind::PublicKey, &pair.public_key));
                    Some(pair.public_key.clone())
                }
                None => None,
            };
            let evicted = book.add(new, now);
            let name = application.id.to_string();
            records.push(self.set_entry(account_id, EntryKind::Credentials, &name, version, &book)?);
            let mut refresh_token = None;
            if let Some(spent) = &issue.spent {
                let mut next = None;
                if scopes.has(Scopes::OFFLINE_ACCESS) {
                    let is_renewed = spent.grant.kind == GrantKind::RefreshToken;
                    let grant = Grant {
                        kind: GrantKind::RefreshToken,
                        application_id: application.id,
                        scopes,
                        redirect_uri: None,
                        challenge: None,
                        is_test: mode == Mode::Test,
                        expires: now.plus_ms(REFRESH_LIFE_MS),
                        family: spent.family(),
                        used: None,
                        before: is_renewed.then(|| spent.name.clone()),
                    };
                    let (word, change) = self.new_grant(account_id, &grant)?;
                    records.push(change);
                    next = Some(self.grant_name(&word));
                    refresh_token = Some(word);
                }
                records.extend(self.spend(account_id, spent, next)?);
            }
            let deliveries = match issue.is_first {
                true => self.connect_deliveries(of, issue.mode, "application.authorized").await?,
                false => Vec::new(),
            };
            if self.commit_told(Changes { records, deliveries, ..Changes::default() }).await? {
                // What is new was never looked for.
                if evicted {
                    self.inner.access.forget(application.id);
                }
                return Ok(TokenAnswer {
                    access_token: pair.access_token,
                    token_type: "Bearer",
                    expires_in: (expires.0 - now.0) / 1_000,
                    scope: scopes.to_string(),
                    user_id: account_id,
                    refresh_token,
                    public_key,
                    live_mode: mode.is_live(),
                });
            }
            // Either the book was changed meanwhile, or what was to be used up was used.
            if let Some(Spent { name, version, .. }) = &issue.spent {
                let left = self.inner.store.account_entry(account_id, EntryKind::Grant, name).await?;
                if left.is_none_or(|left| left.version != *version) {
                    return Err(refused("invalid_grant", "it is unknown, or was used").into());
                }
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Where an application has as many tokens as it may have, it is given the newest once more.
    fn newest_own_token(
        &self,
        issue: &Issue<'_>,
        book: &CredentialBook,
        now: Timestamp,
    ) -> Result<TokenAnswer, Failure> {
        let of = (issue.account_id, issue.application.id);
        let is_it = |kept: &&KeptSecret| {
            let ends = kept.expires.is_some_and(|expires| issue.until.is_none_or(|until| expires <= until));
            kept.scopes == issue.scopes && ends
        };
        if let Some(newest) = book.own_tokens(issue.mode, now).find(is_it)
            && let Some(access_token) = self.shown(of.0, of.1, newest)?
        {
            return Ok(TokenAnswer {
                access_token,
                token_type: "Bearer",
                expires_in: newest.expires.map_or(0, |expires| (expires.0 - now.0) / 1_000),
                scope: newest.scopes.to_string(),
                user_id: of.0,
                refresh_token: None,
                public_key: self.public_key(of, book, issue.mode, now)?,
                live_mode: issue.mode.is_live(),
            });
        }
        Err(Refusal::keyed(429, "too_many_tokens", "use one of the tokens that were given before").into())
    }

    fn credential(
        &self,
        (account_id, application_id): (AccountId, ApplicationId),
        mode: Mode,
        kind: CredentialKind,
        secret: &str,
    ) -> RecordChange {
        let lookup = self.inner.vault.lookup(Purpose::Credential, secret);
        let well_known = false;
        RecordChange::InsertCredential(CredentialRecord {
            lookup,
            kind,
            account_id,
            application_id,
            mode,
            well_known,
        })
    }

    /// The public key that the account has for the application, if it can be shown.
    fn public_key(
        &self,
        (account_id, application_id): (AccountId, ApplicationId),
        book: &CredentialBook,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Option<String>, Failure> {
        let is_key = |kept: &&KeptSecret| {
            kept.kind == SecretKind::PublicKey
                && kept.mode == Some(mode)
                && kept.expires.is_none()
                && kept.works(now)
        };
        match book.secrets.iter().rev().find(is_key) {
            Some(kept) => self.shown(account_id, application_id, kept),
            None => Ok(None),
        }
    }

    /// The application's notification of what a seller did.
    async fn connect_deliveries(
        &self,
        (account_id, application_id): (AccountId, ApplicationId),
        mode: Mode,
        action: &'static str,
    ) -> Result<Vec<DeliveryRecord>, Failure> {
        let Some(topic) = topics::by_name("mp-connect") else { return Ok(Vec::new()) };
        let settings = self.notification_settings(application_id).await?;
        let now = self.inner.clock.wall();
        let event = Event {
            account_id,
            application_id,
            mode,
            topic,
            action,
            resource_id: account_id.to_string(),
            notification_url: None,
            data: None,
            happened: self.inner.clock.now(account_id, mode),
        };
        Ok(deliveries_for(&event, settings.of(mode), &mut Fresh(&self.inner.ids), now))
    }

    /// Commits, and wakes who delivers; `false` when somebody was faster.
    pub(crate) async fn commit_told(&self, changes: Changes) -> Result<bool, Failure> {
        let earliest = changes.deliveries.iter().map(|delivery| delivery.next_attempt).min();
        match self.inner.store.commit(changes).await {
            Ok(()) => {
                if let Some(earliest) = earliest {
                    self.inner.delivery_wake.committed_from(earliest);
                    self.inner.listeners_wake.notify_waiters();
                }
                Ok(true)
            }
            Err(CommitError::VersionConflict | CommitError::AlreadyExists(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The base64url of a verifier's SHA-256 (RFC 7636 §4.6).
fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::s256;

    /// RFC 7636, appendix B.
    #[test]
    fn a_verifiers_digest_is_the_rfcs() {
        let digest = s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(digest, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
