//! The signed percentile tables of a closed growth round, and the percentile
//! of one residual by them.
//!
//! A table that does not fit the charter is refused whole: a percentile by a
//! wrong table would be released as if it meant something.

use std::collections::BTreeMap;

use peerlight_proto::{
    charter::{Charter, GrowthModel},
    names::SubjectId,
    units::Grade,
    v1,
};

/// The whole, in the tables' unit.
const WHOLE: u32 = 1_000_000;

/// Why tables are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// They belong to another consortium, year or charter.
    #[error(
        "the growth tables are for another {0} than the charter in force: \
         sync again once the hub has closed the growth round of this charter"
    )]
    Foreign(&'static str),
    /// One table does not fit the charter's bins, bands and grades.
    #[error("the growth table of {subject} grade {grade} band {band} {problem}")]
    Table {
        /// The subject as the table says it.
        subject: String,
        /// The grade as the table says it.
        grade: String,
        /// The band.
        band: u32,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Conditional percentile tables of one charter, all subjects.
#[derive(Clone, Debug, PartialEq)]
pub struct PercentileTables {
    subjects: BTreeMap<SubjectId, SubjectTables>,
}

/// The tables of one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectTables {
    limit: f64,
    /// Cumulative share at every bin edge, outer ones included, by band.
    grades: BTreeMap<Grade, Vec<Option<Vec<f64>>>>,
}

impl PercentileTables {
    /// Checks a message whose signature was verified against the charter it is
    /// for.
    pub fn read(message: &v1::GrowthTables, charter: &Charter) -> Result<Self, TableError> {
        if message.consortium != charter.consortium.as_str() {
            return Err(TableError::Foreign("consortium"));
        }
        if message.school_year != u32::from(charter.school_year.ending_year()) {
            return Err(TableError::Foreign("school year"));
        }
        if message.growth_hash != charter.growth_hash().as_bytes() {
            return Err(TableError::Foreign("growth model"));
        }
        let empty = |model: &GrowthModel| SubjectTables {
            limit: model.residual_limit,
            grades: model
                .grade
                .iter()
                .map(|(grade, constants)| (*grade, vec![None; constants.bands.len() + 1]))
                .collect(),
        };
        let growth = &charter.policy.growth;
        let mut subjects: BTreeMap<SubjectId, SubjectTables> =
            growth.iter().map(|(subject, model)| (subject.clone(), empty(model))).collect();
        for table in &message.tables {
            insert(&mut subjects, growth, table).map_err(|problem| TableError::Table {
                subject: table.subject.chars().take(64).collect(),
                grade: table.grade.chars().take(8).collect(),
                band: table.band,
                problem,
            })?;
        }
        Ok(Self { subjects })
    }

    /// The tables of one subject of the charter.
    pub fn subject(&self, subject: &SubjectId) -> Option<&SubjectTables> {
        self.subjects.get(subject)
    }
}

fn insert(
    subjects: &mut BTreeMap<SubjectId, SubjectTables>,
    growth: &BTreeMap<SubjectId, GrowthModel>,
    table: &v1::GrowthTable,
) -> Result<(), &'static str> {
    const UNKNOWN: &str = "is for a subject, grade or band that the charter does not have";
    let subject = SubjectId::new(table.subject.as_str()).map_err(|_| UNKNOWN)?;
    let model = growth.get(&subject).ok_or(UNKNOWN)?;
    let grade = table.grade.parse::<Grade>().map_err(|_| UNKNOWN)?;
    let place = subjects
        .get_mut(&subject)
        .and_then(|tables| tables.grades.get_mut(&grade))
        .and_then(|bands| bands.get_mut(table.band as usize))
        .ok_or(UNKNOWN)?;
    let inner = &table.cumulative_millionths;
    if inner.len() + 1 != model.bins as usize {
        return Err("has another number of bins than the charter");
    }
    if !inner.is_sorted() || inner.last().is_some_and(|last| *last > WHOLE) {
        return Err("does not ascend from 0 to 1000000");
    }
    if place.is_some() {
        return Err("is there twice");
    }
    let edges = std::iter::once(0).chain(inner.iter().copied()).chain([WHOLE]);
    *place = Some(edges.map(|share| f64::from(share) / f64::from(WHOLE)).collect());
    Ok(())
}

impl SubjectTables {
    /// The percentile of a residual within its grade and band, 1 to 99: the
    /// cumulative share, interpolated within its bin. `None` where the round
    /// made no table for it.
    pub fn percentile(&self, grade: Grade, band: usize, residual: f64) -> Option<f64> {
        let shares = self.grades.get(&grade)?.get(band)?.as_ref()?;
        let bins = shares.len() - 1;
        let position = (residual + self.limit) / (2.0 * self.limit) * bins as f64;
        let position = position.clamp(0.0, bins as f64);
        let below = (position.floor() as usize).min(bins - 1);
        let within = position - below as f64;
        let share = shares[below] + within * (shares[below + 1] - shares[below]);
        let percentile = (100.0 * share).clamp(1.0, 99.0);
        percentile.is_finite().then_some(percentile)
    }
}

