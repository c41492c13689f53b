//! The rules of the house, checked: who may depend on whom, how long a file
//! may be, where time may be read.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Which crates each pure crate may name in `[dependencies]`.
const PURE: &[(&str, &[&str])] = &[
    (
        "peerlight-proto",
        &["hpke", "prost", "ring", "serde", "thiserror", "toml", "tonic", "tonic-prost", "zeroize"],
    ),
    (
        "peerlight-node-engine",
        &["opendp", "peerlight-proto", "serde", "sqlparser", "thiserror", "toml"],
    ),
    ("peerlight-hub-engine", &["peerlight-proto", "rand", "rand_chacha", "thiserror"]),
];

/// Crates that must not know each other, in either direction.
const STRANGERS: &[(&str, &str)] = &[
    ("peerlight-node", "peerlight-hub"),
    ("peerlight-node", "peerlight-hub-engine"),
    ("peerlight-hub", "peerlight-node-engine"),
];

const LONGEST_FILE: usize = 400;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "manager", "misc", "common"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Every source file of ours, with its path from the root and its text;
/// generated code is not ours.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for top in ["proto", "hub", "node", "tests"] {
        visit(&root().join(top), &mut found);
    }
    assert!(found.len() > 20, "only {} source files found", found.len());
    found
}

fn visit(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("generated") && !path.ends_with("target") {
                visit(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Fails with every source file for which `broken` has something to say.
fn no_source(broken: impl Fn(&str, &str) -> Option<String>) {
    let complaints: Vec<String> = sources()
        .iter()
        .filter_map(|(name, text)| broken(name, text).map(|what| format!("{name}: {what}")))
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// The names in `[dependencies]` of one of our crates.
fn dependencies(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let found = packages.iter().find(|found| found["name"] == package).unwrap();
    found["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn pure_crates_depend_on_nothing_that_does_io() {
    for (package, allowed) in PURE {
        for dependency in dependencies(package) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{package} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn node_and_hub_never_see_each_other() {
    for (one, other) in STRANGERS {
        assert!(!dependencies(one).contains(&(*other).to_owned()), "{one} depends on {other}");
        assert!(!dependencies(other).contains(&(*one).to_owned()), "{other} depends on {one}");
    }
}

#[test]
fn no_source_file_is_long() {
    no_source(|_, text| {
        let lines = text.lines().count();
        (lines > LONGEST_FILE).then(|| format!("{lines} lines; split it by subject"))
    });
}

#[test]
fn every_source_file_says_what_it_is_for() {
    no_source(|_, text| {
        (!text.starts_with("//!")).then(|| "does not open with a //! line".to_owned())
    });
}

#[test]
fn time_is_read_in_clocks_only() {
    let readings = ["SystemTime::now", "Instant::now", "Utc::now", "Local::now"];
    no_source(|name, text| {
        let allowed = name.ends_with("/clock.rs") || name == "tests/tests/architecture.rs";
        readings
            .iter()
            .find(|reading| !allowed && text.contains(**reading))
            .map(|reading| format!("calls {reading}; take the time from the clock in hand"))
    });
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let allow = ["#[allow", "#![allow"];
    no_source(|name, text| {
        (name != "tests/tests/architecture.rs" && allow.iter().any(|form| text.contains(form)))
            .then(|| "allows a lint; expect it, with the reason".to_owned())
    });
}

#[test]
fn one_file_names_the_noise_library() {
    no_source(|name, text| {
        (name.starts_with("node/")
            && !name.ends_with("privacy/noise.rs")
            && text.lines().any(|line| line.contains("opendp::")))
        .then(|| "names opendp; noise is drawn in privacy/noise.rs alone".to_owned())
    });
}

#[test]
fn engines_touch_no_file_and_no_socket() {
    let shells = ["std::fs", "std::net", "std::env", "tokio::", "std::process"];
    no_source(|name, text| {
        let engine = name.contains("engine/src/") || name.starts_with("proto/src/");
        shells
            .iter()
            .find(|shell| engine && text.contains(**shell))
            .map(|shell| format!("uses {shell} in a pure crate"))
    });
}

#[test]
fn files_are_named_after_what_they_hold() {
    no_source(|name, _| {
        let stem = Path::new(name).file_stem()?.to_str()?;
        EMPTY_NAMES.contains(&stem).then(|| "is named after nothing".to_owned())
    });
}
