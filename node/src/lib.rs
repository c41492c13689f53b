//! A district's node: keeps student records, and lets out only what the
//! district approved, with noise that was paid for.
//!
//! ```text
//! cli, daemon, page ──▶ sync, membership, documents, approval ──▶ hub (TLS)
//!                  └──▶ records, journal, release, store ──▶ the engine (pure)
//! ```
//!
//! This crate is the shell: files, clock, database, network. What decides is in
//! the engine. Nothing here may print, log or send an exact count or a student
//! id but to the district's own people on this machine.

pub mod approval;
pub mod calendar;
pub mod charter_view;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod doctor;
pub mod documents;
pub mod error;
pub mod exact;
pub mod extract;
pub mod home;
pub mod hub;
pub mod import;
pub mod import_report;
pub mod in_place;
pub mod inbox;
pub mod join;
pub mod journal;
pub mod keys;
pub mod local;
pub mod membership;
pub mod node;
pub mod page;
pub mod plan;
pub mod records;
pub mod release;
pub mod sent;
pub mod source;
pub mod spreadsheet;
pub mod store;
pub mod surveys;
pub mod sync;
pub mod words;
