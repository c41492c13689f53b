//! The hub from outside: real sockets, real TLS, SQLite and PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod admission;
mod benchmark;
mod change;
mod command;
mod databases;
mod documents;
mod incident;
mod membership;
mod node;
mod pooling;
mod public_file;
mod stream;
mod upload;
mod web;
mod world;
