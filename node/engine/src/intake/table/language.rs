//! What a student's history of English acquisition says about a school year.

use peerlight_proto::units::SchoolYear;

use super::{day::Day, fact::LanguageStatus};

/// Average length of a year, days.
const YEAR: f64 = 365.25;

/// After so many years a learner is long-term (California Education Code
/// 52052, as CALPADS Flash 311 applies it).
const LONG_TERM: u16 = 7;

/// Whether a student was a learner on some day of the year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Learner {
    #[default]
    No,
    /// Began less than seven years before 15 June.
    Recent,
    /// Began seven years before 15 June or earlier.
    LongTerm,
}

/// Whether a student was reclassified by the year's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reclassified {
    #[default]
    No,
    Earlier,
    ThisYear,
}

/// A school year's view of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Learning {
    pub(super) learner: Learner,
    pub(super) reclassified: Reclassified,
    /// From the first day as a learner to the reclassification, or the end of
    /// what is known.
    pub(super) years: Option<f64>,
}

/// What a history says of a year. `until` is the last day the source tells of.
pub(super) fn learning(
    history: &[(Day, LanguageStatus)],
    year: SchoolYear,
    until: Day,
) -> Option<Learning> {
    let end = Day::last_of(year).min(until);
    let mut known: Vec<_> = history.iter().filter(|(from, _)| *from <= end).copied().collect();
    known.sort_unstable();
    let (_, last) = *known.last()?;
    let first_learner = known.iter().find(|(_, status)| *status == LanguageStatus::Learner);
    let first_day = Day::first_of(year);
    // A status lasts until the next one begins.
    let ends = known.iter().skip(1).map(|(from, _)| Some(*from)).chain([None]);
    let is_learner = known.iter().zip(ends).any(|((_, status), next)| {
        *status == LanguageStatus::Learner && next.is_none_or(|next| next > first_day)
    });
    let long_term_by = Day::long_term_learner_by(year.earlier(LONG_TERM));
    let learner = match first_learner {
        Some((from, _)) if is_learner && *from <= long_term_by => Learner::LongTerm,
        Some(_) if is_learner => Learner::Recent,
        _ => Learner::No,
    };
    let is_reclassified = last == LanguageStatus::Reclassified;
    let since = known
        .iter()
        .rfind(|(_, status)| is_reclassified && *status == LanguageStatus::Reclassified)
        .map(|(from, _)| *from);
    let reclassified = match since {
        Some(since) if since >= first_day => Reclassified::ThisYear,
        Some(_) => Reclassified::Earlier,
        None => Reclassified::No,
    };
    let years = first_learner
        .filter(|_| is_learner || is_reclassified)
        .map(|(from, _)| f64::from(since.unwrap_or(end).since(*from)).max(0.0) / YEAR);
    Some(Learning { learner, reclassified, years })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(history: &[(&str, LanguageStatus)]) -> Learning {
        let year = SchoolYear::ending(2026).unwrap();
        let history: Vec<_> =
            history.iter().map(|(from, status)| (Day::read(from).unwrap(), *status)).collect();
        learning(&history, year, Day::last_of(year)).unwrap()
    }

    #[test]
    fn a_learner_reclassified_in_the_year_was_a_learner_of_it() {
        let found = found(&[
            ("20260115", LanguageStatus::Reclassified),
            ("20190815", LanguageStatus::Learner),
        ]);
        assert_eq!((found.learner, found.reclassified), (Learner::Recent, Reclassified::ThisYear));
        assert!((found.years.unwrap() - 6.42).abs() < 0.01);
    }

    #[test]
    fn reclassified_before_the_year_is_no_learner() {
        let found = found(&[
            ("20190815", LanguageStatus::Learner),
            ("20250520", LanguageStatus::Reclassified),
        ]);
        assert_eq!((found.learner, found.reclassified), (Learner::No, Reclassified::Earlier));
    }

    #[test]
    fn seven_years_by_fifteen_june_make_a_long_term_learner() {
        assert_eq!(found(&[("20190615", LanguageStatus::Learner)]).learner, Learner::LongTerm);
        assert_eq!(found(&[("20190616", LanguageStatus::Learner)]).learner, Learner::Recent);
    }

    #[test]
    fn who_was_never_a_learner_has_no_years() {
        let found = found(&[("20200815", LanguageStatus::EnglishOnly)]);
        assert_eq!(found, Learning::default());
    }

    #[test]
    fn what_begins_after_the_last_day_told_is_unknown() {
        let year = SchoolYear::ending(2026).unwrap();
        let history = [(Day::read("20260301").unwrap(), LanguageStatus::Learner)];
        assert_eq!(learning(&history, year, Day::read("20260101").unwrap()), None);
    }
}
