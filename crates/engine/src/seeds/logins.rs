//! How people log in to the well-known accounts. Names and passwords are as public as the credentials, and as little good
//! outside `dev`: `check_password` and `session` know these accounts.
//!
//! `data/logins.json` holds the passwords with their hashes, made once (see the test in `derivation.rs`): to hash fourteen
//! passwords takes half a second, which no start should.

use super::{SeedAccount, buyers, sellers};
use crate::logins::login_record;
use pasarela_domain::identity::AccountId;
use pasarela_domain::login::LoginState;
use pasarela_store::{LoginChange, LoginRecord, RecordChange};
use pasarela_vault::Vault;
use serde::Deserialize;
use std::sync::LazyLock;

/// The frozen values.
pub(super) const FILE: &str = include_str!("../../data/logins.json");

/// How somebody logs in to a well-known account, as its e-mail or its nickname.
#[derive(Clone, Deserialize)]
pub struct SeedLogin {
    /// Whose.
    pub account_id: AccountId,
    /// `qatest` and six digits.
    pub password: String,
    password_hash: String,
}

static LOGINS: LazyLock<Vec<SeedLogin>> =
    // The file is compiled in and a test reads it: it can't be wrong at run time.
    LazyLock::new(|| serde_json::from_str(FILE).expect("data/logins.json is well-formed"));

/// The login of a well-known account.
pub fn login_of(account_id: AccountId) -> Option<&'static SeedLogin> {
    LOGINS.iter().find(|login| login.account_id == account_id)
}

/// Whether the account is one of those whose passwords everybody knows.
pub fn is_well_known(account_id: AccountId) -> bool {
    login_of(account_id).is_some()
}

/// The changes that put the logins into a store that has the accounts.
pub(crate) fn changes(vault: &Vault) -> Vec<RecordChange> {
    let sellers = sellers().iter().map(|seller| &seller.account);
    let accounts = sellers.chain(buyers().iter().map(|buyer| &buyer.account));
    let records = accounts.filter_map(|account| record(account, vault));
    records.map(|record| RecordChange::Login(LoginChange::Insert(record))).collect()
}

fn record(account: &SeedAccount, vault: &Vault) -> Option<LoginRecord> {
    let password_hash = login_of(account.id)?.password_hash.clone();
    let state = LoginState { password_hash, email_verified: true, is_closed: false };
    // Texts alone: it always serialises.
    login_record(vault, account.id, (&account.nickname, &account.email), &state).ok()
}
