//! The ledger's worked story of a sale in Brazil: 100.00 in three instalments, for which the payer is charged 109.73,
//! 4.98 for the platform and 5.00 for the integrator; and what else money does. Nothing is withheld here, so the
//! seller's part is 0.50 more than in a story with a withholding of 0.50.

use super::life::Life;
use super::{Answer, BUYER, INTEGRATOR, SELLER, START, bin_of, context, method, pay, request};
use crate::catalogue::fees::FeeTerms;
use crate::ledger::AccountKind::{self, *};
use crate::ledger::{Cause, Posting};
use crate::money::{Money, parse_decimal};
use crate::payment::refund::{RefundRequest, refund};
use crate::payment::{PaymentState, Status, lifecycle, money};
use crate::site::Site;
use crate::timestamp::DAY;
use serde_json::json;

const ACQUIRER: (AccountKind, i64) = (AcquirerReceivable, 0);
const PENDING: (AccountKind, i64) = (SellerPending, SELLER);
const AVAILABLE: (AccountKind, i64) = (SellerAvailable, SELLER);
const DISPUTED: (AccountKind, i64) = (SellerDisputed, SELLER);
const FEES: (AccountKind, i64) = (FeeIncome, 0);
const FINANCING: (AccountKind, i64) = (FinancingIncome, 0);
const CLEARING: (AccountKind, i64) = (RefundClearing, 0);
const CHARGED_BACK: (AccountKind, i64) = (ChargebackReceivable, 0);

/// Cause, debits and credits of postings, as a book shows them.
type Row = (Cause, Vec<((AccountKind, i64), i64)>, Vec<((AccountKind, i64), i64)>);

fn rows(postings: &[Posting]) -> Vec<Row> {
    let side = |posting: &Posting, sign: i64| {
        let legs = posting.legs.iter().filter(|leg| leg.amount_minor * sign > 0);
        legs.map(|leg| ((leg.account.kind, leg.account.owner), leg.amount_minor * sign)).collect()
    };
    postings.iter().map(|posting| (posting.cause, side(posting, 1), side(posting, -1))).collect()
}

/// The story's sale, as it is reserved, and the fee that the story takes.
fn reserved() -> (Life, FeeTerms) {
    let life = Life::begin(Site::MLB, "master", 10_000, None, |body| {
        body["installments"] = json!(3);
        body["application_fee"] = json!(5);
        body["capture"] = json!(false);
    })
    .unwrap();
    let terms = FeeTerms {
        percent: parse_decimal("4.98").unwrap(),
        fixed: Money::zero(Site::MLB.currency()),
        vat_percent: parse_decimal("0").unwrap(),
        release_days: 14,
    };
    (life, terms)
}

/// The story's sale, captured.
fn captured() -> (PaymentState, Vec<Posting>) {
    let (mut life, terms) = reserved();
    let credit = money::credit(&mut life.state, &terms, &context(START, &mut life.ids));
    life.state.payment.status = Status::Approved;
    (life.state, credit.postings)
}

/// Captured and released.
fn released() -> PaymentState {
    let (mut state, _) = captured();
    money::release(&mut state, &context(START, &mut super::Counter(1)));
    state
}

fn forty_given_back(state: &mut PaymentState) -> Vec<Posting> {
    let forty = Money::new(4_000, Site::MLB.currency());
    money::refund(state, forty, &context(START, &mut super::Counter(1)))
}

#[test]
fn a_reserve_posts_nothing_and_its_capture_everything() {
    let (life, _) = reserved();
    assert!(life.books == super::life::Books::default());
    assert_eq!(life.text(life.state.payment.transaction_details.total_paid_amount), "109.73");
    let (_, postings) = captured();
    let credits =
        vec![(PENDING, 9_002), (FEES, 498), ((MarketplacePending, INTEGRATOR), 500), (FINANCING, 973)];
    assert_eq!(rows(&postings), [(Cause::Payment, vec![(ACQUIRER, 10_973)], credits)]);
}

