//! Reads one cell of a file as the value of its column, or says what to write
//! instead; and writes a value as such a cell.

use peerlight_proto::units::{Grade, SchoolYear};

use super::table::Day;
use crate::student::{Column, Kind, MISSING, Values};

/// A value as it is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    Number(f64),
    Byte(u8),
}

/// Why a cell is refused: what is wrong, and what to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadCell {
    pub(super) what: &'static str,
    pub(super) remedy: &'static str,
}

const fn bad(what: &'static str, remedy: &'static str) -> BadCell {
    BadCell { what, remedy }
}

const OUT_OF_RANGE: BadCell =
    bad("is out of range", "correct the value, or leave the cell empty if it is not known");
const NOT_A_NUMBER: BadCell = bad(
    "is not a number",
    "use digits and a dot, without thousands separators or units; leave the cell empty if missing",
);

impl Cell {
    /// The missing value of a kind.
    pub(super) const fn missing(kind: Kind) -> Self {
        if kind.is_byte() { Self::Byte(MISSING) } else { Self::Number(f64::NAN) }
    }

    /// Reads trimmed text; empty is missing.
    pub(super) fn read(kind: Kind, text: &str) -> Result<Self, BadCell> {
        if text.is_empty() {
            return Ok(Self::missing(kind));
        }
        match kind {
            Kind::Flag => flag(text).map(Self::Byte),
            Kind::Number(low, high) => number(text, low, high).map(Self::Number),
            Kind::Whole(low, high) => {
                let number = number(text, f64::from(low), f64::from(high))?;
                let is_whole = number.fract() == 0.0;
                let fraction = bad("is not a whole number", "write a whole number");
                if is_whole { Ok(Self::Byte(number as u8)) } else { Err(fraction) }
            }
            Kind::Grade => grade(text).map(Self::Byte),
            Kind::Code(codes) => {
                let position = codes.iter().position(|code| code.eq_ignore_ascii_case(text));
                position.map(|position| Self::Byte(position as u8)).ok_or(bad(
                    "is not one of the column's codes",
                    "use the codes of docs/running-a-node.md, or map the value with --map",
                ))
            }
            Kind::Year => year(text).map(|year| Self::Number(f64::from(year.ending_year()))),
            Kind::Date => days_of(text)
                .map(Self::Number)
                .ok_or(bad("is not a date", "write the date as YYYY-MM-DD")),
            Kind::Key | Kind::Name => Ok(Self::missing(kind)),
        }
    }
}

/// A stored value as a file would have it; empty where it is missing. `names`
/// are those of a column of names.
pub fn cell_text(column: Column, values: &Values, row: usize, names: &[String]) -> String {
    let (byte, number) = match values {
        Values::Bytes(bytes) => (bytes[row], f64::NAN),
        Values::Numbers(numbers) => (MISSING, numbers[row]),
    };
    if byte == MISSING && number.is_nan() {
        return String::new();
    }
    let at = usize::from(byte);
    match column.kind() {
        Kind::Flag | Kind::Whole(..) => byte.to_string(),
        Kind::Grade => Grade::from_index(at).map(|grade| grade.to_string()).unwrap_or_default(),
        Kind::Code(codes) => codes.get(at).copied().unwrap_or_default().to_owned(),
        Kind::Name => names.get(at).cloned().unwrap_or_default(),
        Kind::Date => Day::of_unix(number as i64 * 86_400).to_string(),
        Kind::Number(..) | Kind::Year | Kind::Key => number.to_string(),
    }
}

/// A school year in any of its spellings.
pub(super) fn year(text: &str) -> Result<SchoolYear, BadCell> {
    text.parse().map_err(|_| bad("is not a school year", "write the ending year, 2026 or 2025-26"))
}

fn flag(text: &str) -> Result<u8, BadCell> {
    let is = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(["1", "true", "Y", "Yes"]) {
        Ok(1)
    } else if is(["0", "false", "N", "No"]) {
        Ok(0)
    } else {
        Err(bad("is not a flag", "write 1 or 0 (true/false, Y/N and Yes/No are accepted)"))
    }
}

fn grade(text: &str) -> Result<u8, BadCell> {
    let grade: Result<Grade, _> = text.parse();
    grade
        .or_else(|_| text.to_ascii_uppercase().parse::<Grade>())
        .map(|grade| grade.index() as u8)
        .map_err(|_| bad("is not a grade level", "use TK, KG or 01 to 12"))
}

fn number(text: &str, low: f64, high: f64) -> Result<f64, BadCell> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let number: f64 = text.parse().ok().filter(|_| is_plain).ok_or(NOT_A_NUMBER)?;
    if (low..=high).contains(&number) { Ok(number) } else { Err(OUT_OF_RANGE) }
}

