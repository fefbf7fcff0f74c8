//! A whole server in one line: a real engine on a real store, its routes called without a socket in between.

use crate::cards::{Card, card_of};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use pasarela_domain::identity::Mode;
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use pasarela_engine::copying::Place;
use pasarela_engine::seeds::{self, SeedBuyer, SeedSeller};
use pasarela_engine::{DatabaseUrl, Engine, EngineOptions};
use pasarela_server::tls::ClientConnection;
use pasarela_test_database::TestDatabase;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Where the server says that its pages are.
pub const PUBLIC_URL: &str = "http://pasarela.test";
/// A payer that every test seller may sell to.
pub const PAYER: &str = "test_user_123@testuser.com";

/// A server of its own for one test.
pub struct TestApp {
    pub engine: Engine,
    router: Router,
    /// Keeps the lease of a node that has no workers, as long as the test takes.
    leasing: JoinSet<()>,
    /// Dropped last.
    database: Option<TestDatabase>,
    _outbox: tempfile::TempDir,
}

impl TestApp {
    /// A server that keeps nothing.
    pub async fn new() -> TestApp {
        TestApp::open(None, None, true).await
    }

    /// A server whose test clocks start at `now`.
    pub async fn at(now: &str) -> TestApp {
        TestApp::open(None, Some(Timestamp::parse(now).unwrap()), true).await
    }

    /// A development server that keeps its data in `directory`.
    pub async fn in_directory(directory: &Path) -> TestApp {
        TestApp::open(Some(directory), None, true).await
    }

    /// A server on `directory` that is not for development.
    pub async fn in_production(directory: &Path) -> TestApp {
        TestApp::open(Some(directory), None, false).await
    }

    async fn open(directory: Option<&Path>, test_clock: Option<Timestamp>, development: bool) -> TestApp {
        let database = database(directory).await;
        let outbox = tempfile::tempdir().unwrap();
        let options = EngineOptions {
            directory: directory.map(Path::to_owned),
            database: database.as_ref().map(|database| DatabaseUrl::parse(&database.url()).unwrap()),
            outbox: Some(outbox.path().to_owned()),
            development,
            public_url: PUBLIC_URL.to_owned(),
            test_clock,
            ..EngineOptions::default()
        };
        let engine = Engine::open(options).await.unwrap();
        let mut leasing = JoinSet::new();
        leasing.spawn(engine.clone().keep_lease());
        TestApp {
            router: pasarela_server::router(engine.clone()),
            engine,
            leasing,
            database,
            _outbox: outbox,
        }
    }

    /// Where the records are, of a server in `directory`.
    pub fn place(&self, directory: &Path) -> Place {
        match &self.database {
            Some(database) => Place::Database(DatabaseUrl::parse(&database.url()).unwrap()),
            None => Place::Directory(directory.to_owned()),
        }
    }

    /// Stops the server; its data can be opened again.
    pub async fn close(self) {
        let TestApp { engine, router, mut leasing, database, _outbox } = self;
        leasing.shutdown().await;
        drop(router);
        engine.close().await;
        drop(database);
    }

    /// The server of the site's seller, with the test access token.
    pub fn seller(&self, site: Site) -> Client {
        self.client(site, Mode::Test, Credential::Bearer(seed(site).test.access_token.clone()))
    }

    /// The server of the site's seller, with the live access token.
    pub fn live_seller(&self, site: Site) -> Client {
        self.client(site, Mode::Live, Credential::Bearer(seed(site).live.access_token.clone()))
    }

    /// A page of the site's seller, with the test public key.
    pub fn browser(&self, site: Site) -> Client {
        self.client(site, Mode::Test, Credential::PublicKey(seed(site).test.public_key.clone()))
    }

    /// Somebody without a credential.
    pub fn stranger(&self) -> Client {
        self.client(Site::MLB, Mode::Test, Credential::None)
    }

    /// Somebody with this bearer.
    pub fn bearer(&self, token: &str) -> Client {
        self.client(Site::MLB, Mode::Test, Credential::Bearer(token.to_owned()))
    }

    fn client(&self, site: Site, mode: Mode, credential: Credential) -> Client {
        Client { router: self.router.clone(), site, mode, credential }
    }
}

