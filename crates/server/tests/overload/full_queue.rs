//! More writes at once than the store's queue holds.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use pasarela_engine::{Engine, EngineOptions, seeds};
use rusqlite::Connection;
use serde_json::Value;
use std::time::Duration;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// More than the 4,096 that may wait, and the 256 that are taken from them at once.
const WRITES: usize = 5_000;
const LIMIT: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_beyond_the_queue_are_asked_to_come_again_and_the_others_are_done() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::open(EngineOptions {
        directory: Some(directory.path().to_owned()),
        development: true,
        public_url: "http://pasarela.test".to_owned(),
        ..EngineOptions::default()
    })
    .await
    .unwrap();
    let router = pasarela_server::router(engine.clone());

    // Somebody else's program has the database for itself: nothing is written, and everything waits.
    let other = Connection::open(directory.path().join("pasarela.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut writes = JoinSet::new();
    for _ in 0..WRITES {
        writes.spawn(tokenise(router.clone()));
    }
    let (mut made, mut refused) = (Vec::new(), 0);
    while let Some(answer) = tokio::time::timeout(LIMIT, writes.join_next()).await.expect("an answer in time")
    {
        match answer.unwrap() {
            (StatusCode::CREATED, body) => made.push(body["id"].as_str().unwrap().to_owned()),
            (status, body) => {
                assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
                refused += 1;
                if refused == 1 {
                    // The first that had no place: now the others may go on.
                    other.execute_batch("COMMIT").unwrap();
                }
            }
        }
    }
    assert!(refused > 0 && made.len() + refused == WRITES);
    println!("{} card tokens, {refused} asked to come again", made.len());

    // After the storm: there is room again, and all that was acknowledged is there.
    let (status, _) = tokenise(router.clone()).await;
    assert_eq!(status, StatusCode::CREATED);
    for token in made {
        let path = format!("/v1/card_tokens/{token}");
        let (status, body) = call(router.clone(), Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((status, &body["id"]), (StatusCode::OK, &Value::from(token)));
    }
    assert_eq!(engine.counters().waiting, 0);
    engine.close().await;
}

/// A card token without a card yet: the smallest thing that is written.
async fn tokenise(router: Router) -> (StatusCode, Value) {
    call(router, Request::post("/v1/card_tokens").body(Body::from("{}")).unwrap()).await
}

async fn call(router: Router, mut request: Request<Body>) -> (StatusCode, Value) {
    let bearer = format!("Bearer {}", seeds::sellers()[0].test.access_token);
    request.headers_mut().insert(header::AUTHORIZATION, bearer.parse().unwrap());
    let answer = router.oneshot(request).await.unwrap();
    let (status, retry_after) = (answer.status(), answer.headers().get(header::RETRY_AFTER).cloned());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        assert_eq!(retry_after.expect("Retry-After"), "1");
    }
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}
