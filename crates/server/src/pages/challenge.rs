//! The 3DS challenge of a test payment, as an issuer's page would be, inside the shop's frame (at least 500 × 600).

use super::amount::amount_text;
use super::assets::CHALLENGE_SCRIPT;
use super::date::date_text;
use super::layout::Layout;
use super::locale::Locale;
use super::payment_view::PaymentView;
use super::words::Words;
use super::{Framing, Page};
use askama::Template;
use url::form_urlencoded;

/// The longest `creq` that is read; ours have about 250 characters.
const LONGEST_CREQ: usize = 4_096;

/// What is posted to a challenge's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChallengeRequest {
    /// The shop's page opens the challenge.
    Open {
        /// The challenge request it carries, base64url.
        creq: String,
    },
    /// The buyer confirms.
    Confirm {
        /// The same again, which the page carries along.
        creq: String,
    },
    /// The buyer does not.
    Cancel {
        /// The same again.
        creq: String,
    },
    /// The buyer never answers: the time that issuers give, about five minutes, is over.
    TimeOut {
        /// The same again.
        creq: String,
    },
}

impl ChallengeRequest {
    /// Reads a posted form (`creq=…`, with `outcome=confirm`, `cancel` or `time_out` from our own buttons); `None` when it
    /// is none: no `creq`, or one that isn't base64url, or an unknown outcome.
    pub fn from_form(body: &[u8]) -> Option<ChallengeRequest> {
        if body.len() > LONGEST_CREQ + 64 {
            return None;
        }
        let field =
            |name: &str| form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value);
        let creq = field("creq").filter(|creq| is_base64url(creq))?.into_owned();
        match field("outcome").as_deref() {
            None => Some(ChallengeRequest::Open { creq }),
            Some("confirm") => Some(ChallengeRequest::Confirm { creq }),
            Some("cancel") => Some(ChallengeRequest::Cancel { creq }),
            Some("time_out") => Some(ChallengeRequest::TimeOut { creq }),
            Some(_) => None,
        }
    }
}

fn is_base64url(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    !digits.is_empty()
        && text.len() <= LONGEST_CREQ
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[derive(Template)]
#[template(path = "challenge.html")]
struct ChallengeTemplate<'a> {
    layout: Layout,
    words: &'static Words,
    view: &'a PaymentView,
    creq: &'a str,
    amount: String,
    date: String,
    code: String,
}

/// The challenge itself, answered to the POST that opens it.
pub fn challenge(view: &PaymentView, locale: Locale, creq: &str) -> Page {
    let words = locale.words();
    let layout =
        Layout { following: None, ..Layout::of_payment(words.challenge_title.to_owned(), view, locale) };
    let language = layout.language;
    let template = ChallengeTemplate {
        layout,
        words,
        view,
        creq,
        amount: amount_text(view.amount, view.site),
        date: date_text(view.now, view.site, locale),
        code: decorative_code(&view.id),
    };
    Page::render(&template, language, Framing::Anyone)
}

#[derive(Template)]
#[template(path = "challenge_complete.html")]
struct ChallengeCompleteTemplate {
    layout: Layout,
    words: &'static Words,
}

/// After the buyer's answer: a page whose script posts `{status: "COMPLETE"}` to the shop's window. It says only that
/// the challenge has ended; the shop then reads the payment.
pub fn challenge_complete(view: &PaymentView, locale: Locale) -> Page {
    let words = locale.words();
    let layout = Layout {
        following: None,
        script: &CHALLENGE_SCRIPT.path,
        ..Layout::of_payment(words.challenge_done.0.to_owned(), view, locale)
    };
    let language = layout.language;
    Page::render(&ChallengeCompleteTemplate { layout, words }, language, Framing::Anyone)
}

/// Six digits that look like a bank's code and mean nothing: always the same for one payment.
fn decorative_code(id: &str) -> String {
    let number = id.bytes().fold(7_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 1_000_000);
    format!("{number:06}")
}
