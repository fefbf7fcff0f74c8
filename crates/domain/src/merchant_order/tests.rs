use super::*;
use crate::payment::body::Status;
use proptest::prelude::*;
use rust_decimal::Decimal;

fn order(total: i64, shipping: i64) -> MerchantOrder {
    let birth = Birth {
        id: 1,
        collector_id: 7,
        nickname: "SHOP",
        application_id: 12,
        site: Site::MLB,
        is_test: true,
        now: Timestamp(1_000),
    };
    let mut order = MerchantOrder::empty(&birth);
    order.total_amount = Amount(Decimal::from(total));
    order.shipping_cost = Amount(Decimal::from(shipping));
    order
}

fn payment(id: i64, amount: i64, status: Status, refunded: i64) -> OrderPayment {
    OrderPayment {
        id,
        transaction_amount: Amount(Decimal::from(amount)),
        total_paid_amount: Amount(Decimal::from(amount)),
        shipping_cost: Amount::ZERO,
        currency_id: Currency::BRL,
        status,
        status_detail: String::new(),
        operation_type: "regular_payment".to_owned(),
        date_approved: None,
        date_created: Timestamp(1_000),
        last_modified: Timestamp(1_000),
        amount_refunded: Amount(Decimal::from(refunded)),
    }
}

fn derived(payments: Vec<OrderPayment>) -> (OrderState, OrderStatus) {
    let mut order = order(90, 10);
    order.payments = payments;
    order.derive();
    (order.status, order.order_status)
}

#[test]
fn each_rule_of_the_state_machine_holds() {
    use Status::{
        Approved, Authorized, Cancelled, ChargedBack, InMediation, InProcess, Pending, Refunded, Rejected,
    };
    let cases = [
        (Vec::<(i64, Status)>::new(), OrderState::Opened, OrderStatus::PaymentRequired),
        (vec![(100, Rejected), (100, Cancelled)], OrderState::Opened, OrderStatus::PaymentRequired),
        (vec![(100, Pending)], OrderState::Opened, OrderStatus::PaymentInProcess),
        (vec![(100, Rejected), (100, InProcess)], OrderState::Opened, OrderStatus::PaymentInProcess),
        (vec![(100, Authorized)], OrderState::Opened, OrderStatus::PaymentInProcess),
        (vec![(40, Approved)], OrderState::Opened, OrderStatus::PartiallyPaid),
        (vec![(40, Approved), (60, Pending)], OrderState::Opened, OrderStatus::PartiallyPaid),
        (vec![(40, Approved), (60, Approved)], OrderState::Closed, OrderStatus::Paid),
        (vec![(100, Rejected), (100, Approved)], OrderState::Closed, OrderStatus::Paid),
        (vec![(100, InMediation)], OrderState::Opened, OrderStatus::Paid),
        (vec![(100, Refunded)], OrderState::Opened, OrderStatus::Reverted),
        (vec![(100, ChargedBack), (100, Rejected)], OrderState::Opened, OrderStatus::Reverted),
        (vec![(40, Refunded), (100, Approved)], OrderState::Closed, OrderStatus::PartiallyReverted),
    ];
    for (payments, status, order_status) in cases {
        let entries = payments.iter().enumerate();
        let entries = entries.map(|(at, (amount, status))| payment(at as i64, *amount, *status, 0)).collect();
        assert_eq!(derived(entries), (status, order_status), "{payments:?}");
    }
}

#[test]
fn an_order_that_was_covered_stays_closed() {
    let mut order = order(100, 0);
    order.payments = vec![payment(1, 100, Status::Approved, 0)];
    order.derive();
    order.payments = vec![payment(1, 100, Status::Refunded, 100)];
    order.derive();
    assert_eq!((order.status, order.order_status), (OrderState::Closed, OrderStatus::Reverted));
    assert_eq!((order.paid_amount, order.refunded_amount), (Amount::ZERO, Amount(Decimal::from(100))));
}

#[test]
fn an_order_that_is_called_off_expires_without_a_payment_that_counts() {
    let mut order = order(100, 0);
    order.cancelled = true;
    order.payments = vec![payment(1, 100, Status::Pending, 0)];
    order.derive();
    assert_eq!(order.status, OrderState::Opened, "somebody may still pay the ticket");
    order.payments = vec![payment(1, 100, Status::Cancelled, 0)];
    order.derive();
    assert_eq!((order.status, order.order_status), (OrderState::Expired, OrderStatus::Expired));
}

fn any_status() -> impl Strategy<Value = Status> {
    prop::sample::select(vec![
        Status::Pending,
        Status::InProcess,
        Status::Authorized,
        Status::Approved,
        Status::InMediation,
        Status::Rejected,
        Status::Cancelled,
        Status::Refunded,
        Status::ChargedBack,
    ])
}

proptest! {
    #[test]
    fn deriving_twice_changes_nothing_and_closing_needs_the_money(
        payments in prop::collection::vec((1_i64..200, any_status()), 0..6), cancelled in any::<bool>()
    ) {
        let mut order = order(90, 10);
        order.cancelled = cancelled;
        order.payments = payments
            .iter()
            .enumerate()
            .map(|(at, (amount, status))| payment(at as i64, *amount, *status, 0))
            .collect();
        order.derive();
        let once = order.clone();
        order.derive();
        prop_assert_eq!(&once, &order);
        let approved: i64 =
            payments.iter().filter(|(_, status)| *status == Status::Approved).map(|(amount, _)| amount).sum();
        prop_assert_eq!(once.status == OrderState::Closed, approved >= 100);
        if once.status == OrderState::Expired {
            prop_assert_eq!(approved, 0);
        }
    }
}
