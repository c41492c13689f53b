//! Why a release is refused, in words, and whose move it is next.

use peerlight_proto::{
    layout::LayoutError,
    names::{InvalidName, MemberId, PeriodId, ProgramId},
    wire::PayloadError,
};

/// Whose move it is after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mover {
    /// The sender must change what it sends.
    Sender,
    /// The sender is not allowed to send this.
    NotAllowed,
    /// The sender broke the protocol's promise: refuse and alarm.
    Alarm,
}

/// Which identity was used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reused {
    /// The release id.
    ReleaseId,
    /// The sequence.
    Sequence,
    /// The program and period.
    Period,
}

impl std::fmt::Display for Reused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ReleaseId => "release id",
            Self::Sequence => "sequence number",
            Self::Period => "program and period",
        })
    }
}

/// Why a release is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The header names another member than the certificate.
    #[error("the certificate is of {certificate} but the release says it is from {sender}")]
    Sender {
        /// Who the certificate is of.
        certificate: MemberId,
        /// Who the header says it is from.
        sender: String,
    },
    /// The member may not send.
    #[error("{0} is not a full member and sends no releases: ask the hub's operator")]
    NotFull(MemberId),
    /// It is for another consortium.
    #[error("the release is for consortium {0}, not this one")]
    Consortium(String),
    /// A name in the header is malformed.
    #[error("the release's header has a bad name: {0}")]
    Name(#[from] InvalidName),
    /// A hash in the header is malformed.
    #[error("the release's header has a {0} that is not a SHA-256 hash")]
    Hash(&'static str),
    /// It was made under a charter that is not in force.
    #[error(
        "the release was made under charter {0}, which is not in force: fetch and approve the current charter"
    )]
    Charter(String),
    /// The district has not approved the charter it used.
    #[error("no approval of charter {0} by {1} is recorded: run `charter approve` and sync again")]
    NotApproved(String, MemberId),
    /// It was made under a directory that is not in force.
    #[error(
        "the release was made under directory {0}, which is not in force: fetch and approve the current directory"
    )]
    Directory(String),
    /// Charter and directory do not give it a layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The district did not declare the program.
    #[error("{member} did not declare program {program} when it approved the charter")]
    NotOffered {
        /// The sender.
        member: MemberId,
        /// The program.
        program: ProgramId,
    },
    /// The envelope's kind is not the program's.
    #[error("program {0} is not sent in this kind of envelope")]
    Kind(ProgramId),
    /// A step of a stream came without the one before it.
    #[error(
        "{period} of program {program} is a step of a stream and needs {before} first, made under \
         the same charter and directory: go on with the stream as it was started"
    )]
    Predecessor {
        /// The program.
        program: ProgramId,
        /// The step's period.
        period: PeriodId,
        /// The period of the step before it.
        before: PeriodId,
    },
    /// A correction came without what it corrects.
    #[error(
        "{period} of program {program} corrects {corrected}, which the hub does not hold: send that \
         first"
    )]
    Uncorrected {
        /// The program.
        program: ProgramId,
        /// The correction's period.
        period: PeriodId,
        /// The period it corrects.
        corrected: PeriodId,
    },
    /// A release before it is missing.
    #[error("release {found} came before release {expected}: send the missing ones first")]
    Gap {
        /// The next sequence that can be taken in.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// It does not follow the last release the hub holds.
    #[error(
        "the release does not follow the last one the hub holds: this node was restored from a copy, or copied"
    )]
    Chain,
    /// An identity was used for two different releases.
    #[error("the {0} was used for a different release before")]
    Equivocation(Reused),
    /// It says it was made in the future.
    #[error("the release says it was made {0} seconds from now: set the node's clock")]
    Future(i64),
    /// Its payload is not the one the header describes.
    #[error("the payload does not match the digest in its header")]
    Digest,
    /// Its payload has another shape.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// A value is larger than any honest one.
    #[error("block {block} of the release has a value that no school can have")]
    Magnitude {
        /// Position of the block.
        block: usize,
    },
}

impl Rejection {
    /// Whose move it is.
    pub const fn mover(&self) -> Mover {
        match self {
            Self::Sender { .. } | Self::NotFull(_) | Self::Consortium(_) => Mover::NotAllowed,
            Self::Equivocation(_) | Self::Chain => Mover::Alarm,
            Self::Name(_)
            | Self::Hash(_)
            | Self::Charter(_)
            | Self::NotApproved(..)
            | Self::Directory(_)
            | Self::Layout(_)
            | Self::NotOffered { .. }
            | Self::Kind(_)
            | Self::Predecessor { .. }
            | Self::Uncorrected { .. }
            | Self::Gap { .. }
            | Self::Future(_)
            | Self::Digest
            | Self::Payload(_)
            | Self::Magnitude { .. } => Mover::Sender,
        }
    }
}
