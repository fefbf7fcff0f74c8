//! Words that only this platform can write: of a form that it showed, and of a result that is somebody's own.

use super::opened::Opened;
use pasarela_domain::money::Money;
use pasarela_domain::timestamp::DAY;
use pasarela_engine::Engine;

/// How long a form can be sent after it was shown.
const FORM_LIFE: i64 = DAY;

pub(super) fn result_of(opened: &Opened, id: i64) -> String {
    format!("result {} {id}", opened.checkout.preference.id)
}

/// Where what became of a payment is shown, to who is told this address.
pub(super) fn result_address(engine: &Engine, opened: &Opened, id: i64) -> String {
    let word = engine.checkout_word(&result_of(opened, id));
    format!("/checkout/v1/result?{}&payment_id={id}&word={word}", opened.view.query)
}

/// The word of a new form: when it was shown, a name for the attempt, and the platform's word for both and the price.
pub(super) fn form_word(engine: &Engine, opened: &Opened) -> String {
    let shown = pasarela_engine::clock::wall().0;
    let attempt = super::super::new_request_id();
    let total = opened.view.total.minor;
    let word = engine.checkout_word(&form_of(opened, shown, &attempt, total));
    format!("{shown}.{attempt}.{total}.{word}")
}

fn form_of(opened: &Opened, shown: i64, attempt: &str, total: i64) -> String {
    format!("form {} {shown} {attempt} {total}", opened.checkout.preference.id)
}

/// The attempt and the price of a form that this platform showed, not too long ago.
pub(super) fn read_form_word(engine: &Engine, opened: &Opened, word: &str) -> Option<(String, Money)> {
    let mut parts = word.split('.');
    let (shown, attempt) = (parts.next()?.parse::<i64>().ok()?, parts.next()?);
    let (total, said) = (parts.next()?.parse::<i64>().ok()?, parts.next()?);
    let age = pasarela_engine::clock::wall().0.checked_sub(shown)?;
    let is_ours = engine.is_checkout_word(&form_of(opened, shown, attempt, total), said);
    let is_fresh = age < FORM_LIFE;
    (is_ours && is_fresh && parts.next().is_none())
        .then(|| (attempt.to_owned(), Money::new(total, opened.view.total.currency)))
}
