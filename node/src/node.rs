//! A node that is open: what every verb, the scheduler and the pages work with.

use crate::{
    approval::Approved, clock::Clock, config::Config, documents::Documents, error::Error,
    home::Home, hub::Hub, keys::Keys, membership::Membership, store::Store,
};

/// An open node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its folder.
    pub home: Home,
    /// Its time.
    pub clock: Clock,
    /// Its settings.
    pub config: Config,
    /// Its database.
    pub store: Store,
}

impl Node {
    /// Makes a new node's folder, keys, settings and database.
    pub async fn create(home: &Home) -> Result<(), Error> {
        home.create()?;
        Keys::create(home)?;
        Store::open(&home.database()).await?.close().await;
        // The settings last: a home without them is not initialised.
        Config::create(home)?;
        Ok(())
    }

    /// Opens the node in `home`; `flags` are settings of this run.
    pub async fn open(home: Home, clock: Clock, flags: &[(&str, String)]) -> Result<Self, Error> {
        home.check()?;
        let config = Config::load(&home, flags)?;
        home.check_database()?;
        let store = Store::open(&home.database()).await?;
        Ok(Self { home, clock, config, store })
    }

    /// Who this node is.
    pub fn membership(&self) -> Result<Membership, Error> {
        Ok(Membership::open(&self.home)?)
    }

    /// A connection to the hub.
    pub async fn hub(&self) -> Result<Hub, Error> {
        let membership = self.membership()?;
        Ok(Hub::connect(&self.home, &membership, &self.config, &self.clock).await?)
    }

    /// The newest documents that were fetched.
    pub async fn documents(&self) -> Result<Documents, Error> {
        Ok(Documents::open(&self.store, &self.membership()?).await?)
    }

    /// What the district approved.
    pub async fn approved(&self) -> Result<Approved, Error> {
        Ok(Approved::open(&self.store, &self.membership()?).await?)
    }
}
