//! Writes every page as a file, with the stylesheet and the scripts beside it, to be looked at in a browser:
//! `cargo run -p pasarela-server --example render_pages -- DIRECTORY`.

use pasarela_domain::catalogue::{self, DealParameters};
use pasarela_domain::site::{SITES, Site};
use pasarela_domain::timestamp::{DAY, HOUR, Timestamp};
use pasarela_server::docs::{Example, docs_page};
use pasarela_server::pages::assets::{CHALLENGE_SCRIPT, ICON, SCRIPT, STYLESHEET};
use pasarela_server::pages::layout::Shop;
use pasarela_server::pages::voucher_method::VOUCHER_METHODS;
use pasarela_server::pages::{
    HomeView, Locale, Page, PaymentView, PromotionsView, SellerRow, bank_transfer, challenge,
    challenge_complete, home, missing, pix, promotions, promotions_banner, ticket,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let folder =
        PathBuf::from(std::env::args().nth(1).expect("the first argument is the directory to write to"));
    std::fs::create_dir_all(folder.join("assets"))?;
    for asset in [&STYLESHEET, &SCRIPT, &CHALLENGE_SCRIPT, &ICON] {
        std::fs::write(folder.join(&asset.path[1..]), asset.content())?;
    }
    let now = Timestamp(1_795_298_400_000);
    let shop = Shop::named("Tienda de prueba");
    for method in &VOUCHER_METHODS {
        for locale in [Locale::Spanish, Locale::Portuguese, Locale::English] {
            let view = voucher(method.id(), now);
            write(
                &folder,
                &format!("ticket-{}-{}", method.id(), locale.language()),
                &ticket(&view, &shop, locale),
            )?;
        }
    }
    let boleto = voucher("bolbradesco", now);
    for (name, status, detail) in [("paid", "approved", "accredited"), ("expired", "cancelled", "expired")] {
        let view =
            PaymentView { status: status.to_owned(), status_detail: detail.to_owned(), ..boleto.clone() };
        write(&folder, &format!("ticket-{name}"), &ticket(&view, &shop, Locale::Portuguese))?;
    }
    write(&folder, "pix", &pix(&pix_view(now), &shop, Locale::Portuguese))?;
    write(&folder, "pix-en", &pix(&pix_view(now), &shop, Locale::English))?;
    write(&folder, "bank", &bank_transfer(&bank_view("pse", Site::MCO, now), &shop, Locale::Spanish))?;
    write(
        &folder,
        "bank-clabe",
        &bank_transfer(&bank_view("clabe", Site::MLM, now), &shop, Locale::Spanish),
    )?;
    let done = PaymentView { status: "approved".to_owned(), ..bank_view("pse", Site::MCO, now) };
    write(&folder, "bank-done", &bank_transfer(&done, &shop, Locale::Spanish))?;
    write(
        &folder,
        "challenge",
        &challenge(&pix_view(now), Locale::Portuguese, "eyJtZXNzYWdlVHlwZSI6IkNSZXEifQ"),
    )?;
    write(&folder, "challenge-complete", &challenge_complete(&pix_view(now), Locale::Portuguese))?;
    for site in SITES {
        let parameters = DealParameters { now, ..DealParameters::default() };
        let locale = Locale::of_site(site);
        let view = PromotionsView::of(catalogue::of(site), &parameters, locale, "");
        write(&folder, &format!("promotions-{site}"), &promotions(&view, locale))?;
        write(&folder, &format!("promotions-banner-{site}"), &promotions_banner(&view, locale))?;
    }
    write(&folder, "missing", &missing(Locale::Spanish))?;
    write(&folder, "home", &home(&home_view(now), Locale::English))?;
    let example = Example {
        base_url: "http://127.0.0.1:8080".to_owned(),
        access_token: "TEST-1000000000000001-010100-0123456789abcdef0123456789abcdef-100000001".to_owned(),
    };
    write(&folder, "docs", &docs_page(&openapi(), &example))
}

/// Addresses become relative, so that the files work from a folder.
fn write(folder: &Path, name: &str, page: &Page) -> std::io::Result<()> {
    std::fs::write(folder.join(format!("{name}.html")), page.html.replace("\"/assets/", "\"assets/"))
}

fn voucher(method: &str, now: Timestamp) -> PaymentView {
    let site = match method {
        "bolbradesco" | "pec" | "meliplace" => Site::MLB,
        "oxxo" | "paycash" | "banamex" | "serfin" | "bancomer" => Site::MLM,
        "servipag" => Site::MLC,
        "efecty" | "davivienda" | "baloto" => Site::MCO,
        "pagoefectivo_atm" => Site::MPE,
        "abitab" | "redpagos" => Site::MLU,
        _ => Site::MLA,
    };
    let mut details = json!({"payment_method_reference_id": "1234567890", "verification_code": "1234567890"});
    if method == "bolbradesco" {
        details["digitable_line"] = json!("23793381286008301112345000063304789540000012345");
        details["barcode"] = json!({"content": "23797895400000123453381260083011124500006330"});
    } else {
        details["barcode"] = json!({"content": "298765432109876543210987654321"});
    }
    read(
        &json!({"payment_method_id": method, "payment_type_id": "ticket", "status_detail": "pending_waiting_payment",
        "date_of_expiration": now.plus_ms(3 * DAY).to_wire(), "transaction_details": details}),
        site,
        now,
    )
}

