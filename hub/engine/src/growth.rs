//! The second half of a growth round: pools the members' noisy histograms of
//! residuals and makes percentile tables of them.
//!
//! ```text
//! pool      h = sum over members, per subject, grade, band, bin
//! raw CDF   cumulative sums over their total
//! isotonic  never decreasing, from 0 to 1, nearest to the raw one in squares
//! smoothed  shrunk towards the grade's pooled bands by the share of the
//!           difference that noise explains
//! ```
//!
//! Negative bins are not clipped one by one, which would fatten the tails; the
//! isotonic fit absorbs them. A band too empty to have a shape takes its
//! grade's, a grade without one takes the standard normal, which is what
//! standardised residuals follow where nothing is known.

use std::collections::BTreeMap;

use peerlight_proto::{
    charter::{Charter, GrowthModel, ProgramKind},
    group::StudentGroup,
    layout::Quantity,
    names::{MemberId, SubjectId},
    units::{ContentHash, Grade},
    v1::{GrowthTable, GrowthTables},
};

use crate::{estimate::Release, normal::cumulative};

/// A total below this many of its sigmas has no shape of its own.
const LEAST_SIGMAS: f64 = 5.0;

/// Millionths in one.
const MILLION: f64 = 1_000_000.0;

/// How one grade's pool turned out.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    /// The subject.
    pub subject: SubjectId,
    /// Grade of the current score.
    pub grade: Grade,
    /// Members whose histograms are in it.
    pub members: usize,
    /// Students by the noisy pool.
    pub students: f64,
    /// Standard deviation of that number's noise.
    pub students_sigma: f64,
    /// Bands that had to take the grade's shape.
    pub borrowed_bands: usize,
}

/// A round's tables and how they came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// What is signed and sent to the members.
    pub tables: GrowthTables,
    /// One entry a subject and grade.
    pub pooled: Vec<Pooled>,
}

/// Why a round cannot be closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundError {
    /// The charter has no growth program.
    #[error("the charter has no growth program: there is no round to close")]
    NoProgram,
    /// Nobody has sent a histogram.
    #[error("no member has sent a growth histogram yet: wait for a sync, then close the round")]
    Empty,
}

/// Noisy bins of one band, and the variance of each bin's noise.
#[derive(Clone, Debug)]
struct Histogram {
    bins: Vec<f64>,
    variance: f64,
}

/// Members that have sent a histogram, for `growth status`.
pub fn reporting_members(releases: &[Release]) -> Vec<MemberId> {
    let mut members: Vec<MemberId> = releases
        .iter()
        .filter(|release| is_histogram(release))
        .map(|release| release.member.clone())
        .collect();
    members.sort();
    members.dedup();
    members
}

/// Pools the histograms among `releases`, whose order does not matter, and
/// makes the year's tables.
pub fn close_round(
    charter: &Charter,
    charter_hash: ContentHash,
    releases: &[Release],
) -> Result<Round, RoundError> {
    let members = reporting_members(releases).len();
    if members == 0 {
        return Err(RoundError::Empty);
    }
    let mut tables = Vec::new();
    let mut pooled = Vec::new();
    for program in &charter.policy.programs {
        let ProgramKind::GrowthHistogram { subject } = &program.kind else { continue };
        let Some(model) = charter.policy.growth.get(subject) else { continue };
        let sent: Vec<&Release> = releases
            .iter()
            .filter(|release| release.layout.program == program.id && is_histogram(release))
            .collect();
        for grade in program.grades.iter() {
            let (bands, contributors) = pool(&sent, grade, model);
            let (cdfs, summary) = shape(subject, grade, contributors, &bands, model);
            for (band, (cdf, histogram)) in cdfs.iter().zip(&bands).enumerate() {
                tables.push(GrowthTable {
                    subject: subject.to_string(),
                    grade: grade.to_string(),
                    band: band as u32,
                    cumulative_millionths: cdf
                        .iter()
                        .map(|share| (share * MILLION).round() as u32)
                        .collect(),
                    pooled_students: histogram.bins.iter().sum::<f64>().round() as i64,
                });
            }
            pooled.push(summary);
        }
    }
    if tables.is_empty() {
        return Err(RoundError::NoProgram);
    }
    let tables = GrowthTables {
        consortium: charter.consortium.to_string(),
        charter_hash: charter_hash.as_bytes().to_vec(),
        growth_hash: charter.growth_hash().as_bytes().to_vec(),
        school_year: u32::from(charter.school_year.ending_year()),
        tables,
        members_pooled: members as u32,
        method: "Sum of the members' histograms, each with its own local noise; isotonic \
                 cumulative shares, shrunk towards the grade's by how noisy a band is."
            .to_owned(),
    };
    Ok(Round { tables, pooled })
}

fn is_histogram(release: &Release) -> bool {
    let blocks = &release.layout.blocks;
    blocks.iter().any(|block| matches!(block.quantity, Quantity::Histogram { .. }))
}

