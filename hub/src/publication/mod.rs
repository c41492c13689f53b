//! A publication: a frozen, signed folder of network benchmarks.
//!
//! ```text
//! publications/VERSION/
//!   network_benchmarks.{csv,json,parquet}    distributions by measure, group, level
//!   coverage, measures                       for how many schools, and of what
//!   school_benchmarks, noisy_cells           only where the charter's scope is schools
//!   method.md                                how they were made
//!   manifest.json                            every file with its SHA-256, and where it is from
//!   manifest.sig                             receipt key's signature over manifest.json
//!   hub-keys.bin                             key list with that key, signed by the root key
//!   root-key.txt                             the root key, to compare with the one that is known
//! ```
//!
//! It is written beside its place and renamed into it, so that there is a whole
//! one or none, and never written again.

pub mod manifest;
mod method;
pub mod verify;
pub mod write;

use peerlight_proto::names::ReleaseId;

use self::verify::VerifyError;
use crate::export::ParquetError;

/// Why a publication cannot be made, or does not verify.
#[derive(Debug, thiserror::Error)]
pub enum PublicationError {
    /// There is nothing to publish.
    #[error("no benchmarks have been computed yet: run `peerlight-hub benchmark run` first")]
    NoRun,
    /// A publication of that name is there.
    #[error("publication {0} is there already and frozen: choose another --name")]
    Taken(ReleaseId),
    /// It does not verify.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A table cannot be written.
    #[error(transparent)]
    Table(#[from] ParquetError),
}
