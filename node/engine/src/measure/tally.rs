//! What is added up in the one pass, and where the sums are kept: per school
//! and group, whatever the number of programs that want them.
//!
//! Two programs over the same population share its tally.

use peerlight_proto::{
    group::{Flag, Gender, Race, StudentGroup},
    units::{Grade, GradeSet},
};

use super::node::NodeId;

/// First slot of each margin; a slot is one group of a school.
pub(super) const GRADE: usize = 1;
pub(super) const RACE: usize = GRADE + Grade::COUNT;
pub(super) const GENDER: usize = RACE + Race::ALL.len();
pub(super) const FLAG: usize = GENDER + Gender::ALL.len();
/// How many groups a school has.
pub(super) const SLOTS: usize = FLAG + Flag::ALL.len();

/// The slot of a group.
pub(super) const fn slot(group: StudentGroup) -> usize {
    match group {
        StudentGroup::All => 0,
        StudentGroup::Grade(grade) => GRADE + grade.index(),
        StudentGroup::Race(race) => RACE + race.index(),
        StudentGroup::Gender(gender) => GENDER + gender.index(),
        StudentGroup::Flag(flag) => FLAG + flag.index(),
    }
}

/// Which rows of a population a tally counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Select {
    /// All of them.
    Everyone,
    /// Those of whom the truth is known.
    Known(NodeId),
    /// Those of whom the truth is yes.
    Yes(NodeId),
}

/// Counts rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CountTally {
    /// The population's condition; every student where there is none.
    pub(super) population: Option<NodeId>,
    pub(super) select: Select,
    pub(super) grades: GradeSet,
}

/// Sums bounded values of the rows that a count tally counts, in units of
/// 1 / `FIXED_POINT`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SumTally {
    pub(super) value: NodeId,
    /// Position of the count tally.
    pub(super) counted: usize,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Counts rows of the district by grade and cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HistogramTally {
    pub(super) cell: NodeId,
    pub(super) grades: GradeSet,
    pub(super) cells: usize,
}

/// Every tally of a plan, each there once.
#[derive(Clone, Debug, Default)]
pub(super) struct Tallies {
    pub(super) counts: Vec<CountTally>,
    pub(super) sums: Vec<SumTally>,
    pub(super) histograms: Vec<HistogramTally>,
}

impl Tallies {
    pub(super) fn count(&mut self, tally: CountTally) -> usize {
        add(&mut self.counts, tally)
    }

    pub(super) fn sum(&mut self, tally: SumTally) -> usize {
        add(&mut self.sums, tally)
    }

    pub(super) fn histogram(&mut self, tally: HistogramTally) -> usize {
        add(&mut self.histograms, tally)
    }

    /// The nodes that must be evaluated.
    pub(super) fn roots(&self) -> Vec<NodeId> {
        let counted = self.counts.iter().flat_map(|tally| {
            let selected = match tally.select {
                Select::Everyone => None,
                Select::Known(node) | Select::Yes(node) => Some(node),
            };
            [tally.population, selected]
        });
        let values = self.sums.iter().map(|tally| Some(tally.value));
        let cells = self.histograms.iter().map(|tally| Some(tally.cell));
        counted.chain(values).chain(cells).flatten().collect()
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, tally: T) -> usize {
    list.iter().position(|known| *known == tally).unwrap_or_else(|| {
        list.push(tally);
        list.len() - 1
    })
}

/// The exact sums of one school. No debug output: nothing here may be logged.
#[derive(Clone)]
pub(super) struct SchoolTotals {
    /// By slot, then by count tally.
    pub(super) counts: Vec<u32>,
    /// By sum tally, then by slot.
    pub(super) sums: Vec<i64>,
}

/// The exact sums of a district. No debug output.
pub(super) struct Totals {
    /// By school; none where no row was seen.
    schools: Vec<Option<Box<SchoolTotals>>>,
    /// By histogram tally: grade, then cell.
    pub(super) histograms: Vec<Vec<i64>>,
    counts: usize,
    sums: usize,
}

impl Totals {
    pub(super) fn new(schools: usize, tallies: &Tallies) -> Self {
        let histogram = |tally: &HistogramTally| vec![0; Grade::COUNT * tally.cells];
        Self {
            schools: vec![None; schools],
            histograms: tallies.histograms.iter().map(histogram).collect(),
            counts: tallies.counts.len(),
            sums: tallies.sums.len(),
        }
    }

    /// A school's sums, to be added to; `None` for one that is not counted.
    pub(super) fn school_mut(&mut self, school: usize) -> Option<&mut SchoolTotals> {
        let (counts, sums) = (self.counts, self.sums);
        let place = self.schools.get_mut(school)?;
        Some(place.get_or_insert_with(|| {
            Box::new(SchoolTotals { counts: vec![0; SLOTS * counts], sums: vec![0; SLOTS * sums] })
        }))
    }

    /// Rows of a school's group that a count tally counted.
    pub(super) fn count(&self, school: usize, group: StudentGroup, tally: usize) -> i64 {
        self.read(school, group, |totals, slot| {
            i64::from(totals.counts[slot * self.counts + tally])
        })
    }

    /// The sum of a school's group.
    pub(super) fn sum(&self, school: usize, group: StudentGroup, tally: usize) -> i64 {
        self.read(school, group, |totals, slot| totals.sums[tally * SLOTS + slot])
    }

    /// "All" is nowhere added up: it is the sum over the grades, of which
    /// every counted row has one.
    fn read(
        &self,
        school: usize,
        group: StudentGroup,
        value: impl Fn(&SchoolTotals, usize) -> i64,
    ) -> i64 {
        let Some(Some(totals)) = self.schools.get(school) else { return 0 };
        match group {
            StudentGroup::All => (GRADE..RACE).map(|slot| value(totals, slot)).sum(),
            group => value(totals, slot(group)),
        }
    }

    /// Adds what another counter of the same plan saw.
    pub(super) fn merge(&mut self, other: Self) {
        for (mine, other) in self.schools.iter_mut().zip(other.schools) {
            match (mine, other) {
                (_, None) => {}
                (mine @ None, other) => *mine = other,
                (Some(mine), Some(other)) => {
                    mine.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
                    mine.sums.iter_mut().zip(&other.sums).for_each(|(a, b)| *a += b);
                }
            }
        }
        for (mine, other) in self.histograms.iter_mut().zip(other.histograms) {
            mine.iter_mut().zip(other).for_each(|(a, b)| *a += b);
        }
    }
}
