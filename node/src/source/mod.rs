//! Where student years come from, and how a district's own columns become
//! Peerlight's.

pub mod csv;
pub mod mapping;
mod suggest;

pub use suggest::suggest;
