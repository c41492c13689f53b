//! Score files and return files as California's testing system and the
//! National Student Clearinghouse hand them out, made from known scores.
//!
//! Columns stand in the order of the state's layouts. Rows that must not count
//! (alternate assessments, rows that the state does not include, students not
//! tested) stand among those that do, drawn from a seed.

use std::{fmt::Write as _, fs::File, io::Write as _, path::Path};

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha20Rng;
use zip::{ZipWriter, write::SimpleFileOptions};

/// Columns of a CAASPP student score data file.
const CAASPP: &str = "RecordType SSID StudentLastName StudentFirstName StudentMiddleName \
    DateofBirth Gender CALPADSGrade GradeAssessed CALPADSDistrictCode CALPADSDistrictName \
    CALPADSSchoolCode CALPADSSchoolName CALPADSCharterCode CharterInd SPEDAcctDist \
    Section504Status PrimaryDisabilityType PrimaryDisabilityforTesting CALPADSSpecialEducation \
    IDEAIndicatorforTesting MigrantStatus ELStatus ELEntryDate RFEPDate FirstEntryDateInUSSchool \
    EnrollmentEffectiveDate ELAS CEDSLanguageCode PrimaryLanguage MilitaryStatus FosterStatus \
    HomelessStatus EconomicDisadvantageStatus EconomicDisadvantageTesting NPSFlag \
    HispanicorLatino AmericanIndianorAlaskaNative Asian HawaiianOrOtherPacificIslander Filipino \
    BlackorAfricanAmerican White TwoorMoreRaces ReportingEthnicity ParentEducationLevel \
    FinalTestedSchoolCode ConditionCode Attemptedness ScoreStatus IncludeIndicator \
    LexileorQuantile GrowthScore ScaleScore StandardErrorMeasurement ErrorBandsMin ErrorBandsMax \
    AchievementLevels GradeAssessedMinus1 ScaleScoreMinus1 AchievementLevelMinus1 \
    GradeAssessedMinus2 ScaleScoreMinus2 AchievementLevelMinus2 GradeAssessedMinus3 \
    ScaleScoreMinus3 AchievementLevelMinus3 UIN EndofRecord";

/// Columns of an ELPAC student score data file.
const ELPAC: &str = "RecordType UIN SSID LocalStudentID StudentLastName StudentFirstName Gender \
    CALPADSGrade GradeAssessed CALPADSDistrictCode CALPADSSchoolCode CALPADSIDEAIndicator \
    MigrantStatus ELEntryDate CalculatedELAS TestedSchoolName1 Attemptedness IncludeIndicator \
    OverallScaleScore OverallPL GradeAssessedMinus1 OverallScaleScoreMinus1 OverallPLMinus1 \
    EndofRecord";

/// Columns of a `StudentTracker` detail report.
const NSC: [&str; 16] = [
    "Your Unique Identifier",
    "First Name",
    "Middle Initial",
    "Last Name",
    "Requester Return Field",
    "Record Found Y/N",
    "Search Date",
    "High School Code",
    "High School Grad Date",
    "College Code/Branch",
    "College Name",
    "2-year / 4-year",
    "Public / Private",
    "Enrollment Begin",
    "Enrollment End",
    "Graduated?",
];

/// One result of a student in CAASPP.
#[derive(Clone, Debug)]
pub struct Score {
    /// Statewide id, 10 digits.
    pub ssid: String,
    /// `01` ELA, `02` mathematics.
    pub record_type: &'static str,
    /// Grade tested.
    pub grade: String,
    /// Scale score.
    pub scale: String,
    /// Achievement level.
    pub level: String,
}

/// One student's results in the summative ELPAC, this year's and last year's.
#[derive(Clone, Debug)]
pub struct Learner {
    /// Statewide id, 10 digits.
    pub ssid: String,
    /// Grades tested.
    pub grades: [String; 2],
    /// Overall scale scores; empty where there is none.
    pub scores: [String; 2],
}

