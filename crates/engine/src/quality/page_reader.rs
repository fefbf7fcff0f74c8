//! A seller's page, read for what the rules about pages look at. Nothing of its words is kept.
//!
//! A page is parsed as it is served, or told by a browser that opened it (`browser.rs`), element by element. What scripts
//! say is looked at in their text: which of the library's functions they call, and whether they are the library.

use html5gum::{DefaultEmitter, Token, Tokenizer};
use pasarela_domain::quality::page::{CardInput, PageFacts};
use pasarela_domain::quality::{financing, says};
use std::hash::{DefaultHasher, Hash, Hasher};
use url::Url;

/// How many findings of a kind are kept: one is mended as the other.
const MOST: usize = 20;
/// How much of a text that names an element or an address is kept.
const LONGEST: usize = 200;

/// Whose pages and scripts are the original's own, with all that is under them.
const HOMES: [&str; 3] = ["mercadopago.com", "mlstatic.com", "mercadolibre.com"];
/// Where frames of the library are.
pub(super) const FRAMES: &str = "/secure-fields/";
/// Where the platform's library is at home, besides the platform itself.
const LIBRARY_HOSTS: [&str; 4] =
    ["sdk.mercadopago.com", "beta-sdk.mercadopago.com", "secure.mlstatic.com", "www.mercadopago.com"];
/// The addresses of the library at a platform.
const LIBRARY_PATHS: [&str; 5] =
    ["/js/v2", "/v2", "/gama/js/v2", "/v1/mercadopago.js", "/sdk/javascript/v1/mercadopago.js"];
/// Of these, the first version's.
const FIRST_VERSION: &str = "mercadopago.js";

/// What a card's input is called, in lower case, without dashes and underscores; and what it takes.
const CARD_WORDS: [(&str, &str); 15] = [
    ("cardnumber", "cardNumber"),
    ("ccnumber", "cardNumber"),
    ("numerotarjeta", "cardNumber"),
    ("numerocartao", "cardNumber"),
    ("securitycode", "securityCode"),
    ("cccsc", "securityCode"),
    ("cvv", "securityCode"),
    ("cvc", "securityCode"),
    ("expirationmonth", "expirationMonth"),
    ("expirationyear", "expirationYear"),
    ("cardexpiration", "expirationDate"),
    ("expirationdate", "expirationDate"),
    ("ccexp", "expirationDate"),
    ("cardholder", "cardholderName"),
    ("ccname", "cardholderName"),
];

/// Where the library is at home.
#[derive(Clone, Debug)]
pub struct Official {
    /// The platform's own origin.
    platform: String,
}

impl Official {
    /// At the platform at `public_url`, and at the published addresses.
    pub fn of(public_url: &str) -> Official {
        let platform = Url::parse(public_url).map(|url| url.origin().ascii_serialization());
        Official { platform: platform.unwrap_or_default() }
    }

    /// Whether this is the address of the library.
    pub fn is_library(&self, url: &Url) -> bool {
        let is_known =
            url.scheme() == "https" && url.host_str().is_some_and(|host| LIBRARY_HOSTS.contains(&host));
        (self.is_platform(url) || is_known)
            && LIBRARY_PATHS.iter().any(|path| url.path().trim_end_matches('/') == *path)
    }

    /// Whether the platform, or the original, answers for what is there.
    pub fn is_home(&self, url: &Url) -> bool {
        let is_of = |host: &str, home: &str| {
            host.strip_suffix(home).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let is_original = url.scheme() == "https"
            && url.host_str().is_some_and(|host| HOMES.iter().any(|home| is_of(host, home)));
        self.is_platform(url) || is_original
    }

    fn is_platform(&self, url: &Url) -> bool {
        url.origin().ascii_serialization() == self.platform
    }
}

/// A page in the making.
pub struct Reader<'a> {
    base: Url,
    official: &'a Official,
    facts: PageFacts,
    scripts: Vec<Url>,
    words: String,
    /// The open link: its address, and its words so far.
    link: Option<(String, String)>,
    /// Inside `script` or `style`, whose text no buyer reads.
    code: Option<String>,
}

