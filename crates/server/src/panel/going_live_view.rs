//! The parts of the room of going live: the form's fields, what was seen, and the decisions.

use super::finding::result_word;
use super::integration::When;
use super::integration_words::IntegrationWords;
use super::words::filled;
use pasarela_domain::application::request::INDUSTRIES;
use pasarela_domain::application::{Application, GATE};
use pasarela_domain::quality::evidence::Probes;
use pasarela_domain::quality::gate::Form;
use pasarela_domain::quality::page::PageFacts;
use pasarela_domain::quality::site::WebhookProbe;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::quality::going_live::FormChange;
use serde_json::Value;

/// A field of the form.
#[derive(Debug)]
pub struct FormField {
    /// Its name.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What it holds.
    pub value: String,
    /// The same for who only looks.
    pub shown: String,
    /// What helps to fill it in.
    pub hint: Option<&'static str>,
    /// What is wrong with it.
    pub wrong: Option<&'static str>,
    /// Whether it must be filled in.
    pub is_required: bool,
    /// What may be chosen, each with its word; any text where there is nothing.
    pub choices: Vec<(String, String)>,
}

/// The fields: as they were typed, else as they are kept, else as the application's settings have them.
pub fn form_fields(
    form: &Form,
    details: &Application,
    (typed, wrong): (Option<&FormChange>, Option<&str>),
    words: &IntegrationWords,
) -> Vec<FormField> {
    let value = |typed: Option<&Option<String>>, kept: &Option<String>, settings: &Option<String>| {
        let typed = typed.and_then(Option::as_ref);
        typed.or(kept.as_ref()).or(settings.as_ref()).cloned().unwrap_or_default()
    };
    let field = |name, label, value: String, hint, is_required| FormField {
        name,
        label,
        shown: value.clone(),
        value,
        hint,
        wrong: (wrong == Some(name)).then_some(words.bad_address),
        is_required,
        choices: Vec::new(),
    };
    let industry = value(typed.map(|typed| &typed.industry), &form.industry, &details.industry);
    let site = value(typed.map(|typed| &typed.production_site), &form.production_site, &details.site_url);
    let page = value(typed.map(|typed| &typed.payment_page), &form.payment_page, &None);
    let approved = value(typed.map(|typed| &typed.approved_page), &form.approved_page, &None);
    let rejected = value(typed.map(|typed| &typed.rejected_page), &form.rejected_page, &None);
    vec![
        FormField {
            shown: words.industry_named(&industry).to_owned(),
            choices: industries(&industry, words),
            wrong: (wrong == Some("industry")).then_some(words.bad_industry),
            ..field("industry", words.industry, industry, None, true)
        },
        field("production_site", words.production_site, site, None, true),
        field("payment_page", words.payment_page, page, Some(words.payment_page_hint), false),
        field("approved_page", words.approved_page, approved, Some(words.result_hint), false),
        field("rejected_page", words.rejected_page, rejected, Some(words.result_hint), false),
    ]
}

/// The list of industries, and whatever else was declared by API.
fn industries(declared: &str, words: &IntegrationWords) -> Vec<(String, String)> {
    let others = Some(declared).filter(|declared| !declared.is_empty() && !INDUSTRIES.contains(declared));
    let mut choices: Vec<_> = INDUSTRIES
        .into_iter()
        .chain(others)
        .map(|name| (name.to_owned(), words.industry_named(name).to_owned()))
        .collect();
    choices.sort_by_key(|(_, label)| label.to_lowercase());
    choices
}

/// Something that the platform saw.
#[derive(Debug)]
pub struct Fact {
    /// Of what.
    pub label: &'static str,
    /// What, in the reader's language or as it was seen.
    pub text: String,
}

