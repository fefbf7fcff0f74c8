//! `GET /v1/payment_methods/installments`: what a price costs in each number of instalments.

use super::installments::{InstallmentOffer, OfferQuery, PlanTerms};
use super::method::PaymentMethod;
use super::recommended_message::Wording;
use super::{Issuer, SiteCatalogue};
use crate::identity::AccountId;
use crate::money::Money;
use crate::notation::Notation;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::timestamp::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};

/// What a checkout asks for. Empty texts are the same as absent ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstallmentParameters {
    /// `amount`, as it was sent.
    pub amount: Option<String>,
    /// `bin` (or `bins`): a card's first 6 to 8 digits.
    pub bin: Option<String>,
    /// `payment_method_id`
    pub payment_method_id: Option<String>,
    /// `issuer.id`
    pub issuer_id: Option<String>,
    /// `payment_type_id`
    pub payment_type_id: Option<String>,
    /// `processing_mode`; `aggregator` without it.
    pub processing_mode: Option<String>,
    /// `locale`
    pub locale: Option<String>,
    /// `differential_pricing_id`
    pub differential_pricing_id: Option<i64>,
    /// Who sells.
    pub collector_id: AccountId,
    /// The account's time.
    pub now: Timestamp,
}

impl SiteCatalogue {
    /// One element for each method and issuer that fits what is known of the card. With an amount the plans that take it,
    /// with prices; without one all plans. Only cards have plans, and debit cards have one.
    ///
    /// # Errors
    /// 400 `invalid amount` for one that is no amount of the currency or that no fitting method takes; 4001 when neither a
    /// method nor a card is named.
    pub fn installments_json(
        &self,
        parameters: &InstallmentParameters,
        logo_base: &str,
    ) -> Result<String, Refusal> {
        let amount = parameters.amount.as_deref().map(|text| self.asked_amount(text)).transpose()?;
        let methods = self.asked_methods(parameters)?;
        let takes = |method: &&PaymentMethod| {
            amount.is_none_or(|amount| (method.min_allowed..=method.max_allowed).contains(&amount))
        };
        if !methods.is_empty() && !methods.iter().any(takes) {
            return Err(invalid_amount());
        }
        let wording = Wording::choose(parameters.locale.as_deref(), self.site);
        let bin = parameters.bin.as_deref().unwrap_or_default();
        let mode = parameters.processing_mode.as_deref().unwrap_or("aggregator");
        let elements: Vec<Value> = methods
            .iter()
            .filter(|method| takes(method))
            .flat_map(|method| {
                self.asked_issuers(method, parameters).into_iter().map(move |issuer| (*method, issuer))
            })
            .map(|(method, issuer)| {
                let query = OfferQuery {
                    method,
                    bin,
                    issuer_id: issuer.map(|issuer| issuer.id),
                    collector_id: parameters.collector_id,
                    differential_pricing_id: parameters.differential_pricing_id,
                    now: parameters.now,
                };
                json!({
                    "payment_method_id": method.id,
                    "payment_type_id": method.payment_type.id(),
                    "issuer": issuer.map(|issuer| issuer_value(issuer, logo_base)),
                    "processing_mode": mode,
                    "merchant_account_id": null,
                    "payer_costs": self.costs(&query, amount, wording),
                    "agreements": null,
                })
            })
            .collect();
        Ok(Value::Array(elements).to_string())
    }

    fn asked_amount(&self, text: &str) -> Result<Money, Refusal> {
        let amount = Money::from_decimal_text(text.trim(), self.site.currency());
        amount.ok().filter(|amount| amount.minor > 0).ok_or_else(invalid_amount)
    }

    /// The offered card methods that fit.
    fn asked_methods(&self, parameters: &InstallmentParameters) -> Result<Vec<&PaymentMethod>, Refusal> {
        let candidates: Vec<&PaymentMethod> =
            match (parameters.bin.as_deref(), parameters.payment_method_id.as_deref()) {
                (None, None) => {
                    return Err(Refusal::bad_request(4001, "Payment_method_id attribute can't be null"));
                }
                (Some(bin), _) => self.resolve_bin(bin),
                (None, Some(id)) => self.method(id).into_iter().collect(),
            };
        let is_wanted =
            |wanted: &Option<String>, actual: &str| wanted.as_deref().is_none_or(|wanted| wanted == actual);
        let mode = parameters.processing_mode.as_deref().unwrap_or("aggregator");
        Ok(candidates
            .into_iter()
            .filter(|method| method.is_offered() && method.payment_type.is_card())
            .filter(|method| is_wanted(&parameters.payment_method_id, &method.id))
            .filter(|method| is_wanted(&parameters.payment_type_id, method.payment_type.id()))
            .filter(|method| method.processing_modes.iter().any(|known| known == mode))
            .collect())
    }

