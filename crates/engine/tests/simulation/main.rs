//! Random histories from one seed, on a real store: several sellers, clients that ask at the same time, twice, and
//! leave before the answer, clocks that move, buyers and banks that act, sellers who take their money away, restarts.
//! After each round what clients were told is held against what is stored, and the books are proven.
//!
//! What must survive a restart, a moved deadline or an empty balance is told one by one in `recovery`.
//!
//! The seed decides what is asked; how it interleaves is the scheduler's. `SIMULATION_SEED=7` runs one seed,
//! `SIMULATION_SEEDS=500` that many.

mod house;
mod random;
mod recovery;
mod request;
mod shadow;

use house::{House, seller_of, withdraw};
use pasarela_domain::payment::change::PaymentChange;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::{DAY, HOUR};
use pasarela_engine::sandbox::Act;
use pasarela_engine::seeds;
use random::Random;
use request::{Outcome, Request};
use serde_json::{Value, json};
use shadow::Shadow;
use tokio::task::JoinHandle;

/// Sellers whose money is released after days, and at once; with VAT and without; methods of each rail.
const SITES: [Site; 4] = [Site::MLB, Site::MLA, Site::MPE, Site::MLU];
const ROUNDS: usize = 8;
const REQUESTS: usize = 50;
/// Of a normal run.
const SEEDS: u64 = 4;

#[test]
fn random_histories_keep_every_promise() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds: Vec<u64> = match number("SIMULATION_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("SIMULATION_SEEDS").unwrap_or(SEEDS)).collect(),
    };
    for seed in seeds {
        let history = move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(Simulation::run(seed));
        };
        // A thread of its own, so that its panic can be told with its seed.
        let outcome = std::thread::spawn(history).join();
        assert!(outcome.is_ok(), "the history of SIMULATION_SEED={seed} broke a promise: see above");
    }
}

/// Where a payment stands, as far as it decides what is likely asked of it.
fn stage(status: &str, detail: &str) -> usize {
    match (status, detail) {
        ("pending", _) => 0,
        ("in_process", _) => 1,
        ("authorized", _) => 2,
        ("charged_back", "in_process") => 4,
        _ => 3,
    }
}

struct Simulation {
    random: Random,
    house: House,
    shadows: Vec<Shadow>,
    keys: u64,
}

impl Simulation {
    async fn run(seed: u64) {
        let house = House::new().await;
        let mut shadows = Vec::new();
        for site in SITES {
            let seller = seller_of(site);
            let buyer = seeds::buyers().iter().find(|buyer| buyer.account.site == site).unwrap();
            shadows.push(Shadow::new(seller, buyer, house.caller(seller).await));
        }
        let mut simulation = Simulation { random: Random::from_seed(seed), house, shadows, keys: 0 };
        for round in 0..ROUNDS {
            simulation.round().await;
            simulation.check().await;
            if round % 2 == 1 {
                simulation.restart().await;
                simulation.check().await;
            }
        }
        for which in 0..simulation.shadows.len() {
            // Everything that waits comes to its end.
            simulation.ask_once(which, Request::Advance { ms: 60 * DAY }).await;
        }
        simulation.check().await;
        simulation.house.close().await;
    }

    /// Many requests at the same time.
    async fn round(&mut self) {
        let mut asked = Vec::new();
        for _ in 0..REQUESTS {
            let which = self.random.below(self.shadows.len());
            let request = self.request(which).await;
            let mut copies = vec![request; 1 + self.random.below(6) / 3];
            if self.random.once_in(4) {
                copies.extend(self.clicked_again(&copies[0]));
            }
            for request in copies {
                let leaves = self.random.once_in(12);
                let answer = self.spawn(which, &request);
                if leaves {
                    // However far it has come: not begun, deciding, committed but not told.
                    for _ in 0..self.random.below(40) {
                        tokio::task::yield_now().await;
                    }
                    answer.abort();
                }
                asked.push((which, request, answer));
            }
        }
        for (which, request, answer) in asked {
            let outcome = match answer.await {
                Ok(outcome) => outcome,
                Err(failure) if failure.is_cancelled() => Outcome::Gone,
                Err(failure) => std::panic::resume_unwind(failure.into_panic()),
            };
            self.shadows[which].told(&request, &outcome);
            if outcome == Outcome::Gone && matches!(request, Request::Create { .. } | Request::Refund { .. })
            {
                // Who was not answered asks again, with the same key.
                self.ask_once(which, request).await;
            }
        }
    }

    /// The same card token under another key: a page that was sent twice.
    fn clicked_again(&mut self, request: &Request) -> Option<Request> {
        match request {
            Request::Create { body, token: token @ Some(_), .. } => {
                Some(Request::Create { key: self.key(), body: body.clone(), token: token.clone() })
            }
            _ => None,
        }
    }

    fn spawn(&self, which: usize, request: &Request) -> JoinHandle<Outcome> {
        let (engine, caller, request) =
            (self.house.engine(), self.shadows[which].caller.clone(), request.clone());
        tokio::spawn(async move { request.ask(&engine, &caller).await })
    }

    /// Asks until there is an answer.
    async fn ask_once(&mut self, which: usize, request: Request) {
        loop {
            let outcome = request.ask(&self.house.engine(), &self.shadows[which].caller).await;
            if outcome != Outcome::Unavailable {
                self.shadows[which].told(&request, &outcome);
                return;
            }
        }
    }

