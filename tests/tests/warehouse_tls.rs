//! A warehouse behind TLS with an authority of its own: read by who is given
//! that authority, and by nobody who cannot be sure whom the password goes to.

use std::fs;

use peerlight_tests::harness::{Authority, Postgres};
use serde_json::json;

use crate::{
    fixture::{Fixture, held},
    warehouse::Warehouse,
};

/// Exit code of the node: a setting is at fault.
const CONFIGURATION: i32 = 3;

#[test]
fn only_a_warehouse_that_the_given_authority_vouches_for_is_read() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0].program;
    let authority = Authority::new().unwrap();
    let (certificate, key) = authority.certify("localhost").unwrap();
    let server = Postgres::start_encrypted(&certificate, &key).unwrap();
    let warehouse = Warehouse::on(server, &fixture.data.join(&fixture.nodes[0].district));
    let file = |name: &str, pem: &str| {
        let path = fixture.root().join(name);
        fs::write(&path, pem).unwrap();
        format!("&sslrootcert={}", path.display())
    };
    let ours = file("ours.pem", authority.pem());
    let strange = file("strange.pem", Authority::new().unwrap().pem());
    let port = warehouse.server.address().port();
    let import = |host: &str, mode: &str, more: &str| {
        let url =
            format!("postgres://warehouse_reader@{host}:{port}/postgres?sslmode={mode}{more}");
        let view = "analytics.student_years";
        ["import", "sql", &url, "--view", view, "--source", "csv", "--password-file"]
            .map(str::to_owned)
            .into_iter()
            .chain([warehouse.password.clone()])
            .collect::<Vec<_>>()
    };
    let before = held(node);
    let stranger = "the authority of its certificate is not a known one";
    for (import, told) in [
        (import("localhost", "verify-full", &strange), stranger),
        (import("localhost", "verify-full", ""), stranger),
        (import("localhost", "verify-ca", &strange), stranger),
        (import("127.0.0.1", "verify-full", &ours), "for another name than the address has"),
    ] {
        let import: Vec<&str> = import.iter().map(String::as_str).collect();
        let failure = node.fails(&import).unwrap();
        assert_eq!(failure.code, Some(CONFIGURATION), "{failure}");
        assert!(failure.said.contains(told) && failure.said.contains("?sslrootcert="), "{failure}");
        assert_eq!(held(node), before, "{failure}");
    }
    // Its own rule: nobody who reads comes in unencrypted.
    let clear = import("127.0.0.1", "disable", "");
    let failure = node.fails(&clear.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    assert_eq!(held(node), before, "{failure}");
    for (import, outcome) in [
        (import("localhost", "verify-full", &ours), "replaced"),
        (import("127.0.0.1", "verify-ca", &ours), "unchanged"),
    ] {
        let import: Vec<&str> = import.iter().map(String::as_str).collect();
        let done = node.json(&import).unwrap();
        assert_eq!(done["years"][0]["outcome"], json!(outcome), "{done}");
    }
}
