//! `pasarela quality page`: one page, looked at alone; needs no server.

use super::arguments::{Format, PageArguments};
use super::formats;
use crate::address::Roots;
use crate::failure::Failure;
use crate::runtime;
use pasarela_domain::quality::Finding;
use pasarela_domain::quality::checks::{Check, look};
use pasarela_domain::quality::evidence::{Evidence, Probes, Surroundings};
use pasarela_domain::quality::report::{Action, action};
use pasarela_domain::quality::rules::{self, Kind, Product};
use pasarela_domain::site::Site;
use pasarela_engine::notifications::address_guard::Reach;
use pasarela_engine::quality::probes::{Budget, Prober, ShopPages};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;
use url::Url;

/// The most requests for one page: it, its scripts and its terms, with their redirections.
const MOST_REQUESTS: u32 = 60;
/// The rules that a page alone can be held against.
const OF_PAGES: [Check; 9] = [
    Check::SiteCertificate,
    Check::HttpsPaymentForm,
    Check::OfficialLibraryUnmodified,
    Check::NoNameAttribute,
    Check::DataCheckoutAttribute,
    Check::TermsAndConditionsPage,
    Check::PromotionsVisible,
    Check::MlaCftTeaShown,
    Check::MlaNoInterestClaim,
];

/// Looks at the page.
pub fn run(arguments: &PageArguments) -> Result<(String, ExitCode), Failure> {
    let site = Site::from_id(&arguments.site)
        .ok_or_else(|| Failure::new("there is no such site", "MLA, MLB, MLC, MCO, MLM, MPE or MLU"))?;
    let roots = Roots::of(arguments.ca.as_deref())?.into_certificates();
    // The person at this machine may look wherever the machine reaches.
    let browser = arguments.browser.browser(true)?.map(Arc::new);
    let prober = Prober::new(Reach::Anywhere, roots, &arguments.platform).with_browser(browser);
    let url = &arguments.url;
    let budget = Budget::new(MOST_REQUESTS);
    let shop = ShopPages { payment: url, ..ShopPages::default() };
    let (seen, certificate) = runtime::block_on(async {
        tokio::join!(prober.pages(shop, None, &budget), prober.site(url, &budget))
    })?;
    let page = seen.page;
    // One that answered, and that no browser can show, is judged.
    let is_silent = page.status == 0 && (certificate.fault.is_none() || url.starts_with("http:"));
    if let Some(fault) = page.fault.as_ref().filter(|_| is_silent) {
        return Err(Failure::new(format!("{url} can't be read: {fault}"), "Is the shop running there?"));
    }
    let terms = match &page.terms_link {
        Some(link) => Some(runtime::block_on(prober.linked(&page.url, link, &budget))?),
        None => None,
    };
    let probes = Probes { site: Some(certificate), page: Some(page), terms, ..Probes::default() };
    let around = Surroundings { probes, ..Surroundings::default() };
    let evidence = Evidence::without_payment(site, true, &around);
    // A page on this machine has no certificate yet.
    let is_own_machine = Url::parse(url).is_ok_and(|url| {
        url.scheme() == "http" && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
    });
    let is_asked = |check: Check| {
        OF_PAGES.contains(&check)
            && !(is_own_machine && matches!(check, Check::SiteCertificate | Check::HttpsPaymentForm))
    };
    let asked = rules::of(Product::All).filter(|rule| is_asked(rule.check));
    let found: Vec<Action> =
        asked.map(|rule| action(&Finding { rule, outcome: look(rule.check, &evidence) }, &[])).collect();
    let is_good = !found.iter().any(|action| action.kind == Kind::Mandatory && action.remedy.is_some());
    let text = match arguments.format {
        Format::Text => found.iter().map(|action| formats::line(action, &arguments.language)).collect(),
        Format::Json => format!("{:#}\n", json!({"page": around.probes, "checks": found})),
        Format::Junit => formats::junit_of(url, &found, &arguments.language),
        Format::Sarif => formats::sarif_of(&found, &arguments.language, url),
    };
    Ok((text, if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}
