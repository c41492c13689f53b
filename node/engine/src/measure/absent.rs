//! Which student groups the records cannot tell apart, because the column that
//! says so was not imported: nobody is counted in such a group, or everybody is
//! in the one for unknown. Decided by columns, never by the values in them.
//!
//! What is released does not change; a person should know it before it is.

use std::{collections::BTreeSet, fmt};

use peerlight_proto::{
    charter::Charter,
    group::{Gender, Margin, Race, StudentGroup},
    names::ProgramId,
    units::GradeSet,
};

use super::kernel::FLAG_COLUMNS;
use crate::student::{Column, ColumnSet};

/// A column of student groups that the records lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbsentGroup {
    /// The column.
    pub column: Column,
    /// The group of a flag, in which nobody is counted; or the group for
    /// unknown, in which everybody is.
    pub group: StudentGroup,
}

impl fmt::Display for AbsentGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (column, label) = (self.column.name(), self.group.label());
        match self.group {
            StudentGroup::Flag(_) => {
                write!(f, "{column} is absent: every student counts as not in \"{label}\"")
            }
            _ => write!(f, "{column} is absent: every student counts in \"{label}\""),
        }
    }
}

/// The groups by which offered programs split schools and whose column is not
/// in `columns`, in canonical order; none where there are no columns at all.
pub fn absent_groups(
    charter: &Charter,
    offers: impl Fn(&ProgramId) -> bool,
    columns: ColumnSet,
) -> Vec<AbsentGroup> {
    if columns.is_empty() {
        return Vec::new();
    }
    let programs = charter.policy.programs.iter().filter(|program| offers(&program.id));
    let margins: BTreeSet<Margin> = programs
        .flat_map(|program| charter.margin_shares(program))
        .filter(|(_, share)| *share > 0)
        .map(|(margin, _)| margin)
        .collect();
    let told_by = margins.into_iter().flat_map(|margin| match margin {
        Margin::All | Margin::Grade | Margin::Pooled => Vec::new(),
        Margin::Race => vec![(Column::RaceEthnicity, StudentGroup::Race(Race::Unknown))],
        Margin::Gender => vec![(Column::Gender, StudentGroup::Gender(Gender::Unknown))],
        Margin::CoreFlags | Margin::SmallFlags => {
            let groups = margin.groups(GradeSet::ALL).into_iter();
            groups.filter_map(|group| flag_column(group).map(|column| (column, group))).collect()
        }
    });
    told_by
        .filter(|(column, _)| !columns.contains(*column))
        .map(|(column, group)| AbsentGroup { column, group })
        .collect()
}

fn flag_column(group: StudentGroup) -> Option<Column> {
    match group {
        StudentGroup::Flag(flag) => Some(FLAG_COLUMNS[flag.index()]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use peerlight_proto::{
        catalogue::Catalogue, charter::Policy, names::ConsortiumId, units::SchoolYear,
    };

    use super::*;

    fn charter() -> Charter {
        let school_year = SchoolYear::ending(2026).unwrap();
        Charter {
            consortium: ConsortiumId::new("test").unwrap(),
            number: 1,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        }
    }

    fn columns(names: &[&str]) -> ColumnSet {
        names.iter().map(|name| Column::from_name(name).unwrap()).collect()
    }

    #[test]
    fn each_absent_column_is_named_with_what_becomes_of_its_students() {
        let held = columns(&["grade_level", "gender", "socioeconomically_disadvantaged", "foster"]);
        let absent = absent_groups(&charter(), |_| true, held);
        let sentences: Vec<String> = absent.iter().map(ToString::to_string).collect();
        let expected = [
            "race_ethnicity is absent: every student counts in \"Race or ethnicity unknown\"",
            "english_learner is absent: every student counts as not in \"English learners\"",
            "students_with_disabilities is absent: every student counts as not in \
             \"Students with disabilities\"",
            "homeless is absent: every student counts as not in \"Homeless\"",
            "migrant is absent: every student counts as not in \"Migrant\"",
            "military is absent: every student counts as not in \"Military\"",
        ];
        assert_eq!(sentences, expected);
    }

    #[test]
    fn what_no_offered_program_splits_by_is_not_missed() {
        let held = columns(&["grade_level"]);
        assert!(absent_groups(&charter(), |_| false, held).is_empty());
        let growth = |program: &ProgramId| program.as_str() == "growth_ela";
        let absent = absent_groups(&charter(), growth, held);
        assert!(absent.iter().all(|it| it.column != Column::RaceEthnicity), "{absent:?}");
        assert!(absent.iter().any(|it| it.column == Column::EnglishLearner), "{absent:?}");
    }

    #[test]
    fn a_year_without_records_has_nothing_to_miss() {
        assert!(absent_groups(&charter(), |_| true, ColumnSet::default()).is_empty());
    }
}
