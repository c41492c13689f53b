//! Known cases of cut scores, cohorts, and what follows school: tables as their
//! authorities print them, written out again here.

use super::known::succeeds;

/// Grade, and the lowest scores of levels 2, 3 and 4 (Smarter Balanced).
const ELA: [(&str, [i32; 3]); 7] = [
    ("03", [2367, 2432, 2490]),
    ("04", [2416, 2473, 2533]),
    ("05", [2442, 2502, 2582]),
    ("06", [2457, 2531, 2618]),
    ("07", [2479, 2552, 2649]),
    ("08", [2487, 2567, 2668]),
    ("11", [2493, 2583, 2682]),
];
const MATH: [(&str, [i32; 3]); 7] = [
    ("03", [2381, 2436, 2501]),
    ("04", [2411, 2485, 2549]),
    ("05", [2455, 2528, 2579]),
    ("06", [2473, 2552, 2610]),
    ("07", [2484, 2567, 2635]),
    ("08", [2504, 2586, 2653]),
    ("11", [2543, 2628, 2718]),
];

/// Grade, and the highest scores of levels 1 to 5 (summative ELPAC).
const ELPI: [(&str, [i32; 5]); 13] = [
    ("KG", [1373, 1397, 1421, 1447, 1473]),
    ("01", [1410, 1432, 1454, 1480, 1506]),
    ("02", [1423, 1446, 1470, 1500, 1531]),
    ("03", [1447, 1467, 1487, 1510, 1534]),
    ("04", [1458, 1478, 1498, 1523, 1548]),
    ("05", [1466, 1489, 1513, 1536, 1559]),
    ("06", [1474, 1495, 1516, 1541, 1566]),
    ("07", [1480, 1503, 1526, 1550, 1575]),
    ("08", [1485, 1509, 1533, 1561, 1589]),
    ("09", [1492, 1518, 1544, 1574, 1605]),
    ("10", [1492, 1518, 1544, 1574, 1605]),
    ("11", [1499, 1526, 1554, 1584, 1614]),
    ("12", [1499, 1526, 1554, 1584, 1614]),
];

#[test]
fn a_score_reaches_a_level_at_its_lowest_score_in_every_grade() {
    for (subject, other, cuts) in [("ela", "math", ELA), ("math", "ela", MATH)] {
        let (score, beside) = (format!("{subject}_scale_score"), format!("{other}_scale_score"));
        for (grade, lowest) in cuts {
            for (measure, cut) in ["nearly_met", "met", "exceeded"].into_iter().zip(lowest) {
                let of = |points: i32| {
                    let points = points.to_string();
                    succeeds(
                        &format!("{subject}_{measure}"),
                        &[
                            ("grade_level", grade),
                            ("continuously_enrolled", "1"),
                            (&beside, "2500"),
                            (&score, &points),
                        ],
                    )
                };
                let found = (of(cut), of(cut - 1));
                assert_eq!(found, (Some(true), Some(false)), "{subject} {grade} {measure}");
            }
        }
    }
}

#[test]
fn a_level_that_is_stated_goes_before_the_score_and_the_grade_assessed_before_the_grade() {
    let base = [("continuously_enrolled", "1"), ("math_scale_score", "2500")];
    let of = |more: &[(&str, &str)]| succeeds("ela_met", &[&base[..], more].concat());
    assert_eq!(of(&[("ela_scale_score", "2473"), ("ela_level", "2")]), Some(false));
    assert_eq!(of(&[("ela_scale_score", "2473"), ("grade_assessed", "05")]), Some(false));
    assert_eq!(of(&[("ela_scale_score", "2502"), ("grade_assessed", "05")]), Some(true));
}

fn progress(grade: &str, now: i32, before_grade: &str, before: i32) -> Option<bool> {
    succeeds(
        "elpi_by_score",
        &[
            ("grade_level", grade),
            ("elpac_scale_score", &now.to_string()),
            ("prior_grade_level", before_grade),
            ("elpac_prior_scale_score", &before.to_string()),
        ],
    )
}

#[test]
fn an_english_learner_progresses_by_a_level_and_levels_end_where_printed() {
    for pair in ELPI.windows(2) {
        let [(before_grade, before), (grade, now)] = pair else { unreachable!() };
        let of = |one, other| progress(grade, one, before_grade, other);
        for level in 0..5 {
            // From the top of a level: to its top, and one point further.
            assert_eq!(of(now[level], before[level]), Some(false), "{grade} {level} kept");
            assert_eq!(of(now[level] + 1, before[level]), Some(true), "{grade} {level} up");
            // From the bottom of the next level: to its bottom.
            let kept = of(now[level] + 1, before[level] + 1);
            assert_eq!(kept, Some(level == 4), "{grade}: only the highest level is kept");
            assert_eq!(of(now[level], before[level] + 1), Some(false), "{grade} {level} down");
        }
    }
    // Who repeats a grade is measured by it twice.
    assert_eq!(progress("03", 1468, "03", 1467), Some(true));
    assert_eq!(progress("03", 1467, "03", 1467), Some(false));
    assert_eq!(progress("TK", 1467, "KG", 1467), None, "there are no levels for the grade");
    assert_eq!(progress("KG", 1474, "KG", 1474), None, "grades 1 to 12 alone");
    assert_eq!(succeeds("elpi", &[("elpi_progress", "1")]), Some(true));
    assert_eq!(succeeds("elpi", &[("elpi_progress", "0")]), Some(false));
    assert_eq!(succeeds("elpi", &[]), None);
}

/// A student of grade 12 whose cohort ends in a year, with an outcome.
fn left(measure: &str, cohort_year: &str, outcome: &str) -> Option<bool> {
    let values = [("grade_level", "12"), ("cohort_year", cohort_year), ("cohort_outcome", outcome)];
    succeeds(measure, &values)
}

