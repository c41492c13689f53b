//! A throw-away PostgreSQL server of our own, from the installed package.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

use super::consortium::free_address;

/// The role that has to give its password, where a test makes it; all others
/// are trusted.
const WITH_PASSWORD: &str = "warehouse_reader";

/// A server; ended and removed when dropped.
pub struct Postgres {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    /// Starts a server. Fails where PostgreSQL is not installed: a test that
    /// needs it must not pass without it.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(None)
    }

    /// The same behind TLS, with this certificate and key (PEM): the role with a
    /// password is let in encrypted alone.
    pub fn start_encrypted(certificate: &str, key: &str) -> anyhow::Result<Self> {
        Self::start_with(Some([certificate, key]))
    }

    fn start_with(tls: Option<[&str; 2]>) -> anyhow::Result<Self> {
        let programs = installed()?;
        let folder = tempfile::Builder::new().prefix("peerlight-postgres-").tempdir()?;
        let server = Self { programs, folder, port: free_address()?.port() };
        if let Some([certificate, key]) = tls {
            fs::write(server.folder.path().join("server.crt"), certificate)?;
            let key_file = server.folder.path().join("server.key");
            fs::write(&key_file, key)?;
            fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600))?;
        }
        server.own()?;
        let (data, socket) = (server.data(), server.folder.path());
        server
            .run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"])?;
        let access = Path::new(&data).join("pg_hba.conf");
        let rules = fs::read_to_string(&access)?;
        let kind = if tls.is_some() { "hostssl" } else { "host" };
        let refusal = format!("hostnossl all {WITH_PASSWORD} all reject\n");
        let refusal = if tls.is_some() { refusal.as_str() } else { "" };
        let first = format!("{refusal}{kind} all {WITH_PASSWORD} 127.0.0.1/32 scram-sha-256\n");
        fs::write(&access, first + &rules)?;
        let encrypted = tls.map_or_else(String::new, |_| {
            let file = |name: &str| socket.join(name).display().to_string();
            let (certificate, key) = (file("server.crt"), file("server.key"));
            format!("-c ssl=on -c ssl_cert_file={certificate} -c ssl_key_file={key} ")
        });
        let settings = format!(
            "{encrypted}-F -p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={}",
            server.port,
            socket.display()
        );
        let log = socket.join("log").display().to_string();
        server.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &settings, "start"])?;
        Ok(server)
    }

    /// A URL of its only database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// PostgreSQL refuses to run as root: its own user gets the folder.
    fn own(&self) -> anyhow::Result<()> {
        if is_root() {
            succeed(Command::new("chown").args(["-R", "postgres"]).arg(self.folder.path()))?;
        }
        Ok(())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        succeed(command.args(arguments).current_dir(self.folder.path()))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its folder goes next; there is nothing to save.
        let _ = self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|this| std::os::unix::fs::MetadataExt::uid(&this) == 0)
}

/// The newest installed version's folder of programs.
fn installed() -> anyhow::Result<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql");
    let mut found: Vec<PathBuf> = fs::read_dir(versions)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found
        .pop()
        .context("PostgreSQL is not installed: tests/run installs it (apt-get install postgresql)")
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    // pg_ctl leaves its server behind, which must not hold our pipes open.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
