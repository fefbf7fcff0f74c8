//! `/v1/applications/{id}/shares`, and what the person sees in the panel.

use super::delete;
use crate::panel::Browser;
use crate::test_app::{TestApp, seed};
use pasarela_domain::identity::Mode;
use pasarela_domain::site::Site;
use serde_json::json;

const PERSON: &str = "dev@example.com";

#[tokio::test]
async fn a_person_without_a_role_sees_the_credentials_of_one_application_until_they_are_taken_back() {
    let app = TestApp::new().await;
    let (owner, account) = (app.live_seller(Site::MLA), seed(Site::MLA));
    let mut person = Browser::new(&app);
    person.sign_up(PERSON).await;
    let shares = format!("/v1/applications/{}/shares", account.application.id);
    let share = async |email: &str| owner.post(&shares, &json!({"email": email})).await;
    assert_eq!(share(PERSON).await.status, 404, "its e-mail was not proved");
    person.confirm_email().await;
    for (email, status) in
        [("", 400), ("ana", 400), (account.account.email.as_str(), 400), ("nobody@example.com", 404)]
    {
        assert_eq!(share(email).await.status, status, "{email}");
    }
    let test = app.seller(Site::MLA);
    assert_eq!(test.post(&shares, &json!({"email": PERSON})).await.status, 403);
    assert_eq!(app.live_seller(Site::MLB).post(&shares, &json!({"email": PERSON})).await.status, 404);
    let secret = account.live.access_token.as_str();
    let page = format!("/panel/shared/{}/{}", account.account.id, account.application.id);
    assert_eq!(person.get(&page).await.status, 404, "nothing is shared yet");
    assert!(!person.get("/panel/applications").await.text().contains("Shared with you"));

    let shared = share(" DEV@example.com ").await.expect(201);
    assert_eq!(shared["email"], PERSON);
    assert_eq!(share(PERSON).await.expect(201), shared, "once more is the same");
    let listed = owner.get(&shares).await.expect(200);
    assert_eq!(listed["results"], json!([shared]));
    let list = person.get("/panel/applications").await.text();
    assert!(list.contains("Shared with you") && list.contains(&page), "{list}");
    let hidden = person.get(&page).await.text();
    assert!(hidden.contains(&account.live.public_key) && !hidden.contains(secret), "{hidden}");
    let revealed = person.post(&format!("{page}/reveal"), &[]).await.text();
    assert!(revealed.contains(secret) && revealed.contains(&account.application.client_secret), "{revealed}");
    assert!(!revealed.contains(account.credentials(Mode::Live).webhook_secret.as_str()));
    // Of the account it sees nothing else.
    let id = account.application.id;
    for elsewhere in [format!("/panel/applications/{id}"), format!("/panel/shared/{}/1", account.account.id)]
    {
        assert_eq!(person.get(&elsewhere).await.status, 404, "{elsewhere}");
    }
    let renewed = json!({"renew": "live", "grace": "PT0S"});
    let renewed = owner.post(&format!("/v1/applications/{id}/credentials"), &renewed).await.expect(201);
    let owner = app.bearer(renewed["access_token"].as_str().unwrap());
    person.get(&page).await;
    let revealed = person.post(&format!("{page}/reveal"), &[]).await.text();
    assert!(revealed.contains(renewed["access_token"].as_str().unwrap()), "{revealed}");
    let log = owner.get("/pasarela/audit?limit=100").await.expect(200);
    let acts = |act: &str| {
        let results = log["results"].as_array().unwrap().iter();
        results.filter(|entry| entry["act"] == act).cloned().collect::<Vec<_>>()
    };
    assert_eq!(acts("credentials.shared")[0]["detail"], PERSON);
    assert!(acts("credentials.revealed")[0]["actor"].as_str().unwrap().starts_with(PERSON));

    let it = format!("{shares}/{}", shared["user_id"]);
    assert_eq!(delete(&owner, &it).await.status, 200);
    assert_eq!(delete(&owner, &it).await.status, 404);
    assert_eq!(person.get(&page).await.status, 404);
    person.get("/panel/applications").await;
    assert_eq!(person.post(&format!("{page}/reveal"), &[]).await.status, 404, "at once");
}

#[tokio::test]
async fn owners_share_in_the_panel_and_a_person_takes_itself_off() {
    let app = TestApp::new().await;
    let mut person = Browser::new(&app);
    person.sign_up(PERSON).await;
    person.confirm_email().await;
    let (account, id) = (seed(Site::MLA).account.id, seed(Site::MLA).application.id);
    let (page, shares) = (format!("/panel/applications/{id}"), format!("/panel/applications/{id}/shares"));
    let mut owner = Browser::new(&app);
    owner.log_in(Site::MLA).await;
    for _ in 0..2 {
        owner.get(&page).await;
        assert_eq!(owner.post(&shares, &[("email", PERSON)]).await.status, 303);
        assert!(owner.get(&page).await.text().contains(PERSON));
        let own = format!("/panel/shared/{account}/{id}");
        person.get(&own).await;
        assert_eq!(person.post(&format!("{own}/remove"), &[]).await.status, 303);
        assert_eq!(person.get(&own).await.status, 404);
        assert!(!owner.get(&page).await.text().contains(PERSON));
    }
    // Developers see secrets, and let nobody else see them.
    owner.get("/panel/people").await;
    owner.post("/panel/people", &[("email", PERSON), ("role", "developer")]).await;
    person.accept_invitation().await;
    assert!(!person.get(&page).await.text().contains("Shared credentials"));
    assert_eq!(person.post(&shares, &[("email", "other@example.com")]).await.status, 403);
}
