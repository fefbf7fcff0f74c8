//! Each arrow of the state machine, told as what happens to somebody.

use super::life::Life;
use super::{Answer, START, authorized, code};
use crate::payment::body::Status::{self, *};
use crate::payment::refund::{RefundRequest, refund};
use crate::payment::{CREATED, Deadline, Rail, UPDATED, change, is_legal, lifecycle};
use crate::rail::CardOutcome;
use crate::site::Site;
use crate::timestamp::{DAY, HOUR, MINUTE};
use serde_json::json;

/// A card payment with this answer of the acquirer, that asks for `capture`.
fn card(answer: CardOutcome, capture: bool) -> Life {
    Life::begin(Site::MLB, "master", 10_000, Some(Answer::Card(answer)), |body| {
        body["capture"] = json!(capture);
    })
    .unwrap()
}

fn in_review(capture: bool) -> Life {
    card(CardOutcome::InProcess { status_detail: "pending_contingency".to_owned() }, capture)
}

fn challenged(passes: bool) -> Life {
    card(CardOutcome::Challenge { creq: "e30".to_owned(), passes }, true)
}

fn gives_back(life: &mut Life, amount: Option<&str>) -> Result<(), i64> {
    let request = RefundRequest { amount: amount.map(str::to_owned), ..RefundRequest::default() };
    life.happens(|state, context| refund(state, &request, "Loja", context)).map_err(|refusal| code(&refusal))
}

fn captures(life: &mut Life, amount: Option<&str>) -> Result<(), i64> {
    life.happens(|state, context| change::capture(state, amount, context)).map_err(|refusal| code(&refusal))
}

#[test]
fn an_authorised_card_is_a_sale_whose_money_is_released_after_fourteen_days() {
    let mut life = card(authorized(), true);
    assert_eq!(life.status(), (Approved, "accredited"));
    let payment = &life.state.payment;
    assert!(payment.captured && payment.date_approved == Some(START));
    assert_eq!(life.text(payment.transaction_details.net_received_amount), "95.51");
    assert_eq!(payment.money_release_status.as_deref(), Some("pending"));
    life.passes(14 * DAY - 1);
    assert!(!life.state.internals.released);
    life.passes(1);
    assert!(life.state.internals.released);
    assert_eq!(life.state.payment.money_release_status.as_deref(), Some("released"));
    // A release is told to nobody.
    assert_eq!(life.told, [CREATED]);
}

#[test]
fn a_declined_card_is_final() {
    let mut life = card(CardOutcome::Rejected { status_detail: "cc_rejected_high_risk".to_owned() }, false);
    assert_eq!(life.status(), (Rejected, "cc_rejected_high_risk"));
    assert!(captures(&mut life, None).is_err() && gives_back(&mut life, None).is_err());
    assert!(life.happens(|state, context| change::cancel(state, context)).is_err());
    assert!(life.happens(|state, context| lifecycle::approve(state, context)).is_err());
    assert_eq!(life.told, [CREATED]);
}

#[test]
fn a_reserve_is_captured_whole() {
    let mut life = card(authorized(), false);
    assert_eq!(life.status(), (Authorized, "pending_capture"));
    assert_eq!(life.timer(Deadline::Expiry), Some(START.plus_ms(5 * DAY)));
    captures(&mut life, None).unwrap();
    assert_eq!(life.status(), (Approved, "accredited"));
    assert_eq!(life.told, [CREATED, UPDATED]);
}

#[test]
fn a_part_of_a_reserve_is_captured_once_and_the_figures_follow() {
    let mut life = Life::begin(Site::MLB, "master", 10_000, None, |body| {
        body["capture"] = json!(false);
        body["installments"] = json!(3);
    })
    .unwrap();
    assert_eq!(captures(&mut life, Some("100.01")), Err(4037));
    assert_eq!(captures(&mut life, Some("0")), Err(4037));
    assert_eq!(captures(&mut life, Some("33.333")), Err(4037));
    captures(&mut life, Some("33.35")).unwrap();
    let details = &life.state.payment.transaction_details;
    // 33.35 · 1.0973 = 36.594955, and a third of 36.59 is 12.1967: as an instalment plan of 33.35 would say.
    assert_eq!(life.text(life.state.payment.transaction_amount), "33.35");
    assert_eq!(life.text(details.total_paid_amount), "36.59");
    assert_eq!(life.text(details.installment_amount), "12.20");
    // A second capture changes nothing, as clients rely on.
    captures(&mut life, Some("10")).unwrap();
    assert_eq!(life.text(life.state.payment.transaction_amount), "33.35");
}

