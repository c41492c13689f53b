//! How far a long import has read: a bar on a terminal, a line now and then
//! where there is none. On standard error, because the rows are on standard
//! output.

use std::{
    io::{IsTerminal, stderr},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::source::progress::{Step, watch};

/// Fewest bytes of files that it is worth saying for.
const LONG: u64 = 16 << 20;

/// Lines that a long import has in a log.
const LINES: u64 = 10;

/// The bar on the terminal of this process, while there is one.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// How far it is, however it is said.
#[derive(Default)]
struct Sums {
    expected: AtomicU64,
    read: AtomicU64,
}

/// Shows how far the readers of this process are.
pub fn show() {
    if stderr().is_terminal() { show_bar() } else { show_lines() }
}

fn show_bar() {
    let sums = Sums::default();
    watch(move |step| {
        let (expected, read) = sums.add(step);
        if expected < LONG {
            return;
        }
        let mut bar = BAR.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bar.get_or_insert_with(|| new_bar(expected));
        bar.set_length(expected);
        bar.set_position(read);
    });
}

/// Takes the bar away: what is said next has lines of its own.
pub fn end() {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

fn new_bar(expected: u64) -> ProgressBar {
    let style = "Reading {bar:30} {bytes} of {total_bytes}, {elapsed}";
    let style = ProgressStyle::with_template(style).expect("the template has known names");
    ProgressBar::new(expected).with_style(style.progress_chars("=> "))
}

fn show_lines() {
    let (sums, said) = (Sums::default(), AtomicU64::new(0));
    watch(move |step| {
        let (expected, read) = sums.add(step);
        if let Some(tenth) = new_tenth(expected, read, &said) {
            let megabytes = |bytes: u64| bytes >> 20;
            let (read, expected) = (megabytes(read), megabytes(expected));
            eprintln!("Read {read} of {expected} MiB ({} %).", tenth * 100 / LINES);
        }
    });
}

impl Sums {
    /// Adds a step; what is expected and read altogether, never more than
    /// expected.
    fn add(&self, step: Step) -> (u64, u64) {
        let (expected, read) = match step {
            Step::Expected(bytes) => (bytes, 0),
            Step::Read(bytes) => (0, bytes),
        };
        let expected = self.expected.fetch_add(expected, Ordering::Relaxed) + expected;
        let read = self.read.fetch_add(read, Ordering::Relaxed) + read;
        (expected, read.min(expected))
    }
}

/// How many tenths of a long import are read, where that has not been said.
fn new_tenth(expected: u64, read: u64, said: &AtomicU64) -> Option<u64> {
    if expected < LONG {
        return None;
    }
    let tenth = read.saturating_mul(LINES) / expected;
    (said.fetch_max(tenth, Ordering::Relaxed) < tenth).then_some(tenth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_import_has_ten_lines_and_a_short_one_none() {
        let lines = |expected: u64, piece: u64| {
            let (sums, said) = (Sums::default(), AtomicU64::new(0));
            sums.add(Step::Expected(expected));
            let steps = 0..=expected / piece;
            let told = steps.map(|_| sums.add(Step::Read(piece)));
            told.filter_map(|(expected, read)| new_tenth(expected, read, &said)).count()
        };
        assert_eq!(lines(LONG, 1 << 16), 10);
        assert_eq!(lines(1 << 40, 1 << 38), 4, "a line says how far it is, once");
        assert_eq!(lines(LONG - 1, 1 << 16), 0);
    }
}
