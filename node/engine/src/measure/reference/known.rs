//! Known cases of the shipped catalogue, one student at a time: where a rule
//! begins and ends, as its authority prints it.

use std::sync::LazyLock;

use peerlight_proto::{charter::Charter, group::StudentGroup, names::MeasureId, units::Grade};

use super::{Row, charter, chunk, columns, directory, member};
use crate::{
    intake::days_of,
    measure::CountPlan,
    student::{Column, Kind},
};

/// The shipped charter, read once.
pub(super) static SHIPPED: LazyLock<Charter> = LazyLock::new(charter);

/// A student year from names and texts as in a file; not from a file, because
/// values are what matters here.
pub(super) fn row(values: &[(&str, &str)]) -> Row {
    let read = |(name, text): &(&str, &str)| {
        let column = Column::from_name(name).unwrap_or_else(|| panic!("column {name}"));
        let value = match column.kind() {
            Kind::Grade => text.parse::<Grade>().unwrap().index() as f64,
            Kind::Code(codes) => codes.iter().position(|code| code == text).unwrap() as f64,
            Kind::Date => days_of(text).unwrap(),
            _ => text.parse().unwrap(),
        };
        (column, value)
    };
    (0, values.iter().map(read).collect())
}

/// Numerator, denominator and value of a measure over all these students.
pub(super) fn counted_by(charter: &Charter, measure: &str, rows: &[Row]) -> (i64, i64, f64) {
    // The one measure alone: compiling all of them for every student is slow.
    let mut charter = charter.clone();
    charter.catalogue.measures.retain(|known| known.id.as_str() == measure);
    let charter = &charter;
    let plan = CountPlan::local(charter, &directory(), &member(), None, columns()).unwrap();
    let mut counter = plan.counter();
    counter.add(&chunk(rows));
    let table = counter.finish_local();
    let id = MeasureId::new(measure).unwrap();
    assert!(table.measures().any(|known| *known == id), "measure {measure}");
    let value = table.district(&id, StudentGroup::All);
    value.map_or((0, 0, f64::NAN), |it| (it.numerator(), it.denominator(), it.value()))
}

/// Whether one student of grade 4, but for what is given, is a success of a
/// measure; `None` for one who does not count.
pub(super) fn succeeds(measure: &str, values: &[(&str, &str)]) -> Option<bool> {
    succeeds_by(&SHIPPED, measure, values)
}

fn succeeds_by(charter: &Charter, measure: &str, values: &[(&str, &str)]) -> Option<bool> {
    let (_, mut one) = row(values);
    one.entry(Column::GradeLevel).or_insert(5.0);
    match counted_by(charter, measure, &[(0, one)]) {
        (_, 0, _) => None,
        (numerator, 1, _) => Some(numerator == 1),
        other => panic!("{measure}: one student counts as {other:?}"),
    }
}

fn absent(days: &str, expected: &str) -> Option<bool> {
    succeeds("chronic_absence", &[("days_absent", days), ("days_expected", expected)])
}

/// The charter with settings of its own.
fn set(settings: &[(&str, f64)]) -> Charter {
    let mut charter = SHIPPED.clone();
    for (name, value) in settings {
        charter.catalogue.settings.get_mut(*name).unwrap().value = *value;
    }
    charter.catalogue = charter.catalogue.hashed();
    charter.check().unwrap();
    charter
}

#[test]
fn exactly_nine_tenths_of_the_days_attended_is_chronic_for_every_number_of_days() {
    let mut rows = Vec::new();
    for expected in 31..=366 {
        let tenth = format!("{}.{}", expected / 10, expected % 10);
        rows.push(row(&[
            ("grade_level", "04"),
            ("days_absent", &tenth),
            ("days_expected", &expected.to_string()),
        ]));
    }
    let (numerator, denominator, _) = counted_by(&SHIPPED, "chronic_absence", &rows);
    assert_eq!((numerator, denominator), (336, 336));
    for (_, row) in &mut rows {
        *row.get_mut(&Column::DaysAbsent).unwrap() -= 0.05;
    }
    let (numerator, denominator, _) = counted_by(&SHIPPED, "chronic_absence", &rows);
    assert_eq!((numerator, denominator), (0, 336));
}

#[test]
fn half_days_and_decimals_count_as_they_are_written() {
    for (days, expected, chronic) in [
        ("18", "180", true),
        ("17.5", "180", false),
        ("9", "90", true),
        ("8.5", "90", false),
        ("17.5", "175", true),
        ("16.3", "163", true),
        ("0.3", "31", false),
        ("3.1", "31", true),
        ("6.75", "67.5", true),
        ("6.74", "67.5", false),
    ] {
        assert_eq!(absent(days, expected), Some(chronic), "{days} of {expected}");
    }
}

