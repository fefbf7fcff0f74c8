//! A shop under load: takes payments, captures and refunds them, remembers every acknowledged answer, and holds it
//! against what is stored.

use crate::support::{Call, PATIENCE, Random};
use hyper::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::Notify;

/// How long a server that may hang is waited for; each time in a row that much longer: it may only be slow.
const HANGS: Duration = Duration::from_secs(1);
/// How long what has to be answered in the end is asked for, where servers may hang.
const LONG_PATIENCE: Duration = Duration::from_secs(300);

/// The pause before a request is sent again.
const PAUSE: Duration = Duration::from_millis(50);

/// What all shoppers share.
pub struct World {
    /// The seller's.
    pub access_token: String,
    /// The seller's.
    pub public_key: String,
    /// Where events go.
    pub notification_url: String,
    /// How many answers were acknowledged.
    pub answers: AtomicU64,
    /// Whether servers may hang, or say that they can't answer now (5xx): that is no answer, and the request is sent
    /// again.
    pub is_shaky: bool,
    /// Told of every answer and of every notification.
    pub news: Arc<Notify>,
}

/// A payment as the shop knows it from acknowledged answers.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Its id.
    pub id: i64,
    /// The last acknowledged status.
    pub status: String,
    /// The last acknowledged `captured`.
    pub captured: bool,
    /// Whole currency units that can still be refunded.
    refundable: u64,
    /// Acknowledged refunds: id and amount.
    refunds: Vec<(i64, u64)>,
    /// How many acknowledged changes followed its creation.
    pub updates: usize,
}

/// One thing that a shop does.
#[derive(Clone, Debug)]
enum Step {
    Tokenise { capture: bool },
    Create { call: Call },
    Capture { payment: usize, call: Call },
    Pay { payment: usize, call: Call },
    Refund { payment: usize, amount: u64, call: Call },
}

/// One shop. It does one thing at a time; concurrency comes from having several.
pub struct Shopper {
    number: u64,
    steps: u64,
    random: Random,
    world: Arc<World>,
    payments: Vec<Payment>,
    /// Sent, but not acknowledged when the server died.
    under_way: Option<Step>,
    /// What follows the last acknowledged step.
    next: Option<Step>,
    /// The first payment that the current round touched or made.
    recent: usize,
    /// How often in a row no answer came.
    unanswered: u32,
}

impl Shopper {
    /// A shop that has sold nothing yet.
    pub fn new(number: u64, seed: u64, world: Arc<World>) -> Shopper {
        Shopper {
            number,
            steps: 0,
            random: Random(seed),
            world,
            payments: Vec::new(),
            under_way: None,
            next: None,
            recent: 0,
            unanswered: 0,
        }
    }

    /// What it sold.
    pub fn payments(&self) -> &[Payment] {
        &self.payments
    }

    /// Works until a request gets no answer, and remembers that one.
    pub async fn shop_until_the_server_dies(&mut self, address: &str) {
        self.recent = self.payments.len().saturating_sub(1);
        loop {
            let again = self.under_way.take();
            let resent = again.is_some();
            let step = again.or_else(|| self.next.take()).unwrap_or_else(|| self.invent());
            match self.send(&step, address).await {
                Some(answer) => self.acknowledge(step, answer, resent),
                None => {
                    self.under_way = Some(step);
                    return;
                }
            }
        }
    }

