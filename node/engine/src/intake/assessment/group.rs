//! Student groups as they were at testing, from the columns that CAASPP and
//! ELPAC files share.

use peerlight_proto::units::SchoolYear;

use super::super::{
    headed::{Field, Row},
    table::{Fact, Gather, StudentIds},
};
use crate::student::Column;

/// Position of each field among the group fields, and what "yes" sets.
const FLAGS: [(usize, Column); 5] = [
    (0, Column::SocioeconomicallyDisadvantaged),
    (1, Column::StudentsWithDisabilities),
    (2, Column::Homeless),
    (3, Column::Foster),
    (4, Column::Migrant),
];
const MILITARY: usize = 5;
const LANGUAGE: usize = 6;
const GENDER: usize = 7;
const HISPANIC: usize = 8;
const MORE_RACES: usize = 9;
const RACES: [(usize, &str); 6] =
    [(10, "AI"), (11, "AS"), (12, "PI"), (13, "FI"), (14, "AA"), (15, "WH")];

const fn field(names: &'static [&'static str]) -> Field {
    Field { names, is_needed: false }
}

/// The columns of the groups, under the names of all years.
pub(super) const FIELDS: [Field; 16] = [
    field(&["EconomicDisadvantageStatus", "EconomicDisadvantageTesting"]),
    field(&["CALPADSSpecialEducation", "CALPADSIDEAIndicator", "IDEAIndicator"]),
    field(&["HomelessStatus"]),
    field(&["FosterStatus"]),
    field(&["MigrantStatus"]),
    field(&["MilitaryStatus"]),
    field(&["ELAS", "ELASforTesting", "CalculatedELAS"]),
    field(&["Gender"]),
    field(&["HispanicorLatino", "HispanicOrLatinoEthnicity"]),
    field(&["TwoorMoreRaces"]),
    field(&["AmericanIndianorAlaskaNative"]),
    field(&["Asian"]),
    field(&["HawaiianOrOtherPacificIslander", "NativeHawaiianorOtherPacificIslander"]),
    field(&["Filipino"]),
    field(&["BlackorAfricanAmerican"]),
    field(&["White"]),
];

/// Hands on the groups of a row whose group fields begin at `first`.
pub(super) fn add(
    row: &Row<'_>,
    first: usize,
    year: SchoolYear,
    ids: StudentIds<'_>,
    gather: &mut Gather,
) {
    let text = |position: usize| row.text(first + position);
    let mut set = |column: Column, text: &str| {
        if !text.is_empty() {
            gather.add(ids, &Fact::Value { year, column, text }, row.line);
        }
    };
    for (position, column) in FLAGS {
        set(column, text(position));
    }
    set(Column::Military, text(MILITARY));
    let (learner, reclassified) = match text(LANGUAGE).to_ascii_uppercase().as_str() {
        "EL" | "ADEL" => ("1", "0"),
        "RFEP" => ("0", "1"),
        "EO" | "IFEP" | "TBD" => ("0", "0"),
        _ => ("", ""),
    };
    set(Column::EnglishLearner, learner);
    set(Column::Reclassified, reclassified);
    set(
        Column::Gender,
        match text(GENDER).to_ascii_uppercase().as_str() {
            "FEMALE" => "F",
            "MALE" => "M",
            "NONBINARY" | "N" => "X",
            _ => text(GENDER),
        },
    );
    set(Column::RaceEthnicity, race(row, first));
}

/// Hispanic comes before every race, and more than one race is its own group.
fn race(row: &Row<'_>, first: usize) -> &'static str {
    let is_yes = |position: usize| {
        let text = row.text(first + position);
        ["Y", "Yes", "1", "true"].iter().any(|yes| yes.eq_ignore_ascii_case(text))
    };
    let mut races = RACES.iter().filter(|(position, _)| is_yes(*position));
    match (is_yes(HISPANIC), is_yes(MORE_RACES), races.next(), races.next()) {
        (true, ..) => "HI",
        (_, true, ..) | (_, _, Some(_), Some(_)) => "MR",
        (_, _, Some((_, race)), None) => race,
        _ => "",
    }
}
