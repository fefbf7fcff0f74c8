//! Way 1: the library's card form. It finds your inputs, puts the card's ones into frames, looks up the card's brand,
//! issuer and instalments while it is typed, and gives your page a token when the form is sent.

use super::{charge_and_tell, payable, payment_of};
use crate::Shop;
use crate::orders::Order;
use crate::page::{Frame, Place, render};
use crate::source::{Source, browser_source, server_source};
use crate::visit::{self, Visit};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

const SOURCES: [Source; 5] = [
    browser_source!("card-form.js"),
    browser_source!("paying.js"),
    server_source!("pay/card_form.rs"),
    server_source!("pay.rs"),
    server_source!("webhooks.rs"),
];

#[derive(Template)]
#[template(path = "card_form.html")]
struct CardForm {
    frame: Frame,
    order: Order,
    public_key: String,
    library: String,
}

/// `GET /orders/{id}/pay/card-form`
pub async fn page(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>) -> Response {
    let order = match payable(&shop, &visit, &id) {
        Ok(order) => order,
        Err(elsewhere) => return elsewhere.answer(visit).await,
    };
    render(&CardForm {
        frame: Frame::new(&visit, Place::Cart, visit.language.words().card_form.name, &SOURCES),
        order,
        public_key: shop.settings.public_key.clone(),
        library: format!("{}/js/v2", shop.settings.platform_url),
    })
}

/// `POST /orders/{id}/pay/card-form`: what `getCardFormData()` gave the page. There is no card in it.
pub async fn pay(State(shop): State<Shop>, visit: Visit, Path(id): Path<String>, body: Body) -> Response {
    let order = match payable(&shop, &visit, &id) {
        Ok(order) => order,
        Err(elsewhere) => return elsewhere.answer_script(visit).await,
    };
    let sent = visit::json(body).await;
    let mut payment = payment_of(&shop, &order);
    payment["token"] = sent["token"].clone();
    payment["payment_method_id"] = sent["paymentMethodId"].clone();
    payment["issuer_id"] = sent["issuerId"].clone();
    payment["installments"] =
        json!(sent["installments"].as_str().and_then(|number| number.parse::<u32>().ok()));
    payment["payer"] = json!({
        "email": sent["cardholderEmail"],
        "identification": {"type": sent["identificationType"], "number": sent["identificationNumber"]},
    });
    // A piece that is still to be made is reserved on the card, and charged when it leaves the kiln.
    payment["capture"] = json!(!order.is_made_to_order());
    // The bank may ask its customer; the page shows its question.
    payment["three_d_secure_mode"] = json!("optional");
    charge_and_tell(&shop, &order, &visit, &sent, payment).await
}
