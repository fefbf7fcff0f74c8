//! The form in which a page takes a card: what is to be filled in, and what sends it. Found in the browser's snapshot, by what
//! elements are called; whatever is not known is left alone.

use super::super::page_reader::{FRAMES, Official, card_word};
use super::nodes::Nodes;
use super::snapshot;
use serde_json::Value;
use std::collections::HashSet;
use url::Url;

/// The most elements of a form that are filled in.
const MOST: usize = 40;
/// How much of a button's words is looked at.
const LONGEST_WORDS: usize = 200;

/// What an element takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Takes {
    /// A part of the card: `cardNumber`, `securityCode`, `expirationDate`, `expirationMonth`, `expirationYear`.
    Card(&'static str),
    /// The name on the card, which decides what becomes of a test payment.
    Holder,
    /// The buyer's e-mail.
    Email,
    /// The number of the buyer's document.
    Document,
    /// A telephone number, where one must be given.
    Phone,
    /// A postal code, where one must be given.
    PostalCode,
    /// Anything else that must be filled in.
    Text,
}

/// How an element is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// One of the platform's frames: a click, then what is typed.
    Frame(Takes),
    /// An input that is still empty.
    Input(Takes),
    /// A list in which nothing is chosen and something can be.
    Choice,
    /// A box that must be ticked.
    Tick,
}

/// An element of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The browser's number of it.
    pub node: i64,
    /// What is done with it.
    pub way: Way,
}

/// The form of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// What is empty, in the page's order.
    pub entries: Vec<Entry>,
    /// Whether there is a list without anything to choose yet.
    pub is_waiting: bool,
    /// Whether it takes a card's number.
    pub takes_card: bool,
    /// The button that pays.
    pub button: Option<i64>,
}

/// The parts of a card, as frames and inputs are called after them.
const PARTS: [&str; 5] =
    ["cardNumber", "securityCode", "expirationDate", "expirationMonth", "expirationYear"];
const HOLDER: [&str; 5] = ["cardholder", "ccname", "titular", "holder", "nomenocartao"];
const DOCUMENT: [&str; 5] = ["identificationnumber", "docnumber", "document", "cpf", "dni"];
const PHONE: [&str; 5] = ["phone", "telefono", "telefone", "celular", "tel"];
const POSTAL_CODE: [&str; 4] = ["zip", "postal", "cep", "cpostal"];
/// What a button says that pays, and what one says that does something else.
const PAYS: [&str; 8] = ["pag", "pay", "compr", "finali", "confirm", "order", "buy", "checkout"];
const PAYS_NOT: [&str; 8] = ["cancel", "volver", "voltar", "back", "cupom", "cupon", "coupon", "outro"];

/// Finds the form of the page's own document.
pub(super) fn find(taken: &Value, page: &Url, official: &Official) -> Form {
    let Some(nodes) = Nodes::of_page(taken) else { return Form::default() };
    let finder = Finder { nodes: &nodes, page, official };
    let mut form = Form::default();
    let scope = finder.scope();
    for at in (0..nodes.len()).filter(|at| scope.is_none_or(|scope| nodes.is_within(*at, scope))) {
        finder.look(at, &mut form);
    }
    form.entries.truncate(MOST);
    form.button = finder.button(scope);
    form
}

struct Finder<'f> {
    nodes: &'f Nodes<'f>,
    page: &'f Url,
    official: &'f Official,
}

