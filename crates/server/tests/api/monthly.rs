//! The result of the month: measured once, published on the tenth, told as a notification and by e-mail.

use crate::test_app::{Client, TestApp, seed};
use pasarela_domain::site::Site;
use serde_json::{Value, json};

fn measurements() -> String {
    format!("/v1/applications/{}/quality/measurements", seed(Site::MLB).application.id)
}

/// A seller that is told of measurements.
async fn told(app: &TestApp) -> Client {
    let seller = app.seller(Site::MLB);
    let settings = json!({"url": "https://shop.example/hooks", "topics": ["pasarela_quality"]});
    seller.put("/pasarela/webhooks", &settings).await.expect(200);
    seller
}

async fn shown(seller: &Client) -> Vec<Value> {
    seller.get(&measurements()).await.expect(200)["results"].as_array().unwrap().clone()
}

fn months(results: &[Value]) -> Vec<&str> {
    results.iter().map(|report| report["month"].as_str().unwrap()).collect()
}

async fn deliveries(seller: &Client) -> Vec<Value> {
    let told = seller.get("/pasarela/webhooks/deliveries?topic=pasarela_quality").await.expect(200);
    told["results"].as_array().unwrap().clone()
}

/// The e-mails that were sent.
fn letters(app: &TestApp) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(app.engine.outbox().unwrap()) else { return Vec::new() };
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[tokio::test]
async fn each_month_is_measured_once_and_published_on_the_tenth() {
    let app = TestApp::at("2030-03-02T12:00:00-03:00").await;
    let seller = told(&app).await;
    let look = async || app.engine.measure_what_is_due().await.unwrap();
    look().await;
    let payment = seller.pay_by_card("APRO").await;
    look().await;
    look().await;
    assert!(shown(&seller).await.is_empty(), "not before the tenth");
    seller.advance("P6D").await;
    look().await;
    assert!(shown(&seller).await.is_empty() && letters(&app).is_empty(), "the eighth");
    seller.advance("P2D").await;
    look().await;
    look().await;
    let results = shown(&seller).await;
    assert_eq!(months(&results), ["2030-03"], "{results:#?}");
    assert_eq!(
        (&results[0]["measurement_type"], &results[0]["payment_id"]),
        (&json!("automatic"), &payment["id"])
    );
    assert_eq!(results[0]["published_at"], "2030-03-09T23:00:00.000-04:00", "midnight in Brazil");
    let told = deliveries(&seller).await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["action"], "measurement.published");
    let letters_then = letters(&app);
    assert_eq!(letters_then.len(), 1, "{letters_then:#?}");
    let subject = format!("Subject: Pasarela: qualidade {}/100, 2030-03\r\n", results[0]["score"]);
    assert!(letters_then[0].contains(&subject), "{}", letters_then[0]);
    assert!(letters_then[0].contains(&format!("To: {}\r\n", seed(Site::MLB).account.email)));
    seller.advance("P25D").await;
    look().await;
    seller.advance("P8D").await;
    look().await;
    assert_eq!(months(&shown(&seller).await), ["2030-04", "2030-03"], "the next month's, too");
    assert_eq!(letters(&app).len(), 2);
}

#[tokio::test]
async fn months_that_a_test_clock_jumps_over_are_measured_too() {
    let app = TestApp::at("2030-03-05T12:00:00-03:00").await;
    let seller = told(&app).await;
    let first = seller.pay_by_card("APRO").await;
    seller.advance("P20D").await;
    let second = seller.pay_by_card("APRO").await;
    seller.advance("P70D").await;
    app.engine.measure_what_is_due().await.unwrap();
    let results = shown(&seller).await;
    assert_eq!(
        months(&results),
        ["2030-05", "2030-04", "2030-03"],
        "June is not published yet: {results:#?}"
    );
    let payments: Vec<_> = results.iter().map(|report| &report["payment_id"]).collect();
    assert_eq!(payments, [&second["id"], &second["id"], &first["id"]], "each by the newest of its window");
    assert_eq!(deliveries(&seller).await.len(), 3);
    assert_eq!(letters(&app).len(), 1, "one e-mail, of the newest");
    assert!(letters(&app)[0].contains("2030-05"));
}

#[tokio::test]
async fn who_pays_after_the_window_is_measured_next_month() {
    let app = TestApp::at("2030-03-20T12:00:00-03:00").await;
    let seller = told(&app).await;
    seller.pay_by_card("APRO").await;
    app.engine.measure_what_is_due().await.unwrap();
    seller.advance("P25D").await;
    app.engine.measure_what_is_due().await.unwrap();
    assert_eq!(months(&shown(&seller).await), ["2030-04"]);
}

#[tokio::test]
async fn a_month_is_there_once_whoever_measures_and_neither_lost_by_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let seller = told(&app).await;
    let before = seller.pay_by_card("APRO").await;
    seller.advance("P31D").await;
    // As several nodes would that think an account is theirs.
    let looks = (0..4).map(|_| {
        let engine = app.engine.clone();
        tokio::spawn(async move { engine.measure_what_is_due().await })
    });
    for look in looks.collect::<Vec<_>>() {
        look.await.unwrap().unwrap();
    }
    app.close().await;
    let app = TestApp::in_directory(directory.path()).await;
    let seller = app.seller(Site::MLB);
    app.engine.measure_what_is_due().await.unwrap();
    seller.advance("P31D").await;
    app.engine.measure_what_is_due().await.unwrap();
    let results = shown(&seller).await;
    let mut once = months(&results);
    once.dedup();
    assert_eq!(once.len(), results.len(), "{results:#?}");
    assert!(!once.is_empty() && results.iter().all(|report| report["payment_id"] == before["id"]));
    assert_eq!(deliveries(&seller).await.len(), results.len(), "and told once");
    app.close().await;
}

#[tokio::test]
async fn a_moved_clock_is_looked_at_without_waiting() {
    let app = TestApp::at("2030-03-02T12:00:00-03:00").await;
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let engine = app.engine.clone();
    tokio::spawn(async move { engine.run_workers(Vec::new(), stopped).await });
    let seller = told(&app).await;
    seller.pay_by_card("APRO").await;
    seller.advance("P9D").await;
    let until_shown = async {
        while shown(&seller).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), until_shown).await.expect("a measurement");
}
