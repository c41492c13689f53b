//! Members and how fresh what they sent is: for a county office its districts,
//! for the operator everybody.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use chrono::NaiveDate;
use chrono_tz::Tz;
use peerlight_proto::{
    charter::Charter,
    names::{MemberId, PeriodId, ProgramId},
    units::UnixSeconds,
};

use super::{shell::Shell, words};
use crate::export::{Table, text, whole};

/// How fresh a member's releases are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Everything that is due has come.
    UpToDate,
    /// Some of what is due has not come.
    Late,
    /// Nothing has come although something is due, or it did not approve.
    Missing,
    /// Nothing is due.
    NothingDue,
}

impl Freshness {
    /// Judges what came against what is due.
    pub const fn of(received: usize, due: usize, approved: bool) -> Self {
        match (received, due) {
            (_, 0) if !approved => Self::Missing,
            (_, 0) => Self::NothingDue,
            (0, _) => Self::Missing,
            (received, due) if received < due => Self::Late,
            _ => Self::UpToDate,
        }
    }

    /// For people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::UpToDate => "up to date",
            Self::Late => "late",
            Self::Missing => "nothing yet",
            Self::NothingDue => "nothing due",
        }
    }

    /// The colour that goes with the words.
    pub const fn class(self) -> &'static str {
        match self {
            Self::UpToDate | Self::NothingDue => "good",
            Self::Late => "warn",
            Self::Missing => "bad",
        }
    }
}

/// Whether a member approved the charter and directory in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Both.
    InForce,
    /// The charter, with an older directory.
    OlderDirectory,
    /// Not the charter in force.
    None,
}

impl Approval {
    /// For people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::InForce => "approved",
            Self::OlderDirectory => "approved with an older directory",
            Self::None => "not approved",
        }
    }
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Invited, active, suspended …
    pub standing: String,
    /// Schools in the directory.
    pub schools: usize,
    /// What it approved.
    pub approval: Approval,
    /// Releases received of those due.
    pub received: usize,
    /// Releases due by now, of what it offers.
    pub due: usize,
    /// Date of its last release.
    pub last_release: String,
    /// How fresh that is.
    pub freshness: Freshness,
}

/// Programs and periods that are due on `today`, of those offered.
pub fn due(
    charter: &Charter,
    offered: &BTreeSet<ProgramId>,
    today: NaiveDate,
) -> BTreeSet<(ProgramId, PeriodId)> {
    charter
        .policy
        .programs
        .iter()
        .filter(|program| offered.contains(&program.id))
        .flat_map(|program| program.periods.iter().map(|period| (program.id.clone(), period)))
        .filter(|(_, period)| {
            NaiveDate::parse_from_str(&period.due, "%Y-%m-%d").is_ok_and(|due| due <= today)
        })
        .map(|(program, period)| (program, period.id.clone()))
        .collect()
}

/// The civil date in a zone.
pub fn civil_date(instant: UnixSeconds, zone: Tz) -> NaiveDate {
    chrono::DateTime::from_timestamp(instant.0, 0)
        .map(|utc| utc.with_timezone(&zone).date_naive())
        .unwrap_or_default()
}

/// What the operator must look at, and how much of it somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incidents {
    /// Not acknowledged yet, newest first.
    pub open: Vec<IncidentRow>,
    /// How many are acknowledged.
    pub acknowledged: usize,
}

/// Something the operator must look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentRow {
    /// How the operator names it.
    pub id: String,
    /// When.
    pub at: String,
    /// Whose call it was.
    pub member: String,
    /// What kind of thing.
    pub kind: String,
    /// A sentence.
    pub description: String,
}

/// The page of members.
#[derive(Template)]
#[template(path = "members.html")]
pub struct MembersPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Whose members these are.
    pub intro: String,
    /// Said where there are none.
    pub empty: String,
    /// Where the CSV is.
    pub csv: &'static str,
    /// The members.
    pub rows: Vec<MemberRow>,
    /// Incidents; absent where they are not the reader's.
    pub incidents: Option<Incidents>,
}

/// The members as a table.
pub fn table(name: &str, rows: &[MemberRow]) -> Table {
    Table {
        name: name.to_owned(),
        columns: vec![
            text("member_id"),
            text("name"),
            text("standing"),
            whole("schools"),
            text("approval"),
            whole("releases_received"),
            whole("releases_due"),
            text("last_release"),
            text("status"),
        ],
        rows: rows
            .iter()
            .map(|row| {
                vec![
                    row.id.as_str().into(),
                    row.name.as_str().into(),
                    row.standing.as_str().into(),
                    row.schools.into(),
                    row.approval.text().into(),
                    row.received.into(),
                    row.due.into(),
                    row.last_release.as_str().into(),
                    row.freshness.text().into(),
                ]
            })
            .collect(),
    }
}

/// One sentence a district that leaves measures out: what it does not offer.
/// `districts` gives a name and the labels it does not offer.
pub fn not_offered<'a>(
    districts: impl IntoIterator<Item = (&'a MemberId, &'a str, Vec<String>)>,
) -> Vec<String> {
    let mut sentences = BTreeMap::new();
    for (id, name, mut labels) in districts {
        if labels.is_empty() {
            continue;
        }
        labels.sort();
        labels.dedup();
        let sentence = format!("{name} does not offer: {}.", words::listed(&labels));
        sentences.insert(id, sentence);
    }
    sentences.into_values().collect()
}

#[cfg(test)]
mod tests {
    use peerlight_proto::{
        catalogue::Catalogue, charter::Policy, names::ConsortiumId, units::SchoolYear,
    };

    use super::*;

    fn charter() -> Charter {
        let year = SchoolYear::ending(2026).unwrap();
        Charter {
            consortium: ConsortiumId::new("c").unwrap(),
            number: 1,
            school_year: year,
            previous: None,
            policy: Policy::shipped(year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        }
    }

    #[test]
    fn only_what_is_offered_and_dated_by_today_is_due() {
        let offered: BTreeSet<ProgramId> =
            ["enrolled", "tested"].map(|id| ProgramId::new(id).unwrap()).into();
        let day = |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
        let count = |date| due(&charter(), &offered, day(date)).len();
        assert_eq!(count("2025-10-31"), 0);
        assert_eq!(count("2025-11-01"), 1);
        assert_eq!(count("2026-03-20"), 2);
        assert_eq!(count("2026-12-31"), 3);
    }

    #[test]
    fn freshness_is_judged_and_said_in_words() {
        assert_eq!(Freshness::of(0, 0, true), Freshness::NothingDue);
        assert_eq!(Freshness::of(0, 0, false), Freshness::Missing);
        assert_eq!(Freshness::of(0, 3, true).text(), "nothing yet");
        assert_eq!(Freshness::of(2, 3, true).text(), "late");
        assert_eq!(Freshness::of(3, 3, true).text(), "up to date");
    }

    #[test]
    fn a_district_says_once_what_it_does_not_offer() {
        let (a, b) = (MemberId::new("a").unwrap(), MemberId::new("b").unwrap());
        let labels = vec!["Suspension".to_owned(), "Absence".to_owned(), "Absence".to_owned()];
        assert_eq!(
            not_offered([(&a, "Alta", labels), (&b, "Bella", Vec::new())]),
            ["Alta does not offer: Absence and Suspension."]
        );
    }
}
