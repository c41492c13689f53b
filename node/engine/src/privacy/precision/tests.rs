//! Tests of stated precision: against the budget by hand, against real layouts,
//! and against estimates made from drawn noise.

use std::collections::BTreeMap;

use peerlight_proto::{
    catalogue::Catalogue, charter::Policy, directory::Level, layout::year_budget,
    names::ConsortiumId, units::SchoolYear,
};

use super::*;
use crate::privacy::noise::{OpenDp, Sampler};

const ENROLLMENT: u32 = 1_200;

fn charter() -> Charter {
    let school_year = SchoolYear::ending(2026).unwrap();
    Charter {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year,
        previous: None,
        policy: Policy::shipped(school_year, "standard").unwrap(),
        catalogue: Catalogue::shipped().hashed(),
    }
}

fn district() -> (Directory, MemberId) {
    let member = MemberId::new("37").unwrap();
    let school = School {
        id: SchoolId::new("1").unwrap(),
        lea: member.clone(),
        name: String::new(),
        level: Level::Elementary,
        school_type: "regular".to_owned(),
        grades: GradeSet::span("KG".parse().unwrap(), "08".parse().unwrap()),
        county: None,
        enrollment: Some(ENROLLMENT),
        features: BTreeMap::from([
            ("pct_HI".to_owned(), 40.0),
            ("pct_english_learner".to_owned(), 25.0),
        ]),
    };
    let directory = Directory {
        consortium: ConsortiumId::new("test").unwrap(),
        number: 1,
        school_year: SchoolYear::ending(2026).unwrap(),
        features_source: String::new(),
        schools: vec![school],
    };
    (directory, member)
}

fn found(rows: &[Precision], program: &str, group: &str) -> Precision {
    let group: StudentGroup = group.parse().unwrap();
    let mut of_program = rows.iter().filter(|row| row.program.as_str() == program);
    of_program.find(|row| row.group == group).unwrap().clone()
}

#[test]
fn what_is_stated_follows_from_the_budget_by_hand() {
    let (charter, (directory, member)) = (charter(), district());
    let rows = of_charter(&charter, &directory, &member).unwrap();
    let rho = year_budget(&charter, &directory, &member).rho();
    // suspension has 5 % of the year and 40 % of that for everybody; enrolled
    // 8 % in two releases, 30 % of each for everybody.
    let sigma = |rho: f64| (1.0 / (2.0 * rho)).sqrt();
    let (above, below) = (sigma(rho * 0.05 * 0.4), sigma(rho * 0.08 / 2.0 * 0.3));
    let expected = 1.96 * 50.0 / f64::from(ENROLLMENT) * above.hypot(0.6 * below);
    let row = found(&rows, "suspension", "all");
    let half_width = row.half_width.unwrap();
    assert!((half_width / expected - 1.0).abs() < 2e-3, "{half_width} {expected}");
    assert!((row.students - f64::from(ENROLLMENT)).abs() < 1e-9);

    assert!((found(&rows, "suspension", "race:HI").students - 480.0).abs() < 1e-9);
    assert!((found(&rows, "el_redesignation", "all").students - 300.0).abs() < 1e-9);
    // Grades 3 to 8 of KG to 8.
    let tested = f64::from(ENROLLMENT) * 6.0 / 9.0;
    assert!((found(&rows, "ela_met", "all").students - tested).abs() < 1e-9);
    assert!(rows.iter().all(|row| row.program.as_str() != "graduation_4yr"), "no such grades");
    let unknown = |row: &Precision| row.group.to_string() == "race:AS";
    assert!(!rows.iter().any(unknown), "the directory does not say how many");
}

#[test]
fn a_stricter_preset_and_more_releases_cost_precision() {
    let (standard, (directory, member)) = (charter(), district());
    let mut last = 0.0;
    for calendar in Calendar::ALL {
        let changed = with_calendar(&standard, calendar);
        let rows = of_charter(&changed, &directory, &member).unwrap();
        let row = found(&rows, "chronic_absence_in_year", "all");
        assert_eq!(row.releases, calendar.releases());
        let half_width = row.half_width.unwrap();
        assert!(half_width > last, "{calendar:?}: {half_width} after {last}");
        last = half_width;
        let other = found(&rows, "suspension", "all");
        let before = of_charter(&standard, &directory, &member).unwrap();
        assert_eq!(other, found(&before, "suspension", "all"), "not in the running year");
    }
    // Weekly costs far less than 36 separate releases would.
    assert!(last < 36.0_f64.sqrt() * 2.0, "{last}");
    let mut strict = standard;
    strict.policy = Policy::shipped(strict.school_year, "strict").unwrap();
    let rows = of_charter(&strict, &directory, &member).unwrap();
    let strict = found(&rows, "suspension", "all").half_width;
    let standard = of_charter(&charter(), &directory, &member).unwrap();
    assert!(strict > found(&standard, "suspension", "all").half_width);
}

