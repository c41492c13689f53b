//! Noisy sums of schools and districts, margin by margin, as they were
//! released: from dense integers in a layout's order to natural units by
//! place and group.
//!
//! Cells of program grades that a school does not serve stay in: they are part
//! of what sums to all. What is about the same students is combined here; what
//! has to agree is made to agree in [`crate::consistency`].

use std::collections::BTreeMap;

use peerlight_proto::{
    directory::Directory,
    group::{Margin, StudentGroup},
    layout::{FIXED_POINT, GROWTH_COUNT_WEIGHT, Quantity, ReleaseLayout},
    units::{Grade, GradeSet},
};

use crate::{
    consistency::{Consistent, Noisy, consistent},
    estimate::{Place, Release},
};

/// The numbers of one component of a release in natural units: of each block
/// its cells, and the variance of every one of them.
pub struct Natural {
    /// One vector a block, by cell.
    pub values: Vec<Vec<f64>>,
    /// One variance a block.
    pub variances: Vec<f64>,
}

/// The numbers of a release that stands for itself, which steps of a stream do
/// not.
pub fn natural(release: &Release, component: usize) -> Natural {
    let blocks = release.layout.blocks.iter().zip(&release.blocks);
    let (values, variances) = blocks
        .map(|(block, values)| {
            let unit = unit_of(&block.quantity, component);
            let cells = values.iter().skip(component).step_by(block.quantity.components());
            let values = cells.map(|&value| value as f64 * unit).collect();
            (values, (block.sigma.units() * unit).powi(2))
        })
        .unzip();
    Natural { values, variances }
}

/// Natural units in one integer of a component.
fn unit_of(quantity: &Quantity, component: usize) -> f64 {
    match quantity {
        // What a step of a stream means follows from the steps before it too.
        Quantity::Running { .. }
        | Quantity::Count
        | Quantity::Rate
        | Quantity::Histogram { .. } => 1.0,
        Quantity::Mean { .. } => 1.0 / FIXED_POINT as f64,
        Quantity::GrowthMean if component == 0 => 1.0 / FIXED_POINT as f64,
        Quantity::GrowthMean => 1.0 / (FIXED_POINT * GROWTH_COUNT_WEIGHT) as f64,
    }
}

/// A group and its noisy sum.
pub type GroupSum = (StudentGroup, Noisy);

/// One quantity of one school or district.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Grades it is about: the program's that the school serves.
    pub grades: GradeSet,
    /// Every cell of each margin.
    pub margins: BTreeMap<Margin, Vec<GroupSum>>,
}

/// The places of a release; schools that have left the directory are left out.
/// `district` is the sender's position among the directory's districts.
pub fn tables(
    layout: &ReleaseLayout,
    natural: &Natural,
    directory: &Directory,
    district: usize,
) -> BTreeMap<Place, Table> {
    let mut tables: BTreeMap<Place, Table> = BTreeMap::new();
    let blocks = layout.blocks.iter().zip(natural.values.iter().zip(&natural.variances));
    for (block, (values, &variance)) in blocks {
        for (row, cells) in values.chunks_exact(block.groups.len().max(1)).enumerate() {
            let (place, served) = match block.schools.get(row) {
                None => (Place::District(district), GradeSet::ALL),
                Some(id) => {
                    let found = directory.schools.binary_search_by(|known| known.id.cmp(id));
                    let Ok(position) = found else { continue };
                    (Place::School(position), directory.schools[position].grades)
                }
            };
            let table = tables.entry(place).or_insert_with(|| Table {
                grades: common(served, layout.grades),
                margins: BTreeMap::new(),
            });
            let cells = block.groups.iter().zip(cells);
            let cells = cells.map(|(group, &value)| (*group, Noisy { value, variance }));
            table.margins.insert(block.margin, cells.collect());
        }
    }
    tables
}

/// Grades in both.
fn common(one: GradeSet, other: GradeSet) -> GradeSet {
    one.iter().filter(|grade| other.contains(*grade)).collect()
}

