//! A buyer's wallet: what the owner of an account sees after logging in on the hosted checkout, and pays with.
//!
//! The balance is the ledger's `buyer_wallet`. The saved cards are those of a customer that the buyer is of itself: the
//! same records, sealed numbers and counts as a seller's customers have, under the buyer's own account. A card pays by a
//! token of the seller's, made from its number and the CVV that its owner typed, and goes the way of every card.
//!
//! A purchase that is split over balance and card is two payments of one merchant order in one commit. The balance is
//! looked at first, the card is asked for the rest in binary mode, and if it says no the balance is not touched. (A rail
//! with an effect outside of this process would need the balance reserved before it is asked: with the simulator both are
//! one decision.)

use crate::checkout::{Desk, OpenCheckout, TokenisedCard, WalletPurchase};
use crate::payments::{Draft, Told, Written, from_json, state_of as payment_state, used};
use crate::{Engine, Failure};
use pasarela_domain::customer::card::SavedCard;
use pasarela_domain::customer::{card_not_found, fault};
use pasarela_domain::identity::{AccountId, Caller, CredentialKind, Mode};
use pasarela_domain::json::Json;
use pasarela_domain::ledger::{AccountKind, LedgerAccount};
use pasarela_domain::merchant_order::{MerchantOrder, order_of};
use pasarela_domain::money::Money;
use pasarela_domain::payment::PaymentState;
use pasarela_domain::payment::body::{Identification, Status};
use pasarela_domain::payment::request::CreatePayment;
use pasarela_domain::preference::choice::{self, BALANCE, BalanceShare, balance_share};
use pasarela_domain::preference::payment::{BuyerChoice, Share};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::site::Site;
use pasarela_store::{CommitError, Lookup};
use pasarela_vault::SecurityCode;
use serde_json::Value;

/// Who owns a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletOwner {
    /// The account.
    pub account_id: AccountId,
    /// Its market: a wallet pays there alone.
    pub site: Site,
    /// Its e-mail.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Document.
    pub identification: Identification,
}

/// What is in a wallet.
#[derive(Clone, Debug, PartialEq)]
pub struct Wallet {
    /// Whose.
    pub owner: WalletOwner,
    /// The money in it.
    pub balance: Money,
    /// Its saved cards, oldest first.
    pub cards: Vec<SavedCard>,
}

impl WalletOwner {
    /// The choice of a buyer who pays as the owner, by nothing yet.
    pub fn choice(&self, ip_address: String) -> BuyerChoice {
        BuyerChoice {
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            document_type: self.identification.kind.clone().unwrap_or_default(),
            document_number: self.identification.number.clone().unwrap_or_default(),
            ip_address,
            ..BuyerChoice::default()
        }
    }

    /// In whose name the records of the wallet are kept.
    pub(crate) const fn caller(&self, mode: Mode) -> Caller {
        Caller {
            account_id: self.account_id,
            site: self.site,
            application_id: 0,
            mode,
            kind: CredentialKind::AccessToken,
        }
    }
}

