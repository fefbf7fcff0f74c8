//! A buyer's account on the hosted checkout: log in, pay by balance, by card, by both; and what must not happen.

use super::{Buyer, article, card_form, hidden, plan, preference, refs};
use crate::test_app::{Answer, Call, Client, TestApp, at_once, buyer, seed, with};
use axum::http::Method;
use pasarela_domain::site::Site;
use pasarela_engine::seeds::logins::login_of;
use pasarela_engine::upkeep::{Source, examine};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// A browser with its cookies, on one preference's pages.
#[derive(Clone)]
struct Browser {
    stranger: Client,
    id: String,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Browser {
    fn of(app: &TestApp, preference: &Value) -> Browser {
        let id = preference["id"].as_str().unwrap().to_owned();
        Browser { stranger: app.stranger(), id, cookies: Arc::default() }
    }

    /// The same browser in another tab.
    fn on(&self, preference: &Value) -> Browser {
        Browser { id: preference["id"].as_str().unwrap().to_owned(), ..self.clone() }
    }

    fn call(&self, method: Method, path: &str) -> Call {
        let cookies = self.cookies.lock().unwrap();
        let sent: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            let (path, more) = path.split_once('?').unwrap_or((path, ""));
            format!("/checkout/v1/{path}?pref_id={}&locale=en&{more}", self.id)
        };
        let call = self.stranger.call(method, &path).no_key();
        if sent.is_empty() { call } else { call.header("cookie", &sent.join("; ")) }
    }

