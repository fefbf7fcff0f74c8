//! More clients than the server has room for, all at once and again and again, and clients that are slow on purpose:
//! against the real binary, over real sockets.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod client;
mod memory;
mod slow_clients;
mod storm;
