//! The made districts are what they say they are.

use std::{collections::BTreeMap, fs, path::Path};

use peerlight_proto::units::SchoolYear;

use super::{Made, Recipe};

fn make(folder: &Path, seed: u64) -> Made {
    let year = SchoolYear::ending(2026).unwrap();
    Recipe { districts: 3, students: 6_000, seed, year }.write(folder).unwrap()
}

type Rows = Vec<BTreeMap<String, String>>;

fn rows(path: &Path) -> Rows {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

fn all_rows(folder: &Path, made: &Made, year: u32) -> Rows {
    let files = made.districts.iter();
    files
        .flat_map(|(id, _)| rows(&folder.join(id).join(format!("student_years_{year}.csv"))))
        .collect()
}

fn share(rows: &Rows, within: impl Fn(&BTreeMap<String, String>) -> Option<bool>) -> f64 {
    let answers: Vec<bool> = rows.iter().filter_map(within).collect();
    assert!(!answers.is_empty());
    answers.iter().filter(|answer| **answer).count() as f64 / answers.len() as f64
}

#[test]
fn one_seed_makes_one_network() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    for (folder, seed) in folders.iter().zip([7, 7, 8]) {
        make(folder.path(), seed);
    }
    let file =
        |at: usize| fs::read(folders[at].path().join("9900001/student_years_2026.csv")).unwrap();
    assert_eq!(file(0), file(1));
    assert_ne!(file(0), file(2));
}

#[test]
fn the_network_has_the_size_asked_for_and_each_student_once_a_year() {
    let folder = tempfile::tempdir().unwrap();
    let made = make(folder.path(), 1);
    assert!((5_400..=6_600).contains(&made.students), "{}", made.students);
    for (id, _) in &made.districts {
        let rows = rows(&folder.path().join(id).join("student_years_2026.csv"));
        let ids: std::collections::BTreeSet<_> =
            rows.iter().map(|row| &row["student_id"]).collect();
        assert_eq!(ids.len(), rows.len());
    }
    let schools = rows(&folder.path().join("schools.csv"));
    assert_eq!(schools.len(), made.schools);
    let enrolled: usize =
        schools.iter().map(|school| school["enrollment"].parse::<usize>().unwrap()).sum();
    assert_eq!(enrolled, made.students);
}

#[test]
fn outcomes_are_as_common_as_in_real_districts() {
    let folder = tempfile::tempdir().unwrap();
    let made = make(folder.path(), 1);
    let rows = all_rows(folder.path(), &made, 2026);
    let number = |row: &BTreeMap<String, String>, name: &str| row[name].parse::<f64>().ok();

    let chronic = share(&rows, |row| {
        Some(number(row, "days_absent")? * 10.0 >= number(row, "days_expected")?)
    });
    assert!((0.08..0.35).contains(&chronic), "{chronic}");
    let met = share(&rows, |row| Some(number(row, "ela_level")? >= 3.0));
    assert!((0.3..0.65).contains(&met), "{met}");
    let suspended = share(&rows, |row| Some(number(row, "days_suspended")? >= 1.0));
    assert!((0.01..0.08).contains(&suspended), "{suspended}");
    let graduated = share(&rows, |row| {
        (!row["cohort_outcome"].is_empty()).then(|| row["cohort_outcome"] == "graduated_4yr")
    });
    assert!((0.75..0.97).contains(&graduated), "{graduated}");
    let learners = share(&rows, |row| Some(row["english_learner"] == "1"));
    assert!((0.05..0.35).contains(&learners), "{learners}");

    let poor = |value: &'static str| {
        share(&rows, move |row| {
            (row["socioeconomically_disadvantaged"] == value)
                .then(|| number(row, "ela_level").map(|level| level >= 3.0))
                .flatten()
        })
    };
    assert!(poor("0") - poor("1") > 0.1, "outcomes go with circumstances");
}

#[test]
fn scores_follow_the_growth_constants_of_the_shipped_charter() {
    let folder = tempfile::tempdir().unwrap();
    let made = make(folder.path(), 2);
    let z = |rows: &Rows, grade: &str, mean: f64, deviation: f64| -> BTreeMap<String, f64> {
        rows.iter()
            .filter(|row| row["grade_level"] == grade)
            .filter_map(|row| {
                let score: f64 = row["ela_scale_score"].parse().ok()?;
                Some((row["statewide_id"].clone(), (score - mean) / deviation))
            })
            .collect()
    };
    let last = z(&all_rows(folder.path(), &made, 2026), "07", 2536.2, 102.0);
    let before = z(&all_rows(folder.path(), &made, 2025), "06", 2515.3, 99.0);
    let pairs: Vec<(f64, f64)> =
        last.iter().filter_map(|(id, now)| Some((*before.get(id)?, *now))).collect();
    assert!(pairs.len() > 250, "{}", pairs.len());
    let count = pairs.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
    let covariance = mean(&|pair| (pair.0 - x) * (pair.1 - y));
    let variances = mean(&|pair| (pair.0 - x).powi(2)) * mean(&|pair| (pair.1 - y).powi(2));
    let correlation = covariance / variances.sqrt();
    assert!((0.72..0.92).contains(&correlation), "{correlation}");
    assert!(mean(&|pair| (pair.1 - y).powi(2)).sqrt() < 1.3);
}
