//! The panel, as a browser without scripts sees it.

mod going_live;
mod quality;

use crate::test_app::{Answer, TestApp, seed};
use axum::http::{Method, header};
use pasarela_domain::login::SessionScope;
use pasarela_domain::site::Site;
use pasarela_engine::audit::Actor;
use pasarela_engine::logins::Checked;
use pasarela_engine::seeds::logins;
use regex::Regex;
use serde_json::json;
use std::collections::BTreeMap;

/// A browser: it keeps cookies, and posts the word of the page that it saw last.
pub struct Browser<'a> {
    pub app: &'a TestApp,
    cookies: BTreeMap<String, String>,
    pub word: String,
}

impl<'a> Browser<'a> {
    pub fn new(app: &'a TestApp) -> Browser<'a> {
        Browser { app, cookies: BTreeMap::new(), word: String::new() }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, String::new()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("word", &self.word.clone());
        form.extend_pairs(fields);
        self.send(Method::POST, path, form.finish()).await
    }

    /// Posts a form with a picture in it.
    pub async fn post_picture(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        (name, picture): (&str, &[u8]),
    ) -> Answer {
        let mut body = Vec::new();
        for (name, value) in [&[("word", self.word.as_str())], fields].concat() {
            let part =
                format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend(part.bytes());
        }
        let part =
            format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\n\r\n");
        body.extend([part.as_bytes(), picture, b"\r\n--edge--\r\n"].concat());
        self.send_as("multipart/form-data; boundary=edge", Method::POST, path, body).await
    }

    async fn send(&mut self, method: Method, path: &str, body: String) -> Answer {
        self.send_as("application/x-www-form-urlencoded", method, path, body.into()).await
    }

    async fn send_as(&mut self, content_type: &str, method: Method, path: &str, body: Vec<u8>) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = self.app.stranger().call(method, path).header("cookie", &cookies.join("; "));
        let call = call.header("content-type", content_type);
        let answer = call.header("accept-language", "en").body(body).send().await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match value {
                "" => drop(self.cookies.remove(name)),
                value => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        if let Some(found) =
            Regex::new(r#"name="word" value="([0-9a-f]+)""#).unwrap().captures(&answer.text())
        {
            self.word = found[1].to_owned();
        }
        answer
    }

    /// Follows where an answer sends it.
    pub async fn follow(&mut self, answer: &Answer) -> Answer {
        let to = answer.header("location").to_owned();
        assert!(!to.is_empty(), "{} {}", answer.status, answer.text());
        self.get(&to).await
    }

    pub async fn sign_up(&mut self, email: &str) -> Answer {
        self.get("/panel/signup").await;
        let fields = [
            ("site", "MLA"),
            ("email", email),
            ("seller", "Loja <Ana>"),
            ("password", "correct horse"),
            ("terms", "yes"),
        ];
        let answer = self.post("/panel/signup", &fields).await;
        self.follow(&answer).await
    }

    /// Says the code of the newest message.
    pub async fn confirm_email(&mut self) {
        let code = newest_code(self.app);
        self.get("/panel/home").await;
        let answer = self.post("/panel/email", &[("code", &code)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    /// Says yes to the newest invitation, and looks at that account.
    pub async fn accept_invitation(&mut self) {
        let link = newest_link(self.app);
        let page = self.get(&link).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let word = link.split('=').nth(1).unwrap();
        let answer = self.post("/panel/invitation", &[("link", word), ("answer", "accept")]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    pub async fn log_in(&mut self, site: Site) {
        let account = &seed(site).account;
        let password = &logins::login_of(account.id).unwrap().password;
        self.get("/panel/login").await;
        let answer = self.post("/panel/login", &[("name", &account.email), ("password", password)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        self.follow(&answer).await;
    }
}

fn newest_link(app: &TestApp) -> String {
    let files = std::fs::read_dir(app.engine.outbox().expect("an outbox")).unwrap();
    let newest = files.map(|file| file.unwrap().path()).max().expect("a message");
    let message = std::fs::read_to_string(newest).unwrap();
    Regex::new(r"/panel/invitation\?link=\S+").unwrap().find(&message).expect("a link").as_str().to_owned()
}

fn newest_code(app: &TestApp) -> String {
    let files = std::fs::read_dir(app.engine.outbox().expect("an outbox")).unwrap();
    let newest = files.map(|file| file.unwrap().path()).max().expect("a message");
    let message = std::fs::read_to_string(newest).unwrap();
    Regex::new(r"(?m)^\d{8}\r?$").unwrap().find(&message).expect("a code").as_str().trim().to_owned()
}

#[tokio::test]
async fn a_stranger_is_shown_the_door_and_comes_back_to_where_it_wanted() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    for room in ["home", "applications", "people", "audit"] {
        let answer = browser.get(&format!("/panel/{room}")).await;
        assert_eq!(answer.status, 303);
        assert_eq!(answer.header("location"), format!("/panel/login?next=/panel/{room}"));
    }
    let page = browser.get("/panel/login?next=//evil.example").await;
    assert!(!page.text().contains("evil"), "{}", page.text());
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for name in ["nobody@example.com", &seed(Site::MLA).account.email] {
        let wrong = browser.post("/panel/login", &[("name", name), ("password", "wrong")]).await;
        assert_eq!(wrong.status, 401);
        assert!(wrong.text().contains("The name or the password is not right."));
    }
    browser.log_in(Site::MLA).await;
    assert_eq!(browser.get("/panel/home").await.status, 200);
    let cookie = app.stranger().get("/panel/login").await;
    let cookie = cookie.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
}

#[tokio::test]
async fn who_signs_up_makes_an_application_and_pays_with_its_test_credentials() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    let page = browser.sign_up("ana@example.com").await;
    assert!(page.text().contains("There is no application yet"), "{}", page.text());
    assert!(page.text().contains("Loja &#60;Ana&#62;") && !page.text().contains("<Ana>"), "escaped");
    let made = browser.post("/panel/applications", &[("name", "Tienda")]).await;
    let page = browser.follow(&made).await;
    let path = made.header("location").split('?').next().unwrap().to_owned();
    let token = Regex::new(r"TEST-\d{16}-\d{6}-[0-9a-f]{32}-\d+").unwrap();
    assert!(page.text().contains("TEST-") && !token.is_match(&page.text()), "public keys alone");
    let shown = browser.post(&format!("{path}/reveal"), &[]).await;
    let token = token.find(&shown.text()).expect("the token").as_str().to_owned();
    let me = app.bearer(&token).get("/users/me").await.expect(200);
    assert_eq!((&me["email"], &me["site_id"]), (&json!("ana@example.com"), &json!("MLA")));
    let home = browser.get("/panel/home").await.text();
    assert!(home.contains("Not live yet: fill in the form and ask for the checks."), "{home}");
    let log = browser.get("/panel/audit").await.text();
    for act in ["account.created", "application.created", "credentials.revealed", "ana@example.com"] {
        assert!(log.contains(act), "{act}: {log}");
    }
    // The same e-mail again, and what can't be.
    let mut other = Browser::new(&app);
    other.get("/panel/signup").await;
    for (email, password, terms, status) in [
        ("Ana@Example.com", "correct horse", "yes", 409),
        ("ana", "correct horse", "yes", 400),
        ("b@example.com", "short", "yes", 400),
        ("b@example.com", "correct horse", "", 400),
    ] {
        let fields =
            [("site", "MLA"), ("email", email), ("seller", "B"), ("password", password), ("terms", terms)];
        assert_eq!(other.post("/panel/signup", &fields).await.status, status, "{email} {password}");
    }
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    browser.log_in(Site::MLA).await;
    let path = format!("/panel/applications/{}", seed(Site::MLA).application.id);
    browser.get(&path).await;
    let good = browser.word.clone();
    for word in ["", "0123456789abcdef0123456789abcdef"] {
        browser.word = word.to_owned();
        for (path, fields) in [
            (format!("{path}/renew"), vec![("renew", "test"), ("grace", "0")]),
            (format!("{path}/reveal"), vec![]),
            (path.clone(), vec![("name", "x")]),
            ("/panel/applications".to_owned(), vec![("name", "x")]),
            ("/panel/people".to_owned(), vec![("email", "x@example.com"), ("role", "owner")]),
            ("/panel/logout".to_owned(), vec![]),
        ] {
            assert_eq!(browser.post(&path, &fields).await.status, 403, "{path}");
            browser.word = word.to_owned();
        }
    }
    app.seller(Site::MLA).get("/users/me").await.expect(200);
    browser.word = good;
    assert_eq!(browser.post("/panel/logout", &[]).await.header("location"), "/panel/login");
    assert_eq!(browser.get("/panel/home").await.status, 303);
}

#[tokio::test]
async fn credentials_are_renewed_once_however_often_it_is_clicked() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    browser.log_in(Site::MLA).await;
    let path = format!("/panel/applications/{}", seed(Site::MLA).application.id);
    let page = browser.get(&path).await.text();
    let seen =
        Regex::new(r#"name="renew" value="test">\s*<input type="hidden" name="seen" value="([0-9a-f]{16})""#)
            .unwrap();
    let seen = seen.captures(&page).expect("the mark")[1].to_owned();
    let fields = [("renew", "test"), ("seen", seen.as_str()), ("grace", "12")];
    let renewed = browser.post(&format!("{path}/renew"), &fields).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    assert!(renewed.text().contains("Work until"), "{}", renewed.text());
    assert_eq!(browser.post(&format!("{path}/renew"), &fields).await.status, 409, "the second click");
    app.seller(Site::MLA).get("/users/me").await.expect(200);
    assert!(browser.get("/panel/home").await.text().contains("stop working on"));
}

#[tokio::test]
async fn each_role_does_what_it_may() {
    let app = TestApp::new().await;
    let mut owner = Browser::new(&app);
    owner.log_in(Site::MLA).await;
    let mut other = Browser::new(&app);
    other.sign_up("dev@example.com").await;
    let id = seed(Site::MLA).application.id;
    let (account, path) = (seed(Site::MLA).account.id.to_string(), format!("/panel/applications/{id}"));
    assert_eq!(other.get(&path).await.status, 404, "somebody else's");
    assert_eq!(other.post("/panel/account", &[("account", &account)]).await.status, 404);
    owner.get("/panel/people").await;
    other.confirm_email().await;
    owner.get("/panel/people").await;
    owner.post("/panel/people", &[("email", "dev@example.com"), ("role", "read_only")]).await;
    other.accept_invitation().await;
    other.get("/panel/home").await;
    other.post("/panel/account", &[("account", "its own")]).await;
    for (role, may) in [("read_only", false), ("developer", true), ("finance", false)] {
        owner.get("/panel/people").await;
        owner.post("/panel/people", &[("email", "dev@example.com"), ("role", role)]).await;
        other.get("/panel/home").await;
        assert_eq!(other.post("/panel/account", &[("account", &account)]).await.status, 303, "{role}");
        if role == "read_only" {
            // The page of its own account that is still open does nothing to this one.
            let stale = other.post(&format!("{path}/reveal"), &[]).await;
            assert!(stale.text().contains("The form is not valid any more"), "{}", stale.text());
        }
        assert_eq!(other.get(&path).await.status, 200, "{role}");
        let status = other.post(&format!("{path}/reveal"), &[]).await.status;
        assert_eq!(status, if may { 200 } else { 403 }, "{role}");
        assert_eq!(other.get("/panel/people").await.status, 403, "{role}");
        assert_eq!(other.get("/panel/audit").await.status, 403, "{role}");
    }
    let people = owner.get("/panel/people").await.text();
    let person =
        Regex::new(r#"name="person" value="(\d+)""#).unwrap().captures(&people).unwrap()[1].to_owned();
    owner.post("/panel/people/remove", &[("person", &person)]).await;
    assert_eq!(other.get(&path).await.status, 404, "at once");

    owner.get("/panel/people").await;
    owner.post("/panel/people", &[("email", "dev@example.com"), ("role", "developer")]).await;
    assert_eq!(other.get(&path).await.status, 404, "nobody is added unasked");
    other.accept_invitation().await;
    assert!(other.get("/panel/home").await.text().contains("Leave this account"));
    assert_eq!(other.post("/panel/leave", &[]).await.status, 303);
    assert_eq!(other.get(&path).await.status, 404, "it left");
    assert!(!other.get("/panel/home").await.text().contains("Leave this account"));
    assert_eq!(other.post("/panel/leave", &[]).await.status, 404, "its own account");
    assert!(!owner.get("/panel/people").await.text().contains("dev@example.com"));
}

#[tokio::test]
async fn an_e_mail_is_nobodys_before_it_is_proved() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    browser.sign_up("victim@example.com").await;
    let Checked::Right(login) =
        app.engine.check_password("victim@example.com", "correct horse").await.unwrap()
    else {
        panic!("it signed up")
    };
    let id = login.account_id;
    let payer = async || {
        let ticket = json!({"transaction_amount": 1000, "payment_method_id": "rapipago",
            "payer": {"email": "victim@example.com"}});
        let made = app.live_seller(Site::MLA).post("/v1/payments", &ticket).await.expect(201);
        made["payer"]["id"].as_str().expect("a payer").to_owned()
    };
    assert_ne!(payer().await, id.to_string(), "a guest");
    let wallet = app.engine.log_in("victim@example.com", ("correct horse", ""), SessionScope::Wallet).await;
    assert!(wallet.is_err(), "no wallet");
    let home = browser.get("/panel/home").await;
    assert!(home.text().contains("Confirm your e-mail"), "{}", home.text());
    assert_eq!(browser.post("/panel/email/code", &[]).await.status, 429, "one was sent a moment ago");

    let code = newest_code(&app);
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    browser.get("/panel/home").await;
    assert_eq!(browser.post("/panel/email", &[("code", wrong)]).await.status, 400);
    assert_ne!(payer().await, id.to_string(), "still a guest");
    browser.confirm_email().await;
    assert!(!browser.get("/panel/home").await.text().contains("Confirm your e-mail"));
    assert_eq!(payer().await, id.to_string());
    let wallet = app.engine.log_in("victim@example.com", ("correct horse", ""), SessionScope::Wallet).await;
    assert!(matches!(wallet, Ok(Checked::Right(_))));

    // Five wrong ones end a code, also for the right one.
    let mut other = Browser::new(&app);
    other.sign_up("other@example.com").await;
    let code = newest_code(&app);
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    other.get("/panel/home").await;
    for code in [wrong, wrong, wrong, wrong, wrong, &code] {
        assert_eq!(other.post("/panel/email", &[("code", code)]).await.status, 400);
    }
    app.engine.vouch_for_email(Site::MLA, "other@example.com", &Actor::operator("test")).await.unwrap();
    assert!(!other.get("/panel/home").await.text().contains("Confirm your e-mail"));
}

/// As days of failures leave it: a row that only a store on this machine lets a test write.
#[tokio::test]
async fn an_address_that_is_paused_is_told_and_resumed() {
    if std::env::var("PASARELA_TEST_STORE").is_ok_and(|store| store == "postgres") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    TestApp::in_directory(directory.path()).await.close().await;
    let id = seed(Site::MLA).application.id;
    let health = json!({"first_failed": 1, "failing_since": 1, "last_failure": "timeout", "is_paused": true});
    let address = "https://shop.example/hooks<1>";
    let file = rusqlite::Connection::open(directory.path().join("pasarela.db")).unwrap();
    let row = "INSERT INTO notification_setting VALUES (?1, 1, 3, ?2, 1, 1, ?3)";
    file.execute(row, rusqlite::params![id, address, health.to_string().into_bytes()]).unwrap();
    drop(file);
    let app = TestApp::in_directory(directory.path()).await;
    let mut browser = Browser::new(&app);
    browser.log_in(Site::MLA).await;
    let home = browser.get("/panel/home").await.text();
    assert!(home.contains("Notifications to https://shop.example/hooks&#60;1&#62; are paused"), "{home}");
    let resume = format!("/panel/applications/{id}/webhooks/resume");
    let resumed = browser.post(&resume, &[("mode", "live"), ("address", address)]).await;
    let home = browser.follow(&resumed).await.text();
    assert!(home.contains("Resumed.") && !home.contains("are paused"), "{home}");
}

#[tokio::test]
async fn the_panel_speaks_three_languages_and_remembers_which() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    for (tag, word) in [("pt", "Entrar"), ("es", "Iniciar sesión"), ("en", "Log in")] {
        browser.get(&format!("/panel/login?locale={tag}")).await;
        let page = browser.get("/panel/login").await;
        assert!(page.text().contains(word) && page.text().contains(&format!("lang=\"{tag}\"")), "{tag}");
    }
}

#[tokio::test]
async fn who_is_invited_says_yes_or_no_and_nobody_else_does() {
    let app = TestApp::new().await;
    let mut owner = Browser::new(&app);
    owner.log_in(Site::MLA).await;
    let invite = async |owner: &mut Browser<'_>, email: &str| {
        owner.get("/panel/people").await;
        owner.post("/panel/people", &[("email", email), ("role", "developer")]).await
    };
    for bad in ["", "ana", &seed(Site::MLA).account.email] {
        assert_eq!(invite(&mut owner, bad).await.status, 400, "{bad}");
    }
    // Whether somebody logs in with an e-mail is not told.
    assert_eq!(invite(&mut owner, "dev@example.com").await.status, 303);
    let link = newest_link(&app);
    let word = link.split('=').nth(1).unwrap().to_owned();
    let mut stranger = Browser::new(&app);
    let door = stranger.get(&link).await;
    assert!(
        door.header("location").starts_with("/panel/login?next=%2Fpanel%2Finvitation"),
        "{}",
        door.text()
    );
    stranger.sign_up("other@example.com").await;
    assert_eq!(stranger.get(&link).await.status, 404, "another e-mail");
    stranger.get("/panel/home").await;
    let stolen = stranger.post("/panel/invitation", &[("link", &word), ("answer", "accept")]).await;
    assert_eq!(stolen.status, 404);

    let mut dev = Browser::new(&app);
    dev.sign_up("dev@example.com").await;
    assert!(dev.get(&link).await.text().contains("invites you to act for its account"));
    assert_eq!(dev.post("/panel/invitation", &[("link", &word), ("answer", "decline")]).await.status, 303);
    assert_eq!(dev.get(&link).await.status, 404, "it is answered");
    assert!(!owner.get("/panel/people").await.text().contains("dev@example.com"));

    invite(&mut owner, "dev@example.com").await;
    let people = owner.get("/panel/people").await.text();
    assert!(people.contains("Open invitations") && people.contains("dev@example.com"), "{people}");
    let id = Regex::new(r#"name="invitation" value="([0-9a-f]+)""#).unwrap().captures(&people).unwrap()[1]
        .to_owned();
    let link = newest_link(&app);
    assert_eq!(owner.post("/panel/people/withdraw", &[("invitation", &id)]).await.status, 303);
    assert_eq!(dev.get(&link).await.status, 404, "it was taken back");
    let log = owner.get("/panel/audit").await.text();
    for act in ["member.invited", "member.invitation_withdrawn"] {
        assert!(log.contains(act), "{act}");
    }
}
