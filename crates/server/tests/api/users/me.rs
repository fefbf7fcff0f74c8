//! `GET /users/me`

use crate::test_app::{TestApp, seed};
use pasarela_domain::site::SITES;

#[tokio::test]
async fn a_token_tells_whose_it_is() {
    let app = TestApp::new().await;
    for site in SITES {
        for client in [app.seller(site), app.live_seller(site)] {
            let me = client.get("/users/me").await.expect(200);
            let account = &seed(site).account;
            assert_eq!(me["id"], account.id);
            assert_eq!(me["site_id"], site.id());
            assert_eq!(me["country_id"], site.country_id());
            assert_eq!(me["email"], account.email);
            assert_eq!(me["nickname"], account.nickname);
        }
        let refused = app.browser(site).get("/users/me").await;
        assert!(refused.status == 401 || refused.status == 403, "{}", refused.text());
    }
}
