//! What the demo runs on: given files, or synthetic districts.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use chrono::Datelike;
use peerlight_proto::units::SchoolYear;
use serde::Deserialize;

use super::{Options, progress::Progress};
use crate::{clock, synthetic::Recipe};

/// Where the features of synthetic schools come from.
const SYNTHETIC: &str = "synthetic: counted from the made-up students themselves";
/// Where given schools' features come from, unless it is said.
const GIVEN: &str = "the schools.csv that was given to the demo";

/// One school, as the directory file has it.
#[derive(Clone, Debug, Deserialize)]
pub struct School {
    /// Its id.
    #[serde(rename = "school_id")]
    pub id: String,
    /// Its district's id.
    #[serde(rename = "lea_id")]
    pub district: String,
    /// Its name.
    pub name: String,
}

/// One district.
#[derive(Clone, Debug)]
pub struct District {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its student-year files.
    pub student_years: PathBuf,
}

/// What the demo runs on.
pub struct Input {
    /// The directory file.
    pub directory: PathBuf,
    /// Its schools.
    pub schools: Vec<School>,
    /// The districts, by id.
    pub districts: Vec<District>,
    /// The school year that is released.
    pub year: SchoolYear,
    /// Where the schools' features come from, in words.
    pub features_source: String,
    /// Whether it was made rather than given.
    pub synthetic: bool,
}

impl Input {
    /// The given files, or synthetic ones made in `place`.
    pub fn new(options: &Options, place: &Path, progress: &Progress) -> anyhow::Result<Self> {
        if let Some(folder) = &options.data {
            let source = options.features_source.clone().unwrap_or_else(|| GIVEN.to_owned());
            return Self::read(folder, options.school_year, source, false);
        }
        let year = options.school_year.map_or_else(last_complete_year, Ok)?;
        progress.step("making synthetic districts", 1)?;
        let folder = place.join("data");
        fs::create_dir_all(&folder)?;
        let Options { districts, students, seed, .. } = *options;
        Recipe { districts, students, seed, year }.write(&folder)?;
        Self::read(&folder, Some(year), SYNTHETIC.to_owned(), true)
    }

    fn read(
        folder: &Path,
        year: Option<SchoolYear>,
        features_source: String,
        synthetic: bool,
    ) -> anyhow::Result<Self> {
        let directory = folder.join("schools.csv");
        let schools: Vec<School> = csv::Reader::from_path(&directory)
            .and_then(|mut reader| reader.deserialize().collect())
            .with_context(|| format!("cannot read {}", directory.display()))?;
        let names = district_names(&folder.join("districts.csv"))?;
        let mut ids: Vec<&str> = schools.iter().map(|school| school.district.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let districts: Vec<District> = ids
            .into_iter()
            .map(|id| District {
                id: id.to_owned(),
                name: names.get(id).cloned().unwrap_or_else(|| format!("District {id}")),
                student_years: folder.join(id),
            })
            .collect();
        if let Some(absent) = districts.iter().find(|district| !district.student_years.is_dir()) {
            bail!("{} has no folder of student years", absent.student_years.display());
        }
        let year = year.map_or_else(|| last_year(&districts), Ok)?;
        Ok(Self { directory, schools, districts, year, features_source, synthetic })
    }

    /// The school with this id.
    pub fn school(&self, id: &str) -> Option<&School> {
        self.schools.iter().find(|school| school.id == id)
    }

    /// A school's name, or its id where it has none.
    pub fn name_of<'a>(&'a self, school: &'a str) -> &'a str {
        self.school(school).map_or(school, |found| &found.name)
    }
}

fn district_names(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    csv::Reader::from_path(path)
        .and_then(|mut reader| reader.deserialize().collect())
        .with_context(|| format!("cannot read {}", path.display()))
}

/// The last school year whose releases are all due by now; the latest waits
/// for college enrolments until the middle of November.
fn last_complete_year() -> anyhow::Result<SchoolYear> {
    let today = clock::today();
    let complete = (today.month(), today.day()) > (11, 15);
    let ending = today.year() - i32::from(!complete);
    Ok(SchoolYear::ending(u32::try_from(ending)?)?)
}

/// The latest year that a file of the first district begins with.
fn last_year(districts: &[District]) -> anyhow::Result<SchoolYear> {
    let first = districts.first().context("schools.csv lists no school")?;
    let mut last = None;
    for entry in fs::read_dir(&first.student_years)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        let mut reader = csv::Reader::from_path(&path)?;
        let column = reader.headers()?.iter().position(|name| name == "school_year");
        let row = reader.records().next().transpose()?;
        if let (Some(column), Some(row)) = (column, row) {
            last = last.max(row.get(column).and_then(|year| year.parse::<SchoolYear>().ok()));
        }
    }
    last.context("no file has a school_year column: say --school-year")
}
