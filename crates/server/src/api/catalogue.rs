//! What a checkout asks before it charges: methods, issuers, instalments, document types.

use super::answer::{Answer, ApiFailure};
use super::authentication::Anyone;
use super::conditional::{Freshness, conditional};
use super::request::{PathPart, query_pairs, value_of};
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use pasarela_domain::catalogue::memory;
use pasarela_domain::catalogue::{InstallmentParameters, SearchParameters};
use pasarela_domain::identity::Caller;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::site::Site;
use pasarela_engine::Engine;
use std::sync::Arc;

/// The methods of the caller's site.
#[utoipa::path(
    get, path = "/v1/payment_methods", operation_id = "list_payment_methods", tag = "catalogue",
    params(("public_key" = Option<String>, Query, description = "Instead of an access token")),
    responses(
        (status = 200, description = "A bare array", body = Vec<super::schema::PaymentMethodBody>),
        (status = 304, description = "`If-None-Match` names the answer's `ETag`"),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn payment_methods(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    headers: HeaderMap,
) -> Answer {
    let (current, logos) = (engine.catalogue(), engine.logo_url());
    let catalogue = current.site(caller.site);
    let answer = match engine.takes_pix(caller.account_id, caller.site).await? {
        true => catalogue.payment_methods_answer(&logos),
        false => catalogue.payment_methods_answer_without_pix(&logos),
    };
    Ok(conditional(&headers, &answer, Freshness::Minute))
}

/// The methods of a site: what its sellers get from `/v1/payment_methods`, without a credential.
#[utoipa::path(
    get, path = "/sites/{site}/payment_methods", operation_id = "list_site_payment_methods", tag = "catalogue",
    params(("site" = String, Path, description = "MLA, MLB, MLC, MCO, MLM, MPE or MLU")),
    responses(
        (status = 200, description = "A bare array", body = Vec<super::schema::PaymentMethodBody>),
        (status = 404, description = "No such site", body = super::schema::ApiError),
    ),
    security((), ("access_token" = []), ("public_key" = [])),
)]
pub async fn site_payment_methods(
    State(engine): State<Engine>,
    PathPart(site): PathPart<String>,
    headers: HeaderMap,
) -> Answer {
    let site = Site::from_id(&site).ok_or_else(|| Refusal::plain(404, "Site not found"))?;
    let answer = engine.catalogue().site(site).payment_methods_answer(&engine.logo_url());
    Ok(conditional(&headers, &answer, Freshness::Minute))
}

/// The methods that a card's first digits belong to, or all of them.
#[utoipa::path(
    get, path = "/v1/payment_methods/search", operation_id = "search_payment_methods", tag = "catalogue",
    params(
        ("public_key" = Option<String>, Query, description = "Instead of an access token"),
        ("bins" = Option<String>, Query, description = "6 or 8 first digits; `bin` is the same"),
        ("status" = Option<String>, Query, description = "active"),
        ("processing_mode" = Option<String>, Query, description = "aggregator; `processing_modes` is the same"),
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
    headers: HeaderMap,
) -> Answer {
    let pairs = query_pairs(query.as_deref());
    let get = |names: &[&str]| value_of(&pairs, names);
    let number = |name: &str| match get(&[name]) {
        None => Ok(None),
        Some(text) => text.parse::<usize>().map(Some).map_err(|_| rows()),
    };
    let parameters = SearchParameters {
        // What has no digits is no card's beginning: it is not the same as asking for all.
        bin: get(&["bins", "bin"]).map(|bin| Some(digits(&bin)).filter(|bin| !bin.is_empty()).unwrap_or(bin)),
        status: get(&["status"]),
        processing_mode: get(&["processing_mode", "processing_modes"]),
        id: get(&["id"]),
        payment_type_id: get(&["payment_type_id"]),
        limit: number("limit")?,
        offset: number("offset")?,
        without_pix: !engine.takes_pix(caller.account_id, caller.site).await?,
        collector_id: caller.account_id,
        now: engine.now(caller.account_id, caller.mode),
    };
    let answer = engine.catalogue().site(caller.site).search_answer(&parameters, &engine.logo_url());
    Ok(conditional(&headers, &answer, Freshness::AskAgain))
}

