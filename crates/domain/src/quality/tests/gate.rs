//! The way to live payments.

use super::*;
use crate::quality::gate::{Form, GateSetting, GateSettingError, Measured, is_open, judge};
use crate::quality::rules::Product;

fn form() -> Form {
    Form {
        industry: Some("music".to_owned()),
        production_site: Some("https://shop.example".to_owned()),
        terms_accepted_at: Some(NOW),
        ..Form::default()
    }
}

const MEASURED: Option<Measured> = Some(Measured { product: Product::CheckoutApi, score: 80 });

fn opens(world: &World, form: &Form, measured: Option<Measured>, setting: &GateSetting) -> bool {
    let evidence = Evidence::without_payment(world.site, true, &world.around);
    is_open(&judge(form, measured, &evidence, setting))
}

#[test]
fn who_does_everything_right_is_let_through() {
    assert!(opens(&good(), &form(), MEASURED, &GateSetting::default()));
}

#[test]
fn an_empty_form_a_low_score_or_a_broken_site_keeps_it_closed() {
    let by_default = GateSetting::default();
    assert!(!opens(&good(), &Form::default(), MEASURED, &by_default));
    assert!(!opens(&good(), &form(), None, &by_default));
    assert!(!opens(
        &good(),
        &form(),
        Some(Measured { product: Product::CheckoutApi, score: 72 }),
        &by_default
    ));
    let mut world = good();
    world.around.probes.site.as_mut().unwrap().fault = Some("certificate expired".to_owned());
    assert!(!opens(&world, &form(), MEASURED, &by_default));
    let mut world = good();
    world.around.probes = Probes::default();
    assert!(!opens(&world, &form(), MEASURED, &by_default), "what was not looked at is not passed");
}

#[test]
fn the_operator_says_what_blocks_and_what_advises() {
    let mut world = good();
    world.around.probes.webhook.as_mut().unwrap().forged.status = Some(200);
    assert!(opens(&world, &form(), MEASURED, &GateSetting::default()), "by default it is an advice");
    let strict = GateSetting::new(&["gol-012"], &[]).unwrap();
    assert!(!opens(&world, &form(), MEASURED, &strict));
    world.around.probes.site.as_mut().unwrap().fault = Some("certificate expired".to_owned());
    let lax = GateSetting::new(&[], &["GOL-003"]).unwrap();
    assert!(opens(&world, &form(), MEASURED, &lax));
}

#[test]
fn a_setting_that_names_no_check_or_one_twice_is_none() {
    let unknown = GateSetting::new(&["GOL-016", "GOL-099"], &[]).unwrap_err();
    assert_eq!(unknown, GateSettingError::Unknown("GOL-099".to_owned()));
    let both = GateSetting::new(&["form"], &["FORM"]).unwrap_err();
    assert_eq!(both, GateSettingError::Both("FORM"));
    let operators = GateSetting::new(&["OPERATOR"], &[]);
    assert!(operators.is_err(), "an operator's decision is no check that can be set");
}

#[test]
fn every_check_of_the_gate_is_listed_with_what_it_does() {
    let setting = GateSetting::new(&["GOL-012"], &["quality"]).unwrap();
    let listed = setting.checks();
    let of = |id: &str| listed.iter().find(|rule| rule.rule_id == id).unwrap();
    assert_eq!((of("GOL-012").blocks, of("GOL-012").blocks_by_default), (true, false));
    assert_eq!((of("QUALITY").blocks, of("QUALITY").blocks_by_default), (false, true));
    let world = good();
    let evidence = Evidence::without_payment(world.site, true, &world.around);
    let judged = judge(&form(), MEASURED, &evidence, &setting);
    assert_eq!(judged.len(), listed.len());
    for check in judged {
        assert_eq!(check.blocks, of(&check.action.rule_id).blocks, "{}", check.action.rule_id);
    }
}

#[test]
fn the_operator_says_how_high_the_bar_is() {
    let mut setting = GateSetting::default();
    setting.minimum_score = 81;
    assert!(!opens(&good(), &form(), MEASURED, &setting));
    setting.minimum_score = 80;
    assert!(opens(&good(), &form(), MEASURED, &setting));
}

#[test]
fn who_sells_on_the_hosted_checkout_needs_no_pages_for_results() {
    let mut world = good();
    world.around.probes.results = None;
    assert!(!opens(&world, &form(), MEASURED, &GateSetting::default()));
    let hosted = Some(Measured { product: Product::CheckoutPro, score: 80 });
    assert!(opens(&world, &form(), hosted, &GateSetting::default()));
}

#[test]
fn what_holds_it_closed_comes_first_and_is_named() {
    let world = good();
    let evidence = Evidence::without_payment(world.site, true, &world.around);
    let found = judge(&Form::default(), MEASURED, &evidence, &GateSetting::default());
    assert_eq!(found[0].action.missing.as_deref(), Some("industry, production_site, terms_accepted"));
    assert!(found[0].blocks && !found[0].is_met() && found[1].is_met());
}
