//! `/pasarela/webhooks`: where an application is told what happens, and what it was told. Both modes, each by its own
//! credential.

use super::answer::{Answer, ApiFailure};
use super::authentication::Seller;
use super::json;
use super::request::{PathPart, RawBody, path_id, query_value};
use super::sandbox::duration_ms;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper::body::{Bytes, Frame};
use pasarela_domain::identity::Caller;
use pasarela_domain::json::Json;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::{DAY, END_OF_TIME_MS, Timestamp};
use pasarela_engine::Engine;
use pasarela_engine::notifications::Answered;
use pasarela_engine::notifications::history::HistoryFilter;
use pasarela_engine::notifications::settings::AddressesChange;
use pasarela_engine::notifications::streams::{Listener, ListenersAnswer};
use serde::de::DeserializeOwned;
use serde_json::{Value, json as value};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// The longest time that two secrets are used side by side.
const LONGEST_GRACE_MS: i64 = 30 * DAY;

/// How long a stream lasts without being told: balancers cut longer ones, and who listens comes again.
const STREAM_SECONDS: u64 = 600;
const LONGEST_STREAM_SECONDS: u64 = 3_600;

/// Where the application is told what happens, in the credential's mode, and which of these addresses fail.
#[utoipa::path(
    get, path = "/pasarela/webhooks", operation_id = "read_webhooks", tag = "webhooks",
    responses((status = 200, description = "Addresses, topics, warnings", body = super::schema::WebhookSettingsBody)),
    security(("access_token" = [])),
)]
pub async fn read(State(engine): State<Engine>, Seller(caller): Seller) -> Answer {
    Ok(json(StatusCode::OK, settings(&engine, &caller).await?.to_string()))
}

