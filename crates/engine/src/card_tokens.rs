//! Card tokens: made by a browser or a server, completed, read, and spent by a payment.

use crate::fresh_tokens::FreshToken;
use crate::payments::{MAX_ROUNDS, to_json};
use crate::{Engine, Failure};
use pasarela_domain::card_token::{
    CardToken, TOKEN_LIFE, TokenRequest, TokenStatus, WALLET_TOKEN_LIFE, fault, faults_refusal, not_found,
};
use pasarela_domain::customer::card::SavedCard;
use pasarela_domain::identity::Caller;
use pasarela_domain::payment::body::Cardholder;
use pasarela_domain::timestamp::Timestamp;
use pasarela_domain::yape::{self, YapeRequest};
use pasarela_store::{CardTokenRecord, Changes, CommitError, RecordChange};
use pasarela_vault::{CardNumber, Purpose, SecurityCode};
use serde_json::Value;

impl Engine {
    /// `POST /v1/card_tokens`: the token's body. `public_key` is the key that was used, if one was.
    ///
    /// # Errors
    /// The documented textual causes.
    pub async fn create_card_token(
        &self,
        caller: &Caller,
        public_key: Option<&str>,
        request: &TokenRequest,
    ) -> Result<Vec<u8>, Failure> {
        let now = self.inner.clock.now(caller.account_id, caller.mode);
        let (mut token, mut record) = self.new_token(caller, public_key, now);
        token.require_esc = request.require_esc;
        token.device_session.clone_from(&request.device_session);
        token.channel = request.channel;
        if let Some(card_id) = &request.card_id {
            self.fill_from_saved(caller, &mut token, &mut record, request, card_id).await?;
        } else if !request.is_empty() {
            self.fill(caller, &mut token, &mut record, request, now)?;
        }
        self.insert_token(&token, record).await?;
        self.count_token(caller, request);
        shown(token)
    }

    /// `POST /platforms/pci/yape/v1/payment`: a token that pays by Yape, in that route's own shape.
    ///
    /// # Errors
    /// When the store can't be written.
    pub async fn create_yape_token(
        &self,
        caller: &Caller,
        public_key: Option<&str>,
        request: &YapeRequest,
    ) -> Result<Value, Failure> {
        let now = self.inner.clock.now(caller.account_id, caller.mode);
        let (mut token, mut record) = self.new_token(caller, public_key, now);
        yape::fill(&mut token, request);
        let phone = CardNumber::parse(&request.phone)
            .ok_or_else(|| fault("E301", "invalid parameter phoneNumber"))?;
        record.sealed_number = Some(self.inner.vault.seal_card_number(&phone, &record.lookup).0);
        let code =
            SecurityCode::parse(&request.code).ok_or_else(|| fault("E302", "invalid parameter otp"))?;
        record.sealed_security_code = Some(self.inner.vault.seal_security_code(&code, &record.lookup).0);
        self.insert_token(&token, record).await?;
        Ok(yape::token_body(
            &token,
            caller.application_id,
            (&self.inner.ids.random_word(), self.inner.ids.next()),
        ))
    }

    /// An empty token with its id, and the record that is to hold it.
    fn new_token(
        &self,
        caller: &Caller,
        public_key: Option<&str>,
        now: Timestamp,
    ) -> (CardToken, CardTokenRecord) {
        let id = self.inner.ids.random_word();
        let record = CardTokenRecord {
            lookup: self.inner.vault.lookup(Purpose::CardToken, &id),
            account_id: caller.account_id,
            mode: caller.mode,
            version: 1,
            body: Vec::new(),
            sealed_number: None,
            sealed_security_code: None,
            purge_at: self.inner.clock.wall().plus_ms(TOKEN_LIFE),
        };
        let token = CardToken {
            id,
            public_key: public_key.map(str::to_owned),
            card_id: None,
            payment_method_id: None,
            first_six_digits: None,
            expiration_month: 0,
            expiration_year: 0,
            last_four_digits: None,
            cardholder: Cardholder::default(),
            status: TokenStatus::Active,
            date_created: now,
            date_last_updated: now,
            date_due: now.plus_ms(TOKEN_LIFE),
            date_used: None,
            luhn_validation: true,
            live_mode: caller.mode.is_live(),
            require_esc: false,
            card_number_length: 0,
            security_code_length: 0,
            device_session: None,
            channel: None,
            application_id: Some(caller.application_id),
        };
        (token, record)
    }