    async fn send(&self, call: Call) -> Answer {
        let answer = call.send().await;
        for set in answer.headers.get_all("set-cookie") {
            let (pair, attributes) = set.to_str().unwrap().split_once(';').unwrap();
            assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"), "{attributes}");
            let (name, value) = pair.split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            match value {
                "" => cookies.remove(name),
                value => cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(self.call(Method::GET, path)).await
    }

    fn posting(&self, path: &str, form: &[(String, String)]) -> Call {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.call(Method::POST, path).body(body)
    }

    async fn post(&self, path: &str, form: &[(String, String)]) -> Answer {
        self.send(self.posting(path, form)).await
    }

    async fn follow(&self, answer: &Answer) -> Answer {
        assert_eq!(answer.status, 303, "{}", answer.text());
        self.get(answer.header("location")).await
    }

    /// The first form of a page that goes to `path`, with these fields besides its own.
    async fn submit(&self, page: &Answer, path: &str, more: &[(&str, &str)]) -> Answer {
        self.post(path, &form_to(&page.text(), path, more)).await
    }

    async fn log_in_as(&self, name: &str, password: &str) -> Answer {
        let page = self.get("wallet").await;
        self.submit(&page, "login", &[("name", name), ("password", password)]).await
    }

    /// Logs the site's well-known buyer in; the wallet's page.
    async fn log_in(&self, site: Site) -> Answer {
        let account = &buyer(site).account;
        let answer = self.log_in_as(&account.email, &login_of(account.id).unwrap().password).await;
        let page = self.follow(&answer).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page
    }
}

fn form_to(page: &str, path: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let start =
        page.find(&format!("action=\"/checkout/v1/{path}?")).unwrap_or_else(|| panic!("{path}: {page}"));
    let form = &page[start..start + page[start..].find("</form>").unwrap()];
    let mut fields = hidden(form);
    fields.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
    fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields
}

async fn wallet_of(app: &TestApp, site: Site) -> Value {
    let id = buyer(site).account.id;
    app.seller(site).get(&format!("/sandbox/wallet?user_id={id}")).await.expect(200)
}

async fn balance(app: &TestApp, site: Site) -> f64 {
    wallet_of(app, site).await["balance"].as_f64().unwrap()
}

async fn payments(app: &TestApp) -> Vec<Value> {
    let found = app.seller(Site::MLB).get("/v1/payments/search?sort=id&criteria=asc").await.expect(200);
    found["results"].as_array().unwrap().clone()
}

async fn orders(app: &TestApp) -> Vec<Value> {
    let found = app.seller(Site::MLB).get("/merchant_orders/search").await.expect(200);
    found["elements"].as_array().unwrap().clone()
}

/// A preference of more than the buyer's balance of 10,000: a card pays the rest.
async fn dear(seller: &Client) -> Value {
    let item = json!({"items": [{"title": "Sofa", "quantity": 1, "unit_price": 10_250}]});
    preference(seller, item).await
}

/// Closes the server and proves its books and records.
async fn assert_sound(app: TestApp, directory: &TempDir) {
    let place = app.place(directory.path());
    app.close().await;
    let found = examine(&Source::Store(place)).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
}

fn new_card(holder: &str) -> Vec<(&'static str, &str)> {
    card_form(holder).into_iter().filter(|(name, _)| *name != "email").collect()
}

#[tokio::test]
async fn a_buyer_logs_in_pays_with_balance_and_gets_it_back() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let seller = app.seller(Site::MLB);
    let preference = preference(&seller, json!({"marketplace_fee": 3})).await;
    let browser = Browser::of(&app, &preference);
    let start = browser.get("redirect").await.text();
    assert!(start.contains("/checkout/v1/wallet?") && start.contains("My account"), "{start}");
    let page = browser.log_in(Site::MLB).await;
    let text = page.text();
    assert!(text.contains("R$\u{a0}10.000,00") && text.contains("Pay with balance"), "{text}");
    assert_eq!(page.header("cache-control"), "no-store");
    let answer = browser.submit(&page, "wallet/pay", &[]).await;
    let result = browser.follow(&answer).await.text();
    assert!(result.contains("data-progress=\"paid\""), "{result}");

    let paid = payments(&app).await;
    assert_eq!(paid.len(), 1);
    let payment = &paid[0];
    assert_eq!((&payment["status"], &payment["status_detail"]), (&json!("approved"), &json!("accredited")));
    for (name, expected) in [
        ("payment_method_id", json!("account_money")),
        ("payment_type_id", json!("account_money")),
        ("operation_type", json!("regular_payment")),
        ("issuer_id", Value::Null),
        ("installments", json!(1)),
        ("card", json!({})),
        ("transaction_amount", json!(100)),
    ] {
        assert_eq!(payment[name], expected, "{name}");
    }
    assert_eq!(payment["payer"]["id"], buyer(Site::MLB).account.id.to_string());
    assert_eq!(balance(&app, Site::MLB).await, 9_900.0);
    assert_eq!(orders(&app).await[0]["order_status"], "paid");

    seller.post(&format!("/v1/payments/{}/refunds", payment["id"]), &json!({})).await.expect(201);
    assert_eq!(balance(&app, Site::MLB).await, 10_000.0);
    assert_sound(app, &directory).await;
}

#[tokio::test]
async fn a_wallet_purchase_demands_a_login_and_offers_nothing_else() {
    let app = TestApp::new().await;
    let preference = preference(&app.seller(Site::MLB), json!({"purpose": "wallet_purchase"})).await;
    let browser = Browser::of(&app, &preference);
    let first = browser.get("redirect").await;
    let login = browser.follow(&first).await.text();
    assert!(login.contains("type=\"password\"") && !login.contains("Pay another way"), "{login}");
    // What a guest posts pays nothing, whatever it says.
    let guest = Buyer::of(&app, &preference);
    let card = guest.card("APRO").await;
    assert_eq!(card.status, 403);
    let page = browser.log_in(Site::MLB).await;
    let answer = browser.submit(&page, "wallet/pay", &[]).await;
    assert!(browser.follow(&answer).await.text().contains("data-progress=\"paid\""));
    assert_eq!(payments(&app).await.len(), 1);
}

#[tokio::test]
async fn a_card_that_paid_is_kept_when_asked_and_pays_again_with_its_code() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let seller = app.seller(Site::MLB);
    let first = preference(&seller, json!({})).await;
    let browser = Browser::of(&app, &first);
    let page = browser.log_in(Site::MLB).await;
    assert!(page.text().contains("card=new"));
    let typing = browser.get("wallet?card=new").await;
    // A card that is refused is not kept.
    let mut form = new_card("FUND");
    form.push(("keep", "1"));
    let review = browser.submit(&typing, "wallet/new-card", &form).await;
    assert!(review.text().contains("•••• 6351") && !review.text().contains("50314332"), "{}", review.text());
    let answer = browser.submit(&review, "wallet/pay", &[]).await;
    assert!(browser.follow(&answer).await.text().contains("data-progress=\"rejected\""));
    assert_eq!(wallet_of(&app, Site::MLB).await["cards"], 0);

    let mut form = new_card("APRO");
    form.push(("keep", "1"));
    let review = browser.submit(&typing, "wallet/new-card", &form).await;
    let answer = browser.submit(&review, "wallet/pay", &[("installments", &plan(&review.text(), 3))]).await;
    assert!(browser.follow(&answer).await.text().contains("data-progress=\"paid\""));
    assert_eq!(wallet_of(&app, Site::MLB).await["cards"], 1);
    assert_eq!(balance(&app, Site::MLB).await, 10_000.0, "the card paid");

