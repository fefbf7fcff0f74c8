//! `/pasarela/webhooks`: settings, precedence, secrets, history, and programs that listen.

use crate::test_app::{Client, TestApp, pix_body, seed, with};
use axum::body::{Body, Bytes, HttpBody};
use axum::http::Method;
use pasarela_domain::site::Site;
use pasarela_engine::notifications::message::Message;
use pasarela_engine::notifications::sender::SendFailure;
use pasarela_engine::notifications::streams::MOST_STREAMS;
use pasarela_engine::notifications::{AnswerFuture, Answered, Courier};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longer than anything that is awaited here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

async fn told(seller: &Client, payment: &Value) -> Vec<(String, String, String)> {
    let page =
        seller.get(&format!("/pasarela/webhooks/deliveries?resource_id={}", payment["id"])).await.expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let results = page["results"].as_array().unwrap().iter().rev();
    results.map(|made| (text(&made["format"]), text(&made["url"]), text(&made["action"]))).collect()
}

fn told_of(made: &[(&str, &str)]) -> Vec<(String, String, String)> {
    let created = |(format, url): &(&str, &str)| {
        ((*format).to_owned(), (*url).to_owned(), "payment.created".to_owned())
    };
    made.iter().map(created).collect()
}

#[tokio::test]
async fn settings_of_test_and_live_are_apart_and_what_is_not_named_stays() {
    let app = TestApp::new().await;
    let (seller, live) = (app.seller(Site::MLB), app.live_seller(Site::MLB));
    let none = seller.get("/pasarela/webhooks").await.expect(200);
    assert_eq!(
        (&none["url"], &none["topics"], &none["live_mode"]),
        (&json!(null), &json!([]), &json!(false))
    );
    let set = json!({"url": "http://shop.test/hook", "ipn_url": "http://shop.test/ipn"});
    let now = seller.put("/pasarela/webhooks", &set).await.expect(200);
    assert_eq!((&now["topics"], &now["ipn_topics"]), (&json!(["payment"]), &json!(["payment"])));
    let set = json!({"topics": ["payment", "order"], "ipn_url": null});
    seller.put("/pasarela/webhooks", &set).await.expect(200);
    let now = seller.get("/pasarela/webhooks").await.expect(200);
    assert_eq!((&now["url"], &now["ipn_url"]), (&json!("http://shop.test/hook"), &json!(null)));
    assert_eq!(now["topics"], json!(["payment", "order"]));
    assert_eq!(live.get("/pasarela/webhooks").await.expect(200)["url"], json!(null));
    // Another seller's are its own.
    assert_eq!(app.seller(Site::MLA).get("/pasarela/webhooks").await.expect(200)["url"], json!(null));
}

