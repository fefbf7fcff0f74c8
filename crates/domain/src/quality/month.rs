//! The months of the automatic measurement, in a site's own days: measured between the first and the seventh, published on
//! the tenth.

use crate::site::Site;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The last day of the window in which a month is measured.
const LAST_DAY: i8 = 7;
/// The day on which its results are shown.
const PUBLISHED_ON: i8 = 10;
/// The most months that are measured at once, when a clock jumps over many: a trend of a year.
const MOST_AT_ONCE: i32 = 12;

/// A month of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    /// Months since the year 0.
    number: i32,
}

impl Month {
    /// The one in which `at` lies.
    pub fn of(at: Timestamp, site: Site) -> Month {
        let date = at.in_zone(site.time_zone()).date();
        Month { number: i32::from(date.year()) * 12 + i32::from(date.month()) - 1 }
    }

    /// Counts months without a gap: two months have two numbers.
    pub const fn number(self) -> i32 {
        self.number
    }

    /// The last instant of its window.
    pub fn window_ends(self, site: Site) -> Option<Timestamp> {
        Some(self.begin_of(LAST_DAY + 1, site)?.plus_ms(-1))
    }

    /// When its results are shown.
    pub fn published(self, site: Site) -> Option<Timestamp> {
        self.begin_of(PUBLISHED_ON, site)
    }

    /// The months to be measured now, the oldest first: those since the last one that was measured, or else since the
    /// first payment; in time that does not jump, this one alone, at whatever day the platform comes to it.
    pub fn due(now: Month, last: Option<Month>, first_paid: Month, jumps: bool) -> Vec<Month> {
        let earliest = if jumps { first_paid.number.max(now.number - MOST_AT_ONCE + 1) } else { now.number };
        let first = last.map_or(earliest, |last| (last.number + 1).max(earliest));
        (first..=now.number).map(|number| Month { number }).collect()
    }

    fn begin_of(self, day: i8, site: Site) -> Option<Timestamp> {
        let year = i16::try_from(self.number.div_euclid(12)).ok()?;
        let month = i8::try_from(self.number.rem_euclid(12) + 1).ok()?;
        let day = jiff::civil::Date::new(year, month, day).ok()?;
        let zone = jiff::tz::TimeZone::get(site.time_zone()).ok()?;
        Some(Timestamp(day.to_zoned(zone).ok()?.timestamp().as_millisecond()))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.number.div_euclid(12), self.number.rem_euclid(12) + 1)
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}

impl TryFrom<String> for Month {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Month, &'static str> {
        let read = || {
            let (year, month) = text.split_once('-')?;
            let (year, month) = (year.parse::<u16>().ok()?, month.parse::<u8>().ok()?);
            let is_month = year < 10_000 && (1..=12).contains(&month);
            is_month.then(|| Month { number: i32::from(year) * 12 + i32::from(month) - 1 })
        };
        read().ok_or("a month is YYYY-MM")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        Month::try_from(text.to_owned()).unwrap()
    }

    fn due(now: &str, last: Option<&str>, first: &str, jumps: bool) -> Vec<String> {
        let found = Month::due(month(now), last.map(month), month(first), jumps);
        found.iter().map(Month::to_string).collect()
    }

    #[test]
    fn days_are_the_sites_own() {
        let march = month("2030-03");
        assert_eq!(march.published(Site::MLB), Timestamp::parse("2030-03-10T00:00:00-03:00"));
        assert_eq!(march.window_ends(Site::MLM), Timestamp::parse("2030-03-07T23:59:59.999-06:00"));
        let midnight = Timestamp::parse("2030-03-01T00:00:00-03:00").unwrap();
        assert_eq!(Month::of(midnight, Site::MLB), march);
        assert_eq!(Month::of(midnight, Site::MLM), month("2030-02"));
    }

    #[test]
    fn months_that_a_clock_jumps_over_are_due_too() {
        assert_eq!(due("2030-03", None, "2030-03", true), ["2030-03"]);
        assert_eq!(due("2030-03", Some("2030-03"), "2029-01", true), [""; 0]);
        assert_eq!(due("2030-03", Some("2029-12"), "2029-01", true), ["2030-01", "2030-02", "2030-03"]);
        assert_eq!(due("2030-03", None, "2030-01", true), ["2030-01", "2030-02", "2030-03"]);
        assert_eq!(due("2040-03", None, "2030-01", true).len(), 12);
    }

    #[test]
    fn time_that_does_not_jump_makes_this_month_due_alone() {
        assert_eq!(due("2030-03", None, "2020-01", false), ["2030-03"]);
        assert_eq!(due("2030-03", Some("2029-12"), "2020-01", false), ["2030-03"]);
        assert_eq!(due("2030-03", Some("2030-03"), "2020-01", false), [""; 0]);
    }

    #[test]
    fn a_month_is_stored_as_it_is_read() {
        assert_eq!(serde_json::to_string(&month("2030-03")).unwrap(), r#""2030-03""#);
        for odd in [r#""2030-13""#, r#""2030""#, r#""-1-01""#, r#""99999-01""#, "7"] {
            assert!(serde_json::from_str::<Month>(odd).is_err(), "{odd}");
        }
    }
}
