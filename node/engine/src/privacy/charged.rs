//! What a ledger says of a charge to those who decide about the next one.

use peerlight_proto::{
    names::PeriodId,
    units::{ContentHash, GradeSet, PicoRho},
};

/// The signed charter and directory that a release is made under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Under {
    /// SHA-256 of the charter's bytes.
    pub charter_hash: ContentHash,
    /// SHA-256 of the directory's bytes.
    pub directory_hash: ContentHash,
}

/// One period of a program that was charged.
#[derive(Clone, Debug)]
pub(super) struct Charged {
    pub(super) period: PeriodId,
    pub(super) grades: GradeSet,
    pub(super) pico_rho: PicoRho,
    pub(super) under: Under,
}
