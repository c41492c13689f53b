//! Definitions written to break the promise: whatever a charter's expression
//! says, it is refused, or one student still changes a cell by no more than the
//! sensitivity that is paid for.

use peerlight_proto::{
    catalogue::{Better, Measure, Population, Setting, Value},
    charter::Charter,
    units::Grade,
};
use proptest::prelude::*;

use super::{
    Row,
    known::{SHIPPED, counted_by},
    row,
};
use crate::{
    measure::{PlanError, check_catalogue},
    student::{Column, Kind},
};

const LOW: f64 = -3.0;
const HIGH: f64 = 5.5;

/// The shipped charter with a population, a rate and a mean of its own.
fn defining(population: &str, success: &str, value: &str) -> Charter {
    let mut charter = SHIPPED.clone();
    let catalogue = &mut charter.catalogue;
    catalogue.populations = vec![Population {
        id: "p".parse().unwrap(),
        label: "P".to_owned(),
        condition: population.to_owned(),
        content_hash: None,
    }];
    let measure = |id: &str, value| Measure {
        id: id.parse().unwrap(),
        label: id.to_owned(),
        about: id.to_owned(),
        population: "p".parse().unwrap(),
        better: Better::Higher,
        never_match: false,
        grades: None,
        from: None,
        until: None,
        source: String::new(),
        value,
        content_hash: None,
    };
    catalogue.measures = vec![
        measure("rate", Value::Rate { success: success.to_owned() }),
        measure(
            "mean",
            Value::Mean {
                value: value.to_owned(),
                low: LOW,
                high: HIGH,
                unit: "u".to_owned(),
                within_school_sd: 1.0,
            },
        ),
    ];
    catalogue.years.clear();
    for (name, value) in [("huge", f64::MAX), ("least", f64::MIN_POSITIVE / 4.0)] {
        let table = Grade::all().map(|grade| (grade, value)).collect();
        catalogue.constants.insert(name.to_owned(), table);
    }
    let million = Setting { value: 1e6, lowest: -1e6, highest: 1e6, about: String::new() };
    catalogue.settings.insert("million".to_owned(), million);
    charter.policy.programs.clear();
    charter.catalogue = charter.catalogue.clone().hashed();
    charter
}

fn of_kind(is_wanted: impl Fn(Kind) -> bool) -> Vec<String> {
    let wanted = Column::ALL.into_iter().filter(|column| is_wanted(column.kind()));
    wanted.map(|column| column.name().to_owned()).collect()
}

