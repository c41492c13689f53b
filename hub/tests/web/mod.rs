//! Pages, API and publications of a whole hub, over real TLS.

mod api;
mod browser;
mod consortium;
mod page;
mod public;
mod publication;
mod scope;
mod sign_in;
