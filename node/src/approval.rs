//! What the district approved: which charter and directory, who said so, and
//! which programs it offers. Without it nothing is released.
//!
//! Names of persons stay on this node; the hub learns the two hashes and the
//! offered programs.

use peerlight_proto::{
    budget,
    charter::{Charter, ProgramKind},
    directory::Directory,
    names::{MemberId, ProgramId},
    units::PicoRho,
    v1::RecordApprovalRequest,
};

use crate::{
    documents::{self, DocumentError, Documents, Verified},
    membership::Membership,
    release::{decision::ReleasePolicy, prepare::Terms},
    store::{
        Store, StoreError,
        approvals::{self, Approval, RecordedApproval},
    },
};

/// What was approved, with the documents themselves.
#[derive(Clone, Debug)]
pub struct Approved {
    /// Who approved, and what is offered.
    pub record: RecordedApproval,
    /// The charter.
    pub charter: Verified<Charter>,
    /// The directory.
    pub directory: Verified<Directory>,
}

/// Why something is not, or cannot be, approved.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// No charter was approved.
    #[error(
        "no charter is approved: read it with \"peerlight-node charter show\", then run \
         \"peerlight-node charter approve --name NAME --title TITLE\""
    )]
    None,
    /// The hub has a newer one than was approved.
    #[error(
        "the hub's {what} changed from number {approved} to {current}: read the change with \
         \"peerlight-node charter show\" and approve it; until then nothing is released"
    )]
    Outdated {
        /// Charter or directory.
        what: &'static str,
        /// The approved number.
        approved: u32,
        /// The number in force.
        current: u32,
    },
    /// It is older than what was approved.
    #[error("charter number {offered} is older than the approved number {approved}: it is refused")]
    Older {
        /// What was offered for approval.
        offered: u32,
        /// What was approved.
        approved: u32,
    },
    /// Its epsilon passes the district's ceiling.
    #[error(
        "the charter's epsilon {epsilon} is above this district's ceiling of {ceiling}: it is not \
         approved; a ceiling is raised with --ceiling-epsilon or in node.toml"
    )]
    Ceiling {
        /// The charter's.
        epsilon: f64,
        /// The district's.
        ceiling: f64,
    },
    /// An offered program does not exist.
    #[error("the charter has no program \"{0}\": \"peerlight-node charter show\" lists them")]
    UnknownProgram(String),
    /// An offered program is of no use without another.
    #[error("{program} cannot be offered without {needs}: offer both or neither")]
    Needs {
        /// The program.
        program: ProgramId,
        /// What it needs.
        needs: ProgramId,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document cannot be used.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl Approved {
    /// What this district approved.
    pub async fn open(store: &Store, membership: &Membership) -> Result<Self, ApprovalError> {
        Self::find(store, membership).await?.ok_or(ApprovalError::None)
    }

    /// What this district approved, or `None` before it did.
    pub async fn find(
        store: &Store,
        membership: &Membership,
    ) -> Result<Option<Self>, ApprovalError> {
        let Some(record) = approvals::find_newest(store).await? else { return Ok(None) };
        let approval = &record.approval;
        let charter = documents::charter_at(store, membership, approval.charter_hash).await?;
        let directory = documents::directory_at(store, membership, approval.directory_hash).await?;
        Ok(Some(Self { record, charter, directory }))
    }

    /// Refuses if the hub's documents are no longer the approved ones.
    pub fn check_current(&self, latest: &Documents) -> Result<(), ApprovalError> {
        let approval = &self.record.approval;
        let outdated =
            |what, approved, current| ApprovalError::Outdated { what, approved, current };
        if latest.charter.hash != self.charter.hash {
            let current = latest.charter.document.number;
            return Err(outdated("charter", approval.charter_number, current));
        }
        if latest.directory.hash != self.directory.hash {
            let current = latest.directory.document.number;
            return Err(outdated("directory", approval.directory_number, current));
        }
        Ok(())
    }

    /// What a release is made under.
    pub const fn terms<'a>(&'a self, member: &'a MemberId, policy: ReleasePolicy) -> Terms<'a> {
        Terms {
            charter: &self.charter.document,
            charter_hash: self.charter.hash,
            directory: &self.directory.document,
            directory_hash: self.directory.hash,
            member,
            policy,
        }
    }

    /// Whether a program is offered.
    pub fn offers(&self, program: &ProgramId) -> bool {
        self.record.approval.offered.contains(program)
    }
}

/// What the hub is told of an approval.
pub fn message(approval: &Approval) -> RecordApprovalRequest {
    RecordApprovalRequest {
        charter_hash: approval.charter_hash.as_bytes().to_vec(),
        directory_hash: approval.directory_hash.as_bytes().to_vec(),
        offered_programs: approval.offered.iter().map(ToString::to_string).collect(),
    }
}

/// The year's budget that a ceiling on epsilon allows at this delta, with one
/// part in a million for another machine's exp and ln.
pub fn ceiling(epsilon: f64, delta: f64) -> PicoRho {
    let rho = budget::rho_for(epsilon, delta);
    PicoRho(rho.0 + rho.0 / 1_000_000 + 1)
}

/// Whether `charter` may be approved after `before` under a ceiling.
pub fn check(
    charter: &Charter,
    before: Option<&Approval>,
    ceiling_epsilon: f64,
) -> Result<(), ApprovalError> {
    if let Some(before) = before.filter(|before| charter.number < before.charter_number) {
        let (offered, approved) = (charter.number, before.charter_number);
        return Err(ApprovalError::Older { offered, approved });
    }
    let epsilon = charter.policy.budget.epsilon;
    if epsilon > ceiling_epsilon {
        return Err(ApprovalError::Ceiling { epsilon, ceiling: ceiling_epsilon });
    }
    Ok(())
}

/// The programs named by `--offer`: `all`, or ids joined by commas, in the
/// charter's order. Refuses one whose count or histogram is not offered too.
pub fn parse_offer(charter: &Charter, text: &str) -> Result<Vec<ProgramId>, ApprovalError> {
    let programs = &charter.policy.programs;
    if text == "all" {
        return Ok(programs.iter().map(|program| program.id.clone()).collect());
    }
    let named: Vec<&str> = text.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if let Some(unknown) =
        named.iter().find(|id| !programs.iter().any(|program| program.id.as_str() == **id))
    {
        return Err(ApprovalError::UnknownProgram((*unknown).to_owned()));
    }
    let offered: Vec<ProgramId> = programs
        .iter()
        .filter(|program| named.contains(&program.id.as_str()))
        .map(|program| program.id.clone())
        .collect();
    check_needs(charter, &offered)?;
    Ok(offered)
}

fn check_needs(charter: &Charter, offered: &[ProgramId]) -> Result<(), ApprovalError> {
    for program in charter.policy.programs.iter().filter(|it| offered.contains(&it.id)) {
        let needs =
            charter.policy.programs.iter().find(|other| match (&program.kind, &other.kind) {
                (ProgramKind::Measure { measure }, ProgramKind::Count { population }) => charter
                    .measure(measure)
                    .is_some_and(|measure| measure.population == *population),
                (
                    ProgramKind::GrowthMean { subject },
                    ProgramKind::GrowthHistogram { subject: of },
                ) => subject == of,
                _ => false,
            });
        if let Some(needs) = needs.filter(|needs| !offered.contains(&needs.id)) {
            let (program, needs) = (program.id.clone(), needs.id.clone());
            return Err(ApprovalError::Needs { program, needs });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use peerlight_proto::{
        catalogue::Catalogue, charter::Policy, names::ConsortiumId, units::SchoolYear,
    };

    use peerlight_proto::units::ContentHash;

    use super::*;

    fn charter(number: u32) -> Charter {
        let school_year = SchoolYear::ending(2026).unwrap();
        Charter {
            consortium: ConsortiumId::new("test").unwrap(),
            number,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        }
    }

    #[test]
    fn a_charter_above_the_ceiling_is_not_approved() {
        assert!(check(&charter(1), None, 4.0).is_ok());
        assert!(matches!(check(&charter(1), None, 2.0), Err(ApprovalError::Ceiling { .. })));
    }

    #[test]
    fn an_older_charter_is_not_approved() {
        let before = Approval {
            charter_hash: ContentHash::of(b""),
            charter_number: 2,
            directory_hash: ContentHash::of(b""),
            directory_number: 1,
            school_year: SchoolYear::ending(2026).unwrap(),
            name: String::new(),
            title: String::new(),
            approved_on: String::new(),
            offered: BTreeSet::new(),
            ceiling: None,
        };
        assert!(check(&charter(2), Some(&before), 4.0).is_ok());
        assert!(matches!(check(&charter(1), Some(&before), 4.0), Err(ApprovalError::Older { .. })));
    }

    #[test]
    fn an_offer_is_read_in_the_charters_order_and_must_be_of_use() {
        let charter = charter(1);
        let offered = parse_offer(&charter, "suspension, enrolled").unwrap();
        assert_eq!(
            offered.iter().map(ProgramId::as_str).collect::<Vec<_>>(),
            ["enrolled", "suspension"]
        );
        assert!(matches!(parse_offer(&charter, "suspension"), Err(ApprovalError::Needs { .. })));
        assert!(matches!(parse_offer(&charter, "growth_ela"), Err(ApprovalError::Needs { .. })));
        assert!(matches!(parse_offer(&charter, "nope"), Err(ApprovalError::UnknownProgram(_))));
        assert_eq!(parse_offer(&charter, "all").unwrap().len(), charter.policy.programs.len());
    }
}
