use super::*;
use crate::{barcode, boleto as boleto_codes};
use pasarela_domain::catalogue::PaymentMethod;
use pasarela_domain::money::Money;
use pasarela_domain::site::{SITES, Site};
use pasarela_domain::timestamp::Timestamp;
use proptest::prelude::*;
use std::collections::HashSet;

const LARGEST_ID: i64 = (1 << 53) - 1;

/// Every ticket, ATM and transfer method of the seven sites.
fn methods() -> impl Iterator<Item = (Site, &'static str)> {
    let offline = |method: &&PaymentMethod| method.payment_type.is_offline();
    SITES.into_iter().flat_map(move |site| {
        catalogue::of(site).methods().iter().filter(offline).map(move |method| (site, method.id.as_str()))
    })
}

fn charge(site: Site, method: &str, payment_id: i64) -> Charge {
    Charge {
        payment_id,
        site,
        amount: Money::new(123_400, site.currency()),
        payment_method_id: method.to_owned(),
        merchant_name: "Padaria São João".to_owned(),
        expires: Timestamp::parse("2026-11-24T22:59:59-04:00").unwrap(),
        now: Timestamp::parse("2026-11-21T12:00:00-04:00").unwrap(),
        financial_institution: None,
        payment_option_id: None,
    }
}

#[test]
fn every_method_hands_the_buyer_what_is_promised() {
    assert_eq!(methods().count(), 26);
    for (site, method) in methods() {
        let given = instructions(&charge(site, method, 17_014_025_134));
        let has = |field: &Option<String>| field.as_ref().is_some_and(|text| !text.is_empty());
        let promised = match method {
            "pix" => has(&given.qr_code) && has(&given.qr_code_base64),
            "clabe" => has(&given.clabe) && has(&given.payment_method_reference_id),
            "pse" | "webpay" | "khipu" => given.bank_transfer_id.is_some() && has(&given.transaction_id),
            "bolbradesco" => {
                has(&given.payment_method_reference_id)
                    && has(&given.verification_code)
                    && has(&given.barcode_content)
                    && has(&given.digitable_line)
                    && has(&given.financial_institution)
            }
            "rapipago" | "pagofacil" => {
                has(&given.payment_method_reference_id)
                    && has(&given.verification_code)
                    && has(&given.barcode_content)
            }
            "pec" | "oxxo" => has(&given.payment_method_reference_id) && has(&given.verification_code),
            _ => has(&given.payment_method_reference_id),
        };
        assert!(promised, "{site} {method}: {given:?}");
        assert_eq!(given.qr_code.is_some(), method == "pix");
        assert_eq!(given.clabe.is_some(), method == "clabe");
    }
}

#[test]
fn the_same_payment_always_gets_the_same_and_another_gets_another() {
    for (site, method) in methods() {
        let mut seen = HashSet::new();
        for id in [1, 2, 999_999, 17_014_025_134, LARGEST_ID] {
            let given = instructions(&charge(site, method, id));
            assert_eq!(given, instructions(&charge(site, method, id)));
            assert!(seen.insert(format!("{given:?}")), "{method} {id}");
        }
    }
}

#[test]
fn a_pix_code_is_a_valid_br_code_of_this_payment() {
    let given = instructions(&charge(Site::MLB, "pix", LARGEST_ID));
    let text = given.qr_code.unwrap();
    let code = br_code::decode(&text).unwrap();
    assert!(text.starts_with("00020126580014br.gov.bcb.pix0136"), "{text}");
    assert!(text.contains("52040000530398654071234.005802BR5916Padaria Sao Joao6009SAO PAULO6229"), "{text}");
    assert_eq!(code.txid(), Some("mpqrinter9007199254740991"));
    assert_eq!(code.amount, Some(Money::new(123_400, Site::MLB.currency())));
    let png = BASE64_STANDARD.decode(given.qr_code_base64.unwrap()).unwrap();
    assert_eq!(png, qr::png(&text).unwrap());
}

#[test]
fn an_amount_that_a_pix_code_cannot_hold_is_left_to_the_payer() {
    let mut huge = charge(Site::MLB, "pix", 1);
    huge.amount = Money::new(pasarela_domain::money::MAX_AMOUNT_MINOR, Site::MLB.currency());
    assert_eq!(br_code::decode(&instructions(&huge).qr_code.unwrap()).unwrap().amount, None);
}

