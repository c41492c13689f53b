//! Exact totals on their way to the noise: the type that must not leave.
//!
//! It has no `Serialize`, no wire message and no revealing `Debug`. Outside
//! this crate its numbers can be put in, and read back only beside the noisy
//! ones that were sent already, for the district's own eyes.

use std::fmt;

/// The exact integers of one release, in the order of its layout's blocks.
pub struct ExactRelease {
    blocks: Vec<Vec<i64>>,
}

impl ExactRelease {
    /// Takes integers in the layout's order: block by block, and in a block at
    /// `block.position(unit, group) + component`.
    pub const fn from_blocks(blocks: Vec<Vec<i64>>) -> Self {
        Self { blocks }
    }

    /// How many integers each block has; public, for it follows from charter
    /// and directory.
    pub fn shape(&self) -> impl ExactSizeIterator<Item = usize> {
        self.blocks.iter().map(Vec::len)
    }

    /// Every integer beside what was sent for it, block by block; what was
    /// sent must have this shape. For the district's own screen: a shell
    /// prints it and keeps it nowhere.
    pub fn beside<'a>(
        &'a self,
        sent: &'a [Vec<i64>],
    ) -> impl Iterator<Item = impl Iterator<Item = (i64, i64)> + 'a> + 'a {
        let blocks = self.blocks.iter().zip(sent);
        blocks.map(|(exact, sent)| exact.iter().copied().zip(sent.iter().copied()))
    }

    /// The integers, for the noise alone.
    pub(super) fn into_blocks(self) -> Vec<Vec<i64>> {
        self.blocks
    }

    /// The integers, for this crate's own tests and local tables.
    #[cfg(test)]
    pub(crate) fn blocks(&self) -> &[Vec<i64>] {
        &self.blocks
    }
}

impl fmt::Debug for ExactRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExactRelease").field("blocks", &self.blocks.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debugging_an_exact_release_shows_no_count() {
        let exact = ExactRelease::from_blocks(vec![vec![4711, 815], vec![9999]]);
        let shown = format!("{exact:?}");
        assert!(!["4711", "815", "9999"].iter().any(|count| shown.contains(count)), "{shown}");
        assert_eq!(exact.blocks().len(), exact.shape().len());
    }
}
