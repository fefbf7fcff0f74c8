//! What may be said of an application, field by field.

use super::{Application, Flow, PaymentSolution, Product, Scopes};
use crate::refusal::Refusal;
use serde_json::{Map, Value};
use url::Url;

/// The longest name.
const LONGEST_NAME: usize = 50;
/// The longest short name.
const LONGEST_SHORT_NAME: usize = 50;
/// The longest description.
const LONGEST_DESCRIPTION: usize = 150;
/// The longest address.
const LONGEST_URL: usize = 500;
/// The longest name of an e-commerce platform.
const LONGEST_PLATFORM: usize = 60;

/// The industries that there are to choose from.
pub const INDUSTRIES: [&str; 20] = [
    "art",
    "automotive",
    "beauty",
    "books",
    "computing",
    "donations",
    "education",
    "electronics",
    "entertainment",
    "fashion",
    "food",
    "government",
    "health",
    "home",
    "services",
    "software",
    "sports",
    "tickets",
    "travel",
    "others",
];

/// Reads each member of `request` into `application`; what is not named stays, `null` takes away.
///
/// # Errors
/// 400 with the member's name, for what it can't be, and for members that there are not.
pub fn change(application: &mut Application, request: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, value) in request {
        match name.as_str() {
            "name" => {
                let text = text(name, value, LONGEST_NAME)?;
                application.name = text.ok_or_else(|| refused(name, "must not be empty"))?;
            }
            "short_name" => application.short_name = short_name(name, value)?,
            "description" => application.description = text(name, value, LONGEST_DESCRIPTION)?,
            "industry" => {
                let industry = text(name, value, LONGEST_NAME)?;
                if industry.as_deref().is_some_and(|industry| !INDUSTRIES.contains(&industry)) {
                    return Err(refused(name, &format!("must be one of {}", INDUSTRIES.join(", "))));
                }
                application.industry = industry;
            }
            "site_url" => application.site_url = site_url(name, value)?,
            "payment_solution" => {
                application.payment_solution = word::<PaymentSolution>(name, value)?;
            }
            "product" => application.product = word::<Product>(name, value)?,
            "platform" => application.platform = text(name, value, LONGEST_PLATFORM)?,
            "redirect_url" => application.redirect_url = redirect_url(name, value)?,
            "pkce" => {
                application.pkce = value.as_bool().ok_or_else(|| refused(name, "must be true or false"))?;
            }
            "flows" => {
                let flows = word::<Vec<Flow>>(name, value)?;
                application.flows = flows.ok_or_else(|| refused(name, "must be a list"))?;
            }
            "scopes" => {
                let scopes = value.as_str().and_then(Scopes::parse);
                application.scopes = scopes.ok_or_else(|| {
                    refused(name, "must be some of offline_access, read and write, with blanks between")
                })?;
            }
            _ => return Err(refused(name, "is no field of an application that can be set")),
        }
    }
    Ok(())
}

fn refused(name: &str, why: &str) -> Refusal {
    Refusal::keyed(400, "invalid_application", format!("{name} {why}"))
}

fn text(name: &str, value: &Value, longest: usize) -> Result<Option<String>, Refusal> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.trim(),
        _ => return Err(refused(name, "must be a text")),
    };
    if text.chars().count() > longest {
        return Err(refused(name, &format!("must have at most {longest} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(refused(name, "must be one line of text"));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn short_name(name: &str, value: &Value) -> Result<Option<String>, Refusal> {
    let short = text(name, value, LONGEST_SHORT_NAME)?;
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match short {
        Some(short) if !is_plain(&short) => Err(refused(name, "must be letters and digits alone")),
        short => Ok(short),
    }
}

fn word<T: serde::de::DeserializeOwned>(name: &str, value: &Value) -> Result<Option<T>, Refusal> {
    // The parser's message names the words that there are.
    serde_json::from_value(value.clone()).map_err(|error| refused(name, &format!("is not known: {error}")))
}

fn parsed(name: &str, text: &str) -> Result<Url, Refusal> {
    let url = Url::parse(text).map_err(|_| refused(name, "must be an address"))?;
    if !url.has_host() || !url.username().is_empty() || url.password().is_some() {
        return Err(refused(name, "must be an address with a host, without a user"));
    }
    Ok(url)
}

fn site_url(name: &str, value: &Value) -> Result<Option<String>, Refusal> {
    let Some(text) = text(name, value, LONGEST_URL)? else { return Ok(None) };
    if !matches!(parsed(name, &text)?.scheme(), "http" | "https") {
        return Err(refused(name, "must be an http or https address"));
    }
    Ok(Some(text))
}

/// HTTPS, or a program on the seller's own machine, which has no certificate (RFC 8252).
fn redirect_url(name: &str, value: &Value) -> Result<Option<String>, Refusal> {
    let Some(text) = text(name, value, LONGEST_URL)? else { return Ok(None) };
    let url = parsed(name, &text)?;
    let is_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        _ if url.fragment().is_some() => Err(refused(name, "must have no part after #")),
        "https" => Ok(Some(text)),
        "http" if is_loopback => Ok(Some(text)),
        _ => Err(refused(name, "must be an https address")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;
    use serde_json::json;

    fn changed(request: Value) -> Result<Application, Refusal> {
        let mut application = Application::new("Shop".to_owned(), Timestamp(0));
        change(&mut application, request.as_object().unwrap())?;
        Ok(application)
    }

    #[test]
    fn every_field_is_read_and_null_takes_it_away() {
        let application = changed(json!({
            "name": " Tienda ", "short_name": "tienda1", "description": "Vende", "industry": "fashion",
            "site_url": "https://tienda.example", "payment_solution": "online_payments", "product": "checkout_api",
            "platform": "own", "redirect_url": "https://tienda.example/back?x=1", "pkce": true,
            "flows": ["authorization_code"], "scopes": "read",
        }))
        .unwrap();
        assert_eq!(application.name, "Tienda");
        assert_eq!(application.product, Some(Product::CheckoutApi));
        assert_eq!((application.flows, application.scopes), (vec![Flow::AuthorizationCode], Scopes::READ));
        let none = changed(json!({"description": null, "redirect_url": null, "product": null})).unwrap();
        assert_eq!((none.description, none.redirect_url, none.product), (None, None, None));
        assert!(changed(json!({"redirect_url": "http://localhost:3000/back"})).is_ok());
    }

    #[test]
    fn what_a_field_can_not_be_is_refused_with_its_name() {
        for (name, value) in [
            ("name", json!(null)),
            ("name", json!("  ")),
            ("name", json!("x".repeat(51))),
            ("short_name", json!("mi tienda")),
            ("short_name", json!("tienda!")),
            ("description", json!("x".repeat(151))),
            ("description", json!("two\nlines")),
            ("industry", json!("space")),
            ("site_url", json!("tienda.example")),
            ("site_url", json!("ftp://tienda.example")),
            ("payment_solution", json!("barter")),
            ("product", json!("checkout")),
            ("redirect_url", json!("http://tienda.example/back")),
            ("redirect_url", json!("https://a:b@tienda.example/back")),
            ("redirect_url", json!("https://tienda.example/back#here")),
            ("redirect_url", json!("javascript:alert(1)")),
            ("pkce", json!("yes")),
            ("flows", json!(["password"])),
            ("flows", json!(null)),
            ("scopes", json!("admin")),
            ("is_active", json!(true)),
            ("id", json!(1)),
        ] {
            let refusal = changed(json!({name: value})).unwrap_err();
            assert!(refusal.status == 400 && refusal.message.starts_with(name), "{name} {value}: {refusal}");
        }
    }
}
