//! The vault's directory: where the keys are kept, wrapped.
//!
//! ```text
//! kek         the key that wraps the others, in hexadecimal (unless it comes from outside)
//! keys.json   the others, each sealed with it: {"format":1,"data_keys":[{"version":1,"wrapped":"…"}],
//!             "fingerprint_key":"…","lookup_key":"…"}
//! keys.lock   held by whoever changes the two
//! ```
//!
//! Files are replaced whole (written beside, synced, renamed, directory synced), so that a crash leaves the old one or
//! the new one, and a key is on the disk before anything is sealed with it.

use crate::error::VaultError;
use crate::keys::{DataKeys, HashKeys, KeyBytes, KeySource, new_key};
use crate::seal::{Field, SealingKey, version_of};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What `format` says in a key file that this code writes and reads.
const FORMAT: u32 = 1;
/// How many data keys a vault holds: at one a month, those of twenty years.
const MOST_DATA_KEYS: usize = 256;
/// The largest key file that is read: 256 keys take less than 40 kB.
const LARGEST_FILE: u64 = 256 * 1024;

/// The directory of a vault, with the key that unwraps what lies there.
pub(crate) struct KeyDirectory {
    directory: PathBuf,
    kek: SealingKey,
}

/// What is written to `keys.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    format: u32,
    data_keys: Vec<WrappedDataKey>,
    fingerprint_key: String,
    lookup_key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrappedDataKey {
    version: u32,
    wrapped: String,
}

/// Everything a key file holds, unwrapped.
pub(crate) struct Unwrapped {
    pub(crate) data: DataKeys,
    pub(crate) hashes: HashKeys,
}

impl KeyDirectory {
    /// Opens the directory; makes it, and the keys, if they are not there.
    pub(crate) fn open(directory: &Path, source: KeySource) -> Result<(KeyDirectory, Unwrapped), VaultError> {
        let keys_path = directory.join("keys.json");
        let kek_path = directory.join("kek");
        if !keys_path.try_exists().map_err(VaultError::file(&keys_path))? {
            create_directory(directory)?;
            let _lock = lock(directory)?;
            // Looked at again under the lock: another process may have made the vault meanwhile.
            if !keys_path.try_exists().map_err(VaultError::file(&keys_path))? {
                let kek = match &source {
                    KeySource::Bytes(key) => key,
                    KeySource::File => &read_or_create_kek(&kek_path)?,
                };
                let new = KeyDirectory { directory: directory.to_path_buf(), kek: SealingKey::new(kek) };
                new.write(&new.first_keys())?;
            }
        }
        let kek = match source {
            KeySource::Bytes(key) => key,
            KeySource::File => match read_kek(&kek_path)? {
                Some(kek) => kek,
                None => return Err(VaultError::KeyMissing { kek: kek_path, keys: keys_path }),
            },
        };
        let opened = KeyDirectory { directory: directory.to_path_buf(), kek: SealingKey::new(&kek) };
        let unwrapped = opened.load()?;
        Ok((opened, unwrapped))
    }

    /// Reads and unwraps what is in the directory now.
    pub(crate) fn load(&self) -> Result<Unwrapped, VaultError> {
        self.unwrap(&self.read()?)
    }

    /// Adds a data key, newer than all others, and answers what is in the directory then.
    pub(crate) fn add_data_key(&self) -> Result<Unwrapped, VaultError> {
        let _lock = lock(&self.directory)?;
        let mut file = self.read()?;
        let present = self.unwrap(&file)?;
        if file.data_keys.len() >= MOST_DATA_KEYS {
            return Err(VaultError::TooManyKeys { limit: MOST_DATA_KEYS });
        }
        let (newest, _) = present.data.current();
        let version =
            newest.checked_add(1).ok_or_else(|| VaultError::damaged(&self.path(), "no version is left"))?;
        file.data_keys
            .push(WrappedDataKey { version, wrapped: self.wrap(&new_key(), Field::DataKey, version) });
        self.write(&file)?;
        self.load()
    }

    /// Drops the data keys older than `version`, except the current one, and answers what is left.
    pub(crate) fn drop_data_keys_before(&self, version: u32) -> Result<Unwrapped, VaultError> {
        let _lock = lock(&self.directory)?;
        let mut file = self.read()?;
        let kept = self.unwrap(&file)?.data.without_those_before(version).versions();
        file.data_keys.retain(|key| kept.contains(&key.version));
        self.write(&file)?;
        self.load()
    }

    fn path(&self) -> PathBuf {
        self.directory.join("keys.json")
    }

    fn first_keys(&self) -> KeyFile {
        KeyFile {
            format: FORMAT,
            data_keys: vec![WrappedDataKey { version: 1, wrapped: self.wrap(&new_key(), Field::DataKey, 1) }],
            fingerprint_key: self.wrap(&new_key(), Field::FingerprintKey, 0),
            lookup_key: self.wrap(&new_key(), Field::LookupKey, 0),
        }
    }

    fn wrap(&self, key: &KeyBytes, field: Field, version: u32) -> String {
        STANDARD.encode(self.kek.seal(key.as_ref(), field, b"", version).0)
    }

