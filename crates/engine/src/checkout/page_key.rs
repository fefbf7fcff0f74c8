//! The public key with which a hosted checkout's own page uses the browser library, like any shop's page.
//!
//! Of a seller's own public keys only a keyed hash is stored, so the page can't show one. It shows a key that is made up of
//! what it stands for and of this platform's word for that: nothing is stored, and nobody else can write one. It may what
//! every public key may: make tokens and look things up.

use crate::{Engine, Failure};
use pasarela_domain::identity::{AccountId, ApplicationId, Caller, CredentialKind, Mode};

/// The library takes a key for a test key by how it begins.
const TEST: &str = "TEST-checkout-";
const LIVE: &str = "APP_USR-checkout-";

impl Engine {
    /// The key for pages on which `caller`'s preferences are paid.
    pub fn checkout_key(&self, caller: &Caller) -> String {
        let (prefix, account, application) =
            (prefix_of(caller.mode), caller.account_id, caller.application_id);
        let word = self.checkout_word(&meaning(caller.mode, account, application));
        format!("{prefix}{account}-{application}-{word}")
    }

    /// Who calls with such a key; `None` for any other secret.
    pub(crate) async fn checkout_caller(&self, secret: &str) -> Result<Option<Caller>, Failure> {
        let Some((mode, account_id, application_id, word)) = parts(secret) else { return Ok(None) };
        if !self.is_checkout_word(&meaning(mode, account_id, application_id), word) {
            return Ok(None);
        }
        if !self.admits(account_id) {
            return Ok(None);
        }
        let Some(account) = self.account(account_id).await? else { return Ok(None) };
        let kind = CredentialKind::PublicKey;
        Ok(Some(Caller { account_id, site: account.site, application_id, mode, kind }))
    }
}

const fn prefix_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Test => TEST,
        Mode::Live => LIVE,
    }
}

fn meaning(mode: Mode, account: AccountId, application: ApplicationId) -> String {
    format!("key {} {account} {application}", prefix_of(mode))
}

fn parts(secret: &str) -> Option<(Mode, AccountId, ApplicationId, &str)> {
    let (mode, rest) = match secret.strip_prefix(TEST) {
        Some(rest) => (Mode::Test, rest),
        None => (Mode::Live, secret.strip_prefix(LIVE)?),
    };
    let mut parts = rest.splitn(3, '-');
    let (account, application) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((mode, account, application, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_what_it_stands_for() {
        assert_eq!(parts("TEST-checkout-12-34-ab"), Some((Mode::Test, 12, 34, "ab")));
        assert_eq!(parts("APP_USR-checkout-12-34-a-b"), Some((Mode::Live, 12, 34, "a-b")));
        for other in ["TEST-checkout-", "TEST-checkout-1-2", "TEST-checkout-x-2-ab", "APP_USR-1-2-3", ""] {
            assert_eq!(parts(other), None, "{other}");
        }
    }
}
