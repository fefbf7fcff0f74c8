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

/// For people: one finding of a page.
pub fn line(action: &Action, language: &str) -> String {
    let mark = match action.result.as_str() {
        "passed" => "ok",
        "failed" => "MISSING",
        _ => "-",
    };
    let mut out = format!("{mark:<8}{} {}\n", action.rule_id, action.title.of(language));
    out.push_str(&format!("                {}\n", said(action, language)));
    if let Some(remedy) = &action.remedy {
        out.push_str(&format!("                {}\n", remedy.of(language)));
    }
    out
}

/// One suite for each product, one case for each rule. What changes no score fails no case: it is skipped.
pub fn junit(reports: &[Report], language: &str) -> String {
    let mut suites = String::new();
    for report in reports {
        let actions: Vec<&Action> = report.aspects.iter().flat_map(|aspect| &aspect.actions).collect();
        let properties = format!(
            "<properties><property name=\"score\" value=\"{}\"/><property name=\"payment_id\" value=\"{}\"/></properties>\n",
            report.score, report.payment_id
        );
        suites.push_str(&suite(product(report.product), &properties, &actions, language));
    }
    suites_of(&suites)
}

/// The same for what was found of one page.
pub fn junit_of(name: &str, found: &[Action], language: &str) -> String {
    suites_of(&suite(name, "", &found.iter().collect::<Vec<_>>(), language))
}

fn suites_of(suites: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pasarela quality\">\n{suites}</testsuites>\n"
    )
}

fn suite(name: &str, properties: &str, actions: &[&Action], language: &str) -> String {
    let is_failure = |action: &Action| action.remedy.is_some() && action.kind != Kind::BestPractice;
    let is_skipped = |action: &Action| action.result != "passed" && !is_failure(action);
    let mut out = format!(
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n{properties}",
        xml(name),
        actions.len(),
        actions.iter().filter(|action| is_failure(action)).count(),
        actions.iter().filter(|action| is_skipped(action)).count(),
    );
    for action in actions {
        let name = xml(&format!("{} {}", action.rule_id, action.title.of(language)));
        let message = xml(&said(action, language));
        let remedy = action.remedy.as_ref().map(|remedy| xml(remedy.of(language))).unwrap_or_default();
        let inside = match () {
            () if is_failure(action) => format!("<failure message=\"{message}\">{remedy}</failure>"),
            () if is_skipped(action) => format!("<skipped message=\"{message}\"/>"),
            () => String::new(),
        };
        let class = xml(&action.name);
        out.push_str(&format!("<testcase classname=\"{class}\" name=\"{name}\">{inside}</testcase>\n"));
    }
    out.push_str("</testsuite>\n");
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
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// SARIF 2.1.0: a result for each rule that is not met. What is missing is no line of a file, so it stands as a logical
/// location: a field, a header or a request.
pub fn sarif(reports: &[Report], language: &str) -> String {
    let found: Vec<(&Action, String)> = reports
        .iter()
        .flat_map(|report| {
            let subject = format!("payment {}", report.payment_id);
            report.open().into_iter().map(move |action| (action, subject.clone()))
        })
        .collect();
    sarif_document(&found, language)
}

/// The same for what was found of one page.
pub fn sarif_of(found: &[Action], language: &str, url: &str) -> String {
    let open = found.iter().filter(|action| action.remedy.is_some());
    sarif_document(&open.map(|action| (action, url.to_owned())).collect::<Vec<_>>(), language)
}

fn sarif_document(found: &[(&Action, String)], language: &str) -> String {
    let mut known: BTreeMap<&str, Value> = BTreeMap::new();
    let mut results = Vec::new();
    for (action, subject) in found {
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
            "properties": {"subject": subject},
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
        assert_eq!(xml("a<b>&\"c\u{1}\u{85}\u{fffe}\u{ffff}"), "a&lt;b&gt;&amp;&quot;c    ");
    }
}
