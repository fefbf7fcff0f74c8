//! What a form says, if it is ours.

use super::visit::{SignedIn, Visit};
use crate::api::request::RawBody;
use axum::http::StatusCode;
use axum::response::Response;
use pasarela_domain::member::Permission;

/// The most fields of a form.
const MOST_FIELDS: usize = 100;

/// A form's fields.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a posted form; one that this browser was not shown, or for another account, does nothing.
    ///
    /// # Errors
    /// The page that says so.
    pub fn read(visit: &Visit, body: &RawBody) -> Result<Form, Box<Response>> {
        let fields = url::form_urlencoded::parse(&body.bytes).take(MOST_FIELDS);
        let form = Form(fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect());
        if visit.is_ours(form.text("word")) {
            return Ok(form);
        }
        Err(Box::new(visit.notice(StatusCode::FORBIDDEN, visit.words().form_expired)))
    }

    /// The same, of somebody whose role allows what the form does.
    ///
    /// # Errors
    /// The page that says so.
    pub fn of(signed: &SignedIn, body: &RawBody, permission: Permission) -> Result<Form, Box<Response>> {
        let form = Form::read(&signed.visit, body)?;
        signed.may(permission)?;
        Ok(form)
    }

    /// A field's text, nothing where it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(its, _)| its == name).map_or("", |(_, value)| value)
    }

    /// Whether a box is checked.
    pub fn is_checked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }
}
