//! The charter's civil calendar as instants, and the next time a cron
//! expression names.
//!
//! A civil date begins at midnight in the charter's time zone, whatever zone
//! this machine is in; where daylight saving skips midnight, it begins at the
//! first moment there is.

use chrono::{DateTime, Days, NaiveDate, TimeZone};
use chrono_tz::Tz;
use croner::Cron;
use peerlight_node_engine::schedule::Step;
use peerlight_proto::{charter::Charter, units::UnixSeconds};

/// The calendar cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The zone is unknown.
    #[error(
        "the charter's time zone \"{0}\" is not known: update this program, or tell the hub's operator"
    )]
    Zone(String),
    /// A date is malformed.
    #[error("the charter's date \"{0}\" is not a civil date YYYY-MM-DD: tell the hub's operator")]
    Date(String),
    /// The cron expression never comes.
    #[error("sync_cron = \"{0}\" names no time to come: change it in node.toml")]
    Never(String),
}

/// The charter's time zone.
pub fn zone(charter: &Charter) -> Result<Tz, CalendarError> {
    let name = &charter.policy.time_zone;
    name.parse().map_err(|_| CalendarError::Zone(name.clone()))
}

/// Every step of the charter's calendar.
pub fn steps(charter: &Charter) -> Result<Vec<Step>, CalendarError> {
    let zone = zone(charter)?;
    let mut steps = Vec::new();
    for program in &charter.policy.programs {
        for period in &program.periods {
            let date = NaiveDate::parse_from_str(&period.due, "%Y-%m-%d")
                .map_err(|_| CalendarError::Date(period.due.clone()))?;
            let due_at =
                start_of(date, zone).ok_or_else(|| CalendarError::Date(period.due.clone()))?;
            steps.push(Step { due_at, program: program.id.clone(), period: period.id.clone() });
        }
    }
    Ok(steps)
}

/// The first moment of a civil date.
fn start_of(date: NaiveDate, zone: Tz) -> Option<UnixSeconds> {
    let midnight = date.and_hms_opt(0, 0, 0)?;
    // No zone skips more than a few hours at once.
    let mut moments = (0..=6).map(|hours| midnight + chrono::TimeDelta::hours(hours));
    let first = moments.find_map(|moment| zone.from_local_datetime(&moment).earliest());
    first.map(|moment| UnixSeconds(moment.timestamp()))
}

/// The first time after `now` that a cron expression names in `zone`.
pub fn next_cron(
    expression: &str,
    zone: Tz,
    now: UnixSeconds,
) -> Result<UnixSeconds, CalendarError> {
    let never = || CalendarError::Never(expression.to_owned());
    let cron: Cron = expression.parse().map_err(|_| never())?;
    let now: DateTime<Tz> = zone.timestamp_opt(now.0, 0).single().ok_or_else(never)?;
    let next = cron.find_next_occurrence(&now, false).map_err(|_| never())?;
    Ok(UnixSeconds(next.timestamp()))
}

/// Today's civil date in a zone, `YYYY-MM-DD`.
pub fn today(zone: Tz, now: UnixSeconds) -> String {
    let date = zone.timestamp_opt(now.0, 0).single().map(|instant| instant.date_naive());
    date.map_or_else(String::new, |date| date.to_string())
}

/// Whether the text is a civil date `YYYY-MM-DD`.
pub fn is_date(text: &str) -> bool {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// Whether the text is a civil date not after the day that follows `today`.
pub fn is_past_date(text: &str, today: &str) -> bool {
    let parse = |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    match (parse(text), parse(today)) {
        (Some(date), Some(today)) => today + Days::new(1) >= date,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixSeconds {
        UnixSeconds(DateTime::parse_from_rfc3339(text).unwrap().timestamp())
    }

    #[test]
    fn a_civil_date_begins_at_midnight_where_the_charter_says() {
        let zone: Tz = "America/Los_Angeles".parse().unwrap();
        let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
        assert_eq!(start_of(date("2026-07-15"), zone), Some(at("2026-07-15T07:00:00Z")));
        assert_eq!(start_of(date("2026-01-15"), zone), Some(at("2026-01-15T08:00:00Z")));
    }

    #[test]
    fn a_date_without_a_midnight_begins_at_its_first_moment() {
        // Clocks in Beirut went from 23:59 to 01:00 on 27 March 2022.
        let zone: Tz = "Asia/Beirut".parse().unwrap();
        let date = NaiveDate::from_ymd_opt(2022, 3, 27).unwrap();
        assert_eq!(start_of(date, zone), Some(at("2022-03-26T22:00:00Z")));
    }

    #[test]
    fn cron_times_are_in_the_charters_zone() {
        let zone: Tz = "America/Los_Angeles".parse().unwrap();
        let next = next_cron("30 6 * * *", zone, at("2026-07-15T13:30:00Z")).unwrap();
        assert_eq!(next, at("2026-07-16T13:30:00Z"));
        assert!(next_cron("0 0 30 2 *", zone, at("2026-07-15T13:30:00Z")).is_err());
    }
}
