//! A hub with three districts of ten schools, their noisy releases, one
//! benchmark run, and one user a role. Numbers come from a seed.

use std::sync::{Arc, LazyLock};

use peerlight_hub::{
    account,
    clock::Clock,
    config::{Config, upload_seconds},
    home::Home,
    http::scope::Role,
    hub::Hub,
    proposal::{Wish, propose},
    serve,
    store::{
        approval::{self, Approval},
        grant::{self, Grant},
        member::{self, Kind, Member, Participation, State},
        release::{self, Head, NewRelease},
    },
};
use peerlight_hub_engine::normal::Normals;
use peerlight_proto::{
    document,
    group::Margin,
    layout::{Block, FIXED_POINT, GROWTH_COUNT_WEIGHT, Quantity, ReleaseLayout, year_layouts},
    names::{ConsortiumId, MemberId, ReleaseId, SchoolId},
    units::{ContentHash, SchoolYear, UnixSeconds},
    v1::{self, SignedReceipt},
    wire::encode_payload,
};
use prost::Message;
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::OnceCell};
use zeroize::Zeroizing;

use super::{browser::Browser, public};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// 1 December 2026: everything of 2025-26 is due.
const NOW: UnixSeconds = UnixSeconds(1_796_083_200);

/// Serves the shared consortium, and runs every test of this folder.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

static SHARED: OnceCell<Consortium> = OnceCell::const_new();

/// The consortium that tests which change nothing share.
pub async fn shared() -> &'static Consortium {
    SHARED.get_or_init(Consortium::full).await
}

/// A running hub.
pub struct Consortium {
    /// The hub.
    pub hub: Arc<Hub>,
    /// Where pages are.
    pub address: std::net::SocketAddr,
    running: std::sync::Mutex<Option<serve::Running>>,
    folder: TempDir,
}

