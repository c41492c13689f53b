//! An administration as lines of text, to be sealed, and back.
//!
//! ```text
//! responses 1 <tab> 2026 <tab> staff
//! 0612345 <tab> grade <tab> 3/4 <tab> 0.75 <tab> … a share a construct, empty where there is none
//! ```
//!
//! Ids of schools have no spaces, so nothing has to be quoted.

use std::fmt::Write;

use peerlight_proto::units::SchoolYear;

use super::{CONSTRUCTS, Respondent, Response, Responses, Share};

/// How the first line begins: what this is, and the version of its form.
const HEAD: &str = "responses 1";

impl Responses {
    /// The administration as text; [`Self::from_text`] reads it back.
    pub fn to_text(&self) -> String {
        let year = self.school_year.ending_year();
        let mut text = format!("{HEAD}\t{year}\t{}\n", self.respondent);
        for answer in &self.answers {
            text.push_str(&self.schools[answer.school]);
            let grade = answer.grade.map(|grade| grade.to_string()).unwrap_or_default();
            let _ = write!(text, "\t{grade}");
            for share in answer.shares {
                let _ = match share {
                    None => write!(text, "\t"),
                    Some(Share::Alone(share)) => write!(text, "\t{share}"),
                    Some(Share::Items { positive, answered }) => {
                        write!(text, "\t{positive}/{answered}")
                    }
                };
            }
            text.push('\n');
        }
        text
    }

    /// Reads what [`Self::to_text`] wrote; `None` where it is not that.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next()?.split('\t').collect();
        let [HEAD, year, respondent] = head.as_slice() else { return None };
        let year = SchoolYear::ending(year.parse().ok()?).ok()?;
        let mut responses = Self::new(year, Respondent::from_name(respondent)?);
        for line in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            let [school, grade, shares @ ..] = cells.as_slice() else { return None };
            let school = responses.school(school);
            let grade = match *grade {
                "" => None,
                text => Some(text.parse().ok()?),
            };
            let shares: [&str; CONSTRUCTS.len()] = shares.try_into().ok()?;
            let mut read = [None; CONSTRUCTS.len()];
            for (share, text) in read.iter_mut().zip(shares) {
                if !text.is_empty() {
                    *share = Some(share_of(text)?);
                }
            }
            responses.answers.push(Response { school, grade, shares: read });
        }
        Some(responses)
    }
}

fn share_of(text: &str) -> Option<Share> {
    if let Some((positive, answered)) = text.split_once('/') {
        let (positive, answered) = (positive.parse().ok()?, answered.parse().ok()?);
        return (positive <= answered && answered > 0)
            .then_some(Share::Items { positive, answered });
    }
    let share: f64 = text.parse().ok()?;
    (0.0..=1.0).contains(&share).then_some(Share::Alone(share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_nothing_else_is() {
        let mut responses = Responses::new(SchoolYear::ending(2026).unwrap(), Respondent::Student);
        for (school, grade, share) in [
            ("20", Some("05"), Share::Items { positive: 2, answered: 3 }),
            ("10", None, Share::Alone(1.0 / 3.0)),
            ("20", Some("TK"), Share::Alone(0.0)),
        ] {
            let school = responses.school(school);
            let mut shares = [None; CONSTRUCTS.len()];
            shares[4] = Some(share);
            let grade = grade.map(|grade| grade.parse().unwrap());
            responses.answers.push(Response { school, grade, shares });
        }
        let text = responses.to_text();
        assert!(Responses::from_text(&text).is_some_and(|read| read == responses), "{text}");
        for (part, other) in
            [("2/3", "4/3"), ("2/3", "0/0"), ("05", "13"), ("student", "teacher"), (" 1", " 2")]
        {
            assert!(text.contains(part));
            assert!(
                Responses::from_text(&text.replace(part, other)).is_none(),
                "{part} as {other}"
            );
        }
        assert!(Responses::from_text(&text[..text.len() - 4]).is_none(), "cut short");
        assert!(!format!("{responses:?}").contains('3'), "debug output shows no value");
    }
}
