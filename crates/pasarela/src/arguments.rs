//! What can be typed, and the help for it.

use crate::branding::BrandingVerb;
use crate::browser::BrowserArguments;
use crate::catalog::arguments::CatalogVerb;
use crate::credentials::arguments::CredentialsArguments;
use crate::gate::GateArguments;
use crate::going_live::GoingLiveVerb;
use crate::mail::MailArguments;
use crate::quality::arguments::QualityVerb;
use crate::service::LogFormat;
use crate::webhooks::arguments::{ListenArguments, TriggerArguments, WebhooksVerb};
use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};
use pasarela_domain::site::Site;
use pasarela_domain::timestamp::Timestamp;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A payments platform that speaks the Mercado Pago API: on a laptop, in CI and in production.
///
/// Start with `pasarela dev`: it prints an address, credentials, and a command that takes a payment.
#[derive(Debug, Parser)]
#[command(
    name = "pasarela",
    version,
    propagate_version = true,
    after_help = "\
Examples:
  pasarela dev                          a server on 127.0.0.1:8080, with its data in ./.pasarela
  pasarela dev --ephemeral --listen 127.0.0.1:0
                                        a server on a free port that keeps nothing, for CI
  pasarela credentials                  the keys and tokens that `dev` accepts
  pasarela sandbox pay 1234567890       the buyer pays a Pix or a ticket
  pasarela clock advance 7d             a week passes: what is due expires or is released
  pasarela listen --forward-to http://localhost:3000/webhooks
                                        notifications for the shop on this machine
  pasarela trigger payment.approved     somebody pays, and the shop is told
  pasarela doctor                       prove that the books balance
  pasarela serve --data /var/lib/pasarela --public-url https://pay.example.com
                                        a server for an operator; `pasarela accounts create` makes its accounts

