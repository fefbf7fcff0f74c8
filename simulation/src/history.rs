//! One history: rounds of wishes that meet each other and every fault, deaths and rebirths between, and an end at which
//! nothing may be left open.

use crate::clients::Clients;
use crate::customers::{CustomerWish, KnownCustomer};
use crate::fate::{Breakage, HistoryFate};
use crate::nature::{WallClock, lock, nature};
use crate::orders::{self, Shop};
use crate::panics;
use crate::promises::Promises;
use crate::random::Random;
use crate::receivers::Receivers;
use crate::wishes::{PaidWith, Purchase, What, Wish};
use pasarela_domain::identity::{Caller, CredentialKind, Mode};
use pasarela_domain::payment::body::Status;
use pasarela_domain::timestamp::{DAY, HOUR, MINUTE, SECOND, Timestamp};
use pasarela_engine::sandbox::Act;
use pasarela_engine::{Engine, Parts, Vault, seeds};
use pasarela_store::memory::{Memory, Records};
use pasarela_store::{Location, Store, StoreOptions};
use serde_json::json;
use std::cell::OnceCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// When every history begins: 2026-09-22.
const START: Timestamp = Timestamp(1_790_000_000_000);

/// What of a history's seed is drawn for what.
mod draws {
    pub(super) const PLAN: u64 = 1;
    pub(super) const FATE: u64 = 2;
    pub(super) const RECEIVERS: u64 = 3;
    pub(super) const WORDS: u64 = 4;
}

/// How often what was left unanswered is asked for again at the end, when nothing goes wrong any more.
const LAST_TRIES: u32 = 3;

/// What became of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The seed that makes it.
    pub seed: u64,
    /// The first promise that was broken.
    pub broken: Option<String>,
    /// What happened, if it was to be told.
    pub story: Vec<String>,
    /// What clients asked for.
    pub wishes: u64,
    /// How often the store was called: each is a place where others may come between, and where the process may die.
    pub steps: u64,
    /// How many commits were held against the promises.
    pub commits: u64,
    /// How often the process died.
    pub deaths: u32,
    /// Notifications that came to their receivers.
    pub messages: u64,
    /// A hash over all commits and answers: the same seed has the same.
    pub fingerprint: u64,
}

/// Runs the history of `seed`; with `is_told`, writes down what happens.
pub fn run(seed: u64, breakage: Option<Breakage>, is_told: bool) -> Outcome {
    panics::forget();
    let mut history = History::new(seed, breakage, is_told);
    loop {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            // No thread and no descriptor is asked for: nothing of it can fail.
            Err(error) => panic!("a runtime of one thread: {error}"),
        };
        let end = runtime.block_on(history.live());
        // All that was under way ends here, wherever it was.
        drop(runtime);
        history.note_panics();
        match end {
            End::Died if history.promises.broken().is_none() => history.deaths += 1,
            _ => return history.outcome(seed),
        }
    }
}

/// What all histories of a thread begin with: making it anew would take longer than the history.
struct Origin {
    vault: Arc<Vault>,
    records: Records,
}

thread_local! {
    static ORIGIN: OnceCell<Origin> = const { OnceCell::new() };
}

impl Origin {
    fn new() -> Origin {
        let vault = Arc::new(Vault::ephemeral());
        let mut records = Records::default();
        let seeded = records.commit(&seeds::changes(&vault));
        assert_eq!(seeded, Ok(()), "the well-known accounts fit into an empty store");
        Origin { vault, records }
    }
}

/// How the life of a process ended.
enum End {
    Died,
    Over,
}

struct History {
    random: Random,
    wall: Arc<WallClock>,
    promises: Arc<Promises>,
    fate: Arc<HistoryFate>,
    receivers: Arc<Receivers>,
    memory: Memory,
    vault: Arc<Vault>,
    words: Random,
    shop: Shop,
    callers: [Caller; 2],
    clients: Arc<Mutex<Clients>>,
    rounds_left: u32,
    deaths_left: u32,
    deaths: u32,
    orders: u32,
    has_leapt_a_day: bool,
    /// Whether buyers come again: as customers, with cards that were saved.
    has_regulars: bool,
    keys: u32,
    /// How many notifications are in memory for one receiver, if they are few: then most wait in the store.
    waiting_per_receiver: Option<usize>,
}

