//! Sealed bytes: one secret, encrypted for one field of one record.
//!
//! ```text
//! offset  bytes  what
//! 0       1      format, 1
//! 1       4      version of the data key, big-endian
//! 5       12     nonce, random
//! 17      n      ciphertext (AES-256-GCM)
//! 17+n    16     tag
//! ```
//!
//! The tag also covers the field, the record and the key's version (see [`Field`]), so that a sealed number pasted into
//! another row does not open there.
//!
//! Random nonces of 96 bits are good for 2^32 messages under one key (NIST SP 800-38D §8.3); a data key is meant to be
//! replaced each month, or after 2^31 seals, whichever is first.

use crate::error::VaultError;
use crate::random;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

const FORMAT: u8 = 1;
const VERSION_AT: usize = 1;
const NONCE_AT: usize = 5;
const BODY_AT: usize = NONCE_AT + NONCE_LEN;
const TAG: usize = 16;

/// Encrypted bytes, which may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl From<Sealed> for Vec<u8> {
    fn from(sealed: Sealed) -> Vec<u8> {
        sealed.0
    }
}

/// What a sealed secret is. Bytes that were sealed as one do not open as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    CardNumber,
    SecurityCode,
    Secret,
    DataKey,
    FingerprintKey,
    LookupKey,
}

impl Field {
    const fn name(self) -> &'static [u8] {
        match self {
            Field::CardNumber => b"card_number",
            Field::SecurityCode => b"security_code",
            Field::Secret => b"secret",
            Field::DataKey => b"data_key",
            Field::FingerprintKey => b"fingerprint_key",
            Field::LookupKey => b"lookup_key",
        }
    }

    /// What the tag covers beside the ciphertext: the field's name with its length before it, so that no name and
    /// record can pose as another pair, then the record and the version.
    fn additional_data(self, record: &[u8], version: u32) -> Vec<u8> {
        let name = self.name();
        let mut data = Vec::with_capacity(1 + name.len() + record.len() + 4);
        data.push(name.len() as u8); // the longest name has 15 bytes
        data.extend_from_slice(name);
        data.extend_from_slice(record);
        data.extend_from_slice(&version.to_be_bytes());
        data
    }
}

/// An AES-256-GCM key, ready for use.
pub(crate) struct SealingKey(LessSafeKey);

impl SealingKey {
    pub(crate) fn new(key: &[u8; 32]) -> SealingKey {
        SealingKey(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("AES-256 keys have 32 bytes")))
    }

    /// Encrypts `secret` for `field` of `record`, naming this key `version`.
    pub(crate) fn seal(&self, secret: &[u8], field: Field, record: &[u8], version: u32) -> Sealed {
        let mut nonce = [0_u8; NONCE_LEN];
        random::fill(&mut nonce);
        let mut sealed = Vec::with_capacity(BODY_AT + secret.len() + TAG);
        sealed.push(FORMAT);
        sealed.extend_from_slice(&version.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        // In place, and in a vector that need not grow: the clear text stays nowhere.
        sealed.extend_from_slice(secret);
        let data = field.additional_data(record, version);
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(data),
                &mut sealed[BODY_AT..],
            )
            .expect("AES-GCM takes secrets of up to 64 GB");
        sealed.extend_from_slice(tag.as_ref());
        Sealed(sealed)
    }

    /// Decrypts what [`SealingKey::seal`] made.
    pub(crate) fn open(
        &self,
        sealed: &[u8],
        field: Field,
        record: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let version = version_of(sealed).ok_or(VaultError::Unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(&sealed[NONCE_AT..BODY_AT])
            .map_err(|_| VaultError::Unreadable)?;
        let data = field.additional_data(record, version);
        let mut secret = Zeroizing::new(sealed[BODY_AT..].to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(data), &mut secret)
            .map_err(|_| VaultError::Unreadable)?
            .len();
        secret.truncate(length);
        Ok(secret)
    }
}

/// The version of the key that `sealed` names; none if it is too short, or of an unknown format.
pub(crate) fn version_of(sealed: &[u8]) -> Option<u32> {
    if sealed.len() < BODY_AT + TAG || sealed[0] != FORMAT {
        return None;
    }
    sealed[VERSION_AT..NONCE_AT].try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by Python's `cryptography` (AESGCM, key 05…05, version 3, nonce 00…0b): the layout that is on people's
    /// disks, which no change of this file may alter.
    const MADE_ELSEWHERE: &str =
        "0100000003000102030405060708090a0bef9eb5987a745fa2b39605c7e1a4e743dc6f159aa6aa3c27c656af38cbfb29b3";

    fn bytes(hexadecimal: &str) -> Vec<u8> {
        hexadecimal
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("a byte"))
            .collect()
    }

    #[test]
    fn what_another_implementation_sealed_is_opened() {
        let key = SealingKey::new(&[5; 32]);
        let sealed = bytes(MADE_ELSEWHERE);
        assert_eq!(version_of(&sealed), Some(3));
        let opened = key.open(&sealed, Field::CardNumber, b"record 7").expect("the same layout");
        assert_eq!(opened.as_slice(), b"5031433215406351");
    }

    #[test]
    fn a_field_and_its_record_cannot_pose_as_another_pair() {
        let pairs = [
            Field::CardNumber.additional_data(b"", 1),
            Field::Secret.additional_data(b"", 1),
            Field::Secret.additional_data(b"_card_number", 1),
            Field::Secret.additional_data(&1_u32.to_be_bytes(), 1),
            Field::Secret.additional_data(b"", 2),
        ];
        for (i, one) in pairs.iter().enumerate() {
            assert!(pairs[i + 1..].iter().all(|other| other != one));
        }
    }

    #[test]
    fn the_same_secret_is_never_sealed_to_the_same_bytes() {
        let key = SealingKey::new(&[5; 32]);
        let sealed: std::collections::HashSet<Vec<u8>> =
            (0..1_000).map(|_| key.seal(b"123", Field::SecurityCode, b"record", 1).0).collect();
        assert_eq!(sealed.len(), 1_000);
    }
}
