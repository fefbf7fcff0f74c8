//! The way to live payments: what was declared, what was found, and whether the gate opens.

use super::checks::{self, Check, Outcome, Reason};
use super::evidence::Evidence;
use super::report::{Action, action};
use super::rules::{self, Gate, Kind, Product, Rule};
use super::texts::Languages;
use super::{Finding, MINIMUM_SCORE};
use crate::application::ActivationDecision;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The form of an application that wants to go live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Form {
    /// What the business does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    /// The shop in production: its certificate is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub production_site: Option<String>,
    /// The page on which buyers pay; without it, the production site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_page: Option<String>,
    /// A page that a buyer sees after an approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_page: Option<String>,
    /// A page that a buyer sees after a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_page: Option<String>,
    /// When the platform's terms were accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_accepted_at: Option<Timestamp>,
}

impl Form {
    /// The fields that are still empty and must not be.
    pub fn missing(&self) -> Vec<&'static str> {
        let is_empty = |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
        let mut missing = Vec::new();
        if is_empty(&self.industry) {
            missing.push("industry");
        }
        if is_empty(&self.production_site) {
            missing.push("production_site");
        }
        if self.terms_accepted_at.is_none() {
            missing.push("terms_accepted");
        }
        missing
    }
}

/// One check of the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GateCheck {
    /// Whether the gate stays closed while it is not met; else it is an advice.
    pub blocks: bool,
    /// What was found.
    #[serde(flatten)]
    pub action: Action,
}

impl GateCheck {
    /// Whether nothing is left to be done.
    pub fn is_met(&self) -> bool {
        matches!(self.action.result.as_str(), "passed" | "not_applicable")
    }
}

/// Which checks block, where the operator wants it otherwise than the table of rules has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateSetting {
    /// Ids of rules (`GOL-016`, `FORM`, `QUALITY`) that block.
    pub block: Vec<String>,
    /// Ids of those that only advise.
    pub advise: Vec<String>,
}

impl GateSetting {
    fn blocks(&self, id: &str, by_default: bool) -> bool {
        let names = |ids: &[String]| ids.iter().any(|known| known.eq_ignore_ascii_case(id));
        match (names(&self.block), names(&self.advise)) {
            (true, _) => true,
            (false, true) => false,
            (false, false) => by_default,
        }
    }
}

/// The newest measurement of the integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// By whose rules.
    pub product: Product,
    /// 0 to 100.
    pub score: u32,
}

/// Holds every check of the gate against the evidence: the form, the score, and the rules that all products have.
pub fn judge(
    form: &Form,
    measured: Option<Measured>,
    evidence: &Evidence<'_>,
    setting: &GateSetting,
) -> Vec<GateCheck> {
    let mut found = vec![
        GateCheck { blocks: setting.blocks("FORM", true), action: of_form(form) },
        GateCheck { blocks: setting.blocks("QUALITY", true), action: of_score(measured) },
    ];
    let is_hosted = measured.is_some_and(|measured| measured.product == Product::CheckoutPro);
    // That credentials are live can't be asked of who wants to make them so.
    let asked = rules::of(Product::All).filter(|rule| rule.check != Check::ProductionCredentials);
    found.extend(asked.map(|rule| {
        let outcome = match rule.check {
            Check::RejectionMessages | Check::MlaCftTeaShown if is_hosted => {
                Outcome::NotApplicable(Reason::HostedCheckout)
            }
            check => checks::look(check, evidence),
        };
        GateCheck {
            blocks: setting.blocks(rule.id, blocks_by_default(rule)),
            action: action(&Finding { rule, outcome }, &[]),
        }
    }));
    // What holds the gate closed comes first.
    found.sort_by_key(|check| (check.is_met(), !check.blocks));
    found
}

/// As the published requirements have it: what is obligatory of the gate's own rules.
fn blocks_by_default(rule: &Rule) -> bool {
    rule.gate == Gate::GoLive && rule.kind == Kind::Mandatory
}

/// The check that an operator's decision is: no setting makes it an advice.
pub fn stopped(decision: &ActivationDecision) -> GateCheck {
    let title =
        words("Not stopped by an operator", "No detenida por un operador", "Não parada por um operador");
    let remedy = words(
        "Ask the operator of the platform to activate the live credentials again.",
        "Pida al operador de la plataforma que vuelva a activar las credenciales productivas.",
        "Peça ao operador da plataforma que ative de novo as credenciais de produção.",
    );
    let missing = "the operator's activation of the live credentials".to_owned();
    let seen = format!("{}: {}", decision.by, decision.reason);
    GateCheck { blocks: true, action: own("OPERATOR", "operator", title, remedy, (false, missing, seen)) }
}

/// Whether nothing that blocks is left to be done.
pub fn is_open(checks: &[GateCheck]) -> bool {
    checks.iter().all(|check| check.is_met() || !check.blocks)
}

fn of_form(form: &Form) -> Action {
    let missing = form.missing();
    let title = words("The form", "El formulario", "O formulário");
    let remedy = words(
        "Say what the business does and where the shop is, and accept the terms.",
        "Diga a qué se dedica el negocio y dónde está la tienda, y acepte los términos.",
        "Diga o que o negócio faz e onde está a loja, e aceite os termos.",
    );
    own("FORM", "form", title, remedy, (missing.is_empty(), missing.join(", "), String::new()))
}

fn of_score(measured: Option<Measured>) -> Action {
    let title = words("Quality over the bar", "Calidad sobre el mínimo", "Qualidade acima do mínimo");
    let remedy = words(
        "Measure the integration by a test payment, mend what is missing, and measure again.",
        "Mida la integración con un pago de prueba, corrija lo que falta y vuelva a medir.",
        "Meça a integração com um pagamento de teste, corrija o que falta e meça de novo.",
    );
    let seen = measured.map_or("no measurement yet".to_owned(), |measured| {
        format!("{} of 100 points, {MINIMUM_SCORE} are needed", measured.score)
    });
    let is_over = measured.is_some_and(|measured| measured.score >= MINIMUM_SCORE);
    let missing = "POST /v1/applications/{id}/quality/measurements with 73 points or more".to_owned();
    own("QUALITY", "quality_score", title, remedy, (is_over, missing, seen))
}

fn own(
    id: &str,
    name: &str,
    title: Languages<String>,
    remedy: Languages<String>,
    (is_met, missing, seen): (bool, String, String),
) -> Action {
    Action {
        rule_id: id.to_owned(),
        name: name.to_owned(),
        kind: Kind::Mandatory,
        points: 0,
        max_points: 0,
        result: if is_met { "passed" } else { "failed" }.to_owned(),
        missing: (!is_met).then_some(missing),
        evidence: Some(seen).filter(|seen| !seen.is_empty()),
        reason: None,
        title,
        remedy: (!is_met).then_some(remedy),
        effect: None,
    }
}

fn words(en: &str, es: &str, pt: &str) -> Languages<String> {
    Languages { en: en.to_owned(), es: es.to_owned(), pt: pt.to_owned() }
}
