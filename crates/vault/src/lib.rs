//! Card secrets, and the smallest possible door to them.
//!
//! What lives here: the types that carry a card number or a security code ([`CardNumber`], [`SecurityCode`]), their
//! encryption ([`Vault::seal_card_number`] and its sisters), the keyed fingerprint that recognises a card seen before,
//! the keyed hashes under which tokens and credentials are stored, the keys behind all of it, and their rotation.
//!
//! What never does: a database, a network, a thread, a clock. The vault turns secrets into bytes that may be stored and
//! back; who stores them, and who may ask for them, is the engine's business. Nothing here writes a card number, a
//! security code or a key to a log, to an error or to `Debug`.
//!
//! Start reading at `vault.rs`; `seal.rs` has the layout of sealed bytes, `keys.rs` the one of the key file.
//!
//! ```
//! use pasarela_vault::{CardNumber, Vault};
//!
//! let vault = Vault::ephemeral();
//! let card = CardNumber::parse("5031 4332 1540 6351").expect("sixteen digits");
//! let sealed = vault.seal_card_number(&card, b"record 7");
//! assert_eq!(vault.open_card_number(&sealed.0, b"record 7").unwrap().last_four(), "6351");
//! assert!(vault.open_card_number(&sealed.0, b"record 8").is_err(), "sealed for another record");
//! ```

mod card;
mod error;
mod key_file;
mod keys;
mod random;
mod seal;
mod vault;

pub use card::{CardNumber, SecurityCode};
pub use error::VaultError;
pub use keys::{KeySource, Purpose, TraceScope};
pub use random::random_hex;
pub use seal::Sealed;
pub use vault::Vault;
pub use zeroize::Zeroizing;