fn number(depth: u32) -> BoxedStrategy<String> {
    let names = of_kind(|kind| matches!(kind, Kind::Number(..) | Kind::Whole(..) | Kind::Year));
    let literals = ["0", "1", "0.1", "-1", "1e308", "1e-320", "school_year", "NULL"];
    let constants = ["huge", "least", "million", "ela_standard", "at_grade(huge, grade_assessed)"];
    let leaf = prop_oneof![
        3 => prop::sample::select(names),
        1 => prop::sample::select(literals.to_vec()).prop_map(str::to_owned),
        1 => prop::sample::select(constants.to_vec()).prop_map(str::to_owned),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let deeper = || number(depth - 1);
    prop_oneof![
        leaf,
        (deeper(), prop::sample::select(vec!["+", "-", "*", "/"]), deeper())
            .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        deeper().prop_map(|a| format!("abs(- {a})")),
        (deeper(), deeper()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
    ]
    .boxed()
}

fn truth(depth: u32) -> BoxedStrategy<String> {
    let flags = of_kind(|kind| kind == Kind::Flag);
    let codes = ["grade_level >= '03'", "cohort_outcome IN ('dropout')", "race_ethnicity <> 'HI'"];
    let leaf = prop_oneof![
        2 => prop::sample::select(flags),
        1 => prop::sample::select(codes.to_vec()).prop_map(str::to_owned),
        1 => Just("college_enrolled_date <= date_in(cohort_year / 0, '10-31')".to_owned()),
        3 => (number(2), prop::sample::select(vec!["<", ">=", "=", "<>"]), number(2))
            .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let deeper = || truth(depth - 1);
    prop_oneof![
        leaf,
        (deeper(), prop::sample::select(vec!["AND", "OR", "="]), deeper())
            .prop_map(|(a, op, b)| format!("(({a}) {op} ({b}))")),
        deeper().prop_map(|a| format!("NOT ({a})")),
        deeper().prop_map(|a| format!("(({a}) IS NULL)")),
        (deeper(), deeper()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_accepted_counts_a_student_once_and_within_the_bounds(
        population in truth(2),
        success in truth(3),
        value in number(4),
        students in proptest::collection::vec(row(), 1..8),
    ) {
        let charter = defining(&population, &success, &value);
        prop_assert_eq!(check_catalogue(&charter), Ok(()), "the grammar is that of the language");
        for student in students {
            let student: [Row; 1] = [student];
            let (successes, counted, share) = counted_by(&charter, "rate", &student);
            prop_assert!((0..=1).contains(&counted) && (0..=counted).contains(&successes));
            prop_assert!(counted == 0 || share as i64 == successes && share.fract().abs() < 1e-12);
            let (_, counted, mean) = counted_by(&charter, "mean", &student);
            prop_assert!((0..=1).contains(&counted));
            prop_assert!(counted == 0 || (LOW..=HIGH).contains(&mean), "{}", mean);
        }
    }

    #[test]
    fn whatever_text_is_offered_is_refused_or_counts_a_student_once(
        text in "[a-z_0-9 ()<>=+*/',.-]{0,60}", student in row(),
    ) {
        for charter in [
            defining(&text, "TRUE", "1"),
            defining("TRUE", &text, "1"),
            defining("TRUE", "TRUE", &text),
        ] {
            if check_catalogue(&charter).is_ok() {
                for measure in ["rate", "mean"] {
                    let (_, counted, _) = counted_by(&charter, measure, std::slice::from_ref(&student));
                    prop_assert!((0..=1).contains(&counted));
                }
            }
        }
    }
}

fn refusal(population: &str, success: &str, value: &str) -> String {
    check_catalogue(&defining(population, success, value)).unwrap_err().to_string()
}

#[test]
fn a_hostile_definition_is_refused_by_name_and_with_the_reason() {
    for (hostile, reason) in [
        ("student_id = '100001'", "student_id, which no measure may look at"),
        ("statewide_id IS NOT NULL", "statewide_id, which no measure may look at"),
        ("school_id = '1'", "school_id, which no measure may look at"),
        ("sum(gpa) > 3", "uses sum, which looks at other rows"),
        ("count(*) > 3", "uses count, which looks at other rows"),
        ("gpa > (SELECT max(gpa) FROM students)", "holds a sub-query"),
        ("row_number() OVER () = 1", "uses row_number, which looks at other rows"),
        ("gpaa > 3", "gpaa, which is neither a column"),
        ("gpa * 2", "where a condition is needed"),
        ("exp(gpa) > 3", "calls exp"),
    ] {
        for refused in [refusal(hostile, "TRUE", "1"), refusal("TRUE", hostile, "1")] {
            assert!(refused.contains(reason), "{hostile}: {refused}");
            assert!(refused.contains("the definition of"), "{refused}");
        }
    }
    assert!(refusal("TRUE", "TRUE", "homeless").contains("where a number is needed"));
    assert!(refusal("TRUE", "TRUE", "student_id").contains("no measure may look at"));
    let nested = format!("{}1{}", "(".repeat(1_500), ")".repeat(1_500));
    assert!(refusal("TRUE", "TRUE", &nested).contains("the definition of mean"));
}

#[test]
fn a_mean_without_bounds_is_refused() {
    for (low, high) in [(f64::NEG_INFINITY, 1.0), (0.0, f64::INFINITY), (f64::NAN, 1.0), (1.0, 1.0)]
    {
        let mut charter = defining("TRUE", "TRUE", "gpa");
        let Value::Mean { low: lowest, high: highest, .. } =
            &mut charter.catalogue.measures[1].value
        else {
            panic!("the second is a mean")
        };
        (*lowest, *highest) = (low, high);
        assert!(matches!(check_catalogue(&charter), Err(PlanError::Unbounded(_))), "{low} {high}");
    }
}

#[test]
fn a_constant_or_setting_cannot_stand_in_for_a_column() {
    for name in ["days_absent", "student_id", "school_year"] {
        let mut charter = defining("TRUE", "TRUE", "gpa");
        charter.catalogue.constants.insert(name.to_owned(), [].into());
        assert_eq!(check_catalogue(&charter), Err(PlanError::Hidden(name.to_owned())));
        let mut charter = defining("TRUE", "TRUE", "gpa");
        let one = charter.catalogue.settings["million"].clone();
        charter.catalogue.settings.insert(name.to_owned(), one);
        assert_eq!(check_catalogue(&charter), Err(PlanError::Hidden(name.to_owned())));
    }
}

#[test]
fn what_overflows_divides_by_zero_or_is_missing_is_nobodys_value() {
    let student: Row = (0, [(Column::GradeLevel, 5.0), (Column::Gpa, 0.0)].into());
    for value in [
        "huge * huge",
        "huge * 10 - huge * 10",
        "1 / gpa",
        "gpa / gpa",
        "- huge - huge",
        "days_absent + 1",
        "least / huge / gpa",
    ] {
        let charter = defining("TRUE", &format!("{value} > 0"), value);
        assert_eq!(check_catalogue(&charter), Ok(()), "{value}");
        for measure in ["rate", "mean"] {
            let (_, counted, _) = counted_by(&charter, measure, std::slice::from_ref(&student));
            assert_eq!(counted, 0, "{value} as {measure}");
        }
    }
    let charter = defining("TRUE", "huge > 0", "huge");
    let (_, counted, mean) = counted_by(&charter, "mean", &[student]);
    assert_eq!((counted, mean), (1, HIGH), "a value past its bound is at it");
}
