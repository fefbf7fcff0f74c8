//! `/sandbox`: what a buyer, a bank or time does later, done now. Test credentials only.

use super::answer::{Answer, ApiFailure};
use super::authentication::Seller;
use super::json;
use super::request::{PathPart, RawBody, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use pasarela_domain::json::Json;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::{DAY, HOUR, MINUTE, SECOND};
use pasarela_engine::Engine;
use pasarela_engine::sandbox::Act;

/// Does to a payment what others would do later.
#[utoipa::path(
    post, path = "/sandbox/payments/{id}/{act}", operation_id = "act_on_payment", tag = "sandbox",
    params(
        ("id" = i64, Path, description = "The payment's id"),
        ("act" = String, Path, description = "pay, expire, approve, reject, charge_back, win_chargeback, lose_chargeback, confirm_challenge, fail_challenge"),
    ),
    request_body(content = super::schema::SandboxActRequest),
    responses(
        (status = 200, description = "The payment as it is now", body = pasarela_domain::payment::body::Payment),
        (status = 400, description = "2018 when the state does not allow it", body = super::schema::ApiError),
        (status = 403, description = "With live credentials", body = super::schema::ApiError),
        (status = 404, description = "2000, or no such act", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn act(
    State(engine): State<Engine>,
    Seller(caller): Seller,
    PathPart((id, act)): PathPart<(String, String)>,
    body: RawBody,
) -> Answer {
    let detail = body.json()?.get("status_detail").and_then(Json::as_str).map(str::to_owned);
    let id = path_id(&id).ok_or_else(|| Refusal::not_found(2000, "Payment not found"))?;
    let act = match act.replace('-', "_").as_str() {
        "pay" => Act::Pay,
        "expire" => Act::Expire,
        "approve" => Act::Approve,
        "reject" => Act::Reject(detail),
        "charge_back" => Act::ChargeBack,
        "win_chargeback" => Act::CloseChargeback(true),
        "lose_chargeback" => Act::CloseChargeback(false),
        "confirm_challenge" => Act::Challenge(true),
        "fail_challenge" => Act::Challenge(false),
        _ => {
            return Err(Refusal::plain(
                404,
                "no such act: pay, expire, approve, reject, charge_back, win_chargeback, lose_chargeback, \
                 confirm_challenge or fail_challenge",
            )
            .into());
        }
    };
    Ok(json(StatusCode::OK, engine.act(&caller, id, &act).await?))
}

/// The caller's test clock.
#[utoipa::path(
    get, path = "/sandbox/clock", operation_id = "read_clock", tag = "sandbox",
    responses((status = 200, description = "`now`", body = super::schema::ClockBody)),
    security(("access_token" = [])),
)]
pub async fn clock(State(engine): State<Engine>, Seller(caller): Seller) -> Answer {
    Ok(json(StatusCode::OK, engine.test_clock(&caller)?.to_string()))
}

/// Moves the caller's test clock forward and does what falls due on the way, in order.
#[utoipa::path(
    post, path = "/sandbox/clock", operation_id = "advance_clock", tag = "sandbox",
    request_body(content = super::schema::ClockRequest),
    responses(
        (status = 200, description = "The time now, and how many timers were done", body = super::schema::ClockBody),
        (status = 400, description = "Not a duration, or not forward", body = super::schema::ApiError),
    ),
    security(("access_token" = [])),
)]
pub async fn advance(State(engine): State<Engine>, Seller(caller): Seller, body: RawBody) -> Answer {
    let by = body.json()?.get("advance").and_then(Json::as_str).and_then(duration_ms).ok_or_else(|| {
        ApiFailure::from(Refusal::plain(
            400,
            "advance is an ISO 8601 duration, such as P7D, PT30M or P1DT12H",
        ))
    })?;
    Ok(json(StatusCode::OK, engine.advance_clock(&caller, by).await?.to_string()))
}

/// What the store has done since the server started.
#[utoipa::path(
    get, path = "/sandbox/counters", operation_id = "read_counters", tag = "sandbox",
    responses((status = 200, description = "commits, payments, syncs, waiting", body = super::schema::CountersBody)),
    security(("access_token" = [])),
)]
pub async fn counters(State(engine): State<Engine>, Seller(_): Seller) -> Answer {
    let counters = engine.counters();
    let body = serde_json::json!({
        "commits": counters.commits, "payments": counters.payments,
        "syncs": counters.syncs, "waiting": counters.waiting,
    });
    Ok(json(StatusCode::OK, body.to_string()))
}

/// An ISO 8601 duration of weeks, days, hours, minutes and seconds, in milliseconds. Months and years have no fixed
/// length, so they are not taken.
pub(super) fn duration_ms(text: &str) -> Option<i64> {
    let rest = text.trim().strip_prefix(['P', 'p'])?;
    let (date, time) = rest.split_once(['T', 't']).unwrap_or((rest, ""));
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let total = units(date, &[('W', 7 * DAY), ('D', DAY)])?
        .checked_add(units(time, &[('H', HOUR), ('M', MINUTE), ('S', SECOND)])?)?;
    Some(total)
}

fn units(mut text: &str, known: &[(char, i64)]) -> Option<i64> {
    let mut total: i64 = 0;
    while !text.is_empty() {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let count: i64 = text.get(..digits)?.parse().ok()?;
        let unit = text[digits..].chars().next()?.to_ascii_uppercase();
        let (_, ms) = known.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(count.checked_mul(*ms)?)?;
        text = &text[digits + 1..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        assert_eq!(duration_ms("P7D"), Some(7 * DAY));
        assert_eq!(duration_ms("PT30M"), Some(30 * MINUTE));
        assert_eq!(duration_ms("P1DT12H"), Some(36 * HOUR));
        assert_eq!(duration_ms("P2W"), Some(14 * DAY));
        for bad in ["", "P", "7D", "P1M", "P-1D", "PXD", "P99999999999999999999D", "P1é"] {
            assert_eq!(duration_ms(bad), None, "{bad}");
        }
    }
}
