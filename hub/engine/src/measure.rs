//! What a charter has its members report about schools: measures, growth
//! measures and populations, in one list with unit, direction and scale.
//!
//! Everything downstream speaks of a measure by its position in this list.

use peerlight_proto::{
    catalogue::{Better, Value, YearNote, break_between},
    charter::{Charter, Program, ProgramKind},
    names::{MeasureId, PopulationId, ProgramId},
    units::{GradeSet, SchoolYear},
};

/// What kind of number a measure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeasureKind {
    /// Students in a population.
    Count,
    /// Share of a population, percent.
    Rate,
    /// Share of a population whose count so far this year is released in every
    /// period, percent.
    Running,
    /// Mean of a bounded value, in the measure's unit.
    Mean,
    /// Mean growth percentile, 0 to 100.
    Growth,
}

/// One thing that is reported about schools.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedMeasure {
    /// Its id; a population's own id for its count.
    pub id: MeasureId,
    /// Its name for people.
    pub label: String,
    /// One sentence: what it is and who counts.
    pub about: String,
    /// What kind of number it is.
    pub kind: MeasureKind,
    /// Unit for people: `%`, `points`, `percentile`, `students`.
    pub unit: String,
    /// Which way is better; absent for counts.
    pub better: Option<Better>,
    /// Whether it may never be used to match schools.
    pub never_match: bool,
    /// Lowest possible value.
    pub lowest: f64,
    /// Highest possible value.
    pub highest: f64,
    /// Standard deviation between students of one school, in the unit; absent
    /// where it follows from the value (rates) or makes no sense (counts).
    pub within_school_sd: Option<f64>,
    /// The population whose noisy count divides it; absent for counts and for
    /// growth, which brings its own.
    pub population: Option<PopulationId>,
    /// Grades it is about.
    pub grades: GradeSet,
    /// Programs that release it, in the charter's order.
    pub programs: Vec<ProgramId>,
    /// School years that stand apart for it.
    pub notes: Vec<YearNote>,
}

impl ReportedMeasure {
    /// Whether schools are matched on it.
    pub fn is_matched_on(&self) -> bool {
        self.kind == MeasureKind::Growth && !self.never_match
    }

    /// The year whose note keeps these two apart, if there is one: nothing is
    /// compared, drawn as a trend or pooled across it.
    pub fn parted_by(&self, earlier: SchoolYear, later: SchoolYear) -> Option<SchoolYear> {
        break_between(&self.notes, earlier, later).map(|note| note.school_year)
    }

    /// What is said of one school year, in a sentence.
    pub fn said_of(&self, year: SchoolYear) -> Option<String> {
        self.notes.iter().find(|note| note.school_year == year).map(YearNote::sentence)
    }

    /// `value` within the scale.
    pub fn clamp(&self, value: f64) -> f64 {
        value.clamp(self.lowest, self.highest)
    }
}

/// The measures of a charter, in the order of its programs, each once.
/// Histograms are not among them: they describe no school.
pub fn reported_measures(charter: &Charter) -> Vec<ReportedMeasure> {
    let mut measures: Vec<ReportedMeasure> = Vec::new();
    for program in &charter.policy.programs {
        let Some(new) = reported(charter, program) else { continue };
        match measures.iter_mut().find(|known| known.id == new.id && known.kind == new.kind) {
            Some(known) => {
                known.grades = known.grades.iter().chain(new.grades.iter()).collect();
                known.programs.extend(new.programs);
            }
            None => measures.push(new),
        }
    }
    measures
}

