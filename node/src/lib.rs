//! A district's node: keeps its students' records, counts them, releases noisy
//! totals that were paid for, and shows the district its own exact values.
//!
//! Decisions are made in `peerlight-node-engine`; this crate does the I/O.

pub mod release;
pub mod store;