    async fn request(&mut self, which: usize) -> Request {
        let known: Vec<i64> = self.shadows[which].payments.keys().copied().collect();
        if known.len() < 8 || self.random.once_in(5) {
            return self.creation(which).await;
        }
        // Mostly one of a few, so that requests meet on one payment.
        let payment = match self.random.below(3) {
            0 => *self.random.pick(&known),
            _ => known[known.len() - 1 - self.random.below(3) * 3 % known.len()],
        };
        if self.random.once_in(30) {
            return Request::Advance { ms: self.random.between(0, 16 * DAY) };
        }
        // Mostly what fits the payment as it was last told; now and then anything.
        let (status, detail) = self.shadows[which].payments[&payment].last_told();
        let stage = if self.random.once_in(5) { self.random.below(5) } else { stage(&status, &detail) };
        let act = |act| Request::Act { payment, act };
        match (stage, self.random.below(8)) {
            (0, 0..=2) => act(Act::Pay),
            (0, 3) => act(Act::Challenge(true)),
            (0, 4) => self.change(which, payment),
            (0, 5) => act(Act::Expire),
            (0 | 1, 6) => act(Act::Reject(None)),
            (0 | 1, _) => act(Act::Approve),
            (2, _) => self.change(which, payment),
            (3, 0..=5) => Request::Refund { payment, key: self.key(), amount: self.amount() },
            (3, _) => act(Act::ChargeBack),
            (_, which) => act(Act::CloseChargeback(which % 2 == 0)),
        }
    }

    /// A cancellation, a capture, or another expiration.
    fn change(&mut self, which: usize, payment: i64) -> Request {
        let change = match self.random.below(6) {
            0 => PaymentChange::Cancel,
            1 | 2 => PaymentChange::Capture { amount: None },
            3 => PaymentChange::Capture { amount: self.amount() },
            _ => {
                let caller = &self.shadows[which].caller;
                let now = self.house.engine().now(caller.account_id, caller.mode);
                PaymentChange::Expiration(now.plus_ms(self.random.between(1, 700) * HOUR))
            }
        };
        let key = self.random.once_in(2).then(|| self.key());
        Request::Change { payment, key, change }
    }

    async fn creation(&mut self, which: usize) -> Request {
        let site = self.shadows[which].seller.account.site;
        let minor = self.random.between(2_000, 90_000);
        let mut body = json!({
            "transaction_amount": pasarela_domain::money::Money::new(minor, site.currency()).to_number(),
            "payer": {"email": format!("test_user_{}@testuser.com", self.random.below(5))},
        });
        let mut token = None;
        match self.random.below(6) {
            0 => {
                // A wallet that many draw from at the same time, sometimes for more than it has.
                let buyer = self.shadows[which].buyer;
                body["payer"]["email"] = json!(buyer.account.email);
                body["payment_method_id"] = json!("account_money");
                let minor = buyer.opening_balance_minor / self.random.between(3, 40);
                let amount = pasarela_domain::money::Money::new(minor, site.currency());
                body["transaction_amount"] = amount.to_number().into();
            }
            1 => {
                body["payment_method_id"] = json!(match site {
                    Site::MLB => "pix",
                    Site::MLA => "rapipago",
                    Site::MPE => "pagoefectivo_atm",
                    _ => "abitab",
                });
                body["payer"]["identification"] = json!({"type": "CI", "number": "42534190"});
                if site != Site::MLU {
                    body["payer"]["identification"] = Value::Null;
                }
            }
            _ => {
                let number = match site {
                    // The second is challenged, and passes.
                    Site::MLB => *self.random.pick(&["5031433215406351", "5483928164574623"]),
                    Site::MPE => "4009175332806176",
                    _ => "5031755734530604",
                };
                let holder = *self.random.pick(&["APRO", "APRO", "APRO", "APRO", "CONT", "OTHE"]);
                let engine = self.house.engine();
                let made = request::token(&engine, &self.shadows[which].caller, number, holder).await;
                body["token"] = json!(made);
                body["installments"] = json!(1);
                body["capture"] = json!(!self.random.once_in(3));
                body["three_d_secure_mode"] = json!("optional");
                token = Some(made);
            }
        }
        Request::Create { key: self.key(), body, token }
    }

    /// A small amount, or all.
    fn amount(&mut self) -> Option<String> {
        let minor = self.random.between(1, 3_000);
        (!self.random.once_in(4)).then(|| format!("{}.{:02}", minor / 100, minor % 100))
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("key-{}", self.keys)
    }

    async fn restart(&mut self) {
        let shadows = &mut self.shadows;
        let random = &mut self.random;
        self.house
            .restart(async |store| {
                let records = store.check_records().await.unwrap();
                assert_eq!(records.faults, Vec::<String>::new());
                for shadow in shadows {
                    if random.once_in(2) {
                        shadow.withdrawn_minor += withdraw(store, shadow.seller).await;
                    }
                }
            })
            .await;
    }

    async fn check(&mut self) {
        for which in 0..self.shadows.len() {
            // Behind everything that clients left in the queue, and what was due meanwhile is done.
            let moved = self.shadows[which].clock_moved;
            self.ask_once(which, Request::Advance { ms: 0 }).await;
            self.shadows[which].clock_moved = moved;
        }
        let store = self.house.look().await;
        let proof = store.prove_ledger().await.unwrap();
        assert_eq!(proof.faults, Vec::<String>::new());
        for shadow in &mut self.shadows {
            shadow.check(&self.house, &store).await;
        }
        store.close().await;
    }
}
