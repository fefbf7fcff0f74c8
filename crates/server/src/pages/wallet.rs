//! A buyer's wallet on the hosted checkout: log in, see balance and saved cards, choose, check, pay. Every step is a page
//! of its own that works without scripts.

use super::amount::amount_text;
use super::checkout::form::{card_fields, field};
use super::checkout::review::Plans;
use super::checkout::{CheckoutView, Field, Sheet, Typed};
use super::checkout_words::CheckoutWords;
use super::layout::Layout;
use super::wallet_words::WalletWords;
use super::{Framing, Locale, Page};
use askama::Template;
use pasarela_domain::catalogue::SiteCatalogue;
use pasarela_domain::catalogue::installments::{InstallmentOffer, InstallmentPlan};
use pasarela_domain::customer::card::SavedCard;
use pasarela_domain::money::Money;

/// What a form carries without showing it.
pub type Hidden = Vec<(&'static str, String)>;

/// What each page of the wallet needs.
#[derive(Clone, Copy)]
pub struct WalletPage<'a> {
    /// The purchase.
    pub view: &'a CheckoutView,
    /// What to say above everything.
    pub notice: Option<&'static str>,
    /// In which language.
    pub locale: Locale,
    /// The word of the page's forms.
    pub word: &'a str,
}

impl WalletPage<'_> {
    fn words(&self) -> (&'static WalletWords, &'static CheckoutWords) {
        (WalletWords::of(self.locale), CheckoutWords::of(self.locale))
    }

    fn address(&self, of: &str) -> String {
        format!("/checkout/v1/{of}?{}", self.view.query)
    }
}

#[derive(Template)]
#[template(path = "wallet_login.html")]
struct LoginTemplate<'a> {
    layout: Layout,
    sheet: Sheet<'a>,
    wallet: &'static WalletWords,
    notice: Option<&'static str>,
    action: String,
    word: &'a str,
    fields: Vec<Field>,
    is_only_way: bool,
}

/// What the page on which a buyer logs in depends on.
#[derive(Clone, Copy, Debug)]
pub struct LoginPage<'a> {
    /// What was typed before.
    pub name: &'a str,
    /// Whether nothing else can pay.
    pub is_only_way: bool,
    /// Whether the login demands a code, too.
    pub demands_code: bool,
}

/// The page on which a buyer logs in.
pub fn login(page: WalletPage<'_>, login: LoginPage<'_>) -> Page {
    let LoginPage { name, is_only_way, demands_code } = login;
    let (wallet, _) = page.words();
    let (layout, sheet) = page.view.sheet(wallet.log_in, page.locale);
    let language = layout.language;
    let typed = Typed(vec![("name", name.to_owned())]);
    let mut fields = vec![
        Field { autocomplete: "username", longest: 254, ..field("name", wallet.name, &typed) },
        Field {
            kind: "password",
            autocomplete: "current-password",
            longest: 256,
            ..field("password", wallet.password, &Typed::default())
        },
    ];
    if demands_code {
        let code = field("code", wallet.app_code, &Typed::default());
        fields.push(Field { autocomplete: "one-time-code", longest: 40, ..code });
    }
    let template = LoginTemplate {
        layout,
        sheet,
        wallet,
        notice: page.notice,
        action: page.address("login"),
        word: page.word,
        fields,
        is_only_way,
    };
    Page::render(&template, language, Framing::Nobody)
}

/// A saved card to choose.
struct CardRow {
    id: String,
    text: String,
}

/// What the wallet's page offers.
pub struct Offers<'a> {
    /// Who is logged in.
    pub name: &'a str,
    /// What is in the wallet.
    pub balance: Money,
    /// The fields of the form that pays all by balance, if it can.
    pub by_balance: Option<Hidden>,
    /// The part that the balance pays and the rest, where a card may pay that.
    pub split: Option<(Money, Money)>,
    /// Whether cards may pay all.
    pub takes_cards: bool,
    /// The saved ones.
    pub cards: &'a [SavedCard],
}

#[derive(Template)]
#[template(path = "wallet.html")]
struct WalletTemplate<'a> {
    layout: Layout,
    sheet: Sheet<'a>,
    wallet: &'static WalletWords,
    notice: Option<&'static str>,
    word: &'a str,
    name: &'a str,
    balance: String,
    by_balance: Option<Hidden>,
    split: Option<(String, String)>,
    must_split: bool,
    takes_cards: bool,
    cards: Vec<CardRow>,
    pay: String,
    card: String,
    forget: String,
    log_out: String,
    new_card: String,
    is_only_way: bool,
}

