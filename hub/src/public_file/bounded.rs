//! A stream that ends with an error rather than grow past a limit: what a few
//! compressed kilobytes unpack to is not known before.

use std::io::{self, Read};

/// Passes bytes on while there are no more than allowed, in all and a line.
pub struct Bounded<R> {
    inner: R,
    left: u64,
    most: u64,
    line: usize,
    longest_line: usize,
    /// What was passed; nothing more is read then, as bytes would be missing.
    passed: Option<String>,
}

impl<R> Bounded<R> {
    /// Allows so many bytes in all, and so many a line.
    pub const fn new(inner: R, most: u64, longest_line: usize) -> Self {
        Self { inner, left: most, most, line: 0, longest_line, passed: None }
    }
}

impl<R: Read> Bounded<R> {
    fn count(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            format!(
                "the file is larger than {} MB when unpacked, which no official file is",
                self.most >> 20
            )
        })?;
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line += part.len();
            if self.line > self.longest_line {
                return Err(format!(
                    "a line is longer than {} kB: this is not a table, or its lines do not end",
                    self.longest_line >> 10
                ));
            }
            if part.ends_with(b"\n") {
                self.line = 0;
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.passed.is_none() {
            let read = self.inner.read(buffer)?;
            match self.count(&buffer[..read]) {
                Ok(()) => return Ok(read),
                Err(problem) => self.passed = Some(problem),
            }
        }
        Err(io::Error::other(self.passed.clone().unwrap_or_default()))
    }
}
