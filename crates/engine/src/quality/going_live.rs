//! Going live: the form is kept, the seller's addresses are looked at, the gate judges; what was found is kept with the
//! decision.

use super::measuring::own;
use super::probes::Prober;
use crate::audit::Actor;
use crate::notifications::message::{AttemptIdentity, Signing, message};
use crate::notifications::topics::PAYMENTS;
use crate::payments::{from_json, to_json};
use crate::{Engine, Failure};
use pasarela_domain::identity::{ApplicationId, Caller, Mode};
use pasarela_domain::quality::evidence::{Evidence, Probes};
use pasarela_domain::quality::gate::{Form, GateCheck, GateSetting, Measured, is_open, judge};
use pasarela_domain::quality::page::ResultPages;
use pasarela_domain::quality::site::{Answered, WebhookProbe};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Channel, DeliveryRecord, DeliveryState, SettingKind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

/// How long a receiver may take to answer, as for every notification.
const WEBHOOK_TIME: Duration = Duration::from_secs(22);
/// How many applications are looked at at a time: each is a handful of requests to addresses that somebody else chose.
static AT_ONCE: Semaphore = Semaphore::const_new(4);
/// The longest address of a form.
const LONGEST_ADDRESS: usize = 500;
/// The longest industry.
const LONGEST_WORD: usize = 100;

/// Where an application stands on its way to live payments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GoingLive {
    /// What was declared.
    pub form: Form,
    /// The last checks, what holds the gate closed first.
    pub checks: Vec<GateCheck>,
    /// When they were made.
    pub checked_at: Option<Timestamp>,
    /// Whether nothing that blocks was left to be done then.
    pub is_open: bool,
    /// Since when it is.
    pub passed_at: Option<Timestamp>,
    /// What was seen.
    pub probes: Probes,
}

/// A change of the form: what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormChange {
    /// As in [`Form`].
    pub industry: Option<String>,
    /// As in [`Form`].
    pub production_site: Option<String>,
    /// As in [`Form`].
    pub payment_page: Option<String>,
    /// As in [`Form`].
    pub approved_page: Option<String>,
    /// As in [`Form`].
    pub rejected_page: Option<String>,
    /// The platform's terms are accepted, or no longer.
    pub terms_accepted: Option<bool>,
}

impl Engine {
    /// Where an application stands.
    ///
    /// # Errors
    /// 404 for an application that is not the caller's.
    pub async fn going_live(
        &self,
        caller: &Caller,
        application_id: ApplicationId,
    ) -> Result<GoingLive, Failure> {
        own(caller, application_id)?;
        self.kept_going_live(application_id).await
    }

    /// Changes the form.
    ///
    /// # Errors
    /// 404 for an application that is not the caller's; 400 for what is no address.
    pub async fn change_going_live(
        &self,
        caller: &Caller,
        application_id: ApplicationId,
        change: &FormChange,
    ) -> Result<GoingLive, Failure> {
        own(caller, application_id)?;
        check(change)?;
        let now = self.inner.clock.wall();
        self.write_going_live(application_id, |kept| {
            let form = &mut kept.form;
            for (field, new) in [
                (&mut form.industry, &change.industry),
                (&mut form.production_site, &change.production_site),
                (&mut form.payment_page, &change.payment_page),
                (&mut form.approved_page, &change.approved_page),
                (&mut form.rejected_page, &change.rejected_page),
            ] {
                if let Some(new) = new {
                    *field = Some(new.trim().to_owned()).filter(|text| !text.is_empty());
                }
            }
            match change.terms_accepted {
                Some(true) => form.terms_accepted_at = form.terms_accepted_at.or(Some(now)),
                Some(false) => form.terms_accepted_at = None,
                None => {}
            }
        })
        .await
    }

