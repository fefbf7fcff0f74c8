//! What a buyer may choose on the hosted checkout: methods that the seller did not exclude and that take the amount, and
//! the plans in which a card pays it.

use super::Preference;
use crate::catalogue::expiry::allowed;
use crate::catalogue::installments::{InstallmentOffer, InstallmentPlan, OfferQuery};
use crate::catalogue::{PaymentMethod, PaymentType, SiteCatalogue};
use crate::money::Money;
use crate::timestamp::{MINUTE, Timestamp};

/// The methods that may pay the preference, in the catalogue's order, the one that the seller prefers first.
pub fn choices<'c>(
    preference: &Preference,
    catalogue: &'c SiteCatalogue,
    now: Timestamp,
) -> Vec<&'c PaymentMethod> {
    let mut methods: Vec<&PaymentMethod> =
        catalogue.methods().iter().filter(|method| is_allowed(preference, method, now)).collect();
    if let Some(first) = &preference.payment_methods.default_payment_method_id {
        methods.sort_by_key(|method| method.id != *first);
    }
    methods
}

/// Whether `method` may pay the preference.
pub fn is_allowed(preference: &Preference, method: &PaymentMethod, now: Timestamp) -> bool {
    is_allowed_for(preference, method, preference.total(), now)
}

/// Whether `method` may pay `amount` of the preference.
pub fn is_allowed_for(
    preference: &Preference,
    method: &PaymentMethod,
    amount: Money,
    now: Timestamp,
) -> bool {
    let limits = &preference.payment_methods;
    let is_excluded = limits.excluded_payment_methods.iter().any(|excluded| excluded.id == method.id)
        || limits.excluded_payment_types.iter().any(|excluded| excluded.id == method.payment_type.id());
    method.is_offered()
        && is_here(preference, method)
        && (!method.payment_type.is_offline() || preference.date_of_expiration.is_none_or(|at| at > now))
        && !is_excluded
        && (method.min_allowed..=method.max_allowed).contains(&amount)
}

/// Whether the hosted checkout can take it: a card with a number, or what is paid elsewhere. Where everything is decided
/// at once, nothing is paid elsewhere.
fn is_here(preference: &Preference, method: &PaymentMethod) -> bool {
    match method.payment_type {
        kind if kind.is_card() => !method.settings.is_empty(),
        PaymentType::Ticket | PaymentType::Atm => !preference.binary_mode,
        PaymentType::BankTransfer => !preference.binary_mode || method.id == "pix",
        _ => false,
    }
}

/// The method of a wallet's balance.
pub const BALANCE: &str = "account_money";

/// What a wallet's balance may pay of a preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalanceShare {
    /// All of it.
    All,
    /// This much; a card pays the rest.
    Part(Money),
    /// Nothing of it.
    Nothing,
}

/// What a wallet that holds `balance` may pay of the preference. A seller can't exclude it; its own limits hold for the
/// part that it pays.
pub fn balance_share(preference: &Preference, catalogue: &SiteCatalogue, balance: Money) -> BalanceShare {
    let Some(method) = catalogue.method(BALANCE).filter(|method| method.is_offered()) else {
        return BalanceShare::Nothing;
    };
    let total = preference.total();
    let takes = |amount: Money| (method.min_allowed..=method.max_allowed).contains(&amount);
    if balance >= total {
        return if takes(total) { BalanceShare::All } else { BalanceShare::Nothing };
    }
    if takes(balance) { BalanceShare::Part(balance) } else { BalanceShare::Nothing }
}

/// When a ticket or a transfer that is made out now expires, if the seller said so: as near to that as the method goes.
pub fn expiry(preference: &Preference, method: &PaymentMethod, now: Timestamp) -> Option<Timestamp> {
    let wanted = preference.date_of_expiration?;
    let (first, last) = allowed(preference.site(), method.payment_type, &method.id, now)?;
    // What is allowed has a little room for clocks that differ; a moment inside of it is surely allowed.
    Some(wanted.clamp(first.plus_ms(MINUTE), last.plus_ms(-MINUTE)))
}

/// The plans in which a card of `method` pays the preference, ascending, with what each costs in all.
pub fn plans<'c>(
    preference: &Preference,
    catalogue: &'c SiteCatalogue,
    method: &'c PaymentMethod,
    bin: &'c str,
    now: Timestamp,
) -> Vec<(InstallmentOffer<'c>, InstallmentPlan)> {
    plans_for(preference, (catalogue, method), bin, preference.total(), now)
}

/// The plans in which a card of `method` pays `total`, which is what is left of the preference's price.
pub fn plans_for<'c>(
    preference: &Preference,
    (catalogue, method): (&'c SiteCatalogue, &'c PaymentMethod),
    bin: &'c str,
    total: Money,
    now: Timestamp,
) -> Vec<(InstallmentOffer<'c>, InstallmentPlan)> {
    let asked = OfferQuery {
        method,
        bin,
        issuer_id: None,
        collector_id: preference.collector_id,
        differential_pricing_id: preference.differential_pricing.as_ref().map(|pricing| pricing.id),
        now,
    };
    let most = preference.payment_methods.installments.unwrap_or(u32::MAX);
    catalogue
        .offers(&asked, Some(total))
        .into_iter()
        .filter(|offer| offer.installments <= most)
        .filter(|offer| offer.installments == 1 || total >= offer.min_amount)
        .map(|offer| {
            let plan = offer.plan(total);
            (offer, plan)
        })
        .collect()
}
