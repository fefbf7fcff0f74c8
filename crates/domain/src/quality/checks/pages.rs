//! What the seller's pages show.

use super::{Outcome, Reason, met, missing};
use crate::quality::evidence::Evidence;
use crate::quality::page::{Financing, PageFacts, ResultPages};
use crate::quality::refusal::{FollowedRefusals, RefusedPayment};
use crate::quality::says::Says;
use crate::site::Site;

/// How high the total financial cost is at least, in per cent of the effective annual rate: five times its area
/// (Resolución E 51/2017).
const LEAST_HEIGHT: u32 = 225;

/// What a buyer whose payment was refused has to be told.
const SAYS_SO: &str = "page: that the payment was refused";
/// And so that it helps.
const SAYS_WHY: &str = "page: another message for each group of reasons";

/// The payment page, as far as it could be looked at.
fn page<'a>(evidence: &'a Evidence<'_>) -> Result<&'a PageFacts, Outcome> {
    match &evidence.around.probes.page {
        None => Err(Outcome::Unknown(Reason::NoPage)),
        Some(page) if page.is_there() => Ok(page),
        Some(page) if page.status == 200 => Err(missing("page: that a browser can show it", not_there(page))),
        Some(page) => Err(missing(format!("200 of {}", page.url), not_there(page))),
    }
}

fn not_there(page: &PageFacts) -> String {
    page.fault.clone().unwrap_or_else(|| format!("it answered {}", page.status))
}

/// Judges the payment page, and says how it was looked at.
fn of(evidence: &Evidence<'_>, judge: impl Fn(&PageFacts) -> Outcome) -> Outcome {
    let page = match page(evidence) {
        Ok(page) => page,
        Err(outcome) => return outcome,
    };
    with_way(judge(page), &page.way())
}

/// The outcome with how it was looked at.
fn with_way(outcome: Outcome, way: &str) -> Outcome {
    let with_way = |seen: String| match seen.is_empty() {
        true => way.to_owned(),
        false => format!("{seen} ({way})"),
    };
    match outcome {
        Outcome::Met { evidence } => Outcome::Met { evidence: with_way(evidence) },
        Outcome::Missing { missing, evidence } => Outcome::Missing { missing, evidence: with_way(evidence) },
        other => other,
    }
}

pub(super) fn modal(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |page| match page.opens_checkout_inside {
        true => met("page: the checkout is opened by the browser library"),
        false => missing("page: bricks().create(\"wallet\", \u{2026})", ""),
    })
}

/// On the payment page or on the home page: buyers see either before they pay.
pub(super) fn logo(evidence: &Evidence<'_>) -> Outcome {
    let home = evidence.around.probes.home.as_ref().filter(|home| home.is_there());
    let on_page = of(evidence, |page| match (&page.logo, home) {
        (Some(logo), _) => met(format!("page: {logo}")),
        (None, None) => missing("page: the official logo", ""),
        (None, Some(home)) => {
            let seen = format!("neither there nor on the home page {}, {}", home.url, home.way());
            missing("page: the official logo", seen)
        }
    });
    match home.and_then(|home| Some((home, home.logo.as_ref()?))) {
        Some((home, logo)) if !matches!(on_page, Outcome::Met { .. }) => {
            with_way(met(format!("home page {}: {logo}", home.url)), &home.way())
        }
        _ => on_page,
    }
}

pub(super) fn https(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |page| {
        if !page.url.starts_with("https://") {
            return missing("page: an https address", page.url.clone());
        }
        match (page.plain_forms.first(), page.plain_scripts.first()) {
            (Some(form), _) => missing("page: form action over https", form.clone()),
            (None, Some(script)) => missing("page: scripts over https", script.clone()),
            (None, None) => met(format!("page: {}", page.url)),
        }
    })
}

pub(super) fn library(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |page| {
        if let Some(copy) = page.library_copies.first() {
            return missing(
                "page: script src of the platform's library",
                format!("a copy is loaded from {copy}"),
            );
        }
        if let Some(altered) = &page.altered_library {
            return missing("page: the library as the platform serves it", altered.clone());
        }
        match page.official_libraries.first() {
            Some(library) => met(format!("page: {library}")),
            None if page.card_inputs.is_empty() => Outcome::NotApplicable(Reason::HostedCheckout),
            None => {
                missing("page: script src of the platform's library", "cards are typed, and it is not loaded")
            }
        }
    })
}