#[tokio::test]
async fn what_can_not_be_set_is_refused_with_what_can() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for (body, word) in [
        (json!({"url": "shop"}), "url must be an http or https address"),
        (json!({"url": 7}), "url is a text or null"),
        (json!({"topics": "payment"}), "topics is a list of texts"),
        (json!({"topics": ["payments"]}), "topic_merchant_order_wh"),
        (json!({"ipn_topics": ["order"]}), "merchant_order"),
    ] {
        let refused = seller.put("/pasarela/webhooks", &body).await.refused();
        assert!(refused.starts_with("400") && refused.contains(word), "{refused}");
    }
    for query in ["state=lost", "limit=x", "before=-1", "begin_date=yesterday"] {
        let answer = seller.get(&format!("/pasarela/webhooks/deliveries?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_payments_own_address_comes_before_the_applications() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let pix = seller.pix().await;
    assert_eq!(told(&seller, &pix).await, []);
    let set = json!({"url": "http://shop.test/hook", "ipn_url": "http://shop.test/ipn"});
    seller.put("/pasarela/webhooks", &set).await.expect(200);
    let pix = seller.pix().await;
    let both = [("webhook", "http://shop.test/hook"), ("ipn", "http://shop.test/ipn")];
    assert_eq!(told(&seller, &pix).await, told_of(&both));
    let own = "http://shop.test/own?source_news=webhooks";
    let pix =
        seller.post("/v1/payments", &with(pix_body(), json!({"notification_url": own}))).await.expect(201);
    assert_eq!(told(&seller, &pix).await, told_of(&[("webhook", own)]));
    seller.put("/pasarela/webhooks", &json!({"topics": ["order"], "ipn_topics": []})).await.expect(200);
    let pix = seller.pix().await;
    assert_eq!(told(&seller, &pix).await, []);
}

#[tokio::test]
async fn the_history_is_the_callers_and_a_delivery_is_sent_again() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    seller.put("/pasarela/webhooks", &json!({"url": "http://shop.test/hook"})).await.expect(200);
    for _ in 0..3 {
        seller.pix().await;
    }
    let page = seller.get("/pasarela/webhooks/deliveries?limit=2&state=pending").await.expect(200);
    assert_eq!(page["results"].as_array().unwrap().len(), 2);
    let rest = format!("/pasarela/webhooks/deliveries?limit=2&before={}", page["next"]);
    let rest = seller.get(&rest).await.expect(200);
    assert_eq!((rest["results"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
    let id = &rest["results"][0]["id"];
    let path = format!("/pasarela/webhooks/deliveries/{id}");
    let one = seller.get(&path).await.expect(200);
    assert_eq!((&one["state"], &one["history"]), (&json!("pending"), &json!([])));
    assert_eq!(seller.post(&format!("{path}/resend"), &json!({})).await.expect(200)["state"], "pending");
    for other in [app.live_seller(Site::MLB), app.seller(Site::MLA)] {
        assert_eq!(other.get(&path).await.status, 404);
        assert_eq!(other.post(&format!("{path}/resend"), &json!({})).await.status, 404);
        let none = other.get("/pasarela/webhooks/deliveries").await.expect(200);
        assert_eq!(none["results"], json!([]));
    }
    assert_eq!(seller.get("/pasarela/webhooks/deliveries/x").await.status, 404);
}

#[tokio::test]
async fn a_secret_is_shown_once_and_the_one_before_it_has_a_time_of_grace() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let rotated = seller.post("/pasarela/webhooks/secret", &json!({"grace": "PT1H"})).await.expect(201);
    assert_eq!(rotated["secret"].as_str().unwrap().len(), 64);
    assert!(rotated["previous_secret_until"].is_string());
    let now = seller.get("/pasarela/webhooks").await;
    assert!(now.expect(200)["previous_secret_until"].is_string());
    assert!(!now.text().contains(rotated["secret"].as_str().unwrap()));
    let at_once = seller.post("/pasarela/webhooks/secret", &json!({"grace": "PT0S"})).await.expect(201);
    assert_ne!(at_once["secret"], rotated["secret"]);
    assert_eq!(at_once["previous_secret_until"], json!(null));
    for grace in [json!("P31D"), json!("soon"), json!(7)] {
        let answer = seller.post("/pasarela/webhooks/secret", &json!({"grace": grace})).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
}

/// A program that listens for longer than any test lasts.
struct Listening(Body);

impl Listening {
    /// From now on: the stream's first sign of life has come.
    async fn begin(seller: &Client) -> Listening {
        let answer =
            seller.call(Method::GET, "/pasarela/webhooks/stream?seconds=3600&topics=payment").begin().await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
        let mut listening = Listening(answer.into_body());
        assert_eq!(listening.line().await, "\n");
        listening
    }

    async fn line(&mut self) -> Bytes {
        let next = poll_fn(|context| Pin::new(&mut self.0).poll_frame(context));
        let next = tokio::time::timeout(LIMIT, next).await.expect("something in time");
        next.expect("the stream goes on").unwrap().into_data().unwrap()
    }

    /// What it is handed next.
    async fn handed(&mut self) -> Value {
        loop {
            let line = self.line().await;
            if line != "\n" {
                return serde_json::from_slice(&line).unwrap();
            }
        }
    }
}

/// What a stream gives until it ends, its signs of life left out.
async fn listen(seller: &Client, query: &str) -> Vec<Value> {
    let answer = seller.call(Method::GET, &format!("/pasarela/webhooks/stream?{query}")).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let text = answer.text();
    text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_program_that_listens_is_handed_an_event_and_its_answer_is_the_attempt() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let mut listening = Listening::begin(&seller).await;
    let pix = seller.pix().await;
    let handed = listening.handed().await;
    assert_eq!((&handed["topic"], &handed["action"]), (&json!("payment"), &json!("payment.created")));
    assert_eq!(handed["resource_id"], pix["id"].to_string());
    assert_eq!(handed["query"], format!("data.id={}&type=payment", pix["id"]));
    let headers = &handed["request"]["headers"];
    assert_eq!(headers["x-signature"], handed["signature"]);
    assert_eq!(headers["x-request-id"], handed["request_id"]);
    let path = format!("/pasarela/webhooks/deliveries/{}/answer", handed["id"]);
    let answer = json!({
        "attempt": handed["attempt"], "request_id": handed["request_id"], "signature": handed["signature"],
        "notification_id": handed["notification_id"], "started_ms": handed["started_ms"], "duration_ms": 12,
        "status": 500, "headers": [["server", "laptop"]], "body": "oh no",
    });
    assert_eq!(app.seller(Site::MLA).post(&path, &answer).await.status, 404);
    seller.post(&path, &answer).await.expect(200);
    assert_eq!(seller.post(&path, &answer).await.status, 409);
    let made = seller.get(&format!("/pasarela/webhooks/deliveries/{}", handed["id"])).await.expect(200);
    assert_eq!((&made["state"], &made["url"]), (&json!("failed"), &json!("listen:")));
    let attempt = &made["history"][0];
    assert_eq!(attempt["failure"], "status 500");
    assert_eq!(attempt["response"], json!({"status": 500, "headers": {"server": "laptop"}, "body": "oh no"}));
    assert_eq!(attempt["request"]["body"], handed["request"]["body"]);
    assert_eq!(attempt["request"]["headers"], handed["request"]["headers"]);
    // It breaks off, and another one leaves in good order: nobody listens any more.
    drop(listening);
    assert_eq!(listen(&seller, "seconds=1").await, [] as [Value; 0], "it was handed over once");
    let later = seller.pix().await;
    assert_eq!(told(&seller, &later).await, []);
    // What is sent again waits until somebody does.
    let again = format!("/pasarela/webhooks/deliveries/{}/resend", handed["id"]);
    assert_eq!(seller.post(&again, &json!({})).await.expect(200)["state"], "held");
    let second = Listening::begin(&seller).await.handed().await;
    assert_eq!((&second["id"], &second["attempt"]), (&handed["id"], &json!(1)));
}

#[tokio::test]
async fn who_listens_to_what_there_is_not_is_told() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for query in ["topics=payments", "seconds=4000", "seconds=x"] {
        let answer = seller.get(&format!("/pasarela/webhooks/stream?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
    }
    let refused = seller.post("/pasarela/webhooks/simulate", &json!({})).await.refused();
    assert!(refused.contains("has no test address"), "{refused}");
}

#[tokio::test]
async fn an_application_listens_over_so_many_streams_and_one_that_ends_makes_room() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let caller = app.engine.authenticate(&seed(Site::MLB).test.access_token).await.unwrap().unwrap();
    let listen = || app.engine.listen(&caller, Vec::new(), Duration::from_secs(600)).unwrap();
    let mut listening: Vec<_> = std::iter::repeat_with(listen).take(MOST_STREAMS).collect();
    let one_more = "/pasarela/webhooks/stream?seconds=1";
    let refused = seller.get(one_more).await;
    assert_eq!(refused.status, 429);
    assert!(refused.text().contains("end one of them"), "{}", refused.text());
    // Others have their own, and the other mode too.
    for other in [app.seller(Site::MLA), app.live_seller(Site::MLB)] {
        assert_eq!(other.get(one_more).await.status, 200);
    }
    drop(listening.pop());
    assert_eq!(seller.get(one_more).await.status, 200);
}

/// A receiver that is down for weeks. What came while it was up: the resource and the action.
#[derive(Clone, Default)]
struct LongDown {
    is_up: Arc<AtomicBool>,
    came: Arc<Mutex<Vec<(String, String)>>>,
}

impl Courier for LongDown {
    fn deliver<'a>(&'a self, message: &'a Message, _: Duration) -> AnswerFuture<'a> {
        let is_up = self.is_up.load(Ordering::SeqCst);
        if is_up {
            let body: Value = serde_json::from_slice(&message.body).unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            self.came.lock().unwrap().push((text(&body["data"]["id"]), text(&body["action"])));
        }
        let answer = if is_up {
            Ok(Answered { status: 200, ..Answered::default() })
        } else {
            Err(SendFailure::Refused)
        };
        Box::pin(async { answer })
    }
}

/// Waits until there are `count` notifications in `state`.
async fn until(seller: &Client, state: &str, count: usize) {
    let path = format!("/pasarela/webhooks/deliveries?limit=100&state={state}");
    let reached = async {
        while seller.get(&path).await.expect(200)["results"].as_array().unwrap().len() != count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, reached).await.unwrap_or_else(|_| panic!("{count} {state} in time"));
}

#[tokio::test]
async fn what_a_receiver_missed_that_was_paused_for_weeks_comes_in_order_once_it_is_resumed() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let receiver = LongDown::default();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let (engine, courier) = (app.engine.clone(), Arc::new(receiver.clone()));
    let workers = tokio::spawn(async move { engine.run_workers_with(courier, stopped).await });
    seller.put("/pasarela/webhooks", &json!({"url": "http://shop.test/hook"})).await.expect(200);
    seller.pix().await;
    until(&seller, "pending", 1).await;
    // The last attempt is made four days later; by then the first payment has expired unpaid, which is told behind it.
    seller.advance("P5D").await;
    until(&seller, "failed", 1).await;
    let paused = async {
        while seller.get("/pasarela/webhooks").await.expect(200)["failing"][0]["paused"] != json!(true) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, paused).await.expect("the address is paused in time");
    let mut missed = Vec::new();
    for _ in 0..3 {
        let paid = seller.pix().await;
        assert_eq!(seller.act(&paid, "pay").await.status, 200);
        let path = format!("/v1/payments/{}/refunds", paid["id"]);
        seller.post(&path, &json!({})).await.expect(201);
        missed.push(paid["id"].to_string());
        seller.advance("P6D").await;
    }
    let listed = seller.get("/pasarela/webhooks").await.expect(200);
    assert!(listed["warnings"][0].as_str().unwrap().contains("is held"), "{listed}");
    // Created, paid, refunded, each; and that the first one expired.
    until(&seller, "held", 10).await;
    receiver.is_up.store(true, Ordering::SeqCst);
    let resumed = seller.post("/pasarela/webhooks/resume", &json!({})).await.expect(200);
    assert_eq!(resumed["released"], json!(10), "{resumed}");
    until(&seller, "delivered", 10).await;
    let came = receiver.came.lock().unwrap().clone();
    for id in missed {
        let told: Vec<&str> =
            came.iter().filter(|(of, _)| *of == id).map(|(_, action)| action.as_str()).collect();
        assert_eq!(told, ["payment.created", "payment.updated", "payment.updated"], "{came:?}");
    }
    assert_eq!(came.len(), 10, "{came:?}");
    assert_eq!(seller.get("/pasarela/webhooks").await.expect(200)["failing"], json!([]));
    stop.send(true).unwrap();
    workers.await.unwrap();
}
