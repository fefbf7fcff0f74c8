//! Random lives of payments of every site and method: whatever happens, and at whatever moment, holds.

use super::life::Life;
use super::{Answer, INTEGRATOR, SELLER, authorized, bin_of};
use crate::catalogue::installments::OfferQuery;
use crate::catalogue::{self, DeferredCapture, PaymentMethod, PaymentType};
use crate::ledger::AccountKind;
use crate::money::Money;
use crate::payment::body::Status;
use crate::payment::refund::{RefundRequest, refund};
use crate::payment::{Deadline, PaymentState, Rail, change, lifecycle};
use crate::rail::CardOutcome;
use crate::site::{SITES, Site};
use crate::timestamp::{DAY, HOUR};
use proptest::prelude::*;
use serde_json::json;

/// What can be tried on a payment.
#[derive(Clone, Debug)]
enum Event {
    Pay,
    Approve,
    Reject(bool),
    Cancel,
    Capture,
    /// Thousandths of the reserve; above 1000 is more than was reserved.
    CapturePart(i64),
    Refund,
    /// Thousandths of what is left; above 1000 is more.
    RefundPart(i64),
    Expire,
    ChargeBack,
    CloseChargeback(bool),
    Challenge(bool),
    /// Hours from now.
    MoveExpiration(i64),
    /// Hours.
    Wait(i64),
    SellerWithdraws,
    MarketplaceWithdraws,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => Just(Event::Pay),
        2 => Just(Event::Approve),
        1 => any::<bool>().prop_map(Event::Reject),
        1 => Just(Event::Cancel),
        2 => Just(Event::Capture),
        2 => (1_i64..1_100).prop_map(Event::CapturePart),
        1 => Just(Event::Refund),
        6 => (1_i64..1_050).prop_map(Event::RefundPart),
        1 => Just(Event::Expire),
        2 => Just(Event::ChargeBack),
        2 => any::<bool>().prop_map(Event::CloseChargeback),
        2 => any::<bool>().prop_map(Event::Challenge),
        1 => (-10_i64..800).prop_map(Event::MoveExpiration),
        3 => (0_i64..24 * 40).prop_map(Event::Wait),
        1 => Just(Event::SellerWithdraws),
        1 => Just(Event::MarketplaceWithdraws),
    ]
}

/// The methods with which a payment can be made.
fn payable(site: Site) -> Vec<&'static PaymentMethod> {
    let is_payable = |method: &&PaymentMethod| {
        method.is_offered()
            && method.payment_type != PaymentType::DigitalCurrency
            && (!method.payment_type.is_card() || bin_of(site, method).is_some())
    };
    catalogue::of(site).methods().iter().filter(is_payable).collect()
}

fn answer(method: &PaymentMethod, which: u8) -> Answer {
    if !method.payment_type.is_card() {
        return Answer::yes(method);
    }
    Answer::Card(match which {
        0 => CardOutcome::InProcess { status_detail: "pending_contingency".to_owned() },
        1 => CardOutcome::Challenge { creq: "e30".to_owned(), passes: true },
        2 => CardOutcome::Challenge { creq: "e30".to_owned(), passes: false },
        3 => CardOutcome::Rejected { status_detail: "cc_rejected_other_reason".to_owned() },
        _ => authorized(),
    })
}

/// Whether the payment can take it now; what [`Life`] checks besides is how.
fn may(event: &Event, life: &Life) -> bool {
    let PaymentState { payment, internals } = &life.state;
    let status = payment.status;
    let waits = matches!(status, Status::Pending | Status::InProcess | Status::Authorized);
    let is_elsewhere = matches!(internals.rail, Rail::Pix | Rail::CashNetwork);
    let is_recent = payment
        .date_approved
        .is_some_and(|at| life.now <= at.plus_ms(if internals.site == Site::MPE { 90 } else { 180 } * DAY));
    match event {
        Event::Pay => {
            let is_late = status == Status::Cancelled && payment.status_detail == "expired";
            is_elsewhere && (status == Status::Pending || is_late && !internals.paid_late)
        }
        Event::Approve => matches!(status, Status::InProcess | Status::Pending),
        Event::Reject(known) => *known && matches!(status, Status::Pending | Status::InProcess),
        Event::Cancel | Event::Expire => waits,
        Event::Capture => matches!(status, Status::Authorized | Status::Approved),
        Event::CapturePart(part) => match status {
            Status::Approved => true,
            Status::Authorized => {
                let minor = captured(life, *part).minor;
                let partly = match internals.site {
                    Site::MLM => false,
                    Site::MLA => {
                        ["visa", "master", "amex", "cabal"].contains(&payment.payment_method_id.as_str())
                    }
                    _ => true,
                };
                minor == internals.reserved_minor || minor < internals.reserved_minor && minor > 0 && partly
            }
            _ => false,
        },
        Event::Refund => status == Status::Approved && is_recent,
        Event::RefundPart(part) => {
            let minor = given_back(life, *part).minor;
            status == Status::Approved && is_recent && minor > 0 && minor <= life.state.refundable().minor
        }
        Event::ChargeBack => status == Status::Approved && internals.rail == Rail::Card,
        Event::CloseChargeback(_) => status == Status::ChargedBack && payment.status_detail == "in_process",
        Event::Challenge(_) => payment.status_detail == "pending_challenge",
        Event::MoveExpiration(hours) => {
            let to = life.now.plus_ms(hours * HOUR);
            let method = catalogue::of(internals.site).method(&payment.payment_method_id).unwrap();
            status == Status::Pending
                && payment.date_of_expiration.is_some()
                && catalogue::expiry::allowed(internals.site, method.payment_type, &method.id, life.now)
                    .is_some_and(|(first, last)| (first..=last).contains(&to))
        }
        Event::Wait(_) | Event::SellerWithdraws | Event::MarketplaceWithdraws => true,
    }
}