    let second = preference(&seller, json!({})).await;
    let browser = browser.on(&second);
    let page = browser.get("wallet").await;
    assert!(page.text().contains("ending in 6351"), "{}", page.text());
    let wrong = browser.submit(&page, "wallet/card", &[("card_code", "12")]).await;
    assert!(wrong.text().contains("role=\"alert\""), "{}", wrong.text());
    let none = browser.submit(&page, "wallet/card", &[("card", "77"), ("card_code", "123")]).await;
    assert!(none.text().contains("can&#39;t pay this purchase"), "{}", none.text());
    let review = browser.submit(&page, "wallet/card", &[("card_code", "123")]).await;
    let answer = browser.submit(&review, "wallet/pay", &[]).await;
    assert!(browser.follow(&answer).await.text().contains("data-progress=\"paid\""));
    let paid = payments(&app).await;
    assert_eq!(paid.len(), 3);
    assert_eq!(paid[2]["card"]["last_four_digits"], "6351");
    assert_eq!(paid[2]["card"]["cardholder"]["name"], "APRO");
    assert_eq!(paid[2]["payer"]["id"], paid[1]["payer"]["id"]);

    // The same card once more is not a second one; and it can be taken out.
    let typing = browser.get("wallet?card=new").await;
    let mut form = new_card("APRO");
    form.push(("keep", "1"));
    let review = browser.submit(&typing, "wallet/new-card", &form).await;
    browser.submit(&review, "wallet/pay", &[]).await;
    assert_eq!(wallet_of(&app, Site::MLB).await["cards"], 1);
    let page = browser.get("wallet").await;
    browser.submit(&page, "wallet/forget", &[]).await;
    assert_eq!(wallet_of(&app, Site::MLB).await["cards"], 0);
    assert_sound(app, &directory).await;
}

#[tokio::test]
async fn a_purchase_is_split_over_balance_and_card_in_one_order() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let seller = app.seller(Site::MLB);
    let sofa = dear(&seller).await;
    let browser = Browser::of(&app, &sofa);
    let page = browser.log_in(Site::MLB).await;
    assert!(!page.text().contains("Pay with balance"), "{}", page.text());
    let typing = browser.get("wallet?card=new").await;
    assert!(typing.text().contains("R$\u{a0}250,00"), "{}", typing.text());
    let mut form = new_card("APRO");
    form.push(("with_balance", "1"));
    let review = browser.submit(&typing, "wallet/new-card", &form).await;
    let text = review.text();
    assert!(text.contains("You pay with balance") && text.contains("R$\u{a0}10.000,00"), "{text}");
    let answer = browser.submit(&review, "wallet/pay", &[]).await;
    let result = browser.follow(&answer).await.text();
    assert!(result.contains("data-progress=\"paid\""), "{result}");
    assert!(result.contains("You pay with balance") && result.contains("R$\u{a0}10.000,00"), "{result}");
    let paid = payments(&app).await;
    let parts: Vec<_> = paid
        .iter()
        .map(|payment| {
            let text = |name: &str| payment[name].as_str().unwrap().to_owned();
            (text("payment_method_id"), payment["transaction_amount"].clone(), text("status"))
        })
        .collect();
    assert_eq!(
        parts,
        [
            ("account_money".to_owned(), json!(10_000), "approved".to_owned()),
            ("master".to_owned(), json!(250), "approved".to_owned()),
        ]
    );
    let all = orders(&app).await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["payments"].as_array().unwrap().len(), 2);
    assert_eq!((&all[0]["status"], &all[0]["order_status"]), (&json!("closed"), &json!("paid")));
    assert_eq!(all[0]["paid_amount"], 10_250);
    assert_eq!(balance(&app, Site::MLB).await, 0.0);

    // Each part goes back where it came from.
    for payment in &paid {
        seller.post(&format!("/v1/payments/{}/refunds", payment["id"]), &json!({})).await.expect(201);
    }
    assert_eq!(balance(&app, Site::MLB).await, 10_000.0);
    assert_eq!(orders(&app).await[0]["order_status"], "reverted");
    assert_sound(app, &directory).await;
}

