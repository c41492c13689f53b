//! Where student years and public lists of schools come from, and how a district's own columns become
//! Peerlight's.

pub mod csv;
pub mod mapping;
pub mod schools;
mod suggest;

pub use suggest::suggest;
