//! The first page: what is bought, and the ways to pay it.

use super::{CheckoutView, Sheet};
use crate::pages::checkout_words::CheckoutWords;
use crate::pages::layout::Layout;
use crate::pages::{Framing, Locale, Page};
use askama::Template;
use pasarela_domain::catalogue::{PaymentMethod, PaymentType};

/// A way to pay, as a link.
struct Way {
    address: String,
    name: String,
    about: &'static str,
}

#[derive(Template)]
#[template(path = "checkout_choice.html")]
struct ChoiceTemplate<'a> {
    layout: Layout,
    sheet: Sheet<'a>,
    ways: Vec<Way>,
    notice: Option<&'static str>,
}

/// The first page: what is bought, and the ways to pay it.
pub fn choice(
    view: &CheckoutView,
    methods: &[&PaymentMethod],
    notice: Option<&'static str>,
    locale: Locale,
) -> Page {
    let words = CheckoutWords::of(locale);
    let (layout, sheet) = view.sheet(words.choose, locale);
    let language = layout.language;
    let template = ChoiceTemplate { layout, sheet, ways: ways(view, methods, words), notice };
    Page::render(&template, language, Framing::Nobody)
}

/// Cards are one way, whichever they are: the number tells.
fn ways(view: &CheckoutView, methods: &[&PaymentMethod], words: &'static CheckoutWords) -> Vec<Way> {
    let mut ways = Vec::new();
    let mut has_card = false;
    for method in methods {
        if method.payment_type.is_card() {
            if !has_card {
                has_card = true;
                let address = format!("{}&method=card", view.start);
                ways.push(Way { address, name: words.card.to_owned(), about: words.credit_or_debit });
            }
            continue;
        }
        ways.push(Way {
            address: format!("{}&method={}", view.start, method.id),
            name: method.name.clone(),
            about: match method.payment_type {
                PaymentType::BankTransfer => words.transfer,
                _ => words.ticket,
            },
        });
    }
    ways
}
