//! How a payment's money moves: each function is one row of the ledger's book of events.
//!
//! A card sale of P, charged T = P + financing, with fee F (VAT in it), and A for the marketplace:
//! debit `acquirer_receivable` T; credit `seller_pending` P − F − A, `fee_income`, `tax_payable`,
//! `marketplace_pending` A, `financing_income` T − P. Where a campaign takes D off the price or has the seller pay S for
//! instalments without interest, T is P − D and the seller gets D and S less; of S the VAT goes to `tax_payable`. Refunds and chargebacks give each part back
//! in proportion.

use super::body::{ChargeAccounts, ChargeAmounts, ChargeDetail, FeeDetail};
use super::{Internals, Parts, PaymentState, Rail};
use crate::catalogue::fees::FeeTerms;
use crate::context::Context;
use crate::ledger::{AccountKind, Cause, LedgerAccount, Posting, PostingBuilder};
use crate::money::{Amount, Money, apportion};
use crate::timestamp::{DAY, Timestamp};
use serde_json::{Map, Value};

/// What a capture or a received payment posts, and when its money is released.
pub(super) struct Credit {
    pub(super) postings: Vec<Posting>,
    /// `None`: at once.
    pub(super) release: Option<Timestamp>,
}

/// The payment's money arrives: fees are taken, parts are fixed, the body's figures follow.
pub(super) fn credit(state: &mut PaymentState, terms: &FeeTerms, context: &Context<'_>) -> Credit {
    let amount = state.amount();
    let currency = amount.currency;
    let price = state.internals.plan_terms().price(amount, state.payment.installments);
    // The seller can't owe for a campaign what it doesn't get.
    let discount_minor = price.discount.minor;
    let (seller_financing_minor, seller_financing_vat_minor) = capped(
        price.seller_financing.minor - price.seller_financing_vat.minor,
        price.seller_financing_vat.minor,
        amount.minor - discount_minor,
    );
    let left = amount.minor - discount_minor - seller_financing_minor - seller_financing_vat_minor;
    // A part of the reserve may be captured, of less than the integrator asked for.
    let marketplace_minor = state.internals.application_fee_minor.min(left);
    // A fixed fee may be more than a tiny sale: the seller never owes money for having sold.
    let fee = terms.fee(amount);
    let (fee_minor, vat_minor) = capped(fee.net.minor, fee.vat.minor, left - marketplace_minor);
    let total = state.payment.transaction_details.total_paid_amount.money(currency);
    let parts = Parts {
        seller_minor: left - fee_minor - vat_minor - marketplace_minor,
        fee_minor,
        vat_minor,
        marketplace_minor,
        financing_minor: total.minor - (amount.minor - discount_minor),
        seller_financing_minor,
        seller_financing_vat_minor,
        discount_minor,
    };
    state.internals.parts = parts;
    let release =
        (state.internals.release_days > 0).then(|| context.now.plus_ms(state.internals.release_days * DAY));
    state.internals.released = release.is_none();

    let payment = &mut state.payment;
    payment.date_approved = Some(context.now);
    payment.money_release_date = Some(release.unwrap_or(context.now));
    payment.money_release_status = Some(if release.is_some() { "pending" } else { "released" }.to_owned());
    payment.transaction_details.net_received_amount = Money::new(parts.seller_minor, currency).into();
    payment.fee_details = fee_details(&parts, currency);
    payment.charges_details =
        charges(payment.id, state.internals.application_id, &payment.fee_details, context.now);

    let owner = payment.collector_id;
    let (seller_kind, marketplace_kind) = seller_accounts(&state.internals);
    let marketplace_owner = state.internals.marketplace_owner;
    let posting = Posting::build(owner, currency, Cause::Payment, payment.id, context.now)
        .debit(source(&state.internals), total.minor)
        .credit(LedgerAccount::of(seller_kind, owner), parts.seller_minor)
        .credit(LedgerAccount::platform(AccountKind::FeeIncome), parts.fee_minor)
        .credit(LedgerAccount::platform(AccountKind::TaxPayable), parts.tax_minor())
        .credit(LedgerAccount::of(marketplace_kind, marketplace_owner), parts.marketplace_minor)
        .credit(LedgerAccount::platform(AccountKind::FinancingIncome), parts.financing_income_minor())
        .finish();
    Credit { postings: posting.into_iter().collect(), release }
}

