//! Drives the two real programs: their processes, their sockets, their
//! answers. It knows what they print and nothing of their insides.

mod authority;
mod consortium;
mod postgres;
mod program;
mod relay;
mod rest;

pub use authority::Authority;
pub use consortium::{Consortium, Foundation, Node, free_address};
pub use postgres::Postgres;
pub use program::{Failure, Program, Programs, Serving};
pub use relay::{Relay, Traffic};
pub use rest::Rest;