#[test]
fn thirty_one_expected_days_count_and_thirty_do_not() {
    assert_eq!(absent("30", "30"), None);
    assert_eq!(absent("30", "30.5"), None);
    assert_eq!(absent("0", "31"), Some(false));
    assert_eq!(succeeds("chronic_absence", &[("days_expected", "180")]), None, "no absences known");
}

#[test]
fn who_leaves_in_the_middle_of_the_year_counts() {
    let gone = [("enrolled_on_march_census", "0"), ("continuously_enrolled", "0")];
    let days = [("days_absent", "6"), ("days_expected", "45")];
    assert_eq!(succeeds("chronic_absence", &[&gone[..], &days].concat()), Some(true));
}

/// The state partitions by school; here every day of the year counts at the
/// school of record, whatever share of the days was there.
#[test]
fn a_transfer_counts_once_and_with_all_days_of_the_year() {
    let whole = [("days_absent", "18"), ("days_expected", "180")];
    let here = [("days_absent_at_school", "3"), ("days_expected_at_school", "90")];
    assert_eq!(succeeds("chronic_absence", &[&whole[..], &here].concat()), Some(true));
    let whole = [("days_absent", "17"), ("days_expected", "180")];
    let here = [("days_absent_at_school", "15"), ("days_expected_at_school", "90")];
    assert_eq!(succeeds("chronic_absence", &[&whole[..], &here].concat()), Some(false));
}

#[test]
fn each_authority_has_its_own_least_days() {
    let days = |expected| [("days_absent", "9"), ("days_expected", expected)];
    for (measure, least, less) in [
        ("chronic_absence_federal", "10", "9.5"),
        ("chronic_absence_edu", "20", "19"),
        ("chronic_absence", "31", "30"),
        ("chronic_absence_new_jersey", "45", "44"),
    ] {
        assert_eq!(succeeds(measure, &days(least)), Some(true), "{measure}");
        assert_eq!(succeeds(measure, &days(less)), None, "{measure}");
    }
    for (measure, tenths) in [("attendance_warning", "12"), ("attendance_at_risk", "20")] {
        let of_hundred = |absent| [("days_absent", absent), ("days_expected", "100")];
        assert_eq!(succeeds(measure, &of_hundred(tenths)), Some(false), "{measure}: exactly");
        let more = format!("{tenths}.5");
        assert_eq!(succeeds(measure, &of_hundred(&more)), Some(true), "{measure}: below");
    }
}

#[test]
fn a_charter_sets_threshold_and_least_days_otherwise() {
    let charter = set(&[("chronic_threshold", 0.15), ("minimum_days", 20.0)]);
    let absent = |days, expected| {
        let values = [("days_absent", days), ("days_expected", expected)];
        succeeds_by(&charter, "chronic_absence", &values)
    };
    assert_eq!(absent("26.5", "180"), Some(false));
    assert_eq!(absent("27", "180"), Some(true));
    assert_eq!(absent("3", "20"), Some(true));
    assert_eq!(absent("3", "19.5"), None);
    let md = set(&[("proficient_level", 2.0)]);
    assert_eq!(succeeds_by(&md, "achievement_ela_md", &[("ela_level", "2")]), Some(true));
    assert_eq!(succeeds("achievement_ela_md", &[("ela_level", "2")]), Some(false));
}

#[test]
fn a_full_day_suspended_in_total_counts_and_half_a_day_does_not() {
    for (days, suspended) in [("0", false), ("0.5", false), ("0.9", false), ("1", true)] {
        let values = [("days_expected", "180"), ("days_absent", "0"), ("days_suspended", days)];
        assert_eq!(succeeds("suspension", &values), Some(suspended), "{days}");
        assert_eq!(succeeds("suspension_cumulative", &values), Some(suspended), "{days}");
    }
    let one_day = [("days_expected", "1"), ("days_suspended", "1")];
    assert_eq!(succeeds("suspension_cumulative", &one_day), Some(true));
    assert_eq!(succeeds("suspension", &one_day), None);
}

#[test]
fn suspended_or_expelled_at_least_once_counts_however_short() {
    let of = |days, expelled: &[(&str, &str)]| {
        let values = [("days_expected", "90"), ("days_suspended", days)];
        succeeds("suspension_or_expulsion", &[&values[..], expelled].concat())
    };
    assert_eq!(of("0", &[]), Some(false));
    assert_eq!(of("0.5", &[]), Some(true));
    assert_eq!(of("0", &[("expelled", "1")]), Some(true));
    assert_eq!(of("0", &[("expelled", "0")]), Some(false));
    let expelled = |flag| succeeds("expulsion", &[("days_expected", "90"), ("expelled", flag)]);
    assert_eq!((expelled("1"), expelled("0")), (Some(true), Some(false)));
    assert_eq!(succeeds("expulsion", &[("days_expected", "90")]), None);
}

