//! Earlier scores from the node's own earlier years, found by pseudonym when
//! an import does not bring them.
//!
//! Resolved when counted, not when imported: an earlier year that arrives
//! later, or is corrected, counts at once.

use std::collections::HashMap;

use parquet::errors::Result;
use peerlight_node_engine::{
    privacy::journal::{Pseudonym, Student},
    student::{Chunk, Column, ColumnSet, MISSING, Values},
};

use super::decode::RecordFile;

/// By years back: what is resolved, and from which column of that year.
const RESOLVED: [&[(Column, Column)]; 3] = [
    &[
        (Column::ElaPriorScaleScore, Column::ElaScaleScore),
        (Column::MathPriorScaleScore, Column::MathScaleScore),
        (Column::ElaPriorLevel, Column::ElaLevel),
        (Column::MathPriorLevel, Column::MathLevel),
        (Column::ElpacPriorScaleScore, Column::ElpacScaleScore),
        (Column::PriorGradeLevel, Column::GradeLevel),
    ],
    &[
        (Column::ElaPrior2ScaleScore, Column::ElaScaleScore),
        (Column::MathPrior2ScaleScore, Column::MathScaleScore),
        (Column::ElaPrior2Level, Column::ElaLevel),
        (Column::MathPrior2Level, Column::MathLevel),
        (Column::Prior2GradeLevel, Column::GradeLevel),
    ],
    &[
        (Column::ElaPrior3ScaleScore, Column::ElaScaleScore),
        (Column::MathPrior3ScaleScore, Column::MathScaleScore),
        (Column::ElaPrior3Level, Column::ElaLevel),
        (Column::MathPrior3Level, Column::MathLevel),
        (Column::Prior3GradeLevel, Column::GradeLevel),
    ],
];

/// The values of one earlier year, by student.
struct Earlier {
    /// By either pseudonym; those of local and statewide ids never meet.
    rows: HashMap<Pseudonym, u32>,
    /// What is resolved, and its values by row of that year.
    columns: Vec<(Column, Values)>,
}

/// Earlier values, ready to be looked up.
pub(super) struct Priors {
    years: Vec<Earlier>,
}

/// The columns that can be resolved for a file that has `columns`, from the
/// columns of the years one, two and three before.
pub(super) fn resolvable(columns: ColumnSet, earlier: [Option<ColumnSet>; 3]) -> ColumnSet {
    let years = RESOLVED.iter().zip(earlier);
    years
        .filter_map(|(resolved, earlier)| Some((resolved, earlier?)))
        .flat_map(|(resolved, earlier)| resolved.iter().map(move |pair| (pair, earlier)))
        .filter(|((column, from), earlier)| earlier.contains(*from) && !columns.contains(*column))
        .map(|((column, _), _)| *column)
        .collect()
}

impl Priors {
    /// Reads what `wanted` needs from the years one, two and three before.
    pub(super) fn read(wanted: ColumnSet, earlier: [Option<&RecordFile>; 3]) -> Result<Self> {
        let mut years = Vec::new();
        for (resolved, file) in RESOLVED.iter().zip(earlier) {
            let Some(file) = file else { continue };
            let pairs: Vec<(Column, Column)> =
                resolved.iter().copied().filter(|(column, _)| wanted.contains(*column)).collect();
            if !pairs.is_empty() {
                years.push(Earlier::read(file, &pairs)?);
            }
        }
        Ok(Self { years })
    }

    /// Fills the resolved columns of a chunk.
    pub(super) fn fill(&self, chunk: &mut Chunk, students: &[Student]) {
        for year in &self.years {
            let rows: Vec<Option<u32>> =
                students.iter().map(|student| year.row(*student)).collect();
            for (column, from) in &year.columns {
                match (chunk.values_mut(*column), from) {
                    (Values::Numbers(out), Values::Numbers(from)) => {
                        let value =
                            |row: &Option<u32>| row.map_or(f64::NAN, |row| from[row as usize]);
                        out.clear();
                        out.extend(rows.iter().map(value));
                    }
                    (Values::Bytes(out), Values::Bytes(from)) => {
                        let value =
                            |row: &Option<u32>| row.map_or(MISSING, |row| from[row as usize]);
                        out.clear();
                        out.extend(rows.iter().map(value));
                    }
                    _ => unreachable!("a column and its earlier one are of the same kind"),
                }
            }
        }
    }
}

impl Earlier {
    /// The student's row, by the local id or else by the statewide one.
    fn row(&self, student: Student) -> Option<u32> {
        let ids = [student.local, student.statewide].into_iter().flatten();
        ids.into_iter().find_map(|id| self.rows.get(&id).copied())
    }

    fn read(file: &RecordFile, pairs: &[(Column, Column)]) -> Result<Self> {
        let wanted: ColumnSet = pairs.iter().map(|(_, from)| *from).collect();
        let wanted = wanted.minus(wanted.minus(file.columns()));
        let mut rows = HashMap::with_capacity(2 * file.rows());
        let mut next = 0;
        let mut columns: Vec<(Column, Column, Values)> = pairs
            .iter()
            .filter(|(_, from)| wanted.contains(*from))
            .map(|(column, from)| (*column, *from, Values::empty(from.kind())))
            .collect();
        let positions = vec![0; file.schools().len()];
        for part in 0..file.parts() {
            file.part(part, wanted, &positions, true, |chunk, students| {
                for student in students {
                    let ids = [student.local, student.statewide].into_iter().flatten();
                    rows.extend(ids.map(|id| (id, next)));
                    next += 1;
                }
                for (_, from, values) in &mut columns {
                    match (values, chunk.values(*from)) {
                        (Values::Numbers(all), Some(Values::Numbers(more))) => all.extend(more),
                        (Values::Bytes(all), Some(Values::Bytes(more))) => all.extend(more),
                        _ => unreachable!("the file has the column, of its kind"),
                    }
                }
            })?;
        }
        let columns = columns.into_iter().map(|(column, _, values)| (column, values)).collect();
        Ok(Self { rows, columns })
    }
}
