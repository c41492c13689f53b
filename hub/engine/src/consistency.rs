//! Consistency: a school's margins made to agree, by weighted least squares.
//!
//! Grade, race (with unknown) and gender each split all students, so the true
//! cells of each sum to the true total; the noisy ones do not. Among all
//! unbiased linear estimates that obey the sums, the least-squares one with
//! weights 1/σ² has the least variance (Gauss and Markov). For a total with
//! margins below it, it is closed (after Hay, Rastogi, Miklau and Suciu 2010,
//! "Boosting the accuracy of differentially private histograms through
//! consistency", section 4; here with a variance of its own for each cell):
//!
//! ```text
//! S_m, V_m  sum of margin m's cells, and of their variances
//! T         inverse-variance mean of the all cell and every S_m
//! P         its variance, 1 / (1/v_all + sum of 1/V_m)
//! w_mi      v_mi / V_m, the cell's share of its margin's uncertainty
//! cell      x_mi + w_mi (T − S_m)
//! cov(T, cell mi)       = w_mi P
//! cov(cell mi, cell mj) = [i = j] v_mi − v_mi v_mj / V_m + w_mi w_mj P
//! cov(cell mi, cell nj) = w_mi w_nj P                     for two margins
//! ```
//!
//! Flags overlap and split nothing: they carry no sum rule. Post-processing of
//! what was released: it costs no privacy. Linear in the number of cells.

/// A noisy number and the variance of its noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noisy {
    /// The number, unbiased.
    pub value: f64,
    /// Variance of its noise, above 0.
    pub variance: f64,
}

impl Noisy {
    /// Two independent numbers about the same, by inverse variance.
    #[must_use]
    pub fn combined(self, other: Self) -> Self {
        let (one, two) = (1.0 / self.variance, 1.0 / other.variance);
        let weight = one + two;
        Self { value: (self.value * one + other.value * two) / weight, variance: 1.0 / weight }
    }

    /// The sum of two independent numbers.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { value: self.value + other.value, variance: self.variance + other.variance }
    }
}

/// A cell of a margin, by position.
pub type At = (usize, usize);

/// Margins that agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Consistent {
    /// Everybody.
    pub total: Noisy,
    /// The cells of each margin, as they were given.
    pub margins: Vec<Vec<Noisy>>,
    raw: Vec<MarginVariance>,
}

/// What the covariances of one margin follow from.
#[derive(Clone, Debug, PartialEq)]
struct MarginVariance {
    cells: Vec<f64>,
    sum: f64,
}

/// Makes complete margins agree with each other and with the all cell, if
/// there is one. `None` where there is neither.
pub fn consistent(all: Option<Noisy>, margins: &[Vec<Noisy>]) -> Option<Consistent> {
    let sum = |cells: &Vec<Noisy>| cells.iter().copied().reduce(Noisy::plus);
    let sums: Vec<Option<Noisy>> = margins.iter().map(sum).collect();
    let total = sums.iter().flatten().copied().chain(all).reduce(Noisy::combined)?;
    let mut adjusted = Vec::with_capacity(margins.len());
    let mut raw = Vec::with_capacity(margins.len());
    for (cells, sum) in margins.iter().zip(sums) {
        let sum = sum.unwrap_or(total);
        let moved = cells.iter().map(|cell| {
            let share = cell.variance / sum.variance;
            Noisy {
                value: cell.value + share * (total.value - sum.value),
                variance: cell.variance * (1.0 - share) + share * share * total.variance,
            }
        });
        adjusted.push(moved.collect());
        let cells = cells.iter().map(|cell| cell.variance).collect();
        raw.push(MarginVariance { cells, sum: sum.variance });
    }
    Some(Consistent { total, margins: adjusted, raw })
}

impl Consistent {
    fn share(&self, (margin, cell): At) -> f64 {
        self.raw[margin].cells[cell] / self.raw[margin].sum
    }

    /// Covariance of the total's noise with a cell's.
    pub fn covariance_with_total(&self, cell: At) -> f64 {
        self.share(cell) * self.total.variance
    }

