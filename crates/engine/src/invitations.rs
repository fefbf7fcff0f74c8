//! Invitations: nobody acts for an account who did not say yes to it.
//!
//! Whoever is invited is sent a link, logs in with the e-mail that it was sent to, and accepts. Until then it is nobody's member, and
//! whoever invites learns nothing of whether somebody logs in with that e-mail.

use crate::audit::Actor;
use crate::payments::{MAX_ROUNDS, from_json, hex};
use crate::people::email_of;
use crate::{Engine, Failure};
use pasarela_domain::contact_codes::SentCodes;
use pasarela_domain::identity::AccountId;
use pasarela_domain::member::Role;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::{DAY, Timestamp};
use pasarela_store::{EntryChange, EntryKind, RecordChange};
use pasarela_vault::Purpose;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// How long an invitation may be accepted.
const LIFE_MS: i64 = 7 * DAY;
/// The most invitations that an account has open.
const MOST_OPEN: u32 = 50;
/// The most that it sends on a day (UTC): strangers' inboxes are not for it to fill.
const MOST_A_DAY: u32 = 30;
/// The entry with how many were sent.
const NAME: &str = "invitations";
/// How many random hexadecimal digits a link's word has.
const DIGITS: usize = 64;
/// Longer than any word.
const LONGEST_WORD: usize = 160;
const SUBJECT: &str = "Pasarela";

/// What is stored of an invitation, under the keyed hash of its e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct InvitationState {
    email: String,
    role: Role,
    /// The keyed hash of the link's word.
    lookup: String,
    expires: Timestamp,
}

/// An invitation that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// To act for this account.
    pub account_id: AccountId,
    /// Which of the account's.
    pub id: String,
    /// To whom it was sent.
    pub email: String,
    /// With which role.
    pub role: Role,
    /// Until when it may be accepted.
    pub expires: Timestamp,
}

