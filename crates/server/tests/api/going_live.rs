//! `/v1/applications/{id}/going-live`: real HTTPS servers, looked at by the platform. Each fault is found, with what was
//! seen of it.

use crate::test_app::{Client, PAYER, TestApp, seed};
use pasarela_domain::identity::ApplicationId;
use pasarela_domain::site::Site;
use pasarela_engine::audit::Actor;
use pasarela_engine::notifications::signature::sign;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const LIBRARY: &str = "<script src='https://sdk.mercadopago.com/js/v2'></script>";
const TERMS: &str = "<a href='/terms'>Termos e condições</a><a href='/promociones'>Promoções</a>";

/// An authority that the platform trusts, and whoever asks gets a certificate of.
pub struct Authority {
    pub root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let root = params.self_signed(&key).unwrap().der().clone();
        Authority { root, issuer: Issuer::new(params, key) }
    }

    pub fn leaf(&self, name: &str, is_expired: bool) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(if is_expired { 2021 } else { 2090 }, 3, 4);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A shop: pages by their path, and a receiver of notifications at `/hooks` that checks their signatures, if it has a secret.
pub async fn shop(acceptor: TlsAcceptor, pages: &[(&'static str, String)], secret: Option<&str>) -> String {
    let secret: Arc<Option<String>> = Arc::new(secret.map(str::to_owned));
    let pages: HashMap<&'static str, String> = pages.iter().cloned().collect();
    let pages = Arc::new(pages);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, pages, secret) = (acceptor.clone(), pages.clone(), secret.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut seen = Vec::new();
                let mut buffer = [0; 4096];
                while !is_whole(&seen) {
                    match stream.read(&mut buffer).await {
                        Ok(count) if count > 0 => seen.extend_from_slice(&buffer[..count]),
                        _ => return,
                    }
                }
                let request = String::from_utf8_lossy(&seen).into_owned();
                let target = request.split(' ').nth(1).unwrap_or("/").to_owned();
                let path = target.split('?').next().unwrap_or("/");
                let (status, body) = match (path, pages.get(path)) {
                    ("/hooks", _) if !is_signed(&request, &target, secret.as_deref()) => (401, String::new()),
                    ("/hooks", _) => (200, String::new()),
                    (_, Some(page)) => (200, page.clone()),
                    (_, None) => (404, "nothing".to_owned()),
                };
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    format!("https://localhost:{port}")
}

fn is_whole(seen: &[u8]) -> bool {
    let text = String::from_utf8_lossy(seen);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    body.len() >= length
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// As a good receiver checks it; one without a secret takes all.
fn is_signed(request: &str, target: &str, secret: Option<&str>) -> bool {
    let Some(secret) = secret else { return true };
    let id = target.split("data.id=").nth(1).map(|rest| rest.split('&').next().unwrap_or_default());
    let Some(signature) = header(request, "x-signature") else { return false };
    let ts = signature.trim_start_matches("ts=").split(',').next().and_then(|ts| ts.parse().ok());
    let Some(ts) = ts else { return false };
    signature == sign(secret, id, header(request, "x-request-id"), ts)
}

/// The pages of a shop that does everything right.
pub fn good_pages() -> Vec<(&'static str, String)> {
    vec![
        ("/", "<p>Guitars</p>".to_owned()),
        (
            "/pay",
            format!(
                "{LIBRARY}{TERMS}<div id='cardNumber'></div><script>mp.fields.create('cardNumber')</script>"
            ),
        ),
        ("/terms", "<p>Terms</p>".to_owned()),
        ("/promociones", "<p>Promotions</p>".to_owned()),
        ("/thanks", "<p>Thank you</p>".to_owned()),
        ("/again", "<p>Your bank did not authorise the payment: use another card.</p>".to_owned()),
    ]
}

/// A seller's new application, which wants to go live.
pub struct World {
    pub app: TestApp,
    pub authority: Authority,
    pub id: ApplicationId,
    pub test: Client,
    pub live: Client,
    /// Of test notifications.
    pub secret: String,
    _stop: tokio::sync::watch::Sender<bool>,
}

impl World {
    pub async fn new() -> World {
        let (app, authority) = (TestApp::new().await, Authority::new("Somebody"));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let (engine, root) = (app.engine.clone(), authority.root.clone());
        tokio::spawn(async move { engine.run_workers(vec![root], stopped).await });
        let name = json!({"name": "Guitars"});
        let made = app.live_seller(Site::MLB).post("/v1/applications", &name).await.expect(201);
        let secrets = &made["credentials"];
        let client = |mode: &str| app.bearer(secrets[mode]["access_token"].as_str().unwrap());
        let world = World {
            id: made["id"].as_i64().unwrap(),
            test: client("test"),
            live: client("live"),
            secret: secrets["test_webhook_secret"].as_str().unwrap().to_owned(),
            app,
            authority,
            _stop: stop,
        };
        // The workers say when they can look at addresses by doing so.
        while world.live.post(&world.path("/checks"), &json!({})).await.status == 503 {
            tokio::task::yield_now().await;
        }
        world
    }

    fn path(&self, more: &str) -> String {
        path(self.id, more)
    }

    /// The shop at `url` wants to go live.
    async fn declare(&self, url: &str) {
        let form = json!({
            "industry": "music", "production_site": url, "payment_page": format!("{url}/pay"),
            "approved_page": format!("{url}/thanks"), "rejected_page": format!("{url}/again"), "terms_accepted": true,
        });
        self.live.put(&self.path(""), &form).await.expect(200);
        let hooks = json!({"url": format!("{url}/hooks"), "topics": ["payment"]});
        self.test.put("/pasarela/webhooks", &hooks).await.expect(200);
    }

    async fn check(&self) -> Value {
        self.live.post(&self.path("/checks"), &json!({})).await.expect(200)
    }

    async fn checked(
        &self,
        pages: &[(&'static str, String)],
        is_expired: bool,
        checks_signatures: bool,
    ) -> Value {
        let acceptor = self.authority.leaf("localhost", is_expired);
        let secret = checks_signatures.then_some(self.secret.as_str());
        self.declare(&shop(acceptor, pages, secret).await).await;
        self.check().await
    }

    /// A payment that is measured over the bar. A Pix needs no card's data, and what is asked of the site was seen.
    pub async fn good_payment(&self) -> Value {
        let pix = json!({
            "transaction_amount": 100, "payment_method_id": "pix", "external_reference": "order-1",
            "payer": {"email": "test_user_1@testuser.com", "first_name": "Ana", "last_name": "Luz"},
        });
        self.test.post("/v1/payments", &pix).await.expect(201)
    }

    async fn measure(&self) {
        let pix = self.good_payment().await;
        let measured = format!("/v1/applications/{}/quality/measurements", self.id);
        let report = self.test.post(&measured, &json!({"payment_id": pix["id"]})).await.expect(201);
        assert_eq!(report["status"], "approved", "{report:#}");
    }

    /// An operator's decision about the live credentials.
    pub async fn decide(&self, is_active: bool, reason: &str) {
        let operator = Actor::operator("Eva");
        self.app.engine.decide_activation(self.id, is_active, reason, &operator).await.unwrap();
    }
}

fn path(id: ApplicationId, more: &str) -> String {
    format!("/v1/applications/{id}/going-live{more}")
}

fn check<'r>(found: &'r Value, id: &str) -> &'r Value {
    let checks = found["checks"].as_array().unwrap();
    checks.iter().find(|check| check["rule_id"] == id).unwrap_or_else(|| panic!("{id} is not in {found:#}"))
}

#[tokio::test]
async fn a_shop_that_does_everything_right_is_let_through() {
    let world = World::new().await;
    let found = world.checked(&good_pages(), false, true).await;
    assert_eq!(found["is_open"], false, "the integration was not measured yet");
    assert_eq!(check(&found, "QUALITY")["evidence"], "no measurement yet");
    let blocking: Vec<_> =
        found["checks"].as_array().unwrap().iter().filter(|c| c["blocks"] == true).collect();
    let open: Vec<_> =
        blocking.iter().filter(|c| c["result"] == "failed" || c["result"] == "unknown").collect();
    assert_eq!(open.len(), 1, "{open:#?}");
    assert_eq!(check(&found, "GOL-003")["evidence"], "valid until 2090-03-04");
    assert!(
        check(&found, "GOL-012")["evidence"].as_str().unwrap().starts_with("with a wrong x-signature: 401")
    );
    assert_eq!(found["probes"]["site"]["tls_version"], "TLS 1.3");
    world.measure().await;
    let (test, live) = (&world.test, &world.live);
    assert_eq!(live.get("/v1/payments/search").await.status, 401, "not before the gate is passed");
    let refused = test.post(&world.path("/checks"), &json!({})).await;
    assert_eq!(refused.status, 403, "a test token decides nothing about live money");
    let found = world.check().await;
    assert_eq!(found["is_open"], true, "{found:#}");
    assert_eq!(live.get("/v1/payments/search").await.status, 200, "at once");
    let (engine, account_id) = (&world.app.engine, seed(Site::MLB).account.id);
    let decided = engine.application(account_id, world.id).await.unwrap().details;
    let decision = decided.decisions.last().unwrap();
    assert_eq!((decision.by.as_str(), decision.is_active), ("gate", true));
    assert!(decision.evidence["checks"].as_array().unwrap().len() > 10);
    assert!(found["passed_at"].is_string());
    assert_eq!(test.get(&world.path("")).await.expect(200), found, "the decision and its evidence are kept");
    assert_eq!(found["checked_form"].as_str().map(str::len), Some(64));
    let same = live.put(&world.path(""), &json!({"industry": "music"})).await.expect(200);
    assert_eq!(same, found, "what changes nothing takes nothing away");
    let elsewhere = json!({"production_site": "https://other.example"});
    let changed = live.put(&world.path(""), &elsewhere).await.expect(200);
    assert_eq!(
        (&changed["is_open"], &changed["passed_at"], &changed["checks"]),
        (&json!(false), &Value::Null, &json!([])),
        "the verdict was of another form"
    );
    let log = engine.audit_log(account_id, None, 10).await.unwrap().results;
    let acts: Vec<_> = log.iter().map(|act| act.act.as_str()).collect();
    for act in
        ["going_live.changed", "going_live.terms_accepted", "going_live.checked", "credentials.activated"]
    {
        assert!(acts.contains(&act), "{act} is not in {acts:?}");
    }
}

#[tokio::test]
async fn what_an_operator_stopped_the_gate_does_not_open() {
    let world = World::new().await;
    world.checked(&good_pages(), false, true).await;
    world.measure().await;
    let works = async || world.live.get("/v1/payments/search").await.status == 200;
    for was_active in [false, true] {
        world.decide(false, "fraud, case 81").await;
        let found = world.check().await;
        assert!(!works().await, "was active: {was_active}");
        assert_eq!((&found["is_open"], &found["passed_at"]), (&json!(false), &Value::Null));
        let held = &found["checks"][0];
        assert_eq!((&held["rule_id"], &held["blocks"]), (&json!("OPERATOR"), &json!(true)));
        assert_eq!(held["evidence"], "operator Eva: fraud, case 81");
        world.decide(true, "cleared").await;
        let found = world.check().await;
        assert_eq!(found["is_open"], true, "{found:#}");
        assert!(works().await);
    }
}

#[tokio::test]
async fn the_logo_counts_on_the_home_page_too() {
    let world = World::new().await;
    let mut pages = good_pages();
    for (home, result, seen) in [
        ("<p>Guitars</p>", "failed", "neither there nor on the home page https://localhost:"),
        ("<img src='/pay.svg' alt='Mercado Pago'>", "passed", "home page https://localhost:"),
    ] {
        pages[0].1 = home.to_owned();
        let found = world.checked(&pages, false, true).await;
        assert_eq!(found["probes"]["home"]["status"], 200, "{found:#}");
        let pix = world.good_payment().await;
        let measured = format!("/v1/applications/{}/quality/measurements", world.id);
        let report = world.test.post(&measured, &json!({"payment_id": pix["id"]})).await.expect(201);
        let text = report.to_string();
        let aspects = report["aspects"].as_array().unwrap().iter();
        let mut actions = aspects.flat_map(|aspect| aspect["actions"].as_array().unwrap());
        let logo = actions.find(|action| action["rule_id"] == "CHA-114").unwrap_or_else(|| panic!("{text}"));
        assert_eq!(logo["result"], result, "{logo:#}");
        assert!(logo["evidence"].as_str().unwrap().starts_with(seen), "{logo:#}");
    }
    // A shop without a payment page of its own pays at home.
    let site = found_site(&world).await;
    world.live.put(&world.path(""), &json!({"payment_page": site})).await.expect(200);
    assert_eq!(world.check().await["probes"]["home"], Value::Null);
}

async fn found_site(world: &World) -> Value {
    world.live.get(&world.path("")).await.expect(200)["form"]["production_site"].clone()
}

#[tokio::test]
async fn a_card_input_with_a_name_is_found() {
    let world = World::new().await;
    let mut pages = good_pages();
    pages[1].1 = format!("{LIBRARY}{TERMS}<input id='card' data-checkout='cardNumber' name='card_number'>");
    let found = world.checked(&pages, false, true).await;
    let check = check(&found, "GOL-006");
    assert_eq!((&check["result"], &check["blocks"]), (&json!("failed"), &json!(true)));
    assert_eq!(check["missing"], "page: input#card without name");
    assert_eq!(
        check["evidence"],
        "name=\"card_number\" would send cardNumber to your server (read as it is served)"
    );
}

#[tokio::test]
async fn a_library_that_the_shop_serves_itself_is_found() {
    let world = World::new().await;
    let mut pages = good_pages();
    pages[1].1 = format!("<script src='/static/pay.js'></script>{TERMS}");
    let library = include_str!("../../assets/web/v2.js");
    pages.push(("/static/pay.js", library.to_owned()));
    let found = world.checked(&pages, false, true).await;
    let check = check(&found, "GOL-005");
    assert_eq!((&check["result"], &check["blocks"]), (&json!("failed"), &json!(true)));
    assert!(check["evidence"].as_str().unwrap().contains("/static/pay.js "), "{check}");
}

#[tokio::test]
async fn an_expired_certificate_is_found_with_its_day() {
    let world = World::new().await;
    let found = world.checked(&good_pages(), true, true).await;
    let check = check(&found, "GOL-003");
    assert_eq!((&check["result"], &check["blocks"]), (&json!("failed"), &json!(true)));
    assert_eq!(check["evidence"], "certificate expired on 2021-03-04");
    assert_eq!(found["is_open"], false);
}

#[tokio::test]
async fn a_certificate_of_another_name_and_one_of_nobody_are_found() {
    let world = World::new().await;
    for (acceptor, fault) in [
        (world.authority.leaf("other.example", false), "certificate of another name"),
        (Authority::new("Nobody").leaf("localhost", false), "certificate of an unknown issuer"),
    ] {
        let url = shop(acceptor, &good_pages(), Some(&world.secret)).await;
        world.declare(&url).await;
        let found = world.check().await;
        assert_eq!(check(&found, "GOL-003")["evidence"], fault);
    }
}

#[tokio::test]
async fn a_receiver_that_takes_forged_notifications_is_found() {
    let world = World::new().await;
    let found = world.checked(&good_pages(), false, false).await;
    let check = check(&found, "GOL-012");
    assert_eq!(
        (&check["result"], &check["blocks"]),
        (&json!("failed"), &json!(false)),
        "an advice by default"
    );
    assert!(check["evidence"].as_str().unwrap().starts_with("with a wrong x-signature: 200"), "{check}");
}

#[tokio::test]
async fn terms_that_lead_nowhere_and_results_that_say_the_same_are_found() {
    let world = World::new().await;
    let mut pages = good_pages();
    pages.retain(|(path, _)| *path != "/terms");
    pages[4].1 = pages[3].1.clone();
    let found = world.checked(&pages, false, true).await;
    assert_eq!(check(&found, "GOL-010")["evidence"], "it answered 404 (read as it is served)");
    let nobody = "read as it is served; no refused payment was followed: there is no browser here";
    assert_eq!(check(&found, "GOL-015")["evidence"], format!("both pages say the same ({nobody})"));
    assert_eq!(found["probes"]["refusals"]["fault"], "there is no browser here");
}

#[tokio::test]
async fn a_page_after_a_refusal_that_does_not_say_so_is_found() {
    let world = World::new().await;
    let mut pages = good_pages();
    pages[5].1 = "<p>Order 17</p>".to_owned();
    let found = world.checked(&pages, false, true).await;
    let silent = check(&found, "GOL-015");
    assert_eq!((&silent["result"], &silent["blocks"]), (&json!("failed"), &json!(true)));
    assert_eq!(silent["missing"], "page: that the payment was refused");
    assert!(silent["evidence"].as_str().unwrap().contains("/again does not say so ("), "{silent}");
}

#[tokio::test]
async fn a_token_of_another_applications_key_is_found_when_it_pays() {
    let world = World::new().await;
    let (test, app) = (&world.test, &world.app);
    let (browser, seller) = (app.browser(Site::MLB), app.seller(Site::MLB));
    let pay = async |client: &Client, reference: &str| {
        let token = browser.card_token("APRO").await;
        let body = json!({
            "transaction_amount": 100, "token": token, "installments": 1, "external_reference": reference,
            "payer": {"email": PAYER},
        });
        client.post("/v1/payments", &body).await.expect(201);
    };
    pay(&seller, "own").await;
    let found = world.check().await;
    assert_eq!(check(&found, "GOL-002")["result"], "passed", "{found:#}");
    pay(test, "foreign").await;
    let found = world.check().await;
    let mixed = check(&found, "GOL-002");
    assert_eq!((&mixed["result"], &mixed["blocks"]), (&json!("failed"), &json!(true)));
    assert_eq!(mixed["evidence"], "another application's made the card tokens of 1 payments in 30 days");
}

#[tokio::test]
async fn what_is_no_form_is_refused_and_nobody_fills_in_anothers() {
    let app = TestApp::new().await;
    let seller = app.live_seller(Site::MLB);
    let path = |more: &str| path(seed(Site::MLB).application.id, more);
    for (body, error) in [
        (json!({"production_site": "shop.example"}), "invalid_address"),
        (json!({"payment_page": "file:///etc/passwd"}), "invalid_address"),
        (json!({"industry": "x".repeat(101)}), "invalid_industry"),
        (json!({"terms_accepted": "yes"}), "bad_request"),
        (json!({"industry": 7}), "bad_request"),
    ] {
        assert_eq!(seller.put(&path(""), &body).await.expect(400)["error"], error, "{body}");
    }
    assert_eq!(app.live_seller(Site::MLA).put(&path(""), &json!({"industry": "x"})).await.status, 404);
    assert_eq!(app.live_seller(Site::MLA).post(&path("/checks"), &json!({})).await.status, 404);
    assert_eq!(app.browser(Site::MLB).get(&path("")).await.status, 401);
    let by_test = app.seller(Site::MLB).put(&path(""), &json!({"terms_accepted": true})).await;
    assert_eq!(by_test.status, 403, "a test token accepts no terms");
    seller.put(&path(""), &json!({"industry": "music", "terms_accepted": true})).await.expect(200);
    let kept = seller.put(&path(""), &json!({"production_site": "https://shop.example"})).await.expect(200);
    assert_eq!(kept["form"]["industry"], "music", "what is not named stays");
}

#[tokio::test]
async fn a_verdict_that_is_late_for_its_form_is_thrown_away() {
    let world = World::new().await;
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    world.declare(&format!("https://{}", slow.local_addr().unwrap())).await;
    let live = &world.live;
    let meanwhile = async {
        // The check is at the shop's door: its form was read.
        let (held, _) = slow.accept().await.unwrap();
        let two = live.post(&world.path("/checks"), &json!({})).await;
        assert_eq!(two.status, 429, "one at a time");
        live.put(&world.path(""), &json!({"industry": "books"})).await.expect(200);
        drop((held, slow));
    };
    let checks = world.path("/checks");
    let nothing = json!({});
    let (checked, ()) = tokio::join!(live.post(&checks, &nothing), meanwhile);
    assert_eq!(checked.expect(409)["error"], "form_changed");
    assert_eq!(live.get(&world.path("")).await.expect(200)["checked_at"], Value::Null);
}
