//! A district's side of the wire, as bare as can be: keys, a connection, and
//! releases of whatever numbers a test wants.

use std::sync::Arc;

use hyper_util::rt::TokioIo;
use peerlight_hub::{authority, clock::Clock, in_force::InForce};
use peerlight_proto::{
    document, envelope,
    layout::{self, Block},
    names::{MemberId, PeriodId, ProgramId},
    token::JoinToken,
    units::ContentHash,
    v1::{
        EnvelopeHeader, GetHubKeysRequest, HubKeys, JoinRequest, JoinResponse,
        RecordApprovalRequest, SendReleaseRequest, SignedReceipt,
        charter_service_client::CharterServiceClient,
        membership_service_client::MembershipServiceClient,
        release_service_client::ReleaseServiceClient,
    },
    wire,
};
use prost::Message;
use rcgen::{CertificateParams, DnType, KeyPair};
use ring::signature::Ed25519KeyPair;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{
        CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime, pem::PemObject,
    },
    time_provider::TimeProvider,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::{
    Status,
    transport::{Channel, Endpoint, Uri},
};

use crate::world::World;

/// A member's program.
pub struct Node {
    /// The member.
    pub member: MemberId,
    /// Its connection.
    pub channel: Channel,
    /// Signs its envelopes.
    pub signer: Ed25519KeyPair,
    /// What the hub answered when it joined.
    pub joined: JoinResponse,
    previous: Vec<u8>,
    sequence: u64,
    key: KeyPair,
}

/// A release before it is sealed.
#[derive(Clone)]
pub struct Draft {
    /// Its header; `seal` fills in the rest.
    pub header: EnvelopeHeader,
    /// Its noisy payload.
    pub payload: Vec<u8>,
}

#[derive(Debug)]
struct Time(Clock);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0.tls_time())
    }
}

/// A connection that shows this certificate, or none.
pub async fn connect(world: &World, identity: Option<(&str, &KeyPair)>) -> Channel {
    let mut roots = RootCertStore::empty();
    let own = CertificateDer::from_pem_slice(world.hub.authority.pem().as_bytes()).unwrap();
    roots.add(own).unwrap();
    let time = Arc::new(Time(world.clock.clone()));
    let builder = ClientConfig::builder_with_details(authority::provider(), time)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let address = world.running.addresses.grpc;
    let dial = tower::service_fn(move |_: Uri| {
        let connector = connector.clone();
        async move {
            let stream = TcpStream::connect(address).await?;
            let name = ServerName::try_from("localhost").unwrap();
            Ok::<_, std::io::Error>(TokioIo::new(connector.connect(name, stream).await?))
        }
    });
    Endpoint::from_static("http://localhost").connect_with_connector(dial).await.unwrap()
}

/// A certificate request for a name.
pub fn request(name: &str, key: &KeyPair) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serialize_request(key).unwrap().pem().unwrap()
}

impl Node {
    /// Joins with a fresh token.
    pub async fn join(world: &World, name: &str) -> Result<Self, Status> {
        let line = world.token(name).await;
        Self::join_with(world, &line, name).await
    }

    /// Joins with a token's line under a name.
    pub async fn join_with(world: &World, line: &str, name: &str) -> Result<Self, Status> {
        let token = JoinToken::parse(line).unwrap();
        assert_eq!(token.pin, world.hub.authority.pin());
        let key = KeyPair::generate().unwrap();
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
        let signer = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let certificate_request = request(name, &key);
        let signing_key = document::public_key(&signer);
        let proof = token.key().prove(&certificate_request, &signing_key);
        let asked =
            JoinRequest { token_id: token.id.clone(), certificate_request, proof, signing_key };
        let mut client = MembershipServiceClient::new(connect(world, None).await);
        let joined = client.join(asked).await?.into_inner();
        let channel = connect(world, Some((&joined.certificate, &key))).await;
        let (previous, sequence) = (Vec::new(), 0);
        let member = MemberId::new(name).unwrap();
        Ok(Self { member, channel, signer, joined, previous, sequence, key })
    }

    /// A second connection with the same certificate.
    pub async fn reconnect(&self, world: &World) -> Channel {
        connect(world, Some((&self.joined.certificate, &self.key))).await
    }

    /// The key its certificate is for.
    pub const fn key(&self) -> &KeyPair {
        &self.key
    }

