//! The result of a month as an e-mail to the seller, in the language of its site.

use super::report::{Action, Report, Verdict};
use super::rules::Kind;
use super::texts::Languages;
use crate::site::Site;

/// How much of what is to be done is named; the rest is in the panel.
const MOST_NAMED: usize = 5;
/// The most of an application's name that is said.
const LONGEST_NAME: usize = 50;

/// A message: its subject has ASCII alone, because not every mailer encodes others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// Several.
    pub text: String,
}

/// Tells the result of a month of the application called `name`; `report` has its texts. More is at `address`.
pub fn letter(report: &Report, name: &str, site: Site, address: &str) -> Letter {
    let locale = site.locale();
    let words = |words: Languages<&'static str>| *words.of(locale);
    let month = report.month.map(|month| month.to_string()).unwrap_or_default();
    let quality = words(Languages { en: "quality", es: "calidad", pt: "qualidade" });
    let verdict = words(match report.status {
        Verdict::Approved => Languages { en: "approved", es: "aprobada", pt: "aprovada" },
        Verdict::NotApproved => Languages { en: "not approved", es: "no aprobada", pt: "não aprovada" },
    });
    let minimum = words(Languages { en: "needed", es: "mínimo", pt: "mínimo" });
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect();
    let mut lines = vec![
        format!("{name} ({}, {month})", report.environment),
        format!("{quality}: {} / 100, {verdict} ({minimum}: {})", report.score, report.minimum_score),
        String::new(),
    ];
    let open = report.open();
    let counting: Vec<&&Action> = open.iter().filter(|action| action.kind != Kind::BestPractice).collect();
    if !counting.is_empty() {
        let to_do = Languages { en: "To be done:", es: "Para mejorar:", pt: "Para melhorar:" };
        lines.push(words(to_do).to_owned());
    }
    for action in counting.into_iter().take(MOST_NAMED) {
        lines.push(format!("- {} ({} / 100)", action.title.of(locale), action.max_points));
        if let Some(remedy) = &action.remedy {
            lines.push(format!("  {}", remedy.of(locale)));
        }
    }
    lines.extend([String::new(), address.to_owned()]);
    Letter { subject: format!("Pasarela: {quality} {}/100, {month}", report.score), text: lines.join("\r\n") }
}
