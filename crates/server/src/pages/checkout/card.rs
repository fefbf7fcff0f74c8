//! The page on which a card is typed. With scripts its fields are frames of the browser library, which this page uses like
//! any shop's, and the plans stand below while the number is typed; without, it is a plain form in two steps. Either way the
//! shop never sees the card.

use super::form::{Field, Typed, card_fields, email_field};
use super::{CheckoutView, Sheet};
use crate::pages::layout::Layout;
use crate::pages::{Framing, Locale, Page};
use askama::Template;
use pasarela_domain::catalogue::{PaymentMethod, SiteCatalogue};
use pasarela_domain::notation::Notation;
use pasarela_domain::preference::Preference;

/// What the page's script needs to know.
#[derive(Debug)]
pub struct CardPage<'a> {
    /// A public key of the seller's.
    pub public_key: String,
    /// The word of this form.
    pub form: String,
    /// The methods that may pay.
    pub methods: &'a [&'a PaymentMethod],
    /// What is paid.
    pub preference: &'a Preference,
    /// The market's offers.
    pub catalogue: &'a SiteCatalogue,
}

#[derive(Template)]
#[template(path = "checkout_card.html")]
struct CardTemplate<'a> {
    layout: Layout,
    sheet: Sheet<'a>,
    page: &'a CardPage<'a>,
    fields: Vec<Field>,
    notice: Option<&'static str>,
    methods: String,
    total: String,
    most: Option<u32>,
    first: Option<u32>,
    pricing: Option<i64>,
    notation: Notation,
    decimals: usize,
    thousands: char,
}

/// The page, with what was typed before.
pub fn card_form(
    view: &CheckoutView,
    page: &CardPage<'_>,
    typed: &Typed,
    notice: Option<&'static str>,
    locale: Locale,
) -> Page {
    let title = super::CheckoutWords::of(locale).card_title;
    let (layout, sheet) = view.sheet(title, locale);
    let language = layout.language;
    let fields = fields(view, page.catalogue, typed, &sheet);
    let cards = page.methods.iter().filter(|method| method.payment_type.is_card());
    let cards: Vec<&str> = cards.map(|method| method.id.as_str()).collect();
    let total = view.total.to_fixed_text();
    let limits = &page.preference.payment_methods;
    let notation = Notation::of(view.site);
    let template = CardTemplate {
        layout,
        sheet,
        page,
        fields,
        notice,
        methods: cards.join(" "),
        decimals: total.split_once('.').map_or(0, |(_, fraction)| fraction.len()),
        total,
        most: limits.installments,
        first: limits.default_installments,
        pricing: page.preference.differential_pricing.as_ref().map(|pricing| pricing.id),
        thousands: notation.thousands,
        notation,
    };
    Page::render(&template, language, Framing::Nobody)
}

fn fields(view: &CheckoutView, catalogue: &SiteCatalogue, typed: &Typed, sheet: &Sheet<'_>) -> Vec<Field> {
    let words = sheet.words;
    let mut fields = card_fields(catalogue, words, typed);
    fields.push(email_field(view, words, typed));
    fields
}
