//! What a node does without its contribution journal: it releases nothing of
//! that year, says how to go on, and goes on once the journal is back.

use std::fs;

use crate::fixture::{Fixture, all_delivered_once, charges};

#[test]
fn a_lost_journal_stops_its_year_and_nothing_else() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let by = ["--name", "A. Example", "--title", "Superintendent", "--yes"];
    let offer = [&["charter", "approve", "--offer", "enrolled"][..], &by].concat();
    node.program.run(&offer).unwrap();
    node.sync().unwrap();
    let drawn = charges(node);
    assert!(!drawn.is_empty() && drawn.iter().all(|(program, _)| program == "enrolled"));

    let (journal, kept) = (node.program.home().join("journal"), fixture.root().join("kept"));
    assert_eq!(fs::read_dir(&journal).unwrap().count(), 1);
    fs::rename(&journal, &kept).unwrap();
    node.approve().unwrap();
    let refused = node.program.fails(&["sync"]).unwrap();
    assert_eq!(refused.code, Some(7), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("contribution journal") && text.contains("newest backup"), "{text}");
    assert_eq!(charges(node), drawn, "nothing was charged");
    let doctor = node.program.fails(&["doctor", "--offline"]).unwrap();
    assert_eq!(doctor.code, Some(8), "{doctor}");
    assert!(!journal.exists(), "no other journal was begun");

    // Imports and exact tables need none.
    node.import(&fixture.data.join(&node.district), None).unwrap();
    node.program.run(&["records"]).unwrap();

    fs::rename(&kept, &journal).unwrap();
    node.sync().unwrap();
    assert!(charges(node).len() > drawn.len());
    all_delivered_once(&fixture, node);
}
