//! `POST /users/test_user`

use crate::panel::Browser;
use crate::test_app::TestApp;
use pasarela_domain::identity::Mode;
use pasarela_domain::site::{SITES, Site};
use pasarela_engine::audit::Actor;
use serde_json::json;

#[tokio::test]
async fn a_test_user_of_each_site_sells_to_another_one_and_moves_no_real_money() {
    let app = TestApp::new().await;
    let maker = app.live_seller(Site::MLA);
    for site in SITES {
        let user =
            maker.post("/users/test_user", &json!({"site_id": site.id(), "description": "shop"})).await;
        let user = user.expect(201);
        let email = user["email"].as_str().unwrap();
        assert!(email.starts_with("test_user_") && email.ends_with("@testuser.com"), "{user}");
        assert_eq!(user["site_status"], "active");
        let cards = user["cards"].as_array().unwrap();
        assert!(
            cards.len() >= 2 && cards.iter().all(|card| card["payment_method"]["id"].is_string()),
            "{user}"
        );
        let wallet =
            app.seller(site).get(&format!("/sandbox/wallet?user_id={}", user["id"])).await.expect(200);
        assert_eq!(wallet["cards"], cards.len());
        for pair in ["test", "live"] {
            let token = user["credentials"][pair]["access_token"].as_str().unwrap();
            let me = app.bearer(token).get("/users/me").await.expect(200);
            assert_eq!((&me["id"], &me["site_id"]), (&user["id"], &json!(site.id())));
            assert!(me["tags"].as_array().unwrap().contains(&json!("test_user")), "{me}");
            // Whatever its token looks like, it is of test mode.
            app.bearer(token).get("/sandbox/clock").await.expect(200);
        }
        if site == Site::MLB {
            let token = user["credentials"]["live"]["access_token"].as_str().unwrap();
            let pix = json!({"transaction_amount": 10, "payment_method_id": "pix", "payer": {"email": "b@testuser.com"}});
            let paid = app.bearer(token).post("/v1/payments", &pix).await.expect(201);
            assert_eq!(paid["live_mode"], false);
        }
    }
    let buyer = maker.post("/users/test_user", &json!({"site_id": "MLA", "amount": 500})).await.expect(201);
    let wallet = |amount: i64| json!({"transaction_amount": amount, "payment_method_id": "account_money", "payer": {"email": buyer["email"]}});
    let seller = app.seller(Site::MLA);
    let paid = seller.post("/v1/payments", &wallet(400)).await.expect(201);
    assert_eq!(
        (&paid["status"], &paid["payer"]["id"]),
        (&json!("approved"), &json!(buyer["id"].to_string())),
        "{paid}"
    );
    let poor = seller.post("/v1/payments", &wallet(400)).await.expect(201);
    assert_eq!(poor["status"], "rejected", "{poor}");
    let mut browser = Browser::new(&app);
    browser.get("/panel/login").await;
    let fields =
        [("name", buyer["nickname"].as_str().unwrap()), ("password", buyer["password"].as_str().unwrap())];
    assert_eq!(browser.post("/panel/login", &fields).await.status, 303);
}

#[tokio::test]
async fn no_live_credentials_reach_a_test_user() {
    let app = TestApp::new().await;
    let user =
        app.live_seller(Site::MLA).post("/users/test_user", &json!({"site_id": "MLA"})).await.expect(201);
    let (id, actor) = (user["id"].as_i64().unwrap(), Actor::operator("test"));
    let request = json!({"name": "Another"});
    let request = request.as_object().unwrap();
    let (made, secrets) = app.engine.create_application(id, request, &actor).await.unwrap();
    for shown in app.engine.own_credentials(id, made.id).await.unwrap() {
        assert_ne!(shown.kept.mode, Some(Mode::Live));
    }
    let renewed = app.engine.renew_credentials(id, made.id, Mode::Live, 0, &actor).await;
    assert!(renewed.is_err(), "no live pair is drawn");
    app.engine.renew_credentials(id, made.id, Mode::Test, 0, &actor).await.unwrap();
    let decided = app.engine.decide_activation(made.id, true, "", &actor).await;
    assert!(decided.is_err(), "its live credentials never work");
    let asked = json!({"client_id": made.id.to_string(), "client_secret": secrets.client_secret,
        "grant_type": "client_credentials"});
    let token = app.stranger().post("/oauth/token", &asked).await.expect(200);
    assert_eq!(token["live_mode"], false, "{token}");
}

#[tokio::test]
async fn there_are_ten_at_most_and_what_can_not_be_is_refused() {
    let app = TestApp::new().await;
    let maker = app.seller(Site::MLB);
    for body in [
        json!({}),
        json!({"site_id": "MLX"}),
        json!({"site_id": "MLB", "amount": -1}),
        json!({"site_id": "MLB", "amount": 1e12}),
        json!({"site_id": "MLB", "amount": "5"}),
    ] {
        assert_eq!(maker.post("/users/test_user", &body).await.status, 400, "{body}");
    }
    for _ in 0..10 {
        maker.post("/users/test_user", &json!({"site_id": "MLB"})).await.expect(201);
    }
    let refused = maker.post("/users/test", &json!({"site_id": "MLB"})).await.expect(400);
    assert_eq!(refused["error"], "too_many_test_users");
}
