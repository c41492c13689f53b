//! What went wrong between this node and its hub, and whose move it is next.
//!
//! ```text
//! InvalidArgument, FailedPrecondition …   the node's message    stop, show the remedy
//! Unauthenticated, PermissionDenied       not allowed           stop
//! Unavailable, DeadlineExceeded …         nobody's              back off, send the same again
//! Internal …                              the hub's operator    back off, tell the local operator
//! ```

use std::io;

use tonic::{Code, Status};

/// Any failure of talking to the hub.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The address is not one.
    #[error("\"{0}\" is not the address of a hub: write host:port")]
    Address(String),
    /// No connection, or it broke.
    #[error("cannot reach the hub at {hub}: {problem}; it will be tried again, nothing is lost")]
    Unreachable {
        /// Host and port.
        hub: String,
        /// What happened.
        problem: String,
    },
    /// The hub showed a certificate that its pinned authority did not issue.
    #[error(
        "the hub at {hub} is not the one this node trusts ({problem}); nothing was sent: check the \
         address with the hub's operator, and whether something on the network opens TLS"
    )]
    Untrusted {
        /// Host and port.
        hub: String,
        /// What TLS found.
        problem: String,
    },
    /// The hub refuses this node's certificate or what it asked for.
    #[error("the hub does not allow this: {0}")]
    NotAllowed(String),
    /// What was sent is wrong, or does not fit what the hub has.
    #[error("the hub refuses it: {0}")]
    Refused(String),
    /// There is no such thing at the hub.
    #[error("the hub has none: {0}")]
    Absent(String),
    /// The hub is busy or did not answer in time.
    #[error("the hub did not answer: {0}; it will be tried again, nothing is lost")]
    Busy(String),
    /// Something is wrong at the hub.
    #[error("the hub has a fault of its own: {0}; tell its operator")]
    Operator(String),
    /// The hub's answer cannot be used.
    #[error("the hub's answer cannot be used: {0}; tell its operator")]
    BadAnswer(String),
    /// This node's own TLS settings cannot be used.
    #[error("this node's certificate or key cannot be used: {0}; see \"peerlight-node doctor\"")]
    Identity(String),
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Do not try again before somebody has acted.
    Stop,
    /// Try the same again later.
    BackOff,
    /// Try the same again later, and tell the local operator.
    Tell,
}

impl HubError {
    /// What to do next.
    pub const fn recovery(&self) -> Recovery {
        match self {
            Self::Unreachable { .. } | Self::Busy(_) => Recovery::BackOff,
            Self::Operator(_) | Self::BadAnswer(_) => Recovery::Tell,
            Self::Address(_)
            | Self::Untrusted { .. }
            | Self::NotAllowed(_)
            | Self::Refused(_)
            | Self::Absent(_)
            | Self::Identity(_) => Recovery::Stop,
        }
    }

    /// Whether what was sent is wrong, so that sending it again is of no use.
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// From the answer to a call.
    pub(super) fn from_status(hub: &str, status: &Status) -> Self {
        if let Some(problem) = tls_problem(status) {
            return problem.into_error(hub);
        }
        let text = status.message().to_owned();
        match status.code() {
            Code::Unauthenticated | Code::PermissionDenied => Self::NotAllowed(text),
            Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::AlreadyExists
            | Code::OutOfRange => Self::Refused(text),
            Code::NotFound => Self::Absent(text),
            Code::DeadlineExceeded | Code::ResourceExhausted | Code::Aborted | Code::Cancelled => {
                Self::Busy(text)
            }
            Code::Unavailable | Code::Unknown => {
                Self::Unreachable { hub: hub.to_owned(), problem: innermost(status) }
            }
            Code::Ok | Code::Internal | Code::DataLoss | Code::Unimplemented => {
                Self::Operator(text)
            }
        }
    }

    /// From a connection that could not be made.
    pub(super) fn from_transport(hub: &str, error: &tonic::transport::Error) -> Self {
        match tls_problem(error) {
            Some(problem) => problem.into_error(hub),
            None => Self::Unreachable { hub: hub.to_owned(), problem: innermost(error) },
        }
    }
}

enum TlsProblem {
    /// We refuse them.
    Ours(String),
    /// They refuse us.
    Theirs(String),
}

impl TlsProblem {
    fn into_error(self, hub: &str) -> HubError {
        match self {
            Self::Ours(problem) => HubError::Untrusted { hub: hub.to_owned(), problem },
            Self::Theirs(problem) => HubError::NotAllowed(format!(
                "it does not accept this node's certificate ({problem}); it may be expired or \
                 revoked: see \"peerlight-node doctor\", and ask the hub's operator for a new token"
            )),
        }
    }
}

/// The TLS failure inside an error, if it is about who is who.
fn tls_problem(error: &(dyn std::error::Error + 'static)) -> Option<TlsProblem> {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let found = inner
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .or_else(|| error.downcast_ref::<rustls::Error>());
        match found {
            Some(rustls::Error::InvalidCertificate(problem)) => {
                return Some(TlsProblem::Ours(problem.to_string()));
            }
            Some(rustls::Error::AlertReceived(alert)) => {
                return Some(TlsProblem::Theirs(format!("{alert:?}")));
            }
            _ => {}
        }
        next = error.source();
    }
    None
}

/// The last link of an error's chain: what the system said.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = error.to_string();
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_of_the_hub_has_one_response() {
        let cases = [
            (Code::InvalidArgument, Recovery::Stop),
            (Code::FailedPrecondition, Recovery::Stop),
            (Code::Unauthenticated, Recovery::Stop),
            (Code::PermissionDenied, Recovery::Stop),
            (Code::Unavailable, Recovery::BackOff),
            (Code::DeadlineExceeded, Recovery::BackOff),
            (Code::ResourceExhausted, Recovery::BackOff),
            (Code::Internal, Recovery::Tell),
        ];
        for (code, recovery) in cases {
            let error = HubError::from_status("h:1", &Status::new(code, "why"));
            assert_eq!(error.recovery(), recovery, "{code:?}");
        }
    }
}
