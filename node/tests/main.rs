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
        "plan",
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
        "privacy-test",
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

fn json(home: &Path, arguments: &[&str]) -> serde_json::Value {
    let output = node(home, &[arguments, &["--output", "json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_district_that_has_not_joined_sees_what_precision_it_would_get() {
    let home = folder("plan");
    let schools = home.join("schools.csv");
    let list = "school_id,lea_id,name,level,grade_low,grade_high,enrollment,pct_HI\n\
                1,37,Small,elementary,TK,05,150,40\n2,37,Large,high,09,12,2400,35\n";
    fs::write(&schools, list).unwrap();
    let path = schools.display().to_string();
    let plan = json(&home, &["plan", "--schools", &path]);
    let presets = plan["presets"].as_array().unwrap();
    let names: Vec<_> = presets.iter().map(|it| it["preset"].as_str().unwrap()).collect();
    assert_eq!(names, ["strict", "standard", "detailed"]);
    let thirteen = presets[1]["epsilon_of_13_years"].as_f64().unwrap();
    assert!((17.0..19.0).contains(&thirteen), "{thirteen}");
    let half_width = |preset: usize, school: &str, calendar: &str| {
        let figures = presets[preset]["figures"].as_array().unwrap();
        let found = figures.iter().find(|it| {
            it["school_id"] == school
                && it["program"] == "chronic_absence_in_year"
                && it["group"] == "all"
                && it["calendar"] == calendar
        });
        found.unwrap()["half_width"].as_f64().unwrap()
    };
    assert!(half_width(1, "2", "annual") < half_width(1, "2", "monthly"));
    assert!(half_width(1, "2", "monthly") < half_width(1, "2", "weekly"));
    assert!(half_width(2, "2", "annual") < half_width(1, "2", "annual"));
    assert!(half_width(1, "2", "annual") < half_width(1, "1", "annual"));
    assert!(half_width(1, "2", "annual") < 1.0, "a large school, standard preset");

    let output = node(&home, &["plan", "--schools", &path, "--preset", "standard"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("thirteen school years compose to about epsilon 18"), "{text}");
    assert!(fs::read_dir(&home).unwrap().count() == 1, "it leaves nothing behind");

    refused(&home, &["plan", "--schools", &path, "--preset", "lavish"], 2, "strict, standard");

    // A policy that gives suspension twice the share makes it more precise.
    let policy = folder("plan_policy").join("policy.toml");
    let program = |share: u32| {
        format!(
            "[[policy.program]]\nid = \"enrolled\"\nkind = \"count\"\npopulation = \"enrolled\"\n\
             grades = [\"TK-12\"]\nshare = 800\nmargins = \"count\"\n\
             period = [{{ id = \"march\", due = \"{{end}}-03-20\" }}]\n\
             [[policy.program]]\nid = \"suspension\"\nkind = \"measure\"\nmeasure = \"suspension\"\n\
             grades = [\"TK-12\"]\nshare = {share}\nmargins = \"annual\"\n\
             period = [{{ id = \"annual\", due = \"{{end}}-07-15\" }}]\n"
        )
    };
    let precision = |share: u32| {
        fs::write(&policy, program(share)).unwrap();
        let file = policy.display().to_string();
        let plan = json(&home, &["plan", "--schools", &path, "--charter", &file]);
        plan["presets"][1]["figures"][0]["half_width"].as_f64().unwrap()
    };
    assert!(precision(1_000) < precision(500));
    fs::write(&policy, "[polizy]\n").unwrap();
    let file = policy.display().to_string();
    refused(&home, &["plan", "--schools", &path, "--charter", &file], 6, "polizy");
    fs::write(&schools, "school_id,lea_id\n1,37\n").unwrap();
    refused(&home, &["plan", "--schools", &path], 6, "column level is missing");
    refused(&home, &["plan"], 3, "peerlight-node init");
}

#[test]
fn the_noise_of_this_machine_is_what_the_ledger_charges_for() {
    let home = folder("privacy_test");
    let audit = json(&home, &["privacy-test", "--runs", "2000"]);
    assert_eq!(audit["as_charged"], true, "{audit}");
    let (low, high) = (&audit["mu_by_spread"]["low"], &audit["mu_by_spread"]["high"]);
    let charged = audit["mu_charged"].as_f64().unwrap();
    assert!(low.as_f64().unwrap() < charged && charged < high.as_f64().unwrap(), "{audit}");
    assert!(charged > 0.7 && charged < 0.8, "{audit}");
    refused(&home, &["privacy-test", "--runs", "10"], 2, "at least 1000");
}
