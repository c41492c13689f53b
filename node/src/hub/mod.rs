//! The hub as this node sees it: one TLS connection and one method a call.
//!
//! Every call has a deadline. What the hub sends is returned as it came;
//! signatures are checked by the caller before anything is believed.

mod refusal;
mod tls;

use std::{future::Future, sync::Arc, time::Duration};

use hyper_util::rt::TokioIo;
use peerlight_proto::{
    units::{ContentHash, SchoolYear},
    v1::{
        GetCharterRequest, GetDirectoryRequest, GetGrowthTablesRequest, GetHubKeysRequest,
        GetStandingRequest, GetStandingResponse, JoinRequest, JoinResponse, ListBenchmarksRequest,
        ListBenchmarksResponse, ListPeersRequest, ListPeersResponse, ListSimilarRequest,
        ListSimilarResponse, RecordApprovalRequest, RenewRequest, SendReleaseRequest,
        SignedDocument, SignedReceipt, benchmark_service_client::BenchmarkServiceClient,
        charter_service_client::CharterServiceClient,
        directory_service_client::DirectoryServiceClient,
        growth_service_client::GrowthServiceClient,
        membership_service_client::MembershipServiceClient,
        release_service_client::ReleaseServiceClient,
    },
};
use prost::Message;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::{
    Request, Response, Status,
    transport::{Channel, Endpoint, Uri},
};

pub use refusal::{HubError, Recovery};
pub use tls::spki_hash;

use crate::{
    clock::Clock,
    config::Config,
    home::Home,
    keys::{self, Keys},
    membership::Membership,
};

/// Largest message taken from the hub, bytes.
const LARGEST_MESSAGE: usize = 64 << 20;
/// Envelopes travel in pieces of this many bytes.
const CHUNK: usize = 64 << 10;
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// A directory or an envelope may take this many times the deadline of a call.
const LONG_CALL: u32 = 10;

/// A connection to the hub.
#[derive(Clone)]
pub struct Hub {
    channel: Channel,
    address: String,
    deadline: Duration,
}

/// Asks to join over a connection that trusts the pinned authority only.
pub(crate) async fn join(
    address: &str,
    pin: ContentHash,
    clock: &Clock,
    request: JoinRequest,
) -> Result<JoinResponse, HubError> {
    let config = tls::pinned(pin, clock).map_err(|error| HubError::Identity(error.to_string()))?;
    let hub = Hub::open(address, config, Duration::from_secs(30)).await?;
    hub.call(MembershipServiceClient::new(hub.channel.clone()).join(hub.request(request))).await
}

impl Hub {
    /// Connects as the member that joined.
    pub async fn connect(
        home: &Home,
        membership: &Membership,
        config: &Config,
        clock: &Clock,
    ) -> Result<Self, HubError> {
        let identity = |error: &dyn std::fmt::Display| HubError::Identity(error.to_string());
        let keys = Keys::open(home).map_err(|error| identity(&error))?;
        let certificate = keys::certificate(home)
            .map_err(|error| identity(&error))?
            .ok_or_else(|| identity(&"there is no certificate"))?;
        let tls = tls::member(&membership.authority, &certificate, keys.tls_pem(), clock)
            .map_err(|error| identity(&error))?;
        let address = config.hub_address.as_deref().unwrap_or(&membership.hub);
        Self::open(address, tls, Duration::from_secs(config.hub_deadline_seconds)).await
    }