impl Consortium {
    /// A hub with an operator and nothing else.
    pub async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let local = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config {
            consortium: ConsortiumId::new("valley").unwrap(),
            host: "localhost".to_owned(),
            other_names: Vec::new(),
            grpc_address: local,
            https_address: local,
            database: None,
            reflection: false,
            upload_seconds: upload_seconds(),
        };
        let home = Home::at(folder.path().join("hub"));
        let hub = Arc::new(Hub::create(home, config, Clock::manual(NOW)).await.unwrap());
        let running = serve::start(Arc::clone(&hub)).await.unwrap();
        let address = running.addresses.https;
        let one = Self { hub, address, running: Some(running).into(), folder };
        one.add_user("otto", &Role::Operator).await;
        one
    }

    async fn full() -> Self {
        let one = Self::empty().await;
        one.publish_directory().await;
        propose(&one.hub, Wish { text: SCOPE.to_owned(), ..Wish::default() }).await.unwrap();
        for (id, name) in [("d0", "Alder"), ("d1", "Birch"), ("d2", "Cedar <&>")] {
            one.add_member(id, name, Kind::District).await;
            one.send_releases(id).await;
        }
        one.add_member("county", "Valley County Office", Kind::Coe).await;
        for id in ["d0", "d1"] {
            let grant = Grant {
                member: MemberId::new(id).unwrap(),
                overseer: MemberId::new("county").unwrap(),
                signed_by: "A. Superintendent".to_owned(),
                title: "Superintendent".to_owned(),
                signed_on: "2026-08-01".to_owned(),
                recorded_at: NOW,
            };
            grant::insert(&one.hub.store, &grant).await.unwrap();
        }
        one.hub.run_benchmarks().await.unwrap();
        public::hold(&one.hub).await;
        one.add_user("ann", &Role::Principal(SchoolId::new("d0-03").unwrap())).await;
        one.add_user("dan", &Role::District(MemberId::new("d0").unwrap())).await;
        one.add_user("cora", &Role::Coe(MemberId::new("county").unwrap())).await;
        one
    }

    /// A year whose first months come before students are counted and whose
    /// last are still to come; only d2 has sent, up to its eighth month.
    pub async fn counted_late() -> Self {
        let one = Self::empty().await;
        one.publish_directory().await;
        let wish = Wish { text: COUNTED_LATE.to_owned(), ..Wish::default() };
        propose(&one.hub, wish).await.unwrap();
        one.add_member("d2", "Cedar", Kind::District).await;
        one.send_releases("d2").await;
        one.hub.run_benchmarks().await.unwrap();
        one
    }

    /// A new browser.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address, self.hub.authority.pem(), self.hub.clock.clone())
    }

    /// A browser in which `name` has signed in.
    pub async fn signed_in(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser.sign_in(name, PASSWORD).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }

    /// A folder that is gone when the consortium is.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Adds a user with everybody's password.
    pub async fn add_user(&self, name: &str, role: &Role) {
        account::add(&self.hub, name, role, Zeroizing::new(PASSWORD.to_owned())).await.unwrap();
    }

    /// Stops serving.
    pub async fn stop(self) {
        let running = self.running.lock().unwrap().take();
        running.unwrap().stop().await.unwrap();
    }

    /// Adds a member that has joined; all are of one county, to which only a
    /// grant may give a meaning.
    async fn add_member(&self, id: &str, name: &str, kind: Kind) {
        let member = Member {
            id: MemberId::new(id).unwrap(),
            name: name.to_owned(),
            kind,
            county: Some("Valley".to_owned()),
            participation: Participation::Full,
            state: State::Active,
            added_at: NOW,
        };
        member::insert(&self.hub.store, &member).await.unwrap();
    }

    async fn publish_directory(&self) {
        let mut normals = Normals::new(7, 1);
        let mut schools = Vec::new();
        for district in 0..3 {
            for number in 0..10 {
                let need = (45.0 + 4.0 * f64::from(number) + 5.0 * normals.draw()).clamp(5.0, 95.0);
                let feature =
                    |name: &str, value: f64| v1::SchoolFeature { name: name.to_owned(), value };
                let mut school = v1::School {
                    school_id: format!("d{district}-{number:02}"),
                    lea_id: format!("d{district}"),
                    name: format!("School {district}{number:02}"),
                    level: "middle".to_owned(),
                    school_type: "regular".to_owned(),
                    grade_low: Some("06".to_owned()),
                    grade_high: Some("08".to_owned()),
                    enrollment: Some(600 + 40 * u32::try_from(number).unwrap()),
                    features: vec![feature("pct_socioeconomically_disadvantaged", need)],
                    ..v1::School::default()
                };
                if number != 9 {
                    school.features.insert(0, feature("pct_english_learner", need / 3.0));
                }
                schools.push(school);
            }
        }
        let directory = v1::Directory {
            consortium: "valley".to_owned(),
            number: 1,
            school_year: 2026,
            features_source: "a simulated directory".to_owned(),
            schools,
        };
        let bytes = directory.encode_to_vec();
        self.hub.publish(document::DIRECTORY, 1, 2026, bytes).await.unwrap();
    }

    /// Approves all but suspension, and sends what is approved.
    async fn send_releases(&self, id: &str) {
        let in_force = self.hub.in_force().await.unwrap();
        let (charter, directory) = (&in_force.charter.charter, &in_force.directory.directory);
        let member = MemberId::new(id).unwrap();
        let offered: Vec<_> = charter
            .policy
            .programs
            .iter()
            .map(|program| program.id.clone())
            .filter(|program| program.as_str() != "suspension")
            .collect();
        let approval = Approval {
            member: member.clone(),
            charter_hash: in_force.charter.hash,
            directory_hash: in_force.directory.hash,
            offered: offered.clone(),
            recorded_at: NOW,
        };
        approval::insert(&self.hub.store, &approval).await.unwrap();
        let mut normals = Normals::new(11, u64::from(id.as_bytes()[1]));
        let layouts = year_layouts(charter, directory, &member);
        let layouts = layouts.into_iter().flatten().filter(|one| offered.contains(&one.program));
        // d2 is two months late.
        let late = |one: &ReleaseLayout| id == "d2" && one.step().is_some_and(|(_, step)| step > 7);
        let layouts = layouts.filter(|one| !late(one));
        for (position, layout) in layouts.enumerate() {
            let blocks = layout.blocks.iter().map(|block| fill(block, &mut normals)).collect();
            let payload = encode_payload(blocks);
            let hashes = (in_force.charter.hash, in_force.directory.hash);
            let new = new_release(&member, position as u64 + 1, &layout, payload, hashes);
            let mut transaction = self.hub.store.write().await.unwrap();
            release::insert(&mut transaction, &new).await.unwrap();
            transaction.commit().await.unwrap();
        }
    }
}

