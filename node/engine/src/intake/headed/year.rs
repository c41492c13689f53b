//! The school year that a file's name or title says.

use peerlight_proto::units::SchoolYear;

/// The school year that a file's name ends with, as the testing system names
/// its files: `…StudentScoreData_2024.xlsx` is of 2023-24.
pub(in crate::intake) fn in_name(name: &str) -> Option<SchoolYear> {
    let mut numbers: Vec<&str> = name.split(|it: char| !it.is_ascii_digit()).collect();
    numbers.retain(|number| !number.is_empty());
    let position = numbers
        .iter()
        .rposition(|number| number.len() == 4 && ("2014".."2100").contains(number))?;
    let year: u32 = numbers[position].parse().ok()?;
    // 2023-24 is written with its second year.
    let next = numbers.get(position + 1).and_then(|next| next.parse::<u32>().ok());
    let ending = if next == Some((year + 1) % 100) { year + 1 } else { year };
    SchoolYear::ending(ending).ok()
}

/// The school year that a title spells with both of its years, such as
/// `Academic Year: 2024-2025`; a date is none.
pub(in crate::intake) fn in_text(text: &str) -> Option<SchoolYear> {
    let is_part = |it: char| it.is_ascii_digit() || matches!(it, '-' | '/' | '\u{2013}');
    text.split(|it: char| !is_part(it)).find_map(|word| {
        let (first, second) = word.split_once(['-', '/', '\u{2013}'])?;
        let is_year = first.len() == 4 && matches!(second.len(), 2 | 4);
        let (first, second): (u32, u32) = (first.parse().ok()?, second.parse().ok()?);
        let follows = second == first + 1 || second == (first + 1) % 100;
        (is_year && follows).then(|| SchoolYear::ending(first + 1).ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_of_a_file_is_the_last_in_its_name() {
        for (name, year) in [
            (
                "27738250000000_CAASPP_Student_Score_Data_File_TestedStudentScoreData_2024.xlsx",
                2024,
            ),
            ("x_EnrolledStudentScoreData_2023_DLMTR.CSV", 2023),
            ("x_TestedStudentScoreData_2023_08142023.csv.gz", 2023),
            ("scores 2023-24.csv", 2024),
            ("scores 2022-2023.csv", 2023),
        ] {
            assert_eq!(in_name(name).map(SchoolYear::ending_year), Some(year), "{name}");
        }
        assert_eq!(in_name("27738250000000_scores.csv"), None);
        assert_eq!(in_name("district 1234.csv"), None);
    }

    #[test]
    fn a_title_says_the_school_year_with_both_years_and_a_date_is_none() {
        for text in ["2024-2025", "Academic Year: 2024-25", "AY 2024/2025 (EOY 3)", "2024–25"] {
            assert_eq!(in_text(text).map(SchoolYear::ending_year), Some(2025), "{text}");
        }
        for text in ["", "2024-12-01", "2011-12-01", "2024-2026", "10-11", "0123456-789", "2024"] {
            assert_eq!(in_text(text), None, "{text}");
        }
    }
}
