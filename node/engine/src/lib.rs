//! The pure half of a district's node: counting, privacy, growth, schedule.
//!
//! Nothing here does I/O or reads a clock, and only `privacy/noise.rs` draws
//! randomness. Exact totals and student records never leave it but as noisy
//! releases that were paid for.

pub mod growth;
pub mod intake;
pub mod measure;
pub mod privacy;
pub mod respondent;
pub mod schedule;
pub mod student;