/// The seller's (and the marketplace's) part becomes available.
pub(super) fn release(state: &mut PaymentState, context: &Context<'_>) -> Vec<Posting> {
    let parts = state.internals.parts;
    let payment = &state.payment;
    let owner = payment.collector_id;
    let marketplace_owner = state.internals.marketplace_owner;
    state.internals.released = true;
    Posting::build(owner, payment.currency_id, Cause::Release, payment.id, context.now)
        .debit(LedgerAccount::of(AccountKind::SellerPending, owner), parts.seller_minor)
        .debit(LedgerAccount::of(AccountKind::MarketplacePending, marketplace_owner), parts.marketplace_minor)
        .credit(LedgerAccount::of(AccountKind::SellerAvailable, owner), parts.seller_minor)
        .credit(
            LedgerAccount::of(AccountKind::MarketplaceAvailable, marketplace_owner),
            parts.marketplace_minor,
        )
        .finish()
        .into_iter()
        .collect()
}

/// The seller pays a debt with what becomes available.
pub(super) fn recovered_debt(
    state: &PaymentState,
    recovered_minor: i64,
    context: &Context<'_>,
) -> Option<Posting> {
    let payment = &state.payment;
    let owner = payment.collector_id;
    Posting::build(owner, payment.currency_id, Cause::DebtRecovered, payment.id, context.now)
        .debit(LedgerAccount::of(AccountKind::SellerAvailable, owner), recovered_minor)
        .credit(LedgerAccount::of(AccountKind::SellerReceivable, owner), recovered_minor)
        .finish()
}

/// Gives `amount` of the payment back: ordered and, as the rail has confirmed it, settled.
pub(super) fn refund(state: &mut PaymentState, amount: Money, context: &Context<'_>) -> Vec<Posting> {
    let back = take_back(state, amount, context.now);
    let payment = &state.payment;
    let total_minor = back.charged_minor();
    let clearing = LedgerAccount::platform(AccountKind::RefundClearing);
    let build =
        |cause| Posting::build(payment.collector_id, payment.currency_id, cause, payment.id, context.now);
    let ordered = debit_parts(build(Cause::Refund), state, &back).credit(clearing, total_minor).finish();
    let settled = build(Cause::RefundSettled)
        .debit(clearing, total_minor)
        .credit(refund_destination(&state.internals), total_minor)
        .finish();
    ordered.into_iter().chain(settled).collect()
}

/// The holder's bank takes the remaining amount back; what the seller got is held.
///
/// `available_minor` is the seller's available balance: what it lacks becomes the seller's debt.
pub(super) fn open_chargeback(
    state: &PaymentState,
    available_minor: i64,
    context: &Context<'_>,
) -> Vec<Posting> {
    let payment = &state.payment;
    let parts = &state.internals.parts;
    let owner = payment.collector_id;
    let total_minor = parts.charged_minor();
    let (seller_kind, _) = seller_accounts(&state.internals);
    let covered =
        if state.internals.released { parts.seller_minor.min(available_minor) } else { parts.seller_minor };
    Posting::build(owner, payment.currency_id, Cause::ChargebackOpened, payment.id, context.now)
        .debit(LedgerAccount::of(seller_kind, owner), covered)
        .debit(LedgerAccount::of(AccountKind::SellerReceivable, owner), parts.seller_minor - covered)
        .debit(LedgerAccount::platform(AccountKind::ChargebackReceivable), total_minor)
        .credit(LedgerAccount::of(AccountKind::SellerDisputed, owner), parts.seller_minor)
        .credit(source(&state.internals), total_minor)
        .finish()
        .into_iter()
        .collect()
}

/// The chargeback ended for the seller: everything returns, the seller's part as available money.
pub(super) fn win_chargeback(state: &mut PaymentState, context: &Context<'_>) -> Vec<Posting> {
    let payment = &state.payment;
    let parts = state.internals.parts;
    let owner = payment.collector_id;
    let marketplace_owner = state.internals.marketplace_owner;
    let total_minor = parts.charged_minor();
    let mut builder =
        Posting::build(owner, payment.currency_id, Cause::ChargebackWon, payment.id, context.now)
            .debit(LedgerAccount::of(AccountKind::SellerDisputed, owner), parts.seller_minor)
            .debit(source(&state.internals), total_minor)
            .credit(LedgerAccount::of(AccountKind::SellerAvailable, owner), parts.seller_minor)
            .credit(LedgerAccount::platform(AccountKind::ChargebackReceivable), total_minor);
    if !state.internals.released {
        builder = builder
            .debit(
                LedgerAccount::of(AccountKind::MarketplacePending, marketplace_owner),
                parts.marketplace_minor,
            )
            .credit(
                LedgerAccount::of(AccountKind::MarketplaceAvailable, marketplace_owner),
                parts.marketplace_minor,
            );
    }
    let postings = builder.finish().into_iter().collect();
    state.internals.released = true;
    postings
}

