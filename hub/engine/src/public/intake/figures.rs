//! Who is in each school: counts of students, row by row or column by column,
//! to the shares that like schools are found by.

use std::collections::{BTreeMap, HashMap};

use peerlight_proto::{group::StudentGroup, names::SchoolId};

use super::{Intake, Wrong};
use crate::public::{
    Figures, PublicSchool, cell,
    faults::Faults,
    format::Format,
    layout::{self, Field},
};

/// Students counted so far.
#[derive(Default)]
pub struct Counted {
    /// Everybody, by school.
    totals: HashMap<usize, u32>,
    /// Of a feature, by school; with the line it was read from.
    parts: BTreeMap<(usize, &'static str), (u32, u64)>,
    /// Lines by school and group.
    lines: HashMap<(usize, Option<StudentGroup>), u64>,
}

impl Counted {
    /// Shares of every school that has them; a part that is larger than its
    /// whole is a fault.
    pub fn figures(
        &self,
        schools: &[PublicSchool],
        faults: &mut Faults,
    ) -> BTreeMap<SchoolId, Figures> {
        let mut figures: BTreeMap<SchoolId, Figures> = BTreeMap::new();
        for (school, total) in &self.totals {
            let id = schools[*school].id.clone();
            figures.entry(id).or_default().enrollment = Some(*total);
        }
        for ((school, feature), (part, line)) in &self.parts {
            let Some(total) = self.totals.get(school).filter(|total| **total > 0) else { continue };
            if part > total {
                let problem = format!("{part} students of {total} for {feature}: correct the row");
                faults.add(*line, "", problem);
                continue;
            }
            let share = 100.0 * f64::from(*part) / f64::from(*total);
            let id = schools[*school].id.clone();
            figures.entry(id).or_default().features.insert(feature, share);
        }
        figures
    }
}

impl Intake {
    /// Counts a row's students.
    pub(super) fn figures(&mut self, line: u64, id: String, cells: &[&str]) -> Result<(), Wrong> {
        let code = self.header.cell(Field::Group, cells);
        let group = code.and_then(|code| layout::group(self.format, code));
        if code.is_some() && group.is_none() {
            self.tally.left_out += 1;
            return Ok(());
        }
        let mut parts = Vec::new();
        let total = match (self.format, group) {
            (Format::CensusEnrollment, Some(StudentGroup::All)) => {
                self.count(Field::Part, cells)?
            }
            (Format::CensusEnrollment, _) => None,
            _ => self.count(Field::Total, cells)?,
        };
        match group.map(layout::feature) {
            Some(Some(feature)) => parts.push((feature, self.count(Field::Part, cells)?)),
            Some(None) => {}
            None => {
                for (field, feature) in self.header.features() {
                    parts.push((feature, self.count(field, cells)?));
                }
            }
        }
        let school = self.school(id, cells)?;
        if let Some(first) = self.counted.lines.insert((school, group), line) {
            let problem =
                format!("has the same school and group as line {first}: keep one of the rows");
            return Err(Wrong { column: String::new(), problem });
        }
        if let Some(total) = total {
            self.counted.totals.insert(school, total);
        }
        for (feature, part) in parts {
            match part {
                Some(part) => {
                    self.counted.parts.insert((school, feature), (part, line));
                }
                None => self.tally.not_published += 1,
            }
        }
        Ok(())
    }

    fn count(&self, field: Field, cells: &[&str]) -> Result<Option<u32>, Wrong> {
        let text = self.header.cell(field, cells).unwrap_or_default();
        cell::count(text).ok_or_else(|| self.not_a_count(field, text))
    }
}
