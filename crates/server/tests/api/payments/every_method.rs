//! `POST /v1/payments` for everything that is not a card: each offered method of each site.

use crate::payment_shape::assert_is_payment;
use crate::test_app::{PAYER, PUBLIC_URL, TestApp, pix_body, with};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use pasarela_domain::catalogue::{self, PaymentMethod, PaymentType, expiry};
use pasarela_domain::site::{SITES, Site};
use pasarela_domain::timestamp::{DAY, Timestamp};
use serde_json::{Value, json};

/// What is paid elsewhere and later.
fn offline_methods() -> Vec<(Site, &'static PaymentMethod)> {
    SITES
        .into_iter()
        .flat_map(|site| catalogue::of(site).methods().iter().map(move |method| (site, method)))
        .filter(|(_, method)| method.is_offered() && expiry::is_offline(method))
        .collect()
}

/// A body with all that any of these methods asks of the buyer.
pub(super) fn body_for(site: Site, method: &PaymentMethod) -> Value {
    let (kind, number) = match site {
        Site::MLA => ("DNI", "12345678"),
        Site::MLB => ("CPF", "12345678909"),
        Site::MLM => ("RFC", "GODE561231GR8"),
        Site::MLC => ("RUT", "111111111"),
        Site::MCO => ("CC", "123456789"),
        Site::MPE => ("DNI", "12345678"),
        Site::MLU => ("CI", "12345678"),
    };
    let amount = method.min_allowed.minor.max(10_i64.pow(site.currency().decimals()) * 2_000)
        / 10_i64.pow(site.currency().decimals());
    let most = method.max_allowed.minor / 10_i64.pow(site.currency().decimals());
    json!({
        "transaction_amount": amount.min(most), "payment_method_id": method.id, "description": "A thing",
        "payer": {
            "email": PAYER, "first_name": "Ana", "last_name": "Silva", "entity_type": "individual",
            "identification": {"type": kind, "number": number},
            "phone": {"area_code": "11", "number": "987654321"},
            "address": {
                "zip_code": "01310924", "street_name": "Avenida", "street_number": 1, "neighborhood": "Centro",
                "city": "Cidade", "federal_unit": "SP",
            },
        },
        "transaction_details": {"financial_institution": method.financial_institutions.first().map(|known| &known.id)},
        "additional_info": {"ip_address": "127.0.0.1"},
        "callback_url": "https://shop.example/back",
    })
}

#[tokio::test]
async fn every_offline_method_of_every_site_waits_for_the_buyer_and_can_be_paid() {
    let app = TestApp::new().await;
    let methods = offline_methods();
    assert!(methods.len() >= 15, "{}", methods.len());
    for (site, method) in methods {
        let seller = app.seller(site);
        let name = format!("{site} {}", method.id);
        let answer = seller.post("/v1/payments", &body_for(site, method)).await;
        assert_eq!(answer.status, 201, "{name}: {}", answer.text());
        let payment = answer.json();
        assert_is_payment(&payment);
        assert_eq!(payment["status"], "pending", "{name}");
        assert_eq!(payment["payment_type_id"], method.payment_type.id(), "{name}");
        assert_eq!(payment["issuer_id"], Value::Null, "{name}");
        assert_eq!(payment["currency_id"], site.currency().code());
        let is_voucher = matches!(method.payment_type, PaymentType::Ticket | PaymentType::Atm);
        let detail = if is_voucher { "pending_waiting_payment" } else { "pending_waiting_transfer" };
        assert_eq!(payment["status_detail"], detail, "{name}");
        if method.id == "pix" {
            assert_eq!(payment["transaction_details"]["external_resource_url"], Value::Null);
        } else {
            let page = if is_voucher { "ticket" } else { "bank_transfer" };
            let url = payment["transaction_details"]["external_resource_url"].as_str().unwrap();
            assert!(
                url.starts_with(&format!("{PUBLIC_URL}/payments/{}/{page}?caller_id=", payment["id"])),
                "{url}"
            );
            assert!(url.contains("&hash="), "{url}");
        }
        if is_voucher {
            let reference = &payment["transaction_details"]["payment_method_reference_id"];
            assert!(reference.is_string(), "{name} has a number to pay by");
            assert!(payment["date_of_expiration"].is_string(), "{name}");
        }
        let paid = seller.act(&payment, "pay").await.expect(200);
        assert_is_payment(&paid);
        assert_eq!(
            (&paid["status"], &paid["status_detail"]),
            (&json!("approved"), &json!("accredited")),
            "{name}"
        );
        assert_eq!(seller.act(&payment, "pay").await.code(), 2018, "{name} is paid once");
    }
}

