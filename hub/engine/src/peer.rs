//! Peers: like schools of other districts whose growth is credibly better.
//!
//! ```text
//! candidates   like schools of other districts whose growth is precise enough
//! qualify      P(theirs > ours) ≥ the charter's claim probability, over joint
//!              posterior draws of shrunk growth; never a higher value alone
//! shown        the most alike of those, at most three
//! stability    share of draws in which it is among the first three, by
//!              likeness, of all candidates whose draw is above ours
//! ```
//!
//! The last line applies the same rule inside each draw, where "better" is not
//! a matter of probability. A peer that is surely better but has many better
//! schools nearer than itself is therefore less stable than one without.

use crate::{
    display::Precision,
    normal::{Normals, Z95},
    posterior::Posterior,
    similar::Like,
};

/// Peers that are shown at most.
pub const MOST_PEERS: usize = 3;

/// What is known of one school's growth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Growth {
    /// Precise enough to compare.
    Known(Posterior),
    /// Not, and why.
    Unknown(Precision),
}

/// A like school of another district that credibly grows faster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peer {
    /// Its position in the directory.
    pub school: usize,
    /// Its growth, shrunk towards the network's by how precise it is.
    pub growth: f64,
    /// Lower end of its 95 % interval.
    pub growth_low: f64,
    /// Upper end of its 95 % interval.
    pub growth_high: f64,
    /// Probability that its growth is higher than the asking school's.
    pub probability_better: f64,
    /// Share of posterior draws in which it stays among those shown.
    pub stability: f64,
    /// How like it is; 0 is identical.
    pub distance: f64,
}

/// What came of looking for peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The measure is for grades the asking school does not serve.
    OtherGrades,
    /// Peers were found.
    Found,
    /// The asking school's own growth is not known well enough, and why.
    OwnUnknown(Precision),
    /// No school is like it.
    NoLikeSchools,
    /// Every like school is of its own district.
    OnlyOwnDistrict,
    /// No like school of another district has growth that is precise enough.
    OthersUnknown,
    /// None is better with enough probability.
    NoneBetter,
}

/// Peers of one school on one growth measure, or why there are none.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// At most three, most like first.
    pub peers: Vec<Peer>,
    /// What came of it.
    pub verdict: Verdict,
    /// The asking school's growth, shrunk, where precise enough.
    pub own: Option<Posterior>,
    /// Like schools of other districts that could be compared.
    pub compared: usize,
    /// Of those, the ones that are credibly better.
    pub qualified: usize,
}

/// Joint posterior draws of a network's growth: independent between schools.
pub struct Draws {
    draws: usize,
    values: Vec<f32>,
}

impl Draws {
    /// Draws every known school `draws` times.
    pub fn new(growth: &[Growth], draws: usize, normals: &mut Normals) -> Self {
        let mut values = vec![f32::NAN; growth.len() * draws];
        for (row, growth) in values.chunks_mut(draws.max(1)).zip(growth) {
            if let Growth::Known(posterior) = growth {
                for value in row {
                    *value = (posterior.mean + posterior.sd * normals.draw()) as f32;
                }
            }
        }
        Self { draws, values }
    }

    fn of(&self, school: usize) -> &[f32] {
        &self.values[school * self.draws..(school + 1) * self.draws]
    }
}

/// Both ends of a posterior's 95 % interval, within 0 to 100.
pub fn interval(posterior: Posterior) -> (f64, f64) {
    let reach = Z95 * posterior.sd;
    ((posterior.mean - reach).clamp(0.0, 100.0), (posterior.mean + reach).clamp(0.0, 100.0))
}

