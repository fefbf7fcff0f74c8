//! Files that an operator writes: TOML or JSON, one or a directory of them.

use crate::failure::Failure;
use pasarela_domain::json;
use serde_json::{Map, Number, Value};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, Item, TableLike, Value as TomlValue};

/// A document in TOML, with comments, is larger than the same in JSON.
const LARGEST_FILE: u64 = 1 << 20;
/// Files of one directory: one a site, and some more.
const MOST_FILES: usize = 64;

/// What files say together, and which of them says what.
pub struct Document {
    /// All of it.
    pub value: Value,
    parts: Vec<(PathBuf, Value)>,
}

impl Document {
    /// The file that says what is at `path`: the one that has the longest beginning of it.
    pub fn file_of(&self, path: &str) -> &Path {
        let depth = |value: &Value| {
            let mut at = Some(value);
            let names = path.split(['.', '[']).take_while(|name| {
                let name = name.trim_end_matches(']');
                let place = at.and_then(|value| match name.parse::<usize>() {
                    Ok(index) if value.is_array() => value.get(index),
                    _ => value.get(name),
                });
                at = place;
                place.is_some()
            });
            names.count()
        };
        // The last of the largest: the first file wins.
        let best = self.parts.iter().rev().max_by_key(|(_, value)| depth(value));
        best.map_or(Path::new(""), |(file, _)| file)
    }
}

/// Reads a file, or all files of a directory.
pub fn read(path: &Path) -> Result<Document, Failure> {
    let files = if path.is_dir() { files_of(path)? } else { vec![path.to_owned()] };
    let mut document = Document { value: Value::Object(Map::new()), parts: Vec::new() };
    for file in files {
        let value = read_one(&file)?;
        if !value.is_object() {
            return Err(unreadable(&file, &"it is no table of sites"));
        }
        merge(&mut document.value, value.clone(), "").map_err(|at| {
            Failure::new(
                format!(
                    "{} says something at {at} that {} says already",
                    file.display(),
                    document.file_of(&at).display()
                ),
                "Say it in one file alone.",
            )
        })?;
        document.parts.push((file, value));
    }
    Ok(document)
}

fn files_of(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(directory).map_err(|error| unreadable(directory, &error))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml" || extension == "json"))
        .collect();
    files.sort();
    if files.is_empty() || files.len() > MOST_FILES {
        let what = format!("{} files in it end in .toml or .json", files.len());
        return Err(Failure::new(
            format!("{} can't be read as a catalog: {what}", directory.display()),
            format!("1 to {MOST_FILES} are needed; one a site is a good choice."),
        ));
    }
    Ok(files)
}

fn read_one(file: &Path) -> Result<Value, Failure> {
    let mut text = String::new();
    let opened = File::open(file).map_err(|error| unreadable(file, &error))?;
    opened.take(LARGEST_FILE + 1).read_to_string(&mut text).map_err(|error| unreadable(file, &error))?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(unreadable(file, &format!("it is larger than {LARGEST_FILE} bytes")));
    }
    if file.extension().is_some_and(|extension| extension == "json") {
        let parsed = json::parse(text.as_bytes()).map_err(|fault| unreadable(file, &fault))?;
        return Ok(Value::from(&parsed));
    }
    let toml: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        // The parser's own text shows the line.
        unreadable(file, &error.to_string().trim_end())
    })?;
    table(toml.as_table()).map_err(|what| unreadable(file, &what))
}

/// A table as JSON, each number as it is written: no rate goes through a binary fraction.
fn table(table: &dyn TableLike) -> Result<Value, String> {
    let members = table.iter().map(|(name, item)| Ok((name.to_owned(), item_value(item)?)));
    members.collect::<Result<Map<String, Value>, String>>().map(Value::Object)
}

fn item_value(item: &Item) -> Result<Value, String> {
    match item {
        Item::None => Ok(Value::Null),
        Item::Value(found) => value(found),
        Item::Table(found) => table(found),
        Item::ArrayOfTables(tables) => {
            tables.iter().map(|found| table(found)).collect::<Result<_, _>>().map(Value::Array)
        }
    }
}

