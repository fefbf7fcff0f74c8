//! The proof that a person's e-mail is its own.
//!
//! Anybody may sign up with any e-mail, and an e-mail is money here: a payment's payer is found by it, and what it is paid
//! back lands in the payer's wallet. So an account that signed up is nobody's payer, has no wallet and is not found by its
//! e-mail, until the code that is sent there is said in the panel, or an operator vouches for it.

use crate::audit::Actor;
use crate::credentials::random_below;
use crate::logins::KnownLogin;
use crate::payments::{MAX_ROUNDS, hex, to_json};
use crate::{Engine, Failure};
use pasarela_domain::contact_codes::{self, CodeProof, SentCodes};
use pasarela_domain::identity::AccountId;
use pasarela_domain::login::LoginState;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::site::Site;
use pasarela_store::{EntryKind, LoginChange, LoginRecord, RecordChange};
use pasarela_vault::Purpose;

/// The entry with the codes of the account's e-mail.
const NAME: &str = "email";
/// What a message with a code says, in the panel's three languages: nobody knows yet which one is read.
const CODE_SUBJECT: &str = "Pasarela";
const CODE_TEXT: &str = "Código para confirmar tu correo en el panel, durante 30 minutos.\r\n\
    Código para confirmar seu e-mail no painel, por 30 minutos.\r\n\
    Code that confirms your e-mail in the panel, for 30 minutes.";

impl Engine {
    /// Whether the account's e-mail is its own. Accounts without a login were made by an operator, who vouches for them.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn is_email_verified(&self, account_id: AccountId) -> Result<bool, Failure> {
        Ok(self.login_of(account_id).await?.is_none_or(|login| login.state.email_verified))
    }

    /// The account of a site whose own e-mail this is.
    pub(crate) async fn account_with_own(
        &self,
        site: Site,
        email: &str,
    ) -> Result<Option<AccountId>, Failure> {
        let Some(account) = self.inner.store.account_by_email(site, email).await? else { return Ok(None) };
        Ok(self.is_email_verified(account.id).await?.then_some(account.id))
    }

    /// Sends a code to the account's e-mail.
    ///
    /// # Errors
    /// 400 when it is proved already, 429 for a code too many, 503 when no message can be sent.
    pub async fn send_email_code(&self, account_id: AccountId) -> Result<(), Failure> {
        self.unproved(account_id).await?;
        let account = self.account(account_id).await?.ok_or_else(|| Refusal::plain(404, "user not found"))?;
        let code = format!("{:08}", random_below(100_000_000));
        for _ in 0..MAX_ROUNDS {
            let (mut sent, version) = self.sent_codes(account_id, NAME).await?;
            let now = self.inner.clock.wall();
            sent.count(now)?;
            sent.proof = Some(CodeProof::new(self.email_code_lookup(account_id, &code), now));
            let change = self.set_entry(account_id, EntryKind::SentCodes, NAME, version, &sent)?;
            // Counted before it is sent: calls at once send one message.
            if self.try_commit(vec![change]).await? {
                return self
                    .post_message(&account.email, CODE_SUBJECT, &format!("{CODE_TEXT}\r\n\r\n{code}"))
                    .await;
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Proves the account's e-mail with the code that was sent there.
    ///
    /// # Errors
    /// 400 for a wrong code, or when its time or its tries are over, and when there is nothing to prove.
    pub async fn prove_email(&self, account_id: AccountId, code: &str, actor: &Actor) -> Result<(), Failure> {
        for _ in 0..MAX_ROUNDS {
            let login = self.unproved(account_id).await?;
            let (mut sent, version) = self.sent_codes(account_id, NAME).await?;
            let proof = sent.proof.as_mut().ok_or_else(|| contact_codes::refused("no code was sent"))?;
            let lookup = self.email_code_lookup(account_id, code.trim());
            let is_right = proof.try_code(&lookup, self.inner.clock.wall())?;
            if is_right {
                sent.proof = None;
            }
            let mut records = vec![self.set_entry(account_id, EntryKind::SentCodes, NAME, version, &sent)?];
            if is_right {
                records.extend(self.proved(&login, actor).await?);
            }
            // A wrong code is counted before it is answered: nobody guesses faster by asking at once.
            if self.try_commit(records).await? {
                if is_right {
                    self.forget_guest(account_id).await?;
                    return Ok(());
                }
                return Err(contact_codes::refused("the code is another one").into());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// An operator vouches for the e-mail of the account of a site.
    ///
    /// # Errors
    /// 404 for an account that is not there, 400 when it is proved already.
    pub async fn vouch_for_email(&self, site: Site, email: &str, actor: &Actor) -> Result<(), Failure> {
        let account = self.inner.store.account_by_email(site, &email.to_lowercase()).await?;
        let account = account.ok_or_else(|| Refusal::plain(404, "account not found"))?;
        for _ in 0..MAX_ROUNDS {
            let login = self.unproved(account.id).await?;
            if self.try_commit(self.proved(&login, actor).await?).await? {
                return self.forget_guest(account.id).await;
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// The codes that an account was sent for a purpose, and the version that a change of them names.
    pub(crate) async fn sent_codes(
        &self,
        account_id: AccountId,
        name: &str,
    ) -> Result<(SentCodes, i64), Failure> {
        let entry = self.entry::<SentCodes>(account_id, EntryKind::SentCodes, name).await?;
        Ok(entry.map_or_else(Default::default, |entry| (entry.value, entry.version)))
    }

    async fn unproved(&self, account_id: AccountId) -> Result<KnownLogin, Failure> {
        let login = self.login_of(account_id).await?.filter(|login| !login.state.email_verified);
        Ok(login.ok_or_else(|| Refusal::plain(400, "the e-mail is confirmed already"))?)
    }

    async fn proved(&self, login: &KnownLogin, actor: &Actor) -> Result<Vec<RecordChange>, Failure> {
        let account = self.account(login.account_id).await?;
        let email = account.map(|account| account.email.clone()).unwrap_or_default();
        let state = LoginState { email_verified: true, ..login.state.clone() };
        let record = LoginRecord { body: to_json(&state)?, ..login.record.clone() };
        Ok(vec![
            RecordChange::Login(LoginChange::Update(record)),
            self.audited(login.account_id, actor, "email.verified", &email, "")?,
        ])
    }

    /// From now on payments that name the e-mail are the account's.
    async fn forget_guest(&self, account_id: AccountId) -> Result<(), Failure> {
        if let Some(account) = self.account(account_id).await? {
            self.forget_payer(&account.email);
        }
        Ok(())
    }

    fn email_code_lookup(&self, account_id: AccountId, code: &str) -> String {
        hex(&self.inner.vault.lookup(Purpose::Credential, &format!("e-mail\n{account_id}\n{code}")))
    }
}
