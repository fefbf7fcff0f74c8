//! Card tokens that this node made a moment ago. Nearly every token is spent within seconds; of one that is here nothing
//! need be read: two pages of the log, a decompression and a parsing, three system calls in all.
//!
//! Only a commit believes what is here: it checks the version. A refusal is decided on what is stored.

use pasarela_domain::card_token::CardToken;
use pasarela_store::{CardTokenRecord, Lookup};
use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many are young, and how many are old at most: about 700 bytes each, so 11 MB of tokens that nobody spends.
const MOST_YOUNG: usize = 8_192;

/// A token and its record, which has no body: that is the token's, and is written anew when it is spent.
pub(crate) struct FreshToken {
    pub(crate) record: CardTokenRecord,
    pub(crate) token: CardToken,
}

/// The tokens by their lookup.
#[derive(Default)]
pub(crate) struct FreshTokens {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    // In boxes: half of a table's places are empty.
    young: HashMap<Lookup, Box<FreshToken>>,
    old: HashMap<Lookup, Box<FreshToken>>,
}

impl FreshTokens {
    /// Keeps a token that was stored.
    pub(crate) fn keep(&self, fresh: FreshToken) {
        let mut generations = self.generations();
        if generations.young.len() >= MOST_YOUNG {
            generations.age();
        }
        generations.young.insert(fresh.record.lookup, Box::new(fresh));
    }

    /// Gives a token out: whoever comes next finds it in the store, as it is then.
    pub(crate) fn take(&self, lookup: &Lookup) -> Option<FreshToken> {
        let mut generations = self.generations();
        generations.young.remove(lookup).or_else(|| generations.old.remove(lookup)).map(|fresh| *fresh)
    }

    /// Forgets the old ones, and makes the young ones old.
    pub(crate) fn age(&self) {
        self.generations().age();
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn age(&mut self) {
        self.old = mem::take(&mut self.young);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::IdempotencyKey;
    use crate::{Engine, EngineOptions, seeds};
    use pasarela_domain::card_token::TokenRequest;
    use pasarela_domain::identity::Mode;
    use pasarela_domain::json::Json;
    use pasarela_domain::payment::create::Provenance;
    use pasarela_domain::timestamp::Timestamp;
    use pasarela_vault::Purpose;
    use serde_json::{Value, json};

    fn fresh(number: usize) -> FreshToken {
        let body = br#"{"id":"","public_key":null,"card_id":null,"first_six_digits":null,"expiration_month":1,
            "expiration_year":2030,"last_four_digits":null,"cardholder":{"name":null},"status":"active",
            "date_created":"2026-01-01T00:00:00.000-04:00","date_last_updated":"2026-01-01T00:00:00.000-04:00",
            "date_due":"2026-01-09T00:00:00.000-04:00","date_used":null,"luhn_validation":true,"live_mode":false,
            "require_esc":false,"card_number_length":0,"security_code_length":0}"#;
        FreshToken {
            record: CardTokenRecord {
                lookup: lookup(number),
                account_id: 1,
                mode: Mode::Test,
                version: 1,
                body: Vec::new(),
                sealed_number: None,
                sealed_security_code: None,
                purge_at: Timestamp(0),
            },
            token: serde_json::from_slice(body).unwrap(),
        }
    }

    fn lookup(number: usize) -> Lookup {
        let mut lookup = [0; 32];
        lookup[..8].copy_from_slice(&number.to_le_bytes());
        lookup
    }

    #[test]
    fn a_token_is_given_out_once() {
        let tokens = FreshTokens::default();
        tokens.keep(fresh(1));
        assert!(tokens.take(&lookup(2)).is_none());
        assert_eq!(tokens.take(&lookup(1)).unwrap().record.lookup, lookup(1));
        assert!(tokens.take(&lookup(1)).is_none());
    }

    #[test]
    fn a_token_is_forgotten_after_two_ages() {
        let tokens = FreshTokens::default();
        tokens.keep(fresh(1));
        tokens.keep(fresh(2));
        tokens.age();
        assert!(tokens.take(&lookup(1)).is_some());
        tokens.age();
        assert!(tokens.take(&lookup(2)).is_none());
    }

    #[test]
    fn the_newest_are_kept_and_no_more_than_are_allowed() {
        let tokens = FreshTokens::default();
        (0..3 * MOST_YOUNG).for_each(|number| tokens.keep(fresh(number)));
        let kept = (0..3 * MOST_YOUNG).filter(|number| tokens.take(&lookup(*number)).is_some());
        assert!(kept.eq(MOST_YOUNG..3 * MOST_YOUNG));
    }

    #[tokio::test]
    async fn a_token_that_another_node_completed_pays_although_this_one_knows_it_empty() {
        let engine = Engine::open(EngineOptions { development: true, ..EngineOptions::default() });
        let engine = engine.await.unwrap();
        let caller = engine.authenticate(&seeds::sellers()[0].test.access_token).await.unwrap().unwrap();
        let request = |form: Value| TokenRequest::from_json(&Json::from(&form)).unwrap();
        let token = engine.create_card_token(&caller, None, &request(json!({}))).await.unwrap();
        let id = serde_json::from_slice::<Value>(&token).unwrap()["id"].as_str().unwrap().to_owned();
        let lookup = engine.inner.vault.lookup(Purpose::CardToken, &id);

        // The other node's change leaves what this one keeps as it is.
        let kept = engine.inner.fresh_tokens.take(&lookup).unwrap();
        let card = json!({
            "card_number": "5031433215406351", "security_code": "123", "expiration_month": 11,
            "expiration_year": 2040, "cardholder": {"name": "APRO"},
        });
        engine.update_card_token(&caller, &id, &request(card)).await.unwrap();
        engine.inner.fresh_tokens.keep(kept);

        let body = json!({
            "transaction_amount": 100, "token": id, "installments": 1,
            "payer": {"email": "test_user_1@testuser.com"},
        });
        let key = IdempotencyKey::required(Some("k"), caller.mode, "test", b"").unwrap();
        let made = engine.create_payment(&caller, key, &Json::from(&body), &Provenance::default()).await;
        let made: Value = serde_json::from_slice(&made.unwrap().body).unwrap();
        assert_eq!(made["status"], "approved");
    }
}