impl Engine {
    /// The owner of the wallet of `account_id`; `None` when there is no such account.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn wallet_owner(&self, account_id: AccountId) -> Result<Option<WalletOwner>, Failure> {
        let Some(account) = self.account(account_id).await? else { return Ok(None) };
        let body: Value = serde_json::from_slice(&account.body)
            .map_err(|error| Failure::Internal(format!("account {account_id} can't be read: {error}")))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let said = |value: &Value| Some(text(value)).filter(|text| !text.is_empty());
        Ok(Some(WalletOwner {
            account_id,
            site: account.site,
            email: text(&body["email"]).to_lowercase(),
            first_name: text(&body["first_name"]),
            last_name: text(&body["last_name"]),
            identification: Identification {
                kind: said(&body["identification"]["type"]),
                number: said(&body["identification"]["number"]),
            },
        }))
    }

    /// What is in the owner's wallet in `mode`.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn wallet(&self, owner: WalletOwner, mode: Mode) -> Result<Wallet, Failure> {
        let cards = self.customer_of_user(&owner.caller(mode), owner.account_id).await?;
        let cards = cards.map(|(_, state)| state.customer.cards).unwrap_or_default();
        let balance = self.wallet_balance(&owner, mode).await?;
        Ok(Wallet { balance, cards, owner })
    }

    pub(crate) async fn wallet_balance(&self, owner: &WalletOwner, mode: Mode) -> Result<Money, Failure> {
        let account = LedgerAccount::of(AccountKind::BuyerWallet, owner.account_id);
        let currency = owner.site.currency();
        // A liability: what the platform owes the owner stands on the credit side.
        let owed = -self.inner.store.balance(mode, currency, account).await?;
        Ok(Money::new(owed.max(0), currency))
    }

    /// Puts a saved card of the owner into a token of the seller's, to pay with once.
    ///
    /// # Errors
    /// 404 for a card that is not in the wallet; E302 for a CVV that can't be its own; 2131 for a card that may not pay
    /// `amount` here.
    pub async fn tokenise_saved(
        &self,
        checkout: &OpenCheckout,
        owner: &WalletOwner,
        card: (i64, &str),
        amount: Money,
    ) -> Result<TokenisedCard, Failure> {
        let (id, code) = card;
        let buyer = owner.caller(checkout.caller.mode);
        let wallet = self.customer_of_user(&buyer, owner.account_id).await?;
        let (_, wallet) = wallet.ok_or_else(card_not_found)?;
        let saved = wallet.card(id).ok_or_else(card_not_found)?;
        let (_, number) = self.saved_number(&buyer, id).await?.ok_or_else(card_not_found)?;
        let wrong_code = || fault("E302", "invalid parameter securityCode");
        if code.len() != saved.security_code.length {
            return Err(wrong_code().into());
        }
        let code = match code {
            "" => None,
            digits => Some(SecurityCode::parse(digits).ok_or_else(wrong_code)?),
        };
        let method = checkout.card_method_for(number.reveal(), amount).map(|method| method.id.clone());
        let method = method.ok_or_else(|| Refusal::bad_request(2131, "Cannot infer Payment Method"))?;
        let token = self.token_of_number(&checkout.caller, saved, &number, code).await?;
        Ok(TokenisedCard {
            token,
            method,
            bin: number.bin(8).to_owned(),
            last_four: number.last_four().to_owned(),
        })
    }

    /// What the balance paid of the purchase whose other part `state` is.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn balance_part_of(
        &self,
        checkout: &OpenCheckout,
        state: &PaymentState,
    ) -> Result<Option<Money>, Failure> {
        let (payment, caller) = (&state.payment, &checkout.caller);
        let Some(order) = order_of(payment).filter(|_| payment.status == Status::Approved) else {
            return Ok(None);
        };
        let Some(record) = self.order_record(caller.account_id, caller.mode, order).await? else {
            return Ok(None);
        };
        let order: MerchantOrder = from_json(&record.body, "a merchant order")?;
        for part in
            order.payments.iter().filter(|part| part.id != payment.id && part.status == Status::Approved)
        {
            let other = payment_state(&self.load(caller.account_id, caller.mode, part.id).await?)?;
            if other.payment.payment_method_id == BALANCE {
                return Ok(Some(part.transaction_amount.money(part.currency_id)));
            }
        }
        Ok(None)
    }

    /// Takes a saved card out of the owner's wallet. One that is not there is gone already.
    ///
    /// # Errors
    /// When it can't be stored.
    pub async fn forget_saved_card(&self, owner: &WalletOwner, mode: Mode, id: i64) -> Result<(), Failure> {
        let buyer = owner.caller(mode);
        let wallet = self.customer_of_user(&buyer, owner.account_id).await?;
        let Some((_, wallet)) = wallet else { return Ok(()) };
        match self.delete_card(&buyer, &wallet.customer.id, id, None).await {
            Ok(_) | Err(Failure::Refused(_)) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Pays from a wallet: by its balance, by a card, or by both.
    pub(crate) async fn pay_from_wallet(
        &self,
        desk: &Desk<'_>,
        wallet: WalletPurchase,
        token: Option<Lookup>,
    ) -> Result<Result<Written, CommitError>, Failure> {
        let preference = desk.opened.preference();
        let owner = self.wallet_owner(wallet.owner).await?;
        let owner = owner.filter(|owner| owner.site == preference.site());
        let owner = owner.ok_or_else(|| Refusal::bad_request(2002, "Customer not found"))?;
        let choice = owner.choice(desk.purchase.choice.ip_address.clone());
        let by_balance = BuyerChoice { payment_method_id: Some(BALANCE.to_owned()), ..choice };
        let (card, balance) = match (token, wallet.balance_part) {
            (Some(_), None) => (Some(Share::whole(preference)), None),
            (Some(_), Some(part)) => {
                let (part, rest) = Share::split(preference, part).ok_or_else(balance_changed)?;
                (Some(rest), Some(part))
            }
            (None, _) => (None, Some(Share::whole(preference))),
        };
        let now = self.now(desk.checkout.caller.account_id, desk.checkout.caller.mode);
        let mut drafts: Vec<Draft> = Vec::new();
        if let Some(share) = balance {
            self.check_balance(desk, &owner, share).await?;
            let draft = self.draft_share(desk, &owner, (share, Some(&by_balance)), None, 0).await?;
            if draft.decision.state.payment.status != Status::Approved {
                return Err(balance_changed().into());
            }
            drafts.push(draft);
        }
        if let Some(share) = card {
            let taken = drafts.iter().map(Draft::debt_taken_minor).sum();
            let draft = self.draft_share(desk, &owner, (share, None), token, taken).await?;
            if draft.decision.state.payment.status == Status::Rejected {
                // All or nothing: what is stored is that the card said no.
                drafts.clear();
            }
            drafts.push(draft);
        }
        self.commit_purchase(desk, &owner, wallet, drafts, now).await
    }

    /// Whether the balance may pay its share, as it stands now.
    async fn check_balance(&self, desk: &Desk<'_>, owner: &WalletOwner, share: Share) -> Result<(), Failure> {
        let caller = &desk.checkout.caller;
        let catalogue = desk.checkout.catalogue.site(caller.site);
        let balance = self.wallet_balance(owner, caller.mode).await?;
        let pays = balance_share(desk.opened.preference(), catalogue, balance.min(share.amount));
        match pays {
            BalanceShare::All | BalanceShare::Part(_) if balance >= share.amount => Ok(()),
            _ => Err(balance_changed().into()),
        }
    }

    /// Decides on one payment of the purchase.
    async fn draft_share(
        &self,
        desk: &Desk<'_>,
        owner: &WalletOwner,
        (share, balance): (Share, Option<&BuyerChoice>),
        token: Option<Lookup>,
        debt_taken_minor: i64,
    ) -> Result<Draft, Failure> {
        let caller = &desk.checkout.caller;
        let body = desk.body(&self.inner.public_url, share, balance)?;
        let body = Json::from(&body);
        let request = CreatePayment::from_json(&body, caller.site)?;
        let shown_total = if balance.is_some() { None } else { desk.shown_total(share) };
        let told = Told { shown_total, ..desk.told(&request, Some(owner.account_id), debt_taken_minor) };
        self.draft(told, token, None, self.now(caller.account_id, caller.mode)).await
    }

    /// Commits the payments of a purchase with their order. The last one is what its page shows.
    async fn commit_purchase(
        &self,
        desk: &Desk<'_>,
        owner: &WalletOwner,
        wallet: WalletPurchase,
        drafts: Vec<Draft>,
        now: pasarela_domain::timestamp::Timestamp,
    ) -> Result<Result<Written, CommitError>, Failure> {
        let caller = &desk.checkout.caller;
        let (mut changes, mut states, mut body) =
            (pasarela_store::Changes::default(), Vec::new(), Vec::new());
        for draft in drafts {
            let mut of_one = draft.changes;
            changes.records.append(&mut of_one.records);
            changes.postings.append(&mut of_one.postings);
            changes.set_timers.append(&mut of_one.set_timers);
            changes.clear_timers.append(&mut of_one.clear_timers);
            changes.deliveries.append(&mut of_one.deliveries);
            if let Some(opened) = draft.token {
                if wallet.keeps_card && draft.decision.state.payment.status != Status::Rejected {
                    let kept = self.keep_in_wallet(&owner.caller(caller.mode), &owner.email, &opened).await?;
                    changes.records.extend(kept);
                }
                changes.records.push(used(opened, now)?);
            }
            states.push(draft.decision.state);
            body = draft.body;
        }
        let states: Vec<_> = states.iter().collect();
        self.pay_opened(desk.opened, &states, now, &mut changes).await?;
        let made = states.last().map_or(0, |state| state.payment.id);
        changes.idempotency = Some(desk.key.record(caller.account_id, (made, 0), self.inner.clock.wall()));
        Ok(self.commit(changes).await.map(|()| Written { body, replayed: false }))
    }
}

/// The balance is another than the one that was shown.
fn balance_changed() -> Refusal {
    Refusal::keyed(409, "insufficient_amount", "the balance does not cover its part any more")
}

impl OpenCheckout {
    /// What a balance may pay of it.
    pub fn balance_share(&self, balance: Money) -> BalanceShare {
        balance_share(&self.preference, self.catalogue.site(self.caller.site), balance)
    }

    /// Whether any card may pay `amount` of it.
    pub fn takes_cards_for(&self, amount: Money) -> bool {
        let methods = self.catalogue.site(self.caller.site).methods();
        methods.iter().any(|method| {
            method.payment_type.is_card()
                && choice::is_allowed_for(&self.preference, method, amount, self.now)
        })
    }
}
