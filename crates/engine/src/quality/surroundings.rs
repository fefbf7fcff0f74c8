//! What a measurement needs to know beside the payment.

use super::measuring::newest_payments;
use crate::{Engine, Failure};
use pasarela_domain::identity::Caller;
use pasarela_domain::payment::PaymentState;
use pasarela_domain::quality::evidence::{Deliveries, Surroundings};
use pasarela_domain::timestamp::DAY;
use pasarela_store::{DeliverySearch, DeliveryState, PaymentSearch};

/// Within this time an `external_reference` must not be another approved payment's.
const REFERENCE_TIME: i64 = 30 * DAY;
/// How far notifications are looked back at.
const DELIVERY_TIME: i64 = 30 * DAY;
/// The most notifications that are looked at: a share of the newest thousand is a share.
const MOST_DELIVERIES: u32 = 1_000;

impl Engine {
    /// What is known around one of the caller's payments.
    pub(super) async fn surroundings(
        &self,
        caller: &Caller,
        payment: &PaymentState,
    ) -> Result<Surroundings, Failure> {
        let is_reference_reused = self.is_reference_reused(caller, payment).await?;
        // What the last checks saw of the seller's addresses.
        let probes = self.kept_going_live(caller.application_id).await?.probes;
        Ok(Surroundings { is_reference_reused, probes, ..self.surroundings_of(caller).await? })
    }

    /// What is known of the caller's application.
    pub(crate) async fn surroundings_of(&self, caller: &Caller) -> Result<Surroundings, Failure> {
        let record = self.inner.store.account(caller.account_id).await?;
        let addresses = self.notification_addresses(caller).await?;
        let hears = |url: &Option<String>, topics: &[String]| {
            url.is_some() && topics.iter().any(|topic| topic == "payment")
        };
        Ok(Surroundings {
            collector_email: record.map(|record| record.email).unwrap_or_default(),
            is_reference_reused: false,
            has_webhook: hears(&addresses.url, &addresses.topics)
                || hears(&addresses.ipn_url, &addresses.ipn_topics),
            traffic: self.traffic(caller).await?,
            reported_names: self.reported_names(caller),
            has_pix_key: Some(self.takes_pix(caller.account_id, caller.site).await?),
            deliveries: self.deliveries(caller).await?,
            ..Surroundings::default()
        })
    }

    /// What the browser library told of card inputs with a `name`, in words.
    fn reported_names(&self, caller: &Caller) -> Option<String> {
        let seen = self.exposed_card_inputs(caller.account_id, caller.application_id, caller.mode)?;
        let hosts: Vec<&str> = seen.hosts.keys().map(String::as_str).collect();
        let fields: Vec<&str> = seen.fields.iter().copied().collect();
        Some(format!("the browser library met {} at {}", fields.join(", "), hosts.join(", ")))
    }

    async fn is_reference_reused(&self, caller: &Caller, payment: &PaymentState) -> Result<bool, Failure> {
        let Some(reference) = payment.payment.external_reference.clone() else { return Ok(false) };
        let created = payment.payment.date_created;
        let search = PaymentSearch {
            external_reference: Some(reference),
            status: Some("approved".to_owned()),
            begin: Some(created.plus_ms(-REFERENCE_TIME)),
            end: Some(created.plus_ms(REFERENCE_TIME)),
            ..newest_payments(caller, 2)
        };
        let found = self.inner.store.search_payments(search).await?;
        let is_itself = payment.payment.status == pasarela_domain::payment::body::Status::Approved;
        Ok(found.total > u64::from(is_itself))
    }

    async fn deliveries(&self, caller: &Caller) -> Result<Deliveries, Failure> {
        let since = self.inner.clock.now(caller.account_id, caller.mode).plus_ms(-DELIVERY_TIME);
        let search = DeliverySearch::of(caller.account_id, caller.mode, MOST_DELIVERIES);
        let page = self.inner.store.search_deliveries(&search).await?;
        let mut counted = Deliveries::default();
        let recent = page
            .deliveries
            .iter()
            .filter(|delivery| delivery.application_id == caller.application_id && delivery.created >= since);
        for delivery in recent {
            match delivery.state {
                DeliveryState::Delivered => counted.delivered += 1,
                DeliveryState::Exhausted => counted.failed += 1,
                DeliveryState::Pending if delivery.attempts > 0 => counted.failed += 1,
                DeliveryState::Pending | DeliveryState::Held => {}
            }
        }
        Ok(counted)
    }
}
