use super::*;
use serde_json::json;

fn book() -> (OrderBook, Order) {
    let book = OrderBook::open(None).unwrap();
    let line = Line { piece: "alba".to_owned(), name: "Alba".to_owned(), quantity: 2, price: 6_800 };
    let order = book.place("a1", "visit", vec![line]).unwrap();
    (book, order)
}

fn payment(id: u64, status: &str, amount: f64) -> Value {
    json!({
        "id": id, "external_reference": "a1", "payment_method_id": "master", "status": status, "status_detail": "x",
        "transaction_amount": amount, "transaction_amount_refunded": 0, "date_last_updated": "2026-01-01T00:00:01.000-04:00",
    })
}

fn packings(order: &Order) -> usize {
    order.events.iter().filter(|event| event.what.starts_with("packed")).count()
}

fn ids<'a>(payments: impl Iterator<Item = &'a Payment>) -> Vec<&'a str> {
    payments.map(|payment| payment.id.as_str()).collect()
}

#[test]
fn an_order_is_packed_once_however_often_it_is_told() {
    let (book, _) = book();
    let approved = payment(1, "approved", 136.0);
    let shown = book.record(By::Shop, &approved).unwrap().unwrap();
    assert_eq!((shown.stage(), shown.packed), (Stage::Paid, None), "an answer packs nothing");
    let packed = book.record(By::Webhook, &approved).unwrap().unwrap();
    for _ in 0..3 {
        let again = book.record(By::Webhook, &approved).unwrap().unwrap();
        assert_eq!((&again.packed, packings(&again)), (&packed.packed, 1));
        assert_eq!(again.surplus().count(), 0);
    }
    assert!(packed.packed.is_some() && !packed.is_payable());
}

#[test]
fn an_older_picture_of_a_payment_changes_nothing() {
    let (book, _) = book();
    let mut late = payment(1, "refunded", 136.0);
    late["date_last_updated"] = json!("2026-01-01T00:00:02.000-04:00");
    book.record(By::Webhook, &late).unwrap();
    let order = book.record(By::Webhook, &payment(1, "approved", 136.0)).unwrap().unwrap();
    assert_eq!((order.stage(), order.packed), (Stage::Refunded, None));
}

#[test]
fn a_second_payment_is_surplus_until_it_is_given_back() {
    let (book, _) = book();
    book.record(By::Webhook, &payment(1, "approved", 136.0)).unwrap();
    for _ in 0..2 {
        let order = book.record(By::Webhook, &payment(2, "approved", 136.0)).unwrap().unwrap();
        assert_eq!(ids(order.surplus()), ["2"]);
    }
    let mut returned = payment(2, "refunded", 136.0);
    returned["date_last_updated"] = json!("2026-01-01T00:00:03.000-04:00");
    let order = book.record(By::Webhook, &returned).unwrap().unwrap();
    assert_eq!((order.surplus().count(), order.stage(), packings(&order)), (0, Stage::Paid, 1));
}

#[test]
fn a_purchase_split_in_two_is_packed_when_both_have_come() {
    let (book, _) = book();
    let half = book.record(By::Webhook, &payment(1, "approved", 100.0)).unwrap().unwrap();
    assert_eq!((half.stage(), half.packed), (Stage::Waiting, None));
    let whole = book.record(By::Webhook, &payment(2, "approved", 36.0)).unwrap().unwrap();
    assert_eq!((whole.stage(), whole.packed_for.len(), whole.surplus().count()), (Stage::Paid, 2, 0));
    // Half of another split, and a whole one: the whole one pays.
    let (book, _) = self::book();
    book.record(By::Webhook, &payment(1, "approved", 100.0)).unwrap();
    let order = book.record(By::Webhook, &payment(2, "approved", 136.0)).unwrap().unwrap();
    assert_eq!(ids(order.surplus()), ["1"]);
}

#[test]
fn too_little_packs_nothing_and_a_stranger_s_payment_neither() {
    let (book, _) = book();
    book.record(By::Webhook, &payment(1, "approved", 135.99)).unwrap();
    let mut other = payment(2, "approved", 136.0);
    other["external_reference"] = json!("somebody's");
    assert!(book.record(By::Webhook, &other).unwrap().is_none());
    assert_eq!(book.get("a1").unwrap().packed, None);
}

#[test]
fn what_is_written_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("demo/orders.json");
    let book = OrderBook::open(Some(file.clone())).unwrap();
    let line = Line { piece: "alba".to_owned(), name: "Alba".to_owned(), quantity: 2, price: 6_800 };
    book.place("a1", "visit", vec![line.clone()]).unwrap();
    book.record(By::Webhook, &payment(1, "approved", 136.0)).unwrap();
    let again = OrderBook::open(Some(file)).unwrap();
    let order = again.get("a1").unwrap();
    assert!(order.packed.is_some() && order.packed == book.get("a1").unwrap().packed);
    assert_eq!(again.place("a1", "visit", vec![line.clone()]).unwrap().number, order.number);
    assert_eq!(again.place("a2", "visit", vec![line]).unwrap().number, order.number + 1);
}
