//! `GET /v1/payments/search`: reading the query, and the page that answers it.

use crate::{Engine, Failure};
use jiff::ToSpan;
use pasarela_domain::identity::{Caller, PaymentId};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::{DAY, Timestamp};
use pasarela_store::{DateField, PaymentPage, PaymentSearch, SortField};
use pasarela_vault::Purpose;
use serde::Deserialize;

/// The most results of a page.
pub const MAX_LIMIT: u32 = 1_000;
/// The furthest that paging goes (`offset` + `limit`).
pub const MAX_DEPTH: u32 = 10_000;
/// Results of a page when nothing is said.
pub const DEFAULT_LIMIT: u32 = 30;
/// How many of a page's payments are counted as read.
pub(crate) const MOST_COUNTED: usize = 10;
/// The widest range of dates.
const MAX_RANGE: i64 = 365 * DAY;

/// A search as it was asked, with the e-mail still to be resolved and the filters that every payment of the account
/// passes or fails alike.
struct Asked {
    search: PaymentSearch,
    payer_email: Option<String>,
    description: Option<String>,
    matches_account: bool,
}

impl Engine {
    /// Searches the caller's payments: `{"paging", "results"}`.
    ///
    /// # Errors
    /// 1000, 1001, 1003, 1004, 9062, as documented.
    pub async fn search_payments(
        &self,
        caller: &Caller,
        query: &[(String, String)],
    ) -> Result<Vec<u8>, Failure> {
        let now = self.inner.clock.now(caller.account_id, caller.mode);
        let mut asked = read(caller, query, now)?;
        if let Some(email) = asked.payer_email.take() {
            match self.known_payer(caller, &email).await? {
                Some(id) if asked.search.payer_id.is_none_or(|asked_id| asked_id == id) => {
                    asked.search.payer_id = Some(id);
                }
                _ => asked.matches_account = false,
            }
        }
        let (limit, offset) = (asked.search.limit, asked.search.offset);
        let page = if asked.matches_account {
            match asked.description {
                Some(description) => self.by_description(asked.search, &description).await?,
                None => self.inner.store.search_payments(asked.search).await?,
            }
        } else {
            PaymentPage::default()
        };
        self.count_found(caller, &page);
        Ok(answer(&page, limit, offset))
    }

    /// A payment that is found is read, as far as a shop that looks for one sale goes.
    fn count_found(&self, caller: &Caller, page: &PaymentPage) {
        #[derive(Deserialize)]
        struct Found {
            id: PaymentId,
            date_last_updated: Timestamp,
        }
        for body in page.bodies.iter().take(MOST_COUNTED) {
            if let Ok(found) = serde_json::from_slice::<Found>(body) {
                self.count_read(caller, found.id, found.date_last_updated);
            }
        }
    }

    async fn known_payer(&self, caller: &Caller, email: &str) -> Result<Option<i64>, Failure> {
        let email = email.to_lowercase();
        if let Some(id) = self.account_with_own(caller.site, &email).await? {
            return Ok(Some(id));
        }
        let lookup = self.inner.vault.lookup(Purpose::Email, &email);
        let payer = self.inner.store.payer(caller.account_id, caller.mode, &lookup).await?;
        Ok(payer.map(|payer| payer.payer_id))
    }

    /// A description has no column: what the other filters let through is read, up to the depth of paging.
    async fn by_description(&self, search: PaymentSearch, description: &str) -> Result<PaymentPage, Failure> {
        let (limit, offset) = (search.limit as usize, search.offset as usize);
        let all =
            self.inner.store.search_payments(PaymentSearch { limit: MAX_DEPTH, offset: 0, ..search }).await?;
        let matching: Vec<Vec<u8>> = all
            .bodies
            .into_iter()
            .filter(|body| {
                serde_json::from_slice::<serde_json::Value>(body)
                    .is_ok_and(|body| body.get("description").and_then(|d| d.as_str()) == Some(description))
            })
            .collect();
        let total = matching.len() as u64;
        Ok(PaymentPage { total, bodies: matching.into_iter().skip(offset).take(limit).collect() })
    }
}

