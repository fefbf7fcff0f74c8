//! `pasarela migrate`.

use crate::support::{run, stderr, where_nobody_listens};
use crate::world::{ask, command, database, succeeded, wait};
use pasarela_test_database::{TestDatabase, connect};

/// Functions by the names of Citus', which note what they are asked: Citus itself can't be installed from the
/// distribution. So the statements are run for real, and what Citus makes of them is not.
const CITUS_STAND_IN: &str = "
    CREATE SCHEMA citus_stand_in;
    CREATE TABLE citus_stand_in.pg_dist_partition
        (logicalrelid regclass PRIMARY KEY, distribution_column text, colocated_with text);
    CREATE FUNCTION citus_stand_in.create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS
        $$ INSERT INTO citus_stand_in.pg_dist_partition VALUES (table_name, NULL, NULL) $$;
    CREATE FUNCTION citus_stand_in.create_distributed_table(table_name regclass, distribution_column text,
        distribution_type text DEFAULT 'hash', colocate_with text DEFAULT 'default') RETURNS void LANGUAGE sql AS
        $$ INSERT INTO citus_stand_in.pg_dist_partition VALUES (table_name, distribution_column, colocate_with) $$;";

fn stand_in(database: &TestDatabase) {
    wait(async {
        let client = connect(&database.url()).await;
        client.batch_execute(CITUS_STAND_IN).await.unwrap();
        let name: String = client.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
        let path = format!("ALTER DATABASE {name} SET search_path = public, citus_stand_in");
        client.batch_execute(&path).await.unwrap();
    });
}

#[test]
fn the_schema_is_made_once_and_said_so() {
    let database = database();
    let url = database.url();
    let first = succeeded(command(&["migrate", "--database-url", &url]));
    assert!(first.contains("was empty"), "{first}");
    let second = succeeded(command(&["migrate", "--database-url", &url]));
    assert!(second.contains("already"), "{second}");
}

#[test]
fn the_printed_sql_is_that_of_the_schema() {
    let printed = succeeded(command(&["migrate", "--print", "--distribute"]));
    assert!(printed.contains("CREATE TABLE payment ("), "{printed}");
    let database = database();
    stand_in(&database);
    wait(async { connect(&database.url()).await.batch_execute(&printed).await.unwrap() });
    assert_eq!(ask(&database, "SELECT count(*) > 15 FROM pg_dist_partition"), ["t"]);
}

#[test]
fn without_citus_nothing_is_distributed() {
    let database = database();
    let refused = run(&["migrate", "--distribute", "--database-url", &database.url()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("CREATE EXTENSION citus"), "{}", stderr(&refused));
}

#[test]
fn a_database_that_is_another_programs_is_left_alone() {
    let database = database();
    wait(async {
        connect(&database.url()).await.batch_execute("CREATE TABLE guests (name text)").await.unwrap()
    });
    let refused = run(&["migrate", "--database-url", &database.url()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("not a database of Pasarela"), "{}", stderr(&refused));
    assert_eq!(ask(&database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), ["1"]);
}

#[test]
fn every_table_is_distributed_once_beside_the_payments_or_whole_everywhere() {
    let database = database();
    stand_in(&database);
    let arguments = ["migrate", "--distribute", "--database-url", &database.url()];
    let first = succeeded(command(&arguments));
    assert!(first.contains("create_distributed_table('payment', 'account_id');"), "{first}");
    // The stand-in refuses to be asked twice for the same table.
    let second = succeeded(command(&arguments));
    assert!(second.contains("distributed already"), "{second}");
    let left = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                AND to_regclass(tablename) NOT IN (SELECT logicalrelid FROM pg_dist_partition)";
    assert_eq!(ask(&database, left), [] as [&str; 0], "no table is forgotten");
    let apart = "SELECT logicalrelid FROM pg_dist_partition WHERE distribution_column <> 'account_id'
                 AND (logicalrelid, distribution_column, colocated_with) <> ('sealed_card'::regclass, 'fingerprint', 'none')
                 OR colocated_with NOT IN ('payment', 'default', 'none') OR colocated_with = 'default' AND logicalrelid <> 'payment'::regclass";
    assert_eq!(ask(&database, apart), [] as [&str; 0]);
    // Citus' condition: what is unique is unique within an account.
    let across = "SELECT indexrelid::regclass FROM pg_index i JOIN pg_dist_partition d ON d.logicalrelid = i.indrelid
                  WHERE i.indisunique AND d.distribution_column IS NOT NULL AND NOT EXISTS
                  (SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attname = d.distribution_column
                   AND a.attnum = ANY (i.indkey::smallint[]))";
    assert_eq!(ask(&database, across), [] as [&str; 0], "unique across accounts");
    let unique = "SELECT count(*) FROM pg_index i JOIN pg_dist_partition d ON d.logicalrelid = i.indrelid
                  WHERE i.indisunique AND d.distribution_column IS NOT NULL";
    assert_eq!(ask(&database, unique), ["17"], "each distributed table has its key; customers a second one");
}

#[test]
fn an_address_without_a_server_and_one_that_is_none_are_explained() {
    let (_held, free) = where_nobody_listens();
    let nobody = run(&["migrate", "--database-url", &format!("postgres://ana:s3cret@{free}/pay")]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(stderr(&nobody).contains("can't be reached"), "{}", stderr(&nobody));
    let wrong = run(&["migrate", "--database-url", "mysql://ana:s3cret@db/pay"]);
    assert!(stderr(&wrong).contains("postgres://USER"), "{}", stderr(&wrong));
    for output in [&nobody, &wrong] {
        assert!(!stderr(output).contains("s3cret"), "a password is shown: {}", stderr(output));
    }
}
