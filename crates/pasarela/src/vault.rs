//! `pasarela vault`: the keys that seal card data.

use crate::arguments::VaultVerb;
use crate::failure::Failure;
use crate::runtime;
use pasarela_engine::upkeep::{self, UpkeepError};
use std::process::ExitCode;

/// Looks after the keys.
pub fn run(verb: &VaultVerb) -> Result<ExitCode, Failure> {
    let VaultVerb::Rotate(arguments) = verb;
    let place = arguments.store.place()?;
    let vault = arguments.key.directory(&place)?;
    let key = arguments.key.key()?;
    let rotation =
        runtime::block_on(upkeep::rotate_vault(&place, vault.clone(), key, |_| {}))?.map_err(|error| {
            let next = match &error {
                UpkeepError::InUse => "Stop the server first; it takes a moment only.",
                UpkeepError::NothingThere => {
                    "Name the data with --data DIR; `pasarela dev` makes some in ./.pasarela."
                }
                UpkeepError::Failed(_) => {
                    "Nothing that was sealed is lost. Put right what is named and rotate again."
                }
            };
            Failure::new(format!("the keys of {place} can't be rotated: {error}"), next)
        })?;
    let vault = vault.unwrap_or_else(|| arguments.store.data.join("vault"));
    println!(
        "Key {} seals from now on; {} sealed values were moved to it. Keep a new copy of {} apart from the backups.",
        rotation.version,
        rotation.card_tokens + rotation.saved_cards + rotation.applications,
        vault.display()
    );
    Ok(ExitCode::SUCCESS)
}
