//! Checks of this machine: what is on its disk, and whether it holds together.

use std::{collections::BTreeSet, fs, io::Write as _, os::unix::fs::PermissionsExt as _};

use peerlight_proto::{
    names::ReleaseId,
    units::{ContentHash, SchoolYear},
};

use super::Check;
use crate::{
    approval::Approved,
    clock::{Clock, InWords},
    documents::{DocumentError, Documents},
    error::Error,
    home::Home,
    journal::{Book, Folder},
    keys::{self, Keys},
    membership::{self, Membership},
    records::{RecordKeys, Records, RecordsError},
    release::receipt,
    store::{
        Store, audit, combined, imports, journals, kept_rows, ledger,
        outbox::{self, OutboxRelease, OutboxState},
        receipts, response_sets,
    },
};

/// Disk space that must be free, bytes.
const FREE_BYTES: usize = 1 << 20;
/// A certificate that ends within so many seconds should have been renewed by
/// a sync long ago.
const CLOSE_TO_END: i64 = 14 * 24 * 3600;

/// What can be looked at without the database.
pub(super) fn files(home: &Home, clock: &Clock) -> Vec<Check> {
    let mut checks = vec![
        Check::of("disk", disk(home)),
        Check::of("permissions", permissions(home)),
        Check::of("keys", Keys::open(home).map(|_| "readable")),
    ];
    let membership = Membership::open(home);
    let joined = membership.is_ok();
    checks.push(Check::of(
        "membership",
        membership.map(|it| format!("{} in {}", it.member, it.consortium)),
    ));
    if joined {
        checks.push(Check::of("certificate", certificate(home, clock)));
    }
    checks
}

/// Opens the database, which must be there, and reads it whole.
pub(super) async fn database(home: &Home) -> (Check, Option<Store>) {
    const NAME: &str = "database";
    let opened = async {
        home.check_database()?;
        Ok::<_, Error>(Store::open(&home.database()).await?)
    };
    match opened.await {
        Ok(store) => {
            let sound = store.check().await.map(|()| "opened, sound and up to date");
            (Check::of(NAME, sound), Some(store))
        }
        Err(error) => (Check::of::<String, _>(NAME, Err(error)), None),
    }
}

/// What the database holds and what it names.
pub(super) async fn held(home: &Home, store: &Store) -> Vec<Check> {
    let charges = ledger::list(store).await.map(|it| format!("{} charges hold", it.len()));
    let entries = audit::list(store).await.map(|it| format!("{} entries hold", it.len()));
    let mut checks = vec![
        Check::of("ledger chain", charges),
        Check::of("audit chain", entries),
        Check::of("records", records(home, store).await),
        Check::of("contribution journal", journal(home, store).await),
    ];
    let Ok(membership) = Membership::open(home) else { return checks };
    checks.push(Check::of("releases", releases(store, &membership).await));
    checks.push(Check::of("charter approval", approval(store, &membership).await));
    checks
}

/// Whether a file can be written and flushed.
fn disk(home: &Home) -> Result<String, String> {
    let path = home.path().join(".doctor");
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&path)?;
        file.write_all(&vec![0; FREE_BYTES])?;
        file.sync_all()
    };
    let outcome = write();
    // What was written proved its point; a file left behind is overwritten.
    drop(fs::remove_file(&path));
    outcome.map(|()| "writable".to_owned()).map_err(|error| {
        format!("cannot write in {}: {error}; free some space", home.path().display())
    })
}

fn permissions(home: &Home) -> Result<String, String> {
    let folder = home.path();
    let mode = fs::metadata(folder).map(|found| found.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o007 != 0) {
        return Err(format!("others may enter {0}: run chmod o= {0}", folder.display()));
    }
    match keys::exposed(home) {
        Ok(files) if files.is_empty() => Ok("for the owner alone".to_owned()),
        Ok(files) => Err(format!("others may read {0}: run chmod 600 {0}", files.join(" "))),
        Err(error) => Err(error.to_string()),
    }
}

fn certificate(home: &Home, clock: &Clock) -> Result<String, String> {
    let pem = keys::certificate(home).map_err(|error| error.to_string())?;
    let validity = pem.and_then(|pem| membership::validity(&pem));
    let validity = validity.ok_or(
        "there is none, or it cannot be read: ask the hub's operator for a new join token, then \
         run \"peerlight-node join --token FILE\"",
    )?;
    let (now, until) = (clock.now(), InWords(validity.until));
    if now >= validity.until {
        return Err(format!(
            "expired on {until}: ask the hub's operator for a new join token, then run \
             \"peerlight-node join --token FILE\"; ledger and records stay"
        ));
    }
    if now < validity.from {
        return Err(format!(
            "not valid before {}: check this machine's clock",
            InWords(validity.from)
        ));
    }
    if validity.until.0 - now.0 < CLOSE_TO_END {
        return Err(format!(
            "ends on {until} and was not renewed: a sync renews it, so run \"peerlight-node sync\" \
             and see that \"peerlight-node serve\" runs"
        ));
    }
    Ok(format!("until {until}"))
}

