//! Turns results into what a person reads: words, rounded numbers, and the
//! reason why a number is not there.
//!
//! Pure functions and page templates. What may be shown was decided by the
//! engine; nothing here shows more, or claims more than the numbers say.

pub mod district;
pub mod districts;
pub mod listing;
pub mod member;
pub mod network;
pub mod peer;
pub mod public;
pub mod school;
pub mod shell;
pub mod similar;
pub mod so_far;
pub mod summary;
pub mod words;
