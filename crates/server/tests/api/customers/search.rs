//! `GET /v1/customers/search`

use crate::test_app::{Client, TestApp};
use pasarela_domain::site::Site;
use serde_json::{Value, json};

async fn found(seller: &Client, query: &str) -> Vec<String> {
    let page = seller.get(&format!("/v1/customers/search?{query}")).await.expect(200);
    let results = page["results"].as_array().unwrap();
    results.iter().map(|customer| customer["first_name"].as_str().unwrap().to_owned()).collect()
}

async fn five(seller: &Client) -> Vec<Value> {
    let mut all = Vec::new();
    for (name, last_name, number) in [
        ("Ana", "Gómez", "1"),
        ("Eva", "Souza", "2"),
        ("Iris", "Souza", "3"),
        ("Olga", "Díaz", "4"),
        ("Uma", "Abad", "5"),
    ] {
        let body = json!({
            "email": format!("{name}@testuser.com"), "first_name": name, "last_name": last_name,
            "identification": {"type": "DNI", "number": number}, "phone": {"area_code": "11", "number": format!("55{number}")},
        });
        all.push(seller.post("/v1/customers", &body).await.expect(201));
        seller.advance("PT1H").await;
    }
    all
}

#[tokio::test]
async fn every_filter_finds() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLA);
    let all = five(&seller).await;
    app.seller(Site::MLB)
        .post("/v1/customers", &json!({"email": "ana@testuser.com", "first_name": "B"}))
        .await
        .expect(201);
    for (query, names) in [
        ("email=EVA@testuser.com", vec!["Eva"]),
        ("email=nobody@testuser.com", vec![]),
        ("first_name=iris", vec!["Iris"]),
        ("last_name=SOUZA", vec!["Eva", "Iris"]),
        ("last_name=g%C3%B3mez", vec!["Ana"]),
        ("identification.number=4", vec!["Olga"]),
        ("identification.type=dni&last_name=abad", vec!["Uma"]),
        ("phone.number=553&phone.area_code=11", vec!["Iris"]),
        ("status=active&live_mode=false&limit=2", vec!["Ana", "Eva"]),
        ("live_mode=true", vec![]),
        ("merchant_id=1", vec![]),
        ("sort=last_name&order=desc&limit=2", vec!["Iris", "Eva"]),
        ("sort=first_name:desc&limit=1", vec!["Uma"]),
        ("sort=date_created&order=desc&limit=1&offset=1", vec!["Olga"]),
        ("access_token_of_no_customer=1&limit=1", vec!["Ana"]),
    ] {
        assert_eq!(found(&seller, query).await, names, "{query}");
    }
    let id = all[2]["id"].as_str().unwrap();
    assert_eq!(found(&seller, &format!("id={id}")).await, ["Iris"]);
    assert_eq!(found(&seller, "id=nobody").await, [] as [&str; 0]);
    let text = |at: usize| all[at]["date_created"].as_str().unwrap().replace('+', "%2B");
    let range = format!("range=date_created:after::{},before::{}", text(1), text(3));
    assert_eq!(found(&seller, &range).await, ["Eva", "Iris", "Olga"]);
}

#[tokio::test]
async fn a_page_says_where_it_is_and_holds_whole_customers() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLA);
    let nothing = seller.get("/v1/customers/search").await.expect(200);
    assert_eq!(nothing, json!({"paging": {"limit": 10, "offset": 0, "total": 0}, "results": []}));
    let all = five(&seller).await;
    seller.saved_card(&all[1], "APRO").await;
    let page = seller.get("/v1/customers/search?limit=2&offset=1").await.expect(200);
    assert_eq!(page["paging"], json!({"limit": 2, "offset": 1, "total": 5}));
    assert_eq!(page["results"][0], seller.customer_now(&all[1]).await);
    assert_eq!(page["results"][0]["cards"].as_array().unwrap().len(), 1);
    let beyond = seller.get("/v1/customers/search?limit=100&offset=5").await.expect(200);
    assert_eq!((&beyond["paging"]["total"], &beyond["results"]), (&json!(5), &json!([])));
}

#[tokio::test]
async fn what_can_not_be_read_is_refused_with_its_code() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLA);
    for (query, code) in [
        ("range=date_created", "200"),
        ("range=birthday:after::2026-01-01T00:00:00Z", "201"),
        ("range=date_created:near::2026-01-01T00:00:00Z", "200"),
        ("range=date_created:after::soon", "202"),
        ("range=date_created:before::soon", "203"),
        ("limit=many", "205"),
        ("limit=1001", "205"),
        ("sort=shoe_size", "206"),
        ("order=sideways", "207"),
        ("sort=id:asc:desc", "208"),
    ] {
        let refused = seller.get(&format!("/v1/customers/search?{query}")).await;
        assert_eq!(refused.texted_codes(), [code], "{query}");
    }
}
