//! What a page's words say of the cost of paying in instalments, as far as Argentina asks for it (Resolución E 51/2017): the
//! cash price, number and amount of the instalments, the financed total, TEA and CFT, each with its figure.
//!
//! Words are searched with a figure near them. Where pages put one thing in two ways, both are taken: the rule is for
//! buyers, not for wordings.

use super::page::Financing;
use super::says::folded;
use std::ops::Range;

/// How many letters after its label a figure may stand.
const NEAR: usize = 40;
/// The same of a rate: labels may stand together, and their figures after them.
const RATE_NEAR: usize = 80;
/// How many letters before the words `al contado` an amount may stand.
const BEFORE: usize = 20;
/// How an amount's currency is written.
const CURRENCIES: [&str; 2] = ["$", "ars"];
/// The price of who does not pay in instalments.
const CASH: [&str; 5] = ["contado", "1 pago", "un pago", "pago unico", "1 cuota"];
/// The financed total; in brackets it stands without a word, as the platform's sentences have it.
const TOTAL: [&str; 2] = ["total", "financiado"];
const CFT: [&str; 2] = ["cft", "costo financiero total"];
const TEA: [&str; 2] = ["tea", "tasa efectiva anual"];

/// What `text` says.
pub fn of(text: &str) -> Financing {
    let text = folded(text);
    let plans = Vec::from_iter(plans(&text));
    // "Costo financiero total" is the rate's name.
    let totals = text.replace("financiero total", "");
    Financing {
        offers_installments: !plans.is_empty() || text.contains("cuotas sin interes"),
        shows_cash_price: has_cash_price(&text),
        shows_plan: !plans.is_empty(),
        shows_total: words(&totals, &TOTAL).any(|word| has_amount(after(&totals, word.end, NEAR)))
            || plans.iter().any(|at| has_amount_in_brackets(after(&text, *at, NEAR))),
        shows_cft: words(&text, &CFT).any(|word| has_rate(&text, word)),
        shows_tea: words(&text, &TEA).filter(|word| ends(&text, word)).any(|word| has_rate(&text, word)),
        claims_no_interest: text.contains("sin interes"),
        ..Financing::default()
    }
}

/// Where one of these stands at the beginning of a word.
fn words(text: &str, wanted: &[&str]) -> impl Iterator<Item = Range<usize>> {
    let places = wanted.iter().flat_map(|word| text.match_indices(word));
    let places = places.filter(|(at, _)| !text[..*at].ends_with(char::is_alphanumeric));
    places.map(|(at, word)| at..at + word.len())
}

/// Whether the word ends here, too.
fn ends(text: &str, word: &Range<usize>) -> bool {
    !text[word.end..].starts_with(char::is_alphanumeric)
}

/// The `most` letters behind a place.
fn after(text: &str, at: usize, most: usize) -> &str {
    let rest = &text[at..];
    rest.char_indices().nth(most).map_or(rest, |(end, _)| &rest[..end])
}

/// The `most` letters before a place.
fn before(text: &str, at: usize, most: usize) -> &str {
    let rest = &text[..at];
    rest.char_indices().rev().nth(most).map_or(rest, |(start, _)| &rest[start..])
}

fn has_cash_price(text: &str) -> bool {
    let is_after = words(text, &CASH).any(|word| has_amount(after(text, word.end, NEAR)));
    is_after || text.match_indices("contado").any(|(at, _)| has_amount(before(text, at, BEFORE)))
}

/// `$ 369,90`, `ars 369`.
fn has_amount(text: &str) -> bool {
    CURRENCIES.iter().any(|currency| {
        text.match_indices(currency)
            .any(|(at, currency)| text[at + currency.len()..].trim_start().starts_with(is_digit))
    })
}

fn has_amount_in_brackets(text: &str) -> bool {
    text.split('(').skip(1).any(has_amount)
}

/// A rate behind a label, or directly before it.
fn has_rate(text: &str, label: Range<usize>) -> bool {
    let behind = after(text, label.end, RATE_NEAR);
    let has_figure = |at: usize| behind[..at].trim_end().ends_with(is_digit);
    behind.match_indices('%').any(|(at, _)| has_figure(at)) || text[..label.start].trim_end().ends_with('%')
}

