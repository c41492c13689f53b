//! The consortium's hub: admits members, serves charter and directory, takes
//! in noisy releases, benchmarks them and shows them.
//!
//! ```text
//! cli, grpc, http, jobs ──▶ store, view ──▶ engine ──▶ proto
//! ```
//!
//! The hub never sees a student record or an exact count: what it holds was
//! made noisy in the districts.

pub mod account;
pub mod addresses;
pub mod authority;
pub mod chart;
pub mod cli;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod error;
pub mod export;
pub mod gather;
pub mod growth_round;
pub mod grpc;
pub mod home;
pub mod http;
pub mod hub;
pub mod in_force;
pub mod intake;
pub mod keys;
pub mod membership;
pub mod official_prior;
pub mod password;
pub mod proposal;
pub mod public_file;
pub mod publication;
pub mod run;
pub mod school_features;
pub mod school_file;
pub mod serve;
pub mod store;
pub mod tls;
pub mod view;
