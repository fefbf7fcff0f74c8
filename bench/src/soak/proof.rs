//! What the platform remembers, held against what buyers were told and what shops saw.

use super::buyers::{Bought, Buyers};
use super::shops::{Arrival, Shops};
use crate::Failure;
use crate::report::Table;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How many faults are printed.
const MOST_FAULTS: usize = 10;

/// What came of it.
#[derive(Default)]
pub struct Proof {
    payments: usize,
    events: usize,
    attempts: u64,
    retried: usize,
    most_attempts: u64,
    messages: usize,
    twice: usize,
    faults: Vec<String>,
}

/// One delivery, as the platform remembers it.
struct Told {
    id: i64,
    state: String,
    attempts: u64,
}

/// When a delivery came: the number of its first message, and of the first that was taken.
#[derive(Clone, Copy, Default)]
struct Came {
    first: Option<usize>,
    taken: Option<usize>,
}

/// Looks at everything.
pub async fn of(buyers: &Buyers, bought: &[Bought], shops: &Shops) -> Result<Proof, Failure> {
    let arrivals = shops.arrivals();
    let mut by_payment = history(buyers).await?;
    let (mut by_request, mut by_notification) = (HashMap::new(), HashMap::<i64, Vec<usize>>::new());
    for (number, arrival) in arrivals.iter().enumerate() {
        by_request.insert(arrival.request_id.as_str(), number);
        by_notification.entry(arrival.notification_id).or_default().push(number);
    }
    let mut proof = Proof { payments: bought.len(), messages: arrivals.len(), ..Proof::default() };
    for Bought { payment, events } in bought {
        let mut told = by_payment.remove(payment).unwrap_or_default();
        told.sort_by_key(|told| told.id);
        proof.events += told.len();
        if (told.len() as u64) < *events {
            proof.faults.push(format!("payment {payment}: {events} changes, {} events", told.len()));
        }
        let mut before = Came::default();
        for (position, told) in told.iter().enumerate() {
            proof.attempts += told.attempts;
            proof.retried += usize::from(told.attempts > 1);
            proof.most_attempts = proof.most_attempts.max(told.attempts);
            let mut numbers = by_notification.get(&told.id).cloned().unwrap_or_default();
            if told.attempts > 1 {
                let requests = requests_of(buyers, told.id).await?;
                numbers.extend(requests.iter().filter_map(|request| by_request.get(request.as_str())));
            }
            let came = came(&numbers, &arrivals);
            if told.state != "delivered" || came.taken.is_none() {
                proof.faults.push(format!(
                    "payment {payment}: event {} is {}, and came {numbers:?}",
                    told.id, told.state
                ));
            }
            if position > 0 && came.first < before.taken {
                proof.faults.push(format!(
                    "payment {payment}: event {} came before the one that it follows",
                    told.id
                ));
            }
            let taken: HashSet<&usize> =
                numbers.iter().filter(|number| arrivals[**number].was_taken).collect();
            proof.twice += taken.len().saturating_sub(1);
            before = came;
        }
    }
    Ok(proof)
}

/// All deliveries, by their payment.
async fn history(buyers: &Buyers) -> Result<BTreeMap<i64, Vec<Told>>, Failure> {
    let mut all: BTreeMap<i64, Vec<Told>> = BTreeMap::new();
    let mut before = String::new();
    loop {
        let page = buyers.get(&format!("/pasarela/webhooks/deliveries?limit=200{before}")).await?;
        for result in page["results"].as_array().into_iter().flatten() {
            let payment = result["resource_id"].as_str().and_then(|id| id.parse().ok());
            let told = Told {
                id: result["id"].as_i64().ok_or("a delivery without an id")?,
                state: result["state"].as_str().unwrap_or_default().to_owned(),
                attempts: result["attempts"].as_u64().unwrap_or_default(),
            };
            all.entry(payment.ok_or("a delivery of no payment")?).or_default().push(told);
        }
        match page["next"].as_i64() {
            Some(next) => before = format!("&before={next}"),
            None => return Ok(all),
        }
    }
}

/// The request ids of a delivery's attempts.
async fn requests_of(buyers: &Buyers, id: i64) -> Result<Vec<String>, Failure> {
    let delivery = buyers.get(&format!("/pasarela/webhooks/deliveries/{id}")).await?;
    let attempts = delivery["history"].as_array().cloned().unwrap_or_default();
    let request_id =
        |attempt: &Value| attempt["request"]["headers"]["x-request-id"].as_str().map(str::to_owned);
    Ok(attempts.iter().filter_map(request_id).collect())
}

fn came(numbers: &[usize], arrivals: &[Arrival]) -> Came {
    let taken = numbers.iter().filter(|number| arrivals[**number].was_taken);
    Came { first: numbers.iter().min().copied(), taken: taken.min().copied() }
}

impl Proof {
    /// Prints the counts.
    pub fn print(&self, deaths: u32) {
        let mut table =
            Table::new(["payments", "events", "attempts", "retried", "most", "messages", "twice", "deaths"]);
        table.row(vec![
            self.payments.to_string(),
            self.events.to_string(),
            self.attempts.to_string(),
            self.retried.to_string(),
            self.most_attempts.to_string(),
            self.messages.to_string(),
            self.twice.to_string(),
            deaths.to_string(),
        ]);
        table.print("Everybody is told of everything, in order");
        println!(
            "retried: events that took more than one attempt; most: attempts of one event; twice: messages that were taken \
             again, because the server died or the connection broke before it was noted"
        );
    }

    /// An error that says who was not told.
    pub fn verdict(&self) -> Result<(), Failure> {
        if self.faults.is_empty() {
            println!("Every event of every payment reached its shop, none before the one that it follows.");
            return Ok(());
        }
        let some: Vec<&str> = self.faults.iter().take(MOST_FAULTS).map(String::as_str).collect();
        Err(format!("{} faults:\n{}", self.faults.len(), some.join("\n")).into())
    }
}