/// Number and amount: `3 cuotas de $ 369,90`, `cuotas: 3 de $ 369,90`, `3 x $ 369,90`; the places behind the number's word.
fn plans(text: &str) -> impl Iterator<Item = usize> {
    let in_words = text.match_indices("cuota").filter_map(move |(at, word)| {
        let end = at + word.len();
        let rest = text[end..].trim_start_matches(['s', ':', ' ']);
        (has_count_before(text, at) || has_count_first(rest)).then_some(end)
    });
    let times =
        text.match_indices('x').filter_map(move |(at, _)| has_count_before(text, at).then_some(at + 1));
    let times = times.filter(move |at| text[*at..].trim_start().starts_with(['$', 'a']));
    // Another sentence speaks of another amount.
    let sentence = move |at| after(text, at, NEAR).split(['.', ';']).next().unwrap_or_default();
    in_words.chain(times).filter(move |at| has_amount(sentence(*at)))
}

/// A number of instalments ends here: two or more.
fn has_count_before(text: &str, at: usize) -> bool {
    let text = text[..at].trim_end();
    let digits = text.len() - text.trim_end_matches(is_digit).len();
    let (rest, count) = text.split_at(text.len() - digits);
    is_count(count) && !rest.ends_with(['$', ',', '.']) && !rest.ends_with(char::is_alphanumeric)
}

/// A number of instalments begins here, and it is no amount and no rate.
fn has_count_first(text: &str) -> bool {
    let rest = text.trim_start_matches(is_digit);
    is_count(&text[..text.len() - rest.len()]) && !rest.starts_with([',', '.', '%'])
}

fn is_count(digits: &str) -> bool {
    digits.len() <= 2 && digits.parse().is_ok_and(|count: u8| count >= 2)
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cash price, plan, total, TEA, CFT.
    fn shown(text: &str) -> [bool; 5] {
        let found = of(text);
        [found.shows_cash_price, found.shows_plan, found.shows_total, found.shows_tea, found.shows_cft]
    }

    #[test]
    fn all_five_are_found_however_they_are_put() {
        for text in [
            "Precio al contado: $ 990,00 Cuotas: 3 cuotas de $\u{a0}369,90 Total financiado: $ 1.109,70 TEA: 89,43% CFT: 70,21%",
            "$ 990 de contado, o 3 x $369,90 (total $ 1.109,70). CFTEA 70,21 % Tasa Efectiva Anual 89 %",
            "Un pago $990 | 3 cuotas fijas de $ 369,90 ($ 1.109,70) | Costo Financiero Total: 70,21% | TEA 89%",
            "Contado ARS 990 — Cuotas: 12 de ARS 100, total ARS 1200, TEA y CFT: 0,00% y 0,00%",
            "1 cuota de $ 990,00 ($ 990,00) 3 cuotas de $ 369,90 ($ 1.109,70) 70,21% CFT 89,43% TEA",
        ] {
            assert_eq!(shown(text), [true; 5], "{text}");
            assert!(of(text).offers_installments);
        }
    }

    #[test]
    fn each_is_missed_by_itself() {
        let all = ["contado $ 990", "3 cuotas de $ 369,90", "total $ 1.109,70", "TEA 89,43%", "CFT 70,21%"];
        for absent in 0..all.len() {
            let rest: Vec<_> = (0..all.len()).filter(|at| *at != absent).map(|at| all[at]).collect();
            let mut expected = [true; 5];
            expected[absent] = false;
            assert_eq!(shown(&rest.join(". ")), expected, "{rest:?}");
        }
    }

    #[test]
    fn words_without_their_figures_and_figures_of_something_else_show_nothing() {
        for text in [
            "",
            "Precio de contado, cuotas, total, TEA y CFT",
            "descontado $ 990; entradas de teatro: 20% menos",
            "hasta 12 cuotas; envío $ 500; total: 3 productos",
            "costo financiero total $ 99; 100 cuotas de amor; 1,3 cuotas de $ 7",
            "x$ ($ (5) %",
        ] {
            assert_eq!(shown(text), [false; 5], "{text}");
        }
        assert!(!of("1 cuota de $ 990").shows_plan, "one payment is no instalments");
    }

    #[test]
    fn a_claim_is_found_with_its_accent_and_without() {
        assert!(
            of("6 CUOTAS SIN INTERÉS").claims_no_interest && of("cuotas sin interes").offers_installments
        );
        assert!(!of("con interés").claims_no_interest);
    }

    #[test]
    fn letters_of_any_width_are_no_trouble() {
        for text in
            ["ñ$ñ1 cuotañ$", "3 cuotas ñ€日本$ 5", "日本contado", "%cft%", "3x", "€x$1", "２ cuotas $ 1"]
        {
            of(text);
        }
    }
}