impl Engine {
    /// Invites whoever reads this e-mail to act for an account; who acts for it already gets the role at once.
    ///
    /// # Errors
    /// 400 for what is no e-mail, for the account's own, and while the account's own was not proved; 429 for too many; 503 when no
    /// message can be sent.
    pub async fn invite(
        &self,
        account_id: AccountId,
        email: &str,
        role: Role,
        actor: &Actor,
    ) -> Result<(), Failure> {
        let email = email_of(email).ok_or_else(|| Refusal::plain(400, "it is no e-mail"))?;
        if !self.is_email_verified(account_id).await? {
            return Err(Refusal::plain(400, "the account's own e-mail must be confirmed first").into());
        }
        let account =
            self.account(account_id).await?.ok_or_else(|| Refusal::plain(404, "account not found"))?;
        if account.email == email {
            return Err(Refusal::plain(400, "the account's own login stays its owner").into());
        }
        if let Some(person_id) = self.person_with(&email).await?
            && self.role_in(person_id, account_id).await?.is_some()
        {
            return self.change_role(account_id, person_id, role, actor).await;
        }
        let name = hex(&self.inner.vault.lookup(Purpose::Email, &email));
        let word = format!("{account_id}.{name}.{}", pasarela_vault::random_hex(DIGITS));
        for _ in 0..MAX_ROUNDS {
            let known = self.entry::<InvitationState>(account_id, EntryKind::Invitation, &name).await?;
            if known.is_none() && self.invitations(account_id).await?.len() >= MOST_OPEN as usize {
                return Err(Refusal::plain(400, format!("at most {MOST_OPEN} invitations are open")).into());
            }
            let (mut sent, sent_version) = self.sent_codes(account_id, NAME).await?;
            let now = self.inner.clock.wall();
            sent.count_among(now, MOST_A_DAY)?;
            let lookup = self.invitation_lookup(&word);
            let state = InvitationState { email: email.clone(), role, lookup, expires: now.plus_ms(LIFE_MS) };
            let version = known.map_or(0, |known| known.version);
            let records = vec![
                self.set_entry(account_id, EntryKind::Invitation, &name, version, &state)?,
                self.set_entry::<SentCodes>(account_id, EntryKind::SentCodes, NAME, sent_version, &sent)?,
                self.audited(account_id, actor, "member.invited", &email, role.name())?,
            ];
            if self.try_commit(records).await? {
                let link = format!("{}/panel/invitation?link={word}", self.inner.public_url);
                let name: String = account.name.chars().filter(|letter| !letter.is_control()).collect();
                return self.post_message(&email, SUBJECT, &format!("{}\r\n\r\n{link}", text(&name))).await;
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// An account's open invitations.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn invitations(&self, account_id: AccountId) -> Result<Vec<Invitation>, Failure> {
        let now = self.inner.clock.wall();
        let found =
            self.entries::<InvitationState>(account_id, EntryKind::Invitation, None, 2 * MOST_OPEN).await?;
        let open = found.into_iter().filter(|entry| now < entry.value.expires);
        Ok(open.map(|entry| shown(account_id, entry.name, entry.value)).collect())
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// 404 for one that is not there.
    pub async fn withdraw_invitation(
        &self,
        account_id: AccountId,
        id: &str,
        actor: &Actor,
    ) -> Result<(), Failure> {
        for _ in 0..MAX_ROUNDS {
            let entry = self.entry::<InvitationState>(account_id, EntryKind::Invitation, id).await?;
            let entry = entry.ok_or_else(|| Refusal::plain(404, "invitation not found"))?;
            let records = vec![
                gone(account_id, id, entry.version),
                self.audited(account_id, actor, "member.invitation_withdrawn", &entry.value.email, "")?,
            ];
            if self.try_commit(records).await? {
                return Ok(());
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// The invitation that a link's word is of, if it is open and of this person: sent to its e-mail.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn invitation(&self, word: &str, person_id: AccountId) -> Result<Option<Invitation>, Failure> {
        Ok(self.open_invitation(word, person_id).await?.map(|(invitation, _)| invitation))
    }

    /// Accepts it: the person acts for the account from now on. Which account it is.
    ///
    /// # Errors
    /// 404 for an invitation that is not there any more or is another person's.
    pub async fn accept_invitation(
        &self,
        word: &str,
        person_id: AccountId,
        actor: &Actor,
    ) -> Result<AccountId, Failure> {
        for _ in 0..MAX_ROUNDS {
            let (invitation, version) = self.open_invitation(word, person_id).await?.ok_or_else(not_there)?;
            let account_id = invitation.account_id;
            let mut records =
                self.member_records(account_id, person_id, invitation.role, (actor, "member.joined")).await?;
            records.push(gone(account_id, &invitation.id, version));
            if self.try_commit(records).await? {
                return Ok(account_id);
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Says no to it.
    ///
    /// # Errors
    /// As [`Engine::accept_invitation`].
    pub async fn decline_invitation(
        &self,
        word: &str,
        person_id: AccountId,
        actor: &Actor,
    ) -> Result<(), Failure> {
        let (invitation, _) = self.open_invitation(word, person_id).await?.ok_or_else(not_there)?;
        self.withdraw_invitation(invitation.account_id, &invitation.id, actor).await
    }

    /// Forgets those that ran out.
    pub(crate) async fn forget_invitations(&self) -> Result<(), Failure> {
        let all = self.inner.store.account_entries_since(EntryKind::Invitation, Timestamp(i64::MIN)).await?;
        let now = self.inner.clock.wall();
        for entry in all {
            let state: InvitationState = from_json(&entry.body, "an invitation")?;
            if state.expires <= now {
                // One that was sent anew this moment has another version, and stays.
                self.try_commit(vec![gone(entry.account_id, &entry.name, entry.version)]).await?;
            }
        }
        Ok(())
    }

    async fn open_invitation(
        &self,
        word: &str,
        person_id: AccountId,
    ) -> Result<Option<(Invitation, i64)>, Failure> {
        let mut parts = word.splitn(3, '.').filter(|_| word.len() <= LONGEST_WORD);
        let (Some(account_id), Some(name)) = (parts.next().and_then(|id| id.parse().ok()), parts.next())
        else {
            return Ok(None);
        };
        let entry = self.entry::<InvitationState>(account_id, EntryKind::Invitation, name).await?;
        let Some(entry) = entry else { return Ok(None) };
        let lookup = self.invitation_lookup(word);
        let is_word = bool::from(entry.value.lookup.as_bytes().ct_eq(lookup.as_bytes()));
        let person = self.account(person_id).await?;
        // The word was sent to this e-mail: whoever logs in with it and has the word reads it.
        let is_theirs = person.is_some_and(|person| person.email == entry.value.email);
        if !is_word || !is_theirs || self.inner.clock.wall() >= entry.value.expires {
            return Ok(None);
        }
        Ok(Some((shown(account_id, entry.name, entry.value), entry.version)))
    }

    fn invitation_lookup(&self, word: &str) -> String {
        hex(&self.inner.vault.lookup(Purpose::Login, &format!("invitation\n{word}")))
    }
}

fn shown(account_id: AccountId, id: String, state: InvitationState) -> Invitation {
    Invitation { account_id, id, email: state.email, role: state.role, expires: state.expires }
}

fn gone(account_id: AccountId, name: &str, version: i64) -> RecordChange {
    let (kind, name) = (EntryKind::Invitation, name.to_owned());
    RecordChange::AccountEntry(EntryChange::Delete { account_id, kind, name, version })
}

fn not_there() -> Failure {
    Refusal::plain(404, "the invitation does not hold").into()
}

fn text(account: &str) -> String {
    format!(
        "{account} te invita a actuar por su cuenta. Abrí este enlace dentro de siete días, con tu sesión de este correo, y aceptá; si no \
         querés, ignoralo.\r\n\
         {account} convida você a agir pela conta dela. Abra este link em sete dias, com a sessão deste e-mail, e aceite; se não quiser, \
         ignore.\r\n\
         {account} invites you to act for its account. Open this link within seven days, logged in with this e-mail, and accept; if you \
         do not want to, do nothing."
    )
}