/// The charter publishes schools too, so that every table is made.
const SCOPE: &str = "[policy]\npublication = \"schools\"\n";

const COUNTED_LATE: &str = r#"
[[policy.program]]
id = "enrolled"
kind = "count"
population = "enrolled"
grades = ["TK-12"]
share = 800
margins = "count"
period = [{ id = "march", due = "{end}-03-20" }]

[[policy.program]]
id = "in_year"
kind = "measure"
measure = "chronic_absence"
grades = ["TK-12"]
share = 1800
margins = "in_year"
continual = { changes = 2 }
period = [
  { id = "month-1", due = "{end}-02-01" },
  { id = "month-2", due = "{end}-03-01" },
  { id = "month-3", due = "{end}-04-01" },
  { id = "month-4", due = "{end}-05-01" },
  { id = "month-5", due = "{end}-06-01" },
  { id = "month-6", due = "{end}-07-01" },
  { id = "month-7", due = "{end}-08-01" },
  { id = "month-8", due = "{end}-09-01" },
  { id = "month-9", due = "{end}-12-15" },
  { id = "month-10", due = "{end}-12-20" },
]
"#;

fn new_release(
    member: &MemberId,
    sequence: u64,
    layout: &ReleaseLayout,
    payload: Vec<u8>,
    (charter_hash, directory_hash): (ContentHash, ContentHash),
) -> NewRelease {
    NewRelease {
        head: Head {
            member: member.clone(),
            release_id: ReleaseId::new(format!("r-{}-{}", layout.program, layout.period)).unwrap(),
            sequence,
            school_year: SchoolYear::ending(2026).unwrap().ending_year(),
            program: layout.program.clone(),
            period: layout.period.clone(),
            digest: ContentHash::of(&payload),
            charter_hash,
            directory_hash,
            created_at: NOW,
            received_at: NOW,
            cells: layout.cells() as u64,
        },
        previous_digest: String::new(),
        ledger_sequence: sequence,
        ledger_head: String::new(),
        receipt: SignedReceipt::default(),
        payload,
    }
}

/// 600 students a school, evenly in the groups of a margin that splits them, a
/// tenth of them behind any flag; growth and shares differ between schools, and
/// d2's schools grow most.
fn fill(block: &Block, normals: &mut Normals) -> Vec<i64> {
    let unit = FIXED_POINT as f64;
    let mut values = Vec::new();
    for row in 0..block.units() {
        let school = block.schools.get(row).map_or("d0-00", SchoolId::as_str);
        let number = f64::from(school.as_bytes()[4] - b'0');
        let lead = if school.starts_with("d2") { 14.0 } else { 0.0 };
        let groups = block.groups.len() as f64;
        for _ in &block.groups {
            let students = match block.margin {
                Margin::All => 600.0,
                Margin::Grade | Margin::Race | Margin::Gender => 600.0 / groups,
                _ => 60.0,
            };
            let exact = match block.quantity {
                Quantity::Count => vec![students],
                Quantity::Rate => vec![students * (0.04 * number - 0.6)],
                // As many more in every step.
                Quantity::Running { stream, step } => {
                    let column = stream.coefficients();
                    let so_far: i64 = column.iter().take(step as usize + 1).sum();
                    vec![students * (0.005 + 0.003 * number) * so_far as f64]
                }
                Quantity::Mean { .. } => vec![students * 8.0 * (number - 4.0) * unit],
                Quantity::GrowthMean => vec![
                    students * (lead + number - 8.0) * unit,
                    students * GROWTH_COUNT_WEIGHT as f64 * unit,
                ],
                Quantity::Histogram { bands, bins } => vec![20.0; bands * bins],
            };
            let noisy = exact.iter().map(|value| value + block.sigma.units() * normals.draw());
            values.extend(noisy.map(|value| value.round() as i64));
        }
    }
    values
}
