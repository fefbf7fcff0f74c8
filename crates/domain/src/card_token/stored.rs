//! How a token is kept: its values in their order, without the names and the empty members that its answer has.
//!
//! Some 150 bytes instead of 530, so short that nothing is gained by compressing them: of all that a payment takes outside
//! the writer, a twelfth was to write a spent token and to compress it.

use super::{CardToken, TokenStatus};
use crate::identity::ApplicationId;
use crate::json;
use crate::payment::body::{Cardholder, Identification};
use crate::quality::marks::TokenChannel;
use crate::timestamp::Timestamp;
use serde::de::Error as _;
use serde_json::Error;

/// The first value. What begins otherwise is a token as it is answered, as they were all kept before.
const VERSION: u8 = 1;

type Text = Option<String>;

/// In groups, because a tuple has sixteen values at most: what it was made with; the card; its expiry; the holder; the
/// status; creation, change, end and use; Luhn's check, live mode and ESC; the device; the way that it came.
type Values = (
    u8,
    (Text, Option<ApplicationId>, Text, Text),
    (Text, Text, usize, usize),
    (u8, u16),
    (Text, Text, Text),
    TokenStatus,
    (i64, i64, i64, Option<i64>),
    (bool, bool, bool),
    Text,
    Option<TokenChannel>,
);

impl CardToken {
    /// The token as it is kept, without its id.
    ///
    /// # Errors
    /// None that the values could be the cause of.
    pub fn to_stored(&self) -> Result<Vec<u8>, Error> {
        let holder = &self.cardholder;
        let made_with = (&self.public_key, self.application_id, &self.card_id, &self.payment_method_id);
        let card = (
            &self.first_six_digits,
            &self.last_four_digits,
            self.card_number_length,
            self.security_code_length,
        );
        let expiration = (self.expiration_month, self.expiration_year);
        let holder = (&holder.name, &holder.identification.kind, &holder.identification.number);
        let used = self.date_used.map(|used| used.0);
        let dates = (self.date_created.0, self.date_last_updated.0, self.date_due.0, used);
        let flags = (self.luhn_validation, self.live_mode, self.require_esc);
        let (status, device, channel) = (self.status, &self.device_session, self.channel);
        json::to_vec(&(VERSION, made_with, card, expiration, holder, status, dates, flags, device, channel))
    }

    /// The token that [`CardToken::to_stored`] wrote, or one in the form of an answer.
    ///
    /// # Errors
    /// When it is neither.
    pub fn from_stored(bytes: &[u8]) -> Result<CardToken, Error> {
        if bytes.first() != Some(&b'[') {
            return serde_json::from_slice(bytes);
        }
        let (version, made_with, card, expiration, holder, status, dates, flags, device_session, channel): Values =
            serde_json::from_slice(bytes)?;
        if version != VERSION {
            return Err(Error::custom("a form that this version does not know"));
        }
        let (public_key, application_id, card_id, payment_method_id) = made_with;
        let (first_six_digits, last_four_digits, card_number_length, security_code_length) = card;
        let (expiration_month, expiration_year) = expiration;
        let (name, kind, number) = holder;
        let (created, updated, due, used) = dates;
        let (luhn_validation, live_mode, require_esc) = flags;
        Ok(CardToken {
            id: String::new(),
            public_key,
            card_id,
            payment_method_id,
            first_six_digits,
            expiration_month,
            expiration_year,
            last_four_digits,
            cardholder: Cardholder { name, identification: Identification { kind, number } },
            status,
            date_created: Timestamp(created),
            date_last_updated: Timestamp(updated),
            date_due: Timestamp(due),
            date_used: used.map(Timestamp),
            luhn_validation,
            live_mode,
            require_esc,
            card_number_length,
            security_code_length,
            device_session,
            channel,
            application_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> CardToken {
        CardToken {
            id: String::new(),
            public_key: Some("TEST-d8b9c1e2".to_owned()),
            card_id: Some("9".to_owned()),
            payment_method_id: Some("yape".to_owned()),
            first_six_digits: Some("503143".to_owned()),
            expiration_month: 11,
            expiration_year: 2030,
            last_four_digits: Some("6351".to_owned()),
            cardholder: Cardholder {
                name: Some("Ana \"Nené\"".to_owned()),
                identification: Identification {
                    kind: Some("CPF".to_owned()),
                    number: Some("12345678909".to_owned()),
                },
            },
            status: TokenStatus::Used,
            date_created: Timestamp(1_795_837_829_214),
            date_last_updated: Timestamp(1_795_837_837_319),
            date_due: Timestamp(1_796_529_029_214),
            date_used: Some(Timestamp(1_795_837_837_319)),
            luhn_validation: true,
            live_mode: false,
            require_esc: true,
            card_number_length: 16,
            security_code_length: 3,
            device_session: Some("armor.7".to_owned()),
            channel: Some(TokenChannel::SecureFields),
            application_id: Some(4_223_690_054_220_076),
        }
    }

    #[test]
    fn a_token_comes_back_as_it_was_kept() {
        let nobodys = CardToken {
            public_key: None,
            card_id: None,
            payment_method_id: None,
            first_six_digits: None,
            last_four_digits: None,
            cardholder: Cardholder::default(),
            date_used: None,
            device_session: None,
            channel: None,
            application_id: None,
            ..token()
        };
        for token in [token(), nobodys] {
            let stored = token.to_stored().unwrap();
            assert!(stored.len() < 300, "{}", String::from_utf8_lossy(&stored));
            assert_eq!(CardToken::from_stored(&stored).unwrap(), token);
        }
    }

    #[test]
    fn a_token_in_the_form_of_an_answer_is_read_as_it_was_kept_before() {
        let before = serde_json::to_vec(&token()).unwrap();
        assert_eq!(CardToken::from_stored(&before).unwrap(), token());
    }

    #[test]
    fn what_is_stored_stays_readable() {
        let kept = r#"[1,[null,7,null,null],["503143","6351",16,3],[11,2030],[null,null,null],"used",[1,2,3,4],[true,false,false],null,"server"]"#;
        let token = CardToken::from_stored(kept.as_bytes()).unwrap();
        assert_eq!((token.status, token.date_used), (TokenStatus::Used, Some(Timestamp(4))));
        assert_eq!(token.application_id, Some(7));
        assert_eq!(token.to_stored().unwrap(), kept.as_bytes());
    }

    #[test]
    fn what_is_damaged_or_of_a_later_version_is_an_error() {
        let stored = String::from_utf8(token().to_stored().unwrap()).unwrap();
        for damaged in ["", "[", "{}", "[1]", &stored[..stored.len() - 1], &stored.replacen("[1,", "[2,", 1)]
        {
            assert!(CardToken::from_stored(damaged.as_bytes()).is_err(), "{damaged}");
        }
    }
}
