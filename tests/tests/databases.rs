//! The whole road on either database: releases, growth, benchmarks,
//! publication, answers.

use peerlight_tests::harness::Postgres;

use crate::fixture::{Fixture, all_delivered_once};

fn walk_the_whole_road(database: Option<String>) {
    let fixture = Fixture::on(2, database);
    let hub = &fixture.consortium.hub;
    for node in &fixture.nodes {
        node.sync().unwrap();
    }
    hub.run(&["growth", "close"]).unwrap();
    for node in &fixture.nodes {
        node.sync().unwrap();
        all_delivered_once(&fixture, node);
    }
    hub.run(&["benchmark", "run"]).unwrap();
    let published = hub.json(&["publish"]).unwrap();
    let published = std::path::PathBuf::from(published["path"].as_str().unwrap());
    hub.run(&["verify", &published.display().to_string()]).unwrap();

    let node = &fixture.nodes[0];
    let school = format!("{}00001", node.district);
    for question in ["benchmarks", "similar", "peers"] {
        node.program.json(&[question, &school]).unwrap();
    }
    let elsewhere = format!("{}00001", fixture.nodes[1].district);
    let failure = node.program.fails(&["benchmarks", &elsewhere]).unwrap();
    assert_eq!(failure.code, Some(4), "{failure}");

    let manifest = published.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replacen("demo", "dem0", 1)).unwrap();
    hub.fails(&["verify", &published.display().to_string()]).unwrap();
}

#[test]
fn the_whole_road_holds_on_sqlite() {
    walk_the_whole_road(None);
}

#[test]
fn the_whole_road_holds_on_postgresql() {
    let server = Postgres::start().unwrap();
    walk_the_whole_road(Some(server.url()));
}
