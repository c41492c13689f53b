//! The rules of the shipped catalogue for one row, in plain arithmetic and
//! without any of the kernel's parts.

use std::collections::BTreeMap;

use peerlight_proto::{
    catalogue::{Catalogue, Value},
    charter::{Charter, ProgramKind},
    group::{Flag, Gender, Race, StudentGroup},
    units::Grade,
};

use crate::{measure::FLAG_COLUMNS, student::Column};

/// What the rules say of one row, in plain arithmetic; `None` is NULL.
pub(super) struct Plain<'a>(pub(super) &'a BTreeMap<Column, f64>);

impl Plain<'_> {
    fn get(&self, column: Column) -> Option<f64> {
        self.0.get(&column).copied()
    }

    fn is(&self, column: Column) -> bool {
        self.get(column) == Some(1.0)
    }

    fn has(&self, columns: &[Column]) -> bool {
        columns.iter().all(|column| self.get(*column).is_some())
    }

    pub(super) fn grade(&self) -> Option<Grade> {
        let index = self.get(Column::GradeLevel).or(self.get(Column::GradeAssessed))?;
        Grade::from_index(index as usize)
    }

    fn standard(&self, name: &str) -> Option<f64> {
        let index = self.get(Column::GradeAssessed).or(self.get(Column::GradeLevel))?;
        let grade = Grade::from_index(index as usize)?;
        Catalogue::shipped().constants[name].get(&grade).copied()
    }

    fn population(&self, id: &str) -> bool {
        let expected = self.get(Column::DaysExpected).is_some_and(|days| days >= 31.0);
        let outcome = self.get(Column::CohortOutcome);
        let cohort = self.get(Column::CohortYear) == Some(2026.0);
        match id {
            "enrolled" => expected && self.has(&[Column::DaysAbsent]),
            "enrolled_high_school" => expected && self.has(&[Column::CoursesFailed]),
            "tested" => {
                self.has(&[Column::ElaScaleScore, Column::MathScaleScore])
                    && self.is(Column::ContinuouslyEnrolled)
            }
            "english_learners" => {
                let years = self.get(Column::YearsAsEnglishLearner);
                self.is(Column::ReclassifiedThisYear)
                    || self.is(Column::EnglishLearner) && years.is_some_and(|years| years >= 5.0)
            }
            "eighth_grade" => {
                expected
                    && self.has(&[
                        Column::Gpa,
                        Column::ElaFinalGrade,
                        Column::MathFinalGrade,
                        Column::DaysAbsent,
                        Column::DaysSuspended,
                    ])
            }
            "cohort" => cohort && outcome.is_some_and(|outcome| !(5.0..7.0).contains(&outcome)),
            "graduates" => cohort && outcome == Some(0.0),
            "climate_respondents" => self.has(&[
                Column::ClimateSupport,
                Column::ClimateBelonging,
                Column::ClimateDiscipline,
                Column::ClimateSafety,
            ]),
            other => panic!("population {other}"),
        }
    }

    fn success(&self, id: &str) -> Option<bool> {
        let at_least = |level: Column, score: Column, standard: &str| {
            let by_score = || Some(self.get(score)? >= self.standard(standard)?);
            self.get(level).map(|level| level >= 3.0).or_else(by_score)
        };
        let thousandths = |column| self.get(column).map(|days| (days * 1000.0).round() as i64);
        let absent = thousandths(Column::DaysAbsent);
        let expected = thousandths(Column::DaysExpected);
        match id {
            "chronic_absence" => Some(absent? * 10 >= expected?),
            "suspension" => Some(self.get(Column::DaysSuspended).unwrap_or(0.0) >= 1.0),
            "off_track" => Some(self.get(Column::CoursesFailed)? >= 1.0),
            "ela_met" => at_least(Column::ElaLevel, Column::ElaScaleScore, "ela_standard"),
            "math_met" => at_least(Column::MathLevel, Column::MathScaleScore, "math_standard"),
            "el_redesignation" => Some(self.is(Column::ReclassifiedThisYear)),
            "hs_readiness" => {
                let passed = |column| Some(!(9.0..=12.0).contains(&self.get(column)?));
                Some(
                    self.get(Column::Gpa)? >= 2.5
                        && absent? * 100 <= expected? * 4
                        && passed(Column::ElaFinalGrade)?
                        && passed(Column::MathFinalGrade)?
                        && self.get(Column::DaysSuspended)? == 0.0,
                )
            }
            "graduation_4yr" => Some(self.get(Column::CohortOutcome)? == 0.0),
            "college_enrolment" => Some(self.has(&[Column::CollegeEnrolledDate])),
            other => panic!("measure {other}"),
        }
    }

    /// A mean's bounded value less the middle of its bounds.
    fn off_center(&self, id: &str) -> Option<f64> {
        let Some(subject) = id.strip_suffix("_dfs") else {
            // A share of positive answers, shown in percent.
            return Some(self.get(Column::from_name(id)?)? * 100.0 - 50.0);
        };
        let score = self.get(Column::from_name(&format!("{subject}_scale_score"))?)?;
        let standard = self.standard(&format!("{subject}_standard"))?;
        Some((score - standard).clamp(-200.0, 200.0))
    }

    pub(super) fn is_in(&self, group: StudentGroup) -> bool {
        let code = |column, unknown: usize| self.get(column).map_or(unknown, |code| code as usize);
        match group {
            StudentGroup::All => true,
            StudentGroup::Grade(grade) => self.grade() == Some(grade),
            StudentGroup::Race(race) => {
                code(Column::RaceEthnicity, Race::Unknown.index()) == race.index()
            }
            StudentGroup::Gender(gender) => {
                code(Column::Gender, Gender::Unknown.index()) == gender.index()
            }
            StudentGroup::Flag(flag) => {
                let position = Flag::ALL.iter().position(|known| *known == flag).unwrap();
                self.is(FLAG_COLUMNS[position])
            }
        }
    }

    /// What the row adds to a cell of a program.
    pub(super) fn adds(&self, charter: &Charter, kind: &ProgramKind) -> i64 {
        match kind {
            ProgramKind::Count { population } => i64::from(self.population(population.as_str())),
            ProgramKind::Measure { measure } => {
                let definition = charter.measure(measure).unwrap();
                if !self.population(definition.population.as_str()) {
                    return 0;
                }
                match &definition.value {
                    Value::Rate { .. } => match self.success(measure.as_str()) {
                        Some(true) => 1,
                        Some(false) => -1,
                        None => 0,
                    },
                    Value::Mean { .. } => self
                        .off_center(measure.as_str())
                        .map_or(0, |value| (value * 65536.0).round() as i64),
                }
            }
            ProgramKind::GrowthHistogram { .. } | ProgramKind::GrowthMean { .. } => 0,
        }
    }
}
