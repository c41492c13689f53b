//! A consortium on this machine: one hub, and a node for each district.
//!
//! ```text
//! root/hub             the hub's home
//! root/nodes/DISTRICT  each node's home
//! root/tokens          join tokens, removed once used
//! ```

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::bail;

use super::program::{Program, Programs, Serving};

/// How a consortium is founded.
#[derive(Clone, Debug, Default)]
pub struct Foundation {
    /// URL of a PostgreSQL database; SQLite where absent.
    pub database: Option<String>,
    /// Where nodes are told that the hub is, if not where it listens.
    pub relayed_through: Option<SocketAddr>,
    /// Where the hub listens for nodes; a free port where absent.
    pub nodes_at: Option<SocketAddr>,
}

/// A hub and its nodes.
pub struct Consortium {
    /// The hub's program.
    pub hub: Program,
    /// Where the hub serves nodes.
    pub grpc: SocketAddr,
    /// Where the hub serves people.
    pub https: SocketAddr,
    programs: Programs,
    root: PathBuf,
    serving: Option<Serving>,
}

/// One district's node.
#[derive(Clone, Debug)]
pub struct Node {
    /// The district's id.
    pub district: String,
    /// The node's program.
    pub program: Program,
}

/// A port that nobody listens on now, and that this process gives out once.
/// Below those that systems give to outgoing connections: such a port may be
/// another's by the time a program listens on it.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    const FIRST: u32 = 12_000;
    const PORTS: u32 = 20_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    for _ in 0..PORTS {
        // Two test programs at once begin far from each other.
        let begin = std::process::id().wrapping_mul(997);
        let next = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, (FIRST + next) as u16));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port between {FIRST} and {} is free", FIRST + PORTS)
}

impl Consortium {
    /// Makes the hub's home in `root`, which must exist.
    pub fn found(programs: &Programs, root: &Path, how: &Foundation) -> anyhow::Result<Self> {
        let grpc = how.nodes_at.map_or_else(free_address, Ok)?;
        let https = free_address()?;
        let told = how.relayed_through.unwrap_or(grpc);
        let hub = programs.hub(&root.join("hub"));
        let (told, port) = (told.port().to_string(), https.port().to_string());
        let mut arguments = vec!["init", "--consortium", "demo", "--host", "localhost"];
        arguments.extend(["--listen", "127.0.0.1", "--grpc-port", &told, "--https-port", &port]);
        if let Some(database) = &how.database {
            arguments.extend(["--database", database]);
        }
        hub.run(&arguments)?;
        Ok(Self {
            hub,
            grpc,
            https,
            programs: programs.clone(),
            root: root.to_owned(),
            serving: None,
        })
    }

    /// The consortium's certificate authority, PEM.
    pub fn authority(&self) -> PathBuf {
        self.hub.home().join("keys/authority.crt.pem")
    }

    /// Imports the directory and puts a charter in force for the year.
    pub fn constitute(
        &self,
        schools: &Path,
        school_year: &str,
        features_source: &str,
        charter: Option<&Path>,
    ) -> anyhow::Result<()> {
        let schools = schools.to_string_lossy();
        let year = ["--school-year", school_year];
        let import = ["directory", "import", &schools, "--source", features_source];
        self.hub.run(&[&import[..], &year].concat())?;
        let charter = charter.map(Path::to_string_lossy);
        let mut propose = vec!["charter", "propose"];
        propose.extend(charter.as_deref());
        self.hub.run(&[&propose[..], &year].concat())?;
        Ok(())
    }

    /// Starts to serve; ends with the consortium, or by [`Self::stop`].
    pub fn start(&mut self) -> anyhow::Result<()> {
        let (grpc, https) = (self.grpc.to_string(), self.https.to_string());
        self.serving = Some(self.hub.serve(
            &["serve", "--grpc-address", &grpc, "--https-address", &https],
            &["serving nodes on", "serving pages on"],
        )?);
        Ok(())
    }

    /// Ends the hub at once, as a power cut would.
    pub fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.kill();
        }
    }

    /// What the hub has said on standard error since it was started.
    pub fn hub_said(&self) -> String {
        self.serving.as_ref().map(Serving::said).unwrap_or_default()
    }

    /// Admits a district and makes its node, which joins.
    pub fn admit(&self, district: &str, name: &str) -> anyhow::Result<Node> {
        self.hub.run(&["member", "add", district, "--name", name])?;
        let node = self.node(district);
        fs::create_dir_all(self.root.join("nodes"))?;
        node.program.run(&["init"])?;
        self.join(&node)?;
        Ok(node)
    }

    /// The node of a district, whether or not it is there.
    pub fn node(&self, district: &str) -> Node {
        let home = self.root.join("nodes").join(district);
        Node { district: district.to_owned(), program: self.programs.node(&home) }
    }

    /// Hands a node a new token, with which it joins.
    pub fn join(&self, node: &Node) -> anyhow::Result<()> {
        let token = self.hub.run(&["member", "token", &node.district])?;
        node.program.run_with(&["join", "--token", "-"], &token)?;
        Ok(())
    }
}

impl Node {
    /// Imports a folder or file of student years, mapped if need be.
    pub fn import(&self, path: &Path, map: Option<&Path>) -> anyhow::Result<()> {
        let path = path.to_string_lossy();
        let map = map.map(Path::to_string_lossy);
        let mut arguments = vec!["import", "csv", &path];
        if let Some(map) = &map {
            arguments.extend(["--map", map]);
        }
        self.program.run(&arguments)?;
        Ok(())
    }

    /// Approves charter and directory as they are, offering what its data allow.
    pub fn approve(&self) -> anyhow::Result<()> {
        let by = ["--name", "A. Example", "--title", "Superintendent", "--yes"];
        self.program.run(&[&["charter", "approve"][..], &by].concat())?;
        Ok(())
    }

    /// Releases and sends everything that is due.
    pub fn sync(&self) -> anyhow::Result<()> {
        self.program.run(&["sync"])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, thread};

    use super::*;

    #[test]
    fn no_address_is_given_out_twice() {
        let some = || (0..50).map(|_| free_address().unwrap()).collect::<Vec<_>>();
        let all = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(some)).collect();
            threads.into_iter().flat_map(|it| it.join().unwrap()).collect::<Vec<_>>()
        });
        let different: BTreeSet<_> = all.iter().collect();
        assert_eq!((all.len(), different.len()), (200, 200));
    }
}
