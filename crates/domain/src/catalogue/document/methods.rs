//! Methods that an operator changes or adds.

use super::section::{Faults, Section};
use crate::catalogue::method::{PaymentMethod, PaymentType};
use crate::catalogue::{PrefixSet, SiteCatalogue, read};
use serde_json::{Map, Value, json};

/// More methods than any site has.
const MOST_METHODS: usize = 100;
/// The most shapes of card that one method has in the tables is five.
const MOST_SETTINGS: usize = 16;
/// The longest pattern of the tables has some 8,000 characters.
const LONGEST_PATTERN: usize = 32 << 10;
/// Groups within groups; the tables have three.
const DEEPEST_PATTERN: usize = 8;
/// How long a name may be; the API's own are shorter.
const LONGEST_NAME: usize = 80;

/// What can be said of a method.
pub(super) const NAMES: [&str; 11] = [
    "like",
    "name",
    "status",
    "deferred_capture",
    "settings",
    "additional_info_needed",
    "min_allowed_amount",
    "max_allowed_amount",
    "accreditation_time",
    "processing_modes",
    "thumbnail",
];
const STATUSES: [&str; 4] = ["active", "testing", "temporally_deactive", "deactive"];
const MODES: [&str; 2] = ["aggregator", "gateway"];

/// Changes and adds the methods of `section`, whose members are their ids.
pub(super) fn change(catalogue: &mut SiteCatalogue, section: &Section<'_>, faults: &mut Faults) {
    if section.members().len() > MOST_METHODS {
        faults.add(section.path(), "too many methods", &format!("{MOST_METHODS} are allowed."));
        return;
    }
    for (id, value) in section.members() {
        let path = section.at(id);
        let Some(entry) = Section::of(value, &path, faults) else { continue };
        entry.only(&NAMES, faults);
        match catalogue.methods.iter().position(|method| method.id == *id) {
            Some(at) => {
                if entry.has("like") {
                    faults.add(&entry.at("like"), "this method is there already", "Take `like` away.");
                }
                let wire = catalogue.methods[at].wire.clone();
                if let Some(method) = changed(catalogue, wire, &entry, faults) {
                    refuse_shared_bins(catalogue, &method, &entry, faults);
                    catalogue.methods[at] = method;
                }
            }
            None => add(catalogue, id, &entry, faults),
        }
    }
}

/// A method that is new: like another one of the site in everything that is not said.
fn add(catalogue: &mut SiteCatalogue, id: &str, entry: &Section<'_>, faults: &mut Faults) {
    let is_id = (2..=32).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_id {
        faults.add(entry.path(), "this can't be a method's id", "Use 2 to 32 of a–z, 0–9 and _.");
    }
    let like = entry.text("like", 32, faults).and_then(|like| catalogue.method(like));
    let Some(like) = like.cloned() else {
        let next =
            "Check its id, or, to add a method, say by `like = \"…\"` which one of the site it is like.";
        faults.add(entry.path(), "the site has no such method", next);
        return;
    };
    // Others are moved by a rail that knows them by their ids.
    let kind = like.payment_type;
    if like.settings.is_empty() && !matches!(kind, PaymentType::Ticket | PaymentType::Atm) {
        let next = "New methods are cards with BINs, tickets, or deposits at cash machines.";
        faults.add(&entry.at("like"), "a method of this kind can't be added", next);
        return;
    }
    entry.needs(if kind.is_card() { &["name", "settings"] } else { &["name"] }, faults);
    let mut wire = like.wire.clone();
    wire.insert("id".to_owned(), json!(id));
    for key in ["thumbnail", "secure_thumbnail"] {
        wire.insert(key.to_owned(), json!(format!("{id}.gif")));
    }
    if let Some(method) = changed(catalogue, wire, entry, faults) {
        refuse_shared_bins(catalogue, &method, entry, faults);
        for issuer in catalogue.issuers.iter_mut().filter(|issuer| issuer.issues(&like.id)) {
            issuer.payment_methods.push(id.to_owned());
        }
        catalogue.methods.push(method);
    }
}

/// The method of `wire` with what `entry` says.
fn changed(
    catalogue: &SiteCatalogue,
    mut wire: Map<String, Value>,
    entry: &Section<'_>,
    faults: &mut Faults,
) -> Option<PaymentMethod> {
    let site = catalogue.site;
    let kind = wire["payment_type_id"].as_str().and_then(PaymentType::from_id)?;
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            wire.insert(name.to_owned(), value);
        }
    };
    set("name", entry.text("name", LONGEST_NAME, faults).map(Value::from));
    set("status", entry.one_of("status", &STATUSES, faults).map(Value::from));
    let captures: &[&str] = if kind.is_card() { &["supported", "unsupported"] } else { &["does_not_apply"] };
    set("deferred_capture", entry.one_of("deferred_capture", captures, faults).map(Value::from));
    let amount = |amount: crate::money::Money| Value::Number(amount.to_number());
    set("min_allowed_amount", entry.amount("min_allowed_amount", site, faults).map(amount));
    set("max_allowed_amount", entry.amount("max_allowed_amount", site, faults).map(amount));
    set("accreditation_time", entry.whole("accreditation_time", 0..=43_200, faults).map(Value::from));
    let modes = entry.texts("processing_modes", (MODES.len(), 20), faults);
    if modes.as_ref().is_some_and(|modes| modes.iter().any(|mode| !MODES.contains(mode))) {
        faults.add(&entry.at("processing_modes"), "a mode is not known", "Known: aggregator, gateway.");
    }
    set("processing_modes", modes.map(Value::from));
    let needed = entry.texts("additional_info_needed", (16, 60), faults);
    set("additional_info_needed", needed.map(Value::from));
    if let Some(file) = entry.text("thumbnail", 60, faults) {
        if file.contains(['/', '\\', '?', '#']) || file.starts_with('.') {
            faults.add(&entry.at("thumbnail"), "this is no file's name", "Write the name alone: visa.gif.");
        }
        set("thumbnail", Some(json!(file)));
        set("secure_thumbnail", Some(json!(file)));
    }
    if entry.has("settings") {
        if !kind.is_card() {
            faults.add(&entry.at("settings"), "only cards have settings", "Take them away.");
        }
        let shapes = entry.sections("settings", MOST_SETTINGS, faults);
        if shapes.is_empty() {
            faults.add(&entry.at("settings"), "a card has one shape at least", "Write `[[…settings]]`.");
        }
        let shapes: Vec<Value> = shapes.iter().filter_map(|shape| settings(shape, faults)).collect();
        set("settings", Some(Value::Array(shapes)));
    }
    // What was wrong is told already.
    let method = read::method(site, wire).ok()?;
    if method.min_allowed >= method.max_allowed {
        let what = "the smallest amount is not below the largest";
        faults.add(&entry.at("min_allowed_amount"), what, "Lower the one or raise the other.");
    }
    Some(method)
}

