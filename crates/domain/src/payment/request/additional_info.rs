//! `additional_info`: what a shop tells of the items, the buyer and the delivery, so that a payment is approved more often.
//! It is kept as it was sent and shown as the API shows it, where every scalar is a string.

use super::params_error;
use crate::json::{Json, JsonText, Members, Writing, unknown_member};
use crate::refusal::Refusal;
use serde_json::Value;
use std::borrow::Cow;

/// Members that are objects, wherever they stand: typed clients read them back into structures.
const OBJECTS: [&str; 9] = [
    "payer",
    "shipments",
    "barcode",
    "phone",
    "address",
    "identification",
    "receiver_address",
    "category_descriptor",
    "route",
];
/// Members of which plugins and verticals send what they like.
const FREE: [&str; 3] = ["seller", "mobile", "passenger"];
/// Members that typed clients read back as dates.
const DATES: [&str; 6] = [
    "registration_date",
    "last_purchase",
    "event_date",
    "departure_date_time",
    "arrival_date_time",
    "register_updated_at",
];

/// Reads it, if it was sent.
///
/// # Errors
/// 1, naming the member whose kind of JSON would break typed clients.
pub(super) fn read<'b>(sent: Option<&'b Json<'b>>) -> Result<Option<&'b Members<'b>>, Refusal> {
    let members = match sent {
        None => return Ok(None),
        Some(Json::Object(members)) => members,
        Some(_) => return Err(params_error("additional_info must be an object")),
    };
    match check_kinds(members) {
        Ok(()) => Ok(Some(members)),
        Err(path) => Err(params_error(&format!("additional_info.{path} is of the wrong kind"))),
    }
}

/// Whether a payment may have this `additional_info`.
pub(crate) fn is_taken(info: &Value) -> bool {
    let info = Json::from(info);
    unknown_member(&info, &super::shape::ADDITIONAL_INFO).is_none() && read(Some(&info)).is_ok()
}

/// The path of the first member of the wrong kind.
fn check_kinds(members: &Members<'_>) -> Result<(), String> {
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let name = name.as_ref();
        let inside = |path: String| format!("{name}.{path}");
        match value {
            _ if FREE.contains(&name) => {}
            Json::Array(items) if name == "items" => {
                for item in items {
                    let Json::Object(item) = item else { return Err(name.to_owned()) };
                    check_kinds(item).map_err(inside)?;
                }
            }
            Json::Object(inner) if OBJECTS.contains(&name) => check_kinds(inner).map_err(inside)?,
            Json::Object(_) | Json::Array(_) => return Err(name.to_owned()),
            _ if name == "items" || OBJECTS.contains(&name) => return Err(name.to_owned()),
            _ => {}
        }
    }
    Ok(())
}

/// As the API answers it: every scalar a string, `null`s dropped, and three keys always there; with the header's
/// `tracking_id`, if there is one.
pub(in crate::payment) fn shown(sent: Option<&Members<'_>>, tracking_id: Option<&str>) -> JsonText {
    const ALWAYS: [&str; 3] = ["available_balance", "nsu_processadora", "authentication_code"];
    let has = |name: &str| sent.is_some_and(|sent| sent.iter().any(|(n, v)| n == name && !v.is_null()));
    JsonText::written(|out| {
        out.mark(b'{');
        for (name, value) in sent.into_iter().flatten() {
            if tracking_id.is_none() || name != "tracking_id" {
                member(name, value, out);
            }
        }
        for name in ALWAYS.into_iter().filter(|name| !has(name)) {
            out.name(name);
            out.word("null");
        }
        if let Some(tracking_id) = tracking_id {
            out.name("tracking_id");
            out.text(tracking_id);
        }
        out.mark(b'}');
    })
}

