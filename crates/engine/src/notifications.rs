//! Who is told of what happened, and how the message gets there.
//!
//! An event finds its [`listeners`] when it is committed, so that none is lost. The [`worker`] takes what is due from
//! the store, and makes an [`attempts`] entry of each try: the [`message`] with its [`signature`] goes to an address
//! that the [`address_guard`] has checked, through the [`sender`]; what fails is tried again on the [`schedule`].
//! [`queues`] keeps receivers apart, so that a slow one holds up nobody else, and [`turns`] keeps what is about one resource in
//! its order.
//!
//! Start reading in `worker`.

pub mod address_guard;
pub mod attempts;
mod connections;
pub mod endpoints;
pub mod exchange;
pub mod history;
pub mod listeners;
pub mod message;
mod queues;
mod recording;
pub mod schedule;
pub mod secrets;
pub mod sender;
pub mod settings;
pub mod signature;
pub mod streams;
pub mod topics;
mod turns;
mod wake;
pub mod worker;

pub use address_guard::Reach;
pub use attempts::{AnswerFuture, Answered, Courier, NewId, SecretFuture, SecretOf, WallClock};
pub use listeners::{Event, deliveries_for};
pub use sender::Sender;
pub use wake::Wake;
pub use worker::Worker;
