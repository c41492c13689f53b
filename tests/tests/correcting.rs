//! A district that released from bad records, and a consortium with one more
//! question: both from the reserve, by the real programs.

use std::{collections::BTreeSet, fs, path::PathBuf};

use peerlight_tests::harness::Node;
use serde_json::Value;

use crate::fixture::{Fixture, all_delivered_once, charges};

const BY: [&str; 4] = ["--name", "B. Example", "--title", "Director of Data"];
const WHY: [&str; 2] = ["--reason", "suspensions of a whole month were missing"];

fn correct(program: &'static str, period: &'static str) -> Vec<&'static str> {
    [&["release", "correct", program, period], &BY[..], &WHY].concat()
}

/// The records again, with every student suspended for so many days.
fn suspend_everybody(fixture: &Fixture, node: &Node, days: &str) {
    let folder = fixture.data.join(&node.district);
    let file = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_string_lossy().contains("2025"))
        .unwrap();
    let mut reader = csv::Reader::from_path(&file).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = header.iter().position(|name| name == "days_suspended").unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mut writer = csv::Writer::from_path(&file).unwrap();
    writer.write_record(&header).unwrap();
    for row in &rows {
        let fields = row.iter().enumerate();
        writer.write_record(fields.map(|(at, it)| if at == column { days } else { it })).unwrap();
    }
    writer.flush().unwrap();
    let folder = folder.display().to_string();
    node.program.run(&["import", "csv", &folder, "--accept-change"]).unwrap();
}

/// A charter by which the hub publishes what it was sent.
fn publish_schools(fixture: &Fixture) {
    let file = fixture.root().join("policy.toml");
    fs::write(&file, "[policy]\npublication = \"schools\"\n").unwrap();
    fixture.consortium.hub.run(&["charter", "propose", &file.display().to_string()]).unwrap();
    fixture.nodes[0].program.run(&["charter", "show"]).unwrap();
    fixture.nodes[0].approve().unwrap();
}

