//! `pasarela credentials activate`: an operator lets an application's live credentials work without the gate, or stops
//! them. By the server that holds the directory, if one does, and in the store itself otherwise.

use crate::applications::OwnedApplication;
use crate::audit::Actor;
use crate::copying::Place;
use crate::inbox;
use crate::{Engine, EngineError, EngineOptions, Failure};
use pasarela_domain::identity::ApplicationId;
use pasarela_store::OpenError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io;

/// Where requests for the server that holds a directory are put.
pub(crate) const INBOX: &str = "credentials-inbox";

/// What an operator decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorsDecision {
    /// About which application.
    pub application_id: ApplicationId,
    /// Whether its live credentials work from now on.
    pub is_active: bool,
    /// Why; kept with the decision and in the log of acts.
    pub reason: String,
    /// The operator's name.
    pub author: String,
}

/// The application as it is then, or why nothing was changed.
type Answer = Result<Value, String>;

/// Decides at `options`' place.
///
/// # Errors
/// Why nothing was changed, or that nobody knows.
pub async fn decide_at(
    place: &Place,
    options: EngineOptions,
    decision: &OperatorsDecision,
) -> Result<Value, String> {
    match Engine::open(options).await {
        Ok(engine) => {
            let decided = decide(&engine, decision).await;
            engine.close().await;
            decided
        }
        Err(EngineError::Store(OpenError::InUse { .. })) if let Place::Directory(directory) = place => {
            inbox::ask::<Answer>(directory, INBOX, decision).await.map_err(|error| error.to_string())?
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Answers a request that came by a file.
pub(crate) async fn answer(engine: &Engine, asked: io::Result<OperatorsDecision>) -> Answer {
    match asked {
        Ok(decision) => decide(engine, &decision).await,
        Err(error) => Err(format!("the request can't be read: {error}")),
    }
}

async fn decide(engine: &Engine, decision: &OperatorsDecision) -> Answer {
    let OperatorsDecision { application_id, is_active, reason, author } = decision;
    let actor = Actor::operator(author);
    let decided = engine.decide_activation(*application_id, *is_active, reason, &actor).await;
    match decided {
        Ok(application) => Ok(OwnedApplication::to_json(&application)),
        Err(Failure::Refused(refusal)) => Err(refusal.message),
        Err(failure) => Err(failure.to_string()),
    }
}
