//! Tests of the whole: the rules of the house, and consortia of real programs.

#[cfg(test)]
mod architecture;
