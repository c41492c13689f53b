//! Deltas over bundles: what they tell together is what a whole bundle of the
//! same day tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
};

use peerlight_node_engine::{
    intake::{Refused, StudentYears, cell_text},
    student::Column,
};

use super::{
    super::edfi::tests::{problems, schools},
    *,
};

const SCHOOLS: [&str; 3] = ["255901001", "255901044", "255901107"];
const MANIFEST: &str = "propertyName,value\noneroster.version,1.1\n";
const SESSIONS: &str = "sourcedId,type,startDate,endDate,schoolYear\n\
                        y,schoolYear,2021-08-16,2022-06-03,2022\n";
const ORGS: &str = "sourcedId,type,identifier\n\
                    a,school,255901001\nb,school,255901044\nc,school,255901107\n";
const USERS: &str = "sourcedId,status,dateLastModified,orgSourcedIds,role,identifier,grades";
const ENROLLMENTS: &str =
    "sourcedId,status,dateLastModified,schoolSourcedId,userSourcedId,role,beginDate,endDate";
const DEMOGRAPHICS: &str = "sourcedId,status,dateLastModified,sex,asian,white";

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % end
    }
}

/// A district's roster: rows by table and `sourcedId`, what follows the marks.
#[derive(Clone, Default, PartialEq)]
struct Roster(BTreeMap<(Table, String), String>);

impl Roster {
    fn put(&mut self, table: Table, id: String, rest: String) {
        self.0.insert((table, id), rest);
    }

    fn student(&mut self, number: u64, dice: &mut Dice) {
        let school = ["a", "b", "c"][dice.below(3) as usize];
        let grade = 1 + dice.below(12);
        self.put(
            Table::Users,
            format!("u{number}"),
            format!("{school},student,{number},{grade:02}"),
        );
        let begin = ["2021-08-16", "2021-11-01", "2022-02-14"][dice.below(3) as usize];
        self.put(
            Table::Enrollments,
            format!("e{number}"),
            format!("{school},u{number},student,{begin},"),
        );
        let (sex, race) = (dice.below(2), dice.below(4));
        let sex = ["female", "male"][sex as usize];
        let rest = format!("{sex},{},{}", race & 1 == 1, race & 2 == 2);
        self.put(Table::Demographics, format!("u{number}"), rest);
    }

    fn edit(&mut self, dice: &mut Dice) {
        for _ in 0..4 {
            let number = dice.below(40);
            match dice.below(4) {
                0 => self.0.retain(|(_, id), _| id[1..] != number.to_string()),
                // Gone, and the rows that name the student are not.
                1 => drop(self.0.remove(&(Table::Users, format!("u{number}")))),
                _ => self.student(number, dice),
            }
        }
    }

    /// Writes the rows as a bundle; `since` makes it a delta.
    fn write(&self, folder: &Path, since: Option<&Self>, day: u64) {
        fs::create_dir_all(folder).unwrap();
        let time = format!("2022-03-{day:02}T08:00:00.000Z");
        let (mut manifest, before) = (MANIFEST.to_owned(), since.cloned().unwrap_or_default());
        for (table, header, name) in [
            (Table::Users, USERS, "users"),
            (Table::Demographics, DEMOGRAPHICS, "demographics"),
            (Table::Enrollments, ENROLLMENTS, "enrollments"),
        ] {
            let mut text = header.to_owned() + "\n";
            let of = |roster: &Self| -> BTreeSet<String> {
                let ids = roster.0.keys().filter(|(other, _)| *other == table);
                ids.map(|(_, id)| id.clone()).collect()
            };
            for id in of(self).union(&of(&before)) {
                let key = (table, id.clone());
                let (now, was) = (self.0.get(&key), before.0.get(&key));
                if now == was {
                    continue;
                }
                let status = if now.is_some() { "active" } else { "tobedeleted" };
                let rest = now.or(was).unwrap();
                writeln!(text, "{id},{status},{time},{rest}").unwrap();
            }
            fs::write(folder.join(format!("{name}.csv")), text).unwrap();
            let mode = if since.is_some() { "delta" } else { "bulk" };
            writeln!(manifest, "file.{name},{mode}").unwrap();
        }
        if since.is_none() {
            manifest += "file.academicSessions,bulk\nfile.orgs,bulk\n";
            fs::write(folder.join("academicSessions.csv"), SESSIONS).unwrap();
            fs::write(folder.join("orgs.csv"), ORGS).unwrap();
        }
        fs::write(folder.join("manifest.csv"), manifest).unwrap();
    }
}