impl Finder<'_> {
    /// The form element around the card's parts, where they are in one.
    fn scope(&self) -> Option<usize> {
        let part = (0..self.nodes.len()).find(|at| self.card_part(*at).is_some())?;
        let mut above = self.nodes.parent(part);
        while let Some(at) = above {
            if self.nodes.name(at) == "FORM" {
                return Some(at);
            }
            above = self.nodes.parent(at);
        }
        None
    }

    fn look(&self, at: usize, form: &mut Form) {
        let part = self.card_part(at);
        form.takes_card |= part == Some("cardNumber");
        let is_frame = self.nodes.name(at) == "IFRAME";
        let way = match (part, self.nodes.name(at)) {
            (Some(part), "IFRAME") => Some(Way::Frame(Takes::Card(part))),
            (_, "INPUT") if self.nodes.is_drawn(at) => self.input(at, part),
            (_, "SELECT") if self.nodes.is_drawn(at) => self.choice(at, form),
            _ => None,
        };
        let node = self.nodes.backend(at);
        if let (Some(way), Some(node), true) = (way, node, is_frame || !self.is_off(at)) {
            form.entries.push(Entry { node, way });
        }
    }

    fn card_part(&self, at: usize) -> Option<&'static str> {
        let attribute = |name: &str| self.nodes.attribute(at, name);
        match self.nodes.name(at) {
            "IFRAME" => {
                let address = self.page.join(attribute("src")?).ok()?;
                let is_field = self.official.is_home(&address) && address.path().starts_with(FRAMES);
                let name = attribute("name")?;
                PARTS.into_iter().find(|part| is_field && *part == name)
            }
            "INPUT" => {
                let said = ["data-checkout", "autocomplete", "id", "name"].map(attribute);
                let word = said.into_iter().flatten().find_map(card_word)?;
                PARTS.into_iter().find(|part| *part == word)
            }
            _ => None,
        }
    }

    fn is_off(&self, at: usize) -> bool {
        self.nodes.attribute(at, "disabled").is_some() || self.nodes.attribute(at, "readonly").is_some()
    }

    fn input(&self, at: usize, part: Option<&'static str>) -> Option<Way> {
        let attribute = |name: &str| self.nodes.attribute(at, name);
        let kind = attribute("type").unwrap_or("text").to_lowercase();
        let is_required = attribute("required").is_some() || attribute("aria-required") == Some("true");
        if kind == "checkbox" {
            return (is_required && !self.nodes.is_ticked(at)).then_some(Way::Tick);
        }
        let is_text =
            matches!(kind.as_str(), "text" | "email" | "tel" | "search" | "number" | "password" | "");
        if !is_text || self.nodes.has_input(at) {
            return None;
        }
        if let Some(part) = part {
            return Some(Way::Input(Takes::Card(part)));
        }
        let said = ["data-checkout", "autocomplete", "id", "name", "placeholder", "aria-label"];
        let said: String = said.into_iter().filter_map(attribute).map(plain).collect::<Vec<_>>().join(" ");
        let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
        let takes = if kind == "email" || said.contains("email") {
            Takes::Email
        } else if has(&HOLDER) {
            Takes::Holder
        } else if has(&DOCUMENT) {
            Takes::Document
        } else if !is_required {
            return None;
        } else if has(&PHONE) {
            Takes::Phone
        } else if has(&POSTAL_CODE) {
            Takes::PostalCode
        } else {
            Takes::Text
        };
        Some(Way::Input(takes))
    }

    fn choice(&self, at: usize, form: &mut Form) -> Option<Way> {
        // What is in an element follows it.
        let inside = (at + 1..self.nodes.len()).take_while(|child| self.nodes.is_within(*child, at));
        let options: Vec<usize> = inside.filter(|child| self.nodes.name(*child) == "OPTION").collect();
        let says =
            |option: usize| self.nodes.attribute(option, "value").is_none_or(|value| !value.is_empty());
        if options.iter().any(|option| self.nodes.is_chosen(*option) && says(*option)) {
            return None;
        }
        if options.iter().any(|option| says(*option)) {
            return Some(Way::Choice);
        }
        form.is_waiting = true;
        None
    }

    /// The last button that says that it pays, or, in a form, its last button.
    fn button(&self, scope: Option<usize>) -> Option<i64> {
        let is_button = |at: &usize| match self.nodes.name(*at) {
            "BUTTON" => self.nodes.attribute(*at, "type") != Some("reset"),
            "INPUT" => matches!(self.nodes.attribute(*at, "type"), Some("submit" | "image" | "button")),
            _ => false,
        };
        let all =
            (0..self.nodes.len()).filter(|at| scope.is_none_or(|scope| self.nodes.is_within(*at, scope)));
        let all = all.filter(is_button).filter(|at| self.nodes.is_drawn(*at) && !self.is_off(*at));
        let rated = all.filter_map(|at| Some((self.rate(at, scope.is_some())?, at)));
        let best = rated.max_by_key(|(rate, at)| (*rate, *at))?.1;
        self.nodes.backend(best)
    }

    /// How sure it is that this button pays.
    fn rate(&self, at: usize, is_in_form: bool) -> Option<u32> {
        let attributes = ["value", "aria-label", "title", "id"];
        let attributes = attributes.into_iter().filter_map(|name| self.nodes.attribute(at, name));
        let mut words = self.nodes.words_within(at, LONGEST_WORDS);
        attributes.for_each(|said| words.push_str(said));
        let words = plain(&words);
        if PAYS_NOT.iter().any(|word| words.contains(word)) {
            return None;
        }
        let sends = self.nodes.attribute(at, "type").is_none_or(|kind| kind == "submit");
        match (PAYS.iter().any(|word| words.contains(word)), sends && is_in_form) {
            (true, sends) => Some(2 + u32::from(sends)),
            (false, true) => Some(1),
            (false, false) => None,
        }
    }
}