/// A table with its header.
#[derive(Clone, Debug)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this header and no rows.
    pub fn new<'a>(header: impl IntoIterator<Item = &'a str>) -> Self {
        Self { header: header.into_iter().map(str::to_owned).collect(), rows: Vec::new() }
    }

    /// Adds a row; columns that are not among the cells are empty.
    pub fn push(&mut self, cells: &[(&str, &str)]) {
        let mut row = vec![String::new(); self.header.len()];
        for (column, text) in cells {
            let position = self.header.iter().position(|name| name == column);
            let position = position.expect("the layout has the column");
            (*text).clone_into(&mut row[position]);
        }
        self.rows.push(row);
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Its rows in two tables.
    #[must_use]
    pub fn halves(&self) -> [Self; 2] {
        let (first, second) = self.rows.split_at(self.rows.len() / 2);
        [first, second].map(|rows| Self { header: self.header.clone(), rows: rows.to_vec() })
    }

    /// Without the columns that are not `wanted`.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let kept: Vec<usize> =
            (0..self.header.len()).filter(|column| wanted(&self.header[*column])).collect();
        let pick = |row: &Vec<String>| kept.iter().map(|column| row[*column].clone()).collect();
        Self { header: pick(&self.header), rows: self.rows.iter().map(pick).collect() }
    }

    /// Writes it separated by commas and quoted, or by carets and not, with
    /// CRLF; every text in the encoding of Western Windows.
    pub fn write_delimited(&self, path: &Path, delimiter: u8) -> anyhow::Result<()> {
        let mut file = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(csv::Terminator::CRLF)
            .from_path(path)?;
        for row in std::iter::once(&self.header).chain(&self.rows) {
            file.write_record(row.iter().map(|cell| windows(cell)))?;
        }
        Ok(file.flush()?)
    }

    /// Writes it as a workbook of one sheet, a title above the header. Numbers
    /// are numbers, as a spreadsheet makes them: zeros in front are lost.
    pub fn write_workbook(&self, path: &Path, sheet: &str, title: &str) -> anyhow::Result<()> {
        let mut lines = vec![vec![title.to_owned()], self.header.clone()];
        lines.extend(self.rows.iter().cloned());
        let mut data = String::new();
        for (number, line) in (1..).zip(&lines) {
            write!(data, "<row r=\"{number}\">")?;
            for (column, cell) in line.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                let at = format!("{}{number}", letters(column));
                match cell.parse::<u64>() {
                    Ok(whole) => write!(data, "<c r=\"{at}\"><v>{whole}</v></c>")?,
                    Err(_) => {
                        write!(data, "<c r=\"{at}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>")?;
                    }
                }
            }
            data += "</row>";
        }
        write_workbook(path, sheet, &data, "")
    }
}

/// Writes a workbook whose one sheet has these rows, and these shared texts.
pub fn write_workbook(path: &Path, sheet: &str, rows: &str, texts: &str) -> anyhow::Result<()> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    let relation = |kind: &str, target: &str| {
        format!(
            "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" \
             Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/></Relationships>"
        )
    };
    let mut zip = ZipWriter::new(File::create(path)?);
    let types = format!(
        "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"xml\" \
         ContentType=\"application/xml\"/></Types>"
    );
    let workbook = format!(
        "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>\
         <sheet name=\"{sheet}\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let data = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>");
    for (name, text) in [
        ("[Content_Types].xml", types.as_str()),
        ("_rels/.rels", &relation("officeDocument", "xl/workbook.xml")),
        ("xl/workbook.xml", &workbook),
        ("xl/_rels/workbook.xml.rels", &relation("worksheet", "worksheets/sheet1.xml")),
        ("xl/worksheets/sheet1.xml", &data),
        ("xl/sharedStrings.xml", texts),
    ] {
        if !text.is_empty() {
            zip.start_file(name, SimpleFileOptions::default())?;
            zip.write_all(text.as_bytes())?;
        }
    }
    zip.finish()?;
    Ok(())
}

