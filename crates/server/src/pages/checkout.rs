//! The hosted checkout behind a preference's `init_point`: choose, type, check, pay, and go back to the shop. Every step is
//! a page of its own with one form, so that it works without scripts.

use super::amount::amount_text;
use super::checkout_words::CheckoutWords;
use super::layout::{FOLLOWING_SECONDS, Layout};
use super::locale::Locale;
use super::payment_view::PaymentView;
use super::progress::Progress;
use super::words::Words;
use super::{Framing, Page};
use askama::Template;
use axum::http::StatusCode;
use pasarela_domain::catalogue::installments::{InstallmentOffer, InstallmentPlan};
use pasarela_domain::catalogue::{PaymentMethod, PaymentType, SiteCatalogue};
use pasarela_domain::money::Money;
use pasarela_domain::notation::Notation;
use pasarela_domain::preference::Preference;
use pasarela_domain::site::Site;
use pasarela_domain::status_detail;

/// How long an approved payment is shown before the buyer is taken back to the shop, in seconds.
const LEAVING_SECONDS: u32 = 5;
/// Lines of a purchase that are shown one by one.
const MOST_LINES: usize = 20;

/// What every page of a checkout shows.
#[derive(Debug)]
pub struct CheckoutView {
    /// Who sells.
    pub merchant: String,
    /// The market.
    pub site: Site,
    /// Whether real money moves.
    pub live: bool,
    /// What is bought: the line, and what it costs.
    pub lines: Vec<(String, String)>,
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

impl CheckoutView {
    /// What is shown of a preference.
    pub fn of(preference: &Preference, merchant: &str, query: String, leave: Option<String>) -> CheckoutView {
        let site = preference.site();
        let text = |money| amount_text(money, site);
        let line = |item: &pasarela_domain::preference::Item| {
            let price = item.unit_price.money(site.currency());
            let price = Money::new(price.minor * item.quantity, price.currency);
            let title = match item.quantity {
                1 => item.title.clone(),
                count => format!("{count} × {}", item.title),
            };
            (title, text(price))
        };
        let mut lines: Vec<(String, String)> = preference.items.iter().take(MOST_LINES).map(line).collect();
        if preference.items.len() > MOST_LINES {
            lines.push(("…".to_owned(), String::new()));
        }
        let shipping = preference.shipping_cost();
        CheckoutView {
            merchant: merchant.to_owned(),
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
        Layout { test: !self.live, ..Layout::new(title.to_owned(), locale, Some(self.site)) }
    }

    fn amount(&self) -> String {
        amount_text(self.total, self.site)
    }
}

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
    words: &'static CheckoutWords,
    common: &'static Words,
    view: &'a CheckoutView,
    amount: String,
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
    let layout = view.layout(words.choose, locale);
    let language = layout.language;
    let template = ChoiceTemplate {
        layout,
        words,
        common: locale.words(),
        view,
        amount: view.amount(),
        ways: ways(view, methods, words),
        notice,
    };
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

impl Typed {
    fn value(&self, name: &str) -> String {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "checkout_form.html")]
struct FormTemplate<'a> {
    layout: Layout,
    words: &'static CheckoutWords,
    common: &'static Words,
    view: &'a CheckoutView,
    amount: String,
    title: String,
    action: String,
    hidden: Vec<(&'static str, String)>,
    fields: Vec<Field>,
    button: String,
    notice: Option<&'static str>,
}

fn field(name: &'static str, label: &'static str, typed: &Typed) -> Field {
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

fn email_field(view: &CheckoutView, words: &'static CheckoutWords, typed: &Typed) -> Field {
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

/// The page on which a card is typed. It is posted to the platform itself: the shop never sees it.
pub fn card_form(
    view: &CheckoutView,
    catalogue: &SiteCatalogue,
    typed: &Typed,
    notice: Option<&'static str>,
    locale: Locale,
) -> Page {
    let words = CheckoutWords::of(locale);
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
    fields.push(email_field(view, words, typed));
    let layout = view.layout(words.card_title, locale);
    let language = layout.language;
    let template = FormTemplate {
        layout,
        words,
        common: locale.words(),
        view,
        amount: view.amount(),
        title: words.card_title.to_owned(),
        action: format!("/checkout/v1/card?{}", view.query),
        hidden: Vec::new(),
        fields,
        button: words.go_on.to_owned(),
        notice,
    };
    Page::render(&template, language, Framing::Nobody)
}

/// The page on which a buyer says who pays a ticket or a transfer.
pub fn offline_form(
    view: &CheckoutView,
    (method, catalogue): (&PaymentMethod, &SiteCatalogue),
    typed: &Typed,
    ticket: &str,
    notice: Option<&'static str>,
    locale: Locale,
) -> Page {
    let words = CheckoutWords::of(locale);
    let needs = |what: &str| method.additional_info_needed.iter().any(|needed| needed == what);
    let mut fields = vec![email_field(view, words, typed)];
    let named = |name, label, autocomplete| Field { autocomplete, ..field(name, label, typed) };
    if needs("first_name") || method.id == "bolbradesco" || method.id == "pec" {
        fields.push(named("first_name", words.first_name, "given-name"));
        fields.push(named("last_name", words.last_name, "family-name"));
    }
    if needs("identification_number") || needs("identification_type") {
        fields.extend(documents(catalogue, words, typed));
    }
    if method.id == "bolbradesco" {
        fields.push(named("zip_code", words.zip_code, "postal-code"));
        fields.push(named("street_name", words.street_name, "address-line1"));
        fields.push(named("street_number", words.street_number, "off"));
        fields.push(named("neighborhood", words.neighborhood, "address-level3"));
        fields.push(named("city", words.city, "address-level2"));
        fields.push(named("federal_unit", words.federal_unit, "address-level1"));
    }
    if method.id == "pse" {
        let banks = method.financial_institutions.iter();
        let options = banks.map(|bank| (bank.id.clone(), bank.description.clone())).collect();
        fields.push(Field { options, ..field("financial_institution", words.bank, typed) });
    }
    let title = format!("{} {}", locale.words().pay_with, method.name);
    let layout = view.layout(&title, locale);
    let language = layout.language;
    let template = FormTemplate {
        layout,
        words,
        common: locale.words(),
        view,
        amount: view.amount(),
        title,
        action: format!("/checkout/v1/pay?{}", view.query),
        hidden: vec![("payment_method_id", method.id.clone()), ("form", ticket.to_owned())],
        fields,
        button: format!("{} {}", words.pay, view.amount()),
        notice,
    };
    Page::render(&template, language, Framing::Nobody)
}

/// A plan to choose.
struct PlanRow {
    count: u32,
    text: String,
    whole: String,
    annual: Option<(String, String)>,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "checkout_review.html")]
struct ReviewTemplate<'a> {
    layout: Layout,
    words: &'static CheckoutWords,
    common: &'static Words,
    view: &'a CheckoutView,
    amount: String,
    action: String,
    card: String,
    hidden: Vec<(&'static str, String)>,
    plans: Vec<PlanRow>,
}

/// The page before paying by card: in how many instalments, and what each number of them costs in all.
pub fn review(
    view: &CheckoutView,
    card: &str,
    plans: &[(InstallmentOffer<'_>, InstallmentPlan)],
    first_choice: Option<u32>,
    hidden: Vec<(&'static str, String)>,
    locale: Locale,
) -> Page {
    let words = CheckoutWords::of(locale);
    let notation = Notation::of(view.site);
    let chosen = first_choice
        .filter(|count| plans.iter().any(|(_, plan)| plan.installments == *count))
        .or_else(|| plans.first().map(|(_, plan)| plan.installments));
    let rows = plans.iter().map(|(offer, plan)| {
        let whole = amount_text(plan.price.total, view.site);
        let is_free = plan.installments > 1 && plan.price.total <= view.total;
        let free = if is_free { format!(" {}", words.no_interest) } else { String::new() };
        PlanRow {
            count: plan.installments,
            text: match plan.installments {
                1 => words.one_payment.to_owned(),
                count => format!("{count} × {}{free}", amount_text(plan.price.installment_amount, view.site)),
            },
            whole: format!("{whole} {}", words.in_all),
            annual: offer
                .annual_cost
                .filter(|_| plan.installments > 1)
                .map(|cost| (notation.percent(cost.cft_percent), notation.percent(cost.tea_percent))),
            chosen: chosen == Some(plan.installments),
        }
    });
    let plans = rows.collect();
    let layout = view.layout(words.review, locale);
    let language = layout.language;
    let template = ReviewTemplate {
        layout,
        words,
        common: locale.words(),
        view,
        amount: view.amount(),
        action: format!("/checkout/v1/pay?{}", view.query),
        card: card.to_owned(),
        hidden,
        plans,
    };
    Page::render(&template, language, Framing::Nobody)
}

#[derive(Template)]
#[template(path = "checkout_result.html")]
struct ResultTemplate<'a> {
    layout: Layout,
    words: &'static Words,
    texts: &'static CheckoutWords,
    view: &'a PaymentView,
    progress: Progress,
    amount: String,
    message: Option<String>,
    instructions: Option<&'a str>,
    shop: Option<&'a str>,
    again: Option<&'a str>,
}

/// Where a buyer goes on from the result.
#[derive(Clone, Copy, Debug, Default)]
pub struct Onward<'a> {
    /// A ticket, a Pix or a bank.
    pub instructions: Option<&'a str>,
    /// The shop.
    pub shop: Option<&'a str>,
    /// Whether the buyer is taken there.
    pub by_itself: bool,
    /// Another attempt.
    pub again: Option<&'a str>,
}

/// The page after a payment was tried: what became of it, and where to go.
pub fn result(view: &PaymentView, onward: Onward<'_>, statement: &str, locale: Locale) -> Page {
    let progress = view.progress();
    let amount = amount_text(view.amount, view.site);
    let mut layout = Layout::of_payment(progress.told(locale.words()).0.to_owned(), view, locale);
    layout.following = progress.is_waiting().then_some(FOLLOWING_SECONDS);
    if let (true, Some(shop)) = (onward.by_itself, onward.shop) {
        layout.leave_for = Some(format!("{LEAVING_SECONDS};url={shop}"));
    }
    let message = status_detail::message(&view.status, &view.status_detail, locale.language());
    let message = message.map(|text| {
        text.replace("{amount}", &amount)
            .replace("{statement_descriptor}", statement)
            .replace("{payment_method}", &view.payment_method_id)
            .replace("{payment_method_id}", &view.payment_method_id)
            .replace("{installments}", "")
    });
    let language = layout.language;
    let template = ResultTemplate {
        layout,
        words: locale.words(),
        texts: CheckoutWords::of(locale),
        view,
        progress,
        amount,
        message,
        instructions: onward.instructions.filter(|_| progress.is_waiting()),
        shop: onward.shop,
        again: onward.again,
    };
    Page::render(&template, language, Framing::Nobody)
}

/// Why nothing can be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYet,
    /// Too many attempts.
    Exhausted,
    /// Only from an account.
    Login,
    /// No method takes the amount.
    NoMethod,
    /// What was posted is from a page that is too old, or from elsewhere.
    Stale,
}

#[derive(Template)]
#[template(path = "checkout_closed.html")]
struct ClosedTemplate<'a> {
    layout: Layout,
    words: &'static CheckoutWords,
    told: (&'static str, &'static str),
    leave: Option<&'a str>,
    again: Option<&'a str>,
}

/// The page of a checkout that takes no payment now.
pub fn closed(view: &CheckoutView, why: Closed, locale: Locale) -> Page {
    let words = CheckoutWords::of(locale);
    let (told, status) = match why {
        Closed::Expired => (words.expired, StatusCode::GONE),
        Closed::NotYet => (words.not_yet, StatusCode::FORBIDDEN),
        Closed::Exhausted => (words.exhausted, StatusCode::TOO_MANY_REQUESTS),
        Closed::Login => (words.login, StatusCode::FORBIDDEN),
        Closed::NoMethod => (words.no_method, StatusCode::CONFLICT),
        Closed::Stale => (words.stale, StatusCode::FORBIDDEN),
    };
    let layout = view.layout(told.0, locale);
    let language = layout.language;
    let again = (why == Closed::Stale).then_some(view.start.as_str());
    let template = ClosedTemplate { layout, words, told, leave: view.leave.as_deref(), again };
    Page::render(&template, language, Framing::Nobody).with_status(status)
}
