//! Releases a second into a hub over gRPC: mutual TLS, sealed, one commit on
//! SQLite before each receipt; beside what the disk and the cipher allow.

use std::{fmt::Write as _, path::Path, sync::Arc};

use anyhow::Context;
use peerlight_hub::{
    clock::Clock as HubClock,
    config::{Config, upload_seconds},
    home::Home,
    hub::Hub,
    in_force::InForce,
    membership, proposal, school_file, serve,
    store::member::{self, Kind, Member, Participation, State},
};
use peerlight_proto::{
    document, envelope,
    layout::release_layout,
    names::{ConsortiumId, MemberId, PeriodId, ProgramId},
    units::{ContentHash, SchoolYear},
    v1::{
        EnvelopeHeader, EnvelopeKey, EnvelopeKind, GetHubKeysRequest, HubKeys, JoinRequest,
        RecordApprovalRequest, SendReleaseRequest, charter_service_client::CharterServiceClient,
        membership_service_client::MembershipServiceClient,
        release_service_client::ReleaseServiceClient,
    },
    wire,
};
use prost::Message;
use ring::signature::Ed25519KeyPair;
use sqlx::{Connection, Executor};
use tonic::{
    codegen::tokio_stream,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

use super::{BenchContext, Row};
use crate::clock::Stopwatch;

const DISTRICTS: usize = 20;
const RELEASES_EACH: usize = 50;
/// 31 groups a school make about 15,000 cells.
const SCHOOLS_EACH: usize = 484;
const BAR_RELEASES_PER_SECOND: f64 = 40.0;

/// Runs the benchmark.
pub fn run(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(context))
}

async fn measure(context: &BenchContext) -> anyhow::Result<Vec<Row>> {
    context.say("making a hub, its schools and its members");
    let hub = Arc::new(hub(&context.scratch().join("hub")).await?);
    let running = serve::start(Arc::clone(&hub)).await?;
    let in_force = hub.in_force().await?;
    let mut districts = Vec::new();
    for number in 0..DISTRICTS {
        districts.push(join(&hub, &format!("d{number}"), &running, &in_force).await?);
    }
    let cells = districts[0].cells;
    let sample = districts[0].frames[0].clone();
    let payload = districts[0].payload.clone();
    let public = districts[0].signing_key.clone();

    context.say("sending");
    let watch = Stopwatch::start();
    let mut senders = tokio::task::JoinSet::new();
    for district in districts {
        senders.spawn(district.send());
    }
    while let Some(sent) = senders.join_next().await {
        sent??;
    }
    let releases = (DISTRICTS * RELEASES_EACH) as f64;
    let rate = releases / watch.seconds();
    running.stop().await?;

    context.say("measuring the limits");
    let disk = disk_limit(&context.scratch().join("limit.db"), &payload).await?;
    let cipher = cipher_limit(&hub, &sample, &public)?;
    Ok(vec![
        Row::note("cells in one release", cells as f64, "cells"),
        Row::note("bytes in one envelope", sample.len() as f64, "bytes"),
        Row::at_least("releases taken in", rate, "releases/s", BAR_RELEASES_PER_SECOND),
        Row::note("limit: one payload a commit, plain SQLite", disk, "commits/s"),
        Row::note("limit: verify and open, one thread", cipher, "envelopes/s"),
        Row::note("intake beside one commit a release", rate / disk, "x"),
    ])
}

