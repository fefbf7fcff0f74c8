//! What a checkout asks before it charges: methods, issuers, document types.

use super::answer::{Answer, ApiFailure};
use super::authentication::Anyone;
use super::json;
use super::request::query_value;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use pasarela_domain::catalogue::SearchParameters;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::Engine;

/// The methods of the caller's site.
#[utoipa::path(
    get, path = "/v1/payment_methods", operation_id = "list_payment_methods", tag = "catalogue",
    params(("public_key" = Option<String>, Query, description = "Instead of an access token")),
    responses((status = 200, description = "A bare array", body = Vec<super::schema::PaymentMethodBody>)),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn payment_methods(State(engine): State<Engine>, Anyone { caller, .. }: Anyone) -> Answer {
    let body = engine.catalogue().site(caller.site).payment_methods_json(&engine.logo_url());
    Ok(json(StatusCode::OK, body))
}

/// The methods that a card's first digits belong to, or all of them.
#[utoipa::path(
    get, path = "/v1/payment_methods/search", operation_id = "search_payment_methods", tag = "catalogue",
    params(
        ("public_key" = Option<String>, Query, description = "Instead of an access token"),
        ("bins" = Option<String>, Query, description = "6 or 8 first digits; `bin` is the same"),
        ("status" = Option<String>, Query, description = "active"),
        ("processing_mode" = Option<String>, Query, description = "aggregator"),
        ("id" = Option<String>, Query, description = "One method"),
        ("payment_type_id" = Option<String>, Query, description = "One type"),
        ("limit" = Option<u32>, Query, description = "30 by default"),
        ("offset" = Option<u32>, Query, description = "0 by default"),
    ),
    responses((status = 200, description = "`{paging, results}`", body = Object)),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn search(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    RawQuery(query): RawQuery,
) -> Answer {
    let get = |name: &str| query_value(query.as_deref(), name);
    let number = |name: &str| match get(name) {
        None => Ok(None),
        Some(text) => text.parse::<usize>().map(Some).map_err(|_| rows()),
    };
    let parameters = SearchParameters {
        bin: get("bins")
            .or_else(|| get("bin"))
            .map(|bin| bin.chars().filter(char::is_ascii_digit).take(19).collect()),
        status: get("status"),
        processing_mode: get("processing_mode"),
        id: get("id"),
        payment_type_id: get("payment_type_id"),
        limit: number("limit")?,
        offset: number("offset")?,
    };
    let body = engine.catalogue().site(caller.site).search_json(&parameters, &engine.logo_url());
    Ok(json(StatusCode::OK, body))
}

/// The issuers among which the buyer of a card must choose.
#[utoipa::path(
    get, path = "/v1/payment_methods/card_issuers", operation_id = "list_card_issuers", tag = "catalogue",
    params(
        ("public_key" = Option<String>, Query, description = "Instead of an access token"),
        ("payment_method_id" = String, Query, description = "The method"),
        ("bin" = Option<String>, Query, description = "6 or 8 first digits"),
    ),
    responses((status = 200, description = "A bare array", body = Vec<Object>)),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn card_issuers(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    RawQuery(query): RawQuery,
) -> Answer {
    let get = |name: &str| query_value(query.as_deref(), name);
    let method = get("payment_method_id")
        .ok_or_else(|| Refusal::bad_request(4001, "Payment_method_id attribute can't be null"))?;
    let bin = get("bin").unwrap_or_default();
    let body = engine.catalogue().site(caller.site).card_issuers_json(&method, &bin, &engine.logo_url());
    Ok(json(StatusCode::OK, body))
}

/// The document types of the caller's site.
#[utoipa::path(
    get, path = "/v1/identification_types", operation_id = "list_identification_types", tag = "catalogue",
    params(("public_key" = Option<String>, Query, description = "Instead of an access token")),
    responses(
        (status = 200, description = "A bare array", body = Vec<super::schema::IdentificationTypeBody>),
        (status = 404, description = "1004: the site asks for none", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn identification_types(State(engine): State<Engine>, Anyone { caller, .. }: Anyone) -> Answer {
    match engine.catalogue().site(caller.site).identification_types_json() {
        Some(body) => Ok(json(StatusCode::OK, body)),
        None => Err(Refusal::not_found(1004, "Identification types not found").into()),
    }
}

fn rows() -> ApiFailure {
    Refusal::bad_request(1000, "Number of rows exceeded the limits").into()
}
