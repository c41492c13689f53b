//! Turns files of the SGP demonstration state into what the demo runs on.
//!
//! ```text
//! LONG files ──one row a student and year──▶ DISTRICT/student_years_YEAR.csv   (still in the
//!            └─an earlier year's counts───▶ schools.csv, districts.csv         state's own words)
//! ```
//!
//! Only the shape changes here: content areas are put side by side and names
//! are dropped. What the values mean is for the mapping file. The schools'
//! features are counted from the students of an earlier year, standing in for
//! published ones.

mod school;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use flate2::read::MultiGzDecoder;

use self::school::SchoolCount;

/// Columns that are carried over for each student.
const KEPT: [&str; 10] = [
    "ID",
    "YEAR",
    "GRADE",
    "SCHOOL_NUMBER",
    "GENDER",
    "ETHNICITY",
    "FREE_REDUCED_LUNCH_STATUS",
    "ELL_STATUS",
    "IEP_STATUS",
    "SCHOOL_ENROLLMENT_STATUS",
];

/// Columns that are carried over for each content area.
const BY_AREA: [&str; 2] = ["SCALE_SCORE", "ACHIEVEMENT_LEVEL"];

/// One student and year.
struct StudentYear {
    district: String,
    kept: Vec<String>,
    /// By content area: score and level.
    results: BTreeMap<String, [String; 2]>,
}

/// Everything that was read.
#[derive(Default)]
struct State {
    /// By year and student.
    rows: BTreeMap<(String, String), StudentYear>,
    districts: BTreeMap<String, String>,
    areas: BTreeSet<String>,
    /// By year and school.
    schools: BTreeMap<(String, String), SchoolCount>,
}

/// Reads the files and writes the demo's input into `folder`; gives the year
/// that is released, the last one, as the files spell it.
pub fn convert(files: &[PathBuf], folder: &Path) -> anyhow::Result<String> {
    let mut state = State::default();
    for file in files {
        state.read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    let years: BTreeSet<String> = state.rows.keys().map(|(year, _)| year.clone()).collect();
    let mut latest = years.iter().rev();
    let (Some(year), Some(earlier)) = (latest.next(), latest.next()) else {
        bail!("the files need at least two school years: the last one is released");
    };
    fs::create_dir_all(folder)?;
    for year in &years {
        state.write_student_years(folder, year)?;
    }
    state.write_directory(folder, year, earlier)?;
    Ok(year.replace('_', "-"))
}

impl State {
    fn read(&mut self, file: &Path) -> anyhow::Result<()> {
        let opened = fs::File::open(file)?;
        let text: Box<dyn std::io::Read> =
            if file.extension().is_some_and(|extension| extension == "gz") {
                Box::new(MultiGzDecoder::new(opened))
            } else {
                Box::new(opened)
            };
        let mut reader = csv::Reader::from_reader(text);
        let header = reader.headers()?.clone();
        let column = |name: &str| {
            let found = header.iter().position(|column| column == name);
            found.with_context(|| format!("it has no column {name}"))
        };
        let kept: Vec<usize> = KEPT.iter().map(|name| column(name)).collect::<Result<_, _>>()?;
        let results = [column(BY_AREA[0])?, column(BY_AREA[1])?];
        let (valid, area) = (column("VALID_CASE")?, column("CONTENT_AREA")?);
        let (district, district_name) = (column("DISTRICT_NUMBER")?, column("DISTRICT_NAME")?);
        let (school_name, level) = (column("SCHOOL_NAME")?, column("EMH_LEVEL")?);
        for row in reader.records() {
            let row = row?;
            let cell = |position: usize| row.get(position).unwrap_or_default().to_owned();
            if cell(valid) != "VALID_CASE" || cell(district).is_empty() {
                continue;
            }
            let kept: Vec<String> = kept.iter().map(|position| cell(*position)).collect();
            let key = (kept[1].clone(), kept[0].clone());
            self.areas.insert(cell(area));
            self.districts.insert(cell(district), cell(district_name));
            if !self.rows.contains_key(&key) {
                let school = self.schools.entry((kept[1].clone(), kept[3].clone())).or_default();
                school.count(&kept, &cell(district), &cell(school_name), &cell(level));
            }
            let student = self.rows.entry(key).or_insert_with(|| StudentYear {
                district: cell(district),
                kept,
                results: BTreeMap::new(),
            });
            student.results.insert(cell(area), results.map(cell));
        }
        Ok(())
    }

    fn write_student_years(&self, folder: &Path, year: &str) -> anyhow::Result<()> {
        let mut files = BTreeMap::new();
        for district in self.districts.keys() {
            let folder = folder.join(district);
            fs::create_dir_all(&folder)?;
            let name = format!("student_years_{}.csv", year.rsplit('_').next().unwrap_or(year));
            let mut file = csv::Writer::from_path(folder.join(name))?;
            let by_area =
                self.areas.iter().flat_map(|area| BY_AREA.map(|name| format!("{name}_{area}")));
            file.write_record(KEPT.iter().map(|name| (*name).to_owned()).chain(by_area))?;
            files.insert(district.as_str(), file);
        }
        for student in self.rows.iter().filter(|((found, _), _)| found == year).map(|(_, row)| row)
        {
            let file =
                files.get_mut(student.district.as_str()).context("every district has a file")?;
            let nothing = [const { String::new() }; 2];
            let results =
                self.areas.iter().flat_map(|area| student.results.get(area).unwrap_or(&nothing));
            file.write_record(student.kept.iter().chain(results))?;
        }
        for file in files.values_mut() {
            file.flush()?;
        }
        Ok(())
    }

    fn write_directory(&self, folder: &Path, year: &str, earlier: &str) -> anyhow::Result<()> {
        let mut districts = csv::Writer::from_path(folder.join("districts.csv"))?;
        districts.write_record(["lea_id", "name"])?;
        for (id, name) in &self.districts {
            districts.write_record([id, name])?;
        }
        districts.flush()?;
        let mut schools = csv::Writer::from_path(folder.join("schools.csv"))?;
        schools.write_record(school::COLUMNS)?;
        for ((_, id), now) in self.schools.iter().filter(|((found, _), _)| found == year) {
            let before = self.schools.get(&(earlier.to_owned(), id.clone()));
            schools.write_record(now.directory_row(id, before))?;
        }
        schools.flush()?;
        Ok(())
    }
}
