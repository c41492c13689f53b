//! Districts of students whose cells are picked at random from what people
//! write, edges of the measures among them.

use std::fmt::Write as _;

use peerlight_node_engine::{
    intake::{Intake, Mapping, Schools, StudentYears},
    student::{Column, Kind},
};
use peerlight_proto::{directory::Directory, names::MemberId};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Scores that are half a fixed-point unit from a whole one, above standards and
/// below them.
const HALF_UNIT: &str = "2620.00000762939453125";
const HALF_BELOW: &str = "2380.00000762939453125";

/// Students of a district.
const STUDENTS: usize = 2_000;

/// Cells of a column as people write them; edges of measures more often.
fn cells(column: Column) -> Vec<String> {
    let all = |cells: &[&str]| cells.iter().map(|it| (*it).to_owned()).collect();
    match (column, column.kind()) {
        (Column::SchoolYear, _) => all(&["2026"]),
        (Column::SchoolId, _) => all(&["1", "2", "3", "4"]),
        // 18 of 180 days is chronic, 17.9 is not; 7.2 of 72 is 10 % only in
        // decimals.
        (Column::DaysExpected | Column::DaysExpectedAtSchool, _) => {
            all(&["180", "180.0", "72", "31", "30", "30.5", "0", "", "366"])
        }
        (Column::DaysAbsent | Column::DaysAbsentAtSchool, _) => {
            all(&["18", "17.9", "18.0", "7.2", "7.1999999", "3.1", "3.05", "0", "", "36.6", "5"])
        }
        (Column::DaysSuspended, _) => all(&["0", "0.5", "1", ".5", "1.", "", "12"]),
        (Column::CohortYear, _) => all(&["2026", "2025-26", "2025_2026", "2027", "2026-2027", ""]),
        (Column::CollegeEnrolledDate, _) => {
            all(&["2026-08-20", "2026-09-30", "2026-12-31", "2027-01-01", "2028-02-29", ""])
        }
        (_, Kind::Flag) => all(&["1", "0", "true", "No", "y", "FALSE", ""]),
        (_, Kind::Grade) => {
            let mut cells = all(&["TK", "kg", "", "KN", "7", "07"]);
            cells.extend((1..=12).map(|grade| grade.to_string()));
            cells
        }
        (_, Kind::Code(codes)) => {
            let mut cells = all(codes);
            cells.push(codes[0].to_ascii_lowercase());
            cells.push(String::new());
            cells
        }
        (_, Kind::Whole(low, high)) => {
            let top = high.min(low + 4);
            let mut cells: Vec<String> = (low..=top).map(|it| it.to_string()).collect();
            cells.extend([format!("{top}.0"), String::new()]);
            cells
        }
        (_, Kind::Number(low, high)) if high <= 250.0 => {
            let step = (high - low) / 7.0;
            let mut cells: Vec<String> =
                (0..=7).map(|at| format!("{:.3}", low + f64::from(at) * step)).collect();
            cells.extend([low.to_string(), high.to_string(), String::new()]);
            cells
        }
        // Scores around every cut, with fractions that clip and round.
        (_, Kind::Number(..)) => {
            let mut cells: Vec<String> =
                (2_200..2_900).step_by(13).map(|it| it.to_string()).collect();
            cells.extend(all(&[
                "2583",
                "2582.5",
                "0",
                "9999",
                "2431.0005",
                "1400.03125",
                HALF_UNIT,
                HALF_BELOW,
                "",
            ]));
            cells
        }
        (Column::StudentId | Column::StatewideId, _)
        | (_, Kind::Key | Kind::Name | Kind::Year | Kind::Date) => {
            vec![String::new()]
        }
    }
}

/// One district's rows, each with the cells of every column.
pub struct District {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<String>>,
}

impl District {
    /// A district whose cells depend on the seed; some columns are left out.
    pub fn generate(seed: u64, without: &[Column]) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let columns: Vec<Column> = Column::ALL
            .into_iter()
            .filter(|column| !matches!(column.kind(), Kind::Name))
            .filter(|column| *column != Column::StatewideId && !without.contains(column))
            .collect();
        let choices: Vec<Vec<String>> = columns.iter().map(|column| cells(*column)).collect();
        let row = |number: usize| {
            let pick = |choices: &Vec<String>| {
                let cell = &choices[random.random_range(0..choices.len())];
                // Now and then with blanks around it.
                if random.random_range(0..9) == 0 { format!(" {cell}\t") } else { cell.clone() }
            };
            let mut row: Vec<String> = choices.iter().map(pick).collect();
            let id = columns.iter().position(|it| *it == Column::StudentId).unwrap();
            row[id] = format!("s{number:05}");
            row
        };
        let rows = (0..STUDENTS).map(row).collect();
        Self { columns, rows }
    }

    /// Takes the local id of every third student, whom only a statewide one then
    /// names; others have both.
    pub fn leave_some_only_a_statewide_id(&mut self) {
        let id = self.columns.iter().position(|it| *it == Column::StudentId).unwrap();
        self.columns.push(Column::StatewideId);
        for (number, row) in self.rows.iter_mut().enumerate() {
            row.push(if number % 4 == 1 { String::new() } else { format!("9{number:09}") });
            if number % 3 == 0 && number % 4 != 1 {
                row[id] = String::new();
            }
        }
    }

    /// As the intake reads it.
    pub fn imported(&self, directory: &Directory, member: &MemberId) -> StudentYears {
        let schools = Schools::new(directory, member);
        let mut intake = Intake::new(schools, Mapping::default());
        let header: Vec<String> =
            self.columns.iter().map(|column| column.name().to_owned()).collect();
        let layout = intake.begin("a.csv", &header).unwrap();
        for (line, row) in (2..).zip(&self.rows) {
            intake.row(&layout, line, row.iter().map(String::as_bytes));
        }
        let mut imported = intake.finish().unwrap();
        imported.years.remove(0)
    }

    /// A statement that makes a table of texts of it.
    pub fn table(&self) -> String {
        let columns: Vec<String> =
            self.columns.iter().map(|column| format!("{} text", column.name())).collect();
        let mut text = format!(
            "DROP TABLE IF EXISTS student_year; CREATE TABLE student_year ({}); \
             INSERT INTO student_year VALUES ",
            columns.join(", ")
        );
        for (number, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().map(|cell| format!("'{cell}'")).collect();
            let comma = if number == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}({})", cells.join(", "));
        }
        text
    }

    /// Its columns as a statement names them.
    pub fn names(&self) -> Vec<(Column, String)> {
        self.columns.iter().map(|column| (*column, format!("\"{}\"", column.name()))).collect()
    }
}
