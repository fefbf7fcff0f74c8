//! The promotions of a site, for buyers: what they are spared, and what instalments cost otherwise. A banner of the same
//! stands inside shops.

use super::layout::Layout;
use super::locale::Locale;
use super::promotion_words::PromotionWords;
use super::{Framing, Page};
use askama::Template;
use pasarela_domain::catalogue::installments::RateCollector;
use pasarela_domain::catalogue::promotion_words::{Language, PromotionText};
use pasarela_domain::catalogue::{DealParameters, SiteCatalogue};
use pasarela_domain::notation::Notation;
use pasarela_domain::site::{SITES, Site};

/// How many promotions a banner shows: it is a strip, not a page.
const MOST_IN_A_BANNER: usize = 3;

/// What the page shows.
#[derive(Clone, Debug)]
pub struct PromotionsView {
    /// Where.
    pub site: Site,
    /// Campaigns, in the order in which they are preferred.
    pub promotions: Vec<PromotionText>,
    /// What instalments cost without one.
    pub costs: Vec<CostRow>,
    /// The query that leads to the whole page: whose promotions these are.
    pub query: String,
}

/// A number of instalments and its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostRow {
    /// How many.
    pub installments: u32,
    /// `19,62%`; `None` where the card's issuer sets it.
    pub surcharge: Option<String>,
    /// TEA and CFT, where the law wants them.
    pub annual: Option<(String, String)>,
}

impl PromotionsView {
    /// What `catalogue` offers to whoever `parameters` name.
    pub fn of(
        catalogue: &SiteCatalogue,
        parameters: &DealParameters,
        locale: Locale,
        query: &str,
    ) -> PromotionsView {
        let site = catalogue.site();
        let language = language(locale);
        let notation = match locale {
            Locale::English => Notation::of(site).in_english(),
            _ => Notation::of(site),
        };
        let deals = catalogue.deals(parameters);
        PromotionsView {
            site,
            promotions: deals
                .into_iter()
                .map(|deal| whole_amounts(catalogue.promotion_text(deal, language)))
                .collect(),
            costs: catalogue
                .market_rates()
                .iter()
                .map(|rate| CostRow {
                    installments: rate.installments,
                    surcharge: (rate.collected_by == RateCollector::Platform)
                        .then(|| notation.percent(rate.rate_percent)),
                    annual: rate
                        .annual_cost
                        .map(|cost| (notation.percent(cost.tea_percent), notation.percent(cost.cft_percent))),
                })
                .collect(),
            query: query.to_owned(),
        }
    }

    fn has_annual_costs(&self) -> bool {
        self.costs.iter().any(|row| row.annual.is_some())
    }
}

#[derive(Template)]
#[template(path = "promotions.html")]
struct PromotionsTemplate<'a> {
    layout: Layout,
    texts: &'static PromotionWords,
    view: &'a PromotionsView,
    sites: [Site; SITES.len()],
    locale: &'static str,
}

#[derive(Template)]
#[template(path = "promotions_banner.html")]
struct BannerTemplate<'a> {
    layout: Layout,
    texts: &'static PromotionWords,
    view: &'a PromotionsView,
    shown: &'a [PromotionText],
    locale: &'static str,
}

/// The page at `/promociones/{site}`.
pub fn promotions(view: &PromotionsView, locale: Locale) -> Page {
    let texts = PromotionWords::of(locale);
    let layout = Layout::new(texts.title.to_owned(), locale, Some(view.site));
    let language = layout.language;
    let template = PromotionsTemplate { layout, texts, view, sites: SITES, locale: locale.language() };
    Page::render(&template, language, Framing::Nobody)
}

/// The strip at `/promociones/banner`, to stand in a frame of any shop.
pub fn promotions_banner(view: &PromotionsView, locale: Locale) -> Page {
    let texts = PromotionWords::of(locale);
    let layout = Layout::new(texts.title.to_owned(), locale, Some(view.site));
    let language = layout.language;
    let shown = &view.promotions[..view.promotions.len().min(MOST_IN_A_BANNER)];
    let template = BannerTemplate { layout, texts, view, shown, locale: locale.language() };
    Page::render(&template, language, Framing::Anyone)
}

/// A line never ends between a currency's sign and its amount.
fn whole_amounts(text: PromotionText) -> PromotionText {
    let whole = |text: String| text.replace("$ ", "$\u{a0}").replace("S/ ", "S/\u{a0}");
    PromotionText { title: whole(text.title), legals: whole(text.legals), ..text }
}

const fn language(locale: Locale) -> Language {
    match locale {
        Locale::Spanish => Language::Spanish,
        Locale::Portuguese => Language::Portuguese,
        Locale::English => Language::English,
    }
}
