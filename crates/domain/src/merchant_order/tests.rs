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

mod shipments {
    use super::order;
    use crate::merchant_order::request::OrderRequest;
    use crate::merchant_order::{MerchantOrder, OrderPayer};
    use crate::payment::body::Status;
    use crate::refusal::Refusal;
    use crate::site::Site;
    use crate::timestamp::Timestamp;
    use serde_json::{Value, json};

    const NOON: Timestamp = Timestamp(1_800_000_000_000);

    fn say(order: &mut MerchantOrder, shipments: Value, now: Timestamp) -> Result<(), Refusal> {
        let body = json!({"shipments": shipments});
        let request = OrderRequest::from_json(&crate::json::Json::from(&body), Site::MLB, 7)?;
        request.apply(order, Site::MLB, now)
    }

    #[test]
    fn a_shipment_has_every_member_and_what_is_known_is_filled_in() {
        let mut order = order(100, 0);
        order.collector.id = 7;
        order.payer = Some(OrderPayer { id: 8, ..OrderPayer::default() });
        let said = json!([{
            "id": "41", "status": "shipped", "service_id": 5, "unknown": true,
            "receiver_address": {"city": {"id": "BR-SP", "name": "São Paulo"}, "street_number": 12, "zip_code": "01310"},
            "shipping_option": {"cost": 12.5, "currency_id": "BRL", "estimated_delivery": {"date": "2026-12-01T10:00:00Z"}},
        }]);
        say(&mut order, said, NOON).unwrap();
        let shipment = &order.shipments[0];
        assert_eq!(shipment.as_object().unwrap().len(), 16);
        for (name, expected) in [
            ("id", json!(41)),
            ("status", json!("shipped")),
            ("service_id", json!("5")),
            ("shipping_mode", Value::Null),
            ("items", json!([])),
            ("date_created", json!(NOON)),
            ("sender_id", json!(7)),
            ("receiver_id", json!(8)),
        ] {
            assert_eq!(shipment[name], expected, "{name}");
        }
        assert!(shipment.get("unknown").is_none());
        assert_eq!(shipment["receiver_address"]["street_number"], 12);
        let date = &shipment["shipping_option"]["estimated_delivery"]["date"];
        assert_eq!(date, "2026-12-01T06:00:00.000-04:00");
        assert_eq!(serde_json::to_value(order.shipping_cost).unwrap(), 12.5);

        // Said again under its id, it keeps its day; one that is not said is gone.
        say(&mut order, json!([{"id": 41, "status": "delivered"}, {}]), NOON.plus_ms(5)).unwrap();
        assert_eq!(order.shipments[0]["status"], "delivered");
        assert_eq!(order.shipments[0]["date_created"], json!(NOON));
        assert_eq!(order.shipments[0]["last_modified"], json!(NOON.plus_ms(5)));
        assert_eq!(order.shipments[1]["status"], "pending");
        assert_eq!(serde_json::to_value(order.shipping_cost).unwrap(), 12.5, "nothing was said of a cost");
        say(&mut order, json!([]), NOON).unwrap();
        assert!(order.shipments.is_empty());
    }

    #[test]
    fn what_sending_costs_does_not_change_under_payments() {
        let mut order = order(100, 10);
        order.payments.push(super::payment(1, 110, Status::Pending, 0));
        let cost = |cost: i64| json!([{"status": "shipped", "shipping_option": {"cost": cost}}]);
        say(&mut order, cost(10), NOON).unwrap();
        let refused = say(&mut order, cost(11), NOON).unwrap_err();
        assert_eq!(refused.error, "invalid_order_state");
        assert_eq!(order.shipments[0]["shipping_option"]["cost"], 10, "nothing of it is kept");
        say(&mut order, json!([{"status": "delivered"}]), NOON).unwrap();
    }

    #[test]
    fn what_is_of_another_type_is_refused_by_its_name() {
        let long = "a".repeat(601);
        for (shipment, word, path) in [
            (json!({"id": -1}), "unmarshal_error", "shipments.id"),
            (json!({"id": 1.5}), "unmarshal_error", "shipments.id"),
            (json!({"status": {}}), "unmarshal_error", "shipments.status"),
            (json!({"status": long}), "invalid_string", "shipments.status"),
            (json!({"items": [1]}), "unmarshal_error", "shipments.items"),
            (json!({"date_created": "yesterday"}), "unmarshal_error", "shipments.date_created"),
            (json!({"receiver_address": []}), "unmarshal_error", "shipments.receiver_address"),
            (json!({"receiver_address": {"city": "x"}}), "unmarshal_error", "receiver_address.city"),
            (json!({"shipping_option": {"cost": "5"}}), "unmarshal_error", "shipping_option.cost"),
            (json!({"shipping_option": {"cost": -5}}), "unmarshal_error", "shipping_option.cost"),
            (json!({"shipping_option": {"cost": 1.001}}), "unmarshal_error", "shipping_option.cost"),
        ] {
            let refused = say(&mut order(100, 0), json!([shipment]), NOON).unwrap_err();
            assert_eq!(refused.error, word, "{shipment}");
            assert!(refused.message.contains(path), "{}", refused.message);
        }
        for list in [json!({}), json!([1]), json!(vec![json!({}); 21])] {
            assert_eq!(say(&mut order(100, 0), list, NOON).unwrap_err().error, "unmarshal_error");
        }
    }
}
