//! The hub's signed documents on this node: charter, directory, hub keys,
//! growth tables.
//!
//! A document is verified when it comes and again whenever it is read back. An
//! older number, or another document under the same number, is refused: a hub
//! cannot quietly go back on what it signed.

use peerlight_node_engine::growth::percentile::{PercentileTables, TableError};
use peerlight_proto::{
    charter::{Charter, CharterError},
    directory::{Directory, DirectoryError},
    document::{self, BadSignature},
    names::ConsortiumId,
    units::ContentHash,
    v1::{GrowthTables, HubKeys, SignedDocument},
};
use prost::Message;

use crate::{
    clock::Clock,
    hub::{Hub, HubError},
    membership::Membership,
    store::{Store, StoreError, documents as stored},
};

/// A document whose signature held, with its hash.
#[derive(Clone, Debug)]
pub struct Verified<T> {
    /// SHA-256 of its bytes: its identity.
    pub hash: ContentHash,
    /// What it says.
    pub document: T,
}

/// Charter, directory and hub keys that belong together.
#[derive(Clone, Debug)]
pub struct Documents {
    /// The policy.
    pub charter: Verified<Charter>,
    /// The schools.
    pub directory: Verified<Directory>,
    /// Keys to seal to, and to check receipts with.
    pub hub_keys: Verified<HubKeys>,
}

