//! How far a file has come: its header is looked for, its rows are read, or
//! they cannot be.

use super::{HEADER_WITHIN, columns::Layout};

/// How far a file has come.
pub(in crate::intake) enum Stage {
    /// Looking for the header, after so many rows.
    Before(u32),
    Reading(Layout),
    /// The file's rows cannot be read; the reason is noted.
    Unreadable,
}

impl Stage {
    /// Whether rows are still wanted.
    pub(in crate::intake) const fn wants_rows(&self) -> bool {
        match self {
            Self::Before(rows) => *rows < HEADER_WITHIN,
            Self::Reading(_) => true,
            Self::Unreadable => false,
        }
    }

    /// How many cells the header has, once it is found.
    pub(in crate::intake) const fn width(&self) -> Option<usize> {
        match self {
            Self::Reading(layout) => Some(layout.width),
            Self::Before(_) | Self::Unreadable => None,
        }
    }

    /// Whether the header was found, or what is wrong with the file noted.
    pub(in crate::intake) const fn has_header(&self) -> bool {
        !matches!(self, Self::Before(_))
    }
}
