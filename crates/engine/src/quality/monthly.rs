//! The platform measures by itself: each month between the first and the seventh, each application that was paid until then,
//! and publishes on the tenth, in the site's own days.
//!
//! A month is due until it is measured, whatever day it is: a server that stood still for a week comes to it late, and a
//! test clock that jumps over months has each of them measured, by the payment that was the newest in its window. Every
//! month has a place of its own in the store, so that it is there once, whoever measures.

use super::measuring::{MeasureRequest, Subject, approved_payments};
use crate::notifications::listeners::{Event, deliveries_for};
use crate::notifications::topics::QUALITY;
use crate::payments::{from_json, to_json};
use crate::{Engine, Failure};
use pasarela_domain::identity::{AccountId, ApplicationId, Caller, CredentialKind, Mode};
use pasarela_domain::quality::letter::{Letter, letter};
use pasarela_domain::quality::month::Month;
use pasarela_domain::quality::report::{MeasurementType, Report};
use pasarela_domain::timestamp::{DAY, Timestamp};
use pasarela_store::{
    Changes, CommitError, DeliveryRecord, NotificationChange, NotificationSetting, PaymentSearch,
    RecordChange, SettingKind, share_of,
};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How often it is looked at whether something is due: the documented window is a week.
const EVERY: Duration = Duration::from_secs(600);
/// How long an e-mail that could not be sent is tried again.
const MAILED_WITHIN: i64 = 7 * DAY;

/// Accounts whose test clock was moved: whatever it jumped over is due now. As many as there are accounts.
#[derive(Default)]
pub(crate) struct MovedClocks {
    accounts: Mutex<BTreeSet<AccountId>>,
    wake: Notify,
}

