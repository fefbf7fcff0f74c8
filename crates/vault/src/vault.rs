//! The vault: what the engine holds on to, and all it may ask.

use crate::card::{CardNumber, SecurityCode};
use crate::error::VaultError;
use crate::key_file::KeyDirectory;
use crate::keys::{DataKeys, HashKeys, KeySource, Purpose, TraceScope, new_key};
use crate::seal::{Field, Sealed, SealingKey, version_of};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use zeroize::Zeroizing;

/// An open vault. Shared by reference between threads; rotation goes on beside its use.
///
/// Every secret is sealed for one field of one record: `record` is whatever names the record for ever (its keyed hash,
/// its id), and opening needs the same bytes again.
pub struct Vault {
    hashes: HashKeys,
    data: RwLock<Arc<DataKeys>>,
    /// Where the keys are kept; none if they live and die with this value.
    home: Option<KeyDirectory>,
    /// Held while keys are changed, so that a slow reader of the files never undoes a newer change.
    changing: Mutex<()>,
}

impl Vault {
    /// Opens the vault in `directory`; makes it, with fresh keys, if there is none.
    ///
    /// # Errors
    /// When the files cannot be used, are open to other users, are damaged, or are wrapped with another key. A vault
    /// whose `kek` is gone is not made anew: what was sealed with it would be lost silently.
    pub fn open(directory: &Path, key: KeySource) -> Result<Vault, VaultError> {
        let (home, keys) = KeyDirectory::open(directory, key)?;
        Ok(Vault {
            hashes: keys.hashes,
            data: RwLock::new(Arc::new(keys.data)),
            home: Some(home),
            changing: Mutex::new(()),
        })
    }

    /// A vault that is kept nowhere: what it seals, nobody opens after it.
    pub fn ephemeral() -> Vault {
        let first = BTreeMap::from([(1, Arc::new(SealingKey::new(&new_key())))]);
        let data = DataKeys::new(first).expect("one key is not none");
        Vault {
            hashes: HashKeys::new(&new_key(), &new_key()),
            data: RwLock::new(Arc::new(data)),
            home: None,
            changing: Mutex::new(()),
        }
    }

    /// Encrypts a card number for `record`.
    pub fn seal_card_number(&self, number: &CardNumber, record: &[u8]) -> Sealed {
        self.seal(number.reveal().as_bytes(), Field::CardNumber, record)
    }

    /// Decrypts what [`Vault::seal_card_number`] made for the same `record`.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`] and [`VaultError::UnknownVersion`].
    pub fn open_card_number(&self, sealed: &[u8], record: &[u8]) -> Result<CardNumber, VaultError> {
        let digits = self.open_field(sealed, Field::CardNumber, record)?;
        text(&digits).and_then(CardNumber::parse).ok_or(VaultError::Unreadable)
    }

    /// Encrypts a security code for `record`. What comes out must be gone once the payment is authorised, and after a
    /// few minutes in any case (PCI DSS 3.3.1, 3.3.2).
    pub fn seal_security_code(&self, code: &SecurityCode, record: &[u8]) -> Sealed {
        self.seal(code.reveal().as_bytes(), Field::SecurityCode, record)
    }

    /// Decrypts what [`Vault::seal_security_code`] made for the same `record`.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`] and [`VaultError::UnknownVersion`].
    pub fn open_security_code(&self, sealed: &[u8], record: &[u8]) -> Result<SecurityCode, VaultError> {
        let digits = self.open_field(sealed, Field::SecurityCode, record)?;
        text(&digits).and_then(SecurityCode::parse).ok_or(VaultError::Unreadable)
    }

    /// Encrypts any other secret that is needed in clear later, like the one that signs webhooks.
    pub fn seal_secret(&self, secret: &[u8], record: &[u8]) -> Sealed {
        self.seal(secret, Field::Secret, record)
    }

    /// Decrypts what [`Vault::seal_secret`] made for the same `record`.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`] and [`VaultError::UnknownVersion`].
    pub fn open_secret(&self, sealed: &[u8], record: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.open_field(sealed, Field::Secret, record)
    }

    /// By which a card number seen before is recognised: equal for equal numbers, and useless without the vault
    /// (PCI DSS 3.5.1.1).
    pub fn fingerprint(&self, number: &CardNumber) -> [u8; 16] {
        self.hashes.fingerprint(number)
    }

    /// What is stored in place of a token, a credential or an e-mail address, and what it is found by.
    pub fn lookup(&self, purpose: Purpose, secret: &str) -> [u8; 32] {
        self.hashes.lookup(purpose, secret)
    }

    /// What is stored of a word by which a buyer's payments are found. Equal for equal words in the same `scope`, and
    /// useless without the vault.
    pub fn trace(&self, scope: &TraceScope, word: &str) -> i64 {
        self.hashes.trace(scope, word)
    }