async fn hub(path: &Path) -> anyhow::Result<Hub> {
    let config = Config {
        consortium: ConsortiumId::new("bench")?,
        host: "localhost".to_owned(),
        other_names: Vec::new(),
        grpc_address: "127.0.0.1:0".parse()?,
        https_address: "127.0.0.1:0".parse()?,
        database: None,
        reflection: false,
        upload_seconds: upload_seconds(),
    };
    let hub = Hub::create(Home::at(path), config, HubClock::system()).await?;
    let mut schools = "school_id,lea_id,name,level,enrollment\n".to_owned();
    for district in 0..DISTRICTS {
        for school in 0..SCHOOLS_EACH {
            writeln!(schools, "d{district}-{school},d{district},School {school},k12,500")?;
        }
    }
    let file = Path::new("schools.csv");
    let year = SchoolYear::ending(2026)?;
    school_file::import(&hub, file, schools.as_bytes(), year, "made up".to_owned()).await?;
    let periods = (0..RELEASES_EACH).map(|n| format!("{{ id = \"p{n}\", due = \"2025-09-01\" }}"));
    let text = format!(
        "[[policy.program]]\nid = \"enrolled\"\nkind = \"count\"\npopulation = \"enrolled\"\n\
         grades = [\"TK-12\"]\nshare = 9000\nmargins = \"count\"\nperiod = [{}]\n",
        periods.collect::<Vec<_>>().join(", ")
    );
    proposal::propose(&hub, proposal::Wish { text, ..proposal::Wish::default() }).await?;
    Ok(hub)
}

/// A district that has joined and sealed its releases.
struct District {
    channel: Channel,
    frames: Vec<Vec<u8>>,
    payload: Vec<u8>,
    signing_key: Vec<u8>,
    cells: usize,
}

async fn join(
    hub: &Hub,
    name: &str,
    running: &serve::Running,
    in_force: &InForce,
) -> anyhow::Result<District> {
    let id = MemberId::new(name)?;
    let (kind, participation, state) = (Kind::District, Participation::Full, State::Invited);
    let (name, county, added_at) = (name.to_owned(), None, hub.now());
    let added = Member { id: id.clone(), name, kind, county, participation, state, added_at };
    member::insert(&hub.store, &added).await?;
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new())
        .map_err(|_| anyhow::anyhow!("no signing key could be made"))?;
    let signer = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref())
        .map_err(|_| anyhow::anyhow!("no signing key could be made"))?;
    let channel = enrol(hub, &id, running, document::public_key(&signer)).await?;
    let mut charters = CharterServiceClient::new(channel.clone());
    let approval = RecordApprovalRequest {
        charter_hash: in_force.charter.hash.as_bytes().to_vec(),
        directory_hash: in_force.directory.hash.as_bytes().to_vec(),
        offered_programs: vec!["enrolled".to_owned()],
    };
    charters.record_approval(approval).await?;
    let keys = charters.get_hub_keys(GetHubKeysRequest {}).await?.into_inner();
    let keys = HubKeys::decode(keys.keys.context("no key list")?.document.as_slice())?;
    let recipient = keys.envelope_keys.first().context("no envelope key")?;
    seal(hub, in_force, &id, &signer, recipient, channel)
}

/// Exchanges a fresh token for a certificate; gives a connection that shows it.
async fn enrol(
    hub: &Hub,
    id: &MemberId,
    running: &serve::Running,
    signing_key: Vec<u8>,
) -> anyhow::Result<Channel> {
    let token = membership::issue_token(hub, id).await?;
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(hub.authority.pem()))
        .domain_name("localhost");
    let endpoint = Endpoint::from_shared(format!("https://{}", running.addresses.grpc))?;
    let anonymous = endpoint.clone().tls_config(tls.clone())?.connect().await?;
    let key = rcgen::KeyPair::generate()?;
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, id.as_str());
    let certificate_request = params.serialize_request(&key)?.pem()?;
    let proof = token.key().prove(&certificate_request, &signing_key);
    let token_id = token.id.clone();
    let asked = JoinRequest { token_id, certificate_request, proof, signing_key };
    let joined = MembershipServiceClient::new(anonymous).join(asked).await?.into_inner();
    let identity = Identity::from_pem(joined.certificate, key.serialize_pem());
    Ok(endpoint.tls_config(tls.identity(identity))?.connect().await?)
}

