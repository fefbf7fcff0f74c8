//! `/pasarela/branding`: what an application's buyers see of it on the hosted checkout.

use super::answer::{Answer, ApiFailure};
use super::authentication::Seller;
use super::json;
use super::request::{PathPart, RawBody};
use crate::pages::assets::color_path;
use crate::pages::layout::Shop;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pasarela_domain::identity::{ApplicationId, Caller, Mode};
use pasarela_domain::json::Json;
use pasarela_domain::refusal::Refusal;
use pasarela_engine::branding::{Branding, BrandingChange};
use pasarela_engine::{Engine, Failure};
use serde_json::json as value;

/// The name, the color and the logo of the application's pages, in the credential's mode.
#[utoipa::path(
    get, path = "/pasarela/branding", operation_id = "read_branding", tag = "branding",
    responses((status = 200, description = "What buyers see", body = super::schema::checkout::BrandingBody)),
    security(("access_token" = [])),
)]
pub async fn read(State(engine): State<Engine>, Seller(caller): Seller) -> Answer {
    let branding = engine.branding(&caller).await?;
    Ok(json(StatusCode::OK, body_of(&engine, &caller, &branding).to_string()))
}

/// Changes what is named; `null` takes it away.
#[utoipa::path(
    put, path = "/pasarela/branding", operation_id = "change_branding", tag = "branding",
    request_body(content = super::schema::checkout::BrandingRequest),
    responses(
        (status = 200, description = "What buyers see now", body = super::schema::checkout::BrandingBody),
        (status = 400, description = "No name, no color, or no small PNG", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn change(State(engine): State<Engine>, Seller(caller): Seller, body: RawBody) -> Answer {
    let body = body.json()?;
    let logo = match text(&body, "logo")? {
        Some(Some(logo)) => {
            let bytes = BASE64_STANDARD.decode(logo.trim());
            Some(Some(bytes.map_err(|_| Refusal::plain(400, "logo must be base64"))?))
        }
        other => other.map(|_| None),
    };
    let change = BrandingChange { name: text(&body, "name")?, color: text(&body, "color")?, logo };
    let branding = engine.change_branding(&caller, &change).await?;
    Ok(json(StatusCode::OK, body_of(&engine, &caller, &branding).to_string()))
}

/// A text, `null`, or nothing.
fn text(body: &Json<'_>, name: &str) -> Result<Option<Option<String>>, Refusal> {
    match body.get(name) {
        None => Ok(None),
        Some(Json::Null) => Ok(Some(None)),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(Some(text.to_owned()))),
            None => Err(Refusal::plain(400, format!("{name} must be a text or null"))),
        },
    }
}

fn body_of(engine: &Engine, caller: &Caller, branding: &Branding) -> serde_json::Value {
    value!({
        "application_id": caller.application_id,
        "live_mode": caller.mode.is_live(),
        "name": branding.name,
        "color": branding.color.as_ref().map(|color| format!("#{color}")),
        "logo_url": logo_path(caller.application_id, caller.mode, branding).map(|path| format!("{}{path}", engine.public_url())),
    })
}

/// What buyers see of the seller: the name, color and logo of the application, else the name of the account.
pub(super) async fn shop_of(
    engine: &Engine,
    (id, mode): (ApplicationId, Mode),
    account_name: &str,
) -> Result<Shop, Failure> {
    let branding = engine.branding_of(id, mode).await?;
    Ok(Shop {
        logo: logo_path(id, mode, &branding),
        colors: branding.color.as_deref().map(color_path),
        ..Shop::named(branding.name.as_deref().unwrap_or(account_name))
    })
}

/// Where the logo is: another address for another picture, so that browsers may keep it.
pub(crate) fn logo_path(id: ApplicationId, mode: Mode, branding: &Branding) -> Option<String> {
    let name = branding.logo.as_ref()?;
    Some(format!("/shop-logos/{id}-{}-{name}.png", mode.name()))
}

/// An application's logo.
pub(super) async fn logo(State(engine): State<Engine>, PathPart(name): PathPart<String>) -> Response {
    let found = match parts(&name) {
        Some((application_id, mode, name)) => engine.logo(application_id, mode, name).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(bytes)) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("image/png")),
                (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
                (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
                (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'")),
            ];
            (headers, bytes).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(failure) => ApiFailure::from(failure).into_response(),
    }
}

fn parts(name: &str) -> Option<(ApplicationId, Mode, &str)> {
    let mut parts = name.strip_suffix(".png")?.splitn(3, '-');
    let application_id = parts.next()?.parse().ok()?;
    let said = parts.next()?;
    let mode = [Mode::Test, Mode::Live].into_iter().find(|mode| mode.name() == said)?;
    Some((application_id, mode, parts.next()?))
}
