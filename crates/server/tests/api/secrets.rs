//! Card numbers, CVVs and credentials never reach the disk in clear, nor anything that the server writes about itself.

use crate::cards::{CHALLENGED, card_numbered, card_of, cards};
use crate::customers::cards_of;
use crate::test_app::{TestApp, contents, seed, with};
use pasarela_domain::site::{SITES, Site};
use serde_json::json;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// A CVV that no other digits of a run are likely to contain as a JSON text.
const CODE: &str = "907";

/// What the server said, at any level.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Said {
    type Writer = Said;

    fn make_writer(&'a self) -> Said {
        self.clone()
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn nothing_secret_is_stored_or_said() {
    let said = Said::default();
    // For the whole process: the store and the workers have threads of their own. The other tests' words are held
    // against the same rule.
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(said.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let workers = tokio::spawn({
        let engine = app.engine.clone();
        async move { engine.run_workers(Vec::new(), stopped).await }
    });
    let mut numbers: Vec<String> = Vec::new();
    for card in cards() {
        let seller = app.seller(card.site);
        let mut request = card.token_request("APRO");
        if card.security_code.len() == 3 {
            request["security_code"] = json!(CODE);
        }
        let token = seller.post("/v1/card_tokens", &request).await.expect(201);
        // One is paid with, one stays, one is refused.
        seller.post("/v1/card_tokens", &request).await.expect(201);
        seller
            .post("/v1/card_tokens", &with(request.clone(), json!({"expiration_month": 13})))
            .await
            .refused();
        let body = with(seller.card_payment("APRO").await, json!({"token": token["id"]}));
        let payment = seller.post("/v1/payments", &body).await.expect(201);
        seller
            .post(&format!("/v1/payments/{}/refunds", payment["id"]), &json!({"amount": 1}))
            .await
            .expect(201);
        // And it is saved, and pays again.
        let customer = seller.customer(&format!("saved{}@testuser.com", numbers.len())).await;
        let token = seller.post("/v1/card_tokens", &request).await.expect(201);
        let saved = seller.post(&cards_of(&customer), &json!({"token": token["id"]})).await.expect(201);
        let again = json!({"card_id": saved["id"], "security_code": request["security_code"]});
        seller.post("/v1/card_tokens", &again).await.expect(201);
        numbers.push(card.number);
    }
    let seller = app.seller(Site::MLB);
    // Where they don't belong, and where a parser might repeat them.
    let card = card_of(Site::MLB);
    for body in [
        format!(r#"{{"card_number":"{0}","security_code":"{CODE}","card_number":"{0}"}}"#, card.number),
        format!(r#"{{"card_number":{},"security_code":{CODE},"#, card.number),
        format!(r#"["{}","{CODE}"]"#, card.number),
    ] {
        seller.call(axum::http::Method::POST, "/v1/card_tokens").body(body).send().await.refused();
    }
    // In an address, as pages of the library's first version send it, taken and refused.
    for month in [11, 13] {
        let body =
            with(card.token_request("APRO"), json!({"security_code": CODE, "expiration_month": month}));
        let body = body.to_string().replace('"', "%22").replace(' ', "%20");
        let told = seller.get(&format!("/v1/card_tokens?callback=told&_method=POST&_body={body}")).await;
        assert_eq!(told.status, 200);
        assert!(!told.text().contains(&card.number));
    }
    let refused = with(seller.card_payment("APRO").await, json!({"card_number": card.number}));
    assert!(!seller.post("/v1/payments", &refused).await.text().contains(&card.number));
    let token = seller.card_token_of(&card_numbered(Site::MLB, CHALLENGED), "APRO").await;
    seller.pay_by_card_with("APRO", json!({"token": token, "three_d_secure_mode": "optional"})).await;
    // While it runs, and after it has ended.
    let check = |when: &str, files: Vec<(String, Vec<u8>)>| {
        assert!(files.iter().any(|(_, bytes)| bytes.len() > 10_000), "{when}: something is stored");
        for (path, bytes) in &files {
            for number in &numbers {
                assert!(!contains(bytes, number.as_bytes()), "{when}: {path} holds a card number");
            }
            assert!(!contains(bytes, format!("\"{CODE}\"").as_bytes()), "{when}: {path} holds a CVV");
            assert!(!contains(bytes, b"security_code\":"), "{when}: {path} holds a request");
            for site in SITES {
                for pair in [&seed(site).test, &seed(site).live] {
                    assert!(
                        !contains(bytes, pair.access_token.as_bytes()),
                        "{when}: {path} holds an access token"
                    );
                }
                assert!(!contains(bytes, seed(site).application.webhook_secret.as_bytes()), "{when}: {path}");
            }
            assert!(
                !contains(bytes, token_of(&refused).as_bytes()),
                "{when}: {path} holds a card token's id"
            );
        }
    };
    check("while it runs", contents(directory.path()).await);
    seller.advance("P9D").await;
    drop(seller);
    stop.send(true).unwrap();
    workers.await.unwrap();
    app.close().await;
    check("after it has ended", contents(directory.path()).await);
    let said = said.0.lock().unwrap();
    assert!(contains(&said, b"answered"), "the server says something");
    for number in &numbers {
        assert!(!contains(&said, number.as_bytes()), "a card number was said");
    }
    for secret in [format!("\"{CODE}\""), format!(":{CODE},"), format!("={CODE} "), format!("={CODE}\n")] {
        // Not the beginning of another test's number.
        assert!(!contains(&said, secret.as_bytes()), "a CVV was said");
    }
    for site in SITES {
        for pair in [&seed(site).test, &seed(site).live] {
            assert!(!contains(&said, pair.access_token.as_bytes()), "an access token was said");
        }
    }
}

fn token_of(body: &serde_json::Value) -> String {
    body["token"].as_str().unwrap().to_owned()
}
