//! Holds the plans of the statements against what they are meant to go by.

use crate::postgres::{
    account_entries, checkout, customer_search, customers, logins, migrations, notifications, past, reader,
    search,
};
use crate::{
    CheckoutKind, CheckoutSearch, CheckoutWords, CustomerSearch, CustomerWords, DateField, DeliverySearch,
    DeliveryState, PaymentSearch, SortField,
};
use pasarela_domain::identity::Mode;
use pasarela_domain::timestamp::Timestamp;
use pasarela_test_database::{TestDatabase, connect};
use serde_json::Value;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

/// A database with the tables, and nothing in them. Planned so that only what can't be had from an index is read whole.
async fn with_tables() -> (TestDatabase, Client) {
    let database = TestDatabase::create().await;
    let client = connect(&database.url()).await;
    client.batch_execute(&migrations::MIGRATIONS.concat()).await.unwrap();
    client.batch_execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan").await.unwrap();
    (database, client)
}

/// What each scan of a table in the plan goes by.
async fn conditions(client: &Client, sql: &str) -> Vec<String> {
    let prepared = client.prepare(sql).await.unwrap();
    let values = vec!["NULL"; prepared.params().len()].join(", ");
    let values = if values.is_empty() { values } else { format!("({values})") };
    let types: Vec<&str> = prepared.params().iter().map(Type::name).collect();
    let types = if types.is_empty() { String::new() } else { format!("({})", types.join(", ")) };
    client.batch_execute(&format!("PREPARE planned{types} AS {sql}")).await.unwrap();
    let explained =
        client.simple_query(&format!("EXPLAIN (FORMAT JSON) EXECUTE planned{values}")).await.unwrap();
    client.batch_execute("DEALLOCATE planned").await.unwrap();
    let text = explained.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let plan: Value = serde_json::from_str(text.unwrap()).unwrap();
    let mut found = Vec::new();
    collect(&plan[0]["Plan"], &mut found);
    found
}

fn collect(plan: &Value, found: &mut Vec<String>) {
    match plan["Node Type"].as_str().unwrap() {
        "Seq Scan" => found.push(format!("all of {}", plan["Relation Name"])),
        "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => {
            found.push(plan["Index Cond"].as_str().unwrap_or("a whole index").to_owned());
        }
        _ => {}
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        collect(part, found);
    }
}

#[tokio::test]
async fn every_statement_of_the_request_path_goes_by_the_account() {
    let (_database, client) = with_tables().await;
    let customers = [customers::CUSTOMER, customers::CUSTOMER_BY_EMAIL, customers::SAVED_CARD];
    for sql in reader::HOT.into_iter().chain(customers).chain([
        checkout::CHECKOUT,
        account_entries::ENTRIES_OF,
        account_entries::ENTRY,
        logins::SESSION,
        logins::SESSIONS_OF,
    ]) {
        let conditions = conditions(&client, sql).await;
        assert!(!conditions.is_empty(), "{sql}");
        for condition in conditions {
            assert!(condition.contains("(account_id = $1)"), "{condition}: {sql}");
        }
    }
    assert_eq!(conditions(&client, reader::CLOCK_OFFSETS).await, ["(account_id = ANY ($1))"]);
}

#[tokio::test]
async fn every_search_goes_by_the_account() {
    let (_database, client) = with_tables().await;
    let all = PaymentSearch::of(7, Mode::Test, 30);
    let at = Some(Timestamp(1));
    let searches = [
        all.clone(),
        PaymentSearch { external_reference: Some("order".to_owned()), ..all.clone() },
        PaymentSearch { id: Some(1), ..all.clone() },
        PaymentSearch { payer_id: Some(1), sort: SortField::Id, descending: true, ..all.clone() },
        PaymentSearch { status: Some("approved".to_owned()), begin: at, end: at, ..all.clone() },
        PaymentSearch { sort: SortField::Date(DateField::Approved), descending: true, ..all.clone() },
        PaymentSearch {
            range: DateField::Release,
            begin: at,
            sort: SortField::Date(DateField::Release),
            ..all.clone()
        },
        PaymentSearch { pos_id: Some("1".to_owned()), sort: SortField::Date(DateField::Updated), ..all },
    ];
    for search in searches {
        let sql = search::sql(&search);
        let conditions = conditions(&client, &sql).await;
        // One for the total, and one for the page at least.
        assert!(conditions.len() >= 2, "{sql}");
        for condition in conditions {
            assert!(condition.contains("(account_id = $1)"), "{condition}: {sql}");
        }
    }
}

