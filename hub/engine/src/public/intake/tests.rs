//! Rows exactly as the state prints them.

use peerlight_proto::group::{Flag, Race, StudentGroup};

use super::*;

fn read(
    format: Format,
    stated: Stated,
    delimiter: char,
    text: &str,
) -> Result<Imported, Vec<String>> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(delimiter).collect();
    let mut intake = Intake::begin(format, 1, &header, stated)?;
    for (number, line) in lines.enumerate() {
        intake.row(number as u64 + 2, &line.split(delimiter).collect::<Vec<_>>());
    }
    intake.finish()
}

fn as_published(format: Format, delimiter: char, text: &str) -> Result<Imported, Vec<String>> {
    read(format, Stated::default(), delimiter, text)
}

/// The research file of 2024: caret-delimited.
const CAASPP_2024: &str = "\
County Code^District Code^School Code^Filler^Test Year^Test Type^Test ID^Student Group ID^Grade^\
Total Students Enrolled^Total Students Tested^Total Students Tested with Scores^Mean Scale Score^\
Percentage Standard Exceeded^Percentage Standard Met^Percentage Standard Met and Above^Type ID
00^00000^0000000^^2024^B^1^1^13^2961254^2880000^2879000^^19.97^27.07^47.04^4
01^10017^0000000^^2024^B^1^1^13^3000^2900^2890^^10^20^30^6
01^10017^0112607^^2024^B^1^1^13^190^183^182^^14.29^29.12^43.41^9
01^10017^0112607^^2024^B^1^1^11^90^88^88^2580.1^20.45^35.23^55.68^9
01^10017^0112607^^2024^B^2^160^13^24^23^23^^0^4.35^4.35^9
01^10017^0112607^^2024^B^2^74^13^9^9^*^^*^*^*^9
01^10017^0112607^^2024^B^2^74^11^9^9^*^*^*^*^*^9
01^10017^0112607^^2024^B^2^93^13^30^30^30^^10^20^30^9
01^10017^0112607^^2024^A^3^1^13^3^3^*^^*^*^*^9
";

#[test]
fn a_research_file_of_2024_is_read_as_printed() {
    let imported = as_published(Format::Caaspp, '^', CAASPP_2024).unwrap();
    assert_eq!((imported.source.as_str(), imported.school_year.ending_year()), ("caaspp", 2024));
    assert_eq!(imported.schools.len(), 1);
    assert_eq!(imported.schools[0].id.as_str(), "01100170112607");
    let found: Vec<_> = imported
        .results
        .iter()
        .map(|it| (it.measure.id, it.group.to_string(), it.value, it.students))
        .collect();
    assert_eq!(
        found,
        [
            ("caaspp_ela_met", "all".to_owned(), Some(43.41), Some(182)),
            ("caaspp_ela_met", "grade:11".to_owned(), Some(55.68), Some(88)),
            ("caaspp_math_met", "flag:EL".to_owned(), Some(4.35), Some(23)),
            ("caaspp_math_met", "race:AA".to_owned(), None, None),
        ]
    );
    let tally = imported.tally;
    assert_eq!((tally.rows, tally.not_a_school, tally.left_out, tally.not_published), (9, 2, 3, 1));
}

/// The research file of 2018: comma-delimited, with other names and no type.
const CAASPP_2018: &str = "\
County Code,District Code,School Code,Filler,Test Year,Subgroup ID,Test Type,Total Tested At Entity Level,\
Total Tested with Scores,Grade,Test Id,CAASPP Reported Enrollment,Students Tested,Mean Scale Score,\
Percentage Standard Exceeded,Percentage Standard Met,Percentage Standard Met and Above,Students with Scores
00,00000,0000000,,2018,001,B,3200000,3200000,13,1,3200000,3190000,,22.43,27.45,49.88,3180000
19,64733,6016000,,2018,001,B,300,300,03,1,52,50,2426.3,24.00,36.00,60.00,50
19,64733,6016000,,2018,128,B,300,300,13,2,12,10,,*,*,*,*
";

#[test]
fn a_research_file_of_2018_is_read_by_its_own_column_names() {
    let imported = as_published(Format::Caaspp, ',', CAASPP_2018).unwrap();
    assert_eq!(imported.schools[0].id.as_str(), "19647336016000");
    let [third, hidden] = imported.results.as_slice() else { panic!("{:?}", imported.results) };
    assert_eq!((third.value, third.students), (Some(60.0), Some(50)));
    assert_eq!(third.group.to_string(), "grade:03");
    assert_eq!((hidden.group, hidden.value), (StudentGroup::Flag(Flag::Disabilities), None));
}