/// A shape of card, as the API shows it.
fn settings(shape: &Section<'_>, faults: &mut Faults) -> Option<Value> {
    shape.only(&["card_number", "bin", "security_code"], faults);
    shape.needs(&["card_number", "bin", "security_code"], faults);
    let number = shape.section("card_number", faults)?;
    let bin = shape.section("bin", faults)?;
    let code = shape.section("security_code", faults)?;
    number.only(&["length", "validation"], faults);
    number.needs(&["length"], faults);
    bin.only(&["pattern", "exclusion_pattern", "installments_pattern"], faults);
    bin.needs(&["pattern"], faults);
    code.only(&["length", "mode", "card_location"], faults);
    code.needs(&["length", "mode"], faults);
    let mut patterns = Map::new();
    for name in ["pattern", "installments_pattern", "exclusion_pattern"] {
        patterns.insert(name.to_owned(), pattern(&bin, name, faults).map_or(Value::Null, Value::from));
    }
    let validation = number.one_of("validation", &["standard", "none"], faults).unwrap_or("standard");
    let length = number.whole("length", 8..=19, faults);
    let code_length = code.whole("length", 0..=4, faults);
    let location = code.one_of("card_location", &["back", "front"], faults).unwrap_or("back");
    let mode = code.one_of("mode", &["mandatory", "optional"], faults);
    Some(json!({
        "card_number": {"validation": validation, "length": length?},
        "bin": patterns,
        "security_code": {
            "length": code_length?,
            "card_location": location,
            "mode": mode?,
        },
    }))
}

fn pattern<'a>(bin: &Section<'a>, name: &str, faults: &mut Faults) -> Option<&'a str> {
    let text = bin.text(name, LONGEST_PATTERN, faults)?;
    let path = bin.at(name);
    let next = "Write prefixes, such as ^(4|5[1-5]|6011): digits, classes, groups, alternatives, {n}.";
    let depth = text.bytes().scan(0_usize, |depth, byte| {
        match byte {
            b'(' => *depth += 1,
            b')' => *depth = depth.saturating_sub(1),
            _ => {}
        }
        Some(*depth)
    });
    if depth.max().unwrap_or(0) > DEEPEST_PATTERN {
        faults.add(&path, "too many groups within groups", next);
        return None;
    }
    match PrefixSet::parse(text) {
        Ok(set) if set.is_empty() => faults.add(&path, "no number begins like this", next),
        Ok(_) => return Some(text),
        Err(fault) => faults.add(&path, &format!("this is {fault}"), next),
    }
    None
}

/// A BIN belongs to one offered method of a kind; where the tables overlap already, they may.
fn refuse_shared_bins(
    catalogue: &SiteCatalogue,
    method: &PaymentMethod,
    entry: &Section<'_>,
    faults: &mut Faults,
) {
    if !entry.has("settings") || !method.is_offered() {
        return;
    }
    let before = catalogue.method(&method.id);
    let others = catalogue.methods.iter().filter(|other| {
        other.id != method.id && other.payment_type == method.payment_type && other.is_offered()
    });
    for other in others {
        let Some(shared) = shared_bin(method, other) else { continue };
        if before.is_none_or(|before| shared_bin(before, other).is_none()) {
            let what = format!("cards that begin with {shared:08} are {}'s as well", other.id);
            let next = "Narrow the pattern, or exclude them: exclusion_pattern = \"^(…)\".";
            faults.add(&entry.at("settings"), &what, next);
        }
    }
}

/// The first eight digits of a number that both claim.
fn shared_bin(one: &PaymentMethod, other: &PaymentMethod) -> Option<u32> {
    one.settings.iter().find_map(|mine| {
        let same_length = other.settings.iter().filter(|theirs| theirs.number_length == mine.number_length);
        same_length.into_iter().find_map(|theirs| {
            let within = |from: u32, to: u32| {
                let after = theirs.bins.ranges().partition_point(|&(_, last)| last < from);
                let next = theirs.bins.ranges().get(after).filter(|range| range.0 <= to);
                next.map(|range| range.0.max(from))
            };
            mine.bins.ranges().iter().find_map(|&(from, to)| within(from, to))
        })
    })
}
