//! The road of a year's file: read, sealed, named, counted, replaced.

use std::{collections::BTreeMap, fs, io::Write, path::Path, sync::Arc};

use flate2::{Compression, write::GzEncoder};
use peerlight_node_engine::{
    intake::{Mapping, Schools},
    measure::{CountPlan, LocalTable},
    privacy::journal::Journal,
    student::{Column, Values},
};
use peerlight_proto::{
    catalogue::Catalogue,
    charter::{Charter, Policy},
    directory::{Directory, Level, School},
    group::StudentGroup,
    names::{ConsortiumId, MeasureId, MemberId, SchoolId},
    units::{GradeSet, SchoolYear, UnixSeconds},
};
use tempfile::TempDir;

use super::*;
use crate::{
    source::{Read, SourceError, csv},
    store::Store,
};

const HEADER: &str = "school_year,school_id,student_id,grade_level,days_expected,days_absent,ela_scale_score,ela_level\n";

fn directory() -> Directory {
    let school = |id: &str| School {
        id: SchoolId::new(id).unwrap(),
        lea: MemberId::new("A").unwrap(),
        name: String::new(),
        level: Level::K12,
        school_type: "regular".to_owned(),
        grades: GradeSet::ALL,
        county: None,
        enrollment: Some(500),
        features: BTreeMap::new(),
    };
    Directory {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year: year_2026(),
        features_source: String::new(),
        schools: vec![school("10"), school("20")],
    }
}

fn year_2026() -> SchoolYear {
    SchoolYear::ending(2026).unwrap()
}

fn charter() -> Charter {
    Charter {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year: year_2026(),
        previous: None,
        policy: Policy::shipped(year_2026(), "standard").unwrap(),
        catalogue: Catalogue::shipped().hashed(),
    }
}

fn member() -> MemberId {
    MemberId::new("A").unwrap()
}

fn keys() -> RecordKeys {
    RecordKeys::from_keys([1; 32].into(), [2; 32].into(), &[3; 32])
}

fn read(path: &Path) -> Result<Read, SourceError> {
    csv::read(path, &Mapping::default(), Schools::new(&directory(), &member()))
}

/// A node's store and records in a folder of their own.
struct Node {
    folder: TempDir,
    store: Store,
    records: Records,
}

impl Node {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        let records = Records::open(folder.path().join("records"), keys()).unwrap();
        Self { folder, store, records }
    }

    fn file(&self, name: &str, rows: &str) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, format!("{HEADER}{rows}")).unwrap();
        path
    }

    async fn import(&self, path: &Path, accept_change: bool) -> Result<Outcome, ImportError> {
        let options = ImportOptions { accept_change, ..ImportOptions::default() };
        let read = read(path).unwrap();
        apply(&self.store, &self.records, &read, &options, UnixSeconds(1)).await
    }

    fn files(&self) -> usize {
        fs::read_dir(self.records.folder()).unwrap().count()
    }

    /// Numerator and denominator of a measure in the whole district.
    async fn counted(&self, measure: &str) -> Option<(i64, i64)> {
        let year = year(&self.store, &self.records, year_2026()).await.unwrap()?;
        let plan =
            CountPlan::local(&charter(), &directory(), &member(), None, year.columns()).unwrap();
        let table = count(&year, &plan, 2).unwrap().finish_local();
        let value = table.district(&MeasureId::new(measure).unwrap(), StudentGroup::All)?;
        Some((value.numerator(), value.denominator()))
    }
}

#[tokio::test]
async fn an_imported_year_is_counted_and_its_file_shows_nothing() {
    let node = Node::new().await;
    let path = node.file("a.csv", "2026,20,1234501,04,180,18,,\n2026,10,1234502,05,180,1.5,,\n");
    node.import(&path, false).await.unwrap();
    assert_eq!(node.counted("chronic_absence").await, Some((1, 2)));
    let entry = fs::read_dir(node.records.folder()).unwrap().next().unwrap().unwrap();
    let bytes = fs::read(entry.path()).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"1234501"));
    assert!(!bytes.windows(4).any(|window| window == b"PAR1"));
}