#[test]
fn too_few_students_get_no_figure() {
    let (charter, (mut directory, member)) = (charter(), district());
    directory.schools[0].enrollment = Some(8);
    let rows = of_charter(&charter, &directory, &member).unwrap();
    assert!(rows.iter().all(|row| row.half_width.is_none()), "{rows:?}");
}

/// Draws of a block's noise for one cell.
fn draws(block: &Block, count: usize) -> Vec<f64> {
    let mut values = vec![0; count];
    OpenDp.add_noise(&mut values, block.sigma).unwrap();
    values.into_iter().map(|value| value as f64).collect()
}

/// The half-width of estimates made from drawn noise, beside the stated one.
#[test]
fn estimates_from_drawn_noise_are_as_precise_as_stated() {
    const DRAWS: usize = 4_000;
    let (directory, member) = district();
    let charter = with_calendar(&charter(), Calendar::Monthly);
    let rows = of_charter(&charter, &directory, &member).unwrap();
    let layout_of = |program: &str| {
        let program = charter.program(&program.parse().unwrap()).unwrap();
        layout(&charter, &directory, &member, program).unwrap().unwrap()
    };
    for (program, count) in [
        ("suspension", Some("enrolled")),
        ("ela_dfs", Some("tested")),
        ("growth_math", None),
        ("chronic_absence_in_year", Some("enrolled")),
    ] {
        let row = found(&rows, program, "all");
        let n = row.students;
        let above = &layout_of(program).blocks[0];
        let below = count.map_or_else(|| above.clone(), |count| layout_of(count).blocks[0].clone());
        let (numerators, counts) = match above.quantity {
            Quantity::Running { stream, .. } => {
                // The worst step is the one stated.
                let squares = |step: &usize| -> f64 {
                    stream.weights(*step).iter().map(|weight| weight * weight).sum()
                };
                let steps = 0..stream.steps as usize;
                let worst = steps.max_by(|a, b| squares(a).total_cmp(&squares(b))).unwrap();
                let weights = stream.weights(worst);
                let noise = draws(above, DRAWS * weights.len());
                let totals = noise.chunks(weights.len()).map(|steps| {
                    0.2 * n + steps.iter().zip(&weights).map(|(u, w)| u * w).sum::<f64>()
                });
                (totals.map(|total| 100.0 * total).collect(), draws(&below, DRAWS))
            }
            Quantity::GrowthMean => {
                let unit = FIXED_POINT as f64;
                let sums = draws(above, DRAWS).into_iter().map(|s| 15.0 * n + s / unit);
                let weighted = draws(above, DRAWS).into_iter();
                (sums.collect(), weighted.map(|s| s / (25.0 * unit)).collect::<Vec<_>>())
            }
            Quantity::Mean { half_range, .. } => {
                let sums = draws(above, DRAWS).into_iter();
                let sums = sums.map(|s| 0.3 * half_range * n + s / FIXED_POINT as f64);
                (sums.collect(), draws(&below, DRAWS))
            }
            _ => {
                let sums = draws(above, DRAWS).into_iter().map(|s| 50.0 * (s - 0.6 * n));
                (sums.collect::<Vec<_>>(), draws(&below, DRAWS))
            }
        };
        let values: Vec<f64> =
            numerators.iter().zip(&counts).map(|(above, noise)| above / (n + noise)).collect();
        let mean = values.iter().sum::<f64>() / DRAWS as f64;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / DRAWS as f64;
        let seen = Z95 * variance.sqrt();
        let stated = row.half_width.unwrap();
        // The deviation of 4,000 draws has a standard error of 1.1 %.
        assert!((seen / stated - 1.0).abs() < 0.07, "{program}: {seen} drawn, {stated} stated");
    }
}
