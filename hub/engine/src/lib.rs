//! Everything the hub decides and computes, as functions from values to values.
//!
//! ```text
//! received release ──admission──▶ stored ──estimate──▶ display, benchmark, peer ──▶ pages
//!                     table, running, consistency ──┘ └─▶ roll_up, pooling ───┘
//! directory ────────similar────▶ like schools ───────────────────┘            └──▶ publication
//! histograms ───────growth─────▶ percentile tables
//! official files ───public────▶ results beside ours, features of the directory
//! ```
//!
//! No I/O, no clock, and no randomness of its own: posterior draws come from a
//! seed that is passed in, so that a benchmark run can be repeated to the last
//! bit. Nothing here sees a student; what comes in is noisy already.

pub mod admission;
pub mod analysis;
pub mod anchor;
pub mod benchmark;
pub mod civil;
pub mod comparable;
pub mod comparison;
pub mod consistency;
pub mod correction;
pub mod display;
pub mod estimate;
pub mod feature;
pub mod growth;
pub mod kdtree;
pub mod measure;
pub mod normal;
pub mod peer;
pub mod pooling;
pub mod posterior;
pub mod public;
pub mod publication;
pub mod ratio;
pub mod roll_up;
pub mod running;
pub mod similar;
pub mod so_far;
pub mod standing;
pub mod sums;
pub mod table;

#[cfg(test)]
mod sample;