    /// Names this vault without saying anything of its keys. A store that keeps it notices when it is opened beside
    /// another vault, with which none of its secrets could be read.
    pub fn identity(&self) -> [u8; 16] {
        self.hashes.identity()
    }

    /// Adds a data key and seals with it from now on. It is on the disk before it is used. What was sealed before
    /// still opens; reseal it, then [`Vault::retire`] the older keys.
    ///
    /// Answers the new version.
    ///
    /// # Errors
    /// When the key file cannot be read or written, or is full. The keys are then what they were.
    pub fn rotate(&self) -> Result<u32, VaultError> {
        self.change(|present| match &self.home {
            Some(home) => Ok(home.add_data_key()?.data),
            None => Ok(present.with(present.current().0 + 1, &new_key())),
        })
        .map(|keys| keys.current().0)
    }

    /// Drops the data keys older than `before_version`; the current one always stays. What they sealed cannot be
    /// opened any more. Answers the versions that are left.
    ///
    /// # Errors
    /// When the key file cannot be read or written. The keys are then what they were.
    pub fn retire(&self, before_version: u32) -> Result<Vec<u32>, VaultError> {
        self.change(|present| match &self.home {
            Some(home) => Ok(home.drop_data_keys_before(before_version)?.data),
            None => Ok(present.without_those_before(before_version)),
        })
        .map(|keys| keys.versions())
    }

    /// Takes over what another process did to the key file. The vault does so by itself when it meets a version that
    /// it doesn't know.
    ///
    /// # Errors
    /// When the key file cannot be read. The keys are then what they were.
    pub fn refresh(&self) -> Result<(), VaultError> {
        self.change(|present| match &self.home {
            Some(home) => Ok(home.load()?.data),
            None => Ok(present.clone()),
        })
        .map(drop)
    }

    /// The versions of the data keys, oldest first. The last one is the current one.
    pub fn versions(&self) -> Vec<u32> {
        self.data_keys().versions()
    }

    /// Whether `sealed` was sealed with the current data key; `false` also for what is no sealed secret.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        version_of(sealed) == Some(self.data_keys().current().0)
    }

    /// A card number sealed anew with the current data key; none if it already is.
    ///
    /// # Errors
    /// As [`Vault::open_card_number`].
    pub fn reseal_card_number(&self, sealed: &[u8], record: &[u8]) -> Result<Option<Sealed>, VaultError> {
        self.reseal(sealed, Field::CardNumber, record)
    }

    /// A security code sealed anew with the current data key; none if it already is.
    ///
    /// # Errors
    /// As [`Vault::open_security_code`].
    pub fn reseal_security_code(&self, sealed: &[u8], record: &[u8]) -> Result<Option<Sealed>, VaultError> {
        self.reseal(sealed, Field::SecurityCode, record)
    }

    /// A secret sealed anew with the current data key; none if it already is.
    ///
    /// # Errors
    /// As [`Vault::open_secret`].
    pub fn reseal_secret(&self, sealed: &[u8], record: &[u8]) -> Result<Option<Sealed>, VaultError> {
        self.reseal(sealed, Field::Secret, record)
    }

    fn seal(&self, secret: &[u8], field: Field, record: &[u8]) -> Sealed {
        let keys = self.data_keys();
        let (version, key) = keys.current();
        key.seal(secret, field, record, version)
    }

    fn open_field(
        &self,
        sealed: &[u8],
        field: Field,
        record: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let version = version_of(sealed).ok_or(VaultError::Unreadable)?;
        let mut key = self.data_keys().get(version);
        if key.is_none() {
            // Another process may have rotated the keys of this directory.
            self.refresh()?;
            key = self.data_keys().get(version);
        }
        key.ok_or(VaultError::UnknownVersion { version })?.open(sealed, field, record)
    }

    fn reseal(&self, sealed: &[u8], field: Field, record: &[u8]) -> Result<Option<Sealed>, VaultError> {
        if self.is_current(sealed) {
            return Ok(None);
        }
        let secret = self.open_field(sealed, field, record)?;
        Ok(Some(self.seal(&secret, field, record)))
    }

    fn data_keys(&self) -> Arc<DataKeys> {
        // The value is replaced whole, so a panic elsewhere cannot have left it half-written.
        Arc::clone(&self.data.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the data keys by what `next` makes of them. Files are read and written outside of the lock that sealing
    /// and opening need.
    fn change(
        &self,
        next: impl FnOnce(&DataKeys) -> Result<DataKeys, VaultError>,
    ) -> Result<Arc<DataKeys>, VaultError> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = Arc::new(next(&self.data_keys())?);
        *self.data.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&keys);
        Ok(keys)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("versions", &self.versions()).finish_non_exhaustive()
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
