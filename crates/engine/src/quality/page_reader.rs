//! A seller's page, read for what the rules about pages look at. Nothing of its words is kept.
//!
//! The page is parsed as it is served; what a script adds later is not seen. What scripts say by themselves is looked
//! at in their text: which of the library's functions they call, and whether they are the library.

use html5gum::{DefaultEmitter, Token, Tokenizer};
use pasarela_domain::quality::page::{CardInput, PageFacts};
use std::hash::{DefaultHasher, Hash, Hasher};
use url::Url;

/// How many findings of a kind are kept: one is mended as the other.
const MOST: usize = 20;
/// How much of a text that names an element or an address is kept.
const LONGEST: usize = 200;

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
    ("cardexpiration", "expirationDate"),
    ("expirationdate", "expirationDate"),
    ("expirationmonth", "expirationMonth"),
    ("expirationyear", "expirationYear"),
    ("ccexp", "expirationDate"),
    ("cardholder", "cardholderName"),
    ("ccname", "cardholderName"),
];

/// A page in the making.
struct Reader<'a> {
    base: &'a Url,
    /// The platform's own origin.
    platform: &'a str,
    facts: PageFacts,
    scripts: Vec<Url>,
    words: String,
    /// The open link: its address, and its words so far.
    link: Option<(String, String)>,
    /// Inside `script` or `style`, whose text no buyer reads.
    code: Option<String>,
}

/// What a page holds, and the scripts that may be copies of the library or call it.
pub fn read(html: &str, url: &Url, platform: &str) -> (PageFacts, Vec<Url>) {
    let mut reader = Reader {
        base: url,
        platform,
        facts: PageFacts { url: short(url.as_str()), status: 200, ..PageFacts::default() },
        scripts: Vec::new(),
        words: String::new(),
        link: None,
        code: None,
    };
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
            Token::String(text) => reader.text(&String::from_utf8_lossy(&text)),
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
    fn element(&mut self, name: &str, attribute: &impl Fn(&str) -> Option<String>) {
        match name {
            "script" => {
                self.code = Some(String::new());
                if let Some(source) = attribute("src") {
                    self.script(&source);
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
            "img" | "iframe" | "svg" | "object" => self.picture(attribute),
            _ => {}
        }
    }

    fn script(&mut self, source: &str) {
        let Ok(url) = self.base.join(source) else { return };
        if self.base.scheme() == "https" && url.scheme() == "http" {
            push(&mut self.facts.plain_scripts, short(url.as_str()));
        }
        if self.is_official(&url) {
            self.facts.is_first_version |= url.path().ends_with(FIRST_VERSION);
            push(&mut self.facts.official_libraries, short(url.as_str()));
            return;
        }
        self.scripts.push(url);
    }

    fn is_official(&self, url: &Url) -> bool {
        let is_platform = url.origin().ascii_serialization() == self.platform;
        let is_home =
            url.scheme() == "https" && url.host_str().is_some_and(|host| LIBRARY_HOSTS.contains(&host));
        (is_platform || is_home) && LIBRARY_PATHS.iter().any(|path| url.path().trim_end_matches('/') == *path)
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
        let takes = said.iter().flatten().find_map(|said| {
            let word: String = said.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
            CARD_WORDS.iter().find(|(known, _)| word.contains(known)).map(|(_, takes)| *takes)
        });
        let Some(takes) = takes else { return };
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

    fn text(&mut self, text: &str) {
        match (&mut self.code, &mut self.link) {
            (Some(code), _) => code.push_str(text),
            (None, link) => {
                if let Some((_, words)) = link {
                    words.push_str(text);
                }
                self.words.push_str(text);
                self.words.push(' ');
            }
        }
    }

    fn end(&mut self, name: &str) {
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

    fn finish(mut self) -> (PageFacts, Vec<Url>) {
        // A script or a link that never ends.
        self.end("script");
        self.end("a");
        let words: Vec<&str> = self.words.split_whitespace().collect();
        let text = words.join(" ").to_lowercase();
        let financing = &mut self.facts.financing;
        financing.offers_installments |= text.contains("cuotas de $") || text.contains("cuotas sin inter");
        financing.shows_cft = text.contains("cft") || text.contains("costo financiero total");
        financing.shows_tea = text.contains("tea") && text.contains('%');
        financing.shows_total = text.contains("total");
        financing.claims_no_interest = text.contains("sin interés") || text.contains("sin interes");
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        self.facts.words = hasher.finish();
        self.scripts.truncate(MOST);
        (self.facts, self.scripts)
    }
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
        read(html, &Url::parse("https://shop.example/pay").unwrap(), PLATFORM).0
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
            PLATFORM,
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
             <p>CFT 70,21% TEA 89,43% total</p><img src=/mercadopago.svg><form action='http://shop.example/x'>",
        );
        assert_eq!(facts.terms_link.as_deref(), Some("/legal"));
        assert_eq!(facts.promotions.as_deref(), Some("/promociones"));
        assert!(
            facts.financing.offers_installments && facts.financing.shows_cft && facts.financing.shows_tea
        );
        assert!(facts.logo.is_some() && facts.plain_forms.len() == 1);
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
        let (facts, scripts) = read(&many, &Url::parse("https://shop.example").unwrap(), PLATFORM);
        assert!(facts.card_inputs.len() <= MOST && scripts.len() <= MOST);
        for odd in ["<", "<a href", "<script>", "<!--", "\u{0}<input name=\u{0}>", "<a href='javascript:x'>"]
        {
            page(odd);
        }
    }
}