#[test]
fn where_the_market_captures_whole_reserves_only_a_part_is_refused() {
    let reserve = |site, method| {
        Life::begin(site, method, 1_000_000, None, |body| body["capture"] = json!(false)).unwrap()
    };
    assert_eq!(captures(&mut reserve(Site::MLM, "visa"), Some("5000")), Err(4037));
    assert_eq!(captures(&mut reserve(Site::MLA, "naranja"), Some("5000")), Err(4037));
    captures(&mut reserve(Site::MLA, "visa"), Some("5000")).unwrap();
    captures(&mut reserve(Site::MLM, "visa"), Some("10000")).unwrap();
}

#[test]
fn a_reserve_is_cancelled_or_expires_and_no_money_ever_moves() {
    let mut cancelled = card(authorized(), false);
    cancelled.happens(|state, context| change::cancel(state, context)).unwrap();
    assert_eq!(cancelled.status(), (Cancelled, "by_collector"));
    let mut expired = card(authorized(), false);
    expired.passes(5 * DAY - 1);
    assert_eq!(expired.status(), (Authorized, "pending_capture"));
    expired.passes(1);
    assert_eq!(expired.status(), (Cancelled, "expired"));
    for life in [cancelled, expired] {
        assert!(!life.state.payment.captured);
        assert_eq!(life.books, super::life::Books::default());
    }
}

#[test]
fn a_reserve_lasts_as_long_as_the_site_says() {
    for (site, days) in [(Site::MLB, 5), (Site::MLA, 7), (Site::MLM, 7), (Site::MPE, 22)] {
        let life = Life::begin(site, "visa", 500_000, None, |body| body["capture"] = json!(false)).unwrap();
        assert_eq!(life.timer(Deadline::Expiry), Some(START.plus_ms(days * DAY)), "{site}");
    }
}

#[test]
fn a_review_ends_as_a_sale_or_as_the_reserve_that_was_asked_for_or_declined() {
    let mut sale = in_review(true);
    assert_eq!(sale.status(), (InProcess, "pending_contingency"));
    sale.happens(|state, context| lifecycle::approve(state, context)).unwrap();
    assert_eq!(sale.status(), (Approved, "accredited"));
    assert!(sale.state.payment.authorization_code.is_some());

    let mut reserve = in_review(false);
    reserve.passes(DAY);
    reserve.happens(|state, context| lifecycle::approve(state, context)).unwrap();
    assert_eq!(reserve.status(), (Authorized, "pending_capture"));
    assert_eq!(reserve.timer(Deadline::Expiry), Some(reserve.now.plus_ms(5 * DAY)));

    let mut declined = in_review(true);
    let detail = Some("cc_rejected_blacklist");
    declined.happens(|state, context| lifecycle::reject(state, detail, context)).unwrap();
    assert_eq!(declined.status(), (Rejected, "cc_rejected_blacklist"));

    let mut forgotten = in_review(true);
    forgotten.passes(30 * DAY);
    assert_eq!(forgotten.status(), (Cancelled, "expired"));
}

#[test]
fn in_binary_mode_nothing_stays_undecided() {
    for answer in [
        CardOutcome::InProcess { status_detail: "pending_contingency".to_owned() },
        CardOutcome::Challenge { creq: "e30".to_owned(), passes: true },
    ] {
        let life = Life::begin(Site::MLB, "master", 10_000, Some(Answer::Card(answer)), |body| {
            body["binary_mode"] = json!(true);
        })
        .unwrap();
        assert_eq!(life.status(), (Rejected, "cc_rejected_other_reason"));
    }
}