Pasarela is independent of Mercado Pago and uses its names to say what it is compatible with."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start a server for development, with well-known accounts and credentials
    ///
    /// It is the same code that runs in production, with a simulator in the place of banks and acquirers. One
    /// seller and one buyer exist on each site (MLB, MLA, MLM, MLC, MCO, MPE, MLU), with credentials that are the
    /// same in every run and version: see `pasarela credentials`. Stop it with Ctrl-C.
    Dev(DevArguments),
    /// Start a server for an operator: without well-known accounts, for as many nodes as you need
    ///
    /// On one machine, everything is kept in a directory. With a PostgreSQL database, any number of servers (up to
    /// 32) work on it side by side, behind a balancer: give each the same --database-url, --public-url and vault.
    ///
    /// GET /health answers while the process lives; GET /health/ready answers 200 while it may be sent requests.
    /// Stop it with SIGTERM: it lets what is in work end, 25 seconds at most. SIGHUP reads the certificate again.
    ///
    /// The key that opens the vault is in --vault-key-file or in the variable PASARELA_VAULT_KEY (64 hexadecimal
    /// digits or base64); without either, it is a file in the vault's directory.
    Serve(ServeArguments),
    /// Make the accounts of an operator's server, and look at them
    #[command(subcommand)]
    Accounts(AccountsVerb),
    /// Change methods, prices and fees of a running server, without a new version of the program
    ///
    /// A file says what differs from what is compiled in. `check` and `diff` look at it, `apply` makes it the next version:
    /// whole, for all servers, within a second. Payments keep the terms that they were made under.
    #[command(subcommand)]
    Catalog(CatalogVerb),
    /// Bring a PostgreSQL database to the schema of this version
    ///
    /// `serve` does so by itself when it starts. This verb does it beforehand, as another user, or on paper. It says
    /// what it did, and does nothing the second time.
    Migrate(MigrateArguments),
    /// Copy everything from one store to another, and verify it
    ///
    /// Between a directory (sqlite:DIR) and a PostgreSQL database (postgres://…), either way. No server may use either
    /// meanwhile. It can be stopped at any time and goes on when the same command is run again. At the end both are read
    /// whole and compared, and the target is proven as `pasarela doctor` does.
    ///
    /// The vault's keys are not in the store: take a copy of the vault's directory along.
    Copy(CopyArguments),
    /// Print the well-known development credentials, which needs no server; renew and activate those of an application
    ///
    /// A renewal makes new ones, and the old ones work for a time of grace. Live credentials work once their application
    /// has passed the gate, or an operator lets them.
    Credentials(CredentialsArguments),
    /// Be the buyer, the bank or the clerk: pay, expire, approve, reject or dispute a payment
    ///
    /// What they do later to a test payment is done with these verbs, through the same functions that a real bank's
    /// answer would take, notifications included.
    #[command(subcommand)]
    Sandbox(SandboxVerb),
    /// Look at a test account's clock, or move it forward
    #[command(subcommand)]
    Clock(ClockVerb),
    /// Say how the hosted checkout looks to an application's buyers: name, color, logo
    #[command(subcommand)]
    Branding(BrandingVerb),
    /// Say where an application is told what happens; look at what it was told, and send it again
    ///
    /// Notifications go to a payment's notification_url, or else to the application's address: Webhooks and IPN, test
    /// and live apart. The history of 30 days has each request with its answer.
    #[command(subcommand)]
    Webhooks(WebhooksVerb),
    /// Forward notifications to a receiver on this machine, which the platform can't reach
    ///
    /// While it runs, each event of the application makes one more notification, which comes over a stream and is posted
    /// to the receiver byte for byte, its signature intact. What the receiver answers is what the history shows.
    Listen(ListenArguments),
    /// Make something happen: a payment that is approved, refunded, disputed, …, and thus its notifications
    Trigger(TriggerArguments),
    /// Measure how well an integration is made, and say what to do: also in CI
    ///
    /// Rules over what the integration did, each with its proof: the exact field, header or request that is missing, and
    /// how many of the seller's own refusals came without it.
    #[command(subcommand)]
    Quality(QualityVerb),
    /// Go live: fill in the form, have everything looked at, and see what is missing
    ///
    /// The production site's certificate by a real handshake, the payment page, terms, the receiver of notifications, the
    /// pages after a payment, and the quality of the integration: each with what was seen and what to do.
    #[command(subcommand)]
    GoingLive(GoingLiveVerb),
    /// Prove the ledger and check the records
    ///
    /// Every posting must balance, every balance must equal the sum of its postings, and the sum over all accounts
    /// must be zero; every record must be readable and refer to what exists. Ends with 0 when all is well and with
    /// 1 when something is wrong.
    ///
    /// A server holds its directory alone: while one runs, take a backup and examine that. A database is examined as
    /// it is at one moment, also while servers use it.
    Doctor(DoctorArguments),
    /// Write a consistent copy of the data to one file, also while a server runs
    ///
    /// The copy holds everything that was acknowledged before it began. The keys that seal card data are not in it:
    /// keep a copy of DIR's key file apart from the backups, or the sealed parts can't be opened.
    Backup(BackupArguments),
    /// Look after the keys that seal card data
    #[command(subcommand)]
    Vault(VaultVerb),
    /// Hand out or erase what is known of a person
    #[command(subcommand)]
    Privacy(PrivacyVerb),
}

/// `pasarela dev`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela dev
  pasarela dev --ephemeral --listen 127.0.0.1:0 --json
        CI: a free port, nothing kept, one line of JSON with the address when it is ready
  pasarela dev --clock 2026-12-24T23:59:00-03:00
        test accounts live through Christmas Eve
  pasarela dev --https
        answers for api.mercadopago.com itself, so that a program needs no change at all
  pasarela dev --https --proxy 127.0.0.1:8888
        the same through HTTPS_PROXY, without touching the hosts file")]
