//! Pix keys: by which a Brazilian account is paid, as the central bank's directory (DICT) has them.
//!
//! Source: Manual Operacional do DICT, Banco Central do Brasil: five kinds, each with one written form.

use crate::contact_codes::{self, CodeProof};
use crate::documents::digits::{is_cnpj, is_cpf};
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// The method that needs a key.
pub const PIX: &str = "pix";
/// The most keys of an account: what the directory allows a company.
pub const MOST_KEYS: usize = 20;
/// The longest e-mail that the directory takes.
const LONGEST_EMAIL: usize = 77;

/// A kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PixKeyKind {
    /// A person's tax number.
    Cpf,
    /// A company's tax number.
    Cnpj,
    /// An e-mail.
    Email,
    /// A mobile phone with its country.
    Phone,
    /// A random number that the platform draws.
    Evp,
}

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixKey {
    /// What it is.
    pub kind: PixKeyKind,
    /// When it was registered.
    pub created: Timestamp,
    /// When it was proved; only then the account is paid by it.
    #[serde(default)]
    pub verified: Option<Timestamp>,
    /// What is to prove it.
    #[serde(default)]
    pub proof: Option<CodeProof>,
}

/// The key in `text`, as the directory writes it; a random number is none that somebody may bring.
///
/// # Errors
/// 400 with what a key can be.
pub fn parse(kind: PixKeyKind, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_written =
        |allowed: &str| text.chars().all(|letter| letter.is_ascii_digit() || allowed.contains(letter));
    let key = match kind {
        PixKeyKind::Cpf if is_cpf(&digits) && is_written(".-") => Some(digits),
        PixKeyKind::Cnpj if is_cnpj(&digits) && is_written("./-") => Some(digits),
        PixKeyKind::Phone if is_written("+()- ") => phone(&digits),
        PixKeyKind::Email => email(text),
        _ => None,
    };
    key.ok_or_else(|| {
        let what = match kind {
            PixKeyKind::Cpf => "a CPF with its check digits",
            PixKeyKind::Cnpj => "a CNPJ with its check digits",
            PixKeyKind::Phone => "a Brazilian mobile phone, such as +5511955550100",
            PixKeyKind::Email => "an e-mail of at most 77 characters",
            PixKeyKind::Evp => "nothing: the platform draws it",
        };
        Refusal::keyed(400, "invalid_pix_key", format!("the key must be {what}"))
    })
}

/// `+55`, two digits of the area, and nine that begin with 9.
fn phone(digits: &str) -> Option<String> {
    let national = digits.strip_prefix("55").filter(|rest| rest.len() == 11).unwrap_or(digits);
    let is_mobile = national.len() == 11 && !national.starts_with('0') && national.as_bytes()[2] == b'9';
    is_mobile.then(|| format!("+55{national}"))
}

fn email(text: &str) -> Option<String> {
    let email = text.to_lowercase();
    let (local, domain) = email.split_once('@')?;
    let is_plain = email.bytes().all(|byte| byte.is_ascii_graphic()) && email.len() <= LONGEST_EMAIL;
    let is_domain = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    (is_plain && !local.is_empty() && is_domain && !domain.contains('@')).then_some(email)
}

impl PixKey {
    /// Takes a code that somebody says was sent. Gives whether the key is proved now.
    ///
    /// # Errors
    /// 400 when there is nothing to prove, when the code's time is over, and after too many wrong ones.
    pub fn prove(&mut self, lookup: &str, now: Timestamp) -> Result<bool, Refusal> {
        let proof = self.proof.as_mut();
        let proof = proof.ok_or_else(|| contact_codes::refused("no code was sent for this key"))?;
        if !proof.try_code(lookup, now)? {
            return Ok(false);
        }
        self.proof = None;
        self.verified = Some(now);
        Ok(true)
    }
}

/// What a payment by Pix is refused with while its collector has no key.
pub fn missing() -> Refusal {
    Refusal::bad_request(13_253, "Collector user without key enabled for QR render")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_the_directory_writes_them() {
        for (kind, text, key) in [
            (PixKeyKind::Cpf, "191.191.191-00", "19119119100"),
            (PixKeyKind::Cnpj, "11.222.333/0001-81", "11222333000181"),
            (PixKeyKind::Email, " Ana@Example.com ", "ana@example.com"),
            (PixKeyKind::Phone, "+55 (11) 95555-0100", "+5511955550100"),
            (PixKeyKind::Phone, "11955550100", "+5511955550100"),
            // The area 55 is in Rio Grande do Sul.
            (PixKeyKind::Phone, "55955550100", "+5555955550100"),
        ] {
            assert_eq!(parse(kind, text).as_deref(), Ok(key), "{text}");
        }
        for (kind, text) in [
            (PixKeyKind::Cpf, "19119119101"),
            (PixKeyKind::Cpf, "191191191 00x"),
            (PixKeyKind::Cnpj, "11222333000180"),
            (PixKeyKind::Email, "ana@example"),
            (PixKeyKind::Email, "ana"),
            (PixKeyKind::Phone, "+5411955550100"),
            (PixKeyKind::Phone, "1135550100"),
            (PixKeyKind::Phone, ""),
            (PixKeyKind::Evp, "123e4567-e89b-42d3-a456-426614174000"),
        ] {
            assert!(parse(kind, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_code_proves_once_in_its_time_and_not_by_guessing() {
        let fresh = || PixKey {
            kind: PixKeyKind::Email,
            created: Timestamp(0),
            verified: None,
            proof: Some(CodeProof { lookup: "right".to_owned(), expires: Timestamp(100), tries: 0 }),
        };
        let mut key = fresh();
        assert_eq!(key.prove("wrong", Timestamp(1)), Ok(false));
        assert_eq!(key.prove("right", Timestamp(2)), Ok(true));
        assert_eq!(key.verified, Some(Timestamp(2)));
        assert!(key.prove("right", Timestamp(3)).is_err(), "nothing is left to prove");
        assert!(fresh().prove("right", Timestamp(100)).is_err(), "too late");
        let mut guessed = fresh();
        for _ in 0..contact_codes::MOST_TRIES {
            assert_eq!(guessed.prove("wrong", Timestamp(1)), Ok(false));
        }
        assert!(guessed.prove("right", Timestamp(1)).is_err(), "too many tries");
    }
}