/// One grade's bands summed over members, and how many contributed.
fn pool(releases: &[&Release], grade: Grade, model: &GrowthModel) -> (Vec<Histogram>, usize) {
    let bins = model.bins as usize;
    let bands = model.grade.get(&grade).map_or(1, |grade| grade.bands.len() + 1);
    let mut pooled = vec![Histogram { bins: vec![0.0; bins], variance: 0.0 }; bands];
    let mut members = 0;
    for release in releases {
        for (block, values) in release.layout.blocks.iter().zip(&release.blocks) {
            let same_shape = block.quantity == Quantity::Histogram { bands, bins };
            let group = StudentGroup::Grade(grade);
            let Some(column) = block.groups.iter().position(|known| *known == group) else {
                continue;
            };
            let start = block.position(0, column);
            let Some(cells) = values.get(start..start + bands * bins).filter(|_| same_shape) else {
                continue;
            };
            members += 1;
            for (histogram, cells) in pooled.iter_mut().zip(cells.chunks(bins)) {
                histogram.variance += block.sigma.units().powi(2);
                for (sum, cell) in histogram.bins.iter_mut().zip(cells) {
                    *sum += *cell as f64;
                }
            }
        }
    }
    (pooled, members)
}

/// The cumulative shares of each band at the inner bin edges.
fn shape(
    subject: &SubjectId,
    grade: Grade,
    members: usize,
    bands: &[Histogram],
    model: &GrowthModel,
) -> (Vec<Vec<f64>>, Pooled) {
    let bins = model.bins as usize;
    let mut whole = Histogram { bins: vec![0.0; bins], variance: 0.0 };
    for band in bands {
        whole.variance += band.variance;
        whole.bins.iter_mut().zip(&band.bins).for_each(|(sum, cell)| *sum += cell);
    }
    let base = whole.shares().unwrap_or_else(|| normal_shares(bins, model.residual_limit));
    let mut borrowed_bands = 0;
    let cdfs = bands
        .iter()
        .map(|band| {
            let Some(own) = band.shares() else {
                borrowed_bands += 1;
                return base.clone();
            };
            let kept = band.kept(&own, &base);
            own.iter().zip(&base).map(|(own, base)| kept * own + (1.0 - kept) * base).collect()
        })
        .collect();
    let summary = Pooled {
        subject: subject.clone(),
        grade,
        members,
        students: whole.bins.iter().sum(),
        students_sigma: (whole.variance * bins as f64).sqrt(),
        borrowed_bands,
    };
    (cdfs, summary)
}

impl Histogram {
    /// Isotonic cumulative shares at the inner edges; `None` where the total
    /// could as well be noise.
    fn shares(&self) -> Option<Vec<f64>> {
        let total: f64 = self.bins.iter().sum();
        let sigma = (self.variance * self.bins.len() as f64).sqrt();
        if total <= 0.0 || total < LEAST_SIGMAS * sigma {
            return None;
        }
        let raw = self.bins.iter().scan(0.0, |sum, cell| {
            *sum += cell;
            Some(*sum / total)
        });
        let inner: Vec<f64> = raw.take(self.bins.len() - 1).collect();
        Some(isotonic(&inner).into_iter().map(|share| share.clamp(0.0, 1.0)).collect())
    }

    /// How much of its difference from the base a band keeps: the part of the
    /// mean squared difference that its noise does not explain. A cumulative
    /// share's noise is that of a walk tied down at both ends, on average
    /// variance x bins / 6 over the squared total.
    fn kept(&self, own: &[f64], base: &[f64]) -> f64 {
        let total: f64 = self.bins.iter().sum();
        let noise = self.variance * self.bins.len() as f64 / 6.0 / (total * total);
        let squares: f64 = own.iter().zip(base).map(|(own, base)| (own - base).powi(2)).sum();
        let difference = squares / own.len().max(1) as f64;
        if difference > 0.0 { (1.0 - noise / difference).clamp(0.0, 1.0) } else { 1.0 }
    }
}

/// Standard normal shares at the inner edges of bins that divide ± `limit`.
fn normal_shares(bins: usize, limit: f64) -> Vec<f64> {
    let width = 2.0 * limit / bins as f64;
    (1..bins).map(|edge| cumulative(width.mul_add(edge as f64, -limit))).collect()
}

/// The never-decreasing sequence nearest in squares (pool adjacent violators).
fn isotonic(values: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for value in values {
        let mut pool = (*value, 1);
        while let Some(&(sum, count)) = pools.last() {
            if sum / count as f64 <= pool.0 / pool.1 as f64 {
                break;
            }
            pools.pop();
            pool = (pool.0 + sum, pool.1 + count);
        }
        pools.push(pool);
    }
    let level = |&(sum, count): &(f64, usize)| std::iter::repeat_n(sum / count as f64, count);
    pools.iter().flat_map(level).collect()
}

/// The tables of a subject's grade, by band: what a node looks percentiles up in.
pub fn tables_of<'a>(
    tables: &'a GrowthTables,
    subject: &SubjectId,
    grade: Grade,
) -> BTreeMap<u32, &'a GrowthTable> {
    let grade = grade.to_string();
    let same = |table: &&GrowthTable| table.subject == subject.as_str() && table.grade == grade;
    tables.tables.iter().filter(same).map(|table| (table.band, table)).collect()
}

#[cfg(test)]
mod tests;
