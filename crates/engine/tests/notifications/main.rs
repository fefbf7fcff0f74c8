//! Notifications against real receivers on loopback.

mod receiver;
mod sender;
mod worker;
