//! Who is at the door: a buyer's session, language and cart, which are cookies, and what is refused.

use crate::Shop;
use crate::goods;
use crate::orders::Line;
use crate::page::{self, see_other};
use crate::words::Language;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ring::rand::{SecureRandom, SystemRandom};
use std::convert::Infallible;
use std::fmt::Write;

/// The largest form that is read.
const LARGEST_FORM: usize = 16 * 1024;
/// How many of one piece a cart takes.
const MOST_OF_A_PIECE: u32 = 20;

/// A buyer's visit.
#[derive(Clone)]
pub struct Visit {
    /// A random word that the browser keeps.
    pub id: String,
    /// The language of the pages.
    pub language: Language,
    /// What is in the cart: pieces and how many.
    pub cart: Vec<(&'static goods::Piece, u32)>,
}

impl Visit {
    fn of(request: &Request) -> Visit {
        let cookie = |name: &str| cookie(request.headers(), name);
        let id = cookie("barro_visit").filter(|id| is_random_word(id));
        let asked = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Visit {
            id: id.unwrap_or_else(random_word),
            language: cookie("barro_language")
                .and_then(|tag| Language::of(&tag))
                .unwrap_or_else(|| Language::preferred(asked.unwrap_or_default())),
            cart: read_cart(&cookie("barro_cart").unwrap_or_default()),
        }
    }

    /// The cart as an order's lines.
    pub fn lines(&self) -> Vec<Line> {
        let line = |&(piece, quantity): &(&'static goods::Piece, u32)| Line {
            piece: piece.id.to_owned(),
            name: piece.name.to_owned(),
            quantity,
            price: piece.price,
        };
        self.cart.iter().map(line).collect()
    }

    /// How many pieces are in the cart.
    pub fn cart_count(&self) -> u32 {
        self.cart.iter().map(|(_, quantity)| quantity).sum()
    }
}

/// Lets a request in: by the shop's own name, and what changes something from the shop's own pages alone.
pub async fn admit(State(shop): State<Shop>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let own = &shop.settings.url;
    // By another name for this machine, cookies would be others, and a page of the internet could give it one of its own.
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if own.strip_prefix("http://") != Some(host) {
        return match *request.method() {
            Method::GET => see_other(&format!("{own}{}", request.uri().path())),
            _ => StatusCode::MISDIRECTED_REQUEST.into_response(),
        };
    }
    // A form of another site brings the buyer's cookies along (CSRF). Every browser says where a form was.
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    if request.method() == Method::POST && origin != Some(own) {
        return (StatusCode::FORBIDDEN, "this form is not of this shop").into_response();
    }
    let visit = Visit::of(&request);
    let is_new = cookie(request.headers(), "barro_visit").as_deref() != Some(&visit.id);
    request.extensions_mut().insert(visit.clone());
    let mut response = next.run(request).await;
    if is_new {
        set_cookie(&mut response, "barro_visit", &visit.id);
    }
    page::protect(&shop, &mut response);
    response
}

impl FromRequestParts<Shop> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Shop) -> Result<Visit, Infallible> {
        // `admit` stands before every page.
        Ok(parts
            .extensions
            .get::<Visit>()
            .cloned()
            .unwrap_or_else(|| Visit::of(&Request::new(Body::empty()))))
    }
}

/// `POST /language`: remembers the language, and goes back to the page.
pub async fn change_language(
    State(shop): State<Shop>,
    visit: Visit,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form = form(body).await;
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let path =
        referer.and_then(|url| url::Url::parse(url).ok()).map_or("/".to_owned(), |url| url.path().to_owned());
    let mut response = see_other(&format!("{}{path}", shop.settings.url));
    let language = field(&form, "language").and_then(Language::of).unwrap_or(visit.language);
    set_cookie(&mut response, "barro_language", language.tag());
    response
}

/// Puts the cart into the browser's cookie: `alba.2-luna.1`.
pub fn keep_cart(response: &mut Response, cart: &[(&'static goods::Piece, u32)]) {
    let text: Vec<String> = cart.iter().map(|(piece, quantity)| format!("{}.{quantity}", piece.id)).collect();
    set_cookie(response, "barro_cart", &text.join("-"));
}

fn read_cart(text: &str) -> Vec<(&'static goods::Piece, u32)> {
    let mut cart: Vec<(&'static goods::Piece, u32)> = Vec::new();
    for entry in text.split('-') {
        let Some((id, quantity)) = entry.split_once('.') else { continue };
        if let (Some(piece), Ok(quantity @ 1..=MOST_OF_A_PIECE)) = (goods::piece(id), quantity.parse())
            && cart.iter().all(|(known, _)| known.id != piece.id)
        {
            cart.push((piece, quantity));
        }
    }
    cart
}

/// The cart with another quantity of `piece`; none takes it out.
pub fn with_quantity(
    mut cart: Vec<(&'static goods::Piece, u32)>,
    piece: &'static goods::Piece,
    change: impl Fn(u32) -> u32,
) -> Vec<(&'static goods::Piece, u32)> {
    let known = cart.iter().position(|(known, _)| known.id == piece.id);
    let at = known.unwrap_or_else(|| {
        cart.push((piece, 0));
        cart.len() - 1
    });
    cart[at].1 = change(cart[at].1).min(MOST_OF_A_PIECE);
    cart.retain(|(_, quantity)| *quantity > 0);
    cart
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// Not for scripts; and sent along when the buyer comes back from the platform's checkout by a link, which `Strict` is not.
fn set_cookie(response: &mut Response, name: &str, value: &str) {
    let text = format!("{name}={value}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// 32 random hexadecimal digits.
pub fn random_word() -> String {
    let mut bytes = [0; 16];
    // The system's randomness is there or nothing works.
    if SystemRandom::new().fill(&mut bytes).is_err() {
        tracing::error!("the system gives no random bytes");
    }
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether this is such a word.
pub fn is_random_word(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The fields of a form; none of one that is too large.
pub async fn form(body: Body) -> Vec<(String, String)> {
    let bytes = to_bytes(body, LARGEST_FORM).await.unwrap_or_default();
    url::form_urlencoded::parse(&bytes).into_owned().collect()
}

/// A field of a form.
pub fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// The JSON that a page's script has sent; `null` for anything else.
pub async fn json(body: Body) -> serde_json::Value {
    let bytes = to_bytes(body, LARGEST_FORM).await.unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