fn value(found: &TomlValue) -> Result<Value, String> {
    match found {
        TomlValue::String(text) => Ok(Value::String(text.value().clone())),
        TomlValue::Integer(number) => Ok(Value::from(*number.value())),
        TomlValue::Float(number) => {
            let text = number.display_repr().replace('_', "");
            let text = text.strip_prefix('+').unwrap_or(&text);
            let decimal = number.value().is_finite().then(|| text.parse::<Number>().ok()).flatten();
            decimal.map(Value::Number).ok_or_else(|| format!("{text} is no decimal number"))
        }
        TomlValue::Boolean(truth) => Ok(Value::Bool(*truth.value())),
        TomlValue::Datetime(at) => Ok(Value::String(at.value().to_string())),
        TomlValue::Array(values) => values.iter().map(value).collect::<Result<_, _>>().map(Value::Array),
        TomlValue::InlineTable(found) => table(found),
    }
}

/// Adds `more` to `all`; the error is the place that both have.
fn merge(all: &mut Value, more: Value, path: &str) -> Result<(), String> {
    match (all, more) {
        (Value::Object(all), Value::Object(more)) => {
            for (name, value) in more {
                let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match all.get_mut(&name) {
                    Some(known) => merge(known, value, &at)?,
                    None => drop(all.insert(name, value)),
                }
            }
            Ok(())
        }
        // What editors need may stand in every file.
        (known, more) if path == "$schema" || *known == more => Ok(()),
        _ => Err(path.to_owned()),
    }
}

fn unreadable(file: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        format!("{} can't be read: {why}", file.display()),
        "A TOML or JSON file is needed, or a directory of such files; `pasarela catalog schema` prints what can be \
         written.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        directory
    }

    #[test]
    fn toml_and_json_say_the_same_to_the_last_digit() {
        let toml = "[[MLB.fees]]\npercent = 0.10000000000000001\nfixed = 1_000.50\nmethods = [\"pix\"]\n\
                    [MLB.methods]\nvisa = { min_allowed_amount = +2.5 }\n";
        let directory = directory(&[("a.toml", toml)]);
        let expected = json!({
            "MLB": {
                "fees": [{
                    "percent": serde_json::from_str::<Value>("0.10000000000000001").unwrap(),
                    "fixed": serde_json::from_str::<Value>("1000.50").unwrap(),
                    "methods": ["pix"],
                }],
                "methods": {"visa": {"min_allowed_amount": serde_json::from_str::<Value>("2.5").unwrap()}},
            },
        });
        assert_eq!(read(directory.path()).unwrap().value, expected);
    }

    #[test]
    fn the_files_of_a_directory_are_one_document_and_each_place_is_some_files() {
        let directory = directory(&[
            ("brazil.toml", "[MLB.methods.visa]\nname = \"V\"\n"),
            ("fees.json", r#"{"MLB": {"fees": [{"percent": 1}]}}"#),
            ("notes.txt", "not read"),
        ]);
        let document = read(directory.path()).unwrap();
        assert_eq!(document.value["MLB"]["methods"]["visa"]["name"], "V");
        let file = |path: &str| document.file_of(path).file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(file("MLB.fees[0].percent"), "fees.json");
        assert_eq!(file("MLB.methods.visa.name"), "brazil.toml");
    }

    #[test]
    fn what_two_files_say_differently_is_refused_with_both_names() {
        let directory = directory(&[
            ("a.toml", "[MLB.methods.visa]\nname = \"V\"\n"),
            ("b.toml", "[MLB.methods.visa]\nname = \"W\"\n"),
        ]);
        let error = read(directory.path()).err().unwrap().to_string();
        assert!(error.contains("b.toml says something at MLB.methods.visa.name that"), "{error}");
        assert!(error.contains("a.toml says already"), "{error}");
    }

    #[test]
    fn what_is_no_document_is_refused_with_its_file() {
        for (name, text) in [
            ("a.toml", "[MLB\n"),
            ("a.toml", "[MLB]\nx = nan\n"),
            ("a.toml", "[MLB]\nx = 1\nx = 2\n"),
            ("a.json", "{\"MLB\": 1, \"MLB\": 2}"),
            ("a.json", "[]"),
            ("a.json", ""),
        ] {
            let directory = directory(&[(name, text)]);
            let error = read(&directory.path().join(name)).err().unwrap().to_string();
            assert!(error.contains(name), "{error}");
        }
        assert!(read(Path::new("/nowhere/catalog.toml")).is_err());
        assert!(read(directory(&[]).path()).is_err());
        let large = directory(&[("a.toml", &"#".repeat(2 << 20))]);
        assert!(read(large.path()).err().unwrap().to_string().contains("larger than"));
    }
}
