//! `/v1/quality` and `/v1/applications/{id}/quality`: the rules of a good integration, and measurements by them. The
//! original shows these in its panel alone; the paths are this platform's own.

use super::answer::Answer;
use super::authentication::Seller;
use super::json;
use super::request::{PathPart, RawBody, page_locale, path_id, query_value};
use crate::pages;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use pasarela_domain::json::{Json, member};
use pasarela_domain::quality::report::Report;
use pasarela_domain::quality::rules::{self, Aspect, Gate, Kind, Product, Rule};
use pasarela_domain::quality::texts::{self, Languages};
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Engine;
use pasarela_engine::quality::measuring::{MeasureRequest, Subject};
use serde::Serialize;
use serde_json::json as value;
use utoipa::ToSchema;

/// One rule, as it is shown.
#[derive(Serialize, ToSchema)]
pub struct RuleBody {
    /// `CHP-001`, …
    id: &'static str,
    /// Its name on the official checklist.
    name: &'static str,
    /// Whose integrations it is for; `all`: the way to live payments.
    product: Product,
    /// What it is good for.
    aspect: Aspect,
    /// How much it matters.
    kind: Kind,
    /// What it holds back while it is not met.
    gate: Gate,
    /// What it is worth; a product's rules have 100 together.
    points: u32,
    /// `reported` by integrators, `proposed` by this platform, or 0 `by_definition`.
    points_basis: &'static str,
    /// Where its evidence is.
    paths: &'static str,
    /// What is asked for.
    title: &'static Languages<String>,
    /// What to do.
    remedy: &'static Languages<String>,
    /// Why it matters.
    why: &'static Languages<String>,
    /// A request, or a page, without it.
    before: &'static str,
    /// The same with it.
    after: &'static str,
    /// Its page.
    url: String,
}

impl RuleBody {
    fn of(rule: &'static Rule, public_url: &str) -> RuleBody {
        let said = texts::of(rule.check);
        RuleBody {
            id: rule.id,
            name: rule.name,
            product: rule.product,
            aspect: rule.aspect,
            kind: rule.kind,
            gate: rule.gate,
            points: rule.points,
            points_basis: rule.points_basis,
            paths: rule.paths,
            title: &said.title,
            remedy: &said.remedy,
            why: said.why(),
            before: &said.before,
            after: &said.after,
            url: format!("{public_url}/quality/rules/{}", rule.id),
        }
    }
}

/// What a measurement is asked with.
#[derive(ToSchema)]
pub struct MeasurementRequest {
    /// The payment to measure by; without it, the newest one, approved if any is.
    pub payment_id: Option<i64>,
    /// `checkout_pro`, `checkout_api` or `checkout_bricks`; without it, the payment tells.
    pub product: Option<Product>,
}

/// A page of measurements.
#[derive(ToSchema)]
pub struct MeasurementsBody {
    /// The newest first.
    pub results: Vec<Report>,
}

/// All rules of a good integration, or those of a `product`.
#[utoipa::path(
    get, path = "/v1/quality/rules", operation_id = "list_quality_rules", tag = "quality",
    params(("product" = Option<String>, Query, description = "checkout_pro, checkout_api, checkout_bricks or all (the way to live payments)")),
    responses(
        (status = 200, description = "A bare array", body = Vec<RuleBody>),
        (status = 400, description = "No such product", body = super::schema::ApiError),
    ),
    security(()),
)]
pub async fn list_rules(State(engine): State<Engine>, RawQuery(query): RawQuery) -> Answer {
    let product = query_value(query.as_deref(), "product");
    let product = product.map(|word| Product::from_word(&word).ok_or_else(no_product)).transpose()?;
    let wanted = rules::all().iter().filter(|rule| product.is_none_or(|product| rule.product == product));
    let shown: Vec<_> = wanted.map(|rule| RuleBody::of(rule, engine.public_url())).collect();
    Ok(json(StatusCode::OK, value!(shown).to_string()))
}

/// One rule.
#[utoipa::path(
    get, path = "/v1/quality/rules/{id}", operation_id = "read_quality_rule", tag = "quality",
    params(("id" = String, Path, description = "The rule: CHP-001, …")),
    responses(
        (status = 200, description = "The rule", body = RuleBody),
        (status = 404, description = "No such rule", body = super::schema::ApiError),
    ),
    security(()),
)]
pub async fn read_rule(State(engine): State<Engine>, PathPart(id): PathPart<String>) -> Answer {
    let rule = rules::find(&id).ok_or_else(|| Refusal::plain(404, "Rule not found"))?;
    Ok(json(StatusCode::OK, value!(RuleBody::of(rule, engine.public_url())).to_string()))
}