pub struct DevArguments {
    /// Where to listen for plain HTTP; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", env = "PASARELA_LISTEN")]
    pub listen: SocketAddr,
    /// Let phones and other machines of the same network in, too: listen on every address of this machine, and name in pages and
    /// links the one that the network knows it by
    ///
    /// Everybody in the network can then use the well-known credentials.
    #[arg(long, env = "PASARELA_LAN", value_parser = FalseyValueParser::new())]
    pub lan: bool,
    /// Where everything is kept
    #[arg(long, value_name = "DIR", default_value = "./.pasarela", env = "PASARELA_DATA")]
    pub data: PathBuf,
    /// Keep nothing after the server stops; not together with --data
    #[arg(long, env = "PASARELA_EPHEMERAL", value_parser = FalseyValueParser::new(), conflicts_with = "data")]
    pub ephemeral: bool,
    /// Keep the records in this PostgreSQL database instead; the vault's keys stay in DIR
    #[arg(
        long,
        value_name = "URL",
        env = "PASARELA_DATABASE_URL",
        hide_env_values = true,
        conflicts_with = "ephemeral"
    )]
    pub database_url: Option<String>,
    /// The time that the test accounts' clocks show at first; without it, the real time
    #[arg(long, value_name = "RFC3339", env = "PASARELA_CLOCK", value_parser = instant)]
    pub clock: Option<Timestamp>,
    /// Also listen for HTTPS, in the place of the hosts that SDKs, pages and plugins have built in
    #[arg(long, env = "PASARELA_HTTPS", value_parser = FalseyValueParser::new())]
    pub https: bool,
    /// Where to listen for HTTPS; without it, 127.0.0.1:443 where that is allowed and free, else 127.0.0.1:8443
    #[arg(long, value_name = "ADDR", env = "PASARELA_HTTPS_LISTEN", requires = "https")]
    pub https_listen: Option<SocketAddr>,
    /// Also be an HTTPS forward proxy here, for those hosts alone
    #[arg(long, value_name = "ADDR", env = "PASARELA_PROXY")]
    pub proxy: Option<SocketAddr>,
    /// What the way to live payments asks for.
    #[command(flatten)]
    pub gate: GateArguments,
    /// What opens sellers' pages.
    #[command(flatten)]
    pub browser: BrowserArguments,
    /// Do not open the demo shop, which otherwise listens on a port near the server's
    #[arg(long, env = "PASARELA_NO_DEMO", value_parser = FalseyValueParser::new(), conflicts_with = "demo_listen")]
    pub no_demo: bool,
    /// Where the demo shop listens; without it, on the next free port after the server's
    #[arg(long, value_name = "ADDR", env = "PASARELA_DEMO_LISTEN")]
    pub demo_listen: Option<SocketAddr>,
    /// Authorities to trust beside the well-known ones when receivers of notifications, sellers' pages and the mail server are called, in PEM
    #[arg(long, value_name = "FILE", env = "PASARELA_TRUSTED_ROOTS")]
    pub trusted_roots: Option<PathBuf>,
    /// How many connections may be open at once; without it, 10,000 or what the system's limit of open files allows
    ///
    /// Who comes when there is no room is answered 503 with Retry-After.
    #[arg(long, value_name = "NUMBER", env = "PASARELA_MAX_CONNECTIONS", value_parser = connections)]
    pub max_connections: Option<usize>,
    /// What to log to standard error: a level, or a list such as `warn,pasarela_server=debug`
    #[arg(long, value_name = "FILTER", default_value = "warn", env = "PASARELA_LOG")]
    pub log: String,
    /// When ready, print one line of JSON with the addresses instead of text for people
    #[arg(long)]
    pub json: bool,
}

/// Where the records are.
#[derive(Debug, Args)]
pub struct StoreArguments {
    /// The directory that keeps the records
    #[arg(long, value_name = "DIR", default_value = "./.pasarela", env = "PASARELA_DATA")]
    pub data: PathBuf,
    /// The PostgreSQL database that keeps them instead: postgres://USER:PASSWORD@HOST:PORT/DATABASE
    #[arg(
        long,
        value_name = "URL",
        env = "PASARELA_DATABASE_URL",
        hide_env_values = true,
        conflicts_with = "data"
    )]
    pub database_url: Option<String>,
}

/// What opens the vault.
#[derive(Debug, Args)]
pub struct KeyArguments {
    /// The directory of the vault's keys; without it, the one beside the records (DIR/vault)
    #[arg(long, value_name = "DIR", env = "PASARELA_VAULT")]
    pub vault: Option<PathBuf>,
    /// A file with the key that opens the vault (or put the key itself into the variable PASARELA_VAULT_KEY)
    #[arg(long, value_name = "FILE", env = "PASARELA_VAULT_KEY_FILE")]
    pub vault_key_file: Option<PathBuf>,
}

/// `pasarela serve`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela serve --data /var/lib/pasarela --public-url https://pay.example.com \\
      --listen 0.0.0.0:443 --tls-certificate chain.pem --tls-key key.pem
  pasarela serve --data /var/lib/pasarela --public-url https://pay.example.com
        plain HTTP on 127.0.0.1:8080, behind a proxy on the same machine
  PASARELA_DATABASE_URL=postgres://pasarela:…@db/pasarela PASARELA_VAULT_KEY=… \\
      pasarela serve --public-url https://pay.example.com --vault /etc/pasarela/vault \\
      --listen 10.0.0.5:443 --tls-certificate chain.pem --tls-key key.pem
        one of several nodes on a database
  pasarela serve … --smtp-url smtps://pay@mail.example.com --smtp-password-file FILE --mail-from pay@example.com
        messages to people go out by mail")]
