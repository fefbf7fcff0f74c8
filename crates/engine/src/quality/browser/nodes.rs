//! The nodes of a document in the browser's snapshot, by their places.

use super::snapshot::{is_own, text};
use crate::quality::page_reader::Official;
use serde_json::Value;
use std::collections::HashSet;
use url::Url;

const TEXT: u64 = 3;
/// The most nodes of a document that are looked at.
const MOST: usize = 50_000;
/// How deep nodes lie in each other.
const DEEPEST: usize = 500;

/// One document.
pub(super) struct Nodes<'s> {
    strings: &'s [Value],
    nodes: &'s Value,
    drawn: HashSet<usize>,
    ticked: HashSet<usize>,
    chosen: HashSet<usize>,
    filled: HashSet<usize>,
}

impl<'s> Nodes<'s> {
    /// Of the page itself.
    pub(super) fn of_page(taken: &'s Value) -> Option<Nodes<'s>> {
        Some(Nodes::of(taken["strings"].as_array()?, taken["documents"].get(0)?))
    }

    /// Of the page and of those of its frames that are its own.
    pub(super) fn of_own(taken: &'s Value, page: &Url, official: &Official) -> Vec<Nodes<'s>> {
        let Some(strings) = taken["strings"].as_array() else { return Vec::new() };
        let documents = taken["documents"].as_array().into_iter().flatten().enumerate();
        let is_shops = |(at, document): &(usize, &Value)| {
            let address = Url::parse(text(strings, &document["documentURL"])).ok();
            *at == 0 || address.is_none_or(|url| is_own(&url, page) && !official.is_home(&url))
        };
        documents.filter(is_shops).map(|(_, document)| Nodes::of(strings, document)).collect()
    }

    fn of(strings: &'s [Value], document: &'s Value) -> Nodes<'s> {
        let nodes = &document["nodes"];
        let places = |list: &Value| list.as_array().into_iter().flatten().filter_map(place).collect();
        let values = &nodes["inputValue"];
        let filled = values["index"].as_array().into_iter().flatten();
        let filled = filled.zip(values["value"].as_array().into_iter().flatten());
        let filled = filled.filter(|(_, value)| !text(strings, value).is_empty());
        Nodes {
            strings,
            nodes,
            drawn: places(&document["layout"]["nodeIndex"]),
            ticked: places(&nodes["inputChecked"]["index"]),
            chosen: places(&nodes["optionSelected"]["index"]),
            filled: filled.filter_map(|(at, _)| place(at)).collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes["nodeType"].as_array().map_or(0, Vec::len).min(MOST)
    }

    pub(super) fn parent(&self, at: usize) -> Option<usize> {
        place(&self.nodes["parentIndex"][at])
    }

    /// Whether the node at `at` is one of those in the node at `above`.
    pub(super) fn is_within(&self, at: usize, above: usize) -> bool {
        std::iter::successors(self.parent(at), |at| self.parent(*at)).take(DEEPEST).any(|at| at == above)
    }

    /// `INPUT`, `#text`, …
    pub(super) fn name(&self, at: usize) -> &'s str {
        text(self.strings, &self.nodes["nodeName"][at])
    }

    /// The browser's own number of it.
    pub(super) fn backend(&self, at: usize) -> Option<i64> {
        self.nodes["backendNodeId"][at].as_i64()
    }

    pub(super) fn attribute(&self, at: usize, wanted: &str) -> Option<&'s str> {
        let attributes = self.nodes["attributes"][at].as_array()?;
        let mut pairs = attributes.chunks_exact(2);
        let found = pairs.find(|pair| text(self.strings, &pair[0]).eq_ignore_ascii_case(wanted))?;
        Some(text(self.strings, &found[1]).trim())
    }

    /// Whether it takes room on the page.
    pub(super) fn is_drawn(&self, at: usize) -> bool {
        self.drawn.contains(&at)
    }

    pub(super) fn is_ticked(&self, at: usize) -> bool {
        self.ticked.contains(&at)
    }

    pub(super) fn is_chosen(&self, at: usize) -> bool {
        self.chosen.contains(&at)
    }

    /// Whether something stands in this input.
    pub(super) fn has_input(&self, at: usize) -> bool {
        self.filled.contains(&at)
    }

    /// A text that buyers see.
    pub(super) fn drawn_text(&self, at: usize) -> Option<&'s str> {
        let is_text = self.nodes["nodeType"][at].as_u64() == Some(TEXT);
        (is_text && self.is_drawn(at)).then(|| text(self.strings, &self.nodes["nodeValue"][at]))
    }

    /// The texts in an element, as far as `most` letters.
    pub(super) fn words_within(&self, above: usize, most: usize) -> String {
        let mut words = String::new();
        // What is in an element follows it.
        let inside = (above + 1..self.len()).take_while(|at| self.is_within(*at, above));
        for said in inside.filter_map(|at| self.drawn_text(at)) {
            if words.len() >= most {
                break;
            }
            words.extend(said.chars().take(most));
            words.push(' ');
        }
        words
    }
}

fn place(number: &Value) -> Option<usize> {
    usize::try_from(number.as_u64()?).ok()
}
