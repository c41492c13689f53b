//! Students behind a number, for a person of the district: what may be seen of
//! them, and the file that is written.
//!
//! Individual flags that are protected stay masked until a person unlocked
//! them, on record: neither shown, nor asked for by a student group, nor by a
//! measure that reads them. Every extract is in the audit log before its file
//! is there. Nothing of it goes to a log or to the hub.

use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use peerlight_node_engine::{
    measure::{Drill, FLAG_COLUMNS, Standing, Target},
    student::{Column, ColumnSet},
};
use peerlight_proto::{group::StudentGroup, names::SchoolId};

use crate::{
    documents,
    error::Error,
    exact,
    node::Node,
    records::{self, Student},
    spreadsheet::unformula,
    store::{audit, drill_down},
};

/// The columns that stay masked until somebody unlocks them: meals, foster
/// care, homelessness and disability of single students (42 U.S.C. 1758(b)(6)
/// for meals, FERPA's education records for the others).
pub const PROTECTED: [Column; 4] = [
    Column::SocioeconomicallyDisadvantaged,
    Column::StudentsWithDisabilities,
    Column::Homeless,
    Column::Foster,
];

/// What every student's line begins with, after the ids.
const WHO: [Column; 10] = [
    Column::GradeLevel,
    Column::Gender,
    Column::RaceEthnicity,
    Column::EnglishLearner,
    Column::SocioeconomicallyDisadvantaged,
    Column::StudentsWithDisabilities,
    Column::Homeless,
    Column::Foster,
    Column::Migrant,
    Column::Military,
];

/// What a masked value is written as.
const MASKED: &str = "masked";

/// Which students are asked for.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Of which measure or watch list.
    pub target: Target<'a>,
    /// Of which school; of all if absent.
    pub school: Option<&'a SchoolId>,
    /// Of which student group.
    pub group: StudentGroup,
    /// Of a rate, only those of whom it is true, or is not.
    pub only: Option<bool>,
}

/// The students of one school year, and what is seen of them. No debug output.
pub struct Extract {
    /// Names of the columns of values.
    columns: Vec<Column>,
    locked: ColumnSet,
    schools: Vec<SchoolId>,
    students: Vec<Student>,
}

/// Students are not shown, or not written.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// A protected column would tell.
    #[error(
        "single students cannot be told by {0} before somebody unlocked it for drill-down: see \
         \"peerlight-node extract policy\""
    )]
    Masked(String),
    /// The column is not protected.
    #[error("{0} is not a protected column: those are {1}")]
    NotProtected(String, String),
    /// The file is there already.
    #[error("{0} is there already: name another file, or remove it")]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("{path} cannot be written: {source}; nothing was kept")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The protected columns that nobody unlocked.
pub async fn locked(node: &Node) -> Result<ColumnSet, Error> {
    let decisions = drill_down::in_force(&node.store).await?;
    let is_unlocked = |column: &Column| decisions.get(column).is_some_and(|it| it.is_unlocked);
    Ok(PROTECTED.into_iter().filter(|column| !is_unlocked(column)).collect())
}

/// The protected columns of these names.
pub fn protected(names: &[String]) -> Result<Vec<Column>, ExtractError> {
    let known = || PROTECTED.map(Column::name).join(", ");
    let find = |name: &String| {
        let column = Column::from_name(name).filter(|column| PROTECTED.contains(column));
        column.ok_or_else(|| ExtractError::NotProtected(name.clone(), known()))
    };
    names.iter().map(find).collect()
}

/// The students of the approved charter's year who are asked for.
pub async fn students(node: &Node, asked: &Asked<'_>) -> Result<Extract, Error> {
    let membership = node.membership()?;
    let approved = node.approved().await?;
    let charter = &approved.charter;
    let directory = &approved.directory.document;
    let year = charter.document.school_year;
    let held = exact::rows(node, year).await?;
    let tables = documents::growth_tables(&node.store, &membership, charter).await?;
    let columns = exact::columns(node, year).await?;
    let drill = Drill::new(
        &charter.document,
        directory,
        &membership.member,
        asked.target,
        tables.as_ref(),
        columns,
    )?;
    let locked = locked(node).await?;
    check(locked, drill.columns(), asked.group)?;
    let schools = drill.plan().schools().to_vec();
    if let Some(school) = asked.school.filter(|it| !schools.contains(it)) {
        let text = format!("{school} is not a school of this district's directory");
        return Err(Error::Absent(text));
    }
    let shown = shown(drill.columns(), columns);
    let records = exact::records(node)?;
    let ids = records::ids(&node.store, &records, &held).await?;
    let ids = ids.ok_or_else(|| Error::Absent(format!("no records of {year} are held")))?;
    let (group, for_all) = (asked.group, shown.clone());
    let mut students = exact::blocking(move || {
        Ok(records::students(&Arc::clone(&held), &ids, &drill, group, &for_all)?)
    })
    .await?;
    students.retain(|student| {
        let is_there = asked.school.is_none_or(|school| schools[student.school] == *school);
        let is_wanted = match (asked.only, student.standing) {
            (Some(only), Standing::Rate(met)) => only == met,
            _ => true,
        };
        is_there && is_wanted
    });
    Ok(Extract { columns: shown, locked, schools, students })
}

