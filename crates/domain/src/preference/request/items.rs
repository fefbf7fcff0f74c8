//! What is for sale: the items of a preference or a merchant order.

use super::fields::invalid;
use crate::currency_conversion::ratio;
use crate::json::{Json, Members, member, text_or_number};
use crate::money::{Amount, MAX_AMOUNT_MINOR, Money, parse_decimal, round_half_even};
use crate::preference::Item;
use crate::refusal::Refusal;
use crate::site::Site;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// Most lines of one sale.
const MAX_ITEMS: usize = 1_000;
/// Most pieces of one line.
const MAX_QUANTITY: i64 = 1_000_000;
/// The longest title (inferred).
const MAX_TITLE: usize = 256;
/// The longest description or address of a picture.
const MAX_DESCRIPTION: usize = 2_048;

/// Data of the trade, which are kept as sent.
const TRADE: [&str; 4] = ["type", "warranty", "event_date", "category_descriptor"];

/// Reads the lines. Each has a title, a quantity and a price; the rest is filled in.
///
/// # Errors
/// 400 `invalid_items`, with what is wrong.
pub fn items(value: Option<&Json<'_>>, site: Site) -> Result<Vec<Item>, Refusal> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let entries = value.as_array().ok_or_else(|| wrong("items invalid. Wrong format"))?;
    if entries.len() > MAX_ITEMS {
        return Err(wrong("too many items"));
    }
    let items = entries.iter().map(|entry| item(entry, site)).collect::<Result<Vec<_>, _>>()?;
    let line = |item: &Item| item.unit_price.money(site.currency()).minor.checked_mul(item.quantity);
    let total = items.iter().try_fold(0_i64, |sum, item| sum.checked_add(line(item)?));
    match total {
        Some(total) if total.abs() <= MAX_AMOUNT_MINOR => Ok(items),
        _ => Err(wrong("unit_price invalid")),
    }
}

fn item(entry: &Json<'_>, site: Site) -> Result<Item, Refusal> {
    let Json::Object(members) = entry else { return Err(wrong("items invalid. Wrong format")) };
    let said = |name: &str, longest: usize| match member(entry, name) {
        None => Ok(String::new()),
        Some(value) => text_or_number(value)
            .filter(|text| text.chars().count() <= longest)
            .ok_or_else(|| wrong(&format!("{name} invalid"))),
    };
    let title = match member(entry, "title") {
        Some(Json::String(title)) if !title.trim().is_empty() && title.chars().count() <= MAX_TITLE => {
            title.to_string()
        }
        _ => return Err(wrong("title invalid")),
    };
    Ok(Item {
        id: said("id", MAX_TITLE)?,
        category_id: said("category_id", MAX_TITLE)?,
        currency_id: site.currency().code().to_owned(),
        description: said("description", MAX_DESCRIPTION)?,
        // Plugins send `false` for an article without a picture.
        picture_url: member(entry, "picture_url")
            .and_then(Json::as_str)
            .filter(|url| !url.is_empty() && url.len() <= MAX_DESCRIPTION)
            .map(str::to_owned),
        title,
        quantity: quantity(entry)?,
        unit_price: unit_price(entry, site)?.into(),
        trade: trade(members),
    })
}

fn quantity(entry: &Json<'_>) -> Result<i64, Refusal> {
    let number = member(entry, "quantity").and_then(Json::as_number);
    number
        .and_then(|number| parse_decimal(number.as_str()))
        .filter(|quantity| quantity.fract().is_zero())
        .and_then(|quantity| i64::try_from(quantity).ok())
        .filter(|quantity| (1..=MAX_QUANTITY).contains(quantity))
        .ok_or_else(|| wrong("quantity invalid"))
}

/// The price of one, in the site's currency. Dollars are turned into it; a price below zero is a discount's line.
fn unit_price(entry: &Json<'_>, site: Site) -> Result<Money, Refusal> {
    let number = member(entry, "unit_price").and_then(Json::as_number);
    let price = number.and_then(|number| parse_decimal(number.as_str()));
    let price = price.ok_or_else(|| wrong("unit_price invalid"))?;
    let own = site.currency();
    let currency = match member(entry, "currency_id") {
        None => own.code(),
        Some(Json::String(code)) if code.is_empty() => own.code(),
        Some(Json::String(code)) => code,
        Some(_) => return Err(wrong("currency_id invalid")),
    };
    let money = match currency {
        code if code == own.code() => Money::from_decimal_exact(price, own),
        "USD" => {
            let rate = ratio("USD", own.code()).unwrap_or(Decimal::ONE);
            let minor = price
                .checked_mul(rate)
                .and_then(|price| price.checked_mul(Decimal::from(10_i64.pow(own.decimals()))))
                .filter(|minor| minor.abs() <= Decimal::from(MAX_AMOUNT_MINOR))
                .ok_or_else(|| wrong("unit_price invalid"))?;
            Ok(Money::new(round_half_even(minor), own))
        }
        _ => return Err(wrong("currency_id invalid")),
    };
    money.map_err(|_| wrong("unit_price invalid"))
}

fn trade(members: &Members<'_>) -> Map<String, Value> {
    members
        .iter()
        .filter(|(name, value)| TRADE.contains(&name.as_ref()) && !value.is_null())
        .map(|(name, value)| (name.as_ref().to_owned(), Value::from(value)))
        .collect()
}

fn wrong(message: &str) -> Refusal {
    invalid("invalid_items", message)
}

/// The sum of `items` as a bare number.
pub fn total(items: &[Item], site: Site) -> Amount {
    let line = |item: &Item| item.unit_price.money(site.currency()).minor * item.quantity;
    Money::new(items.iter().map(line).sum(), site.currency()).into()
}
