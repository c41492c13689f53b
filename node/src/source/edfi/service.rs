//! Why an Ed-Fi API was not read. Says which resource and status, and nothing
//! that a server sent: an answer may hold students.

use std::path::PathBuf;

/// An API that cannot be read, or not be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The URL cannot be used.
    #[error("{0}")]
    Address(&'static str),
    /// A file of certificates cannot be used.
    #[error("{path} is not a PEM file of certificates: give the authority that signed the API's")]
    Authority {
        /// The file.
        path: PathBuf,
    },
    /// No connection, or one that broke, time after time.
    #[error("{what} could not be fetched whole: {reason}. Nothing was applied: try again later")]
    Unreachable {
        /// What was asked for.
        what: String,
        /// What failed.
        reason: &'static str,
    },
    /// The server is not the one that was meant, or cannot show that it is.
    #[error(
        "the API is not trusted: {why}. Nothing was sent to it: give the authority of its \
         certificate with --ca FILE, and write the name that the certificate has"
    )]
    Untrusted {
        /// What is wrong with its certificate.
        why: &'static str,
    },
    /// The client is not let in.
    #[error(
        "the API does not let this client in (status {status}, {what}): check the client id, the \
         secret and what the client may read"
    )]
    Denied {
        /// What was asked for.
        what: String,
        /// Its status code.
        status: u16,
    },
    /// The server went on refusing.
    #[error("the API answered {what} with status {status}: nothing was applied, try again later")]
    Status {
        /// What was asked for.
        what: String,
        /// Its status code.
        status: u16,
    },
    /// What came is not what Ed-Fi defines.
    #[error("what the API answered for {what} is not {expected}: look at the URL")]
    Unexpected {
        /// What was asked for.
        what: String,
        /// What it should have been.
        expected: &'static str,
    },
    /// The server gave another number of records than it said.
    #[error(
        "the API said that there are {said} {resource} and gave {given}: nothing was applied, \
         because some would be missing or counted twice"
    )]
    Total {
        /// The resource.
        resource: String,
        /// What `Total-Count` said.
        said: u64,
        /// How many came.
        given: String,
    },
    /// The server gave a page of records again.
    #[error("the API gave the same page of {0} twice: nothing was applied")]
    Repeated(String),
    /// Data changed while it was read, several times over.
    #[error(
        "records changed while they were read, three times over: nothing was applied; try when no \
         system writes to the API"
    )]
    Changing,
}