pub struct ServeArguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", env = "PASARELA_LISTEN")]
    pub listen: SocketAddr,
    /// What clients see: the address in the links that they are given, such as `https://pay.example.com`
    #[arg(long, value_name = "URL", env = "PASARELA_PUBLIC_URL", value_parser = public_url)]
    pub public_url: String,
    /// The directory that keeps the records, for one server
    #[arg(long, value_name = "DIR", env = "PASARELA_DATA", required_unless_present = "database_url")]
    pub data: Option<PathBuf>,
    /// The PostgreSQL database that keeps them, for several: postgres://USER:PASSWORD@HOST:PORT/DATABASE
    #[arg(
        long,
        value_name = "URL",
        env = "PASARELA_DATABASE_URL",
        hide_env_values = true,
        conflicts_with = "data"
    )]
    pub database_url: Option<String>,
    /// What opens the vault.
    #[command(flatten)]
    pub key: KeyArguments,
    /// Where messages to people are put, for your mailer to take; without it, beside the records (DIR/outbox)
    ///
    /// With --database-url no message is sent without it: nobody can prove an e-mail then.
    #[arg(long, value_name = "DIR", env = "PASARELA_OUTBOX")]
    pub outbox: Option<PathBuf>,
    /// Where mail goes.
    #[command(flatten)]
    pub mail: MailArguments,
    /// What the way to live payments asks for.
    #[command(flatten)]
    pub gate: GateArguments,
    /// What opens sellers' pages.
    #[command(flatten)]
    pub browser: BrowserArguments,
    /// The certificate chain to serve HTTPS with, in PEM, its own certificate first
    #[arg(long, value_name = "FILE", env = "PASARELA_TLS_CERTIFICATE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long, value_name = "FILE", env = "PASARELA_TLS_KEY", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// Listen for plain HTTP beyond this machine, because a proxy that speaks TLS stands in front
    ///
    /// Card data with live credentials is refused over plain HTTP from another machine all the same.
    #[arg(long, env = "PASARELA_BEHIND_PROXY", value_parser = FalseyValueParser::new())]
    pub behind_proxy: bool,
    /// Authorities to trust beside the well-known ones when receivers of notifications, sellers' pages and the mail server are called, in PEM
    #[arg(long, value_name = "FILE", env = "PASARELA_TRUSTED_ROOTS")]
    pub trusted_roots: Option<PathBuf>,
    /// How many connections may be open at once; without it, 10,000 or what the system's limit of open files allows
    ///
    /// Who comes when there is no room is answered 503 with Retry-After.
    #[arg(long, value_name = "NUMBER", env = "PASARELA_MAX_CONNECTIONS", value_parser = connections)]
    pub max_connections: Option<usize>,
    /// What to log to standard error: a level, or a list such as `warn,pasarela_server=debug`
    #[arg(long, value_name = "FILTER", default_value = "info", env = "PASARELA_LOG")]
    pub log: String,
    /// How to log it
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text", env = "PASARELA_LOG_FORMAT")]
    pub log_format: LogFormat,
    /// When ready, print one line of JSON with the address instead of text for people
    #[arg(long)]
    pub json: bool,
}

/// `pasarela accounts`
#[derive(Debug, Subcommand)]
pub enum AccountsVerb {
    /// Make an account with an application, and its test and live credentials
    ///
    /// The secrets are random. The live ones work once the application has passed the gate, or after
    /// `pasarela credentials activate`.
    Create(CreateAccountArguments),
    /// List the accounts that have an application
    List(ListAccountsArguments),
    /// Give an account a new password for the panel
    ///
    /// Makes the login where the account has none yet, and ends all of its sessions.
    #[command(after_help = "\
Examples:
  pasarela accounts password --site MLB --email ana@example.com --data /var/lib/pasarela

The password is drawn and printed this once. A server that keeps its records in a directory must be stopped meanwhile; with a
database, servers go on.")]
    Password(OneAccountArguments),
    /// Vouch for the e-mail of an account that somebody signed up for
    ///
    /// Until its e-mail is confirmed by a code or vouched for, such an account is no payer, has no wallet, and can't be added to another one.
    #[command(after_help = "\
Examples:
  pasarela accounts verify --site MLB --email ana@example.com --data /var/lib/pasarela

Be sure that whoever signed up reads this e-mail: money that is paid back to it will be theirs. A server that keeps its records
in a directory must be stopped meanwhile; with a database, servers go on.")]
    Verify(OneAccountArguments),
    /// Take away the second factor of somebody who lost the app and the recovery codes
    ///
    /// The login asks for the password alone then, until a new second factor is enrolled in the panel. Be sure who asks. The
    /// person is told by mail, and the account's log has it.
    #[command(after_help = "\
Examples:
  pasarela accounts reset-second-factor --site MLB --email ana@example.com --data /var/lib/pasarela

A server that keeps its records in a directory must be stopped meanwhile; with a database, servers go on.")]
    ResetSecondFactor(OneAccountArguments),
}

