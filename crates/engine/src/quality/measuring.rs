//! A measurement: everything that the rules look at is read, they are held against it, and the result is kept.

use crate::payments::{MAX_ROUNDS, from_json, state_of, to_json};
use crate::{Engine, Failure, preferences};
use pasarela_domain::identity::{ApplicationId, Caller, PaymentId};
use pasarela_domain::merchant_order::{MerchantOrder, order_of};
use pasarela_domain::payment::PaymentState;
use pasarela_domain::payment::body::Status;
use pasarela_domain::preference::PreferenceState;
use pasarela_domain::quality::evidence::Evidence;
use pasarela_domain::quality::month::Month;
use pasarela_domain::quality::report::{Occasion, Report, report};
use pasarela_domain::quality::rules::Product;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CommitError, DateField, NotificationChange, NotificationSetting, PaymentSearch, RecordChange,
    SettingKind, SortField,
};
use serde::Deserialize;

/// How many measurements of an application are kept in each mode, of the platform's own (five years of months) and of those
/// that people asked for. The oldest gives way.
const KEPT: usize = 60;
/// How the places of months begin.
const MONTH: char = 'm';
/// How many of a seller's latest refusals, and of its latest approvals, an effect is counted over.
const LATEST: u32 = 100;

/// How many of the newest payments are looked through for one of a product.
const LOOKED_THROUGH: u32 = 50;

/// How many of the newest payments are looked through for one that a person may measure by.
const OFFERED: u32 = 10;

/// The payment that is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// This one.
    Payment(PaymentId),
    /// The newest approved one of the product; where none was approved, the newest.
    Newest,
    /// The newest approved one that was made until then.
    ApprovedUntil(Timestamp),
}

/// What is to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasureRequest {
    /// By which payment.
    pub subject: Subject,
    /// By whose rules; where nothing is said, the payment tells.
    pub product: Option<Product>,
}

impl Engine {
    /// `POST /v1/applications/{id}/quality/measurements`.
    ///
    /// # Errors
    /// 404 for an application or a payment that is not the caller's; 400 for a payment of another application; 429 while
    /// the application, or a few others, are being measured.
    pub async fn measure_quality(
        &self,
        caller: &Caller,
        application_id: ApplicationId,
        request: &MeasureRequest,
    ) -> Result<Report, Failure> {
        own(caller, application_id)?;
        let _turn = self.inner.turns.measurement(application_id, caller.mode)?;
        let now = self.inner.clock.now(caller.account_id, caller.mode);
        self.measure(caller, request, None, now).await
    }

    /// Measures, and keeps what it found, to be shown from `published_at`: what a person asked for, or a month's.
    pub(crate) async fn measure(
        &self,
        caller: &Caller,
        request: &MeasureRequest,
        month: Option<Month>,
        published_at: Timestamp,
    ) -> Result<Report, Failure> {
        let (payment, preference) = match request.subject {
            Subject::Newest => {
                let (approved, any) =
                    (approved_payments(caller, LOOKED_THROUGH), newest_payments(caller, LOOKED_THROUGH));
                self.newest(caller, request.product, vec![approved, any]).await?
            }
            Subject::ApprovedUntil(end) => {
                let search = PaymentSearch { end: Some(end), ..approved_payments(caller, LOOKED_THROUGH) };
                self.newest(caller, request.product, vec![search]).await?
            }
            Subject::Payment(id) => {
                let payment = state_of(&self.load(caller.account_id, caller.mode, id).await?)?;
                if payment.internals.application_id != caller.application_id {
                    let what = "the payment was made by another application";
                    return Err(Refusal::keyed(400, "invalid_payment_id", what).into());
                }
                let preference = self.preference_of(caller, &payment).await?;
                (payment, preference)
            }
        };
        let around = self.surroundings(caller, &payment).await?;
        let latest = self.latest_payments(caller).await?;
        let evidence = Evidence::of(&payment, preference.as_ref(), &around);
        let made_by = if preference.is_some() { Product::CheckoutPro } else { Product::CheckoutApi };
        let occasion = Occasion {
            id: self.inner.ids.next(),
            application_id: caller.application_id,
            payment_id: payment.payment.id,
            month,
            measured_at: self.inner.clock.now(caller.account_id, caller.mode),
            published_at,
            minimum_score: self.gate_setting().minimum_score,
        };
        let report = report(&occasion, request.product.unwrap_or(made_by), &evidence, &latest);
        self.keep_measurement(caller, &report).await?;
        Ok(report)
    }

