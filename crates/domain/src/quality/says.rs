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

/// A refusal, in any of its words: that it was one, why, or what a buyer does then. Accents are folded.
const REFUSED: [&str; 115] = [
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
    "fondos suficientes",
    "saldo suficiente",
    "sin fondos",
    "sem saldo",
    "no proces",
    "nao process",
    "no acept",
    "nao aceit",
    "no admite",
    "nao permite",
    "no se complet",
    "no es posible pagar",
    "nao e possivel pagar",
    "no esta activa",
    "nao esta ativ",
    "no es correct",
    "nao esta corret",
    "no es valid",
    "nao e valid",
    "incorret",
    "usa otro medio",
    "otro de los medios de pago",
    "use outro meio",
    "cambia de tarjeta",
    "mude de cartao",
    "vuelve a intentar",
    "debes autorizar",
    "llama a tu banco",
    "ligue para o seu banco",
    "revisa el numero",
    "revisa la fecha",
    "revisa el codigo",
    "revisa algun dato",
    "revisa los datos",
    "revise o numero",
    "revise a data",
    "revise o codigo",
    "revise os dados",
    "confira o numero",
    "confira a data",
    "confira o codigo",
    "confira os dados",
    "verifica los datos",
    "verifique os dados",
    "verifique o codigo",
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
    "denied",
    "incorrect",
    "invalid",
    "not correct",
    "not valid",
    "not accept",
    "not allow",
    "not active",
    "not completed",
    "not processed",
    "is not possible",
    "enough funds",
    "another method",
    "change card",
    "check the card",
    "check your card",
    "check the security code",
    "check the expir",
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

/// What `texts` say, whatever their order and whichever numbers are in them: to tell whether a buyer was told the same twice,
/// where the order has another number.
pub fn bare<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let bare = texts.map(|text| folded(text).replace(|letter: char| letter.is_numeric(), ""));
    let mut bare: Vec<String> = bare.map(|text| folded(&text)).filter(|text| !text.is_empty()).collect();
    bare.sort_unstable();
    bare.dedup();
    bare.join("\n")
}

/// In small letters without accents, one blank between words.
pub(super) fn folded(text: &str) -> String {
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
    use crate::catalogue::outcomes;
    use crate::quality::refusal::GROUPS;
    use crate::status_detail;

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
    fn the_platforms_own_words_of_a_refusal_are_known() {
        for group in GROUPS {
            let detail = outcomes::for_holder(group.holder()).unwrap().status_detail;
            for language in ["es", "pt", "en"] {
                let said = status_detail::message("rejected", detail, language).unwrap();
                assert_eq!(of(said), Says::Refused, "{said}");
            }
        }
        for text in [
            "Revisa el código de seguridad de la tarjeta.",
            "Revisa algún dato.",
            "Tu visa no tiene fondos suficientes.",
            "visa no procesó el pago.",
            "Elige otro de los medios de pago, te recomendamos con medios en efectivo.",
            "Confira o código de segurança.",
            "Check the security code of your card.",
        ] {
            assert_eq!(of(text), Says::Refused, "{text}");
        }
    }

    #[test]
    fn the_same_words_are_the_same_with_another_order_number() {
        let told = |texts: &[&str]| bare(texts.iter().copied());
        let first = told(&["Pedido 17", "Pago rechazado:  usa otra tarjeta", "12:07"]);
        assert_eq!(first, told(&["Pago rechazado: usa otra tarjeta", "PEDIDO 2204", "9:59", ""]));
        assert_ne!(first, told(&["Pedido 17", "No hay fondos suficientes", "12:07"]));
        assert_eq!(told(&["", " ", "12"]), "");
    }

    #[test]
    fn an_approval_and_silence_are_no_refusal() {
        for text in [
            "¡Gracias por tu compra!",
            "Pagamento aprovado",
            "Thank you",
            "Order confirmed: 17",
            "Obrigado! Verifique seu e-mail.",
            "Pago aprobado: revisa tu correo.",
        ] {
            assert_eq!(of(text), Says::Approved, "{text}");
        }
        for text in ["", "Processing\u{2026}", "Total: $ 120", "undefined", "Tarjeta de crédito"] {
            assert_eq!(of(text), Says::Nothing, "{text}");
        }
    }
}
