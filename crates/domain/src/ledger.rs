//! The ledger's words: accounts, legs and postings (double entry, integer minor units, one currency a posting).

use crate::identity::AccountId;
use crate::money::Currency;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// What a ledger account holds. The platform's own accounts have owner 0; the others one per user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum AccountKind {
    /// Asset: own money at banks.
    Bank = 1,
    /// Asset: captured card sales not yet settled by the acquirer.
    AcquirerReceivable = 2,
    /// Asset: Pix received, not yet matched at the bank.
    PixReceivable = 3,
    /// Asset: what cash networks and transfer schemes owe.
    CashNetworkReceivable = 4,
    /// Asset: disputed money taken by the acquirer.
    ChargebackReceivable = 5,
    /// Asset: a seller's debt.
    SellerReceivable = 6,
    /// Liability: a user's wallet balance.
    BuyerWallet = 7,
    /// Liability: a seller's money, not released yet.
    SellerPending = 8,
    /// Liability: a seller's money, withdrawable.
    SellerAvailable = 9,
    /// Liability: a seller's risk reserve.
    SellerReserved = 10,
    /// Liability: held for a mediation or a chargeback.
    SellerDisputed = 11,
    /// Liability: an integrator's application fees, not released yet.
    MarketplacePending = 12,
    /// Liability: an integrator's application fees, withdrawable.
    MarketplaceAvailable = 13,
    /// Liability: refunds ordered, not confirmed by the rail.
    RefundClearing = 14,
    /// Liability: payouts on their way.
    PayoutInTransit = 15,
    /// Liability: withholdings, and VAT on fees.
    TaxPayable = 16,
    /// Income: the platform's fees.
    FeeIncome = 17,
    /// Income: instalments' financing.
    FinancingIncome = 18,
    /// Expense: what acquirers keep.
    AcquirerCost = 19,
    /// Expense: what funders keep.
    FinancingCost = 20,
    /// Expense: chargebacks that the platform bears.
    ChargebackLoss = 21,
    /// Unmatched lines; tends to zero.
    Suspense = 22,
    /// Equity: opening balances.
    Equity = 23,
}

/// All kinds, in the order of their numbers.
pub const ACCOUNT_KINDS: [AccountKind; 23] = {
    use AccountKind::*;
    [
        Bank,
        AcquirerReceivable,
        PixReceivable,
        CashNetworkReceivable,
        ChargebackReceivable,
        SellerReceivable,
        BuyerWallet,
        SellerPending,
        SellerAvailable,
        SellerReserved,
        SellerDisputed,
        MarketplacePending,
        MarketplaceAvailable,
        RefundClearing,
        PayoutInTransit,
        TaxPayable,
        FeeIncome,
        FinancingIncome,
        AcquirerCost,
        FinancingCost,
        ChargebackLoss,
        Suspense,
        Equity,
    ]
};

impl AccountKind {
    /// The number under which the store keeps it.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<AccountKind> {
        ACCOUNT_KINDS.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Whether a balance may be `balance_minor` (debit positive). What the platform owes a user can't go below zero: a
    /// debt is an explicit [`AccountKind::SellerReceivable`], of which no more is taken than is owed.
    pub const fn allows(self, balance_minor: i64) -> bool {
        match self {
            AccountKind::BuyerWallet
            | AccountKind::SellerPending
            | AccountKind::SellerAvailable
            | AccountKind::SellerReserved
            | AccountKind::SellerDisputed
            | AccountKind::MarketplacePending
            | AccountKind::MarketplaceAvailable => balance_minor <= 0,
            AccountKind::SellerReceivable => balance_minor >= 0,
            _ => true,
        }
    }
}

/// A ledger account: a kind and its owner (0 = the platform). Mode and currency are the posting's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LedgerAccount {
    /// What it holds.
    pub kind: AccountKind,
    /// Whose it is.
    pub owner: AccountId,
}

impl LedgerAccount {
    /// The account of `kind` that belongs to `owner`.
    pub const fn of(kind: AccountKind, owner: AccountId) -> LedgerAccount {
        LedgerAccount { kind, owner }
    }

