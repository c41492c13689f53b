//! The sample files of the Ed-Fi standard, where they are present: each is
//! imported, or refused for its reason.

use std::{collections::BTreeMap, path::PathBuf};

use peerlight_node_engine::{
    intake::{StudentYears, table::Day},
    student::{Column, Values},
};
use peerlight_proto::{
    directory::{Directory, Level, School},
    names::{ConsortiumId, MemberId, SchoolId},
    units::GradeSet,
};

use super::*;

/// The folder of sample files; they are not part of Peerlight. Tests pass
/// where they are not there, and say so.
fn samples() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = above.map(|folder| folder.join("shared/data/edfi_sample")).find(|it| it.exists());
    if found.is_none() {
        eprintln!("the Ed-Fi sample is not here: this test did nothing");
    }
    found
}

pub(in crate::source) fn schools() -> Schools {
    let member = MemberId::new("grand_bend").unwrap();
    let school = |id: &str| School {
        id: SchoolId::new(id).unwrap(),
        lea: member.clone(),
        name: String::new(),
        level: Level::K12,
        school_type: "regular".to_owned(),
        grades: GradeSet::ALL,
        county: None,
        enrollment: None,
        features: BTreeMap::new(),
    };
    let directory = Directory {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year: SchoolYear::ending(2022).unwrap(),
        features_source: String::new(),
        schools: ["255901001", "255901044", "255901107"].map(school).to_vec(),
    };
    Schools::new(&directory, &member)
}

pub(super) fn wanted(year: u32) -> Wanted {
    let year = SchoolYear::ending(year).unwrap();
    Wanted { year, until: Day::last_of(year), descriptors: None, with_cohort: false }
}

pub(in crate::source) fn problems(report: &peerlight_node_engine::intake::Report) -> String {
    report.problems.groups().map(|group| group.to_string() + "\n").collect()
}

/// What is known of a column, missing values left out.
pub(super) fn known(years: &StudentYears, column: Column) -> Vec<f64> {
    match years.values(column) {
        None => Vec::new(),
        Some(Values::Numbers(all)) => all.iter().copied().filter(|it| !it.is_nan()).collect(),
        Some(Values::Bytes(all)) => {
            let known = all.iter().filter(|it| **it != peerlight_node_engine::student::MISSING);
            known.map(|it| f64::from(*it)).collect()
        }
    }
}

fn sum(years: &StudentYears, column: Column) -> u64 {
    known(years, column).iter().sum::<f64>() as u64
}

#[test]
fn the_sample_of_the_standard_is_read_whole() {
    let Some(folder) = samples() else { return };
    let read = files(&folder, &wanted(2022), schools()).unwrap();
    let report = &read.imported.report;
    assert_eq!(report.unmapped.values(), [], "{}", problems(report));
    let [years] = read.imported.years.as_slice() else { panic!("one year") };
    // Counted from the files by another program.
    assert_eq!(sum(years, Column::StudentsWithDisabilities), 97);
    assert_eq!(sum(years, Column::Homeless), 11 + HOMELESS_OF_2017);
    assert_eq!(sum(years, Column::Migrant), 275);
    let suspended = known(years, Column::DaysSuspended);
    let suspended: Vec<f64> = suspended.into_iter().filter(|days| *days > 0.0).collect();
    assert_eq!((suspended.len(), suspended.iter().sum::<f64>()), (20, 38.0));
    assert_eq!(sum(years, Column::Expelled), 1);
    for column in [Column::MathScaleScore, Column::ElaScaleScore, Column::MathLevel] {
        assert_eq!(known(years, column).len(), 16, "{column:?}");
    }
    // No enrolments and a calendar of two days: no absence is counted.
    assert_eq!(known(years, Column::DaysExpected), Vec::<f64>::new());
    let problems = problems(report);
    assert!(problems.contains("an absence is of a day without an enrolment"), "{problems}");
    assert!(problems.contains("studentSectionAttendanceEvent is not read"), "{problems}");
}

/// Students of Ed-Fi 2 carry their groups without a year.
const HOMELESS_OF_2017: u64 = 4;

#[test]
fn files_of_ed_fi_2_give_students_with_their_schools_and_groups() {
    let Some(folder) = samples() else { return };
    let read = files(&folder, &wanted(2017), schools()).unwrap();
    let [years] = read.imported.years.as_slice() else { panic!("one year") };
    assert_eq!(years.rows(), 1400, "{}", problems(&read.imported.report));
    assert_eq!(known(years, Column::GradeLevel).len(), 1400);
    assert_eq!(sum(years, Column::Gender), 729);
    let races = known(years, Column::RaceEthnicity).into_iter();
    let hispanic = races.filter(|group| *group as u8 == 4).count();
    assert_eq!(hispanic, 158);
    assert_eq!(sum(years, Column::Homeless), HOMELESS_OF_2017);
}

#[test]
fn each_file_alone_is_imported_or_refused_for_its_reason() {
    let Some(folder) = samples() else { return };
    let mut met = 0;
    for path in folder::all(&folder).unwrap() {
        let file = name(&path);
        let year = if file.starts_with("generated_") { 2017 } else { 2022 };
        let tells = ["StudentProgram", "StudentDiscipline", "generated_"];
        let outcome = files(&path, &wanted(year), schools());
        met += 1;
        match outcome {
            Ok(read) => {
                assert!(tells.iter().any(|start| file.starts_with(start)), "{file} was imported");
                assert_eq!(read.files, [file]);
            }
            Err(SourceError::Refused(refused)) => {
                assert!(!tells.iter().any(|start| file.starts_with(start)), "{file} was refused");
                let problems = problems(&refused.report);
                assert!(problems.contains("nothing is told of any student"), "{problems}");
            }
            Err(error) => panic!("{file}: {error}"),
        }
    }
    assert!(met >= 14, "{met} files");
}

#[test]
fn a_file_that_is_cut_short_or_of_something_else_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    for (content, what) in [
        ("<InterchangeStudent xmlns=\"http://ed-fi.org/5.2.0\">\n<Student>", "is cut short"),
        ("<html>\n<Student/></html>", "not an interchange file"),
        (
            "<InterchangeStudent xmlns=\"http://evil.org/\"><a/></InterchangeStudent>",
            "not an inter",
        ),
    ] {
        std::fs::write(folder.path().join("a.xml"), content).unwrap();
        let error = files(folder.path(), &wanted(2022), schools()).unwrap_err();
        let SourceError::Refused(refused) = error else { panic!("{error}") };
        let problems = problems(&refused.report);
        assert!(problems.contains(what) && problems.contains("a.xml line"), "{problems}");
    }
}
