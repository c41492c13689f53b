//! One cell of an official file: a number, or one of the many ways of saying
//! that the state does not publish it. Never turns such a mark into zero.

/// Ways of saying "not published" or "missing", lower case; `<` and `>` in
/// front of a number say it too.
const MARKS: &[&str] = &[
    "", "*", "**", "***", "-", "--", "- -", "n/a", "na", "null", "none", "-9999", "-9999.0",
    "-6666", "n<15", "n<5",
];

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Published {
    /// This number.
    Number(f64),
    /// That there is a number which is not published, or none.
    Not,
}

impl Published {
    /// The number, if it is published.
    pub const fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Not => None,
        }
    }
}

/// Reads a cell; `None` where it says neither.
pub fn published(text: &str) -> Option<Published> {
    let text = text.trim();
    if text.starts_with(['<', '>']) || MARKS.contains(&text.to_ascii_lowercase().as_str()) {
        return Some(Published::Not);
    }
    let plain = text.strip_suffix('%').unwrap_or(text).trim_end();
    let number: f64 = plain.parse().or_else(|_| without_groups(plain).parse()).ok()?;
    number.is_finite().then_some(Published::Number(number))
}

/// `1,234,567` without its commas; anything else as it is.
fn without_groups(text: &str) -> String {
    let whole = text.split('.').next().unwrap_or(text);
    let mut parts = whole.split(',');
    let first = parts.next().unwrap_or("");
    let grouped = (1..=3).contains(&first.len()) && parts.all(|part| part.len() == 3);
    if grouped { text.replace(',', "") } else { text.to_owned() }
}

/// A whole number of students; a mark is none, anything else is refused.
pub fn count(text: &str) -> Option<Option<u32>> {
    match published(text)? {
        Published::Not => Some(None),
        Published::Number(number) if number >= 0.0 && number.fract() == 0.0 && number < 1e9 => {
            Some(Some(number as u32))
        }
        Published::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_published_is_no_number_and_never_zero() {
        for mark in ["*", "- -", "--", "< 16", "<16", "N<15", "", "  ", "-9999", ">=95", "N/A"] {
            assert_eq!(published(mark), Some(Published::Not), "{mark:?}");
            assert_eq!(count(mark), Some(None), "{mark:?}");
        }
        assert_eq!(published("0"), Some(Published::Number(0.0)));
        assert_eq!(count("0"), Some(Some(0)));
    }

    #[test]
    fn numbers_are_read_as_printed() {
        assert_eq!(published("-85.3"), Some(Published::Number(-85.3)));
        assert_eq!(published(" 79.63 "), Some(Published::Number(79.63)));
        assert_eq!(published("12.5%"), Some(Published::Number(12.5)));
        assert_eq!(count("6,019,472"), Some(Some(6_019_472)));
        for wrong in ["12a", "1,23", "NaN", "inf", "1.2.3"] {
            assert_eq!(published(wrong), None, "{wrong}");
        }
        assert_eq!(count("-3"), None);
        assert_eq!(count("3.5"), None);
    }
}