    /// Tells the hub that the district approved everything.
    pub async fn approve_all(&mut self, in_force: &Arc<InForce>) -> Result<(), Status> {
        let programs = in_force.charter.charter.policy.programs.iter();
        let approval = RecordApprovalRequest {
            charter_hash: in_force.charter.hash.as_bytes().to_vec(),
            directory_hash: in_force.directory.hash.as_bytes().to_vec(),
            offered_programs: programs.map(|program| program.id.to_string()).collect(),
        };
        CharterServiceClient::new(self.channel.clone()).record_approval(approval).await?;
        Ok(())
    }

    /// The member's next release, every number of it `value`.
    pub fn draft(&self, in_force: &Arc<InForce>, program: &str, period: &str, value: i64) -> Draft {
        self.draft_cells(in_force, program, period, |_, _, _| value)
    }

    /// The member's next release; `cell` gives the number of a block's row and
    /// group, by their positions.
    pub fn draft_cells(
        &self,
        in_force: &Arc<InForce>,
        program: &str,
        period: &str,
        cell: impl Fn(&Block, usize, usize) -> i64,
    ) -> Draft {
        let (program_id, period_id) =
            (ProgramId::new(program).unwrap(), PeriodId::new(period).unwrap());
        let (charter, directory) = (in_force.charter.hash, in_force.directory.hash);
        let layout = layout::release_layout(
            &in_force.charter.charter,
            &in_force.directory.directory,
            &self.member,
            &program_id,
            &period_id,
        )
        .unwrap();
        let numbers = |block: &Block| {
            let (components, groups) = (block.quantity.components(), block.groups.len());
            let cells = (0..block.cells()).map(|number| number / components);
            cells.map(|at| cell(block, at / groups, at % groups)).collect()
        };
        let blocks = layout.blocks.iter().map(numbers).collect();
        let payload = wire::encode_payload(blocks);
        let kind = layout.envelope_kind();
        let sequence = self.sequence + 1;
        let header = EnvelopeHeader {
            consortium: "test".to_owned(),
            sender: self.member.to_string(),
            sender_key_id: document::key_id(&document::public_key(&self.signer)),
            kind: kind.into(),
            program: program.to_owned(),
            period: period.to_owned(),
            release_id: format!("{}-{sequence}", self.member),
            sequence,
            payload_digest: ContentHash::of(&payload).as_bytes().to_vec(),
            previous_payload_digest: self.previous.clone(),
            ledger_sequence: sequence,
            ledger_head: vec![1; 32],
            charter_hash: charter.as_bytes().to_vec(),
            directory_hash: directory.as_bytes().to_vec(),
            created_at_seconds: 1_800_000_000,
            ..EnvelopeHeader::default()
        };
        Draft { header, payload }
    }

    /// Seals a draft to the hub's newest key.
    pub async fn seal(&self, draft: Draft) -> Vec<u8> {
        let mut client = CharterServiceClient::new(self.channel.clone());
        let keys = client.get_hub_keys(GetHubKeysRequest {}).await.unwrap().into_inner();
        let keys = HubKeys::decode(keys.keys.unwrap().document.as_slice()).unwrap();
        let Draft { mut header, payload } = draft;
        if header.recipient_key_id.is_empty() {
            header.recipient_key_id.clone_from(&keys.envelope_keys[0].key_id);
        }
        envelope::seal(header, &payload, &keys.envelope_keys[0].public_key, &self.signer).unwrap()
    }

    /// Seals and sends a draft; if it is taken in, the next one follows it.
    pub async fn send(&mut self, draft: Draft) -> Result<SignedReceipt, Status> {
        let (digest, sequence) = (draft.header.payload_digest.clone(), draft.header.sequence);
        let frame = self.seal(draft).await;
        let receipt = send_frame(&self.channel, frame).await?;
        (self.previous, self.sequence) = (digest, sequence);
        Ok(receipt)
    }
}

/// Sends an envelope in pieces.
pub async fn send_frame(channel: &Channel, frame: Vec<u8>) -> Result<SignedReceipt, Status> {
    let pieces: Vec<_> =
        frame.chunks(65_536).map(|piece| SendReleaseRequest { data: piece.to_vec() }).collect();
    let mut client = ReleaseServiceClient::new(channel.clone());
    let sent = client.send_release(tokio_stream::iter(pieces)).await?;
    Ok(sent.into_inner().receipt.unwrap())
}