/// Seals every release of a district, each following the one before it.
fn seal(
    hub: &Hub,
    in_force: &InForce,
    id: &MemberId,
    signer: &Ed25519KeyPair,
    recipient: &EnvelopeKey,
    channel: Channel,
) -> anyhow::Result<District> {
    let signing_key = document::public_key(signer);
    let mut district =
        District { channel, frames: Vec::new(), payload: Vec::new(), signing_key, cells: 0 };
    let mut previous = Vec::new();
    let program = ProgramId::new("enrolled")?;
    let (charter, directory) = (&in_force.charter, &in_force.directory);
    for release in 0..RELEASES_EACH {
        let period = PeriodId::new(format!("p{release}"))?;
        let (policy, schools) = (&charter.charter, &directory.directory);
        let layout = release_layout(policy, schools, id, &program, &period)?;
        district.cells = layout.cells();
        let noisy = |cell: usize| ((cell * 37 + release * 11) % 401) as i64 - 100;
        let blocks: Vec<Vec<i64>> =
            layout.blocks.iter().map(|block| (0..block.cells()).map(noisy).collect()).collect();
        let payload = wire::encode_payload(blocks);
        let digest = ContentHash::of(&payload).as_bytes().to_vec();
        let sequence = release as u64 + 1;
        let header = EnvelopeHeader {
            consortium: "bench".to_owned(),
            sender: id.to_string(),
            sender_key_id: document::key_id(&district.signing_key),
            recipient_key_id: recipient.key_id.clone(),
            kind: EnvelopeKind::OneShot.into(),
            program: program.to_string(),
            period: period.to_string(),
            release_id: format!("{id}-{release}"),
            sequence,
            payload_digest: digest.clone(),
            previous_payload_digest: std::mem::replace(&mut previous, digest),
            ledger_sequence: sequence,
            ledger_head: vec![1; 32],
            charter_hash: charter.hash.as_bytes().to_vec(),
            directory_hash: directory.hash.as_bytes().to_vec(),
            created_at_seconds: hub.now().0,
            ..EnvelopeHeader::default()
        };
        let frame = envelope::seal(header, &payload, &recipient.public_key, signer)?;
        district.frames.push(frame);
        district.payload = payload;
    }
    Ok(district)
}

impl District {
    async fn send(self) -> anyhow::Result<()> {
        let mut client = ReleaseServiceClient::new(self.channel);
        for frame in self.frames {
            let pieces: Vec<_> = frame
                .chunks(65_536)
                .map(|piece| SendReleaseRequest { data: piece.to_vec() })
                .collect();
            client.send_release(tokio_stream::iter(pieces)).await?;
        }
        Ok(())
    }
}

/// Commits a second of one payload each, to a plain table, each waiting for
/// the disk.
async fn disk_limit(path: &Path, payload: &[u8]) -> anyhow::Result<f64> {
    const COMMITS: usize = 300;
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut database = sqlx::SqliteConnection::connect(&url).await?;
    for statement in
        ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE t (b BLOB)"]
    {
        database.execute(statement).await?;
    }
    let watch = Stopwatch::start();
    for _ in 0..COMMITS {
        sqlx::query("INSERT INTO t (b) VALUES ($1)").bind(payload).execute(&mut database).await?;
    }
    Ok(COMMITS as f64 / watch.seconds())
}

/// Envelopes a second that one thread verifies and opens.
fn cipher_limit(hub: &Hub, frame: &[u8], signing_key: &[u8]) -> anyhow::Result<f64> {
    const ENVELOPES: usize = 300;
    let watch = Stopwatch::start();
    for _ in 0..ENVELOPES {
        let verified = envelope::read(frame)?.verify(signing_key)?;
        let secret = hub.keys.opens(&verified.header.recipient_key_id, hub.now());
        let secret = secret.context("the key has ended")?;
        verified.open(&secret)?;
    }
    Ok(ENVELOPES as f64 / watch.seconds())
}