#[test]
fn each_outcome_of_a_cohort_has_its_rate_and_transfers_out_leave_it() {
    const MEASURES: [&str; 5] = [
        "graduation_4yr",
        "completion_4yr",
        "dropout_4yr",
        "still_enrolled_4yr",
        "other_transfer_4yr",
    ];
    for (outcome, counts_in) in [
        ("graduated_4yr", Some("graduation_4yr")),
        ("completer", Some("completion_4yr")),
        ("dropout", Some("dropout_4yr")),
        ("still_enrolled", Some("still_enrolled_4yr")),
        ("graduated_5yr", Some("still_enrolled_4yr")),
        ("other_transfer", Some("other_transfer_4yr")),
        ("transferred_out", None),
        ("deceased", None),
    ] {
        for measure in MEASURES {
            let expected = counts_in.map(|counted| counted == measure);
            assert_eq!(left(measure, "2026", outcome), expected, "{outcome} in {measure}");
            assert_eq!(left(measure, "2025", outcome), None, "another cohort");
        }
    }
}

#[test]
fn five_years_are_of_the_cohort_before_and_the_combined_rate_of_both() {
    for (outcome, five) in [
        ("graduated_4yr", Some(true)),
        ("graduated_5yr", Some(true)),
        ("completer", Some(false)),
        ("dropout", Some(false)),
        ("still_enrolled", Some(false)),
        ("other_transfer", Some(false)),
        ("transferred_out", None),
    ] {
        assert_eq!(left("graduation_5yr", "2025", outcome), five, "{outcome}");
        assert_eq!(left("graduation_5yr", "2026", outcome), None, "{outcome}");
        let fifth = (outcome == "graduated_5yr").then_some(true);
        assert_eq!(left("graduation_combined", "2025", outcome), fifth, "{outcome}");
        let this = five.map(|_| outcome == "graduated_4yr");
        assert_eq!(left("graduation_combined", "2026", outcome), this, "{outcome}");
    }
}

#[test]
fn an_alternative_school_counts_completers_and_who_stayed_ninety_days() {
    let of = |outcome, days| {
        let values = [("grade_level", "12"), ("cohort_outcome", outcome), ("days_expected", days)];
        succeeds("graduation_dass", &values)
    };
    assert_eq!(of("completer", "20"), Some(true));
    assert_eq!(of("graduated_5yr", "20"), Some(true));
    assert_eq!(of("dropout", "20"), Some(false));
    assert_eq!((of("still_enrolled", "90"), of("still_enrolled", "89")), (Some(false), None));
    assert_eq!(of("transferred_out", "180"), None);
}

const GRADUATE: [(&str, &str); 3] =
    [("grade_level", "12"), ("cohort_year", "2026"), ("cohort_outcome", "graduated_4yr")];

fn graduate(measure: &str, more: &[(&str, &str)]) -> Option<bool> {
    succeeds(measure, &[&GRADUATE[..], more].concat())
}

#[test]
fn college_counts_until_its_day_and_who_was_not_matched_did_not_enrol() {
    for (measure, last, late) in [
        ("college_first_fall", "2026-10-31", "2026-11-01"),
        ("college_1yr", "2027-08-15", "2027-08-16"),
        ("ccp_md", "2027-10-31", "2027-11-01"),
        ("college_2yr", "2028-08-15", "2028-08-16"),
    ] {
        let of = |date| graduate(measure, &[("college_enrolled_date", date)]);
        assert_eq!((of(last), of(late)), (Some(true), Some(false)), "{measure}");
        assert_eq!(graduate(measure, &[]), Some(false), "{measure}");
    }
}

#[test]
fn each_road_to_college_and_career_counts_alone() {
    for road in [("ap_exams_passed", "1"), ("ib_exams_passed", "1"), ("cte_concentrator", "1")] {
        assert_eq!(graduate("ccp_md", &[road]), Some(true), "{road:?}");
    }
    let levels = |ela, math| {
        [("prior_grade_level", "11"), ("ela_prior_level", ela), ("math_prior_level", math)]
    };
    let of = |more: &[(&str, &str)]| graduate("cci_routes", more);
    assert_eq!(of(&[]), Some(false));
    assert_eq!(of(&levels("3", "3")), Some(true));
    assert_eq!(of(&levels("4", "2")), Some(false), "one of two is half a route");
    assert_eq!(of(&[("ap_exams_passed", "1")]), Some(false));
    assert_eq!(of(&[("ap_exams_passed", "2")]), Some(true));
    assert_eq!(of(&[("ib_exams_passed", "2")]), Some(true));
    assert_eq!(of(&[("college_credit_semesters", "2")]), Some(true));
    for main in [("a_g_complete", "1"), ("cte_completer", "1")] {
        assert_eq!(of(&[main]), Some(false), "{main:?}");
        assert_eq!(of(&[main, ("college_credit_semesters", "1")]), Some(true), "{main:?}");
        assert_eq!(of(&[&[main][..], &levels("2", "3")].concat()), Some(true), "{main:?}");
        assert_eq!(of(&[&[main][..], &levels("2", "2")].concat()), Some(false), "{main:?}");
    }
    assert_eq!(of(&[("a_g_complete", "1"), ("cte_completer", "1")]), Some(true));
    let none = [("grade_level", "12"), ("cohort_year", "2026"), ("cohort_outcome", "completer")];
    let none = [&none[..], &levels("3", "3")].concat();
    assert_eq!(succeeds("cci_routes", &none), Some(false), "without a diploma nobody is prepared");
    assert_eq!(graduate("cci", &[("cci_prepared", "1")]), Some(true));
    assert_eq!(graduate("cci", &[]), None);
}