impl History {
    fn new(seed: u64, breakage: Option<Breakage>, is_told: bool) -> History {
        let mut random = Random::of(seed, draws::PLAN);
        let promises = Arc::new(Promises::new(is_told));
        let wall = Arc::new(WallClock::new(START.plus_ms(random.between(0, DAY))));
        let fate = HistoryFate::new(Random::of(seed, draws::FATE), breakage, promises.clone());
        let fate = Arc::new(fate);
        let (vault, records) = ORIGIN.with(|origin| {
            let origin = origin.get_or_init(Origin::new);
            (origin.vault.clone(), origin.records.clone())
        });
        let memory = Memory::new(records, fate.clone());
        let receivers = Receivers::new(Random::of(seed, draws::RECEIVERS), promises.clone(), memory.clone());
        let shop = Shop::any(&mut random);
        let has_regulars = random.once_in(4);
        // A customer is made, saves a card, pays with it: one after the other.
        let more_rounds = if has_regulars { 5 } else { 0 };
        History {
            clients: Arc::new(Mutex::new(Clients::new(promises.clone(), wall.clone()))),
            memory,
            receivers: Arc::new(receivers),
            callers: [Mode::Test, Mode::Live].map(|mode| caller(shop, mode)),
            rounds_left: *random.pick(&[1, 1, 2, 2, 3, 5]) + more_rounds,
            has_regulars,
            deaths_left: random.below(3),
            deaths: 0,
            orders: 0,
            has_leapt_a_day: false,
            keys: 0,
            waiting_per_receiver: *random.pick(&[None, Some(2), Some(3), Some(4)]),
            words: Random::of(seed, draws::WORDS),
            wall,
            promises,
            fate,
            vault,
            shop,
            random,
        }
    }

    /// A process starts, works, and ends or dies.
    async fn live(&mut self) -> End {
        self.fate.revive();
        self.fate.be_calm(true);
        self.wall.runs(true);
        let engine = match self.open().await {
            Ok(engine) => engine,
            Err(why) => {
                self.promises.keep(false, || format!("it does not start again: {why}"));
                return End::Over;
            }
        };
        let (stop, stopped) = watch::channel(false);
        let (worker, receivers, waiting) =
            (engine.clone(), self.receivers.clone(), self.waiting_per_receiver);
        let workers =
            tokio::spawn(async move { worker.run_workers_within(receivers, waiting, stopped).await });
        self.fate.be_calm(false);
        let fate = self.fate.clone();
        let end = tokio::select! {
            biased;
            () = fate.death() => End::Died,
            () = self.rounds(&engine) => End::Over,
        };
        if matches!(end, End::Over) {
            stop.send_replace(true);
            drop(workers.await);
        } else {
            self.promises.tell(|| "the process dies".to_owned());
        }
        self.wall.runs(false);
        end
    }

    async fn open(&self) -> Result<Engine, String> {
        let options = StoreOptions::new(Location::Memory(self.memory.clone()));
        let store = Store::open(options).await.map_err(|error| error.to_string())?;
        let parts = Parts {
            store,
            vault: self.vault.clone(),
            outbox: None,
            nature: nature(&self.wall, Random::of(u64::from(self.deaths), self.words.clone().next())),
            development: true,
            public_url: "http://pay.example".to_owned(),
            test_clock: None,
        };
        Engine::assemble(parts).await.map_err(|error| error.to_string())
    }

    async fn rounds(&mut self, engine: &Engine) {
        while self.rounds_left > 0 && !self.is_broken() {
            self.rounds_left -= 1;
            if self.deaths_left > 0 && self.random.once_in(2) {
                self.deaths_left -= 1;
                self.fate.die_after(self.random.below(100));
            }
            self.round(engine).await;
            self.memory.look(|records| self.promises.check_all(records));
        }
        if !self.is_broken() {
            self.end(engine).await;
        }
    }

    fn is_broken(&self) -> bool {
        self.note_panics();
        self.promises.broken().is_some()
    }

    /// Many ask at the same time, twice, leave before the answer; meanwhile clocks are set and time passes.
    async fn round(&mut self, engine: &Engine) {
        let mut wishes = lock(&self.clients).take_unanswered();
        for _ in 0..=self.random.below(4) {
            let wish = self.wish();
            for _ in 0..1 + self.random.below(6) / 4 {
                wishes.push((wish.clone(), self.wall.now()));
            }
            if let Some(again) = self.clicked_again(&wish) {
                wishes.push((again, self.wall.now()));
            }
        }
        let mut answers = Vec::new();
        for (wish, first_asked) in wishes {
            answers.push(self.ask(engine, wish, first_asked));
            self.turn_wall_clock(30);
        }
        for answer in answers {
            // A panic was noted where it happened.
            drop(answer.await);
        }
        self.turn_wall_clock(8);
        let seconds = *self.random.pick(&[0, 0, 1, 31, 70, 16 * 60]);
        self.pass(Duration::from_secs(seconds)).await;
    }

    /// Time passes: whatever is due meanwhile is done.
    async fn pass(&self, time: Duration) {
        self.promises.tell(|| format!("{time:?} pass"));
        tokio::time::sleep(time + Duration::from_millis(1)).await;
    }

