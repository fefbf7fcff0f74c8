//! A refused payment that is followed to the page to which it leads: who pays, and which payment came of it.

use super::browser::refusal::{HOLDER, Shown, Trial};
use super::measuring::newest_payments;
use crate::{Engine, Failure};
use pasarela_domain::catalogue::{outcomes, test_cards};
use pasarela_domain::identity::{ApplicationId, Caller, Mode};
use pasarela_domain::payment::PaymentState;
use pasarela_domain::quality::page::{FollowedRefusal, RefusedPayment};
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::PaymentSearch;

/// How many of the refused payments since the browser was opened are looked through.
const MOST_REFUSED: u32 = 20;

impl Engine {
    /// A buyer with a card that is refused, for shops whose forms have test keys of the caller's application.
    pub(super) fn trial(&self, caller: &Caller) -> Option<Trial> {
        let card = test_cards::of(caller.site).next()?;
        let (engine, application_id) = (self.clone(), caller.application_id);
        // The browser is spoken to on a thread of its own, which may wait.
        let runtime = tokio::runtime::Handle::current();
        let may_pay_with = move |keys: &[String]| runtime.block_on(engine.may_try(application_id, keys));
        Some(Trial {
            card,
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

    /// What was seen of a refusal, with the payment that the platform itself refused meanwhile.
    pub(super) async fn followed(
        &self,
        caller: &Caller,
        seen: Result<Shown, String>,
        began: Timestamp,
    ) -> Result<FollowedRefusal, Failure> {
        let fault = |fault: String| FollowedRefusal { fault: Some(fault), ..FollowedRefusal::default() };
        let shown = match seen {
            Ok(shown) => shown,
            Err(why) => return Ok(fault(why)),
        };
        let refused = self.refused_since(caller, began).await?;
        let Some(state) = refused else {
            let why = "a test card was typed and the form was sent, and no refused payment came of it";
            let opened_in = Some(shown.opened_in);
            return Ok(FollowedRefusal { opened_in, ..fault(why.to_owned()) });
        };
        let refused = RefusedPayment {
            payment_id: state.payment.id,
            status_detail: state.payment.status_detail.to_string(),
            led_to: shown.led_to,
            says: shown.says,
        };
        Ok(FollowedRefusal { fault: None, refused: Some(refused), opened_in: Some(shown.opened_in) })
    }

    /// The application's newest payment with the buyer's card that was refused for the buyer's reason.
    async fn refused_since(
        &self,
        caller: &Caller,
        began: Timestamp,
    ) -> Result<Option<PaymentState>, Failure> {
        let Some((card, outcome)) = test_cards::of(caller.site).next().zip(outcomes::for_holder(HOLDER))
        else {
            return Ok(None);
        };
        let search = PaymentSearch {
            status: Some(outcome.status.to_owned()),
            status_detail: Some(outcome.status_detail.to_owned()),
            begin: Some(began),
            ..newest_payments(caller, MOST_REFUSED)
        };
        let is_with_card = |state: &PaymentState| {
            let paid_with = state.payment.card.0.as_ref();
            paid_with.is_some_and(|paid_with| paid_with.last_four_digits.as_deref() == Some(card.last_four()))
        };
        Ok(self.payments_of(caller, search).await?.into_iter().find(is_with_card))
    }
}