/// Refuses what would tell a masked value without showing it.
fn check(locked: ColumnSet, read: ColumnSet, group: StudentGroup) -> Result<(), ExtractError> {
    let mut told = read;
    if let StudentGroup::Flag(flag) = group {
        told.insert(FLAG_COLUMNS[flag.index()]);
    }
    let told = told.minus(told.minus(locked));
    let names: Vec<&str> = told.iter().map(Column::name).collect();
    if names.is_empty() { Ok(()) } else { Err(ExtractError::Masked(names.join(", "))) }
}

/// Who a student is, then what the target reads; what the records have.
fn shown(read: ColumnSet, held: ColumnSet) -> Vec<Column> {
    let more = read.iter().filter(|column| !WHO.contains(column));
    WHO.into_iter().chain(more).filter(|column| held.contains(*column)).collect()
}

impl Extract {
    /// How many students it has.
    pub fn len(&self) -> usize {
        self.students.len()
    }

    /// Whether nobody is asked for.
    pub fn is_empty(&self) -> bool {
        self.students.is_empty()
    }

    /// How many students of each school it has, by the directory's order.
    pub fn by_school(&self) -> Vec<(&SchoolId, usize)> {
        let of = |at: usize| self.students.iter().filter(|student| student.school == at).count();
        self.schools.iter().enumerate().map(|(at, school)| (school, of(at))).collect()
    }

    /// The protected columns that are masked in it.
    pub fn masked(&self) -> Vec<&'static str> {
        let shown = self.columns.iter().filter(|column| self.locked.contains(**column));
        shown.map(|column| column.name()).collect()
    }

    /// Writes it as CSV into a new file that only this user can read, after an
    /// audit entry of who asked for what.
    pub async fn write(
        &self,
        node: &Node,
        name: &str,
        what: &str,
        path: &Path,
    ) -> Result<(), Error> {
        if path.exists() {
            return Err(ExtractError::Exists(path.to_owned()).into());
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let subject = format!("{what}, to {file}");
        audit::insert(&node.store, node.clock.now(), name, "extract students", &subject).await?;
        let failed = |source| ExtractError::File { path: path.to_owned(), source };
        let bytes = self.csv().map_err(failed)?;
        if let Err(source) = write_new(path, &bytes) {
            if source.kind() != io::ErrorKind::AlreadyExists {
                // A full disk: half a list is worse than none.
                let _ = fs::remove_file(path);
            }
            return Err(failed(source).into());
        }
        Ok(())
    }

    fn csv(&self) -> io::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = ["school_id", "student_id", "statewide_id", "counts_as"];
        writer.write_record(
            header.into_iter().chain(self.columns.iter().map(|column| column.name())),
        )?;
        for student in &self.students {
            let who = [
                self.schools[student.school].to_string(),
                unformula(&student.local),
                unformula(&student.statewide),
                counts_as(student.standing),
            ];
            let cells = self.columns.iter().zip(&student.cells).map(|(column, cell)| {
                if self.locked.contains(*column) { MASKED.to_owned() } else { unformula(cell) }
            });
            writer.write_record(who.into_iter().chain(cells))?;
        }
        writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
    }
}

fn counts_as(standing: Standing) -> String {
    match standing {
        Standing::Listed => "listed".to_owned(),
        Standing::Rate(met) => if met { "yes" } else { "no" }.to_owned(),
        Standing::Value(value) => value.to_string(),
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A target in words, for the audit log.
pub fn in_words(asked: &Asked<'_>) -> String {
    let what = match asked.target {
        Target::Measure(measure) => measure.to_string(),
        Target::Watch(list) => format!("watch list {}", list.id),
    };
    let school =
        asked.school.map_or_else(|| "every school".to_owned(), |id| format!("school {id}"));
    match asked.group {
        StudentGroup::All => format!("{what}, {school}"),
        group => format!("{what}, {school}, {group}"),
    }
}

#[cfg(test)]
mod tests {
    use peerlight_proto::group::Flag;

    use super::*;

    fn set<const N: usize>(columns: [Column; N]) -> ColumnSet {
        columns.into_iter().collect()
    }

    #[test]
    fn a_masked_column_is_told_neither_by_a_group_nor_by_a_measure() {
        let locked = set(PROTECTED);
        let days = set([Column::DaysAbsent]);
        check(locked, days, StudentGroup::All).unwrap();
        check(locked, days, StudentGroup::Flag(Flag::Migrant)).unwrap();
        check(locked, days, StudentGroup::Flag(Flag::Foster)).unwrap_err();
        check(locked, set([Column::Homeless]), StudentGroup::All).unwrap_err();
        check(ColumnSet::default(), days, StudentGroup::Flag(Flag::Foster)).unwrap();
    }

    #[test]
    fn a_written_list_masks_what_is_locked_and_runs_no_formula() {
        let student = Student {
            school: 0,
            local: "=1+1".to_owned(),
            statewide: String::new(),
            standing: Standing::Rate(true),
            cells: vec!["07".to_owned(), "1".to_owned()],
        };
        let extract = Extract {
            columns: vec![Column::GradeLevel, Column::Foster],
            locked: set([Column::Foster]),
            schools: vec![SchoolId::new("7").unwrap()],
            students: vec![student],
        };
        let text = String::from_utf8(extract.csv().unwrap()).unwrap();
        let expected = "school_id,student_id,statewide_id,counts_as,grade_level,foster\n\
                        7,'=1+1,,yes,07,masked\n";
        assert_eq!(text, expected);
        assert_eq!(extract.masked(), ["foster"]);
    }
}