    /// Somebody sets the machine's clock, once in `times`.
    fn turn_wall_clock(&mut self, times: u32) {
        if self.random.once_in(times) {
            let by_ms = *self.random.pick(&[DAY, DAY, -HOUR, -DAY, -5 * SECOND, 10 * MINUTE]);
            // A second day would outlive the idempotency keys of requests that are under way.
            if by_ms == DAY && std::mem::replace(&mut self.has_leapt_a_day, true) {
                return;
            }
            self.promises.tell(|| format!("the wall clock is set by {} s", by_ms / SECOND));
            self.wall.turn(by_ms);
        }
    }

    fn ask(&mut self, engine: &Engine, wish: Wish, first_asked: Timestamp) -> JoinHandle<()> {
        let (engine, clients, promises) = (engine.clone(), self.clients.clone(), self.promises.clone());
        let caller = self.callers[wish.who].clone();
        let number = lock(&clients).asks(&wish, first_asked);
        // However far it has come: not begun, deciding, committed but not told.
        let leaves_after = self.random.once_in(10).then(|| self.random.below(30));
        promises.tell(|| {
            let leaves =
                leaves_after.map_or(String::new(), |polls| format!(", and leaves after {polls} polls"));
            format!("    {number} asks as {} for {:?}{leaves}", caller.mode.name(), wish.what)
        });
        tokio::spawn(async move {
            let answer = patiently(wish.ask(&engine, &caller), leaves_after).await;
            if let Some(outcome) = answer {
                lock(&clients).told(number, &wish, &outcome);
            }
        })
    }

    /// Something that a client may want now.
    fn wish(&mut self) -> Wish {
        let known = lock(&self.clients).payments.clone();
        // Mostly in test mode, where more can happen.
        let who = usize::from(self.random.once_in(5));
        if self.has_regulars && self.random.once_in(2) {
            return Wish { who, what: self.customer(who) };
        }
        if known.is_empty() || self.random.once_in(3) {
            return Wish { who, what: self.buy(who) };
        }
        // Mostly the last, so that wishes meet on one payment.
        let known = match self.random.below(3) {
            0 => self.random.pick(&known),
            _ => &known[known.len() - 1],
        };
        let (who, payment) = (known.who, known.id);
        let caller = &self.callers[who];
        let random = &mut self.random;
        let act = |act, random: &mut Random| {
            let page = if random.once_in(4) { known.page.clone() } else { None };
            What::Act { payment, act, page }
        };
        let is_off = random.once_in(6);
        let what = match (random.below(12), known.status) {
            (0, _) => {
                let ms = *random.pick(&[0, MINUTE, HOUR, DAY, 3 * DAY, 15 * DAY]);
                What::Advance { ms: random.between(0, ms) }
            }
            (1, _) => What::Read { payment },
            (2, _) => self.search(payment),
            (3, _) => What::Token { card: self.shop.card(random) },
            (_, Status::Authorized) if !is_off => self.change(payment, who),
            (4..=6, Status::Pending | Status::InProcess) => act(Act::Pay, random),
            (7, Status::Pending | Status::InProcess) => act(Act::Challenge(random.once_in(2)), random),
            (8, Status::Pending | Status::InProcess) => act(Act::Approve, random),
            (9, Status::Pending | Status::InProcess) => act(Act::Reject(None), random),
            (10, _) => act(Act::Expire, random),
            (_, Status::Cancelled) if !is_off => act(Act::Pay, random),
            (_, Status::ChargedBack) if !is_off => act(Act::CloseChargeback(random.once_in(2)), random),
            (11, Status::Approved) => act(Act::ChargeBack, random),
            (_, Status::Pending | Status::InProcess) => self.change(payment, who),
            _ => {
                let amount = orders::amount(caller, random);
                What::Refund { payment, key: self.key(), amount }
            }
        };
        Wish { who, what }
    }

    fn buy(&mut self, who: usize) -> What {
        self.orders += 1;
        let order = format!("order-{}", self.orders);
        let (mut body, card) = self.shop.order(&order, &self.callers[who], &mut self.random);
        let mut card = card.map(PaidWith::Typed);
        let usable = lock(&self.clients).customers.usable(who);
        if card.is_some() && !usable.is_empty() {
            let (customer, saved) = self.random.pick(&usable).clone();
            body["payer"] = json!({"type": "customer", "id": customer});
            card = Some(PaidWith::Saved(saved));
        }
        let purchase = Arc::new(Purchase { body, card, token: Mutex::default() });
        What::Buy { key: self.key(), purchase }
    }

