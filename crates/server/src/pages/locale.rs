//! The three languages of the pages.

use super::words::{ENGLISH, PORTUGUESE, SPANISH, Words};
use pasarela_domain::site::Site;

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Locale {
    /// Spanish.
    Spanish,
    /// Portuguese.
    Portuguese,
    /// English.
    English,
}

/// All of them.
pub const LOCALES: [Locale; 3] = [Locale::Spanish, Locale::Portuguese, Locale::English];

impl Locale {
    /// The language for a request: what its `?locale=` asks for, else the first of its `Accept-Language` that we have,
    /// else the site's own (Spanish where there is no site).
    pub fn choose(asked: Option<&str>, accept_language: Option<&str>, site: Option<Site>) -> Locale {
        asked
            .and_then(Locale::from_tag)
            .or_else(|| accept_language.and_then(preferred))
            .unwrap_or_else(|| site.map_or(Locale::Spanish, Locale::of_site))
    }

    /// The language that a site's buyers read.
    pub fn of_site(site: Site) -> Locale {
        match site {
            Site::MLB => Locale::Portuguese,
            _ => Locale::Spanish,
        }
    }

    /// The language of a tag such as `pt`, `pt-BR`, `es_AR`, in any case of letters.
    pub fn from_tag(tag: &str) -> Option<Locale> {
        let language = tag.trim().split(['-', '_']).next()?;
        LOCALES.into_iter().find(|locale| locale.language().eq_ignore_ascii_case(language))
    }

    /// ISO 639-1: `es`, `pt`, `en`.
    pub const fn language(self) -> &'static str {
        match self {
            Locale::Spanish => "es",
            Locale::Portuguese => "pt",
            Locale::English => "en",
        }
    }

    /// The tag for the document: the site's own (`es-AR`) where its buyers read this language, else the bare language.
    pub fn tag(self, site: Option<Site>) -> &'static str {
        match site {
            Some(site) if Locale::of_site(site) == self => site.locale(),
            _ => self.language(),
        }
    }

    /// The pages' words in this language.
    pub const fn words(self) -> &'static Words {
        match self {
            Locale::Spanish => &SPANISH,
            Locale::Portuguese => &PORTUGUESE,
            Locale::English => &ENGLISH,
        }
    }
}

/// The language with the highest weight in an `Accept-Language` header (RFC 9110 §12.5.4) that we speak; the first of
/// equals. Only the first entries are looked at: no browser sends more.
fn preferred(header: &str) -> Option<Locale> {
    const MOST_ENTRIES: usize = 16;
    let mut best: Option<(Locale, u16)> = None;
    for entry in header.split(',').take(MOST_ENTRIES) {
        let (tag, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let Some(locale) = Locale::from_tag(tag) else { continue };
        let weight = weight(parameters);
        if weight > 0 && best.is_none_or(|(_, other)| weight > other) {
            best = Some((locale, weight));
        }
    }
    best.map(|(locale, _)| locale)
}

/// `q=0.8` in thousandths; absent means 1, unreadable means 0.
fn weight(parameters: &str) -> u16 {
    let Some(text) = parameters.trim().strip_prefix("q=") else { return 1_000 };
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let fraction = format!("{fraction:0<3}");
    match (whole, fraction.parse::<u16>()) {
        ("0", Ok(thousandths)) if fraction.len() == 3 => thousandths,
        ("1", Ok(0)) => 1_000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_wins_over_the_browser_and_the_browser_over_the_site() {
        let site = Some(Site::MLB);
        assert_eq!(Locale::choose(Some("es-AR"), Some("en"), site), Locale::Spanish);
        assert_eq!(Locale::choose(Some("tlh"), Some("en-GB,es;q=0.5"), site), Locale::English);
        assert_eq!(Locale::choose(None, Some("fr,es;q=0.5,en;q=0.8"), site), Locale::English);
        assert_eq!(Locale::choose(None, Some("fr, *;q=0.5"), site), Locale::Portuguese);
        assert_eq!(Locale::choose(None, None, Some(Site::MCO)), Locale::Spanish);
    }

    #[test]
    fn a_language_that_is_refused_is_not_used() {
        assert_eq!(Locale::choose(None, Some("en;q=0, pt;q=0.1"), None), Locale::Portuguese);
        assert_eq!(Locale::choose(None, Some("en;q=banana"), Some(Site::MLA)), Locale::Spanish);
    }

    #[test]
    fn the_document_names_the_sites_variety() {
        assert_eq!(Locale::Portuguese.tag(Some(Site::MLB)), "pt-BR");
        assert_eq!(Locale::English.tag(Some(Site::MLB)), "en");
        assert_eq!(Locale::Spanish.tag(Some(Site::MLM)), "es-MX");
    }
}