/// Looks for the peers of `school` among its like schools.
pub fn find_peers(
    school: usize,
    like: &[Like],
    is_other_district: impl Fn(usize) -> bool,
    growth: &[Growth],
    draws: &Draws,
    claim_probability: f64,
) -> Answer {
    let none =
        |verdict, own, compared| Answer { peers: Vec::new(), verdict, own, compared, qualified: 0 };
    let own = match growth[school] {
        Growth::Known(own) => own,
        Growth::Unknown(why) => return none(Verdict::OwnUnknown(why), None, 0),
    };
    if like.is_empty() {
        return none(Verdict::NoLikeSchools, Some(own), 0);
    }
    let elsewhere: Vec<&Like> = like.iter().filter(|like| is_other_district(like.school)).collect();
    if elsewhere.is_empty() {
        return none(Verdict::OnlyOwnDistrict, Some(own), 0);
    }
    let candidates: Vec<(&Like, Posterior)> = elsewhere
        .into_iter()
        .filter_map(|like| match growth[like.school] {
            Growth::Known(posterior) => Some((like, posterior)),
            Growth::Unknown(_) => None,
        })
        .collect();
    if candidates.is_empty() {
        return none(Verdict::OthersUnknown, Some(own), 0);
    }
    let (better, shown) = tally(school, &candidates, draws);
    let total = draws.draws.max(1) as f64;
    let mut peers: Vec<Peer> = candidates
        .iter()
        .zip(better.iter().zip(&shown))
        .map(|((like, posterior), (better, shown))| {
            let (growth_low, growth_high) = interval(*posterior);
            Peer {
                school: like.school,
                growth: posterior.mean,
                growth_low,
                growth_high,
                probability_better: *better as f64 / total,
                stability: *shown as f64 / total,
                distance: like.distance,
            }
        })
        .filter(|peer| peer.probability_better >= claim_probability)
        .collect();
    let qualified = peers.len();
    peers.truncate(MOST_PEERS);
    let verdict = if peers.is_empty() { Verdict::NoneBetter } else { Verdict::Found };
    Answer { peers, verdict, own: Some(own), compared: candidates.len(), qualified }
}

/// For each candidate, most like first: the draws in which it is better, and
/// those in which it is also among the first [`MOST_PEERS`] better ones.
fn tally(
    school: usize,
    candidates: &[(&Like, Posterior)],
    draws: &Draws,
) -> (Vec<usize>, Vec<usize>) {
    let mut better = vec![0; candidates.len()];
    let mut shown = vec![0; candidates.len()];
    let mut ahead = vec![0; draws.draws];
    let own = draws.of(school);
    for (position, (like, _)) in candidates.iter().enumerate() {
        for ((theirs, own), ahead) in draws.of(like.school).iter().zip(own).zip(&mut ahead) {
            if theirs > own {
                better[position] += 1;
                shown[position] += usize::from(*ahead < MOST_PEERS);
                *ahead += 1;
            }
        }
    }
    (better, shown)
}

impl Answer {
    /// The answer to a school that serves no grade of the measure.
    pub const fn of_other_grades() -> Self {
        Self {
            peers: Vec::new(),
            verdict: Verdict::OtherGrades,
            own: None,
            compared: 0,
            qualified: 0,
        }
    }

