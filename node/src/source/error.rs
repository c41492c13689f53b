//! Why files of any format are not read as student years.

use std::{io, path::PathBuf};

use peerlight_node_engine::intake::{
    MappingError, Refused, edfi::DescriptorError, survey::SurveyMapError,
};
use zip::result::ZipError;

use super::{edfi::ServiceError, warehouse::WarehouseError};

/// Files that cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file or folder cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder has nothing to read.
    #[error("{path} has no {wanted}")]
    Nothing {
        /// The folder.
        path: PathBuf,
        /// What it should have.
        wanted: &'static str,
    },
    /// The mapping is refused.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The map of a survey is refused.
    #[error(transparent)]
    SurveyMap(#[from] SurveyMapError),
    /// A file of descriptors is refused.
    #[error(transparent)]
    Descriptors(#[from] DescriptorError),
    /// An Ed-Fi API cannot be read, or not be believed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A zip is cut short or is none.
    #[error("{path} is not a whole zip ({reason}): download or copy the bundle again")]
    Zip {
        /// The file.
        path: PathBuf,
        /// What the zip reader says.
        reason: ZipError,
    },
    /// A file of a zip is too large to be what it should be.
    #[error("{member} of {path} unpacks to more than 4 GiB: no roster does, look at the bundle")]
    TooLarge {
        /// The bundle.
        path: PathBuf,
        /// Its file.
        member: String,
    },
    /// The rows that a delta changes are not what this version keeps.
    #[error(
        "what is held of the last roster cannot be read by this version: import a whole bundle \
         (bulk) again"
    )]
    NotHeld,
    /// The rows that a delta changes do not open.
    #[error("what is held of the last roster cannot be opened: {0}; or import a whole bundle")]
    Held(String),
    /// A warehouse was not read to the end.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// The content is refused.
    #[error(transparent)]
    Refused(Box<Refused>),
}

impl From<Refused> for SourceError {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

/// That a file or folder cannot be read, with its name.
pub(super) fn failed(path: &std::path::Path) -> impl Fn(io::Error) -> SourceError {
    move |source| SourceError::File { path: path.to_owned(), source }
}
