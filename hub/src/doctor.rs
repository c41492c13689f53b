//! Named checks of a hub: what is wrong before somebody notices.

use std::net::TcpStream;

use peerlight_proto::document;

use crate::{
    addresses::Addresses,
    error::Error,
    hub::Hub,
    store::{
        document as documents,
        incident::{self, Recorded},
    },
};

/// One check and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What is wrong and what to do; absent if nothing is.
    pub fault: Option<String>,
    /// What is worth knowing although nothing is wrong.
    pub note: Option<String>,
}

impl Check {
    const fn new(name: &'static str, fault: Option<String>) -> Self {
        Self { name, fault, note: None }
    }
}

/// Runs every check.
pub async fn examine(hub: &Hub) -> Result<Vec<Check>, Error> {
    let mut checks =
        vec![Check::new("secrets are private", secrets(hub)), Check::new("serving", serving(hub))];
    let charter = hub.charter().await;
    let missing = "there is none: run `peerlight-hub charter propose`";
    checks.push(check("charter", charter.map(|found| found.is_none().then_some(missing))));
    let directory = hub.directory().await;
    let missing = "there is none: run `peerlight-hub directory import schools.csv`";
    checks.push(check("directory", directory.map(|found| found.is_none().then_some(missing))));
    checks.push(Check::new("same school year", years(hub).await?));
    let keys = documents::find_newest(&hub.store, document::HUB_KEYS).await?;
    let root = hub.keys.root_public();
    let signed =
        keys.is_some_and(|keys| document::verify(&root, document::HUB_KEYS, &keys.signed).is_ok());
    let fault =
        (!signed).then(|| "it is not signed by this hub: restore the key folder".to_owned());
    checks.push(Check::new("key list", fault));
    checks.push(incidents(hub).await?);
    Ok(checks)
}

fn check(name: &'static str, found: Result<Option<&str>, Error>) -> Check {
    let fault = match found {
        Ok(fault) => fault.map(str::to_owned),
        Err(error) => Some(error.to_string()),
    };
    Check::new(name, fault)
}

/// An acknowledged incident is no fault, and is counted for good.
async fn incidents(hub: &Hub) -> Result<Check, Error> {
    let (open, acknowledged): (Vec<_>, Vec<_>) =
        incident::list(&hub.store).await?.into_iter().partition(Recorded::is_open);
    let fault = (!open.is_empty()).then(|| {
        format!(
            "{} to look at: see `peerlight-hub status --incidents`, then \
             `peerlight-hub doctor --acknowledge INCIDENT --by NAME --note TEXT`",
            open.len()
        )
    });
    let note = (!acknowledged.is_empty()).then(|| format!("{} acknowledged", acknowledged.len()));
    Ok(Check { name: "incidents", fault, note })
}

fn serving(hub: &Hub) -> Option<String> {
    let stopped = "the hub is not running: run `peerlight-hub serve`".to_owned();
    let mut address = Addresses::read(&hub.home)?.grpc;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let wait = std::time::Duration::from_secs(2);
    TcpStream::connect_timeout(&address, wait).err().map(|_| stopped)
}

async fn years(hub: &Hub) -> Result<Option<String>, Error> {
    let (Some(charter), Some(directory)) = (hub.charter().await?, hub.directory().await?) else {
        return Ok(None);
    };
    let (wanted, found) = (charter.charter.school_year, directory.directory.school_year);
    Ok((wanted != found).then(|| {
        format!("the charter is for {wanted}, the directory for {found}: import the year's schools")
    }))
}

#[cfg(unix)]
fn secrets(hub: &Hub) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let folder = hub.home.key("");
    let files = std::fs::read_dir(&folder).ok()?;
    let open = files
        .flatten()
        .find(|file| file.metadata().is_ok_and(|found| found.permissions().mode() & 0o077 != 0))?;
    let path = open.path();
    Some(format!("others may read {0}: chmod 600 {0}", path.display()))
}

#[cfg(not(unix))]
fn secrets(_: &Hub) -> Option<String> {
    None
}
