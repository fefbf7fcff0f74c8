//! Applications: what an integration is called, what it may do, and whether its live credentials work.

pub mod credentials;
pub mod oauth;
pub mod request;

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// The most applications of one account.
pub const MOST_APPLICATIONS: usize = 50;
/// How many decisions about activation are kept, the newest; a seller who is never let through makes one a try.
const MOST_DECISIONS: usize = 20;

/// What kind of integration it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentSolution {
    /// A shop or a service on the internet.
    OnlinePayments,
    /// A till, a QR code, a terminal.
    InPersonPayments,
}

/// Which product it integrates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// The hosted checkout.
    CheckoutPro,
    /// The seller's own form.
    CheckoutApi,
    /// The platform's components in the seller's page.
    CheckoutBricks,
    /// Recurring payments.
    Subscription,
    /// Terminals.
    Point,
    /// QR codes.
    QrCode,
}

/// An OAuth flow that an application may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// A seller lets it act.
    AuthorizationCode,
    /// It acts for its owner.
    ClientCredentials,
}

/// What a credential lets its holder do: a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// To read.
    pub const READ: Scopes = Scopes(1);
    /// To create and change.
    pub const WRITE: Scopes = Scopes(2);
    /// To go on without the seller: a refresh token.
    pub const OFFLINE_ACCESS: Scopes = Scopes(4);
    /// All of them.
    pub const ALL: Scopes = Scopes(7);

    const NAMES: [(Scopes, &'static str); 3] =
        [(Scopes::OFFLINE_ACCESS, "offline_access"), (Scopes::READ, "read"), (Scopes::WRITE, "write")];

    /// Whether all of `other` are among them.
    pub const fn has(self, other: Scopes) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Scopes) -> Scopes {
        Scopes(self.0 & other.0)
    }

    /// Reads names with blanks between; `None` for one that there is not, or for none.
    pub fn parse(text: &str) -> Option<Scopes> {
        let mut scopes = Scopes(0);
        for word in text.split_whitespace() {
            // The original's own name for what payments need; it is contained in the two others.
            if word == "payments" {
                continue;
            }
            scopes.0 |= Scopes::NAMES.iter().find(|(_, name)| *name == word)?.0.0;
        }
        (scopes.0 != 0).then_some(scopes)
    }
}

impl Default for Scopes {
    fn default() -> Scopes {
        Scopes::ALL
    }
}

/// `offline_access read write`
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Scopes::NAMES.iter().filter(|(scope, _)| self.has(*scope)).map(|(_, name)| *name);
        f.write_str(&names.collect::<Vec<_>>().join(" "))
    }
}

impl Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
        let text = String::deserialize(deserializer)?;
        Scopes::parse(&text).ok_or_else(|| serde::de::Error::custom("an unknown scope"))
    }
}

/// Who decides when nothing that blocks is left to be done.
pub const GATE: &str = "gate";

/// A decision about the live credentials of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationDecision {
    /// When.
    pub at: Timestamp,
    /// Whether they work from then on.
    pub is_active: bool,
    /// Who decided: [`GATE`], or an operator's name.
    pub by: String,
    /// Why, in a sentence.
    pub reason: String,
    /// What it rests on, as whoever decided keeps it.
    #[serde(default)]
    pub evidence: Value,
}

/// An application's details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// At most 50 characters.
    pub name: String,
    /// Without blanks and special characters.
    #[serde(default)]
    pub short_name: Option<String>,
    /// At most 150 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// One of [`request::INDUSTRIES`].
    #[serde(default)]
    pub industry: Option<String>,
    /// The production site.
    #[serde(default)]
    pub site_url: Option<String>,
    /// Online or in person.
    #[serde(default)]
    pub payment_solution: Option<PaymentSolution>,
    /// What is integrated.
    #[serde(default)]
    pub product: Option<Product>,
    /// The e-commerce platform, if it is on one.
    #[serde(default)]
    pub platform: Option<String>,
    /// Where OAuth sends sellers back to.
    #[serde(default)]
    pub redirect_url: Option<String>,
    /// Whether OAuth codes need PKCE.
    #[serde(default)]
    pub pkce: bool,
    /// The OAuth flows that it may use.
    #[serde(default = "all_flows")]
    pub flows: Vec<Flow>,
    /// What it may ask of sellers.
    #[serde(default)]
    pub scopes: Scopes,
    /// When it was made.
    pub created: Timestamp,
    /// When it was deleted: nothing of it works any more.
    #[serde(default)]
    pub deleted: Option<Timestamp>,
    /// Whether its live credentials work.
    pub is_active: bool,
    /// How that came, the newest last.
    #[serde(default)]
    pub decisions: Vec<ActivationDecision>,
}

