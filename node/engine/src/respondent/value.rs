//! The exact figures of an administration, by school: for the district's own
//! eyes, with no way to the wire.
//!
//! A school's figure is the mean of its respondents' shares, to which each
//! respondent gives the same. The pooled share of all answered items, to which
//! those who answer more items give more, stands beside it where the items are
//! known.

use std::collections::BTreeMap;

use super::{CLIMATE, CONSTRUCTS, Respondent, Response, Responses, Share};

/// One construct of one school, or of the district.
///
/// Deliberately without `Serialize` and `Debug`: the shell prints it on the
/// district's own machine and nowhere else.
#[derive(Clone, PartialEq)]
pub struct SurveyValue {
    /// The school's id; none for the whole district.
    pub school: Option<String>,
    /// The measure, such as `cc_staff_safety`.
    pub measure: String,
    /// Respondents counted, at least 1.
    pub respondents: u64,
    /// Mean of their shares of positive items, 0 to 1.
    pub mean: f64,
    /// Positive and answered items of them all; none where the items of some
    /// are not known.
    pub items: Option<(u64, u64)>,
}

/// The measure that a construct, by its position in [`CONSTRUCTS`], is of such
/// respondents; none where they are not asked.
pub fn measure_name(respondent: Respondent, construct: usize) -> Option<String> {
    let column = CONSTRUCTS.get(construct).filter(|column| respondent.is_asked(**column))?.name();
    let climate = column.strip_prefix("climate_");
    Some(climate.map_or_else(|| column.to_owned(), |about| format!("cc_{respondent}_{about}")))
}

/// The position of the lowest grade whose students count, as in the measures of
/// students with an id: grade 4, and grade 5 of school climate.
const fn lowest_grade(construct: usize) -> usize {
    if construct < CLIMATE { 5 } else { 6 }
}

/// Sums over the respondents of one school.
#[derive(Clone, Copy, Default)]
struct Sum {
    respondents: u64,
    shares: f64,
    positive: u64,
    answered: u64,
    /// Respondents whose items are known.
    with_items: u64,
}

impl Sum {
    fn add(&mut self, share: Share) {
        self.respondents += 1;
        self.shares += share.value();
        if let Share::Items { positive, answered } = share {
            self.with_items += 1;
            self.positive += u64::from(positive);
            self.answered += u64::from(answered);
        }
    }

    fn value(self, school: Option<&str>, measure: &str) -> Option<SurveyValue> {
        let has_items = self.with_items == self.respondents;
        (self.respondents > 0).then(|| SurveyValue {
            school: school.map(str::to_owned),
            measure: measure.to_owned(),
            respondents: self.respondents,
            mean: self.shares / self.respondents as f64,
            items: has_items.then_some((self.positive, self.answered)),
        })
    }
}

/// Every construct that somebody answered: of the district first, then of each
/// school by its id.
pub fn survey_values(responses: &Responses) -> Vec<SurveyValue> {
    let mut sums: BTreeMap<Option<&str>, [Sum; CONSTRUCTS.len()]> = BTreeMap::new();
    for answer in &responses.answers {
        for unit in [None, Some(responses.schools[answer.school].as_str())] {
            let sums = sums.entry(unit).or_default();
            for (construct, sum) in sums.iter_mut().enumerate() {
                if let Some(share) = counted(responses.respondent, construct, answer) {
                    sum.add(share);
                }
            }
        }
    }
    let named = |construct| measure_name(responses.respondent, construct);
    sums.into_iter()
        .flat_map(|(unit, sums)| sums.into_iter().enumerate().map(move |sum| (unit, sum)))
        .filter_map(|(unit, (construct, sum))| sum.value(unit, &named(construct)?))
        .collect()
}

/// What an answer gives to a construct; none where it does not count.
fn counted(respondent: Respondent, construct: usize, answer: &Response) -> Option<Share> {
    // Who does not tell a grade counts.
    let is_of_grade = answer.grade.is_none_or(|grade| grade.index() >= lowest_grade(construct));
    let counts = respondent != Respondent::Student || is_of_grade;
    answer.shares[construct].filter(|_| counts)
}

