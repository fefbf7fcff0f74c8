//! All that a site offers as one value, by names: what is equal in two versions has the same place in both.

use crate::catalogue::SiteCatalogue;
use crate::catalogue::installments::InstallmentRate;
use crate::catalogue::promotions::{BorneBy, Promotion};
use crate::money::Money;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

impl SiteCatalogue {
    /// Methods by their ids, price lists by whom they are for, and each method's fee.
    pub(super) fn view(&self) -> Value {
        let methods: Map<String, Value> = self
            .methods
            .iter()
            .map(|method| (method.id.clone(), Value::Object(method.wire.clone())))
            .collect();
        let lists: Map<String, Value> = self.rates.lists().map(|(name, rows)| (name, list(rows))).collect();
        let fees: Map<String, Value> = self
            .methods
            .iter()
            .filter_map(|method| Some((method.id.clone(), self.fees.terms(method)?)))
            .map(|(id, terms)| {
                let terms = json!({
                    "percent": terms.percent.normalize().to_string(),
                    "fixed": terms.fixed.to_text(),
                    "vat_percent": terms.vat_percent.normalize().to_string(),
                    "release_days": terms.release_days,
                });
                (id, terms)
            })
            .collect();
        let campaigns: Map<String, Value> = self
            .promotions
            .iter()
            .enumerate()
            .map(|(place, campaign)| (campaign.id.clone(), of_campaign(place, campaign)))
            .collect();
        json!({"methods": methods, "installments": lists, "fees": fees, "campaigns": campaigns})
    }
}

/// A campaign in the document's names, without those that say nothing, and its place: of two that fit, the first counts.
fn of_campaign(place: usize, campaign: &Promotion) -> Value {
    let percent = |percent: Decimal| percent.normalize().to_string();
    let free = campaign.interest_free.as_ref().map(|free| {
        let seller = (free.borne_by == BorneBy::Seller).then(|| percent(free.seller_percent));
        told([
            ("installments", json!(free.installments)),
            ("borne_by", json!(free.borne_by.id())),
            ("seller_percent", json!(seller)),
        ])
    });
    let discount = campaign.discount.as_ref().map(|discount| {
        told([
            ("percent", json!(percent(discount.percent))),
            ("at_most", json!(discount.at_most.map(Money::to_text))),
            ("borne_by", json!(discount.borne_by.id())),
        ])
    });
    let weekdays: Vec<&str> = campaign.weekdays.iter().map(|day| day.id()).collect();
    told([
        ("place", json!(place + 1)),
        ("collector_id", json!(campaign.collector_id)),
        ("differential_pricing_id", json!(campaign.differential_pricing_id)),
        ("methods", json!(campaign.payment_methods)),
        ("issuers", json!(campaign.issuers)),
        ("weekdays", json!(weekdays)),
        ("first_day", json!(campaign.first_day.to_string())),
        ("last_day", json!(campaign.last_day.to_string())),
        ("from_amount", json!(campaign.from_amount.map(Money::to_text))),
        ("interest_free", json!(free)),
        ("discount", json!(discount)),
    ])
}

fn told<const N: usize>(members: [(&str, Value); N]) -> Value {
    let says = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    let members = members.into_iter().filter(|(_, value)| says(value));
    Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn list(rows: &[InstallmentRate]) -> Value {
    let row = |row: &InstallmentRate| {
        let mut value = json!({
            "rate_percent": row.rate_percent.normalize().to_string(),
            "min_amount": row.min_amount.to_text(),
            "collected_by": row.collected_by.id(),
        });
        if row.first_in_months > 1 {
            value["first_in_months"] = json!(row.first_in_months);
        }
        if let Some(cost) = row.annual_cost {
            value["tea_percent"] = json!(cost.tea_percent.normalize().to_string());
            value["cft_percent"] = json!(cost.cft_percent.normalize().to_string());
        }
        value
    };
    let rows = rows.iter().map(|rate| (rate.installments.to_string(), row(rate)));
    Value::Object(rows.collect())
}
