//! The school year that a file's name says.

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
}