/// `pasarela accounts create`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela accounts create --site MLB --email ana@example.com --name 'Loja da Ana' --data /var/lib/pasarela
  pasarela accounts create --site MLA --email shop@example.com --json \\
      --database-url postgres://pasarela@db/pasarela --vault /etc/pasarela/vault

A server that keeps its records in a directory must be stopped meanwhile; with a database, servers go on.")]
pub struct CreateAccountArguments {
    /// The market: MLB, MLA, MLM, MLC, MCO, MPE or MLU
    #[arg(long, value_name = "SITE", value_parser = site)]
    pub site: Site,
    /// The seller's e-mail
    #[arg(long, value_name = "EMAIL", value_parser = email)]
    pub email: String,
    /// The name that buyers see; without it, the e-mail's first part
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// What opens the vault.
    #[command(flatten)]
    pub key: KeyArguments,
}

/// What the verbs take that are about one account.
#[derive(Debug, Args)]
pub struct OneAccountArguments {
    /// The market: MLB, MLA, MLM, MLC, MCO, MPE or MLU
    #[arg(long, value_name = "SITE", value_parser = site)]
    pub site: Site,
    /// The account's e-mail
    #[arg(long, value_name = "EMAIL", value_parser = email)]
    pub email: String,
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// What opens the vault.
    #[command(flatten)]
    pub key: KeyArguments,
}

/// `pasarela accounts list`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela accounts list --data /var/lib/pasarela
  pasarela accounts list --json --database-url postgres://pasarela@db/pasarela")]
pub struct ListAccountsArguments {
    /// Print a JSON array
    #[arg(long)]
    pub json: bool,
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
}

/// `pasarela migrate`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela migrate --database-url postgres://owner@db/pasarela
  pasarela migrate --distribute --database-url postgres://owner@coordinator/pasarela
        then spread the tables over a Citus cluster, by account
  pasarela migrate --print
        the SQL, for who runs it by hand")]
pub struct MigrateArguments {
    /// The database
    #[arg(
        long,
        value_name = "URL",
        env = "PASARELA_DATABASE_URL",
        hide_env_values = true,
        required_unless_present = "print"
    )]
    pub database_url: Option<String>,
    /// Turn the tables into Citus tables, spread by account; the small ones stay whole on every machine
    #[arg(long)]
    pub distribute: bool,
    /// Print the SQL for an empty database and run nothing
    #[arg(long)]
    pub print: bool,
}

/// `pasarela copy`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela copy --from sqlite:/var/lib/pasarela --to postgres://pasarela@db/pasarela
  pasarela copy --from postgres://pasarela@db/pasarela --to sqlite:./from-the-database")]
pub struct CopyArguments {
    /// What to copy: sqlite:DIR or postgres://…
    #[arg(long, value_name = "STORE", env = "PASARELA_COPY_FROM", hide_env_values = true)]
    pub from: String,
    /// Where to: it must be empty, or hold what an earlier run of the same command put there
    #[arg(long, value_name = "STORE", env = "PASARELA_COPY_TO", hide_env_values = true)]
    pub to: String,
}

/// `pasarela doctor`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela doctor
  pasarela doctor --data /var/lib/pasarela
  pasarela doctor --database-url postgres://pasarela@db/pasarela
        also while servers use it
  pasarela backup today.db && pasarela doctor --file today.db
  pasarela doctor --smtp-url smtps://pay@mail.example.com --smtp-password-file FILE --mail-from pay@example.com
        also whether the mail server takes mail")]