    /// Whose card it may be: the issuer that was asked for, or that the BIN tells; where a form lets the buyer choose, all of
    /// them, the default first. A method without issuers has one element without one.
    fn asked_issuers(
        &self,
        method: &PaymentMethod,
        parameters: &InstallmentParameters,
    ) -> Vec<Option<&Issuer>> {
        let bin = parameters.bin.as_deref().unwrap_or_default();
        let mut issuers = self.card_issuers(&method.id, bin);
        if let Some(wanted) = parameters.issuer_id.as_deref() {
            issuers.retain(|issuer| issuer.id.to_string() == wanted);
        } else if method.needs_issuer() {
            issuers.sort_by_key(|issuer| !issuer.default);
        } else {
            return vec![self.issuer_for(&method.id, bin)];
        }
        issuers.into_iter().map(Some).collect()
    }

    fn costs(&self, query: &OfferQuery<'_>, amount: Option<Money>, wording: Wording) -> Vec<Value> {
        let takes = |offer: &&InstallmentOffer<'_>| {
            amount.is_none_or(|amount| (offer.min_amount..=offer.max_amount).contains(&amount))
        };
        self.offers(query, amount)
            .iter()
            .filter(takes)
            .map(|offer| {
                let mut cost = self.payer_cost(query, offer);
                match amount {
                    Some(amount) => {
                        let price = offer.terms.price(amount, offer.installments);
                        let message = wording.message(offer.installments, &price);
                        cost.insert("recommended_message".to_owned(), Value::String(message));
                        cost.insert(
                            "installment_amount".to_owned(),
                            price.installment_amount.to_number().into(),
                        );
                        cost.insert("total_amount".to_owned(), price.total.to_number().into());
                    }
                    None => {
                        let message = offer.installments.to_string();
                        cost.insert("recommended_message".to_owned(), Value::String(message));
                    }
                }
                Value::Object(cost)
            })
            .collect()
    }

    /// A plan without an amount, as `search` shows it too.
    pub(super) fn payer_cost(
        &self,
        query: &OfferQuery<'_>,
        offer: &InstallmentOffer<'_>,
    ) -> Map<String, Value> {
        let reimbursement =
            Some(offer.reimbursement_percent).filter(|percent| !percent.is_zero()).map(number);
        let campaign = offer.promotion.map(|promotion| promotion.id.as_str());
        let cost = json!({
            "installments": offer.installments,
            "installment_rate": number(offer.terms.rate_percent),
            "discount_rate": number(offer.terms.discount_percent),
            "reimbursement_rate": reimbursement,
            "labels": labels(offer),
            "installment_rate_collector": [offer.collected_by.id()],
            "min_allowed_amount": offer.min_amount.to_number(),
            "max_allowed_amount": offer.max_amount.to_number(),
            "payment_method_option_id": self.option_id(query, offer.installments, &offer.terms, campaign),
        });
        match cost {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// `payment_method_option_id`: an opaque name of a plan, of whose cards, under which campaign and at which price. The same
    /// for the same plan, and nothing to read in it; a payment that names it is held to it, so that nobody is charged by
    /// a price list that took the place of the one that was shown.
    pub fn option_id(
        &self,
        query: &OfferQuery<'_>,
        installments: u32,
        terms: &PlanTerms,
        campaign: Option<&str>,
    ) -> String {
        let issuer = self.priced_issuer(query).unwrap_or_default();
        let campaign = campaign.unwrap_or_default();
        let (rate, off) = (terms.rate_percent.normalize(), terms.discount_percent.normalize());
        let most = terms.discount_at_most_minor.unwrap_or_default();
        let plan = format!("{}/{}/{issuer}/{campaign}/{installments}", self.site, query.method.id);
        let name = format!("{plan}/{rate}/{off}/{most}");
        // FNV-1a: no secret is kept here, it only has to differ from plan to plan.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("1.AQok{hash:016X}")
    }
}

/// The costs that Argentine law wants shown, as the one string that shops take apart; CFT first.
fn labels(offer: &InstallmentOffer<'_>) -> Vec<String> {
    let argentine = Notation::of(Site::MLA);
    offer
        .annual_cost
        .map(|cost| {
            format!("CFT_{}|TEA_{}", argentine.percent(cost.cft_percent), argentine.percent(cost.tea_percent))
        })
        .into_iter()
        .collect()
}

fn issuer_value(issuer: &Issuer, logo_base: &str) -> Value {
    let logo = super::answers::logo(logo_base, &issuer.logo);
    json!({"id": issuer.id.to_string(), "name": issuer.name, "secure_thumbnail": logo, "thumbnail": logo})
}

pub(super) fn number(decimal: Decimal) -> Number {
    Number::from_string_unchecked(decimal.normalize().to_string())
}

/// Shops compare the sentence.
fn invalid_amount() -> Refusal {
    Refusal::plain(400, "invalid amount")
}