#[tokio::test]
async fn the_same_bytes_twice_change_nothing_and_new_ones_replace_the_year() {
    let node = Node::new().await;
    let path = node.file("a.csv", "2026,20,s1,04,180,18,,\n");
    let applied = |outcome: Outcome| outcome.years[0].2;
    assert_eq!(applied(node.import(&path, false).await.unwrap()), Applied::New);
    assert_eq!(applied(node.import(&path, false).await.unwrap()), Applied::Unchanged);
    let path = node.file("a.csv", "2026,20,s1,04,180,3,,\n");
    assert_eq!(applied(node.import(&path, false).await.unwrap()), Applied::Replaced);
    assert_eq!((node.counted("chronic_absence").await, node.files()), (Some((0, 1)), 1));
}

#[tokio::test]
async fn a_large_change_waits_for_a_word_and_leaves_the_old_year() {
    let node = Node::new().await;
    let rows: Vec<String> = (0..20).map(|row| format!("2026,20,s{row},04,180,18,,\n")).collect();
    let rows = rows.concat();
    node.import(&node.file("a.csv", &rows), false).await.unwrap();
    let path = node.file("a.csv", "2026,20,s1,04,180,1,,\n");
    let error = node.import(&path, false).await.unwrap_err().to_string();
    assert!(error.contains("number of rows went from 20 to 1 rows"), "{error}");
    assert!(error.contains("--accept-change"), "{error}");
    assert_eq!((node.counted("chronic_absence").await, node.files()), (Some((20, 20)), 1));
    node.import(&path, true).await.unwrap();
    assert_eq!(node.counted("chronic_absence").await, Some((0, 1)));
}

#[tokio::test]
async fn earlier_levels_come_from_the_nodes_own_years_in_whatever_order_they_arrive() {
    let node = Node::new().await;
    let now = node.file(
        "a.csv",
        "2026,20,s1,05,180,1,2500,3\n2026,10,s2,05,180,1,2400,1\n2026,10,s3,05,180,1,2400,2\n",
    );
    node.import(&now, false).await.unwrap();
    assert_eq!(node.counted("ela_kept_level").await, None);
    let columns = effective_columns(&node.store, year_2026()).await.unwrap();
    assert!(!columns.contains(Column::ElaPriorLevel));
    let before = node.file("b.csv", "2025,20,s2,04,180,1,2500,3\n2025,99,s1,04,180,1,2400,2\n");
    node.import(&before, false).await.unwrap();
    assert_eq!(node.counted("ela_kept_level").await, Some((1, 2)));
    let columns = effective_columns(&node.store, year_2026()).await.unwrap();
    assert!(columns.contains(Column::ElaPriorLevel) && columns.contains(Column::PriorGradeLevel));
}

#[tokio::test]
async fn a_student_who_moves_is_released_where_it_was_met_and_shown_where_it_is() {
    let node = Node::new().await;
    let mut journal = Journal::new(year_2026());
    let plan_of = |year: &Year| {
        CountPlan::local(&charter(), &directory(), &member(), None, year.columns()).unwrap()
    };
    let measure = MeasureId::new("chronic_absence").unwrap();
    let students = |table: &LocalTable, school: &str, group| {
        let value = table.school(&SchoolId::new(school).unwrap(), &measure, group);
        value.map_or(0, |value| value.denominator())
    };
    let fourth = StudentGroup::Grade("04".parse().unwrap());
    for (rows, met_at_10, at_10, at_20) in [
        ("2026,10,s1,04,180,18,,\n2026,10,s2,04,180,18,,\n", 2, 2, 0),
        ("2026,20,s1,05,180,18,,\n2026,10,s2,04,180,18,,\n", 2, 1, 1),
        ("2026,10,s2,06,180,18,,\n", 1, 1, 0),
    ] {
        node.import(&node.file("a.csv", rows), true).await.unwrap();
        let year = year(&node.store, &node.records, year_2026()).await.unwrap().unwrap();
        let (entries, _) = meet(&year.file, &mut journal).unwrap();
        let met = Met { journal: Arc::new(journal.clone()), entries };
        let plan = plan_of(&year);
        let released = count_met(&year, &plan, &met, 2).unwrap().finish_local();
        let found = (students(&released, "10", fourth), students(&released, "20", fourth));
        assert_eq!(found, (met_at_10, 0));
        let shown = count(&year, &plan, 2).unwrap().finish_local();
        let all = StudentGroup::All;
        assert_eq!((students(&shown, "10", all), students(&shown, "20", all)), (at_10, at_20));
    }
}