/// Measures an integration by one of its payments, in the credential's mode, and keeps the result. It can be repeated at
/// once after something was mended.
#[utoipa::path(
    post, path = "/v1/applications/{id}/quality/measurements", operation_id = "measure_quality", tag = "quality",
    params(("id" = i64, Path, description = "The credential's application")),
    request_body(content = MeasurementRequest),
    responses(
        (status = 201, description = "What was found", body = Report),
        (status = 400, description = "`invalid_payment_id`: of another application; `invalid_product`", body = super::schema::ApiError),
        (status = 404, description = "No such application or payment of this caller, or no payment at all", body = super::schema::ApiError),
        (status = 429, description = "The application, or a few others, are being measured; see `Retry-After`", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn measure(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
    body: RawBody,
) -> Answer {
    let body = body.json()?;
    let product = match member(&body, "product") {
        None => None,
        Some(word) => Some(word.as_str().and_then(Product::from_word).ok_or_else(no_product)?),
    };
    if product == Some(Product::All) {
        return Err(no_product().into());
    }
    let subject = match member(&body, "payment_id") {
        None => Subject::Newest,
        Some(Json::Number(number)) => Subject::Payment(path_id(number.as_str()).ok_or_else(no_payment)?),
        Some(text) => Subject::Payment(text.as_str().and_then(path_id).ok_or_else(no_payment)?),
    };
    let request = MeasureRequest { subject, product };
    let report = engine.measure_quality(&caller, application(&id)?, &request).await?;
    Ok(json(StatusCode::CREATED, value!(report).to_string()))
}

/// The measurements of an integration in the credential's mode, the newest first: the last sixty that were asked for, and those of
/// sixty months. Titles and remedies, which all have alike, come with a single one, and with the rules.
#[utoipa::path(
    get, path = "/v1/applications/{id}/quality/measurements", operation_id = "list_quality_measurements", tag = "quality",
    params(("id" = i64, Path, description = "The credential's application")),
    responses(
        (status = 200, description = "Those that are published", body = MeasurementsBody),
        (status = 404, description = "No such application of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn list(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
) -> Answer {
    let results = engine.quality_measurements(&caller, application(&id)?).await?;
    Ok(json(StatusCode::OK, value!({"results": results}).to_string()))
}

/// One measurement.
#[utoipa::path(
    get, path = "/v1/applications/{id}/quality/measurements/{measurement_id}", operation_id = "read_quality_measurement", tag = "quality",
    params(
        ("id" = i64, Path, description = "The credential's application"),
        ("measurement_id" = i64, Path, description = "The measurement"),
    ),
    responses(
        (status = 200, description = "What was found", body = Report),
        (status = 404, description = "No such measurement of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn read(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart((id, measurement_id)): PathPart<(String, String)>,
) -> Answer {
    let measurement_id =
        path_id(&measurement_id).ok_or_else(|| Refusal::plain(404, "Measurement not found"))?;
    let report = engine.quality_measurement(&caller, application(&id)?, measurement_id).await?;
    Ok(json(StatusCode::OK, value!(report).to_string()))
}

/// `/quality/rules`: all rules for people.
pub(super) async fn rules_page(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    pages::quality_rules(page_locale(query.as_deref(), &headers, None)).into_response()
}

/// `/quality/rules/{id}`: why a rule matters.
pub(super) async fn rule_page(
    PathPart(id): PathPart<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let locale = page_locale(query.as_deref(), &headers, None);
    match rules::find(&id) {
        Some(rule) => pages::quality_rule(rule, locale).into_response(),
        None => pages::missing(locale).into_response(),
    }
}

pub(super) fn application(id: &str) -> Result<i64, Refusal> {
    path_id(id).ok_or_else(|| Refusal::plain(404, "Application not found"))
}

fn no_product() -> Refusal {
    Refusal::keyed(400, "invalid_product", "product is checkout_pro, checkout_api or checkout_bricks")
}

fn no_payment() -> Refusal {
    Refusal::keyed(400, "invalid_payment_id", "payment_id is a payment's number")
}