#[tokio::test]
async fn when_the_card_says_no_the_balance_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let sofa = dear(&app.seller(Site::MLB)).await;
    let browser = Browser::of(&app, &sofa);
    browser.log_in(Site::MLB).await;
    let typing = browser.get("wallet?card=new").await;
    // Declined, and undecided, which is no for a part.
    for holder in ["FUND", "CONT"] {
        let mut form = new_card(holder);
        form.push(("with_balance", "1"));
        let review = browser.submit(&typing, "wallet/new-card", &form).await;
        let answer = browser.submit(&review, "wallet/pay", &[]).await;
        assert!(browser.follow(&answer).await.text().contains("data-progress=\"rejected\""), "{holder}");
    }
    let paid = payments(&app).await;
    assert_eq!(paid.len(), 2, "the card's refusals are known");
    assert!(paid.iter().all(|payment| payment["payment_method_id"] == "master"));
    assert_eq!(balance(&app, Site::MLB).await, 10_000.0);
    let all = orders(&app).await;
    assert_eq!(all.len(), 1);
    assert_eq!((&all[0]["status"], &all[0]["paid_amount"]), (&json!("opened"), &json!(0)));
    assert_sound(app, &directory).await;
}

#[tokio::test]
async fn a_double_click_a_second_tab_and_a_stale_page_pay_nothing_more() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let seller = app.seller(Site::MLB);
    let article = preference(&seller, json!({})).await;
    let browser = Browser::of(&app, &article);
    let page = browser.log_in(Site::MLB).await;
    let other_tab = browser.get("wallet").await;
    // The same form ten times at once.
    let form = form_to(&page.text(), "wallet/pay", &[]);
    let answers = at_once((0..10).map(|_| browser.posting("wallet/pay", &form))).await;
    let places: Vec<&str> = answers.iter().map(|answer| answer.header("location")).collect();
    assert!(places.iter().all(|place| place == &places[0]), "{places:?}");
    assert_eq!(payments(&app).await.len(), 1);
    // Another page of the same purchase, which was shown before that.
    let late = browser.submit(&other_tab, "wallet/pay", &[]).await;
    assert_eq!(late.status, 200);
    assert!(late.text().contains("in another window"), "{}", late.text());
    assert_eq!((payments(&app).await.len(), balance(&app, Site::MLB).await), (1, 9_900.0));
    // Who buys it again on purpose may.
    let again = browser.get("wallet").await;
    let answer = browser.submit(&again, "wallet/pay", &[]).await;
    assert_eq!(answer.status, 303);
    assert_eq!((payments(&app).await.len(), balance(&app, Site::MLB).await), (2, 9_800.0));
    assert_sound(app, &directory).await;
}

