//! What a payment leaves of its buyer, for whoever later asks for the buyer's past: the card, the e-mail, the document, the
//! device and the addresses, each in a form in which the same thing is always the same word.
//!
//! The words never leave the process: what is stored are keyed hashes of them.

use super::create::{CardFacts, Provenance};
use super::request::CreatePayment;
use crate::json::{Json, Members};

/// What a trace is of. The numbers are part of what is stored and are never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum TraceKind {
    /// The card's number.
    Card = 1,
    /// The payer's e-mail.
    Email = 2,
    /// The payer's document; the card holder's where the payer has none.
    Document = 3,
    /// The device that the browser library or an app told.
    Device = 4,
    /// Where the payer lives, or where the goods go. One kind, so that a parcel to another buyer's door is noticed.
    Address = 5,
}

/// How much of a text counts: names of streets are shorter, and a body may be 256 KiB.
const LONGEST: usize = 200;

/// A street, a number and a postal code, as they were sent. Not the flat: who leaves it out once is still found, at the price
/// that a large building is many buyers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// `street_name`
    pub street: Option<&'a str>,
    /// `street_number`
    pub number: Option<&'a str>,
    /// `zip_code`
    pub zip_code: Option<&'a str>,
}

/// What is known of who buys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buyer<'a> {
    /// Keyed fingerprint of the card, hex.
    pub card_fingerprint: Option<&'a str>,
    /// The e-mail.
    pub email: Option<&'a str>,
    /// The document's type and number.
    pub document: Option<(&'a str, &'a str)>,
    /// The device's session.
    pub device: Option<&'a str>,
    /// The payer's address, and that of who receives the goods.
    pub places: [Place<'a>; 2],
}

impl<'a> Buyer<'a> {
    /// Who asks for a payment.
    pub fn of(
        request: &'a CreatePayment<'a>,
        card: Option<&'a CardFacts>,
        provenance: &'a Provenance,
    ) -> Buyer<'a> {
        let info = request.additional_info;
        let sent = &request.payer.identification;
        let holder = card.map(|card| &card.token.cardholder.identification);
        let document = [Some(sent), holder]
            .into_iter()
            .flatten()
            .find_map(|document| Some((document.kind.as_deref()?, document.number.as_deref()?)));
        let payer = Place::of(|name| {
            let address = request.payer.address.iter().find(|(known, _)| known == name);
            address.map(|(_, text)| text.as_str()).or_else(|| inner(info, ["payer", "address"], name))
        });
        let receiver = Place::of(|name| inner(info, ["shipments", "receiver_address"], name));
        Buyer {
            card_fingerprint: card.map(|card| card.fingerprint.as_str()),
            email: request.payer.email.as_deref(),
            document,
            device: device_session(request, card, provenance),
            places: [payer, receiver],
        }
    }

    /// Each trace that such a buyer leaves, as its kind and its word: none twice.
    pub fn traces(&self, mut leave: impl FnMut(TraceKind, &str)) {
        if let Some(fingerprint) = self.card_fingerprint {
            leave(TraceKind::Card, fingerprint);
        }
        if let Some(email) = self.email {
            leave(TraceKind::Email, email);
        }
        let mut word = String::with_capacity(96);
        if let Some((kind, number)) = self.document {
            fold(kind, &mut word);
            word.push(' ');
            let start = word.len();
            fold(number, &mut word);
            if word.len() > start {
                leave(TraceKind::Document, &word);
            }
        }
        if let Some(device) = self.device {
            leave(TraceKind::Device, device);
        }
        word.clear();
        let [payer, receiver] = self.places;
        let end = if payer.write(&mut word) { word.len() } else { 0 };
        if end > 0 {
            leave(TraceKind::Address, &word);
        }
        if receiver.write(&mut word) && word[..end] != word[end..] {
            leave(TraceKind::Address, &word[end..]);
        }
    }
}