#[tokio::test]
async fn what_is_not_paid_in_time_expires_and_late_money_goes_to_the_payers_wallet() {
    let app = TestApp::new().await;
    for (site, method) in offline_methods() {
        let seller = app.seller(site);
        let payment = seller.post("/v1/payments", &body_for(site, method)).await.expect(201);
        seller.advance("P8D").await;
        let expired = seller.payment(&payment["id"]).await;
        assert_is_payment(&expired);
        let ended = (expired["status"].as_str().unwrap(), expired["status_detail"].as_str().unwrap());
        assert_eq!(ended, ("cancelled", "expired"), "{site} {}", method.id);
        let late = seller.act(&payment, "pay").await.expect(200);
        assert_eq!(late["status"], "cancelled");
        assert_eq!(seller.act(&payment, "pay").await.code(), 2018, "late money comes once too");
    }
}

#[tokio::test]
async fn a_pix_has_a_code_a_picture_and_a_page() {
    let app = TestApp::new().await;
    let payment = app.seller(Site::MLB).pix().await;
    assert_is_payment(&payment);
    assert_eq!(payment["payment_type_id"], "bank_transfer");
    assert_eq!(payment["point_of_interaction"]["type"], "OPENPLATFORM");
    let data = &payment["point_of_interaction"]["transaction_data"];
    let code = data["qr_code"].as_str().unwrap();
    assert!(code.starts_with("00020126"), "{code}");
    assert!(
        code.contains("0014br.gov.bcb.pix") && code.contains("5303986") && code.contains("5406105.10"),
        "{code}"
    );
    let (body, crc) = code.split_at(code.len() - 4);
    assert!(body.ends_with("6304"), "{code}");
    assert_eq!(format!("{:04X}", crc16(body.as_bytes())), crc);
    let picture = BASE64_STANDARD.decode(data["qr_code_base64"].as_str().unwrap()).unwrap();
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));
    let page = format!(
        "{PUBLIC_URL}/payments/{}/ticket?caller_id={}&hash=",
        payment["id"],
        payment["payer"]["id"].as_str().unwrap()
    );
    assert!(data["ticket_url"].as_str().unwrap().starts_with(&page));
    let (created, expires) = (date(&payment["date_created"]), date(&payment["date_of_expiration"]));
    assert_eq!(expires.0 - created.0, DAY);
    let paid = app.seller(Site::MLB).act(&payment, "pay").await.expect(200);
    let end_to_end = paid["point_of_interaction"]["transaction_data"]["e2e_id"].as_str().unwrap();
    assert_eq!((end_to_end.len(), &end_to_end[..1]), (32, "E"));
    // 0.99 % of 105.10, rounded half to even; Pix money is there at once.
    assert_eq!(paid["transaction_details"]["net_received_amount"].to_string(), "104.06");
    assert_eq!(paid["money_release_status"], "released");
}

/// CRC-16/CCITT-FALSE, as a bank's application computes it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

