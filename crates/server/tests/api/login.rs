//! What a login in the panel demands beside the password, and how a forgotten one is set anew.

use crate::panel::Browser;
use crate::test_app::{TestApp, seed};
use pasarela_domain::application::credentials::SecretKind;
use pasarela_domain::identity::Mode;
use pasarela_domain::site::Site;
use pasarela_engine::audit::Actor;
use pasarela_engine::logins::Checked;
use regex::Regex;
use ring::hmac;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

const EMAIL: &str = "ana@example.com";
const PASSWORD: &str = "correct horse";

/// What an app shows now that was given this key (RFC 6238).
fn code_of(key: &str) -> String {
    let (mut bits, mut count, mut secret) = (0_u64, 0, Vec::new());
    for letter in key.bytes() {
        let five = if letter.is_ascii_uppercase() { letter - b'A' } else { letter - b'2' + 26 };
        (bits, count) = ((bits << 5 | u64::from(five)) & 0xffff, count + 5);
        if count >= 8 {
            count -= 8;
            secret.push((bits >> count & 0xff) as u8);
        }
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let tag = hmac::sign(&key, &(now / 30).to_be_bytes());
    let tag = tag.as_ref();
    let from = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes(tag[from..from + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Turns the second factor on; the codes that are to be written down.
async fn enrol(browser: &mut Browser<'_>) -> Vec<String> {
    browser.get("/panel/security").await;
    let wrong = browser.post("/panel/security/second-factor", &[("password", "wrong")]).await;
    assert_eq!(wrong.status, 401, "{}", wrong.text());
    let begun = browser.post("/panel/security/second-factor", &[("password", PASSWORD)]).await;
    let page = browser.follow(&begun).await.text();
    assert!(page.contains("<svg"), "{page}");
    let key =
        Regex::new("<code>([A-Z2-7]{32})</code>").unwrap().captures(&page).expect("a key")[1].to_owned();
    let wrong = browser.post("/panel/security/second-factor/confirm", &[("code", "abcdef")]).await;
    assert_eq!(wrong.status, 401, "{}", wrong.text());
    let on = browser.post("/panel/security/second-factor/confirm", &[("code", &code_of(&key))]).await;
    assert_eq!(on.status, 200, "{}", on.text());
    let codes: Vec<String> = Regex::new("<code>([a-z2-7-]{19})</code>")
        .unwrap()
        .captures_iter(&on.text())
        .map(|found| found[1].to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    codes
}

/// Says the password; the ticket for the code, if one is demanded.
async fn say_password(browser: &mut Browser<'_>, password: &str) -> Option<String> {
    browser.get("/panel/login").await;
    let page = browser.post("/panel/login", &[("name", EMAIL), ("password", password)]).await;
    let found = Regex::new(r#"name="ticket" value="([^"]+)""#).unwrap().captures(&page.text())?[1].to_owned();
    assert_eq!(page.status, 200);
    Some(found)
}

async fn say_code(browser: &mut Browser<'_>, ticket: &str, code: &str) -> u16 {
    let fields = [("ticket", ticket), ("code", code), ("next", "/panel/people")];
    let answer = browser.post("/panel/login/code", &fields).await;
    if answer.status == 303 {
        assert_eq!(answer.header("location"), "/panel/people");
    }
    answer.status.into()
}

/// The link of the newest message that has one.
async fn link(app: &TestApp, seen: &mut BTreeSet<String>) -> String {
    let started = Instant::now();
    let pattern = Regex::new(r"http://pasarela\.test(/panel/recover/password\?link=\S+)").unwrap();
    loop {
        let files = std::fs::read_dir(app.engine.outbox().unwrap()).into_iter().flatten();
        let messages = files.filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok());
        let links = messages.filter_map(|message| Some(pattern.captures(&message)?[1].to_owned()));
        if let Some(new) = links.into_iter().find(|link| !seen.contains(link)) {
            seen.insert(new.clone());
            return new;
        }
        assert!(started.elapsed() < Duration::from_secs(120), "a message comes");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn told(app: &TestApp, text: &str) -> bool {
    let files = std::fs::read_dir(app.engine.outbox().unwrap()).unwrap();
    files
        .filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok())
        .any(|message| message.contains(text))
}

#[tokio::test]
async fn a_login_with_a_second_factor_is_asked_for_its_code() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    browser.sign_up(EMAIL).await;
    let codes = enrol(&mut browser).await;
    assert!(told(&app, "From now on your login asks for a code of your app."));
    assert_eq!(browser.get("/panel/home").await.status, 200, "this browser goes on");
    assert_eq!(browser.post("/panel/logout", &[]).await.header("location"), "/panel/login");

    let mut other = Browser::new(&app);
    assert_eq!(say_password(&mut other, "wrong horse").await, None);
    let ticket = say_password(&mut other, PASSWORD).await.expect("a code is demanded");
    assert_eq!(other.get("/panel/home").await.status, 303, "the password alone opens nothing");
    let ticket = {
        drop(ticket);
        say_password(&mut other, PASSWORD).await.unwrap()
    };
    assert_eq!(say_code(&mut other, &ticket, "").await, 401);
    assert_eq!(say_code(&mut other, &ticket, "000000").await, 401);
    let mut thief = Browser::new(&app);
    thief.get("/panel/login").await;
    assert_eq!(say_code(&mut thief, &ticket, &codes[0]).await, 401, "another browser's ticket");
    assert_eq!(say_code(&mut other, &ticket, &codes[0]).await, 303);
    assert!(told(&app, "One of your recovery codes was used; 9 are left."));

    let mut again = Browser::new(&app);
    let ticket = say_password(&mut again, PASSWORD).await.unwrap();
    assert_eq!(say_code(&mut again, &ticket, &codes[0]).await, 401, "it is used up");
    let log = other.get("/panel/audit").await.text();
    for act in ["second_factor.enabled", "second_factor.recovery_code_used"] {
        assert!(log.contains(act), "{act}");
    }
    other.get("/panel/security").await;
    let gone = [("password", PASSWORD), ("code", codes[1].as_str())];
    assert_eq!(other.post("/panel/security/second-factor/remove", &gone).await.status, 303);
    assert_eq!(say_password(&mut again, PASSWORD).await, None, "the password is enough again");
    assert_eq!(again.get("/panel/home").await.status, 200);
}

#[tokio::test]
async fn guessing_a_code_is_stopped_and_told_and_an_operator_helps() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    browser.sign_up(EMAIL).await;
    let codes = enrol(&mut browser).await;
    let mut thief = Browser::new(&app);
    let ticket = say_password(&mut thief, PASSWORD).await.unwrap();
    // One was wrong while it was enrolled, and a right one came after it.
    for _ in 0..4 {
        assert_eq!(say_code(&mut thief, &ticket, "000000").await, 401);
    }
    assert_eq!(say_code(&mut thief, &ticket, "000000").await, 429);
    assert_eq!(say_code(&mut thief, &ticket, &codes[0]).await, 429, "also the right one");
    assert!(told(&app, "Somebody who knows your password said several wrong codes."));
    app.engine.reset_second_factor(Site::MLA, EMAIL, &Actor::operator("test")).await.unwrap();
    assert_eq!(say_password(&mut thief, PASSWORD).await, None);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_a_link_that_is_good_once() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    browser.sign_up(EMAIL).await;
    let mut stranger = Browser::new(&app);
    stranger.get("/panel/recover").await;
    let nobody = stranger.post("/panel/recover", &[("name", "nobody@example.com")]).await;
    let somebody = stranger.post("/panel/recover", &[("name", EMAIL)]).await;
    let shown =
        |page: &str| Regex::new(r#"name="word" value="[^"]*""#).unwrap().replace_all(page, "").into_owned();
    assert_eq!((nobody.status, shown(&nobody.text())), (somebody.status, shown(&somebody.text())));
    let mut seen = BTreeSet::new();
    let link = link(&app, &mut seen).await;
    assert_eq!(stranger.get("/panel/recover/password?link=7.abc").await.status, 404);
    for _ in 0..2 {
        assert_eq!(stranger.get(&link).await.status, 200, "looking at it does not use it up");
    }
    let word = link.split('=').nth(1).unwrap().to_owned();
    let set = async |browser: &mut Browser<'_>, password: &str| {
        browser.get(&link).await;
        let fields = [("link", word.as_str()), ("password", password)];
        browser.post("/panel/recover/password", &fields).await.status.as_u16()
    };
    assert_eq!(set(&mut stranger, "short").await, 400);
    assert_eq!(set(&mut stranger, "another horse").await, 303);
    assert_eq!(browser.get("/panel/home").await.status, 303, "all sessions end");
    assert!(told(&app, "Your password was changed, and all of your sessions have ended."));
    assert_eq!(stranger.get(&link).await.status, 404);
    assert_eq!(set(&mut stranger, "a third horse").await, 404);
    stranger.get("/panel/login").await;
    let old = stranger.post("/panel/login", &[("name", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(old.status, 401);
    let new = stranger.post("/panel/login", &[("name", EMAIL), ("password", "another horse")]).await;
    assert_eq!(new.status, 303);
    // Another one is sent after a minute; asking is bounded for everybody alike.
    let mut statuses = BTreeSet::new();
    for _ in 0..20 {
        stranger.get("/panel/recover").await;
        statuses.insert(stranger.post("/panel/recover", &[("name", "x@example.com")]).await.status.as_u16());
    }
    assert_eq!(statuses, BTreeSet::from([200, 429]));
}

#[tokio::test]
async fn who_signed_up_with_somebody_elses_e_mail_loses_what_it_was_given() {
    let app = TestApp::new().await;
    Browser::new(&app).sign_up(EMAIL).await;
    let Checked::Right(login) = app.engine.check_password(EMAIL, PASSWORD).await.unwrap() else {
        panic!("it signed up")
    };
    let (stranger, actor) = (login.account_id, Actor::operator("test"));
    let details = json!({"name": "Shop"});
    let made = app.engine.create_application(stranger, details.as_object().unwrap(), &actor).await.unwrap();
    let (id, secrets) = (made.0.id, made.1);
    let mut tokens = vec![secrets.test.access_token, secrets.test.public_key];
    // As often as it may: so that one more renewal would be refused.
    while let Ok(renewed) = app.engine.renew_credentials(stranger, id, Mode::Test, 3_600_000, &actor).await {
        tokens.extend([renewed.new.access_token, renewed.new.public_key]);
    }
    let asked = json!({"client_id": id.to_string(), "client_secret": secrets.client_secret,
        "grant_type": "client_credentials", "test_token": "true"});
    let own = app.stranger().post("/oauth/token", &asked).await.expect(200);
    tokens.push(own["access_token"].as_str().unwrap().to_owned());
    for token in &tokens {
        assert!(app.engine.identify(token).await.unwrap().is_some());
    }
    let mut owner = Browser::new(&app);
    owner.get("/panel/recover").await;
    owner.post("/panel/recover", &[("name", EMAIL)]).await;
    let link = link(&app, &mut BTreeSet::new()).await;
    owner.get(&link).await;
    let fields = [("link", link.split('=').nth(1).unwrap()), ("password", "another horse")];
    assert_eq!(owner.post("/panel/recover/password", &fields).await.status, 303);
    for token in &tokens {
        assert!(app.engine.identify(token).await.unwrap().is_none());
    }
    let refused = app.stranger().post("/oauth/token", &asked).await.expect(400);
    assert_eq!(refused["error"], "invalid_client");
    let shown = app.engine.own_credentials(stranger, id).await.unwrap();
    assert_eq!(shown.len(), 5, "two pairs and a client secret");
    let current = shown
        .iter()
        .find(|shown| shown.kept.kind == SecretKind::AccessToken && shown.kept.mode == Some(Mode::Test));
    let token = current.and_then(|shown| shown.secret.clone()).expect("a new token");
    app.bearer(&token).get("/users/me").await.expect(200);
}

#[tokio::test]
async fn who_reads_the_e_mail_but_has_no_code_sets_no_password() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    browser.sign_up(EMAIL).await;
    let codes = enrol(&mut browser).await;
    let mut thief = Browser::new(&app);
    thief.get("/panel/recover").await;
    thief.post("/panel/recover", &[("name", EMAIL)]).await;
    let link = link(&app, &mut BTreeSet::new()).await;
    let word = link.split('=').nth(1).unwrap().to_owned();
    assert!(thief.get(&link).await.text().contains(r#"name="code""#));
    for (code, status) in [("", 401), ("000000", 401), (codes[0].as_str(), 303)] {
        thief.get(&link).await;
        let fields = [("link", word.as_str()), ("password", "another horse"), ("code", code)];
        assert_eq!(thief.post("/panel/recover/password", &fields).await.status, status, "{code}");
    }
    assert!(say_password(&mut thief, "another horse").await.is_some(), "and the login demands one, too");
}

#[tokio::test]
async fn another_password_lets_no_application_of_others_in_any_more() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    browser.sign_up(EMAIL).await;
    let client = seed(Site::MLB);
    let redirect = json!({"redirect_url": "https://shop.example/back"});
    app.live_seller(Site::MLB)
        .put(&format!("/v1/applications/{}", client.application.id), &redirect)
        .await
        .expect(200);
    let path = format!(
        "/authorization?client_id={}&response_type=code&redirect_uri=https%3A%2F%2Fshop.example%2Fback",
        client.application.id
    );
    let code = async |browser: &mut Browser<'_>| {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let left = browser.post(&path, &[("answer", "allow")]).await.text();
        Regex::new(r"code=(TG-[0-9a-f]+-\d+)").unwrap().captures(&left).expect("a code")[1].to_owned()
    };
    let token = async |fields: serde_json::Value| app.stranger().post("/oauth/token", &fields).await;
    let request = |code: &str| {
        json!({"grant_type": "authorization_code", "client_id": client.application.id.to_string(),
            "client_secret": client.application.client_secret, "code": code,
            "redirect_uri": "https://shop.example/back", "test_token": "true"})
    };
    let used = code(&mut browser).await;
    let given = token(request(&used)).await.expect(200);
    let access = given["access_token"].as_str().unwrap().to_owned();
    app.bearer(&access).get("/users/me").await.expect(200);
    let unused = code(&mut browser).await;
    browser.get("/panel/security").await;
    let fields = [("password", PASSWORD), ("new", "another horse")];
    assert_eq!(
        browser.post("/panel/security/password", &fields).await.header("location"),
        "/panel/login?done=password"
    );
    assert_eq!(browser.get("/panel/home").await.status, 303);
    assert_eq!(app.bearer(&access).get("/users/me").await.status, 401);
    let refresh = json!({"grant_type": "refresh_token", "client_id": client.application.id.to_string(),
        "client_secret": client.application.client_secret, "refresh_token": given["refresh_token"]});
    assert_eq!(token(refresh).await.expect(400)["error"], "invalid_grant");
    assert_eq!(token(request(&unused)).await.expect(400)["error"], "invalid_grant");
}
