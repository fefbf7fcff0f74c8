//! The store as its callers see it, with real files.

mod backup;
mod commits;
mod deliveries;
mod ledger;
mod opening;
mod reads;
mod search;
mod timers;
mod world;
