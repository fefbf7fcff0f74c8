//! The hosted checkout behind a preference's `init_point`: choose, type, check, pay, and go back to the shop. Every step is
//! a page of its own with one form, so that it works without scripts.

mod card;
mod choice;
mod closed;
pub(in crate::pages) mod form;
mod next_steps;
mod result;
pub(in crate::pages) mod review;
mod unanswered;

pub use card::{CardPage, card_form};
pub use choice::choice;
pub use closed::{Closed, closed};
pub use form::{Field, Typed, Unshown, offline_form};
pub use result::{Challenge, Onward, result};
pub use review::review;
pub use unanswered::unanswered;

use super::amount::amount_text;
use super::assets::CHECKOUT_SCRIPT;
use super::checkout_words::CheckoutWords;
use super::layout::Layout;
pub use super::layout::Shop;
use super::locale::Locale;
use pasarela_domain::money::Money;
use pasarela_domain::preference::{Item, Preference};
use pasarela_domain::site::Site;

/// Lines of a purchase that are shown one by one.
const MOST_LINES: usize = 20;

/// What every page of a checkout shows.
#[derive(Debug)]
pub struct CheckoutView {
    /// Who sells.
    pub shop: Shop,
    /// Names the purchase for the browser's own memory.
    pub purchase: String,
    /// The market.
    pub site: Site,
    /// Whether real money moves.
    pub live: bool,
    /// What is bought.
    pub lines: Vec<Line>,
    /// What sending costs.
    pub shipping: Option<String>,
    /// What the buyer pays, without what instalments cost.
    pub total: Money,
    /// This checkout's own address, to start again.
    pub start: String,
    /// The query that each of its forms is posted to.
    pub query: String,
    /// The shop's address for a buyer who leaves.
    pub leave: Option<String>,
}

/// A line of a purchase.
#[derive(Debug)]
pub struct Line {
    /// What, and how many of it.
    pub title: String,
    /// What they cost.
    pub price: String,
    /// Where its picture is.
    pub picture: Option<String>,
}

impl CheckoutView {
    /// What is shown of a preference.
    pub fn of(preference: &Preference, shop: Shop, query: String, leave: Option<String>) -> CheckoutView {
        let site = preference.site();
        let text = |money| amount_text(money, site);
        let line = |(index, item): (usize, &Item)| {
            let price = item.unit_price.money(site.currency());
            let price = Money::new(price.minor * item.quantity, price.currency);
            let title = match item.quantity {
                1 => item.title.clone(),
                count => format!("{count} × {}", item.title),
            };
            let has_picture = item.picture_url.as_deref().is_some_and(|url| !url.is_empty());
            let picture = has_picture.then(|| format!("/checkout/v1/picture?{query}&item={index}"));
            Line { title, price: text(price), picture }
        };
        let items = preference.items.iter().enumerate();
        let mut lines: Vec<Line> = items.take(MOST_LINES).map(line).collect();
        if preference.items.len() > MOST_LINES {
            lines.push(Line { title: "…".to_owned(), price: String::new(), picture: None });
        }
        let shipping = preference.shipping_cost();
        CheckoutView {
            shop,
            purchase: preference.id.clone(),
            site,
            live: preference.live_mode,
            lines,
            shipping: (!shipping.is_zero()).then(|| text(shipping)),
            total: preference.total(),
            start: format!("/checkout/v1/redirect?{query}"),
            query,
            leave,
        }
    }

    fn layout(&self, title: &str, locale: Locale) -> Layout {
        Layout {
            test: !self.live,
            shop: Some(self.shop.clone()),
            ..Layout::new(title.to_owned(), locale, Some(self.site))
        }
    }

    /// What the pages that take a payment have in common.
    pub(in crate::pages) fn sheet(&self, title: &str, locale: Locale) -> (Layout, Sheet<'_>) {
        let sheet = Sheet {
            words: CheckoutWords::of(locale),
            view: self,
            amount: self.amount(),
            script: &CHECKOUT_SCRIPT.path,
        };
        let mut layout = self.layout(title, locale);
        layout.shop = Some(Shop { amount: Some(self.amount()), ..self.shop.clone() });
        (layout, sheet)
    }

    fn amount(&self) -> String {
        amount_text(self.total, self.site)
    }
}

/// What the pages that take a payment say and show.
pub(in crate::pages) struct Sheet<'a> {
    pub words: &'static CheckoutWords,
    pub view: &'a CheckoutView,
    pub amount: String,
    pub script: &'static str,
}