fn read_over(folder: &Path, before: Option<Before>) -> Result<Read, SourceError> {
    super::read(folder, Day::read("2022-04-01"), schools(), || Ok(before))
}

/// What a next bundle is read over.
fn held(read: &Read) -> Before {
    let rows = read.kept.as_ref().unwrap().rows.clone();
    Before { rows, sha256: read.digest }
}

/// Every student's school and values.
fn content(read: &Read) -> BTreeMap<String, Vec<String>> {
    let [years] = read.imported.years.as_slice() else { panic!("one year") };
    let of = |years: &StudentYears, row: usize| {
        let mut all = vec![years.schools[years.school[row] as usize].clone()];
        for column in Column::ALL {
            let names = years.names.get(&column).cloned().unwrap_or_default();
            all.extend(years.values(column).map(|values| cell_text(column, values, row, &names)));
        }
        (String::from_utf8(years.students.get(row).to_vec()).unwrap(), all)
    };
    (0..years.rows()).map(|row| of(years, row)).collect()
}

#[test]
fn a_bundle_and_its_deltas_tell_what_a_whole_bundle_tells() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let mut roster = Roster::default();
        (0..30).for_each(|number| roster.student(number, &mut dice));
        roster.write(&at("whole"), None, 1);
        let whole = read_over(&at("whole"), None).unwrap();
        assert!(SCHOOLS.iter().any(|school| content(&whole)["7"][0] == *school));
        let mut before = held(&whole);
        for day in 2..6 {
            let was = roster.clone();
            roster.edit(&mut dice);
            roster.write(&at("delta"), Some(&was), day);
            roster.write(&at("whole"), None, day);
            let changed = read_over(&at("delta"), Some(before)).unwrap();
            let whole = read_over(&at("whole"), None).unwrap();
            assert_eq!(content(&changed), content(&whole), "seed {seed}, day {day}");
            assert_eq!(changed.kept.is_some(), roster != was, "seed {seed}, day {day}");
            before = Before { rows: held_rows(&changed, &whole), sha256: changed.digest };

            // The same delta again finds nothing to change.
            let sha256 = before.sha256;
            let again = Before { rows: before.rows.clone(), sha256 };
            let again = read_over(&at("delta"), Some(again)).unwrap();
            assert_eq!((again.digest, again.kept.is_none()), (sha256, true));
            assert_eq!(content(&again), content(&changed));
        }
    }
}

/// What is held after a delta; where it changed nothing, what the whole has.
fn held_rows(changed: &Read, whole: &Read) -> Zeroizing<Vec<u8>> {
    let kept = changed.kept.as_ref().or(whole.kept.as_ref());
    kept.unwrap().rows.clone()
}

fn refused(error: SourceError) -> String {
    let SourceError::Refused(refused) = error else { panic!("{error}") };
    let Refused { report } = *refused;
    problems(&report)
}

