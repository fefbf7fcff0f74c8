//! The command line: the binary `pasarela`.
//!
//! What lives here: arguments and their help, the start and stop of a server, what is printed for people, and small
//! HTTP clients for the verbs that talk to a running server. What never does: a rule about payments, a query, or a
//! route. Start reading in `arguments.rs` for what can be typed, then in the file of the verb.

mod accounts;
mod address;
mod arguments;
mod backup;
mod branding;
mod browser;
mod catalog;
mod client;
mod clock;
mod copy;
mod credentials;
mod demo;
mod dev;
mod doctor;
mod failure;
mod gate;
mod going_live;
mod listen;
mod mail;
mod migrate;
mod place;
mod privacy;
mod quality;
mod ready;
mod runtime;
mod sandbox;
mod serve;
mod service;
mod trigger;
mod vault;
mod webhooks;

use arguments::{Arguments, Verb};
use clap::Parser;
use failure::Failure;
use std::process::ExitCode;

/// A payment makes some hundred small allocations on one thread and frees them on others: measured, the system's
/// allocator spends a fifth of all instructions of create-payment on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Arguments::parse().verb) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Dev(arguments) => dev::run(&arguments),
        Verb::Serve(arguments) => serve::run(&arguments),
        Verb::Accounts(verb) => accounts::run(&verb),
        Verb::Catalog(verb) => catalog::run(&verb),
        Verb::Migrate(arguments) => migrate::run(&arguments),
        Verb::Copy(arguments) => copy::run(&arguments),
        Verb::Credentials(arguments) => credentials::run(&arguments),
        Verb::Doctor(arguments) => doctor::run(&arguments),
        Verb::Backup(arguments) => backup::run(&arguments),
        Verb::Vault(verb) => vault::run(&verb),
        Verb::Privacy(verb) => privacy::run(&verb),
        Verb::Sandbox(verb) => sandbox::run(&verb),
        Verb::Clock(verb) => clock::run(&verb),
        Verb::Branding(verb) => branding::run(&verb),
        Verb::Webhooks(verb) => webhooks::run(&verb),
        Verb::Quality(verb) => quality::run(&verb),
        Verb::GoingLive(verb) => going_live::run(&verb),
        Verb::Listen(arguments) => listen::run(&arguments),
        Verb::Trigger(arguments) => trigger::run(&arguments),
    }
}
