//! Suspensions, expulsions and course grades of a student's year.

use std::collections::BTreeSet;

use super::fact::{Removal, Subject};

/// What incidents led to.
#[derive(Clone, Debug, Default)]
pub(super) struct Discipline {
    days_suspended: f64,
    incidents: BTreeSet<Box<str>>,
    is_expelled: bool,
}

impl Discipline {
    /// Adds one outcome. Days of the same incident add up; it stays one
    /// incident.
    pub(super) fn add(&mut self, incident: &str, kind: Removal, days: f64) {
        match kind {
            Removal::Suspension => {
                self.days_suspended += days;
                self.incidents.insert(incident.into());
            }
            Removal::Expulsion => self.is_expelled = true,
            Removal::Other => {}
        }
    }

    /// School days suspended, in or out of school.
    pub(super) const fn days_suspended(&self) -> f64 {
        self.days_suspended
    }

    /// Incidents that led to a suspension.
    pub(super) fn incidents(&self) -> usize {
        self.incidents.len()
    }

    /// Whether any led to an expulsion.
    pub(super) const fn is_expelled(&self) -> bool {
        self.is_expelled
    }
}

/// Final course grades.
#[derive(Clone, Debug, Default)]
pub(super) struct Courses {
    points: f64,
    credits: f64,
    failed: usize,
    ela: Option<Box<str>>,
    math: Option<Box<str>>,
}

impl Courses {
    /// Adds one final grade. Of several in a subject, the worst is kept: the
    /// readiness measure asks whether any is a D or an F.
    pub(super) fn add(&mut self, subject: Option<Subject>, credits: f64, letter: &str) {
        if let Some(points) = points(letter) {
            self.points += points * credits;
            self.credits += credits;
        }
        self.failed += usize::from(matches!(letter, "F" | "NP" | "NC"));
        let held = match subject {
            Some(Subject::Ela) => &mut self.ela,
            Some(Subject::Math) => &mut self.math,
            None => return,
        };
        let is_worse = held.as_deref().is_none_or(|held| {
            points(letter).unwrap_or(f64::INFINITY) < points(held).unwrap_or(f64::INFINITY)
        });
        if is_worse {
            *held = Some(letter.into());
        }
    }

    /// The average on the scale of 0 to 4, weighted by credits; `None` without
    /// a letter that has points.
    pub(super) fn average(&self) -> Option<f64> {
        (self.credits > 0.0).then(|| self.points / self.credits)
    }

    /// Courses failed.
    pub(super) const fn failed(&self) -> usize {
        self.failed
    }

    /// The worst final grade of a subject.
    pub(super) fn letter(&self, subject: Subject) -> Option<&str> {
        match subject {
            Subject::Ela => self.ela.as_deref(),
            Subject::Math => self.math.as_deref(),
        }
    }
}

/// Points of a letter, plus and minus not told apart: the unweighted scale
/// that California's high-school readiness uses.
fn points(letter: &str) -> Option<f64> {
    match letter.as_bytes().first()? {
        b'A' => Some(4.0),
        b'B' => Some(3.0),
        b'C' if letter != "CR" => Some(2.0),
        b'D' => Some(1.0),
        b'F' => Some(0.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_an_incident_add_up_and_it_stays_one() {
        let mut discipline = Discipline::default();
        discipline.add("a", Removal::Suspension, 0.5);
        discipline.add("a", Removal::Suspension, 1.0);
        discipline.add("b", Removal::Other, 3.0);
        assert_eq!((discipline.days_suspended(), discipline.incidents()), (1.5, 1));
        assert!(!discipline.is_expelled());
        discipline.add("c", Removal::Expulsion, 0.0);
        assert!(discipline.is_expelled());
    }

    #[test]
    fn grades_are_averaged_by_credits_and_the_worst_of_a_subject_kept() {
        let mut courses = Courses::default();
        courses.add(Some(Subject::Ela), 5.0, "A-");
        courses.add(Some(Subject::Ela), 5.0, "D+");
        courses.add(Some(Subject::Math), 10.0, "B");
        courses.add(None, 5.0, "CR");
        courses.add(None, 5.0, "NP");
        assert_eq!(courses.average(), Some((4.0 * 5.0 + 5.0 + 3.0 * 10.0) / 20.0));
        assert_eq!(courses.letter(Subject::Ela), Some("D+"));
        assert_eq!(courses.letter(Subject::Math), Some("B"));
        assert_eq!(courses.failed(), 1);
        assert_eq!(Courses::default().average(), None);
    }
}
