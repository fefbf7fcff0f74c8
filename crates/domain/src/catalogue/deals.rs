//! `GET /v1/payment_methods/deals`: the campaigns that a seller's buyers may read about.
//!
//! No reference has this answer any more. The members are those that the older mobile libraries read of a bank's deal
//! (`id`, `issuer`, `payment_methods`, `installments`, `max_installments`, `recommended_message`, `legals`, `picture`,
//! `date_started`, `date_expired`, `total_financial_cost`), and `weekdays`, `discount_rate`, `reimbursement_rate` and
//! `min_allowed_amount`, without which a campaign of this catalogue can't be told (inferred).

use super::answers::logo;
use super::installment_answers::number;
use super::promotion_words::Language;
use super::promotions::{BorneBy, Promotion, Weekday};
use super::{Issuer, SiteCatalogue};
use crate::identity::AccountId;
use crate::notation::Notation;
use crate::site::Site;
use crate::timestamp::{SECOND, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// For whom campaigns are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DealParameters {
    /// The seller; 0 for nobody in particular.
    pub collector_id: AccountId,
    /// The campaign that the seller joins.
    pub differential_pricing_id: Option<i64>,
    /// `locale`
    pub locale: Option<String>,
    /// The account's time.
    pub now: Timestamp,
}

impl SiteCatalogue {
    /// The campaigns that have begun and not ended, whatever the day of the week: the platform's, the seller's own, and
    /// the one that it joins.
    pub fn deals(&self, parameters: &DealParameters) -> Vec<&Promotion> {
        self.promotions
            .iter()
            .filter(|known| known.is_to_be_shown(self.site, parameters.now))
            .filter(|known| known.collector_id.is_none_or(|id| id == parameters.collector_id))
            .filter(|known| {
                known.differential_pricing_id.is_none()
                    || known.differential_pricing_id == parameters.differential_pricing_id
            })
            .collect()
    }

    /// The array of deals, one for each campaign and issuer.
    pub fn deals_json(&self, parameters: &DealParameters, logo_base: &str) -> String {
        let language = Language::choose(parameters.locale.as_deref(), self.site);
        let deals: Vec<Value> = self
            .deals(parameters)
            .into_iter()
            .flat_map(|promotion| {
                let issuers = self.promoted_issuers(promotion);
                let issuers: Vec<Option<&Issuer>> =
                    if issuers.is_empty() { vec![None] } else { issuers.into_iter().map(Some).collect() };
                issuers.into_iter().map(move |issuer| self.deal(promotion, issuer, language, logo_base))
            })
            .collect();
        Value::Array(deals).to_string()
    }

    /// `financing_deals` of a search's result: the campaign that changes its prices today, in the site's language.
    pub(super) fn financing_deals(&self, promotion: Option<&Promotion>) -> Value {
        let Some(promotion) = promotion else {
            return json!({
                "legals": null,
                "installments": null,
                "expiration_date": null,
                "start_date": null,
                "status": "deactive",
            });
        };
        json!({
            "legals": self.promotion_text(promotion, Language::choose(None, self.site)).legals,
            "installments": promotion.interest_free.as_ref().map(|free| free.installments.clone()),
            "expiration_date": last_instant(self.site, promotion.last_day),
            "start_date": first_instant(self.site, promotion.first_day),
            "status": "active",
        })
    }