/// Small letters and digits alone.
fn plain(said: &str) -> String {
    said.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The texts that a buyer sees, of the page and of those of its frames that are its own.
pub(super) fn texts(taken: &Value, page: &Url, official: &Official) -> HashSet<String> {
    let mut texts = HashSet::new();
    for nodes in Nodes::of_own(taken, page, official) {
        for at in 0..nodes.len() {
            if let Some(text) = nodes.drawn_text(at) {
                texts.insert(text.split_whitespace().collect::<Vec<_>>().join(" "));
            }
        }
    }
    texts.remove("");
    texts
}

/// The public keys in a page's own words and scripts.
pub(super) fn keys(taken: &Value) -> Vec<String> {
    let mut keys = Vec::new();
    snapshot::strings(taken).for_each(|text| keys_in(text, &mut keys));
    keys
}

/// The most keys of a page that are looked at.
const MOST_KEYS: usize = 8;
/// How a public key begins, and how long it is with its UUID.
const PREFIXES: [&str; 2] = ["TEST-", "APP_USR-"];
const UUID: usize = 36;

/// What looks like a public key in `text`.
pub(super) fn keys_in(text: &str, keys: &mut Vec<String>) {
    for prefix in PREFIXES {
        for (at, _) in text.match_indices(prefix) {
            let Some(key) = text.get(at..at + prefix.len() + UUID) else { continue };
            let uuid = &key[prefix.len()..];
            let is_uuid = uuid.split('-').map(str::len).eq([8, 4, 4, 4, 12])
                && uuid.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
            if is_uuid && keys.len() < MOST_KEYS && !keys.iter().any(|known| known == key) {
                keys.push(key.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The parent's place, the name, the attributes.
    type Node<'n> = (i64, &'n str, &'n [(&'n str, &'n str)]);

    /// A document of these nodes; all of them are drawn. A name that begins with `#` is a text.
    fn page(nodes: &[Node<'_>]) -> Value {
        let mut strings = vec!["https://shop.example/pay".to_owned()];
        let mut number = |text: &str| {
            strings.push(text.to_owned());
            strings.len() - 1
        };
        let (mut parents, mut kinds, mut names, mut values, mut attributes) =
            (vec![], vec![], vec![], vec![], vec![]);
        for (parent, name, pairs) in nodes {
            parents.push(*parent);
            let text = name.strip_prefix('#');
            kinds.push(if text.is_some() { 3 } else { 1 });
            names.push(json!(number(name)));
            values.push(text.map_or(json!(-1), |text| json!(number(text))));
            let pairs = pairs.iter().flat_map(|(name, value)| [*name, *value]);
            attributes.push(pairs.map(&mut number).collect::<Vec<_>>());
        }
        let places: Vec<usize> = (0..nodes.len()).collect();
        json!({
            "strings": strings,
            "documents": [{
                "documentURL": 0,
                "nodes": {
                    "parentIndex": parents, "nodeType": kinds, "nodeName": names, "nodeValue": values,
                    "attributes": attributes, "backendNodeId": places.iter().map(|at| at + 100).collect::<Vec<_>>(),
                    "inputChecked": {"index": []}, "optionSelected": {"index": []},
                    "inputValue": {"index": [], "value": []},
                },
                "layout": {"nodeIndex": places, "styles": vec![json!([]); nodes.len()]},
            }],
        })
    }

    fn found(nodes: &[Node<'_>]) -> Form {
        let official = Official::of("https://pay.example");
        find(&page(nodes), &Url::parse("https://shop.example/pay").unwrap(), &official)
    }

    const FIELD: &str = "https://pay.example/secure-fields/v2#type=cardNumber";

    #[test]
    fn a_card_form_with_the_platforms_frames_is_found_and_what_is_beside_it_is_left_alone() {
        let form = found(&[
            (-1, "HTML", &[]),
            (0, "INPUT", &[("type", "email"), ("id", "newsletter")]),
            (0, "FORM", &[]),
            (2, "IFRAME", &[("name", "cardNumber"), ("src", FIELD)]),
            (2, "IFRAME", &[("name", "securityCode"), ("src", "https://evil.example/secure-fields/v2")]),
            (2, "INPUT", &[("id", "form-checkout__cardholderName")]),
            (2, "INPUT", &[("id", "form-checkout__cardholderEmail")]),
            (2, "INPUT", &[("id", "form-checkout__identificationNumber")]),
            (2, "INPUT", &[("id", "coupon")]),
            (2, "INPUT", &[("id", "street"), ("required", "")]),
            (2, "SELECT", &[]),
            (10, "OPTION", &[("value", "")]),
            (10, "OPTION", &[("value", "1")]),
            (2, "BUTTON", &[("type", "button")]),
            (13, "#Voltar", &[]),
            (2, "BUTTON", &[]),
            (15, "#Pagar agora", &[]),
        ]);
        let ways: Vec<_> = form.entries.iter().map(|entry| (entry.node, entry.way)).collect();
        assert_eq!(
            ways,
            [
                (103, Way::Frame(Takes::Card("cardNumber"))),
                (105, Way::Input(Takes::Holder)),
                (106, Way::Input(Takes::Email)),
                (107, Way::Input(Takes::Document)),
                (109, Way::Input(Takes::Text)),
                (110, Way::Choice),
            ]
        );
        assert!(form.takes_card && !form.is_waiting);
        assert_eq!(form.button, Some(115));
    }

    #[test]
    fn a_form_of_the_first_version_is_found_by_its_words() {
        let form = found(&[
            (-1, "HTML", &[]),
            (0, "FORM", &[]),
            (1, "INPUT", &[("data-checkout", "cardNumber")]),
            (1, "INPUT", &[("data-checkout", "cardExpirationMonth")]),
            (1, "INPUT", &[("data-checkout", "cardExpirationYear")]),
            (1, "INPUT", &[("data-checkout", "securityCode")]),
            (1, "SELECT", &[("id", "installments")]),
            (1, "INPUT", &[("type", "submit"), ("value", "Pay")]),
        ]);
        let parts: Vec<_> = form.entries.iter().map(|entry| entry.way).collect();
        assert_eq!(
            parts,
            ["cardNumber", "expirationMonth", "expirationYear", "securityCode"]
                .map(|part| Way::Input(Takes::Card(part)))
        );
        assert!(form.is_waiting, "the instalments are not there yet");
        assert_eq!(form.button, Some(107));
    }

    #[test]
    fn a_page_without_a_card_has_no_form() {
        let form = found(&[(-1, "HTML", &[]), (0, "BUTTON", &[]), (1, "#Suscribirse", &[])]);
        assert_eq!((form.takes_card, form.button), (false, None));
        let official = Official::of("https://pay.example");
        let page = Url::parse("https://shop.example/").unwrap();
        for odd in
            [json!(null), json!({"documents": [7], "strings": 7}), json!({"documents": [{}], "strings": []})]
        {
            assert_eq!(find(&odd, &page, &official), Form::default());
            assert!(texts(&odd, &page, &official).is_empty());
        }
    }

    #[test]
    fn keys_are_found_in_scripts_and_nothing_else_is_taken_for_one() {
        let key = "TEST-d8b9c1e2-1111-4222-8333-444455556666";
        let mut keys = Vec::new();
        keys_in(
            &format!("new MercadoPago('{key}');x=\"{key}\";TEST-short;APP_USR-1234567890123456-112233"),
            &mut keys,
        );
        keys_in("TEST-ñ8b9c1e2-1111-4222-8333-44445555666", &mut keys);
        assert_eq!(keys, [key]);
    }
}
