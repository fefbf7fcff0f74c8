//! Test users: sellers and buyers that an account makes for its tests, with a login, money, saved cards, and credentials of their own.
//! One that nobody used for 60 days ends (`unused.rs`).

mod unused;

use crate::accounts::TEST_USER;
use crate::audit::Actor;
use crate::credentials::{NewSecrets, draw_account_id, draw_application_id, random_below};
use crate::enrolment::account_record;
use crate::logins::NewLogin;
use crate::payments::MAX_ROUNDS;
use crate::pix_keys::random_key;
use crate::{Engine, Failure, seeds};
use pasarela_domain::application::Application;
use pasarela_domain::customer::card::CardGlance;
use pasarela_domain::identity::{AccountId, Caller, CredentialKind, Mode};
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Posting};
use pasarela_domain::money::Money;
use pasarela_domain::payment::body::{Cardholder, Identification};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Changes, CommitError, EntryKind, LoginChange, RecordChange};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most test users of an account.
pub const MOST_TEST_USERS: usize = 10;
/// In whose name their cards are: payments by these are approved, where nothing else is asked for.
const CARDHOLDER: &str = "APRO";
/// The longest description.
const LONGEST_DESCRIPTION: usize = 150;
/// How many times a buyer's usual money somebody may ask for.
const MOST_MONEY: i64 = 100;

/// Who is to be made.
pub struct NewTestUser {
    /// The market.
    pub site: Site,
    /// What the maker remembers it by.
    pub description: String,
    /// What is in its wallet; a month's shopping without it.
    pub amount: Option<Money>,
}

/// A test user, shown this once. Never in a `Debug`.
#[derive(Serialize)]
pub struct TestUser {
    /// Its account.
    pub id: AccountId,
    /// `TESTUSER…`
    pub nickname: String,
    /// To log in with.
    pub password: String,
    /// Always `active`.
    pub site_status: &'static str,
    /// `test_user_…@testuser.com`
    pub email: String,
    /// Where it lives.
    pub site_id: Site,
    /// What it sells with: of test mode, all of them, so that no real money can move.
    pub credentials: NewSecrets,
    /// Its application.
    pub application_id: i64,
    /// The saved cards of its wallet: the published test cards of its site.
    pub cards: Vec<CardGlance>,
}

/// What is kept of it at its maker.
#[derive(Serialize, Deserialize)]
struct Kept {
    site: Site,
    description: String,
    created: Timestamp,
}

impl Engine {
    /// Makes a test user for an account.
    ///
    /// # Errors
    /// 400 for one too many, a description that is too long, or too much money.
    pub async fn create_test_user(
        &self,
        account_id: AccountId,
        new: &NewTestUser,
        actor: &Actor,
    ) -> Result<TestUser, Failure> {
        let amount = amount_of(new)?;
        if new.description.chars().count() > LONGEST_DESCRIPTION {
            let why = format!("description must have at most {LONGEST_DESCRIPTION} characters");
            return Err(Refusal::plain(400, why).into());
        }
        self.end_unused_of(account_id).await?;
        for _ in 0..MAX_ROUNDS {
            let now = self.inner.clock.wall();
            if self.entries::<Kept>(account_id, EntryKind::TestUser, None, 1_000).await?.len()
                >= MOST_TEST_USERS
            {
                let why = format!("an account has at most {MOST_TEST_USERS} test users");
                return Err(Refusal::keyed(400, "too_many_test_users", why).into());
            }
            let (id, application_id) = (draw_account_id(), draw_application_id());
            let (nickname, email) = (format!("TESTUSER{id}"), format!("test_user_{id}@testuser.com"));
            let password = format!("qatest{:010}", random_below(10_000_000_000));
            let login = NewLogin {
                account_id: id,
                nickname: &nickname,
                email: &email,
                password: &password,
                email_verified: true,
            };
            let login = self.new_login(login).await?;
            let mut secrets = NewSecrets::draw(application_id, id, now);
            secrets.is_test = true;
            let mut account = account_record(id, new.site, &email, &nickname, now);
            let document = document_of(new.site);
            account.body = tagged(&account.body, &document)?;
            let holder = Cardholder { name: Some(CARDHOLDER.to_owned()), identification: document };
            let (wallet, cards) = self.wallet_of_test_cards(&buyer(id, new.site), &email, &holder)?;
            let details = Application::new(nickname.clone(), now);
            let kept = Kept { site: new.site, description: new.description.clone(), created: now };
            let mut records = vec![
                RecordChange::InsertAccount(account),
                RecordChange::Login(LoginChange::Insert(login)),
                self.login_noted(id, 0)?,
                self.set_entry(account_id, EntryKind::TestUser, &id.to_string(), 0, &kept)?,
                self.audited(account_id, actor, "test_user.created", &id.to_string(), &new.description)?,
            ];
            records.extend(cards);
            records.extend(self.application_records(id, application_id, &details, &secrets)?);
            if new.site == Site::MLB {
                records.push(random_key(id, &uuid::Uuid::new_v4().to_string(), now));
            }
            let postings = top_up(id, amount, now).map(|posting| (Mode::Test, posting)).into_iter().collect();
            match self.inner.store.commit(Changes { records, postings, ..Changes::default() }).await {
                Ok(()) => {
                    return Ok(TestUser {
                        id,
                        nickname,
                        password,
                        site_status: "active",
                        email,
                        site_id: new.site,
                        credentials: secrets,
                        application_id,
                        cards: wallet.customer.cards.iter().map(CardGlance::from).collect(),
                    });
                }
                Err(CommitError::AlreadyExists(_) | CommitError::VersionConflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }
}

/// A test user as the owner of its wallet.
const fn buyer(account_id: AccountId, site: Site) -> Caller {
    Caller { account_id, site, application_id: 0, mode: Mode::Test, kind: CredentialKind::AccessToken }
}

/// A document of the site that people who test have.
fn document_of(site: Site) -> Identification {
    let known = seeds::buyers().iter().map(|buyer| &buyer.account).find(|account| account.site == site);
    let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Identification {
        kind: known.and_then(|account| said(&account.identification_type)),
        number: known.and_then(|account| said(&account.identification_number)),
    }
}

fn amount_of(new: &NewTestUser) -> Result<Money, Refusal> {
    let currency = new.site.currency();
    let usual = seeds::buyers().iter().find(|buyer| buyer.account.site == new.site);
    let usual = Money::new(usual.map_or(0, |buyer| buyer.opening_balance_minor), currency);
    let amount = new.amount.unwrap_or(usual);
    let most = usual.minor.saturating_mul(MOST_MONEY);
    if amount.currency != currency || !(0..=most).contains(&amount.minor) {
        let most = Money::new(most, currency).to_fixed_text();
        return Err(Refusal::plain(400, format!("amount must be between 0 and {most} {}", currency.code())));
    }
    Ok(amount)
}

fn top_up(id: AccountId, amount: Money, now: Timestamp) -> Option<Posting> {
    Posting::build(id, amount.currency, Cause::WalletTopUp, id, now)
        .debit(LedgerAccount::platform(AccountKind::Equity), amount.minor)
        .credit(LedgerAccount::of(AccountKind::BuyerWallet, id), amount.minor)
        .finish()
}

fn tagged(body: &[u8], document: &Identification) -> Result<Vec<u8>, Failure> {
    let mut body: Value = crate::payments::from_json(body, "an account")?;
    body["identification"] = serde_json::json!({"type": document.kind, "number": document.number});
    body["tags"] = serde_json::json!(["normal", TEST_USER, "messages_as_seller"]);
    crate::payments::to_json(&body)
}