fn pix_view(now: Timestamp) -> PaymentView {
    let code = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-42665544000052040000530398654061249.905802BR5918LOJA PASARELA LTDA6009SAO PAULO62230519mpqrinter1701402513463041D3D";
    read(
        &json!({"payment_method_id": "pix", "payment_type_id": "bank_transfer", "status_detail": "pending_waiting_transfer",
        "card": {"last_four_digits": "6351"},
        "date_of_expiration": now.plus_ms(23 * HOUR).to_wire(),
        "point_of_interaction": {"transaction_data": {"qr_code": code}}}),
        Site::MLB,
        now,
    )
}

fn bank_view(method: &str, site: Site, now: Timestamp) -> PaymentView {
    read(
        &json!({"payment_method_id": method, "payment_type_id": "bank_transfer", "status_detail": "pending_waiting_transfer",
        "callback_url": "https://shop.example/thanks?order=7&x=1",
        "transaction_details": {"financial_institution": "1007", "payment_method_reference_id": "002010077777777771"}}),
        site,
        now,
    )
}

fn read(parts: &Value, site: Site, now: Timestamp) -> PaymentView {
    let mut body = json!({"id": 17_014_025_134_i64, "status": "pending", "transaction_amount": 124_990,
        "description": "Caneca <b>azul</b> & pires, 2 unidades", "live_mode": false});
    for (key, value) in parts.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    PaymentView::from_body(&body, site, now, "Loja Pasarela").expect("the example is a payment")
}

fn home_view(now: Timestamp) -> HomeView {
    let sellers = SITES.into_iter().flat_map(|site| {
        [false, true].map(|live| SellerRow {
            site,
            user_id: "100000001".to_owned(),
            public_key: format!(
                "{}-0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f",
                if live { "APP_USR" } else { "TEST" }
            ),
            live,
        })
    });
    HomeView {
        version: "0.1.0",
        now,
        sellers: sellers.collect(),
        credentials_command: Some("pasarela credentials"),
        has_demo: true,
    }
}

fn openapi() -> Value {
    json!({
        "openapi": "3.1.0", "info": {"title": "Pasarela API", "version": "0.1.0", "description": "Take payments in seven countries."},
        "security": [{"access_token": []}],
        "tags": [{"name": "Payments", "description": "Take money, and give it back."}, {"name": "Card tokens"}],
        "paths": {
            "/v1/payments": {"post": {"tags": ["Payments"], "summary": "Create a payment",
                "description": "Charges a card or issues what the buyer pays with.",
                "parameters": [{"name": "X-Idempotency-Key", "in": "header", "required": true, "schema": {"type": "string"}, "example": "0d5020ed-1af6-469c-ae06-c3bec19954bb", "description": "The same key gives the same payment."}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewPayment"}}}},
                "responses": {"201": {"description": "Created", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Payment"}}}},
                    "400": {"description": "Refused", "content": {"application/json": {"example": {"message": "transaction_amount must be positive", "error": "bad_request", "status": 400}}}}}}},
            "/v1/payments/{id}": {"get": {"tags": ["Payments"], "summary": "Read a payment",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "format": "int64"}, "example": 17_014_025_134_i64}],
                "responses": {"200": {"description": "The payment", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Payment"}}}}}}},
            "/v1/card_tokens": {"post": {"tags": ["Card tokens"], "summary": "Create a card token", "security": [{"public_key": []}], "responses": {"201": {"description": "Created"}}}}
        },
        "components": {"schemas": {
            "NewPayment": {"type": "object", "required": ["transaction_amount", "payment_method_id", "payer"], "properties": {
                "transaction_amount": {"type": "number", "example": 58.8, "description": "What is charged, in the site's currency."},
                "payment_method_id": {"type": "string", "example": "pix"},
                "installments": {"type": ["integer", "null"], "format": "int32"},
                "payer": {"$ref": "#/components/schemas/Payer"}}},
            "Payer": {"type": "object", "required": ["email"], "properties": {"email": {"type": "string", "example": "test_user_1@testuser.com"},
                "identification": {"type": "object", "properties": {"type": {"type": "string", "example": "CPF"}, "number": {"type": "string", "example": "19119119100"}}}}},
            "Payment": {"type": "object", "properties": {"id": {"type": "integer"}, "status": {"type": "string", "enum": ["pending", "approved", "rejected"]},
                "refunds": {"type": "array", "items": {"type": "object", "properties": {"amount": {"type": "number"}}}}}}
        }}
    })
}
