//! From exact totals to a receipt: the one road by which anything leaves.
//!
//! ```text
//! one database transaction                        after it
//! ┌──────────────────────────────────────────┐
//! │ approved? offered? not drawn? budget?    │
//! │ charge ─▶ noise ─▶ ledger + payload +    │──▶ seal ──▶ send ──▶ receipt
//! │                    outbox ─▶ COMMIT      │     └────── again ─────┘
//! └──────────────────────────────────────────┘      (same payload, sealed anew)
//! ```
//!
//! Before the commit nothing has left and nothing is spent; after it the
//! charge is spent whatever happens. Noise is drawn once per program and
//! period: whoever asks again gets what was drawn.

pub mod correction;
pub mod decision;
pub mod ledger;
pub mod pending;
pub mod prepare;
pub mod preview;
pub mod receipt;
pub mod seal;
pub mod standing;

#[cfg(test)]
mod deciding;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod road;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod trial;
