//! The contract between a district's node and the consortium hub.
//!
//! Everything that both sides must agree on lives here and nowhere else: wire
//! messages, shared vocabulary, units, the measure catalogue, the charter, the
//! canonical layout of a release and the sealed envelope. If a change to this
//! crate could make an old node misread a new hub, it belongs here; if it could
//! not, it belongs in `node` or `hub`.
//!
//! This crate does no I/O.

pub mod budget;
pub mod catalogue;
pub mod charter;
pub mod continual;
pub mod directory;
pub mod document;
pub mod envelope;
pub mod group;
pub mod layout;
pub mod names;
pub mod rounding;
pub mod token;
pub mod units;
pub mod wire;

/// Messages and services generated from `peerlight/v1/*.proto`.
#[expect(clippy::pedantic, clippy::allow_attributes, reason = "generated code")]
pub mod v1 {
    include!("generated/peerlight.v1.rs");

    /// The same files as an encoded `FileDescriptorSet`, for gRPC reflection.
    pub const DESCRIPTORS: &[u8] = include_bytes!("generated/descriptors.binpb");
}
