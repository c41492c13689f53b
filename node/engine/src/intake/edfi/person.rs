//! Who a student is and which groups the student belonged to: demographics,
//! characteristics and programs.

use super::{notes::Row, reader::EdFi, record::Element};
use crate::{
    intake::table::{Day, StudentIds},
    student::Column,
};

impl EdFi {
    /// Demographics; whether anything of use was told.
    pub(super) fn person(&mut self, row: &Row<'_>) -> bool {
        let row = &self.with_codes(row);
        let of = row.element;
        let sex = self.meaning(row, "sex", "sex").unwrap_or_default();
        self.value(row, Column::Gender, &sex);
        let race = self.race(row);
        self.value(row, Column::RaceEthnicity, &race);
        let english = self.meaning(row, "english", "limitedEnglishProficiency");
        self.english(row, english.as_deref());
        let mut has_told = [&sex, &race].iter().any(|text| !text.is_empty()) || english.is_some();
        for characteristic in of.all("studentCharacteristic") {
            let flags = self.flags(row, "characteristic", characteristic.code());
            has_told |= !flags.is_empty();
            self.belongs_for(row, &flags, characteristic);
        }
        for code in of.codes("schoolFoodServicesEligibility") {
            let flags = self.flags(row, "food_service", code);
            has_told |= !flags.is_empty();
            self.belongs(row, &flags, self.whole_year());
        }
        if is_true(of.text("economicDisadvantaged")) {
            has_told = true;
            let flags = [Column::SocioeconomicallyDisadvantaged];
            self.belongs(row, &flags, self.whole_year());
        }
        has_told
    }

    /// The row with the student's other id, from identification codes.
    fn with_codes<'a>(&mut self, row: &Row<'a>) -> Row<'a> {
        let Row { element, line, .. } = *row;
        let is_statewide = self.descriptors.is_unique_id_statewide();
        let wanted = if is_statewide { "local" } else { "statewide" };
        let mut other = "";
        for code in element.all("studentIdentificationCode") {
            let system = code.codes("studentIdentificationSystem").next().unwrap_or("");
            let meaning = self.meaning_of(row, "identification", system);
            if other.is_empty() && meaning.as_deref() == Some(wanted) {
                other = code.text("identificationCode");
            }
        }
        let ids = if is_statewide {
            StudentIds { local: other, ..row.ids }
        } else {
            StudentIds { statewide: other, ..row.ids }
        };
        Row { element, ids, line }
    }

    /// The race group: Hispanic first, then the one group, then two or more.
    fn race(&mut self, row: &Row<'_>) -> String {
        let codes: Vec<&str> = row.element.codes("race").collect();
        let mut groups: Vec<String> =
            codes.iter().filter_map(|code| self.meaning_of(row, "race", code)).collect();
        groups.sort_unstable();
        groups.dedup();
        let is_hispanic = is_true(row.element.text("hispanicLatinoEthnicity"));
        match groups.as_slice() {
            _ if is_hispanic => "HI".to_owned(),
            [] => String::new(),
            [group] => group.clone(),
            _ => "MR".to_owned(),
        }
    }

    fn english(&mut self, row: &Row<'_>, meaning: Option<&str>) {
        let (learner, reclassified) = match meaning {
            Some("learner") => ("1", "0"),
            Some("reclassified") => ("0", "1"),
            // Whether the student ever was a learner is not told.
            Some(_) => ("0", ""),
            None => return,
        };
        self.value(row, Column::EnglishLearner, learner);
        self.value(row, Column::Reclassified, reclassified);
    }

    /// Participation in a program; whether any group asks for it.
    pub(super) fn program(&mut self, row: &Row<'_>) -> bool {
        let of = row.element;
        let Some(from) = self.day(row, "beginDate", of.text("beginDate")) else { return false };
        let ends = [of.text("specialEducationExitDate"), of.text("endDate")];
        let end = ends.into_iter().find(|text| !text.is_empty()).unwrap_or("");
        let to = self.day(row, "endDate", end);
        let kind = of.all("programReference").map(|part| part.deep_code("programType"));
        let kind = kind.into_iter().find(|code| !code.is_empty()).unwrap_or("").to_owned();
        let mut flags =
            if kind.is_empty() { Vec::new() } else { self.flags(row, "program", &kind) };
        if is_false(of.text("ideaEligibility")) {
            flags.retain(|flag| *flag != Column::StudentsWithDisabilities);
        }
        let services: Vec<&str> = of.codes("schoolFoodServiceProgramService").collect();
        for service in services {
            flags.extend(self.flags(row, "food_service", service));
        }
        self.belongs(row, &flags, (from, to));
        !flags.is_empty()
    }

    /// Membership for the periods that a characteristic has; without any, for
    /// the year.
    fn belongs_for(&mut self, row: &Row<'_>, flags: &[Column], characteristic: &Element) {
        let mut has_periods = false;
        for period in characteristic.all("period") {
            let from = self.day(row, "beginDate", period.text("beginDate"));
            let to = self.day(row, "endDate", period.text("endDate"));
            if let Some(from) = from {
                has_periods = true;
                self.belongs(row, flags, (from, to));
            }
        }
        if !has_periods {
            self.belongs(row, flags, self.whole_year());
        }
    }

    fn whole_year(&self) -> (Day, Option<Day>) {
        (Day::first_of(self.year), Some(Day::last_of(self.year)))
    }

    /// Says "yes" to groups for a time that touches the year, as a value of the
    /// year: a source of programs alone tells of students too. From then on who is not named is in
    /// none of them: a source that names nobody of a group does not track it.
    fn belongs(&mut self, row: &Row<'_>, flags: &[Column], (from, to): (Day, Option<Day>)) {
        let ends_before = to.is_some_and(|to| to < Day::first_of(self.year) || to < from);
        if ends_before || from > Day::last_of(self.year) {
            return;
        }
        for column in flags.iter().copied() {
            self.gather.tells([column]);
            self.value(row, column, "1");
        }
    }
}

/// XML writes `1` or `true`, JSON `true`.
fn is_true(text: &str) -> bool {
    text == "1" || text.eq_ignore_ascii_case("true")
}

fn is_false(text: &str) -> bool {
    text == "0" || text.eq_ignore_ascii_case("false")
}
