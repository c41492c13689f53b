//! Student growth on public constants: where a score lies against the score
//! that earlier years predict.
//!
//! ```text
//! scores ──predict──▶ band, residual ──bin──▶ pooled histogram ──▶ hub
//!                          └──percentile tables (from the hub's pool)──▶ percentile
//! ```
//!
//! Every constant is the charter's or the signed tables', so that one student
//! can move nobody's percentile but through the noisy pool.

pub mod percentile;
pub mod predict;