#[test]
fn the_release_makes_both_parts_available() {
    let (mut state, _) = captured();
    let postings = money::release(&mut state, &context(START, &mut super::Counter(1)));
    assert_eq!(
        rows(&postings),
        [(
            Cause::Release,
            vec![(PENDING, 9_002), ((MarketplacePending, INTEGRATOR), 500)],
            vec![(AVAILABLE, 9_002), ((MarketplaceAvailable, INTEGRATOR), 500)],
        )]
    );
}

#[test]
fn a_partial_refund_gives_each_part_back_in_proportion_and_is_settled_with_the_acquirer() {
    let mut state = released();
    let postings = forty_given_back(&mut state);
    let debits =
        vec![(AVAILABLE, 3_601), (FEES, 199), ((MarketplaceAvailable, INTEGRATOR), 200), (FINANCING, 389)];
    assert_eq!(
        rows(&postings),
        [
            (Cause::Refund, debits, vec![(CLEARING, 4_389)]),
            (Cause::RefundSettled, vec![(CLEARING, 4_389)], vec![(ACQUIRER, 4_389)]),
        ]
    );
    let given: Vec<(String, String)> = state
        .payment
        .charges_details
        .iter()
        .map(|charge| (charge.name.clone(), charge.amounts.refunded.0.to_string()))
        .collect();
    let expected = [("mercadopago_fee", "1.99"), ("application_fee", "2"), ("financing_fee", "3.89")];
    assert_eq!(given, expected.map(|(name, amount)| (name.to_owned(), amount.to_owned())));
}

#[test]
fn of_what_a_seller_pays_for_instalments_the_vat_is_the_states() {
    let mut life = Life::begin(Site::MLA, "visa", 100_000, None, |body| {
        body["installments"] = json!(3);
        body["differential_pricing_id"] = json!(30_054);
    })
    .unwrap();
    // 12.1 % of 1 000.00 contain 21 % of VAT: 100.00 and 21.00. The fee is 3.49 % and 21 % on it.
    let credit = |life: &Life, kind| life.books.credit(kind, 0);
    assert_eq!(credit(&life, FinancingIncome), 10_000);
    assert_eq!(credit(&life, FeeIncome), 3_490);
    assert_eq!(credit(&life, TaxPayable), 2_100 + 733);
    assert_eq!(life.books.credit(SellerPending, SELLER), 100_000 - 12_100 - 4_223);
    let fees = &life.state.payment.fee_details;
    let financing = fees.iter().find(|fee| fee.kind == "financing_fee").unwrap();
    assert_eq!((financing.amount.0.to_string().as_str(), financing.fee_payer.as_str()), ("121", "collector"));
    // A tenth of it back is a tenth of everything.
    let postings = money::refund(
        &mut life.state,
        Money::new(10_000, Site::MLA.currency()),
        &context(START, &mut super::Counter(1)),
    );
    let (_, debits, _) = &rows(&postings)[0];
    assert!(debits.contains(&(FINANCING, 1_000)) && debits.contains(&((TaxPayable, 0), 283)), "{debits:?}");
    let charge = life.state.payment.charges_details.iter().find(|charge| charge.name == "financing_fee");
    assert_eq!(charge.unwrap().amounts.refunded.0.to_string(), "12.1");
}

#[test]
fn a_chargeback_holds_what_is_left_of_the_sellers_part_and_winning_it_mirrors_that() {
    let mut state = released();
    forty_given_back(&mut state);
    let mut ids = super::Counter(1);
    let opened = money::open_chargeback(&state, 5_401, &context(START, &mut ids));
    assert_eq!(
        rows(&opened),
        [(
            Cause::ChargebackOpened,
            vec![(AVAILABLE, 5_401), (CHARGED_BACK, 6_584)],
            vec![(DISPUTED, 5_401), (ACQUIRER, 6_584)],
        )]
    );
    let won = money::win_chargeback(&mut state, &context(START, &mut ids));
    assert_eq!(
        rows(&won),
        [(
            Cause::ChargebackWon,
            vec![(DISPUTED, 5_401), (ACQUIRER, 6_584)],
            vec![(AVAILABLE, 5_401), (CHARGED_BACK, 6_584)],
        )]
    );
}

