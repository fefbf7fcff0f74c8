//! The REST API: every route, and what all of them share.

pub mod answer;
pub mod applications;
pub mod authentication;
pub mod branding;
pub mod browser;
pub mod browser_session;
pub mod card_tokens;
pub mod cards;
pub mod catalogue;
pub mod conditional;
pub mod currency_conversions;
pub mod customers;
pub mod devices;
pub mod error_reports;
pub mod evidence;
pub mod going_live;
pub mod health;
pub mod hosted;
pub mod hosted_checkout;
pub mod item_categories;
mod jsonp;
pub mod library;
pub mod merchant_orders;
pub mod oauth;
pub mod openapi;
pub mod payments;
pub mod pix_keys;
pub mod policies;
pub mod preferences;
pub mod promotions;
pub mod quality;
pub mod request;
pub mod sandbox;
pub mod sandbox_wallets;
pub mod schema;
pub mod shares;
pub mod users;
pub mod webhooks;
pub mod yape;

use answer::{ApiFailure, JSON};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use pasarela_domain::refusal::Refusal;
use pasarela_engine::{Engine, nature};
use std::time::Duration;
use tower::Service;

/// The name of the header under which every request can be found again.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long a request may take, its body included.
const REQUEST_TIME: Duration = Duration::from_secs(60);

/// The id under which a request is answered and logged.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// All routes, on `engine`.
pub fn router(engine: Engine) -> Router {
    router_beside_demo(engine, None)
}

/// The same, with a way to the demo shop at `demo`, which has an origin of its own.
pub fn router_beside_demo(engine: Engine, demo: Option<&str>) -> Router {
    let public = Router::new()
        .route("/v1/card_tokens", get(card_tokens::call).post(card_tokens::create))
        .route("/v1/card_tokens/{id}", get(card_tokens::read).put(card_tokens::update))
        .route("/platforms/pci/yape/v1/payment", post(yape::create))
        .route("/v1/devices/widgets", post(devices::start))
        .route("/v1/payment_methods/track_error", post(error_reports::take))
        .route("/v1/identification_types", get(catalogue::identification_types))
        .route("/v1/payment_methods", get(catalogue::payment_methods))
        .route("/v1/payment_methods/search", get(catalogue::search))
        .route("/v1/payment_methods/card_issuers", get(catalogue::card_issuers))
        .route("/v1/payment_methods/installments", get(catalogue::installments))
        .route("/v1/payment_methods/deals", get(promotions::deals))
        .route("/pasarela/bricks/payments/{id}", get(browser::payment))
        .route("/pasarela/bricks/saved_cards", get(browser::saved_cards))
        .route("/pasarela/bricks/preferences/{id}", get(browser::preference))
        .route("/sites/{site}/payment_methods", get(catalogue::site_payment_methods))
        .route("/item_categories", get(item_categories::list))
        .route("/v1/quality/gate", get(going_live::gate))
        .route("/v1/quality/rules", get(quality::list_rules))
        .route("/v1/quality/rules/{id}", get(quality::read_rule))
        .route("/currency_conversions/search", get(currency_conversions::search));
    let private = Router::new()
        .route("/v1/payments", post(payments::create))
        .route("/v1/payments/search", get(payments::search))
        .route("/v1/payments/{id}", get(payments::read).put(payments::change))
        .route("/v1/payments/{id}/refunds", get(payments::refunds).post(payments::refund))
        .route("/v1/payments/{id}/refunds/{refund_id}", get(payments::refund_of))
        .route("/v1/customers", post(customers::create))
        .route("/v1/customers/search", get(customers::search))
        .route("/v1/customers/{id}", get(customers::read).put(customers::change).delete(customers::delete))
        .route("/v1/customers/{id}/cards", get(cards::list).post(cards::save))
        .route(
            "/v1/customers/{id}/cards/{card_id}",
            get(cards::read).put(cards::change).delete(cards::delete),
        )
        .route("/checkout/preferences", post(preferences::create))
        .route("/checkout/preferences/search", get(preferences::search))
        .route("/checkout/preferences/{id}", get(preferences::read).put(preferences::change))
        .route("/merchant_orders", post(merchant_orders::create))
        .route("/merchant_orders/search", get(merchant_orders::search))
        .route("/merchant_orders/{id}", get(merchant_orders::read).put(merchant_orders::change))
        .route("/v1/applications/{id}/quality/measurements", get(quality::list).post(quality::measure))
        .route("/v1/applications/{id}/quality/measurements/{measurement_id}", get(quality::read))
        .route("/v1/pix_keys", get(pix_keys::list).post(pix_keys::register))
        .route("/v1/pix_keys/{id}", delete(pix_keys::delete))
        .route("/users/test_user", post(users::create_test_user))
        .route("/users/test", post(users::create_test_user))
        .route("/v1/policies", get(policies::read).put(policies::change))
        .route("/oauth/token", post(oauth::token))
        .route("/oauth/revoke", post(oauth::revoke))
        .route("/authorization", get(oauth::page).post(oauth::answer))
        .route("/v1/applications/{id}/going-live", get(going_live::read).put(going_live::change))
        .route("/v1/applications/{id}/going-live/checks", post(going_live::check))
        .route("/users/me", get(users::me))
        .route("/v1/applications", get(applications::list).post(applications::create))
        .route(
            "/v1/applications/{id}",
            get(applications::read).put(applications::change).delete(applications::delete),
        )
        .route("/v1/applications/{id}/credentials", get(applications::credentials).post(applications::renew))
        .route("/v1/applications/{id}/shares", get(shares::list).post(shares::share))
        .route("/v1/applications/{id}/shares/{user_id}", delete(shares::unshare))
        .route("/applications/{id}", get(applications::read_name))
        .route("/plugins-credentials-wrapper/credentials", get(applications::credential))
        .route("/pasarela/audit", get(applications::audit))
        .route("/sandbox/applications/{id}/activation", post(applications::activate))
        .route("/pasarela/branding", get(branding::read).put(branding::change))
        .route("/pasarela/webhooks", get(webhooks::read).put(webhooks::change))
        .route("/pasarela/webhooks/secret", post(webhooks::rotate_secret))
        .route("/pasarela/webhooks/resume", post(webhooks::resume))
        .route("/pasarela/webhooks/simulate", post(webhooks::simulate))
        .route("/pasarela/webhooks/stream", get(webhooks::stream))
        .route("/pasarela/webhooks/deliveries", get(webhooks::history))
        .route("/pasarela/webhooks/deliveries/{id}", get(webhooks::delivery))
        .route("/pasarela/webhooks/deliveries/{id}/resend", post(webhooks::resend))
        .route("/pasarela/webhooks/deliveries/{id}/answer", post(webhooks::answer))
        .route("/sandbox/payments/{id}/{act}", post(sandbox::act))
        .route("/sandbox/clock", get(sandbox::clock).post(sandbox::advance))
        .route("/sandbox/wallet", get(sandbox_wallets::read))
        .route("/sandbox/wallet/money", post(sandbox_wallets::add_money))
        .route("/sandbox/counters", get(sandbox::counters));
    let routes = Router::new()
        .merge(public)
        .merge(private)
        .merge(hosted::routes(demo))
        .merge(hosted_checkout::routes())
        .merge(library::routes())
        .merge(health::routes())
        .merge(crate::panel::routes())
        .method_not_allowed_fallback(unknown_method)
        .with_state(engine);
    let again = routes.clone().fallback(unknown_route);
    routes.fallback(move |request| without_slash(again.clone(), request)).layer(from_fn(envelope))
}