/// An eighth grader who is ready, and one change at a time.
const READY: [(&str, &str); 7] = [
    ("grade_level", "08"),
    ("gpa", "2.5"),
    ("days_expected", "180"),
    ("days_absent", "7.2"),
    ("ela_final_grade", "C-"),
    ("math_final_grade", "C-"),
    ("days_suspended", "0"),
];

#[test]
fn readiness_asks_for_all_four_and_ends_where_each_ends() {
    assert_eq!(succeeds("hs_readiness", &READY), Some(true));
    for (column, value) in [
        ("gpa", "2.49"),
        ("days_absent", "7.3"),
        ("ela_final_grade", "D+"),
        ("math_final_grade", "F"),
        ("days_suspended", "0.5"),
    ] {
        let changed: Vec<_> =
            READY.iter().map(|it| if it.0 == column { (column, value) } else { *it }).collect();
        assert_eq!(succeeds("hs_readiness", &changed), Some(false), "{column} {value}");
        assert_eq!(succeeds("hs_readiness_coverage", &changed), Some(true), "{column}");
    }
}

#[test]
fn readiness_with_an_input_missing_is_not_counted_and_coverage_says_so() {
    assert_eq!(succeeds("hs_readiness_coverage", &READY), Some(true));
    for missing in ["gpa", "days_absent", "ela_final_grade", "math_final_grade", "days_suspended"] {
        let left: Vec<_> = READY.into_iter().filter(|(column, _)| *column != missing).collect();
        assert_eq!(succeeds("hs_readiness", &left), None, "{missing}");
        assert_eq!(succeeds("hs_readiness_coverage", &left), Some(false), "{missing}");
    }
}

#[test]
fn redesignation_is_of_the_reclassified_and_learners_of_five_years() {
    let of = |values: &[(&str, &str)]| succeeds("el_redesignation", values);
    let learner = |years| of(&[("english_learner", "1"), ("years_as_english_learner", years)]);
    assert_eq!(learner("4.9"), None);
    assert_eq!(learner("5"), Some(false));
    assert_eq!(learner("12"), Some(false));
    assert_eq!(of(&[("reclassified_this_year", "1"), ("english_learner", "0")]), Some(true));
    let early = [("reclassified_this_year", "1"), ("years_as_english_learner", "2")];
    assert_eq!(of(&early), Some(true), "reclassified before five years are in both");
    assert_eq!(of(&[("english_learner", "0"), ("years_as_english_learner", "7")]), None);
    // DataQuest's, of every learner of the year before.
    let rate = |years| {
        succeeds("rfep_rate", &[("english_learner", "1"), ("years_as_english_learner", years)])
    };
    assert_eq!((rate("0.5"), rate("1")), (None, Some(false)));
    assert_eq!(succeeds("rfep_rate", &early), Some(true));
}

#[test]
fn who_is_enrolled_in_march_and_has_no_score_was_not_tested() {
    let of = |values: &[(&str, &str)]| succeeds("ela_participation", values);
    let march = ("enrolled_on_march_census", "1");
    assert_eq!(of(&[march, ("ela_scale_score", "2400")]), Some(true));
    assert_eq!(of(&[march]), Some(false));
    assert_eq!(of(&[("ela_scale_score", "2400")]), None);
    assert_eq!(of(&[march, ("grade_level", "09")]), None);
    assert_eq!(of(&[march, ("grade_level", "11")]), Some(false));
}

#[test]
fn survey_means_are_of_students_who_answered_every_part() {
    let answered = |share| {
        row(&[
            ("grade_level", "07"),
            ("climate_support", share),
            ("climate_belonging", "0.5"),
            ("climate_discipline", "0.5"),
            ("climate_safety", "0.5"),
        ])
    };
    let partly = row(&[("grade_level", "07"), ("climate_support", "1")]);
    let rows = [answered("0.8"), answered("0.6"), partly];
    let (_, students, value) = counted_by(&SHIPPED, "climate_support", &rows);
    assert_eq!(students, 2);
    assert!((value - 70.0).abs() < 0.01, "{value}");
}

#[test]
fn a_level_kept_or_raised_counts_and_a_lower_one_does_not() {
    let of = |now, before| {
        succeeds("ela_kept_level", &[("ela_level", now), ("ela_prior_level", before)])
    };
    assert_eq!((of("2", "2"), of("3", "2"), of("1", "2")), (Some(true), Some(true), Some(false)));
    assert_eq!(succeeds("ela_kept_level", &[("ela_level", "4")]), None);
}
