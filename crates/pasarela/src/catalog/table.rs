//! Tables for people.

use pasarela_domain::catalogue::document::Difference;
use pasarela_engine::catalogue::applying::CatalogueRecord;
use serde_json::{Value, json};

/// The widest a column is made for one long value.
const WIDEST: usize = 64;

/// `1 value`, `2 values`.
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// What changes, a line a place, site by site.
pub fn differences(version: i64, changes: &[Difference]) -> String {
    if changes.is_empty() {
        return format!("Nothing changes from version {version}.\n");
    }
    let rows: Vec<(&str, [String; 3])> = changes
        .iter()
        .map(|change| {
            let (site, place) = change.path.split_once('.').unwrap_or((&change.path, ""));
            (site, [place.to_owned(), shown(&change.before), shown(&change.after)])
        })
        .collect();
    let width = |column: usize| rows.iter().map(|(_, row)| row[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let mut text = format!("{} from version {version}:\n", count(changes.len(), "change"));
    let mut site = "";
    for (of, [place, before, after]) in &rows {
        if *of != site {
            text += &format!("\n{of}\n");
            site = of;
        }
        text += &format!("  {place:<first$}  {before:>second$} -> {after}\n");
    }
    text
}

/// The versions, newest first.
pub fn history(versions: &[CatalogueRecord], as_json: bool) -> String {
    if as_json {
        let versions: Vec<Value> = versions
            .iter()
            .map(|version| {
                json!({
                    "version": version.version,
                    "applied": version.applied.jiff().to_string(),
                    "author": version.author,
                    "comment": version.comment,
                })
            })
            .collect();
        return super::pretty(&Value::Array(versions));
    }
    if versions.is_empty() {
        return "No version was applied: what is compiled in counts.\n".to_owned();
    }
    let line = |version: &CatalogueRecord| {
        format!(
            "{:>7}  {}  {:<20}  {}\n",
            version.version,
            version.applied.jiff().strftime("%Y-%m-%d %H:%M:%SZ"),
            version.author,
            version.comment
        )
    };
    let heading = format!("{:>7}  {:<20}  {:<20}  {}\n", "version", "applied", "by", "why");
    versions.iter().map(line).fold(heading, |text, line| text + &line)
}

/// All that is offered: methods with their limits and fees, the price lists, and the campaigns.
pub fn catalogue(version: i64, view: &Value) -> String {
    let mut text = format!("Version {version}\n");
    for (site, offered) in view.as_object().into_iter().flatten() {
        text += &format!(
            "\n{site}\n  {:<20} {:<15} {:<20} {:>12} {:>14} {:>8} {:>9} {:>6} {:>5}\n",
            "method", "kind", "status", "from", "to", "fee %", "fixed", "VAT %", "days"
        );
        for (id, method) in offered["methods"].as_object().into_iter().flatten() {
            let fee = &offered["fees"][id];
            text += &format!(
                "  {id:<20} {:<15} {:<20} {:>12} {:>14} {:>8} {:>9} {:>6} {:>5}\n",
                plain(&method["payment_type_id"]),
                plain(&method["status"]),
                plain(&method["min_allowed_amount"]),
                plain(&method["max_allowed_amount"]),
                plain(&fee["percent"]),
                plain(&fee["fixed"]),
                plain(&fee["vat_percent"]),
                plain(&fee["release_days"]),
            );
        }
        for (name, rows) in offered["installments"].as_object().into_iter().flatten() {
            let rows: Vec<String> = rows
                .as_object()
                .into_iter()
                .flatten()
                .map(|(number, row)| format!("{number}: {} %", plain(&row["rate_percent"])))
                .collect();
            text += &format!("  instalments ({name})  {}\n", rows.join(", "));
        }
        let mut campaigns: Vec<_> = offered["campaigns"].as_object().into_iter().flatten().collect();
        campaigns.sort_by_key(|(_, campaign)| campaign["place"].as_i64());
        for (id, campaign) in campaigns {
            text += &format!("  campaign {id}  {}\n", terms(campaign));
        }
    }
    text
}

/// What a campaign says, in the document's names, without its place.
fn terms(campaign: &Value) -> String {
    let members = campaign.as_object().into_iter().flatten().filter(|(name, _)| *name != "place");
    let terms: Vec<String> = members.map(|(name, value)| format!("{name} {}", plain(value))).collect();
    terms.join(", ")
}

/// A value in a cell; a dash for none.
fn shown(value: &Option<Value>) -> String {
    let text = value.as_ref().map_or_else(|| "-".to_owned(), plain);
    if text.chars().count() <= WIDEST {
        return text;
    }
    text.chars().take(WIDEST - 1).chain(['…']).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