    /// Covariance of two cells' noise; of a cell with itself, its variance.
    pub fn covariance(&self, one: At, other: At) -> f64 {
        let common = self.share(one) * self.share(other) * self.total.variance;
        if one.0 != other.0 {
            return common;
        }
        let own = if one == other { self.raw[one.0].cells[one.1] } else { 0.0 };
        own - self.share(one) * self.raw[other.0].cells[other.1] + common
    }

    /// The sum of some cells of one margin, each named once, with the variance
    /// that their covariances give it: two grades of a school, say.
    pub fn sum_of(&self, margin: usize, cells: &[usize]) -> Noisy {
        let value = cells.iter().map(|&cell| self.margins[margin][cell].value).sum();
        let raw: f64 = cells.iter().map(|&cell| self.raw[margin].cells[cell]).sum();
        let share = raw / self.raw[margin].sum;
        Noisy { value, variance: raw * (1.0 - share) + share * share * self.total.variance }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::normal::Normals;

    /// The generic solution: free parameters are the total and all but the
    /// last cell of each margin; (X'WX)⁻¹ X'Wy by Gauss and Jordan. Gives
    /// estimates and covariances of total, then every cell.
    fn generic(all: Option<Noisy>, margins: &[Vec<Noisy>]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let free = 1 + margins.iter().map(|cells| cells.len() - 1).sum::<usize>();
        let mut total = vec![0.0; free];
        total[0] = 1.0;
        let mut rows = vec![total.clone()];
        let mut start = 1;
        for cells in margins {
            let mut last = total.clone();
            for cell in 0..cells.len() - 1 {
                let mut row = vec![0.0; free];
                row[start + cell] = 1.0;
                last[start + cell] = -1.0;
                rows.push(row);
            }
            rows.push(last);
            start += cells.len() - 1;
        }
        let observed: Vec<Option<Noisy>> =
            std::iter::once(all).chain(margins.iter().flatten().copied().map(Some)).collect();
        let mut system = vec![vec![0.0; 2 * free]; free];
        let mut right = vec![0.0; free];
        for (row, seen) in rows.iter().zip(&observed) {
            let Some(seen) = seen else { continue };
            for i in 0..free {
                right[i] += row[i] * seen.value / seen.variance;
                for j in 0..free {
                    system[i][j] += row[i] * row[j] / seen.variance;
                }
            }
        }
        for (i, row) in system.iter_mut().enumerate() {
            row[free + i] = 1.0;
        }
        for column in 0..free {
            let largest = |&a: &usize, &b: &usize| {
                system[a][column].abs().total_cmp(&system[b][column].abs())
            };
            let pivot = (column..free).max_by(largest).unwrap();
            system.swap(column, pivot);
            let scale = system[column][column];
            system[column].iter_mut().for_each(|value| *value /= scale);
            let own = system[column].clone();
            for (i, row) in system.iter_mut().enumerate() {
                let factor = row[column];
                if i != column {
                    row.iter_mut().zip(&own).for_each(|(value, own)| *value -= factor * own);
                }
            }
        }
        let inverse: Vec<&[f64]> = system.iter().map(|row| &row[free..]).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let solution: Vec<f64> = inverse.iter().map(|row| dot(row, &right)).collect();
        let spread = |row: &[f64]| inverse.iter().map(|it| dot(it, row)).collect::<Vec<_>>();
        let estimates = rows.iter().map(|row| dot(row, &solution)).collect();
        let covariances =
            rows.iter().map(|a| rows.iter().map(|b| dot(a, &spread(b))).collect()).collect();
        (estimates, covariances)
    }

    fn noisy() -> impl Strategy<Value = Noisy> {
        (-500.0..500.0, 1.0..900.0).prop_map(|(value, variance)| Noisy { value, variance })
    }

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-7 * (1.0 + one.abs().max(other.abs()))
    }

