//! The well-known development accounts: a seller and a buyer on each site, with credentials that are the same in
//! every run and every version, so that they can stand in a README, a CI file or a shop's settings.
//!
//! The values live in `data/seeds.json`. They were derived once (see the tests in `seeds/derivation.rs`) and are
//! frozen: changing one breaks every program that was configured with it. They are public, and therefore refused
//! outside `dev`.

use crate::notifications::signature::test_secret;
use pasarela_domain::identity::{AccountId, ApplicationId, CredentialKind, Mode};
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Posting};
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::vocabulary::{AccountRecord, ApplicationRecord, Changes, CredentialRecord, RecordChange};
use pasarela_vault::{Purpose, Vault};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::LazyLock;

#[cfg(test)]
mod derivation;
pub mod logins;

/// The frozen values.
const FILE: &str = include_str!("../data/seeds.json");

/// Since when the well-known accounts say that they exist, and when their wallets were filled:
/// 2026-01-01T00:00:00-04:00. Any test clock may start later than this.
pub(crate) const REGISTERED: Timestamp = Timestamp(1_767_240_000_000);

/// A well-known seller with its application and credentials.
#[derive(Clone, Debug, Deserialize)]
pub struct SeedSeller {
    /// Who it is.
    #[serde(flatten)]
    pub account: SeedAccount,
    /// Its one application.
    pub application: SeedApplication,
    /// Test credentials.
    pub test: SeedPair,
    /// Live credentials.
    pub live: SeedPair,
}

/// A well-known buyer: a wallet user without credentials.
#[derive(Clone, Debug, Deserialize)]
pub struct SeedBuyer {
    /// Who it is.
    #[serde(flatten)]
    pub account: SeedAccount,
    /// What its wallet holds at first in test mode, in minor units of the site's currency.
    pub opening_balance_minor: i64,
}

/// Who a well-known account is.
#[derive(Clone, Debug, Deserialize)]
pub struct SeedAccount {
    /// The market.
    pub site: Site,
    /// `user_id`.
    pub id: AccountId,
    /// `test_user_<id>@testuser.com`.
    pub email: String,
    /// `TESTUSER<id>`.
    pub nickname: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// `CPF`, `DNI`, …; empty in Mexico, which lists no document types.
    pub identification_type: String,
    /// A number with right check digits.
    pub identification_number: String,
}

/// A well-known application.
#[derive(Clone, Debug, Deserialize)]
pub struct SeedApplication {
    /// Application number and `client_id`: 16 digits, below 2^53.
    pub id: ApplicationId,
    /// Its name in the panel.
    pub name: String,
    /// 32 letters and digits.
    pub client_secret: String,
    /// 64 hexadecimal digits; signs live webhooks. What signs test ones follows from it.
    pub webhook_secret: String,
}

/// A public key and an access token of one mode.
#[derive(Clone, Debug, Deserialize)]
pub struct SeedPair {
    /// `TEST-<uuid>` or `APP_USR-<uuid>`.
    pub public_key: String,
    /// `TEST-<client_id>-<MMDDHH>-<32 hex>-<user_id>`, or with `APP_USR-`.
    pub access_token: String,
}

/// One line of `pasarela credentials`: what an integrator configures for one site and mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeedCredentials {
    /// The market.
    pub site: Site,
    /// Test or live.
    pub mode: Mode,
    /// The seller.
    pub user_id: AccountId,
    /// The seller's application.
    pub application_id: ApplicationId,
    /// The application's number as OAuth takes it: text.
    pub client_id: String,
    /// 32 letters and digits.
    pub client_secret: String,
    /// For browsers.
    pub public_key: String,
    /// For servers.
    pub access_token: String,
    /// Verifies `x-signature` of the mode's webhooks.
    pub webhook_secret: String,
}

#[derive(Deserialize)]
struct Seeds {
    sellers: Vec<SeedSeller>,
    buyers: Vec<SeedBuyer>,
}

static SEEDS: LazyLock<Seeds> =
    // The file is compiled in and a test reads it: it can't be wrong at run time.
    LazyLock::new(|| serde_json::from_str(FILE).expect("data/seeds.json is well-formed"));

/// The sellers, one a site, MLB first.
pub fn sellers() -> &'static [SeedSeller] {
    &SEEDS.sellers
}

/// The buyers, one a site, MLB first.
pub fn buyers() -> &'static [SeedBuyer] {
    &SEEDS.buyers
}

/// The credentials of every seller: MLB first, test before live.
pub fn credentials() -> Vec<SeedCredentials> {
    sellers()
        .iter()
        .flat_map(|seller| [seller.credentials(Mode::Test), seller.credentials(Mode::Live)])
        .collect()
}

