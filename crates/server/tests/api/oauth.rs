//! OAuth: the authorization page, codes, refresh tokens, an application's own token, and how a seller takes it back.

use crate::panel::Browser;
use crate::test_app::{Answer, TestApp, seed};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pasarela_domain::site::Site;
use regex::Regex;
use serde_json::{Value, json};

const BACK: &str = "https://market.example/back";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The Argentine seller's application is the marketplace; the Brazilian seller lets it in.
async fn marketplace(app: &TestApp, more: Value) -> i64 {
    let id = seed(Site::MLA).application.id;
    let mut body = json!({"redirect_url": BACK});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.live_seller(Site::MLA).put(&format!("/v1/applications/{id}"), &body).await.expect(200);
    id
}

async fn answered(app: &TestApp, query: &str, answer: &str) -> Answer {
    let mut browser = Browser::new(app);
    let path = format!("/authorization?{query}");
    let door = browser.get(&path).await;
    assert!(door.header("location").starts_with("/panel/login?next="), "{}", door.text());
    browser.log_in(Site::MLB).await;
    let page = browser.get(&path).await;
    assert!(page.text().contains("Development MLA"), "{}", page.text());
    browser.post(&path, &[("answer", answer)]).await
}

/// The code that the marketplace is sent.
async fn code(app: &TestApp, query: &str) -> String {
    let left = answered(app, query, "allow").await;
    let to = Regex::new(r"code=(TG-[0-9a-f]{24}-\d+)").unwrap();
    assert!(left.header("refresh").starts_with(&format!("0; url={BACK}?code=")), "{}", left.text());
    to.captures(left.header("refresh")).expect("a code")[1].to_owned()
}

async fn code_of(app: &TestApp, id: i64) -> String {
    code(app, &format!("client_id={id}&response_type=code")).await
}

fn with_secret(body: Value) -> Value {
    let mut body = body;
    body["client_id"] = json!(seed(Site::MLA).application.id.to_string());
    body["client_secret"] = json!(seed(Site::MLA).application.client_secret);
    body
}

async fn token(app: &TestApp, body: &Value) -> Answer {
    app.stranger().post("/oauth/token", body).await
}