fn read(caller: &Caller, query: &[(String, String)], now: Timestamp) -> Result<Asked, Refusal> {
    let get = |name: &str| {
        query
            .iter()
            .find(|(known, value)| known.eq_ignore_ascii_case(name) && !value.is_empty())
            .map(|(_, value)| value.clone())
    };
    let number = |name: &str, default: u32| match get(name) {
        None => Ok(default),
        Some(text) => text.parse::<u32>().map_err(|_| too_many_rows()),
    };
    let limit = number("limit", DEFAULT_LIMIT)?;
    let offset = number("offset", 0)?;
    if limit > MAX_LIMIT || offset.saturating_add(limit) > MAX_DEPTH {
        return Err(too_many_rows());
    }
    let invalid_sort = || Refusal::bad_request(1003, "Invalid sort value");
    let sort = match get("sort") {
        None => SortField::Date(DateField::Created),
        Some(text) if text == "id" => SortField::Id,
        Some(text) => SortField::Date(date_field(&text).ok_or_else(invalid_sort)?),
    };
    let descending = match get("criteria").map(|text| text.to_lowercase()).as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(Refusal::bad_request(1004, "Invalid criteria value")),
    };
    let range_name = get("range");
    let range = match &range_name {
        None => DateField::Created,
        Some(text) => date_field(text).ok_or_else(|| {
            pasarela_domain::payment::request::params_error("range is not one of the dates of a payment")
        })?,
    };
    let id = get("id").map(|text| text.parse::<i64>());
    let asks_range = range_name.is_some() || get("begin_date").is_some() || get("end_date").is_some();
    // Who asks for one payment, or says nothing of dates, is not cut off at three months.
    let (begin, end) = if asks_range {
        let begin = match get("begin_date") {
            Some(text) => instant(&text, now)?,
            None => instant("NOW-3MONTHS", now)?,
        };
        let end = match get("end_date") {
            Some(text) => instant(&text, now)?,
            None => now,
        };
        if end.0 - begin.0 > MAX_RANGE {
            return Err(Refusal::bad_request(9062, "Invalid range interval - Must be less than 365 days"));
        }
        (Some(begin), Some(end))
    } else {
        (None, None)
    };
    let mut matches_account = !matches!(id, Some(Err(_)));
    if let Some(collector) = get("collector.id").or_else(|| get("collector_id")) {
        matches_account &= collector == caller.account_id.to_string();
    }
    if let Some(site) = get("site_id") {
        matches_account &= site.eq_ignore_ascii_case(caller.site.id());
    }
    if let Some(currency) = get("currency_id") {
        matches_account &= currency.eq_ignore_ascii_case(caller.site.currency().code());
    }
    let payer_id = get("payer.id").or_else(|| get("payer_id")).map(|text| text.parse::<i64>());
    matches_account &= !matches!(payer_id, Some(Err(_)));
    let search = PaymentSearch {
        account_id: caller.account_id,
        mode: caller.mode,
        id: id.and_then(Result::ok),
        external_reference: get("external_reference"),
        status: get("status"),
        status_detail: get("status_detail"),
        payment_method_id: get("payment_method_id"),
        payment_type_id: get("payment_type_id"),
        operation_type: get("operation_type"),
        payer_id: payer_id.and_then(Result::ok),
        store_id: get("store_id"),
        pos_id: get("pos_id"),
        range,
        begin,
        end,
        sort,
        descending,
        limit,
        offset,
    };
    Ok(Asked { search, payer_email: get("payer.email"), description: get("description"), matches_account })
}

fn too_many_rows() -> Refusal {
    Refusal::bad_request(1000, "Number of rows exceeded the limits")
}

fn date_field(name: &str) -> Option<DateField> {
    match name {
        "date_created" => Some(DateField::Created),
        "date_last_updated" => Some(DateField::Updated),
        "date_approved" => Some(DateField::Approved),
        "money_release_date" => Some(DateField::Release),
        _ => None,
    }
}

/// `NOW`, `NOW-3MONTHS`, `NOW-30DAYS`, `NOW+1HOURS`, or an ISO 8601 date-time. A `+` that a client did not escape
/// arrives as a space.
fn instant(text: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
    let invalid = || Refusal::bad_request(1001, "Date format must be yyyy-MM-dd'T'HH:mm:ss.SSSZ");
    let upper = text.trim().to_uppercase();
    let Some(relative) = upper.strip_prefix("NOW") else {
        let escaped = text.trim().replace(' ', "+");
        return Timestamp::parse(&escaped).ok_or_else(invalid);
    };
    if relative.is_empty() {
        return Ok(now);
    }
    let (sign, rest) = match relative.as_bytes()[0] {
        b'-' => (-1, &relative[1..]),
        b'+' | b' ' => (1, &relative[1..]),
        _ => return Err(invalid()),
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let count: i64 = rest[..digits].parse().map_err(|_| invalid())?;
    if count > 100_000 {
        return Err(invalid());
    }
    let span = match &rest[digits..] {
        "HOUR" | "HOURS" => count.hours(),
        "DAY" | "DAYS" => (count * 24).hours(),
        "MONTH" | "MONTHS" if count <= 1_200 => count.months(),
        "YEAR" | "YEARS" if count <= 100 => count.years(),
        _ => return Err(invalid()),
    };
    let zoned = now.in_zone("UTC");
    let moved = if sign < 0 { zoned.checked_sub(span) } else { zoned.checked_add(span) };
    moved.map(|moved| Timestamp(moved.timestamp().as_millisecond())).map_err(|_| invalid())
}

/// `{"paging": …, "results": […]}`; each result is the stored body and `shipping_cost`, which only searches show.
fn answer(page: &PaymentPage, limit: u32, offset: u32) -> Vec<u8> {
    let size: usize = page.bodies.iter().map(|body| body.len() + 24).sum();
    let mut out = Vec::with_capacity(size + 96);
    out.extend_from_slice(
        format!(
            "{{\"paging\":{{\"total\":{},\"limit\":{limit},\"offset\":{offset}}},\"results\":[",
            page.total
        )
        .as_bytes(),
    );
    for (index, body) in page.bodies.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        // A stored body is an object of many members: it ends with the brace that is taken off here.
        out.extend_from_slice(body.strip_suffix(b"}").unwrap_or(body));
        out.extend_from_slice(b",\"shipping_cost\":0}");
    }
    out.extend_from_slice(b"]}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_and_absolute_dates_are_read() {
        let now = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
        let at = |text| instant(text, now).map(Timestamp::to_utc_seconds);
        assert_eq!(at("NOW").unwrap(), "2026-11-21T12:00:00Z");
        assert_eq!(at("now-1days").unwrap(), "2026-11-20T12:00:00Z");
        assert_eq!(at("NOW-3MONTHS").unwrap(), "2026-08-21T12:00:00Z");
        assert_eq!(at("NOW+2HOURS").unwrap(), "2026-11-21T14:00:00Z");
        assert_eq!(at("2026-11-21T08:00:00.000-04:00").unwrap(), "2026-11-21T12:00:00Z");
        for bad in
            ["NOWHERE", "NOW-", "NOW-1", "NOW-99999999999DAYS", "yesterday", "NOW-1MINUTE", "2026-11-21"]
        {
            assert_eq!(instant(bad, now).unwrap_err().code(), Some(1001), "{bad}");
        }
    }
}
