//! More than a server can carry: a full house, clients that are slow on purpose, and bytes that are no HTTP. All over
//! real sockets; where a test waits for a time-out, the clock is paused and passes at once when everybody waits.

mod door;
mod full_house;
mod full_queue;
mod malformed;
mod slow_clients;
