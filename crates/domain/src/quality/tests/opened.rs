//! Pages that a browser opened.

use super::*;
use crate::quality::checks::{Outcome, look};
use crate::quality::page::{CardInput, Financing, PageFacts};
use crate::quality::refusal::{FollowedRefusals, GROUPS, RefusedPayment, TriedCard};

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

/// What is found where a card of each group was tried, and `change` makes something else of it.
fn followed(change: impl Fn(&mut FollowedRefusals), has_pages: bool) -> Outcome {
    let mut world = opened();
    let card = |(nth, group): (usize, _)| TriedCard {
        group,
        refused: Some(RefusedPayment {
            payment_id: 61 + nth as i64,
            status_detail: format!("cc_rejected_{nth}"),
            led_to: "https://shop.example/pay".to_owned(),
            says: Says::Refused,
            words: nth.to_string(),
        }),
        opened_in: Some("Chrome 156".to_owned()),
        ..TriedCard::default()
    };
    let mut refusals =
        FollowedRefusals { fault: None, tried: GROUPS.into_iter().enumerate().map(card).collect() };
    change(&mut refusals);
    world.around.probes.refusals = Some(refusals);
    if !has_pages {
        world.around.probes.results = None;
    }
    found(&world, Check::RejectionMessages)
}

fn refused(refusals: &mut FollowedRefusals, nth: usize) -> &mut RefusedPayment {
    refusals.tried[nth].refused.as_mut().unwrap()
}

fn missed(change: impl Fn(&mut FollowedRefusals)) -> (String, String) {
    match followed(change, true) {
        Outcome::Missing { missing, evidence } => (missing, evidence),
        other => panic!("{other:?}"),
    }
}

/// Nobody was refused, for this reason.
fn nobody(refusals: &mut FollowedRefusals, fault: &str) {
    for card in &mut refusals.tried {
        (card.refused, card.fault) = (None, Some(fault.to_owned()));
    }
}

#[test]
fn each_refused_payment_must_have_led_to_a_page_that_says_so() {
    let seen = |nth: usize, told: &str| {
        format!(
            "payment {} was refused (cc_rejected_{nth}) and led to https://shop.example/pay, which {told}",
            61 + nth
        )
    };
    let all: Vec<_> = (0..4).map(|nth| seen(nth, "says so")).collect();
    let met = Outcome::Met { evidence: format!("{} (paid in Chrome 156)", all.join("; ")) };
    for has_pages in [true, false] {
        assert_eq!(followed(|_| {}, has_pages), met);
        for (says, told) in [(Says::Nothing, "does not say so"), (Says::Approved, "says that it went well")] {
            let missing = "page: that the payment was refused".to_owned();
            let evidence = format!("{} (paid in Chrome 156)", seen(2, told));
            let found = followed(|refusals| refused(refusals, 2).says = says, has_pages);
            assert_eq!(found, Outcome::Missing { missing, evidence }, "declared pages don't mend it");
        }
    }
}

#[test]
fn groups_of_reasons_that_are_told_the_same_are_found() {
    let (missing, seen) = missed(|refusals| refused(refusals, 3).words = "1".to_owned());
    assert_eq!(missing, "page: another message for each group of reasons");
    assert_eq!(
        seen,
        "payment 62 (cc_rejected_1) at https://shop.example/pay and payment 64 (cc_rejected_3) at \
         https://shop.example/pay were told the same (paid in Chrome 156)"
    );
}

