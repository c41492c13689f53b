//! A small consortium for a test: synthetic districts, a hub, nodes that have
//! imported and approved and sent nothing yet.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use peerlight_proto::units::SchoolYear;
use peerlight_tests::{
    harness::{Consortium, Foundation, Node, Program, Programs, Relay},
    synthetic::Recipe,
};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use serde_json::Value;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

/// A year whose releases are all due.
const YEAR: u32 = 2025;

/// A consortium in a folder of its own.
pub struct Fixture {
    pub consortium: Consortium,
    pub nodes: Vec<Node>,
    /// Between the nodes and the hub.
    pub relay: Relay,
    pub data: PathBuf,
    folder: tempfile::TempDir,
}

impl Fixture {
    /// Districts of 300 students, whose nodes have approved.
    pub fn new(districts: usize) -> Self {
        Self::on(districts, None)
    }

    /// The same with the hub's database at a URL.
    pub fn on(districts: usize, database: Option<String>) -> Self {
        Self::fed(districts, database, |node, folder| node.import(folder, None).unwrap())
    }

    /// The same whose nodes get their student years from their folders in another
    /// way.
    pub fn fed(
        districts: usize,
        database: Option<String>,
        mut feed: impl FnMut(&Node, &Path),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let year = SchoolYear::ending(YEAR).unwrap();
        let recipe = Recipe { districts, students: 300 * districts, seed: 5, year };
        let made = recipe.write(&data).unwrap();

        let programs = Programs::beside_this_one().unwrap();
        let hub = peerlight_tests::harness::free_address().unwrap();
        let relay = Relay::to(hub).unwrap();
        let how =
            Foundation { database, relayed_through: Some(relay.address()), nodes_at: Some(hub) };
        let mut consortium = Consortium::found(&programs, folder.path(), &how).unwrap();
        let schools = data.join("schools.csv");
        consortium.constitute(&schools, &year.to_string(), "synthetic", None).unwrap();
        consortium.start().unwrap();
        let nodes = made
            .districts
            .iter()
            .map(|(id, name)| {
                let node = consortium.admit(id, name).unwrap();
                feed(&node, &data.join(id));
                node.approve().unwrap();
                node
            })
            .collect();
        Self { consortium, nodes, relay, data, folder }
    }

    /// Where the consortium is.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Every id of students and schools in the input.
    pub fn ids(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for node in &self.nodes {
            let file = format!("student_years_{YEAR}.csv");
            let path = self.data.join(&node.district).join(file);
            let mut reader = csv::Reader::from_path(path).unwrap();
            for row in reader.records() {
                let row = row.unwrap();
                ids.extend([1, 2, 3].map(|column| row[column].to_owned()));
            }
        }
        ids
    }

    /// How many releases of a district the hub holds.
    pub fn held(&self, district: &str) -> u64 {
        let status = self.consortium.hub.json(&["status"]).unwrap();
        let members = status["members"].as_array().unwrap();
        let member = members.iter().find(|member| member["member"] == district).unwrap();
        member["releases"].as_u64().unwrap()
    }
}

/// What of student years is in force at a node, and on its disk.
pub fn held(node: &Program) -> (Value, Value, Vec<PathBuf>) {
    let records = node.json(&["records", "--all"]).unwrap();
    let sources = node.json(&["sources", "--all"]).unwrap();
    let folder = std::fs::read_dir(node.home().join("records")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    (records, sources, files)
}

/// Seconds since 1970, for dates of certificates around now.
pub fn now() -> i64 {
    peerlight_node::clock::Clock::system().now().0
}

/// Gives a node a certificate of the hub's own authority that is good from and
/// until these seconds; the hub has not written it down.
pub fn issue_certificate(fixture: &Fixture, node: &Node, from: i64, until: i64) {
    let keys = fixture.consortium.hub.home().join("keys");
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
    let authority_key = KeyPair::from_pem(&read(keys.join("authority.key.pem"))).unwrap();
    let authority = read(fixture.consortium.authority());
    let issuer = Issuer::from_ca_cert_pem(&authority, authority_key).unwrap();
    let key = KeyPair::from_pem(&read(node.program.home().join("keys/tls.pem"))).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, &node.district);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    let after = |seconds: i64| {
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.unsigned_abs())
    };
    (params.not_before, params.not_after) = (after(from), after(until));
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let path = node.program.home().join("keys/certificate.pem");
    std::fs::write(path, certificate.pem()).unwrap();
}

/// Runs statements on a database, as somebody with the file could.
pub fn alter(database: &Path, statements: &[&'static str]) {
    let options = SqliteConnectOptions::new().filename(database);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut database = options.connect().await.unwrap();
        for statement in statements {
            let done = sqlx::query(*statement).execute(&mut database).await.unwrap();
            assert!(done.rows_affected() > 0 || statement.starts_with("DROP"), "{statement}");
        }
        database.close().await.unwrap();
    });
}

/// A node's releases.
pub fn releases(node: &Node) -> Vec<Value> {
    let answer = node.program.json(&["release", "list"]).unwrap();
    answer["releases"].as_array().unwrap().clone()
}

/// Program and period of every charge in a node's ledger.
pub fn charges(node: &Node) -> Vec<(String, String)> {
    let ledger = node.program.json(&["ledger"]).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    ledger["charges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|charge| (text(&charge["program"]), text(&charge["period"])))
        .collect()
}

/// Asserts that everything a node drew is at the hub once, receipted and
/// charged once.
pub fn all_delivered_once(fixture: &Fixture, node: &Node) {
    let releases = releases(node);
    assert!(!releases.is_empty());
    for release in &releases {
        assert_eq!(release["receipt_verified"], true, "{release}");
    }
    assert_eq!(fixture.held(&node.district), releases.len() as u64);
    let charges = charges(node);
    let distinct: BTreeSet<_> = charges.iter().collect();
    assert_eq!(distinct.len(), charges.len(), "something was charged twice");
    assert_eq!(charges.len(), releases.len());
}

/// Starts a sync that a test will end.
pub fn start_sync(node: &Node) -> Child {
    let mut command = node.program.command(&["sync"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
