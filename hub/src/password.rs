//! Keeps passwords as Argon2id hashes with the parameters OWASP recommends.
//!
//! Hashing is slow on purpose and takes 19 MiB, so it runs off the async
//! threads and only a few at a time. A password is never stored, logged or
//! taken from the command line.

use std::sync::LazyLock;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task};
use zeroize::Zeroizing;

/// Fewest characters of a password.
pub const SHORTEST: usize = 12;

/// Most bytes of a password: more is an attempt to keep us busy.
const LONGEST: usize = 1024;

/// Hashes computed at once.
static PERMITS: Semaphore = Semaphore::const_new(4);

/// Stands in for the hash of a user who does not exist, so that an unknown
/// name takes as long to refuse as a wrong password.
static NOBODY: LazyLock<String> =
    LazyLock::new(|| hash(b"the password of nobody").unwrap_or_default());

/// A password is refused, or could not be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short.
    #[error("the password is too short: use at least {SHORTEST} characters")]
    Short,
    /// Too long.
    #[error("the password is too long: use at most {LONGEST} bytes")]
    Long,
    /// The machine failed.
    #[error("the password could not be hashed: the machine is out of memory or randomness")]
    Machine,
}

fn hash(password: &[u8]) -> Result<String, PasswordError> {
    // The crate's defaults are OWASP's: Argon2id, 19 MiB, 2 passes, 1 lane.
    let hash = Argon2::default().hash_password(password).map_err(|_| PasswordError::Machine)?;
    Ok(hash.to_string())
}

/// The hash to store for a new password.
pub async fn store(password: Zeroizing<String>) -> Result<String, PasswordError> {
    if password.chars().count() < SHORTEST {
        return Err(PasswordError::Short);
    }
    if password.len() > LONGEST {
        return Err(PasswordError::Long);
    }
    task::spawn_blocking(move || hash(password.as_bytes()))
        .await
        .map_err(|_| PasswordError::Machine)?
}

/// Whether `password` is the one that was hashed; `None` as the stored hash is
/// a user who does not exist.
pub async fn verify(password: Zeroizing<String>, stored: Option<String>) -> bool {
    if password.len() > LONGEST {
        return false;
    }
    let Ok(_permit) = PERMITS.acquire().await else { return false };
    task::spawn_blocking(move || {
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| NOBODY.clone());
        let Ok(hash) = PasswordHash::new(&stored) else { return false };
        let fits = Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
        exists && fits
    })
    .await
    .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_same_password_fits_and_nobody_has_one() {
        let stored = store(secret("correct horse battery")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(secret("correct horse battery"), Some(stored.clone())).await);
        assert!(!verify(secret("correct horse batterz"), Some(stored)).await);
        assert!(!verify(secret("the password of nobody"), None).await);
    }

    #[tokio::test]
    async fn a_short_or_endless_password_is_refused() {
        assert_eq!(store(secret("eleven char")).await, Err(PasswordError::Short));
        assert_eq!(store(secret(&"x".repeat(2000))).await, Err(PasswordError::Long));
    }
}
