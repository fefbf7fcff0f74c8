//! The room of going live: the form, the checks with their evidence, who may do it, and what is kept.

use super::Browser;
use crate::going_live::{World, good_pages, shop};
use crate::test_app::seed;
use pasarela_domain::site::Site;
use serde_json::json;
use tokio::net::TcpListener;

fn room(world: &World) -> String {
    format!("/panel/applications/{}/going-live", world.id)
}

/// What somebody types who sells guitars at `url`.
fn typed(url: &str) -> Vec<(&'static str, String)> {
    vec![
        ("industry", "entertainment".to_owned()),
        ("production_site", url.to_owned()),
        ("payment_page", format!("{url}/pay")),
        ("approved_page", format!("{url}/thanks")),
        ("rejected_page", format!("{url}/again")),
        ("terms", "yes".to_owned()),
    ]
}

async fn save(
    browser: &mut Browser<'_>,
    world: &World,
    fields: &[(&str, String)],
) -> crate::test_app::Answer {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(&room(world), &fields).await
}

/// Asks for the checks; the page once they are over, however long they take.
async fn check(browser: &mut Browser<'_>, world: &World) -> String {
    let asked = browser.post(&format!("{}/checks", room(world)), &[]).await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    followed(browser, asked.header("location")).await
}

/// Looks again and again, as the page's script does, until the checks are over.
async fn followed(browser: &mut Browser<'_>, address: &str) -> String {
    loop {
        let page = browser.get(address).await.text();
        if !page.contains("data-following") {
            return page;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_seller_sees_what_is_missing_mends_it_and_is_let_through() {
    let world = World::new().await;
    let url = shop(world.authority.leaf("localhost", false), &good_pages(), Some(&world.secret)).await;
    let hooks = json!({"url": format!("{url}/hooks"), "topics": ["payment"]});
    world.test.put("/pasarela/webhooks", &hooks).await.expect(200);
    let mut browser = Browser::new(&world.app);
    browser.log_in(Site::MLB).await;

    let page = browser.get(&room(&world)).await.text();
    for text in ["Stages of the integration", "There was none yet.", "Test only", "placeholder=\"https://\""]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let page = check(&mut browser, &world).await;
    assert!(page.contains("Still missing to go live: "), "{page}");
    assert!(page.contains("industry, production_site, terms_accepted"), "what the form lacks: {page}");
    let home = browser.get("/panel/home").await.text();
    assert!(home.contains("Not live yet. Still missing: "), "{home}");

    browser.get(&room(&world)).await;
    let saved = save(&mut browser, &world, &typed(&url)).await;
    assert!(saved.header("location").ends_with("done=saved"), "{}", saved.text());
    let page = browser.follow(&saved).await.text();
    assert!(page.contains("Nothing was checked yet") && page.contains("Saved."), "the old verdict is gone");
    let page = check(&mut browser, &world).await;
    assert!(page.contains("Still missing to go live: 1<"), "{page}");
    for text in [
        "no measurement yet",
        "valid until 2090-03-04",
        "TLS 1.3",
        "/quality/rules/GOL-003?locale=en",
        "with a forged signature: 401",
        "Check again",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("style=") && !page.contains("onclick"), "the policy would stop it");

    let payment = world.good_payment().await["id"].to_string();
    browser.get(&room(&world)).await;
    let quality = format!("/panel/applications/{}/quality", world.id);
    browser.post(&quality, &[("mode", "test"), ("payment", &payment), ("product", "")]).await;
    browser.get(&room(&world)).await;
    assert_eq!(world.live.get("/v1/payments/search").await.status, 401, "not yet");
    let page = check(&mut browser, &world).await;
    world.live.get("/v1/payments/search").await.expect(200);
    for text in ["Live: the live credentials work", "by the checks", "What it rests on", "Activated"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let log = browser.get("/panel/audit").await.text();
    for text in ["going_live.changed", "going_live.checked", "nothing blocks", "credentials.activated"] {
        assert!(log.contains(text), "{text}: {log}");
    }
    let email = &seed(Site::MLB).account.email;
    assert!(log.contains(&format!("{email} (")), "who asked for the check");

    world.decide(false, "fraud, <case> 81").await;
    let page = browser.get(&room(&world)).await.text();
    assert!(page.contains("fraud, &#60;case&#62; 81") && page.contains("Stopped"), "{page}");
}

#[tokio::test]
async fn what_is_no_address_is_marked_and_what_was_typed_stays() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.app);
    browser.log_in(Site::MLB).await;
    browser.get(&room(&world)).await;
    let mut fields = typed("https://shop.example");
    fields[2].1 = "shop.example/<pay>".to_owned();
    let refused = save(&mut browser, &world, &fields).await;
    assert_eq!(refused.status, 400);
    let page = refused.text();
    for text in [
        "value=\"shop.example/&#60;pay&#62;\" aria-invalid=\"true\" aria-describedby=\"payment_page-hint\"",
        "Write a whole address that begins with https://",
        "value=\"https://shop.example/thanks\"",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let kept = world.live.get(&format!("/v1/applications/{}/going-live", world.id)).await.expect(200);
    assert_eq!(kept["form"], json!({}), "nothing was saved");
}

#[tokio::test]
async fn a_slow_check_is_followed_and_a_second_one_waits() {
    let world = World::new().await;
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut browser = Browser::new(&world.app);
    browser.log_in(Site::MLB).await;
    browser.get(&room(&world)).await;
    save(&mut browser, &world, &typed(&format!("https://{}", slow.local_addr().unwrap()))).await;
    let checks = format!("{}/checks", room(&world));
    let running = browser.post(&checks, &[]).await;
    assert!(running.header("location").contains("?since="), "{}", running.text());
    let page = browser.follow(&running).await.text();
    for text in [
        "The checks are running",
        "data-following=\"2\"",
        "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("Check again") && !page.contains("Check now"), "one at a time");
    let second = browser.post(&checks, &[]).await;
    assert_eq!(second.status, 429);
    assert!(second.text().contains("A check is running") && !second.header("retry-after").is_empty());
    // Its doors close: what is still to be asked is answered with nothing.
    drop(slow);
    let page = followed(&mut browser, running.header("location")).await;
    assert!(page.contains("Still missing to go live: "), "{page}");
}

#[tokio::test]
async fn only_who_may_change_applications_asks_for_checks() {
    let world = World::new().await;
    let mut owner = Browser::new(&world.app);
    owner.log_in(Site::MLB).await;
    let mut other = Browser::new(&world.app);
    other.sign_up("looker@example.com").await;
    other.confirm_email().await;
    let rooms = [room(&world), format!("/panel/applications/{}/quality", world.id)];
    for room in &rooms {
        assert_eq!(other.get(room).await.status, 404, "somebody else's");
        assert_eq!(other.post(room, &[]).await.status, 404);
    }
    owner.get("/panel/people").await;
    owner.post("/panel/people", &[("email", "looker@example.com"), ("role", "read_only")]).await;
    other.accept_invitation().await;
    for room in &rooms {
        let page = other.get(room).await;
        assert_eq!(page.status, 200);
        assert!(!page.text().contains(&format!("action=\"{room}")), "nothing to press: {}", page.text());
        assert_eq!(other.post(room, &[]).await.status, 403);
    }
    assert_eq!(other.post(&format!("{}/checks", rooms[0]), &[]).await.status, 403);
    owner.get(&rooms[0]).await;
    for path in [rooms[0].clone(), rooms[1].clone(), format!("{}/checks", rooms[0])] {
        owner.word = "0123456789abcdef0123456789abcdef".to_owned();
        assert_eq!(
            owner.post(&path, &[("terms", "yes")]).await.status,
            403,
            "a form of another site: {path}"
        );
    }
}

#[tokio::test]
async fn with_several_applications_one_is_chosen() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.app);
    browser.log_in(Site::MLB).await;
    for (way, room) in
        [("going-live", room(&world)), ("quality", format!("/panel/applications/{}/quality", world.id))]
    {
        let page = browser.get(&format!("/panel/{way}")).await;
        assert!(page.text().contains(&format!("<a href=\"{room}\">Guitars</a>")), "{}", page.text());
    }
    let mut single = Browser::new(&world.app);
    single.log_in(Site::MLA).await;
    let id = seed(Site::MLA).application.id;
    let only = single.get("/panel/going-live").await;
    assert_eq!(only.header("location"), format!("/panel/applications/{id}/going-live"));
    let page = single.follow(&only).await.text();
    assert!(page.contains("Live: the live credentials work"), "a well-known one: {page}");
}