/// The chargeback ended against the seller: each party loses its part.
///
/// `marketplace_available_minor` is the marketplace owner's available balance: what it lacks becomes a debt, because a
/// lost chargeback can't be refused.
pub(super) fn lose_chargeback(
    state: &mut PaymentState,
    marketplace_available_minor: i64,
    context: &Context<'_>,
) -> Vec<Posting> {
    let payment = &state.payment;
    let parts = state.internals.parts;
    let owner = payment.collector_id;
    let (_, marketplace_kind) = seller_accounts(&state.internals);
    let marketplace_owner = state.internals.marketplace_owner;
    let covered = if state.internals.released {
        parts.marketplace_minor.min(marketplace_available_minor)
    } else {
        parts.marketplace_minor
    };
    let postings = Posting::build(owner, payment.currency_id, Cause::ChargebackLost, payment.id, context.now)
        .debit(LedgerAccount::of(AccountKind::SellerDisputed, owner), parts.seller_minor)
        .debit(LedgerAccount::platform(AccountKind::FeeIncome), parts.fee_minor)
        .debit(LedgerAccount::platform(AccountKind::TaxPayable), parts.tax_minor())
        .debit(LedgerAccount::of(marketplace_kind, marketplace_owner), covered)
        .debit(
            LedgerAccount::of(AccountKind::SellerReceivable, marketplace_owner),
            parts.marketplace_minor - covered,
        )
        .debit(LedgerAccount::platform(AccountKind::FinancingIncome), parts.financing_income_minor())
        .credit(LedgerAccount::platform(AccountKind::ChargebackReceivable), parts.charged_minor())
        .finish()
        .into_iter()
        .collect();
    state.internals.parts = Parts::default();
    postings
}

/// An expired ticket or transfer was paid: the money goes to the payer's wallet.
pub(super) fn late_payment(state: &PaymentState, context: &Context<'_>) -> Vec<Posting> {
    let payment = &state.payment;
    let amount_minor = state.amount().minor;
    Posting::build(payment.collector_id, payment.currency_id, Cause::LatePayment, payment.id, context.now)
        .debit(source(&state.internals), amount_minor)
        .credit(LedgerAccount::of(AccountKind::BuyerWallet, state.internals.payer_id), amount_minor)
        .finish()
        .into_iter()
        .collect()
}

/// Takes `amount` out of the parts that are left, in proportion; the last refund takes what is left of each, so that
/// partial refunds always add up to the whole.
fn take_back(state: &mut PaymentState, amount: Money, now: Timestamp) -> Parts {
    let parts = &mut state.internals.parts;
    let remaining = parts.remaining_minor();
    assert!(amount.minor > 0 && amount.minor <= remaining, "a refund is within what is left");
    let shares = apportion(
        amount.minor,
        &[
            parts.seller_minor,
            parts.fee_minor,
            parts.vat_minor,
            parts.marketplace_minor,
            parts.seller_financing_minor,
            parts.seller_financing_vat_minor,
            parts.discount_minor,
        ],
    );
    let financing = apportion(parts.financing_minor, &[amount.minor, remaining - amount.minor]);
    let back = Parts {
        seller_minor: shares[0],
        fee_minor: shares[1],
        vat_minor: shares[2],
        marketplace_minor: shares[3],
        financing_minor: financing[0],
        seller_financing_minor: shares[4],
        seller_financing_vat_minor: shares[5],
        discount_minor: shares[6],
    };
    parts.seller_minor -= back.seller_minor;
    parts.fee_minor -= back.fee_minor;
    parts.vat_minor -= back.vat_minor;
    parts.marketplace_minor -= back.marketplace_minor;
    parts.financing_minor -= back.financing_minor;
    parts.seller_financing_minor -= back.seller_financing_minor;
    parts.seller_financing_vat_minor -= back.seller_financing_vat_minor;
    parts.discount_minor -= back.discount_minor;
    let currency = state.payment.currency_id;
    for charge in &mut state.payment.charges_details {
        let given = match charge.name.as_str() {
            "mercadopago_fee" => back.fee_minor + back.vat_minor,
            "application_fee" => back.marketplace_minor,
            "financing_fee" => back.financing_minor + back.seller_financing_fee_minor(),
            "coupon_fee" => back.discount_minor,
            _ => 0,
        };
        let refunded = charge.amounts.refunded.money(currency).plus(Money::new(given, currency));
        charge.amounts.refunded = refunded.into();
        charge.last_updated = now;
    }
    back
}

