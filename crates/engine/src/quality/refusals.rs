//! Refused payments that are followed to the pages to which they lead: who pays, and which payments came of it.

use super::browser::refusal::{Shown, Trial, TrialCard};
use super::measuring::newest_payments;
use crate::{Engine, Failure};
use pasarela_domain::catalogue::{outcomes, test_cards};
use pasarela_domain::identity::{ApplicationId, Caller, Mode};
use pasarela_domain::payment::PaymentState;
use pasarela_domain::quality::refusal::{FollowedRefusals, RefusalGroup, RefusedPayment, TriedCard};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::PaymentSearch;

/// How many of the refused payments since the browser was opened are looked through.
const MOST_REFUSED: u32 = 20;
/// How many years from the published one a card's expiry is drawn.
const YEARS: u8 = 8;

impl Engine {
    /// Buyers with cards that are refused, for these groups of reasons one after the other, for shops whose forms have test keys of
    /// the caller's application.
    pub(super) fn trial(&self, caller: &Caller, groups: [RefusalGroup; 4]) -> Option<Trial> {
        let card = test_cards::of(caller.site).next()?;
        let (engine, application_id) = (self.clone(), caller.application_id);
        // The browser is spoken to on a thread of its own, which may wait.
        let runtime = tokio::runtime::Handle::current();
        let may_pay_with = move |keys: &[String]| runtime.block_on(engine.may_try(application_id, keys));
        Some(Trial {
            cards: groups.map(|group| marked(group, card)).to_vec(),
            document: test_cards::document(caller.site),
            may_pay_with: Box::new(may_pay_with),
        })
    }

    /// Whether all of these keys that work are test keys of the application, and there is one.
    async fn may_try(&self, application_id: ApplicationId, keys: &[String]) -> bool {
        let mut has_own = false;
        for key in keys {
            match self.identify(key).await {
                Ok(None) => {}
                Ok(Some(found)) => {
                    let is_own =
                        found.caller.application_id == application_id && found.caller.mode == Mode::Test;
                    if found.is_active && !is_own {
                        return false;
                    }
                    has_own |= is_own;
                }
                // What is not known may be somebody's.
                Err(_) => return false,
            }
        }
        has_own
    }

    /// What was seen of refusals, each with the payment that the platform itself refused meanwhile.
    pub(super) async fn followed(
        &self,
        caller: &Caller,
        cards: &[TrialCard],
        seen: Vec<Result<Shown, String>>,
        began: Timestamp,
    ) -> Result<FollowedRefusals, Failure> {
        // What keeps the first buyer from paying is the page, and has nothing to do with the card.
        if let Some(Err(fault)) = seen.first() {
            return Ok(FollowedRefusals { fault: Some(fault.clone()), tried: Vec::new() });
        }
        let mut followed = FollowedRefusals::default();
        for (card, seen) in cards.iter().zip(seen) {
            followed.tried.push(self.followed_card(caller, card, seen, began).await?);
        }
        Ok(followed)
    }

    async fn followed_card(
        &self,
        caller: &Caller,
        card: &TrialCard,
        seen: Result<Shown, String>,
        began: Timestamp,
    ) -> Result<TriedCard, Failure> {
        let tried_at = Some(self.inner.clock.wall());
        let tried = TriedCard { group: card.group, tried_at, ..TriedCard::default() };
        let shown = match seen {
            Ok(shown) => shown,
            Err(fault) => return Ok(TriedCard { fault: Some(fault), ..tried }),
        };
        let tried = TriedCard { opened_in: Some(shown.opened_in), ..tried };
        let Some(state) = self.refused_since(caller, card, began).await? else {
            let why = "a test card was typed and the form was sent, and no refused payment came of it";
            return Ok(TriedCard { fault: Some(why.to_owned()), ..tried });
        };
        let refused = RefusedPayment {
            payment_id: state.payment.id,
            status_detail: state.payment.status_detail.to_string(),
            led_to: shown.led_to,
            says: shown.says,
            words: shown.words,
        };
        Ok(TriedCard { refused: Some(refused), ..tried })
    }

    /// The application's newest payment with the buyer's card that was refused for the buyer's reason.
    async fn refused_since(
        &self,
        caller: &Caller,
        TrialCard { group, card }: &TrialCard,
        began: Timestamp,
    ) -> Result<Option<PaymentState>, Failure> {
        let Some(outcome) = outcomes::for_holder(group.holder()) else { return Ok(None) };
        let search = PaymentSearch {
            status: Some(outcome.status.to_owned()),
            status_detail: Some(outcome.status_detail.to_owned()),
            begin: Some(began),
            ..newest_payments(caller, MOST_REFUSED)
        };
        let is_with_card = |state: &PaymentState| {
            state.payment.card.0.as_ref().is_some_and(|paid_with| {
                paid_with.last_four_digits.as_deref() == Some(card.last_four())
                    && paid_with.expiration_month == Some(card.expiration_month)
                    && paid_with.expiration_year == Some(card.expiration_year)
            })
        };
        Ok(self.payments_of(caller, search).await?.into_iter().find(is_with_card))
    }
}

/// The card with an expiry that nobody else has a reason to type: by it the payment is known among the shop's own tests, which
/// are refused for the same reasons at the same time.
fn marked(group: RefusalGroup, card: test_cards::TestCard) -> TrialCard {
    let mut drawn = [0; 2];
    crate::nature::draw(&mut drawn);
    let expiration_month = 1 + drawn[0] % 12;
    let expiration_year = card.expiration_year + 1 + u16::from(drawn[1] % YEARS);
    TrialCard { group, card: test_cards::TestCard { expiration_month, expiration_year, ..card } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pasarela_domain::site::Site;

    #[test]
    fn a_marked_card_is_the_same_card_until_another_month() {
        let card = test_cards::of(Site::MLB).next().unwrap();
        for _ in 0..100 {
            let TrialCard { group, card: marked } = marked(RefusalGroup::Unknown, card);
            assert_eq!((group, marked.number), (RefusalGroup::Unknown, card.number));
            assert!((1..=12).contains(&marked.expiration_month));
            assert!((card.expiration_year + 1..=card.expiration_year + 8).contains(&marked.expiration_year));
        }
    }
}