    /// Looks at everything anew, and judges.
    ///
    /// # Errors
    /// 404 for an application that is not the caller's.
    pub async fn check_going_live(
        &self,
        caller: &Caller,
        application_id: ApplicationId,
    ) -> Result<GoingLive, Failure> {
        own(caller, application_id)?;
        let Ok(_turn) = AT_ONCE.try_acquire() else { return Err(Failure::Unavailable { retry_after_s: 10 }) };
        let form = self.kept_going_live(application_id).await?.form;
        let prober = self.inner.prober.get().ok_or(Failure::Unavailable { retry_after_s: 1 })?;
        let probes = self.probes_of(caller, &form, prober).await?;
        let mut around = self.surroundings_of(caller).await?;
        around.probes = probes;
        let newest = self.kept_measurements(caller).await?.into_iter().next();
        let measured = newest.map(|report| Measured { product: report.product, score: report.score });
        // Judged as it will be in production: nothing is spared that testing is spared.
        let evidence = Evidence::without_payment(caller.site, true, &around);
        let checks = judge(&form, measured, &evidence, self.gate_setting());
        let now = self.inner.clock.wall();
        let kept = self
            .write_going_live(application_id, |kept| {
                kept.is_open = is_open(&checks);
                kept.passed_at = if kept.is_open { kept.passed_at.or(Some(now)) } else { None };
                kept.checked_at = Some(now);
                kept.checks.clone_from(&checks);
                kept.probes.clone_from(&around.probes);
            })
            .await?;
        if kept.is_open {
            self.open_gate(caller, application_id, &kept).await?;
        }
        Ok(kept)
    }

    /// Lets the live credentials work, if they do not yet. A gate that closes again takes nothing back: that is an
    /// operator's to decide.
    async fn open_gate(
        &self,
        caller: &Caller,
        application_id: ApplicationId,
        kept: &GoingLive,
    ) -> Result<(), Failure> {
        if self.application(caller.account_id, application_id).await?.details.is_active {
            return Ok(());
        }
        let checks = kept.checks.iter().map(|check| {
            let action = &check.action;
            json!({"rule_id": action.rule_id, "result": action.result, "evidence": action.evidence})
        });
        let evidence = json!({"checked_at": kept.checked_at, "checks": checks.collect::<Vec<_>>()});
        let gate = Actor { name: "gate".to_owned(), address: None };
        let reason = "nothing that blocks is left to be done";
        self.decide_activation(application_id, true, reason, evidence, &gate).await.map(drop)
    }

    async fn probes_of(&self, caller: &Caller, form: &Form, prober: &Prober) -> Result<Probes, Failure> {
        let mut probes = Probes::default();
        let Some(site) = &form.production_site else { return Ok(probes) };
        let page = form.payment_page.as_ref().unwrap_or(site);
        let results = async {
            let (approved, rejected) = (form.approved_page.as_ref()?, form.rejected_page.as_ref()?);
            let (approved, rejected) = tokio::join!(prober.page(approved), prober.page(rejected));
            Some(ResultPages { approved, rejected })
        };
        // All at once: a request has a minute, and a receiver may take most of it.
        let (site, page, results, webhook) =
            tokio::join!(prober.site(site), prober.page(page), results, self.probe_webhook(caller));
        probes.site = Some(site);
        probes.results = results;
        if let Some(link) = &page.terms_link {
            probes.terms = Some(prober.linked(&page.url, link).await);
        }
        probes.page = Some(page);
        probes.webhook = webhook?;
        Ok(probes)
    }

    /// Sends the application's address a signed notification, the same once more, and one that is signed with a secret
    /// that nobody has.
    async fn probe_webhook(&self, caller: &Caller) -> Result<Option<WebhookProbe>, Failure> {
        let Some(url) = self.notification_addresses(caller).await?.url else { return Ok(None) };
        let Some(secrets) = self.webhook_secrets(caller.application_id, caller.mode).await else {
            return Ok(None);
        };
        let request_id = Uuid::new_v4().to_string();
        let mut bytes = [0; 32];
        crate::nature::draw(&mut bytes);
        let nobodys = crate::payments::hex(&bytes);
        let signed = self.probe_once(caller, &url, &request_id, &secrets.current).await;
        if signed.status.is_none() {
            return Ok(Some(WebhookProbe { url, signed, ..WebhookProbe::default() }));
        }
        let other_id = Uuid::new_v4().to_string();
        let (repeated, forged) = tokio::join!(
            self.probe_once(caller, &url, &request_id, &secrets.current),
            self.probe_once(caller, &url, &other_id, &nobodys),
        );
        Ok(Some(WebhookProbe { url, signed, repeated, forged }))
    }