/// The database that the server keeps its records in, when these tests are run on PostgreSQL. A directory that is opened
/// again has the same one again; it stays as long as the cluster.
async fn database(directory: Option<&Path>) -> Option<TestDatabase> {
    if std::env::var("PASARELA_TEST_STORE").is_ok_and(|store| store == "postgres") {
        Some(match directory {
            Some(directory) => {
                let name = directory.file_name().unwrap().to_str().unwrap().trim_start_matches('.');
                TestDatabase::named(&format!("test_{}", name.to_lowercase())).await
            }
            None => TestDatabase::create().await,
        })
    } else {
        None
    }
}

/// Everything that a server in `directory` keeps, by the file or table that holds it: the logs and the vault included.
pub async fn contents(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    files(directory, &mut found);
    if let Some(database) = database(Some(directory)).await {
        found.extend(database.contents().await);
    }
    found
}

fn files(directory: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            // What is gone by now keeps nothing.
            found.push((path.display().to_string(), bytes));
        }
    }
}

/// The site's well-known seller.
pub fn seed(site: Site) -> &'static SeedSeller {
    seeds::sellers().iter().find(|seller| seller.account.site == site).unwrap()
}

/// The site's well-known buyer.
pub fn buyer(site: Site) -> &'static SeedBuyer {
    seeds::buyers().iter().find(|buyer| buyer.account.site == site).unwrap()
}

#[derive(Clone)]
enum Credential {
    None,
    Bearer(String),
    PublicKey(String),
}

/// A program that calls the server.
#[derive(Clone)]
pub struct Client {
    router: Router,
    pub site: Site,
    mode: Mode,
    credential: Credential,
}

impl Client {
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    /// Writes get a fresh idempotency key; `Call::key` gives another, `Call::no_key` takes it away.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path).json(body).send().await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path).json(body).send().await
    }

    pub fn call(&self, method: Method, path: &str) -> Call {
        let mut headers = HeaderMap::new();
        let mut path = path.to_owned();
        match &self.credential {
            Credential::None => {}
            Credential::Bearer(token) => {
                headers.insert(
                    header::AUTHORIZATION,
                    HeaderValue::from_str(&format!("Bearer {token}")).unwrap(),
                );
            }
            Credential::PublicKey(key) => {
                let separator = if path.contains('?') { '&' } else { '?' };
                path = format!("{path}{separator}public_key={key}");
            }
        }
        if method != Method::GET {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let key = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).unwrap();
            headers.insert("x-idempotency-key", key);
        }
        Call {
            router: self.router.clone(),
            method,
            path,
            headers,
            body: Vec::new(),
            connection: ClientConnection {
                address: SocketAddr::from(([127, 0, 0, 1], 50_000)),
                encrypted: false,
            },
        }
    }

    /// A token of the site's usual card, held by `holder`.
    pub async fn card_token(&self, holder: &str) -> String {
        self.card_token_of(&card_of(self.site), holder).await
    }

    pub async fn card_token_of(&self, card: &Card, holder: &str) -> String {
        let answer = self.post("/v1/card_tokens", &card.token_request(holder)).await.expect(201);
        answer["id"].as_str().unwrap().to_owned()
    }

    /// The body of a card payment of the usual amount, with a fresh token.
    pub async fn card_payment(&self, holder: &str) -> Value {
        let token = self.card_token(holder).await;
        let email = if self.mode == Mode::Test { PAYER } else { "buyer@example.com" };
        json!({
            "transaction_amount": usual_amount(self.site), "token": token, "installments": 1,
            "payer": {"email": email},
        })
    }

    /// A payment by the site's usual card, held by `holder`.
    pub async fn pay_by_card(&self, holder: &str) -> Value {
        let body = self.card_payment(holder).await;
        self.post("/v1/payments", &body).await.expect(201)
    }

    /// A card payment with these members besides the usual ones (or instead of them).
    pub async fn pay_by_card_with(&self, holder: &str, members: Value) -> Value {
        let body = with(self.card_payment(holder).await, members);
        self.post("/v1/payments", &body).await.expect(201)
    }

    /// A Pix that waits for the buyer.
    pub async fn pix(&self) -> Value {
        self.post("/v1/payments", &pix_body()).await.expect(201)
    }

    /// The payment as it is now.
    pub async fn payment(&self, id: &Value) -> Value {
        self.get(&format!("/v1/payments/{id}")).await.expect(200)
    }

    /// Moves the test clock.
    pub async fn advance(&self, by: &str) -> Value {
        self.post("/sandbox/clock", &json!({"advance": by})).await.expect(200)
    }

    /// Does what others would do to the payment.
    pub async fn act(&self, payment: &Value, act: &str) -> Answer {
        self.post(&format!("/sandbox/payments/{}/{act}", payment["id"]), &json!({})).await
    }
}

