//! The keys of a vault, in the form in which they are used.
//!
//! - *data keys* encrypt; there is one per version, the highest is the current one, the older ones only open;
//! - the *fingerprint key* recognises a card number seen before;
//! - the *lookup key*, from which one key per [`Purpose`] is derived, stands between a token and what is stored of it.
//!
//! The last two are not part of the data keys' rotation: what they made is compared for as long as it is kept. None of
//! them is derived from another of these three, so that who knows one knows nothing of the others.

use crate::card::CardNumber;
use crate::error::VaultError;
use crate::random;
use crate::seal::SealingKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{hkdf, hmac};
use siphasher::sip::SipHasher24;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::Hasher as _;
use std::sync::Arc;
use zeroize::Zeroizing;

/// 256 bits: the size of every key here.
pub(crate) type KeyBytes = Zeroizing<[u8; 32]>;

/// A fresh key.
pub(crate) fn new_key() -> KeyBytes {
    let mut key = Zeroizing::new([0_u8; 32]);
    random::fill(key.as_mut());
    key
}

/// Where the key that wraps all others comes from (the key-encrypting key of PCI DSS 3.6.1).
pub enum KeySource {
    /// The file `kek` in the vault's directory, made when the vault is new. For development, and wherever the
    /// directory's own protection is enough.
    File,
    /// From outside, so that the directory alone opens nothing.
    Bytes(Zeroizing<[u8; 32]>),
}

impl KeySource {
    /// Reads a key that was handed over as text: 64 hexadecimal digits, or base64.
    ///
    /// # Errors
    /// [`VaultError::NotAKey`].
    pub fn parse(text: &str) -> Result<KeySource, VaultError> {
        let text = text.trim();
        let from_base64 = || STANDARD.decode(text).ok().map(Zeroizing::new);
        let bytes = if text.len() == 64 { from_hex(text) } else { from_base64() };
        let bytes = bytes.ok_or(VaultError::NotAKey)?;
        let mut key = Zeroizing::new([0_u8; 32]);
        if bytes.len() != key.len() {
            return Err(VaultError::NotAKey);
        }
        key.copy_from_slice(&bytes);
        Ok(KeySource::Bytes(key))
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeySource::File => "File",
            KeySource::Bytes(_) => "Bytes(***)",
        })
    }
}

fn from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks_exact(2) {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push((digit(pair[0])? * 16 + digit(pair[1])?) as u8); // two digits: at most 255
    }
    Some(bytes)
}

/// The data keys by version.
#[derive(Clone)]
pub(crate) struct DataKeys(BTreeMap<u32, Arc<SealingKey>>);

impl DataKeys {
    /// These keys; none if there are no keys.
    pub(crate) fn new(keys: BTreeMap<u32, Arc<SealingKey>>) -> Option<DataKeys> {
        (!keys.is_empty()).then_some(DataKeys(keys))
    }

    /// The key that new secrets are sealed with, and its version.
    pub(crate) fn current(&self) -> (u32, &SealingKey) {
        let (version, key) =
            self.0.last_key_value().expect("`new` and `without_those_before` leave one key at least");
        (*version, key)
    }

    /// The key of one version.
    pub(crate) fn get(&self, version: u32) -> Option<Arc<SealingKey>> {
        self.0.get(&version).cloned()
    }

    /// All versions, oldest first.
    pub(crate) fn versions(&self) -> Vec<u32> {
        self.0.keys().copied().collect()
    }

    /// These keys and a newer one.
    #[must_use]
    pub(crate) fn with(&self, version: u32, key: &KeyBytes) -> DataKeys {
        let mut keys = self.clone();
        keys.0.insert(version, Arc::new(SealingKey::new(key)));
        keys
    }

    /// These keys without those older than `version`. The current one always stays.
    #[must_use]
    pub(crate) fn without_those_before(&self, version: u32) -> DataKeys {
        let (current, _) = self.current();
        let mut keys = self.clone();
        keys.0.retain(|its_version, _| *its_version >= version.min(current));
        keys
    }
}

/// What a keyed hash is for. The same word hashed for two purposes gives two unrelated values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The id of a card token.
    CardToken,
    /// An access token, a public key, a client secret.
    Credential,
    /// An e-mail address by which people are found.
    Email,
    /// What the hosted checkout names and signs: preferences, forms, results.
    Checkout,
    /// A nickname or an e-mail by which a login is found.
    Login,
    /// The token of a session, and the words of its forms.
    Session,
}

/// Within what a trace is the same: other accounts, the other mode and other kinds have unrelated hashes of the same word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceScope {
    /// Whose payments it is found among.
    pub account_id: i64,
    /// Whether those with real money.
    pub is_live: bool,
    /// What it is of.
    pub kind: u8,
}

/// The keys that hash, prepared: nothing is derived or allocated when they are used.
pub(crate) struct HashKeys {
    fingerprint: hmac::Key,
    card_token: hmac::Key,
    credential: hmac::Key,
    email: hmac::Key,
    checkout: hmac::Key,
    login: hmac::Key,
    session: hmac::Key,
    identity: hmac::Key,
    trace: SipHasher24,
}

