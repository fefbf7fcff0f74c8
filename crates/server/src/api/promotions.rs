//! `GET /v1/payment_methods/deals`, and the promotions page with its banner.

use super::answer::Answer;
use super::authentication::Anyone;
use super::conditional::{Freshness, conditional};
use super::request::{PathPart, page_locale, query_pairs, query_value, value_of};
use crate::pages::{self, Locale, PromotionsView};
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use pasarela_domain::catalogue::{DealParameters, memory};
use pasarela_domain::identity::{Caller, CredentialKind};
use pasarela_domain::site::Site;
use pasarela_engine::Engine;
use std::sync::Arc;

/// The campaigns that the caller's buyers may read about.
#[utoipa::path(
    get, path = "/v1/payment_methods/deals", operation_id = "list_deals", tag = "catalogue",
    params(
        ("public_key" = Option<String>, Query, description = "Instead of an access token"),
        ("differential_pricing_id" = Option<i64>, Query, description = "The campaign that the seller joins"),
        ("locale" = Option<String>, Query, description = "Language of the texts: es, pt or en"),
    ),
    responses((status = 200, description = "A bare array", body = Vec<super::schema::DealBody>)),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn deals(
    State(engine): State<Engine>,
    Anyone { caller, .. }: Anyone,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let parameters = parameters(&engine, Some(&caller), query.as_deref());
    let json = engine.catalogue().site(caller.site).deals_json(&parameters, &engine.logo_url());
    Ok(conditional(&headers, &Arc::new(memory::Answer::new(json)), Freshness::AskAgain))
}

/// `/promociones`: of the public key's seller, or of the `site` that is asked for, or of Argentina, which has had such a
/// page for longest.
pub(super) async fn page(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let (view, locale) = view(&engine, None, query.as_deref(), &headers).await;
    pages::promotions(&view, locale).into_response()
}

/// `/promociones/{site}`
pub(super) async fn site_page(
    State(engine): State<Engine>,
    PathPart(site): PathPart<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(site) = Site::from_id(&site) else {
        return pages::missing(page_locale(query.as_deref(), &headers, None)).into_response();
    };
    let (view, locale) = view(&engine, Some(site), query.as_deref(), &headers).await;
    pages::promotions(&view, locale).into_response()
}

/// `/promociones/banner`: the same in a strip, for a frame in a shop.
pub(super) async fn banner(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let (view, locale) = view(&engine, None, query.as_deref(), &headers).await;
    pages::promotions_banner(&view, locale).into_response()
}

/// `/{site}/credit_card_promos.htm`: where old shops link to.
pub(super) async fn legacy_page(PathPart(site): PathPart<String>) -> Response {
    match Site::from_id(&site) {
        Some(site) => Redirect::permanent(&format!("/promociones/{site}")).into_response(),
        None => super::unknown_route().await.into_response(),
    }
}

async fn view(
    engine: &Engine,
    site: Option<Site>,
    query: Option<&str>,
    headers: &HeaderMap,
) -> (PromotionsView, Locale) {
    let asked_site = query_value(query, "site").and_then(|site| Site::from_id(&site));
    // A key that opens nothing makes the page nobody's; the page itself is public.
    let caller = match query_value(query, "public_key") {
        Some(key) => engine.authenticate(&key).await.ok().flatten(),
        None => None,
    };
    let caller = caller.filter(|caller| caller.kind == CredentialKind::PublicKey);
    let site = site.or(caller.as_ref().map(|caller| caller.site)).or(asked_site).unwrap_or(Site::MLA);
    let caller = caller.filter(|caller| caller.site == site);
    let parameters = parameters(engine, caller.as_ref(), query);
    let locale = page_locale(query, headers, Some(site));
    let again = again(query);
    (PromotionsView::of(engine.catalogue().site(site), &parameters, locale, &again), locale)
}

/// What of a query names the seller, for the link from the banner to the page.
fn again(query: Option<&str>) -> String {
    let pairs = query_pairs(query);
    let mut again = String::new();
    for name in ["public_key", "differential_pricing_id"] {
        if let Some(value) = value_of(&pairs, &[name]) {
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            again.push_str(&format!("&{name}={value}"));
        }
    }
    again
}

fn parameters(engine: &Engine, caller: Option<&Caller>, query: Option<&str>) -> DealParameters {
    let pairs = query_pairs(query);
    DealParameters {
        collector_id: caller.map_or(0, |caller| caller.account_id),
        differential_pricing_id: value_of(&pairs, &["differential_pricing_id", "differentialPricingId"])
            .and_then(|id| id.parse().ok()),
        locale: value_of(&pairs, &["locale"]),
        now: caller
            .map_or_else(pasarela_engine::clock::wall, |caller| engine.now(caller.account_id, caller.mode)),
    }
}
