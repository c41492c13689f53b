//! What official results are numbers of, and which measure of the consortium's
//! catalogue each is close to. Official definitions differ from ours in who
//! counts; every one says how, and they are never mixed under one name.

use peerlight_proto::catalogue::Better;

/// One official measure.
#[derive(Debug, PartialEq)]
pub struct PublicMeasure {
    /// Its id, never that of a measure of the catalogue.
    pub id: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it is, and how it differs from the measure it is like.
    pub about: &'static str,
    /// `%` or `points`.
    pub unit: &'static str,
    /// Which way is better.
    pub better: Better,
    /// Lowest possible value.
    pub lowest: f64,
    /// Highest possible value.
    pub highest: f64,
    /// The shipped measure it is closest to.
    pub like: Option<&'static str>,
}

const fn rate(
    id: &'static str,
    label: &'static str,
    about: &'static str,
    better: Better,
    like: Option<&'static str>,
) -> PublicMeasure {
    PublicMeasure { id, label, about, unit: "%", better, lowest: 0.0, highest: 100.0, like }
}

const fn distance(
    id: &'static str,
    label: &'static str,
    about: &'static str,
    like: &'static str,
) -> PublicMeasure {
    PublicMeasure {
        id,
        label,
        about,
        unit: "points",
        better: Better::Higher,
        lowest: -500.0,
        highest: 500.0,
        like: Some(like),
    }
}

/// English language arts of the CAASPP research file.
pub static CAASPP_ELA: PublicMeasure = rate(
    "caaspp_ela_met",
    "CAASPP English language arts: met or exceeded standard",
    "Share of students with a score in the state's Smarter Balanced test who met or exceeded the \
     standard. Everybody who was tested counts; ours counts those with a score in every subject.",
    Better::Higher,
    Some("ela_met"),
);

/// Mathematics of the CAASPP research file.
pub static CAASPP_MATH: PublicMeasure = rate(
    "caaspp_math_met",
    "CAASPP mathematics: met or exceeded standard",
    "Share of students with a score in the state's Smarter Balanced test who met or exceeded the \
     standard. Everybody who was tested counts; ours counts those with a score in every subject.",
    Better::Higher,
    Some("math_met"),
);

/// English language arts of Colorado's results.
pub static CMAS_ELA: PublicMeasure = rate(
    "cmas_ela_met",
    "CMAS English language arts: met or exceeded expectations",
    "Share of students with a valid score in Colorado's test at level 4 or 5.",
    Better::Higher,
    None,
);

/// Mathematics of Colorado's results.
pub static CMAS_MATH: PublicMeasure = rate(
    "cmas_math_met",
    "CMAS mathematics: met or exceeded expectations",
    "Share of students with a valid score in Colorado's test at level 4 or 5.",
    Better::Higher,
    None,
);

/// The indicators of the California School Dashboard, by the name that its
/// files carry.
pub static DASHBOARD: [(&str, PublicMeasure); 7] = [
    (
        "ELA",
        distance(
            "dashboard_ela",
            "Dashboard English language arts: distance from standard",
            "Mean distance from standard of continuously enrolled students. The state adds the \
             lowest score for students missing below 95 % participation; ours does not.",
            "ela_dfs",
        ),
    ),
    (
        "MATH",
        distance(
            "dashboard_math",
            "Dashboard mathematics: distance from standard",
            "Mean distance from standard of continuously enrolled students. The state adds the \
             lowest score for students missing below 95 % participation; ours does not.",
            "math_dfs",
        ),
    ),
    (
        "CHRO",
        rate(
            "dashboard_chronic_absence",
            "Dashboard chronic absence",
            "Share of students of grades K to 8 absent for at least 10 % of their days. The state \
             counts a student at every school attended; ours at the school of record.",
            Better::Lower,
            Some("chronic_absence"),
        ),
    ),
    (
        "SUSP",
        rate(
            "dashboard_suspension",
            "Dashboard suspension",
            "Share of students suspended for at least one full day in total. The state counts a \
             student at every school attended; ours at the school of record.",
            Better::Lower,
            Some("suspension"),
        ),
    ),
    (
        "GRAD",
        rate(
            "dashboard_graduation",
            "Dashboard graduation",
            "Combined four- and five-year graduation rate; ours is of four years.",
            Better::Higher,
            Some("graduation_4yr"),
        ),
    ),
    (
        "ELPI",
        rate(
            "dashboard_english_learner_progress",
            "Dashboard English learner progress",
            "Share of English learners who progressed at least one level of the state's test, or \
             kept the highest.",
            Better::Higher,
            None,
        ),
    ),
    (
        "CCI",
        rate(
            "dashboard_college_career",
            "Dashboard college and career",
            "Share of graduates whom the state calls prepared.",
            Better::Higher,
            None,
        ),
    ),
];

/// The official measure with this id.
pub fn find(id: &str) -> Option<&'static PublicMeasure> {
    static REST: [&PublicMeasure; 4] = [&CAASPP_ELA, &CAASPP_MATH, &CMAS_ELA, &CMAS_MATH];
    let dashboard = DASHBOARD.iter().map(|(_, measure)| measure);
    REST.into_iter().chain(dashboard).find(|measure| measure.id == id)
}

/// The Dashboard's indicator of this name.
pub fn dashboard(name: &str) -> Option<&'static PublicMeasure> {
    let name = name.trim();
    let found = DASHBOARD.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, measure)| measure)
}