    /// A token of `caller`'s of a number that the vault opened for its owner, with what is known of the card. It lives as
    /// long as the wallet's page that pays with it.
    pub(crate) async fn token_of_number(
        &self,
        caller: &Caller,
        card: &SavedCard,
        number: &CardNumber,
        code: Option<SecurityCode>,
    ) -> Result<String, Failure> {
        let now = self.inner.clock.now(caller.account_id, caller.mode);
        let (mut token, mut record) = self.new_token(caller, None, now);
        token.date_due = now.plus_ms(WALLET_TOKEN_LIFE);
        record.purge_at = self.inner.clock.wall().plus_ms(WALLET_TOKEN_LIFE);
        token.first_six_digits = Some(number.first_six().to_owned());
        token.last_four_digits = Some(number.last_four().to_owned());
        token.card_number_length = number.len();
        token.expiration_month = card.expiration_month;
        token.expiration_year = card.expiration_year;
        token.cardholder = card.cardholder.clone();
        record.sealed_number = Some(self.inner.vault.seal_card_number(number, &record.lookup).0);
        if let Some(code) = code {
            token.security_code_length = code.len();
            record.sealed_security_code = Some(self.inner.vault.seal_security_code(&code, &record.lookup).0);
        }
        self.insert_token(&token, record).await?;
        Ok(token.id)
    }

    /// Stores a new token without its id: whoever reads the store must not be able to pay with it.
    async fn insert_token(&self, token: &CardToken, mut record: CardTokenRecord) -> Result<(), Failure> {
        let token = CardToken { id: String::new(), ..token.clone() };
        let fresh = record.clone();
        record.body = to_stored(&token)?;
        let changes = Changes { records: vec![RecordChange::InsertCardToken(record)], ..Changes::default() };
        self.commit(changes).await?;
        self.inner.fresh_tokens.keep(FreshToken { record: fresh, token });
        Ok(())
    }

    /// `GET /v1/card_tokens/{id}`.
    ///
    /// # Errors
    /// 404 E502.
    pub async fn card_token(&self, caller: &Caller, id: &str) -> Result<Vec<u8>, Failure> {
        let (_, mut token) = self.load_token(caller, id).await?;
        id.clone_into(&mut token.id);
        token.status = token.status_at(self.inner.clock.now(caller.account_id, caller.mode));
        shown(token)
    }

