//! What the pages say, in three languages.

use crate::orders::{By, Stage};

mod english;
mod portuguese;
mod spanish;

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Language {
    /// English.
    English,
    /// Spanish.
    Spanish,
    /// Portuguese.
    Portuguese,
}

const LANGUAGES: [Language; 3] = [Language::English, Language::Spanish, Language::Portuguese];

/// A way to pay.
pub struct WayWords {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub pitch: &'static str,
    /// What happens, step by step.
    pub steps: [&'static str; 3],
}

/// All words of a language.
#[allow(missing_docs, reason = "the words say what they are")]
pub struct Words {
    pub ribbon: &'static str,
    pub menu_shelf: &'static str,
    pub menu_orders: &'static str,
    pub menu_seller: &'static str,
    pub menu_cart: &'static str,
    pub skip: &'static str,
    pub language: &'static str,
    pub hero_title: &'static str,
    pub hero_text: &'static str,
    pub hero_code: &'static str,
    pub add: &'static str,
    pub made_to_order: &'static str,
    pub api_reference: &'static str,
    pub cart_title: &'static str,
    pub cart_empty: &'static str,
    pub cart_back: &'static str,
    pub less: &'static str,
    pub more: &'static str,
    pub remove: &'static str,
    pub total: &'static str,
    pub order_now: &'static str,
    pub choice_title: &'static str,
    pub choice_text: &'static str,
    pub card_form: WayWords,
    pub secure_fields: WayWords,
    pub bricks: WayWords,
    pub pix: WayWords,
    pub checkout: WayWords,
    pub wallet: WayWords,
    pub wallet_button: &'static str,
    pub wallet_login: &'static str,
    pub password: &'static str,
    pub other_way: &'static str,
    pub what_happens: &'static str,
    pub reserve_note: &'static str,
    pub card_number: &'static str,
    pub expiry: &'static str,
    pub security_code: &'static str,
    pub holder: &'static str,
    pub email: &'static str,
    pub document_type: &'static str,
    pub document: &'static str,
    pub issuer: &'static str,
    pub installments: &'static str,
    pub pay: &'static str,
    pub pix_button: &'static str,
    pub checkout_button: &'static str,
    pub paying: &'static str,
    pub check_fields: &'static str,
    pub try_cards: &'static str,
    pub try_names: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub challenge_card: &'static str,
    pub outcome_approved: &'static str,
    pub outcome_declined: &'static str,
    pub outcome_funds: &'static str,
    pub outcome_code: &'static str,
    pub outcome_waits: &'static str,
    pub outcome_call: &'static str,
    pub challenge_title: &'static str,
    pub refused_request: &'static str,
    pub unanswered: &'static str,
    pub order: &'static str,
    pub orders_title: &'static str,
    pub orders_empty: &'static str,
    pub stage_open: [&'static str; 2],
    pub stage_waiting: [&'static str; 2],
    pub stage_reserved: [&'static str; 2],
    pub stage_paid: [&'static str; 2],
    pub stage_refunded: [&'static str; 2],
    pub stage_charged_back: [&'static str; 2],
    pub pay_order: &'static str,
    pub pix_title: &'static str,
    pub pix_text: &'static str,
    pub payments: &'static str,
    pub given_back: &'static str,
    pub packed: &'static str,
    pub timeline: &'static str,
    pub timeline_text: &'static str,
    pub by_person: &'static str,
    pub by_shop: &'static str,
    pub by_webhook: &'static str,
    pub bank_title: &'static str,
    pub bank_text: &'static str,
    pub bank_pay: &'static str,
    pub bank_expire: &'static str,
    pub bank_approve: &'static str,
    pub bank_reject: &'static str,
    pub bank_charge_back: &'static str,
    pub seller_title: &'static str,
    pub seller_text: &'static str,
    pub seller_empty: &'static str,
    pub capture: &'static str,
    pub cancel_reserve: &'static str,
    pub refund_all: &'static str,
    pub refund_part: &'static str,
    pub amount: &'static str,
    pub code_title: &'static str,
    pub code_text: &'static str,
    pub runs_browser: &'static str,
    pub runs_server: &'static str,
    pub missing_title: &'static str,
    pub missing_text: &'static str,
    pub footer: &'static str,
    /// By detail of a rejected payment; the last is for any other.
    pub refusals: [(&'static str, &'static str); 8],
}

impl Words {
    /// What is said of an order that stands there: a title and a sentence.
    pub fn stage(&self, stage: Stage) -> &[&'static str; 2] {
        match stage {
            Stage::Open => &self.stage_open,
            Stage::Waiting => &self.stage_waiting,
            Stage::Reserved => &self.stage_reserved,
            Stage::Paid => &self.stage_paid,
            Stage::Refunded => &self.stage_refunded,
            Stage::ChargedBack => &self.stage_charged_back,
        }
    }

    /// Names on a test card, and what they decide.
    pub fn outcomes(&self) -> [(&'static str, &'static str); 6] {
        [
            ("APRO", self.outcome_approved),
            ("OTHE", self.outcome_declined),
            ("FUND", self.outcome_funds),
            ("SECU", self.outcome_code),
            ("CALL", self.outcome_call),
            ("CONT", self.outcome_waits),
        ]
    }

    /// Who did something.
    pub fn by(&self, by: &By) -> &'static str {
        match by {
            By::Person => self.by_person,
            By::Shop => self.by_shop,
            By::Webhook => self.by_webhook,
        }
    }

    /// What a bank does.
    pub fn bank_act(&self, act: &str) -> &'static str {
        match act {
            "pay" => self.bank_pay,
            "expire" => self.bank_expire,
            "approve" => self.bank_approve,
            "reject" => self.bank_reject,
            _ => self.bank_charge_back,
        }
    }
}

impl Language {
    /// The language of a tag such as `pt-BR`.
    pub fn of(tag: &str) -> Option<Language> {
        let language = tag.trim().split(['-', '_', ';']).next()?;
        LANGUAGES.into_iter().find(|known| known.tag().eq_ignore_ascii_case(language))
    }

    /// The first that a browser asks for and that there is.
    pub fn preferred(accepted: &str) -> Language {
        accepted.split(',').find_map(Language::of).unwrap_or(Language::English)
    }

    /// `en`, `es` or `pt`.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Spanish => "es",
            Language::Portuguese => "pt",
        }
    }

    /// What the library calls it.
    pub const fn locale(self) -> &'static str {
        match self {
            Language::English => "en-US",
            Language::Spanish => "es-AR",
            Language::Portuguese => "pt-BR",
        }
    }

    /// Its words.
    pub const fn words(self) -> &'static Words {
        match self {
            Language::English => &english::WORDS,
            Language::Spanish => &spanish::WORDS,
            Language::Portuguese => &portuguese::WORDS,
        }
    }