pub(super) fn no_names(evidence: &Evidence<'_>) -> Outcome {
    // Anybody with a public key may report it, so it is a reason to have the page looked at, and no failure.
    if evidence.around.probes.page.is_none() && evidence.around.are_names_reported {
        return Outcome::Unknown(Reason::NamesReported);
    }
    of(evidence, |page| match page.named_inputs().next() {
        Some(input) => missing(
            format!("page: {} without name", input.selector),
            format!(
                "name=\"{}\" would send {} to your server",
                input.name.as_deref().unwrap_or_default(),
                input.takes
            ),
        ),
        None if page.card_inputs.is_empty() => Outcome::NotApplicable(Reason::CardsTakenByPlatform),
        None => match page.input_outside_frames() {
            Some(input) => missing(
                format!("page: no {} outside the platform's frames", input.selector),
                format!("it takes {} beside {} frames of the platform", input.takes, page.secure_frames),
            ),
            None => met(format!("page: {} card inputs, none with a name", page.card_inputs.len())),
        },
    })
}

pub(super) fn data_checkout(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |page| {
        if !page.is_first_version {
            return Outcome::NotApplicable(Reason::NotFirstVersion);
        }
        match page.card_inputs.iter().find(|input| input.data_checkout.is_none()) {
            Some(input) => missing(format!("page: {} with data-checkout", input.selector), ""),
            None => met("page: data-checkout on each card input"),
        }
    })
}

pub(super) fn terms(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |page| {
        let terms = &evidence.around.probes.terms;
        let (place, link) = match (&page.terms_link, terms) {
            (Some(link), _) => ("page", link),
            // The hosted checkout shows those of the seller's policies.
            (None, Some(terms)) => ("policies", &terms.url),
            (None, None) => return missing("page: a link to terms and conditions", page.url.clone()),
        };
        match terms {
            Some(terms) if terms.is_there() => met(format!("{place}: {link}")),
            Some(terms) => missing(format!("200 of {link}"), not_there(terms)),
            None => missing(format!("200 of {link}"), "it was not fetched"),
        }
    })
}

pub(super) fn promotions(evidence: &Evidence<'_>) -> Outcome {
    of(evidence, |page| match &page.promotions {
        Some(promotions) => met(format!("page: {promotions}")),
        None => missing("page: a link to promotions, or the banner of methods", ""),
    })
}

pub(super) fn financing_cost(evidence: &Evidence<'_>) -> Outcome {
    if evidence.site != Site::MLA {
        return Outcome::NotApplicable(Reason::OtherCountry);
    }
    of(evidence, |page| {
        let financing = page.financing;
        if !financing.offers_installments {
            return Outcome::NotApplicable(Reason::NoInstallments);
        }
        let shown = [
            (financing.shows_cash_price, "cash price"),
            (financing.shows_plan, "number and amount of instalments"),
            (financing.shows_total, "financed total"),
            (financing.shows_tea, "TEA"),
            (financing.shows_cft, "CFT"),
        ];
        let absent: Vec<_> = shown.iter().filter(|(is_shown, _)| !is_shown).map(|(_, name)| *name).collect();
        let when = if financing.is_card_typed { "a test card was typed" } else { "" };
        match absent.as_slice() {
            [] => size_of_cost(financing),
            absent => missing(format!("page: {} beside the instalments", absent.join(", ")), when),
        }
    })
}

/// How the total cost is drawn, where a browser saw it.
fn size_of_cost(financing: Financing) -> Outcome {
    let Some(percent) = financing.cft_height_percent else {
        return met("page: cash price, instalments, financed total, TEA and CFT");
    };
    let (is_bold, is_same) =
        (financing.is_cft_bold.unwrap_or_default(), financing.is_cft_font_same.unwrap_or_default());
    let seen = format!(
        "CFT is {percent} % as high as TEA, {}, in {} font",
        if is_bold { "bold" } else { "not bold" },
        if is_same { "the same" } else { "another" },
    );
    match percent >= LEAST_HEIGHT && is_bold && is_same {
        true => met(format!("page: {seen}")),
        false => missing(format!("page: CFT in bold, in the font of TEA, {LEAST_HEIGHT} % as high"), seen),
    }
}

