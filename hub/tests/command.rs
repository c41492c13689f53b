//! The command line: what it prints, and its exit codes.

use std::{
    path::Path,
    process::{Command, Output},
};

fn hub(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peerlight-hub"))
        .env_remove("PEERLIGHT_HOME")
        .env_remove("PEERLIGHT_DATABASE")
        .arg("--home")
        .arg(home)
        .args(arguments)
        .output()
        .unwrap()
}

/// Runs a command that has to succeed; gives what it printed.
pub fn done(home: &Path, arguments: &[&str]) -> String {
    let output = hub(home, arguments);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {talk}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that has to fail; gives its exit code and what it said.
pub fn refused(home: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = hub(home, arguments);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_consortium_is_set_up_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    let (code, words) = refused(&home, &["status"]);
    assert_eq!(code, Some(3), "{words}");
    assert!(words.contains("peerlight-hub init"), "{words}");

    let init = ["init", "--consortium", "valley", "--host", "localhost", "--grpc-port", "0"];
    let fingerprint = done(&home, &init);
    assert!(fingerprint.contains("SHA-256"), "{fingerprint}");
    assert_eq!(refused(&home, &init).0, Some(3), "a second time");
    let keys = std::fs::metadata(home.join("keys/root.pk8")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&keys.permissions()) & 0o777, 0o600);

    let schools = folder.path().join("schools.csv");
    std::fs::write(&schools, "school_id,lea_id,name,level\n1,37,Alder,primary\n,37,B,high\n")
        .unwrap();
    let import = ["directory", "import", schools.to_str().unwrap(), "--school-year", "2025-26"];
    let (code, words) = refused(&home, &import);
    assert_eq!(code, Some(6));
    assert!(words.contains("line 2, column level") && words.contains("line 3"), "{words}");
    std::fs::write(&schools, "school_id,lea_id,name,level\n1,37,Alder,high\n").unwrap();
    done(&home, &import);
    done(&home, &["charter", "propose", "--preset", "strict"]);
    let shown = done(&home, &["charter", "show", "--output", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["schema_version"], 1);
    assert!(shown["programs"].as_array().unwrap().len() > 20);

    done(&home, &["member", "add", "37", "--name", "Alder Unified"]);
    assert_eq!(refused(&home, &["member", "add", "37", "--name", "Again"]).0, Some(4));
    assert_eq!(refused(&home, &["member", "token", "99"]).0, Some(4));
    let (code, words) = refused(&home, &["member", "token", "37"]);
    assert_eq!(code, Some(3), "the port is not known before serve: {words}");
    let members = done(&home, &["member", "list", "--output", "csv"]);
    assert!(members.contains("37,Alder Unified,district,,full,invited"), "{members}");
    assert_eq!(refused(&home, &["benchmark", "run"]).0, Some(9));
    let output = hub(&home, &["doctor"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn incidents_are_listed_and_acknowledged_with_name_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hub");
    done(&home, &["init", "--consortium", "valley", "--host", "localhost"]);
    let listed = done(&home, &["status", "--incidents", "--output", "csv"]);
    let columns = "incident,at,member,kind,description,acknowledged_by,acknowledged_at,note";
    assert_eq!(listed.trim(), columns);
    let id = ["doctor", "--acknowledge", "5f0c2a9d1e34"];
    let by = ["--by", "Lee"];
    assert_eq!(refused(&home, &id).0, Some(2), "nobody said who");
    assert_eq!(refused(&home, &[&id[..], &by].concat()).0, Some(2), "nobody said why");
    let blank = [&id[..], &by, &["--note", " "]].concat();
    assert_eq!(refused(&home, &blank).0, Some(2));
    let (code, words) = refused(&home, &[&id[..], &by, &["--note", "restored"]].concat());
    assert_eq!(code, Some(2));
    assert!(words.contains("no incident 5f0c2a9d1e34"), "{words}");
    assert!(words.contains("status --incidents"), "{words}");
}

#[test]
fn help_teaches_the_order_of_things() {
    let help = done(Path::new("."), &["--help"]);
    for word in ["init", "member add", "charter propose", "Exit codes"] {
        assert!(help.contains(word), "{word}");
    }
}
