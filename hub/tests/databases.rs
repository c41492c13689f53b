//! The two databases every scenario runs on. The PostgreSQL half is a private
//! server, started once for this program and gone with it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use peerlight_hub::store::Engine;
use sqlx::{AnyConnection, Connection};

/// One scenario as two tests.
macro_rules! on_both_databases {
    ($(async fn $name:ident($world:ident) $body:block)*) => { $(
        mod $name {
            use super::*;

            async fn scenario($world: crate::world::World) {
                $body
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                scenario(crate::world::World::new(peerlight_hub::store::Engine::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgresql() {
                scenario(crate::world::World::new(peerlight_hub::store::Engine::Postgres).await).await;
            }
        }
    )* };
}
pub(crate) use on_both_databases;

/// Empties itself and ends when this program does: it watches its input.
const KEEPER: &str = r#"
set -e
"$1/initdb" -D "$2/data" -A trust -U postgres --no-sync >"$2/initdb.log" 2>&1
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=400 \
    >"$2/postgres.log" 2>&1 &
server=$!
cat >/dev/null
kill -INT $server
wait $server || true
rm -rf "$2"
"#;

struct Server {
    socket: PathBuf,
    /// The end of its input is the server's end.
    _keeper: Child,
}

/// URL of a fresh database; `None` for the embedded one.
pub async fn fresh(engine: Engine) -> Option<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    static SERVER: OnceLock<Server> = OnceLock::new();
    if engine == Engine::Sqlite {
        return None;
    }
    let server = tokio::task::block_in_place(|| SERVER.get_or_init(Server::start));
    sqlx::any::install_default_drivers();
    let name = format!("hub{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut connection = server.connect().await;
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut connection).await.unwrap();
    Some(server.url(&name))
}

impl Server {
    fn start() -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new().prefix("plpg").tempdir_in("/tmp").unwrap().keep();
        // PostgreSQL refuses to run as root.
        let as_root = fs::metadata("/proc/self")
            .is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        let mut command = if as_root {
            let chown = Command::new("chown").arg("postgres").arg(&folder).status().unwrap();
            assert!(chown.success(), "the Debian package postgresql makes the user postgres");
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let keeper = command
            .args(["-c", KEEPER, "keeper"])
            .args([&programs, &folder])
            .current_dir("/")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Self { socket: folder, _keeper: keeper }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.socket.display())
    }

    /// Connects, as soon as the server lets us.
    async fn connect(&self) -> AnyConnection {
        for _ in 0..1_200 {
            if let Ok(connection) = AnyConnection::connect(&self.url("postgres")).await {
                return connection;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("PostgreSQL did not start within a minute; see {}", self.socket.display())
    }
}

fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    let whole = |folder: &&PathBuf| {
        ["initdb", "postgres"].iter().all(|program| Path::new(folder).join(program).exists())
    };
    folders
        .iter()
        .find(whole)
        .cloned()
        .expect("no PostgreSQL server here: install the Debian package postgresql")
}