fn contains_all(outer: GradeSet, inner: GradeSet) -> bool {
    inner.iter().all(|grade| outer.contains(grade))
}

/// Tables of one quantity of one place, from different programs, as one.
///
/// Those of the same grades are about identical students: inverse variance.
/// Those of grades that do not meet add up. Where grades overlap, students
/// would be counted twice: the table of the most grades is used alone.
pub fn combined(tables: impl IntoIterator<Item = Table>) -> Option<Table> {
    let mut distinct: Vec<Table> = Vec::new();
    for table in tables {
        match distinct.iter_mut().find(|known| known.grades == table.grades) {
            Some(known) => *known = same_students(known, &table),
            None => distinct.push(table),
        }
    }
    let apart = distinct.iter().enumerate().all(|(position, table)| {
        distinct[..position].iter().all(|earlier| !earlier.grades.meets(table.grades))
    });
    if apart {
        return distinct.into_iter().reduce(|one, other| other_students(&one, &other));
    }
    distinct.into_iter().rev().max_by_key(|table| table.grades.iter().count())
}

fn same_students(one: &Table, other: &Table) -> Table {
    let mut margins = one.margins.clone();
    for (margin, cells) in &other.margins {
        let known = margins.entry(*margin).or_default();
        for (group, noisy) in cells {
            match known.iter_mut().find(|(known, _)| known == group) {
                Some((_, known)) => *known = known.combined(*noisy),
                None => known.push((*group, *noisy)),
            }
        }
    }
    Table { grades: one.grades, margins }
}

fn other_students(one: &Table, other: &Table) -> Table {
    let mut margins = BTreeMap::new();
    for (margin, cells) in &one.margins {
        // A margin that only one has would not sum to all.
        let Some(others) = other.margins.get(margin) else { continue };
        let mut sums = cells.clone();
        for (group, noisy) in others {
            match sums.iter_mut().find(|(known, _)| known == group) {
                Some((_, known)) => *known = known.plus(*noisy),
                None => sums.push((*group, *noisy)),
            }
        }
        margins.insert(*margin, sums);
    }
    Table { grades: one.grades.iter().chain(other.grades.iter()).collect(), margins }
}

/// A table whose margins agree.
pub struct Agreed {
    grades: GradeSet,
    /// Positions of the split margins' groups, as in `consistent`.
    groups: Vec<Vec<StudentGroup>>,
    consistent: Option<Consistent>,
    flags: Vec<GroupSum>,
}

impl Table {
    /// Makes the margins that split all students agree.
    pub fn agreed(self) -> Agreed {
        let (mut all, mut flags) = (None, Vec::new());
        let (mut groups, mut splits) = (Vec::new(), Vec::new());
        for (margin, cells) in self.margins {
            match margin {
                Margin::All | Margin::Pooled => all = cells.first().map(|(_, noisy)| *noisy),
                Margin::CoreFlags | Margin::SmallFlags => flags.extend(cells),
                Margin::Grade | Margin::Race | Margin::Gender => {
                    let (margin, cells): (Vec<_>, Vec<_>) = cells.into_iter().unzip();
                    groups.push(margin);
                    splits.push(cells);
                }
            }
        }
        let consistent = consistent(all, &splits);
        Agreed { grades: self.grades, groups, consistent, flags }
    }
}

impl Agreed {
    /// Grades it is about.
    pub const fn grades(&self) -> GradeSet {
        self.grades
    }

    /// Every group with its sum; grades that the school does not serve are not
    /// among them.
    pub fn sums(&self) -> Vec<GroupSum> {
        let all = self.consistent.iter().map(|found| (StudentGroup::All, found.total));
        let splits = self.consistent.iter().flat_map(|found| {
            let margins = self.groups.iter().zip(&found.margins);
            margins.flat_map(|(groups, cells)| groups.iter().copied().zip(cells.iter().copied()))
        });
        let served = |(group, _): &GroupSum| match group {
            StudentGroup::Grade(grade) => self.grades.contains(*grade),
            _ => true,
        };
        all.chain(splits).filter(served).chain(self.flags.iter().copied()).collect()
    }