/// What is in the wallet, and what of it may pay.
pub fn wallet(page: WalletPage<'_>, offers: Offers<'_>, is_only_way: bool) -> Page {
    let (wallet, words) = page.words();
    let (layout, sheet) = page.view.sheet(words.choose, page.locale);
    let language = layout.language;
    let text = |money| amount_text(money, page.view.site);
    let cards = offers.cards.iter().map(|card| CardRow {
        id: card.id.clone(),
        text: format!(
            "{} {} {} ({:02}/{})",
            card.payment_method.name,
            wallet.ends_in,
            card.last_four_digits,
            card.expiration_month,
            card.expiration_year
        ),
    });
    let template = WalletTemplate {
        layout,
        sheet,
        wallet,
        notice: page.notice,
        word: page.word,
        name: offers.name,
        balance: text(offers.balance),
        by_balance: offers.by_balance,
        split: offers.split.map(|(part, rest)| (text(part), text(rest))),
        must_split: !offers.takes_cards,
        takes_cards: offers.takes_cards || offers.split.is_some(),
        cards: cards.collect(),
        pay: page.address("wallet/pay"),
        card: page.address("wallet/card"),
        forget: page.address("wallet/forget"),
        log_out: page.address("logout"),
        new_card: format!("{}&card=new", page.address("wallet")),
        is_only_way,
    };
    Page::render(&template, language, Framing::Nobody)
}

#[derive(Template)]
#[template(path = "wallet_card.html")]
struct CardTemplate<'a> {
    layout: Layout,
    sheet: Sheet<'a>,
    wallet: &'static WalletWords,
    notice: Option<&'static str>,
    word: &'a str,
    action: String,
    fields: Vec<Field>,
    split: Option<(String, String)>,
    must_split: bool,
    back: String,
}

/// The page on which a logged-in buyer types a card.
pub fn new_card(
    page: WalletPage<'_>,
    catalogue: &SiteCatalogue,
    typed: &Typed,
    split: Option<(Money, Money)>,
    must_split: bool,
) -> Page {
    let (wallet, words) = page.words();
    let (layout, sheet) = page.view.sheet(words.card_title, page.locale);
    let language = layout.language;
    let text = |money| amount_text(money, page.view.site);
    let template = CardTemplate {
        layout,
        sheet,
        wallet,
        notice: page.notice,
        word: page.word,
        action: page.address("wallet/new-card"),
        fields: card_fields(catalogue, words, typed),
        split: split.map(|(part, rest)| (text(part), text(rest))),
        must_split,
        back: page.address("wallet"),
    };
    Page::render(&template, language, Framing::Nobody)
}

/// A card that is about to pay.
pub struct Chosen<'a> {
    /// How the card is shown.
    pub card: &'a str,
    /// What it pays.
    pub amount: Money,
    /// What the balance pays beside it.
    pub balance_part: Option<Money>,
    /// In which instalments.
    pub plans: &'a [(InstallmentOffer<'a>, InstallmentPlan)],
    /// The plan that the shop prefers.
    pub first_plan: Option<u32>,
    /// The form's hidden fields.
    pub hidden: Hidden,
}

#[derive(Template)]
#[template(path = "wallet_review.html")]
struct ReviewTemplate<'a> {
    layout: Layout,
    sheet: Sheet<'a>,
    wallet: &'static WalletWords,
    action: String,
    card: &'a str,
    parts: Option<(String, String)>,
    hidden: Hidden,
    plans: Plans,
    back: String,
}

/// The page before a card pays, alone or beside the balance.
pub fn review(page: WalletPage<'_>, chosen: Chosen<'_>) -> Page {
    let (wallet, words) = page.words();
    let (layout, sheet) = page.view.sheet(words.review, page.locale);
    let language = layout.language;
    let text = |money| amount_text(money, page.view.site);
    let template = ReviewTemplate {
        layout,
        sheet,
        wallet,
        action: page.address("wallet/pay"),
        card: chosen.card,
        parts: chosen.balance_part.map(|part| (text(part), text(chosen.amount))),
        hidden: chosen.hidden,
        plans: Plans::of(page.view.site, chosen.plans, chosen.first_plan, (chosen.amount, words)),
        back: page.address("wallet"),
    };
    Page::render(&template, language, Framing::Nobody)
}