impl MovedClocks {
    /// This account's was.
    pub(crate) fn add(&self, account_id: AccountId) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).insert(account_id);
        self.wake.notify_one();
    }

    fn take(&self) -> BTreeSet<AccountId> {
        std::mem::take(&mut *self.accounts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Measures and publishes what is due, until `shutdown` is ready.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    let mut look = tokio::time::interval(EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let done = tokio::select! {
            biased;
            () = &mut shutdown => return,
            _ = look.tick() => engine.measure_what_is_due().await,
            () = engine.inner.moved_clocks.wake.notified() => engine.measure_after_moves().await,
        };
        if let Err(failure) = done {
            tracing::warn!(%failure, "integrations could not be measured; it is tried again");
        }
    }
}

impl Engine {
    /// Measures each application whose month has begun and that was not measured in it, and publishes what is to be
    /// shown. Test payments are measured by their account's clock, live ones by the wall's.
    ///
    /// # Errors
    /// When the store can't be read or written; the other applications are done all the same.
    pub async fn measure_what_is_due(&self) -> Result<(), Failure> {
        let shares = self.inner.store.lease().shares;
        let applications = self.inner.store.sealed_applications().await?;
        let own = applications.iter().filter(|application| shares.contains(share_of(application.account_id)));
        self.measure_each(own.map(|application| (application.account_id, application.id))).await
    }

    /// The same for the accounts whose clocks were moved at this node.
    async fn measure_after_moves(&self) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for account_id in self.inner.moved_clocks.take() {
            let applications = self.inner.store.applications_of(account_id).await?;
            let each = applications.iter().map(|application| (application.account_id, application.id));
            outcome = self.measure_each(each).await.and(outcome);
        }
        outcome
    }

    async fn measure_each(
        &self,
        applications: impl Iterator<Item = (AccountId, ApplicationId)>,
    ) -> Result<(), Failure> {
        let mut failure = None;
        for (account_id, application_id) in applications {
            let Some(account) = self.account(account_id).await? else { continue };
            for mode in [Mode::Test, Mode::Live] {
                let kind = CredentialKind::AccessToken;
                let caller = Caller { account_id, site: account.site, application_id, mode, kind };
                if let Err(cause) = self.measure_when_due(&caller).await {
                    failure = Some(cause);
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn measure_when_due(&self, caller: &Caller) -> Result<(), Failure> {
        let now = self.inner.clock.now(caller.account_id, caller.mode);
        let reports = self.monthly_measurements(caller).await?;
        let last = reports.iter().map(|report| month_of(report, caller)).max();
        let mut is_measured = false;
        for month in self.due_months(caller, last, now).await? {
            is_measured |= self.measure_month(caller, month, now).await?;
        }
        let reports = if is_measured { self.monthly_measurements(caller).await? } else { reports };
        self.publish_what_is_due(caller, &reports, now).await
    }

    /// What the platform measured by itself, the newest first.
    async fn monthly_measurements(&self, caller: &Caller) -> Result<Vec<Report>, Failure> {
        let mut reports = self.kept_measurements(caller).await?;
        reports.retain(|report| report.measurement_type == MeasurementType::Automatic);
        Ok(reports)
    }

    async fn due_months(
        &self,
        caller: &Caller,
        last: Option<Month>,
        now: Timestamp,
    ) -> Result<Vec<Month>, Failure> {
        let this = Month::of(now, caller.site);
        if last >= Some(this) {
            return Ok(Vec::new());
        }
        #[derive(Deserialize)]
        struct Made {
            date_created: Timestamp,
        }
        let oldest = PaymentSearch { descending: false, ..approved_payments(caller, 1) };
        let found = self.inner.store.search_payments(oldest).await?.bodies;
        let Some(body) = found.first() else { return Ok(Vec::new()) };
        let first_paid = Month::of(from_json::<Made>(body, "a payment")?.date_created, caller.site);
        // A test clock jumps; the wall's goes on from day to day.
        Ok(Month::due(this, last, first_paid, caller.mode == Mode::Test))
    }

    /// Whether the application had a payment to measure the month by.
    async fn measure_month(&self, caller: &Caller, month: Month, now: Timestamp) -> Result<bool, Failure> {
        let (Some(end), Some(published_at)) = (month.window_ends(caller.site), month.published(caller.site))
        else {
            return Ok(false);
        };
        let request = MeasureRequest { subject: Subject::ApprovedUntil(end.min(now)), product: None };
        match self.measure(caller, &request, Some(month), published_at).await {
            Ok(_) => Ok(true),
            // The account was paid, and this application not, or not yet.
            Err(Failure::Refused(refusal)) if refusal.status == 404 => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Tells the application of each result that is to be shown, and the account of the newest by e-mail.
    async fn publish_what_is_due(
        &self,
        caller: &Caller,
        reports: &[Report],
        now: Timestamp,
    ) -> Result<(), Failure> {
        let published = || reports.iter().filter(|report| report.published_at <= now);
        for report in published().rev().filter(|report| !report.is_told) {
            self.tell(caller, report, now).await?;
        }
        // After a jump over many months, an e-mail for each would say the same many times.
        let newest = published().next().filter(|report| !report.is_mailed);
        // A month that was jumped over is measured long after its tenth.
        let since = |report: &Report| now.0 - report.published_at.max(report.measured_at).0;
        match newest.filter(|report| since(report) < MAILED_WITHIN) {
            Some(report) => self.mail(caller, report).await,
            None => Ok(()),
        }
    }

    /// Tells the application: in one commit with the mark that it is told.
    async fn tell(&self, caller: &Caller, report: &Report, now: Timestamp) -> Result<(), Failure> {
        let settings = self.notification_settings(caller.application_id).await?;
        let event = Event {
            account_id: caller.account_id,
            application_id: caller.application_id,
            mode: caller.mode,
            topic: QUALITY,
            action: QUALITY.actions[0],
            resource_id: report.id.to_string(),
            notification_url: None,
            data: None,
            happened: now,
        };
        let wall = self.inner.clock.wall();
        let mut ids = crate::identifiers::Fresh(&self.inner.ids);
        let deliveries = deliveries_for(&event, settings.of(caller.mode), &mut ids, wall);
        self.mark(caller, report.id, deliveries, |report| report.is_told = true).await.map(drop)
    }

    /// Sends the result to the account's own e-mail: whoever marks it sends it, so that two nodes send one. What could not
    /// be sent is tried again.
    async fn mail(&self, caller: &Caller, report: &Report) -> Result<(), Failure> {
        let letter = self.letter_of(caller, report).await?;
        let is_ours = self.mark(caller, report.id, Vec::new(), |report| report.is_mailed = true).await?;
        let Some((to, letter)) = letter.filter(|_| is_ours) else { return Ok(()) };
        let posted = self.post_message(&to, &letter.subject, &letter.text).await;
        if posted.is_err() {
            self.mark(caller, report.id, Vec::new(), |report| report.is_mailed = false).await?;
        }
        posted
    }

    /// To whom the result is sent, and what it says; nothing where nobody would read it.
    async fn letter_of(&self, caller: &Caller, report: &Report) -> Result<Option<(String, Letter)>, Failure> {
        let Some(account) = self.account(caller.account_id).await? else { return Ok(None) };
        let application = self.applications(account.id).await?.into_iter();
        let mut application = application.filter(|application| application.id == caller.application_id);
        let Some(application) = application.next() else { return Ok(None) };
        // Nobody reads a test user's; and what nobody proved may be a stranger's.
        let is_read = !account.is_test_user && self.is_email_verified(account.id).await?;
        if !is_read || self.outbox().is_none() {
            return Ok(None);
        }
        let panel = format!("{}/panel", self.public_url());
        let report = report.clone().with_texts();
        let letter = letter(&report, &application.details.name, account.site, &panel);
        Ok(Some((account.email.clone(), letter)))
    }

    /// Changes a measurement that is kept, in one commit with what it makes; false where somebody else did.
    async fn mark(
        &self,
        caller: &Caller,
        id: i64,
        deliveries: Vec<DeliveryRecord>,
        change: impl Fn(&mut Report),
    ) -> Result<bool, Failure> {
        let kind = SettingKind::Measurement;
        let rows = self.inner.store.application_records(caller.application_id, caller.mode, kind).await?;
        let kept = rows.into_iter().find_map(|row| {
            let report = serde_json::from_slice::<Report>(&row.body).ok()?;
            (report.id == id).then_some((row, report))
        });
        let Some((row, before)) = kept else { return Ok(false) };
        let mut report = before.clone();
        change(&mut report);
        if report == before {
            return Ok(false);
        }
        let setting = NotificationSetting { body: to_json(&report)?, ..row };
        let changes = Changes {
            records: vec![RecordChange::Notification(NotificationChange::Set(setting))],
            deliveries,
            ..Changes::default()
        };
        match self.commit(changes).await {
            Ok(()) => Ok(true),
            // Another node was faster.
            Err(CommitError::VersionConflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Measurements of an earlier version say no month.
fn month_of(report: &Report, caller: &Caller) -> Month {
    report.month.unwrap_or_else(|| Month::of(report.measured_at, caller.site))
}