/// Whether everything in force has its sealed file, and the file opens: each
/// source's part, and the year that they make together.
async fn records(home: &Home, store: &Store) -> Result<String, Error> {
    let keys = Keys::open(home)?;
    let records = Records::open(home.records(), RecordKeys::new(keys.master()))?;
    let parts = imports::list(store).await?.into_iter();
    let parts = parts.filter(|held| held.superseded_at.is_none()).map(|held| held.import);
    let years = combined::list(store).await?.into_iter();
    let years = years.filter(|held| held.superseded_at.is_none()).map(|held| held.year);
    let named: BTreeSet<(SchoolYear, String)> = parts
        .map(|part| (part.school_year, part.records_file))
        .chain(years.filter_map(|year| Some((year.school_year, year.records_file?))))
        .collect();
    let mut opened = BTreeSet::new();
    for (year, file) in named {
        records.read(&file).map_err(|error| match error {
            RecordsError::File { .. } => Error::Absent(format!(
                "{error}; restore it from the newest backup, or import {year} again"
            )),
            other => other.into(),
        })?;
        opened.insert(year.to_string());
    }
    for kept in kept_rows::list(store).await? {
        records.read_kept(&kept.records_file).map_err(|error| {
            let source = kept.source;
            Error::Absent(format!(
                "{error}; restore it from the newest backup, or import a whole bundle of {source}"
            ))
        })?;
    }
    for set in response_sets::in_force(store).await? {
        records.read_responses(&set.records_file).map_err(|error| {
            let (respondent, year, source) = (set.respondent, set.school_year, set.source);
            Error::Absent(format!(
                "{error}; restore it from the newest backup, or import the answers of {respondent} \
                 of {year} of {source} again"
            ))
        })?;
    }
    if opened.is_empty() {
        return Ok("none are held".to_owned());
    }
    let years: Vec<String> = opened.into_iter().collect();
    Ok(format!("{} open", years.join(", ")))
}

/// Whether each charge has the payload it paid for, and each release that was
/// sent a receipt of the hub.
async fn releases(store: &Store, membership: &Membership) -> Result<String, Error> {
    let drawn = outbox::list(store).await?;
    if drawn.len() != ledger::list(store).await?.len() {
        let text = "a charge of the ledger has no release: restore the newest backup of node.db";
        return Err(Error::Absent(text.to_owned()));
    }
    let receipt_key = match Documents::open(store, membership).await {
        Ok(documents) => Some(documents.hub_keys.document.receipt_key),
        Err(DocumentError::NotFetched) => None,
        Err(error) => return Err(error.into()),
    };
    let mut previous: Option<ContentHash> = None;
    for release in &drawn {
        check_payload(store, release, previous).await?;
        previous = Some(release.entry.payload_digest);
        if let (OutboxState::Sent, Some(key)) = (release.state, &receipt_key) {
            check_receipt(store, membership, key, release).await?;
        }
        if release.state == OutboxState::Refused {
            let problem = release.last_problem.as_deref().unwrap_or("no reason was kept");
            let id = &release.entry.release_id;
            return Err(Error::Absent(format!(
                "release {id} was not taken in: {problem}; the next sync tries it again"
            )));
        }
    }
    let waiting = drawn.iter().filter(|it| it.state == OutboxState::Waiting).count();
    Ok(format!("{} drawn, {waiting} to be sent by the next sync", drawn.len()))
}

async fn check_payload(
    store: &Store,
    release: &OutboxRelease,
    previous: Option<ContentHash>,
) -> Result<(), Error> {
    let entry = &release.entry;
    let payload = outbox::find_payload(store, &entry.release_id).await?.unwrap_or_default();
    let is_paid_for = ContentHash::of(&payload) == entry.payload_digest;
    if is_paid_for && release.previous_payload_digest == previous {
        return Ok(());
    }
    Err(damaged(&entry.release_id, "is not the one that its charge paid for"))
}

async fn check_receipt(
    store: &Store,
    membership: &Membership,
    key: &[u8],
    release: &OutboxRelease,
) -> Result<(), Error> {
    let id = &release.entry.release_id;
    let signed = receipts::find(store, id).await?;
    let signed = signed.ok_or_else(|| damaged(id, "was sent and has no receipt"))?;
    let receipt = receipt::verify(key, &signed)?;
    receipt::check(&receipt, &membership.consortium, &membership.member, release)?;
    Ok(())
}

fn damaged(release: &ReleaseId, what: &str) -> Error {
    Error::Absent(format!("release {release} {what}: restore the newest backup of node.db"))
}

/// Whether the journal of every year that was released from is whole.
async fn journal(home: &Home, store: &Store) -> Result<String, Error> {
    let folder = Folder::new(home.journal(), Keys::open(home)?.master());
    let mut years: BTreeSet<SchoolYear> =
        ledger::list(store).await?.iter().map(|entry| entry.school_year).collect();
    years.extend(journals::list(store).await?.iter().map(|row| row.school_year));
    for year in &years {
        Book::open(store, folder.clone(), *year).await?;
    }
    Ok(format!("{} of {} whole", years.len(), years.len()))
}

/// Whether the newest documents that were fetched are the approved ones.
async fn approval(store: &Store, membership: &Membership) -> Result<String, Error> {
    let approved = Approved::open(store, membership).await?;
    approved.check_current(&Documents::open(store, membership).await?)?;
    let approval = &approved.record.approval;
    Ok(format!("charter {} by {}", approval.charter_number, approval.name))
}