/// A spreadsheet's name of a column.
fn letters(column: usize) -> String {
    let last = char::from(b'A' + (column % 26) as u8);
    if column < 26 { last.to_string() } else { letters(column / 26 - 1) + &last.to_string() }
}

/// A text in Windows-1252; it may have letters of Western Europe.
fn windows(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}

/// The student score data file of these scores, and how many of its rows must
/// not count.
pub fn caaspp(scores: &[Score], seed: u64) -> (Table, usize) {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let mut table = Table::new(CAASPP.split_whitespace());
    for score in scores {
        let of_student = [
            ("SSID", score.ssid.as_str()),
            ("StudentLastName", "Núñez"),
            ("StudentFirstName", "\"Jo\" Ann, Jr."),
            ("DateofBirth", "2015-01-01"),
            ("GradeAssessed", &score.grade),
            ("CALPADSSpecialEducation", "No"),
            ("ELStatus", "No"),
            ("UIN", &score.ssid),
            ("EndofRecord", "Y"),
        ];
        let mut push = |cells: &[(&str, &str)]| table.push(&[&of_student[..], cells].concat());
        let counts = [
            ("RecordType", score.record_type),
            ("ScaleScore", score.scale.as_str()),
            ("AchievementLevels", &score.level),
            ("StandardErrorMeasurement", "25"),
            ("Attemptedness", "Y"),
            ("IncludeIndicator", "Y"),
        ];
        push(&counts);
        let with = |change: (&'static str, &'static str)| {
            let mut cells = counts.to_vec();
            cells.push(change);
            cells
        };
        match random.random_range(0..12) {
            0 => push(&with(("RecordType", "03"))),
            1 => push(&with(("IncludeIndicator", "T"))),
            2 => push(&[
                ("RecordType", score.record_type),
                ("ConditionCode", "PGE"),
                ("Attemptedness", "N"),
                ("IncludeIndicator", "N"),
            ]),
            _ => {}
        }
    }
    let left_out = table.rows() - scores.len();
    table.rows.shuffle(&mut random);
    (table, left_out)
}

/// The summative ELPAC's student score data file.
pub fn elpac(learners: &[Learner]) -> Table {
    let mut table = Table::new(ELPAC.split_whitespace());
    for Learner { ssid, grades, scores } in learners {
        table.push(&[
            ("RecordType", "21"),
            ("SSID", ssid),
            ("StudentLastName", "Núñez"),
            ("GradeAssessed", &grades[0]),
            ("IncludeIndicator", "Y"),
            ("OverallScaleScore", &scores[0]),
            ("OverallPL", "3"),
            ("GradeAssessedMinus1", &grades[1]),
            ("OverallScaleScoreMinus1", &scores[1]),
            ("OverallPLMinus1", "3"),
            ("EndofRecord", "Y"),
        ]);
    }
    table
}

/// A return file of graduates (their local id, and the day that their first
/// college began and its level, if any): rows of later enrolments and of
/// college courses taken at high school stand among them.
pub fn nsc(graduates: &[(String, Option<(String, String)>)], last_day: &str) -> Table {
    let mut table = Table::new(NSC);
    for (id, college) in graduates {
        let id = format!("{id}_");
        let of_student =
            [("Your Unique Identifier", id.as_str()), ("High School Grad Date", last_day)];
        let mut push = |cells: &[(&str, &str)]| table.push(&[&of_student[..], cells].concat());
        let Some((begin, level)) = college else {
            push(&[("Record Found Y/N", "N")]);
            continue;
        };
        let level = format!("{level}-year");
        for begin in ["20300901", begin, "20200115"] {
            push(&[
                ("Record Found Y/N", "Y"),
                ("College Name", "COLLEGE, A"),
                ("2-year / 4-year", &level),
                ("Enrollment Begin", begin),
                ("Graduated?", "N"),
            ]);
        }
    }
    table
}
