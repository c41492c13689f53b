//! Days on which students are expected, from the calendars of their schools.
//!
//! Absences alone say nothing about a rate: without a calendar no days are
//! expected, and the import says so.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{notes::Row, reader::EdFi};
use crate::intake::table::{Absence, Day, Fact, StudentIds};

/// A calendar's school and code.
type Name = (String, String);

/// Calendars of the year, and who follows which.
#[derive(Default)]
pub(super) struct Calendars {
    known: BTreeMap<Name, Calendar>,
    /// By student: enrolments of the year.
    enrolled: HashMap<String, Vec<Enrolled>>,
    /// Whether any absence or presence was told.
    has_events: bool,
}

#[derive(Default)]
struct Calendar {
    /// Of some students only: it is nobody's who does not name it.
    is_of_some: bool,
    days: BTreeSet<i32>,
}

/// An enrolment, as far as attendance asks.
struct Enrolled {
    school: String,
    calendar: Option<Name>,
    first: Day,
    last: Day,
}

impl Calendars {
    /// The calendar that an enrolment names, or the school's only one for
    /// everybody.
    fn find(&self, school: &str, code: &str) -> Option<Name> {
        let has_days =
            |name: &Name| self.known.get(name).is_some_and(|calendar| !calendar.days.is_empty());
        if !code.is_empty() {
            return Some((school.to_owned(), code.to_owned())).filter(has_days);
        }
        let of_school = self.known.iter().filter(|((of, _), calendar)| {
            of == school && !calendar.is_of_some && !calendar.days.is_empty()
        });
        let mut names = of_school.map(|(name, _)| name.clone());
        let only = names.next()?;
        names.next().is_none().then_some(only)
    }

    fn is_day(&self, name: &Name, day: Day) -> bool {
        self.known.get(name).is_some_and(|calendar| calendar.days.contains(&day.number()))
    }
}

impl EdFi {
    /// A calendar, of all students of its school or of some.
    pub(super) fn calendar(&mut self, row: &Row<'_>) -> bool {
        let school = row.element.deep("schoolId");
        let name = (school.to_owned(), row.element.text("calendarCode").to_owned());
        if !self.is_of_year(row) {
            return false;
        }
        let kind = self.meaning(row, "calendar_type", "calendarType");
        self.calendars.known.entry(name).or_default().is_of_some =
            kind.as_deref() == Some("student");
        true
    }

    /// A day of a calendar.
    pub(super) fn calendar_date(&mut self, row: &Row<'_>) -> bool {
        let within = |name| row.element.within("calendarReference", name);
        let name = (within("schoolId").to_owned(), within("calendarCode").to_owned());
        let Some(day) = self.day(row, "date", row.element.text("date")) else { return false };
        if day.school_year() != Some(self.year) {
            return false;
        }
        let events: Vec<&str> = row.element.codes("calendarEvent").collect();
        let is_expected = events.iter().any(|event| {
            self.meaning_of(row, "calendar_event", event).as_deref() == Some("expected")
        });
        if is_expected {
            self.calendars.known.entry(name).or_default().days.insert(day.number());
        }
        is_expected
    }

    /// Keeps an enrolment of the year for its days.
    pub(super) fn expect_days(
        &mut self,
        row: &Row<'_>,
        school: &str,
        first: Day,
        last: Option<Day>,
    ) {
        let code = row.element.within("calendarReference", "calendarCode");
        let calendar = self.calendars.find(school, code);
        let id = self.unique_id(row.ids).to_owned();
        let last = last.unwrap_or(self.until).min(self.until);
        let enrolled = Enrolled { school: school.to_owned(), calendar, first, last };
        self.calendars.enrolled.entry(id).or_default().push(enrolled);
    }