pub struct DoctorArguments {
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// Examine this backup instead
    #[arg(long, value_name = "BACKUP", conflicts_with_all = ["data", "database_url"])]
    pub file: Option<PathBuf>,
    /// Say, too, whether the mail server takes mail.
    #[command(flatten)]
    pub mail: MailArguments,
    /// Authorities to trust beside the well-known ones when the mail server is called, in PEM
    #[arg(long, value_name = "FILE", env = "PASARELA_TRUSTED_ROOTS")]
    pub trusted_roots: Option<PathBuf>,
}

/// `pasarela backup`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pasarela backup today.db
  pasarela backup /backups/pasarela.db --data /var/lib/pasarela

Records in a PostgreSQL database are backed up with PostgreSQL's own means: pg_dump, or pg_basebackup.")]
pub struct BackupArguments {
    /// The file to write; it must not exist yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What to copy.
    #[command(flatten)]
    pub store: StoreArguments,
}

/// `pasarela vault`
#[derive(Debug, Subcommand)]
pub enum VaultVerb {
    /// Seal from now on with a new key, and what is sealed already under it too
    #[command(after_help = "\
Examples:
  pasarela vault rotate
  pasarela vault rotate --data /var/lib/pasarela
  pasarela vault rotate --database-url postgres://pasarela@db/pasarela --vault /etc/pasarela/vault

The servers must be stopped. Copy the vault's directory to every node afterwards.")]
    Rotate(VaultArguments),
}

/// What every verb of `pasarela vault` takes.
#[derive(Debug, Args)]
pub struct VaultArguments {
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// What opens the vault.
    #[command(flatten)]
    pub key: KeyArguments,
}

/// `pasarela privacy`
#[derive(Debug, Subcommand)]
pub enum PrivacyVerb {
    /// Write all that is known of a person as JSON
    ///
    /// A person is found by e-mail at every seller, as customer and as payer; or as one customer. A directory is read
    /// while no server uses it, a database at any time.
    #[command(after_help = "\
Examples:
  pasarela privacy export --email ana@example.com
  pasarela privacy export --customer 1068193981-pXRewrKqlP6pnn --output ana.json
  pasarela privacy export --email ana@example.com --database-url postgres://pasarela@db/pasarela --vault /etc/pasarela/vault")]
    Export(ExportArguments),
    /// Erase a person: customers and saved cards go, payments stay without their payer
    ///
    /// Preferences, merchant orders and card tokens that were never used lose the person, too.
    ///
    /// Without --yes nothing is changed: what would be erased is counted and told. Payments keep amounts, dates, ids
    /// and what the seller wrote (tax and accounting law; LGPD art. 16, Ley 25.326 art. 16.5). Payments that are
    /// not over keep their payer until they are: erase again then.
    #[command(after_help = "\
Examples:
  pasarela privacy erase --email ana@example.com
  pasarela privacy erase --email ana@example.com --yes
  pasarela privacy erase --customer 1068193981-pXRewrKqlP6pnn --yes --json")]
    Erase(EraseArguments),
}

/// Who is meant.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct PersonArguments {
    /// Whoever has this e-mail, at every seller
    #[arg(long, value_name = "EMAIL", value_parser = email)]
    pub email: Option<String>,
    /// One customer of one seller
    #[arg(long, value_name = "ID")]
    pub customer: Option<String>,
}

/// `pasarela privacy export`
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// Who.
    #[command(flatten)]
    pub person: PersonArguments,
    /// Write to this new file, which this user alone may read, instead of printing
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// What opens the vault.
    #[command(flatten)]
    pub key: KeyArguments,
}

/// `pasarela privacy erase`
#[derive(Debug, Args)]
pub struct EraseArguments {
    /// Who.
    #[command(flatten)]
    pub person: PersonArguments,
    /// Erase; without it, only tell what would be erased
    #[arg(long)]
    pub yes: bool,
    /// Print one line of JSON
    #[arg(long)]
    pub json: bool,
    /// Where the records are.
    #[command(flatten)]
    pub store: StoreArguments,
    /// What opens the vault.
    #[command(flatten)]
    pub key: KeyArguments,
}

/// `pasarela sandbox`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  pasarela sandbox pay 1234567890
  pasarela sandbox reject 1234567890 --status-detail cc_rejected_insufficient_amount
  pasarela sandbox charge-back 1234567890 --server http://127.0.0.1:9000
  pasarela sandbox add-money 250.50 --to test_user_123@testuser.com")]