/// What a page holds, and the scripts that may be copies of the library or call it.
pub fn read(html: &str, url: &Url, official: &Official) -> (PageFacts, Vec<Url>) {
    let mut reader = Reader::new(url.clone(), official);
    let mut emitter: DefaultEmitter = DefaultEmitter::default();
    // Without it the text of a script would be read as tags.
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                let attribute = |wanted: &str| {
                    let value = tag.attributes.get(wanted.as_bytes())?;
                    Some(String::from_utf8_lossy(value).trim().to_owned())
                };
                reader.element(&name, &attribute);
            }
            Token::EndTag(tag) => reader.end(&String::from_utf8_lossy(&tag.name)),
            Token::String(text) => reader.text(&String::from_utf8_lossy(&text), true),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    reader.finish()
}

/// What a script says: whether it is the library, and which of its functions it calls.
pub fn read_script(script: &str, from: Option<&Url>, facts: &mut PageFacts) {
    let is_library = script.contains("MercadoPago")
        && (script.contains("/v1/card_tokens") || script.contains("secure-fields"))
        && script.contains("createCardToken");
    if let (true, Some(from)) = (is_library, from) {
        push(&mut facts.library_copies, short(from.as_str()));
        return;
    }
    let bare: String = script
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| if c == '\'' || c == '`' { '"' } else { c })
        .collect();
    facts.has_secure_fields |= bare.contains(".fields.create(")
        || (bare.contains(".cardForm(") && (bare.contains("iframe:true") || bare.contains("iframe:!0")))
        || bare.contains(".bricks(");
    facts.opens_checkout_inside |= bare.contains(".create(\"wallet\"") || bare.contains(".checkout({");
    facts.has_test_key |= bare.contains("MercadoPago(\"TEST-");
}

