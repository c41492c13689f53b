//! What the whole-consortium tests, the demo and the benchmarks share.
//!
//! Nothing here ships: it drives the two programs from outside and makes the
//! districts they are tried on. It must never reach into a shell's private
//! parts to make a test pass.

pub mod bench;
pub mod calpads_report;
pub mod clock;
pub mod demo;
pub mod harness;
pub mod score_file;
pub mod sgp;
pub mod simulated;
pub mod survey_file;
pub mod synthetic;
