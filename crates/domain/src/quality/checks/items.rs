//! What is sold: the preference's items, or those of a payment's `additional_info`.

use super::{Outcome, met, missing};
use crate::item_category::ITEM_CATEGORIES;
use crate::quality::evidence::Evidence;
use rust_decimal::Decimal;
use serde_json::Value;

/// A line, wherever it stands. Numbers of `additional_info` are texts.
#[derive(Clone, Debug, Default)]
struct Line<'a> {
    id: Option<&'a str>,
    title: Option<&'a str>,
    description: Option<&'a str>,
    category: Option<&'a str>,
    quantity: Option<Decimal>,
    unit_price: Option<Decimal>,
}

pub(super) fn quantity(evidence: &Evidence<'_>) -> Outcome {
    every(evidence, "quantity", |line| line.quantity.is_some_and(|quantity| quantity >= Decimal::ONE))
}

pub(super) fn unit_price(evidence: &Evidence<'_>) -> Outcome {
    every(evidence, "unit_price", |line| line.unit_price.is_some_and(|price| price > Decimal::ZERO))
}

pub(super) fn category(evidence: &Evidence<'_>) -> Outcome {
    let (place, lines) = lines(evidence);
    match lines.iter().position(|line| !line.category.is_some_and(is_known_category)) {
        _ if lines.is_empty() => missing(place, ""),
        None => met(format!("{place}[*].category_id")),
        Some(index) => {
            let sent = lines[index].category.filter(|sent| !sent.is_empty());
            // A category is the seller's word, and no buyer's data; a long one is somebody's mistake.
            let said: Option<String> = sent.map(|sent| sent.chars().take(40).collect());
            missing(
                format!("{place}[{index}].category_id"),
                said.map(|said| format!("`{said}` is not in GET /item_categories")).unwrap_or_default(),
            )
        }
    }
}

pub(super) fn id(evidence: &Evidence<'_>) -> Outcome {
    every(evidence, "id", |line| super::says(line.id))
}

pub(super) fn title(evidence: &Evidence<'_>) -> Outcome {
    every(evidence, "title", |line| super::says(line.title))
}

pub(super) fn description(evidence: &Evidence<'_>) -> Outcome {
    every(evidence, "description", |line| super::says(line.description))
}

/// A known word, or a category of a site's own list (`MLB189908`).
fn is_known_category(category: &str) -> bool {
    let is_site_code = || {
        category.len() > 3
            && category.is_ascii()
            && crate::site::Site::from_id(&category[..3]).is_some()
            && category[3..].bytes().all(|byte| byte.is_ascii_digit())
    };
    ITEM_CATEGORIES.iter().any(|known| known.id.eq_ignore_ascii_case(category)) || is_site_code()
}

fn every(evidence: &Evidence<'_>, name: &str, is_right: impl Fn(&Line<'_>) -> bool) -> Outcome {
    let (place, lines) = lines(evidence);
    match lines.iter().position(|line| !is_right(line)) {
        _ if lines.is_empty() => missing(place, ""),
        None => met(format!("{place}[*].{name}")),
        Some(index) => missing(format!("{place}[{index}].{name}"), ""),
    }
}

fn lines<'a>(evidence: &'a Evidence<'_>) -> (&'static str, Vec<Line<'a>>) {
    if let Some(state) = evidence.preference {
        let line = |item: &'a crate::preference::Item| Line {
            id: Some(item.id.as_str()),
            title: Some(item.title.as_str()),
            description: Some(item.description.as_str()),
            category: Some(item.category_id.as_str()),
            quantity: Some(item.quantity.into()),
            unit_price: Some(item.unit_price.0),
        };
        return ("preference: items", state.preference.items.iter().map(line).collect());
    }
    let items =
        evidence.additional_info.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let line = |item: &'a Value| {
        let text = |name: &str| item.get(name).and_then(Value::as_str);
        let number = |name: &str| text(name).and_then(|text| text.parse().ok());
        Line {
            id: text("id"),
            title: text("title"),
            description: text("description"),
            category: text("category_id"),
            quantity: number("quantity"),
            unit_price: number("unit_price"),
        }
    };
    ("payment: additional_info.items", items.iter().map(line).collect())
}