    /// `GET /v1/applications/{id}/quality/measurements`: those that are shown, the newest first, without their texts.
    ///
    /// # Errors
    /// 404 for an application that is not the caller's.
    pub async fn quality_measurements(
        &self,
        caller: &Caller,
        application_id: ApplicationId,
    ) -> Result<Vec<Report>, Failure> {
        own(caller, application_id)?;
        let now = self.inner.clock.now(caller.account_id, caller.mode);
        let mut reports = self.kept_measurements(caller).await?;
        reports.retain(|report| report.published_at <= now);
        Ok(reports)
    }

    /// `GET /v1/applications/{id}/quality/measurements/{id}`.
    ///
    /// # Errors
    /// 404 for a measurement that is not the caller's, or not shown yet.
    pub async fn quality_measurement(
        &self,
        caller: &Caller,
        application_id: ApplicationId,
        id: i64,
    ) -> Result<Report, Failure> {
        let reports = self.quality_measurements(caller, application_id).await?;
        let found = reports.into_iter().find(|report| report.id == id);
        found.map(Report::with_texts).ok_or_else(|| Refusal::plain(404, "Measurement not found").into())
    }

    /// All that are kept, the newest first, without the texts that they have alike.
    pub(crate) async fn kept_measurements(&self, caller: &Caller) -> Result<Vec<Report>, Failure> {
        let kind = SettingKind::Measurement;
        let rows = self.inner.store.application_records(caller.application_id, caller.mode, kind).await?;
        let mut reports = rows
            .iter()
            .map(|row| from_json::<Report>(&row.body, "a measurement"))
            .collect::<Result<Vec<_>, _>>()?;
        reports.sort_by_key(|report| std::cmp::Reverse(report.id));
        Ok(reports)
    }