#[tokio::test]
async fn every_search_of_customers_goes_by_the_account() {
    let (_database, client) = with_tables().await;
    let all = CustomerSearch::of(7, Mode::Test, 30);
    let words = CustomerWords { identification_number: Some("1".to_owned()), ..CustomerWords::default() };
    for search in
        [all.clone(), CustomerSearch { words, ..all.clone() }, CustomerSearch { email: Some([1; 32]), ..all }]
    {
        let sql = customer_search::sql(&search);
        for condition in conditions(&client, &sql).await {
            assert!(condition.contains("(account_id = $1)"), "{condition}: {sql}");
        }
    }
}

#[tokio::test]
async fn a_buyers_past_goes_by_its_traces() {
    let (_database, client) = with_tables().await;
    // Enough payments that a plan is worth something: of two accounts, each buyer with a few.
    client
        .batch_execute(
            "INSERT INTO payment SELECT 1 + n % 2, n, 0, 1, n, n, NULL, NULL, 'approved', 'accredited', 'visa',
             'credit_card', 'regular_payment', n, NULL, NULL, NULL, '', ARRAY[n / 7, -n, n << 32]
             FROM generate_series(1, 20000::bigint) AS numbers (n); ANALYZE payment; RESET ALL",
        )
        .await
        .unwrap();
    let explained = |sql: &str| {
        let values =
            [("$1", "1"), ("$2", "0"), ("$3", "'{77,-544,9,12,13}'::bigint[]"), ("$4", "20"), ("$5", "5001")];
        values
            .iter()
            .fold(format!("EXPLAIN (FORMAT JSON) {sql}"), |sql, (name, value)| sql.replace(name, value))
    };
    for sql in [past::SORTED, past::WALKED] {
        assert!(sql.contains("account_id = $1 AND mode = $2"), "one node answers: {sql}");
    }
    let found = client.simple_query(&explained(past::SORTED)).await.unwrap();
    let text = found.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let plan: Value = serde_json::from_str(text.unwrap()).unwrap();
    let mut conditions = Vec::new();
    collect(&plan[0]["Plan"], &mut conditions);
    assert_eq!(conditions, ["(traces && '{77,-544,9,12,13}'::bigint[])"]);
}

#[tokio::test]
async fn every_search_of_preferences_and_orders_goes_by_the_account() {
    let (_database, client) = with_tables().await;
    let all = CheckoutSearch::of(7, Mode::Test, CheckoutKind::MerchantOrder, 30);
    let by = |words| CheckoutSearch { words, ..all.clone() };
    for search in [
        all.clone(),
        by(CheckoutWords { external_reference: Some("a".to_owned()), ..CheckoutWords::default() }),
        by(CheckoutWords { preference_id: Some("a".to_owned()), ..CheckoutWords::default() }),
        by(CheckoutWords { payer_email: Some([1; 32]), ..CheckoutWords::default() }),
        CheckoutSearch { created: (Some(Timestamp(1)), Some(Timestamp(2))), ..all.clone() },
    ] {
        let sql = checkout::sql(&search);
        for condition in conditions(&client, &sql).await {
            assert!(condition.contains("(account_id = $1)"), "{condition}: {sql}");
        }
    }
}

#[tokio::test]
async fn what_comes_first_of_each_share_is_found_without_sorting_what_waits() {
    let (_database, client) = with_tables().await;
    for sql in crate::postgres::timers::BY_SHARE {
        let conditions = conditions(&client, sql).await;
        let (by_share, added): (Vec<_>, Vec<_>) =
            conditions.iter().partition(|condition| condition.contains("(share = mine.number)"));
        assert_eq!(by_share.len(), 1, "{conditions:?}: {sql}");
        // What each answer is asked besides, its account named.
        let is_of_one = |condition: &&String| condition.contains("(account_id = ");
        assert!(added.iter().all(is_of_one), "{conditions:?}: {sql}");
    }
}

#[tokio::test]
async fn every_search_of_notifications_goes_by_the_account() {
    let (_database, client) = with_tables().await;
    let all = DeliverySearch::of(7, Mode::Test, 30);
    let searches = [
        all.clone(),
        DeliverySearch { state: Some(DeliveryState::Held), ..all.clone() },
        DeliverySearch { resource_id: Some("1".to_owned()), ..all },
    ];
    let searches = searches.iter().map(notifications::sql).chain([notifications::OLD_DELIVERIES.to_owned()]);
    for sql in searches {
        let conditions = conditions(&client, &sql).await;
        assert!(!conditions.is_empty(), "{sql}");
        for condition in conditions {
            assert!(condition.contains("(account_id = $1)"), "{condition}: {sql}");
        }
    }
}
