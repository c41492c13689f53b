//! Like schools: the nearest schools of the same level and type, by whom they
//! serve and never by outcomes.
//!
//! ```text
//! distance² = Σ weight · (difference in sd)² / Σ weight     over features both have
//! like      = no capped feature differs by more than its cap; nearest first,
//!             at most the charter's count, ties by school id
//! ```
//!
//! Features are standardised within the network's schools of one level and
//! type. A missing feature drops out and its weight spreads over the rest.
//! Schools of the same district are like schools too; peers are not sought
//! among them. No privacy budget is spent: the directory is public.

use std::collections::BTreeMap;

use peerlight_proto::{
    charter::Similar,
    directory::{Level, School},
};

use crate::{
    feature::{Coordinates, Feature, features},
    kdtree::{Nearest, Query, Shared, Tree},
};

/// One like school.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Like {
    /// Its position in the directory.
    pub school: usize,
    /// Weighted standardised distance; 0 is identical.
    pub distance: f64,
}

/// The like schools of one school.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LikeSchools {
    /// Nearest first.
    pub like: Vec<Like>,
    /// Features that the school lacks, whose weight was spread over the rest.
    pub missing_features: Vec<String>,
}

/// Schools that may be compared: one level, one type.
struct Pool<'a> {
    /// Positions in the directory.
    schools: Vec<usize>,
    features: &'a [Feature],
    coordinates: Coordinates,
}

/// The like schools of every school, in the schools' order. Works on up to
/// `threads` threads; the answer does not depend on how many.
pub fn like_schools(policy: &Similar, schools: &[School], threads: usize) -> Vec<LikeSchools> {
    let features = features(policy);
    let mut answers = vec![LikeSchools::default(); schools.len()];
    for pool in pools(&features, schools) {
        for (school, like) in pool.nearest(policy.count, threads.max(1)) {
            answers[school] = like;
        }
    }
    answers
}

/// The same by comparing every pair: what [`like_schools`] must equal.
pub fn like_schools_by_every_pair(
    policy: &Similar,
    schools: &[School],
    of: &[usize],
) -> Vec<LikeSchools> {
    let features = features(policy);
    let pools = pools(&features, schools);
    of.iter()
        .map(|school| {
            let found = pools.iter().find_map(|pool| {
                let position = pool.schools.binary_search(school).ok()?;
                Some(pool.scan(position, policy.count))
            });
            found.unwrap_or_default()
        })
        .collect()
}

fn pools<'a>(features: &'a [Feature], schools: &[School]) -> Vec<Pool<'a>> {
    let mut groups: BTreeMap<(Level, &str), Vec<usize>> = BTreeMap::new();
    for (position, school) in schools.iter().enumerate() {
        groups.entry((school.level, &school.school_type)).or_default().push(position);
    }
    groups
        .into_values()
        .map(|positions| {
            let members: Vec<&School> =
                positions.iter().map(|position| &schools[*position]).collect();
            let coordinates = Coordinates::of(features, &members);
            Pool { schools: positions, features, coordinates }
        })
        .collect()
}

impl Pool<'_> {
    fn nearest(&self, count: usize, threads: usize) -> Vec<(usize, LikeSchools)> {
        let Coordinates { width, scaled, raw, present } = &self.coordinates;
        // One tree for each set of features that some school has: between two
        // trees the shared features, and so the weights, are the same for all.
        let mut by_present: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for (point, present) in present.iter().enumerate() {
            by_present.entry(*present).or_default().push(point as u32);
        }
        let mut trees: Vec<(u64, Tree)> = by_present
            .into_iter()
            .map(|(present, points)| (present, Tree::build(points, *width, scaled, raw)))
            .collect();
        // The largest first: what is near in it keeps the search of the rest short.
        trees.sort_by_key(|(_, tree)| std::cmp::Reverse(tree.ids().len()));
        let order: Vec<u32> = trees.iter().flat_map(|(_, tree)| tree.ids()).copied().collect();
        let share = order.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            let workers: Vec<_> = order
                .chunks(share)
                .map(|points| scope.spawn(|| self.nearest_of(points, &trees, count)))
                .collect();
            workers
                .into_iter()
                .flat_map(|worker| worker.join().expect("the search does not panic"))
                .collect()
        })
    }

    fn nearest_of(
        &self,
        points: &[u32],
        trees: &[(u64, Tree)],
        count: usize,
    ) -> Vec<(usize, LikeSchools)> {
        let mut shared_of: BTreeMap<u64, Vec<Shared>> = BTreeMap::new();
        points
            .iter()
            .map(|&point| {
                let own = self.coordinates.present[point as usize];
                let shared = shared_of.entry(own).or_insert_with(|| {
                    trees.iter().map(|(present, _)| self.shared(own & present)).collect()
                });
                let mut nearest = Nearest::new(count);
                for ((_, tree), shared) in trees.iter().zip(shared.iter()) {
                    if shared.weight > 0.0 {
                        tree.search(&self.query(point, shared), &mut nearest);
                    }
                }
                (self.schools[point as usize], self.answer(own, nearest))
            })
            .collect()
    }

    /// One school against every other.
    fn scan(&self, point: usize, count: usize) -> LikeSchools {
        let Coordinates { width, scaled, raw, present } = &self.coordinates;
        let mut nearest = Nearest::new(count);
        let mut known: BTreeMap<u64, Shared> = BTreeMap::new();
        for other in (0..self.schools.len()).filter(|other| *other != point) {
            let both = present[point] & present[other];
            let shared = known.entry(both).or_insert_with(|| self.shared(both));
            if shared.weight > 0.0 {
                let row = other * width..(other + 1) * width;
                let query = self.query(point as u32, shared);
                nearest.offer(&query, other as u32, &scaled[row.clone()], &raw[row]);
            }
        }
        self.answer(present[point], nearest)
    }

    /// What two points that both have these features share.
    fn shared(&self, present: u64) -> Shared {
        let mut shared =
            Shared { mask: vec![0.0; self.coordinates.width], capped: Vec::new(), weight: 0.0 };
        for (position, feature) in self.features.iter().enumerate() {
            if present & (1 << position) != 0 {
                shared.mask[position] = 1.0;
                shared.weight += feature.weight;
                if feature.cap.is_finite() {
                    shared.capped.push(position);
                }
            }
        }
        shared
    }

    fn query<'a>(&'a self, point: u32, shared: &'a Shared) -> Query<'a> {
        let width = self.coordinates.width;
        let row = point as usize * width..(point as usize + 1) * width;
        Query {
            id: point,
            scaled: &self.coordinates.scaled[row.clone()],
            raw: &self.coordinates.raw[row],
            shared,
            features: self.features,
        }
    }

    fn answer(&self, present: u64, nearest: Nearest) -> LikeSchools {
        let like = nearest
            .into_found()
            .into_iter()
            .map(|(squared, point)| Like {
                school: self.schools[point as usize],
                distance: squared.sqrt(),
            })
            .collect();
        let missing = self.features.iter().enumerate().filter(|(f, _)| present & (1 << f) == 0);
        LikeSchools {
            like,
            missing_features: missing.map(|(_, feature)| feature.name.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
