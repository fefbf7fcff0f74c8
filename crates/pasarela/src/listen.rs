//! `pasarela listen`: a platform's notifications for a receiver that it can't reach.
//!
//! The server hands over one notification after the other; each is posted to the receiver byte for byte, its signature
//! intact, and what the receiver answers is what the server records.

use crate::address::{Address, Roots};
use crate::client::Client;
use crate::failure::Failure;
use crate::runtime;
use crate::webhooks::arguments::ListenArguments;
use crate::webhooks::printable;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::HOST;
use hyper::{Method, Request};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long the receiver may take, as everywhere.
const RECEIVER_TIMEOUT: Duration = Duration::from_secs(22);
/// How much of its answer is told.
const MOST_ANSWER: usize = 4 * 1024;
/// The pause before a stream that broke off is begun again.
const PAUSE: Duration = Duration::from_secs(1);
/// A stream without a sign of life for so long is dead: the server gives one every ten seconds.
const SILENCE: Duration = Duration::from_secs(30);
/// The longest line: a notification's body is below a kilobyte, an order's a few.
const LONGEST_LINE: usize = 1 << 20;

/// Listens until it is stopped.
pub fn run(arguments: &ListenArguments) -> Result<ExitCode, Failure> {
    let client = Client::new(&arguments.server)?;
    let roots = Roots::of(arguments.server.ca.as_deref())?;
    let receiver = Address::of(&arguments.forward_to, &roots)?.ok_or_else(|| {
        Failure::new(
            format!("{} is not the address of a receiver", arguments.forward_to),
            "Give it like this: --forward-to http://localhost:3000/webhooks",
        )
    })?;
    let topics: Vec<&str> =
        arguments.topics.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let path = format!("/pasarela/webhooks/stream?topics={}", topics.join(","));
    runtime::block_on(async {
        // Whether the server is there at all is told at once; later, it may come back.
        let mut stream = begin(&client, &path).await?;
        println!("Listening. Notifications go to {}; Ctrl-C stops.", arguments.forward_to);
        loop {
            if let Err(broken) = forward_all(&client, &receiver, stream).await {
                eprintln!("the stream broke off ({broken}); it is begun again");
            }
            let mut said = String::new();
            stream = loop {
                tokio::time::sleep(PAUSE).await;
                match begin(&client, &path).await {
                    Ok(stream) => break stream,
                    // A server that starts again takes a while; a token that works no more never comes back.
                    Err(failure) if failure.to_string() == said => {}
                    Err(failure) => {
                        eprintln!("{failure}");
                        said = failure.to_string();
                    }
                }
            };
            if !said.is_empty() {
                eprintln!("Listening again.");
            }
        }
    })?
}

/// Begins a stream. A server that takes the connection and says nothing is asked again.
async fn begin(client: &Client, path: &str) -> Result<Incoming, Failure> {
    let begun = tokio::time::timeout(SILENCE, client.open(Method::GET, path, Bytes::new()));
    begun.await.unwrap_or_else(|_| Err(silent()))
}

fn silent() -> Failure {
    Failure::new("the server gave no sign of life for too long", "Look at the server's log.")
}

/// Path and query of a notification: the receiver's own query first, as everywhere.
fn target(receiver: &Address, query: &str) -> String {
    match &receiver.query {
        Some(own) => format!("{}?{own}&{query}", receiver.path),
        None => format!("{}?{query}", receiver.path),
    }
}

async fn forward_all(client: &Client, receiver: &Address, mut stream: Incoming) -> Result<(), String> {
    let mut read = Vec::new();
    loop {
        let frame = tokio::time::timeout(SILENCE, stream.frame()).await;
        let frame = match frame.map_err(|_| "no sign of life".to_owned())? {
            Some(frame) => frame.map_err(|error| error.to_string())?,
            // The server ends a stream after ten minutes.
            None => return Ok(()),
        };
        read.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        while let Some(end) = read.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = read.drain(..=end).collect();
            if let Ok(handed) = serde_json::from_slice::<Value>(&line) {
                forward(client, receiver, &handed).await?;
            }
        }
        if read.len() > LONGEST_LINE {
            return Err("a line is too long".to_owned());
        }
    }
}

async fn forward(client: &Client, receiver: &Address, handed: &Value) -> Result<(), String> {
    let watch = Instant::now();
    let posted = tokio::time::timeout(RECEIVER_TIMEOUT, post(receiver, handed)).await;
    let posted = posted.unwrap_or_else(|_| Err("timeout".to_owned()));
    let duration_ms = u32::try_from(watch.elapsed().as_millis()).unwrap_or(u32::MAX);
    let word = match &posted {
        Ok(answer) => answer.status.to_string(),
        Err(failure) => failure.clone(),
    };
    println!(
        "{}  {:<24} {:>14}  -> {word} ({duration_ms} ms)",
        jiff::Zoned::now().strftime("%H:%M:%S"),
        printable(handed["action"].as_str().unwrap_or_default()),
        printable(handed["resource_id"].as_str().unwrap_or_default()),
    );
    let mut body = json!({"duration_ms": duration_ms});
    for name in ["attempt", "request_id", "signature", "notification_id", "started_ms"] {
        body[name] = handed[name].clone();
    }
    match posted {
        Ok(Posted { status, headers, text }) => {
            body["status"] = json!(status);
            body["headers"] = json!(headers);
            body["body"] = json!(text);
        }
        Err(failure) => body["failure"] = json!(failure),
    }
    let path = format!("/pasarela/webhooks/deliveries/{}/answer", handed["id"]);
    let answered = client.open(Method::POST, &path, body.to_string().into());
    let answered = tokio::time::timeout(SILENCE, answered).await;
    // An attempt that is over was recorded as one that took too long.
    if let Err(failure) = answered.unwrap_or_else(|_| Err(silent())) {
        eprintln!("{failure}");
    }
    Ok(())
}

struct Posted {
    status: u16,
    headers: Vec<(String, String)>,
    text: String,
}

/// Posts the notification as it was handed over; the failure in the server's own words.
async fn post(receiver: &Address, handed: &Value) -> Result<Posted, String> {
    let no_answer = |_| "no valid http answer".to_owned();
    let request = &handed["request"];
    let mut sent = Request::builder()
        .method(Method::POST)
        .uri(target(receiver, handed["query"].as_str().unwrap_or_default()))
        .header(HOST, &receiver.authority);
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        sent = sent.header(name, value.as_str().unwrap_or_default());
    }
    let body = request["body"].as_str().unwrap_or_default().to_owned();
    let sent = sent.body(Full::new(Bytes::from(body))).map_err(|_| "no valid address".to_owned())?;
    let mut connection = receiver.connect().await.map_err(|error| error.word())?;
    let response = connection.send_request(sent).await.map_err(no_answer)?;
    let (head, body) = response.into_parts();
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    // The status has decided; a body that is too long or breaks off is told in part or not at all.
    let bytes =
        Limited::new(body, MOST_ANSWER).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Ok(Posted {
        status: head.status.as_u16(),
        headers: headers.collect(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receivers_own_query_comes_first() {
        let of = |url| Address::of(url, &Roots::default()).ok().flatten().unwrap();
        let query = "data.id=1&type=payment";
        assert_eq!(target(&of("http://localhost:3000/hook?shop=7"), query), format!("/hook?shop=7&{query}"));
        assert_eq!(target(&of("http://localhost:3000"), query), format!("/?{query}"));
    }
}
