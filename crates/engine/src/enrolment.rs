//! `pasarela accounts`: a seller comes to an operator's server.

use crate::copying::Place;
use crate::seeds::{SeedAccount, user_body, webhook_secret_record};
use crate::upkeep::{UpkeepError, failed};
use crate::{Engine, clock};
use pasarela_domain::identity::{AccountId, ApplicationId, CredentialKind, Mode};
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::{HOUR, Timestamp};
use pasarela_store::{
    AccountRecord, ApplicationRecord, Changes, CommitError, CredentialRecord, RecordChange, Store,
    StoreOptions,
};
use pasarela_vault::Purpose;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use serde_json::{Value, json};

/// Random ids that are taken are drawn again: one of two billion is, until there are very many.
const MOST_DRAWS: u32 = 8;

/// Who comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// The market.
    pub site: Site,
    /// The seller's lower-case e-mail.
    pub email: String,
    /// What buyers see; without it, the e-mail's first part.
    pub name: Option<String>,
}

/// An account with its application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enrolled {
    /// The market.
    pub site: Site,
    /// The account.
    pub user_id: AccountId,
    /// Its e-mail.
    pub email: String,
    /// What buyers see.
    pub name: String,
    /// The application, which is its `client_id` too.
    pub application_id: ApplicationId,
}

/// A public key and an access token of one mode.
#[derive(Serialize)]
pub struct Pair {
    /// For browsers.
    pub public_key: String,
    /// For servers.
    pub access_token: String,
}

/// A new account with its secrets, which nothing keeps: shown once. Never in a `Debug`.
#[derive(Serialize)]
pub struct Enrolment {
    /// The account.
    #[serde(flatten)]
    pub account: Enrolled,
    /// 32 letters and digits.
    pub client_secret: String,
    /// 64 hexadecimal digits; verifies `x-signature` of webhooks.
    pub webhook_secret: String,
    /// Test credentials.
    pub test: Pair,
    /// Live credentials.
    pub live: Pair,
}

