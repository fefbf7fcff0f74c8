//! The server's front page: what this is, and where to go from here.

use super::layout::Layout;
use super::locale::Locale;
use super::words::Words;
use super::{Framing, Page};
use askama::Template;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;

/// A seller as the front page lists it: what anybody may see of it.
#[derive(Clone, Debug)]
pub struct SellerRow {
    /// Where it sells.
    pub site: Site,
    /// Its id.
    pub user_id: String,
    /// Its public key. Never an access token.
    pub public_key: String,
    /// Whether the key is for real money.
    pub live: bool,
}

/// What the front page shows.
#[derive(Clone, Debug)]
pub struct HomeView {
    /// The program's version.
    pub version: &'static str,
    /// The server's present.
    pub now: Timestamp,
    /// The sellers whose public keys are shown; empty where that is nobody's business.
    pub sellers: Vec<SellerRow>,
    /// The command that prints the credentials, in `dev`.
    pub credentials_command: Option<&'static str>,
    /// Whether `/demo` leads to a shop.
    pub has_demo: bool,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomeTemplate<'a> {
    layout: Layout,
    words: &'static Words,
    view: &'a HomeView,
    time: String,
}

/// The page at `/`.
pub fn home(view: &HomeView, locale: Locale) -> Page {
    let layout = Layout::new("Pasarela".to_owned(), locale, None);
    let language = layout.language;
    let template = HomeTemplate { layout, words: locale.words(), view, time: view.now.to_utc_seconds() };
    Page::render(&template, language, Framing::Nobody)
}