    /// Something of a customer; mostly of one that is there.
    fn customer(&mut self, who: usize) -> What {
        let known = lock(&self.clients).customers.known.clone();
        let known: Vec<KnownCustomer> = known.into_iter().filter(|known| known.who == who).collect();
        if known.is_empty() || self.random.once_in(4) {
            let domain = if self.callers[who].mode.is_live() { "example.com" } else { "testuser.com" };
            let email = format!("test_user_{}@{domain}", self.random.below(3));
            return What::Customer(CustomerWish::Make { email, key: self.key() });
        }
        let customer = self.random.pick(&known).id.clone();
        let cards: Vec<String> = lock(&self.clients).customers.cards(&customer).saved.into_iter().collect();
        What::Customer(match self.random.below(5) {
            0 if !cards.is_empty() => {
                CustomerWish::Forget { customer, card: self.random.pick(&cards).clone() }
            }
            1 | 2 => CustomerWish::List { customer },
            _ => CustomerWish::Save { customer, card: self.shop.card(&mut self.random) },
        })
    }

    /// A page that is sent twice: the same card token under another key.
    fn clicked_again(&mut self, wish: &Wish) -> Option<Wish> {
        match &wish.what {
            What::Buy { purchase, .. } if purchase.card.is_some() && self.random.once_in(4) => {
                let what = What::Buy { key: self.key(), purchase: purchase.clone() };
                Some(Wish { who: wish.who, what })
            }
            _ => None,
        }
    }

    fn change(&mut self, payment: i64, who: usize) -> What {
        let change = orders::change(&self.callers[who], &mut self.random);
        let key = self.random.once_in(2).then(|| self.key());
        What::Change { payment, key, change }
    }

    fn search(&mut self, payment: i64) -> What {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let query = match self.random.below(4) {
            0 | 1 => vec![pair("id", &payment.to_string())],
            2 => {
                vec![pair("status", "approved"), pair("sort", "date_last_updated"), pair("criteria", "desc")]
            }
            _ => {
                vec![pair("range", "date_created"), pair("begin_date", "NOW-30DAYS"), pair("end_date", "NOW")]
            }
        };
        What::Search { query }
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("key-{}", self.keys)
    }

    /// Nothing goes wrong any more: everybody is answered, everything comes to its end, and all are told.
    async fn end(&mut self, engine: &Engine) {
        self.promises.tell(|| "the end: nothing goes wrong any more".to_owned());
        self.fate.be_calm(true);
        self.receivers.be_well();
        for _ in 0..LAST_TRIES {
            let mut answers = Vec::new();
            let unanswered = lock(&self.clients).take_unanswered();
            for (wish, first_asked) in unanswered {
                answers.push(self.ask(engine, wish, first_asked));
            }
            for answer in answers {
                drop(answer.await);
            }
        }
        // Attempts that wait for their receiver, and every worker's longest sleep.
        self.pass(Duration::from_secs(65)).await;
        // Reserves and tickets expire, money is released: in test mode because its clock goes on, live because the
        // machine's does.
        let what = What::Advance { ms: 60 * DAY };
        drop(self.ask(engine, Wish { who: 0, what }, self.wall.now()).await);
        self.wall.turn(60 * DAY);
        self.promises.tell(|| "the wall clock is set by 60 days".to_owned());
        self.pass(Duration::from_secs(95)).await;
        // A failed attempt is tried again five times, the last after four days.
        self.wall.turn(7 * DAY);
        self.pass(Duration::from_secs(65)).await;
        self.memory.look(|records| {
            self.promises.check_all(records);
            self.promises.check_end(records);
        });
    }

    fn note_panics(&self) {
        if let Some(panic) = panics::taken() {
            self.promises.keep(false, || panic);
        }
    }

    fn outcome(&self, seed: u64) -> Outcome {
        let (commits, fingerprint) = self.promises.summary();
        Outcome {
            seed,
            broken: self.promises.broken(),
            story: self.promises.story(),
            wishes: lock(&self.clients).asked(),
            steps: self.fate.calls(),
            commits,
            deaths: self.deaths,
            messages: self.receivers.messages(),
            fingerprint,
        }
    }
}

fn caller(shop: Shop, mode: Mode) -> Caller {
    let seller = shop.seller();
    Caller {
        account_id: seller.account.id,
        site: seller.account.site,
        application_id: seller.application.id,
        mode,
        kind: CredentialKind::AccessToken,
    }
}

/// Waits for `answer`, or leaves after it was polled so often: what was begun is dropped where it stands.
async fn patiently<T>(answer: impl Future<Output = T>, leaves_after: Option<u32>) -> Option<T> {
    let mut answer = pin!(answer);
    let mut left = leaves_after;
    poll_fn(|context| {
        match &mut left {
            Some(0) => return Poll::Ready(None),
            Some(left) => *left -= 1,
            None => {}
        }
        answer.as_mut().poll(context).map(Some)
    })
    .await
}