impl HashKeys {
    pub(crate) fn new(fingerprint: &KeyBytes, lookup: &KeyBytes) -> HashKeys {
        let lookup = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(lookup.as_ref());
        let derive = |purpose: &'static [u8]| -> hmac::Key {
            // RFC 5869 allows outputs of up to 255 hashes; this is one.
            lookup.expand(&[purpose], hmac::HMAC_SHA256).expect("one hash is not too long").into()
        };
        let trace = first_bytes(&hmac::sign(&derive(b"lookup trace"), b"SipHash-2-4"));
        HashKeys {
            fingerprint: hmac::Key::new(hmac::HMAC_SHA256, fingerprint.as_ref()),
            card_token: derive(b"lookup card_token"),
            credential: derive(b"lookup credential"),
            email: derive(b"lookup email"),
            checkout: derive(b"lookup checkout"),
            login: derive(b"lookup login"),
            session: derive(b"lookup session"),
            identity: derive(b"identity"),
            trace: SipHasher24::new_with_key(&trace),
        }
    }

    /// The first 128 bits of HMAC-SHA-256 over `pan` and the whole number (PCI DSS 3.5.1.1).
    pub(crate) fn fingerprint(&self, number: &CardNumber) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.fingerprint);
        context.update(b"pan");
        context.update(number.reveal().as_bytes());
        first_bytes(&context.sign())
    }

    /// HMAC-SHA-256 over `secret`, under the key of `purpose`.
    pub(crate) fn lookup(&self, purpose: Purpose, secret: &str) -> [u8; 32] {
        let key = match purpose {
            Purpose::CardToken => &self.card_token,
            Purpose::Credential => &self.credential,
            Purpose::Email => &self.email,
            Purpose::Checkout => &self.checkout,
            Purpose::Login => &self.login,
            Purpose::Session => &self.session,
        };
        first_bytes(&hmac::sign(key, secret.as_bytes()))
    }

    /// SipHash-2-4 under a key of its own: a payment leaves half a dozen traces, and each costs it a twentieth of what
    /// an HMAC would. Sixty-four bits are enough for what only has to be found.
    pub(crate) fn trace(&self, scope: &TraceScope, word: &str) -> i64 {
        let mut hasher = self.trace;
        let mut of_whom = [0_u8; 10];
        of_whom[..8].copy_from_slice(&scope.account_id.to_le_bytes());
        of_whom[8..].copy_from_slice(&[u8::from(scope.is_live), scope.kind]);
        hasher.write(&of_whom);
        hasher.write(word.as_bytes());
        hasher.finish().cast_signed()
    }

    /// Says which vault this is without saying anything of its keys.
    pub(crate) fn identity(&self) -> [u8; 16] {
        first_bytes(&hmac::sign(&self.identity, b""))
    }
}

/// The first `N` bytes of an HMAC-SHA-256, which has 32.
fn first_bytes<const N: usize>(tag: &hmac::Tag) -> [u8; N] {
    const { assert!(N <= 32) };
    let mut bytes = [0_u8; N];
    bytes.copy_from_slice(&tag.as_ref()[..N]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_hexadecimal_and_base64() {
        let hexadecimal = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1F";
        let base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
        for text in [hexadecimal, base64] {
            let Ok(KeySource::Bytes(key)) = KeySource::parse(text) else { panic!("{text} is a key") };
            assert_eq!(*key, std::array::from_fn(|i| i as u8));
        }
    }

    #[test]
    fn other_texts_are_no_key() {
        for text in
            ["", "00", "AAECAwQ=", &"g".repeat(64), &"é".repeat(32), &"0".repeat(63), &"A".repeat(1_000)]
        {
            assert!(matches!(KeySource::parse(text), Err(VaultError::NotAKey)), "{text}");
        }
    }

    #[test]
    fn a_key_source_shows_no_key() {
        assert_eq!(format!("{:?}", KeySource::Bytes(Zeroizing::new([7; 32]))), "Bytes(***)");
    }

    /// Expected values: Python's `hmac` and `cryptography.hazmat.primitives.kdf.hkdf`.
    #[test]
    fn hashes_are_those_of_another_implementation() {
        let keys = HashKeys::new(&Zeroizing::new([1; 32]), &Zeroizing::new([2; 32]));
        let number = CardNumber::parse("4111111111111111").expect("a card number");
        assert_eq!(keys.fingerprint(&number), *FINGERPRINT);
        assert_eq!(keys.lookup(Purpose::Credential, "TEST-1"), *LOOKUP);
    }

    #[test]
    fn a_trace_is_of_its_account_its_mode_and_its_kind() {
        let keys = HashKeys::new(&Zeroizing::new([1; 32]), &Zeroizing::new([2; 32]));
        let scope = TraceScope { account_id: 7, is_live: false, kind: 2 };
        let trace = keys.trace(&scope, "ana@example.com");
        // What is stored must be found again by later versions.
        assert_eq!(trace, keys.trace(&scope, "ana@example.com"));
        for other in [
            TraceScope { account_id: 8, ..scope },
            TraceScope { is_live: true, ..scope },
            TraceScope { kind: 3, ..scope },
        ] {
            assert_ne!(keys.trace(&other, "ana@example.com"), trace, "{other:?}");
        }
        let other_vault = HashKeys::new(&Zeroizing::new([1; 32]), &Zeroizing::new([3; 32]));
        assert_ne!(other_vault.trace(&scope, "ana@example.com"), trace);
    }

    const FINGERPRINT: &[u8; 16] = b"\x99\xee\x9f\x1e\x5c\x34\xf9\x23\xfb\x7b\xde\x9c\x77\x4a\x73\xf0";
    const LOOKUP: &[u8; 32] = b"\x94\x8f\x1a\xb5\x6b\x7d\xdd\xef\xcf\xb9\xa2\xca\xb7\x6c\xa4\xf6\xc7\xb9\xd6\x36\xe9\x0d\xe4\x7c\x29\xd1\x9c\x72\xf3\x18\x68\xc4";
}