/// Periods of the suspension releases that the hub uses, and the sum of their
/// centred numerators over all schools: positive where most are suspended.
fn suspensions_used(fixture: &Fixture) -> (BTreeSet<String>, i64) {
    let hub = &fixture.consortium.hub;
    hub.run(&["benchmark", "run"]).unwrap();
    let published = hub.json(&["publish"]).unwrap();
    let folder = PathBuf::from(published["path"].as_str().unwrap());
    let mut reader = csv::Reader::from_path(folder.join("noisy_cells.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name| header.iter().position(|it| it == name).unwrap();
    let (program, period, margin, value) =
        (column("program"), column("period"), column("margin"), column("noisy_value"));
    let (mut periods, mut sum) = (BTreeSet::new(), 0);
    for row in reader.records().map(Result::unwrap) {
        if &row[program] == "suspension" && &row[margin] == "all" {
            periods.insert(row[period].to_owned());
            sum += row[value].parse::<i64>().unwrap();
        }
    }
    (periods, sum)
}

fn payloads(node: &Node, program: &str) -> Vec<Value> {
    let list = node.program.json(&["release", "list"]).unwrap();
    let all = list["releases"].as_array().unwrap();
    all.iter().filter(|it| it["program"] == program).cloned().collect()
}

#[test]
fn a_correction_is_drawn_from_the_reserve_and_stands_in_the_place_of_what_was_wrong() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let shown = node.program.run(&["charter", "show"]).unwrap();
    assert!(shown.contains("6 % of the year, for at most 3 corrections"), "{shown}");
    let failure = node.program.fails(&correct("suspension", "annual")).unwrap();
    assert!(failure.code == Some(7) && failure.said.contains("nothing to correct"), "{failure}");

    publish_schools(&fixture);
    node.sync().unwrap();
    let (periods, sum) = suspensions_used(&fixture);
    assert!(periods == ["annual".to_owned()].into() && sum < 0, "{periods:?}: {sum}");
    suspend_everybody(&fixture, node, "5");
    node.sync().unwrap();
    assert_eq!(payloads(node, "suspension").len(), 1, "new records alone draw nothing");

    let said = node.program.run(&correct("suspension", "annual")).unwrap();
    assert_eq!(said.trim(), "suspension annual.correction-1");
    let list = node.program.run(&["release", "list"]).unwrap();
    assert!(list.contains("suspensions of a whole month were missing"), "{list}");
    node.program.run(&correct("suspension", "annual")).unwrap();
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    let drawn = payloads(node, "suspension");
    assert_eq!(drawn.len(), 2, "asking twice before it is drawn draws one: {drawn:?}");
    assert_ne!(drawn[0]["payload_digest"], drawn[1]["payload_digest"]);

    assert_eq!(node.program.json(&["ledger"]).unwrap()["reserve_left"], 2);
    let (periods, sum) = suspensions_used(&fixture);
    assert!(periods == ["annual.correction-1".to_owned()].into() && sum > 0, "{periods:?}: {sum}");

    let list = node.program.json(&["release", "list"]).unwrap();
    let second = list["releases"].as_array().unwrap().last().unwrap()["release_id"].clone();
    let compared = node.program.run(&["release", "show", second.as_str().unwrap()]).unwrap();
    assert!(compared.contains("DIFFERENCE"), "{compared}");
}

#[test]
fn the_reserve_pays_for_three_releases_and_corrects_no_running_total() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    node.sync().unwrap();
    let refused = |program, period, code, words: &str| {
        let failure = node.program.fails(&correct(program, period)).unwrap();
        assert!(failure.code == Some(code) && failure.said.contains(words), "{failure}");
    };
    refused("chronic_absence_in_year", "month-1", 2, "corrects itself");
    refused("growth_ela_histogram", "annual", 2, "growth tables");
    refused("suspension", "weekly", 2, "no program suspension with a period weekly");
    let unasked = ["release", "approve", "suspension", "annual.correction-1"];
    let failure = node.program.fails(&[&unasked[..], &BY].concat()).unwrap();
    assert!(failure.code == Some(2) && failure.said.contains("release correct"), "{failure}");

    // A correction that somebody thinks better of pays for nothing.
    node.program.run(&correct("suspension", "annual")).unwrap();
    let withhold = ["release", "withhold", "suspension", "annual.correction-1"];
    node.program.run(&[&withhold[..], &BY, &WHY].concat()).unwrap();
    node.sync().unwrap();
    assert!(charges(node).iter().all(|(_, period)| !period.contains("correction")));

    let wanted = [("suspension", "annual"), ("enrolled", "march"), ("english_learners", "annual")];
    for (program, period) in wanted {
        node.program.run(&correct(program, period)).unwrap();
    }
    refused("chronic_absence", "annual", 7, "pays for 3 releases a year");
    let withhold = ["release", "withhold", "english_learners", "annual.correction-1"];
    node.program.run(&[&withhold[..], &BY, &WHY].concat()).unwrap();
    node.sync().unwrap();

    // The consortium's question takes the third.
    let charter = fixture.consortium.hub.run(&["charter", "show", "--document"]).unwrap();
    let mut charter: toml::Table = charter.parse().unwrap();
    let mut policy = charter.remove("policy").unwrap();
    let programs = policy["program"].as_array_mut().unwrap();
    let mut question =
        programs.iter().find(|it| it["id"].as_str() == Some("suspension")).unwrap().clone();
    let fields = question.as_table_mut().unwrap();
    fields.insert("id".to_owned(), "question".into());
    fields.insert("from_reserve".to_owned(), true.into());
    fields.remove("share");
    programs.push(question);
    let mut proposed = toml::Table::new();
    proposed.insert("policy".to_owned(), policy);
    let file = fixture.root().join("question.toml");
    fs::write(&file, proposed.to_string()).unwrap();
    fixture.consortium.hub.run(&["charter", "propose", &file.display().to_string()]).unwrap();
    let shown = node.program.run(&["charter", "show"]).unwrap();
    assert!(shown.contains("the consortium's question, paid for by the reserve"), "{shown}");
    node.approve().unwrap();
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    let charged = charges(node);
    for (program, period) in [
        ("suspension", "annual.correction-2"),
        ("enrolled", "march.correction-1"),
        ("question", "annual"),
    ] {
        assert!(charged.contains(&(program.to_owned(), period.to_owned())), "{charged:?}");
    }
    refused("suspension", "annual", 7, "pays for 3 releases a year");
    fixture.consortium.hub.run(&["benchmark", "run"]).unwrap();
}