#[test]
fn a_challenge_is_passed_failed_abandoned_or_never_opened() {
    for (passes, confirms, status, detail) in [
        (true, true, Approved, "accredited"),
        (true, false, Rejected, "cc_rejected_3ds_challenge"),
        (false, true, Rejected, "cc_rejected_3ds_challenge"),
        (false, false, Rejected, "cc_rejected_3ds_challenge"),
    ] {
        let mut life = challenged(passes);
        assert_eq!(life.status(), (Pending, "pending_challenge"));
        life.happens(|state, context| lifecycle::complete_challenge(state, confirms, context)).unwrap();
        assert_eq!(life.status(), (status, detail));
        assert!(
            life.happens(|state, context| lifecycle::complete_challenge(state, true, context)).is_err(),
            "a challenge is completed once"
        );
    }
    let mut life = challenged(true);
    life.passes(24 * HOUR);
    assert_eq!(life.status(), (Cancelled, "expired"));
}

#[test]
fn a_pix_is_paid_and_then_carries_its_end_to_end_id() {
    let mut life = Life::of(Site::MLB, "pix", 10_000);
    assert_eq!(life.status(), (Pending, "pending_waiting_transfer"));
    assert_eq!(life.state.payment.date_of_expiration, Some(START.plus_ms(24 * HOUR)));
    life.happens(|state, context| lifecycle::pay(state, context)).unwrap();
    assert_eq!(life.status(), (Approved, "accredited"));
    let data = life.state.payment.point_of_interaction.transaction_data.as_ref().unwrap();
    assert_eq!(data.e2e_id.as_ref().unwrap().len(), 32);
    assert_eq!(life.state.payment.money_release_status.as_deref(), Some("released"));
    assert!(life.happens(|state, context| lifecycle::pay(state, context)).is_err(), "it is paid once");
}

#[test]
fn a_ticket_that_expired_is_paid_into_the_payers_wallet_once() {
    let mut life = Life::of(Site::MLU, "abitab", 10_000);
    life.passes(5 * DAY);
    assert_eq!(life.status(), (Cancelled, "expired"));
    life.happens(|state, context| lifecycle::pay(state, context)).unwrap();
    assert_eq!(life.status(), (Cancelled, "expired"));
    assert!(life.state.internals.paid_late);
    assert!(life.happens(|state, context| lifecycle::pay(state, context)).is_err());
    assert_eq!(life.told, [CREATED, UPDATED, UPDATED]);
}

#[test]
fn a_ticket_that_the_seller_cancelled_can_not_be_paid() {
    let mut life = Life::of(Site::MLA, "pagofacil", 100_000);
    life.happens(|state, context| change::cancel(state, context)).unwrap();
    assert!(life.happens(|state, context| lifecycle::pay(state, context)).is_err());
}

#[test]
fn an_expiration_is_moved_within_what_the_method_allows() {
    let mut life = Life::of(Site::MLB, "pix", 10_000);
    let mut moves =
        |to| life.happens(|state, context| change::move_expiration(state, to, context)).map_err(|e| code(&e));
    assert_eq!(moves(START.plus_ms(10 * MINUTE)), Err(7523));
    assert_eq!(moves(START.plus_ms(31 * DAY)), Err(7523));
    moves(START.plus_ms(3 * DAY)).unwrap();
    life.passes(2 * DAY);
    assert_eq!(life.state.payment.status, Pending);
    life.passes(DAY);
    assert_eq!(life.status(), (Cancelled, "expired"));
}

#[test]
fn a_timer_that_was_on_its_way_when_the_expiration_was_moved_ends_nothing() {
    let mut life = Life::of(Site::MLB, "pix", 10_000);
    let old = life.timer(Deadline::Expiry).unwrap();
    let later = START.plus_ms(3 * DAY);
    life.happens(|state, context| change::move_expiration(state, later, context)).unwrap();
    life.now = old;
    life.happens(|state, context| Ok(lifecycle::expire_when_due(state, context))).unwrap();
    assert_eq!(life.state.payment.status, Pending);
    assert_eq!(life.timer(Deadline::Expiry), Some(later));
}

#[test]
fn a_refund_in_parts_leaves_a_sale_until_all_of_it_is_given_back() {
    let mut life = card(authorized(), true);
    gives_back(&mut life, Some("40")).unwrap();
    assert_eq!(life.status(), (Approved, "partially_refunded"));
    assert_eq!(gives_back(&mut life, Some("60.01")), Err(2017));
    assert_eq!(gives_back(&mut life, Some("0")), Err(4040));
    assert_eq!(gives_back(&mut life, Some("-1")), Err(4040));
    assert_eq!(gives_back(&mut life, Some("0.001")), Err(2017));
    gives_back(&mut life, None).unwrap();
    assert_eq!(life.status(), (Refunded, "refunded"));
    assert_eq!(life.state.payment.refunds.len(), 2);
    assert_eq!(gives_back(&mut life, None), Err(2063));
    assert_eq!(life.told, [CREATED, UPDATED, UPDATED]);
}

