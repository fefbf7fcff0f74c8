//! `/v1/customers`

use super::answer::{Answer, ApiFailure};
use super::authentication::Seller;
use super::json;
use super::request::{PathPart, RawBody, header_text, query_pairs};
use axum::extract::{FromRequest, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pasarela_domain::customer::fault;
use pasarela_domain::identity::Caller;
use pasarela_domain::json::{Json, parse};
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Engine;
use pasarela_engine::payments::{IdempotencyKey, Written};

/// Remembers a buyer.
#[utoipa::path(
    post, path = "/v1/customers", operation_id = "create_customer", tag = "customers",
    params(("X-Idempotency-Key" = Option<String>, Header, description = "The same key makes one customer")),
    request_body(content = super::schema::CustomerRequestBody),
    responses(
        (status = 201, description = "Made", body = pasarela_domain::customer::Customer),
        (status = 200, description = "Made before under the same key", body = pasarela_domain::customer::Customer),
        (status = 400, description = "101 when there is one with this e-mail; 103 to 118, 128, 150", body = super::schema::ApiError),
        (status = 401, description = "Without a valid access token", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn create(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    headers: HeaderMap,
    body: CustomerBody,
) -> Answer {
    let key = key(&headers, &caller, "POST /v1/customers", body.bytes())?;
    Ok(made(engine.create_customer(&caller, key, &body.json()?).await?))
}

/// A customer of the caller, with its cards.
#[utoipa::path(
    get, path = "/v1/customers/{id}", operation_id = "read_customer", tag = "customers",
    params(("id" = String, Path, description = "The customer")),
    responses(
        (status = 200, description = "The customer", body = pasarela_domain::customer::Customer),
        (status = 404, description = "No such customer of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn read(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
) -> Answer {
    Ok(json(StatusCode::OK, engine.customer(&caller, &id).await?))
}

/// Changes what is said, and keeps the rest.
#[utoipa::path(
    put, path = "/v1/customers/{id}", operation_id = "change_customer", tag = "customers",
    params(
        ("id" = String, Path, description = "The customer"),
        ("X-Idempotency-Key" = Option<String>, Header, description = "Honoured when sent"),
    ),
    request_body(content = super::schema::CustomerChangeBody),
    responses(
        (status = 200, description = "The customer as it is now", body = pasarela_domain::customer::Customer),
        (status = 400, description = "126 for another e-mail; 120 for a default card that is not there; else as in creation", body = super::schema::ApiError),
        (status = 404, description = "No such customer of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn change(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
    headers: HeaderMap,
    body: CustomerBody,
) -> Answer {
    let key = key(&headers, &caller, &format!("PUT /v1/customers/{id}"), body.bytes())?;
    Ok(json(StatusCode::OK, engine.change_customer(&caller, &id, key, &body.json()?).await?.body))
}

/// Forgets a customer and its cards. Payments stay.
#[utoipa::path(
    delete, path = "/v1/customers/{id}", operation_id = "delete_customer", tag = "customers",
    params(
        ("id" = String, Path, description = "The customer"),
        ("X-Idempotency-Key" = Option<String>, Header, description = "Honoured when sent"),
    ),
    responses(
        (status = 200, description = "The customer as it was, with `status: deactive`", body = pasarela_domain::customer::Customer),
        (status = 404, description = "No such customer of this caller", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn delete(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart(id): PathPart<String>,
    headers: HeaderMap,
) -> Answer {
    let key = key(&headers, &caller, &format!("DELETE /v1/customers/{id}"), &[])?;
    Ok(json(StatusCode::OK, engine.delete_customer(&caller, &id, key).await?))
}

/// Searches the caller's customers.
#[utoipa::path(
    get, path = "/v1/customers/search", operation_id = "search_customers", tag = "customers",
    params(
        ("email" = Option<String>, Query, description = "Whole; capitals don't count"),
        ("id" = Option<String>, Query, description = "Exact"),
        ("first_name" = Option<String>, Query, description = "Whole; capitals don't count"),
        ("last_name" = Option<String>, Query, description = "Whole; capitals don't count"),
        ("identification.type" = Option<String>, Query, description = "Whole"),
        ("identification.number" = Option<String>, Query, description = "Whole"),
        ("phone.area_code" = Option<String>, Query, description = "Whole"),
        ("phone.number" = Option<String>, Query, description = "Whole"),
        ("range" = Option<String>, Query, description = "`date_created:after::<date>,before::<date>`; also date_last_updated"),
        ("sort" = Option<String>, Query, description = "date_created (default), date_last_updated, id, first_name, last_name"),
        ("order" = Option<String>, Query, description = "asc (default) or desc"),
        ("limit" = Option<u32>, Query, description = "1000 at most; 10 by default"),
        ("offset" = Option<u32>, Query, description = "0 by default"),
    ),
    responses(
        (status = 200, description = "A page", body = super::schema::CustomerPage),
        (status = 400, description = "200 to 208", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn search(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    RawQuery(query): RawQuery,
) -> Answer {
    let body = engine.search_customers(&caller, &query_pairs(query.as_deref())).await?;
    Ok(json(StatusCode::OK, body))
}

/// The body of a customer route, whose faults have codes of their own.
pub struct CustomerBody(RawBody);

impl CustomerBody {
    /// What was sent.
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The JSON.
    ///
    /// # Errors
    /// 118 when it is none.
    pub fn json(&self) -> Result<Json<'_>, Refusal> {
        parse(self.bytes()).map_err(|_| fault("118", "the body must be a Json Object"))
    }
}

impl<S: Send + Sync> FromRequest<S> for CustomerBody {
    type Rejection = ApiFailure;

    async fn from_request(request: Request, state: &S) -> Result<CustomerBody, ApiFailure> {
        RawBody::from_request(request, state).await.map(CustomerBody)
    }
}

/// The request's idempotency key, if it has one.
pub(super) fn key(
    headers: &HeaderMap,
    caller: &Caller,
    path: &str,
    body: &[u8],
) -> Result<Option<IdempotencyKey>, Refusal> {
    IdempotencyKey::optional(header_text(headers, "x-idempotency-key").as_deref(), caller.mode, path, body)
}

pub(super) fn made(written: Written) -> Response {
    json(if written.replayed { StatusCode::OK } else { StatusCode::CREATED }, written.body)
}
