use super::*;
use pasarela_domain::identity::Mode;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;

const PLAIN: &str = "5031433215406351";
const PASSES: &str = "5483928164574623";
const FAILS: &str = "5361956806117557";

fn request(cardholder_name: &str) -> CardAuthorization {
    CardAuthorization {
        payment_id: 17_014_025_134,
        site: Site::MLB,
        mode: Mode::Test,
        amount: Money::new(10_000, Site::MLB.currency()),
        installments: 1,
        capture: true,
        cardholder_name: cardholder_name.to_owned(),
        payment_method_id: "master".to_owned(),
        expiration_month: 11,
        expiration_year: 2030,
        demands_security_code: true,
        stored_credential: false,
        three_d_secure: ThreeDSecure::NotSupported,
        now: Timestamp::parse("2026-11-21T12:00:00-04:00").unwrap(),
    }
}

fn card(number: &str) -> CardSecrets<'_> {
    CardSecrets { number: Some(number), security_code: Some("123") }
}

fn is_authorized(outcome: &CardOutcome) -> bool {
    matches!(outcome, CardOutcome::Authorized { authorization_code }
        if authorization_code.len() == 6 && authorization_code.bytes().all(|b| b.is_ascii_digit()))
}

#[test]
fn every_test_name_ends_as_published() {
    let expected = [
        ("APRO", None),
        ("OTHE", Some("cc_rejected_other_reason")),
        ("CALL", Some("cc_rejected_call_for_authorize")),
        ("FUND", Some("cc_rejected_insufficient_amount")),
        ("SECU", Some("cc_rejected_bad_filled_security_code")),
        ("EXPI", Some("cc_rejected_bad_filled_date")),
        ("FORM", Some("cc_rejected_bad_filled_other")),
        ("CARD", Some("cc_rejected_bad_filled_card_number")),
        ("INST", Some("cc_rejected_invalid_installments")),
        ("DUPL", Some("cc_rejected_duplicated_payment")),
        ("LOCK", Some("cc_rejected_card_disabled")),
        ("CTNA", Some("cc_rejected_card_type_not_allowed")),
        ("ATTE", Some("cc_rejected_max_attempts")),
        ("BLAC", Some("cc_rejected_blacklist")),
        ("UNSU", Some("cc_unsupported_unsupported")),
        ("TEST", None),
        ("Maria da Silva", None),
        ("apro", None),
        ("fund", Some("cc_rejected_insufficient_amount")),
    ];
    for (name, refusal) in expected {
        let outcome = Simulator.authorize(&request(name), &card(PLAIN));
        match refusal {
            Some(detail) => assert_eq!(outcome, rejected(detail), "{name}"),
            None => assert!(is_authorized(&outcome), "{name}: {outcome:?}"),
        }
    }
    let contingency = CardOutcome::InProcess { status_detail: "pending_contingency".to_owned() };
    assert_eq!(Simulator.authorize(&request("CONT"), &card(PLAIN)), contingency);
    assert!(is_authorized(&Simulator.authorize_after_review(1)));
}

#[test]
fn a_card_is_good_through_its_last_month_at_the_collectors() {
    let mut request = request("APRO");
    (request.expiration_month, request.expiration_year) = (11, 2026);
    // Still November in São Paulo (−03:00), December already in UTC.
    request.now = Timestamp::parse("2026-12-01T02:59:59Z").unwrap();
    assert!(is_authorized(&Simulator.authorize(&request, &card(PLAIN))));
    request.now = Timestamp::parse("2026-12-01T03:00:00Z").unwrap();
    assert_eq!(Simulator.authorize(&request, &card(PLAIN)), rejected("cc_rejected_bad_filled_date"));
    (request.expiration_month, request.expiration_year) = (13, 2099);
    assert_eq!(Simulator.authorize(&request, &card(PLAIN)), rejected("cc_rejected_bad_filled_date"));
}

#[test]
fn the_date_is_judged_before_the_name() {
    let mut request = request("FUND");
    request.expiration_year = 2020;
    assert_eq!(Simulator.authorize(&request, &card(PLAIN)), rejected("cc_rejected_bad_filled_date"));
}

