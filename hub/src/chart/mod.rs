//! Draws results as SVG that follows the page's style sheet.
//!
//! Classes instead of inline colours, so that the content security policy can
//! stay strict and print and forced colours work. Every chart has a title and
//! a description, and its page shows the same numbers as a table; nothing here
//! decides what may be shown.

pub mod days;
pub mod interval;
pub mod scale;