    fn deal(
        &self,
        promotion: &Promotion,
        issuer: Option<&Issuer>,
        language: Language,
        logo_base: &str,
    ) -> Value {
        let text = self.promotion_text(promotion, language);
        let id = match issuer {
            Some(issuer) if promotion.issuers.len() > 1 => format!("{}-{}", promotion.id, issuer.id),
            _ => promotion.id.clone(),
        };
        let installments =
            promotion.interest_free.as_ref().map(|free| free.installments.clone()).unwrap_or_default();
        let discount = |by: BorneBy| {
            let discount = promotion.discount.as_ref().filter(|discount| discount.borne_by == by);
            discount.map_or(Decimal::ZERO, |discount| discount.percent)
        };
        let methods: Vec<Value> = self
            .promoted_methods(promotion)
            .iter()
            .map(|method| {
                json!({
                    "id": method.id,
                    "name": method.name,
                    "payment_type_id": method.payment_type.id(),
                    "secure_thumbnail": logo(logo_base, &method.logo),
                    "thumbnail": logo(logo_base, &method.logo),
                })
            })
            .collect();
        let picture = issuer.map(|issuer| {
            let url = logo(logo_base, &issuer.logo);
            json!({"id": issuer.id.to_string(), "size": "96x60", "url": url, "secure_url": url})
        });
        let free_of_cost = promotion.interest_free.is_some() && self.site == Site::MLA;
        json!({
            "id": id,
            "issuer": issuer.map(|issuer| json!({"id": issuer.id.to_string(), "name": issuer.name})),
            "payment_methods": methods,
            "installments": installments,
            "max_installments": installments.last(),
            "discount_rate": number(discount(BorneBy::Seller)),
            "reimbursement_rate": Some(discount(BorneBy::Issuer)).filter(|rate| !rate.is_zero()).map(number),
            "min_allowed_amount": promotion.from_amount.map(crate::money::Money::to_number),
            "recommended_message": text.title,
            "legals": text.legals,
            "picture": picture,
            "weekdays": promotion.weekdays.iter().map(|day| weekday_id(*day)).collect::<Vec<_>>(),
            "date_started": first_instant(self.site, promotion.first_day),
            "date_expired": last_instant(self.site, promotion.last_day),
            "total_financial_cost": free_of_cost.then(|| Notation::of(self.site).percent(Decimal::ZERO)),
        })
    }
}

const fn weekday_id(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

fn first_instant(site: Site, day: Date) -> Option<Timestamp> {
    let zone = TimeZone::get(site.time_zone()).ok()?;
    let start = day.to_zoned(zone).ok()?;
    Some(Timestamp(start.timestamp().as_millisecond()))
}

/// The last second of a day.
fn last_instant(site: Site, day: Date) -> Option<Timestamp> {
    Some(first_instant(site, day.tomorrow().ok()?)?.plus_ms(-SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn deals(parameters: &DealParameters) -> Vec<Value> {
        let json = catalogue::of(Site::MLA).deals_json(parameters, "https://logos.example");
        serde_json::from_str(&json).unwrap()
    }

    fn at(now: &str) -> DealParameters {
        DealParameters { now: Timestamp::parse(now).unwrap(), ..DealParameters::default() }
    }

    fn ids(deals: &[Value]) -> Vec<&str> {
        deals.iter().map(|deal| deal["id"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_campaign_of_thursdays_is_shown_on_fridays_too() {
        let shown = deals(&at("2026-11-27T12:00:00-03:00"));
        assert_eq!(ids(&shown), ["mla-amex-3-6", "mla-patagonia-jueves"]);
        assert_eq!(shown[1]["weekdays"], json!(["thursday"]));
        assert_eq!(shown[1]["reimbursement_rate"].to_string(), "20");
        assert_eq!(shown[1]["issuer"], json!({"id": "303", "name": "Banco Patagonia"}));
        assert_eq!(shown[0]["date_started"], "2025-12-31T23:00:00.000-04:00");
        assert_eq!(shown[0]["date_expired"], "2035-12-31T22:59:59.000-04:00");
        assert_eq!(
            (&shown[0]["max_installments"], &shown[0]["total_financial_cost"]),
            (&json!(6), &json!("0,00%"))
        );
    }

    #[test]
    fn what_has_ended_or_is_nobodys_is_not_shown() {
        assert_eq!(deals(&at("2036-01-01T12:00:00-03:00")), Vec::<Value>::new());
        let joined =
            DealParameters { differential_pricing_id: Some(30_054), ..at("2026-11-27T12:00:00-03:00") };
        assert_eq!(ids(&deals(&joined)).last(), Some(&"mla-cuotas-del-vendedor"));
    }
}
