//! The redirect checkout: preferences, merchant orders, and the hosted pages that pay them.

mod hosted;
mod hosted_steps;
mod merchant_orders;
mod modal;
mod preferences;
mod trades;
mod wallet;

use crate::test_app::{Answer, Client, TestApp, with};
use serde_json::{Value, json};

/// What most tests sell: one article of 100, on any site with decimals.
pub fn article() -> Value {
    json!({"items": [{"title": "Mate", "quantity": 1, "unit_price": 100}]})
}

/// A preference with these members besides the usual ones.
pub async fn preference(seller: &Client, members: Value) -> Value {
    seller.post("/checkout/preferences", &with(article(), members)).await.expect(201)
}

/// The word and the sentence of a refusal that its word names.
#[track_caller]
pub fn keyed(answer: &Answer) -> (u16, String, String) {
    let body = answer.json();
    assert_eq!(body["status"], answer.status.as_u16(), "{body}");
    assert!(body.as_object().unwrap().contains_key("cause") && body["cause"].is_null(), "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (answer.status.as_u16(), text("error"), text("message"))
}

/// A buyer's browser on a preference's pages.
pub struct Buyer {
    stranger: Client,
    id: String,
}

impl Buyer {
    pub fn of(app: &TestApp, preference: &Value) -> Buyer {
        Buyer { stranger: app.stranger(), id: preference["id"].as_str().unwrap().to_owned() }
    }

    pub async fn open(&self, rest: &str) -> Answer {
        self.stranger.get(&format!("/checkout/v1/redirect?pref_id={}&locale=en{rest}", self.id)).await
    }

    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> crate::test_app::Call {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let path = format!("/checkout/v1/{path}?pref_id={}&locale=en", self.id);
        self.stranger.call(axum::http::Method::POST, &path).no_key().body(body)
    }

    /// The page on which a card's plans are shown, of the site's usual Brazilian card held by `holder`.
    pub async fn card(&self, holder: &str) -> Answer {
        self.post("card", &card_form(holder)).send().await
    }

    /// Pays by card in one payment; the answer to the last form.
    pub async fn pay_by_card(&self, holder: &str) -> Answer {
        let review = self.card(holder).await;
        assert_eq!(review.status, 200, "{}", review.text());
        let form = hidden(&review.text());
        self.post("pay", &refs(&form)).send().await
    }

    /// Follows a redirect.
    pub async fn follow(&self, answer: &Answer) -> Answer {
        assert_eq!(answer.status, 303, "{}", answer.text());
        self.stranger.get(answer.header("location")).await
    }
}

pub fn card_form(holder: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("card_number", "5031 4332 1540 6351"),
        ("card_expiry", "11/30"),
        ("card_code", "123"),
        ("card_holder", holder),
        ("document_type", "CPF"),
        ("document_number", "12345678909"),
        ("email", "test_user_123@testuser.com"),
    ]
}

pub fn refs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The hidden fields of a page's form, and the radio button that is chosen.
pub fn hidden(page: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for input in page.split("<input ").skip(1) {
        let tag = &input[..input.find('>').unwrap()];
        let attribute = |name: &str| {
            let start = tag.find(&format!("{name}=\""))? + name.len() + 2;
            Some(tag[start..start + tag[start..].find('"')?].replace("&#38;", "&"))
        };
        let is_sent =
            tag.contains("type=\"hidden\"") || tag.contains("type=\"radio\"") && tag.contains(" checked");
        if is_sent {
            fields.push((attribute("name").unwrap(), attribute("value").unwrap()));
        }
    }
    fields
}

/// What the page posts for so many instalments: with the total that it shows for them.
pub fn plan(page: &str, count: u32) -> String {
    let start = page.find(&format!("value=\"{count}:")).unwrap_or_else(|| panic!("no plan: {page}")) + 7;
    page[start..start + page[start..].find('"').unwrap()].to_owned()
}

/// The parameters of the address in a page that goes back to the shop.
pub fn way_back(page: &str, shop: &str) -> Vec<(String, String)> {
    let start = page.find(&format!("href=\"{shop}")).unwrap_or_else(|| panic!("no way back: {page}")) + 6;
    let address =
        page[start..start + page[start..].find('"').unwrap()].replace("&#38;", "&").replace("&amp;", "&");
    url::Url::parse(&address).unwrap().query_pairs().into_owned().collect()
}
