//! Passwords: argon2id, on threads of its own, a few at a time.

use crate::{Failure, nature};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Memory of one hash in KiB, passes over it and lanes: what OWASP's Password Storage Cheat Sheet recommends first.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How many passwords are hashed at once: 38 MiB and two threads, beside what takes payments.
const AT_ONCE: usize = 2;
/// How many may wait for that; at 30 ms each the last one waits half a second.
const MOST_WAITING: usize = 32;
const SALT_BYTES: usize = 16;

/// The hash of no password, for names that are nobody's: looking at it takes as long as at anybody's.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Bounds how many passwords are hashed at once.
pub(crate) struct Passwords {
    room: Arc<Semaphore>,
    hashing: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Passwords {
        Passwords {
            room: Arc::new(Semaphore::new(AT_ONCE + MOST_WAITING)),
            hashing: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Passwords {
    /// The hash of a password under a new salt, as a PHC string.
    ///
    /// # Errors
    /// When too many wait already.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, Failure> {
        let password = Zeroizing::new(password.as_bytes().to_vec());
        self.aside(move || hash_now(&password)).await?
    }

    /// Whether `password` is the one behind `hash`. Without a hash it is not, which takes as long to say.
    ///
    /// # Errors
    /// When too many wait already.
    pub(crate) async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool, Failure> {
        let password = Zeroizing::new(password.as_bytes().to_vec());
        self.aside(move || {
            let is_somebodys = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODYS.to_owned());
            let is_right = Argon2::default().verify_password(&password, hash.as_str()).is_ok();
            is_right && is_somebodys
        })
        .await
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let busy = || Failure::Unavailable { retry_after_s: 1 };
        let room = self.room.clone().try_acquire_owned().map_err(|_| busy())?;
        let turn = self.hashing.clone().acquire_owned().await.map_err(|_| busy())?;
        // The permits go along: a caller who leaves does not make room for one more thread.
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((turn, room));
            done
        });
        working.await.map_err(|broken| Failure::Internal(broken.to_string()))
    }
}

fn hash_now(password: &[u8]) -> Result<String, Failure> {
    let mut salt = [0; SALT_BYTES];
    nature::draw(&mut salt);
    hash_with(password, &salt)
}

/// The hash under this salt, which nobody else's password has.
pub(crate) fn hash_with(password: &[u8], salt: &[u8]) -> Result<String, Failure> {
    let broken =
        |error: &dyn std::fmt::Display| Failure::Internal(format!("a password can't be hashed: {error}"));
    let parameters = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| broken(&error))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    let hash = argon2.hash_password_with_salt(password, salt).map_err(|error| broken(&error))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other_is() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let work = |hash: &str| hash.splitn(5, '$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!((work(NOBODYS), NOBODYS.len()), (work(&hash), hash.len()), "takes as long");
        assert!(passwords.verify("correct horse", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("correct hors", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("correct horse", None).await.unwrap());
        assert!(!passwords.verify("correct horse", Some("damaged".to_owned())).await.unwrap());
        assert_ne!(hash, passwords.hash("correct horse").await.unwrap(), "each has a salt of its own");
    }

    #[tokio::test]
    async fn of_a_crowd_the_last_ones_are_sent_away() {
        let passwords = Arc::new(Passwords::default());
        let _nobody_hashes = passwords.hashing.clone().acquire_many_owned(AT_ONCE as u32).await.unwrap();
        let waiting: Vec<_> = (0..AT_ONCE + MOST_WAITING)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.verify("a", None).await })
            })
            .collect();
        while passwords.room.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(passwords.verify("a", None).await, Err(Failure::Unavailable { .. })));
        waiting.iter().for_each(|waiting| waiting.abort());
    }
}
