//! Pages that a browser opened.

use super::*;
use crate::quality::checks::{Outcome, look};
use crate::quality::page::{CardInput, FollowedRefusal, PageFacts, RefusedPayment};

fn opened() -> World {
    let mut world = good();
    world.site = Site::MLA;
    let page = world.around.probes.page.as_mut().unwrap();
    page.opened_in = Some("Chrome 156".to_owned());
    page.secure_frames = 3;
    page.financing.cft_height_percent = Some(225);
    page.financing.is_cft_bold = Some(true);
    page.financing.is_cft_font_same = Some(true);
    world
}

fn found(world: &World, check: Check) -> Outcome {
    look(check, &Evidence::without_payment(world.site, true, &world.around))
}

/// What is missing, and what was seen.
fn fault(change: impl Fn(&mut PageFacts), check: Check) -> (String, String) {
    let mut world = opened();
    assert!(matches!(found(&world, check), Outcome::Met { .. }), "{check:?}");
    change(world.around.probes.page.as_mut().unwrap());
    match found(&world, check) {
        Outcome::Missing { missing, evidence } => (missing, evidence),
        other => panic!("{check:?}: {other:?}"),
    }
}

fn input(takes: &str, name: Option<&str>) -> CardInput {
    CardInput {
        selector: format!("input#{takes}"),
        takes: takes.to_owned(),
        name: name.map(str::to_owned),
        data_checkout: None,
    }
}

#[test]
fn a_total_cost_that_is_drawn_small_thin_or_in_another_font_is_found() {
    let check = Check::MlaCftTeaShown;
    let (missing, seen) = fault(|page| page.financing.cft_height_percent = Some(224), check);
    assert_eq!(missing, "page: CFT in bold, in the font of TEA, 225 % as high");
    assert_eq!(seen, "CFT is 224 % as high as TEA, bold, in the same font (opened in Chrome 156)");
    assert!(fault(|page| page.financing.is_cft_bold = Some(false), check).1.contains("not bold"));
    assert!(fault(|page| page.financing.is_cft_font_same = Some(false), check).1.contains("another font"));
}

#[test]
fn a_library_that_was_changed_in_the_page_is_found() {
    let change = |page: &mut PageFacts| page.altered_library = Some("x is from y".to_owned());
    let (missing, seen) = fault(change, Check::OfficialLibraryUnmodified);
    assert_eq!(missing, "page: the library as the platform serves it");
    assert_eq!(seen, "x is from y (opened in Chrome 156)");
}

#[test]
fn an_input_for_the_number_beside_the_platforms_frames_is_found() {
    let (missing, seen) =
        fault(|page| page.card_inputs.push(input("cardNumber", None)), Check::NoNameAttribute);
    assert_eq!(missing, "page: no input#cardNumber outside the platform's frames");
    assert!(seen.starts_with("it takes cardNumber beside 3 frames"), "{seen}");
}

#[test]
fn evidence_says_how_a_page_was_looked_at() {
    let mut world = opened();
    let seen = |world: &World| match found(world, Check::HttpsPaymentForm) {
        Outcome::Met { evidence } => evidence,
        other => panic!("{other:?}"),
    };
    assert_eq!(seen(&world), "page: https://shop.example/pay (opened in Chrome 156)");
    let page = world.around.probes.page.as_mut().unwrap();
    page.opened_in = None;
    assert_eq!(page.way(), "read as it is served");
    page.not_opened = Some("it took too long".to_owned());
    assert!(seen(&world).ends_with("(read as it is served; a browser did not open it: it took too long)"));
}

#[test]
fn what_a_script_takes_away_was_served_all_the_same() {
    let served = PageFacts {
        card_inputs: vec![input("cardNumber", Some("n")), input("securityCode", Some("c"))],
        plain_forms: vec!["http://shop.example".to_owned()],
        ..PageFacts::default()
    };
    let shown = PageFacts { card_inputs: vec![input("cardNumber", None)], ..PageFacts::default() };
    let both = shown.beside(served);
    let names: Vec<_> = both.named_inputs().map(|input| input.takes.as_str()).collect();
    assert_eq!(names, ["cardNumber", "securityCode"]);
    assert_eq!(both.plain_forms.len(), 1);
}

#[test]
fn a_page_that_no_browser_can_show_is_judged_by_nothing_that_was_served() {
    let fault_of =
        |page: &mut PageFacts| page.fault = Some("its scripts keep the browser from showing it".to_owned());
    for check in [Check::NoNameAttribute, Check::HttpsPaymentForm, Check::TermsAndConditionsPage] {
        let (missing, seen) = fault(fault_of, check);
        assert_eq!(missing, "page: that a browser can show it");
        assert_eq!(seen, "its scripts keep the browser from showing it");
    }
}

/// What is found where a refused payment was followed, or was not for this reason.
fn followed(says: Option<Says>, fault: Option<&str>, has_pages: bool) -> Outcome {
    let mut world = opened();
    let refused = says.map(|says| RefusedPayment {
        payment_id: 61,
        status_detail: "cc_rejected_insufficient_amount".to_owned(),
        led_to: "https://shop.example/pay".to_owned(),
        says,
    });
    let probes = &mut world.around.probes;
    let opened_in = Some("Chrome 156".to_owned());
    probes.refusal = Some(FollowedRefusal { fault: fault.map(str::to_owned), refused, opened_in });
    if !has_pages {
        probes.results = None;
    }
    found(&world, Check::RejectionMessages)
}

#[test]
fn a_refused_payment_must_have_led_to_a_page_that_says_so() {
    let seen = |told: &str| {
        format!(
            "payment 61 was refused (cc_rejected_insufficient_amount) and led to https://shop.example/pay, which {told} \
             (paid in Chrome 156)"
        )
    };
    for has_pages in [true, false] {
        assert_eq!(
            followed(Some(Says::Refused), None, has_pages),
            Outcome::Met { evidence: seen("says so") }
        );
        for (says, told) in [(Says::Nothing, "does not say so"), (Says::Approved, "says that it went well")] {
            let missing = "page: that the payment was refused".to_owned();
            let found = followed(Some(says), None, has_pages);
            assert_eq!(
                found,
                Outcome::Missing { missing, evidence: seen(told) },
                "declared pages don't mend it"
            );
        }
    }
}

#[test]
fn where_no_refusal_was_followed_the_declared_pages_count_and_it_is_said_why() {
    let why = "no refused payment was followed: the page has no form";
    match followed(None, Some("the page has no form"), true) {
        Outcome::Met { evidence } => assert!(evidence.ends_with(&format!("; {why})")), "{evidence}"),
        other => panic!("{other:?}"),
    }
    match followed(None, Some("the page has no form"), false) {
        Outcome::Missing { evidence, .. } => assert_eq!(evidence, why),
        other => panic!("{other:?}"),
    }
}