    /// The same of fewer grades: all students and single grades only, because
    /// no other group is split by grade. `None` unless every one of `grades`
    /// has its cell here.
    pub fn of_grades(&self, grades: GradeSet) -> Option<Vec<GroupSum>> {
        if grades.is_empty() || !contains_all(self.grades, grades) {
            return None;
        }
        let found = self.consistent.as_ref()?;
        let is_grade = |group: &StudentGroup| matches!(group, StudentGroup::Grade(_));
        let margin = self.groups.iter().position(|groups| groups.iter().any(is_grade))?;
        let at = |grade: Grade| {
            let groups = &self.groups[margin];
            groups.iter().position(|group| *group == StudentGroup::Grade(grade))
        };
        let cells = grades.iter().map(at).collect::<Option<Vec<usize>>>()?;
        let all = (StudentGroup::All, found.sum_of(margin, &cells));
        let single =
            cells.iter().map(|&cell| (self.groups[margin][cell], found.margins[margin][cell]));
        Some(std::iter::once(all).chain(single).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grades(text: &str) -> GradeSet {
        let (low, high) = text.split_once('-').unwrap();
        GradeSet::span(low.parse().unwrap(), high.parse().unwrap())
    }

    /// A table with `all` and one cell a grade, of so many students each.
    fn table(span: &str, students: f64, variance: f64) -> Table {
        let grades = grades(span);
        let cells = grades
            .iter()
            .map(|grade| (StudentGroup::Grade(grade), Noisy { value: students, variance }));
        let cells: Vec<GroupSum> = cells.collect();
        let all = Noisy { value: students * cells.len() as f64, variance };
        let margins = [(Margin::All, vec![(StudentGroup::All, all)]), (Margin::Grade, cells)];
        Table { grades, margins: margins.into() }
    }

    fn all_of(sums: &[GroupSum]) -> Noisy {
        sums.iter().find(|(group, _)| *group == StudentGroup::All).unwrap().1
    }

    #[test]
    fn the_same_students_are_averaged_and_others_added() {
        let same = combined([table("KG-05", 50.0, 4.0), table("KG-05", 52.0, 4.0)]).unwrap();
        let all = same.margins[&Margin::All][0].1;
        assert_eq!(all, Noisy { value: 306.0, variance: 2.0 });
        let apart = combined([table("KG-05", 50.0, 4.0), table("06-08", 60.0, 9.0)]).unwrap();
        assert_eq!(apart.margins[&Margin::All][0].1, Noisy { value: 480.0, variance: 13.0 });
        assert_eq!(apart.margins[&Margin::Grade].len(), 9);
        assert_eq!(apart.grades, grades("KG-08"));
        let overlap = combined([table("KG-05", 50.0, 4.0), table("05-06", 60.0, 4.0)]).unwrap();
        assert_eq!(overlap, table("KG-05", 50.0, 4.0), "a fifth grader is counted once");
    }

    #[test]
    fn a_part_of_the_grades_is_counted_by_its_grades() {
        let whole = table("KG-05", 50.0, 4.0).agreed();
        let part = whole.of_grades(grades("03-05")).unwrap();
        assert_eq!(part.len(), 4);
        assert!((all_of(&part).value - 150.0).abs() < 1e-9);
        let everybody = whole.of_grades(grades("KG-05")).unwrap();
        let (found, expected) = (all_of(&everybody), all_of(&whole.sums()));
        assert!((found.variance - expected.variance).abs() < 1e-9, "{found:?} {expected:?}");
        assert!(all_of(&part).variance > expected.variance);
        assert_eq!(whole.of_grades(grades("05-06")), None);
    }

    #[test]
    fn a_grade_the_school_does_not_serve_sums_to_all_and_is_not_shown() {
        let mut table = table("KG-05", 50.0, 4.0);
        table.grades = grades("KG-04");
        let sums = table.agreed().sums();
        assert_eq!(sums.len(), 6);
        assert!((all_of(&sums).value - 300.0).abs() < 1e-9);
    }
}