/// What was seen at the seller's addresses.
pub fn facts(probes: &Probes, words: &IntegrationWords) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |label, text: String| facts.push(Fact { label, text });
    if let Some(site) = &probes.site {
        fact(words.production_site, site.url.clone());
        let mut seen = Vec::from_iter(site.fault.clone().or(site.tls_version.clone()));
        seen.extend(site.valid_until.clone());
        seen.extend(site.days_left.map(|days| filled(words.days_left, &[&days])));
        fact(words.certificate, seen.join(" · "));
        let to =
            if site.leads_to_https { Some(words.leads_to_https.to_owned()) } else { site.plain_http.clone() };
        if let Some(to) = to {
            fact(words.plain_http, to);
        }
    }
    if let Some(page) = &probes.page {
        fact(words.payment_page, answered(page));
        let libraries = page.official_libraries.join(", ");
        fact(words.library, if libraries.is_empty() { words.no_library.to_owned() } else { libraries });
        if !page.library_copies.is_empty() {
            fact(words.library_copies, page.library_copies.join(", "));
        }
        let inputs: Vec<_> = page.card_inputs.iter().map(|input| input.selector.as_str()).collect();
        let none = if page.has_secure_fields { words.secure_fields } else { words.no_library };
        fact(words.card_inputs, if inputs.is_empty() { none.to_owned() } else { inputs.join(", ") });
    }
    if let Some(home) = &probes.home {
        fact(words.home_page, answered(home));
    }
    if let Some(terms) = &probes.terms {
        fact(words.terms_page, answered(terms));
    }
    if let Some(results) = &probes.results {
        fact(words.approved_page, answered(&results.approved));
        fact(words.rejected_page, answered(&results.rejected));
    }
    for card in probes.refusals.iter().flat_map(|refusals| &refusals.tried) {
        let refused = card.refused.as_ref();
        let seen = refused.map(|refused| format!("{} · {}", refused.status_detail, refused.led_to));
        fact(words.refused_card, seen.or_else(|| card.fault.clone()).unwrap_or_default());
    }
    if let Some(fault) = probes.refusals.as_ref().and_then(|refusals| refusals.fault.clone()) {
        fact(words.refused_card, fault);
    }
    if let Some(webhook) = &probes.webhook {
        fact(words.receiver, received(webhook, words));
    }
    facts
}

fn answered(page: &PageFacts) -> String {
    match &page.fault {
        Some(fault) => format!("{} · {fault}", page.url),
        None => format!("{} · {}", page.url, page.status),
    }
}

fn received(webhook: &WebhookProbe, words: &IntegrationWords) -> String {
    let answers = [
        (words.signed, &webhook.signed),
        (words.repeated, &webhook.repeated),
        (words.forged, &webhook.forged),
    ];
    let told = answers.map(|(word, answer)| format!("{word}: {}", answer.in_words()));
    format!("{} · {}", webhook.url, told.join(" · "))
}

/// A decision about the live credentials.
#[derive(Debug)]
pub struct Decision {
    /// When.
    pub at: When,
    /// Whether they work from then on.
    pub is_active: bool,
    /// Who decided.
    pub by: String,
    /// Why, as whoever decided said it; nothing where the checks did.
    pub reason: Option<String>,
    /// The checks that it rests on: rule, result, what was seen.
    pub checks: Vec<(String, &'static str, String)>,
}

/// The decisions, newest first.
pub fn decisions(
    details: &Application,
    words: &IntegrationWords,
    when: impl Fn(Timestamp) -> When,
) -> Vec<Decision> {
    let decided = details.decisions.iter().rev().map(|decision| {
        let is_gate = decision.by == GATE;
        Decision {
            at: when(decision.at),
            is_active: decision.is_active,
            by: if is_gate { words.by_gate.to_owned() } else { decision.by.clone() },
            reason: Some(decision.reason.clone()).filter(|reason| !is_gate && !reason.is_empty()),
            checks: rested_on(&decision.evidence, words),
        }
    });
    decided.collect()
}

/// What the gate keeps with its decision; what an operator keeps has a form of its own.
fn rested_on(evidence: &Value, words: &IntegrationWords) -> Vec<(String, &'static str, String)> {
    let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    let checks = evidence["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let checks = checks.iter().map(|check| {
        (text(check, "rule_id"), result_word(&text(check, "result"), words), text(check, "evidence"))
    });
    checks.collect()
}
