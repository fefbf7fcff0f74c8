//! The vault as the engine uses it: what opens, what does not, and what is on the disk.

use pasarela_vault::{CardNumber, KeySource, Purpose, SecurityCode, Vault, VaultError, Zeroizing};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use tempfile::TempDir;

const NUMBER: &str = "5031433215406351";

fn number() -> CardNumber {
    CardNumber::parse(NUMBER).expect("a card number")
}

fn reopen(directory: &TempDir) -> Vault {
    Vault::open(directory.path(), KeySource::File).expect("a vault")
}

fn new() -> (TempDir, Vault) {
    let directory = tempfile::tempdir().expect("a directory");
    let vault = reopen(&directory);
    (directory, vault)
}

fn outside_key(byte: u8) -> KeySource {
    KeySource::Bytes(Zeroizing::new([byte; 32]))
}

#[test]
fn the_vault_is_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Vault>();
}

#[test]
fn secrets_come_back_as_they_went_in() {
    let vault = Vault::ephemeral();
    let sealed = vault.seal_card_number(&number(), b"1");
    assert_eq!(vault.open_card_number(&sealed.0, b"1").expect("sealed").reveal(), NUMBER);
    let code = SecurityCode::parse("123").expect("a security code");
    let sealed = vault.seal_security_code(&code, b"1");
    assert_eq!(vault.open_security_code(&sealed.0, b"1").expect("sealed").reveal(), "123");
    let sealed = vault.seal_secret(b"webhook", b"1");
    assert_eq!(vault.open_secret(&sealed.0, b"1").expect("sealed").as_slice(), b"webhook");
}

#[test]
fn every_changed_bit_is_noticed() {
    let vault = Vault::ephemeral();
    let sealed = vault.seal_card_number(&number(), b"1").0;
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let refused = vault.open_card_number(&changed, b"1").expect_err("a changed bit");
        assert!(matches!(refused, VaultError::Unreadable | VaultError::UnknownVersion { .. }), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert!(vault.open_card_number(&sealed[..length], b"1").is_err(), "cut to {length}");
    }
    let longer: Vec<u8> = sealed.iter().copied().chain([0]).collect();
    assert!(vault.open_card_number(&longer, b"1").is_err());
}

#[test]
fn what_was_sealed_for_one_record_does_not_open_in_another() {
    let vault = Vault::ephemeral();
    let sealed = vault.seal_card_number(&number(), b"1").0;
    for record in [b"".as_slice(), b"2", b"11", b"1\0"] {
        assert!(matches!(vault.open_card_number(&sealed, record), Err(VaultError::Unreadable)));
    }
}

#[test]
fn what_was_sealed_as_one_field_does_not_open_as_another() {
    let vault = Vault::ephemeral();
    let sealed = vault.seal_secret(b"123456789", b"1").0;
    assert!(matches!(vault.open_card_number(&sealed, b"1"), Err(VaultError::Unreadable)));
    assert!(matches!(vault.open_security_code(&sealed, b"1"), Err(VaultError::Unreadable)));
}

#[test]
fn what_one_vault_sealed_another_does_not_open() {
    let sealed = Vault::ephemeral().seal_card_number(&number(), b"1").0;
    assert!(matches!(Vault::ephemeral().open_card_number(&sealed, b"1"), Err(VaultError::Unreadable)));
}

