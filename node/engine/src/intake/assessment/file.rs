//! Reads the files of one import: finds each file's header, and hands rows to
//! the reader of the format.

use std::fmt;

use peerlight_proto::units::SchoolYear;

use super::{
    super::{
        Imported, Refused, Schools,
        headed::{self, Field, HEADER_WITHIN, Headed, Layout, Row, Stage},
        problem::Severity,
        table::{Gather, JoinId},
    },
    caaspp::Caaspp,
    elpac::Elpac,
    nsc::Nsc,
};

/// Fewest lines' width that a delimited file can have.
const NARROW: usize = 1;

/// What the files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CAASPP student score files: Smarter Balanced and CAST.
    Caaspp,
    /// Summative ELPAC and Summative Alternate ELPAC student score files.
    Elpac,
    /// `StudentTracker` detail of the National Student Clearinghouse.
    Nsc,
}

impl Format {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Caaspp => "CAASPP student score file",
            Self::Elpac => "ELPAC student score file",
            Self::Nsc => "Clearinghouse return file",
        }
    }
}

/// How the files are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The school year, where the file's name does not say it or must not be
    /// trusted; of a Clearinghouse file, the year of graduation to take.
    pub year: Option<SchoolYear>,
    /// Take the student groups as they were at testing, too.
    pub with_groups: bool,
    /// Whether a Clearinghouse file carries statewide ids instead of local ones.
    pub is_statewide: bool,
}

/// What reads the rows of a format.
pub(super) trait Reader {
    /// The columns that it wants.
    fn fields(&self) -> Vec<&'static Field>;

    /// What else a header has to have, as a sentence's end and a remedy.
    fn lacks(&self, layout: &Layout) -> Option<(&'static str, &'static str)> {
        let _ = layout;
        None
    }

    /// Whether every row of a file is of one school year.
    fn is_of_one_year(&self) -> bool;

    /// Reads a row. `year` is the file's, and there if it is of one.
    fn row(&mut self, row: Row<'_>, year: Option<SchoolYear>, gather: &mut Gather);

    /// Hands on what only the end of all rows tells.
    fn finish(&mut self, gather: &mut Gather);
}

/// An import of assessment files under way.
pub struct Assessments {
    format: Format,
    options: Options,
    gather: Gather,
    reader: Box<dyn Reader + Send>,
    fields: Vec<&'static Field>,
    year: Option<SchoolYear>,
    stage: Stage,
}

impl Assessments {
    /// An import of nothing yet.
    pub fn new(format: Format, schools: Schools, options: Options) -> Self {
        let is_statewide = format != Format::Nsc || options.is_statewide;
        let join = if is_statewide { JoinId::Statewide } else { JoinId::Local };
        let reader: Box<dyn Reader + Send> = match format {
            Format::Caaspp => Box::new(Caaspp::new(options.with_groups)),
            Format::Elpac => Box::new(Elpac::new(options.with_groups)),
            Format::Nsc => Box::new(Nsc::new(options.year, options.is_statewide)),
        };
        Self {
            format,
            options,
            gather: Gather::new(schools, join, None),
            fields: reader.fields(),
            reader,
            year: None,
            stage: Stage::Unreadable,
        }
    }

    /// Ends the import.
    pub fn finish(mut self) -> Result<Imported, Refused> {
        self.reader.finish(&mut self.gather);
        self.gather.finish()
    }

    fn header(&mut self, layout: Layout, line: u64) -> Stage {
        let missing = layout.missing(&self.fields);
        let remedy = "download the file again with all its columns";
        for name in &missing {
            self.fault(Some(name), "is missing from the file's header", remedy, line);
        }
        let lacks = self.reader.lacks(&layout);
        if let Some((what, remedy)) = lacks {
            self.fault(None, what, remedy, line);
        }
        let has_year = !self.reader.is_of_one_year() || self.year.is_some();
        if !has_year {
            let what = "the file's name does not say its school year";
            self.fault(None, what, "give it with --year, such as --year 2025-26", line);
        }
        if missing.is_empty() && lacks.is_none() && has_year {
            Stage::Reading(layout)
        } else {
            Stage::Unreadable
        }
    }

    fn fault(&mut self, column: Option<&str>, what: &str, remedy: &str, line: u64) {
        self.gather.tell(Severity::Fatal, column, what, remedy, (line, None));
    }
}

impl Headed for Assessments {
    fn begin(&mut self, file: &str) {
        self.gather.begin(file);
        self.stage = Stage::Before(0);
        let named = headed::in_name(file).filter(|_| self.reader.is_of_one_year());
        self.year = self.options.year.or(named);
        if let (Some(asked), Some(named)) = (self.options.year, named)
            && asked != named
        {
            let what = format!("the file is of {named}, as its name says, not of {asked}");
            let remedy = "import it with its own --year, or rename it if its name is wrong";
            self.fault(None, &what, remedy, 1);
            self.stage = Stage::Unreadable;
        }
    }

    fn row(&mut self, line: u64, cells: &[&str]) {
        match &self.stage {
            Stage::Unreadable => {}
            Stage::Before(rows) => {
                let rows = rows + 1;
                self.stage = match Layout::of_header(&self.fields, cells) {
                    Some(layout) => self.header(layout, line),
                    None => Stage::Before(rows),
                };
            }
            Stage::Reading(layout) => {
                if cells.iter().all(|cell| cell.trim().is_empty()) {
                    return;
                }
                self.gather.count_row(false);
                if cells.len() == layout.width {
                    self.reader.row(Row::new(layout, line, cells), self.year, &mut self.gather);
                    return;
                }
                let (what, remedy) = headed::other_width(cells.len(), layout.width);
                self.fault(None, &what, remedy, line);
            }
        }
    }

    fn wants_rows(&self) -> bool {
        self.stage.wants_rows()
    }

    fn width(&self) -> Option<usize> {
        self.stage.width()
    }

    fn has_header(&self) -> bool {
        self.stage.has_header()
    }

    fn no_header(&mut self, widest: usize) {
        let needed = self.fields.iter().filter(|field| field.is_needed);
        let needed: Vec<&str> = needed.map(|field| field.names[0]).collect();
        let what =
            format!("no header of a {} is in the first {HEADER_WITHIN} rows", self.format.name());
        let remedy = if widest <= NARROW {
            "the file is not separated by commas, carets or tabs: download it as .csv, .xlsx or \
             _DLMTR.CSV, not as fixed width"
                .to_owned()
        } else {
            format!("choose the right file or --sheet; its header names {}", needed.join(", "))
        };
        self.fault(None, &what, &remedy, 1);
    }

    fn unreadable(&mut self, line: u64, what: &str, remedy: &str) {
        self.fault(None, what, remedy, line);
    }

    fn notice(&mut self, what: &str, remedy: &str) {
        self.gather.tell(Severity::Notice, None, what, remedy, (1, None));
    }
}

impl fmt::Debug for Assessments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assessments").field("format", &self.format).finish_non_exhaustive()
    }
}
