//! What is true: the pure rules and types of the platform.
//!
//! Nothing here does I/O, waits, reads a clock or draws a random number: time and ids come in through
//! [`context::Context`]. Start reading at `payment.rs`: it says what a payment is and what can happen to it.

pub mod application;
pub mod card_token;
pub mod catalogue;
pub mod contact_codes;
pub mod context;
pub mod currency_conversion;
pub mod customer;
pub mod documents;
pub mod identity;
pub mod item_category;
pub mod json;
pub mod ledger;
pub mod login;
pub mod member;
pub mod merchant_order;
pub mod money;
pub mod notation;
pub mod payment;
pub mod pix_key;
pub mod preference;
pub mod quality;
pub mod rail;
pub mod refusal;
pub mod second_factor;
pub mod seller_policies;
pub mod site;
pub mod status_detail;
pub mod timestamp;
pub mod yape;
