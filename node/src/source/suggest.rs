//! A first mapping file from a file's header and some of its values: names
//! that mean one of our columns are renamed, codes that are not ours are
//! listed for a person to fill in.

use std::collections::BTreeSet;

use peerlight_node_engine::student::{Column, Kind};

/// Most values that are listed for one column.
const LISTED: usize = 30;

/// Other names that exports use, without case and signs.
const OTHER_NAMES: &[(&str, Column)] = &[
    ("year", Column::SchoolYear),
    ("academicyear", Column::SchoolYear),
    ("schoolnumber", Column::SchoolId),
    ("school", Column::SchoolId),
    ("schoolcode", Column::SchoolId),
    ("calpadsschoolcode", Column::SchoolId),
    ("id", Column::StudentId),
    ("studentnumber", Column::StudentId),
    ("localstudentid", Column::StudentId),
    ("ssid", Column::StatewideId),
    ("stateid", Column::StatewideId),
    ("grade", Column::GradeLevel),
    ("calpadsgrade", Column::GradeLevel),
    ("sex", Column::Gender),
    ("ethnicity", Column::RaceEthnicity),
    ("race", Column::RaceEthnicity),
    ("reportingethnicity", Column::RaceEthnicity),
    ("el", Column::EnglishLearner),
    ("ell", Column::EnglishLearner),
    ("ellstatus", Column::EnglishLearner),
    ("elstatus", Column::EnglishLearner),
    ("sed", Column::SocioeconomicallyDisadvantaged),
    ("economicdisadvantagestatus", Column::SocioeconomicallyDisadvantaged),
    ("freereducedlunchstatus", Column::SocioeconomicallyDisadvantaged),
    ("swd", Column::StudentsWithDisabilities),
    ("iepstatus", Column::StudentsWithDisabilities),
    ("specialeducation", Column::StudentsWithDisabilities),
    ("homelessstatus", Column::Homeless),
    ("fosterstatus", Column::Foster),
    ("migrantstatus", Column::Migrant),
    ("militarystatus", Column::Military),
    ("daysenrolled", Column::DaysExpected),
    ("expecteddays", Column::DaysExpected),
    ("absences", Column::DaysAbsent),
    ("dayssuspension", Column::DaysSuspended),
];

/// TOML of a mapping for a file with this header and these rows.
pub fn suggest(header: &[String], rows: &[Vec<String>]) -> String {
    let (mut renames, mut values, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let mut taken = BTreeSet::new();
    for (position, name) in header.iter().enumerate() {
        let Some(column) = meant(name).filter(|column| taken.insert(*column)) else {
            rest.push(format!("# {} is not used", quoted(name)));
            continue;
        };
        if column.name() != name {
            renames.push(format!("{} = {}", quoted(name), quoted(column.name())));
        }
        values.extend(value_map(column, rows.iter().filter_map(|row| row.get(position))));
    }
    let needed = [Column::SchoolYear, Column::SchoolId, Column::StudentId, Column::GradeLevel];
    let missing = needed.into_iter().filter(|column| !taken.contains(column));
    let missing: Vec<String> = missing
        .map(|column| format!("# {} = \"\"  # needed: name it above or fill it in", column.name()))
        .collect();
    let head = ["# A first mapping: check every line, then import with --map.", "[rename]"];
    let head = head.map(str::to_owned).to_vec();
    let constants = vec![String::new(), "[constant]".to_owned()];
    [head, renames, rest, constants, missing, values, vec![String::new()]].concat().join("\n")
}

/// A TOML string on one line.
fn quoted(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The column of ours that a name means.
fn meant(name: &str) -> Option<Column> {
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let wanted = plain(name);
    let ours = Column::ALL.into_iter().find(|column| plain(column.name()) == wanted);
    let other =
        || OTHER_NAMES.iter().find(|(known, _)| *known == wanted).map(|(_, column)| *column);
    ours.or_else(other)
}

/// Lines for the values of a column that are not ours, to be filled in.
fn value_map<'a>(column: Column, cells: impl Iterator<Item = &'a String>) -> Vec<String> {
    let known = |cell: &str| match column.kind() {
        Kind::Flag => ["1", "0", "true", "false", "y", "n", "yes", "no"]
            .contains(&cell.to_lowercase().as_str()),
        Kind::Code(codes) => codes.iter().any(|code| code.eq_ignore_ascii_case(cell)),
        _ => true,
    };
    let unknown: BTreeSet<&String> =
        cells.filter(|cell| !cell.is_empty() && !known(cell)).collect();
    if unknown.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        String::new(),
        "# Write the code for each value; \"\" is missing.".to_owned(),
        format!("[value.{}]", column.name()),
    ];
    lines.extend(unknown.iter().take(LISTED).map(|cell| format!("{} = \"\"", quoted(cell))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::mapping;

    #[test]
    fn a_suggestion_is_a_mapping_that_reads() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let header =
            texts(&["YEAR", "School Number", "ID", "Grade", "GENDER", "IEP_STATUS", "SHOE"]);
        let rows = [texts(&["2026", "1", "7", "4", "Female", "IEP: Yes", "38"])];
        let text = suggest(&header, &rows);
        let mapping = mapping::parse(&text).unwrap();
        assert_eq!(mapping.rename["School Number"], [Column::SchoolId]);
        assert_eq!(mapping.value[&Column::Gender]["Female"], "");
        assert_eq!(mapping.value[&Column::StudentsWithDisabilities]["IEP: Yes"], "");
        assert!(text.contains("# \"SHOE\" is not used"));
    }
}