pub enum SandboxVerb {
    /// The buyer pays a Pix, a ticket or a transfer
    Pay(SandboxArguments),
    /// A Pix, a ticket or a reserve expires now
    Expire(SandboxArguments),
    /// What is pending or in review is approved
    Approve(SandboxArguments),
    /// What is pending or in review is rejected
    Reject(RejectArguments),
    /// The holder disputes an approved card payment at the bank
    #[command(visible_alias = "chargeback")]
    ChargeBack(SandboxArguments),
    /// The bank decides the dispute for the seller
    WinChargeback(SandboxArguments),
    /// The bank decides the dispute for the holder
    LoseChargeback(SandboxArguments),
    /// The holder passes the 3-D Secure challenge
    ConfirmChallenge(SandboxArguments),
    /// The holder fails the 3-D Secure challenge
    FailChallenge(SandboxArguments),
    /// Money is added to a test buyer's wallet
    ///
    /// The buyer pays with it on the hosted checkout, logged in, or by `account_money` with the buyer's e-mail.
    /// `pasarela credentials` names the well-known buyers.
    AddMoney(AddMoneyArguments),
}

/// `pasarela sandbox add-money`
#[derive(Debug, Args)]
pub struct AddMoneyArguments {
    /// How much, in the currency of the buyer's site
    #[arg(value_name = "AMOUNT")]
    pub amount: String,
    /// The buyer: e-mail (of the access token's site) or user id
    #[arg(long = "to", value_name = "BUYER")]
    pub buyer: String,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela sandbox reject`
#[derive(Debug, Args)]
pub struct RejectArguments {
    /// Which payment.
    #[command(flatten)]
    pub payment: SandboxArguments,
    /// Why, such as cc_rejected_insufficient_amount
    #[arg(long, value_name = "DETAIL")]
    pub status_detail: Option<String>,
}

/// What every verb of `pasarela sandbox` takes.
#[derive(Debug, Args)]
pub struct SandboxArguments {
    /// The payment's id
    #[arg(value_name = "PAYMENT_ID", value_parser = clap::value_parser!(i64).range(1..))]
    pub payment_id: i64,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// `pasarela clock`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  pasarela clock show
  pasarela clock advance 7d
  pasarela clock advance P1DT12H")]
pub enum ClockVerb {
    /// Print the time of the test account
    Show(ServerArguments),
    /// Move the test account's time forward and run what falls due, in order
    Advance(AdvanceArguments),
}

/// `pasarela clock advance`
#[derive(Debug, Args)]
#[command(after_help = "\
A span of time is a number with a unit (30s, 15m, 36h, 7d, 2w; 1d12h is fine too) or ISO 8601 (PT36H, P7D).")]
pub struct AdvanceArguments {
    /// How far: 36h, 7d, 2w, P7D, …
    #[arg(value_name = "SPAN", value_parser = crate::clock::span)]
    pub span: jiff::Span,
    /// Which server, and who asks.
    #[command(flatten)]
    pub server: ServerArguments,
}

/// Where a running server is, and as whom to speak to it.
#[derive(Debug, Args)]
pub struct ServerArguments {
    /// The running server, by http:// or https://
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", env = "PASARELA_SERVER")]
    pub server: String,
    /// Certificates (PEM) to trust besides the system's: the ca.pem of `pasarela dev --https`, …
    #[arg(long, value_name = "FILE", env = "PASARELA_CA")]
    pub ca: Option<PathBuf>,
    /// An access token; without it, the test token of the Brazilian development seller
    #[arg(long, value_name = "TOKEN", env = "PASARELA_ACCESS_TOKEN", hide_env_values = true)]
    pub access_token: Option<String>,
}

fn connections(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=1_000_000).contains(number));
    number.ok_or_else(|| "a number of at least 1 is needed, such as 2000".to_owned())
}

fn public_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let is_whole = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['?', '#', ' ', '@']));
    is_whole.then(|| url.to_owned()).ok_or_else(|| "write it like https://pay.example.com".to_owned())
}

pub(crate) fn site(text: &str) -> Result<Site, String> {
    Site::from_id(&text.to_uppercase()).ok_or_else(|| "MLB, MLA, MLM, MLC, MCO, MPE or MLU".to_owned())
}

fn email(text: &str) -> Result<String, String> {
    let is_email = text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace)
    });
    is_email.then(|| text.to_lowercase()).ok_or_else(|| "an e-mail address is needed".to_owned())
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| {
        "a date and time with an offset is needed, such as 2026-12-24T23:59:00-03:00".to_owned()
    })
}
