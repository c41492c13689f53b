//! What pages, exports and API are read from: the charter and directory in
//! force, and the newest benchmark run.
//!
//! Each function takes a [`Scope`], or what only a scope can make; it is the
//! one place where rows are chosen for a reader.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono_tz::Tz;
use peerlight_hub_engine::{
    analysis::{Benchmark, NetworkRow, PeerAnswer},
    civil::CivilDate,
    comparison::{Comparison, compare},
    display::Precision,
    measure::{MeasureKind, ReportedMeasure},
    roll_up::{Total, Whole},
};
use peerlight_proto::{
    charter::ProgramKind,
    directory::{Level, School},
    group::StudentGroup,
    names::{MeasureId, MemberId},
};

use super::{
    Web,
    problem::Problem,
    scope::{OwnDistrict, OwnSchool, Scope},
};
use crate::{
    in_force::InForce,
    run::Run,
    store::member,
    view::{
        district,
        districts::Districts,
        member::{civil_date, not_offered},
        peer::Peers,
        school::Line,
        similar::Likeness,
        so_far::{Month, SoFar},
        words::{Missing, Shown, date},
    },
};

const NO_RUN: &str = "no benchmarks have been computed yet; the hub's operator has to run \
                      `peerlight-hub benchmark run`";

/// Everything a page of schools needs.
pub struct Reading {
    /// Charter and directory in force.
    pub in_force: Arc<InForce>,
    /// The newest benchmark run.
    pub run: Arc<Run>,
    /// Names of members.
    names: BTreeMap<MemberId, String>,
}

/// Names of members, by id.
pub async fn names(web: &Web) -> Result<BTreeMap<MemberId, String>, Problem> {
    let members = member::list(&web.store).await?;
    Ok(members.into_iter().map(|member| (member.id, member.name)).collect())
}

/// The charter's time zone; UTC where it names none that is known.
pub fn zone(in_force: &InForce) -> Tz {
    in_force.charter.charter.policy.time_zone.parse().unwrap_or(Tz::UTC)
}

/// The newest run with the charter and directory it was made under.
pub async fn reading(web: &Web) -> Result<Reading, Problem> {
    let run = web.newest_run().await?.ok_or_else(|| Problem::NotYet(NO_RUN.to_owned()))?;
    Ok(Reading { in_force: Arc::clone(&run.in_force), run, names: names(web).await? })
}

impl Reading {
    /// A member's name, or its id.
    pub fn member_name(&self, id: &MemberId) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// The name of a school's district.
    pub fn district_of(&self, school: &School) -> String {
        self.member_name(&school.lea)
    }

    /// Which data this is, and of when.
    pub fn dateline(&self) -> String {
        format!(
            "School year {}, benchmark run {} of {}",
            self.in_force.charter.charter.school_year,
            self.run.number,
            date(self.run.finished_at, zone(&self.in_force))
        )
    }

