//! An application as the rooms about its integration see it: who asks, its other rooms, how far it has come.

use super::integration_words::IntegrationWords;
use super::visit::SignedIn;
use crate::api::request::path_id;
use crate::pages::Locale;
use crate::pages::date::{date_attribute, date_text};
use pasarela_domain::identity::{Caller, CredentialKind, Mode};
use pasarela_domain::quality::report::{Report, Verdict};
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::applications::OwnedApplication;
use pasarela_engine::quality::going_live::GoingLive;
use pasarela_engine::{Engine, Failure};

/// An application of the account that is looked at.
pub struct Integration {
    /// The application.
    pub application: OwnedApplication,
    site: Site,
}

/// A link to another room of the application.
#[derive(Debug)]
pub struct Tab {
    /// Its word.
    pub label: &'static str,
    /// Where it leads.
    pub href: String,
    /// Whether it is the one that is shown.
    pub is_current: bool,
}

/// A step on the way of an integration.
#[derive(Debug)]
pub struct Stage {
    /// What it is.
    pub label: &'static str,
    /// Where it is done.
    pub href: String,
    /// Whether it is.
    pub is_done: bool,
}

/// An instant, for people and for machines.
#[derive(Debug)]
pub struct When {
    /// `datetime`
    pub attribute: String,
    /// In words.
    pub text: String,
}

impl When {
    /// As the site's calendar has it.
    pub fn of(at: Timestamp, site: Site, locale: Locale) -> When {
        When { attribute: date_attribute(at, site), text: date_text(at, site, locale) }
    }
}

impl Integration {
    /// The application with this number in a path.
    ///
    /// # Errors
    /// 404 for one that is not the account's.
    pub async fn find(signed: &SignedIn, id: &str) -> Result<Integration, Failure> {
        // 0 is nobody's.
        let id = path_id(id).unwrap_or(0);
        let application = signed.visit.engine.application(signed.account_id(), id).await?;
        Ok(Integration::of(signed, application))
    }

    /// An application of the account that is looked at.
    pub fn of(signed: &SignedIn, application: OwnedApplication) -> Integration {
        Integration { application, site: signed.account.site }
    }

    /// The owner, as one of its access tokens would speak for it.
    pub fn caller(&self, mode: Mode) -> Caller {
        Caller {
            account_id: self.application.account_id,
            site: self.site,
            application_id: self.application.id,
            mode,
            kind: CredentialKind::AccessToken,
        }
    }

    /// The way to one of its rooms.
    pub fn path(&self, room: &str) -> String {
        room_path(self.application.id, room)
    }

    /// Its newest measurement of a mode that is published.
    pub async fn newest_measurement(&self, engine: &Engine, mode: Mode) -> Result<Option<Report>, Failure> {
        let reports = engine.quality_measurements(&self.caller(mode), self.application.id).await?;
        Ok(reports.into_iter().next())
    }

    /// How far it has come.
    pub async fn stages(
        &self,
        engine: &Engine,
        going_live: &GoingLive,
        words: &IntegrationWords,
    ) -> Result<Vec<Stage>, Failure> {
        let test = self.caller(Mode::Test);
        let measured = self.newest_measurement(engine, Mode::Test).await?;
        let is_tried =
            measured.is_some() || engine.payment_to_measure(&test, self.application.id).await?.is_some();
        let is_over = measured.is_some_and(|report| report.status == Verdict::Approved);
        let stage = |label, room: &str, is_done| Stage { label, href: self.path(room), is_done };
        Ok(vec![
            stage(words.stage_create, "", true),
            stage(words.stage_test, "", is_tried),
            stage(words.stage_measure, "/quality", is_over),
            stage(words.stage_declare, "/going-live#form", going_live.form.missing().is_empty()),
            stage(words.stage_live, "/going-live", self.application.details.is_active),
        ])
    }
}

/// The way to a room of an application.
pub fn room_path(id: i64, room: &str) -> String {
    format!("/panel/applications/{id}{room}")
}

/// The rooms of an application; the one at `room` is shown.
pub fn tabs(id: i64, room: &str, credentials: &'static str, words: &'static IntegrationWords) -> Vec<Tab> {
    let rooms = [("", credentials), ("/quality", words.quality), ("/going-live", words.going_live)];
    rooms.map(|(its, label)| Tab { label, href: room_path(id, its), is_current: its == room }).into()
}