/// What one program reports about schools, if anything.
fn reported(charter: &Charter, program: &Program) -> Option<ReportedMeasure> {
    let base = ReportedMeasure {
        id: MeasureId::new(program.id.as_str()).ok()?,
        label: String::new(),
        about: String::new(),
        kind: MeasureKind::Count,
        unit: "students".to_owned(),
        better: None,
        never_match: false,
        lowest: 0.0,
        highest: f64::MAX,
        within_school_sd: None,
        population: None,
        grades: program.grades,
        programs: vec![program.id.clone()],
        notes: Vec::new(),
    };
    let notes = |measure| -> Vec<YearNote> {
        charter.catalogue.notes_on(measure, program.grades).cloned().collect()
    };
    match &program.kind {
        ProgramKind::GrowthHistogram { .. } => None,
        ProgramKind::Count { population } => {
            let label = charter.population(population)?.label.clone();
            let about = format!("{label}, counted with noise added.");
            Some(ReportedMeasure {
                id: MeasureId::new(population.as_str()).ok()?,
                label,
                about,
                ..base
            })
        }
        ProgramKind::GrowthMean { subject } => {
            let model = charter.policy.growth.get(subject)?;
            Some(ReportedMeasure {
                id: model.measure.clone(),
                label: model.label.clone(),
                about: "Mean growth percentile: where its students' scores stand among those of \
                        students with the same earlier scores; 50 is the network's average."
                    .to_owned(),
                kind: MeasureKind::Growth,
                unit: "percentile".to_owned(),
                better: Some(Better::Higher),
                highest: 100.0,
                within_school_sd: Some(model.within_school_sd),
                notes: notes(&model.measure),
                ..base
            })
        }
        ProgramKind::Measure { measure } => {
            let measure = charter.measure(measure)?;
            let base = ReportedMeasure {
                id: measure.id.clone(),
                label: measure.label.clone(),
                about: measure.about.clone(),
                better: Some(measure.better),
                never_match: measure.never_match,
                population: Some(measure.population.clone()),
                notes: notes(&measure.id),
                ..base
            };
            Some(match &measure.value {
                // Another definition than the year's own rate, so another id.
                Value::Rate { .. } if program.continual.is_some() => ReportedMeasure {
                    id: running_id(charter, program)?,
                    label: format!("{}, so far this year", base.label),
                    kind: MeasureKind::Running,
                    unit: "%".to_owned(),
                    highest: 100.0,
                    ..base
                },
                Value::Rate { .. } => ReportedMeasure {
                    kind: MeasureKind::Rate,
                    unit: "%".to_owned(),
                    highest: 100.0,
                    ..base
                },
                Value::Mean { low, high, unit, within_school_sd, .. } => ReportedMeasure {
                    kind: MeasureKind::Mean,
                    unit: unit.clone(),
                    lowest: *low,
                    highest: *high,
                    within_school_sd: Some(*within_school_sd),
                    ..base
                },
            })
        }
    }
}

/// The id of a program's running measure: the program's own, unless a measure
/// of the catalogue has it.
fn running_id(charter: &Charter, program: &Program) -> Option<MeasureId> {
    let own = MeasureId::new(program.id.as_str()).ok()?;
    match charter.measure(&own) {
        Some(_) => MeasureId::new(format!("{own}_so_far")).ok(),
        None => Some(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn each_measure_is_listed_once_with_all_its_programs() {
        let mut charter = sample::charter();
        // As a second annual program of its measure.
        charter.policy.programs.iter_mut().for_each(|program| program.continual = None);
        let measures = reported_measures(&charter);
        let chronic = measures
            .iter()
            .filter(|measure| measure.id.as_str() == "chronic_absence")
            .collect::<Vec<_>>();
        assert_eq!(chronic.len(), 1);
        assert_eq!(chronic[0].programs.len(), 2);
        assert_eq!(chronic[0].better, Some(Better::Lower));
        assert!(!measures.iter().any(|measure| measure.id.as_str().contains("histogram")));
    }

    #[test]
    fn a_running_count_is_a_measure_of_its_own() {
        let mut charter = sample::charter();
        for id in ["chronic_absence_in_year", "suspension"] {
            let programs = &mut charter.policy.programs;
            let program = programs.iter_mut().find(|program| program.id.as_str() == id).unwrap();
            program.continual = Some(peerlight_proto::charter::Continual { changes: 2 });
        }
        let measures = reported_measures(&charter);
        let of = |id: &str| measures.iter().find(|measure| measure.id.as_str() == id);
        let running = of("chronic_absence_in_year").unwrap();
        assert_eq!((running.kind, running.programs.len()), (MeasureKind::Running, 1));
        assert!(running.label.ends_with(", so far this year"));
        assert_eq!(of("chronic_absence").unwrap().programs.len(), 1);
        let suspension = of("suspension_so_far").unwrap();
        assert_eq!(suspension.kind, MeasureKind::Running);
        assert!(of("suspension").is_none(), "the catalogue's id means the year's own rate");
    }

    #[test]
    fn schools_are_matched_on_growth_and_nothing_else() {
        let matched: Vec<String> = reported_measures(&sample::charter())
            .iter()
            .filter(|measure| measure.is_matched_on())
            .map(|measure| measure.id.to_string())
            .collect();
        assert_eq!(matched, ["growth_ela", "growth_math"]);
    }
}
