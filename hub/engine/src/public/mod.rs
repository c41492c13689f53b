//! Official public files: what a state publishes about its schools, read into
//! results and like-school features.
//!
//! ```text
//! header ─▶ Intake::begin ─▶ rows of cells ─▶ finish ─┬─▶ results, measure by measure
//!              layout                                  ├─▶ names of the schools
//!                                                      └─▶ features of the schools
//! ```
//!
//! Columns are found by name, because they change places every year. What the
//! state does not publish stays "not published": never zero. Nothing here
//! costs privacy budget, and nothing here was learned from student records.

pub mod cell;
pub mod faults;
pub mod format;
pub mod header;
pub mod intake;
pub mod layout;
pub mod measure;

use std::collections::BTreeMap;

use peerlight_proto::{group::StudentGroup, names::SchoolId, units::SchoolYear};

use self::measure::PublicMeasure;

/// One official number of one school.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicResult {
    /// The school, by its position in [`Imported::schools`].
    pub school: usize,
    /// What it is a number of.
    pub measure: &'static PublicMeasure,
    /// The students it is about.
    pub group: StudentGroup,
    /// The number in the measure's unit, as printed; absent where the state
    /// does not publish it.
    pub value: Option<f64>,
    /// Students it is divided by, where the file says.
    pub students: Option<u32>,
}

/// A school as an official file names it. Names are empty where it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicSchool {
    /// Its state id, leading zeros kept.
    pub id: SchoolId,
    /// Its name.
    pub name: String,
    /// Its district's name.
    pub district: String,
    /// Its county's name.
    pub county: String,
}

/// Official figures about who is in a school.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Official enrolment.
    pub enrollment: Option<u32>,
    /// Percentages 0 to 100, by column name of `schools.csv`.
    pub features: BTreeMap<&'static str, f64>,
}

/// What became of a file's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows below the header.
    pub rows: u64,
    /// Rows about a district, county or the state.
    pub not_a_school: u64,
    /// Rows about other tests, groups or grades than are kept.
    pub left_out: u64,
    /// Rows whose number the state does not publish.
    pub not_published: u64,
}

/// A file that was read whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Which series it is: with the year, what a later file replaces.
    pub source: String,
    /// The school year it is about.
    pub school_year: SchoolYear,
    /// Every school it has, in its order.
    pub schools: Vec<PublicSchool>,
    /// Every result, in its order.
    pub results: Vec<PublicResult>,
    /// Figures of its schools, for the directory.
    pub figures: BTreeMap<SchoolId, Figures>,
    /// What became of its rows.
    pub tally: Tally,
}