fn captured(life: &Life, part: i64) -> Money {
    Money::new(life.state.internals.reserved_minor * part / 1_000, life.state.currency())
}

fn given_back(life: &Life, part: i64) -> Money {
    Money::new(life.state.refundable().minor * part / 1_000, life.state.currency())
}

/// Tries it, and holds the outcome against what was to be expected.
fn attempt(life: &mut Life, event: &Event) {
    let expected = may(event, life);
    let before = (life.state.clone(), life.books.clone());
    let refunded = RefundRequest::default();
    let outcome = match event {
        Event::Pay => life.happens(|state, context| lifecycle::pay(state, context)),
        Event::Approve => life.happens(|state, context| lifecycle::approve(state, context)),
        Event::Reject(known) => {
            let detail = if *known { "cc_rejected_high_risk" } else { "accredited" };
            life.happens(|state, context| lifecycle::reject(state, Some(detail), context))
        }
        Event::Cancel => life.happens(|state, context| change::cancel(state, context)),
        Event::Expire => life.happens(|state, context| lifecycle::expire(state, context)),
        Event::Capture => life.happens(|state, context| change::capture(state, None, context)),
        Event::CapturePart(part) => {
            let amount = captured(life, *part).to_text();
            life.happens(|state, context| change::capture(state, Some(&amount), context))
        }
        Event::Refund => life.happens(|state, context| refund(state, &refunded, "Loja", context)),
        Event::RefundPart(part) => {
            let amount = Some(given_back(life, *part).to_text());
            let request = RefundRequest { amount, ..refunded };
            life.happens(|state, context| refund(state, &request, "Loja", context))
        }
        Event::ChargeBack => {
            let standing = life.standing();
            life.happens(|state, context| lifecycle::open_chargeback(state, &standing, context))
        }
        Event::CloseChargeback(won) => {
            let standing = life.standing();
            life.happens(|state, context| lifecycle::close_chargeback(state, *won, &standing, context))
        }
        Event::Challenge(confirmed) => {
            life.happens(|state, context| lifecycle::complete_challenge(state, *confirmed, context))
        }
        Event::MoveExpiration(hours) => {
            let to = life.now.plus_ms(hours * HOUR);
            life.happens(|state, context| change::move_expiration(state, to, context))
        }
        Event::Wait(hours) => {
            life.passes(hours * HOUR);
            return;
        }
        Event::SellerWithdraws => {
            life.withdraws(AccountKind::SellerAvailable, SELLER);
            return;
        }
        Event::MarketplaceWithdraws => {
            life.withdraws(AccountKind::MarketplaceAvailable, INTEGRATOR);
            return;
        }
    };
    match outcome {
        Ok(()) => assert!(expected, "{event:?} was taken by {:?}", before.0.payment.status),
        Err(refusal) => {
            let is_refund = matches!(event, Event::Refund | Event::RefundPart(_));
            // The seller has withdrawn what was to be given back: only a refund is refused for that.
            assert!(!expected || is_refund && super::code(&refusal) == 2031, "{event:?}: {refusal:?}");
            assert_eq!((&before.0, &before.1), (&life.state, &life.books), "what is refused changes nothing");
        }
    }
}

/// Everything that is asked for at the beginning, and what happens then.
#[derive(Clone, Debug)]
struct History {
    site: Site,
    method: &'static str,
    minor: i64,
    installments: u32,
    campaign: Option<i64>,
    application_fee: i64,
    reserves: bool,
    answer: u8,
    events: Vec<Event>,
}

