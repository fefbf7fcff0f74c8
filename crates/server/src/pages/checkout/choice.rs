//! The first page: what is bought, and the ways to pay it.

use super::{CheckoutView, Sheet};
use crate::pages::checkout_words::CheckoutWords;
use crate::pages::layout::Layout;
use crate::pages::wallet_words::WalletWords;
use crate::pages::{Framing, Locale, Page};
use askama::Template;
use pasarela_domain::catalogue::{PaymentMethod, PaymentType};

/// A way to pay, as a link.
struct Way {
    address: String,
    name: String,
    about: &'static str,
    icon: &'static str,
}

/// What stands before a way to pay: lines in a square of 24.
mod icons {
    pub(super) const ACCOUNT: &str =
        "M12 4a3.5 3.5 0 0 1 0 7.5A3.5 3.5 0 0 1 12 4M5 20c0-3.5 3-6 7-6s7 2.5 7 6";
    pub(super) const CARD: &str = "M3 6.5h18v11H3zM3 10h18M6 14.5h4";
    pub(super) const CODE: &str =
        "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM17.5 17.5H20V20h-2.5M20 14v1M14 20h1";
    pub(super) const TICKET: &str = "M3 6h18v12H3zM6.5 9v6M9 9v6M12 9v6M14 9v6M17.5 9v6";
    pub(super) const BANK: &str = "M3 9.5L12 4l9 5.5v.5H3zM5.5 10v7M10 10v7M14 10v7M18.5 10v7M3 19.5h18";
}

impl Way {
    /// The wallet's pages are shown in no frame.
    fn leaves_frame(&self) -> bool {
        self.address.starts_with("/checkout/v1/wallet")
    }
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
    let template = ChoiceTemplate { layout, sheet, ways: ways(view, methods, words, locale), notice };
    Page::render(&template, language, Framing::Nobody)
}

/// An account comes first: what is in it need not be typed. Cards are one way, whichever they are: the number tells.
fn ways(
    view: &CheckoutView,
    methods: &[&PaymentMethod],
    words: &'static CheckoutWords,
    locale: Locale,
) -> Vec<Way> {
    let account = WalletWords::of(locale).way;
    let mut ways = vec![Way {
        address: format!("/checkout/v1/wallet?{}", view.query),
        name: account.0.to_owned(),
        about: account.1,
        icon: icons::ACCOUNT,
    }];
    let mut has_card = false;
    for method in methods {
        if method.payment_type.is_card() {
            if !has_card {
                has_card = true;
                let address = format!("{}&method=card", view.start);
                let name = words.card.to_owned();
                ways.push(Way { address, name, about: words.credit_or_debit, icon: icons::CARD });
            }
            continue;
        }
        let (about, icon) = match (method.id.as_str(), method.payment_type) {
            ("pix", _) => (words.instant, icons::CODE),
            (_, PaymentType::BankTransfer) => (words.pay_by_bank, icons::BANK),
            _ => (words.ticket, icons::TICKET),
        };
        let address = format!("{}&method={}", view.start, method.id);
        ways.push(Way { address, name: method.name.clone(), about, icon });
    }
    ways
}
