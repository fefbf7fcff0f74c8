//! What a buyer types: fields, and the page of who pays a ticket or a transfer.

use super::{CheckoutView, Sheet};
use crate::pages::checkout_words::CheckoutWords;
use crate::pages::layout::Layout;
use crate::pages::{Framing, Locale, Page};
use askama::Template;
use pasarela_domain::catalogue::{PaymentMethod, SiteCatalogue};

/// A field of a form.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in the form.
    pub name: &'static str,
    /// What it asks for.
    pub label: &'static str,
    /// What is in it.
    pub value: String,
    /// How browsers fill it in.
    pub autocomplete: &'static str,
    /// Which keyboard a phone shows.
    pub input_mode: &'static str,
    /// `text`, `email`, …
    pub kind: &'static str,
    /// A word below it.
    pub hint: Option<&'static str>,
    /// The longest text.
    pub longest: u16,
    /// Whether it must be filled in.
    pub required: bool,
    /// What can be chosen, where it is a list: the value and its name.
    pub options: Vec<(String, String)>,
    /// Whether it shares its line with another one.
    pub half: bool,
}

/// What a buyer typed before, to be shown again; never a card's number or code.
#[derive(Clone, Debug, Default)]
pub struct Typed(pub Vec<(&'static str, String)>);

/// What the shop has said of the buyer, is shown to nobody, and is used where the buyer leaves its field empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unshown {
    /// The document.
    pub document: bool,
    /// Postal code, street and house number.
    pub street: bool,
}

impl Typed {
    /// What is in the field of this name.
    pub fn value(&self, name: &str) -> String {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "checkout_form.html")]
struct FormTemplate<'a> {
    layout: Layout,
    sheet: Sheet<'a>,
    title: String,
    action: String,
    hidden: Vec<(&'static str, String)>,
    fields: Vec<Field>,
    button: String,
    notice: Option<&'static str>,
}

pub(in crate::pages) fn field(name: &'static str, label: &'static str, typed: &Typed) -> Field {
    Field {
        name,
        label,
        value: typed.value(name),
        autocomplete: "off",
        input_mode: "text",
        kind: "text",
        hint: None,
        longest: 128,
        required: true,
        options: Vec::new(),
        half: false,
    }
}

pub(super) fn email_field(view: &CheckoutView, words: &'static CheckoutWords, typed: &Typed) -> Field {
    Field {
        autocomplete: "email",
        input_mode: "email",
        kind: "email",
        hint: (!view.live).then_some(words.test_email_hint),
        longest: 254,
        ..field("email", words.email, typed)
    }
}

/// The kind of document and its number, on sites that have such.
fn documents(catalogue: &SiteCatalogue, words: &'static CheckoutWords, typed: &Typed) -> Vec<Field> {
    let options: Vec<(String, String)> =
        catalogue.identification_types().iter().map(|kind| (kind.id.clone(), kind.name.clone())).collect();
    if options.is_empty() {
        return Vec::new();
    }
    let kind = Field { options, half: true, ..field("document_type", words.document, typed) };
    let number = Field { longest: 32, half: true, ..field("document_number", words.document_number, typed) };
    vec![kind, number]
}

/// A field that the buyer may leave to what the shop has said.
fn may_be_empty(field: Field, is_unshown: bool, words: &'static CheckoutWords) -> Field {
    if is_unshown && field.options.is_empty() {
        Field { required: false, hint: Some(words.unshown_hint), ..field }
    } else {
        field
    }
}

/// What is asked of a card that is typed.
pub(in crate::pages) fn card_fields(
    catalogue: &SiteCatalogue,
    words: &'static CheckoutWords,
    typed: &Typed,
) -> Vec<Field> {
    let digits = |name, label, autocomplete, longest| Field {
        autocomplete,
        input_mode: "numeric",
        longest,
        ..field(name, label, &Typed::default())
    };
    let mut fields = vec![
        digits("card_number", words.card_number, "cc-number", 23),
        Field {
            hint: Some(words.card_expiry_hint),
            half: true,
            ..digits("card_expiry", words.card_expiry, "cc-exp", 7)
        },
        Field { required: false, half: true, ..digits("card_code", words.card_code, "cc-csc", 4) },
        Field { autocomplete: "cc-name", ..field("card_holder", words.card_holder, typed) },
    ];
    fields.extend(documents(catalogue, words, typed));
    fields
}

/// The page on which a buyer says who pays a ticket or a transfer.
pub fn offline_form(
    view: &CheckoutView,
    (method, catalogue, unshown): (&PaymentMethod, &SiteCatalogue, Unshown),
    typed: &Typed,
    ticket: &str,
    notice: Option<&'static str>,
    locale: Locale,
) -> Page {
    let words = CheckoutWords::of(locale);
    let needs = |what: &str| method.additional_info_needed.iter().any(|needed| needed == what);
    let mut fields = vec![email_field(view, words, typed)];
    let named = |name, label, autocomplete| Field { autocomplete, ..field(name, label, typed) };
    let half = |name, label, autocomplete| Field { half: true, ..named(name, label, autocomplete) };
    if needs("first_name") || method.id == "bolbradesco" || method.id == "pec" {
        fields.push(half("first_name", words.first_name, "given-name"));
        fields.push(half("last_name", words.last_name, "family-name"));
    }
    if needs("identification_number") || needs("identification_type") {
        let documents = documents(catalogue, words, typed).into_iter();
        fields.extend(documents.map(|field| may_be_empty(field, unshown.document, words)));
    }
    if method.id == "bolbradesco" {
        let street = [
            half("zip_code", words.zip_code, "postal-code"),
            half("street_number", words.street_number, "off"),
            named("street_name", words.street_name, "address-line1"),
        ];
        fields.extend(street.into_iter().map(|field| may_be_empty(field, unshown.street, words)));
        fields.push(half("neighborhood", words.neighborhood, "address-level3"));
        fields.push(half("city", words.city, "address-level2"));
        fields.push(named("federal_unit", words.federal_unit, "address-level1"));
    }
    if method.id == "pse" {
        let banks = method.financial_institutions.iter();
        let options = banks.map(|bank| (bank.id.clone(), bank.description.clone())).collect();
        fields.push(Field { options, ..field("financial_institution", words.bank, typed) });
    }
    let title = format!("{} {}", locale.words().pay_with, method.name);
    let (layout, sheet) = view.sheet(&title, locale);
    let language = layout.language;
    let template = FormTemplate {
        layout,
        sheet,
        title,
        action: format!("/checkout/v1/pay?{}", view.query),
        hidden: vec![("payment_method_id", method.id.clone()), ("form", ticket.to_owned())],
        fields,
        button: format!("{} {}", words.pay, view.amount()),
        notice,
    };
    Page::render(&template, language, Framing::Nobody)
}