fn date(value: &Value) -> Timestamp {
    Timestamp::parse(value.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_boleto_carries_its_barcode_and_its_line_and_ends_on_a_business_day() {
    let app = TestApp::at("2026-11-19T10:00:00-03:00").await;
    let seller = app.seller(Site::MLB);
    let method = catalogue::of(Site::MLB).method("bolbradesco").unwrap();
    let payment = seller.post("/v1/payments", &body_for(Site::MLB, method)).await.expect(201);
    assert_is_payment(&payment);
    let details = &payment["transaction_details"];
    let content = payment["barcode"]["content"].as_str().unwrap();
    assert_eq!(content.len(), 44);
    assert_eq!(details["barcode"]["content"], content);
    assert_eq!(details["digitable_line"].as_str().unwrap().len(), 47);
    assert_eq!(details["financial_institution"], "bradesco");
    assert!(details["verification_code"].is_string() && details["payment_method_reference_id"].is_string());
    // Thursday and three days is Sunday: Monday, to its end in São Paulo.
    assert_eq!(payment["date_of_expiration"], "2026-11-23T22:59:59.000-04:00");
}

#[tokio::test]
async fn a_boleto_needs_to_know_its_payer() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let method = catalogue::of(Site::MLB).method("bolbradesco").unwrap();
    let body = body_for(Site::MLB, method);
    for member in ["first_name", "last_name", "identification", "address"] {
        let mut body = body.clone();
        body["payer"].as_object_mut().unwrap().remove(member);
        assert_eq!(seller.post("/v1/payments", &body).await.code(), 4006, "{member}");
    }
    for member in ["zip_code", "street_name", "street_number", "neighborhood", "city", "federal_unit"] {
        let mut body = body.clone();
        body["payer"]["address"].as_object_mut().unwrap().remove(member);
        let refused = seller.post("/v1/payments", &body).await;
        assert_eq!(refused.code(), 4006, "{member}");
        assert!(refused.text().contains(member), "the message names what is missing: {}", refused.text());
    }
}

#[tokio::test]
async fn pse_needs_a_bank_an_address_and_a_way_back() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MCO);
    let body = body_for(Site::MCO, catalogue::of(Site::MCO).method("pse").unwrap());
    let payment = seller.post("/v1/payments", &body).await.expect(201);
    assert_is_payment(&payment);
    assert_eq!(payment["date_of_expiration"], Value::Null);
    assert_eq!(payment["callback_url"], "https://shop.example/back");
    assert!(payment["transaction_details"]["bank_transfer_id"].is_i64());
    assert!(payment["transaction_details"]["transaction_id"].is_string());
    let lacking = |members: Value| seller_post(&seller, with(body.clone(), members));
    assert_snapshot!(lacking(json!({"transaction_details": null})).await, @r#"400 {"message":"Params Error: transaction_details.financial_institution is not one of pse's institutions","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
    assert_snapshot!(lacking(json!({"transaction_details": {"financial_institution": "0"}})).await, @r#"400 {"message":"Params Error: transaction_details.financial_institution is not one of pse's institutions","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
    assert_snapshot!(lacking(json!({"additional_info": null})).await, @r#"400 {"message":"Params Error: additional_info.ip_address is required by pse","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
    assert_snapshot!(lacking(json!({"callback_url": null})).await, @r#"400 {"message":"Params Error: callback_url is required by pse","error":"bad_request","status":400,"cause":[{"code":1,"description":"Params Error","data":"<when>;<request>"}]}"#);
}

async fn seller_post(seller: &crate::test_app::Client, body: Value) -> String {
    seller.post("/v1/payments", &body).await.refused()
}

#[tokio::test]
async fn an_expiration_is_taken_within_what_the_method_allows() {
    let app = TestApp::at("2026-11-20T12:00:00-04:00").await;
    let seller = app.seller(Site::MLB);
    let at = |at: &str| seller_at(&seller, with(pix_body(), json!({"date_of_expiration": at})));
    let payment = at("2026-11-25T23:59:59.000-04:00").await.expect(201);
    assert_eq!(payment["date_of_expiration"], "2026-11-25T23:59:59.000-04:00");
    // Any offset is read; −04:00 is answered.
    let payment = at("2026-11-25T23:59:59Z").await.expect(201);
    assert_eq!(payment["date_of_expiration"], "2026-11-25T19:59:59.000-04:00");
    for outside in
        ["2026-11-20T12:20:00.000-04:00", "2026-12-21T12:00:00.000-04:00", "2020-01-01T00:00:00.000-04:00"]
    {
        assert_eq!(at(outside).await.code(), 7523, "{outside}");
    }
    assert_snapshot!(at("2026-11-25").await.refused(), @r#"400 {"message":"The following parameters must be valid date and format (yyyy-MM-dd'T'HH:mm:ssz) date_of_expiration","error":"bad_request","status":400,"cause":[{"code":23,"description":"The following parameters must be valid date and format (yyyy-MM-dd'T'HH:mm:ssz) date_of_expiration","data":"<when>;<request>"}]}"#);
    for wrong in ["", "25/11/2026", "2026-13-01T00:00:00.000-04:00", "2026-11-25T00:00:00"] {
        assert_eq!(at(wrong).await.code(), 23, "{wrong}");
    }
}

async fn seller_at(seller: &crate::test_app::Client, body: Value) -> crate::test_app::Answer {
    seller.post("/v1/payments", &body).await
}

#[tokio::test]
async fn what_the_site_does_not_offer_is_refused() {
    let app = TestApp::new().await;
    assert_eq!(
        app.seller(Site::MLA)
            .post("/v1/payments", &with(pix_body(), json!({"transaction_amount": 100})))
            .await
            .code(),
        3011
    );
    let body = with(pix_body(), json!({"payment_method_id": "consumer_credits", "transaction_amount": 600}));
    let refused = app.seller(Site::MLB).post("/v1/payments", &body).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, 3028));
    let body = with(pix_body(), json!({"installments": 2}));
    assert_eq!(app.seller(Site::MLB).post("/v1/payments", &body).await.code(), 4033);
}
