//! What can go wrong on a node, and the exit code that says whose move it is.

use crate::{
    config::ConfigError,
    home::HomeError,
    hub::{HubError, Recovery},
    keys::KeyError,
    membership::MembershipError,
};

/// Any failure of a verb of the command line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line says something that cannot be done.
    #[error("{0}")]
    Usage(String),
    /// The node's folder cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The node's secrets cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The node has not joined, or could not.
    #[error(transparent)]
    Membership(#[from] MembershipError),
    /// The hub cannot be reached or refuses.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// Output could not be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
}

/// Exit codes, the same for every verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Something else went wrong.
    Other = 1,
    /// The command line cannot be understood.
    Usage = 2,
    /// The configuration, the home folder or a key cannot be used.
    Configuration = 3,
    /// Not enrolled, or not allowed.
    NotAllowed = 4,
    /// The hub cannot be reached; try again.
    Unreachable = 5,
    /// Data was refused.
    DataRefused = 6,
    /// The privacy budget refuses.
    BudgetRefused = 7,
    /// The doctor found a fault.
    FaultFound = 8,
    /// A person has to approve something first.
    ApprovalNeeded = 9,
}

impl Error {
    /// The exit code of this failure.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Home(_) | Self::Config(_) | Self::Keys(_) => Exit::Configuration,
            Self::Membership(error) => membership(error),
            Self::Hub(error) => hub(error),
            Self::Output(_) => Exit::Other,
        }
    }
}

fn hub(error: &HubError) -> Exit {
    match error {
        HubError::NotAllowed(_) | HubError::Untrusted { .. } => Exit::NotAllowed,
        HubError::Address(_) | HubError::Identity(_) => Exit::Configuration,
        _ if error.recovery() == Recovery::Stop => Exit::Other,
        _ => Exit::Unreachable,
    }
}

fn membership(error: &MembershipError) -> Exit {
    match error {
        MembershipError::NotJoined
        | MembershipError::AlreadyJoined { .. }
        | MembershipError::TokenExpired(_)
        | MembershipError::BadAnswer(_) => Exit::NotAllowed,
        MembershipError::Home(_) | MembershipError::Keys(_) | MembershipError::Damaged { .. } => {
            Exit::Configuration
        }
        MembershipError::Hub(error) => hub(error),
    }
}
