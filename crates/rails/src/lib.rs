//! How money moves: what a rail is asked and what it answers, and the codes that buyers pay with.
//!
//! The one rail today is the [`simulator::Simulator`], a pure function of the payment: the same payment always gets the
//! same answer and the same instructions. The traits that a second rail of each kind will need come with that rail: a
//! card rail with ISO 8583, a transfer rail with API Pix, a voucher rail with the first real voucher provider. Until
//! then a trait would have one implementation, and would only hide which code runs.
//!
//! What never lives here: prices, fees, the state of a payment, I/O of the platform, a clock, a random number.
//!
//! Start reading at `simulator.rs`; from there `vouchers.rs` says what each offline method hands to the buyer, and
//! `br_code.rs`, `boleto.rs`, `barcode.rs` and `qr.rs` are the standards behind it.

pub mod barcode;
pub mod boleto;
pub mod br_code;
pub mod check_digit;
mod derivation;
pub mod qr;
pub mod simulator;
pub mod vouchers;
