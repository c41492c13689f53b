//! Attendance told by the day: 90,000,000 events of 500,000 students summed to
//! student years, day after day as a student information system writes them.
//!
//! The events are made on the way, so that neither a disk nor a parser is
//! measured.

use anyhow::ensure;
use peerlight_node_engine::intake::{
    Schools,
    table::{Absence, Day, Fact, Gather, JoinId, StudentIds},
};
use peerlight_proto::names::MemberId;

use super::{BenchContext, Row, crowd::Crowd};
use crate::clock::Stopwatch;

const STUDENTS: usize = 500_000;
const DAYS: i64 = 180;
const SCHOOLS: usize = 1_000;
const BAR_MEMORY: f64 = 1_500.0;

/// 2025-08-18, a day of the school year 2025-26, in seconds since 1970.
const FIRST_DAY: i64 = 1_755_475_200;

/// Measures it in this process.
pub(super) fn measure(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    context.say("summing attendance events");
    let crowd = Crowd::new(SCHOOLS * 520);
    let schools = Schools::new(crowd.directory(), &MemberId::new("1")?);
    let school_ids: Vec<String> = (0..SCHOOLS).map(|school| format!("{school:06}")).collect();
    context.reset_peak_memory()?;
    let watch = Stopwatch::start();
    let mut gather = Gather::new(schools, JoinId::Local, None);
    gather.begin("attendance.csv");
    let mut absences = 0_u64;
    let mut line = 1;
    let mut id = String::new();
    for day in 0..DAYS {
        let day_of_year = Day::of_unix(FIRST_DAY + day * 86_400);
        for student in 0..STUDENTS {
            line += 1;
            // One in nineteen is away, each on other days.
            let is_away = (student as i64 * 7 + day * 11) % 19 == 0;
            absences += u64::from(is_away);
            id.clear();
            id.push_str(itoa(&mut [0; 20], 1_000_000 + student));
            let absent = if is_away { Absence::Full } else { Absence::Present };
            let school = school_ids[student % SCHOOLS].as_str();
            let fact = Fact::SchoolDay { school, day: day_of_year, absent };
            gather.count_row(false);
            gather.add(StudentIds { local: &id, statewide: "" }, &fact, line);
        }
    }
    let imported = gather.finish()?;
    let seconds = watch.seconds();
    let peak = context.peak_memory()? as f64 / 1e6;
    ensure!(imported.years.len() == 1 && imported.years[0].rows() == STUDENTS);
    ensure!((told(&imported.years[0]) - absences as f64).abs() < 0.5, "absences were lost");
    let events = STUDENTS as f64 * DAYS as f64;
    Ok(vec![
        Row::note("attendance events of 500,000 students", events, "events"),
        Row::note("events summed", events / seconds, "events/s"),
        Row::at_most("peak memory while summing", peak, "MB", BAR_MEMORY),
    ])
}

/// All days missed.
fn told(years: &peerlight_node_engine::intake::StudentYears) -> f64 {
    use peerlight_node_engine::student::{Column, Values};
    match years.values(Column::DaysAbsent) {
        Some(Values::Numbers(days)) => days.iter().sum(),
        _ => f64::NAN,
    }
}

/// A number's digits, without an allocation for each of 90,000,000 ids.
fn itoa(digits: &mut [u8; 20], mut number: usize) -> &str {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    std::str::from_utf8(&digits[at..]).unwrap_or_default()
}
