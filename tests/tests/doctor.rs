//! `doctor` on real nodes with real faults: each is found, named, and comes
//! with what to do.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use peerlight_tests::harness::Node;
use serde_json::Value;

use crate::fixture::{Fixture, alter, issue_certificate, now};

const DAY: i64 = 24 * 3600;

/// What the doctor said, by check: whether it is well, if it was looked at,
/// and the finding.
struct Report {
    code: Option<i32>,
    checks: BTreeMap<String, (Option<bool>, String)>,
}

fn examine(node: &Node, flags: &[&str]) -> Report {
    let arguments = [&["doctor", "--output", "json"], flags].concat();
    let output = node.program.command(&arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let answer: Value = serde_json::from_slice(&output.stdout).expect(&said);
    let checks = answer["checks"].as_array().unwrap().iter().map(|check| {
        let finding = check["finding"].as_str().unwrap().to_owned();
        (check["check"].as_str().unwrap().to_owned(), (check["ok"].as_bool(), finding))
    });
    Report { code: output.status.code(), checks: checks.collect() }
}

impl Report {
    /// Asserts that this one check found a fault, with these words.
    fn has_only_fault(&self, check: &str, words: &[&str]) {
        let faults: Vec<_> = self.checks.iter().filter(|(_, (ok, _))| *ok == Some(false)).collect();
        let [(name, (_, finding))] = faults[..] else { panic!("{check}: {faults:?}") };
        assert_eq!((name.as_str(), self.code), (check, Some(8)), "{finding}");
        for word in words {
            assert!(finding.contains(word), "{check}: {word} is not in {finding}");
        }
    }

    fn not_checked(&self, check: &str) -> bool {
        self.checks[check].0.is_none()
    }
}

/// A copy of a node's home as it is now.
fn copy(fixture: &Fixture, node: &Node, name: &str) -> Node {
    let copy = fixture.consortium.node(name);
    let copied = Command::new("cp")
        .arg("-a")
        .args([node.program.home(), copy.program.home()])
        .status()
        .unwrap();
    assert!(copied.success());
    Node { district: node.district.clone(), ..copy }
}

fn sealed_files(home: &Path) -> Vec<PathBuf> {
    fs::read_dir(home.join("records")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_sound_node_has_no_fault_and_a_hub_that_is_away_is_one() {
    let mut fixture = Fixture::new(1);
    let node = fixture.nodes[0].clone();
    for _ in 0..2 {
        let report = examine(&node, &[]);
        assert_eq!(report.code, Some(0), "{:?}", report.checks);
        assert!(report.checks.values().all(|(ok, _)| *ok == Some(true)), "{:?}", report.checks);
        let expected = "audit chain, certificate, charter approval, clock, contribution journal, \
                        database, disk, history, keys, ledger chain, membership, permissions, records, releases, settings, \
                        standing, tcp, tls";
        assert_eq!(report.checks.keys().cloned().collect::<Vec<_>>().join(", "), expected);
        node.sync().unwrap();
    }
    let offline = examine(&node, &["--offline"]);
    assert!(offline.code == Some(0) && offline.not_checked("history"), "{:?}", offline.checks);

    fixture.consortium.hub.run(&["member", "suspend", &node.district]).unwrap();
    examine(&node, &[]).has_only_fault("standing", &["suspended", "operator"]);
    fixture.consortium.stop();
    let alone = examine(&node, &[]);
    assert!(alone.code == Some(8) && alone.not_checked("history"), "{:?}", alone.checks);
}

#[test]
fn an_old_copy_is_found_before_it_is_synced() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let old = copy(&fixture, node, "old");
    assert_eq!(examine(&old, &[]).code, Some(0), "nothing was sent yet: the copy is as good");
    node.sync().unwrap();
    let procedure = ["stop every copy of it", "restore the newest backup", "sync again"];
    examine(&old, &[]).has_only_fault("history", &procedure);
    let refused = old.program.fails(&["sync"]).unwrap();
    assert_eq!(refused.code, Some(4), "{refused}");
    assert_eq!(examine(node, &[]).code, Some(0));
}

#[test]
fn what_was_altered_in_the_database_is_found() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    node.sync().unwrap();
    let cases: [(&str, &[&'static str], &[&str]); 5] = [
        (
            "ledger chain",
            &[
                "DROP TRIGGER ledger_entry_is_never_changed",
                "UPDATE ledger_entry SET pico_rho = pico_rho - 1 WHERE sequence = 2",
            ],
            &["entry 2", "newest backup"],
        ),
        (
            "audit chain",
            &[
                "DROP TRIGGER audit_entry_is_never_changed",
                "UPDATE audit_entry SET actor = 'nobody' WHERE sequence = 1",
            ],
            &["entry 1", "newest backup"],
        ),
        (
            "releases",
            &[
                "DROP TRIGGER noisy_release_is_never_changed",
                "UPDATE noisy_release SET payload = x'00' WHERE sequence = 1",
            ],
            &["charge paid for", "newest backup"],
        ),
        (
            "releases",
            &["UPDATE outbox SET state = 'refused', last_problem = 'set the clock'"],
            &["was not taken in", "set the clock"],
        ),
        ("releases", &["DELETE FROM receipt"], &["no receipt", "newest backup"]),
    ];
    for (number, (check, statements, words)) in cases.into_iter().enumerate() {
        let copy = copy(&fixture, node, &format!("altered-{number}"));
        alter(&copy.program.home().join("node.db"), statements);
        let report = examine(&copy, &["--offline"]);
        if check == "ledger chain" {
            // What was paid cannot be held against a ledger that does not hold.
            assert_eq!(report.checks["releases"].0, Some(false));
            assert!(words.iter().all(|word| report.checks[check].1.contains(word)));
            continue;
        }
        report.has_only_fault(check, words);
    }
    let damaged = copy(&fixture, node, "damaged");
    let path = damaged.program.home().join("node.db");
    fs::write(&path, vec![7; 9000]).unwrap();
    examine(&damaged, &["--offline"]).has_only_fault("database", &["newest backup"]);
    fs::remove_file(&path).unwrap();
    examine(&damaged, &["--offline"]).has_only_fault("database", &["missing", "newest backup"]);
    let refused = damaged.program.fails(&["sync"]).unwrap();
    assert_eq!(refused.code, Some(3), "an empty ledger would spend the year again: {refused}");
    assert!(!path.exists());
}

#[test]
fn missing_altered_or_exposed_files_are_found() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let faulty = |name: &str, check: &str, words: &[&str], spoil: &dyn Fn(&Path)| {
        let copy = copy(&fixture, node, name);
        spoil(copy.program.home());
        examine(&copy, &["--offline"]).has_only_fault(check, words);
    };
    faulty("no-records", "records", &["newest backup", "import"], &|home| {
        for path in sealed_files(home) {
            fs::remove_file(path).unwrap();
        }
    });
    faulty("bad-records", "records", &["does not open", "import"], &|home| {
        let path = &sealed_files(home)[0];
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    });
    faulty("open-home", "permissions", &["may enter", "chmod"], &|home| {
        fs::set_permissions(home, fs::Permissions::from_mode(0o755)).unwrap();
    });
    faulty("no-membership", "membership", &["join --token"], &|home| {
        fs::remove_file(home.join("membership.toml")).unwrap();
    });
    faulty("bad-settings", "settings", &["sync_cron"], &|home| {
        fs::write(home.join("node.toml"), "sync_cron = \"often\"\n").unwrap();
    });
    let other_keys = fixture.consortium.node("other-keys");
    other_keys.program.run(&["init"]).unwrap();
    let master = fs::read(other_keys.program.home().join("keys/master.key")).unwrap();
    faulty("wrong-keys", "records", &["same backup"], &|home| {
        fs::write(home.join("keys/master.key"), &master).unwrap();
    });

    let copy = copy(&fixture, node, "no-key");
    fs::remove_file(copy.program.home().join("keys/signing.pk8")).unwrap();
    let report = examine(&copy, &["--offline"]);
    let (ok, finding) = &report.checks["keys"];
    assert!(*ok == Some(false) && finding.contains("signing.pk8"), "{finding}");
    assert!(finding.contains("backup"), "{finding}");
}

#[test]
fn a_certificate_is_watched_before_it_ends() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let today = now();
    for (from, until, words) in [
        (-80 * DAY, 10 * DAY, &["was not renewed", "sync"][..]),
        (-91 * DAY, -DAY, &["expired", "join --token"]),
        (DAY, 91 * DAY, &["not valid before", "clock"]),
    ] {
        issue_certificate(&fixture, node, today + from, today + until);
        examine(node, &["--offline"]).has_only_fault("certificate", words);
    }
    issue_certificate(&fixture, node, today - 70 * DAY, today + 20 * DAY);
    assert_eq!(examine(node, &["--offline"]).code, Some(0), "the next sync renews it");
    fs::remove_file(node.program.home().join("keys/certificate.pem")).unwrap();
    examine(node, &["--offline"]).has_only_fault("certificate", &["join --token"]);
}