    /// The platform's own account of `kind`.
    pub const fn platform(kind: AccountKind) -> LedgerAccount {
        LedgerAccount { kind, owner: 0 }
    }
}

/// One leg: a debit (`amount_minor > 0`) or a credit (`amount_minor < 0`) of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The account.
    pub account: LedgerAccount,
    /// Minor units; debit positive, credit negative, never zero.
    pub amount_minor: i64,
}

/// What made money move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A payment was captured or received, with its fees.
    Payment,
    /// The seller's money was released.
    Release,
    /// A refund was ordered.
    Refund,
    /// A refund was confirmed by the rail.
    RefundSettled,
    /// A chargeback was opened.
    ChargebackOpened,
    /// A chargeback ended for the seller.
    ChargebackWon,
    /// A chargeback ended against the seller.
    ChargebackLost,
    /// A ticket or transfer was paid after it had expired: the money goes to the payer's wallet.
    LatePayment,
    /// Money put into a wallet.
    WalletTopUp,
    /// A seller's debt was taken from a new sale.
    DebtRecovered,
}

/// A balanced set of legs with one cause: the ledger's unit of truth, never changed after its commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// The account whose business this is (the collector).
    pub account_id: AccountId,
    /// The currency of every leg.
    pub currency: Currency,
    /// Why.
    pub cause: Cause,
    /// The payment (or other resource) behind it.
    pub resource_id: i64,
    /// When it took effect, in the account's time.
    pub effective_at: Timestamp,
    /// At least two, summing to zero.
    pub legs: Vec<Leg>,
}

/// Collects debits and credits and makes a [`Posting`] of them.
#[derive(Debug)]
pub struct PostingBuilder {
    posting: Posting,
}

impl Posting {
    /// Starts a posting for `account_id`'s business.
    pub fn build(
        account_id: AccountId,
        currency: Currency,
        cause: Cause,
        resource_id: i64,
        effective_at: Timestamp,
    ) -> PostingBuilder {
        PostingBuilder {
            posting: Posting {
                account_id,
                currency,
                cause,
                resource_id,
                effective_at,
                legs: Vec::with_capacity(6),
            },
        }
    }

    /// Whether debits equal credits and there is something to post.
    pub fn is_balanced(&self) -> bool {
        self.legs.len() >= 2
            && self.legs.iter().map(|leg| i128::from(leg.amount_minor)).sum::<i128>() == 0
            && self.legs.iter().all(|leg| leg.amount_minor != 0)
    }
}

impl PostingBuilder {
    /// Debits `account`; zero is left out.
    #[must_use]
    pub fn debit(self, account: LedgerAccount, amount_minor: i64) -> PostingBuilder {
        assert!(amount_minor >= 0, "a debit is not negative");
        self.leg(account, amount_minor)
    }

    /// Credits `account`; zero is left out.
    #[must_use]
    pub fn credit(self, account: LedgerAccount, amount_minor: i64) -> PostingBuilder {
        assert!(amount_minor >= 0, "a credit is not negative");
        self.leg(account, -amount_minor)
    }

    fn leg(mut self, account: LedgerAccount, amount_minor: i64) -> PostingBuilder {
        if amount_minor != 0 {
            match self.posting.legs.iter_mut().find(|leg| leg.account == account) {
                Some(leg) => leg.amount_minor += amount_minor,
                None => self.posting.legs.push(Leg { account, amount_minor }),
            }
        }
        self
    }

    /// The posting; `None` when nothing moves.
    ///
    /// # Panics
    /// When debits and credits differ: such a posting must never be committed.
    pub fn finish(mut self) -> Option<Posting> {
        self.posting.legs.retain(|leg| leg.amount_minor != 0);
        if self.posting.legs.is_empty() {
            return None;
        }
        assert!(self.posting.is_balanced(), "debits equal credits: {:?}", self.posting);
        Some(self.posting)
    }
}
