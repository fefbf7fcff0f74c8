//! Orders, and what payments do to them.
//!
//! An order is moved by [`OrderBook::record`] alone: it is given a payment as the platform shows it, by a webhook or as an
//! answer, as often and in whatever order they come, and does each thing once. What is shown may come of an answer; packed
//! is only for a webhook, which comes even if the answer was lost.

use crate::goods::piece;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many orders are remembered; the oldest goes first.
const MOST_ORDERS: usize = 500;
/// How much is remembered of what happened to one.
const MOST_EVENTS: usize = 60;

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The piece.
    pub piece: String,
    /// Its name when it was ordered.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// Of one, in centavos.
    pub price: i64,
}

/// A payment of an order, as it was seen last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id at the platform.
    pub id: String,
    /// How it is paid: `master`, `pix`, …
    pub method: String,
    /// `approved`, `pending`, …
    pub status: String,
    /// Why.
    pub detail: String,
    /// In centavos.
    pub amount: i64,
    /// In centavos.
    pub refunded: i64,
    /// When the platform changed it last: an older picture changes nothing.
    pub changed: String,
    /// Whether it was made on the platform's own pages.
    pub of_sale: bool,
    /// The code that a bank's app pays by, of a Pix.
    pub pix: Option<Pix>,
}

/// What a Pix is paid by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pix {
    /// To copy and paste.
    pub code: String,
    /// To scan: a PNG, in base64.
    pub picture: String,
}

/// A sale on the platform's own pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sale {
    /// The way to pay that it is for.
    pub way: String,
    /// The preference's id.
    pub preference: String,
    /// Where it is paid.
    pub address: String,
}

/// Something that happened to an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// When, by the shop's clock: an ISO 8601 date in UTC.
    pub at: String,
    /// Who did it.
    pub by: By,
    /// What, as a programmer would say it.
    pub what: String,
}

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The buyer, or the seller.
    Person,
    /// This shop.
    Shop,
    /// The platform, by a webhook.
    Webhook,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stage {
    /// Nobody has paid.
    Open,
    /// Somebody has still to act: the buyer's bank, or a reviewer.
    Waiting,
    /// The card is good for it; nothing is charged yet.
    Reserved,
    /// Paid.
    Paid,
    /// Paid, and all of it given back.
    Refunded,
    /// The buyer's bank took it back.
    ChargedBack,
}

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// A random word: whoever has it may see the order.
    pub id: String,
    /// Whose it is.
    pub visit: String,
    /// For people.
    pub number: u64,
    /// When it was placed.
    pub placed: String,
    /// What is in it.
    pub lines: Vec<Line>,
    /// Its payments, the oldest first.
    pub payments: Vec<Payment>,
    /// When it was packed: once, when it was paid or its card reserved.
    pub packed: Option<String>,
    /// The payments that it was packed for: one, or two of a purchase that was split over a balance and a card.
    pub packed_for: Vec<String>,
    /// Its open sales on the platform's own pages.
    pub sales: Vec<Sale>,
    /// What happened, the oldest first.
    pub events: Vec<Event>,
    /// Counts the changes.
    pub version: u64,
}

impl By {
    /// Its name in stylesheets.
    pub const fn name(self) -> &'static str {
        match self {
            By::Person => "person",
            By::Shop => "shop",
            By::Webhook => "webhook",
        }
    }
}

impl Stage {
    /// Its name in stylesheets.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Open => "open",
            Stage::Waiting => "waiting",
            Stage::Reserved => "reserved",
            Stage::Paid => "paid",
            Stage::Refunded => "refunded",
            Stage::ChargedBack => "charged_back",
        }
    }
}

