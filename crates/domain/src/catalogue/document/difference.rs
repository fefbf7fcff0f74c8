//! What two versions of a catalogue differ in, place by place.

use super::super::Catalogue;
use serde::Serialize;
use serde_json::Value;

/// A place where two catalogues differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where: `MLB.fees.visa.percent`.
    pub path: String,
    /// What stood there; nothing, if it is new.
    pub before: Option<Value>,
    /// What stands there now; nothing, if it is gone.
    pub after: Option<Value>,
}

/// All that changes from `before` to `after`, in the order of sites, methods, instalments and fees.
pub fn differences(before: &Catalogue, after: &Catalogue) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(&before.view()), Some(&after.view()), &mut found);
    found
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for (name, value) in old {
                compare(&at(name), Some(value), new.get(name), found);
            }
            for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
                compare(&at(name), None, Some(value), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(&format!("{path}[{index}]"), Some(old), Some(new), found);
            }
        }
        (before, after) => {
            found.push(Difference { path: path.to_owned(), before: before.cloned(), after: after.cloned() })
        }
    }
}
