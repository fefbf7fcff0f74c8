//! How well integrations are made: evidence that is collected on the way, and measurements over it.
//!
//! What a request said that is not seen in what it made is kept beside that, as one number
//! ([`Marks`](pasarela_domain::quality::marks::Marks)); how the API is used is counted in memory and written once a
//! minute ([`counting`]). Everything else is read when somebody measures ([`measuring`]). The rules are in
//! `pasarela_domain::quality`.

pub mod browser;
pub mod counting;
pub mod going_live;
pub mod measuring;
pub mod monthly;
pub mod page_reader;
pub mod probes;
mod refusals;
mod surroundings;
pub(crate) mod turns;
