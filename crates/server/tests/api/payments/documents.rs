//! `payer.identification` of a payment and `cardholder.identification` of a token: the same numbers are taken, and each
//! refusal has its code.

use crate::cards::card_of;
use crate::test_app::{PAYER, TestApp, with};
use pasarela_domain::site::Site;
use serde_json::json;

/// A document and whether payments and tokens take it: check digits count in Brazil, and in payments alone.
const DOCUMENTS: [(Site, &str, &str, bool, bool); 26] = [
    (Site::MLB, "CPF", "19119119100", true, true),
    (Site::MLB, "CPF", "19119119101", false, true),
    (Site::MLB, "CPF", "191.191.191-00", false, false),
    (Site::MLB, "CNPJ", "11222333000181", true, true),
    (Site::MLB, "CNPJ", "12ABC34501DE35", true, true),
    (Site::MLB, "CNPJ", "12ABC34501DE36", false, true),
    (Site::MLB, "CNPJ", "1122233300018", false, false),
    (Site::MLA, "DNI", "12.345.678", true, true),
    (Site::MLA, "DNI", "123", false, false),
    (Site::MLA, "CUIT", "30-70308853-4", true, true),
    (Site::MLA, "CUIL", "20-12345678-9", true, true),
    (Site::MLA, "CUIL", "20-1234567-9", false, false),
    (Site::MLM, "RFC", "GODE561231GR8", true, true),
    (Site::MLM, "CURP", "HEGG560427MVZRRL04", true, true),
    (Site::MLM, "CURP", "HEGG560427", false, false),
    (Site::MLC, "RUT", "20347878-K", true, true),
    (Site::MLC, "RUT", "1-9", false, false),
    (Site::MCO, "CC", "1054758259", true, true),
    (Site::MCO, "NIT", "800197268-4", true, true),
    (Site::MCO, "CE", "A23456", false, false),
    (Site::MPE, "DNI", "12345678", true, true),
    (Site::MPE, "RUC", "20100070970", true, true),
    (Site::MPE, "CE", "12345", false, false),
    (Site::MLU, "CI", "1.234.567-2", true, true),
    (Site::MLU, "CI", "123", false, false),
    (Site::MLU, "Otro", "12345", true, true),
];

#[tokio::test]
async fn each_countrys_documents_are_taken_or_refused_with_their_code() {
    let app = TestApp::new().await;
    for (site, kind, number, pays, tokenises) in DOCUMENTS {
        let name = format!("{site} {kind} {number}");
        let seller = app.seller(site);
        let identification = json!({"type": kind, "number": number});
        let mut token = card_of(site).token_request("APRO");
        token["cardholder"]["identification"] = identification.clone();
        let made = seller.post("/v1/card_tokens", &token).await;
        if tokenises {
            assert_eq!(made.expect(201)["cardholder"]["identification"], identification, "{name}");
        } else {
            assert_eq!(made.texted_codes(), ["324"], "{name}");
        }
        let body = with(
            seller.card_payment("APRO").await,
            json!({"payer": {"email": PAYER, "identification": identification}}),
        );
        let paid = seller.post("/v1/payments", &body).await;
        if pays {
            paid.expect(201);
        } else {
            assert_eq!(
                (paid.code(), &paid.json()["message"]),
                (2067, &json!("Invalid user identification number")),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_kind_that_the_country_does_not_have_is_refused() {
    let app = TestApp::new().await;
    for (site, kind, number) in
        [(Site::MLB, "DNI", "12345678"), (Site::MLA, "CPF", "19119119100"), (Site::MLM, "CPF", "1")]
    {
        let seller = app.seller(site);
        let identification = json!({"type": kind, "number": number});
        let mut token = card_of(site).token_request("APRO");
        token["cardholder"]["identification"] = identification.clone();
        assert_eq!(seller.post("/v1/card_tokens", &token).await.texted_codes(), ["322"], "{site} {kind}");
        let body = with(
            seller.card_payment("APRO").await,
            json!({"payer": {"email": PAYER, "identification": identification}}),
        );
        assert_eq!(seller.post("/v1/payments", &body).await.code(), 2067, "{site} {kind}");
    }
}
