//! What every page has around its content.

use super::assets::{ICON, SCRIPT, STYLESHEET};
use super::locale::Locale;
use super::payment_view::PaymentView;
use super::words::Words;
use pasarela_domain::seller_policies::SellerPolicies;
use pasarela_domain::site::Site;

/// How often a page that waits looks again.
pub(crate) const FOLLOWING_SECONDS: u32 = 5;

/// The frame of a page.
#[derive(Debug)]
pub(crate) struct Layout {
    pub title: String,
    pub language: &'static str,
    pub words: &'static Words,
    pub stylesheet: &'static str,
    pub icon: &'static str,
    pub script: &'static str,
    /// Whether to say that no real money moves.
    pub test: bool,
    /// Look again every so many seconds, with the script or without.
    pub following: Option<u32>,
    /// Whether it looks again without the script, too, by loading itself anew.
    pub reloads: bool,
    /// Leave for the shop by itself.
    pub leave_for: Option<String>,
    /// In whose name the page stands.
    pub shop: Option<Shop>,
}

/// A seller at the head of a page.
#[derive(Clone, Debug)]
pub struct Shop {
    /// What buyers call it.
    pub name: String,
    /// Stands where it has no logo.
    pub initial: String,
    /// Where its logo is.
    pub logo: Option<String>,
    /// A stylesheet with its color.
    pub colors: Option<String>,
    /// What is paid, where a small screen shows it beside the name.
    pub amount: Option<String>,
    /// Where its terms and conditions are.
    pub terms: Option<String>,
    /// Where buyers turn to: what is shown, and where it leads.
    pub support: Vec<(String, String)>,
}

impl Shop {
    /// A seller with nothing but a name.
    pub fn named(name: &str) -> Shop {
        let initial = name.trim().chars().next().map(|first| first.to_uppercase().to_string());
        Shop {
            name: name.to_owned(),
            initial: initial.unwrap_or_default(),
            logo: None,
            colors: None,
            amount: None,
            terms: None,
            support: Vec::new(),
        }
    }

    /// The same with what the seller says of itself.
    #[must_use]
    pub fn with_policies(mut self, policies: &SellerPolicies) -> Shop {
        self.terms = policies.terms_url.clone();
        let email = policies.support_email.iter().map(|email| (email.clone(), format!("mailto:{email}")));
        let phone = policies.support_phone.iter().map(|phone| {
            let number: String =
                phone.chars().filter(|letter| letter.is_ascii_digit() || *letter == '+').collect();
            (phone.clone(), format!("tel:{number}"))
        });
        let page = policies.support_url.iter().map(|url| (url.clone(), url.clone()));
        self.support = email.chain(phone).chain(page).collect();
        self
    }
}

impl Layout {
    /// The frame of a page titled `title`.
    pub fn new(title: String, locale: Locale, site: Option<Site>) -> Layout {
        Layout {
            title,
            language: locale.tag(site),
            words: locale.words(),
            stylesheet: &STYLESHEET.path,
            icon: &ICON.path,
            script: &SCRIPT.path,
            test: false,
            following: None,
            reloads: true,
            leave_for: None,
            shop: None,
        }
    }

    /// The frame of a page about `view`: it follows the payment while that waits.
    pub fn of_payment(title: String, view: &PaymentView, locale: Locale) -> Layout {
        let following = view.progress().is_waiting().then_some(FOLLOWING_SECONDS);
        Layout { test: !view.live, following, ..Layout::new(title, locale, Some(view.site)) }
    }

    /// The same, in the name of who is paid.
    pub fn in_name_of(shop: &Shop, title: String, view: &PaymentView, locale: Locale) -> Layout {
        Layout { shop: Some(shop.clone()), ..Layout::of_payment(title, view, locale) }
    }
}