impl Engine {
    /// Makes an account, its application and its credentials.
    ///
    /// # Errors
    /// When the e-mail has an account on the site already, or the store fails.
    pub async fn enrol(&self, new: &NewAccount) -> Result<Enrolment, UpkeepError> {
        for _ in 0..MOST_DRAWS {
            let taken = self.inner.store.account_by_email(new.site, &new.email).await.map_err(failed)?;
            if taken.is_some() {
                return Err(failed(format!("{} has an account on {} already", new.email, new.site)));
            }
            let (enrolment, changes) = self.draw(new);
            match self.inner.store.commit(changes).await {
                Ok(()) => return Ok(enrolment),
                Err(CommitError::AlreadyExists(_)) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed("no free number was found for it"))
    }

    fn draw(&self, new: &NewAccount) -> (Enrolment, Changes) {
        let random = Random(SystemRandom::new());
        // Ten digits that fit in 31 bits, for clients that read ids so; 16 digits below 2^53, which JavaScript reads
        // exactly.
        let user_id = 1_000_000_000 + random.below(1_100_000_000);
        let application_id = 1_000_000_000_000_000 + random.below(8_000_000_000_000_000);
        let now = clock::wall();
        let pair = |prefix: &str| Pair {
            public_key: format!("{prefix}-{}", uuid::Uuid::new_v4()),
            access_token: format!(
                "{prefix}-{application_id}-{}-{}-{user_id}",
                issued(now),
                random.hex::<16>()
            ),
        };
        let first_part = new.email.split('@').next().unwrap_or_default();
        let name = new.name.clone().unwrap_or_else(|| first_part.to_owned());
        let enrolment = Enrolment {
            account: Enrolled { site: new.site, user_id, email: new.email.clone(), name, application_id },
            client_secret: random.alphanumeric(32),
            webhook_secret: random.hex::<32>(),
            test: pair("TEST"),
            live: pair("APP_USR"),
        };
        let records = self.records(&enrolment, now);
        (enrolment, Changes { records, ..Changes::default() })
    }

    fn records(&self, enrolment: &Enrolment, now: Timestamp) -> Vec<RecordChange> {
        let vault = &self.inner.vault;
        let Enrolled { site, user_id, email, name, application_id } = &enrolment.account;
        let secret_hash = vault.lookup(Purpose::Credential, &enrolment.client_secret);
        let application = ApplicationRecord {
            id: *application_id,
            account_id: *user_id,
            sealed_webhook_secret: vault
                .seal_secret(enrolment.webhook_secret.as_bytes(), &webhook_secret_record(*application_id))
                .0,
            body: json!({"id": application_id, "name": name, "client_secret_lookup": hex(&secret_hash)})
                .to_string()
                .into_bytes(),
        };
        let mut records = vec![
            RecordChange::InsertAccount(AccountRecord {
                id: *user_id,
                site: *site,
                email: email.clone(),
                body: body(&enrolment.account, now).to_string().into_bytes(),
            }),
            RecordChange::InsertApplication(application),
        ];
        for (mode, pair) in [(Mode::Test, &enrolment.test), (Mode::Live, &enrolment.live)] {
            for (kind, secret) in [
                (CredentialKind::PublicKey, &pair.public_key),
                (CredentialKind::AccessToken, &pair.access_token),
            ] {
                records.push(RecordChange::InsertCredential(CredentialRecord {
                    lookup: vault.lookup(Purpose::Credential, secret),
                    kind,
                    account_id: *user_id,
                    application_id: *application_id,
                    mode,
                    well_known: false,
                }));
            }
        }
        records
    }
}

/// The accounts that have an application, by the application's number.
///
/// # Errors
/// When there is no data, or it can't be read.
pub async fn list(place: &Place) -> Result<Vec<Enrolled>, UpkeepError> {
    let store = Store::open(StoreOptions::read_only_at(place.location())).await?;
    let listed = async {
        let mut listed = Vec::new();
        for application in store.sealed_applications().await.map_err(failed)? {
            let Some(account) = store.account(application.account_id).await.map_err(failed)? else {
                continue;
            };
            let body: Value = serde_json::from_slice(&account.body).map_err(failed)?;
            listed.push(Enrolled {
                site: account.site,
                user_id: account.id,
                email: account.email,
                name: body["nickname"].as_str().unwrap_or_default().to_owned(),
                application_id: application.id,
            });
        }
        Ok(listed)
    }
    .await;
    store.close().await;
    listed
}

/// `GET /users/me` of a new account: what the well-known ones show, without what was made up for them.
fn body(account: &Enrolled, now: Timestamp) -> Value {
    let mut body = user_body(&SeedAccount {
        site: account.site,
        id: account.user_id,
        email: account.email.clone(),
        nickname: account.name.clone(),
        first_name: account.name.clone(),
        last_name: String::new(),
        identification_type: String::new(),
        identification_number: String::new(),
    });
    body["registration_date"] = json!(now.to_wire());
    body["address"] = json!({"address": "", "city": "", "state": "", "zip_code": ""});
    body["phone"] = json!({"area_code": "", "extension": "", "number": "", "verified": false});
    body["tags"] = json!(["normal"]);
    body
}

/// `MMDDHH` at −04:00, as access tokens have it.
fn issued(now: Timestamp) -> String {
    let wire = now.plus_ms(-4 * HOUR).to_utc_seconds();
    // 2026-11-21T08:…
    let digits: Vec<char> = wire.chars().filter(char::is_ascii_digit).collect();
    digits.iter().skip(4).take(6).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Random(SystemRandom);

impl Random {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        // The operating system's generator has no failure after which a secret could be made.
        self.0.fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }

    fn hex<const N: usize>(&self) -> String {
        hex(&self.bytes::<N>())
    }

    fn below(&self, bound: u64) -> i64 {
        // Bounds are below 2^53, so the bias of the remainder is below 2^-11; these numbers are no secrets.
        i64::try_from(u64::from_le_bytes(self.bytes()) % bound).unwrap_or_default()
    }

    fn alphanumeric(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let [byte] = self.bytes::<1>();
            // 248 is the largest multiple of 62: beyond it, some letters would come more often.
            if byte < 248 {
                text.push(char::from(ALPHABET[usize::from(byte % 62)]));
            }
        }
        text
    }
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
        let random = Random(SystemRandom::new());
        let (first, second) = (random.alphanumeric(32), random.alphanumeric(32));
        assert!(
            first.len() == 32 && first.bytes().all(|byte| byte.is_ascii_alphanumeric()) && first != second
        );
        assert_eq!(random.hex::<16>().len(), 32);
    }
}
