//! A subject's growth as two more numbers of a student year: the cell of the
//! residual histogram, and the percentile once there are tables.
//!
//! A student counts with a score and the score of the grade just below, whose
//! grade must be known. The score two grades below helps where it is there and
//! is not known to be of another grade.

use peerlight_proto::{
    charter::{Charter, GrowthModel},
    names::SubjectId,
    units::Grade,
};

use super::batch::BATCH;
use crate::{
    growth::{
        percentile::{PercentileTables, SubjectTables},
        predict::{Placed, Predictor},
    },
    student::{Chunk, Column, ColumnSet, MISSING},
};

/// One subject of the charter.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) id: SubjectId,
    predictor: Predictor,
    tables: Option<SubjectTables>,
    score: Column,
    prior: Column,
    prior2: Column,
}

/// The columns a subject's growth cannot do without; `None` where the charter
/// names a column that does not exist.
pub(super) fn needed(subject: &SubjectId, model: &GrowthModel) -> Option<ColumnSet> {
    let prior = Column::from_name(&format!("{subject}_prior_scale_score"))?;
    let score = Column::from_name(&model.score)?;
    Some([score, prior, Column::PriorGradeLevel].into_iter().collect())
}

impl Subject {
    pub(super) fn new(
        charter: &Charter,
        id: &SubjectId,
        tables: Option<&PercentileTables>,
    ) -> Option<Self> {
        let model = charter.policy.growth.get(id)?;
        Some(Self {
            id: id.clone(),
            predictor: Predictor::new(model),
            tables: tables.and_then(|tables| tables.subject(id)).cloned(),
            score: Column::from_name(&model.score)?,
            prior: Column::from_name(&format!("{id}_prior_scale_score"))?,
            prior2: Column::from_name(&format!("{id}_prior2_scale_score"))?,
        })
    }

    /// Whether percentiles can be looked up.
    pub(super) const fn has_tables(&self) -> bool {
        self.tables.is_some()
    }

    /// The columns it reads when they are there.
    pub(super) fn columns(&self) -> ColumnSet {
        [
            self.score,
            self.prior,
            self.prior2,
            Column::PriorGradeLevel,
            Column::Prior2GradeLevel,
            Column::GradeLevel,
            Column::GradeAssessed,
        ]
        .into_iter()
        .collect()
    }

    /// Percentiles of the rows from `start`; NaN where not eligible.
    pub(super) fn percentiles(&self, chunk: &Chunk, start: usize, percentiles: &mut [f64]) {
        self.each(chunk, start, percentiles, |grade, placed| {
            self.tables.as_ref()?.percentile(grade, placed.band, placed.residual)
        });
    }

    /// Histogram cells of the rows from `start`; NaN where not eligible.
    pub(super) fn cells(&self, chunk: &Chunk, start: usize, cells: &mut [f64]) {
        let bins = self.predictor.bins();
        self.each(chunk, start, cells, |_, placed| {
            Some((placed.band * bins + self.predictor.bin(placed.residual)) as f64)
        });
    }

    fn each(
        &self,
        chunk: &Chunk,
        start: usize,
        out: &mut [f64],
        number: impl Fn(Grade, Placed) -> Option<f64>,
    ) {
        out.fill(f64::NAN);
        let rows = start..start + out.len().min(BATCH);
        let (Some(scores), Some(priors)) = (chunk.numbers(self.score), chunk.numbers(self.prior))
        else {
            return;
        };
        let second = chunk.numbers(self.prior2);
        let byte = |column, row: usize| chunk.bytes(column).map_or(MISSING, |bytes| bytes[row]);
        for (out, row) in out.iter_mut().zip(rows) {
            if scores[row].is_nan() || priors[row].is_nan() {
                continue;
            }
            let grade = grade_of(chunk, row);
            let assessed = byte(Column::GradeAssessed, row);
            let is_below = |of_score: u8, years: u8| of_score.checked_add(years) == Some(grade);
            let of_prior = byte(Column::PriorGradeLevel, row);
            let of_prior2 = byte(Column::Prior2GradeLevel, row);
            let Some(of_student) = Grade::from_index(usize::from(grade)) else { continue };
            if !(assessed == MISSING || assessed == grade) || !is_below(of_prior, 1) {
                continue;
            }
            let earlier = second
                .map(|second| second[row])
                .filter(|_| of_prior2 == MISSING || is_below(of_prior2, 2));
            let placed = self.predictor.place(of_student, scores[row], priors[row], earlier);
            if let Some(value) = placed.and_then(|placed| number(of_student, placed)) {
                *out = value;
            }
        }
    }
}

/// A row's grade: its level, or where that is missing the grade it was
/// assessed in; [`MISSING`] where neither is known.
pub(crate) fn grade_of(chunk: &Chunk, row: usize) -> u8 {
    let byte = |column| chunk.bytes(column).map_or(MISSING, |bytes| bytes[row]);
    match byte(Column::GradeLevel) {
        MISSING => byte(Column::GradeAssessed),
        grade => grade,
    }
}