/// Gives every request an id (the caller's own, if it is a sane one), and every failure its body.
async fn envelope(mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_sane_id(id))
        .map_or_else(new_request_id, str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let answered = tokio::time::timeout(REQUEST_TIME, cors(request, next)).await;
    // Whatever was committed meanwhile is found again under the request's idempotency key.
    let busy =
        || ApiFailure::from(pasarela_engine::Failure::Unavailable { retry_after_s: 1 }).into_response();
    let mut response = answered.unwrap_or_else(|_| busy());
    if let Some(failure) = response.extensions_mut().remove::<ApiFailure>() {
        if let pasarela_engine::Failure::Internal(what) = failure.0.as_ref() {
            tracing::error!(request_id = id, %method, path, what, "a request failed inside");
        }
        response = failure.render(&id, response);
    }
    tracing::debug!(request_id = id, %method, path, status = response.status().as_u16(), "answered");
    if let Some(callback) = response.extensions_mut().remove::<jsonp::Callback>() {
        response = jsonp::script(callback, response).await;
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn new_request_id() -> String {
    let mut bytes = [0; 16];
    nature::draw(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

fn is_sane_id(id: &str) -> bool {
    (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Where pages of any origin may call: the routes that a public key opens.
const CALLED_BY_PAGES: [&str; 9] = [
    "/v1/card_tokens",
    "/v1/devices/",
    "/v1/identification_types",
    "/v1/payment_methods",
    "/pasarela/bricks/",
    "/platforms/pci/yape/",
    "/sites/",
    "/item_categories",
    "/currency_conversions/",
];

/// Public-key routes are called by pages of any origin. This stands around the router because a preflight is an
/// `OPTIONS`, for which there is no route; and inside the envelope, because a layer of its own costs its boxes.
async fn cors(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !CALLED_BY_PAGES.iter().any(|route| path.starts_with(route)) {
        return next.run(request).await;
    }
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, OPTIONS"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Content-Type, Accept, Authorization, X-Product-Id, X-Meli-Session-Id, X-Public-Key, If-None-Match, X-Request-Id, \
             X-Idempotency-Key, X-Platform-Id, X-Integrator-Id, X-Tracking-Id, X-Corporation-Id, X-Flow-Id",
        ),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("X-Request-Id, Retry-After, ETag"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// Official SDKs end some paths with a slash (`…/refunds/`): what is not found with it is looked for without.
async fn without_slash(mut routes: Router, mut request: Request) -> Response {
    let Some(path) = request.uri().path().strip_suffix('/').filter(|path| !path.is_empty()) else {
        return unknown_route().await.into_response();
    };
    let shorter = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let Ok(shorter) = shorter.parse() else { return unknown_route().await.into_response() };
    *request.uri_mut() = shorter;
    let Ok(response) = routes.call(request).await;
    response
}

async fn unknown_route() -> ApiFailure {
    ApiFailure::from(Refusal::plain(404, "resource not found"))
}

async fn unknown_method() -> ApiFailure {
    ApiFailure::from(Refusal::plain(405, "method not allowed"))
}

/// A 200 or 201 with a JSON body that is ready.
pub(crate) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}
