//! Until when a payment can be paid.

use super::date::{date_attribute, date_text};
use super::locale::Locale;
use super::payment_view::PaymentView;
use super::progress::Progress;

/// The due date in words and for the `datetime` attribute, while it matters: to pay in time, or to see that it is over.
pub(crate) fn due(view: &PaymentView, locale: Locale) -> Option<(String, String)> {
    if !matches!(view.progress(), Progress::Waiting | Progress::Expired) {
        return None;
    }
    let end = view.expires?;
    Some((date_text(end, view.site, locale), date_attribute(end, view.site)))
}