const DASHBOARD: &str = "\
cds\trtype\tschoolname\tdistrictname\tcountyname\tcharter_flag\tcoe_flag\tdass_flag\tstudentgroup\tcurrnumer\t\
currdenom\tcurrstatus\tpriornumer\tpriordenom\tpriorstatus\tchange\tstatuslevel\tchangelevel\tcolor\tbox\t\
indicator\treportingyear
00000000000000\tX\t\t\t\t\t\t\tALL\t212681\t6019472\t3.5\t189079\t6066021\t3.1\t0.4\t3\t2\t2\t130\tSUSP\t2023
01100170112607\tS\tEnvision Academy\tAlameda COE\tAlameda\tY\t\t\tALL\t12\t400\t3\t10\t390\t2.6\t0.4\t3\t2\t2\t130\tSUSP\t2023
01100170112607\tS\tEnvision Academy\tAlameda COE\tAlameda\tY\t\t\tHI\t8\t200\t4\t\t\t\t\t3\t2\t2\t130\tSUSP\t2023
01100170112607\tS\tEnvision Academy\tAlameda COE\tAlameda\tY\t\t\tFOS\t\t5\t\t\t\t\t\t0\t0\t0\t0\tSUSP\t2023
01100170112607\tS\tEnvision Academy\tAlameda COE\tAlameda\tY\t\t\tLTEL\t1\t40\t2.5\t\t\t\t\t0\t0\t0\t0\tSUSP\t2023
";

#[test]
fn a_dashboard_file_is_read_for_schools_and_the_groups_that_are_kept() {
    let imported = as_published(Format::Dashboard, '\t', DASHBOARD).unwrap();
    assert_eq!(imported.source, "dashboard-suspension");
    assert_eq!(imported.schools[0].name, "Envision Academy");
    let values: Vec<_> = imported.results.iter().map(|it| (it.group, it.value)).collect();
    assert_eq!(
        values,
        [
            (StudentGroup::All, Some(3.0)),
            (StudentGroup::Race(Race::Hispanic), Some(4.0)),
            (StudentGroup::Flag(Flag::Foster), None),
        ]
    );
}

#[test]
fn a_dashboard_file_that_does_not_say_its_indicator_needs_to_be_told() {
    let text = "cds,rtype,studentgroup,currdenom,currstatus,reportingyear\n\
                01100170112607,S,ALL,88,-3.6,2018\n";
    let faults = as_published(Format::Dashboard, ',', text).unwrap_err();
    assert!(faults[0].contains("--indicator ELA"), "{faults:?}");
    let stated = |name: &str| Stated { indicator: Some(name.to_owned()), ..Stated::default() };
    let imported = read(Format::Dashboard, stated("ela"), ',', text).unwrap();
    assert_eq!(imported.results[0].value, Some(-3.6));
    assert_eq!(imported.source, "dashboard-ela");
    let elpi = "cds,rtype,currdenom,currstatus,reportingyear\n01100170112607,S,60,48.3,2022\n";
    let imported = read(Format::Dashboard, stated("ELPI"), ',', elpi).unwrap();
    assert_eq!(imported.results[0].group, StudentGroup::Flag(Flag::EnglishLearner));
    let faults = read(Format::Dashboard, stated("CHRO"), ',', elpi).unwrap_err();
    assert!(faults[0].contains("column studentgroup"), "{faults:?}");
}

#[test]
fn a_pupil_count_gives_shares_of_whom_a_school_serves() {
    let text = "Academic Year,County Code,District Code,School Code,School Name,Total Enrollment,\
                Free & Reduced Meal Program,Foster,Homeless,Unduplicated FRPM Eligible Count,\
                English Learner (EL)\n\
                2023-2024,27,10272,0112177,Monterey Bay Charter,478,71,0,6,95,23\n\
                2023-2024,27,10272,0000000,District Office,4,1,0,0,1,0\n\
                2023-2024,27,10272,0124297,Bay View,400,*,0,<11,100,20\n";
    let imported = as_published(Format::Cupc, ',', text).unwrap();
    let of = |id: &str| &imported.figures[&SchoolId::new(id).unwrap()];
    let first = of("27102720112177");
    assert_eq!(first.enrollment, Some(478));
    assert!((first.features["pct_english_learner"] - 100.0 * 23.0 / 478.0).abs() < 1e-9);
    assert!((first.features["pct_foster"]).abs() < 1e-9, "a printed zero is zero");
    let second = of("27102720124297");
    assert!(!second.features.contains_key("pct_homeless"), "what is not published is no share");
    assert!(!second.features.contains_key("pct_free_reduced_meals"));
    assert!((second.features["pct_socioeconomically_disadvantaged"] - 25.0).abs() < 1e-9);
    assert_eq!(imported.schools.len(), 2);
}

