//! A consortium: one hub that serves, two districts with schools, a county
//! office, and a clock that moves only when told.

use std::{path::Path, sync::Arc};

use peerlight_hub::{
    clock::Clock,
    config::{Config, upload_seconds},
    home::Home,
    hub::Hub,
    in_force::InForce,
    membership, proposal, school_file, serve,
    store::{
        Engine,
        member::{self, Kind, Member, Participation, State},
    },
};
use peerlight_proto::{
    names::{ConsortiumId, MemberId},
    units::{SchoolYear, UnixSeconds},
};

use crate::{databases, node::Node};

/// Two districts; the second has schools like the first's.
const SCHOOLS: &str = "school_id,lea_id,name,level,grade_low,grade_high,enrollment,\
pct_english_learner\n\
1,37,Alder,elementary,KG,06,400,20\n\
2,37,Birch,middle,06,08,500,22\n\
3,38,Cedar,elementary,KG,06,420,21\n\
4,38,Dogwood,middle,06,08,510,25\n";

/// A consortium.
pub struct World {
    /// Its hub.
    pub hub: Arc<Hub>,
    /// The hub's clock.
    pub clock: Clock,
    /// The running hub.
    pub running: serve::Running,
    _folder: tempfile::TempDir,
}

/// An id.
pub fn id(text: &str) -> MemberId {
    MemberId::new(text).unwrap()
}

impl World {
    /// A hub with charter, directory and members 37, 38 and 90, serving.
    pub async fn new(engine: Engine) -> Self {
        Self::configured(config(databases::fresh(engine).await)).await
    }

    /// The same with a configuration of one's own.
    pub async fn configured(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(UnixSeconds(1_800_000_000));
        let home = Home::at(folder.path().join("hub"));
        let hub = Arc::new(Hub::create(home, config, clock.clone()).await.unwrap());
        let year = SchoolYear::ending(2026).unwrap();
        let source = "made up".to_owned();
        school_file::import(&hub, Path::new("schools.csv"), SCHOOLS.as_bytes(), year, source)
            .await
            .unwrap();
        proposal::propose(&hub, proposal::Wish::default()).await.unwrap();
        for (name, kind) in [("37", Kind::District), ("38", Kind::District), ("90", Kind::Coe)] {
            add(&hub, name, kind, Participation::Full).await;
        }
        let running = serve::start(Arc::clone(&hub)).await.unwrap();
        Self { hub, clock, running, _folder: folder }
    }

    /// A member that joins and approves every program.
    pub async fn member(&self, name: &str) -> Node {
        let mut node = Node::join(self, name).await.unwrap();
        node.approve_all(&self.in_force().await).await.unwrap();
        node
    }

    /// A token's line for a member.
    pub async fn token(&self, name: &str) -> String {
        membership::issue_token(&self.hub, &id(name)).await.unwrap().to_line()
    }

    /// Charter and directory.
    pub async fn in_force(&self) -> Arc<InForce> {
        self.hub.in_force().await.unwrap()
    }
}

/// Adds a member to a hub.
pub async fn add(hub: &Hub, name: &str, kind: Kind, participation: Participation) {
    let member = Member {
        id: id(name),
        name: format!("Member {name}"),
        kind,
        county: None,
        participation,
        state: State::Invited,
        added_at: hub.now(),
    };
    member::insert(&hub.store, &member).await.unwrap();
}

/// A configuration on loopback with free ports.
pub fn config(database: Option<String>) -> Config {
    Config {
        consortium: ConsortiumId::new("test").unwrap(),
        host: "localhost".to_owned(),
        other_names: Vec::new(),
        grpc_address: "127.0.0.1:0".parse().unwrap(),
        https_address: "127.0.0.1:0".parse().unwrap(),
        database,
        reflection: true,
        upload_seconds: upload_seconds(),
    }
}