#[test]
fn a_lost_chargeback_costs_each_party_its_part() {
    let mut state = released();
    forty_given_back(&mut state);
    let lost = money::lose_chargeback(&mut state, 300, &context(START, &mut super::Counter(1)));
    let debits =
        vec![(DISPUTED, 5_401), (FEES, 299), ((MarketplaceAvailable, INTEGRATOR), 300), (FINANCING, 584)];
    assert_eq!(rows(&lost), [(Cause::ChargebackLost, debits, vec![(CHARGED_BACK, 6_584)])]);
}

#[test]
fn what_a_party_of_a_chargeback_has_spent_becomes_its_debt() {
    let mut state = released();
    let mut ids = super::Counter(1);
    let opened = money::open_chargeback(&state, 2_000, &context(START, &mut ids));
    let debits = vec![(AVAILABLE, 2_000), ((SellerReceivable, SELLER), 7_002), (CHARGED_BACK, 10_973)];
    assert_eq!(rows(&opened)[0].1, debits);
    let lost = money::lose_chargeback(&mut state, 100, &context(START, &mut ids));
    let debts: Vec<_> =
        rows(&lost)[0].1.iter().filter(|((_, owner), _)| *owner == INTEGRATOR).copied().collect();
    assert_eq!(debts, [((MarketplaceAvailable, INTEGRATOR), 100), ((SellerReceivable, INTEGRATOR), 400)]);
}

#[test]
fn a_debt_is_taken_from_what_becomes_available_next_and_never_more_than_is_owed() {
    let mut life = Life::of(Site::MLB, "pix", 14_990);
    let mut ids = super::Counter(1);
    let paid = lifecycle::pay(life.state.clone(), &context(START, &mut ids)).unwrap();
    assert_eq!(paid.made_available_minor(), 14_842);
    for (debt, recovered) in [(0, None), (1_601, Some(1_601)), (20_000, Some(14_842))] {
        let mut decision = paid.clone();
        decision.recover_debt(debt, &context(START, &mut ids));
        let rows = rows(&decision.postings[1..]);
        let expected = recovered.map(|minor| {
            (Cause::DebtRecovered, vec![(AVAILABLE, minor)], vec![((SellerReceivable, SELLER), minor)])
        });
        assert_eq!(rows, Vec::from_iter(expected));
    }
    // A card's money is pending first: nothing can be taken from it yet.
    life = Life::of(Site::MLB, "visa", 10_000);
    assert_eq!(life.state.unchanged().made_available_minor(), 0);
}

#[test]
fn winning_a_chargeback_repays_the_debt_that_opening_it_made() {
    let mut life = Life::of(Site::MPE, "visa", 10_000);
    life.withdraws(SellerAvailable, SELLER);
    let standing = life.standing();
    life.happens(|state, context| lifecycle::open_chargeback(state, &standing, context)).unwrap();
    assert_eq!(life.books.debit(SellerReceivable, SELLER), life.books.credit(SellerDisputed, SELLER));
    assert!(life.books.debit(SellerReceivable, SELLER) > 0);
    life.happens(|state, context| lifecycle::close_chargeback(state, true, &standing, context)).unwrap();
    assert_eq!(life.books.debit(SellerReceivable, SELLER), 0);
    assert_eq!(life.books.credit(SellerAvailable, SELLER), 0);
}

#[test]
fn pix_is_the_sellers_at_once() {
    let life = Life::of(Site::MLB, "pix", 14_990);
    let paid = lifecycle::pay(life.state, &context(START, &mut super::Counter(1))).unwrap();
    let credits = vec![(AVAILABLE, 14_842), (FEES, 148)];
    assert_eq!(rows(&paid.postings), [(Cause::Payment, vec![((PixReceivable, 0), 14_990)], credits)]);
    assert!(paid.state.internals.released);
}

