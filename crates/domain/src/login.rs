//! Logins: by which names and with which passwords people log in to their accounts, and what a session of theirs is for.
//!
//! Buyers log in to their wallets and sellers to their panels in the same way; a session says which of both it opens.

use serde::{Deserialize, Serialize};

/// The longest name that is looked for: an e-mail has 254 characters at most (RFC 5321 4.5.3.1.3).
const LONGEST_NAME: usize = 254;
/// The longest nickname.
const LONGEST_NICKNAME: usize = 60;
/// The shortest password that may be chosen, in characters (NIST SP 800-63B 5.1.1.2).
pub const SHORTEST_PASSWORD: usize = 8;
/// The longest password, in bytes. Hashing a longer one would be work that strangers ask for.
pub const LONGEST_PASSWORD: usize = 256;

/// What is stored of a login, but for its names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginState {
    /// The password's argon2id hash with its salt and parameters, as a PHC string.
    pub password_hash: String,
    /// Whether its e-mail was proved, or an operator vouches for it. Only then the e-mail is the account's: for money that is
    /// owed to it, and for being found by it. False from sign-up until the code that is sent there is said.
    #[serde(default = "vouched")]
    pub email_verified: bool,
    /// Whether nobody logs in any more, with whichever password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_closed: bool,
}

/// Logins that were made before people signed up are the operator's.
const fn vouched() -> bool {
    true
}

/// The hash is nobody's business, either: who has it can try passwords.
impl std::fmt::Debug for LoginState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginState").finish_non_exhaustive()
    }
}

/// What a session opens. A token of one scope opens nothing of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionScope {
    /// A buyer's wallet on the hosted checkout.
    Wallet,
    /// A seller's panel.
    Panel,
}

impl SessionScope {
    /// Its name in cookies.
    pub const fn name(self) -> &'static str {
        match self {
            SessionScope::Wallet => "wallet",
            SessionScope::Panel => "panel",
        }
    }
}

/// What is stored of a session, but for its times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionState {
    /// What it opens.
    pub scope: SessionScope,
}

/// The form in which a nickname or an e-mail is compared: without blanks around it, in lower case. `None` when it can't be
/// anybody's name.
pub fn normal_name(typed: &str) -> Option<String> {
    let name = typed.trim();
    let may_be = !name.is_empty() && name.len() <= LONGEST_NAME && !name.chars().any(char::is_control);
    may_be.then(|| name.to_lowercase())
}

/// Whether `text` may be a nickname: letters, digits, `.`, `-` and `_`. It has no `@`, so that it is nobody's e-mail.
pub fn is_nickname(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (3..=LONGEST_NICKNAME).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// Why a password can't be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer than [`SHORTEST_PASSWORD`] characters.
    #[error("the password is too short: 8 characters are needed")]
    TooShort,
    /// More than [`LONGEST_PASSWORD`] bytes.
    #[error("the password is too long: 256 bytes are allowed")]
    TooLong,
    /// It is one of the login's own names.
    #[error("the password must be another word than the name")]
    IsName,
}

/// Whether `password` may be chosen by whoever logs in with `names`. It is taken as it is: no blank is cut, no letter is
/// demanded.
///
/// # Errors
/// What is wrong with it.
pub fn check_new_password(password: &str, names: &[&str]) -> Result<(), PasswordFault> {
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(PasswordFault::TooShort);
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(PasswordFault::TooLong);
    }
    match names.iter().any(|name| name.eq_ignore_ascii_case(password)) {
        true => Err(PasswordFault::IsName),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_blanks() {
        assert_eq!(normal_name(" TESTUSER12 ").as_deref(), Some("testuser12"));
        assert_eq!(normal_name("Ana@Example.com").as_deref(), Some("ana@example.com"));
        for nobody in ["", "   ", "a\nb", &"a".repeat(LONGEST_NAME + 1)] {
            assert_eq!(normal_name(nobody), None);
        }
    }

    #[test]
    fn a_nickname_is_never_an_e_mail() {
        for nickname in ["TESTUSER12", "ana-maria_1.x"] {
            assert!(is_nickname(nickname));
        }
        for other in ["ab", "ana@example.com", "a b c", "ñandú", &"a".repeat(LONGEST_NICKNAME + 1)] {
            assert!(!is_nickname(other), "{other}");
        }
    }

    #[test]
    fn passwords_are_long_enough_and_not_the_name() {
        let check = |password: &str| check_new_password(password, &["TESTUSER12", "ana@example.com"]);
        assert_eq!(check("seven77"), Err(PasswordFault::TooShort));
        assert_eq!(check("ñandúñan"), Ok(()));
        assert_eq!(check("testuser12"), Err(PasswordFault::IsName));
        assert_eq!(check(&"a".repeat(LONGEST_PASSWORD)), Ok(()));
        assert_eq!(check(&"a".repeat(LONGEST_PASSWORD + 1)), Err(PasswordFault::TooLong));
    }

    #[test]
    fn a_hash_is_not_shown() {
        let state = LoginState {
            password_hash: "$argon2id$secret".to_owned(),
            email_verified: true,
            is_closed: false,
        };
        assert!(!format!("{state:?}").contains("secret"));
    }
}
