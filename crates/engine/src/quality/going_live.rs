//! Going live: the form is kept, the seller's addresses are looked at, the gate judges; what was found is kept with the
//! decision.
//!
//! The form and the checks are the live application's: only its own live access token changes them, whether or not it
//! works yet (before the gate it does not); a test token may read. The evidence is of the test mode, where the integration is
//! tried out: the newest measurement, counts of requests, notifications; the live address for notifications is tried where
//! there is one. A verdict holds for the form that was checked: what changes the form takes the verdict away, and a verdict
//! that is late for the form is thrown away.

use super::measuring::own;
use super::probes::{Budget, Prober, SeenPages, ShopPages};
use crate::applications::OwnedApplication;
use crate::audit::Actor;
use crate::notifications::message::{AttemptIdentity, Signing, message};
use crate::notifications::topics::PAYMENTS;
use crate::payments::{MAX_ROUNDS, from_json, hex, to_json};
use crate::{Engine, Failure};
use pasarela_domain::application::GATE;
use pasarela_domain::identity::{ApplicationId, Caller, Mode};
use pasarela_domain::quality::evidence::{Evidence, Probes};
use pasarela_domain::quality::gate::{Form, GateCheck, GateSetting, Measured, is_open, judge, stopped};
use pasarela_domain::quality::site::{Answered, WebhookProbe};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Channel, DeliveryRecord, DeliveryState, NotificationChange, NotificationSetting, RecordChange,
    SettingKind,
};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