fn history() -> impl Strategy<Value = History> {
    let methods: Vec<(Site, &'static PaymentMethod)> = SITES
        .into_iter()
        .flat_map(|site| payable(site).into_iter().map(move |method| (site, method)))
        .collect();
    let made = (
        proptest::sample::select(methods),
        prop_oneof![Just(0_i64), 0_i64..2_000, 0_i64..10_000_000],
        0_usize..6,
        prop_oneof![Just(0_i64), 0_i64..=1_000],
        (any::<bool>(), any::<bool>()),
        0_u8..10,
        prop::collection::vec(event(), 0..24),
    );
    made.prop_map(|((site, method), above, plan, fee, (reserves, joins), answer, events)| {
        // One of the campaigns that the seller bears, where the site has some.
        let joinable: Vec<i64> = catalogue::of(site)
            .promotions()
            .iter()
            .filter_map(|known| known.differential_pricing_id)
            .collect();
        let campaign = joinable.get(plan % joinable.len().max(1)).copied().filter(|_| joins);
        let minor = (method.min_allowed.minor.max(1) + above).min(method.max_allowed.minor);
        let amount = Money::new(minor, site.currency());
        let bin = bin_of(site, method).unwrap_or_default();
        let asked = OfferQuery {
            method,
            bin: &bin,
            issuer_id: None,
            collector_id: super::SELLER,
            differential_pricing_id: campaign,
            now: super::START,
        };
        let plans: Vec<u32> = catalogue::of(site)
            .offers(&asked, Some(amount))
            .iter()
            .filter(|offer| offer.min_amount <= amount)
            .map(|offer| offer.installments)
            .collect();
        History {
            site,
            method: &method.id,
            minor,
            installments: plans[plan % plans.len()],
            campaign,
            application_fee: minor * fee / 1_000,
            reserves: reserves && method.deferred_capture == DeferredCapture::Supported,
            answer,
            events,
        }
    })
}

impl History {
    fn begins(&self) -> Life {
        let method = super::method(self.site, self.method);
        let fee = Money::new(self.application_fee, self.site.currency());
        Life::begin(self.site, self.method, self.minor, Some(answer(method, self.answer)), |body| {
            body["application_fee"] = json!(fee.to_number());
            if method.payment_type.is_card() {
                body["installments"] = json!(self.installments);
                body["capture"] = json!(!self.reserves);
                body["differential_pricing_id"] = json!(self.campaign);
            }
        })
        .unwrap()
    }
}

/// How many histories a run tells: more with `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

#[test]
fn every_market_has_payable_methods_on_every_rail_that_it_knows() {
    for site in SITES {
        let kinds: Vec<PaymentType> = payable(site).iter().map(|method| method.payment_type).collect();
        assert!(kinds.contains(&PaymentType::CreditCard) && kinds.contains(&PaymentType::AccountMoney));
        assert!(kinds.iter().any(|kind| kind.is_offline()), "{site}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_figures_the_books_and_the_timers_agree(history in history()) {
        let mut life = history.begins();
        for event in &history.events {
            attempt(&mut life, event);
        }
        // In the end nothing waits for ever.
        life.passes(365 * DAY);
        let status = life.state.payment.status;
        prop_assert!(!matches!(status, Status::Pending | Status::InProcess | Status::Authorized));
        prop_assert!(life.timer(Deadline::Expiry).is_none() && life.timer(Deadline::Release).is_none());
    }

    #[test]
    fn refunds_in_any_split_give_everything_back_to_the_last_cent(
        history in history(),
        splits in prop::collection::vec(1_i64..900, 0..30),
        released in any::<bool>(),
    ) {
        let mut life = History { reserves: false, answer: 9, ..history }.begins();
        if life.state.payment.status == Status::Pending {
            attempt(&mut life, &Event::Pay);
        }
        if released {
            life.passes(40 * DAY);
        }
        let paid = life.state.payment.transaction_details.total_paid_amount.money(life.state.currency());
        for split in splits {
            attempt(&mut life, &Event::RefundPart(split));
        }
        attempt(&mut life, &Event::Refund);
        prop_assert_eq!(life.status(), (Status::Refunded, "refunded"));
        // Back where it came from, or in the payer's wallet; `Life` has seen that nobody else has anything left.
        let rail = life.state.internals.rail;
        let wallet = life.books.credit(AccountKind::BuyerWallet, super::BUYER);
        match rail {
            Rail::Card | Rail::Pix => {
                let receivable = [AccountKind::AcquirerReceivable, AccountKind::PixReceivable];
                prop_assert_eq!(receivable.map(|kind| life.books.debit(kind, 0)), [0, 0]);
                prop_assert_eq!(wallet, 0);
            }
            Rail::CashNetwork => prop_assert_eq!(wallet, paid.minor),
            Rail::Wallet => prop_assert_eq!(wallet, 2 * paid.minor),
        }
    }
}
