//! `pasarela catalog`: what is offered, at which price, and who changed it when.

pub mod arguments;
mod file;
mod table;

use crate::failure::Failure;
use crate::runtime;
use arguments::{
    ApplyArguments, CatalogVerb, DiffArguments, ExportArguments, RollbackArguments, ShowArguments,
};
use pasarela_domain::catalogue::Catalogue;
use pasarela_domain::catalogue::document::{self, SCHEMA};
use pasarela_engine::catalogue::applying::{self, Applied, ApplyError, NewVersion};
use pasarela_engine::copying::Place;
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

/// Runs the verb.
pub fn run(verb: &CatalogVerb) -> Result<ExitCode, Failure> {
    let text = match verb {
        CatalogVerb::Check(arguments) => check(arguments)?,
        CatalogVerb::Diff(arguments) => diff(arguments)?,
        CatalogVerb::Apply(arguments) => apply(arguments)?,
        CatalogVerb::History(arguments) => {
            let place = arguments.store.place()?;
            let versions = runtime::block_on(applying::history_at(&place))?;
            let versions = versions.map_err(|error| unreadable(&place, &error))?;
            table::history(&versions, arguments.json)
        }
        CatalogVerb::Rollback(arguments) => roll_back(arguments)?,
        CatalogVerb::Export(arguments) => export(arguments)?,
        CatalogVerb::Show(arguments) => show(arguments)?,
        CatalogVerb::Schema => SCHEMA.to_owned(),
    };
    // A closed pipe is the reader's wish, not a failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// A place's newest version.
struct Current {
    version: i64,
    document: Value,
    catalogue: Catalogue,
}

fn check(arguments: &arguments::CheckArguments) -> Result<String, Failure> {
    let (_, catalogue) = read(&arguments.file, 1)?;
    let changes = document::differences(&Catalogue::compiled_in(), &catalogue);
    if arguments.json {
        return Ok(pretty(&json!({"valid": true, "changes": changes.len()})));
    }
    Ok(format!(
        "{} is valid. It changes {} of what is compiled in.\n",
        arguments.file.display(),
        table::count(changes.len(), "value")
    ))
}

fn diff(arguments: &DiffArguments) -> Result<String, Failure> {
    let current = current(&arguments.store.place()?)?;
    let (_, catalogue) = read(&arguments.file, current.version + 1)?;
    let changes = document::differences(&current.catalogue, &catalogue);
    if arguments.json {
        return Ok(pretty(&json!({"version": current.version, "changes": changes})));
    }
    Ok(table::differences(current.version, &changes))
}

fn apply(arguments: &ApplyArguments) -> Result<String, Failure> {
    let place = arguments.store.place()?;
    let (document, _) = read(&arguments.file, 1)?;
    let new = NewVersion {
        document,
        author: arguments.words.author(),
        comment: arguments.words.comment.clone(),
        expected: arguments.expect,
    };
    applied(&place, &new, arguments.json)
}

fn roll_back(arguments: &RollbackArguments) -> Result<String, Failure> {
    let place = arguments.store.place()?;
    let document = document_of(&place, arguments.number)?;
    let comment = match arguments.words.comment.as_str() {
        "" => format!("back to version {}", arguments.number),
        comment => comment.to_owned(),
    };
    let author = arguments.words.author();
    applied(&place, &NewVersion { document, author, comment, expected: None }, arguments.json)
}

fn applied(place: &Place, new: &NewVersion, as_json: bool) -> Result<String, Failure> {
    let applied = runtime::block_on(applying::apply_at(place, new))?;
    let Applied { version, is_new } = applied.map_err(|error| {
        let next = match &error {
            ApplyError::Faults(_) => "Nothing was changed. Mend what is named; `pasarela catalog check` looks again.",
            ApplyError::Conflict { .. } => {
                "Nothing was changed. Look with `pasarela catalog diff` at what it would change now, and apply it again."
            }
            ApplyError::NothingThere => "Name the data with --data DIR or --database-url URL.",
            ApplyError::NoAnswer(_) => {
                "`pasarela catalog history` shows whether it was applied. Applying it again does no harm."
            }
            ApplyError::Failed(_) => {
                "`pasarela catalog history` shows what was applied. Applying it again does no harm."
            }
        };
        Failure::new(format!("the catalog of {place} can't be changed: {error}"), next)
    })?;
    if as_json {
        return Ok(pretty(&json!({"version": version, "is_new": is_new})));
    }
    Ok(if is_new {
        format!("Version {version} is applied. Running servers sell by it within a second.\n")
    } else {
        format!("Version {version} says the same already; nothing was changed.\n")
    })
}

fn export(arguments: &ExportArguments) -> Result<String, Failure> {
    let place = arguments.store.place()?;
    let document = match arguments.number {
        Some(version) => document_of(&place, version)?,
        None => current(&place)?.document,
    };
    Ok(pretty(&document))
}

fn show(arguments: &ShowArguments) -> Result<String, Failure> {
    let place = arguments.store.place()?;
    let current = current(&place)?;
    let mut view = current.catalogue.view();
    if let (Some(site), Value::Object(sites)) = (arguments.site, &mut view) {
        sites.retain(|name, _| name == site.id());
    }
    if arguments.json {
        return Ok(pretty(&json!({"version": current.version, "catalog": view})));
    }
    Ok(table::catalogue(current.version, &view))
}

/// The document of a file or directory, and what is offered by it.
fn read(file: &std::path::Path, version: i64) -> Result<(Value, Catalogue), Failure> {
    let document = file::read(file)?;
    let catalogue = Catalogue::with(version, &document.value).map_err(|faults| {
        let lines: Vec<String> = faults
            .iter()
            .map(|fault| format!("{}: {fault}", document.file_of(&fault.path).display()))
            .collect();
        Failure::new(
            format!("{} is not valid:\n  {}", file.display(), lines.join("\n  ")),
            "Nothing was changed. `pasarela catalog schema` prints what can be written.",
        )
    })?;
    Ok((document.value, catalogue))
}

fn current(place: &Place) -> Result<Current, Failure> {
    let found = runtime::block_on(applying::version_at(place, None))?;
    let Some(record) = found.map_err(|error| unreadable(place, &error))? else {
        return Ok(Current { version: 0, document: json!({}), catalogue: Catalogue::compiled_in() });
    };
    let document: Value = stored(place, &record.document)?;
    let catalogue = Catalogue::with(record.version, &document).map_err(|faults| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        Failure::new(
            format!("version {} is not valid in this version of the program: {first}", record.version),
            "Mend what `pasarela catalog export` prints, and apply it.",
        )
    })?;
    Ok(Current { version: record.version, document, catalogue })
}

/// The document of a version; that of version 0 changes nothing.
fn document_of(place: &Place, version: i64) -> Result<Value, Failure> {
    if version == 0 {
        return Ok(json!({}));
    }
    let found = runtime::block_on(applying::version_at(place, Some(version)))?;
    let record = found.map_err(|error| unreadable(place, &error))?.ok_or_else(|| {
        Failure::new(
            format!("{place} has no version {version} of the catalog"),
            "`pasarela catalog history` lists them.",
        )
    })?;
    stored(place, &record.document)
}

fn stored(place: &Place, document: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(document).map_err(|_| {
        Failure::new(
            format!("the catalog of {place} is damaged"),
            "`pasarela doctor` says what else is; apply a file anew.",
        )
    })
}

fn unreadable(place: &Place, error: &ApplyError) -> Failure {
    let next = match error {
        ApplyError::NothingThere => "Name the data with --data DIR or --database-url URL.",
        _ => "Put right what is named, and try again.",
    };
    Failure::new(format!("the catalog of {place} can't be read: {error}"), next)
}

fn pretty(value: &Value) -> String {
    // A value always serialises.
    serde_json::to_string_pretty(value).expect("JSON serialises") + "\n"
}