impl Reader<'_> {
    /// Of the page at `base`, with nothing read yet.
    pub fn new(base: Url, official: &Official) -> Reader<'_> {
        let facts = PageFacts { url: short(base.as_str()), status: 200, ..PageFacts::default() };
        let (scripts, words) = (Vec::new(), String::new());
        Reader { base, official, facts, scripts, words, link: None, code: None }
    }

    /// An element begins.
    pub fn element(&mut self, name: &str, attribute: &impl Fn(&str) -> Option<String>) {
        match name {
            "script" => {
                self.code = Some(String::new());
                if let Some(url) = attribute("src").and_then(|source| self.base.join(&source).ok()) {
                    self.script(url);
                }
            }
            "style" => self.code = Some(String::new()),
            "input" => self.input(attribute),
            "form" => {
                let action = attribute("action").and_then(|action| self.base.join(&action).ok());
                if let Some(action) = action.filter(|action| action.scheme() == "http") {
                    push(&mut self.facts.plain_forms, short(action.as_str()));
                }
            }
            "a" => self.link = attribute("href").map(|address| (address, String::new())),
            "select" => {
                let called = attribute("id").or_else(|| attribute("name")).unwrap_or_default().to_lowercase();
                self.facts.financing.offers_installments |=
                    ["installment", "cuota", "parcela"].iter().any(|word| called.contains(word));
            }
            "iframe" => {
                let address = attribute("src").and_then(|source| self.base.join(&source).ok());
                let is_secure = |url: &Url| self.official.is_home(url) && url.path().starts_with(FRAMES);
                if address.as_ref().is_some_and(is_secure) {
                    self.facts.secure_frames += 1;
                    self.facts.has_secure_fields = true;
                }
                self.picture(attribute);
            }
            "img" | "svg" | "object" => self.picture(attribute),
            _ => {}
        }
    }

    /// The page loads a script.
    pub fn script(&mut self, url: Url) {
        if self.base.scheme() == "https" && url.scheme() == "http" {
            push(&mut self.facts.plain_scripts, short(url.as_str()));
        }
        if self.official.is_library(&url) {
            self.facts.is_first_version |= url.path().ends_with(FIRST_VERSION);
            push(&mut self.facts.official_libraries, short(url.as_str()));
            return;
        }
        self.scripts.push(url);
    }

    /// What a script says.
    pub fn script_text(&mut self, text: &str, from: Option<&Url>) {
        read_script(text, from, &mut self.facts);
    }

    /// The library in the page has a function that is written in somebody else's script: it was changed, or, where the
    /// platform's was never loaded, it is a copy.
    pub fn foreign_function(&mut self, name: &str, from: &Url) {
        if self.facts.official_libraries.is_empty() {
            push(&mut self.facts.library_copies, short(from.as_str()));
        } else {
            self.facts.altered_library.get_or_insert_with(|| short(&format!("{name} is from {from}")));
        }
    }

    fn input(&mut self, attribute: &impl Fn(&str) -> Option<String>) {
        let kind = attribute("type").unwrap_or_default().to_lowercase();
        if matches!(kind.as_str(), "hidden" | "submit" | "button" | "checkbox" | "radio" | "email") {
            return;
        }
        let data_checkout = attribute("data-checkout").filter(|value| !value.is_empty());
        let said = [
            data_checkout.clone(),
            attribute("autocomplete"),
            attribute("id"),
            attribute("name"),
            attribute("data-cardinal-field"),
        ];
        let Some(takes) = said.iter().flatten().find_map(|said| card_word(said)) else { return };
        let selector = match (attribute("id"), attribute("name")) {
            (Some(id), _) => format!("input#{id}"),
            (None, Some(name)) => format!("input[name={name}]"),
            (None, None) => format!("input[{takes}]"),
        };
        if self.facts.card_inputs.len() < MOST {
            self.facts.card_inputs.push(CardInput {
                selector: short(&selector),
                takes: takes.to_owned(),
                name: attribute("name").filter(|name| !name.is_empty()).map(|name| short(&name)),
                data_checkout: data_checkout.map(|value| short(&value)),
            });
        }
    }

    fn picture(&mut self, attribute: &impl Fn(&str) -> Option<String>) {
        let source = attribute("src").or_else(|| attribute("data")).unwrap_or_default();
        let label = attribute("alt").or_else(|| attribute("aria-label")).unwrap_or_default();
        let (low_source, low_label) = (source.to_lowercase(), label.to_lowercase());
        if low_source.contains("banner") && (low_source.contains("promo") || low_source.contains("mlstatic"))
        {
            self.facts.promotions.get_or_insert_with(|| short(&source));
        }
        let is_logo = low_source.contains("mercadopago") || low_source.contains("mercado-pago");
        if is_logo || low_label.contains("mercado pago") {
            let what = if source.is_empty() { label } else { source };
            self.facts.logo.get_or_insert_with(|| short(&what));
        }
    }

    /// A text, which buyers see if it `is_shown`.
    pub fn text(&mut self, text: &str, is_shown: bool) {
        match (&mut self.code, &mut self.link) {
            (Some(code), _) => code.push_str(text),
            (None, link) => {
                if let Some((_, words)) = link {
                    words.push_str(text);
                }
                if !is_shown {
                    return;
                }
                self.words.push_str(text);
                self.words.push(' ');
            }
        }
    }

    /// An element ends.
    pub fn end(&mut self, name: &str) {
        match name {
            "script" => {
                if let Some(code) = self.code.take() {
                    read_script(&code, None, &mut self.facts);
                }
            }
            "style" => self.code = None,
            "a" => {
                if let Some((address, words)) = self.link.take() {
                    self.linked(&address, &words);
                }
            }
            _ => {}
        }
    }

    fn linked(&mut self, address: &str, words: &str) {
        let (low_address, low_words) = (address.to_lowercase(), words.to_lowercase());
        let names = |stems: &[&str]| stems.iter().any(|s| low_address.contains(s) || low_words.contains(s));
        if names(&["terms", "término", "termino", "termos", "condiciones", "condições", "condicoes"]) {
            self.facts.terms_link.get_or_insert_with(|| short(address));
        }
        if names(&["promociones", "promocoes", "promoções", "promotions", "credit_card_promos"]) {
            self.facts.promotions.get_or_insert_with(|| short(address));
        }
    }

    /// What was found, and the scripts that were not read.
    pub fn finish(mut self) -> (PageFacts, Vec<Url>) {
        // A script or a link that never ends.
        self.end("script");
        self.end("a");
        let words: Vec<&str> = self.words.split_whitespace().collect();
        let text = words.join(" ").to_lowercase();
        let has_list = self.facts.financing.offers_installments;
        self.facts.financing = financing::of(&text);
        self.facts.financing.offers_installments |= has_list;
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        self.facts.words = hasher.finish();
        self.facts.says = says::of(&text);
        self.scripts.truncate(MOST);
        (self.facts, self.scripts)
    }
}