    fn unwrap_key(&self, wrapped: &str, field: Field, version: u32) -> Result<KeyBytes, VaultError> {
        let path = self.path();
        let damaged = |problem| VaultError::damaged(&path, problem);
        let sealed = STANDARD.decode(wrapped).map_err(|_| damaged("a wrapped key is not base64"))?;
        if version_of(&sealed) != Some(version) {
            return Err(damaged("a wrapped key has another version than the file says"));
        }
        let bytes =
            self.kek.open(&sealed, field, b"").map_err(|_| VaultError::WrongKey { path: path.clone() })?;
        let mut key = Zeroizing::new([0_u8; 32]);
        if bytes.len() != key.len() {
            return Err(damaged("a wrapped key has not 32 bytes"));
        }
        key.copy_from_slice(&bytes);
        Ok(key)
    }

    fn unwrap(&self, file: &KeyFile) -> Result<Unwrapped, VaultError> {
        let mut data = BTreeMap::new();
        for key in &file.data_keys {
            let unwrapped = self.unwrap_key(&key.wrapped, Field::DataKey, key.version)?;
            if data.insert(key.version, Arc::new(SealingKey::new(&unwrapped))).is_some() {
                return Err(VaultError::damaged(&self.path(), "two data keys have one version"));
            }
        }
        let fingerprint = self.unwrap_key(&file.fingerprint_key, Field::FingerprintKey, 0)?;
        let lookup = self.unwrap_key(&file.lookup_key, Field::LookupKey, 0)?;
        Ok(Unwrapped {
            data: DataKeys::new(data)
                .ok_or_else(|| VaultError::damaged(&self.path(), "there is no data key in it"))?,
            hashes: HashKeys::new(&fingerprint, &lookup),
        })
    }

    fn read(&self) -> Result<KeyFile, VaultError> {
        let path = self.path();
        let text = read_private(&path)?
            .ok_or(ErrorKind::NotFound)
            .map_err(|kind| VaultError::File { path: path.clone(), source: kind.into() })?;
        let file: KeyFile = serde_json::from_slice(&text)
            .map_err(|_| VaultError::damaged(&path, "it is not the JSON of a key file"))?;
        if file.format != FORMAT {
            return Err(VaultError::damaged(&path, "its format is of another version of the program"));
        }
        if file.data_keys.len() > MOST_DATA_KEYS {
            return Err(VaultError::damaged(&path, "it holds too many keys"));
        }
        Ok(file)
    }

    fn write(&self, file: &KeyFile) -> Result<(), VaultError> {
        let text = serde_json::to_vec_pretty(file).expect("strings and numbers can be written as JSON");
        replace(&self.path(), &text)
    }
}

fn read_or_create_kek(path: &Path) -> Result<KeyBytes, VaultError> {
    if let Some(kek) = read_kek(path)? {
        return Ok(kek);
    }
    let kek = new_key();
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in kek.iter() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).expect("four bits are one hexadecimal digit"));
        }
    }
    text.push('\n');
    replace(path, text.as_bytes())?;
    Ok(kek)
}

fn read_kek(path: &Path) -> Result<Option<KeyBytes>, VaultError> {
    let Some(text) = read_private(path)? else { return Ok(None) };
    match std::str::from_utf8(&text).ok().and_then(|text| KeySource::parse(text).ok()) {
        Some(KeySource::Bytes(key)) => Ok(Some(key)),
        _ => Err(VaultError::damaged(path, "a vault key is 64 hexadecimal digits or base64 of 32 bytes")),
    }
}

/// The content of a file that only its owner may read; none if there is no such file.
fn read_private(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(VaultError::file(path)(error)),
    };
    let metadata = file.metadata().map_err(VaultError::file(path))?;
    refuse_if_open_to_others(path, &metadata)?;
    if metadata.len() > LARGEST_FILE {
        return Err(VaultError::damaged(path, "it is far larger than any file of a vault"));
    }
    // One byte more than is expected, and its room at once: growing would leave a copy of a key behind.
    let mut content = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    file.take(LARGEST_FILE).read_to_end(&mut content).map_err(VaultError::file(path))?;
    Ok(Some(content))
}

#[cfg(unix)]
fn refuse_if_open_to_others(path: &Path, metadata: &fs::Metadata) -> Result<(), VaultError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(VaultError::TooOpen { path: path.to_path_buf(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_if_open_to_others(_: &Path, _: &fs::Metadata) -> Result<(), VaultError> {
    Ok(())
}

/// Writes `content` to `path`, whole and durable or not at all. The caller holds the lock.
fn replace(path: &Path, content: &[u8]) -> Result<(), VaultError> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(VaultError::file(&beside)(error)),
        _ => {}
    }
    let mut file = private(OpenOptions::new().write(true).create_new(true))
        .open(&beside)
        .map_err(VaultError::file(&beside))?;
    file.write_all(content).map_err(VaultError::file(&beside))?;
    file.sync_all().map_err(VaultError::file(&beside))?;
    fs::rename(&beside, path).map_err(VaultError::file(path))?;
    sync_directory(path.parent().expect("the vault's files have a directory"))
}

/// Makes the vault's directory, closed to others, if it is not there.
fn create_directory(directory: &Path) -> Result<(), VaultError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(directory).map_err(VaultError::file(directory))
}

/// Waits until no other process changes the directory's files, and keeps them out until the answer is dropped.
fn lock(directory: &Path) -> Result<File, VaultError> {
    let path = directory.join("keys.lock");
    let file = private(OpenOptions::new().write(true).create(true).truncate(false))
        .open(&path)
        .map_err(VaultError::file(&path))?;
    file.lock().map_err(VaultError::file(&path))?;
    Ok(file)
}

/// For the owner's eyes only, from the first moment.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// A rename is durable once its directory is.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> Result<(), VaultError> {
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(VaultError::file(directory))
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> Result<(), VaultError> {
    Ok(())
}
