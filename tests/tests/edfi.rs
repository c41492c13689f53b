//! Ed-Fi on the real node: interchange files become a school year beside the
//! others, and an API that does not answer or is asked in the clear changes
//! nothing and hears no secret.

use std::{fmt::Write, fs, net::TcpListener, path::Path};

use peerlight_tests::harness::Node;
use serde_json::Value;

use crate::fixture::Fixture;

pub const STUDENTS: usize = 40;

/// Exit codes of the node.
const USAGE: i32 = 2;
const DATA_REFUSED: i32 = 6;

/// Enrolments of one school in the autumn of 2025, as the interchange has them.
pub fn write_enrolments(folder: &Path, school: &str) {
    let mut text = "<InterchangeStudentEnrollment xmlns=\"http://ed-fi.org/5.2.0\">\n".to_owned();
    for number in 0..STUDENTS {
        writeln!(
            text,
            "<StudentSchoolAssociation>\
             <StudentReference><StudentIdentity><StudentUniqueId>88{number:04}</StudentUniqueId>\
             </StudentIdentity></StudentReference>\
             <SchoolReference><SchoolIdentity><SchoolId>{school}</SchoolId></SchoolIdentity>\
             </SchoolReference><EntryDate>2025-08-20</EntryDate>\
             <EntryGradeLevel>uri://ed-fi.org/GradeLevelDescriptor#Fifth grade</EntryGradeLevel>\
             </StudentSchoolAssociation>"
        )
        .unwrap();
    }
    text += "</InterchangeStudentEnrollment>\n";
    fs::write(folder.join("StudentEnrollment.xml"), text).unwrap();
}

fn held(node: &Node) -> Vec<Value> {
    let answer = node.program.json(&["records"]).unwrap();
    answer["records"].as_array().unwrap().clone()
}

#[test]
fn interchange_files_become_a_school_year_and_the_same_files_change_nothing() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let exact = node.program.json(&["measures"]).unwrap();
    let rows = exact["measures"].as_array().unwrap();
    let school = rows.iter().find_map(|row| row["school_id"].as_str()).unwrap();
    let folder = fixture.root().join("interchange");
    fs::create_dir(&folder).unwrap();
    write_enrolments(&folder, school);
    let path = folder.display().to_string();
    let import = ["import", "edfi", &path, "--year", "2025-26"];
    let said = node.program.run(&import).unwrap();
    let is_new = |row: &&Value| row["sources"] == serde_json::json!(["edfi"]);
    let after = held(node);
    let year = after.iter().find(is_new).unwrap_or_else(|| panic!("{said}"));
    assert_eq!(year["students"].as_u64(), Some(STUDENTS as u64));
    node.program.run(&import).unwrap();
    assert_eq!(held(node), after, "the same files change nothing");

    // Cut short: nothing is applied, and the year before it stays.
    let file = folder.join("StudentEnrollment.xml");
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let failure = node.program.fails(&import).unwrap();
    assert_eq!(failure.code, Some(DATA_REFUSED), "{failure}");
    assert!(!failure.said.contains("880001"), "{failure}");
    assert_eq!(held(node), after);
}

#[test]
fn an_api_that_is_down_or_asked_in_the_clear_changes_nothing() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let before = held(node);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let import = |url: &str| {
        let mut command = node.program.command(&["import", "edfi", url, "--year", "2025-26"]);
        command.env("PEERLIGHT_EDFI_CLIENT_ID", "id").env("PEERLIGHT_EDFI_SECRET", "s3cr3t");
        let output = command.output().unwrap();
        assert!(!output.status.success());
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (_, down) = import(&format!("http://{free}/api"));
    let (_, clear) = import("http://edfi.example.org/api");
    assert!(clear.contains("https alone"), "{clear}");
    assert!(!format!("{down}{clear}").contains("s3cr3t"), "{down}{clear}");
    let url = format!("http://{free}/api");
    let failure = node.program.fails(&["import", "edfi", &url, "--year", "2025-26"]).unwrap();
    assert_eq!(failure.code, Some(USAGE), "no client and secret: {failure}");
    assert_eq!(held(node), before);
}