#[test]
fn what_there_was_no_time_for_has_to_be_tried_and_what_could_not_be_tried_fails_nobody() {
    let (missing, seen) = missed(|refusals| refusals.tried.truncate(2));
    assert_eq!(missing, "page: a refused payment of each group of reasons");
    assert_eq!(seen, "there was no time for refusals of an unknown reason, fraud prevention: check again");
    let (_, seen) = missed(|refusals| {
        refusals.tried.truncate(3);
        refusals.fault = Some("the page has no test key".to_owned());
    });
    assert_eq!(seen, "refusals of fraud prevention were not tried: the page has no test key");
    let could_not = |refusals: &mut FollowedRefusals| {
        (refusals.tried[1].refused, refusals.tried[1].fault) = (None, Some("no button".to_owned()));
    };
    match followed(could_not, false) {
        Outcome::Met { evidence } => {
            assert!(
                evidence.ends_with("; none was refused by a buyer's mistake: no button (paid in Chrome 156)")
            )
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_no_refusal_was_followed_the_declared_pages_count_and_it_is_said_why() {
    let why = "no refused payment was followed: the page has no form";
    let slow = |refusals: &mut FollowedRefusals| {
        *refusals = FollowedRefusals { fault: Some("the page has no form".to_owned()), tried: Vec::new() };
    };
    let no_form = |refusals: &mut FollowedRefusals| nobody(refusals, "the page has no form");
    for outcome in [followed(no_form, true), followed(slow, true)] {
        match outcome {
            Outcome::Met { evidence } => assert!(evidence.ends_with(&format!("; {why})")), "{evidence}"),
            other => panic!("{other:?}"),
        }
    }
    match followed(no_form, false) {
        Outcome::Missing { evidence, .. } => assert_eq!(evidence, why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_logo_is_on_the_payment_page_or_on_the_home_page() {
    let mut world = opened();
    let home = |logo: Option<&str>| PageFacts {
        url: "https://shop.example/".to_owned(),
        status: 200,
        logo: logo.map(str::to_owned),
        ..PageFacts::default()
    };
    let seen = |world: &World| match found(world, Check::Logos) {
        Outcome::Met { evidence } => Ok(evidence),
        Outcome::Missing { evidence, .. } => Err(evidence),
        other => panic!("{other:?}"),
    };
    assert_eq!(seen(&world).unwrap(), "page: mercadopago.svg (opened in Chrome 156)");
    world.around.probes.page.as_mut().unwrap().logo = None;
    assert_eq!(seen(&world).unwrap_err(), "opened in Chrome 156");
    world.around.probes.home = Some(home(None));
    assert_eq!(
        seen(&world).unwrap_err(),
        "neither there nor on the home page https://shop.example/, read as it is served (opened in Chrome 156)"
    );
    world.around.probes.home = Some(home(Some("mp.png")));
    assert_eq!(seen(&world).unwrap(), "home page https://shop.example/: mp.png (read as it is served)");
    world.around.probes.page = None;
    assert!(seen(&world).is_ok(), "a payment page is not needed for it");
    world.around.probes.home.as_mut().unwrap().status = 404;
    assert_eq!(found(&world, Check::Logos), Outcome::Unknown(crate::quality::checks::Reason::NoPage));
}

#[test]
fn everything_that_argentina_asks_for_must_be_shown() {
    let check = Check::MlaCftTeaShown;
    for (hide, name) in [
        (
            Box::new(|f: &mut Financing| f.shows_cash_price = false) as Box<dyn Fn(&mut Financing)>,
            "cash price",
        ),
        (Box::new(|f| f.shows_plan = false), "number and amount of instalments"),
        (Box::new(|f| f.shows_total = false), "financed total"),
        (Box::new(|f| f.shows_tea = false), "TEA"),
    ] {
        let (missing, seen) = fault(|page| hide(&mut page.financing), check);
        assert_eq!(
            (missing, seen.as_str()),
            (format!("page: {name} beside the instalments"), "opened in Chrome 156")
        );
    }
    let (_, seen) = fault(
        |page| {
            page.financing.shows_plan = false;
            page.financing.is_card_typed = true;
        },
        check,
    );
    assert_eq!(seen, "a test card was typed (opened in Chrome 156)");
}

#[test]
fn what_a_typed_card_brings_is_the_pages_too() {
    let page = Financing { shows_cash_price: true, cft_height_percent: Some(100), ..Financing::default() };
    let shown = Financing { shows_plan: true, shows_cft: true, ..Financing::default() };
    let both = page.with_card(shown);
    assert!(both.shows_cash_price && both.shows_plan && both.shows_cft && both.is_card_typed);
    assert_eq!(both.cft_height_percent, Some(100));
    let sized = Financing { cft_height_percent: Some(225), is_cft_bold: Some(true), ..shown };
    assert_eq!(
        (page.with_card(sized).cft_height_percent, page.with_card(sized).is_cft_bold),
        (Some(225), Some(true))
    );
}
