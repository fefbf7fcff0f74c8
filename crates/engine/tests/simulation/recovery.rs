//! What a restart, a moved deadline, an empty balance or a repeated request must not break: each a story of its own on
//! a real store.

use crate::house::{House, credit, seller_of, withdraw};
use crate::request::{Outcome, Request, token};
use pasarela_domain::identity::{Caller, Mode};
use pasarela_domain::ledger::AccountKind;
use pasarela_domain::money::Currency;
use pasarela_domain::payment::body::{Payment, Status};
use pasarela_domain::payment::change::PaymentChange;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::{DAY, HOUR};
use pasarela_engine::sandbox::Act;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const VISA_PERU: &str = "4009175332806176";
const MASTER_BRAZIL: &str = "5031433215406351";

struct Shop {
    house: House,
    caller: Caller,
    keys: u64,
}

impl Shop {
    async fn on(site: Site) -> Shop {
        let house = House::new().await;
        let caller = house.caller(seller_of(site)).await;
        Shop { house, caller, keys: 0 }
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("key-{}", self.keys)
    }

    async fn asks(&self, request: &Request) -> Outcome {
        request.ask(&self.house.engine(), &self.caller).await
    }

    /// The payment that `request` answers with.
    async fn gets(&self, request: &Request) -> Payment {
        match self.asks(request).await {
            Outcome::Acknowledged(body) => serde_json::from_slice(&body).unwrap(),
            other => panic!("{other:?} for {request:?}"),
        }
    }

    async fn sells(&mut self, amount: i64, number: &str, capture: bool) -> Payment {
        let token = token(&self.house.engine(), &self.caller, number, "APRO").await;
        let body = json!({
            "transaction_amount": amount, "token": token, "installments": 1, "capture": capture,
            "payer": {"email": "test_user_1@testuser.com"},
        });
        let request = Request::Create { key: self.key(), body, token: Some(token) };
        self.gets(&request).await
    }

    async fn asks_for_pix(&mut self) -> Payment {
        let body = json!({
            "transaction_amount": 50, "payment_method_id": "pix", "payer": {"email": "test_user_1@testuser.com"},
        });
        let request = Request::Create { key: self.key(), body, token: None };
        self.gets(&request).await
    }

