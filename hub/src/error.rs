//! What can go wrong in the hub, and whose move it is next.
//!
//! Messages are safe to send to a member: no payload, no secret, no path of
//! another member's. There is no catch-all variant.

use std::{io, path::PathBuf};

use peerlight_hub_engine::{admission::Rejection, growth::RoundError};
use peerlight_proto::{
    charter::CharterError,
    directory::DirectoryError,
    document::BadSignature,
    envelope::EnvelopeError,
    names::{InvalidName, MemberId, SchoolId},
    token::InvalidToken,
    units::SchoolYear,
};
use tonic::{Code, Status};

use crate::{
    account::AccountError, authority::CertificateFault, publication::PublicationError, store,
};

/// Any failure of the hub.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    // The sender must change the message.
    /// An envelope that cannot be read, verified or opened.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A release that is not taken in.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// An envelope larger than any release of the member.
    #[error("the envelope is larger than {limit} bytes, which no release of this member is")]
    TooLarge {
        /// Most that is taken, bytes.
        limit: usize,
    },
    /// A release that says one thing and carries another.
    #[error("the release's {field} {problem}")]
    Release {
        /// Field of its header.
        field: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A release under a charter or directory that is not in force.
    #[error(
        "the release was made under another {what} than number {number}, which is in force: \
         fetch and approve it"
    )]
    NotInForce {
        /// Charter or directory.
        what: &'static str,
        /// The number in force.
        number: u32,
    },
    /// A certificate request that cannot be read or is not signed by its key.
    #[error("the certificate request cannot be read, or is not signed by the key it is for")]
    Request,
    /// A certificate request for somebody else.
    #[error("the certificate request must have the common name {0}")]
    RequestName(MemberId),
    /// A signing key of the wrong length.
    #[error("the signing key must be an Ed25519 public key of 32 bytes")]
    SigningKey,
    /// A malformed name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A malformed hash.
    #[error("the {0} must be a SHA-256 hash of 32 bytes")]
    Hash(&'static str),
    /// There is no charter yet, or no directory.
    #[error("the consortium has no {0} yet: its operator has to {1}")]
    Missing(&'static str, &'static str),
    /// A growth round that is still open.
    #[error(
        "the growth round of {0} is still open: its tables appear when the hub's operator closes it"
    )]
    RoundOpen(SchoolYear),

    // The sender is not allowed.
    /// No certificate was shown.
    #[error("no member certificate was shown: join first")]
    Anonymous,
    /// A certificate that is not good.
    #[error(transparent)]
    Shown(#[from] CertificateFault),
    /// A suspended member.
    #[error("member {0} is suspended: ask the hub's operator")]
    Suspended(MemberId),
    /// A member that receives only.
    #[error("member {0} is admitted to receive benchmarks, not to send releases")]
    ReceiveOnly(MemberId),
    /// A join token that is unknown, used, expired or not proven.
    #[error("the join token is unknown, already used, expired or not proven: ask for a new one")]
    Token,
    /// A question about somebody else's school.
    #[error("school {0} is not one of this member's, nor of a member that granted it oversight")]
    NotYours(SchoolId),

    // The operator must change the command or the configuration.
    /// The folder has no hub.
    #[error("{0} has no hub: run `peerlight-hub init` there first")]
    NoHome(PathBuf),
    /// The folder has a hub already.
    #[error("{0} already has a hub: init makes a new consortium and refuses a second time")]
    HomeTaken(PathBuf),
    /// A configuration that cannot be used.
    #[error("{path}: {problem}")]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A key file that cannot be used.
    #[error("{path} is not a usable key: restore the key folder from its backup")]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// No such member.
    #[error("there is no member {0}: see `peerlight-hub member list`")]
    NoMember(MemberId),
    /// A member that is there already.
    #[error("member {0} is already there: `peerlight-hub member token {0}` gives it a new token")]
    MemberTaken(MemberId),
    /// A step that the member's state does not allow.
    #[error("member {member} is {state}: {remedy}")]
    MemberState {
        /// The member.
        member: MemberId,
        /// What it is.
        state: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A token line that is not one.
    #[error(transparent)]
    TokenLine(#[from] InvalidToken),
    /// The hub's port is not known yet.
    #[error(
        "the hub's port is chosen when it starts: run `peerlight-hub serve` first, or set \
         grpc_address in hub.toml"
    )]
    NoAddress,
    /// A charter that does not hold together.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// A directory that does not hold together.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A file of data with faults, all of them.
    #[error("{path} was not imported: {} fault(s)\n{}", faults.len(), faults.join("\n"))]
    Refused {
        /// The file.
        path: PathBuf,
        /// Each with line, column and remedy.
        faults: Vec<String>,
    },
    /// A value of a flag.
    #[error("{flag}: {problem}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// A growth round without what it needs.
    #[error(transparent)]
    Growth(#[from] RoundError),
    /// A growth round that is closed already.
    #[error(
        "the growth round of {0} is closed: other tables would change what districts have \
         already looked up"
    )]
    RoundClosed(SchoolYear),
    /// Nothing to benchmark.
    #[error("no district has sent a release for {0} yet: wait for a sync")]
    NoReleases(SchoolYear),

    /// An account that cannot be kept as asked.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A publication that cannot be made, or does not verify.
    #[error(transparent)]
    Publication(#[from] PublicationError),

    // The operator must look at the machine.
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database failed.
    #[error("the hub's database failed: {0}")]
    Store(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the hub's database could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row that this program did not write.
    #[error("the hub's database holds a {table} that cannot be read: {problem}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A stored document whose signature does not hold.
    #[error(transparent)]
    Signature(#[from] BadSignature),
    /// A certificate that cannot be made.
    #[error("a certificate could not be made: {0}")]
    Certificate(rcgen::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The gRPC server failed.
    #[error("the gRPC server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// An upload that was not complete within so many seconds.
    #[error("the envelope was not complete after {0} seconds: send it again")]
    Stalled(u64),
    /// A background task ended early.
    #[error("the hub is shutting down: try again later")]
    Stopping,
}

impl Error {
    /// The program's exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Missing(..)
            | Self::Publication(PublicationError::NoRun)
            | Self::RoundOpen(_)
            | Self::NoReleases(_) => 9,
            Self::Flag { .. } | Self::Account(AccountError::Password(_)) => 2,
            Self::NoHome(_)
            | Self::HomeTaken(_)
            | Self::Config { .. }
            | Self::Key { .. }
            | Self::NoAddress => 3,
            Self::Anonymous
            | Self::Shown(_)
            | Self::Suspended(_)
            | Self::ReceiveOnly(_)
            | Self::Token
            | Self::NotYours(_)
            | Self::NoMember(_)
            | Self::Account(_)
            | Self::MemberTaken(_)
            | Self::MemberState { .. } => 4,
            Self::Refused { .. }
            | Self::Charter(_)
            | Self::Directory(_)
            | Self::Envelope(_)
            | Self::Rejected(_)
            | Self::TooLarge { .. }
            | Self::Release { .. }
            | Self::NotInForce { .. }
            | Self::TokenLine(_)
            | Self::Name(_)
            | Self::Hash(_)
            | Self::Request
            | Self::RequestName(_)
            | Self::SigningKey
            | Self::Publication(_)
            | Self::Growth(_)
            | Self::RoundClosed(_) => 6,
            Self::File { .. }
            | Self::Store(_)
            | Self::Migration(_)
            | Self::Inconsistent { .. }
            | Self::Signature(_)
            | Self::Certificate(_)
            | Self::Tls(_)
            | Self::Transport(_)
            | Self::Stalled(_)
            | Self::Stopping => 1,
        }
    }

    /// The gRPC status code: whose move it is next.
    pub fn code(&self) -> Code {
        match self {
            Self::Rejected(rejection) => rejected(rejection),
            Self::Envelope(_)
            | Self::TooLarge { .. }
            | Self::Release { .. }
            | Self::Request
            | Self::RequestName(_)
            | Self::SigningKey
            | Self::Name(_)
            | Self::Hash(_) => Code::InvalidArgument,
            Self::NotInForce { .. } => Code::FailedPrecondition,
            Self::Missing(..) | Self::RoundOpen(_) => Code::NotFound,
            Self::Anonymous | Self::Shown(_) => Code::Unauthenticated,
            Self::Suspended(_) | Self::ReceiveOnly(_) | Self::Token | Self::NotYours(_) => {
                Code::PermissionDenied
            }
            Self::Store(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) | Self::Stopping => {
                Code::Unavailable
            }
            Self::Store(error) if store::is_full(error) => Code::ResourceExhausted,
            Self::Stalled(_) => Code::DeadlineExceeded,
            Self::NoHome(_)
            | Self::HomeTaken(_)
            | Self::Config { .. }
            | Self::Key { .. }
            | Self::NoMember(_)
            | Self::MemberTaken(_)
            | Self::MemberState { .. }
            | Self::TokenLine(_)
            | Self::NoAddress
            | Self::Charter(_)
            | Self::Directory(_)
            | Self::Refused { .. }
            | Self::Flag { .. }
            | Self::Growth(_)
            | Self::RoundClosed(_)
            | Self::NoReleases(_)
            | Self::Account(_)
            | Self::Publication(_)
            | Self::File { .. }
            | Self::Store(_)
            | Self::Migration(_)
            | Self::Inconsistent { .. }
            | Self::Signature(_)
            | Self::Certificate(_)
            | Self::Tls(_)
            | Self::Transport(_) => Code::Internal,
        }
    }
}

const fn rejected(rejection: &Rejection) -> Code {
    match rejection {
        Rejection::Sender { .. } | Rejection::NotFull(_) | Rejection::Consortium(_) => {
            Code::PermissionDenied
        }
        Rejection::Charter(_)
        | Rejection::NotApproved(..)
        | Rejection::Directory(_)
        | Rejection::NotOffered { .. }
        | Rejection::Predecessor { .. }
        | Rejection::Uncorrected { .. }
        | Rejection::Gap { .. }
        | Rejection::Chain
        | Rejection::Equivocation(_)
        | Rejection::Future(_) => Code::FailedPrecondition,
        Rejection::Name(_)
        | Rejection::Hash(_)
        | Rejection::Layout(_)
        | Rejection::Kind(_)
        | Rejection::Digest
        | Rejection::Payload(_)
        | Rejection::Magnitude { .. } => Code::InvalidArgument,
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let code = error.code();
        match code {
            // Whose move it is: the operator's. The member gets no detail.
            Code::Internal => {
                tracing::error!(%error, "a call failed");
                Self::new(code, "the hub failed: its operator has been told")
            }
            // The operator's too, but then the same message is good again.
            Code::ResourceExhausted => {
                tracing::error!(%error, "the disk is full: make room, nothing need be restarted");
                Self::new(code, "its disk is full and nothing of this was stored")
            }
            Code::Unavailable => {
                tracing::warn!(%error, "a call has to be retried");
                Self::new(code, "the hub cannot answer now: try again later")
            }
            Code::Unauthenticated | Code::PermissionDenied => {
                tracing::warn!(%error, "a call was refused");
                Self::new(code, error.to_string())
            }
            _ => {
                tracing::info!(%error, "a call was refused");
                Self::new(code, error.to_string())
            }
        }
    }
}
