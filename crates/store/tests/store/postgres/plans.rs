//! Plans that were made while a table was empty don't outlive its youth.

use super::{at_once, eventually, number};
use crate::world::{World, payment};
use pasarela_store::{Changes, RecordChange};

/// Rows that all reads of payments have looked at in any index.
const LOOKED_AT: &str =
    "SELECT coalesce(sum(idx_tup_read), 0)::bigint + coalesce((SELECT sum(seq_tup_read)::bigint
     FROM pg_stat_user_tables WHERE relname = 'payment'), 0)
     FROM pg_stat_user_indexes WHERE relname = 'payment'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_is_found_by_its_key_also_by_who_began_when_there_was_none() {
    const PAYMENTS: i64 = 2_000;
    const READS: i64 = 60;
    let world = World::on_postgres().await;
    // As often as it takes until the plans are kept, on each connection.
    for _ in 0..READS {
        assert_eq!(world.stored(1).await, None);
    }
    let inserts = (1..=PAYMENTS)
        .map(|id| Changes { records: vec![RecordChange::InsertPayment(payment(id))], ..Changes::default() });
    assert!(at_once(&world.store, inserts.collect()).await.iter().all(Result::is_ok));
    eventually("the table was analysed", async || {
        number(
            &world,
            "SELECT count(*) FROM pg_stat_user_tables WHERE relname = 'payment'
             AND analyze_count + autoanalyze_count > 0",
        )
        .await
            == 1
    })
    .await;

    let before = number(&world, LOOKED_AT).await;
    for id in 1..=READS {
        assert!(world.stored(id * 20).await.is_some());
    }
    // What was counted is told by each connection a second later at most, when it is asked again.
    let looked_at = async || {
        for id in 1..=3 {
            assert!(world.stored(id).await.is_some());
        }
        number(&world, LOOKED_AT).await - before
    };
    eventually("the reads were counted", async || looked_at().await >= READS).await;
    let looked_at = looked_at().await;
    assert!(looked_at < PAYMENTS, "{looked_at} rows for {READS} payments and a few more");
}
