//! Money for test buyers: put into their wallets by the ledger, like any other money.

use crate::payments::IdempotencyKey;
use crate::sandbox::only_test;
use crate::wallet::WalletOwner;
use crate::{Engine, Failure};
use pasarela_domain::identity::{AccountId, Caller, Mode};
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Posting};
use pasarela_domain::money::Money;
use pasarela_domain::payment::create::TEST_EMAIL_DOMAIN;
use pasarela_domain::preference::choice::BALANCE;
use pasarela_domain::refusal::Refusal;
use pasarela_store::{Changes, CommitError};
use serde_json::{Value, json};

/// Whose wallet is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalletName {
    /// The account.
    Id(AccountId),
    /// The account of the caller's site with this e-mail.
    Email(String),
}

/// The most that a test wallet holds, in minor units: a number that JSON readers keep exactly, ten times over.
const MOST_MINOR: i64 = 1 << 49;

impl Engine {
    /// What is in a test buyer's wallet: who it is, the balance, and how many cards are saved.
    ///
    /// # Errors
    /// 403 with live credentials; 404 for who is no test buyer.
    pub async fn test_wallet(&self, caller: &Caller, name: &WalletName) -> Result<Value, Failure> {
        only_test(caller.mode)?;
        let owner = self.test_owner(caller, name).await?;
        self.wallet_body(owner).await
    }

    /// Adds `amount`, a decimal number in the currency of the buyer's site, to a test buyer's wallet. The same key adds it once.
    ///
    /// # Errors
    /// 403 with live credentials; 404 for who is no test buyer; 400 for an amount that is not above zero, has too many
    /// decimals, or is more than a balance may pay at once there.
    pub async fn add_money(
        &self,
        caller: &Caller,
        key: Option<IdempotencyKey>,
        name: &WalletName,
        amount: &str,
    ) -> Result<Value, Failure> {
        only_test(caller.mode)?;
        let owner = self.test_owner(caller, name).await?;
        let amount = self.amount_to_add(&owner, amount)?;
        let balance = self.wallet_balance(&owner, Mode::Test).await?;
        if balance.minor.saturating_add(amount.minor) > MOST_MINOR {
            return Err(Refusal::plain(400, "there is more in the wallet than a test needs").into());
        }
        let id = self.inner.ids.next();
        let now = self.now(owner.account_id, Mode::Test);
        let posting = Posting::build(owner.account_id, amount.currency, Cause::WalletTopUp, id, now)
            .debit(LedgerAccount::platform(AccountKind::Equity), amount.minor)
            .credit(LedgerAccount::of(AccountKind::BuyerWallet, owner.account_id), amount.minor)
            .finish();
        let posting =
            posting.ok_or_else(|| Failure::Internal("a top-up of one amount is balanced".to_owned()))?;
        let made = (owner.account_id, id);
        let changes = Changes {
            postings: vec![(Mode::Test, posting)],
            idempotency: key.map(|key| key.record(caller.account_id, made, self.inner.clock.wall())),
            ..Changes::default()
        };
        match self.commit(changes).await {
            // Added before, under this key.
            Ok(()) | Err(CommitError::IdempotencyKeyTaken(_)) => self.wallet_body(owner).await,
            Err(error) => Err(error.into()),
        }
    }

    fn amount_to_add(&self, owner: &WalletOwner, amount: &str) -> Result<Money, Refusal> {
        let catalogue = self.catalogue();
        let method = catalogue.site(owner.site).method(BALANCE);
        let most = method.map(|method| method.max_allowed);
        let wrong = || {
            let most = most.map(|most| format!(" up to {}", most.to_text())).unwrap_or_default();
            let currency = owner.site.currency().code();
            Refusal::plain(400, format!("amount is a number above zero in {currency}{most}"))
        };
        let amount = Money::from_decimal_text(amount, owner.site.currency()).map_err(|_| wrong())?;
        let is_right = amount.minor > 0 && most.is_none_or(|most| amount <= most);
        is_right.then_some(amount).ok_or_else(wrong)
    }

    async fn test_owner(&self, caller: &Caller, name: &WalletName) -> Result<WalletOwner, Failure> {
        let id = match name {
            WalletName::Id(id) => Some(*id),
            WalletName::Email(email) => {
                let email = email.trim().to_lowercase();
                self.account_with_own(caller.site, &email).await?
            }
        };
        let owner = match id {
            Some(id) => self.wallet_owner(id).await?,
            None => None,
        };
        let owner = owner.filter(|owner| owner.email.ends_with(TEST_EMAIL_DOMAIN));
        Ok(owner.ok_or_else(|| Refusal::plain(404, "no test buyer with this id or e-mail"))?)
    }

    async fn wallet_body(&self, owner: WalletOwner) -> Result<Value, Failure> {
        let wallet = self.wallet(owner, Mode::Test).await?;
        Ok(json!({
            "user_id": wallet.owner.account_id,
            "email": wallet.owner.email,
            "site_id": wallet.owner.site.id(),
            "currency_id": wallet.balance.currency.code(),
            "balance": wallet.balance.to_number(),
            "cards": wallet.cards.len(),
        }))
    }
}