pub(super) fn no_interest_claim(evidence: &Evidence<'_>) -> Outcome {
    if evidence.site != Site::MLA {
        return Outcome::NotApplicable(Reason::OtherCountry);
    }
    of(evidence, |page| match page.financing.claims_no_interest && !page.financing.shows_cft {
        true => missing("page: CFT 0 beside \u{201c}sin interés\u{201d}", "the claim stands alone"),
        false => met("page: no claim of \u{201c}sin interés\u{201d} without its CFT"),
    })
}

/// Refused payments that were followed to their pages; where none was, the pages that were declared.
pub(super) fn messages(evidence: &Evidence<'_>) -> Outcome {
    let probes = &evidence.around.probes;
    let fault = probes.refusals.as_ref().and_then(|refusals| match refusals.followed().next() {
        Some(_) => None,
        None => {
            refusals.fault.as_deref().or_else(|| refusals.tried.iter().find_map(|card| card.fault.as_deref()))
        }
    });
    match (&probes.refusals, &probes.results, fault) {
        (Some(refusals), _, None) => of_refusals(refusals),
        (_, Some(results), fault) => of_declared(results, fault),
        (_, None, Some(fault)) => missing(SAYS_SO, not_followed(fault)),
        (None, None, None) => Outcome::Unknown(Reason::NoPage),
    }
}

/// Each must say so, and those of each group something else. A card that could not be tried, while others could, fails
/// nobody; one for which there was no time has to be tried yet.
fn of_refusals(refusals: &FollowedRefusals) -> Outcome {
    let browser = refusals.tried.iter().find_map(|card| card.opened_in.as_deref()).unwrap_or("a browser");
    let silent = refusals.followed().find(|(_, refused)| refused.says != Says::Refused);
    if let Some((_, refused)) = silent {
        return missing(SAYS_SO, format!("{} (paid in {browser})", told(refused)));
    }
    if let Some((one, other)) = refusals.told_the_same() {
        let named = |refused: &RefusedPayment| {
            format!("payment {} ({}) at {}", refused.payment_id, refused.status_detail, refused.led_to)
        };
        let seen = format!("{} and {} were told the same (paid in {browser})", named(one), named(other));
        return missing(SAYS_WHY, seen);
    }
    let untried: Vec<_> = refusals.untried().map(|group| group.words()).collect();
    if !untried.is_empty() {
        let groups = untried.join(", ");
        let seen = match &refusals.fault {
            Some(fault) => format!("refusals of {groups} were not tried: {fault}"),
            None => format!("there was no time for refusals of {groups}: check again"),
        };
        return missing("page: a refused payment of each group of reasons", seen);
    }
    let mut seen: Vec<String> = refusals.followed().map(|(_, refused)| told(refused)).collect();
    let faults = refusals.tried.iter().filter_map(|card| Some((card.group, card.fault.as_ref()?)));
    seen.extend(faults.map(|(group, fault)| format!("none was refused by {}: {fault}", group.words())));
    met(format!("{} (paid in {browser})", seen.join("; ")))
}

fn told(refused: &RefusedPayment) -> String {
    let RefusedPayment { payment_id, status_detail, led_to, says, .. } = refused;
    let told = match says {
        Says::Refused => "says so",
        Says::Approved => "says that it went well",
        Says::Nothing => "does not say so",
    };
    format!("payment {payment_id} was refused ({status_detail}) and led to {led_to}, which {told}")
}

fn of_declared(results: &ResultPages, fault: Option<&str>) -> Outcome {
    for page in [&results.approved, &results.rejected] {
        if !page.is_there() {
            return missing(format!("200 of {}", page.url), not_there(page));
        }
    }
    let way = match fault {
        Some(fault) => format!("{}; {}", results.rejected.way(), not_followed(fault)),
        None => results.rejected.way(),
    };
    let (approved, rejected) = (&results.approved.url, &results.rejected.url);
    if results.approved.words == results.rejected.words {
        return missing("page: other words after a refusal", format!("both pages say the same ({way})"));
    }
    match results.rejected.says {
        Says::Refused => met(format!("{approved} and {rejected} say different things ({way})")),
        Says::Approved => missing(SAYS_SO, format!("{rejected} says that the payment went well ({way})")),
        Says::Nothing => missing(SAYS_SO, format!("{rejected} does not say so ({way})")),
    }
}

fn not_followed(fault: &str) -> String {
    format!("no refused payment was followed: {fault}")
}
