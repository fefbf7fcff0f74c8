//! The requests that are measured, as bytes ready to be written.

use crate::load::Requests;
use std::io::Write;
use std::sync::Arc;

/// The size of every create-payment body: that of a card payment with a line of cart, as the guides show it.
const BODY_BYTES: usize = 931;

/// How the measured payments are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Method {
    /// By card: each takes a single-use token that is made before the timed part.
    Card,
    /// By Pix: no token; the answer carries a BR Code and its picture.
    Pix,
    /// By boleto: no token.
    Boleto,
}

impl Method {
    /// Whether a payment needs a card token.
    pub const fn needs_token(self) -> bool {
        matches!(self, Method::Card)
    }

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Card => "card",
            Method::Pix => "pix",
            Method::Boleto => "boleto",
        }
    }
}

/// The head and body of a request with a JSON body. `key` makes the idempotency key unique in the server's life.
pub fn post(into: &mut Vec<u8>, path: &str, access_token: &str, key: Option<&str>, body: &str) {
    // Writing to a Vec does not fail.
    let _ = write!(
        into,
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {access_token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    if let Some(key) = key {
        let _ = write!(into, "x-idempotency-key: {key}\r\n");
    }
    into.extend_from_slice(b"\r\n");
    into.extend_from_slice(body.as_bytes());
}

/// `GET path`.
pub fn get(into: &mut Vec<u8>, path: &str, access_token: &str) {
    let _ = write!(
        into,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {access_token}\r\n\r\n"
    );
}

/// `count` card tokens of the Brazilian test card that is approved.
pub fn card_tokens(access_token: &str, count: usize) -> Requests {
    let access_token = access_token.to_owned();
    const BODY: &str = r#"{"card_number":"5031433215406351","security_code":"123","expiration_month":11,"expiration_year":2030,"cardholder":{"name":"APRO","identification":{"type":"CPF","number":"12345678909"}}}"#;
    Arc::new(move |n, into| {
        let more = n < count;
        if more {
            post(into, "/v1/card_tokens", &access_token, None, BODY);
        }
        more
    })
}

/// Payments that differ in their external references, `<prefix>-<n>`, alone.
#[derive(Clone, Debug)]
pub struct Series {
    /// The seller's.
    pub access_token: String,
    /// How they are paid.
    pub method: Method,
    /// What their references begin with.
    pub prefix: String,
    /// Who is told of each, if anybody is.
    pub notification_url: Option<String>,
}

impl Series {
    /// The requests from number `first` on. Card payments end with the tokens; the others when `limit` is reached.
    pub fn requests(self, first: usize, tokens: Vec<String>, limit: usize) -> Requests {
        let limit = if self.method.needs_token() { limit.min(tokens.len()) } else { limit };
        Arc::new(move |n, into| {
            let more = n < limit;
            if more {
                self.write(first + n, tokens.get(n).map_or("", String::as_str), into);
            }
            more
        })
    }

    /// Writes the request for number `n`.
    pub fn write(&self, n: usize, token: &str, into: &mut Vec<u8>) {
        let reference = external_reference(&self.prefix, n);
        let body = payment_body(self.method, &reference, token, self.notification_url.as_deref());
        post(into, "/v1/payments", &self.access_token, Some(&reference), &body);
    }
}

/// The reference of payment `n` of a series: what the searches look for.
pub fn external_reference(prefix: &str, n: usize) -> String {
    format!("{prefix}-{n:09}")
}

/// A create-payment body of [`BODY_BYTES`].
pub fn payment_body(method: Method, reference: &str, token: &str, notification_url: Option<&str>) -> String {
    let payment = match method {
        Method::Card => format!(r#""token":"{token}","payment_method_id":"master","installments":1,"#),
        Method::Pix => r#""payment_method_id":"pix","installments":1,"#.to_owned(),
        Method::Boleto => r#""payment_method_id":"bolbradesco","installments":1,"#.to_owned(),
    };
    let mut body = format!(
        concat!(
            r#"{{"transaction_amount":100.5,{payment}"external_reference":"{reference}","#,
            r#""statement_descriptor":"PASARELA","metadata":{{"order_number":"{reference}","channel":"web"}},"#,
            r#""payer":{{"email":"test_user_80507629@testuser.com","first_name":"Joana","last_name":"Souza","#,
            r#""identification":{{"type":"CPF","number":"12345678909"}},"#,
            r#""address":{{"zip_code":"06233200","street_name":"Avenida das Nacoes Unidas","street_number":"3003","#,
            r#""neighborhood":"Bonfim","city":"Osasco","federal_unit":"SP"}}}},"#,
            r#""additional_info":{{"ip_address":"127.0.0.1","items":[{{"id":"SKU-1","title":"Camiseta azul","#,
            r#""description":"Camiseta de algodao","category_id":"fashion","quantity":1,"unit_price":100.5}}]}},"#,
            r#""description":""#,
        ),
        payment = payment,
        reference = reference
    );
    let end = notification_url
        .map_or_else(|| r#""}"#.to_owned(), |url| format!(r#"","notification_url":"{url}"}}"#));
    while body.len() + end.len() < BODY_BYTES {
        body.push('x');
    }
    body.push_str(&end);
    body
}
