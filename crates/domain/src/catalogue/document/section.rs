//! Reading a document with a word on everything that is wrong with it: where, what, and what to do.

use crate::money::{MAX_AMOUNT_MINOR, Money, parse_decimal};
use crate::site::Site;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use std::ops::RangeInclusive;

/// More faults than these are not told at once: whoever mends them finds the rest.
const MOST_FAULTS: usize = 20;

/// Something that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where: `MLB.methods.visa.status`; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub next: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.path.is_empty() { "the document" } else { &self.path };
        write!(f, "{at}: {}. {}", self.what, self.next)
    }
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, path: &str, what: &str, next: &str) {
        if self.0.len() < MOST_FAULTS {
            self.0.push(Fault { path: path.to_owned(), what: what.to_owned(), next: next.to_owned() });
        }
    }

    pub(super) fn into_result<T>(self, sound: T) -> Result<T, Vec<Fault>> {
        if self.0.is_empty() { Ok(sound) } else { Err(self.0) }
    }
}

/// An object of the document, and where it stands.
pub(super) struct Section<'a> {
    path: String,
    members: &'a Map<String, Value>,
}

impl<'a> Section<'a> {
    pub(super) fn of(value: &'a Value, path: &str, faults: &mut Faults) -> Option<Section<'a>> {
        let members = value.as_object();
        if members.is_none() {
            faults.add(path, "a table is needed here", "Write it as `[name]` in TOML, or `{…}` in JSON.");
        }
        Some(Section { path: path.to_owned(), members: members? })
    }

    pub(super) fn members(&self) -> &'a Map<String, Value> {
        self.members
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Where the member `name` stands.
    pub(super) fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Members with other names are faults.
    pub(super) fn only(&self, names: &[&str], faults: &mut Faults) {
        for name in self.members.keys().filter(|name| !names.contains(&name.as_str())) {
            let next = format!("Known here: {}.", names.join(", "));
            faults.add(&self.at(name), "this name is not known", &next);
        }
    }

    /// Members that are not there are faults.
    pub(super) fn needs(&self, names: &[&str], faults: &mut Faults) {
        for name in names.iter().filter(|name| !self.has(name)) {
            faults.add(&self.path, &format!("`{name}` is missing"), "Write it down; it has no default.");
        }
    }

    pub(super) fn section(&self, name: &str, faults: &mut Faults) -> Option<Section<'a>> {
        Section::of(self.members.get(name)?, &self.at(name), faults)
    }

    /// A list of tables, none if it is not there.
    pub(super) fn sections(&self, name: &str, most: usize, faults: &mut Faults) -> Vec<Section<'a>> {
        self.list(name, most, faults)
            .iter()
            .enumerate()
            .filter_map(|(at, value)| Section::of(value, &format!("{}[{at}]", self.at(name)), faults))
            .collect()
    }

    fn list(&self, name: &str, most: usize, faults: &mut Faults) -> &'a [Value] {
        match self.members.get(name) {
            None => &[],
            Some(Value::Array(values)) if values.len() <= most => values,
            Some(Value::Array(values)) => {
                let what = format!("{} entries are too many", values.len());
                faults.add(&self.at(name), &what, &format!("{most} are allowed."));
                &[]
            }
            Some(_) => {
                faults.add(&self.at(name), "a list is needed", "Put it into brackets: `[…]`.");
                &[]
            }
        }
    }

    pub(super) fn text(&self, name: &str, longest: usize, faults: &mut Faults) -> Option<&'a str> {
        let value = self.members.get(name)?;
        let text = value.as_str().filter(|text| {
            (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        });
        if text.is_none() {
            let next = format!("Write 1 to {longest} characters in quotation marks.");
            faults.add(&self.at(name), &format!("{} is no text for it", shown(value)), &next);
        }
        text
    }

    /// A text that is one of `known`.
    pub(super) fn one_of(&self, name: &str, known: &[&str], faults: &mut Faults) -> Option<&'a str> {
        let value = self.members.get(name)?;
        let text = value.as_str().filter(|text| known.contains(text));
        if text.is_none() {
            let next = format!("Write one of {}.", known.join(", "));
            faults.add(&self.at(name), &format!("{} is none of what is possible", shown(value)), &next);
        }
        text
    }

    pub(super) fn texts(
        &self,
        name: &str,
        (most, longest): (usize, usize),
        faults: &mut Faults,
    ) -> Option<Vec<&'a str>> {
        self.members.get(name)?;
        let list = self.list(name, most, faults);
        let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
        let is_text =
            |text: &&str| (1..=longest).contains(&text.len()) && !text.chars().any(char::is_control);
        if texts.len() < list.len() || !self.members[name].is_array() || !texts.iter().all(is_text) {
            let next = format!("Write each as 1 to {longest} characters in quotation marks.");
            faults.add(&self.at(name), "these are not all texts", &next);
            return None;
        }
        Some(texts)
    }

    pub(super) fn whole(&self, name: &str, range: RangeInclusive<i64>, faults: &mut Faults) -> Option<i64> {
        let value = self.members.get(name)?;
        let number = value.as_i64().filter(|number| range.contains(number));
        if number.is_none() {
            let next = format!("Write a whole number from {} to {}.", range.start(), range.end());
            faults.add(&self.at(name), &format!("{} does not fit", shown(value)), &next);
        }
        number
    }

    /// A list of whole numbers.
    pub(super) fn wholes(
        &self,
        name: &str,
        range: RangeInclusive<i64>,
        faults: &mut Faults,
    ) -> Option<Vec<i64>> {
        let value = self.members.get(name)?;
        let numbers: Option<Vec<i64>> =
            value.as_array().and_then(|list| list.iter().map(Value::as_i64).collect());
        let numbers = numbers.filter(|numbers| numbers.iter().all(|number| range.contains(number)));
        if numbers.is_none() {
            let next = format!("Write whole numbers from {} to {}: `[3, 6]`.", range.start(), range.end());
            faults.add(&self.at(name), &format!("{} does not fit", shown(value)), &next);
        }
        numbers
    }

    /// A decimal from 0 to `most` with at most four places, as a number or as a text.
    pub(super) fn decimal(&self, name: &str, most: i64, faults: &mut Faults) -> Option<Decimal> {
        let value = self.members.get(name)?;
        let decimal = decimal_text(value).and_then(|text| parse_decimal(&text)).filter(|number| {
            *number >= Decimal::ZERO && *number <= Decimal::from(most) && number.scale() <= 4
        });
        if decimal.is_none() {
            let next = format!("Write a number from 0 to {most} with at most four decimals, such as 4.49.");
            faults.add(&self.at(name), &format!("{} does not fit", shown(value)), &next);
        }
        decimal
    }

    /// An amount of the site's currency, not negative.
    pub(super) fn amount(&self, name: &str, site: Site, faults: &mut Faults) -> Option<Money> {
        let value = self.members.get(name)?;
        let amount = decimal_text(value)
            .and_then(|text| Money::from_decimal_text(&text, site.currency()).ok())
            .filter(|amount| (0..=MAX_AMOUNT_MINOR).contains(&amount.minor));
        if amount.is_none() {
            let currency = site.currency();
            let next = format!(
                "Write an amount of {} with at most {} decimals, not below 0.",
                currency.code(),
                currency.decimals()
            );
            faults.add(&self.at(name), &format!("{} does not fit", shown(value)), &next);
        }
        amount
    }
}

fn decimal_text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// A value as an error quotes it: not more than a glance.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 40 { text } else { text.chars().take(39).chain(['…']).collect() }
}