    /// Keeps a measurement in its place. A month has one place, and is kept there once: who measures it a second time, on
    /// another node or after a restart, changes nothing.
    async fn keep_measurement(&self, caller: &Caller, report: &Report) -> Result<(), Failure> {
        let (application_id, mode, kind) = (caller.application_id, caller.mode, SettingKind::Measurement);
        let body = to_json(&report.clone().without_texts())?;
        for _ in 0..MAX_ROUNDS {
            let stored = self.inner.store.application_records(application_id, mode, kind).await?;
            let (name, before) = place(report, &stored);
            if report.month.is_some() && before.is_some_and(|before| month_of(before) == report.month) {
                return Ok(());
            }
            let setting = NotificationSetting {
                application_id,
                mode,
                kind,
                name,
                version: before.map_or(0, |before| before.version),
                changed: self.inner.clock.wall(),
                body: body.clone(),
            };
            let change = RecordChange::Notification(NotificationChange::Set(setting));
            match self.inner.store.commit(Changes { records: vec![change], ..Changes::default() }).await {
                Ok(()) => return Ok(()),
                Err(CommitError::VersionConflict | CommitError::AlreadyExists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// A payment of the application to measure by, among the account's latest few: the newest that was approved; where none
    /// was, the newest.
    ///
    /// # Errors
    /// 404 for an application that is not the caller's.
    pub async fn payment_to_measure(
        &self,
        caller: &Caller,
        application_id: ApplicationId,
    ) -> Result<Option<PaymentId>, Failure> {
        own(caller, application_id)?;
        let payments = self.payments_of(caller, newest_payments(caller, OFFERED)).await?;
        let is_approved = |state: &&PaymentState| state.payment.status == Status::Approved;
        let found = payments.iter().find(is_approved).or(payments.first());
        Ok(found.map(|state| state.payment.id))
    }

    /// The newest payment of the application that the product's rules are for: of the first search that finds one.
    async fn newest(
        &self,
        caller: &Caller,
        product: Option<Product>,
        searches: Vec<PaymentSearch>,
    ) -> Result<(PaymentState, Option<PreferenceState>), Failure> {
        for search in searches {
            for payment in self.payments_of(caller, search).await? {
                let preference = self.preference_of(caller, &payment).await?;
                let is_wanted = match product {
                    Some(Product::CheckoutPro) => preference.is_some(),
                    Some(_) => preference.is_none(),
                    None => true,
                };
                if is_wanted {
                    return Ok((payment, preference));
                }
            }
        }
        Err(Refusal::plain(404, "There is no payment of this product to measure by").into())
    }

    /// The preference that a payment was made from: by its merchant order.
    async fn preference_of(
        &self,
        caller: &Caller,
        payment: &PaymentState,
    ) -> Result<Option<PreferenceState>, Failure> {
        let Some(order_id) = order_of(&payment.payment) else { return Ok(None) };
        let order = self.order_record(caller.account_id, caller.mode, order_id).await?;
        let Some(order) = order else { return Ok(None) };
        let order: MerchantOrder = from_json(&order.body, "a merchant order")?;
        let Some(id) = order.preference_id else { return Ok(None) };
        let record = self.preference_record(caller, &id).await?;
        record.as_ref().map(preferences::state_of).transpose()
    }

    /// The latest refusals and approvals, to see what refusals lacked.
    async fn latest_payments(&self, caller: &Caller) -> Result<Vec<PaymentState>, Failure> {
        let mut states = Vec::new();
        let approved = approved_payments(caller, LATEST);
        for search in [PaymentSearch { status: Some("rejected".to_owned()), ..approved.clone() }, approved] {
            states.extend(self.payments_of(caller, search).await?);
        }
        Ok(states)
    }

    /// The payments of the caller's application among those that are found, whole.
    pub(super) async fn payments_of(
        &self,
        caller: &Caller,
        search: PaymentSearch,
    ) -> Result<Vec<PaymentState>, Failure> {
        #[derive(Deserialize)]
        struct Id {
            id: PaymentId,
        }
        let found = self.inner.store.search_payments(search).await?.bodies;
        let ids = found.iter().map(|body| Ok(from_json::<Id>(body, "a payment")?.id));
        let ids = ids.collect::<Result<Vec<PaymentId>, Failure>>()?;
        // What a refused payment's body hides of its buyer is in the rest of the record.
        let records = self.inner.store.payments(caller.account_id, caller.mode, &ids).await?;
        let mut states = records.iter().map(state_of).collect::<Result<Vec<PaymentState>, Failure>>()?;
        states.retain(|state| state.internals.application_id == caller.application_id);
        Ok(states)
    }
}

/// The newest of the caller's payments, `limit` of them.
pub(super) fn newest_payments(caller: &Caller, limit: u32) -> PaymentSearch {
    PaymentSearch {
        account_id: caller.account_id,
        mode: caller.mode,
        id: None,
        external_reference: None,
        status: None,
        status_detail: None,
        payment_method_id: None,
        payment_type_id: None,
        operation_type: None,
        payer_id: None,
        store_id: None,
        pos_id: None,
        range: DateField::Created,
        begin: None,
        end: None,
        sort: SortField::Date(DateField::Created),
        descending: true,
        limit,
        offset: 0,
    }
}

/// The newest of the caller's approved payments, `limit` of them.
pub(super) fn approved_payments(caller: &Caller, limit: u32) -> PaymentSearch {
    PaymentSearch { status: Some("approved".to_owned()), ..newest_payments(caller, limit) }
}

/// Where a measurement is kept, and what is there: a month's in a ring of months, another one in a free place of a ring, or
/// in that of the oldest.
fn place<'s>(
    report: &Report,
    stored: &'s [NotificationSetting],
) -> (String, Option<&'s NotificationSetting>) {
    let ring = i32::try_from(KEPT).unwrap_or(i32::MAX);
    let at = |name: &str| stored.iter().find(|row| row.name == name);
    if let Some(month) = report.month {
        let name = format!("{MONTH}{:02}", month.number().rem_euclid(ring));
        let before = at(&name);
        return (name, before);
    }
    let of_people = || stored.iter().filter(|row| !row.name.starts_with(MONTH));
    let free = (0..KEPT).map(|place| format!("{place:02}")).find(|name| at(name).is_none());
    let oldest = || of_people().min_by_key(|row| (row.changed, &row.name));
    match (free, oldest()) {
        (Some(free), _) => (free, None),
        (None, oldest) => (oldest.map(|row| row.name.clone()).unwrap_or_default(), oldest),
    }
}

fn month_of(row: &NotificationSetting) -> Option<Month> {
    serde_json::from_slice::<Report>(&row.body).ok()?.month
}

/// A credential speaks for its own application alone.
pub(crate) fn own(caller: &Caller, application_id: ApplicationId) -> Result<(), Refusal> {
    match application_id == caller.application_id {
        true => Ok(()),
        false => Err(Refusal::plain(404, "Application not found")),
    }
}
