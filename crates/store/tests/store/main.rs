//! The store as its callers see it, on each of its engines: with real files, and with a real PostgreSQL.

#[macro_use]
mod world;

mod account_entries;
mod backup;
mod catalogue;
mod checkout;
mod commits;
mod copying;
mod customers;
mod deliveries;
mod ledger;
mod logins;
mod lost_connections;
mod model;
mod opening;
mod past;
mod postgres;
mod reads;
mod search;
mod timers;