#[test]
fn a_ticket_is_owed_by_its_network_and_a_late_one_goes_to_the_payers_wallet() {
    let mut life = Life::of(Site::MLB, "bolbradesco", 8_000);
    let paid = lifecycle::pay(life.state.clone(), &context(START, &mut super::Counter(1))).unwrap();
    let network = vec![((CashNetworkReceivable, 0), 8_000)];
    let credits = vec![(PENDING, 7_651), (FEES, 349)];
    assert_eq!(rows(&paid.postings), [(Cause::Payment, network.clone(), credits)]);

    life.passes(30 * DAY);
    assert_eq!(life.status(), (Status::Cancelled, "expired"));
    let late = lifecycle::pay(life.state, &context(life.now, &mut super::Counter(1))).unwrap();
    let wallet = vec![((BuyerWallet, BUYER), 8_000)];
    assert_eq!(rows(&late.postings), [(Cause::LatePayment, network, wallet)]);
    assert_eq!(late.state.payment.status, Status::Cancelled);
}

#[test]
fn a_refunded_ticket_goes_to_the_payers_wallet_because_cash_has_no_way_back() {
    let mut life = Life::of(Site::MLA, "rapipago", 100_000);
    life.happens(|state, context| lifecycle::pay(state, context)).unwrap();
    life.happens(|state, context| refund(state, &RefundRequest::default(), "Loja", context)).unwrap();
    assert_eq!(life.books.credit(BuyerWallet, BUYER), 100_000);
    assert_eq!(life.books.debit(CashNetworkReceivable, 0), 100_000);
}

#[test]
fn a_wallet_payment_moves_money_between_two_users() {
    let site = Site::MLB;
    let body = request(site, method(site, "account_money"), 3_000);
    let mut ids = super::Counter(1);
    let paid = pay(site, &body, None, Answer::Wallet(3_000), &mut context(START, &mut ids)).unwrap();
    let (credits, fee) = (vec![(AVAILABLE, 2_851), (FEES, 149)], 149);
    assert_eq!(rows(&paid.postings), [(Cause::Payment, vec![((BuyerWallet, BUYER), 3_000)], credits)]);
    assert_eq!(paid.state.internals.parts.fee_minor, fee);
    let short = pay(site, &body, None, Answer::Wallet(2_999), &mut context(START, &mut ids)).unwrap();
    assert!(short.postings.is_empty());
    assert_eq!(short.state.payment.status_detail, "insufficient_amount");
}

#[test]
fn vat_on_the_fee_is_the_states_where_the_market_adds_it() {
    // Mexico: 3.19 % and 4.00 of 1 000.00, and 16 % VAT on that.
    let life = Life::of(Site::MLM, "visa", 100_000);
    assert_eq!(life.books.credit(FeeIncome, 0), 3_590);
    assert_eq!(life.books.credit(TaxPayable, 0), 574);
    assert_eq!(life.books.credit(SellerPending, SELLER), 95_836);
    assert_eq!(life.text(life.state.payment.fee_details[0].amount), "41.64");
}

#[test]
fn an_application_fee_that_takes_all_leaves_nothing_for_fee_or_seller() {
    let site = Site::MLB;
    let master = method(site, "master");
    let mut body = request(site, master, 10_000);
    body["application_fee"] = json!(100);
    let bin = bin_of(site, master).unwrap();
    let answer = Answer::yes(master);
    let paid = pay(site, &body, Some(&bin), answer, &mut context(START, &mut super::Counter(1))).unwrap();
    let parts = paid.state.internals.parts;
    assert_eq!((parts.seller_minor, parts.fee_minor, parts.marketplace_minor), (0, 0, 10_000));
    assert!(paid.postings.iter().all(Posting::is_balanced));
}