    async fn open(
        address: &str,
        config: ClientConfig,
        deadline: Duration,
    ) -> Result<Self, HubError> {
        let bad_address = || HubError::Address(address.to_owned());
        let (host, port) = address.rsplit_once(':').ok_or_else(bad_address)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port: u16 = port.parse().map_err(|_| bad_address())?;
        let name = ServerName::try_from(host.clone()).map_err(|_| bad_address())?;
        let connector = TlsConnector::from(Arc::new(config));
        let connect = tower::service_fn(move |_: Uri| {
            let (host, name, connector) = (host.clone(), name.clone(), connector.clone());
            async move {
                let tcp = TcpStream::connect((host.as_str(), port)).await?;
                tcp.set_nodelay(true)?;
                connector.connect(name, tcp).await.map(TokioIo::new)
            }
        });
        // The scheme only tells tonic that TLS is not its own business.
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .map_err(|_| bad_address())?
            .connect_timeout(CONNECT_DEADLINE)
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20));
        let channel = endpoint
            .connect_with_connector(connect)
            .await
            .map_err(|error| HubError::from_transport(address, &error))?;
        Ok(Self { channel, address: address.to_owned(), deadline })
    }

    /// Where this member stands at the hub.
    pub async fn standing(&self) -> Result<GetStandingResponse, HubError> {
        let mut client = MembershipServiceClient::new(self.channel.clone());
        self.call(client.get_standing(self.request(GetStandingRequest {}))).await
    }

    /// Asks for the next certificate, PEM.
    pub async fn renew(&self, certificate_request: String) -> Result<String, HubError> {
        let mut client = MembershipServiceClient::new(self.channel.clone());
        let request = self.request(RenewRequest { certificate_request });
        Ok(self.call(client.renew(request)).await?.certificate)
    }

    /// The charter in force, not verified yet.
    pub async fn charter(&self) -> Result<SignedDocument, HubError> {
        let mut client = CharterServiceClient::new(self.channel.clone());
        let answer = self.call(client.get_charter(self.request(GetCharterRequest {}))).await?;
        answer.charter.ok_or_else(|| HubError::BadAnswer("it holds no charter".to_owned()))
    }

    /// The hub's keys, not verified yet.
    pub async fn keys(&self) -> Result<SignedDocument, HubError> {
        let mut client = CharterServiceClient::new(self.channel.clone());
        let answer = self.call(client.get_hub_keys(self.request(GetHubKeysRequest {}))).await?;
        answer.keys.ok_or_else(|| HubError::BadAnswer("it holds no keys".to_owned()))
    }

    /// The directory in force, not verified yet.
    pub async fn directory(&self) -> Result<SignedDocument, HubError> {
        let mut client = DirectoryServiceClient::new(self.channel.clone());
        let whole = async {
            let mut pieces = client.get_directory(GetDirectoryRequest {}).await?.into_inner();
            let mut bytes = Vec::new();
            while let Some(piece) = pieces.message().await? {
                bytes.extend(piece.chunk.unwrap_or_default().data);
                if bytes.len() > LARGEST_MESSAGE {
                    return Err(Status::out_of_range("the directory is larger than 64 MiB"));
                }
            }
            Ok(Response::new(bytes))
        };
        let bytes = self.call_within(self.deadline * LONG_CALL, whole).await?;
        SignedDocument::decode(bytes.as_slice())
            .map_err(|error| HubError::BadAnswer(format!("the directory: {error}")))
    }

    /// A year's growth tables, not verified yet; `None` while the round is open.
    pub async fn growth_tables(
        &self,
        year: SchoolYear,
    ) -> Result<Option<SignedDocument>, HubError> {
        let mut client = GrowthServiceClient::new(self.channel.clone())
            .max_decoding_message_size(LARGEST_MESSAGE);
        let request = GetGrowthTablesRequest { school_year: u32::from(year.ending_year()) };
        match self.call(client.get_growth_tables(self.request(request))).await {
            Ok(answer) => Ok(answer.tables),
            Err(HubError::Absent(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tells the hub what the district approved; no person is named.
    pub async fn record_approval(&self, approval: RecordApprovalRequest) -> Result<(), HubError> {
        let mut client = CharterServiceClient::new(self.channel.clone());
        self.call(client.record_approval(self.request(approval))).await.map(|_| ())
    }

    /// Sends one sealed envelope; gives the hub's receipt, not verified yet.
    pub async fn send_release(&self, envelope: &[u8]) -> Result<SignedReceipt, HubError> {
        let mut client = ReleaseServiceClient::new(self.channel.clone());
        let pieces: Vec<SendReleaseRequest> = envelope
            .chunks(CHUNK)
            .map(|piece| SendReleaseRequest { data: piece.to_vec() })
            .collect();
        let call = client.send_release(tokio_stream::iter(pieces));
        let answer = self.call_within(self.deadline * LONG_CALL, call).await?;
        answer.receipt.ok_or_else(|| HubError::BadAnswer("it holds no receipt".to_owned()))
    }

    /// Where a school stands.
    pub async fn benchmarks(&self, school: &str) -> Result<ListBenchmarksResponse, HubError> {
        let request = ListBenchmarksRequest { school_id: school.to_owned() };
        self.call(self.benchmark_client().list_benchmarks(self.request(request))).await
    }

    /// The schools most like a school.
    pub async fn similar(&self, school: &str) -> Result<ListSimilarResponse, HubError> {
        let request = ListSimilarRequest { school_id: school.to_owned() };
        self.call(self.benchmark_client().list_similar(self.request(request))).await
    }

    /// Like schools that credibly grow faster; all growth measures if empty.
    pub async fn peers(&self, school: &str, measure: &str) -> Result<ListPeersResponse, HubError> {
        let request =
            ListPeersRequest { school_id: school.to_owned(), measure: measure.to_owned() };
        self.call(self.benchmark_client().list_peers(self.request(request))).await
    }

    fn benchmark_client(&self) -> BenchmarkServiceClient<Channel> {
        BenchmarkServiceClient::new(self.channel.clone()).max_decoding_message_size(LARGEST_MESSAGE)
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.deadline);
        request
    }

    async fn call<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, HubError> {
        self.call_within(self.deadline, call).await
    }

    async fn call_within<T>(
        &self,
        deadline: Duration,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, HubError> {
        match tokio::time::timeout(deadline, call).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(HubError::from_status(&self.address, &status)),
            Err(_) => Err(HubError::Busy(format!("no answer within {} s", deadline.as_secs()))),
        }
    }
}
