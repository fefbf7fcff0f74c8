//! A password that was forgotten is set anew by whoever reads the login's e-mail.
//!
//! Who asks learns nothing of whether there is such a login: the answer is the same and comes as soon, because everything else is
//! done after it. The link's word has 256 random bits and is kept as a hash; it is good for half an hour and once, and only the last
//! one that was sent is. The second factor is demanded all the same.

use super::another_password::TakenOver;
use super::attempts::Attempt;
use super::known_login;
use crate::audit::Actor;
use crate::payments::{MAX_ROUNDS, hex};
use crate::{Engine, Failure};
use pasarela_domain::contact_codes::{CodeProof, SentCodes};
use pasarela_domain::identity::AccountId;
use pasarela_domain::login::{check_new_password, normal_name};
use pasarela_domain::refusal::Refusal;
use pasarela_store::{EntryKind, Lookup};
use pasarela_vault::Purpose;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// The entry with what was sent.
const NAME: &str = "password";
/// How many random hexadecimal digits a link's word has.
const DIGITS: usize = 64;
/// Longer than any word.
const LONGEST_WORD: usize = 96;
/// How long after a request what there is to do for it begins: its answer is on its way then, and is not late where there is more.
const AFTER_THE_ANSWER: Duration = Duration::from_millis(100);
const SUBJECT: &str = "Pasarela";
const TEXT: &str = "Alguien pidió recuperar tu contraseña del panel. Si fuiste vos, abrí este enlace dentro de 30 minutos; si no, ignoralo.\r\n\
    Alguém pediu para recuperar sua senha do painel. Se foi você, abra este link em 30 minutos; se não, ignore.\r\n\
    Somebody asked to recover your password of the panel. If it was you, open this link within 30 minutes; if not, do nothing.";

/// A link that still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Whose login.
    pub account_id: AccountId,
    /// Whether the login demands a code, too.
    pub demands_code: bool,
}

impl Engine {
    /// Sends a link to whoever logs in with this name, if anybody does.
    ///
    /// # Errors
    /// 429 for a name that was said too often, whether it is anybody's or not.
    pub fn ask_recovery(&self, name: &str) -> Result<(), Failure> {
        let typed = self.inner.vault.lookup(Purpose::Login, normal_name(name).as_deref().unwrap_or("\n"));
        if let Attempt::Refused { retry_after_s } =
            self.inner.recoveries.begin(typed, self.inner.clock.wall())
        {
            return Err(Failure::TooMany { retry_after_s, message: "too many requests for a new password" });
        }
        let engine = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(AFTER_THE_ANSWER).await;
            if let Err(error) = engine.send_recovery(&typed).await {
                tracing::info!(%error, "no link for a forgotten password was sent");
            }
        });
        Ok(())
    }

    async fn send_recovery(&self, typed: &Lookup) -> Result<(), Failure> {
        let login = self.inner.store.login_by_name(typed).await?;
        let login = login.map(known_login).transpose()?;
        let login = login.filter(|login| self.admits(login.account_id) && !login.state.is_closed);
        let Some(account_id) = login.map(|login| login.account_id) else { return Ok(()) };
        let Some(account) = self.account(account_id).await? else { return Ok(()) };
        let word = format!("{account_id}.{}", pasarela_vault::random_hex(DIGITS));
        for _ in 0..MAX_ROUNDS {
            let (mut sent, version) = self.sent_codes(account_id, NAME).await?;
            let now = self.inner.clock.wall();
            sent.count(now)?;
            sent.proof = Some(CodeProof::new(self.recovery_word_lookup(&word), now));
            let change = self.set_entry(account_id, EntryKind::SentCodes, NAME, version, &sent)?;
            if self.try_commit(vec![change]).await? {
                let link = format!("{}/panel/recover/password?link={word}", self.inner.public_url);
                return self.post_message(&account.email, SUBJECT, &format!("{TEXT}\r\n\r\n{link}")).await;
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// The link with this word, if it still holds.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn recovery(&self, word: &str) -> Result<Option<Recovery>, Failure> {
        let Some((account_id, _, _)) = self.sent_recovery(word).await? else { return Ok(None) };
        let demands_code = self.second_factor_since(account_id).await?.is_some();
        Ok(Some(Recovery { account_id, demands_code }))
    }

    /// Sets a new password: all sessions end, applications of others are let in no more, and the owner is told by mail. Where the
    /// e-mail had not been proved, the credentials that were made meanwhile stop, too, in the same commit.
    ///
    /// # Errors
    /// 404 for a link that does not hold, 400 for a password that can't be one, and as [`Engine::check_second_factor`].
    pub async fn recover(
        &self,
        word: &str,
        (password, code): (&str, &str),
        actor: &Actor,
    ) -> Result<(), Failure> {
        let gone = || Refusal::plain(404, "the link does not hold");
        let (account_id, ..) = self.sent_recovery(word).await?.ok_or_else(gone)?;
        let email = self.account(account_id).await?.map(|account| account.email.clone()).unwrap_or_default();
        if let Err(fault) = check_new_password(password, &[&email]) {
            return Err(Refusal::keyed(400, "password_refused", fault.to_string()).into());
        }
        self.check_second_factor(account_id, code).await?;
        let password_hash = self.inner.passwords.hash(password).await?;
        for _ in 0..MAX_ROUNDS {
            let (_, mut sent, version) = self.sent_recovery(word).await?.ok_or_else(gone)?;
            let login = self.login_of(account_id).await?.ok_or_else(gone)?;
            sent.proof = None;
            let taken = match login.state.email_verified {
                true => TakenOver::default(),
                false => self.taken_over(account_id, actor).await?,
            };
            let records = vec![
                self.set_entry(account_id, EntryKind::SentCodes, NAME, version, &sent)?,
                self.audited(account_id, actor, "login.password_recovered", &account_id.to_string(), "")?,
            ];
            if self.try_password(&login, &password_hash, records, taken, actor).await? {
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    async fn sent_recovery(&self, word: &str) -> Result<Option<(AccountId, SentCodes, i64)>, Failure> {
        let account_id = word.split_once('.').filter(|_| word.len() <= LONGEST_WORD);
        let Some(account_id) = account_id.and_then(|(id, _)| id.parse().ok()) else { return Ok(None) };
        let (sent, version) = self.sent_codes(account_id, NAME).await?;
        let lookup = self.recovery_word_lookup(word);
        let holds = sent.proof.as_ref().is_some_and(|proof| {
            self.inner.clock.wall() < proof.expires
                && bool::from(proof.lookup.as_bytes().ct_eq(lookup.as_bytes()))
        });
        Ok(holds.then_some((account_id, sent, version)))
    }

    fn recovery_word_lookup(&self, word: &str) -> String {
        hex(&self.inner.vault.lookup(Purpose::Login, &format!("recovery\n{word}")))
    }
}