    proptest! {
        #[test]
        fn it_is_the_weighted_least_squares_solution(
            all in proptest::option::of(noisy()),
            margins in proptest::collection::vec(proptest::collection::vec(noisy(), 1..9), 1..4),
        ) {
            let found = consistent(all, &margins).unwrap();
            let (estimates, covariances) = generic(all, &margins);
            prop_assert!(close(found.total.value, estimates[0]));
            prop_assert!(close(found.total.variance, covariances[0][0]));
            let cells: Vec<At> = margins
                .iter()
                .enumerate()
                .flat_map(|(margin, cells)| (0..cells.len()).map(move |cell| (margin, cell)))
                .collect();
            for (i, &one) in cells.iter().enumerate() {
                let own = found.margins[one.0][one.1];
                prop_assert!(close(own.value, estimates[i + 1]));
                prop_assert!(close(found.covariance_with_total(one), covariances[0][i + 1]));
                for (j, &other) in cells.iter().enumerate() {
                    let expected = covariances[i + 1][j + 1];
                    prop_assert!(close(found.covariance(one, other), expected));
                }
                prop_assert!(close(found.covariance(one, one), own.variance));
                let raw = margins[one.0][one.1].variance;
                prop_assert!(own.variance <= raw * (1.0 + 1e-12));
            }
            for (margin, cells) in found.margins.iter().enumerate() {
                let sum: f64 = cells.iter().map(|cell| cell.value).sum();
                prop_assert!(close(sum, found.total.value));
                let some: Vec<usize> = (0..cells.len()).step_by(2).collect();
                let expected: f64 = some
                    .iter()
                    .flat_map(|&i| some.iter().map(move |&j| (i, j)))
                    .map(|(i, j)| found.covariance((margin, i), (margin, j)))
                    .sum();
                prop_assert!(close(found.sum_of(margin, &some).variance, expected));
            }
        }
    }

    /// A school of 300 in three margins, one with a grade it does not serve;
    /// 20,000 draws, fixed seed.
    #[test]
    fn it_is_unbiased_and_its_variances_are_those_of_its_draws() {
        let truth = [vec![100.0, 120.0, 80.0, 0.0], vec![10.0, 250.0, 40.0], vec![149.0, 151.0]];
        let sigma = [30.0, 14.0, 30.0];
        let mut normals = Normals::new(5, 0);
        let draws = 20_000;
        let mut sums = vec![vec![(0.0, 0.0); 4]; 3];
        let mut total = (0.0, 0.0);
        let mut last = None;
        for _ in 0..draws {
            let mut noisy = |value: &f64, sigma: f64| Noisy {
                value: value + sigma * normals.draw(),
                variance: sigma * sigma,
            };
            let margins: Vec<Vec<Noisy>> = truth
                .iter()
                .zip(sigma)
                .map(|(cells, sigma)| cells.iter().map(|value| noisy(value, sigma)).collect())
                .collect();
            let found = consistent(Some(noisy(&300.0, 11.0)), &margins).unwrap();
            total.0 += found.total.value - 300.0;
            total.1 += (found.total.value - 300.0).powi(2);
            for (margin, cells) in found.margins.iter().enumerate() {
                for (cell, noisy) in cells.iter().enumerate() {
                    let error = noisy.value - truth[margin][cell];
                    sums[margin][cell].0 += error;
                    sums[margin][cell].1 += error * error;
                }
            }
            last = Some(found);
        }
        let found = last.unwrap();
        let draws = f64::from(draws);
        let check = |(bias, square): (f64, f64), stated: f64| {
            assert!((bias / draws).abs() < 4.0 * (stated / draws).sqrt(), "{bias}");
            assert!((square / draws / stated - 1.0).abs() < 0.05, "{square} {stated}");
        };
        check(total, found.total.variance);
        assert!(found.total.variance < 121.0 * 0.95);
        for (margin, cells) in found.margins.iter().enumerate() {
            for (cell, noisy) in cells.iter().enumerate() {
                check(sums[margin][cell], noisy.variance);
            }
        }
    }

    #[test]
    fn without_margins_the_all_cell_stays_and_without_it_a_margin_gives_the_total() {
        let cell = |value| Noisy { value, variance: 4.0 };
        let alone = consistent(Some(cell(7.0)), &[]).unwrap();
        assert_eq!(alone.total, cell(7.0));
        let split = consistent(None, &[vec![cell(1.0), cell(2.0)]]).unwrap();
        assert_eq!(split.total, Noisy { value: 3.0, variance: 8.0 });
        assert_eq!(split.margins[0], [cell(1.0), cell(2.0)]);
        assert_eq!(consistent(None, &[]), None);
    }
}