#[tokio::test]
async fn a_stale_page_pays_nothing_beside_a_card_that_is_under_review() {
    let app = TestApp::new().await;
    let article = preference(&app.seller(Site::MLB), json!({})).await;
    let browser = Browser::of(&app, &article);
    let other_tab = browser.log_in(Site::MLB).await;
    let typing = browser.get("wallet?card=new").await;
    let review = browser.submit(&typing, "wallet/new-card", &new_card("CONT")).await;
    let answer = browser.submit(&review, "wallet/pay", &[]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(payments(&app).await[0]["status"], "in_process");
    let late = browser.submit(&other_tab, "wallet/pay", &[]).await;
    assert!(late.text().contains("in another window"), "{}", late.text());
    assert_eq!((payments(&app).await.len(), balance(&app, Site::MLB).await), (1, 10_000.0));
}

#[tokio::test]
async fn two_tabs_at_once_pay_one_order() {
    let app = TestApp::new().await;
    let article = preference(&app.seller(Site::MLB), json!({})).await;
    let browser = Browser::of(&app, &article);
    browser.log_in(Site::MLB).await;
    let mut forms = Vec::new();
    for _ in 0..6 {
        forms.push(form_to(&browser.get("wallet").await.text(), "wallet/pay", &[]));
    }
    let answers = at_once(forms.iter().map(|form| browser.posting("wallet/pay", form))).await;
    let paid = answers.iter().filter(|answer| answer.status == 303).count();
    assert_eq!(paid, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert_eq!((payments(&app).await.len(), balance(&app, Site::MLB).await), (1, 9_900.0));
}

#[tokio::test]
async fn a_balance_that_was_spent_elsewhere_meanwhile_is_not_overdrawn() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let seller = app.seller(Site::MLB);
    let prices = [6_000, 7_000];
    let mut pages = Vec::new();
    let mut first: Option<Browser> = None;
    for price in prices {
        let item = json!({"items": [{"title": "Bed", "quantity": 1, "unit_price": price}]});
        let preference = preference(&seller, item).await;
        let browser = match &first {
            Some(browser) => browser.on(&preference),
            None => Browser::of(&app, &preference),
        };
        let page = match &first {
            Some(_) => browser.get("wallet").await,
            None => browser.log_in(Site::MLB).await,
        };
        pages.push((browser.clone(), form_to(&page.text(), "wallet/pay", &[])));
        first.get_or_insert(browser);
    }
    let answers = at_once(pages.iter().map(|(browser, form)| browser.posting("wallet/pay", form))).await;
    let paid = answers.iter().filter(|answer| answer.status == 303).count();
    assert_eq!(paid, 1);
    let refused = answers.iter().find(|answer| answer.status == 200).unwrap();
    assert!(refused.text().contains("Your balance has changed"), "{}", refused.text());
    let left = balance(&app, Site::MLB).await;
    assert!([4_000.0, 3_000.0].contains(&left), "{left}");
    assert_sound(app, &directory).await;
}

#[tokio::test]
async fn wrong_passwords_are_answered_alike_and_bounded() {
    let app = TestApp::new().await;
    let article = preference(&app.seller(Site::MLB), json!({})).await;
    let browser = Browser::of(&app, &article);
    let email = &buyer(Site::MLB).account.email;
    let wrong = browser.log_in_as(email, "qatest000000").await;
    let unknown = browser.log_in_as("nobody@testuser.com", "qatest000000").await;
    assert_eq!((wrong.status.as_u16(), unknown.status.as_u16()), (401, 401));
    let same = |page: &Answer| page.text().replace(email, "").replace("nobody@testuser.com", "");
    assert_eq!(same(&wrong), same(&unknown), "nothing tells a name that is known");
    assert!(!wrong.text().contains("qatest000000"), "a password is not shown again");
    for _ in 0..9 {
        browser.log_in_as(email, "wrong").await;
    }
    let shut = browser.log_in_as(email, &login_of(buyer(Site::MLB).account.id).unwrap().password).await;
    assert_eq!(shut.status, 429);
    assert!(shut.header("retry-after").parse::<u32>().unwrap() > 600);
}

#[tokio::test]
async fn forms_of_elsewhere_and_of_other_sessions_do_nothing() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    let article = preference(&seller, json!({})).await;
    let browser = Browser::of(&app, &article);
    // A login without the word of a page that this browser was shown.
    let account = &buyer(Site::MLB).account;
    let password = &login_of(account.id).unwrap().password;
    let forged = [("name".to_owned(), account.email.clone()), ("password".to_owned(), password.clone())];
    assert_eq!(browser.post("login", &forged).await.status, 403);
    let page = browser.log_in(Site::MLB).await;
    let form = form_to(&page.text(), "wallet/pay", &[]);
    let without =
        |name: &str| -> Vec<_> { form.iter().filter(|(known, _)| known != name).cloned().collect() };
    assert_eq!(browser.post("wallet/pay", &without("word")).await.status, 403);
    assert_eq!(browser.post("wallet/pay", &without("form")).await.status, 403);
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    let cross = browser.call(Method::POST, "wallet/pay").header("sec-fetch-site", "cross-site").body(body);
    assert_eq!(cross.send().await.status, 403);
    // Somebody else's browser with the same form is asked to log in; a word of another preference is none.
    let other = Browser::of(&app, &article);
    let asked = other.post("wallet/pay", &form).await;
    assert!(asked.text().contains("type=\"password\""));
    let elsewhere = browser.on(&preference(&seller, json!({})).await);
    assert_eq!(elsewhere.post("wallet/pay", &form).await.status, 403);
    // Nobody takes a balance by its owner's e-mail.
    let guest = Buyer::of(&app, &article);
    let shown = hidden(&guest.card("APRO").await.text());
    let mut taken: Vec<(String, String)> =
        shown.into_iter().filter(|(name, _)| name != "token" && name != "payment_method_id").collect();
    taken.push(("payment_method_id".to_owned(), "account_money".to_owned()));
    taken.retain(|(name, _)| name != "email");
    taken.push(("email".to_owned(), account.email.clone()));
    guest.post("pay", &refs(&taken)).send().await;
    assert_eq!((payments(&app).await.len(), balance(&app, Site::MLB).await), (0, 10_000.0));

    // After logging out the old form is nobody's.
    let out = browser.submit(&page, "logout", &[]).await;
    assert_eq!(out.status, 303);
    let asked = browser.post("wallet/pay", &form).await;
    assert!(asked.text().contains("type=\"password\""), "{}", asked.text());
    assert_eq!(payments(&app).await.len(), 0);
}