/// What of a card an input takes that is called so.
pub(super) fn card_word(said: &str) -> Option<&'static str> {
    let word: String = said.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    CARD_WORDS.iter().find(|(known, _)| word.contains(known)).map(|(_, takes)| *takes)
}

fn push(to: &mut Vec<String>, what: String) {
    if to.len() < MOST && !to.contains(&what) {
        to.push(what);
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLATFORM: &str = "https://pay.example";

    fn page(html: &str) -> PageFacts {
        read(html, &Url::parse("https://shop.example/pay").unwrap(), &Official::of(PLATFORM)).0
    }

    #[test]
    fn a_card_input_with_a_name_is_found_by_whatever_it_is_called() {
        let facts = page(
            r#"<input id="form-checkout__cardNumber" name="card"><input data-checkout=securityCode><INPUT autocomplete='cc-exp'>
                            <input name="email"><input type=hidden name="cardNumberToken">"#,
        );
        let found: Vec<_> = facts.card_inputs.iter().map(|i| (i.takes.as_str(), i.name.as_deref())).collect();
        assert_eq!(found, [("cardNumber", Some("card")), ("securityCode", None), ("expirationDate", None)]);
        assert_eq!(facts.card_inputs[0].selector, "input#form-checkout__cardNumber");
    }

    #[test]
    fn the_library_is_known_by_where_it_is() {
        let facts = page(
            r#"<script src="https://sdk.mercadopago.com/js/v2"></script><script src="https://pay.example/js/v2"></script>"#,
        );
        assert_eq!(facts.official_libraries.len(), 2);
        let (facts, others) = read(
            r#"<script src="/js/v2"></script><script src="http://sdk.mercadopago.com/js/v2"></script>"#,
            &Url::parse("https://shop.example/pay").unwrap(),
            &Official::of(PLATFORM),
        );
        assert!(facts.official_libraries.is_empty());
        assert_eq!(others.len(), 2, "the same path elsewhere, or in clear, is not it");
        assert_eq!(facts.plain_scripts.len(), 1);
    }

    #[test]
    fn a_copy_is_known_by_what_it_says() {
        let mut facts = PageFacts::default();
        let from = Url::parse("https://shop.example/mp.js").unwrap();
        let copy =
            "class MercadoPago{createCardToken(){fetch('/v1/card_tokens')}};window.MercadoPago=MercadoPago";
        read_script(copy, Some(&from), &mut facts);
        assert_eq!(facts.library_copies, ["https://shop.example/mp.js"]);
        let mut facts = PageFacts::default();
        read_script("new MercadoPago('APP_USR-1').fields.create('cardNumber')", Some(&from), &mut facts);
        assert!(facts.library_copies.is_empty() && facts.has_secure_fields);
    }

    #[test]
    fn links_promotions_and_financing_are_found() {
        let facts = page(
            "<a href='/legal'>Términos y <b>condiciones</b></a><a href=/promociones>Ver</a><select id=cuotas></select>\
             <p>Contado $ 990 o 3 cuotas de $ 369,90 CFT 89,43% TEA 70,21% total $ 1.109,70</p><img src=/mercadopago.svg><form action='http://shop.example/x'>",
        );
        assert_eq!(facts.terms_link.as_deref(), Some("/legal"));
        assert_eq!(facts.promotions.as_deref(), Some("/promociones"));
        assert!(
            facts.financing.offers_installments && facts.financing.shows_cft && facts.financing.shows_tea
        );
        assert!(facts.logo.is_some() && facts.plain_forms.len() == 1);
    }

    #[test]
    fn only_the_platform_and_the_original_are_at_home() {
        let official = Official::of(PLATFORM);
        let is_home = |url: &str| official.is_home(&Url::parse(url).unwrap());
        for home in
            ["https://pay.example/x.js", "https://http2.mlstatic.com/a.js", "https://mercadopago.com/"]
        {
            assert!(is_home(home), "{home}");
        }
        for other in [
            "http://pay.example/x.js",
            "https://pay.example:8443/",
            "http://sdk.mercadopago.com/js/v2",
            "https://evilmercadopago.com/",
            "https://mercadopago.com.evil.example/",
            "https://shop.example/",
        ] {
            assert!(!is_home(other), "{other}");
        }
    }

    #[test]
    fn the_platforms_frames_take_cards_and_other_frames_do_not() {
        let facts = page("<iframe src='https://pay.example/secure-fields/v2#type=x'></iframe>");
        assert_eq!((facts.secure_frames, facts.has_secure_fields), (1, true));
        assert_eq!(page("<iframe src='/secure-fields/v2'></iframe>").secure_frames, 0);
    }

    #[test]
    fn a_function_of_somebody_else_is_a_copy_or_a_change() {
        let official = Official::of(PLATFORM);
        let (at, from) = ("https://shop.example/pay", Url::parse("https://shop.example/x.js").unwrap());
        let mut reader = Reader::new(Url::parse(at).unwrap(), &official);
        reader.foreign_function("MercadoPago", &from);
        assert_eq!(reader.finish().0.library_copies, ["https://shop.example/x.js"]);
        let mut reader = Reader::new(Url::parse(at).unwrap(), &official);
        reader.script(Url::parse("https://pay.example/js/v2").unwrap());
        reader.foreign_function("MercadoPago.prototype.fields", &from);
        let altered = reader.finish().0.altered_library;
        assert_eq!(
            altered.as_deref(),
            Some("MercadoPago.prototype.fields is from https://shop.example/x.js")
        );
    }

    #[test]
    fn what_a_script_says_is_no_tag() {
        let facts = page(
            "<script>const x = '<input name=\"cardNumber\">'; mp.bricks().create(\"wallet\", 'c')</script>",
        );
        assert!(facts.card_inputs.is_empty() && facts.opens_checkout_inside);
    }

    #[test]
    fn pages_with_other_words_differ_and_layout_does_not_count() {
        assert_eq!(page("<p>Thank  you</p>").words, page("<div>thank\nyou</div><style>p{}</style>").words);
        assert_ne!(page("<p>Thank you</p>").words, page("<p>Your card was refused</p>").words);
    }

    #[test]
    fn hostile_pages_stay_within_bounds() {
        let many = "<input id=cardNumber name=x>".repeat(10_000) + &"<script src=/a.js>".repeat(10_000);
        let (facts, scripts) =
            read(&many, &Url::parse("https://shop.example").unwrap(), &Official::of(PLATFORM));
        assert!(facts.card_inputs.len() <= MOST && scripts.len() <= MOST);
        for odd in ["<", "<a href", "<script>", "<!--", "\u{0}<input name=\u{0}>", "<a href='javascript:x'>"]
        {
            page(odd);
        }
    }
}