#[test]
fn an_older_delta_brings_nothing_back_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut dice = Dice(1);
    let mut first = Roster::default();
    (0..5).for_each(|number| first.student(number, &mut dice));
    first.write(&at("whole"), None, 1);
    let whole = read_over(&at("whole"), None).unwrap();
    let mut second = first.clone();
    second.student(2, &mut dice);
    second.0.retain(|(_, id), _| id != "u4" && id != "e4");
    second.write(&at("later"), Some(&first), 9);
    let later = read_over(&at("later"), Some(held(&whole))).unwrap();
    assert!(!content(&later).contains_key("4"));

    // What changed in between comes late: students 2 and 4 are newer than it.
    let mut between = first.clone();
    between.put(Table::Users, "u2".to_owned(), "a,student,2,12".to_owned());
    between.put(Table::Users, "u4".to_owned(), "a,student,4,12".to_owned());
    between.write(&at("late"), Some(&first), 5);
    let late = read_over(&at("late"), Some(held(&later))).unwrap();
    assert_eq!(content(&late), content(&later));
    assert!(late.kept.is_none() && late.digest == later.digest);
    let said = problems(&late.imported.report);
    assert!(said.contains("is before that of the row held: it is left out (2 times)"), "{said}");
    assert!(said.contains("users.csv line 2") && said.contains("in the order"), "{said}");

    // A whole bundle is believed whatever its dates.
    let again = read_over(&at("whole"), Some(held(&later))).unwrap();
    assert_eq!(content(&again), content(&whole));
}

#[test]
fn deltas_that_cannot_be_applied_are_refused_with_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut roster = Roster::default();
    roster.student(1, &mut Dice(3));
    roster.write(path, None, 1);
    let whole = read_over(path, None).unwrap();
    fs::write(path.join("manifest.csv"), "propertyName,value\nfile.users,delta\n").unwrap();
    let alone = refused(read_over(path, None).unwrap_err());
    assert!(alone.contains("no whole bundle is held: manifest.csv line 2"), "{alone}");
    assert!(alone.contains("import the last whole bundle (bulk) first"), "{alone}");
    for (users, what) in [
        ("sourcedId,identifier,grades\nu1,1,04\n".to_owned(), "status is missing from the header"),
        (format!("{USERS}\nu1,,2022-03-02,a,student,1,04\n"), "neither active nor tobedeleted"),
        (format!("{USERS}\nu1,active,2/3/22,a,student,1,04\n"), "is not a time such as"),
        (format!("{USERS}\n,active,2022-03-02,a,student,1,04\n"), "sourcedId is empty"),
        (format!("{USERS}\nu1,active,2022-03-02\n"), "another number of cells"),
    ] {
        fs::write(path.join("users.csv"), users).unwrap();
        let said = refused(read_over(path, Some(held(&whole))).unwrap_err());
        assert!(said.contains(what) && said.contains("users.csv line"), "{what}: {said}");
    }
    fs::remove_file(path.join("users.csv")).unwrap();
    let said = refused(read_over(path, Some(held(&whole))).unwrap_err());
    assert!(said.contains("the bundle has no users.csv"), "{said}");
    let garbage = Before { rows: Zeroizing::new(vec![7; 30]), sha256: whole.digest };
    let error = read_over(path, Some(garbage)).unwrap_err();
    assert!(error.to_string().contains("import a whole bundle"), "{error}");
}

#[test]
fn a_delta_may_have_whole_tables_beside_those_that_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut roster = Roster::default();
    (0..3).for_each(|number| roster.student(number, &mut Dice(number)));
    roster.write(path, None, 1);
    let whole = read_over(path, None).unwrap();
    let mut more = roster.clone();
    more.student(8, &mut Dice(8));
    more.write(path, Some(&roster), 2);
    let enrollments = path.join("enrollments.csv");
    more.write(&path.join("all"), None, 2);
    fs::copy(path.join("all/enrollments.csv"), &enrollments).unwrap();
    let manifest = fs::read_to_string(path.join("manifest.csv")).unwrap();
    let manifest = manifest.replace("enrollments,delta", "enrollments,bulk");
    fs::write(path.join("manifest.csv"), manifest).unwrap();
    let mixed = read_over(path, Some(held(&whole))).unwrap();
    assert_eq!(content(&mixed), content(&read_over(&path.join("all"), None).unwrap()));
    let again = read_over(path, Some(held(&mixed))).unwrap();
    assert_eq!((again.digest, again.kept.is_none()), (mixed.digest, true));
}