#[test]
fn an_absent_security_code_is_refused_where_the_card_demands_it() {
    let without = CardSecrets { number: Some(PLAIN), security_code: None };
    let mut request = request("APRO");
    assert_eq!(Simulator.authorize(&request, &without), rejected("cc_rejected_bad_filled_security_code"));
    request.demands_security_code = false;
    assert!(is_authorized(&Simulator.authorize(&request, &without)));
}

#[test]
fn a_challenge_is_made_when_the_payment_and_the_card_ask_for_it() {
    let challenged = |mode, number| {
        let mut request = request("APRO");
        request.three_d_secure = mode;
        match Simulator.authorize(&request, &card(number)) {
            CardOutcome::Challenge { passes, .. } => Some(passes),
            outcome => {
                assert!(is_authorized(&outcome));
                None
            }
        }
    };
    for number in [PLAIN, PASSES, FAILS] {
        assert_eq!(challenged(ThreeDSecure::NotSupported, number), None);
    }
    assert_eq!(challenged(ThreeDSecure::Optional, PLAIN), None);
    assert_eq!(challenged(ThreeDSecure::Optional, PASSES), Some(true));
    assert_eq!(challenged(ThreeDSecure::Optional, FAILS), Some(false));
    assert_eq!(challenged(ThreeDSecure::Mandatory, PLAIN), Some(true));
    assert_eq!(challenged(ThreeDSecure::Mandatory, FAILS), Some(false));
}

#[test]
fn a_completed_challenge_ends_as_the_card_says() {
    assert!(is_authorized(&Simulator.authorize_after_challenge(5, true)));
    assert_eq!(Simulator.authorize_after_challenge(5, false), rejected("cc_rejected_3ds_challenge"));
}

#[test]
fn a_creq_is_the_documented_json_and_always_the_same() {
    let creq = creq(17_014_025_134);
    assert_eq!(creq, super::creq(17_014_025_134));
    assert_ne!(creq, super::creq(17_014_025_135));
    let json = BASE64_URL_SAFE_NO_PAD.decode(&creq).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["threeDSServerTransID", "acsTransID", "challengeWindowSize", "messageType", "messageVersion"]
    );
    assert_eq!((&json["challengeWindowSize"], &json["messageType"]), (&"04".into(), &"CReq".into()));
    assert_eq!(json["messageVersion"], "2.1.0");
    assert_eq!(json["acsTransID"].as_str().unwrap().len(), 36);
    assert_ne!(json["acsTransID"], json["threeDSServerTransID"]);
}

#[test]
fn a_yape_phone_decides_without_a_date_or_a_code() {
    let expected = [
        ("111111111", None),
        ("111111112", Some("cc_rejected_call_for_authorize")),
        ("111111113", Some("cc_amount_rate_limit_exceeded")),
        ("111111114", Some("cc_unsupported_unsupported")),
        ("111111115", Some("cc_rejected_card_type_not_allowed")),
        ("111111116", Some("cc_rejected_max_attempts")),
        ("111111117", Some("cc_rejected_bad_filled_security_code")),
        ("111111118", Some("cc_rejected_form_error")),
        ("987654321", None),
    ];
    let mut request = request("yape");
    (request.payment_method_id, request.site) = ("yape".to_owned(), Site::MPE);
    (request.expiration_month, request.expiration_year) = (0, 0);
    for (phone, refusal) in expected {
        let card = CardSecrets { number: Some(phone), security_code: None };
        let outcome = Simulator.authorize(&request, &card);
        match refusal {
            Some(detail) => assert_eq!(outcome, rejected(detail), "{phone}"),
            None => assert!(is_authorized(&outcome), "{phone}"),
        }
    }
}

#[test]
fn every_later_step_is_accepted() {
    let amount = Money::new(10_000, Site::MLB.currency());
    assert_eq!(Simulator.capture(1, amount), CaptureOutcome::Captured);
    assert_eq!(Simulator.cancel(1), CancelOutcome::Cancelled);
    assert_eq!(Simulator.refund(1, 2, amount), RefundOutcome::Approved);
}

#[test]
fn secrets_are_never_shown() {
    let shown = format!("{:?}", card(PLAIN));
    assert_eq!(shown, "CardSecrets { has_number: true, has_security_code: true }");
}