/// The issuers among which the buyer of a card must choose.
#[utoipa::path(
    get, path = "/v1/payment_methods/card_issuers", operation_id = "list_card_issuers", tag = "catalogue",
    params(
        ("public_key" = Option<String>, Query, description = "Instead of an access token"),
        ("payment_method_id" = String, Query, description = "The method"),
        ("bin" = Option<String>, Query, description = "6 or 8 first digits"),
        ("processing_mode" = Option<String>, Query, description = "aggregator"),
    ),
    responses((status = 200, description = "A bare array", body = Vec<Object>)),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn card_issuers(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let pairs = query_pairs(query.as_deref());
    let get = |names: &[&str]| value_of(&pairs, names);
    let method = get(&["payment_method_id", "paymentMethodId", "id"])
        .ok_or_else(|| Refusal::bad_request(4001, "Payment_method_id attribute can't be null"))?;
    let bin = get(&["bin", "bins"]).map(|bin| digits(&bin)).unwrap_or_default();
    let mode = get(&["processing_mode"]).unwrap_or_else(|| "aggregator".to_owned());
    let current = engine.catalogue();
    let catalogue = current.site(caller.site);
    let is_sold = catalogue.method(&method).is_some_and(|known| known.processing_modes.contains(&mode));
    let answer =
        if is_sold { catalogue.card_issuers_answer(&method, &bin, &engine.logo_url()) } else { nothing() };
    Ok(conditional(&headers, &answer, Freshness::Minute))
}

/// What a price costs in instalments, for each method and issuer that fits what is known of the card. Without an amount:
/// which plans there are.
#[utoipa::path(
    get, path = "/v1/payment_methods/installments", operation_id = "list_installments", tag = "catalogue",
    params(
        ("public_key" = Option<String>, Query, description = "Instead of an access token"),
        ("amount" = Option<f64>, Query, description = "The price, with no more decimals than the currency has"),
        ("bin" = Option<String>, Query, description = "6 or 8 first digits; `bins` is the same"),
        ("payment_method_id" = Option<String>, Query, description = "Needed without `bin`"),
        ("issuer.id" = Option<String>, Query, description = "`issuer_id` is the same"),
        ("payment_type_id" = Option<String>, Query, description = "One type"),
        ("processing_mode" = Option<String>, Query, description = "aggregator"),
        ("locale" = Option<String>, Query, description = "Language of `recommended_message`: es, pt or en"),
        ("differential_pricing_id" = Option<i64>, Query, description = "The campaign that the seller joins"),
    ),
    responses(
        (status = 200, description = "A bare array", body = Vec<super::schema::InstallmentsBody>),
        (status = 400, description = "`invalid amount`; 4001", body = super::schema::ApiError),
    ),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn installments(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let parameters = installment_parameters(&engine, &caller, query.as_deref());
    let json = engine.catalogue().site(caller.site).installments_json(&parameters, &engine.logo_url())?;
    Ok(conditional(&headers, &Arc::new(memory::Answer::new(json)), Freshness::AskAgain))
}

/// Under all the names that libraries and plugins send them by.
fn installment_parameters(engine: &Engine, caller: &Caller, query: Option<&str>) -> InstallmentParameters {
    let pairs = query_pairs(query);
    let get = |names: &[&str]| value_of(&pairs, names);
    InstallmentParameters {
        amount: get(&["amount"]),
        bin: get(&["bin", "bins"]).map(|bin| digits(&bin)),
        payment_method_id: get(&["payment_method_id", "paymentMethodId"]),
        issuer_id: get(&["issuer.id", "issuer_id", "issuerId", "cardIssuerId", "card_issuer_id"]),
        payment_type_id: get(&["payment_type_id", "paymentTypeId"]),
        processing_mode: get(&["processing_mode", "processingMode"]),
        locale: get(&["locale"]),
        differential_pricing_id: get(&["differential_pricing_id", "differentialPricingId"])
            .and_then(|id| id.parse().ok()),
        collector_id: caller.account_id,
        now: engine.now(caller.account_id, caller.mode),
    }
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
pub async fn identification_types(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    headers: HeaderMap,
) -> Answer {
    match engine.catalogue().site(caller.site).identification_types_answer() {
        Some(answer) => Ok(conditional(&headers, &answer, Freshness::Minute)),
        None => Err(Refusal::not_found(1004, "Identification types not found").into()),
    }
}

/// A BIN as it was typed: with blanks, or the whole number.
fn digits(bin: &str) -> String {
    bin.chars().filter(char::is_ascii_digit).take(19).collect()
}

fn nothing() -> Arc<memory::Answer> {
    Arc::new(memory::Answer::new("[]".to_owned()))
}

fn rows() -> ApiFailure {
    Refusal::bad_request(1000, "Number of rows exceeded the limits").into()
}