fn all_flows() -> Vec<Flow> {
    vec![Flow::AuthorizationCode, Flow::ClientCredentials]
}

impl Application {
    /// A new one: its live credentials do not work yet.
    pub fn new(name: String, now: Timestamp) -> Application {
        Application {
            name,
            short_name: None,
            description: None,
            industry: None,
            site_url: None,
            payment_solution: None,
            product: None,
            platform: None,
            redirect_url: None,
            pkce: false,
            flows: all_flows(),
            scopes: Scopes::ALL,
            created: now,
            deleted: None,
            is_active: false,
            decisions: Vec::new(),
        }
    }

    /// Takes a decision about its live credentials.
    pub fn decide(&mut self, decision: ActivationDecision) {
        self.is_active = decision.is_active;
        self.decisions.push(decision);
        let surplus = self.decisions.len().saturating_sub(MOST_DECISIONS);
        self.decisions.drain(..surplus);
    }

    /// The operator's decision that keeps its live credentials from working: the gate does not undo it.
    pub fn stopped_by_operator(&self) -> Option<&ActivationDecision> {
        self.decisions.last().filter(|decision| !decision.is_active && decision.by != GATE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_written_as_oauth_has_them() {
        assert_eq!(Scopes::ALL.to_string(), "offline_access read write");
        assert_eq!(Scopes::parse("write read").unwrap().to_string(), "read write");
        assert_eq!(Scopes::parse("offline_access payments read write"), Some(Scopes::ALL));
        for bad in ["", " ", "admin", "read admin", "payments"] {
            assert_eq!(Scopes::parse(bad), None, "{bad:?}");
        }
        assert!(!Scopes::READ.has(Scopes::WRITE) && Scopes::ALL.has(Scopes::WRITE));
    }

    #[test]
    fn the_newest_decision_counts_and_the_oldest_are_forgotten() {
        let mut application = Application::new("Shop".to_owned(), Timestamp(1));
        assert!(!application.is_active);
        for round in 0..30 {
            application.decide(ActivationDecision {
                at: Timestamp(round),
                is_active: round == 29,
                by: "gate".to_owned(),
                reason: "tls".to_owned(),
                evidence: Value::Null,
            });
        }
        assert!(application.is_active);
        assert_eq!((application.decisions.len(), application.decisions[0].at), (20, Timestamp(10)));
        let text = serde_json::to_string(&application).unwrap();
        assert_eq!(serde_json::from_str::<Application>(&text).unwrap(), application);
    }

    #[test]
    fn what_an_operator_stopped_stays_so_until_it_is_decided_anew() {
        let mut application = Application::new("Shop".to_owned(), Timestamp(1));
        assert_eq!(application.stopped_by_operator(), None, "nobody has decided yet");
        for (by, is_active, is_stopped) in [
            (GATE, false, false),
            ("operator Eva", false, true),
            ("operator Eva", true, false),
            (GATE, true, false),
        ] {
            let (by, reason) = (by.to_owned(), "fraud".to_owned());
            application.decide(ActivationDecision {
                at: Timestamp(2),
                is_active,
                by,
                reason,
                evidence: Value::Null,
            });
            assert_eq!(
                application.stopped_by_operator().is_some(),
                is_stopped,
                "{:?}",
                application.decisions.last()
            );
        }
    }
}