fn debit_parts(builder: PostingBuilder, state: &PaymentState, parts: &Parts) -> PostingBuilder {
    let owner = state.payment.collector_id;
    let marketplace_owner = state.internals.marketplace_owner;
    let (seller_kind, marketplace_kind) = seller_accounts(&state.internals);
    builder
        .debit(LedgerAccount::of(seller_kind, owner), parts.seller_minor)
        .debit(LedgerAccount::platform(AccountKind::FeeIncome), parts.fee_minor)
        .debit(LedgerAccount::platform(AccountKind::TaxPayable), parts.tax_minor())
        .debit(LedgerAccount::of(marketplace_kind, marketplace_owner), parts.marketplace_minor)
        .debit(LedgerAccount::platform(AccountKind::FinancingIncome), parts.financing_income_minor())
}

const fn seller_accounts(internals: &Internals) -> (AccountKind, AccountKind) {
    if internals.released {
        (AccountKind::SellerAvailable, AccountKind::MarketplaceAvailable)
    } else {
        (AccountKind::SellerPending, AccountKind::MarketplacePending)
    }
}

/// The account that the buyer's money comes from.
const fn source(internals: &Internals) -> LedgerAccount {
    match internals.rail {
        Rail::Card => LedgerAccount::platform(AccountKind::AcquirerReceivable),
        Rail::Pix => LedgerAccount::platform(AccountKind::PixReceivable),
        Rail::CashNetwork => LedgerAccount::platform(AccountKind::CashNetworkReceivable),
        Rail::Wallet => LedgerAccount::of(AccountKind::BuyerWallet, internals.payer_id),
    }
}

/// Cards and Pix go back the way they came; cash can't, so it goes to the payer's wallet.
const fn refund_destination(internals: &Internals) -> LedgerAccount {
    match internals.rail {
        Rail::Card | Rail::Pix => source(internals),
        Rail::CashNetwork | Rail::Wallet => LedgerAccount::of(AccountKind::BuyerWallet, internals.payer_id),
    }
}

fn capped(fee_minor: i64, vat_minor: i64, at_most: i64) -> (i64, i64) {
    if fee_minor + vat_minor <= at_most {
        return (fee_minor, vat_minor);
    }
    let parts = apportion(at_most, &[fee_minor, vat_minor]);
    (parts[0], parts[1])
}

fn fee_details(parts: &Parts, currency: crate::money::Currency) -> Vec<FeeDetail> {
    let detail = |kind: &str, minor: i64, fee_payer: &str| FeeDetail {
        kind: kind.to_owned(),
        amount: Money::new(minor, currency).into(),
        fee_payer: fee_payer.to_owned(),
    };
    let mut details = Vec::with_capacity(4);
    if parts.fee_minor + parts.vat_minor != 0 {
        details.push(detail("mercadopago_fee", parts.fee_minor + parts.vat_minor, "collector"));
    }
    if parts.marketplace_minor != 0 {
        details.push(detail("application_fee", parts.marketplace_minor, "collector"));
    }
    if parts.financing_minor != 0 {
        details.push(detail("financing_fee", parts.financing_minor, "payer"));
    }
    // Never beside the payer's: what the seller finances is without interest for the payer.
    if parts.seller_financing_fee_minor() != 0 {
        details.push(detail("financing_fee", parts.seller_financing_fee_minor(), "collector"));
    }
    if parts.discount_minor != 0 {
        details.push(detail("coupon_fee", parts.discount_minor, "collector"));
    }
    details
}

fn charges(payment_id: i64, client_id: i64, fees: &[FeeDetail], now: Timestamp) -> Vec<ChargeDetail> {
    fees.iter()
        .enumerate()
        .map(|(index, fee)| ChargeDetail {
            id: format!("{payment_id}-{:03}", index + 1),
            name: fee.kind.clone(),
            kind: "fee".to_owned(),
            accounts: ChargeAccounts {
                from: fee.fee_payer.clone(),
                to: if fee.kind == "application_fee" { "marketplace_owner" } else { "mp" }.to_owned(),
            },
            client_id,
            date_created: now,
            last_updated: now,
            amounts: ChargeAmounts { original: fee.amount, refunded: Amount::ZERO },
            metadata: Value::Object(Map::new()),
            reserve_id: None,
            refund_charges: Vec::new(),
        })
        .collect()
}
