//! All that a site offers as one value, by names: what is equal in two versions has the same place in both.

use crate::catalogue::SiteCatalogue;
use crate::catalogue::installments::InstallmentRate;
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
        json!({"methods": methods, "installments": lists, "fees": fees})
    }
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