#[cfg(test)]
mod tests {
    use peerlight_proto::{
        catalogue::Catalogue, charter::Policy, names::ConsortiumId, units::SchoolYear,
    };
    use proptest::prelude::*;

    use super::*;

    fn charter() -> Charter {
        let school_year = SchoolYear::ending(2026).unwrap();
        Charter {
            consortium: ConsortiumId::new("test").unwrap(),
            number: 1,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        }
    }

    fn message(cumulative: Vec<u32>) -> v1::GrowthTables {
        let table = v1::GrowthTable {
            subject: "ela".to_owned(),
            grade: "05".to_owned(),
            band: 2,
            cumulative_millionths: cumulative,
            pooled_students: 900,
        };
        v1::GrowthTables {
            consortium: "test".to_owned(),
            charter_hash: Vec::new(),
            school_year: 2026,
            tables: vec![table],
            members_pooled: 3,
            method: String::new(),
            growth_hash: charter().growth_hash().as_bytes().to_vec(),
        }
    }

    fn even() -> Vec<u32> {
        (1..25).map(|edge| edge * 40_000).collect()
    }

    fn percentile(cumulative: Vec<u32>, residual: f64) -> f64 {
        let tables = PercentileTables::read(&message(cumulative), &charter()).unwrap();
        let ela = tables.subject(&SubjectId::new("ela").unwrap()).unwrap();
        ela.percentile("05".parse().unwrap(), 2, residual).unwrap()
    }

    #[test]
    fn a_percentile_is_interpolated_within_its_bin() {
        assert!((percentile(even(), 0.0) - 50.0).abs() < 1e-9);
        assert!((percentile(even(), 0.06) - 51.0).abs() < 1e-9);
        assert!((percentile(even(), 3.0) - 99.0).abs() < 1e-9);
        assert!((percentile(even(), -40.0) - 1.0).abs() < 1e-9);
        // All of the band's students in the bin from 0.12 to 0.36.
        let narrow: Vec<u32> = (1..25).map(|edge| if edge <= 13 { 0 } else { WHOLE }).collect();
        assert!((percentile(narrow.clone(), 0.24) - 50.0).abs() < 1e-9);
        assert!((percentile(narrow, 0.1) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_no_table_is_for_has_no_percentile() {
        let tables = PercentileTables::read(&message(even()), &charter()).unwrap();
        let ela = tables.subject(&SubjectId::new("ela").unwrap()).unwrap();
        assert_eq!(ela.percentile("05".parse().unwrap(), 1, 0.0), None);
        assert_eq!(ela.percentile("11".parse().unwrap(), 2, 0.0), None);
        assert_eq!(ela.percentile("05".parse().unwrap(), 9, 0.0), None);
        assert_eq!(ela.percentile("05".parse().unwrap(), 2, f64::NAN), None);
        assert!(tables.subject(&SubjectId::new("art").unwrap()).is_none());
    }

    #[test]
    fn tables_that_do_not_fit_the_charter_are_refused_whole() {
        let spoils: [fn(&mut v1::GrowthTables); 10] = [
            |message| message.consortium = "other".to_owned(),
            |message| message.school_year = 2025,
            |message| message.growth_hash[0] ^= 1,
            |message| message.tables[0].subject = "art".to_owned(),
            |message| message.tables[0].grade = "12".to_owned(),
            |message| message.tables[0].band = 4,
            |message| message.tables[0].cumulative_millionths.truncate(23),
            |message| message.tables[0].cumulative_millionths.swap(3, 4),
            |message| message.tables[0].cumulative_millionths[23] = WHOLE + 1,
            |message| message.tables.push(message.tables[0].clone()),
        ];
        for (number, spoil) in spoils.into_iter().enumerate() {
            let mut spoiled = message(even());
            spoil(&mut spoiled);
            let read = PercentileTables::read(&spoiled, &charter());
            assert!(read.is_err(), "spoil {number}");
        }
    }

    proptest! {
        #[test]
        fn a_higher_residual_never_has_a_lower_percentile(
            mut cumulative in prop::collection::vec(0..=WHOLE, 24),
            low in -5.0..5.0_f64, step in 0.0..5.0_f64,
        ) {
            cumulative.sort_unstable();
            let before = percentile(cumulative.clone(), low);
            let after = percentile(cumulative, low + step);
            prop_assert!(before <= after);
            prop_assert!((1.0..=99.0).contains(&before) && (1.0..=99.0).contains(&after));
        }
    }
}