#[test]
fn a_card_number_is_nowhere_in_what_is_stored_or_shown() {
    let (directory, vault) = new();
    let number = number();
    let sealed = vault.seal_card_number(&number, NUMBER.as_bytes());
    let error = vault.open_card_number(&sealed.0, b"other").expect_err("another record");
    assert!(!contains(&sealed.0, NUMBER.as_bytes()));
    assert!(!contains(&vault.fingerprint(&number), NUMBER.as_bytes()));
    for shown in [format!("{number:?}"), format!("{vault:?}"), format!("{error} {error:?}")] {
        assert!(!shown.contains(NUMBER) && !shown.contains("503143") && !shown.contains("6351"), "{shown}");
    }
    for file in ["kek", "keys.json", "keys.lock"] {
        let content = fs::read(directory.path().join(file)).expect("a file of the vault");
        assert!(!contains(&content, NUMBER.as_bytes()));
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_vault_opened_again_opens_what_it_sealed_and_recognises_what_it_saw() {
    let (directory, vault) = new();
    let sealed = vault.seal_card_number(&number(), b"1").0;
    let (fingerprint, lookup) = (vault.fingerprint(&number()), vault.lookup(Purpose::CardToken, "a"));
    let identity = vault.identity();
    drop(vault);
    let vault = reopen(&directory);
    assert_eq!(vault.open_card_number(&sealed, b"1").expect("sealed").reveal(), NUMBER);
    assert_eq!(vault.fingerprint(&number()), fingerprint);
    assert_eq!(vault.lookup(Purpose::CardToken, "a"), lookup);
    assert_eq!(vault.identity(), identity);
    assert_eq!(vault.versions(), [1]);
}

#[test]
fn equal_cards_have_equal_fingerprints_in_one_vault_only() {
    let (one, other) = (Vault::ephemeral(), Vault::ephemeral());
    let spaced = CardNumber::parse("5031 4332 1540 6351").expect("a card number");
    assert_eq!(one.fingerprint(&number()), one.fingerprint(&spaced));
    assert_ne!(one.fingerprint(&number()), other.fingerprint(&number()));
    let neighbour = CardNumber::parse("5031433215406352").expect("a card number");
    assert_ne!(one.fingerprint(&number()), one.fingerprint(&neighbour));
    assert_ne!(one.identity(), other.identity());
}

#[test]
fn one_word_is_looked_up_under_another_hash_for_each_purpose() {
    let vault = Vault::ephemeral();
    let hashes =
        [Purpose::CardToken, Purpose::Credential, Purpose::Email].map(|purpose| vault.lookup(purpose, "a"));
    assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2] && hashes[0] != hashes[2]);
    assert_ne!(vault.lookup(Purpose::Email, "a"), vault.lookup(Purpose::Email, "b"));
}

#[test]
fn rotation_seals_with_a_new_key_and_still_opens_the_old() {
    let (directory, vault) = new();
    for vault in [&vault, &Vault::ephemeral()] {
        let old = vault.seal_card_number(&number(), b"1").0;
        let fingerprint = vault.fingerprint(&number());
        assert!(vault.is_current(&old));
        assert_eq!(vault.reseal_card_number(&old, b"1").expect("current"), None);

        assert_eq!(vault.rotate().expect("a rotation"), 2);

        assert_eq!(vault.versions(), [1, 2]);
        assert!(!vault.is_current(&old));
        assert_eq!(vault.open_card_number(&old, b"1").expect("sealed").reveal(), NUMBER);
        let resealed = vault.reseal_card_number(&old, b"1").expect("readable").expect("not current").0;
        assert!(vault.is_current(&resealed));
        assert_eq!(vault.open_card_number(&resealed, b"1").expect("sealed").reveal(), NUMBER);
        assert!(vault.reseal_card_number(&old, b"2").is_err(), "resealing checks the record");
        assert_eq!(vault.fingerprint(&number()), fingerprint);
    }
    assert_eq!(reopen(&directory).versions(), [1, 2]);
}

#[test]
fn every_field_can_be_resealed() {
    let vault = Vault::ephemeral();
    let code = SecurityCode::parse("1234").expect("a security code");
    let (old_code, old_secret) = (vault.seal_security_code(&code, b"1").0, vault.seal_secret(b"s", b"1").0);
    vault.rotate().expect("a rotation");
    let code = vault.reseal_security_code(&old_code, b"1").expect("readable").expect("not current").0;
    let secret = vault.reseal_secret(&old_secret, b"1").expect("readable").expect("not current").0;
    vault.retire(2).expect("a retirement");
    assert_eq!(vault.open_security_code(&code, b"1").expect("sealed").reveal(), "1234");
    assert_eq!(vault.open_secret(&secret, b"1").expect("sealed").as_slice(), b"s");
}

#[test]
fn a_retired_key_opens_nothing_and_the_current_one_stays() {
    let (directory, vault) = new();
    for vault in [&vault, &Vault::ephemeral()] {
        let old = vault.seal_card_number(&number(), b"1").0;
        vault.rotate().expect("a rotation");
        let new = vault.seal_card_number(&number(), b"1").0;

        assert_eq!(vault.retire(u32::MAX).expect("a retirement"), [2]);

        let refused = vault.open_card_number(&old, b"1").expect_err("retired");
        assert!(matches!(refused, VaultError::UnknownVersion { version: 1 }));
        assert!(vault.open_card_number(&new, b"1").is_ok());
        assert_eq!(vault.rotate().expect("a rotation"), 3, "a version is never used twice");
    }
    assert_eq!(reopen(&directory).versions(), [2, 3]);
}

