//! Any bytes as something that the vault sealed: none opens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_vault::Vault;
use std::sync::LazyLock;

static VAULT: LazyLock<Vault> = LazyLock::new(Vault::ephemeral);

fuzz_target!(|input: (&[u8], &[u8])| {
    let (sealed, record) = input;
    assert!(VAULT.open_card_number(sealed, record).is_err());
    assert!(VAULT.open_security_code(sealed, record).is_err());
    assert!(VAULT.open_secret(sealed, record).is_err());
    let _ = VAULT.is_current(sealed);
});