    /// `PUT /v1/card_tokens/{id}`: completes an empty token, or gives an unused one a new CVV or expiry.
    ///
    /// # Errors
    /// 404 E502 for a token that is unknown, used or expired; the documented causes for what was sent.
    pub async fn update_card_token(
        &self,
        caller: &Caller,
        id: &str,
        request: &TokenRequest,
    ) -> Result<Vec<u8>, Failure> {
        for _ in 0..MAX_ROUNDS {
            let now = self.inner.clock.now(caller.account_id, caller.mode);
            let (mut record, mut token) = self.load_token(caller, id).await?;
            // What is kept of it is not what it is going to be.
            drop(self.inner.fresh_tokens.take(&record.lookup));
            // A wallet's token is whole when it is made; a card put into it would be charged as a wallet.
            if token.status_at(now) != TokenStatus::Active || token.payment_method_id.is_some() {
                return Err(not_found().into());
            }
            if let Some(card_id) = &request.card_id {
                self.fill_from_saved(caller, &mut token, &mut record, request, card_id).await?;
            } else if request.card_number.is_some() || !token.has_card() {
                self.fill(caller, &mut token, &mut record, request, now)?;
            } else {
                self.amend(caller, &mut token, &mut record, request, now)?;
            }
            token.date_last_updated = now;
            if request.channel.is_some() && !request.is_empty() {
                token.channel = request.channel;
            }
            if request.device_session.is_some() {
                token.device_session.clone_from(&request.device_session);
            }
            record.body = to_stored(&token)?;
            let changes =
                Changes { records: vec![RecordChange::UpdateCardToken(record)], ..Changes::default() };
            match self.commit(changes).await {
                Ok(()) => {
                    id.clone_into(&mut token.id);
                    return shown(token);
                }
                Err(CommitError::VersionConflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Puts a whole card into the token.
    fn fill(
        &self,
        caller: &Caller,
        token: &mut CardToken,
        record: &mut CardTokenRecord,
        request: &TokenRequest,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let catalogue = self.catalogue();
        let catalogue = catalogue.site(caller.site);
        let digits = request.card_number.as_deref().unwrap_or_default();
        // By its first digits alone, so that a number of the wrong length is told so; its own length decides first.
        let method = catalogue
            .resolve_bin(digits)
            .first()
            .copied()
            .or_else(|| catalogue.resolve_bin(digits.get(..8).unwrap_or(digits)).first().copied());
        let settings = method
            .and_then(|method| catalogue.settings_for(method, digits).or_else(|| method.settings.first()));
        let checked = request.check(caller.site, settings, now)?;
        let number =
            CardNumber::parse(digits).ok_or_else(|| fault("E301", "invalid parameter cardNumber"))?;
        token.first_six_digits = Some(number.first_six().to_owned());
        token.last_four_digits = Some(number.last_four().to_owned());
        token.card_number_length = number.len();
        token.expiration_month = checked.expiration_month;
        token.expiration_year = checked.expiration_year;
        token.cardholder = checked.cardholder;
        token.luhn_validation = checked.luhn_validation;
        token.card_id = None;
        record.sealed_number = Some(self.inner.vault.seal_card_number(&number, &record.lookup).0);
        self.seal_code(token, record, request)
    }

    /// Makes the token one of a saved card. The number stays where it is; the token is worth as much as the card is saved.
    async fn fill_from_saved(
        &self,
        caller: &Caller,
        token: &mut CardToken,
        record: &mut CardTokenRecord,
        request: &TokenRequest,
        card_id: &str,
    ) -> Result<(), Failure> {
        let unknown = || fault("E201", "invalid card_id");
        let is_plain = card_id.bytes().all(|byte| byte.is_ascii_digit());
        let id = card_id.parse::<i64>().ok().filter(|_| is_plain).ok_or_else(unknown)?;
        let saved = self.inner.store.saved_card(caller.account_id, caller.mode, id).await?;
        let saved = saved.ok_or_else(unknown)?;
        let (_, state) = self.customer_of_user(caller, saved.user_id).await?.ok_or_else(unknown)?;
        if request.customer_id.as_ref().is_some_and(|customer| *customer != state.customer.id) {
            return Err(unknown().into());
        }
        let (Some(card), Some(facts)) = (state.card(id), state.number_of(id)) else {
            return Err(unknown().into());
        };
        if let Some(code) = &request.security_code
            && (code.len() != card.security_code.length || !code.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(fault("E302", "invalid parameter securityCode").into());
        }
        token.card_id = Some(card.id.clone());
        token.first_six_digits = Some(card.first_six_digits.clone());
        token.last_four_digits = Some(card.last_four_digits.clone());
        token.card_number_length = facts.length;
        token.expiration_month = card.expiration_month;
        token.expiration_year = card.expiration_year;
        token.cardholder = card.cardholder.clone();
        token.luhn_validation = true;
        token.security_code_length = 0;
        record.sealed_number = None;
        record.sealed_security_code = None;
        self.seal_code(token, record, request)
    }

    /// A new CVV or expiry for the card that is in the token.
    fn amend(
        &self,
        caller: &Caller,
        token: &mut CardToken,
        record: &mut CardTokenRecord,
        request: &TokenRequest,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut faults = Vec::new();
        let asks_expiration = request.expiration_month.is_some() || request.expiration_year.is_some();
        if asks_expiration && let Some((month, year)) = request.check_expiration(now, &mut faults) {
            token.expiration_month = month;
            token.expiration_year = year;
        }
        if let Some(code) = &request.security_code {
            let first = token.first_six_digits.as_deref().unwrap_or_default();
            let catalogue = self.catalogue();
            let expected = catalogue
                .site(caller.site)
                .resolve_bin(first)
                .first()
                .and_then(|method| method.settings.first())
                .map_or(3, |settings| settings.security_code_length);
            if code.len() != expected || !code.bytes().all(|byte| byte.is_ascii_digit()) {
                faults.push(("E302", "invalid parameter securityCode"));
            }
        }
        if let Some(name) = request.cardholder_name.as_deref().map(str::trim).filter(|name| !name.is_empty())
        {
            token.cardholder.name = Some(name.chars().take(128).collect());
        }
        if !faults.is_empty() {
            return Err(faults_refusal(&faults).into());
        }
        self.seal_code(token, record, request)
    }

    fn seal_code(
        &self,
        token: &mut CardToken,
        record: &mut CardTokenRecord,
        request: &TokenRequest,
    ) -> Result<(), Failure> {
        let Some(text) = request.security_code.as_deref() else { return Ok(()) };
        let code =
            SecurityCode::parse(text).ok_or_else(|| fault("E302", "invalid parameter securityCode"))?;
        token.security_code_length = code.len();
        record.sealed_security_code = Some(self.inner.vault.seal_security_code(&code, &record.lookup).0);
        Ok(())
    }

    async fn load_token(&self, caller: &Caller, id: &str) -> Result<(CardTokenRecord, CardToken), Failure> {
        let lookup = self.inner.vault.lookup(Purpose::CardToken, id);
        let record = self.inner.store.card_token(caller.account_id, &lookup).await?;
        let record = record.filter(|record| record.mode == caller.mode).ok_or_else(not_found)?;
        let token = from_stored(&record.body)?;
        Ok((record, token))
    }
}

/// The token as it is kept.
pub(crate) fn to_stored(token: &CardToken) -> Result<Vec<u8>, Failure> {
    token.to_stored().map_err(|error| Failure::Internal(format!("a card token can't be written: {error}")))
}

/// A stored token, typed.
pub(crate) fn from_stored(bytes: &[u8]) -> Result<CardToken, Failure> {
    // The error's position is told, never the content.
    CardToken::from_stored(bytes).map_err(|error| {
        Failure::Internal(format!("a card token can't be read at column {}", error.column()))
    })
}

/// The token's body, without what is kept for the payment alone.
fn shown(token: CardToken) -> Result<Vec<u8>, Failure> {
    to_json(&CardToken { device_session: None, channel: None, application_id: None, ..token })
}