    async fn probe_once(&self, caller: &Caller, url: &str, request_id: &str, secret: &str) -> Answered {
        let fault = |fault: &str| Answered { fault: Some(fault.to_owned()), ..Answered::default() };
        let Some(courier) = self.inner.courier.get() else { return fault("nothing is sent now") };
        let now = self.inner.clock.wall();
        let delivery = DeliveryRecord {
            id: 123_456,
            account_id: caller.account_id,
            application_id: caller.application_id,
            mode: caller.mode,
            channel: Channel::Webhook,
            url: url.to_owned(),
            topic: PAYMENTS.name.to_owned(),
            action: PAYMENTS.actions[0].to_owned(),
            resource_id: "123456".to_owned(),
            created: now,
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt: now,
            data: None,
            turns_ahead: 0,
        };
        let identity = AttemptIdentity { notification_id: 123_456, request_id, now };
        let Ok(sent) = message(&delivery, identity, Signing::Secret(secret)) else {
            return fault("the address can't be called");
        };
        let watch = Instant::now();
        let outcome = courier.deliver(&sent, WEBHOOK_TIME).await;
        let ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(answer) => Answered { status: Some(answer.status), fault: None, ms },
            Err(failure) => Answered { status: None, fault: Some(failure.to_string()), ms },
        }
    }

    pub(super) async fn kept_going_live(&self, application_id: ApplicationId) -> Result<GoingLive, Failure> {
        let kind = SettingKind::GoingLive;
        let rows = self.inner.store.application_records(application_id, Mode::Live, kind).await?;
        let kept = rows.first().map(|row| from_json(&row.body, "the way to live payments")).transpose()?;
        Ok(kept.unwrap_or_default())
    }

    async fn write_going_live(
        &self,
        application_id: ApplicationId,
        change: impl Fn(&mut GoingLive),
    ) -> Result<GoingLive, Failure> {
        self.write_record(application_id, Mode::Live, SettingKind::GoingLive, "", |before| {
            let mut kept: GoingLive = before
                .map(|body| from_json(body, "the way to live payments"))
                .transpose()?
                .unwrap_or_default();
            change(&mut kept);
            to_json(&kept)
        })
        .await?;
        self.kept_going_live(application_id).await
    }

    /// Says which checks of the gate block and which advise; the first time counts.
    pub fn set_gate(&self, setting: GateSetting) {
        let _ = self.inner.gate.set(setting);
    }

    fn gate_setting(&self) -> &GateSetting {
        self.inner.gate.get_or_init(GateSetting::default)
    }
}

fn check(change: &FormChange) -> Result<(), Refusal> {
    let industry = change.industry.as_deref().unwrap_or_default();
    if industry.chars().count() > LONGEST_WORD || industry.chars().any(char::is_control) {
        return Err(Refusal::keyed(400, "invalid_industry", "industry has 100 characters at most"));
    }
    for (name, address) in [
        ("production_site", &change.production_site),
        ("payment_page", &change.payment_page),
        ("approved_page", &change.approved_page),
        ("rejected_page", &change.rejected_page),
    ] {
        let Some(address) = address.as_deref().map(str::trim).filter(|address| !address.is_empty()) else {
            continue;
        };
        let is_address = address.len() <= LONGEST_ADDRESS
            && Url::parse(address)
                .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_address {
            return Err(Refusal::keyed(400, "invalid_address", format!("{name} is an https address")));
        }
    }
    Ok(())
}
