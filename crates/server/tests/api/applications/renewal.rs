//! New credentials come, old ones go when it was said, and nothing is lost in between.

use super::{second, text};
use crate::test_app::{TestApp, seed};
use pasarela_domain::site::Site;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

async fn renew(app: &TestApp, id: &Value, body: Value) -> Value {
    let path = format!("/v1/applications/{id}/credentials");
    app.live_seller(Site::MLA).post(&path, &body).await.expect(201)
}

#[tokio::test]
async fn well_known_credentials_are_renewed_too_and_the_other_mode_stays() {
    let app = TestApp::new().await;
    let id = json!(seed(Site::MLA).application.id);
    let new = renew(&app, &id, json!({"renew": "test", "grace": "PT0S"})).await;
    assert!(text(&new, "/access_token").starts_with("TEST-") && new["previous_until"].is_null());
    assert_eq!(app.seller(Site::MLA).get("/users/me").await.status, 401, "at once");
    assert_eq!(app.browser(Site::MLA).get("/v1/payment_methods").await.status, 400);
    app.bearer(text(&new, "/access_token")).get("/users/me").await.expect(200);
    let key = text(&new, "/public_key");
    app.stranger().get(&format!("/v1/payment_methods?public_key={key}")).await.expect(200);
    app.live_seller(Site::MLA).get("/users/me").await.expect(200);
}

#[tokio::test]
async fn a_list_says_which_work_until_when_and_when_they_were_used() {
    let app = TestApp::new().await;
    let made = second(&app).await;
    let path = format!("/v1/applications/{}/credentials", made["id"]);
    app.bearer(text(&made, "/credentials/test/access_token")).get("/users/me").await.expect(200);
    let new = renew(&app, &made["id"], json!({"renew": "test"})).await;
    let listed = app.live_seller(Site::MLA).get(&path).await.expect(200);
    let listed = listed["results"].as_array().unwrap();
    let of = |kind: &str, is_old: bool| {
        let found = listed
            .iter()
            .find(|one| one["kind"] == kind && one["mode"] == "test" && one["expires"].is_string() == is_old);
        found.unwrap_or_else(|| panic!("{kind} {is_old}: {listed:?}"))
    };
    assert_eq!(of("access_token", true)["expires"], new["previous_until"]);
    assert!(
        of("access_token", true)["last_used"].is_string() && of("access_token", false)["last_used"].is_null()
    );
    assert_eq!(of("public_key", false)["secret"], new["public_key"]);
    assert!(listed.iter().all(|one| one["kind"] == "public_key" || one["secret"].is_null()), "{listed:?}");
    for bad in [
        json!({}),
        json!({"renew": "all"}),
        json!({"renew": "test", "grace": "P31D"}),
        json!({"renew": "test", "grace": 1}),
    ] {
        assert_eq!(app.live_seller(Site::MLA).post(&path, &bad).await.status, 400, "{bad}");
    }
}

/// Many callers pay with the old token while it is renewed with a grace of a second: the old one is good for as long as
/// was promised and not longer, the new one from the first moment, and each acknowledged payment is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_under_load_loses_nothing() {
    const GRACE: Duration = Duration::from_secs(1);
    const CALLERS: usize = 8;
    const LOOK: Duration = Duration::from_millis(20);
    let app = Arc::new(TestApp::new().await);
    let made = second(&app).await;
    let old = text(&made, "/credentials/test/access_token").to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    // Callers who have paid, and callers who were refused.
    let (paid, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        let (app, old, stop) = (app.clone(), old.clone(), stop.clone());
        let (paid, refused) = (paid.clone(), refused.clone());
        callers.push(tokio::spawn(async move {
            let client = app.bearer(&old);
            let body = json!({"transaction_amount": 100, "payment_method_id": "rapipago", "payer": {"email": "b@testuser.com"}});
            let (mut made, mut last_good, mut first_refused) = (Vec::new(), None, None);
            while !stop.load(Ordering::Relaxed) {
                let asked = Instant::now();
                let answer = client.post("/v1/payments", &body).await;
                match answer.status.as_u16() {
                    201 => {
                        assert!(first_refused.is_none(), "refused, and accepted again");
                        made.push(answer.expect(201)["id"].clone());
                        paid.fetch_add(usize::from(made.len() == 1), Ordering::Relaxed);
                        last_good = Some(asked);
                    }
                    401 => {
                        if first_refused.is_none() {
                            first_refused = Some(Instant::now());
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        // A refusal from memory awaits nothing: the others must have their turn.
                        tokio::task::yield_now().await;
                    }
                    other => panic!("{other}: {}", answer.text()),
                }
            }
            (made, last_good, first_refused)
        }));
    }
    let go_on =
        |callers: &[JoinHandle<_>]| assert!(!callers.iter().any(JoinHandle::is_finished), "see above");
    while paid.load(Ordering::Relaxed) < CALLERS {
        go_on(&callers);
        tokio::time::sleep(LOOK).await;
    }
    let asked = Instant::now();
    let new = renew(&app, &made["id"], json!({"renew": "test", "grace": "PT1S"})).await;
    let answered = Instant::now();
    let fresh = app.bearer(text(&new, "/access_token"));
    fresh.get("/users/me").await.expect(200);
    while refused.load(Ordering::Relaxed) < CALLERS {
        go_on(&callers);
        fresh.get("/users/me").await.expect(200);
        tokio::time::sleep(LOOK).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut total = 0;
    for caller in callers {
        let (made, last_good, first_refused) = caller.await.unwrap();
        let (last_good, first_refused) = (last_good.unwrap(), first_refused.expect("the old one is refused"));
        assert!(last_good < answered + GRACE, "the old one worked too long");
        // The clock of the grace counts whole milliseconds.
        let rounded = asked + GRACE - Duration::from_millis(1);
        assert!(first_refused >= rounded, "the old one was refused too early");
        for id in &made {
            fresh.get(&format!("/v1/payments/{id}")).await.expect(200);
        }
        total += made.len();
    }
    assert!(total > 0);
}