#[test]
fn a_refund_before_the_release_leaves_less_to_be_released() {
    let mut life = card(authorized(), true);
    gives_back(&mut life, Some("50")).unwrap();
    life.passes(14 * DAY);
    assert_eq!(life.standing().available_minor, life.state.internals.parts.seller_minor);
}

#[test]
fn a_sale_is_too_old_to_be_refunded_after_the_sites_window() {
    for (site, days) in [(Site::MLB, 180), (Site::MPE, 90)] {
        let mut life = Life::of(site, "visa", 10_000);
        life.passes(days * DAY);
        gives_back(&mut life, Some("1")).unwrap();
        life.passes(1);
        assert_eq!(gives_back(&mut life, Some("1")), Err(2024), "{site}");
    }
}

#[test]
fn a_seller_who_has_withdrawn_the_money_can_not_refund_it() {
    let mut life = Life::of(Site::MPE, "visa", 10_000);
    life.withdraws(crate::ledger::AccountKind::SellerAvailable, super::SELLER);
    assert_eq!(gives_back(&mut life, Some("10")), Err(2031));
    assert_eq!(life.status(), (Approved, "accredited"));
}

#[test]
fn a_chargeback_is_won_or_lost_and_ends_there() {
    for (won, detail) in [(true, "reimbursed"), (false, "settled")] {
        let mut life = card(authorized(), true);
        let standing = life.standing();
        life.happens(|state, context| lifecycle::open_chargeback(state, &standing, context)).unwrap();
        assert_eq!(life.status(), (ChargedBack, "in_process"));
        assert_eq!(gives_back(&mut life, None), Err(2063));
        // Disputed money is not released.
        life.passes(30 * DAY);
        assert!(!life.state.internals.released);
        life.happens(|state, context| lifecycle::close_chargeback(state, won, &standing, context)).unwrap();
        assert_eq!(life.status(), (ChargedBack, detail));
        let again =
            life.happens(|state, context| lifecycle::close_chargeback(state, !won, &standing, context));
        assert_eq!(code(&again.unwrap_err()), 2018);
        assert_eq!(life.standing().available_minor, if won { 9_551 } else { 0 });
    }
}

#[test]
fn only_cards_are_charged_back() {
    let mut life = Life::of(Site::MLB, "account_money", 10_000);
    assert_eq!(life.state.internals.rail, Rail::Wallet);
    let standing = life.standing();
    let outcome = life.happens(|state, context| lifecycle::open_chargeback(state, &standing, context));
    assert_eq!(code(&outcome.unwrap_err()), 2018);
}

#[test]
fn an_integrators_fee_is_shown_once_the_money_is_there() {
    let mut life = Life::begin(Site::MLB, "master", 10_000, None, |body| {
        body["capture"] = json!(false);
        body["application_fee"] = json!(12.5);
    })
    .unwrap();
    assert!(life.state.payment.fee_details.is_empty());
    captures(&mut life, Some("10")).unwrap();
    // Less was captured than the integrator asked for.
    let fees: Vec<(&str, String)> =
        life.state.payment.fee_details.iter().map(|fee| (fee.kind.as_str(), life.text(fee.amount))).collect();
    assert_eq!(fees, [("application_fee", "10.00".to_owned())]);
}

#[test]
fn nothing_leaves_a_final_state() {
    let all =
        [Pending, InProcess, Authorized, Approved, InMediation, Rejected, Cancelled, Refunded, ChargedBack];
    for from in [Rejected, Cancelled, Refunded] {
        assert!(all.iter().all(|to| !is_legal(from, *to)), "{from:?}");
    }
    let arrows = |from: Status| all.iter().filter(|to| is_legal(from, **to)).count();
    assert_eq!(all.map(arrows), [6, 6, 3, 4, 4, 0, 0, 0, 2]);
}