#[tokio::test]
async fn files_that_no_import_names_are_swept() {
    let node = Node::new().await;
    node.import(&node.file("a.csv", "2026,20,s1,04,180,18,,\n"), false).await.unwrap();
    fs::write(node.records.folder().join("2026-00.records"), b"orphan").unwrap();
    fs::write(node.records.folder().join("2026-01.records.unfinished"), b"half").unwrap();
    assert_eq!(sweep(&node.store, &node.records).await.unwrap(), 2);
    assert_eq!(node.counted("chronic_absence").await, Some((1, 1)));
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let node = Node::new().await;
    let read = read(&node.file("a.csv", "2026,20,s1,04,180,18,,\n")).unwrap();
    let options = ImportOptions { dry_run: true, ..ImportOptions::default() };
    let outcome = apply(&node.store, &node.records, &read, &options, UnixSeconds(1)).await;
    assert_eq!(outcome.unwrap().years, [(year_2026(), 1, Applied::Checked)]);
    assert_eq!(node.files(), 0);
}

#[test]
fn marks_line_ends_quotes_and_gzip_are_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "2026,20,s1,04,180,18,,\r\n\"2025-26\",\"20\",\"s,2\",05,180,1,,\r\n";
    let plain = format!("\u{feff}{}\r\n{rows}", HEADER.trim_end());
    fs::write(folder.path().join("student_years.csv"), &plain).unwrap();
    fs::write(folder.path().join("schools.csv"), "not,student,years\n").unwrap();
    let read_plain = read(folder.path()).unwrap();
    assert_eq!(read_plain.files, ["student_years.csv"]);
    assert_eq!(read_plain.imported.years[0].students.get(1), b"s,2");
    let path = folder.path().join("student_years.csv.gz");
    let mut gzip = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
    gzip.write_all(plain.as_bytes()).unwrap();
    gzip.finish().unwrap();
    assert_eq!(
        read(&path).unwrap().digest,
        read(&folder.path().join("student_years.csv")).unwrap().digest
    );
}

#[test]
fn a_file_cut_short_or_empty_is_refused_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv.gz");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(format!("{HEADER}2026,20,s1,04,180,18,,\n").as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    for (bytes, told) in [
        (&whole[..whole.len() - 12], "cannot be read further"),
        (&b"no gzip"[..], "cannot be read further"),
        (&[][..], ""),
    ] {
        fs::write(&path, bytes).unwrap();
        let Err(SourceError::Refused(refused)) = read(&path) else {
            panic!("not refused: {bytes:?}")
        };
        let text: Vec<String> =
            refused.report.problems.groups().map(|group| group.to_string()).collect();
        assert!(text.join("\n").contains(told), "{text:?}");
        assert!(!text.is_empty());
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(read(empty.path()), Err(SourceError::Nothing { .. })));
}

#[tokio::test]
async fn a_part_comes_back_from_its_sealed_file_as_it_was() {
    let node = Node::new().await;
    let text = "school_year,school_id,student_id,statewide_id,grade_level,days_absent,test_name\n\
                2026,20,s1,,04,1.5,SB\n2026,,s2,9876543210,05,,\n2026,10,,9876543211,,2,CAA\n";
    let path = node.folder.path().join("a.csv");
    fs::write(&path, text).unwrap();
    let read = read(&path).unwrap();
    let before = &read.imported.years[0];
    let after = node.records.read_part(&node.records.write(before).unwrap()).unwrap();
    assert_eq!((&after.schools, &after.school), (&before.schools, &before.school));
    assert_eq!((&after.files, &after.lines), (&before.files, &before.lines));
    assert_eq!(after.names, before.names);
    for row in 0..before.rows() {
        let ids = |years: &StudentYears| {
            [years.students.get(row), years.statewide.get(row)].map(<[u8]>::to_vec)
        };
        assert_eq!(ids(&after), ids(before));
    }
    assert_eq!(after.columns(), before.columns());
    for column in before.columns().iter() {
        // Text, because a missing number is not equal to itself.
        let text = |years: &StudentYears| match years.values(column) {
            Some(Values::Numbers(numbers)) => format!("{numbers:?}"),
            Some(Values::Bytes(bytes)) => format!("{bytes:?}"),
            None => String::new(),
        };
        assert_eq!(text(&after), text(before), "{}", column.name());
    }
}

