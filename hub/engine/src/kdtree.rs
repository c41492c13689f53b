//! A k-d tree that finds exactly the nearest points that a scan would find.
//!
//! Equal to the last bit: a box's bound is computed with the same operations
//! in the same order as a distance, and floating-point subtraction,
//! multiplication and addition of such terms are monotone, so a bound never
//! passes a distance inside its box. Ties go to the lower id. Caps are looked
//! at last, for the few points that are near enough to matter.

use crate::feature::{Feature, LANES};

/// Points in a leaf.
const LEAF: usize = 16;

/// Points that have the same features, as a tree of boxes.
pub struct Tree {
    width: usize,
    /// Ids in the tree's order.
    ids: Vec<u32>,
    scaled: Vec<f64>,
    raw: Vec<f64>,
    nodes: Vec<Node>,
    /// Least and greatest scaled, then raw values: four rows a node.
    boxes: Vec<f64>,
}

struct Node {
    start: usize,
    end: usize,
    /// Left and right child; none for a leaf.
    children: Option<(usize, usize)>,
}

/// What is looked for.
pub struct Query<'a> {
    /// The asking point, which is not its own neighbour.
    pub id: u32,
    /// Its coordinates.
    pub scaled: &'a [f64],
    /// Its values in the features' units.
    pub raw: &'a [f64],
    /// What it shares with every point of the tree.
    pub shared: &'a Shared,
    /// The features, for their caps.
    pub features: &'a [Feature],
}

/// The features that two points both have.
pub struct Shared {
    /// One for a shared feature, zero for any other, padded like the rows.
    pub mask: Vec<f64>,
    /// Those that have a cap.
    pub capped: Vec<usize>,
    /// Sum of their weights.
    pub weight: f64,
}

/// The nearest so far: squared distances and ids, ascending.
pub struct Nearest {
    most: usize,
    found: Vec<(f64, u32)>,
}

impl Nearest {
    /// Room for `most` points.
    pub fn new(most: usize) -> Self {
        Self { most, found: Vec::with_capacity(most + 1) }
    }

    /// Whether a point is near enough to be taken in.
    fn wants(&self, squared: f64, id: u32) -> bool {
        self.found.len() < self.most
            || self.found.last().is_some_and(|worst| (squared, id) < *worst)
    }

    /// Takes a point in, if it is near enough and within the caps.
    pub fn offer(&mut self, query: &Query<'_>, id: u32, scaled: &[f64], raw: &[f64]) {
        let squared = query.squared_distance(scaled);
        if self.wants(squared, id) && query.is_within_caps(raw) {
            let position = self.found.partition_point(|known| *known < (squared, id));
            self.found.insert(position, (squared, id));
            self.found.truncate(self.most);
        }
    }

    /// Squared distance beyond which nothing is taken in any more.
    fn limit(&self) -> f64 {
        if self.found.len() < self.most {
            f64::INFINITY
        } else {
            self.found.last().map_or(f64::NEG_INFINITY, |worst| worst.0)
        }
    }

    /// Squared distances and ids, nearest first.
    pub fn into_found(self) -> Vec<(f64, u32)> {
        self.found
    }
}

impl Query<'_> {
    /// The squared distance to a point over the shared features: the weighted
    /// mean of squared differences.
    fn squared_distance(&self, scaled: &[f64]) -> f64 {
        let mut sums = [0.0; LANES];
        let own = self.scaled.chunks_exact(LANES);
        let rows = own.zip(scaled.chunks_exact(LANES)).zip(self.shared.mask.chunks_exact(LANES));
        for ((own, other), mask) in rows {
            for lane in 0..LANES {
                let difference = (own[lane] - other[lane]) * mask[lane];
                sums[lane] += difference * difference;
            }
        }
        self.mean(sums)
    }

    /// The least squared distance to any point of a box.
    fn squared_bound(&self, low: &[f64], high: &[f64]) -> f64 {
        let mut sums = [0.0; LANES];
        let own = self.scaled.chunks_exact(LANES).zip(self.shared.mask.chunks_exact(LANES));
        let boxes = low.chunks_exact(LANES).zip(high.chunks_exact(LANES));
        for ((own, mask), (low, high)) in own.zip(boxes) {
            for lane in 0..LANES {
                let outside = (low[lane] - own[lane]).max(own[lane] - high[lane]).max(0.0);
                let gap = outside * mask[lane];
                sums[lane] += gap * gap;
            }
        }
        self.mean(sums)
    }

    fn mean(&self, [one, two, three, four]: [f64; LANES]) -> f64 {
        ((one + two) + (three + four)) / self.shared.weight
    }

    fn is_within_caps(&self, raw: &[f64]) -> bool {
        let beyond = |&feature: &usize| {
            self.features[feature].is_beyond_cap((self.raw[feature] - raw[feature]).abs())
        };
        !self.shared.capped.iter().any(beyond)
    }
}

