//! Files whose header stands in one of their first rows, below titles: columns
//! are found by their names, and nothing is left out unsaid.
//!
//! Pure: the shell opens the files, splits them into cells and drives a
//! [`Headed`] import with them.

mod columns;
mod note;
mod stage;
mod year;

pub(super) use columns::{Field, Layout, Row, fields, plain};
pub(super) use note::{Notes, statewide};
pub(super) use stage::Stage;
pub(super) use year::{in_name, in_text};

/// Rows of a file among which its header is looked for: titles stand above it.
pub(super) const HEADER_WITHIN: u32 = 20;

/// An import of such files under way. Every fault goes into its report.
pub trait Headed {
    /// Begins a file, or a sheet of one. `file` is its name for people and may
    /// say the school year.
    fn begin(&mut self, file: &str);

    /// Reads a row of the file that was begun last; `line` is from 1. Rows
    /// above the header are titles.
    fn row(&mut self, line: u64, cells: &[&str]);

    /// Whether rows are still wanted: not where the header was not found.
    fn wants_rows(&self) -> bool;

    /// How many cells the header has, once it is found.
    fn width(&self) -> Option<usize>;

    /// Whether the header was found, or what is wrong with the file noted
    /// already.
    fn has_header(&self) -> bool;

    /// Notes that a file has no header of its format. `widest` is the largest
    /// number of cells of its first rows.
    fn no_header(&mut self, widest: usize);

    /// Notes that a file cannot be read from a line on.
    fn unreadable(&mut self, line: u64, what: &str, remedy: &str);

    /// Notes what is worth knowing about a file.
    fn notice(&mut self, what: &str, remedy: &str);
}

/// What is wrong with a row of so many cells under a header of another width,
/// and what to do.
pub(super) fn other_width(found: usize, width: usize) -> (String, &'static str) {
    let what =
        format!("a row has another number of cells than the header: {found} instead of {width}");
    let remedy = "download the file again without opening it in between: a value with the \
                  separator in it is not quoted, or the file is cut short";
    (what, remedy)
}