#[test]
fn enrolment_by_group_is_gathered_row_by_row() {
    let dashboard = "cds,rtype,studentgroup,schoolname,totalenrollment,subgrouptotal,rate,reportingyear\n\
                     01100170112607,S,EL,Envision,200,50,25,2024\n\
                     01100170112607,S,HI,Envision,200,120,60,2024\n\
                     01100170000000,D,EL,,2000,500,25,2024\n";
    let imported = as_published(Format::DashboardEnrollment, ',', dashboard).unwrap();
    let figures = &imported.figures[&SchoolId::new("01100170112607").unwrap()];
    assert_eq!(figures.enrollment, Some(200));
    assert!((figures.features["pct_HI"] - 60.0).abs() < 1e-9);
    let census = "Academic Year,Aggregate Level,County Code,District Code,School Code,Charter,\
                  Reporting Category,TOTAL_ENR,GR_TK\n\
                  2023-24,S,01,10017,0112607,Y,SG_EL,50,0\n\
                  2023-24,S,01,10017,0112607,Y,SG_DS,*,*\n\
                  2023-24,S,01,10017,0112607,Y,AR_03,1,1\n\
                  2023-24,S,01,10017,0112607,Y,TA,200,10\n";
    let imported = as_published(Format::CensusEnrollment, ',', census).unwrap();
    let figures = &imported.figures[&SchoolId::new("01100170112607").unwrap()];
    assert_eq!(figures.enrollment, Some(200));
    assert_eq!(figures.features.len(), 1, "{figures:?}");
    assert!((figures.features["pct_english_learner"] - 25.0).abs() < 1e-9);
}

#[test]
fn colorado_marks_are_not_published_and_courses_are_left_out() {
    let text = "year,level,district_code,district_name,school_code,school_name,subject,grade,\
                n_valid,pct_met\n\
                2019,STATE,0000,All Districts,0000,All Schools,Mathematics,All Grades,375751,45.8\n\
                2019,SCHOOL,0010,Mapleton 1,0187,Expeditionary,Mathematics,All Grades,< 16,- -\n\
                2019,SCHOOL,0010,Mapleton 1,0187,Expeditionary,English Language Arts,05,40,30.0\n\
                2019,SCHOOL,0010,Mapleton 1,0187,Expeditionary,Mathematics,Algebra I,40,30.0\n";
    let imported = as_published(Format::Cmas, ',', text).unwrap();
    assert_eq!(imported.schools[0].id.as_str(), "00100187");
    assert_eq!((imported.results[0].value, imported.results[0].students), (None, None));
    assert_eq!(imported.results[1].value, Some(30.0));
    assert_eq!((imported.results.len(), imported.tally.left_out), (2, 1));
}

#[test]
fn every_fault_is_told_at_once_with_line_column_and_remedy() {
    let text = "County Code^District Code^School Code^Test Year^Test ID^Student Group ID^Grade^\
                Students with Scores^Percentage Standard Met and Above^Type ID\n\
                1^10017^0112607^2022^1^1^13^182^43.41^7\n\
                01^10017^0112607^2022^1^1^13^182^143.41^7\n\
                01^10017^0112607^2022^1^1^14^182^43.41^7\n\
                01^10017^0112607^2022^1^1^13^182^43.41^7\n\
                01^10017^0112607^2022^1^1^13^182^43.41^7\n\
                01^10017^0112607^2023^1^1^13^182^43.41^7\n\
                01^10017^0112607^2022^1^1^13^many^43.41^7\n\
                01^10017^0112607^2022^1^1\n\
                01,10017,0112607,2022,1,1,13,182,43.41,7\n\
                01^10017^0112608^2022^1^1^13^182^43.41^77\n";
    let faults = as_published(Format::Caaspp, '^', text).unwrap_err();
    for expected in [
        "line 2, column County Code: \"1\" has not all its 2 digits",
        "line 3, column Percentage Standard Met and Above: \"143.41\" is outside 0 to 100 %",
        "line 4, column Grade: \"14\" is not a grade",
        "line 6: has the same school, measure and group as line 5",
        "line 7, column Test Year: is of 2022-23 in a file of 2021-22",
        "line 8, column Students with Scores: \"many\" is not a whole number",
        "line 9: has 6 cells where the header has 10",
        "line 10: has 1 cells",
        "line 11, column Type ID: \"77\" is no kind of record",
    ] {
        assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{expected}: {faults:#?}");
    }
    assert_eq!(faults.len(), 9, "{faults:#?}");
}

#[test]
fn a_file_of_another_year_than_was_said_is_refused() {
    let stated = Stated { year: Some(SchoolYear::ending(2025).unwrap()), ..Stated::default() };
    let faults = read(Format::Caaspp, stated, '^', CAASPP_2024).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert!(faults[0].contains("lines 2, 3, 4 and 6 more, column Test Year"), "{faults:?}");
    assert!(faults[0].contains("--year says 2024-25"), "{faults:?}");
}

#[test]
fn more_students_of_a_group_than_are_enrolled_are_a_fault() {
    let text = "Academic Year,District Code,County Code,School Code,Total Enrollment,\
                Unduplicated FRPM Eligible Count,English Learner (EL)\n\
                2023-24,10272,27,0112177,20,25,3\n";
    let faults = as_published(Format::Cupc, ',', text).unwrap_err();
    assert!(faults[0].starts_with("line 2: 25 students of 20"), "{faults:?}");
}
