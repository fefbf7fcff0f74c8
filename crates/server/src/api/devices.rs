//! `/v1/devices/widgets`, for pages that run an old copy of the original library.

use super::answer::Answer;
use super::authentication::Anyone;
use super::json;
use super::request::RawBody;
use crate::tls::is_impersonated;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use pasarela_engine::{Engine, nature};
use serde_json::json as value;
use std::fmt::Write;

/// Starts a device session: its name, and the markup of the script that keeps it.
#[utoipa::path(
    post, path = "/v1/devices/widgets", operation_id = "start_device_session", tag = "card tokens",
    params(("public_key" = Option<String>, Query, description = "Instead of an access token")),
    request_body(content = super::schema::DeviceWidgetRequest),
    responses((status = 200, description = "The session", body = super::schema::DeviceWidget)),
    security(("access_token" = []), ("public_key" = [])),
)]
pub async fn start(State(engine): State<Engine>, _: Anyone, headers: HeaderMap, _: RawBody) -> Answer {
    let session = new_session();
    let server = script_server(&headers).unwrap_or_else(|| engine.public_url().to_owned());
    let widget = format!(r#"<script src="{server}/v2/security.js?session_id={session}" async></script>"#);
    Ok(json(StatusCode::OK, value!({ "session_id": session, "widget": widget }).to_string()))
}

/// As the library makes them: 32 random bytes.
fn new_session() -> String {
    let mut bytes = [0; 32];
    nature::draw(&mut bytes);
    bytes.iter().fold("armor.".to_owned(), |mut text, byte| {
        // Writing to a String never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Who calls by a host that pages have built in finds the script at one, too.
fn script_server(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    is_impersonated(host).then(|| "https://www.mercadopago.com".to_owned())
}