impl<'a> Place<'a> {
    fn of(text: impl Fn(&str) -> Option<&'a str>) -> Place<'a> {
        Place { street: text("street_name"), number: text("street_number"), zip_code: text("zip_code") }
    }

    /// Appends the place's word. A part alone is no place (a postal code may be a town's): two are needed; whether they
    /// were there.
    fn write(&self, word: &mut String) -> bool {
        let start = word.len();
        let mut parts = 0;
        for part in [self.zip_code, self.street, self.number] {
            let before = word.len();
            fold(part.unwrap_or_default(), word);
            parts += usize::from(word.len() > before);
            word.push(' ');
        }
        if parts < 2 {
            word.truncate(start);
        }
        parts >= 2
    }
}

/// The device that pays: what the shop's server was told by the page, else what the browser library put into the token, else
/// where the buyer was when the shop made the preference.
/// Scripts that fail send the word for nothing; that is nobody's.
pub fn device_session<'a>(
    request: &'a CreatePayment<'a>,
    card: Option<&'a CardFacts>,
    provenance: &'a Provenance,
) -> Option<&'a str> {
    let of_token = card.and_then(|card| card.token.device_session.as_deref());
    let (of_page, of_shop) = (provenance.device_session.as_deref(), provenance.shop_session.as_deref());
    let said = [of_page, request.device_id.as_deref(), of_token, of_shop];
    said.into_iter().flatten().map(str::trim).find(|said| !matches!(*said, "" | "undefined" | "null"))
}

fn inner<'a>(info: Option<&'a Members<'a>>, [outer, middle]: [&str; 2], name: &str) -> Option<&'a str> {
    let (_, outer) = info?.iter().find(|(known, _)| known == outer)?;
    match outer.get(middle)?.get(name)? {
        Json::String(text) => Some(text),
        Json::Number(number) => Some(number.as_str()),
        _ => None,
    }
}

/// Letters and digits alone, small and without accents: `R. São João, 10` and `r sao joao 10` are one street.
fn fold(text: &str, word: &mut String) {
    for c in text.chars().take(LONGEST).filter(|c| c.is_alphanumeric()) {
        word.extend(c.to_lowercase().map(without_accent));
    }
}

/// The letter below an accent of Spanish and Portuguese.
const fn without_accent(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'ª' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'º' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_by(buyer: &Buyer<'_>) -> Vec<(TraceKind, String)> {
        let mut traces = Vec::new();
        buyer.traces(|kind, word| traces.push((kind, word.to_owned())));
        traces
    }

    #[test]
    fn a_document_is_the_same_however_it_is_written() {
        let word = |kind, number| left_by(&Buyer { document: Some((kind, number)), ..Buyer::default() });
        assert_eq!(word("CPF", "191.191.191-00"), word("cpf", "19119119100"));
        assert_ne!(word("CPF", "19119119100"), word("CNPJ", "19119119100"));
        assert_eq!(word("CPF", "---"), []);
    }

    #[test]
    fn an_address_is_the_same_however_it_is_written_and_counts_once() {
        let place = |street, number, zip_code| Place {
            street: Some(street),
            number: Some(number),
            zip_code: Some(zip_code),
        };
        let (one, other) = (place("R. São João", "10 ", "01310-100"), place("r sao joao", "10", "01310100"));
        let of = |places| left_by(&Buyer { places, ..Buyer::default() });
        assert_eq!(of([one, Place::default()]), of([Place::default(), other]));
        assert_eq!(of([one, other]).len(), 1, "home is where the goods go");
        assert_eq!(of([one, place("R. São João", "11", "01310-100")]).len(), 2);
        assert_eq!(of([Place { zip_code: Some("01310-100"), ..Place::default() }; 2]), [], "half a town");
        // Parts keep their places.
        assert_ne!(of([place("a", "1", "b"), one])[0], of([place("b", "1", "a"), one])[0]);
    }

    #[test]
    fn a_hostile_text_is_cut() {
        let long = "x".repeat(200_000);
        let place = Place { street: Some(&long), number: Some("1"), zip_code: None };
        let traces = left_by(&Buyer { places: [place; 2], ..Buyer::default() });
        assert!(traces[0].1.len() < 2 * LONGEST);
    }
}
