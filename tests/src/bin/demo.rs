//! Makes a whole consortium on one machine and asks it the real questions.

fn main() {}