impl SeedSeller {
    /// The pair of `mode`.
    pub fn pair(&self, mode: Mode) -> &SeedPair {
        match mode {
            Mode::Test => &self.test,
            Mode::Live => &self.live,
        }
    }

    /// What an integrator configures for `mode`.
    pub fn credentials(&self, mode: Mode) -> SeedCredentials {
        let pair = self.pair(mode);
        SeedCredentials {
            site: self.account.site,
            mode,
            user_id: self.account.id,
            application_id: self.application.id,
            client_id: self.application.id.to_string(),
            client_secret: self.application.client_secret.clone(),
            public_key: pair.public_key.clone(),
            access_token: pair.access_token.clone(),
            webhook_secret: match mode {
                Mode::Test => test_secret(&self.application.webhook_secret),
                Mode::Live => self.application.webhook_secret.clone(),
            },
        }
    }
}

/// Everything that puts the well-known accounts into a new store, in one commit: 14 accounts with their logins, 7
/// applications, 28 credentials and the buyers' opening balances.
pub fn changes(vault: &Vault) -> Changes {
    let mut changes = Changes::default();
    for seller in sellers() {
        changes.records.push(RecordChange::InsertAccount(account_record(&seller.account)));
        changes.records.push(RecordChange::InsertApplication(application_record(seller, vault)));
        changes.records.extend(credential_records(seller, vault).map(RecordChange::InsertCredential));
    }
    for buyer in buyers() {
        changes.records.push(RecordChange::InsertAccount(account_record(&buyer.account)));
        changes.postings.extend(opening_balance(buyer).map(|posting| (Mode::Test, posting)));
    }
    changes.records.extend(logins::changes(vault));
    changes.records.push(pix_key());
    changes
}

/// The Pix key of the Brazilian seller, who takes Pix from the start. It is cut from the seller's public key.
pub(crate) fn pix_key() -> RecordChange {
    let seller = &sellers()[0];
    let key = seller.live.public_key.trim_start_matches("APP_USR-");
    crate::pix_keys::random_key(seller.account.id, key, REGISTERED)
}

/// The client secret of a well-known application.
pub(crate) fn client_secret(application_id: ApplicationId) -> Option<&'static str> {
    let seller = sellers().iter().find(|seller| seller.application.id == application_id)?;
    Some(&seller.application.client_secret)
}

/// The keys, tokens and client secret of a well-known application: public, so they can be shown again.
pub(crate) fn secrets_of(application_id: ApplicationId) -> Vec<&'static str> {
    let Some(seller) = sellers().iter().find(|seller| seller.application.id == application_id) else {
        return Vec::new();
    };
    let pairs = [&seller.test, &seller.live];
    let secrets = pairs.into_iter().flat_map(|pair| [&pair.public_key, &pair.access_token]);
    secrets.chain([&seller.application.client_secret]).map(String::as_str).collect()
}

/// The bytes that tie a sealed webhook secret to its application, so that a row can't be swapped for another's.
pub fn webhook_secret_record(application_id: ApplicationId) -> Vec<u8> {
    format!("application/{application_id}/webhook_secret").into_bytes()
}

fn application_record(seller: &SeedSeller, vault: &Vault) -> ApplicationRecord {
    let application = &seller.application;
    let secret = application.webhook_secret.as_bytes();
    ApplicationRecord {
        id: application.id,
        account_id: seller.account.id,
        sealed_webhook_secret: vault.seal_secret(secret, &webhook_secret_record(application.id)).0,
        body: json!({"id": application.id, "name": application.name}).to_string().into_bytes(),
    }
}

fn credential_records<'a>(
    seller: &'a SeedSeller,
    vault: &'a Vault,
) -> impl Iterator<Item = CredentialRecord> + 'a {
    [Mode::Test, Mode::Live].into_iter().flat_map(move |mode| {
        let pair = seller.pair(mode);
        [(CredentialKind::PublicKey, &pair.public_key), (CredentialKind::AccessToken, &pair.access_token)]
            .map(|(kind, secret)| CredentialRecord {
                lookup: vault.lookup(Purpose::Credential, secret),
                kind,
                account_id: seller.account.id,
                application_id: seller.application.id,
                mode,
                well_known: true,
            })
    })
}

fn opening_balance(buyer: &SeedBuyer) -> Option<Posting> {
    let id = buyer.account.id;
    Posting::build(id, buyer.account.site.currency(), Cause::WalletTopUp, id, REGISTERED)
        .debit(LedgerAccount::platform(AccountKind::Equity), buyer.opening_balance_minor)
        .credit(LedgerAccount::of(AccountKind::BuyerWallet, id), buyer.opening_balance_minor)
        .finish()
}

