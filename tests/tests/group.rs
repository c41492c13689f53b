//! Student groups whose column a district's export lacks: said wherever a
//! person looks before something leaves, and no longer once it is imported.

use std::{fs, path::Path};

use peerlight_tests::harness::{Node, free_address};
use serde_json::Value;

use crate::fixture::Fixture;

/// Copies a file of student years without some of its columns.
fn without(columns: &[&str], from: &Path, to: &Path) {
    let mut reader = csv::Reader::from_path(from).unwrap();
    let header = reader.headers().unwrap().clone();
    let kept: Vec<usize> =
        (0..header.len()).filter(|column| !columns.contains(&&header[*column])).collect();
    assert_eq!(kept.len() + columns.len(), header.len(), "a column is not in the export");
    let mut writer = csv::Writer::from_path(to).unwrap();
    writer.write_record(kept.iter().map(|column| &header[*column])).unwrap();
    for row in reader.records() {
        let row = row.unwrap();
        writer.write_record(kept.iter().map(|column| &row[*column])).unwrap();
    }
    writer.flush().unwrap();
}

fn sentences(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|sentence| sentence.as_str().unwrap()).collect()
}

/// The texts of the node's local pages, once its access code opened them.
fn pages(node: &Node) -> Vec<String> {
    let address = free_address().unwrap().to_string();
    let serve = ["serve", "--pages-only", "--listen", &address];
    let _serving = node.program.serve(&serve, &["The access code"]).unwrap();
    let code = fs::read_to_string(node.program.home().join("keys/page.code")).unwrap();
    let agent = ureq::Agent::new_with_defaults();
    let login = agent.post(format!("http://{address}/login"));
    let form = format!("code={}", code.trim());
    let list = login.content_type("application/x-www-form-urlencoded").send(form);
    let list = list.unwrap().body_mut().read_to_string().unwrap();
    let privacy = agent.get(format!("http://{address}/privacy")).call();
    vec![list, privacy.unwrap().body_mut().read_to_string().unwrap()]
}

#[test]
fn a_group_whose_column_is_absent_is_named_before_anything_leaves() {
    const SENTENCES: [&str; 2] = [
        "gender is absent: every student counts in \"Gender unknown\"",
        "english_learner is absent: every student counts as not in \"English learners\"",
    ];
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let whole = fixture.data.join(&node.district).join("student_years_2025.csv");
    let cut = fixture.root().join("student_years_2025.csv");
    without(&["gender", "english_learner"], &whole, &cut);

    let program = &node.program;
    let spoken = |arguments: &[&str]| {
        let output = program.command(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    let approve = ["charter", "approve", "--name", "A", "--title", "B", "--yes"];
    let named = |said: &str| SENTENCES.iter().filter(|it| said.contains(**it)).count();
    let whole_path = whole.display().to_string();
    for (path, expected) in [(cut.display().to_string(), 2), (whole_path, 0)] {
        let import = ["import", "csv", &path, "--accept-change"];
        let commands: [&[&str]; 5] = [&import, &["records"], &["preview"], &["measures"], &approve];
        for command in commands {
            let said = spoken(command);
            assert_eq!(named(&said), expected, "{command:?}: {said}");
        }
        for page in pages(node) {
            assert!(page.contains("epsilon") || page.contains("Schools of"), "{page}");
            let heading = page.contains("Student groups that cannot be told");
            let named = page.contains("english_learner is absent");
            assert_eq!((heading, named), (expected > 0, expected > 0), "{page}");
        }
        let shown = program.run(&["charter", "show"]).unwrap() + &spoken(&["charter", "show"]);
        assert_eq!(named(&shown), expected, "{shown}");

        let expected = &SENTENCES[..expected];
        let import = program.json(&import).unwrap();
        assert_eq!(sentences(&import["absent_groups"][0]["groups"]), expected);
        let records = program.json(&["records"]).unwrap();
        let years = records["records"].as_array().unwrap();
        let year = years.iter().find(|row| row["school_year"] == import["years"][0]["school_year"]);
        assert_eq!(sentences(&year.unwrap()["absent_groups"]), expected);
        assert_eq!(sentences(&program.json(&["preview"]).unwrap()["absent_groups"]), expected);
        let show = program.json(&["charter", "show"]).unwrap();
        assert_eq!(sentences(&show["terms"]["absent_groups"]), expected);
    }
    fs::remove_file(cut).unwrap();
}