/// A member, if there is something to show of it.
fn member(name: &str, value: &Json<'_>, out: &mut Writing) {
    match value {
        Json::Null => {}
        Json::String(date) if DATES.contains(&name) => {
            if let Some(date) = date_text(date) {
                out.name(name);
                out.text(&date);
            }
        }
        value => {
            out.name(name);
            stringified(value, out);
        }
    }
}

fn stringified(value: &Json<'_>, out: &mut Writing) {
    match value {
        Json::Null => out.word("null"),
        Json::String(text) => out.text(text),
        Json::Number(number) => out.quoted(&number_text(number.as_str())),
        Json::Bool(value) => out.quoted(if *value { "true" } else { "false" }),
        Json::Array(items) => {
            out.mark(b'[');
            for item in items {
                out.separate();
                stringified(item, out);
            }
            out.mark(b']');
        }
        Json::Object(members) => {
            out.mark(b'{');
            members.iter().for_each(|(name, value)| member(name, value, out));
            out.mark(b'}');
        }
    }
}

/// `58.8` → `58.8`, `100` → `100`, `100.00` → `100.0`: the way the API prints a number it read as a decimal.
fn number_text(text: &str) -> Cow<'_, str> {
    match text.split_once('.') {
        Some((whole, fraction)) if !text.contains(['e', 'E']) => match fraction.trim_end_matches('0') {
            "" => Cow::Owned(format!("{whole}.0")),
            fraction => Cow::Borrowed(&text[..whole.len() + 1 + fraction.len()]),
        },
        _ => Cow::Borrowed(text),
    }
}

