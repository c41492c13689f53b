//! Districts that do not exist but look as if they did.
//!
//! ```text
//! seed ──▶ districts ──▶ schools with true effects ──▶ students ──▶ three years of records
//!                        neighbourhoods                             public features
//! ```
//!
//! Sizes, groups and outcomes hang together as they do in real districts:
//! schools differ in whom they serve and in what they add, and the two are
//! drawn apart, so that like schools with different growth exist. The same
//! students grow through the grades, with scores that follow the growth
//! constants of the shipped charter. One seed makes one network, on every
//! machine. No real school, district or student is described.

mod draw;
mod outcome;
mod place;
mod student;
mod write;

use std::path::Path;

use anyhow::{Context, bail};
use peerlight_proto::units::SchoolYear;

use self::{draw::Draw, outcome::Scale, place::District, student::Student};

/// Which network to make.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// How many districts.
    pub districts: usize,
    /// How many students in all, in one year, about.
    pub students: usize,
    /// Which of the endlessly many.
    pub seed: u64,
    /// The release year; the two before it are made as well.
    pub year: SchoolYear,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Districts, by id and name.
    pub districts: Vec<(String, String)>,
    /// Schools.
    pub schools: usize,
    /// Students enrolled in the release year.
    pub students: usize,
}

impl Recipe {
    /// Writes `schools.csv`, `districts.csv` and a folder of student-year
    /// files for each district into an existing folder.
    pub fn write(&self, folder: &Path) -> anyhow::Result<Made> {
        if !(1..=999).contains(&self.districts) || self.students < 100 * self.districts {
            bail!("make 1 to 999 districts of at least 100 students each");
        }
        let scale = Scale::shipped(self.year).context("the shipped charter has growth models")?;
        let mut sizes = Draw::new(self.seed, 0);
        let weights: Vec<f64> = (0..self.districts).map(|_| sizes.between(0.55, 1.6)).collect();
        let per_weight = self.students as f64 / weights.iter().sum::<f64>();
        let mut directory = write::Directory::create(folder)?;
        let mut made = Made { districts: Vec::new(), schools: 0, students: 0 };
        for (position, weight) in weights.iter().enumerate() {
            let mut draw = Draw::new(self.seed, position as u64 + 1);
            let district = District::new(position, weight * per_weight, &mut draw);
            let students = residents(&district, &mut draw);
            let public = write::student_years(
                &folder.join(&district.id),
                self.year,
                &district,
                &students,
                &scale,
                &mut draw,
            )?;
            directory.add(&district, &public)?;
            made.schools += district.schools.len();
            made.students += public.iter().map(|school| school.students).sum::<usize>();
            made.districts.push((district.id, district.name));
        }
        directory.finish()?;
        Ok(made)
    }
}

/// Everybody who was in the district in one of the years.
fn residents(district: &District, draw: &mut Draw) -> Vec<Student> {
    let weights: Vec<f64> = district.neighborhoods.iter().map(|home| home.weight).collect();
    // TK is younger and smaller; positions 14 and 15 have left school since.
    let per_grade = district.students / 13.5;
    (0..=15_usize)
        .flat_map(|grade| {
            let size = if grade == 0 { 0.5 } else { 1.0 } * per_grade;
            std::iter::repeat_n(grade, draw.around(size, size.sqrt()).round() as usize)
        })
        .collect::<Vec<_>>()
        .into_iter()
        .map(|grade| Student::new(district, draw.weighted(&weights), grade, draw))
        .collect()
}

#[cfg(test)]
mod tests;
