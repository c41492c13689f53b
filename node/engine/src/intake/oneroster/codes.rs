//! The values that OneRoster defines, so that every other one is listed.

use peerlight_proto::units::Grade;

use super::table::Table;

/// Grades that no measure counts.
const OTHER_GRADES: [&str; 7] = ["IT", "PR", "PK", "PS", "UG", "13", "OTHER"];

const ROLES: [&str; 13] = [
    "administrator",
    "aide",
    "counselor",
    "districtAdministrator",
    "guardian",
    "parent",
    "principal",
    "proctor",
    "relative",
    "siteAdministrator",
    "student",
    "systemAdministrator",
    "teacher",
];

/// Columns of a file that have codes.
fn coded(table: Table) -> &'static [&'static str] {
    match table {
        Table::Users => &["status", "role", "grades"],
        Table::Roles | Table::Enrollments => &["status", "role"],
        // All but what says which row it is, and how old.
        Table::Demographics => &table.kept()[3..],
        Table::Manifest | Table::AcademicSessions | Table::Orgs => &[],
    }
}

/// Columns of a row, and values there that the standard does not define. Grades
/// matter of students alone.
pub(super) fn unknown<'a>(
    table: Table,
    cell: &impl Fn(&str) -> &'a str,
) -> Vec<(&'static str, &'a str)> {
    let is_student = ["", "student"].contains(&cell("role"));
    let told = coded(table).iter().map(|column| (*column, cell(column)));
    told.filter(|(column, text)| {
        let is_asked = *column != "grades" || is_student;
        is_asked && !text.is_empty() && !is_known(column, text)
    })
    .collect()
}

fn is_known(column: &str, text: &str) -> bool {
    let is_any = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(text));
    match column {
        "status" => is_any(&["active", "inactive", "tobedeleted"]),
        // Roles alone are compared letter by letter when they are read.
        "role" => ROLES.contains(&text),
        "sex" => is_any(&["female", "male", "other", "unspecified"]),
        "grades" => text.split(',').map(|grade| grade.trim().to_ascii_uppercase()).all(|grade| {
            let is_other = grade.is_empty() || OTHER_GRADES.contains(&grade.as_str());
            is_other || grade.parse::<Grade>().is_ok()
        }),
        _ => is_any(&["true", "false"]),
    }
}
