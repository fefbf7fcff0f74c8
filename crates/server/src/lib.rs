//! What people see: the REST API, the hosted pages, the API's description.
//!
//! A route reads the request, finds out who calls, asks the engine, and writes the answer; no rule lives here and
//! nothing here touches a store, a vault or a rail. Start reading at `api.rs`: it lists every route.

pub mod api;
pub mod docs;
pub mod pages;
pub mod panel;
pub mod tls;

pub use api::{router, router_beside_demo};