#[tokio::test]
async fn a_part_waits_for_the_source_that_knows_the_schools() {
    let node = Node::new().await;
    let import = async |source: &str, text: &str| {
        let path = node.folder.path().join("part.csv");
        fs::write(&path, text).unwrap();
        let read = Read { source: source.to_owned(), ..read(&path).unwrap() };
        let options = ImportOptions::default();
        apply(&node.store, &node.records, &read, &options, UnixSeconds(1)).await.unwrap()
    };
    let attendance = "school_year,student_id,days_expected,days_absent\n2026,s1,180,18\n\
                      2026,s2,180,1\n2026,s3,180,1\n";
    let alone = import("attendance", attendance).await;
    let [year] = alone.combined.as_slice() else { panic!("one year") };
    assert_eq!((year.row_count, year.without_school, &year.records_file), (0, 3, &None));
    assert_eq!(node.counted("chronic_absence").await, None);
    let roster = "school_year,school_id,student_id,grade_level\n2026,10,s1,04\n2026,20,s2,05\n";
    let both = import("roster", roster).await;
    assert_eq!((both.combined[0].row_count, both.combined[0].without_school), (2, 1));
    assert_eq!(node.counted("chronic_absence").await, Some((1, 2)));
    assert_eq!(node.files(), 3, "two parts, and the year they make");
    let columns = effective_columns(&node.store, year_2026()).await.unwrap();
    assert!(columns.contains(Column::DaysAbsent) && columns.contains(Column::GradeLevel));
}

#[tokio::test]
async fn earlier_levels_are_found_by_the_statewide_id_where_a_year_has_no_other() {
    let node = Node::new().await;
    let header = "school_year,school_id,student_id,statewide_id,grade_level,ela_level\n";
    for text in ["2026,10,s1,S1,05,3\n2026,10,s2,S2,05,1\n", "2025,10,,S1,04,2\n2025,10,,S2,04,3\n"]
    {
        let path = node.folder.path().join("year.csv");
        fs::write(&path, format!("{header}{text}")).unwrap();
        node.import(&path, false).await.unwrap();
    }
    assert_eq!(node.counted("ela_kept_level").await, Some((1, 2)));
}

#[tokio::test]
async fn two_imports_at_a_time_do_not_overtake_each_other() {
    let node = Node::new().await;
    let path = node.file("a.csv", "2026,20,s1,04,180,18,,\n");
    let held = node.records.lock().unwrap().unwrap();
    assert!(matches!(node.import(&path, false).await, Err(ImportError::Busy)));
    drop(held);
    node.import(&path, false).await.unwrap();
}

#[tokio::test]
async fn files_of_a_part_and_of_the_year_are_left_by_the_sweep_and_a_crash_leaves_the_old_year() {
    let node = Node::new().await;
    let roster = node.file("a.csv", "2026,20,s1,04,180,18,,\n2026,20,s2,04,180,18,,\n");
    node.import(&roster, false).await.unwrap();
    let path = node.file("b.csv", "2026,20,s1,04,180,0,2500,3\n");
    let scores = || Read { source: "scores".to_owned(), ..read(&path).unwrap() };
    let options = ImportOptions { accept_change: true, ..ImportOptions::default() };
    apply(&node.store, &node.records, &scores(), &options, UnixSeconds(1)).await.unwrap();
    assert_eq!(sweep(&node.store, &node.records).await.unwrap(), 0);
    let before = (node.counted("chronic_absence").await, node.files());
    assert_eq!(before, (Some((2, 2)), 3));
    // As if the program ended after it wrote its files and before their rows.
    let year = &scores().imported.years[0];
    node.records.write(year).unwrap();
    node.records.write(year).unwrap();
    assert_eq!(node.counted("chronic_absence").await, before.0);
    assert_eq!(sweep(&node.store, &node.records).await.unwrap(), 2);
    assert_eq!((node.counted("chronic_absence").await, node.files()), before);
}