#[tokio::test]
async fn an_account_pays_in_its_own_country_not_itself_and_not_with_play_money_for_real() {
    let app = TestApp::new().await;
    let abroad = preference(&app.seller(Site::MLA), json!({})).await;
    let browser = Browser::of(&app, &abroad);
    let account = &buyer(Site::MLB).account;
    let answer = browser.log_in_as(&account.email, &login_of(account.id).unwrap().password).await;
    let page = browser.follow(&answer).await;
    assert!(page.text().contains("another country"), "{}", page.text());

    let own = preference(&app.seller(Site::MLB), json!({})).await;
    let browser = Browser::of(&app, &own);
    let seller = &seed(Site::MLB).account;
    let answer = browser.log_in_as(&seller.nickname, &login_of(seller.id).unwrap().password).await;
    assert!(browser.follow(&answer).await.text().contains("can&#39;t pay itself"));

    let live = app.live_seller(Site::MLB).post("/checkout/preferences", &with(article(), json!({}))).await;
    let live = live.expect(201);
    let browser = Browser::of(&app, &live);
    let answer = browser.log_in_as(&account.email, &login_of(account.id).unwrap().password).await;
    assert!(browser.follow(&answer).await.text().contains("real ones by real accounts"));
}

#[tokio::test]
async fn no_password_token_or_number_is_kept_in_clear() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let article = preference(&app.seller(Site::MLB), json!({})).await;
    let browser = Browser::of(&app, &article);
    browser.log_in(Site::MLB).await;
    let typing = browser.get("wallet?card=new").await;
    let mut form = new_card("APRO");
    form.push(("keep", "1"));
    let review = browser.submit(&typing, "wallet/new-card", &form).await;
    browser.submit(&review, "wallet/pay", &[]).await;
    let token = browser.cookies.lock().unwrap()["pasarela_wallet"].clone();
    let password = login_of(buyer(Site::MLB).account.id).unwrap().password.clone();
    app.close().await;
    for (place, bytes) in crate::test_app::contents(directory.path()).await {
        for secret in [token.as_str(), &password, "5031433215406351"] {
            let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_there, "{place} has {secret}");
        }
    }
}

/// Whether it is one of the published cards of 3-D Secure.
fn is_challenged(card: &Value) -> bool {
    ["4623", "7557"].contains(&card["last_four_digits"].as_str().unwrap())
}

#[tokio::test]
async fn a_test_user_pays_with_each_of_its_saved_cards() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::in_directory(directory.path()).await;
    let seller = app.seller(Site::MLB);
    let asked = json!({"site_id": "MLB"});
    let user = app.live_seller(Site::MLB).post("/users/test_user", &asked).await.expect(201);
    let cards = user["cards"].as_array().unwrap();
    assert_eq!(cards.len(), 7, "the published ones: {cards:?}");
    let made = preference(&seller, json!({})).await;
    let browser = Browser::of(&app, &made);
    let login = browser.log_in_as(user["email"].as_str().unwrap(), user["password"].as_str().unwrap()).await;
    browser.follow(&login).await;
    for card in cards {
        let made = preference(&seller, json!({})).await;
        let browser = browser.on(&made);
        let page = browser.get("wallet").await;
        let code = if card["security_code"]["length"] == 4 { "1234" } else { "123" };
        let form = [("card", card["id"].as_str().unwrap()), ("card_code", code)];
        let review = browser.submit(&page, "wallet/card", &form).await;
        let answer = browser.submit(&review, "wallet/pay", &[]).await;
        let result = browser.follow(&answer).await.text();
        let wants = if is_challenged(card) { "data-challenge" } else { "data-progress=\"paid\"" };
        assert!(result.contains(wants), "{card}: {result}");
    }
    for (payment, card) in payments(&app).await.iter().zip(cards) {
        let status = if is_challenged(card) { "pending" } else { "approved" };
        assert_eq!(
            (&payment["status"], &payment["payer"]["id"]),
            (&json!(status), &json!(user["id"].to_string()))
        );
        assert_eq!(payment["card"]["last_four_digits"], card["last_four_digits"]);
    }
    assert_sound(app, &directory).await;
}