#[test]
fn what_another_process_rotated_is_found() {
    let (directory, server) = new();
    let command_line = reopen(&directory);
    command_line.rotate().expect("a rotation");
    let sealed = command_line.seal_card_number(&number(), b"1").0;
    assert!(server.open_card_number(&sealed, b"1").is_ok());
    assert_eq!(server.versions(), [1, 2]);
    command_line.rotate().expect("a rotation");
    server.refresh().expect("a readable key file");
    assert_eq!(server.versions(), [1, 2, 3]);
    assert_eq!(server.rotate().expect("a rotation"), 4);
}

#[test]
fn rotations_from_many_threads_lose_no_key() {
    let (directory, one) = new();
    let other = reopen(&directory);
    std::thread::scope(|scope| {
        for vault in [&one, &other, &one, &other] {
            scope.spawn(move || {
                for _ in 0..3 {
                    vault.rotate().expect("a rotation");
                    let sealed = vault.seal_card_number(&number(), b"1").0;
                    assert!(vault.open_card_number(&sealed, b"1").is_ok());
                }
            });
        }
    });
    assert_eq!(reopen(&directory).versions(), (1..=13).collect::<Vec<u32>>());
}

#[test]
fn a_new_vault_opened_twice_at_once_has_one_set_of_keys() {
    let directory = tempfile::tempdir().expect("a directory");
    let barrier = std::sync::Barrier::new(4);
    let identities: Vec<[u8; 16]> = std::thread::scope(|scope| {
        let openers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    reopen(&directory).identity()
                })
            })
            .collect();
        openers.into_iter().map(|opener| opener.join().expect("opened")).collect()
    });
    assert!(identities.iter().all(|identity| *identity == identities[0]));
}

#[test]
fn a_failed_rotation_changes_nothing() {
    let (directory, vault) = new();
    fs::remove_file(directory.path().join("keys.json")).expect("removed");
    assert!(matches!(vault.rotate(), Err(VaultError::File { .. })));
    assert_eq!(vault.versions(), [1]);
    let sealed = vault.seal_card_number(&number(), b"1").0;
    assert!(vault.open_card_number(&sealed, b"1").is_ok());
}

#[test]
fn a_vault_holds_so_many_keys_and_no_more() {
    let (_directory, vault) = new();
    for _ in 1..256 {
        vault.rotate().expect("room for a key");
    }
    assert!(matches!(vault.rotate(), Err(VaultError::TooManyKeys { limit: 256 })));
    vault.retire(200).expect("a retirement");
    assert_eq!(vault.rotate().expect("room again"), 257);
}

#[test]
fn a_key_from_outside_is_written_nowhere() {
    let directory = tempfile::tempdir().expect("a directory");
    let vault = Vault::open(directory.path(), outside_key(7)).expect("a vault");
    let sealed = vault.seal_card_number(&number(), b"1").0;
    assert!(!directory.path().join("kek").exists());
    let again = Vault::open(directory.path(), outside_key(7)).expect("the same vault");
    assert!(again.open_card_number(&sealed, b"1").is_ok());
}

#[test]
fn another_key_does_not_open_the_vault() {
    let directory = tempfile::tempdir().expect("a directory");
    Vault::open(directory.path(), outside_key(7)).expect("a vault");
    let refused = Vault::open(directory.path(), outside_key(8)).expect_err("another key");
    assert!(matches!(refused, VaultError::WrongKey { .. }));
    assert!(refused.to_string().contains("keys.json"), "{refused}");
}

#[test]
fn a_vault_whose_key_is_gone_is_not_made_anew() {
    let (directory, _vault) = new();
    let before = fs::read(directory.path().join("keys.json")).expect("a key file");
    fs::remove_file(directory.path().join("kek")).expect("removed");
    let refused = Vault::open(directory.path(), KeySource::File).expect_err("no key");
    assert!(matches!(refused, VaultError::KeyMissing { .. }));
    assert!(!directory.path().join("kek").exists());
    assert_eq!(fs::read(directory.path().join("keys.json")).expect("a key file"), before);
}

#[test]
fn every_changed_byte_of_the_key_file_is_noticed_or_harmless() {
    let (directory, vault) = new();
    vault.rotate().expect("a rotation");
    let path = directory.path().join("keys.json");
    let content = fs::read(&path).expect("a key file");
    let identity = vault.identity();
    let sealed = vault.seal_card_number(&number(), b"1").0;
    for at in 0..content.len() {
        let mut changed = content.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).expect("written");
        // White space may change; a key may not.
        if let Ok(vault) = Vault::open(directory.path(), KeySource::File) {
            assert_eq!(vault.identity(), identity, "byte {at}");
            assert!(vault.open_card_number(&sealed, b"1").is_ok(), "byte {at}");
        }
    }
}

