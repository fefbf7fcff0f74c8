//! `GET /v1/payments/search`

use crate::payment_shape::assert_is_payment;
use crate::test_app::{Client, PAYER, TestApp, pix_body, with};
use insta::assert_snapshot;
use pasarela_domain::site::Site;
use serde_json::{Value, json};

async fn search(seller: &Client, query: &str) -> Value {
    seller.get(&format!("/v1/payments/search{query}")).await.expect(200)
}

fn references(page: &Value) -> Vec<&str> {
    page["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["external_reference"].as_str().unwrap())
        .collect()
}

/// Five payments, an hour between each two: `a` a refunded card, `b` a Pix, `c` a rejected card, `d` a paid Pix,
/// `e` a reserve.
async fn shop() -> (TestApp, Client, Vec<Value>) {
    let app = TestApp::at("2026-11-20T12:00:00-04:00").await;
    let seller = app.seller(Site::MLB);
    let card = |reference: &str| json!({"external_reference": reference, "description": format!("Order {reference}")});
    let a = seller.pay_by_card_with("APRO", card("a")).await;
    seller.advance("PT1H").await;
    let b =
        with(pix_body(), json!({"external_reference": "b", "payer": {"email": "test_user_9@testuser.com"}}));
    let b = seller.post("/v1/payments", &b).await.expect(201);
    seller.advance("PT1H").await;
    let c = seller.pay_by_card_with("OTHE", card("c")).await;
    seller.advance("PT1H").await;
    let d =
        seller.post("/v1/payments", &with(pix_body(), json!({"external_reference": "d"}))).await.expect(201);
    seller.advance("PT1H").await;
    let e = seller.pay_by_card_with("APRO", with(card("e"), json!({"capture": false}))).await;
    seller.advance("PT1H").await;
    seller.act(&d, "pay").await.expect(200);
    seller.advance("PT1H").await;
    seller.post(&format!("/v1/payments/{}/refunds", a["id"]), &json!({})).await.expect(201);
    (app, seller, vec![a, b, c, d, e])
}

#[tokio::test]
async fn every_filter_finds_what_it_names_and_nothing_else() {
    let (_app, seller, made) = shop().await;
    let me = made[0]["collector_id"].to_string();
    let payer = made[1]["payer"]["id"].as_str().unwrap();
    let id = made[2]["id"].to_string();
    for (query, expected) in [
        (String::new(), "abcde"),
        ("?external_reference=c".into(), "c"),
        ("?external_reference=nothing".into(), ""),
        (format!("?id={id}"), "c"),
        ("?id=1".into(), ""),
        ("?id=abc".into(), ""),
        ("?status=pending".into(), "b"),
        ("?status=approved".into(), "d"),
        ("?status=refunded".into(), "a"),
        ("?status=authorized&status_detail=pending_capture".into(), "e"),
        ("?status_detail=cc_rejected_other_reason".into(), "c"),
        ("?payment_method_id=pix".into(), "bd"),
        ("?payment_method_id=visa".into(), "ace"),
        ("?payment_type_id=bank_transfer".into(), "bd"),
        ("?operation_type=regular_payment".into(), "abcde"),
        ("?operation_type=money_transfer".into(), ""),
        (format!("?payer.id={payer}"), "b"),
        ("?payer.email=test_user_9@testuser.com".into(), "b"),
        (format!("?payer.email={PAYER}"), "acde"),
        ("?payer.email=nobody@testuser.com".into(), ""),
        (format!("?collector.id={me}"), "abcde"),
        ("?collector.id=1".into(), ""),
        ("?store_id=1".into(), ""),
        ("?pos_id=1".into(), ""),
        ("?description=Order%20c".into(), "c"),
        ("?currency_id=BRL&site_id=MLB".into(), "abcde"),
        ("?currency_id=ARS".into(), ""),
        ("?site_id=MLA".into(), ""),
        ("?status=&external_reference=".into(), "abcde"),
        ("?unknown=1".into(), "abcde"),
        ("?payment_method_id=pix&status=approved".into(), "d"),
        // Go lower-cases names; a dot may be encoded.
        ("?EXTERNAL_REFERENCE=c".into(), "c"),
        (format!("?payer%2Eid={payer}"), "b"),
    ] {
        let page = search(&seller, &query).await;
        assert_eq!(references(&page).concat(), expected, "{query}");
        assert_eq!(page["paging"], json!({"total": expected.len(), "limit": 30, "offset": 0}), "{query}");
        for result in page["results"].as_array().unwrap() {
            assert_is_payment(result);
            assert_eq!(result["shipping_cost"], 0, "only searches show it");
        }
    }
}

#[tokio::test]
async fn results_are_whole_payments() {
    let (_app, seller, made) = shop().await;
    let page = search(&seller, &format!("?id={}", made[4]["id"])).await;
    let mut result = page["results"][0].clone();
    result.as_object_mut().unwrap().remove("shipping_cost");
    assert_eq!(result, made[4]);
}

#[tokio::test]
async fn every_sort_goes_both_ways() {
    let (_app, seller, _) = shop().await;
    for (sort, ascending) in [
        ("date_created", "abcde"),
        ("id", "abcde"),
        ("date_last_updated", "bceda"),
        // What has no such date comes first, as the smallest.
        ("date_approved", "ad"),
        ("money_release_date", "da"),
    ] {
        let page = search(&seller, &format!("?sort={sort}&criteria=asc")).await;
        let found = references(&page).concat();
        let known: String = found.chars().filter(|name| ascending.contains(*name)).collect();
        assert_eq!(known, ascending, "{sort} ascending");
        let page = search(&seller, &format!("?sort={sort}&criteria=desc")).await;
        let reversed: String =
            references(&page).concat().chars().filter(|name| ascending.contains(*name)).collect();
        assert_eq!(reversed, ascending.chars().rev().collect::<String>(), "{sort} descending");
    }
    assert_eq!(references(&search(&seller, "?criteria=DESC").await).concat(), "edcba");
}

#[tokio::test]
async fn ranges_are_of_any_date_and_absolute_or_relative() {
    let (_app, seller, _) = shop().await;
    for (query, expected) in [
        (
            "?range=date_created&begin_date=2026-11-20T12:30:00.000-04:00&end_date=2026-11-20T14:30:00.000-04:00",
            "bc",
        ),
        ("?begin_date=2026-11-20T16:30:00Z&end_date=2026-11-20T18:30:00Z", "bc"),
        ("?begin_date=2026-11-20T12:30:00.000-0400&end_date=NOW", "bcde"),
        ("?begin_date=2026-11-20T15:30:00.000%2B00:00&end_date=NOW", "abcde"),
        // A plus that was not escaped arrives as a space.
        ("?begin_date=2026-11-20T15:30:00.000+00:00&end_date=NOW", "abcde"),
        ("?begin_date=NOW-3HOURS&end_date=NOW", "e"),
        ("?begin_date=now-1days", "abcde"),
        ("?begin_date=NOW-1MONTHS&end_date=NOW-4HOURS", "abc"),
        ("?end_date=NOW-4HOURS", "abc"),
        ("?begin_date=NOW-2DAYS&end_date=NOW-1DAYS", ""),
        ("?begin_date=NOW&end_date=NOW%2B1DAYS", ""),
        ("?range=date_last_updated&begin_date=NOW-90HOURS&end_date=NOW-1HOURS", "bcde"),
        ("?range=date_approved&begin_date=NOW-2HOURS&end_date=NOW", "d"),
        ("?range=money_release_date&begin_date=NOW%2B1DAYS&end_date=NOW%2B30DAYS", "a"),
        ("?range=date_created", "abcde"),
        ("?range=date_created&begin_date=NOW-2HOURS&status=pending", ""),
    ] {
        assert_eq!(references(&search(&seller, query).await).concat(), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_each_other() {
    let (_app, seller, _) = shop().await;
    let page = search(&seller, "?limit=2&offset=0").await;
    assert_eq!(page["paging"], json!({"total": 5, "limit": 2, "offset": 0}));
    assert_eq!(references(&page), ["a", "b"]);
    assert_eq!(references(&search(&seller, "?limit=2&offset=2").await), ["c", "d"]);
    assert_eq!(references(&search(&seller, "?limit=2&offset=4&criteria=desc").await), ["a"]);
    let past = search(&seller, "?limit=2&offset=50").await;
    assert_eq!(past, json!({"paging": {"total": 5, "limit": 2, "offset": 50}, "results": []}));
    assert_eq!(
        search(&seller, "?limit=0").await,
        json!({"paging": {"total": 5, "limit": 0, "offset": 0}, "results": []})
    );
    assert_eq!(search(&seller, "?limit=1000&offset=9000").await["results"], json!([]));
}

#[tokio::test]
async fn what_can_not_be_read_has_its_documented_code() {
    // Twelve months that have no 29 February: with it they are a day too many.
    let app = TestApp::at("2026-11-20T12:00:00-04:00").await;
    let seller = app.seller(Site::MLB);
    let refused = |query: &'static str| {
        let seller = seller.clone();
        async move { seller.get(&format!("/v1/payments/search{query}")).await }
    };
    assert_snapshot!(refused("?limit=1001").await.refused(), @r#"400 {"message":"Number of rows exceeded the limits","error":"bad_request","status":400,"cause":[{"code":1000,"description":"Number of rows exceeded the limits","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refused("?begin_date=yesterday").await.refused(), @r#"400 {"message":"Date format must be yyyy-MM-dd'T'HH:mm:ss.SSSZ","error":"bad_request","status":400,"cause":[{"code":1001,"description":"Date format must be yyyy-MM-dd'T'HH:mm:ss.SSSZ","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refused("?sort=colour").await.refused(), @r#"400 {"message":"Invalid sort value","error":"bad_request","status":400,"cause":[{"code":1003,"description":"Invalid sort value","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refused("?criteria=sideways").await.refused(), @r#"400 {"message":"Invalid criteria value","error":"bad_request","status":400,"cause":[{"code":1004,"description":"Invalid criteria value","data":"<when>;<request>"}]}"#);
    assert_snapshot!(refused("?begin_date=2024-01-01T00:00:00.000-04:00&end_date=NOW").await.refused(), @r#"400 {"message":"Invalid range interval - Must be less than 365 days","error":"bad_request","status":400,"cause":[{"code":9062,"description":"Invalid range interval - Must be less than 365 days","data":"<when>;<request>"}]}"#);
    for (query, code) in [
        ("?offset=10000&limit=1", 1000),
        ("?offset=-1", 1000),
        ("?limit=ten", 1000),
        ("?limit=99999999999999999999", 1000),
        ("?offset=4294967295&limit=1", 1000),
        ("?begin_date=2026-11-20", 1001),
        ("?begin_date=NOW-", 1001),
        ("?end_date=NOW-99999999999999999999DAYS", 1001),
        ("?begin_date=NOW-5FORTNIGHTS", 1001),
        ("?begin_date=%FF%FE", 1001),
        ("?range=colour", 1),
        ("?begin_date=NOW-366DAYS", 9062),
        ("?begin_date=NOW-2YEARS&end_date=NOW", 9062),
    ] {
        let answer = refused(query).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, code), "{query}");
    }
    for query in ["?begin_date=NOW-365DAYS", "?begin_date=NOW-12MONTHS", "?begin_date=NOW&end_date=NOW-1DAYS"]
    {
        search(&seller, query).await;
    }
}

#[tokio::test]
async fn a_payment_is_found_at_once_and_only_by_its_own_seller_and_mode() {
    let app = TestApp::new().await;
    let (seller, live, other) = (app.seller(Site::MLB), app.live_seller(Site::MLB), app.seller(Site::MLA));
    for _ in 0..5 {
        let made = seller.pix().await;
        let by_id = format!("?id={}", made["id"]);
        assert_eq!(search(&seller, &by_id).await["paging"]["total"], 1);
        assert_eq!(search(&live, &by_id).await["paging"]["total"], 0);
        assert_eq!(search(&other, &by_id).await["paging"]["total"], 0);
    }
    live.pay_by_card("APRO").await;
    assert_eq!(search(&seller, "").await["paging"]["total"], 5);
    assert_eq!(search(&live, "").await["paging"]["total"], 1);
    assert_eq!(search(&other, "").await["paging"]["total"], 0);
}

#[tokio::test]
async fn odd_texts_are_only_texts() {
    let app = TestApp::new().await;
    let seller = app.seller(Site::MLB);
    for reference in ["' OR 1=1 --", "%", "_", "*", "ñandú 🧉", "a&b=c", "\"quoted\""] {
        let body = with(pix_body(), json!({"external_reference": reference}));
        let made = seller.post("/v1/payments", &body).await.expect(201);
        assert_eq!(made["external_reference"], reference);
        let query: String = reference.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let page = search(&seller, &format!("?external_reference={query}")).await;
        assert_eq!(page["paging"]["total"], 1, "{reference}");
        assert_eq!(page["results"][0]["id"], made["id"]);
    }
    // A database can't keep it in a text, so no store takes it.
    let body = with(pix_body(), json!({"external_reference": "a\u{0}b"}));
    assert_eq!(seller.post("/v1/payments", &body).await.status, 400);
    assert_eq!(search(&seller, "?external_reference=a%00b").await["paging"]["total"], 0);
}
