//! The way to live payments: what was declared, what was found, and whether the gate opens.

use super::checks::{self, Check, Outcome, Reason};
use super::evidence::Evidence;
use super::report::{Action, action};
use super::rules::{self, Gate, Kind, Product, Rule};
use super::texts::{self, Languages};
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

/// Which checks block and how high the bar is, where the operator wants it otherwise than the table of rules has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateSetting {
    block: Vec<&'static str>,
    advise: Vec<&'static str>,
    /// The score with which a measurement passes, 0 to 100.
    pub minimum_score: u32,
}

impl Default for GateSetting {
    fn default() -> GateSetting {
        GateSetting { block: Vec::new(), advise: Vec::new(), minimum_score: MINIMUM_SCORE }
    }
}

/// Why a setting of the gate is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateSettingError {
    /// The gate has no such check.
    #[error("the gate has no check `{0}`")]
    Unknown(String),
    /// It is named on both sides.
    #[error("{0} is to block and to advise")]
    Both(&'static str),
}

impl GateSetting {
    /// The checks of these ids (`GOL-016`, `FORM`, `QUALITY`) block, and those only advise; the others do as the table of
    /// rules has it.
    ///
    /// # Errors
    /// For an id that no check has, and for one that is on both sides.
    pub fn new<S: AsRef<str>>(block: &[S], advise: &[S]) -> Result<GateSetting, GateSettingError> {
        let known = |ids: &[S]| ids.iter().map(|id| known(id.as_ref())).collect::<Result<Vec<_>, _>>();
        let (block, advise) = (known(block)?, known(advise)?);
        match block.iter().find(|id| advise.contains(id)) {
            Some(id) => Err(GateSettingError::Both(id)),
            None => Ok(GateSetting { block, advise, ..GateSetting::default() }),
        }
    }

    fn blocks(&self, id: &str, by_default: bool) -> bool {
        self.block.contains(&id) || (by_default && !self.advise.contains(&id))
    }

    /// Every check of the gate, in the order of the table, and what it does under this setting.
    pub fn checks(&self) -> Vec<GateRule> {
        let own = [("FORM", form_title()), ("QUALITY", score_title())];
        let own = own.map(|(rule_id, title)| (rule_id, title, true));
        let of_rules =
            asked().map(|rule| (rule.id, texts::of(rule.check).title.clone(), blocks_by_default(rule)));
        let all = own.into_iter().chain(of_rules);
        all.map(|(rule_id, title, blocks_by_default)| GateRule {
            rule_id,
            title,
            blocks: self.blocks(rule_id, blocks_by_default),
            blocks_by_default,
        })
        .collect()
    }
}

/// A check of the gate, as the operator has set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GateRule {
    /// `FORM`, `QUALITY`, or the rule's id.
    pub rule_id: &'static str,
    /// What is asked for.
    pub title: Languages<String>,
    /// Whether the gate stays closed while it is not met; else it is an advice.
    pub blocks: bool,
    /// Whether it does so where the operator says nothing.
    pub blocks_by_default: bool,
}

fn known(id: &str) -> Result<&'static str, GateSettingError> {
    let mut ids = ["FORM", "QUALITY"].into_iter().chain(asked().map(|rule| rule.id));
    ids.find(|known| known.eq_ignore_ascii_case(id.trim()))
        .ok_or_else(|| GateSettingError::Unknown(id.trim().chars().take(40).collect()))
}

/// The rules that the gate asks of everybody: that credentials are live can't be asked of who wants to make them so.
fn asked() -> impl Iterator<Item = &'static Rule> {
    rules::of(Product::All).filter(|rule| rule.check != Check::ProductionCredentials)
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
        GateCheck {
            blocks: setting.blocks("QUALITY", true),
            action: of_score(measured, setting.minimum_score),
        },
    ];
    let is_hosted = measured.is_some_and(|measured| measured.product == Product::CheckoutPro);
    found.extend(asked().map(|rule| {
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
    let remedy = words(
        "Say what the business does and where the shop is, and accept the terms.",
        "Diga a qué se dedica el negocio y dónde está la tienda, y acepte los términos.",
        "Diga o que o negócio faz e onde está a loja, e aceite os termos.",
    );
    own("FORM", "form", form_title(), remedy, (missing.is_empty(), missing.join(", "), String::new()))
}

fn form_title() -> Languages<String> {
    words("The form", "El formulario", "O formulário")
}

fn score_title() -> Languages<String> {
    words("Quality over the bar", "Calidad sobre el mínimo", "Qualidade acima do mínimo")
}

fn of_score(measured: Option<Measured>, minimum: u32) -> Action {
    let remedy = words(
        "Measure the integration by a test payment, mend what is missing, and measure again.",
        "Mida la integración con un pago de prueba, corrija lo que falta y vuelva a medir.",
        "Meça a integração com um pagamento de teste, corrija o que falta e meça de novo.",
    );
    let seen = measured.map_or("no measurement yet".to_owned(), |measured| {
        format!("{} of 100 points, {minimum} are needed", measured.score)
    });
    let is_over = measured.is_some_and(|measured| measured.score >= minimum);
    let missing = format!("POST /v1/applications/{{id}}/quality/measurements with {minimum} points or more");
    own("QUALITY", "quality_score", score_title(), remedy, (is_over, missing, seen))
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
