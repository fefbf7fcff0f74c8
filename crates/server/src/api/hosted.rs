//! The hosted pages' routes: they find the payment by its id and the hash from its body, and show it.

use super::branding::shop_of;
use super::openapi;
use super::request::{PathPart, RawBody, page_locale, query_value};
use super::{promotions, quality};
use crate::docs::{Example, docs_page};
use crate::pages::layout::Shop;
use crate::pages::{
    self, BankOutcome, ChallengeRequest, HomeView, Locale, PayerOutcome, PaymentView, SellerRow,
};
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use pasarela_domain::identity::Mode;
use pasarela_domain::payment::PaymentState;
use pasarela_engine::sandbox::Act;
use pasarela_engine::{Engine, Failure, seeds};

/// Pages, their assets, and the API's description; and the way to the demo shop, where there is one.
pub(super) fn routes(demo: Option<&str>) -> Router<Engine> {
    let has_demo = demo.is_some();
    let pages = match demo.map(|url| format!("{url}/")) {
        Some(url) => Router::new().route("/demo", get(async move || Redirect::temporary(&url))),
        None => Router::new(),
    };
    pages
        .route("/", get(async move |engine, query, headers| home(engine, query, headers, has_demo).await))
        .route("/docs", get(docs))
        .route("/openapi.json", get(openapi_json))
        .route("/assets/{name}", get(pages::assets::asset))
        .route("/logos/{name}", get(logo))
        .route("/quality/rules", get(quality::rules_page))
        .route("/quality/rules/{id}", get(quality::rule_page))
        .route("/shop-logos/{name}", get(super::branding::logo))
        .route("/promociones", get(promotions::page))
        .route("/promociones/banner", get(promotions::banner))
        .route("/promociones/{site}", get(promotions::site_page))
        .route("/{site}/credit_card_promos.htm", get(promotions::legacy_page))
        .route("/payments/{id}/ticket", get(ticket))
        .route("/payments/{id}/bank_transfer", get(bank_transfer).post(answer_bank))
        .route("/payments/{id}/payer", get(payer).post(pay))
        .route("/payments/{id}/challenge", get(ticket).post(challenge))
        // The path that the hosted sandbox used: bookmarked and hard-coded links keep working.
        .route("/sandbox/payments/{id}/ticket", get(ticket))
        .route("/sandbox/payments/{id}/bank_transfer", get(bank_transfer).post(answer_bank))
}

/// A payment that its page may show.
struct Shown {
    state: PaymentState,
    mode: Mode,
    view: PaymentView,
    shop: Shop,
    locale: Locale,
}

impl Shown {
    /// Loads a page of it anew, after an act.
    fn again(&self, page: &str, query: Option<&str>) -> Response {
        let (id, query) = (self.state.payment.id, query.unwrap_or_default());
        Redirect::to(&format!("/payments/{id}/{page}?{query}")).into_response()
    }
}