#[test]
fn a_swapped_key_is_noticed() {
    let (directory, _vault) = new();
    let path = directory.path().join("keys.json");
    let text = fs::read_to_string(&path).expect("a key file");
    let swapped = text
        .replace("fingerprint_key", "x")
        .replace("lookup_key", "fingerprint_key")
        .replace("\"x\"", "\"lookup_key\"");
    assert_ne!(text, swapped);
    fs::write(&path, swapped).expect("written");
    assert!(matches!(Vault::open(directory.path(), KeySource::File), Err(VaultError::WrongKey { .. })));
}

#[test]
fn a_damaged_or_strange_file_is_refused_with_its_name() {
    let (directory, _vault) = new();
    let path = directory.path().join("keys.json");
    let text = fs::read_to_string(&path).expect("a key file");
    let newer = text.replace("\"format\": 1", "\"format\": 2");
    assert_ne!(text, newer);
    let huge = " ".repeat(300_000);
    for content in ["", "{}", "null", "[[[[", newer.as_str(), huge.as_str()] {
        fs::write(&path, content).expect("written");
        let refused = Vault::open(directory.path(), KeySource::File).expect_err("a strange file");
        assert!(matches!(refused, VaultError::DamagedFile { .. }), "{refused:?}");
        assert!(refused.to_string().contains("keys.json"), "{refused}");
    }
    fs::write(&path, text).expect("written");
    fs::write(directory.path().join("kek"), "short").expect("written");
    let refused = Vault::open(directory.path(), KeySource::File).expect_err("a strange key");
    assert!(matches!(refused, VaultError::DamagedFile { .. }));
    assert!(!refused.to_string().contains("short"), "{refused}");
}

#[test]
fn a_crash_while_writing_leaves_the_vault_as_it_was() {
    let (directory, vault) = new();
    fs::write(directory.path().join("keys.new"), "{\"for").expect("written");
    let again = reopen(&directory);
    assert_eq!(again.identity(), vault.identity());
    assert_eq!(again.rotate().expect("a rotation"), 2);
    assert!(!directory.path().join("keys.new").exists());
}

#[cfg(unix)]
mod modes {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn the_vault_is_for_its_owner_alone() {
        let parent = tempfile::tempdir().expect("a directory");
        let directory = parent.path().join("deep").join("vault");
        let vault = Vault::open(&directory, KeySource::File).expect("a vault");
        vault.rotate().expect("a rotation");
        assert_eq!(mode(&directory), 0o700);
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }

    #[test]
    fn files_open_to_others_are_refused_with_what_to_do() {
        for file in ["kek", "keys.json"] {
            for open in [0o644, 0o640, 0o604, 0o606, 0o610] {
                let (directory, _vault) = new();
                let path = directory.path().join(file);
                fs::set_permissions(&path, fs::Permissions::from_mode(open)).expect("changed");
                let refused = Vault::open(directory.path(), KeySource::File).expect_err("open to others");
                assert!(matches!(refused, VaultError::TooOpen { mode, .. } if mode == open));
                assert!(refused.to_string().contains(&format!("chmod 600 {}", path.display())), "{refused}");
            }
        }
    }
}

static VAULT: LazyLock<Vault> = LazyLock::new(Vault::ephemeral);

proptest! {
    #[test]
    fn every_card_number_comes_back(digits in "[0-9]{8,19}", record in prop::collection::vec(any::<u8>(), 0..64)) {
        let number = CardNumber::parse(&digits).expect("a card number");
        let sealed = VAULT.seal_card_number(&number, &record);
        let opened = VAULT.open_card_number(&sealed.0, &record).expect("sealed");
        prop_assert_eq!(opened.reveal(), digits);
    }

    #[test]
    fn every_secret_comes_back(
        secret in prop::collection::vec(any::<u8>(), 0..512),
        record in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let sealed = VAULT.seal_secret(&secret, &record);
        let opened = VAULT.open_secret(&sealed.0, &record).expect("sealed");
        prop_assert_eq!(opened.as_slice(), secret.as_slice());
    }

    #[test]
    fn bytes_that_were_never_sealed_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
        prop_assert!(VAULT.open_card_number(&bytes, b"1").is_err());
        prop_assert!(VAULT.open_security_code(&bytes, b"1").is_err());
        prop_assert!(VAULT.open_secret(&bytes, b"1").is_err());
        prop_assert!(VAULT.reseal_card_number(&bytes, b"1").is_err());
    }
}
