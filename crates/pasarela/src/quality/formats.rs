//! A measurement, for people and for machines.

use pasarela_domain::quality::report::{Action, Report, Verdict};
use pasarela_domain::quality::rules::{Kind, Product, VERSION};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// `Checkout Pro`, …
pub const fn product(product: Product) -> &'static str {
    match product {
        Product::CheckoutPro => "Checkout Pro",
        Product::CheckoutApi => "Checkout API",
        Product::CheckoutBricks => "Checkout Bricks",
        Product::All => "Going live",
    }
}

/// `mandatory`, …
pub const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Mandatory => "mandatory",
        Kind::Recommended => "recommended",
        Kind::BestPractice => "best practice",
    }
}

/// For people: the score, and what is to be done.
pub fn text(report: &Report, language: &str) -> String {
    let verdict = if report.status == Verdict::Approved { "approved" } else { "not approved" };
    let mut out = format!(
        "{}: {} of 100 points, {verdict} ({} are needed); payment {}, {}\n",
        product(report.product),
        report.score,
        report.minimum_score,
        report.payment_id,
        report.environment,
    );
    for aspect in &report.aspects {
        let name = json!(aspect.name);
        out.push_str(&format!(
            "  {:<25} {:>2} of {:>2}\n",
            name.as_str().unwrap_or_default().replace('_', " "),
            aspect.points,
            aspect.max_points
        ));
    }
    let open = report.open();
    out.push_str(if open.is_empty() { "Nothing is left to be done.\n" } else { "To be done:\n" });
    for action in open {
        out.push_str(&described(action, language));
    }
    out
}

fn described(action: &Action, language: &str) -> String {
    let worth = if action.max_points > 0 { format!(", {} points", action.max_points) } else { String::new() };
    let mut out =
        format!("  {} {} ({}{worth})\n", action.rule_id, action.title.of(language), kind(action.kind));
    out.push_str(&format!("      {}\n", said(action, language)));
    if let Some(remedy) = &action.remedy {
        out.push_str(&format!("      {}\n", remedy.of(language)));
    }
    if let Some(effect) = &action.effect {
        out.push_str(&format!(
            "      {} of your last {} refusals came without it, and {} of {} approvals.\n",
            effect.refused_without, effect.refused, effect.approved_without, effect.approved
        ));
    }
    out
}

/// What was missing and what was seen, in one line.
fn said(action: &Action, language: &str) -> String {
    match (&action.missing, &action.evidence, &action.reason) {
        (Some(missing), Some(evidence), _) => format!("missing: {missing} ({evidence})"),
        (Some(missing), None, _) => format!("missing: {missing}"),
        (None, Some(evidence), _) => evidence.clone(),
        (None, None, Some(reason)) => reason.of(language).clone(),
        (None, None, None) => action.result.clone(),
    }
}

/// One suite for each product, one case for each rule. What changes no score fails no case: it is skipped.
pub fn junit(reports: &[Report], language: &str) -> String {
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pasarela quality\">\n");
    for report in reports {
        let actions = || report.aspects.iter().flat_map(|aspect| &aspect.actions);
        let is_failure = |action: &Action| action.remedy.is_some() && action.kind != Kind::BestPractice;
        let is_skipped = |action: &Action| action.result != "passed" && !is_failure(action);
        out.push_str(&format!(
            "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n<properties><property name=\"score\" \
             value=\"{}\"/><property name=\"payment_id\" value=\"{}\"/></properties>\n",
            product(report.product),
            actions().count(),
            actions().filter(|action| is_failure(action)).count(),
            actions().filter(|action| is_skipped(action)).count(),
            report.score,
            report.payment_id,
        ));
        for action in actions() {
            let name = xml(&format!("{} {}", action.rule_id, action.title.of(language)));
            let message = xml(&said(action, language));
            let remedy = action.remedy.as_ref().map(|remedy| xml(remedy.of(language))).unwrap_or_default();
            let inside = match () {
                () if is_failure(action) => format!("<failure message=\"{message}\">{remedy}</failure>"),
                () if is_skipped(action) => format!("<skipped message=\"{message}\"/>"),
                () => String::new(),
            };
            out.push_str(&format!(
                "<testcase classname=\"{}\" name=\"{name}\">{inside}</testcase>\n",
                xml(&action.name)
            ));
        }
        out.push_str("</testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // What XML can't hold.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// SARIF 2.1.0: a result for each rule that is not met. What is missing is no line of a file, so it stands as a logical
/// location: a field, a header or a request.
pub fn sarif(reports: &[Report], language: &str) -> String {
    let mut known: BTreeMap<&str, Value> = BTreeMap::new();
    let mut results = Vec::new();
    for (report, action) in
        reports.iter().flat_map(|report| report.open().into_iter().map(move |action| (report, action)))
    {
        let remedy = action.remedy.as_ref().map(|remedy| remedy.of(language).as_str()).unwrap_or_default();
        let level = match action.kind {
            Kind::Mandatory => "error",
            Kind::Recommended => "warning",
            Kind::BestPractice => "note",
        };
        known.entry(action.rule_id.as_str()).or_insert_with(|| {
            json!({
                "id": action.rule_id, "name": action.name,
                "shortDescription": {"text": action.title.of(language)},
                "help": {"text": remedy},
                "defaultConfiguration": {"level": level},
                "properties": {"points": action.max_points},
            })
        });
        results.push(json!({
            "ruleId": action.rule_id, "level": level,
            "message": {"text": format!("{}: {}. {remedy}", action.title.of(language), said(action, language))},
            "locations": [{"logicalLocations": [{
                "fullyQualifiedName": action.missing.as_deref().unwrap_or(&action.name),
                "kind": "member",
            }]}],
            "properties": {"payment_id": report.payment_id, "product": report.product},
        }));
    }
    let rules: Vec<Value> = known.into_values().collect();
    let driver = json!({
        "name": "pasarela quality", "version": env!("CARGO_PKG_VERSION"), "rules": rules,
        "properties": {"rules_version": VERSION},
    });
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    });
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_escaped() {
        assert_eq!(xml("a<b>&\"c\u{1}"), "a&lt;b&gt;&amp;&quot;c ");
    }
}