/// A document is refused or cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Nothing was fetched yet.
    #[error(
        "the hub's charter was not fetched yet: run \"peerlight-node sync\" when the hub can be reached"
    )]
    NotFetched,
    /// The signature does not hold.
    #[error("{0}: it is refused and not stored; tell the hub's operator")]
    Signature(#[from] BadSignature),
    /// The charter is not sound.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// The directory is not sound.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The document cannot be parsed.
    #[error("the {0} cannot be read: update this program, or tell the hub's operator")]
    Unreadable(&'static str),
    /// It is another consortium's.
    #[error("the {kind} is {found}'s, but this node joined {expected}: it is refused")]
    Consortium {
        /// What it is.
        kind: &'static str,
        /// Whose it is.
        found: String,
        /// Whose it should be.
        expected: ConsortiumId,
    },
    /// It is older than one seen before.
    #[error(
        "the hub sent {kind} number {sent}, but number {known} was received before: it is refused; \
         ask the hub's operator why it went back"
    )]
    Older {
        /// What it is.
        kind: &'static str,
        /// Its number.
        sent: u64,
        /// The number received before.
        known: u64,
    },
    /// Two documents have one number.
    #[error(
        "the hub sent two different documents as {kind} number {number}: the second is refused; tell its operator"
    )]
    Equivocation {
        /// What it is.
        kind: &'static str,
        /// Their number.
        number: u64,
    },
    /// Growth tables of another year or other growth models.
    #[error(
        "the growth tables are for other growth models than the approved charter's: they are refused until both agree"
    )]
    OtherModels,
    /// Growth tables that do not fit the charter.
    #[error("the growth tables cannot be used: {0}")]
    Tables(#[from] TableError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hub cannot be reached or refuses.
    #[error(transparent)]
    Hub(#[from] HubError),
}

impl Documents {
    /// Fetches, verifies and stores what the hub has now.
    pub async fn fetch(
        hub: &Hub,
        store: &Store,
        membership: &Membership,
        clock: &Clock,
    ) -> Result<Self, DocumentError> {
        let (charter, directory, keys) =
            tokio::try_join!(hub.charter(), hub.directory(), hub.keys())?;
        let fetched = Self {
            charter: verify_charter(&charter, membership)?,
            directory: verify_directory(&directory, membership)?,
            hub_keys: verify_keys(&keys, membership)?,
        };
        if let Some(known) = Self::find(store, membership).await? {
            known.refuse_going_back(&fetched)?;
        }
        let numbered = [
            (
                charter,
                fetched.charter.hash,
                u64::from(fetched.charter.document.number),
                Some(fetched.charter.document.school_year),
            ),
            (
                directory,
                fetched.directory.hash,
                u64::from(fetched.directory.document.number),
                Some(fetched.directory.document.school_year),
            ),
            (keys, fetched.hub_keys.hash, fetched.hub_keys.document.number, None),
        ];
        for (signed, hash, number, school_year) in numbered {
            let document = stored::VerifiedDocument { signed, hash, number, school_year };
            stored::insert(store, &document, clock.now()).await?;
        }
        Ok(fetched)
    }

    /// The newest documents that were fetched.
    pub async fn open(store: &Store, membership: &Membership) -> Result<Self, DocumentError> {
        Self::find(store, membership).await?.ok_or(DocumentError::NotFetched)
    }

    /// The newest documents, or `None` before the first were fetched.
    pub async fn find(
        store: &Store,
        membership: &Membership,
    ) -> Result<Option<Self>, DocumentError> {
        let charter = stored::find_newest(store, document::CHARTER).await?;
        let directory = stored::find_newest(store, document::DIRECTORY).await?;
        let keys = stored::find_newest(store, document::HUB_KEYS).await?;
        let (Some(charter), Some(directory), Some(keys)) = (charter, directory, keys) else {
            return Ok(None);
        };
        Ok(Some(Self {
            charter: verify_charter(&charter.signed, membership)?,
            directory: verify_directory(&directory.signed, membership)?,
            hub_keys: verify_keys(&keys.signed, membership)?,
        }))
    }

    fn refuse_going_back(&self, fetched: &Self) -> Result<(), DocumentError> {
        compare(
            "charter",
            (u64::from(self.charter.document.number), self.charter.hash),
            (u64::from(fetched.charter.document.number), fetched.charter.hash),
        )?;
        compare(
            "directory",
            (u64::from(self.directory.document.number), self.directory.hash),
            (u64::from(fetched.directory.document.number), fetched.directory.hash),
        )?;
        compare(
            "key list",
            (self.hub_keys.document.number, self.hub_keys.hash),
            (fetched.hub_keys.document.number, fetched.hub_keys.hash),
        )
    }
}

/// The stored charter with this hash.
pub async fn charter_at(
    store: &Store,
    membership: &Membership,
    hash: ContentHash,
) -> Result<Verified<Charter>, DocumentError> {
    let found = stored::find(store, document::CHARTER, hash).await?;
    verify_charter(&found.ok_or(DocumentError::NotFetched)?.signed, membership)
}

/// The stored directory with this hash.
pub async fn directory_at(
    store: &Store,
    membership: &Membership,
    hash: ContentHash,
) -> Result<Verified<Directory>, DocumentError> {
    let found = stored::find(store, document::DIRECTORY, hash).await?;
    verify_directory(&found.ok_or(DocumentError::NotFetched)?.signed, membership)
}

/// The year's percentile tables under this charter, if they were fetched.
pub async fn growth_tables(
    store: &Store,
    membership: &Membership,
    charter: &Verified<Charter>,
) -> Result<Option<PercentileTables>, DocumentError> {
    let year = charter.document.school_year;
    for found in stored::list(store, document::GROWTH_TABLES, year).await? {
        match verify_tables(&found.signed, membership, charter) {
            Ok(tables) => return Ok(Some(tables)),
            // Tables of earlier models stay; those of these may come.
            Err(DocumentError::OtherModels) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Fetches the year's percentile tables under this charter; `None` while the
/// round is open.
pub async fn fetch_growth_tables(
    hub: &Hub,
    store: &Store,
    membership: &Membership,
    charter: &Verified<Charter>,
    clock: &Clock,
) -> Result<Option<PercentileTables>, DocumentError> {
    let year = charter.document.school_year;
    let Some(signed) = hub.growth_tables(year).await? else { return Ok(None) };
    let tables = verify_tables(&signed, membership, charter)?;
    let hash = ContentHash::of(&signed.document);
    let document = stored::VerifiedDocument { signed, hash, number: 0, school_year: Some(year) };
    stored::insert(store, &document, clock.now()).await?;
    Ok(Some(tables))
}

fn compare(
    kind: &'static str,
    (known, known_hash): (u64, ContentHash),
    (sent, sent_hash): (u64, ContentHash),
) -> Result<(), DocumentError> {
    if sent < known {
        return Err(DocumentError::Older { kind, sent, known });
    }
    if sent == known && sent_hash != known_hash {
        return Err(DocumentError::Equivocation { kind, number: sent });
    }
    Ok(())
}

fn verify_charter(
    signed: &SignedDocument,
    membership: &Membership,
) -> Result<Verified<Charter>, DocumentError> {
    let hash = document::verify(&membership.root_key(), document::CHARTER, signed)?;
    let charter = Charter::parse(&signed.document)?;
    same_consortium("charter", charter.consortium.as_str(), membership)?;
    Ok(Verified { hash, document: charter })
}

fn verify_directory(
    signed: &SignedDocument,
    membership: &Membership,
) -> Result<Verified<Directory>, DocumentError> {
    let hash = document::verify(&membership.root_key(), document::DIRECTORY, signed)?;
    let directory = Directory::parse(&signed.document)?;
    same_consortium("directory", directory.consortium.as_str(), membership)?;
    Ok(Verified { hash, document: directory })
}

fn verify_keys(
    signed: &SignedDocument,
    membership: &Membership,
) -> Result<Verified<HubKeys>, DocumentError> {
    let hash = document::verify(&membership.root_key(), document::HUB_KEYS, signed)?;
    let keys = HubKeys::decode(signed.document.as_slice())
        .map_err(|_| DocumentError::Unreadable("key list"))?;
    same_consortium("key list", &keys.consortium, membership)?;
    Ok(Verified { hash, document: keys })
}

fn verify_tables(
    signed: &SignedDocument,
    membership: &Membership,
    charter: &Verified<Charter>,
) -> Result<PercentileTables, DocumentError> {
    document::verify(&membership.root_key(), document::GROWTH_TABLES, signed)?;
    let tables = GrowthTables::decode(signed.document.as_slice())
        .map_err(|_| DocumentError::Unreadable("growth tables"))?;
    same_consortium("growth tables", &tables.consortium, membership)?;
    let year = u32::from(charter.document.school_year.ending_year());
    let models = charter.document.growth_hash();
    if tables.growth_hash != models.as_bytes() || tables.school_year != year {
        return Err(DocumentError::OtherModels);
    }
    Ok(PercentileTables::read(&tables, &charter.document)?)
}

fn same_consortium(
    kind: &'static str,
    found: &str,
    membership: &Membership,
) -> Result<(), DocumentError> {
    if found == membership.consortium.as_str() {
        Ok(())
    } else {
        let (found, expected) = (found.to_owned(), membership.consortium.clone());
        Err(DocumentError::Consortium { kind, found, expected })
    }
}

#[cfg(test)]
mod tests {
    use peerlight_proto::{
        catalogue::Catalogue,
        charter::Policy,
        units::{SchoolYear, UnixSeconds, hexadecimal},
    };
    use ring::signature::Ed25519KeyPair;

    use super::*;

    #[test]
    fn a_charter_is_believed_only_under_the_root_key_of_its_consortium() {
        let key = |seed| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let (root, other) = (key(1), key(2));
        let membership = Membership {
            member: "37".parse().unwrap(),
            consortium: "test".parse().unwrap(),
            hub: "localhost:1".to_owned(),
            pin: ContentHash::of(b""),
            root_key: hexadecimal(&document::public_key(&root)),
            authority: String::new(),
            joined_at: UnixSeconds(0),
        };
        let school_year = SchoolYear::ending(2026).unwrap();
        let charter = Charter {
            consortium: membership.consortium.clone(),
            number: 1,
            school_year,
            previous: None,
            policy: Policy::shipped(school_year, "standard").unwrap(),
            catalogue: Catalogue::shipped().hashed(),
        };
        let signed = |key, charter: &Charter| {
            let signed = document::sign(key, document::CHARTER, charter.to_document());
            verify_charter(&signed, &membership)
        };
        assert_eq!(signed(&root, &charter).unwrap().document, charter);
        assert!(matches!(signed(&other, &charter), Err(DocumentError::Signature(_))));
        let stranger = Charter { consortium: "other".parse().unwrap(), ..charter.clone() };
        assert!(matches!(signed(&root, &stranger), Err(DocumentError::Consortium { .. })));
        // The root itself cannot sign more budget than its epsilon allows.
        let mut greedy = charter;
        greedy.policy.budget.tier[0].pico_rho.0 *= 2;
        assert!(matches!(signed(&root, &greedy), Err(DocumentError::Charter(_))));
    }

    #[test]
    fn a_hub_cannot_go_back_or_sign_two_documents_as_one() {
        let (one, other) = (ContentHash::of(b"1"), ContentHash::of(b"2"));
        assert!(compare("charter", (2, one), (2, one)).is_ok());
        assert!(compare("charter", (2, one), (3, other)).is_ok());
        assert!(matches!(
            compare("charter", (2, one), (1, other)),
            Err(DocumentError::Older { .. })
        ));
        let twice = compare("charter", (2, one), (2, other));
        assert!(matches!(twice, Err(DocumentError::Equivocation { .. })));
    }
}