impl Order {
    /// In centavos.
    pub fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.price * i64::from(line.quantity)).sum()
    }

    /// What is still the shop's, or will be, decides.
    pub fn stage(&self) -> Stage {
        let any = |statuses: &[&str]| self.payments.iter().any(|p| statuses.contains(&p.status.as_str()));
        let is_covered = self.packed.is_some() || self.good() >= self.total();
        match () {
            () if is_covered && any(&["approved"]) => Stage::Paid,
            () if is_covered && any(&["authorized"]) => Stage::Reserved,
            () if any(&["charged_back", "in_mediation"]) => Stage::ChargedBack,
            () if any(&["refunded"]) => Stage::Refunded,
            () if any(&["pending", "in_process", "approved", "authorized"]) => Stage::Waiting,
            () => Stage::Open,
        }
    }

    /// What its payments are good for together, in centavos.
    fn good(&self) -> i64 {
        self.payments.iter().filter(|payment| payment.is_good()).map(|payment| payment.amount).sum()
    }

    /// The payments that a packed order does not need: two met, say from a phone and a laptop.
    pub fn surplus(&self) -> impl Iterator<Item = &Payment> {
        let is_needed = |payment: &Payment| self.packed.is_none() || self.packed_for.contains(&payment.id);
        self.payments.iter().filter(move |payment| payment.is_good() && !is_needed(payment))
    }

    /// Whether it may be paid: also while another way waits, which is given up then.
    pub fn is_payable(&self) -> bool {
        matches!(self.stage(), Stage::Open | Stage::Waiting)
    }

    /// The payment that waits for somebody.
    pub fn waiting(&self) -> Option<&Payment> {
        self.payments.iter().rev().find(|payment| payment.is_waiting())
    }

    /// The drawing of what is on a line.
    pub fn picture(&self, line: &Line) -> &'static str {
        piece(&line.piece).map_or("", |piece| piece.picture)
    }

    /// What a bank or a reviewer can do to its last payment, in the sandbox.
    pub fn bank_acts(&self) -> Option<(&Payment, &'static [&'static str])> {
        let payment = self.payments.last()?;
        match (payment.status.as_str(), payment.method.as_str()) {
            ("pending", "pix") => Some((payment, &["pay", "expire"])),
            ("in_process", _) => Some((payment, &["approve", "reject"])),
            ("approved", _) => Some((payment, &["charge_back"])),
            _ => None,
        }
    }

    /// Whether something in it is made when it is ordered.
    pub fn is_made_to_order(&self) -> bool {
        self.lines.iter().any(|line| piece(&line.piece).is_some_and(|piece| piece.made_to_order))
    }

    /// The number of the next payment. A page carries it, so that who presses twice, or in two tabs, makes one.
    pub fn next_attempt(&self) -> usize {
        self.payments.len() + 1
    }

    fn note(&mut self, by: By, what: String) {
        self.events.push(Event { at: now(), by, what });
        let surplus = self.events.len().saturating_sub(MOST_EVENTS);
        self.events.drain(..surplus);
        self.version += 1;
    }
}

/// All orders.
pub struct OrderBook {
    orders: Mutex<Vec<Order>>,
    file: Option<PathBuf>,
}

impl OrderBook {
    /// The orders of `file`, or none yet.
    pub fn open(file: Option<PathBuf>) -> io::Result<OrderBook> {
        let known = match &file {
            Some(path) if path.exists() => serde_json::from_slice(&std::fs::read(path)?)?,
            _ => Vec::new(),
        };
        Ok(OrderBook { orders: Mutex::new(known), file })
    }

    /// Places an order, or finds it when its form was sent before.
    pub fn place(&self, id: &str, visit: &str, lines: Vec<Line>) -> io::Result<Order> {
        let mut orders = self.lock();
        if let Some(known) = orders.iter().find(|order| order.id == id) {
            return Ok(known.clone());
        }
        let number = orders.last().map_or(1001, |order| order.number + 1);
        let mut order = Order {
            id: id.to_owned(),
            visit: visit.to_owned(),
            number,
            placed: now(),
            lines,
            payments: Vec::new(),
            packed: None,
            packed_for: Vec::new(),
            sales: Vec::new(),
            events: Vec::new(),
            version: 0,
        };
        order.note(By::Person, "POST /orders".to_owned());
        orders.push(order.clone());
        let surplus = orders.len().saturating_sub(MOST_ORDERS);
        orders.drain(..surplus);
        self.keep(&orders)?;
        Ok(order)
    }

    /// The order as it is now.
    pub fn get(&self, id: &str) -> Option<Order> {
        self.lock().iter().find(|order| order.id == id).cloned()
    }

    /// The orders for which `wanted` holds, the newest first.
    pub fn list(&self, wanted: impl Fn(&Order) -> bool) -> Vec<Order> {
        self.lock().iter().rev().filter(|order| wanted(order)).cloned().collect()
    }

    /// A number that grows with each change of any order.
    pub fn version(&self) -> u64 {
        self.lock().iter().map(|order| order.version).sum()
    }

    /// Writes down what happened.
    pub fn note(&self, id: &str, by: By, what: impl Into<String>) -> io::Result<()> {
        self.change(id, |order| order.note(by, what.into())).map(|_| ())
    }

