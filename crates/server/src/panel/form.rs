//! What a form says, if it is ours.

use super::visit::{SignedIn, Visit};
use crate::api::request::RawBody;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use pasarela_domain::member::Permission;

/// The most fields of a form.
const MOST_FIELDS: usize = 100;

/// A form's fields.
#[derive(Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a posted form; one that this browser was not shown, or for another account, does nothing.
    ///
    /// # Errors
    /// The page that says so.
    pub fn read(visit: &Visit, body: &RawBody) -> Result<Form, Box<Response>> {
        let fields = url::form_urlencoded::parse(&body.bytes).take(MOST_FIELDS);
        Form(fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()).ours(visit)
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

    /// The same of a form with a file (RFC 7578), and the file's bytes: none where none was chosen.
    ///
    /// # Errors
    /// The page that says so.
    pub async fn with_file(
        signed: &SignedIn,
        (headers, body): (&HeaderMap, &RawBody),
        file: &str,
        permission: Permission,
    ) -> Result<(Form, Bytes), Box<Response>> {
        // What can't be read has no word, and is nobody's form.
        let (form, file) = parts(headers, &body.bytes, file).await.unwrap_or_default();
        let form = form.ours(&signed.visit)?;
        signed.may(permission)?;
        Ok((form, file))
    }

    fn ours(self, visit: &Visit) -> Result<Form, Box<Response>> {
        if visit.is_ours(self.text("word")) {
            return Ok(self);
        }
        Err(Box::new(visit.notice(StatusCode::FORBIDDEN, visit.words().form_expired)))
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

/// The fields and the file of a form in parts, if it is one.
async fn parts(headers: &HeaderMap, body: &Bytes, file: &str) -> Option<(Form, Bytes)> {
    let mut request = Request::new(Body::from(body.clone()));
    request.headers_mut().insert(header::CONTENT_TYPE, headers.get(header::CONTENT_TYPE)?.clone());
    let mut parts = Multipart::from_request(request, &()).await.ok()?;
    let (mut fields, mut chosen) = (Vec::new(), Bytes::new());
    for _ in 0..MOST_FIELDS {
        let Some(part) = parts.next_field().await.ok()? else { return Some((Form(fields), chosen)) };
        let name = part.name()?.to_owned();
        let value = part.bytes().await.ok()?;
        if name == file {
            chosen = value;
        } else {
            fields.push((name, String::from_utf8(value.to_vec()).ok()?));
        }
    }
    None
}