    /// An absence, or that there was none.
    pub(super) fn attendance(&mut self, row: &Row<'_>) -> bool {
        let event = row.element;
        let Some(day) = self.day(row, "eventDate", event.deep("eventDate")) else { return false };
        let category = event.deep_code("attendanceEventCategory").to_owned();
        let meaning = self.meaning_of(row, "attendance", &category);
        let duration = self.number(row, "eventDuration", event.deep("eventDuration"));
        if day.school_year() != Some(self.year) || day > self.until {
            return false;
        }
        self.calendars.has_events = true;
        let Some(absent) = absence(meaning.as_deref(), duration) else { return false };
        if absent == Absence::Present {
            return true;
        }
        let school = event.within("schoolReference", "schoolId");
        let enrolled = self.calendars.enrolled.get(self.unique_id(row.ids));
        let there = enrolled.into_iter().flatten().find(|enrolled| {
            enrolled.school == school && (enrolled.first..=enrolled.last).contains(&day)
        });
        let remedy = "the absence is not counted: correct it, or the enrolment, in the source";
        match there.map(|enrolled| enrolled.calendar.as_ref()) {
            Some(Some(name)) if self.calendars.is_day(name, day) => {
                self.gather.add(row.ids, &Fact::SchoolDay { school, day, absent }, row.line);
                return true;
            }
            Some(Some(_)) => {
                let what = "an absence is on a day that the calendar does not have";
                self.notice(what, remedy, row.line, None);
            }
            // Told once for the school when the import ends.
            Some(None) => {}
            None => {
                let what = "an absence is of a day without an enrolment at the school";
                self.notice(what, remedy, row.line, None);
            }
        }
        false
    }

    /// Hands on the days that students were expected, if absences were told at
    /// all: a source without them has not seen everybody present.
    pub(super) fn hand_on_days(&mut self) {
        let calendars = std::mem::take(&mut self.calendars);
        if !calendars.has_events {
            return;
        }
        let mut lacking: BTreeMap<&str, u64> = BTreeMap::new();
        for (id, enrolled) in &calendars.enrolled {
            let ids = self.ids_of(id);
            for Enrolled { school, calendar, first, last } in enrolled {
                let Some(calendar) = calendar.as_ref().and_then(|name| calendars.known.get(name))
                else {
                    *lacking.entry(school).or_default() += 1;
                    continue;
                };
                let days = calendar.days.range(first.number()..=last.number().max(first.number()));
                for day in days.map(|number| Day::of_unix(i64::from(*number) * 86_400)) {
                    if day <= *last {
                        let absent = Absence::Present;
                        self.gather.add(ids, &Fact::SchoolDay { school, day, absent }, 0);
                    }
                }
            }
        }
        for school in lacking.keys() {
            let what = format!("school {school} has no calendar with instructional days");
            let remedy = "days expected and absent of its students are not known, nor chronic \
                          absence: give its Calendar and CalendarDate, or take attendance from \
                          another source";
            self.notice(&what, remedy, 0, None);
        }
    }

    /// The id that joins the records.
    pub(super) fn unique_id<'a>(&self, ids: StudentIds<'a>) -> &'a str {
        if self.descriptors.is_unique_id_statewide() { ids.statewide } else { ids.local }
    }

    /// The ids of a student whose unique id is known.
    pub(super) fn ids_of<'a>(&self, id: &'a str) -> StudentIds<'a> {
        if self.descriptors.is_unique_id_statewide() {
            StudentIds { local: "", statewide: id }
        } else {
            StudentIds { local: id, statewide: "" }
        }
    }
}

/// How much of a day an event says was missed, to the nearest half: its
/// duration where it has one, its category otherwise.
fn absence(category: Option<&str>, duration: Option<f64>) -> Option<Absence> {
    let whole = match category? {
        "absent" => Absence::Full,
        "half" => Absence::Half,
        _ => return Some(Absence::Present),
    };
    Some(match duration {
        Some(part) if part >= 0.75 => Absence::Full,
        Some(part) if part >= 0.25 => Absence::Half,
        Some(part) if part > 0.0 => Absence::Present,
        _ => whole,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_says_how_much_of_a_day_was_missed() {
        for (category, duration, found) in [
            (Some("absent"), None, Some(Absence::Full)),
            (Some("absent"), Some(0.0), Some(Absence::Full)),
            (Some("absent"), Some(0.5), Some(Absence::Half)),
            (Some("absent"), Some(0.2), Some(Absence::Present)),
            (Some("half"), None, Some(Absence::Half)),
            (Some("half"), Some(1.0), Some(Absence::Full)),
            (Some("present"), Some(1.0), Some(Absence::Present)),
            (None, Some(1.0), None),
        ] {
            assert_eq!(absence(category, duration), found, "{category:?} {duration:?}");
        }
    }
}
