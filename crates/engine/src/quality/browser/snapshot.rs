//! The page as the browser has it: its elements, with shadow trees and frames of its own, and how its words are drawn.

use super::super::page_reader::{Official, Reader};
use super::sizes::Drawn;
use serde_json::Value;
use std::collections::HashMap;
use url::Url;

/// The styles that are asked for, in the order in which they come.
pub(super) const STYLES: [&str; 3] = ["font-size", "font-weight", "font-family"];

const ELEMENT: u64 = 1;
const TEXT: u64 = 3;
/// The most elements and texts that are looked at, of all documents together.
const MOST_NODES: usize = 200_000;

/// Where the page was found in the end.
pub(super) fn address(snapshot: &Value) -> Option<Url> {
    let strings = snapshot["strings"].as_array()?;
    Url::parse(text(strings, &snapshot["documents"][0]["documentURL"])).ok()
}

/// All texts of all documents: words, addresses, scripts.
pub(super) fn strings(snapshot: &Value) -> impl Iterator<Item = &str> {
    snapshot["strings"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Tells the reader of the page at `page` and of those of its frames that are its own; gives how the words about the cost of
/// instalments are drawn.
pub(super) fn read(snapshot: &Value, page: &Url, official: &Official, reader: &mut Reader<'_>) -> Vec<Drawn> {
    let nothing = Vec::new();
    let strings = snapshot["strings"].as_array().unwrap_or(&nothing);
    let (mut drawn, mut left) = (Vec::new(), MOST_NODES);
    for (at, document) in snapshot["documents"].as_array().into_iter().flatten().enumerate() {
        let address = Url::parse(text(strings, &document["documentURL"])).ok();
        if at == 0 || address.is_none_or(|url| is_own(&url, page) && !official.is_home(&url)) {
            read_document(document, strings, reader, &mut drawn, &mut left);
        }
    }
    drawn
}

/// A frame without an address is written by the page; one of the same host is the shop's, too. Another host's may be another
/// payment provider's, who answers for it.
pub(super) fn is_own(frame: &Url, page: &Url) -> bool {
    !matches!(frame.scheme(), "http" | "https") || frame.host() == page.host()
}

fn read_document(
    document: &Value,
    strings: &[Value],
    reader: &mut Reader<'_>,
    drawn: &mut Vec<Drawn>,
    left: &mut usize,
) {
    let nodes = &document["nodes"];
    let styles = styles(&document["layout"]);
    // The open elements, by their places.
    let mut open: Vec<(u64, String)> = Vec::new();
    let count = nodes["nodeType"].as_array().map_or(0, Vec::len);
    for at in 0..count {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let parent = nodes["parentIndex"][at].as_u64();
        while let Some((_, name)) = open.pop_if(|(place, _)| Some(*place) != parent) {
            reader.end(&name);
        }
        match nodes["nodeType"][at].as_u64() {
            Some(TEXT) => {
                let said = text(strings, &nodes["nodeValue"][at]);
                reader.text(said, styles.contains_key(&at) || is_offered(&open, &styles));
                let style = styles.get(&at).map(|style| Drawn::of(said, |nth| text(strings, &style[nth])));
                drawn.extend(style.flatten());
            }
            Some(ELEMENT) => {
                let name = text(strings, &nodes["nodeName"][at]).to_ascii_lowercase();
                let attributes = nodes["attributes"][at].as_array().map_or(&[][..], Vec::as_slice);
                let attribute = |wanted: &str| {
                    let mut pairs = attributes.chunks_exact(2);
                    let found = pairs.find(|pair| text(strings, &pair[0]).eq_ignore_ascii_case(wanted))?;
                    Some(text(strings, &found[1]).trim().to_owned())
                };
                reader.element(&name, &attribute);
                open.push((at as u64, name));
            }
            // The document itself, a shadow tree's root.
            _ => open.push((at as u64, String::new())),
        }
    }
    while let Some((_, name)) = open.pop() {
        reader.end(&name);
    }
}

/// What can be chosen in a list is read when the list is opened: until then the list alone is drawn.
fn is_offered(open: &[(u64, String)], styles: &HashMap<usize, &Value>) -> bool {
    let is_drawn = |place: u64| usize::try_from(place).is_ok_and(|place| styles.contains_key(&place));
    let is_in = |wanted: &str| open.iter().rev().find(|(_, name)| name == wanted);
    is_in("option").and_then(|_| is_in("select")).is_some_and(|(place, _)| is_drawn(*place))
}

/// The styles of what is drawn, by the node's place.
fn styles(layout: &Value) -> HashMap<usize, &Value> {
    let places = layout["nodeIndex"].as_array().into_iter().flatten();
    let places = places.filter_map(|place| usize::try_from(place.as_u64()?).ok());
    places.zip(layout["styles"].as_array().into_iter().flatten()).collect()
}

/// The text with this number; a missing one has the number -1.
pub(super) fn text<'s>(strings: &'s [Value], number: &Value) -> &'s str {
    let number = number.as_u64().and_then(|number| usize::try_from(number).ok());
    number.and_then(|number| strings.get(number)?.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A page with an input in a shadow tree, one in a frame of its own, and one in another shop's frame.
    fn page() -> Value {
        let strings = [
            "https://shop.example/pay",
            "about:srcdoc",
            "https://other.example/pay",
            "HTML",
            "A",
            "INPUT",
            "href",
            "/terms",
            "id",
            "cardNumber",
            "name",
            "x",
            "securityCode",
            "\u{a0}Condiciones",
            "CFT 70,21 %",
            "24px",
            "700",
            "Arial",
        ];
        let frame = |address: u32, id: u32| {
            json!({
                "documentURL": address,
                "nodes": {"nodeType": [9, 1], "parentIndex": [-1, 0], "nodeName": [-1, 5], "nodeValue": [-1, -1],
                          "attributes": [[], [8, id, 10, 11]]},
                "layout": {"nodeIndex": [], "styles": []},
            })
        };
        json!({
            "strings": strings,
            "documents": [
                {
                    "documentURL": 0,
                    "nodes": {
                        "nodeType": [9, 1, 1, 3, 11, 1, 3], "parentIndex": [-1, 0, 1, 2, 1, 4, 1],
                        "nodeName": [-1, 3, 4, -1, -1, 5, -1], "nodeValue": [-1, -1, -1, 13, -1, -1, 14],
                        "attributes": [[], [], [6, 7], [], [], [8, 9], []],
                    },
                    "layout": {"nodeIndex": [3, 6], "styles": [[15, 16, 17], [15, 16, 17]]},
                },
                frame(1, 12), frame(2, 9),
            ],
        })
    }

    #[test]
    fn shadow_trees_and_own_frames_are_the_page_and_others_are_not() {
        let (taken, official) = (page(), Official::of("https://pay.example"));
        let at = address(&taken).unwrap();
        let mut reader = Reader::new(at.clone(), &official);
        let drawn = read(&taken, &at, &official, &mut reader);
        let facts = reader.finish().0;
        let found: Vec<_> = facts.card_inputs.iter().map(|i| (i.takes.as_str(), i.name.as_deref())).collect();
        assert_eq!(found, [("cardNumber", None), ("securityCode", Some("x"))]);
        assert_eq!(facts.terms_link.as_deref(), Some("/terms"));
        assert!(facts.financing.shows_cft);
        assert_eq!(drawn.len(), 1);
    }

    #[test]
    fn what_is_no_snapshot_is_a_page_with_nothing_in_it() {
        let official = Official::of("https://pay.example");
        let at = Url::parse("https://shop.example/").unwrap();
        for odd in [json!(null), json!({"documents": [7, {"nodes": {"nodeType": [1, "x"]}}], "strings": 7})] {
            let mut reader = Reader::new(at.clone(), &official);
            assert!(read(&odd, &at, &official, &mut reader).is_empty());
        }
    }
}
