//! Dates and remaining times in words.

use super::locale::Locale;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::{DAY, HOUR, MINUTE, SECOND, Timestamp};

const SPANISH_MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const PORTUGUESE_MONTHS: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];
const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The instant as the site's calendar and clock show it: `27 de febrero de 2026, 23:59`. A reader of another language
/// is likely elsewhere and gets the offset too: `27 February 2026, 23:59 (UTC-3)`.
pub fn date_text(instant: Timestamp, site: Site, locale: Locale) -> String {
    let civil = instant.in_zone(site.time_zone());
    // jiff counts months from 1 to 12.
    let month = usize::from(civil.month().unsigned_abs()) - 1;
    let (day, year, hour, minute) = (civil.day(), civil.year(), civil.hour(), civil.minute());
    let text = match locale {
        Locale::Spanish => format!("{day} de {} de {year}, {hour:02}:{minute:02}", SPANISH_MONTHS[month]),
        Locale::Portuguese => {
            format!("{day} de {} de {year}, {hour:02}:{minute:02}", PORTUGUESE_MONTHS[month])
        }
        Locale::English => format!("{day} {} {year}, {hour:02}:{minute:02}", ENGLISH_MONTHS[month]),
    };
    if Locale::of_site(site) == locale {
        return text;
    }
    let hours = civil.offset().seconds() / 3_600;
    format!("{text} (UTC{hours:+})")
}

/// For the `datetime` attribute: RFC 3339 in the site's zone.
pub fn date_attribute(instant: Timestamp, site: Site) -> String {
    instant.in_zone(site.time_zone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The time left until `end`, in the two units that matter: `2 d 4 h`, `23 h 05 min`, `4 min 32 s`; `None` when over.
/// The unit signs are the same in all three languages.
pub fn remaining_text(now: Timestamp, end: Timestamp) -> Option<String> {
    let left = end.0 - now.0;
    match left {
        ..=0 => None,
        DAY.. => Some(format!("{} d {} h", left / DAY, left % DAY / HOUR)),
        HOUR.. => Some(format!("{} h {:02} min", left / HOUR, left % HOUR / MINUTE)),
        _ => Some(format!("{} min {:02} s", left / MINUTE, left % MINUTE / SECOND)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_due_date_is_the_sites_day() {
        // 22:59 at −04:00 is 23:59 in São Paulo: the ticket says the day it is due there.
        let due = Timestamp::parse("2026-02-27T22:59:59.000-04:00").unwrap();
        assert_eq!(date_text(due, Site::MLB, Locale::Portuguese), "27 de fevereiro de 2026, 23:59");
        assert_eq!(date_text(due, Site::MLA, Locale::Spanish), "27 de febrero de 2026, 23:59");
        assert_eq!(date_text(due, Site::MLM, Locale::Spanish), "27 de febrero de 2026, 20:59");
        assert_eq!(date_text(due, Site::MLB, Locale::English), "27 February 2026, 23:59 (UTC-3)");
        assert_eq!(date_attribute(due, Site::MLB), "2026-02-27T23:59:59-03:00");
    }

    #[test]
    fn the_time_left_is_told_in_two_units() {
        let now = Timestamp(0);
        assert_eq!(remaining_text(now, Timestamp(2 * DAY + 4 * HOUR)).as_deref(), Some("2 d 4 h"));
        assert_eq!(remaining_text(now, Timestamp(DAY - 1)).as_deref(), Some("23 h 59 min"));
        assert_eq!(remaining_text(now, Timestamp(272 * SECOND)).as_deref(), Some("4 min 32 s"));
        assert_eq!(remaining_text(now, now), None);
    }
}