/// Changes where the application is told: in the credential's mode, what is named. To set a paused address again resumes it.
#[utoipa::path(
    put, path = "/pasarela/webhooks", operation_id = "change_webhooks", tag = "webhooks",
    request_body(content = super::schema::WebhookSettingsRequest),
    responses(
        (status = 200, description = "The settings now", body = super::schema::WebhookSettingsBody),
        (status = 400, description = "An address or a topic that there is not", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn change(State(engine): State<Engine>, Seller(caller): Seller, body: RawBody) -> Answer {
    let body = body.json()?;
    let change = AddressesChange {
        url: address(&body, "url")?,
        topics: names(&body, "topics")?,
        ipn_url: address(&body, "ipn_url")?,
        ipn_topics: names(&body, "ipn_topics")?,
    };
    engine.change_notification_addresses(&caller, &change).await?;
    for url in [&change.url, &change.ipn_url] {
        if let Some(Some(url)) = url {
            engine.resume_addresses(&caller, Some(url)).await?;
        }
    }
    Ok(json(StatusCode::OK, settings(&engine, &caller).await?.to_string()))
}

/// Gives the application a new webhook secret, shown this once. Until the grace ends, a receiver that refuses what the new
/// secret signed (400, 401, 403 or 422) is sent the same signed with the old one.
#[utoipa::path(
    post, path = "/pasarela/webhooks/secret", operation_id = "rotate_webhook_secret", tag = "webhooks",
    request_body(content = super::schema::RotateSecretRequest),
    responses(
        (status = 201, description = "The new secret", body = super::schema::RotatedSecretBody),
        (status = 400, description = "Not a duration, or too long", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn rotate_secret(State(engine): State<Engine>, Seller(caller): Seller, body: RawBody) -> Answer {
    let body = body.json()?;
    let grace_ms = match body.get("grace") {
        None | Some(Json::Null) => DAY,
        Some(grace) => {
            grace.as_str().and_then(duration_ms).filter(|ms| (0..=LONGEST_GRACE_MS).contains(ms)).ok_or_else(
                || refused("grace is an ISO 8601 duration of at most 30 days, such as P1D or PT0S"),
            )?
        }
    };
    let rotated = engine.rotate_webhook_secret(&caller, grace_ms).await?;
    let body = value!({
        "secret": rotated.secret,
        "previous_secret_until": rotated.previous_until.map(Timestamp::to_wire),
    });
    Ok(json(StatusCode::CREATED, body.to_string()))
}

/// Tries a paused address again, or all of them, and sends what was held.
#[utoipa::path(
    post, path = "/pasarela/webhooks/resume", operation_id = "resume_webhooks", tag = "webhooks",
    request_body(content = super::schema::ResumeRequest),
    responses((status = 200, description = "How much was held", body = super::schema::ResumedBody)),
    security(("access_token" = [])),
)]
pub async fn resume(State(engine): State<Engine>, Seller(caller): Seller, body: RawBody) -> Answer {
    let body = body.json()?;
    let released = engine.resume_addresses(&caller, text(&body, "url")?.as_deref()).await?;
    Ok(json(StatusCode::OK, value!({"released": released}).to_string()))
}

/// Sends a notification about something that need not exist to the application's own address, and tells what came of it.
#[utoipa::path(
    post, path = "/pasarela/webhooks/simulate", operation_id = "simulate_webhook", tag = "webhooks",
    request_body(content = super::schema::SimulateRequest),
    responses(
        (status = 200, description = "Request and answer", body = super::schema::SimulatedBody),
        (status = 400, description = "Without an address, or no such topic", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn simulate(State(engine): State<Engine>, Seller(caller): Seller, body: RawBody) -> Answer {
    const LONGEST_ID: usize = 256;
    let body = body.json()?;
    let topic = text(&body, "topic")?.unwrap_or_else(|| "payment".to_owned());
    let id = text(&body, "data_id")?.unwrap_or_else(|| "123456".to_owned());
    if id.is_empty() || id.len() > LONGEST_ID {
        return Err(refused("data_id is a text of at most 256 characters"));
    }
    Ok(json(StatusCode::OK, engine.simulate_notification(&caller, &topic, &id).await?.to_string()))
}

/// The application's notifications of the last 30 days, newest first.
#[utoipa::path(
    get, path = "/pasarela/webhooks/deliveries", operation_id = "search_webhooks", tag = "webhooks",
    params(
        ("state" = Option<String>, Query, description = "pending, delivered, failed or held"),
        ("topic" = Option<String>, Query, description = "Exact topic"),
        ("action" = Option<String>, Query, description = "Exact action"),
        ("resource_id" = Option<String>, Query, description = "Exact data.id"),
        ("url" = Option<String>, Query, description = "Exact address"),
        ("begin_date" = Option<String>, Query, description = "Made at or after, by the real time"),
        ("end_date" = Option<String>, Query, description = "Made before, by the real time"),
        ("before" = Option<i64>, Query, description = "The `next` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 200; 30 without it"),
    ),
    responses(
        (status = 200, description = "A page; it may be short though there is more", body = super::schema::DeliveriesBody),
        (status = 400, description = "A filter that can't be read", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn history(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    RawQuery(query): RawQuery,
) -> Answer {
    let text = |name: &str| query_value(query.as_deref(), name);
    let date = |name: &'static str| match text(name) {
        None => Ok(None),
        Some(date) => Timestamp::parse(&date).map(Some).ok_or_else(|| {
            refused(&format!("{name} is a date with an offset, such as 2026-11-21T08:40:10Z"))
        }),
    };
    let number = |name: &str| match text(name) {
        None => Ok(None),
        Some(number) => {
            path_id(&number).map(Some).ok_or_else(|| refused(&format!("{name} is a positive number")))
        }
    };
    let filter = HistoryFilter {
        state: text("state"),
        topic: text("topic"),
        action: text("action"),
        resource_id: text("resource_id"),
        url: text("url"),
        begin: date("begin_date")?,
        end: date("end_date")?,
        before: number("before")?,
        limit: u32::try_from(number("limit")?.unwrap_or(30)).unwrap_or(u32::MAX),
    };
    Ok(json(StatusCode::OK, engine.notification_history(&caller, &filter).await?.to_string()))
}

/// A notification with its attempts: each request, its answer, how long it took, and why it failed.
#[utoipa::path(
    get, path = "/pasarela/webhooks/deliveries/{id}", operation_id = "read_webhook", tag = "webhooks",
    params(("id" = i64, Path, description = "The notification's id")),
    responses(
        (status = 200, description = "The notification", body = super::schema::DeliveryBody),
        (status = 404, description = "Not of this application and mode", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn delivery(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
) -> Answer {
    Ok(json(StatusCode::OK, engine.notification(&caller, id_in(&id)?).await?.to_string()))
}

/// Sends a notification again, whatever became of it. A pause of its address ends.
#[utoipa::path(
    post, path = "/pasarela/webhooks/deliveries/{id}/resend", operation_id = "resend_webhook", tag = "webhooks",
    params(("id" = i64, Path, description = "The notification's id")),
    responses(
        (status = 200, description = "The notification, which is pending now", body = super::schema::DeliveryBody),
        (status = 404, description = "Not of this application and mode", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn resend(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
) -> Answer {
    Ok(json(StatusCode::OK, engine.resend_notification(&caller, id_in(&id)?).await?.to_string()))
}

/// Takes what a listening program's receiver answered as the notification's attempt.
#[utoipa::path(
    post, path = "/pasarela/webhooks/deliveries/{id}/answer", operation_id = "answer_webhook", tag = "webhooks",
    params(("id" = i64, Path, description = "The notification's id")),
    request_body(content = super::schema::ListenersAnswerRequest),
    responses(
        (status = 200, description = "It is recorded"),
        (status = 400, description = "A member is missing", body = super::schema::ApiError),
        (status = 404, description = "It does not wait for a program that listens", body = super::schema::ApiError),
        (status = 409, description = "That attempt is over", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn answer(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
    body: RawBody,
) -> Answer {
    let id = id_in(&id)?;
    let said: super::schema::ListenersAnswerRequest = typed(&body)?;
    let fits = said.request_id.len() <= 64
        && said.signature.len() <= 200
        && (0..END_OF_TIME_MS).contains(&said.started_ms);
    if !fits || !said.status.is_none_or(|status| (100..1_000).contains(&status)) {
        return Err(refused("request_id, signature, started_ms or status is not as it can be"));
    }
    let outcome = match said.status {
        Some(status) => Ok(Answered {
            status,
            headers: said.headers.unwrap_or_default(),
            body: said.body.unwrap_or_default().into_bytes(),
        }),
        None => Err(said.failure.unwrap_or_default()),
    };
    let answer = ListenersAnswer {
        attempt: said.attempt,
        request_id: said.request_id,
        signature: said.signature,
        notification_id: said.notification_id,
        started_ms: said.started_ms,
        duration_ms: said.duration_ms,
        outcome,
    };
    Ok(json(StatusCode::OK, engine.answer_notification(&caller, id, answer).await?.to_string()))
}

/// The application's notifications as they come, a line of JSON each, and an empty line every ten seconds: for a program
/// beside a receiver that the platform can't reach. While it listens, each event makes a notification for it, besides all
/// others. The program makes the request (`query` goes after its receiver's address, `request` has headers and body) and
/// posts the answer to `/pasarela/webhooks/deliveries/{id}/answer`; then the next line comes.
#[utoipa::path(
    get, path = "/pasarela/webhooks/stream", operation_id = "listen_to_webhooks", tag = "webhooks",
    params(
        ("topics" = Option<String>, Query, description = "Topics, with commas between them; all without it"),
        ("seconds" = Option<u64>, Query, description = "How long, at most 3600; 600 without it"),
    ),
    responses(
        (status = 200, description = "The stream", content_type = "application/x-ndjson", body = String),
        (status = 400, description = "No such topic", body = super::schema::ApiError),
        (status = 429, description = "Too many streams of the application", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn stream(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    RawQuery(query): RawQuery,
) -> Answer {
    let topics = query_value(query.as_deref(), "topics").unwrap_or_default();
    let topics =
        topics.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let seconds = match query_value(query.as_deref(), "seconds") {
        None => STREAM_SECONDS,
        Some(seconds) => seconds
            .parse()
            .ok()
            .filter(|seconds| *seconds <= LONGEST_STREAM_SECONDS)
            .ok_or_else(|| refused("seconds is a number of at most 3600"))?,
    };
    let listener = engine.listen(&caller, topics, Duration::from_secs(seconds))?;
    // One line waits for the socket at most: the next is made when it was taken.
    let (lines, taken) = mpsc::channel(1);
    tokio::spawn(write_lines(listener, lines));
    let mut response = Response::new(Body::new(Lines(taken)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn write_lines(mut listener: Listener, lines: mpsc::Sender<Bytes>) {
    loop {
        let next = tokio::select! {
            () = lines.closed() => return,
            next = listener.next() => next,
        };
        match next {
            Ok(Some(line)) => {
                if lines.send(Bytes::from(line)).await.is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(failure) => {
                tracing::warn!(?failure, "a stream of notifications broke off; who listens comes again");
                return;
            }
        }
    }
}

/// A body of lines that are still to come.
struct Lines(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}

async fn settings(engine: &Engine, caller: &Caller) -> Result<Value, ApiFailure> {
    let addresses = engine.notification_addresses(caller).await?;
    let failing = engine.failing_addresses(caller).await?;
    let warnings: Vec<String> = failing
        .iter()
        .filter(|(_, health)| health.is_paused)
        .map(|(url, health)| {
            format!(
                "{url} has failed since {} ({}): what is due there is held. Mend it, then POST /pasarela/webhooks/resume \
                 or `pasarela webhooks resume`; what is held is kept for 30 days.",
                health.failing_since.to_wire(),
                health.last_failure
            )
        })
        .collect();
    let failing: Vec<Value> = failing
        .into_iter()
        .map(|(url, health)| {
            value!({
                "url": url,
                "failing_since": health.failing_since.to_wire(),
                "last_failure": health.last_failure,
                "paused": health.is_paused,
            })
        })
        .collect();
    Ok(value!({
        "application_id": caller.application_id,
        "live_mode": caller.mode.is_live(),
        "url": addresses.url,
        "topics": addresses.topics,
        "ipn_url": addresses.ipn_url,
        "ipn_topics": addresses.ipn_topics,
        "previous_secret_until": engine.previous_secret_until(caller).await?.map(Timestamp::to_wire),
        "failing": failing,
        "warnings": warnings,
    }))
}

fn refused(what: &str) -> ApiFailure {
    Refusal::plain(400, what).into()
}

fn id_in(text: &str) -> Result<i64, ApiFailure> {
    Ok(path_id(text).ok_or_else(|| Refusal::plain(404, "notification not found"))?)
}

/// An address to be set, to be taken away (`null`), or not to be touched.
fn address(body: &Json<'_>, name: &str) -> Result<Option<Option<String>>, ApiFailure> {
    match body.get(name) {
        None => Ok(None),
        Some(Json::Null) => Ok(Some(None)),
        Some(other) => match other.as_str() {
            Some(text) => Ok(Some(Some(text.to_owned()))),
            None => Err(refused(&format!("{name} is a text or null"))),
        },
    }
}

fn names(body: &Json<'_>, name: &str) -> Result<Option<Vec<String>>, ApiFailure> {
    let Some(list) = body.get(name) else { return Ok(None) };
    let names = list.as_array().and_then(|list| {
        list.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    names.map(Some).ok_or_else(|| refused(&format!("{name} is a list of texts")))
}

fn text(body: &Json<'_>, name: &str) -> Result<Option<String>, ApiFailure> {
    Ok(address(body, name)?.flatten())
}

fn typed<T: DeserializeOwned>(body: &RawBody) -> Result<T, ApiFailure> {
    serde_json::from_slice(&body.bytes).map_err(|error| refused(&format!("the body can't be read: {error}")))
}