    /// A school of the reader's; any other does not exist for them.
    pub fn school(&self, scope: &Scope, id: &str) -> Result<OwnSchool<'_>, Problem> {
        scope.school(&self.in_force.directory.directory, id).ok_or(Problem::NotFound)
    }

    /// A school's position in the directory.
    pub fn position(&self, school: OwnSchool<'_>) -> Result<usize, Problem> {
        let schools = &self.in_force.directory.directory.schools;
        schools
            .binary_search_by(|other| other.id.cmp(&school.get().id))
            .map_err(|_| Problem::NotFound)
    }

    /// One school's lines, in the run's order of measures, then groups.
    pub fn lines(&self, school: OwnSchool<'_>) -> Result<Vec<Line<'_>>, Problem> {
        let analysis = &self.run.analysis;
        let own = analysis.benchmarks_of(self.position(school)?);
        Ok(own
            .iter()
            .filter(|row| match row.group {
                StudentGroup::Grade(grade) => school.get().grades.contains(grade),
                _ => true,
            })
            .map(|benchmark| {
                let measure = &analysis.measures[benchmark.measure];
                let shown = Shown::of(benchmark, measure);
                Line { measure, benchmark, shown, comparison: self.comparison(benchmark) }
            })
            .collect())
    }

    /// One school's running measures, month by month: what was released, what
    /// was due by the run's day and was not, and the days to come.
    pub fn so_far(&self, school: OwnSchool<'_>) -> Result<Vec<SoFar<'_>>, Problem> {
        let position = self.position(school)?;
        let analysis = &self.run.analysis;
        let today = civil_date(self.run.finished_at, zone(&self.in_force)).to_string();
        let running = analysis.measures.iter().enumerate().filter(|(_, measure)| {
            measure.kind == MeasureKind::Running && school.get().grades.meets(measure.grades)
        });
        let so_far = running.map(|(number, measure)| {
            let released = analysis.so_far_of(position).iter();
            let released = released.filter(|row| row.measure == number);
            let mut months: Vec<Month<'_>> =
                released.filter_map(|row| self.month(measure, row)).collect();
            let last = months.last().map(|month| month.as_of);
            let (due, to_come): (Vec<CivilDate>, Vec<CivilDate>) = self
                .days(measure)
                .into_iter()
                .filter(|day| last.is_none_or(|last| *day > last))
                .partition(|day| day.to_string() <= today);
            // What the engine says of a school that it has heard nothing from.
            let own = analysis.benchmarks_of(position).iter();
            let mut own = own.filter(|row| row.measure == number && row.as_of.is_none());
            let why = own.next().map_or(Precision::NotReported, |row| row.precision);
            let shown = Shown::Missing(Missing::of(why, None));
            months.extend(due.into_iter().map(|as_of| Month { as_of, found: None, shown }));
            SoFar { measure, months, to_come }
        });
        Ok(so_far.collect())
    }

    fn month<'a>(&self, measure: &ReportedMeasure, row: &'a Benchmark) -> Option<Month<'a>> {
        let as_of = row.as_of?;
        let counted = self.first_count(measure).filter(|day| as_of < *day);
        let shown = match counted {
            Some(day) if row.precision == Precision::NotReported => {
                Shown::Missing(Missing::NotCounted(day))
            }
            _ => Shown::of(row, measure),
        };
        Some(Month { as_of, found: Some(row), shown })
    }

    /// The days a running measure is due by the charter, earliest first.
    fn days(&self, measure: &ReportedMeasure) -> Vec<CivilDate> {
        let charter = &self.in_force.charter.charter;
        let program = measure.programs.first().and_then(|program| charter.program(program));
        let periods = program.map_or(&[][..], |program| program.periods.as_slice());
        let mut days: Vec<CivilDate> =
            periods.iter().filter_map(|period| period.due.parse().ok()).collect();
        days.sort_unstable();
        days
    }

    /// The first day on which a measure's population is counted.
    fn first_count(&self, measure: &ReportedMeasure) -> Option<CivilDate> {
        let programs = self.in_force.charter.charter.policy.programs.iter();
        let counts = programs.filter(|program| {
            matches!(&program.kind, ProgramKind::Count { population }
                if Some(population) == measure.population.as_ref())
        });
        let days = counts.flat_map(|program| &program.periods);
        days.filter_map(|period| period.due.parse().ok()).min()
    }

    /// A district of the reader's; any other does not exist for them.
    pub fn district(&self, scope: &Scope, id: &str) -> Result<OwnDistrict<'_>, Problem> {
        scope.district(&self.in_force.directory.directory, id).ok_or(Problem::NotFound)
    }

    /// One district's lines, in the run's order of measures, then groups.
    pub fn district_lines(&self, own: OwnDistrict<'_>) -> Vec<district::Line<'_>> {
        let measures = 0..self.run.analysis.measures.len();
        measures.flat_map(|number| self.district_measure(own, number)).collect()
    }

    /// One district's lines of one measure; none where it has no such grades.
    fn district_measure(&self, own: OwnDistrict<'_>, number: usize) -> Vec<district::Line<'_>> {
        let analysis = &self.run.analysis;
        let measure = &analysis.measures[number];
        let mut schools = self.in_force.directory.directory.schools_of(own.get());
        let position = analysis.districts.binary_search(own.get());
        let Ok(position) = position.map(Whole::District) else { return Vec::new() };
        if !schools.any(|school| school.grades.meets(measure.grades)) {
            return Vec::new();
        }
        let line = |group: StudentGroup, district| {
            let network = analysis.total(Whole::Network, number, group);
            let none = district::Side::missing(Missing::NotReported);
            let network = network.map_or(none, |total| district::Side::of(total, measure));
            district::Line { measure, group, district, network }
        };
        let mine = |total: &&Total| total.measure == number && total.of == position;
        let lines = analysis.totals.iter().filter(mine);
        let lines = lines.map(|total| line(total.group, district::Side::of(total, measure)));
        let lines: Vec<_> = lines.collect();
        if !lines.is_empty() {
            return lines;
        }
        let declared =
            self.run.offered.get(own.get()).is_none_or(|offered| {
                measure.programs.iter().any(|program| offered.contains(program))
            });
        let why = if declared { Missing::NotReported } else { Missing::NotOffered };
        vec![line(StudentGroup::All, district::Side::missing(why))]
    }

    /// The reader's districts on one measure, all students together; the first
    /// measure with a better direction if none is chosen.
    pub fn districts(
        &self,
        scope: &Scope,
        chosen: Option<&MeasureId>,
    ) -> Result<Districts<'_>, Problem> {
        let measures = &self.run.analysis.measures;
        let number = measures.iter().position(|measure| match chosen {
            Some(id) => measure.id == *id,
            None => measure.better.is_some(),
        });
        let none = || Problem::BadRequest("measure: the charter has no such measure".to_owned());
        let number = number.ok_or_else(none)?;
        let all = |line: &district::Line<'_>| line.group == StudentGroup::All;
        let districts = scope.districts(&self.in_force.directory.directory).into_iter();
        let lines = districts.filter_map(|own| {
            let line = self.district_measure(own, number).into_iter().find(all)?;
            Some((own.get(), self.member_name(own.get()), line))
        });
        Ok(Districts { measure: &measures[number], lines: lines.collect() })
    }

    /// How a school compares with its like schools on one measure, all
    /// students together; only what may be shown is compared.
    fn comparison(&self, own: &Benchmark) -> Option<Comparison> {
        let analysis = &self.run.analysis;
        let better = analysis.measures[own.measure].better?;
        let posterior = own.posterior.filter(|_| own.precision.is_shown())?;
        if own.group != StudentGroup::All {
            return None;
        }
        let like = &analysis.like.get(own.school)?.like;
        let others = like.iter().filter_map(|like| {
            let rows = analysis.benchmarks_of(like.school);
            let key = (own.measure, own.group);
            let at = rows.binary_search_by_key(&key, |row| (row.measure, row.group)).ok()?;
            rows[at].posterior.filter(|_| rows[at].precision.is_shown())
        });
        let claim = self.in_force.charter.charter.policy.display.claim_probability;
        Some(compare(posterior, others, better, claim)).filter(|among| among.others() > 0)
    }

    /// Where the directory's figures come from, in words.
    pub fn features_source(&self) -> &str {
        match self.in_force.directory.directory.features_source.as_str() {
            "" => "the consortium's public directory of schools",
            source => source,
        }
    }

    /// The like schools of one school.
    pub fn likeness<'a>(&'a self, school: OwnSchool<'a>) -> Result<Likeness<'a>, Problem> {
        let position = self.position(school)?;
        Ok(Likeness {
            policy: &self.in_force.charter.charter.policy.similar,
            own: school.get(),
            found: self.run.analysis.like.get(position).ok_or(Problem::NotFound)?,
            schools: &self.in_force.directory.directory.schools,
        })
    }

    /// Peer answers of one school; of one measure, or of every growth measure.
    pub fn peers<'a>(
        &'a self,
        school: OwnSchool<'a>,
        measure: Option<&MeasureId>,
    ) -> Result<Peers<'a>, Problem> {
        let position = self.position(school)?;
        let analysis = &self.run.analysis;
        let chosen = |answer: &&PeerAnswer| {
            answer.school == position
                && answer.group == StudentGroup::All
                && measure.is_none_or(|id| analysis.measures[answer.measure].id == *id)
        };
        Ok(Peers {
            policy: &self.in_force.charter.charter.policy,
            own: school.get(),
            schools: &self.in_force.directory.directory.schools,
            measures: &analysis.measures,
            answers: analysis.peers.iter().filter(chosen).collect(),
        })
    }

    /// Distributions of one level and measure, or of all; of all students.
    pub fn network(&self, level: Option<Level>, measure: Option<&MeasureId>) -> Vec<&NetworkRow> {
        let analysis = &self.run.analysis;
        let chosen = |row: &&NetworkRow| {
            row.group == StudentGroup::All
                && level.is_none_or(|level| row.level == level)
                && measure.is_none_or(|id| analysis.measures[row.measure].id == *id)
        };
        analysis.network.iter().filter(chosen).collect()
    }

    /// How many districts the run has heard from, in a sentence.
    pub fn coverage(&self) -> String {
        let analysis = &self.run.analysis;
        let schools = &self.in_force.directory.directory.schools;
        let heard: BTreeSet<&MemberId> = analysis
            .benchmarks
            .iter()
            .filter(|row| row.estimate.is_some())
            .map(|row| &schools[row.school].lea)
            .collect();
        format!("{} of {} districts have reported.", heard.len(), analysis.districts.len())
    }

    /// One sentence a district: what it does not offer, of `districts`.
    pub fn not_offered(&self, districts: &[MemberId]) -> Vec<String> {
        let named: Vec<(&MemberId, String, Vec<String>)> = districts
            .iter()
            .filter_map(|id| {
                let offered = self.run.offered.get(id)?;
                let missing = self.run.analysis.measures.iter().filter(|measure| {
                    measure.better.is_some()
                        && !measure.programs.iter().any(|program| offered.contains(program))
                });
                let labels = missing.map(|measure| measure.label.clone()).collect();
                Some((id, self.member_name(id), labels))
            })
            .collect();
        not_offered(named.iter().map(|(id, name, labels)| (*id, name.as_str(), labels.clone())))
    }
}
