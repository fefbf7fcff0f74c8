//! Signs as the deliveries do, for the official SDKs' validators.
//!
//! A running server of this release notifies of payments only, whose ids are numbers. The signature must hold for
//! every shape of id that there is (orders, hexadecimal ids, none at all), so this program calls the very function
//! that the deliveries call: one JSON object a line in (`{"secret", "id", "request_id", "ts"}`), one out
//! (`{"data_id", "x_signature"}`).

use pasarela_engine::notifications::signature;
use serde::Deserialize;
use serde_json::json;
use std::io::BufRead;

#[derive(Deserialize)]
struct Question {
    secret: String,
    id: Option<String>,
    request_id: Option<String>,
    ts: i64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lock().lines() {
        let question: Question = serde_json::from_str(&line?)?;
        let data_id = question.id.as_deref().map(signature::query_id);
        let x_signature = signature::sign(
            &question.secret,
            data_id.as_deref(),
            question.request_id.as_deref(),
            question.ts,
        );
        println!("{}", json!({"data_id": data_id, "x_signature": x_signature}));
    }
    Ok(())
}