    /// `R$ 1.285,00`, or `R$ 1,285.00` in English.
    pub fn money(self, centavos: i64) -> String {
        let (group, point) = if self == Language::English { (',', '.') } else { ('.', ',') };
        let units = (centavos / 100).to_string();
        let mut grouped = String::new();
        for (at, digit) in units.chars().enumerate() {
            if at > 0 && (units.len() - at).is_multiple_of(3) {
                grouped.push(group);
            }
            grouped.push(digit);
        }
        format!("R$\u{a0}{grouped}{point}{:02}", centavos % 100)
    }

    /// What a piece is.
    pub fn of_three(self, texts: &[&'static str; 3]) -> &'static str {
        texts[self as usize]
    }

    /// Why a payment was rejected, for the buyer.
    pub fn refusal(self, detail: &str) -> &'static str {
        let refusals = &self.words().refusals;
        let found = refusals.iter().find(|(known, _)| *known == detail);
        found.unwrap_or(&refusals[refusals.len() - 1]).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_the_language_writes_it() {
        assert_eq!(Language::Portuguese.money(128_505), "R$\u{a0}1.285,05");
        assert_eq!(Language::English.money(6_800), "R$\u{a0}68.00");
        assert_eq!(Language::Spanish.money(99_999_900), "R$\u{a0}999.999,00");
    }

    #[test]
    fn the_browser_s_first_language_that_there_is() {
        assert_eq!(Language::preferred("fr-FR,pt-BR;q=0.9,en;q=0.8"), Language::Portuguese);
        assert_eq!(Language::preferred(""), Language::English);
    }
}