    async fn advances(&self, ms: i64) -> u64 {
        match self.asks(&Request::Advance { ms }).await {
            Outcome::Acknowledged(body) => {
                serde_json::from_slice::<Value>(&body).unwrap()["done"].as_u64().unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    async fn reads(&self, id: i64) -> Payment {
        serde_json::from_slice(&self.house.engine().payment(&self.caller, id).await.unwrap()).unwrap()
    }

    async fn balance(&self, kind: AccountKind) -> i64 {
        let store = self.house.look().await;
        let minor = credit(&store, self.currency(), kind, self.caller.account_id).await;
        store.close().await;
        minor
    }

    fn currency(&self) -> Currency {
        self.caller.site.currency()
    }

    /// The seller withdraws everything.
    async fn loses_its_money_to_a_bank(&mut self) {
        let seller = seller_of(self.caller.site);
        self.house
            .restart(async |store| {
                withdraw(store, seller).await;
            })
            .await;
    }

    async fn proves(&self) {
        let store = self.house.look().await;
        assert_eq!(store.prove_ledger().await.unwrap().faults, Vec::<String>::new());
        assert_eq!(store.check_records().await.unwrap().faults, Vec::<String>::new());
        store.close().await;
    }
}

/// Asks for all of `requests` at the same time.
async fn at_once(shop: &Shop, requests: Vec<Request>) -> Vec<Outcome> {
    let asking: Vec<_> = requests
        .into_iter()
        .map(|request| {
            let (engine, caller) = (shop.house.engine(), shop.caller.clone());
            tokio::spawn(async move { request.ask(&engine, &caller).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for answer in asking {
        outcomes.push(answer.await.unwrap());
    }
    outcomes
}

fn refused(code: i64) -> Outcome {
    Outcome::Refused(400, format!("Number({code})"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_stopped_half_way_goes_on_and_does_each_thing_once() {
    let mut shop = Shop::on(Site::MLB).await;
    let mut ids = Vec::new();
    for _ in 0..100 {
        ids.push(shop.asks_for_pix().await.id);
    }
    let (engine, caller) = (shop.house.engine(), shop.caller.clone());
    let moving = tokio::spawn(async move { engine.advance_clock(&caller, 2 * DAY).await });
    // Somewhere between the first expiry and the last.
    while shop.reads(ids[10]).await.status == Status::Pending {
        tokio::task::yield_now().await;
    }
    moving.abort();
    drop(moving.await);
    shop.house.restart(async |_| ()).await;
    shop.advances(2 * DAY).await;
    let engine = shop.house.engine();
    for id in ids {
        let payment = shop.reads(id).await;
        assert_eq!((payment.status, payment.status_detail.as_str()), (Status::Cancelled, "expired"));
        // In the account's time, and never later than it is now.
        let due = payment.date_of_expiration.unwrap();
        assert!(payment.date_last_updated >= due);
        assert!(payment.date_last_updated <= engine.now(shop.caller.account_id, Mode::Test));
    }
    assert_eq!(shop.advances(60 * DAY).await, 0, "nothing is left to be done");
    shop.proves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expiration_that_was_moved_while_the_clock_moves_is_the_one_that_counts() {
    let mut shop = Shop::on(Site::MLB).await;
    let mut requests = vec![Request::Advance { ms: 25 * HOUR }];
    let mut ids = Vec::new();
    for _ in 0..40 {
        let payment = shop.asks_for_pix().await;
        ids.push(payment.id);
        let later = payment.date_created.plus_ms(5 * DAY);
        let change = PaymentChange::Expiration(later);
        requests.push(Request::Change { payment: payment.id, key: None, change });
    }
    requests.rotate_left(20);
    let outcomes = at_once(&shop, requests.clone()).await;
    for (request, outcome) in requests.iter().zip(&outcomes) {
        let Request::Change { payment, .. } = request else { continue };
        let now = shop.reads(*payment).await;
        match outcome {
            Outcome::Acknowledged(_) => assert_eq!(now.status, Status::Pending, "its expiration was moved"),
            other => {
                assert_eq!(other, &refused(2018));
                assert_eq!(now.status, Status::Cancelled);
            }
        }
    }
    shop.advances(5 * DAY).await;
    for id in ids {
        assert_eq!(shop.reads(id).await.status_detail, "expired");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_was_withdrawn_can_not_be_refunded_and_money_that_was_not_can() {
    let mut shop = Shop::on(Site::MPE).await;
    let sold = shop.sells(100, VISA_PERU, true).await;
    shop.loses_its_money_to_a_bank().await;
    let refund = Request::Refund { payment: sold.id, key: "back".to_owned(), amount: None };
    assert_eq!(shop.asks(&refund).await, refused(2031));
    assert_eq!(shop.reads(sold.id).await, sold, "nothing was changed");
    // The refusal is not remembered: once there is money again, the same request is done.
    shop.sells(200, VISA_PERU, true).await;
    let done = shop.asks(&refund).await;
    assert!(matches!(done, Outcome::Acknowledged(_)), "{done:?}");
    assert_eq!(shop.asks(&refund).await, done, "and answered the same again");
    assert_eq!(shop.reads(sold.id).await.refunds.len(), 1);
    shop.proves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refunds_that_share_too_little_money_are_given_as_far_as_it_goes() {
    let mut shop = Shop::on(Site::MPE).await;
    let mut sold = Vec::new();
    for _ in 0..6 {
        sold.push(shop.sells(100, VISA_PERU, true).await.id);
    }
    shop.loses_its_money_to_a_bank().await;
    // What two more sales leave pays for two refunds of the same size, and no third.
    for _ in 0..2 {
        shop.sells(100, VISA_PERU, true).await;
    }
    let refunds = sold.iter().map(|id| Request::Refund { payment: *id, key: shop.key(), amount: None });
    let refunds = refunds.collect();
    let outcomes = at_once(&shop, refunds).await;
    let given = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Acknowledged(_))).count();
    let short = outcomes.iter().filter(|outcome| **outcome == refused(2031)).count();
    assert_eq!((given, short), (2, 4), "{outcomes:?}");
    shop.proves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chargebacks_are_never_refused_for_want_of_money_and_the_debt_is_taken_once() {
    let mut shop = Shop::on(Site::MPE).await;
    let mut sold = Vec::new();
    for _ in 0..8 {
        sold.push(shop.sells(100, VISA_PERU, true).await.id);
    }
    shop.loses_its_money_to_a_bank().await;
    shop.sells(150, VISA_PERU, true).await;
    let part = shop.balance(AccountKind::SellerAvailable).await * 100 / 150;
    // They share what is left of the seller's money; the rest becomes debt.
    let acts = sold.iter().map(|id| Request::Act { payment: *id, act: Act::ChargeBack }).collect();
    for outcome in at_once(&shop, acts).await {
        assert!(matches!(outcome, Outcome::Acknowledged(_)), "{outcome:?}");
    }
    assert_eq!(shop.balance(AccountKind::SellerAvailable).await, 0);
    let owed = -shop.balance(AccountKind::SellerReceivable).await;
    assert!(owed > 6 * part, "{owed}");
    // Won at the same time and beside new sales: each takes from the debt what it brings, until nothing is owed.
    let mut requests: Vec<Request> =
        sold.iter().map(|id| Request::Act { payment: *id, act: Act::CloseChargeback(true) }).collect();
    for _ in 0..8 {
        let token = token(&shop.house.engine(), &shop.caller, VISA_PERU, "APRO").await;
        let body = json!({
            "transaction_amount": 100, "token": token, "installments": 1,
            "payer": {"email": "test_user_1@testuser.com"},
        });
        requests.push(Request::Create { key: shop.key(), body, token: Some(token) });
    }
    for outcome in at_once(&shop, requests).await {
        assert!(matches!(outcome, Outcome::Acknowledged(_)), "{outcome:?}");
    }
    assert_eq!(shop.balance(AccountKind::SellerReceivable).await, 0);
    assert_eq!(shop.balance(AccountKind::SellerDisputed).await, 0);
    assert!(shop.balance(AccountKind::SellerAvailable).await > 0);
    shop.proves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_under_a_key_is_done_once_whatever_is_asked_under_it_later() {
    let mut shop = Shop::on(Site::MLB).await;
    let held = shop.sells(100, MASTER_BRAZIL, false).await;
    let change = |change| Request::Change { payment: held.id, key: Some("once".to_owned()), change };
    let capture = change(PaymentChange::Capture { amount: Some("60".to_owned()) });
    let captured = shop.gets(&capture).await;
    assert_eq!(captured.transaction_amount.0.to_string(), "60");
    shop.house.restart(async |_| ()).await;
    // The same again, another change under the same key, and another key.
    assert_eq!(shop.gets(&capture).await, captured);
    assert_eq!(shop.gets(&change(PaymentChange::Cancel)).await, captured);
    let other =
        Request::Change { payment: held.id, key: Some("other".to_owned()), change: PaymentChange::Cancel };
    assert_eq!(shop.asks(&other).await, refused(2018));

    // At the same time: the expiration that wins is told to all who asked under its key.
    let pix = shop.asks_for_pix().await;
    let moves = (0..6).map(|_| Request::Change {
        payment: pix.id,
        key: Some("move".to_owned()),
        change: PaymentChange::Expiration(pix.date_created.plus_ms(3 * DAY)),
    });
    let told: BTreeSet<Vec<u8>> = at_once(&shop, moves.collect())
        .await
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Acknowledged(body) => body,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_and_the_release_of_its_money_meet_and_both_are_right() {
    let mut shop = Shop::on(Site::MLB).await;
    let mut requests = vec![Request::Advance { ms: 15 * DAY }];
    for _ in 0..30 {
        let sold = shop.sells(100, MASTER_BRAZIL, true).await;
        let amount = Some("33.33".to_owned());
        requests.push(Request::Refund { payment: sold.id, key: shop.key(), amount });
    }
    requests.rotate_left(15);
    for outcome in at_once(&shop, requests).await {
        assert!(matches!(outcome, Outcome::Acknowledged(_)), "{outcome:?}");
    }
    // 95.51 of each sale less 31.83 of each refund, wherever that was taken from.
    assert_eq!(shop.balance(AccountKind::SellerPending).await, 0);
    assert_eq!(shop.balance(AccountKind::SellerAvailable).await, 30 * (9_551 - 3_183));
    shop.proves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_stops_before_dates_that_could_not_be_read_back() {
    let mut shop = Shop::on(Site::MLB).await;
    let far = Request::Advance { ms: 3_650 * DAY };
    for _ in 0..12 {
        assert!(matches!(shop.asks(&far).await, Outcome::Acknowledged(_)));
    }
    assert_eq!(shop.asks(&far).await, Outcome::Refused(400, String::new()));
    let pix = shop.asks_for_pix().await;
    assert_eq!(shop.reads(pix.id).await, pix);
    shop.advances(2 * DAY).await;
    assert_eq!(shop.reads(pix.id).await.status_detail, "expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nothing_waits_for_can_not_be_made_to_expire() {
    let mut shop = Shop::on(Site::MLB).await;
    let sold = shop.sells(100, MASTER_BRAZIL, true).await;
    assert_eq!(shop.asks(&Request::Act { payment: sold.id, act: Act::Expire }).await, refused(2018));
    let pix = shop.asks_for_pix().await;
    let expired = shop.gets(&Request::Act { payment: pix.id, act: Act::Expire }).await;
    assert_eq!(expired.status_detail, "expired");
}