async fn find(
    engine: &Engine,
    id: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Shown, Box<Response>> {
    let missing = || Box::new(pages::missing(page_locale(query, headers, None)).into_response());
    let hash = query_value(query, "hash").ok_or_else(missing)?;
    let id = super::request::path_id(id).ok_or_else(missing)?;
    let (state, record) = match engine.payment_for_page(id, &hash).await {
        Ok(found) => found,
        Err(Failure::Refused(_)) => return Err(missing()),
        Err(failure) => return Err(Box::new(super::answer::ApiFailure::from(failure).into_response())),
    };
    let site = state.internals.site;
    let merchant = engine.account(record.account_id).await.ok().flatten();
    let merchant = merchant.map(|account| account.name.clone()).unwrap_or_default();
    let shop = match shop_of(engine, (state.internals.application_id, record.mode), &merchant).await {
        Ok(shop) => shop,
        Err(failure) => return Err(Box::new(super::answer::ApiFailure::from(failure).into_response())),
    };
    let body = serde_json::from_slice(&record.body).unwrap_or_default();
    let now = engine.now(record.account_id, record.mode);
    let view = PaymentView::from_body(&body, site, now, &shop.name).ok_or_else(missing)?;
    let view = view.named_by(&engine.catalogue());
    let locale = page_locale(query, headers, Some(site));
    Ok(Shown { state, mode: record.mode, view, shop, locale })
}

async fn ticket(
    State(engine): State<Engine>,
    PathPart(id): PathPart<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match find(&engine, &id, query.as_deref(), &headers).await {
        Ok(shown) if shown.view.payment_method_id == "pix" => {
            pages::pix(&shown.view, &shown.shop, shown.locale).into_response()
        }
        Ok(shown) if shown.view.payment_type_id == "bank_transfer" => {
            pages::bank_transfer(&shown.view, &shown.shop, shown.locale).into_response()
        }
        Ok(shown)
            if shown.state.internals.challenge_passes.is_some() || shown.view.card_last_four.is_some() =>
        {
            pages::challenge_complete(&shown.view, shown.locale).into_response()
        }
        Ok(shown) => pages::ticket(&shown.view, &shown.shop, shown.locale).into_response(),
        Err(response) => *response,
    }
}

async fn bank_transfer(
    State(engine): State<Engine>,
    PathPart(id): PathPart<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match find(&engine, &id, query.as_deref(), &headers).await {
        Ok(shown) => pages::bank_transfer(&shown.view, &shown.shop, shown.locale).into_response(),
        Err(response) => *response,
    }
}

/// The buttons of the simulated bank: the same acts as the sandbox's. A second click changes nothing.
async fn answer_bank(
    State(engine): State<Engine>,
    PathPart(id): PathPart<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: RawBody,
) -> Response {
    let shown = match find(&engine, &id, query.as_deref(), &headers).await {
        Ok(shown) => shown,
        Err(response) => return *response,
    };
    let act = match BankOutcome::from_form(&body.bytes) {
        Some(BankOutcome::Pay) => Act::Pay,
        Some(BankOutcome::Decline) => Act::Reject(None),
        None => return StatusCode::BAD_REQUEST.into_response(),
    };
    act_and(&engine, &shown, &act, || shown.again("bank_transfer", query.as_deref())).await
}

/// The simulated bank of a Pix or a ticket: of a test payment alone.
async fn payer(
    State(engine): State<Engine>,
    PathPart(id): PathPart<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match find(&engine, &id, query.as_deref(), &headers).await {
        Ok(shown) if shown.view.live => pages::missing(shown.locale).into_response(),
        Ok(shown) => pages::payer(&shown.view, shown.locale).into_response(),
        Err(response) => *response,
    }
}

/// The buttons of the simulated bank. A second click changes nothing.
async fn pay(
    State(engine): State<Engine>,
    PathPart(id): PathPart<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: RawBody,
) -> Response {
    let shown = match find(&engine, &id, query.as_deref(), &headers).await {
        Ok(shown) => shown,
        Err(response) => return *response,
    };
    let act = match PayerOutcome::from_form(&body.bytes) {
        // A card's challenge is answered on its own page.
        _ if shown.view.card_last_four.is_some() => return StatusCode::BAD_REQUEST.into_response(),
        Some(PayerOutcome::Pay) => Act::Pay,
        Some(PayerOutcome::Expire) => Act::Expire,
        None => return StatusCode::BAD_REQUEST.into_response(),
    };
    act_and(&engine, &shown, &act, || shown.again("payer", query.as_deref())).await
}

/// What `three_ds_info.external_resource_url` opens: the challenge, then its end.
async fn challenge(
    State(engine): State<Engine>,
    PathPart(id): PathPart<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: RawBody,
) -> Response {
    let shown = match find(&engine, &id, query.as_deref(), &headers).await {
        Ok(shown) => shown,
        Err(response) => return *response,
    };
    let done = || pages::challenge_complete(&shown.view, shown.locale).into_response();
    let expected = shown.state.payment.three_ds_info.as_ref().map(|info| info.creq.as_str());
    let (creq, act) = match ChallengeRequest::from_form(&body.bytes) {
        Some(ChallengeRequest::Open { creq }) => (creq, None),
        Some(ChallengeRequest::Confirm { creq }) => (creq, Some(Act::Challenge(true))),
        Some(ChallengeRequest::Cancel { creq }) => (creq, Some(Act::Challenge(false))),
        // Who never answers leaves the payment to its timer; this does what that would do.
        Some(ChallengeRequest::TimeOut { creq }) => (creq, Some(Act::Expire)),
        None => return StatusCode::BAD_REQUEST.into_response(),
    };
    if expected != Some(creq.as_str()) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let is_open = shown.state.internals.challenge_passes.is_some();
    match act {
        None if is_open => pages::challenge(&shown.view, shown.locale, &creq).into_response(),
        None => done(),
        // Answered already: an approved payment that waits for its capture must not expire by this.
        Some(_) if !is_open => done(),
        Some(act) => act_and(&engine, &shown, &act, done).await,
    }
}

/// Acts on the payment and answers; an act that the payment has moved past answers the same.
async fn act_and(engine: &Engine, shown: &Shown, act: &Act, answer: impl FnOnce() -> Response) -> Response {
    let payment = &shown.state.payment;
    match engine.act_from_page(payment.collector_id, shown.mode, payment.id, act).await {
        Ok(_) => answer(),
        Err(Failure::Refused(refusal)) if refusal.code() == Some(2018) => answer(),
        Err(Failure::Refused(_)) => StatusCode::FORBIDDEN.into_response(),
        Err(failure) => super::answer::ApiFailure::from(failure).into_response(),
    }
}

async fn home(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    has_demo: bool,
) -> Response {
    let development = engine.is_development();
    let sellers = if development { seeds::credentials() } else { Vec::new() };
    let view = HomeView {
        version: env!("CARGO_PKG_VERSION"),
        now: pasarela_engine::clock::wall(),
        sellers: sellers
            .into_iter()
            .map(|seller| SellerRow {
                site: seller.site,
                user_id: seller.user_id.to_string(),
                public_key: seller.public_key,
                live: seller.mode.is_live(),
            })
            .collect(),
        credentials_command: development.then_some("pasarela credentials"),
        has_demo,
    };
    pages::home(&view, page_locale(query.as_deref(), &headers, None)).into_response()
}

async fn docs(State(engine): State<Engine>) -> Response {
    let token = if engine.is_development() {
        seeds::sellers()[0].test.access_token.clone()
    } else {
        "<access token>".to_owned()
    };
    let example = Example { base_url: engine.public_url().to_owned(), access_token: token };
    docs_page(&openapi::document(engine.public_url()), &example).into_response()
}

async fn openapi_json(State(engine): State<Engine>) -> Response {
    super::json(StatusCode::OK, openapi::document(engine.public_url()).to_string())
}

/// A method's or issuer's logo: its name on a plain card, as no brand's artwork is ours to give.
async fn logo(PathPart(name): PathPart<String>) -> Response {
    let name: String = name
        .split('.')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(24)
        .collect();
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 60\" role=\"img\" aria-label=\"{name}\">\
         <rect x=\"1\" y=\"1\" width=\"94\" height=\"58\" rx=\"6\" fill=\"#fff\" stroke=\"#9aa5b1\"/>\
         <text x=\"48\" y=\"35\" text-anchor=\"middle\" font-family=\"sans-serif\" font-size=\"13\" textLength=\"{}\" \
         lengthAdjust=\"spacingAndGlyphs\" fill=\"#1f2933\">{name}</text></svg>",
        (name.len() * 8).clamp(8, 84),
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, svg).into_response()
}