    /// A sentence for the reader.
    pub fn explanation(&self, claim_probability: f64) -> String {
        let percent = claim_probability * 100.0;
        let compared = count(self.compared, "like school", "like schools");
        match self.verdict {
            Verdict::Found if self.qualified > self.peers.len() => format!(
                "{} of {compared} of other districts grow faster than yours with a probability \
                 of at least {percent:.0} %; shown are the {} most like yours.",
                self.qualified,
                self.peers.len()
            ),
            Verdict::Found => format!(
                "{} of {compared} of other districts {} faster than yours with a probability of \
                 at least {percent:.0} %.",
                self.qualified,
                if self.qualified == 1 { "grows" } else { "grow" }
            ),
            Verdict::NoneBetter => format!(
                "No like school is clearly better: none of {compared} of other districts grows \
                 faster than yours with a probability of at least {percent:.0} %."
            ),
            Verdict::OthersUnknown => "Like schools of other districts have no growth yet that \
                 is precise enough to compare."
                .to_owned(),
            Verdict::OnlyOwnDistrict => {
                "Every like school is of your own district; peers are sought in others.".to_owned()
            }
            Verdict::NoLikeSchools => {
                "No school of the network has the same level and type and serves similar children."
                    .to_owned()
            }
            Verdict::OtherGrades => {
                "This measure is for grades that your school does not serve.".to_owned()
            }
            Verdict::OwnUnknown(why) => match why {
                Precision::NotOffered => "Your district does not offer this measure.",
                Precision::NotReported => "Your district has not reported this measure yet.",
                Precision::TooFewStudents => "Too few students.",
                Precision::Hidden | Precision::Point | Precision::Band => {
                    "Your growth is not known precisely enough to say that another is better."
                }
            }
            .to_owned(),
        }
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(mean: f64, sd: f64) -> Growth {
        Growth::Known(Posterior { mean, sd })
    }

    fn like(schools: &[usize]) -> Vec<Like> {
        schools.iter().map(|&school| Like { school, distance: school as f64 / 10.0 }).collect()
    }

    fn ask(growth: &[Growth], like: &[Like], own_district: &[usize]) -> Answer {
        let draws = Draws::new(growth, 2_000, &mut Normals::new(1, 0));
        find_peers(0, like, |school| !own_district.contains(&school), growth, &draws, 0.8)
    }

    #[test]
    fn the_most_alike_of_the_credibly_better_are_shown() {
        let growth = [
            known(45.0, 2.0),
            known(46.0, 2.0),
            known(60.0, 2.0),
            known(62.0, 2.0),
            known(40.0, 2.0),
            known(64.0, 2.0),
            known(90.0, 2.0),
        ];
        let answer = ask(&growth, &like(&[1, 2, 3, 4, 5, 6]), &[0]);
        let schools: Vec<usize> = answer.peers.iter().map(|peer| peer.school).collect();
        assert_eq!(schools, [2, 3, 5]);
        assert_eq!((answer.verdict, answer.qualified), (Verdict::Found, 4));
        assert!(answer.peers.iter().all(|peer| peer.probability_better > 0.99));
        // School 1 is better in some draws and nearer, so it pushes the third out.
        assert!(answer.peers[0].stability > 0.99);
        assert!((0.2..0.8).contains(&answer.peers[2].stability));
    }

    #[test]
    fn a_school_of_the_same_district_is_never_a_peer() {
        let growth = [known(40.0, 1.0), known(90.0, 1.0), known(90.0, 1.0)];
        let answer = ask(&growth, &like(&[1, 2]), &[0, 1]);
        assert_eq!(answer.peers.len(), 1);
        assert_eq!(answer.peers[0].school, 2);
        assert_eq!(ask(&growth, &like(&[1]), &[0, 1]).verdict, Verdict::OnlyOwnDistrict);
    }

    #[test]
    fn a_higher_value_alone_makes_no_peer() {
        let growth = [known(45.0, 8.0), known(50.0, 8.0)];
        let answer = ask(&growth, &like(&[1]), &[0]);
        assert_eq!(answer.verdict, Verdict::NoneBetter);
        assert!(answer.peers.is_empty() && answer.compared == 1);
    }

    #[test]
    fn every_way_to_have_no_peer_has_its_own_sentence() {
        let hidden = Growth::Unknown(Precision::Hidden);
        let answers = [
            ask(&[hidden, known(90.0, 1.0)], &like(&[1]), &[0]),
            ask(&[Growth::Unknown(Precision::NotOffered)], &[], &[0]),
            ask(&[Growth::Unknown(Precision::NotReported)], &[], &[0]),
            ask(&[known(40.0, 1.0)], &[], &[0]),
            ask(&[known(40.0, 1.0), known(90.0, 1.0)], &like(&[1]), &[0, 1]),
            ask(&[known(40.0, 1.0), hidden], &like(&[1]), &[0]),
            ask(&[known(40.0, 1.0), known(30.0, 1.0)], &like(&[1]), &[0]),
            ask(&[known(40.0, 1.0), known(90.0, 1.0)], &like(&[1]), &[0]),
        ];
        let mut sentences: Vec<String> =
            answers.iter().map(|answer| answer.explanation(0.8)).collect();
        sentences.sort();
        sentences.dedup();
        assert_eq!(sentences.len(), answers.len());
    }
}