fn account_record(seed: &SeedAccount) -> AccountRecord {
    AccountRecord {
        id: seed.id,
        site: seed.site,
        email: seed.email.clone(),
        body: user_body(seed).to_string().into_bytes(),
    }
}

/// The account as `GET /users/me` answers it. Every key is there, because the Node SDK asserts all of them, with the
/// values of a new account in good standing.
pub(crate) fn user_body(seed: &SeedAccount) -> Value {
    let place = place(seed.site);
    let may = json!({"allow": true, "codes": [], "immediate_payment": {"reasons": [], "required": false}});
    let no_claims = json!({"period": "60 days", "rate": 0, "value": 0});
    json!({
        "id": seed.id,
        "nickname": seed.nickname,
        "registration_date": REGISTERED.to_wire(),
        "first_name": seed.first_name,
        "last_name": seed.last_name,
        "gender": "",
        "country_id": seed.site.country_id(),
        "email": seed.email,
        "identification": {"number": seed.identification_number, "type": seed.identification_type},
        "address": {
            "address": place.street, "city": place.city, "state": place.state, "zip_code": place.zip_code,
        },
        "phone": {"area_code": place.area_code, "extension": "", "number": place.phone, "verified": false},
        "alternative_phone": {"area_code": "", "extension": "", "number": ""},
        "user_type": "normal",
        "tags": ["normal", "test_user", "user_info_verified"],
        "logo": null,
        "points": 0,
        "site_id": seed.site.id(),
        "permalink": "",
        "shipping_modes": ["custom", "not_specified"],
        "seller_experience": "NEWBIE",
        "bill_data": {"accept_credit_note": null},
        "seller_reputation": {
            "level_id": null,
            "power_seller_status": null,
            "transactions": {
                "canceled": 0, "completed": 0, "period": "historic",
                "ratings": {"negative": 0, "neutral": 0, "positive": 0}, "total": 0,
            },
            "metrics": {
                "sales": {"period": "60 days", "completed": 0},
                "claims": no_claims, "delayed_handling_time": no_claims, "cancellations": no_claims,
            },
        },
        "buyer_reputation": {
            "canceled_transactions": 0,
            "tags": [],
            "transactions": {
                "canceled": {"paid": null, "total": null}, "completed": null,
                "not_yet_rated": {"paid": null, "total": null, "units": null},
                "period": "historic", "total": null, "unrated": {"paid": null, "total": null},
            },
        },
        "status": {
            "billing": {"allow": true, "codes": []},
            "buy": may, "list": may, "sell": may,
            "confirmed_email": true,
            "shopping_cart": {"buy": "allowed", "sell": "allowed"},
            "immediate_payment": false,
            "mercadoenvios": "not_accepted",
            "mercadopago_account_type": "personal",
            "mercadopago_tc_accepted": true,
            "required_action": "",
            "site_status": "active",
            "user_type": "simple_registration",
        },
        "secure_email": seed.email,
        "company": {
            "brand_name": null, "city_tax_id": "", "corporate_name": "", "identification": "",
            "state_tax_id": "", "cust_type_id": "CO", "soft_descriptor": null,
        },
        "credit": {"consumed": 0, "credit_level_id": format!("{}1", seed.site.id()), "rank": "newbie"},
        "context": {"device": "", "flow": "", "source": "", "ip_address": ""},
        "registration_identifiers": [],
    })
}

/// Where the well-known accounts of a site live.
struct Place {
    street: &'static str,
    city: &'static str,
    state: &'static str,
    zip_code: &'static str,
    area_code: &'static str,
    phone: &'static str,
}