impl Tree {
    /// Builds it from the ids of points and functions to their values.
    pub fn build(mut ids: Vec<u32>, width: usize, scaled: &[f64], raw: &[f64]) -> Self {
        let mut tree = Self {
            width,
            ids: Vec::new(),
            scaled: Vec::with_capacity(ids.len() * width),
            raw: Vec::with_capacity(ids.len() * width),
            nodes: Vec::new(),
            boxes: Vec::new(),
        };
        let count = ids.len();
        tree.split(&mut ids, 0, scaled, raw);
        debug_assert!(tree.nodes.first().is_none_or(|root| root.end == count));
        for id in &ids {
            let row = *id as usize * width..(*id as usize + 1) * width;
            tree.scaled.extend(&scaled[row.clone()]);
            tree.raw.extend(&raw[row]);
        }
        tree.ids = ids;
        tree
    }

    /// Ids in an order in which neighbours are close together.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Adds the node of `ids`, which start at `start` of the tree's order.
    fn split(&mut self, ids: &mut [u32], start: usize, scaled: &[f64], raw: &[f64]) -> usize {
        let width = self.width;
        let bounds = |values: &[f64], feature: usize| {
            ids.iter()
                .map(|id| values[*id as usize * width + feature])
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                    (low.min(value), high.max(value))
                })
        };
        let scaled_bounds: Vec<(f64, f64)> = (0..width).map(|f| bounds(scaled, f)).collect();
        let raw_bounds: Vec<(f64, f64)> = (0..width).map(|f| bounds(raw, f)).collect();
        let node = self.nodes.len();
        self.nodes.push(Node { start, end: start + ids.len(), children: None });
        self.boxes.extend(scaled_bounds.iter().map(|bound| bound.0));
        self.boxes.extend(scaled_bounds.iter().map(|bound| bound.1));
        self.boxes.extend(raw_bounds.iter().map(|bound| bound.0));
        self.boxes.extend(raw_bounds.iter().map(|bound| bound.1));

        let spread = |feature: &usize| scaled_bounds[*feature].1 - scaled_bounds[*feature].0;
        let widest = (0..width).max_by(|one, other| spread(one).total_cmp(&spread(other)));
        let Some(widest) = widest.filter(|feature| ids.len() > LEAF && spread(feature) > 0.0)
        else {
            return node;
        };
        let middle = ids.len() / 2;
        let key = |id: &u32| scaled[*id as usize * width + widest];
        ids.select_nth_unstable_by(middle, |one, other| {
            key(one).total_cmp(&key(other)).then(one.cmp(other))
        });
        let (lower, upper) = ids.split_at_mut(middle);
        let left = self.split(lower, start, scaled, raw);
        let right = self.split(upper, start + middle, scaled, raw);
        self.nodes[node].children = Some((left, right));
        node
    }

    /// Offers every point that could be among the nearest.
    pub fn search(&self, query: &Query<'_>, nearest: &mut Nearest) {
        if !self.ids.is_empty()
            && let Some(bound) = self.bound(query, 0)
        {
            self.visit(query, 0, bound, nearest);
        }
    }

    fn visit(&self, query: &Query<'_>, node: usize, bound: f64, nearest: &mut Nearest) {
        if bound > nearest.limit() {
            return;
        }
        let Some((left, right)) = self.nodes[node].children else {
            self.scan(query, &self.nodes[node], nearest);
            return;
        };
        let nearer = [(left, self.bound(query, left)), (right, self.bound(query, right))];
        let [first, second] = match (nearer[0].1, nearer[1].1) {
            (Some(one), Some(other)) if other < one => [nearer[1], nearer[0]],
            _ => nearer,
        };
        for (child, bound) in [first, second] {
            if let Some(bound) = bound {
                self.visit(query, child, bound, nearest);
            }
        }
    }

    fn scan(&self, query: &Query<'_>, leaf: &Node, nearest: &mut Nearest) {
        for position in leaf.start..leaf.end {
            let id = self.ids[position];
            let row = position * self.width..(position + 1) * self.width;
            if id != query.id {
                nearest.offer(query, id, &self.scaled[row.clone()], &self.raw[row]);
            }
        }
    }

    /// The least squared distance to any point in a node's box; `None` where
    /// all of them are beyond a cap.
    fn bound(&self, query: &Query<'_>, node: usize) -> Option<f64> {
        let width = self.width;
        let row = |row: usize| &self.boxes[(node * 4 + row) * width..(node * 4 + row + 1) * width];
        let (raw_low, raw_high) = (row(2), row(3));
        let beyond = |&feature: &usize| {
            let raw = query.raw[feature];
            let outside = (raw_low[feature] - raw).max(raw - raw_high[feature]);
            query.features[feature].is_beyond_cap(outside)
        };
        if query.shared.capped.iter().any(beyond) {
            return None;
        }
        Some(query.squared_bound(row(0), row(1)))
    }
}
