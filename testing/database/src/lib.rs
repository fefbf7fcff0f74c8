//! PostgreSQL for tests: a database for each test in a throw-away cluster, and clusters of a test's own.
//!
//! `./test` starts the cluster and names it in [`VARIABLE`]; `scripts/postgres start DIRECTORY` does the same by hand.

use futures_util::TryStreamExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio_postgres::{Client, Config, NoTls};

/// The environment variable that holds the URL of the cluster, as a user who may create databases.
pub const VARIABLE: &str = "PASARELA_TEST_DATABASE_URL";

/// An empty database, dropped with this.
#[derive(Debug)]
pub struct TestDatabase {
    cluster: String,
    name: String,
    is_kept: bool,
}

impl TestDatabase {
    /// A new database.
    ///
    /// # Panics
    /// When there is no cluster, with what to do about it.
    pub async fn create() -> TestDatabase {
        let mut database = TestDatabase::in_cluster(unique("test"));
        database.is_kept = false;
        database.make().await;
        database
    }

    /// The database with this name, made if it is not there; it stays as long as the cluster.
    ///
    /// # Panics
    /// As [`TestDatabase::create`].
    pub async fn named(name: &str) -> TestDatabase {
        let database = TestDatabase::in_cluster(name.to_owned());
        let client = connect(&database.cluster).await;
        let known = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await;
        if known.expect("the cluster answers").is_none() {
            database.make().await;
        }
        database
    }

    fn in_cluster(name: String) -> TestDatabase {
        let cluster = std::env::var(VARIABLE).unwrap_or_else(|_| {
            panic!("{VARIABLE} names no PostgreSQL cluster. Run the tests with ./test, or start one: scripts/postgres")
        });
        TestDatabase { cluster, name, is_kept: true }
    }

    /// The database's URL.
    pub fn url(&self) -> String {
        let (address, query) =
            self.cluster.split_once('?').map_or((self.cluster.as_str(), ""), |parts| parts);
        let server = address.rfind('/').filter(|slash| *slash > address.find("://").map_or(0, |at| at + 2));
        let server = server.map_or(address, |slash| &address[..slash]);
        format!("{server}/{}?{query}", self.name)
    }

    /// What is in each table, as the server keeps it: texts and bytes as they are.
    ///
    /// # Panics
    /// When it can't be read.
    pub async fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let client = connect(&self.url()).await;
        let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
        let mut contents = Vec::new();
        for table in client.query(tables, &[]).await.expect("the tables") {
            let name: String = table.get(0);
            let rows = client.copy_out(&format!("COPY {name} TO STDOUT (FORMAT binary)")).await;
            let parts: Vec<_> = rows.expect("a table's rows").try_collect().await.expect("all of them");
            contents.push((name, parts.concat()));
        }
        contents
    }

    /// Of the template that nobody is ever connected to: a copy is refused while somebody is, such as the cluster's own vacuum.
    async fn make(&self) {
        let statement = format!("CREATE DATABASE {} TEMPLATE template0", self.name);
        let made = connect(&self.cluster).await.batch_execute(&statement).await;
        made.expect("the cluster does what it is told");
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let (cluster, name) = (self.cluster.clone(), self.name.clone());
        // A runtime of its own: the test's may be gone, and can't wait here.
        let dropping = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                // The cluster is thrown away with what could not be dropped.
                let _ = connect(&cluster)
                    .await
                    .batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
                    .await;
            });
        });
        let _ = dropping.join();
    }
}

/// A PostgreSQL cluster of a test's own, that may be lost. Ended with this.
#[derive(Debug)]
pub struct Cluster {
    directory: PathBuf,
    url: String,
}

impl Cluster {
    /// A cluster that acknowledges a commit once its streaming replica has it too, and that replica.
    ///
    /// # Panics
    /// When they can't be made.
    pub fn with_replica() -> (Cluster, Cluster) {
        let primary = Cluster::make("start", "primary", &["synchronous_standby_names = '*'"]);
        let replica = Cluster::make("replica", "replica", &[&primary.url]);
        (primary, replica)
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        let (_, host) = self.url.split_once('@').expect("the script names a user");
        host.split('/').next().unwrap_or(host)
    }

    /// Ends it as if its machine had died.
    pub fn crash(&self) {
        script("crash", &self.directory, &[]);
    }

    /// Makes a replica take writes.
    pub fn promote(&self) {
        script("promote", &self.directory, &[]);
    }

    fn make(verb: &str, name: &str, arguments: &[&str]) -> Cluster {
        let directory = std::env::temp_dir().join(unique(&format!("pasarela-{name}")));
        let url = script(verb, &directory, arguments);
        Cluster { directory, url }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        script("stop", &self.directory, &[]);
    }
}

/// Runs `scripts/postgres`; what it printed.
fn script(verb: &str, directory: &Path, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
    let output = Command::new(script)
        .arg(verb)
        .arg(directory)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .expect("the script runs");
    assert!(output.status.success(), "scripts/postgres {verb} failed");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// A name that nobody else has.
fn unique(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}_{}_{}_{count}", std::process::id(), since.as_nanos())
}

/// A connection to any database.
///
/// # Panics
/// When it can't be reached.
pub async fn connect(url: &str) -> Client {
    let config: Config = url.parse().expect("the URL of a PostgreSQL database");
    let (client, connection) =
        config.connect(NoTls).await.expect("the cluster that the environment names runs");
    tokio::spawn(connection);
    client
}
