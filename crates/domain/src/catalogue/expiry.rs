//! Until when a voucher, deposit or transfer can be paid.

use super::method::{PaymentMethod, PaymentType};
use crate::site::Site;
use crate::timestamp::{DAY, HOUR, MINUTE, SECOND, Timestamp};
use jiff::civil::{Weekday, time};
use jiff::{ToSpan, Zoned};

/// A caller computes "30 minutes from now" or "30 days from now" by its own clock, a moment earlier or later than the
/// platform reads it; that much is forgiven at both ends of the allowed range.
pub const CLOCK_ALLOWANCE_MS: i64 = 30 * SECOND;

/// How long a method's payments wait for the buyer.
struct Term {
    default_ms: i64,
    /// Shortest and longest that a request may ask for; `None` where it may not ask.
    range_ms: Option<(i64, i64)>,
    /// Days are counted to their end, 23:59:59 in the site's zone.
    whole_days: bool,
    /// A day on which banks are closed moves to the next one on which they are open.
    banking_days: bool,
}

/// Whether the buyer pays elsewhere and later, so that there is an expiry.
pub fn is_offline(method: &PaymentMethod) -> bool {
    method.payment_type.is_offline()
}

/// When a payment made at `now` expires if the request does not say; `None` for methods that are paid at once.
///
/// Bank holidays are not known here: only weekends move a boleto's due date.
pub fn default_for(site: Site, kind: PaymentType, method_id: &str, now: Timestamp) -> Option<Timestamp> {
    let term = term(kind, method_id)?;
    let end = now.plus_ms(term.default_ms);
    if !term.whole_days {
        return Some(end);
    }
    let end = end.in_zone(site.time_zone());
    let end = if term.banking_days { on_banking_day(end) } else { end };
    Some(end_of_day(&end))
}

/// The first and last instant that a request made at `now` may set as its expiry, both included; `None` where the
/// method is paid at once, or its bank decides.
pub fn allowed(
    site: Site,
    kind: PaymentType,
    method_id: &str,
    now: Timestamp,
) -> Option<(Timestamp, Timestamp)> {
    let term = term(kind, method_id)?;
    let (shortest, longest) = term.range_ms?;
    let last = now.plus_ms(longest);
    // "30 days" for a voucher means any time of the thirtieth day.
    let last = if term.whole_days { end_of_day(&last.in_zone(site.time_zone())) } else { last };
    Some((now.plus_ms(shortest - CLOCK_ALLOWANCE_MS), last.plus_ms(CLOCK_ALLOWANCE_MS)))
}

/// Sources: payments API, "offline, Pix, transfers". Cash networks publish "3 to 5 days": 3. The bank session of Webpay
/// and Khipu (15 minutes) and the range of SPEI are inferred.
fn term(kind: PaymentType, method_id: &str) -> Option<Term> {
    let voucher = Term {
        default_ms: 3 * DAY,
        range_ms: Some((DAY, 30 * DAY)),
        whole_days: true,
        banking_days: method_id == "bolbradesco",
    };
    let session = |default_ms| Term { default_ms, range_ms: None, whole_days: false, banking_days: false };
    match (kind, method_id) {
        (PaymentType::Ticket | PaymentType::Atm, _) => Some(voucher),
        (PaymentType::BankTransfer, "pix") => {
            Some(Term { range_ms: Some((30 * MINUTE, 30 * DAY)), ..session(24 * HOUR) })
        }
        (PaymentType::BankTransfer, "clabe") => Some(Term { whole_days: false, ..voucher }),
        (PaymentType::BankTransfer, "pse") => Some(session(20 * MINUTE)),
        (PaymentType::BankTransfer, _) => Some(session(15 * MINUTE)),
        _ => None,
    }
}

fn on_banking_day(day: Zoned) -> Zoned {
    let days = match day.weekday() {
        Weekday::Saturday => 2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    // A timestamp is within the years 1970 … 2200, and two days later jiff still knows the date.
    day.checked_add(days.days()).expect("a date within jiff's years")
}

fn end_of_day(day: &Zoned) -> Timestamp {
    let last = day
        .date()
        .to_datetime(time(23, 59, 59, 0))
        .to_zoned(day.time_zone().clone())
        .expect("a date within jiff's years");
    Timestamp(last.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::site::SITES;

    fn kind(site: Site, id: &str) -> PaymentType {
        catalogue::of(site).method(id).unwrap().payment_type
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_boleto_that_would_end_on_a_sunday_ends_on_monday_night_in_sao_paulo() {
        let thursday = at("2023-02-23T10:00:00.000-04:00");
        let monday = default_for(Site::MLB, kind(Site::MLB, "bolbradesco"), "bolbradesco", thursday).unwrap();
        assert_eq!(monday.to_wire(), "2023-02-27T22:59:59.000-04:00");
        let wednesday = at("2023-02-22T10:00:00.000-04:00");
        assert_eq!(
            default_for(Site::MLB, kind(Site::MLB, "bolbradesco"), "bolbradesco", wednesday)
                .unwrap()
                .to_wire(),
            "2023-02-27T22:59:59.000-04:00",
            "Saturday moves too"
        );
        assert_eq!(
            default_for(Site::MLB, kind(Site::MLB, "pec"), "pec", thursday).unwrap().to_wire(),
            "2023-02-26T22:59:59.000-04:00"
        );
    }

    #[test]
    fn the_day_is_counted_in_the_sites_own_zone() {
        let late = at("2026-11-21T23:30:00-06:00");
        let end = default_for(Site::MLM, kind(Site::MLM, "oxxo"), "oxxo", late).unwrap();
        assert_eq!(end, at("2026-11-24T23:59:59-06:00"));
    }

    #[test]
    fn a_pix_lasts_a_day_and_may_last_from_half_an_hour_to_thirty_days() {
        let now = at("2026-11-21T12:00:00Z");
        assert_eq!(default_for(Site::MLB, kind(Site::MLB, "pix"), "pix", now), Some(now.plus_ms(DAY)));
        let (first, last) = allowed(Site::MLB, kind(Site::MLB, "pix"), "pix", now).unwrap();
        assert!(first <= now.plus_ms(30 * MINUTE) && first > now.plus_ms(29 * MINUTE));
        assert!(last >= now.plus_ms(30 * DAY) && last < now.plus_ms(30 * DAY + MINUTE));
    }

    #[test]
    fn a_voucher_may_last_to_the_end_of_the_thirtieth_day() {
        let now = at("2026-11-21T12:00:00-03:00");
        let (first, last) = allowed(Site::MLA, kind(Site::MLA, "rapipago"), "rapipago", now).unwrap();
        assert!(first <= now.plus_ms(DAY) && first > now.plus_ms(DAY - MINUTE));
        assert_eq!(last, at("2026-12-21T23:59:59-03:00").plus_ms(CLOCK_ALLOWANCE_MS));
        assert_eq!(allowed(Site::MCO, kind(Site::MCO, "pse"), "pse", now), None);
    }

    #[test]
    fn every_offline_method_has_a_default_within_its_range_and_no_other_has() {
        let now = at("2026-02-28T23:59:59.999-03:00");
        for site in SITES {
            for method in catalogue::of(site).methods() {
                let default = default_for(site, method.payment_type, &method.id, now);
                assert_eq!(default.is_some(), is_offline(method), "{site} {}", method.id);
                if let Some((first, last)) = allowed(site, method.payment_type, &method.id, now) {
                    assert!((first..=last).contains(&default.unwrap()), "{site} {}", method.id);
                }
            }
        }
    }
}
