//! Turns exact totals of a district into releases that may leave it.
//!
//! ```text
//!  counting ──▶ ExactRelease ─┐
//!                             ├─▶ NoisyRelease::draw ──▶ payload ──▶ envelope
//!  YearLedger::charge ─▶ Charge ┘   (consumes both)
//! ```
//!
//! What is counted has gone through [`journal`] first, which keeps a student
//! in the same cells all year; running counts are made from it by [`stream`].
//!
//! The promise: whatever a node releases about one student's row of one
//! reporting year costs at most that year's rho. [`budget::YearLedger`] keeps
//! it: it refuses rather than overdraws. [`release::NoisyRelease`] is the only
//! type with bytes that may be stored for sending, and it cannot be made
//! without a [`budget::Charge`], which is used up by being made into it: no
//! charge, no release, at compile time.
//!
//! Neighbouring data differ in one student's row, added or removed. Noise is
//! drawn by OpenDP; this module decides only how much to ask for, and refuses
//! when the library's own price is higher than the charge.

#[cfg(test)]
mod adversary;
pub mod audit;
pub mod budget;
pub mod chain;
mod charged;
pub mod exact;
pub mod journal;
mod noise;
pub mod precision;
pub mod release;
pub mod reserve;
#[cfg(test)]
pub(crate) mod sample;
pub mod sensitivity;
#[cfg(test)]
mod statistics;
pub mod step;
pub mod stream;
#[cfg(test)]
mod whole_year;