const fn place(site: Site) -> Place {
    let (street, city, state, zip_code, area_code, phone) = match site {
        Site::MLB => ("Avenida Paulista 1", "São Paulo", "BR-SP", "01310-924", "11", "955550100"),
        Site::MLA => ("Avenida Corrientes 1", "Buenos Aires", "AR-C", "C1425ABC", "11", "55550100"),
        Site::MLM => ("Paseo de la Reforma 1", "Ciudad de México", "MX-CMX", "11250", "55", "55550100"),
        Site::MLC => ("Avenida Providencia 1", "Santiago", "CL-RM", "7500000", "9", "55550100"),
        Site::MCO => ("Carrera Séptima 1", "Bogotá", "CO-DC", "110111", "300", "5550100"),
        Site::MPE => ("Avenida Arequipa 1", "Lima", "PE-LIM", "15046", "1", "955550100"),
        Site::MLU => ("Avenida 18 de Julio 1", "Montevideo", "UY-MO", "11000", "2", "9555010"),
    };
    Place { street, city, state, zip_code, area_code, phone }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pasarela_domain::site::SITES;

    /// Changing this hash means changing credentials that are configured in other people's programs. Don't.
    #[test]
    fn the_frozen_file_is_untouched() {
        let digest = ring::digest::digest(&ring::digest::SHA256, FILE.as_bytes());
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5c632baad2704aac0adecbcd34571afa43975556d7d2ee9a3353779431585188");
    }

    #[test]
    fn every_site_has_a_seller_and_a_buyer_with_mlb_first() {
        assert_eq!(sellers().iter().map(|seller| seller.account.site).collect::<Vec<_>>(), SITES);
        assert_eq!(buyers().iter().map(|buyer| buyer.account.site).collect::<Vec<_>>(), SITES);
        let mut ids: Vec<_> = sellers().iter().map(|seller| seller.account.id).collect();
        ids.extend(buyers().iter().map(|buyer| buyer.account.id));
        ids.extend(sellers().iter().map(|seller| seller.application.id));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 21, "no two share an id");
        assert!(ids.iter().all(|id| (1..1 << 53).contains(id)));
    }

    #[test]
    fn credentials_come_in_pairs_test_before_live() {
        let credentials = credentials();
        assert_eq!(credentials.len(), 14);
        for (pair, site) in credentials.chunks(2).zip(SITES) {
            assert_eq!((pair[0].site, pair[0].mode), (site, Mode::Test));
            assert_eq!((pair[1].site, pair[1].mode), (site, Mode::Live));
            assert_eq!(pair[0].user_id, pair[1].user_id);
            assert_ne!(pair[0].access_token, pair[1].access_token);
            for entry in pair {
                assert!(entry.access_token.ends_with(&format!("-{}", entry.user_id)));
                assert_eq!(entry.client_id.len(), 16);
            }
        }
    }

    #[test]
    fn the_account_body_has_every_key_that_the_sdks_read() {
        let body = user_body(&sellers()[0].account);
        for key in [
            "id",
            "nickname",
            "registration_date",
            "first_name",
            "last_name",
            "gender",
            "country_id",
            "email",
            "identification",
            "address",
            "phone",
            "alternative_phone",
            "user_type",
            "tags",
            "points",
            "site_id",
            "permalink",
            "shipping_modes",
            "seller_experience",
            "bill_data",
            "seller_reputation",
            "buyer_reputation",
            "status",
            "secure_email",
            "company",
            "credit",
            "context",
            "registration_identifiers",
        ] {
            assert!(!body[key].is_null(), "{key} is there");
        }
        assert!(body.as_object().unwrap().contains_key("logo"));
        assert_eq!(body["registration_date"], "2026-01-01T00:00:00.000-04:00");
    }

    #[test]
    fn the_webhook_secret_is_sealed_for_its_application_alone() {
        let vault = Vault::ephemeral();
        let [first, second, ..] = sellers() else { panic!("seven sellers") };
        let record = application_record(first, &vault);
        let open = |id| vault.open_secret(&record.sealed_webhook_secret, &webhook_secret_record(id));
        assert_eq!(*open(first.application.id).unwrap(), first.application.webhook_secret.as_bytes());
        assert!(open(second.application.id).is_err());
    }

    #[test]
    fn the_changes_hold_every_account_and_credential_and_no_secret_in_clear() {
        let changes = changes(&Vault::ephemeral());
        assert_eq!(changes.records.len(), 14 + 14 + 7 + 28 + 1);
        assert_eq!(changes.postings.len(), 7);
        let mut written = Vec::new();
        for record in &changes.records {
            match record {
                RecordChange::InsertAccount(account) => written.extend_from_slice(&account.body),
                RecordChange::InsertApplication(application) => {
                    written.extend_from_slice(&application.sealed_webhook_secret);
                    written.extend_from_slice(&application.body);
                }
                RecordChange::InsertCredential(credential) => written.extend_from_slice(&credential.lookup),
                RecordChange::Login(pasarela_store::LoginChange::Insert(login)) => {
                    written.extend_from_slice(&login.body);
                }
                RecordChange::AccountEntry(_) => {}
                other => panic!("not a seed: {other:?}"),
            }
        }
        let written = String::from_utf8_lossy(&written);
        for entry in credentials() {
            for secret in
                [&entry.access_token, &entry.public_key, &entry.webhook_secret, &entry.client_secret]
            {
                assert!(!written.contains(secret.as_str()));
            }
        }
        for account in sellers().iter().map(|seller| &seller.account) {
            assert!(!written.contains(&logins::login_of(account.id).unwrap().password));
        }
    }

    #[test]
    fn opening_balances_are_balanced_and_in_the_sites_currency() {
        for buyer in buyers() {
            let posting = opening_balance(buyer).unwrap();
            assert!(posting.is_balanced());
            assert_eq!(posting.currency, buyer.account.site.currency());
        }
    }
}