    /// Keeps a sale on the platform's own pages.
    pub fn open_sale(&self, id: &str, sale: Sale) -> io::Result<()> {
        self.change(id, |order| {
            order.note(By::Person, format!("POST /checkout/preferences: {}", sale.preference));
            order.sales.push(sale);
        })
        .map(|_| ())
    }

    /// Forgets one that is closed.
    pub fn close_sale(&self, id: &str, preference: &str) -> io::Result<()> {
        self.change(id, |order| {
            order.sales.retain(|sale| sale.preference != preference);
            order.note(By::Shop, format!("closed the sale {preference}"));
        })
        .map(|_| ())
    }

    /// Takes what the platform says of a payment. The order is on disk before this returns; a payment of another shop, or of an
    /// order that is forgotten, is none's.
    pub fn record(&self, by: By, body: &Value) -> io::Result<Option<Order>> {
        let id = body["external_reference"].as_str().unwrap_or_default();
        let Some(payment) = Payment::read(body) else { return Ok(None) };
        self.change(id, |order| {
            take(order, by, payment);
            order.clone()
        })
    }

    fn change<T>(&self, id: &str, change: impl FnOnce(&mut Order) -> T) -> io::Result<Option<T>> {
        let mut orders = self.lock();
        let Some(order) = orders.iter_mut().find(|order| order.id == id) else { return Ok(None) };
        let outcome = change(order);
        self.keep(&orders)?;
        Ok(Some(outcome))
    }

    /// Written beside the old file and put in its place: a crash leaves one of the two.
    fn keep(&self, orders: &[Order]) -> io::Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let beside = path.with_extension("new");
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(&serde_json::to_vec(orders)?)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Order>> {
        // A panic between two statements leaves orders that are whole.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(order: &mut Order, by: By, payment: Payment) {
    let told = format!("payment {}: {} ({})", payment.id, payment.status, payment.detail);
    match order.payments.iter_mut().find(|known| known.id == payment.id) {
        // Webhooks come twice, and may overtake each other.
        Some(known) if known.changed > payment.changed => {
            return order.note(by, format!("{told}, and it has changed since"));
        }
        Some(known) if *known == payment => order.note(by, format!("{told}, as it was known")),
        Some(known) => {
            *known = payment;
            order.note(by, told);
        }
        None => {
            order.payments.push(payment);
            order.note(by, told);
        }
    }
    if by == By::Webhook && order.packed.is_none() {
        pack(order);
    }
}

/// Packs the order if it is paid: by one payment, or by what all of them are good for together.
fn pack(order: &mut Order) {
    let good = || order.payments.iter().filter(|payment| payment.is_good());
    let packed_for: Vec<String> = match good().find(|payment| payment.amount >= order.total()) {
        Some(payment) => vec![payment.id.clone()],
        None if order.good() >= order.total() => good().map(|payment| payment.id.clone()).collect(),
        None => return,
    };
    order.note(By::Shop, format!("packed, for payment {}", packed_for.join(" and ")));
    order.packed_for = packed_for;
    order.packed = Some(now());
}

impl Payment {
    /// Whether it pays an order, now or when it is captured.
    pub fn is_good(&self) -> bool {
        matches!(self.status.as_str(), "approved" | "authorized")
    }

    /// Whether it waits for somebody.
    pub fn is_waiting(&self) -> bool {
        matches!(self.status.as_str(), "pending" | "in_process")
    }

    fn read(body: &Value) -> Option<Payment> {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let transaction = &body["point_of_interaction"]["transaction_data"];
        let pix = transaction["qr_code"].as_str().map(|code| Pix {
            code: code.to_owned(),
            picture: transaction["qr_code_base64"].as_str().unwrap_or_default().to_owned(),
        });
        Some(Payment {
            id: body["id"].as_u64()?.to_string(),
            method: text("payment_method_id"),
            status: text("status"),
            detail: text("status_detail"),
            amount: centavos(&body["transaction_amount"]),
            refunded: centavos(&body["transaction_amount_refunded"]),
            changed: text("date_last_updated"),
            of_sale: body["order"]["id"].is_u64(),
            pix,
        })
    }
}

fn now() -> String {
    Timestamp::now().to_string()
}

/// The time of day of an ISO 8601 date.
pub fn time_of_day(date: &str) -> &str {
    date.get(11..19).unwrap_or(date)
}

/// An amount of the API in centavos.
fn centavos(amount: &Value) -> i64 {
    (amount.as_f64().unwrap_or_default() * 100.0).round() as i64
}

/// An amount as the API takes it.
pub fn amount(centavos: i64) -> f64 {
    centavos as f64 / 100.0
}

#[cfg(test)]
mod tests;
