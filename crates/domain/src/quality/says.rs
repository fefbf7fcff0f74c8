//! What a page tells a buyer about a payment: that it was refused, that it was approved, or nothing.
//!
//! By stems of words in the three languages of the countries that the platform is in. A page that says something else in other
//! words says nothing here: the remedy tells a seller to say it plainly, as buyers want it, too.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// Nothing of either.
    #[default]
    Nothing,
    /// That the payment went well.
    Approved,
    /// That it did not.
    Refused,
}

/// A refusal, in any of its words. Accents are folded.
const REFUSED: [&str; 52] = [
    // Spanish and Portuguese.
    "rechaz",
    "recusad",
    "declinad",
    "denegad",
    "negado",
    "negada",
    "no aprob",
    "no fue aprob",
    "no ha sido aprob",
    "nao aprov",
    "nao foi aprov",
    "nao foi autoriz",
    "no autoriz",
    "nao autoriz",
    "no fue autoriz",
    "no se pudo",
    "no pudimos",
    "no pudo",
    "no fue posible",
    "nao foi possivel",
    "nao conseguimos",
    "nao pode ser",
    "insuficiente",
    "otra tarjeta",
    "otro medio de pago",
    "outro cartao",
    "outro meio de pagamento",
    "outra forma de pagamento",
    "pago fallido",
    "pago fallo",
    "fallo el pago",
    "pagamento falhou",
    "falha no pagamento",
    "error en el pago",
    "erro no pagamento",
    "intenta de nuevo",
    "intentalo de nuevo",
    "tente novamente",
    // English.
    "reject",
    "declined",
    "refused",
    "not approve",
    "not authori",
    "unsuccessful",
    "could not be",
    "couldn't be",
    "was not possible",
    "payment failed",
    "insufficient",
    "another card",
    "different card",
    "try again",
];

/// An approval.
const APPROVED: [&str; 22] = [
    "aprobad",
    "aprovad",
    "acreditad",
    "exitos",
    "gracias por",
    "obrigado",
    "obrigada",
    "compra realizada",
    "compra confirmada",
    "pedido confirmado",
    "pedido realizado",
    "pago recibido",
    "recibimos tu pago",
    "pagamento recebido",
    "pagamento confirmado",
    "approved",
    "successful",
    "thank you",
    "thanks for",
    "payment received",
    "order confirmed",
    "order complete",
];

/// What `text` says. Who thanks for a purchase and says that its payment was refused has said that.
pub fn of(text: &str) -> Says {
    let folded = folded(text);
    let has = |stems: &[&str]| stems.iter().any(|stem| folded.contains(stem));
    if has(&REFUSED) {
        Says::Refused
    } else if has(&APPROVED) {
        Says::Approved
    } else {
        Says::Nothing
    }
}

/// In small letters without accents, one blank between words.
fn folded(text: &str) -> String {
    let letter = |letter: char| match letter {
        'á' | 'à' | 'â' | 'ã' => 'a',
        'é' | 'ê' => 'e',
        'í' => 'i',
        'ó' | 'ô' | 'õ' => 'o',
        'ú' | 'ü' => 'u',
        'ç' => 'c',
        '\u{2019}' => '\'',
        other => other,
    };
    let words: Vec<String> =
        text.split_whitespace().map(|word| word.to_lowercase().chars().map(letter).collect()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_known_in_each_language() {
        for text in [
            "Tu pago fue RECHAZADO",
            "El pago no\n fue aprobado. Elige otra tarjeta.",
            "Pagamento recusado pelo banco emissor",
            "Não foi possível processar o pagamento",
            "Saldo insuficiente",
            "We couldn\u{2019}t\u{a0}be paid: your card was declined",
            "Your bank did not authorise the payment: use another card.",
            "Thank you! Sadly, the payment was not approved.",
        ] {
            assert_eq!(of(text), Says::Refused, "{text}");
        }
    }

    #[test]
    fn an_approval_and_silence_are_no_refusal() {
        for text in ["¡Gracias por tu compra!", "Pagamento aprovado", "Thank you", "Order confirmed: 17"] {
            assert_eq!(of(text), Says::Approved, "{text}");
        }
        for text in ["", "Processing\u{2026}", "Total: $ 120", "undefined", "Tarjeta de crédito"] {
            assert_eq!(of(text), Says::Nothing, "{text}");
        }
    }
}