/// The smallest Pix that the SDKs' own tests send.
pub fn pix_body() -> Value {
    json!({"transaction_amount": 105.1, "payment_method_id": "pix", "payer": {"email": PAYER}})
}

/// An amount that every usual method of the site takes.
pub const fn usual_amount(site: Site) -> u32 {
    match site {
        Site::MLB | Site::MPE => 100,
        Site::MLM => 500,
        Site::MLA | Site::MLU => 1_000,
        Site::MLC => 5_000,
        Site::MCO => 20_000,
    }
}

/// `body` with the members of `members`; a `null` there takes a member away.
pub fn with(mut body: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("members are an object") };
    let body_members = body.as_object_mut().unwrap();
    for (name, value) in members {
        if value.is_null() {
            body_members.remove(&name);
        } else {
            body_members.insert(name, value);
        }
    }
    body
}

/// A request that is being put together.
pub struct Call {
    router: Router,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
    connection: ClientConnection,
}

impl Call {
    pub fn json(self, body: &Value) -> Call {
        self.body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Call {
        self.body = body.into();
        self
    }

    pub fn key(self, key: &str) -> Call {
        self.header("x-idempotency-key", key)
    }

    pub fn no_key(mut self) -> Call {
        self.headers.remove("x-idempotency-key");
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Call {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    /// The connection that the request comes in on.
    pub fn from(mut self, address: [u8; 4], encrypted: bool) -> Call {
        self.connection = ClientConnection { address: SocketAddr::from((address, 50_000)), encrypted };
        self
    }

    pub async fn send(self) -> Answer {
        let (method, path) = (self.method.clone(), self.path.clone());
        let (parts, body) = self.begin().await.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let request_id =
            parts.headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        assert!(!request_id.is_empty(), "{method} {path} was answered without X-Request-Id");
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// The head of the answer, whose body may come for as long as it likes.
    pub async fn begin(mut self) -> Response<Body> {
        let length = HeaderValue::from(self.body.len());
        self.headers.entry(header::CONTENT_LENGTH).or_insert(length);
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path.parse().unwrap();
        *request.headers_mut() = self.headers;
        request.extensions_mut().insert(self.connection);
        self.router.oneshot(request).await.unwrap()
    }
}

/// Sends all of `calls` at once; the answers in their order.
pub async fn at_once(calls: impl Iterator<Item = Call>) -> Vec<Answer> {
    let sent: Vec<_> = calls.map(|call| tokio::spawn(call.send())).collect();
    let mut answers = Vec::with_capacity(sent.len());
    for answer in sent {
        answers.push(answer.await.unwrap());
    }
    answers
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body, given that the status is `status`.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self.json()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json;charset=UTF-8", "{}", self.text());
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The code of the refusal's first cause; 0 without one.
    #[track_caller]
    pub fn code(&self) -> i64 {
        self.refused();
        self.json()["cause"][0]["code"].as_i64().unwrap_or(0)
    }

    /// The codes of all causes of a card token's refusal.
    #[track_caller]
    pub fn texted_codes(&self) -> Vec<String> {
        self.refused();
        let body = self.json();
        body["cause"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cause| cause["code"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Status and body of a refusal whose shape is right, without what differs from run to run.
    #[track_caller]
    pub fn refused(&self) -> String {
        let mut body = self.json();
        let text = self.text();
        assert!(self.status.is_client_error() || self.status.is_server_error(), "not refused: {text}");
        assert_eq!(body["status"], self.status.as_u16(), "{text}");
        assert!(body["message"].is_string() && body["error"].is_string(), "{text}");
        let request_id = self.header("x-request-id").to_owned();
        for cause in body["cause"].as_array_mut().expect("cause is a list") {
            assert!(cause["description"].is_string(), "{text}");
            if let Some(data) = cause.get_mut("data").filter(|data| !data.is_null()) {
                let (when, id) = data.as_str().unwrap().split_once(';').unwrap();
                assert!(is_cause_time(when), "dd-MM-yyyyTHH:mm:ssUTC: {when}");
                assert_eq!(id, request_id, "the cause names the request");
                *data = json!("<when>;<request>");
            }
        }
        format!("{} {body}", self.status.as_u16())
    }
}

/// `23-09-2021T17:56:16UTC`
fn is_cause_time(text: &str) -> bool {
    const SHAPE: &[u8] = b"00-00-0000T00:00:00UTC";
    text.len() == SHAPE.len()
        && text
            .bytes()
            .zip(SHAPE)
            .all(|(byte, shape)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == *shape })
}