/// Days from 1970-01-01 to a date `YYYY-MM-DD` of the years 1900 to 2200.
pub fn days_of(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let number = |text: &str, digits: usize| {
        let is_plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| is_plain)
    };
    date(number(year, 4)?, number(month, 2)?, number(day, 2)?)
}

/// Days from 1970-01-01 to a date of the years 1900 to 2200; `None` for a date
/// that there is not.
pub fn date(year: i64, month: i64, day: i64) -> Option<f64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1900..=2200).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    // Howard Hinnant, "chrono-compatible low-level date algorithms": years
    // that begin in March put the leap day last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some((era * 146_097 + day_of_era - 719_468) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_by_the_kind_of_their_column() {
        for (column, text, cell) in [
            (Column::Homeless, "1", Cell::Byte(1)),
            (Column::Homeless, "yes", Cell::Byte(1)),
            (Column::Homeless, "N", Cell::Byte(0)),
            (Column::Homeless, "", Cell::Byte(MISSING)),
            (Column::DaysAbsent, "17.5", Cell::Number(17.5)),
            (Column::DaysAbsent, "0", Cell::Number(0.0)),
            (Column::ElaLevel, "3", Cell::Byte(3)),
            (Column::ElaLevel, "3.0", Cell::Byte(3)),
            (Column::GradeLevel, "KG", Cell::Byte(1)),
            (Column::GradeLevel, "12", Cell::Byte(13)),
            (Column::GradeLevel, "7", Cell::Byte(8)),
            (Column::RaceEthnicity, "HI", Cell::Byte(4)),
            (Column::CohortYear, "2025-26", Cell::Number(2026.0)),
            (Column::CollegeEnrolledDate, "1970-01-02", Cell::Number(1.0)),
        ] {
            assert_eq!(Cell::read(column.kind(), text), Ok(cell), "{} {text}", column.name());
        }
    }

    #[test]
    fn a_stored_value_is_written_as_it_is_read() {
        for (column, text) in [
            (Column::Homeless, "0"),
            (Column::DaysAbsent, "17.5"),
            (Column::ElaLevel, "3"),
            (Column::GradeLevel, "TK"),
            (Column::GradeLevel, "07"),
            (Column::RaceEthnicity, "MR"),
            (Column::CohortYear, "2026"),
            (Column::CollegeEnrolledDate, "1969-08-20"),
            (Column::Gpa, ""),
            (Column::Gender, ""),
        ] {
            let values = match Cell::read(column.kind(), text).unwrap() {
                Cell::Number(number) => Values::Numbers(vec![number]),
                Cell::Byte(byte) => Values::Bytes(vec![byte]),
            };
            assert_eq!(cell_text(column, &values, 0, &[]), text, "{}", column.name());
        }
        let tests = ["SBAC".to_owned(), "CAA".to_owned()];
        assert_eq!(cell_text(Column::TestName, &Values::Bytes(vec![1]), 0, &tests), "CAA");
    }

    #[test]
    fn bad_cells_are_refused_with_a_remedy() {
        for (column, text, what) in [
            (Column::Homeless, "2", "is not a flag"),
            (Column::DaysAbsent, "-1", "is out of range"),
            (Column::DaysAbsent, "367", "is out of range"),
            (Column::DaysAbsent, "1,5", "is not a number"),
            (Column::DaysAbsent, "NaN", "is not a number"),
            (Column::DaysAbsent, "inf", "is not a number"),
            (Column::DaysAbsent, "1e2", "is not a number"),
            (Column::ElaLevel, "5", "is out of range"),
            (Column::ElaLevel, "2.5", "is not a whole number"),
            (Column::GradeLevel, "13", "is not a grade level"),
            (Column::Gender, "Q", "is not one of the column's codes"),
            (Column::CohortYear, "26", "is not a school year"),
            (Column::CollegeEnrolledDate, "08/20/2026", "is not a date"),
            (Column::CollegeEnrolledDate, "2026-02-29", "is not a date"),
        ] {
            let bad = Cell::read(column.kind(), text).unwrap_err();
            assert_eq!(bad.what, what, "{} {text}", column.name());
            assert!(!bad.remedy.is_empty());
        }
    }

    #[test]
    fn dates_count_days_across_leap_years() {
        assert_eq!(days_of("2000-03-01"), Some(11_017.0));
        assert_eq!(days_of("2026-08-20"), Some(20_685.0));
        assert_eq!(days_of("1969-12-31"), Some(-1.0));
        assert_eq!(days_of("2026-13-01"), None);
    }
}
