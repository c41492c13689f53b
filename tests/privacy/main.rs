//! The privacy promise, tried from outside on the shipped counting, noise,
//! ledger and estimates; and on mutants of them, each of which must be caught
//! by the very check that the shipped code passes.
//!
//! `PEERLIGHT_TEST_SIZE=nightly` runs ten times as many draws and schools.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod coverage;
mod district;
mod journal;
mod ledger;
mod noise;
mod sensitivity;

/// A sample size, larger where asked for.
fn sized(usual: usize) -> usize {
    let is_nightly = std::env::var("PEERLIGHT_TEST_SIZE").is_ok_and(|size| size == "nightly");
    if is_nightly { usual * 10 } else { usual }
}
