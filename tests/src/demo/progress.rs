//! Says on standard error how far the demo is, and stops it between two steps
//! when it is told to.

use std::{
    io::IsTerminal,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};

use crate::clock::Stopwatch;

/// How far it is.
pub struct Progress {
    since: Stopwatch,
    stop: Arc<AtomicBool>,
    bar: Mutex<ProgressBar>,
}

impl Progress {
    /// Nothing done yet; ends early once `stop` is set.
    pub fn new(stop: Arc<AtomicBool>) -> Self {
        Self { since: Stopwatch::start(), stop, bar: Mutex::new(ProgressBar::hidden()) }
    }

    /// Begins a step of `parts` parts.
    pub fn step(&self, what: &str, parts: usize) -> anyhow::Result<()> {
        self.go_on()?;
        self.done();
        if !std::io::stderr().is_terminal() {
            eprintln!("[{:6.1} s] {what}", self.since.seconds());
            return Ok(());
        }
        let style = if parts > 1 {
            "{spinner} {msg} {pos}/{len} {elapsed}"
        } else {
            "{spinner} {msg} {elapsed}"
        };
        let bar = ProgressBar::new(parts as u64).with_message(what.to_owned());
        bar.set_style(ProgressStyle::with_template(style)?);
        bar.enable_steady_tick(Duration::from_millis(120));
        if let Ok(mut old) = self.bar.lock() {
            *old = bar;
        }
        Ok(())
    }

    /// One part of the step is done.
    pub fn part(&self) -> anyhow::Result<()> {
        if let Ok(bar) = self.bar.lock() {
            bar.inc(1);
        }
        self.go_on()
    }

    /// Ends the line of the last step.
    pub fn done(&self) {
        if let Ok(bar) = self.bar.lock() {
            bar.finish_and_clear();
        }
    }

    /// Waits until it is told to stop.
    pub fn wait_for_stop(&self) {
        while !self.stop.load(Ordering::SeqCst) {
            thread::park_timeout(Duration::from_millis(200));
        }
    }

    fn go_on(&self) -> anyhow::Result<()> {
        if self.stop.load(Ordering::SeqCst) {
            self.done();
            bail!("stopped");
        }
        Ok(())
    }
}