    /// Works until `stop`, each request at any of `addresses`; what gets no answer is sent again, at any of them.
    pub async fn shop_among(&mut self, addresses: &RwLock<Vec<String>>, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let again = self.under_way.take();
            let resent = again.is_some();
            let step = again.or_else(|| self.next.take()).unwrap_or_else(|| self.invent());
            let address = {
                let addresses = addresses.read().expect("no writer panics");
                addresses[self.random.below(addresses.len() as u64) as usize].clone()
            };
            match self.send(&step, &address).await {
                Some(answer) => {
                    self.unanswered = 0;
                    self.acknowledge(step, answer, resent);
                }
                None => {
                    self.unanswered += 1;
                    self.under_way = Some(step);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Sends once more what had no answer.
    pub async fn finish_what_was_under_way(&mut self, address: &str) {
        if let Some(step) = self.under_way.take() {
            let call = self.call_of(&step);
            let answer = self.answered(&call, address).await;
            self.acknowledge(step, answer, true);
        }
    }

    /// The answer of a server that nobody kills now. One that may hang may still have to find its database again.
    async fn answered(&self, call: &Call, address: &str) -> (u16, Value) {
        if !self.world.is_shaky {
            let answer = tokio::time::timeout(PATIENCE, call.send(address)).await.expect("an answer in time");
            return answer.expect("nobody kills the server now");
        }
        let answered = async {
            loop {
                match tokio::time::timeout(PATIENCE, call.send(address)).await {
                    Ok(Ok(answer)) if answer.0 < 500 => return answer,
                    _ => tokio::time::sleep(PAUSE).await,
                }
            }
        };
        tokio::time::timeout(LONG_PATIENCE, answered).await.expect("an answer in time")
    }

    /// Holds what the last round acknowledged against what is stored, before anything is sent again.
    pub async fn hold_recent(&self, address: &str) {
        self.hold(self.recent, address).await;
    }

    /// Holds everything ever acknowledged against what is stored.
    pub async fn hold_everything(&self, address: &str) {
        self.hold(0, address).await;
    }

    async fn hold(&self, first: usize, address: &str) {
        for (index, payment) in self.payments.iter().enumerate().skip(first) {
            let call = Call::get(format!("/v1/payments/{}", payment.id), &self.world.access_token);
            let (status, stored) = self.answered(&call, address).await;
            assert_eq!(status, 200, "payment {} was acknowledged and is not stored: {stored}", payment.id);
            payment.hold(&stored, self.under_way.as_ref().is_some_and(|step| step.touches(index)));
        }
    }

    fn invent(&mut self) -> Step {
        match self.random.below(4) {
            0 => self.create(json!({"payment_method_id": "pix"})),
            choice => Step::Tokenise { capture: choice != 1 },
        }
    }

    fn call(&mut self, method: Method, path: String, body: Value) -> Call {
        self.steps += 1;
        let key = format!("shop-{}-{}", self.number, self.steps);
        Call { method, path, access_token: self.world.access_token.clone(), key: Some(key), body }
    }

    fn create(&mut self, details: Value) -> Step {
        let mut body = json!({
            "transaction_amount": 100,
            "payer": {"email": format!("buyer{}@testuser.com", self.random.below(20))},
            "notification_url": self.world.notification_url,
        });
        for (name, value) in details.as_object().expect("an object") {
            body[name] = value.clone();
        }
        Step::Create { call: self.call(Method::POST, "/v1/payments".to_owned(), body) }
    }

    /// The answer; `None` when the server died before it was whole.
    async fn send(&self, step: &Step, address: &str) -> Option<(u16, Value)> {
        let call = self.call_of(step);
        if self.world.is_shaky {
            let patience = PATIENCE.min(HANGS * (1 + self.unanswered));
            let answer = tokio::time::timeout(patience, call.send(address)).await.ok()?.ok()?;
            return (answer.0 < 500).then_some(answer);
        }
        tokio::time::timeout(PATIENCE, call.send(address)).await.expect("an answer or an end in time").ok()
    }

    fn call_of(&self, step: &Step) -> Call {
        match step {
            Step::Tokenise { .. } => self.tokenise(),
            Step::Create { call }
            | Step::Capture { call, .. }
            | Step::Pay { call, .. }
            | Step::Refund { call, .. } => call.clone(),
        }
    }

    fn tokenise(&self) -> Call {
        Call::post(
            format!("/v1/card_tokens?public_key={}", self.world.public_key),
            &self.world.access_token,
            json!({
                "card_number": "5031433215406351", "security_code": "123",
                "expiration_month": 11, "expiration_year": 2040,
                "cardholder": {"name": "APRO", "identification": {"type": "CPF", "number": "12345678909"}},
            }),
        )
    }

    /// Remembers an answer and decides what follows. `resent`: the step may have happened before the kill.
    fn acknowledge(&mut self, step: Step, (status, answer): (u16, Value), resent: bool) {
        self.world.answers.fetch_add(1, Ordering::Relaxed);
        self.world.news.notify_waiters();
        let done = matches!(status, 200 | 201);
        match step {
            Step::Tokenise { capture } => {
                assert_eq!(status, 201, "{answer}");
                let details = json!({
                    "token": answer["id"], "installments": 1, "capture": capture, "payment_method_id": "master",
                });
                self.next = Some(self.create(details));
            }
            Step::Create { .. } => {
                assert!(status == 201 || (resent && done), "create: {status} {answer}");
                self.payments.push(Payment::created(&answer));
                self.follow_up();
            }
            Step::Capture { payment, .. } => {
                assert!(done, "capture: {status} {answer}");
                self.payments[payment].approved(&answer);
                self.follow_up();
            }
            Step::Pay { payment, .. } => {
                // The buyer's bank has no idempotency key: paid before the kill, it is refused the second time.
                assert!(done || resent, "pay: {status} {answer}");
                self.payments[payment].paid();
                self.follow_up();
            }
            Step::Refund { payment, amount, .. } => {
                assert!(status == 201 || (resent && done), "refund: {status} {answer}");
                self.payments[payment].refunded(&answer, amount);
                self.follow_up();
            }
        }
    }

    /// The newest payment is captured or paid, then refunded in parts, now and then.
    fn follow_up(&mut self) {
        let payment = self.payments.len() - 1;
        let (id, status, refundable) = {
            let known = &self.payments[payment];
            (known.id, known.status.clone(), known.refundable)
        };
        self.next = match status.as_str() {
            "authorized" => {
                let call = self.call(Method::PUT, format!("/v1/payments/{id}"), json!({"capture": true}));
                Some(Step::Capture { payment, call })
            }
            "pending" => {
                let call = self.call(Method::POST, format!("/sandbox/payments/{id}/pay"), json!({}));
                Some(Step::Pay { payment, call })
            }
            "approved" if refundable > 0 && self.random.below(3) > 0 => {
                let amount = 1 + self.random.below(refundable.min(40));
                let body = json!({"amount": amount});
                let call = self.call(Method::POST, format!("/v1/payments/{id}/refunds"), body);
                Some(Step::Refund { payment, amount, call })
            }
            _ => None,
        };
    }
}

impl Step {
    /// Whether it may have changed the shop's payment `index`.
    fn touches(&self, index: usize) -> bool {
        match self {
            Step::Tokenise { .. } | Step::Create { .. } => false,
            Step::Capture { payment, .. } | Step::Pay { payment, .. } | Step::Refund { payment, .. } => {
                *payment == index
            }
        }
    }
}

impl Payment {
    fn created(answer: &Value) -> Payment {
        let status = answer["status"].as_str().expect("text").to_owned();
        assert!(["approved", "authorized", "pending"].contains(&status.as_str()), "{answer}");
        Payment {
            id: answer["id"].as_i64().expect("a number"),
            captured: answer["captured"].as_bool().expect("a boolean"),
            refundable: if status == "approved" { 100 } else { 0 },
            status,
            refunds: Vec::new(),
            updates: 0,
        }
    }

    fn approved(&mut self, answer: &Value) {
        assert_eq!(answer["status"], "approved");
        self.paid();
    }

    fn paid(&mut self) {
        self.status = "approved".to_owned();
        self.captured = true;
        self.refundable = 100;
        self.updates += 1;
    }

    fn refunded(&mut self, answer: &Value, amount: u64) {
        let id = answer["id"].as_i64().expect("a number");
        assert_eq!(answer["amount"].as_f64(), Some(amount as f64), "{answer}");
        assert!(
            self.refunds.iter().all(|(known, _)| *known != id),
            "one refund was answered to two requests"
        );
        self.refunds.push((id, amount));
        self.refundable -= amount;
        if self.refundable == 0 {
            self.status = "refunded".to_owned();
        }
        self.updates += 1;
    }

    /// Holds what is stored against what was acknowledged. While a step on this payment is `under_way`, it may have
    /// happened or not; what was acknowledged before it is there in both cases.
    fn hold(&self, stored: &Value, under_way: bool) {
        let refunds: Vec<i64> = stored["refunds"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|refund| refund["id"].as_i64())
            .collect();
        for (id, _) in &self.refunds {
            assert!(refunds.contains(id), "refund {id} was acknowledged and is not in {stored}");
        }
        if under_way {
            assert!(refunds.len() <= self.refunds.len() + 1, "more refunds than were asked for: {stored}");
            return;
        }
        assert_eq!(refunds.len(), self.refunds.len(), "a refund that nobody asked for: {stored}");
        assert_eq!(stored["status"], self.status, "of payment {}", self.id);
        assert_eq!(stored["captured"], self.captured, "of payment {}", self.id);
        let returned: u64 = self.refunds.iter().map(|(_, amount)| amount).sum();
        assert_eq!(stored["transaction_amount_refunded"].as_f64(), Some(returned as f64), "{stored}");
    }
}
