//! What every room has around its content: the bar, the navigation, notices.

use super::words::PanelWords;
use crate::pages::Locale;
use crate::pages::assets::{ICON, PANEL_STYLESHEET, SCRIPT, STYLESHEET};
use pasarela_domain::member::{Permission, Role};
use pasarela_domain::site::Site;

/// A room of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Where the panel is entered.
    Door,
    /// What needs attention.
    Home,
    /// Applications and credentials.
    Applications,
    /// How well an integration is made.
    Quality,
    /// An integration's way to live payments.
    GoingLive,
    /// Applications of others that the account let in.
    Connections,
    /// Brazil's Pix keys.
    Pix,
    /// What the seller says of itself.
    Policies,
    /// Who may act for the account.
    People,
    /// The log of acts.
    Audit,
    /// The person's own login: its password and second factor.
    Security,
}

/// Picks a word of a language.
type WordOf = fn(&PanelWords) -> &'static str;

/// The rooms that the navigation shows: where each is, its word, and what its visitor must be allowed, if anything.
const ROOMS: [(Room, &str, WordOf, Option<Permission>); 10] = [
    (Room::Home, "/panel/home", |words| words.home, None),
    (Room::Applications, "/panel/applications", |words| words.applications, None),
    (Room::Quality, "/panel/quality", |words| words.quality, None),
    (Room::GoingLive, "/panel/going-live", |words| words.going_live, None),
    (Room::Connections, "/panel/connections", |words| words.connected, None),
    (Room::Pix, "/panel/pix", |words| words.pix_keys, None),
    (Room::Policies, "/panel/policies", |words| words.policies, None),
    (Room::People, "/panel/people", |words| words.people, Some(Permission::People)),
    (Room::Audit, "/panel/audit", |words| words.audit, Some(Permission::People)),
    (Room::Security, "/panel/security", |words| words.security, None),
];

/// A line of the navigation.
#[derive(Debug)]
pub struct NavigationLine {
    /// Its word.
    pub label: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// Whether its room is the one that is shown.
    pub is_current: bool,
}

/// An account that the visitor may look at.
#[derive(Debug)]
pub struct AccountChoice {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it is the one that is shown.
    pub is_current: bool,
}

/// What the bar says of somebody who has logged in.
#[derive(Debug)]
pub struct Visitor {
    /// The accounts to choose from; the current one alone where there is no choice.
    pub accounts: Vec<AccountChoice>,
    /// The current account's name.
    pub account: String,
    /// Its site.
    pub site: &'static str,
    /// The visitor's role, in words.
    pub role: &'static str,
    /// The navigation.
    pub navigation: Vec<NavigationLine>,
}

/// A notice above the content.
#[derive(Debug)]
pub struct Notice {
    /// Whether something went wrong.
    pub is_bad: bool,
    /// What is to be said.
    pub text: String,
}

/// The frame of a room.
#[derive(Debug)]
pub struct Frame {
    /// The document's title.
    pub title: String,
    /// The language tag.
    pub language: &'static str,
    /// The panel's words.
    pub words: &'static PanelWords,
    /// The pages' stylesheet.
    pub stylesheet: &'static str,
    /// The panel's own.
    pub panel_stylesheet: &'static str,
    /// The icon.
    pub icon: &'static str,
    /// Copy buttons; everything works without it.
    pub script: &'static str,
    /// Where this page is, for the links to other languages.
    pub path: String,
    /// What forms carry: `word`, see `api/browser_session.rs`.
    pub word: String,
    /// Who looks; nobody at the door.
    pub visitor: Option<Visitor>,
    /// What just happened.
    pub notices: Vec<Notice>,
    /// How often the page looks again, in seconds, while something is going on that it waits for.
    pub following: Option<u32>,
}

impl Frame {
    /// A frame for `locale`, of the page at `path`.
    pub(super) fn new(title: &str, locale: Locale, path: &str, word: String) -> Frame {
        let words = PanelWords::of(locale);
        Frame {
            title: format!("{title} · Pasarela"),
            language: locale.language(),
            words,
            stylesheet: &STYLESHEET.path,
            panel_stylesheet: &PANEL_STYLESHEET.path,
            icon: &ICON.path,
            script: &SCRIPT.path,
            path: path.to_owned(),
            word,
            visitor: None,
            notices: Vec::new(),
            following: None,
        }
    }

    /// Says that something went well.
    #[must_use]
    pub fn told(mut self, text: impl Into<String>) -> Frame {
        self.notices.push(Notice { is_bad: false, text: text.into() });
        self
    }

    /// Says that something did not.
    #[must_use]
    pub fn warned(mut self, text: impl Into<String>) -> Frame {
        self.notices.push(Notice { is_bad: true, text: text.into() });
        self
    }
}

/// The navigation for somebody with `role` in `room`.
pub(super) fn navigation(room: Room, role: Role, site: Site, words: &PanelWords) -> Vec<NavigationLine> {
    let lines = ROOMS
        .into_iter()
        .filter(|(.., needed)| needed.is_none_or(|needed| role.may(needed)))
        .filter(|(its, ..)| *its != Room::Pix || site == Site::MLB);
    lines
        .map(|(its, href, label, _)| NavigationLine { label: label(words), href, is_current: its == room })
        .collect()
}

/// A role in words.
pub(super) const fn role_word(role: Role, words: &PanelWords) -> &'static str {
    match role {
        Role::Owner => words.owner,
        Role::Developer => words.developer,
        Role::Finance => words.finance,
        Role::ReadOnly => words.read_only,
    }
}
