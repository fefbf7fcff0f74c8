//! What the way to live payments asks for on this server: the operator's setting of the gate.

use crate::failure::Failure;
use clap::Args;
use pasarela_domain::quality::MINIMUM_SCORE;
use pasarela_domain::quality::gate::{GateSetting, GateSettingError};

/// The gate's part of `pasarela serve` and `pasarela dev`.
#[derive(Debug, Args)]
pub struct GateArguments {
    /// Checks of the gate to live payments that block, besides those that do by default: GOL-012,GOL-016
    ///
    /// `pasarela going-live rules` lists all checks. Give every node of a database the same. A change counts from each
    /// application's next check on: what was opened stays open.
    #[arg(long, value_name = "RULE", env = "PASARELA_GATE_BLOCK", value_delimiter = ',')]
    pub gate_block: Vec<String>,
    /// Checks of the gate that only advise, where they would block by default
    #[arg(long, value_name = "RULE", env = "PASARELA_GATE_ADVISE", value_delimiter = ',')]
    pub gate_advise: Vec<String>,
    /// The score that a measurement passes with, 0 to 100
    #[arg(long, value_name = "SCORE", env = "PASARELA_MINIMUM_SCORE", default_value_t = MINIMUM_SCORE, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub minimum_score: u32,
}

impl GateArguments {
    /// The setting that is meant.
    pub fn setting(&self) -> Result<GateSetting, Failure> {
        // An empty variable names nothing.
        let named =
            |ids: &[String]| ids.iter().filter(|id| !id.trim().is_empty()).cloned().collect::<Vec<_>>();
        let setting = GateSetting::new(&named(&self.gate_block), &named(&self.gate_advise));
        let mut setting = setting.map_err(|error| {
            let next = match error {
                GateSettingError::Unknown(_) => format!("Its checks are:\n{}", list(&GateSetting::default())),
                GateSettingError::Both(_) => {
                    "Name it in --gate-block or in --gate-advise, not in both.".to_owned()
                }
            };
            Failure::new(error.to_string(), next)
        })?;
        setting.minimum_score = self.minimum_score;
        Ok(setting)
    }
}

/// The checks, a line each.
pub fn list(setting: &GateSetting) -> String {
    let line = |rule: &pasarela_domain::quality::gate::GateRule| {
        let does = if rule.blocks { "blocks" } else { "advises" };
        format!("  {:<8} {does:<8} {}\n", rule.rule_id, rule.title.en)
    };
    setting.checks().iter().map(line).collect()
}