/// How long a receiver may take to answer, as for every notification.
const WEBHOOK_TIME: Duration = Duration::from_secs(22);
/// How long a check may take: a request has a minute.
const CHECK_TIME: Duration = Duration::from_secs(50);
/// Until when after its beginning a check tries further cards: what is left is for the terms, which are fetched then.
const TRIAL_TIME: Duration = Duration::from_secs(38);
/// The most requests of one check to addresses that somebody else chose, the three notifications apart.
const MOST_REQUESTS: u32 = 40;
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
    /// SHA-256 of the form that was checked, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_form: Option<String>,
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

    /// Changes the form; the verdict over the form as it was is no verdict any more.
    ///
    /// # Errors
    /// 404 for an application that is not the caller's; 400 for what is no address.
    pub async fn change_going_live(
        &self,
        caller: &Caller,
        application_id: ApplicationId,
        change: &FormChange,
        actor: &Actor,
    ) -> Result<GoingLive, Failure> {
        own(caller, application_id)?;
        check(change)?;
        let now = self.inner.clock.wall();
        for _ in 0..MAX_ROUNDS {
            let (mut kept, version) = self.going_live_row(application_id).await?;
            let before = kept.form.clone();
            let changed = change.apply(&mut kept.form, now);
            if kept.form == before {
                return Ok(kept);
            }
            kept = GoingLive { form: kept.form, ..GoingLive::default() };
            let subject = application_id.to_string();
            let audited = |act, detail: &str| self.audited(caller.account_id, actor, act, &subject, detail);
            let mut records = vec![self.set_going_live(application_id, version, &kept)?];
            if !changed.is_empty() {
                records.push(audited("going_live.changed", &changed.join(", "))?);
            }
            match (before.terms_accepted_at, kept.form.terms_accepted_at) {
                (None, Some(_)) => records.push(audited("going_live.terms_accepted", "")?),
                (Some(_), None) => records.push(audited("going_live.terms_withdrawn", "")?),
                _ => {}
            }
            if self.try_commit(records).await? {
                return Ok(kept);
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// Looks at everything anew, and judges. Who asked for it is noted with what was found.
    ///
    /// # Errors
    /// 404 for an application that is not the caller's; 409 when the form was changed meanwhile; 429 too soon after the
    /// last time; busy when it took too long.
    pub async fn check_going_live(
        &self,
        caller: &Caller,
        application_id: ApplicationId,
        actor: &Actor,
    ) -> Result<GoingLive, Failure> {
        own(caller, application_id)?;
        let prober = self.inner.prober.get().ok_or(Failure::Unavailable { retry_after_s: 1 })?;
        let _turn = self.inner.turns.check(caller.account_id)?;
        // In development newcomers and tests try one thing after the other, at addresses of their own.
        if !self.inner.development {
            self.begin_check(caller.account_id).await?;
        }
        let kept = self.kept_going_live(application_id).await?;
        let form = kept.form.clone();
        let tested = Caller { mode: Mode::Test, ..caller.clone() };
        let probes = tokio::time::timeout(CHECK_TIME, self.probes_of(&tested, kept, prober)).await;
        let probes = probes.map_err(|_| Failure::Unavailable { retry_after_s: 60 })??;
        let mut around = self.surroundings_of(&tested).await?;
        around.probes = probes;
        let newest = self.kept_measurements(&tested).await?.into_iter().next();
        let measured = newest.map(|report| Measured { product: report.product, score: report.score });
        // Judged as it will be in production: nothing is spared that testing is spared.
        let evidence = Evidence::without_payment(caller.site, true, &around);
        let checks = judge(&form, measured, &evidence, self.gate_setting());
        self.keep_verdict(caller, actor, &form, (checks, around.probes)).await
    }

    /// Keeps what was found of `form`, if that is still the form; an open gate lets the live credentials work in the same
    /// commit. A gate that closes again takes nothing back: that is an operator's to decide, and what an operator took back it
    /// does not give.
    async fn keep_verdict(
        &self,
        caller: &Caller,
        actor: &Actor,
        form: &Form,
        (found, probes): (Vec<GateCheck>, Probes),
    ) -> Result<GoingLive, Failure> {
        let application_id = caller.application_id;
        let now = self.inner.clock.wall();
        let checked_form = Some(hash(form)?);
        for _ in 0..MAX_ROUNDS {
            let (before, version) = self.going_live_row(application_id).await?;
            if before.form != *form {
                let what = "the form was changed while it was checked: check again";
                return Err(Refusal::keyed(409, "form_changed", what).into());
            }
            let application = self.application(caller.account_id, application_id).await?;
            let held = application.details.stopped_by_operator().map(stopped);
            let checks: Vec<GateCheck> = held.into_iter().chain(found.iter().cloned()).collect();
            let is_open = is_open(&checks);
            let kept = GoingLive {
                form: before.form,
                checks,
                checked_at: Some(now),
                is_open,
                passed_at: is_open.then(|| before.passed_at.unwrap_or(now)),
                checked_form: checked_form.clone(),
                probes: probes.clone(),
            };
            let (subject, what) = (application_id.to_string(), in_short(&kept.checks));
            let mut records = vec![
                self.set_going_live(application_id, version, &kept)?,
                self.audited(caller.account_id, actor, "going_live.checked", &subject, &what)?,
            ];
            if is_open && !application.details.is_active {
                records.extend(self.opened_gate(application, &kept).await?);
            }
            if self.try_commit(records).await? {
                self.inner.access.forget(application_id);
                return Ok(kept);
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// What lets the live credentials of `application` work.
    async fn opened_gate(
        &self,
        application: OwnedApplication,
        kept: &GoingLive,
    ) -> Result<Vec<RecordChange>, Failure> {
        let checks = kept.checks.iter().map(|check| {
            let action = &check.action;
            json!({"rule_id": action.rule_id, "result": action.result, "evidence": action.evidence})
        });
        let checks: Vec<_> = checks.collect();
        let evidence =
            json!({"checked_at": kept.checked_at, "checked_form": kept.checked_form, "checks": checks});
        let gate = Actor { name: GATE.to_owned(), address: None };
        let reason = "nothing that blocks is left to be done";
        self.activation(application, true, reason, evidence, &gate).await
    }

    /// What is seen at the addresses of the form that is `kept`; of refusals also what was seen before.
    async fn probes_of(&self, caller: &Caller, kept: GoingLive, prober: &Prober) -> Result<Probes, Failure> {
        let mut probes = Probes::default();
        let form = &kept.form;
        let Some(site) = &form.production_site else { return Ok(probes) };
        let shop = ShopPages {
            payment: form.payment_page.as_ref().unwrap_or(site),
            home: form.payment_page.as_ref().filter(|page| *page != site).map(|_| site.as_str()),
            results: form.approved_page.as_deref().zip(form.rejected_page.as_deref()),
        };
        let budget = &Budget::new(MOST_REQUESTS);
        let before = kept.probes.refusals.unwrap_or_default();
        let trial = self.trial(caller, before.next());
        let cards = trial.as_ref().map(|trial| trial.cards.clone()).unwrap_or_default();
        let until = (Instant::now() + TRIAL_TIME).into_std();
        // All at once: a request has a minute, and a receiver may take most of it.
        let began = self.inner.clock.now(caller.account_id, caller.mode);
        let (site, seen, webhook) = tokio::join!(
            prober.site(site, budget),
            prober.pages(shop, trial.map(|trial| (trial, until)), budget),
            self.probe_webhook(caller)
        );
        let SeenPages { page, home, results, refusals } = seen;
        (probes.site, probes.home, probes.results) = (Some(site), home, results);
        let followed = self.followed(caller, &cards, refusals, began).await?;
        probes.refusals = Some(followed.after(Some(before), self.inner.clock.wall()));
        // Where the page has no link of its own, the hosted checkout has the one of the seller's policies.
        let said = self.policies(caller.account_id).await?.terms_url.clone();
        if let Some(link) = page.terms_link.as_ref().or(said.as_ref()) {
            probes.terms = Some(prober.linked(&page.url, link, budget).await);
        }
        probes.page = Some(page);
        probes.webhook = webhook?;
        Ok(probes)
    }

    /// Sends the application's address a signed notification, the same once more, and one that is signed with a secret
    /// that nobody has.
    async fn probe_webhook(&self, caller: &Caller) -> Result<Option<WebhookProbe>, Failure> {
        let live = Caller { mode: Mode::Live, ..caller.clone() };
        let (caller, url) = match self.notification_addresses(&live).await?.url {
            Some(url) => (&live, url),
            None => match self.notification_addresses(caller).await?.url {
                Some(url) => (caller, url),
                None => return Ok(None),
            },
        };
        let Some(secrets) = self.webhook_secrets(caller.application_id, caller.mode).await else {
            return Ok(None);
        };
        let request_id = Uuid::new_v4().to_string();
        let mut bytes = [0; 32];
        crate::nature::draw(&mut bytes);
        let nobodys = hex(&bytes);
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
        Ok(self.going_live_row(application_id).await?.0)
    }

    /// What is kept, and the version that a change of it names.
    async fn going_live_row(&self, application_id: ApplicationId) -> Result<(GoingLive, i64), Failure> {
        let kind = SettingKind::GoingLive;
        let rows = self.inner.store.application_records(application_id, Mode::Live, kind).await?;
        let Some(row) = rows.first() else { return Ok((GoingLive::default(), 0)) };
        Ok((from_json(&row.body, "the way to live payments")?, row.version))
    }

    fn set_going_live(
        &self,
        application_id: ApplicationId,
        version: i64,
        kept: &GoingLive,
    ) -> Result<RecordChange, Failure> {
        Ok(RecordChange::Notification(NotificationChange::Set(NotificationSetting {
            application_id,
            mode: Mode::Live,
            kind: SettingKind::GoingLive,
            name: String::new(),
            version,
            changed: self.inner.clock.wall(),
            body: to_json(kept)?,
        })))
    }

    /// Says which checks of the gate block and which advise, and how high the bar is; the first time counts. It holds from each
    /// application's next check on: what was opened stays open.
    pub fn set_gate(&self, setting: GateSetting) {
        let _ = self.inner.gate.set(setting);
    }

    /// What the gate asks for, as the operator has set it.
    pub fn gate_setting(&self) -> &GateSetting {
        self.inner.gate.get_or_init(GateSetting::default)
    }
}

impl FormChange {
    /// Changes `form`, and names what else but the terms was said.
    fn apply(&self, form: &mut Form, now: Timestamp) -> Vec<&'static str> {
        let mut changed = Vec::new();
        for (name, field, new) in [
            ("industry", &mut form.industry, &self.industry),
            ("production_site", &mut form.production_site, &self.production_site),
            ("payment_page", &mut form.payment_page, &self.payment_page),
            ("approved_page", &mut form.approved_page, &self.approved_page),
            ("rejected_page", &mut form.rejected_page, &self.rejected_page),
        ] {
            let Some(new) = new else { continue };
            let new = Some(new.trim().to_owned()).filter(|text| !text.is_empty());
            if *field != new {
                *field = new;
                changed.push(name);
            }
        }
        match self.terms_accepted {
            Some(true) => form.terms_accepted_at = form.terms_accepted_at.or(Some(now)),
            Some(false) => form.terms_accepted_at = None,
            None => {}
        }
        changed
    }
}

/// What the log says of checks: which hold the gate closed.
fn in_short(checks: &[GateCheck]) -> String {
    let closed = checks.iter().filter(|check| check.blocks && !check.is_met());
    let closed: Vec<_> = closed.map(|check| check.action.rule_id.as_str()).collect();
    if closed.is_empty() { "nothing blocks".to_owned() } else { closed.join(", ") }
}

fn hash(form: &Form) -> Result<String, Failure> {
    Ok(hex(digest(&SHA256, &to_json(form)?).as_ref()))
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