#[cfg(test)]
mod tests {
    use peerlight_proto::units::SchoolYear;

    use super::*;

    const SAFETY: usize = 7;
    const MINDSET: usize = 0;

    /// Answers to one construct, each at a school and in a grade.
    fn responses(
        of: Respondent,
        construct: usize,
        answers: &[(&str, &str, Option<Share>)],
    ) -> Responses {
        let mut responses = Responses::new(SchoolYear::ending(2026).unwrap(), of);
        for (school, grade, share) in answers {
            let school = responses.school(school);
            let mut shares = [None; CONSTRUCTS.len()];
            shares[construct] = *share;
            responses.answers.push(Response { school, grade: grade.parse().ok(), shares });
        }
        responses
    }

    const fn items(positive: u32, answered: u32) -> Share {
        Share::Items { positive, answered }
    }

    fn told(values: &[SurveyValue]) -> Vec<String> {
        let line = |it: &SurveyValue| {
            let school = it.school.as_deref().unwrap_or("district");
            let items = it.items.map(|(positive, answered)| format!(" {positive}/{answered}"));
            let (measure, respondents, mean) = (&it.measure, it.respondents, it.mean);
            format!("{school} {measure} {respondents} {mean}{}", items.unwrap_or_default())
        };
        values.iter().map(line).collect()
    }

    #[test]
    fn a_school_has_the_mean_of_shares_and_the_share_of_all_items_beside_it() {
        // One of one and one of four: 62.5 % of respondents' items, 40 % of all.
        let all = responses(
            Respondent::Staff,
            SAFETY,
            &[
                ("20", "", Some(items(1, 1))),
                ("20", "", Some(items(1, 4))),
                ("10", "", Some(items(0, 3))),
            ],
        );
        assert_eq!(
            told(&survey_values(&all)),
            [
                "district cc_staff_safety 3 0.4166666666666667 2/8",
                "10 cc_staff_safety 1 0 0/3",
                "20 cc_staff_safety 2 0.625 2/5",
            ]
        );
    }

    #[test]
    fn all_items_are_told_only_where_they_are_known_of_every_respondent() {
        let mixed = [("10", "", Some(items(1, 2))), ("10", "", Some(Share::Alone(1.0)))];
        let mixed = responses(Respondent::Parent, SAFETY, &mixed);
        let expected = ["district cc_parent_safety 2 0.75", "10 cc_parent_safety 2 0.75"];
        assert_eq!(told(&survey_values(&mixed)), expected);
    }

    #[test]
    fn who_answered_nothing_of_a_construct_is_not_counted() {
        let none = responses(Respondent::Parent, SAFETY, &[("10", "", None)]);
        assert!(survey_values(&none).is_empty());
        let one = [("10", "", None), ("10", "", Some(items(3, 3)))];
        let values = survey_values(&responses(Respondent::Parent, SAFETY, &one));
        assert_eq!(told(&values)[1], "10 cc_parent_safety 1 1 3/3");
    }

    #[test]
    fn students_count_in_the_grades_of_the_measure_and_everybody_else_in_any() {
        let answers = [
            ("10", "04", Some(items(1, 1))),
            ("10", "05", Some(items(0, 1))),
            ("10", "", Some(items(1, 1))),
        ];
        let respondents = |of, construct| {
            let values = survey_values(&responses(of, construct, &answers));
            values.first().map(|value| (value.measure.clone(), value.respondents))
        };
        let expected = |measure: &str, respondents| Some((measure.to_owned(), respondents));
        assert_eq!(
            respondents(Respondent::Student, SAFETY),
            expected("cc_student_safety", 2),
            "from grade 5 on"
        );
        assert_eq!(
            respondents(Respondent::Student, MINDSET),
            expected("sel_growth_mindset", 3),
            "from grade 4 on"
        );
        assert_eq!(respondents(Respondent::Parent, SAFETY), expected("cc_parent_safety", 3));
        assert_eq!(respondents(Respondent::Staff, MINDSET), None, "it is asked of students");
    }
}