/// A date as it was sent, but an offset has its colon (`-0400` → `-04:00`): without it, strict clients can't read the
/// payment. A blank one is none.
fn date_text(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let bytes = text.as_bytes();
    let digits = |range: &[u8]| range.iter().all(u8::is_ascii_digit);
    let lacks_colon = text.contains('T')
        && bytes.len() > 5
        && matches!(bytes[bytes.len() - 5], b'+' | b'-')
        && digits(&bytes[bytes.len() - 4..]);
    if !lacks_colon {
        return Some(Cow::Borrowed(text));
    }
    let (before, minutes) = text.split_at(text.len() - 2);
    Some(Cow::Owned(format!("{before}:{minutes}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn of(text: &str) -> Result<Value, Refusal> {
        Ok(shown(read(Some(&parse(text.as_bytes()).unwrap()))?, None).value())
    }

    #[test]
    fn the_tracking_id_is_that_of_the_header() {
        let sent = parse(br#"{"tracking_id":"body","nsu_processadora":7}"#).unwrap();
        let shown = |id| shown(read(Some(&sent)).unwrap(), id).value();
        let rest = |id| serde_json::json!({"tracking_id": id, "nsu_processadora": "7", "available_balance": null, "authentication_code": null});
        assert_eq!(shown(None), rest("body"));
        assert_eq!(shown(Some("header")), rest("header"));
        assert_eq!(super::shown(None, None).value().as_object().unwrap().len(), 3);
    }

    #[test]
    fn numbers_are_printed_as_the_api_prints_them() {
        for (sent, shown) in
            [("100.00", "100.0"), ("100", "100"), ("58.80", "58.8"), ("-0", "-0"), ("1e2", "1e2")]
        {
            assert_eq!(number_text(sent), shown);
        }
    }

    #[test]
    fn dates_are_echoed_so_that_strict_clients_can_read_them() {
        for (sent, shown) in [
            ("2015-06-02T12:01:01.000-04:00", Some("2015-06-02T12:01:01.000-04:00")),
            ("2015-06-02T12:01:01.000-0400", Some("2015-06-02T12:01:01.000-04:00")),
            ("2015-06-02T12:01:01Z", Some("2015-06-02T12:01:01Z")),
            ("2015-06-02 12:01:01", Some("2015-06-02 12:01:01")),
            ("2019-12-25", Some("2019-12-25")),
            ("é-0400", Some("é-0400")),
            ("-", Some("-")),
            (" ", None),
        ] {
            assert_eq!(date_text(sent).as_deref(), shown, "{sent}");
        }
        let info =
            of(r#"{"payer":{"registration_date":"","last_purchase":"2015-06-02T12:01:01+0000"}}"#).unwrap();
        assert_eq!(info["payer"], serde_json::json!({"last_purchase": "2015-06-02T12:01:01+00:00"}));
    }

    #[test]
    fn a_structure_stays_one_and_a_scalar_too() {
        for bad in [
            r#"{"items":{}}"#,
            r#"{"items":[1]}"#,
            r#"{"payer":"x"}"#,
            r#"{"payer":{"phone":"11 1234"}}"#,
            r#"{"payer":{"first_name":{"x":1}}}"#,
            r#"{"payer":{"address":[]}}"#,
            r#"{"shipments":{"receiver_address":"Av. 1"}}"#,
            r#"{"shipments":{"express_shipment":["1"]}}"#,
            r#"{"items":[{"title":["a"]}]}"#,
            r#"{"items":[{"category_descriptor":"travel"}]}"#,
            r#"{"items":[{"category_descriptor":{"route":["GRU","EZE"]}}]}"#,
            r#"{"ip_address":{}}"#,
        ] {
            let refusal = of(bad).unwrap_err();
            assert_eq!(refusal.code(), Some(1), "{bad}");
            assert!(refusal.message.contains("additional_info."), "{bad}: {}", refusal.message);
        }
    }

    #[test]
    fn every_vertical_is_taken_and_shown_in_strings() {
        let sent = r#"{
            "ip_address": "203.0.113.7",
            "items": [{"id": 7, "category_id": "Travels", "quantity": 2, "unit_price": 100.50, "warranty": true,
                "category_descriptor": {
                    "passenger": {"first_name": "Ana", "identification": {"type": "DNI", "number": 12345678}},
                    "route": {"departure": "GRU", "destination": "EZE", "departure_date_time": "2026-12-01T08:00:00.000-0300",
                              "arrival_date_time": "", "company": "LA", "origin_id": 1},
                    "event_date": "2026-12-01", "type": "flight"}}],
            "payer": {"is_prime_user": "1", "is_first_purchase_online": true, "phone": {"area_code": 11, "number": 987654321},
                "address": {"street_number": 3003, "zip_code": "06233-200"}, "authentication_type": "Web Nativa",
                "mobile": {"number": 1}, "user_email": "a@b.co"},
            "shipments": {"express_shipment": false, "local_pickup": "0", "receiver_address": {"floor": 3, "apartment": null}},
            "seller": {"website": ["x"]}
        }"#;
        let shown = of(sent).unwrap();
        let expected = serde_json::json!({
            "ip_address": "203.0.113.7",
            "items": [{"id": "7", "category_id": "Travels", "quantity": "2", "unit_price": "100.5", "warranty": "true",
                "category_descriptor": {
                    "passenger": {"first_name": "Ana", "identification": {"type": "DNI", "number": "12345678"}},
                    "route": {"departure": "GRU", "destination": "EZE",
                              "departure_date_time": "2026-12-01T08:00:00.000-03:00", "company": "LA", "origin_id": "1"},
                    "event_date": "2026-12-01", "type": "flight"}}],
            "payer": {"is_prime_user": "1", "is_first_purchase_online": "true",
                "phone": {"area_code": "11", "number": "987654321"},
                "address": {"street_number": "3003", "zip_code": "06233-200"}, "authentication_type": "Web Nativa",
                "mobile": {"number": "1"}, "user_email": "a@b.co"},
            "shipments": {"express_shipment": "false", "local_pickup": "0", "receiver_address": {"floor": "3"}},
            "seller": {"website": ["x"]},
            "available_balance": null, "nsu_processadora": null, "authentication_code": null,
        });
        assert_eq!(shown, expected);
    }
}
