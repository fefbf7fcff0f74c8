//! Scores, and what a seller reads.

use super::*;
use crate::quality::letter::letter;
use crate::quality::month::Month;
use crate::quality::report::{Occasion, Report, Verdict, report};
use crate::quality::rules::{Aspect, Product};
use crate::quality::{MINIMUM_SCORE, measure};

fn reported(world: &World, product: Product, latest: &[PaymentState]) -> Report {
    let (payment, preference) = (world.payment(), world.preference());
    let occasion = Occasion {
        id: 1,
        application_id: 12,
        payment_id: payment.payment.id,
        month: None,
        measured_at: NOW,
        published_at: NOW,
        minimum_score: MINIMUM_SCORE,
    };
    report(&occasion, product, &Evidence::of(&payment, preference.as_ref(), &world.around), latest)
}

#[test]
fn who_does_everything_right_has_a_hundred_points() {
    assert_eq!(reported(&good(), Product::CheckoutPro, &[]).score, 100);
    assert_eq!(reported(&good().by_api(), Product::CheckoutApi, &[]).score, 100);
    assert_eq!(reported(&good().by_api(), Product::CheckoutBricks, &[]).score, 100);
}

#[test]
fn the_least_that_is_accepted_as_a_payment_is_not_accepted_as_an_integration() {
    let mut world = good().by_api();
    world.body = json!({
        "transaction_amount": 100, "token": "0123456789abcdef0123456789abcdef", "installments": 1,
        "payment_method_id": "master", "payer": {"email": "test_user_1@testuser.com"},
    });
    world.provenance = Provenance::default();
    world.channel = Some(TokenChannel::Server);
    world.saved_card = None;
    world.around = Surroundings::default();
    let report = reported(&world, Product::CheckoutApi, &[]);
    // The e-mail, and what is not asked of a test without a production site.
    assert_eq!((report.score, report.status), (10 + 5 + 4, Verdict::NotApproved));
    let approval = report.aspects.iter().find(|aspect| aspect.name == Aspect::PaymentApproval).unwrap();
    assert_eq!((approval.points, approval.max_points), (10, 42));
    let first = &approval.actions[0];
    assert_eq!(
        (first.rule_id.as_str(), first.missing.as_deref()),
        ("CHA-002", Some("header: X-meli-session-id"))
    );
    assert!(first.remedy.as_ref().unwrap().pt.contains("cabeçalho"));
}

#[test]
fn the_sum_of_the_mandatory_rules_is_just_enough() {
    let mut world = good().by_api();
    world.body["additional_info"] = json!({});
    for name in ["issuer_id", "statement_descriptor"] {
        world.body.as_object_mut().unwrap().remove(name);
    }
    for name in ["first_name", "last_name"] {
        world.body["payer"].as_object_mut().unwrap().remove(name);
    }
    world.provenance.sdk = None;
    let report = reported(&world, Product::CheckoutApi, &[]);
    assert_eq!((report.score, report.status), (73, Verdict::Approved));
}

#[test]
fn best_practices_change_no_score() {
    let mut world = good();
    for name in ["tracks", "expires", "date_of_expiration", "shipments", "payment_methods"] {
        world.preference.as_mut().unwrap().as_object_mut().unwrap().remove(name);
    }
    assert_eq!(reported(&world, Product::CheckoutPro, &[]).score, 100);
}

#[test]
fn the_effect_is_the_sellers_own_refusals() {
    let mut refused = good().by_api();
    refused.outcome = CardOutcome::Rejected { status_detail: "cc_rejected_high_risk".to_owned() };
    let told = refused.payment();
    refused.provenance.device_session = None;
    refused.channel = Some(TokenChannel::Server);
    let untold = refused.payment();
    let mut world = good().by_api();
    world.body["capture"] = json!(true);
    let latest = [untold.clone(), untold, told, world.payment()];
    let report = reported(&refused, Product::CheckoutApi, &latest);
    let actions = || report.aspects.iter().flat_map(|aspect| &aspect.actions);
    let effect = actions().find(|action| action.name == "device_id").unwrap().effect.unwrap();
    assert_eq!((effect.refused, effect.refused_without, effect.refused_as_risk_without), (3, 2, 2));
    assert_eq!((effect.approved, effect.approved_without), (1, 0));
    assert!(actions().all(|action| action.effect.is_none() || action.result == "failed"));
}

#[test]
fn a_report_is_read_back_as_it_was_kept() {
    let report = reported(&good(), Product::CheckoutPro, &[]);
    let kept = serde_json::to_vec(&report.clone().without_texts()).unwrap();
    assert!(kept.len() < 16 * 1024, "{} bytes", kept.len());
    let read: Report = serde_json::from_slice(&kept).unwrap();
    assert_eq!(read.with_texts(), report);
}

#[test]
fn the_gates_own_rules_are_in_no_score() {
    let (payment, world) = (good().payment(), good());
    let measurement = measure(Product::All, &Evidence::of(&payment, None, &world.around));
    assert_eq!(measurement.score(), 0);
}

#[test]
fn the_letter_of_a_month_names_what_is_to_be_done_in_the_sites_language() {
    let mut world = good();
    world.preference.as_mut().unwrap().as_object_mut().unwrap().remove("external_reference");
    let month = Month::try_from("2030-03".to_owned()).unwrap();
    let report = Report { month: Some(month), ..reported(&world, Product::CheckoutPro, &[]) };
    let letter = letter(&report, "Loja\r\nBcc: x", Site::MLB, "https://pay.example/panel");
    assert_eq!(letter.subject, format!("Pasarela: qualidade {}/100, 2030-03", report.score));
    assert!(letter.subject.is_ascii());
    assert!(letter.text.starts_with("LojaBcc: x (test, 2030-03)\r\nqualidade: "), "{}", letter.text);
    assert!(letter.text.contains("Para melhorar:\r\n- ") && letter.text.ends_with("/panel"));
}
