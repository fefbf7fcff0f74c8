//! The platform measures by itself: each month between the first and the seventh, each application that was paid, and
//! publishes on the tenth, in the site's own days.

use super::measuring::{MeasureRequest, Subject, newest_payments};
use crate::notifications::listeners::{Event, deliveries_for};
use crate::notifications::topics::QUALITY;
use crate::payments::to_json;
use crate::{Engine, Failure};
use pasarela_domain::identity::{Caller, CredentialKind, Mode};
use pasarela_domain::quality::report::{MeasurementType, Report};
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CommitError, NotificationChange, NotificationSetting, PaymentSearch, RecordChange, SettingKind,
    share_of,
};
use std::time::Duration;

/// How often it is looked at whether something is due: the documented window is a week.
const EVERY: Duration = Duration::from_secs(600);
/// The last day of the window.
const LAST_DAY: i8 = 7;
/// The day on which results are shown.
const PUBLISHED_ON: i8 = 10;

/// Measures and publishes what is due, until `shutdown` is ready.
pub(crate) async fn run(engine: Engine, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    loop {
        if let Err(failure) = engine.measure_what_is_due().await {
            tracing::warn!(%failure, "integrations could not be measured; it is tried again");
        }
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Where an instant lies in its month, in the site's days.
struct Month {
    year: i16,
    month: i8,
    day: i8,
}

impl Month {
    fn of(at: Timestamp, site: Site) -> Month {
        let date = at.in_zone(site.time_zone()).date();
        Month { year: date.year(), month: date.month(), day: date.day() }
    }

    fn is_same(&self, other: &Month) -> bool {
        (self.year, self.month) == (other.year, other.month)
    }

    /// The first instant of its tenth day.
    fn published(&self, site: Site) -> Option<Timestamp> {
        let day = jiff::civil::Date::new(self.year, self.month, PUBLISHED_ON).ok()?;
        let zone = jiff::tz::TimeZone::get(site.time_zone()).ok()?;
        Some(Timestamp(day.to_zoned(zone).ok()?.timestamp().as_millisecond()))
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
        let mut failure = None;
        for application in applications.iter().filter(|a| shares.contains(share_of(a.account_id))) {
            let Some(account) = self.account(application.account_id).await? else { continue };
            for mode in [Mode::Test, Mode::Live] {
                let caller = Caller {
                    account_id: application.account_id,
                    site: account.site,
                    application_id: application.id,
                    mode,
                    kind: CredentialKind::AccessToken,
                };
                if let Err(cause) = self.measure_when_due(&caller).await {
                    failure = Some(cause);
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn measure_when_due(&self, caller: &Caller) -> Result<(), Failure> {
        let now = self.inner.clock.now(caller.account_id, caller.mode);
        let month = Month::of(now, caller.site);
        // Between the window and the tenth nothing can be due.
        if month.day > LAST_DAY && month.day < PUBLISHED_ON {
            return Ok(());
        }
        let reports = self.kept_measurements(caller).await?;
        let automatic = |report: &&Report| report.measurement_type == MeasurementType::Automatic;
        let due =
            reports.iter().filter(automatic).filter(|report| !report.is_told && report.published_at <= now);
        for report in due {
            self.publish(caller, report, now).await?;
        }
        let is_measured = reports
            .iter()
            .filter(automatic)
            .any(|report| Month::of(report.measured_at, caller.site).is_same(&month));
        if month.day <= LAST_DAY && !is_measured && self.was_paid(caller).await? {
            let Some(published_at) = month.published(caller.site) else { return Ok(()) };
            let request = MeasureRequest { subject: Subject::Newest, product: None };
            self.measure(caller, &request, MeasurementType::Automatic, published_at).await?;
        }
        Ok(())
    }

    /// Whether the application has an approved payment.
    async fn was_paid(&self, caller: &Caller) -> Result<bool, Failure> {
        let search = PaymentSearch { status: Some("approved".to_owned()), ..newest_payments(caller, 1) };
        Ok(self.inner.store.search_payments(search).await?.total > 0)
    }

    /// Tells the application: in one commit with the mark that it is told.
    async fn publish(&self, caller: &Caller, report: &Report, now: Timestamp) -> Result<(), Failure> {
        let kind = SettingKind::Measurement;
        let rows = self.inner.store.application_records(caller.application_id, caller.mode, kind).await?;
        let of_report = |row: &&NotificationSetting| {
            serde_json::from_slice::<Report>(&row.body).is_ok_and(|kept| kept.id == report.id)
        };
        let Some(row) = rows.iter().find(of_report) else { return Ok(()) };
        let told = Report { is_told: true, ..report.clone() };
        let setting = NotificationSetting { body: to_json(&told)?, ..row.clone() };
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
        let changes = Changes {
            records: vec![RecordChange::Notification(NotificationChange::Set(setting))],
            deliveries,
            ..Changes::default()
        };
        match self.commit(changes).await {
            Ok(()) => Ok(()),
            // Another node was faster.
            Err(CommitError::VersionConflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