#[test]
fn a_boleto_carries_the_amount_the_day_and_the_payment() {
    let given = instructions(&charge(Site::MLB, "bolbradesco", 17_014_025_134));
    let boleto = boleto_codes::parse(given.barcode_content.as_deref().unwrap()).unwrap();
    assert_eq!(boleto_codes::parse(given.digitable_line.as_deref().unwrap()), Ok(boleto.clone()));
    assert_eq!(boleto.bank(), "237");
    assert_eq!(boleto.due().unwrap().to_string(), "2026-11-24");
    assert_eq!(boleto.amount(), Some(Money::new(123_400, Site::MLB.currency())));
    assert!(boleto.free_field().contains("17014025134"));
    assert_eq!(given.financial_institution.as_deref(), Some("bradesco"));
    assert!(barcode::itf25_svg(&boleto.barcode()).is_ok());
}

#[test]
fn what_a_boleto_cannot_carry_is_left_to_the_register() {
    let mut late = charge(Site::MLB, "bolbradesco", 1);
    late.expires = Timestamp::parse("2060-01-01T00:00:00Z").unwrap();
    late.amount = Money::new(boleto_codes::MAX_AMOUNT_MINOR + 1, Site::MLB.currency());
    let boleto = boleto_codes::parse(&instructions(&late).barcode_content.unwrap()).unwrap();
    assert_eq!((boleto.due(), boleto.amount()), (None, None));
}

#[test]
fn an_oxxo_ticket_has_thirty_digits() {
    let given = instructions(&charge(Site::MLM, "oxxo", LARGEST_ID));
    let digits = given.barcode_content.unwrap();
    assert_eq!(digits, "6900719925474099126328012340".to_owned() + &digits[28..]);
    assert_eq!(digits.len(), 30);
    assert_eq!(given.verification_code.as_deref(), Some(digits.as_str()));
}

#[test]
fn a_clabe_has_a_valid_check_digit() {
    let clabe = instructions(&charge(Site::MLM, "clabe", 17_014_025_134)).clabe.unwrap();
    assert_eq!(clabe.len(), 18);
    assert_eq!(clabe[17..], check_digit::clabe(&clabe[..17]).to_string());
}

#[test]
fn the_chosen_bank_and_store_are_kept() {
    let mut pse = charge(Site::MCO, "pse", 1);
    pse.financial_institution = Some("1007".to_owned());
    assert_eq!(instructions(&pse).financial_institution.as_deref(), Some("1007"));
    assert_eq!(instructions(&charge(Site::MLC, "webpay", 1)).financial_institution.as_deref(), Some("1234"));
    assert_eq!(instructions(&charge(Site::MLM, "clabe", 1)).financial_institution.as_deref(), Some("1009"));
    assert_eq!(instructions(&charge(Site::MCO, "pse", 1)).financial_institution, None);
    let mut paycash = charge(Site::MLM, "paycash", 1);
    assert!(instructions(&paycash).payment_method_reference_id.unwrap().starts_with("00"));
    paycash.payment_option_id = Some("soriana".to_owned());
    assert!(instructions(&paycash).payment_method_reference_id.unwrap().starts_with("03"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn every_code_is_well_formed_for_any_payment(id in 1i64..=LARGEST_ID, minor in 1i64..=999_999_999_999, name in "\\PC{0,40}") {
        for (site, method) in methods() {
            let mut charge = charge(site, method, id);
            charge.amount = Money::new(minor, site.currency());
            charge.merchant_name = name.clone();
            let given = instructions(&charge);
            if let Some(code) = &given.qr_code {
                prop_assert!(br_code::decode(code).is_ok());
            }
            if let Some(content) = &given.barcode_content {
                prop_assert!(content.bytes().all(|b| b.is_ascii_digit()) && content.len() % 2 == 0, "{} {}", method, content);
                prop_assert!(barcode::code128_svg(content).is_ok());
                let expected = match method { "bolbradesco" => 44, "oxxo" | "abitab" | "redpagos" => 30, "rapipago" | "pagofacil" | "bapropagos" | "cargavirtual" | "cobroexpress" => 40, _ => 20 };
                prop_assert_eq!(content.len(), expected);
            }
        }
    }
}
