//! What can go wrong on a node, and the exit code that says whose move it is.

use peerlight_node_engine::{intake::Report, measure::PlanError, privacy::audit::AuditError};
use peerlight_proto::layout::LayoutError;

use crate::{
    approval::ApprovalError,
    calendar::CalendarError,
    charter_view::ViewError,
    config::ConfigError,
    documents::DocumentError,
    extract::ExtractError,
    home::HomeError,
    hub::{HubError, Recovery},
    import_report::ReportFileError,
    journal::JournalError,
    keys::KeyError,
    membership::MembershipError,
    plan::PlanningError,
    records::{CountError, ForgetError, ImportError, RecordsError},
    release::{
        decision::DecisionError, prepare::PrepareError, receipt::ReceiptError, seal::SealError,
        standing::StandingError,
    },
    source::{
        SourceError, mapping::MapFileError, schools::SchoolsError, warehouse::WarehouseError,
    },
    store::StoreError,
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
    /// A signed document is refused.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Nothing may be released before the district approves.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The charter's calendar or a cron expression cannot be used.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// What is asked for cannot be counted.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// What is asked for has no layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A charter cannot be shown.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The contribution journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A release was not drawn.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A decision about a release is refused.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// Releases wait for a person.
    #[error(
        "{0} due releases await approval: see \"peerlight-node release list\", then run \
         \"peerlight-node release approve\" or \"release withhold\""
    )]
    Awaiting(usize),
    /// A release was not sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The hub's receipt is not believed.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// This node's history and the hub's do not fit.
    #[error(transparent)]
    Standing(#[from] StandingError),
    /// The node's database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A public list of schools is refused.
    #[error(transparent)]
    Schools(#[from] SchoolsError),
    /// A plan cannot be made.
    #[error(transparent)]
    Planning(#[from] PlanningError),
    /// The noise could not be audited.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The noise is not what the ledger charges for.
    #[error(
        "the noise of this machine is not what the ledger charges for: release nothing until it is \
         understood"
    )]
    Noise,
    /// Files cannot be read as student years.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A mapping file is refused.
    #[error(transparent)]
    MapFile(#[from] MapFileError),
    /// An import was not applied.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A source was not forgotten.
    #[error(transparent)]
    Forget(#[from] ForgetError),
    /// The report of an import was not written.
    #[error(transparent)]
    Report(#[from] ReportFileError),
    /// The records cannot be read or written.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The records could not be counted.
    #[error(transparent)]
    Count(#[from] CountError),
    /// Students are not shown.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// There is no such thing on this node.
    #[error("{0}")]
    Absent(String),
    /// Nobody confirmed.
    #[error("{0}")]
    NotConfirmed(&'static str),
    /// The doctor found a fault; the report names it.
    #[error("{0} of the checks found a fault; each says what to do")]
    Fault(usize),
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
    /// The hub or a warehouse cannot be reached; try again.
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
    /// What was read, and everything that is wrong with it, where files were
    /// refused for their content.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Source(SourceError::Refused(refused))
            | Self::Import(ImportError::Refused(refused)) => Some(&refused.report),
            _ => None,
        }
    }

    /// The exit code of this failure.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_)
            | Self::Planning(PlanningError::Preset(_))
            | Self::Audit(AuditError::TooFew) => Exit::Usage,
            Self::Home(_) | Self::Config(_) | Self::Keys(_) | Self::Calendar(_) => {
                Exit::Configuration
            }
            Self::Membership(error) => membership(error),
            Self::Hub(error) => hub(error),
            Self::Document(error) => document(error),
            Self::Approval(error) => approval(error),
            Self::NotConfirmed(_) | Self::Awaiting(_) => Exit::ApprovalNeeded,
            Self::Prepare(error) => prepare(error),
            Self::Decision(error) => decision(error),
            Self::Journal(error) => journal(error),
            Self::Seal(_) => Exit::Unreachable,
            Self::Receipt(_) | Self::Standing(_) => Exit::NotAllowed,
            Self::Fault(_) => Exit::FaultFound,
            Self::Source(SourceError::Warehouse(error)) => warehouse(error),
            Self::Plan(_)
            | Self::Source(_)
            | Self::MapFile(_)
            | Self::Schools(_)
            | Self::Planning(_) => Exit::DataRefused,
            Self::Import(error) => import(error),
            Self::Forget(error) => forget(error),
            Self::Extract(error) => extract(error),
            Self::Records(_)
            | Self::Report(_)
            | Self::Count(_)
            | Self::View(_)
            | Self::Store(_)
            | Self::Layout(_)
            | Self::Absent(_)
            | Self::Audit(_)
            | Self::Noise
            | Self::Output(_) => Exit::Other,
        }
    }
}

fn import(error: &ImportError) -> Exit {
    match error {
        ImportError::Changed { .. } => Exit::ApprovalNeeded,
        ImportError::Refused(_) => Exit::DataRefused,
        ImportError::Records(_) | ImportError::Store(_) | ImportError::Busy => Exit::Other,
    }
}

fn forget(error: &ForgetError) -> Exit {
    match error {
        ForgetError::Unknown { .. } => Exit::Usage,
        ForgetError::Lost { .. } => Exit::ApprovalNeeded,
        ForgetError::Import(error) => import(error),
        ForgetError::Records(_) | ForgetError::Store(_) => Exit::Other,
    }
}

fn extract(error: &ExtractError) -> Exit {
    match error {
        ExtractError::Masked(_) => Exit::ApprovalNeeded,
        ExtractError::NotProtected(..) | ExtractError::Exists(_) => Exit::Usage,
        ExtractError::File { .. } => Exit::Other,
    }
}

fn warehouse(error: &WarehouseError) -> Exit {
    match error {
        WarehouseError::Unreachable { .. }
        | WarehouseError::Slow { .. }
        | WarehouseError::Broken => Exit::Unreachable,
        WarehouseError::Login { .. } | WarehouseError::NotAllowed { .. } => Exit::NotAllowed,
        WarehouseError::Tls { .. } => Exit::Configuration,
        WarehouseError::Changed { .. } => Exit::ApprovalNeeded,
        WarehouseError::NoDatabase { .. }
        | WarehouseError::NoView { .. }
        | WarehouseError::Refused { .. }
        | WarehouseError::Mapping
        | WarehouseError::Pushdown(_)
        | WarehouseError::Columns { .. }
        | WarehouseError::NoRows { .. }
        | WarehouseError::Unfit { .. } => Exit::DataRefused,
    }
}

fn journal(error: &JournalError) -> Exit {
    match error {
        JournalError::Absent { .. } | JournalError::Lost { .. } | JournalError::Ahead(_) => {
            Exit::BudgetRefused
        }
        JournalError::Moved { .. } | JournalError::Write { .. } | JournalError::Store(_) => {
            Exit::Other
        }
    }
}

fn prepare(error: &PrepareError) -> Exit {
    match error {
        PrepareError::Journal(error) => journal(error),
        PrepareError::NothingApproved
        | PrepareError::NotApproved { .. }
        | PrepareError::Older { .. }
        | PrepareError::Awaiting(..)
        | PrepareError::NotOffered(_) => Exit::ApprovalNeeded,
        PrepareError::Withheld(..) => Exit::NotAllowed,
        PrepareError::AboveCeiling { .. } | PrepareError::Refused(_) => Exit::BudgetRefused,
        PrepareError::OtherLayout(_)
        | PrepareError::OtherTotals(_)
        | PrepareError::Layout(_)
        | PrepareError::Draw(_)
        | PrepareError::Randomness
        | PrepareError::Interrupted(_)
        | PrepareError::Store(_) => Exit::Other,
    }
}

fn decision(error: &DecisionError) -> Exit {
    match error {
        DecisionError::Drawn { .. } | DecisionError::Withheld { .. } => Exit::NotAllowed,
        DecisionError::Unknown { .. } | DecisionError::NotAsked(..) | DecisionError::Empty(_) => {
            Exit::Usage
        }
        // The charter does not provide for what was asked.
        DecisionError::Terms(PrepareError::Layout(_)) => Exit::Usage,
        DecisionError::Terms(error) => prepare(error),
        DecisionError::Store(_) => Exit::Other,
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
        | MembershipError::AnotherMembership { .. }
        | MembershipError::StillGood { .. }
        | MembershipError::TokenExpired(_)
        | MembershipError::BadAnswer(_) => Exit::NotAllowed,
        MembershipError::Home(_) | MembershipError::Keys(_) | MembershipError::Damaged { .. } => {
            Exit::Configuration
        }
        MembershipError::Hub(error) => hub(error),
    }
}

fn document(error: &DocumentError) -> Exit {
    match error {
        DocumentError::Hub(error) => hub(error),
        DocumentError::NotFetched => Exit::Unreachable,
        DocumentError::Signature(_)
        | DocumentError::Consortium { .. }
        | DocumentError::Older { .. }
        | DocumentError::Equivocation { .. } => Exit::NotAllowed,
        DocumentError::Charter(_)
        | DocumentError::Directory(_)
        | DocumentError::Unreadable(_)
        | DocumentError::OtherModels
        | DocumentError::Tables(_)
        | DocumentError::Store(_) => Exit::Other,
    }
}

fn approval(error: &ApprovalError) -> Exit {
    match error {
        ApprovalError::None | ApprovalError::Outdated { .. } => Exit::ApprovalNeeded,
        ApprovalError::Ceiling { .. } => Exit::BudgetRefused,
        ApprovalError::Older { .. } => Exit::NotAllowed,
        ApprovalError::UnknownProgram(_) | ApprovalError::Needs { .. } => Exit::Usage,
        ApprovalError::Store(_) => Exit::Other,
        ApprovalError::Document(error) => document(error),
    }
}
