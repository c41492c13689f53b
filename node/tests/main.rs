//! What the program says and how it exits where no hub is needed.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A folder of this test's own, empty at its start.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn node(home: &Path, arguments: &[&str]) -> Output {
    let inherited = env::vars_os().map(|(name, _)| name);
    let ours = inherited.filter(|name| name.to_string_lossy().starts_with("PEERLIGHT_"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerlight-node"));
    for name in ours {
        command.env_remove(name);
    }
    command.arg("--home").arg(home).args(arguments).output().unwrap()
}

fn refused(home: &Path, arguments: &[&str], code: i32, says: &str) {
    let output = node(home, arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(text.contains(says), "{arguments:?} says {text}");
    assert!(output.stdout.is_empty(), "{arguments:?} prints data although it failed");
}

fn initialised(test: &str) -> PathBuf {
    let home = folder(test).join("node");
    let output = node(&home, &["init"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    home
}

#[test]
fn a_second_init_is_refused_and_changes_nothing() {
    let home = initialised("second_init");
    let key = fs::read(home.join("keys/master.key")).unwrap();
    refused(&home, &["init"], 3, "already holds a node");
    assert_eq!(fs::read(home.join("keys/master.key")).unwrap(), key);
}

#[test]
fn a_folder_without_a_node_says_how_to_make_one() {
    let home = folder("no_node");
    for arguments in [&["status"][..], &["sync"], &["preview"], &["ledger"]] {
        refused(&home, arguments, 3, "peerlight-node init");
    }
}

#[test]
fn a_node_that_has_not_joined_says_how_to_join() {
    let home = initialised("not_joined");
    let file = home.join("student_years.csv");
    fs::write(&file, "school_year,school_id,student_id\n").unwrap();
    let path = file.display().to_string();
    let approve = ["charter", "approve", "--name", "A", "--title", "B", "--yes"];
    for arguments in [&["sync"][..], &["preview"], &["import", "csv", &path], &approve] {
        refused(&home, arguments, 4, "join --token");
    }
}

#[test]
fn what_is_not_a_token_is_refused() {
    let home = initialised("bad_token");
    let token = home.join("token");
    fs::write(&token, "hello\n").unwrap();
    refused(&home, &["join", "--token", &token.display().to_string()], 2, "not a join token");
    refused(&home, &["join", "--token", "/nowhere/token"], 3, "/nowhere/token");
}

#[test]
fn every_faulty_setting_is_named_at_once() {
    let home = initialised("bad_settings");
    let faulty = "listen = \"0.0.0.0:80\"\nsync_cron = \"often\"\nlisen = 1\n";
    fs::write(home.join("node.toml"), faulty).unwrap();
    refused(&home, &["config", "show"], 3, "loopback");
    refused(&home, &["config", "show"], 3, "sync_cron");
    refused(&home, &["config", "show"], 3, "\"lisen\" is not a setting");
}

#[test]
fn a_setting_is_shown_with_its_origin() {
    let home = initialised("origins");
    fs::write(home.join("node.toml"), "ceiling_epsilon = 2\n").unwrap();
    let output = node(&home, &["config", "show", "--origin", "--output", "csv"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("ceiling_epsilon,2,node.toml"), "{text}");
    assert!(text.contains("hub_deadline_seconds,30,default"), "{text}");
}

#[test]
fn a_key_that_others_may_read_is_a_fault_the_doctor_names() {
    use std::os::unix::fs::PermissionsExt;
    let home = initialised("exposed_key");
    let key = home.join("keys/master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let output = node(&home, &["doctor", "--offline", "--output", "csv"]);
    assert_eq!(output.status.code(), Some(8));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("permissions,FAULT") && text.contains("chmod 600"), "{text}");
}

#[test]
fn every_verb_teaches_with_an_example() {
    let home = folder("help");
    let verbs = [
        "init",
        "join",
        "import",
        "records",
        "charter",
        "preview",
        "release",
        "sync",
        "serve",
        "ledger",
        "audit",
        "measures",
        "benchmarks",
        "similar",
        "peers",
        "status",
        "doctor",
        "config",
    ];
    for verb in verbs {
        let output = node(&home, &[verb, "--help"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("Examples:"), "{verb}: {text}");
    }
}
