//! `pasarela vault rotate`: a new data key, and everything sealed with the older ones sealed again.

use crate::customers::cards::sealed_for;
use crate::{Engine, Failure, seeds};
use pasarela_store::{Changes, CommitError, CustomerChange, RecordChange};

/// How many records are sealed again in one commit.
const STEP: u32 = 200;

/// What a rotation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// The data key in use now.
    pub version: u32,
    /// Card tokens sealed again.
    pub card_tokens: u64,
    /// Numbers of saved cards sealed again.
    pub saved_cards: u64,
    /// Application secrets sealed again.
    pub applications: u64,
}

impl Engine {
    /// Makes a new data key, seals everything again under it, and retires the older keys. Can be repeated after any
    /// interruption: a key is retired only when nothing is sealed with it.
    ///
    /// # Errors
    /// When the vault or the store fails.
    pub async fn rotate_vault(&self, progress: impl Fn(u64)) -> Result<Rotation, Failure> {
        let version = self.inner.vault.rotate()?;
        let mut rotation = Rotation { version, ..Rotation::default() };
        // A token that was sealed or changed while a pass went by is found by the next: a key is retired only after a
        // pass that found nothing under an older one.
        while self.reseal_tokens(&mut rotation, &progress).await? > 0 {}
        while self.reseal_saved_cards(&mut rotation, &progress).await? > 0 {}
        for mut application in self.inner.store.sealed_applications().await? {
            let record = seeds::webhook_secret_record(application.id);
            if let Some(again) =
                self.inner.vault.reseal_secret(&application.sealed_webhook_secret, &record)?
            {
                application.sealed_webhook_secret = again.0;
                let change = RecordChange::UpdateApplication(application);
                self.inner.store.commit(Changes { records: vec![change], ..Changes::default() }).await?;
                rotation.applications += 1;
            }
        }
        self.reseal_stored_secrets().await?;
        self.reseal_credentials().await?;
        self.reseal_second_factors().await?;
        self.inner.vault.retire(version)?;
        Ok(rotation)
    }

    /// One pass over all numbers of saved cards; how many were not under the current key.
    async fn reseal_saved_cards(
        &self,
        rotation: &mut Rotation,
        progress: &impl Fn(u64),
    ) -> Result<u64, Failure> {
        let mut found = 0;
        let mut after = None;
        loop {
            let cards = self.inner.store.sealed_cards(after, STEP).await?;
            let Some(last) = cards.last() else { return Ok(found) };
            after = Some((last.mode, last.fingerprint));
            let mut records = Vec::new();
            for mut card in cards {
                let record = sealed_for(card.mode, &card.fingerprint);
                if let Some(again) = self.inner.vault.reseal_card_number(&card.sealed_number, &record)? {
                    card.sealed_number = again.0;
                    records.push(RecordChange::Customer(CustomerChange::Reseal(card)));
                }
            }
            found += records.len() as u64;
            for record in records {
                match self.inner.store.commit(Changes { records: vec![record], ..Changes::default() }).await {
                    Ok(()) => {
                        rotation.saved_cards += 1;
                        progress(rotation.card_tokens + rotation.saved_cards);
                    }
                    // Its last saved card was deleted meanwhile.
                    Err(CommitError::VersionConflict) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// One pass over all sealed tokens; how many were not under the current key.
    async fn reseal_tokens(&self, rotation: &mut Rotation, progress: &impl Fn(u64)) -> Result<u64, Failure> {
        let vault = &self.inner.vault;
        let mut found = 0;
        let mut after = None;
        loop {
            let tokens = self.inner.store.sealed_card_tokens(after, STEP).await?;
            let Some(last) = tokens.last() else { return Ok(found) };
            after = Some(last.lookup);
            for mut token in tokens {
                let number = match &token.sealed_number {
                    Some(sealed) => vault.reseal_card_number(sealed, &token.lookup)?,
                    None => None,
                };
                let code = match &token.sealed_security_code {
                    Some(sealed) => vault.reseal_security_code(sealed, &token.lookup)?,
                    None => None,
                };
                if number.is_none() && code.is_none() {
                    continue;
                }
                found += 1;
                token.sealed_number = number.map(|sealed| sealed.0).or(token.sealed_number);
                token.sealed_security_code = code.map(|sealed| sealed.0).or(token.sealed_security_code);
                let change = RecordChange::UpdateCardToken(token);
                match self.inner.store.commit(Changes { records: vec![change], ..Changes::default() }).await {
                    Ok(()) => {
                        rotation.card_tokens += 1;
                        progress(rotation.card_tokens);
                    }
                    // Spent or completed meanwhile: the next pass sees what is left of it.
                    Err(CommitError::VersionConflict) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
}