fn refused(answer: &Answer) -> String {
    let body = answer.expect(400);
    assert_eq!(body["status"], 400);
    body["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_seller_lets_a_marketplace_in_and_out() {
    let app = TestApp::new().await;
    let id = marketplace(&app, json!({})).await;
    let seller = seed(Site::MLB).account.id;
    let query = format!("client_id={id}&response_type=code&platform_id=mp&state=a%2Fb");
    let code = code(&app, &query).await;
    let body = with_secret(
        json!({"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "test_token": true}),
    );
    let granted = token(&app, &body).await;
    assert_eq!(granted.header("cache-control"), "no-store");
    let granted = granted.expect(200);
    assert_eq!((&granted["user_id"], &granted["live_mode"]), (&json!(seller), &json!(false)));
    assert_eq!(
        (&granted["expires_in"], &granted["scope"]),
        (&json!(15_552_000), &json!("offline_access read write"))
    );
    assert_eq!(granted["token_type"], "Bearer");
    let access = granted["access_token"].as_str().unwrap();
    assert!(
        access.starts_with(&format!("TEST-{id}-")) && access.ends_with(&format!("-{seller}")),
        "{access}"
    );
    assert!(granted["public_key"].as_str().unwrap().starts_with("TEST-"));

    // It acts for the seller, and takes a fee; what is the seller's own it does not touch.
    let market = app.bearer(access);
    assert_eq!(market.get("/users/me").await.expect(200)["id"], seller);
    let mut payment = market.card_payment("APRO").await;
    payment["application_fee"] = json!(1);
    let paid = market.post("/v1/payments", &payment).await.expect(201);
    assert_eq!(paid["collector_id"], seller);
    assert!(paid["fee_details"].to_string().contains("application_fee"), "{paid}");
    assert_eq!(market.get("/v1/applications").await.status, 403);
    assert_eq!(market.post("/v1/applications", &json!({"name": "x"})).await.status, 403);

    let refresh =
        with_secret(json!({"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}));
    let second = token(&app, &refresh).await.expect(200);
    assert_ne!(second["access_token"], granted["access_token"]);
    assert_ne!(second["refresh_token"], granted["refresh_token"]);
    assert_eq!((&second["public_key"], &second["live_mode"]), (&granted["public_key"], &json!(false)));
    // Whose answer was lost asks once more; what it did not get is worth nothing then.
    let again = token(&app, &refresh).await.expect(200);
    assert_ne!(again["refresh_token"], second["refresh_token"]);
    let with =
        |refresh: &Value| with_secret(json!({"grant_type": "refresh_token", "refresh_token": refresh}));
    assert_eq!(refused(&token(&app, &with(&second["refresh_token"])).await), "invalid_grant");
    let third = token(&app, &with(&again["refresh_token"])).await.expect(200);
    assert_eq!(refused(&token(&app, &refresh).await), "invalid_grant", "its successor was used");
    let second = third;

    // Out again: from the seller's panel, at once and for all tokens.
    let mut browser = Browser::new(&app);
    browser.log_in(Site::MLB).await;
    let page = browser.get("/panel/connections").await;
    assert!(page.text().contains("Development MLA"), "{}", page.text());
    let out = browser.post("/panel/connections", &[("application", &id.to_string())]).await;
    assert_eq!(out.status, 303, "{}", out.text());
    for token in [&granted, &second] {
        assert_eq!(app.bearer(token["access_token"].as_str().unwrap()).get("/users/me").await.status, 401);
    }
    let key = granted["public_key"].as_str().unwrap();
    assert!(
        app.stranger().get(&format!("/v1/payment_methods?public_key={key}")).await.status.is_client_error()
    );
    let last = with_secret(json!({"grant_type": "refresh_token", "refresh_token": second["refresh_token"]}));
    assert_eq!(refused(&token(&app, &last).await), "invalid_grant");
    app.seller(Site::MLB).get("/users/me").await.expect(200);
}

#[tokio::test]
async fn two_who_use_a_code_at_once_get_one_token() {
    let app = TestApp::new().await;
    let id = marketplace(&app, json!({})).await;
    let code = code(&app, &format!("client_id={id}&response_type=code")).await;
    let body = with_secret(json!({"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}));
    let answers = tokio::join!(token(&app, &body), token(&app, &body), token(&app, &body));
    let statuses = [answers.0.status, answers.1.status, answers.2.status];
    assert_eq!(statuses.iter().filter(|status| status.is_success()).count(), 1, "{statuses:?}");
}

#[tokio::test]
async fn pkce_is_demanded_where_it_is_on_and_held_to() {
    let app = TestApp::new().await;
    let id = marketplace(&app, json!({"pkce": true})).await;
    let query =
        format!("client_id={id}&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let body = |code: &str, verifier: Option<&str>| {
        let mut body =
            with_secret(json!({"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}));
        body["code_verifier"] = json!(verifier);
        body
    };
    let code = code(&app, &query).await;
    for wrong in [None, Some(CHALLENGE), Some("short")] {
        assert_eq!(refused(&token(&app, &body(&code, wrong)).await), "invalid_grant", "{wrong:?}");
    }
    // Nothing wrong uses it up.
    token(&app, &body(&code, Some(VERIFIER))).await.expect(200);
    let without = Browser::new(&app).get(&format!("/authorization?client_id={id}&response_type=code")).await;
    // Nobody is logged in: there is a link, and nothing that follows it by itself.
    assert_eq!(without.header("refresh"), "");
    assert!(without.text().contains("error=invalid_request"), "{}", without.text());
    let plain = format!("client_id={id}&response_type=code&code_challenge={VERIFIER}");
    let plain = Browser::new(&app).get(&format!("/authorization?{plain}")).await;
    assert!(plain.text().contains("error=invalid_request"), "{}", plain.text());
}

#[tokio::test]
async fn who_asks_wrongly_is_sent_nowhere_or_told_at_home() {
    let app = TestApp::new().await;
    let id = marketplace(&app, json!({"scopes": "read"})).await;
    let ask = async |query: String| Browser::new(&app).get(&format!("/authorization?{query}")).await;
    for foreign in [
        format!("client_id={id}&response_type=code&redirect_uri=https://evil.example"),
        format!("client_id={id}&client_id=7&response_type=code"),
        format!("client_id={id}&response_type=code&redirect_uri={BACK}&redirect_uri={BACK}"),
        "client_id=7&response_type=code".to_owned(),
        "response_type=code".to_owned(),
    ] {
        let page = ask(foreign.clone()).await;
        assert_eq!((page.status.as_u16(), page.header("refresh")), (400, ""), "{foreign}");
        assert!(!page.text().contains("evil.example\""), "{foreign}");
    }
    let scope = ask(format!("client_id={id}&response_type=code&scope=write&state=s")).await;
    assert!(
        scope.text().contains("error=invalid_scope") && scope.text().contains("state=s"),
        "{}",
        scope.text()
    );
    let twice = ask(format!("client_id={id}&response_type=code&scope=read&scope=read")).await;
    assert!(twice.text().contains("error=invalid_request"), "{}", twice.text());
    let denied = answered(&app, &format!("client_id={id}&response_type=code&state=x"), "deny").await;
    assert!(denied.header("refresh").contains("error=access_denied"), "{}", denied.header("refresh"));
    // A token with the scope to read reads.
    let code = code(&app, &format!("client_id={id}&response_type=code")).await;
    let body = with_secret(
        json!({"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "test_token": "true"}),
    );
    let granted = token(&app, &body).await.expect(200);
    assert!(granted.get("refresh_token").is_none(), "without offline_access");
    let market = app.bearer(granted["access_token"].as_str().unwrap());
    market.get("/v1/payments/search").await.expect(200);
    assert_eq!(market.post("/v1/payments", &json!({})).await.status, 403);
}

#[tokio::test]
async fn an_application_proves_itself_in_each_way_that_sdks_have() {
    let app = TestApp::new().await;
    let id = marketplace(&app, json!({})).await;
    let own = |body: Value| {
        let app = &app;
        async move { token(app, &body).await }
    };
    let body = with_secret(json!({"grant_type": "client_credentials"}));
    let first = own(body.clone()).await.expect(200);
    assert_eq!((&first["expires_in"], &first["live_mode"]), (&json!(21_600), &json!(true)));
    assert!(first.get("refresh_token").is_none());
    app.bearer(first["access_token"].as_str().unwrap()).get("/users/me").await.expect(200);
    // As a form, with a number for the application.
    let form = format!(
        "grant_type=client_credentials&client_id={id}&client_secret={}",
        seed(Site::MLA).application.client_secret
    );
    let as_form =
        app.stranger().call(axum::http::Method::POST, "/oauth/token").body(form.clone()).send().await;
    as_form.expect(200);
    let twice = app
        .stranger()
        .call(axum::http::Method::POST, "/oauth/token")
        .body(format!("{form}&client_id=7"))
        .send()
        .await;
    assert_eq!(refused(&twice), "invalid_request");
    // Go and Java: the access token in the place of the secret, without a client id.
    let access = &seed(Site::MLA).live.access_token;
    own(json!({"grant_type": "client_credentials", "client_secret": access})).await.expect(200);
    for (body, error) in [
        (
            json!({"client_id": id, "client_secret": "x", "grant_type": "client_credentials"}),
            "invalid_client",
        ),
        (
            json!({"client_id": 7, "client_secret": access, "grant_type": "client_credentials"}),
            "invalid_client",
        ),
        (
            json!({"client_secret": seed(Site::MLA).live.public_key, "grant_type": "client_credentials"}),
            "invalid_client",
        ),
        (
            json!({"client_id": seed(Site::MLB).application.id, "client_secret": access, "grant_type": "client_credentials"}),
            "invalid_client",
        ),
        (json!({"client_id": id, "grant_type": "client_credentials"}), "invalid_request"),
        (json!({}), "invalid_request"),
        (json!({"grant_type": "password"}), "unsupported_grant_type"),
        (with_secret(json!({"grant_type": "authorization_code"})), "invalid_request"),
        (with_secret(json!({"grant_type": "authorization_code", "code": "TG-x-7"})), "invalid_grant"),
        (with_secret(json!({"grant_type": "refresh_token", "refresh_token": "TG"})), "invalid_grant"),
    ] {
        assert_eq!(refused(&own(body.clone()).await), error, "{body}");
    }
    // What was asked for is no proof for the next: it would live for ever.
    let minted = json!({"grant_type": "client_credentials", "client_secret": first["access_token"]});
    assert_eq!(refused(&own(minted).await), "invalid_client");
    // Where there are as many as there may be, the newest is given once more, and the first one still works.
    let mut newest = first.clone();
    for _ in 0..20 {
        newest = own(body.clone()).await.expect(200);
    }
    let again = own(body.clone()).await.expect(200);
    assert_eq!(again["access_token"], newest["access_token"]);
    app.bearer(first["access_token"].as_str().unwrap()).get("/users/me").await.expect(200);
    // They are listed, and a renewal ends them.
    let owner = app.live_seller(Site::MLA);
    let path = format!("/v1/applications/{id}/credentials");
    let listed = owner.get(&path).await.expect(200);
    let asked = listed["results"].as_array().unwrap().iter();
    assert_eq!(asked.filter(|one| one["origin"] == "client_credentials").count(), 20);
    let renewal = json!({"renew": "client_secret", "grace": "PT0S"});
    let renewed = owner.post(&path, &renewal).await.expect(201);
    assert_eq!(app.bearer(first["access_token"].as_str().unwrap()).get("/users/me").await.status, 401);
    assert_eq!(refused(&own(body.clone()).await), "invalid_client");
    let with_secret = |body: Value| {
        let mut body = with_secret(body);
        body["client_secret"] = renewed["client_secret"].clone();
        body
    };
    let body = with_secret(json!({"grant_type": "client_credentials"}));
    // A granted token is no proof of the application.
    let code = code(&app, &format!("client_id={id}&response_type=code")).await;
    let granted = token(
        &app,
        &with_secret(json!({"grant_type": "authorization_code", "code": code, "redirect_uri": BACK})),
    )
    .await
    .expect(200);
    let stolen = json!({"grant_type": "client_credentials", "client_secret": granted["access_token"]});
    assert_eq!(refused(&own(stolen).await), "invalid_client");
    let refresh =
        with_secret(json!({"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}));
    marketplace(&app, json!({"flows": ["authorization_code"]})).await;
    assert_eq!(refused(&own(body.clone()).await), "unauthorized_client");
    marketplace(&app, json!({"flows": ["client_credentials"]})).await;
    assert_eq!(refused(&own(refresh).await), "unauthorized_client");
}

#[tokio::test]
async fn the_marketplace_is_told_who_came_and_who_went() {
    let app = TestApp::new().await;
    let id = marketplace(&app, json!({})).await;
    let url = json!({"url": "https://market.example/hook", "topics": ["mp-connect"]});
    app.seller(Site::MLA).put("/pasarela/webhooks", &url).await.expect(200);
    let first = code_of(&app, id).await;
    let body = with_secret(
        json!({"grant_type": "authorization_code", "code": first, "redirect_uri": BACK, "test_token": true}),
    );
    token(&app, &body).await.expect(200);
    let mut browser = Browser::new(&app);
    browser.log_in(Site::MLB).await;
    browser.get("/panel/connections").await;
    browser.post("/panel/connections", &[("application", &id.to_string())]).await;
    // Let in again, it reads what it was told.
    let code = code_of(&app, id).await;
    let body = with_secret(
        json!({"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "test_token": true}),
    );
    let granted = token(&app, &body).await.expect(200);
    let market = app.bearer(granted["access_token"].as_str().unwrap());
    let told = market.get("/pasarela/webhooks/deliveries").await.expect(200);
    let told = told["results"].as_array().unwrap();
    let actions: Vec<&str> = told.iter().rev().map(|one| one["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["application.authorized", "application.deauthorized", "application.authorized"]);
    let seller = seed(Site::MLB).account.id.to_string();
    assert!(told.iter().all(|one| one["resource_id"] == seller.as_str() && one["topic"] == "mp-connect"));
}

#[tokio::test]
async fn what_came_of_a_code_that_is_used_twice_ends() {
    let app = TestApp::new().await;
    let id = marketplace(&app, json!({})).await;
    let body = async || {
        let code = code_of(&app, id).await;
        with_secret(
            json!({"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "test_token": true}),
        )
    };
    let (stolen, other) = (body().await, body().await);
    let granted = token(&app, &stolen).await.expect(200);
    let untouched = token(&app, &other).await.expect(200);
    let refresh =
        with_secret(json!({"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}));
    let renewed = token(&app, &refresh).await.expect(200);
    assert_eq!(refused(&token(&app, &stolen).await), "invalid_grant");
    for gone in [&granted, &renewed] {
        assert_eq!(app.bearer(gone["access_token"].as_str().unwrap()).get("/users/me").await.status, 401);
    }
    let refresh =
        with_secret(json!({"grant_type": "refresh_token", "refresh_token": renewed["refresh_token"]}));
    assert_eq!(refused(&token(&app, &refresh).await), "invalid_grant");
    app.bearer(untouched["access_token"].as_str().unwrap()).get("/users/me").await.expect(200);
}

#[tokio::test]
async fn one_token_is_taken_back_and_no_other() {
    let app = TestApp::new().await;
    let id = marketplace(&app, json!({})).await;
    let ask = with_secret(json!({"grant_type": "client_credentials", "test_token": true}));
    let mut tokens = Vec::new();
    for _ in 0..2 {
        tokens.push(token(&app, &ask).await.expect(200)["access_token"].as_str().unwrap().to_owned());
    }
    let revoke = async |body: Value| app.stranger().post("/oauth/revoke", &body).await;
    let stranger = json!({"token": tokens[0], "client_id": id.to_string(), "client_secret": "wrong"});
    assert_eq!(revoke(stranger).await.expect(400)["error"], "invalid_client");
    assert_eq!(revoke(with_secret(json!({}))).await.expect(400)["error"], "invalid_request");
    app.bearer(&tokens[0]).get("/users/me").await.expect(200);
    for _ in 0..2 {
        revoke(with_secret(json!({"token": tokens[0]}))).await.expect(200);
        assert_eq!(app.bearer(&tokens[0]).get("/users/me").await.status, 401);
    }
    app.bearer(&tokens[1]).get("/users/me").await.expect(200);
    // The application's own credentials do not go this way, nor those of others.
    for kept in [&seed(Site::MLA).test.access_token, &seed(Site::MLB).test.access_token] {
        revoke(with_secret(json!({"token": kept}))).await.expect(200);
        app.bearer(kept).get("/users/me").await.expect(200);
    }
    let code = code_of(&app, id).await;
    let body =
        json!({"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "test_token": true});
    let granted = token(&app, &with_secret(body)).await.expect(200);
    revoke(with_secret(json!({"token": granted["refresh_token"]}))).await.expect(200);
    let refresh =
        with_secret(json!({"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}));
    assert_eq!(refused(&token(&app, &refresh).await), "invalid_grant");
}

#[tokio::test]
async fn the_page_shows_the_logo_of_who_asks() {
    let app = TestApp::new().await;
    let id = marketplace(&app, json!({})).await;
    let side = 64_u32.to_be_bytes();
    let png =
        [b"\x89PNG\r\n\x1a\n".as_slice(), &[0, 0, 0, 13], b"IHDR", &side, &side, &[8, 6, 0, 0, 0]].concat();
    let logo = json!({"logo": BASE64_STANDARD.encode(png)});
    let mut browser = Browser::new(&app);
    browser.log_in(Site::MLB).await;
    let path = format!("/authorization?client_id={id}&response_type=code");
    assert!(!browser.get(&path).await.text().contains("/shop-logos/"));
    app.live_seller(Site::MLA).put("/pasarela/branding", &logo).await.expect(200);
    let page = browser.get(&path).await.text();
    let shown =
        Regex::new(r#"src="(/shop-logos/[^"]+)""#).unwrap().captures(&page).expect("a logo")[1].to_owned();
    assert_eq!(app.stranger().get(&shown).await.status, 200);
}
