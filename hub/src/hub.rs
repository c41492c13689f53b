//! One open hub: its folder, configuration, clock, database and keys, and the
//! charter and directory in force. Everything else takes it as an argument.

use std::sync::{Arc, RwLock};

use peerlight_proto::{
    charter::Charter,
    directory::Directory,
    document,
    units::{ContentHash, UnixSeconds},
};
use prost::Message;

use crate::{
    authority::Authority,
    clock::Clock,
    config::Config,
    error::Error,
    home::Home,
    in_force::{InForce, SignedCharter, SignedDirectory},
    keys::{Keys, Rotated},
    run::Run,
    store::{
        Store,
        document::{self as documents, Stored},
    },
};

/// One open hub.
pub struct Hub {
    /// Its folder.
    pub home: Home,
    /// Its configuration.
    pub config: Config,
    /// Where it takes the time from.
    pub clock: Clock,
    /// What it remembers.
    pub store: Store,
    /// What it signs and opens with.
    pub keys: Keys,
    /// What issues its members' certificates.
    pub authority: Authority,
    charter: RwLock<Option<Arc<SignedCharter>>>,
    directory: RwLock<Option<Arc<SignedDirectory>>>,
    in_force: RwLock<Option<Arc<InForce>>>,
    /// The newest benchmark run that was read.
    pub(crate) newest_run: tokio::sync::Mutex<Option<Arc<Run>>>,
}

impl Hub {
    /// Makes a new hub in a folder that has none.
    pub async fn create(home: Home, config: Config, clock: Clock) -> Result<Self, Error> {
        if home.config().exists() || home.path().join("keys").exists() {
            return Err(Error::HomeTaken(home.path().to_owned()));
        }
        // The database first: a wrong URL then leaves nothing half-made.
        crate::home::create(home.path())?;
        Store::open(&config.database_url(&home)).await?;
        Authority::create(&home, config.consortium.as_str(), clock.now())?;
        Keys::create(&home, clock.now())?;
        config.write(&home)?;
        let hub = Self::open(home, clock).await?;
        hub.sign_key_list().await?;
        Ok(hub)
    }

    /// Opens the hub in a folder.
    pub async fn open(home: Home, clock: Clock) -> Result<Self, Error> {
        let config = Config::read(&home)?;
        Ok(Self {
            store: Store::open(&config.database_url(&home)).await?,
            keys: Keys::load(&home)?,
            authority: Authority::load(&home)?,
            home,
            config,
            clock,
            charter: RwLock::default(),
            directory: RwLock::default(),
            in_force: RwLock::default(),
            newest_run: tokio::sync::Mutex::default(),
        })
    }

    /// Now.
    pub fn now(&self) -> UnixSeconds {
        self.clock.now()
    }

    /// Adds and destroys envelope keys as their dates say, and signs a new
    /// list if that changed anything.
    pub async fn rotate_keys(&self) -> Result<Rotated, Error> {
        let rotated = self.keys.rotate(&self.home, self.now())?;
        if rotated == Rotated::Changed {
            self.sign_key_list().await?;
        }
        Ok(rotated)
    }

    async fn sign_key_list(&self) -> Result<(), Error> {
        let number = documents::newest_number(&self.store, document::HUB_KEYS).await? + 1;
        let list = self.keys.list(self.config.consortium.as_str(), u64::from(number));
        self.publish(document::HUB_KEYS, number, 0, list.encode_to_vec()).await?;
        Ok(())
    }

    /// Signs a document with the root key and puts it in force.
    pub async fn publish(
        &self,
        kind: &str,
        number: u32,
        school_year: u16,
        bytes: Vec<u8>,
    ) -> Result<Stored, Error> {
        let hash = ContentHash::of(&bytes);
        let signed = document::sign(&self.keys.root, kind, bytes);
        let stored = Stored { number, school_year, hash, signed, signed_at: self.now() };
        let mut transaction = self.store.write().await?;
        documents::insert(&mut transaction, &stored).await?;
        transaction.commit().await?;
        Ok(stored)
    }

    /// The charter in force, if there is one.
    pub async fn charter(&self) -> Result<Option<Arc<SignedCharter>>, Error> {
        let number = documents::newest_number(&self.store, document::CHARTER).await?;
        let known = read(&self.charter);
        if number == 0 || known.as_ref().is_some_and(|known| known.charter.number == number) {
            return Ok(known);
        }
        let charter = self.charter_numbered(number).await?;
        write(&self.charter, charter.clone());
        Ok(charter)
    }

    /// The directory in force, if there is one.
    pub async fn directory(&self) -> Result<Option<Arc<SignedDirectory>>, Error> {
        let number = documents::newest_number(&self.store, document::DIRECTORY).await?;
        let known = read(&self.directory);
        if number == 0 || known.as_ref().is_some_and(|known| known.directory.number == number) {
            return Ok(known);
        }
        let directory = self.directory_numbered(number).await?;
        write(&self.directory, directory.clone());
        Ok(directory)
    }

    /// Charter and directory in force together; an error says which is missing.
    pub async fn in_force(&self) -> Result<Arc<InForce>, Error> {
        let charter = self.charter().await?.ok_or(NO_CHARTER)?;
        let directory = self.directory().await?.ok_or(NO_DIRECTORY)?;
        let known = read(&self.in_force).filter(|known| {
            known.charter.hash == charter.hash && known.directory.hash == directory.hash
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let both = Arc::new(self.with_earlier(charter, directory).await?);
        write(&self.in_force, Some(Arc::clone(&both)));
        Ok(both)
    }

    /// A charter and a directory that were in force, by their numbers.
    pub async fn once_in_force(&self, charter: u32, directory: u32) -> Result<InForce, Error> {
        let charter = self.charter_numbered(charter).await?.ok_or(NO_CHARTER)?;
        let directory = self.directory_numbered(directory).await?.ok_or(NO_DIRECTORY)?;
        self.with_earlier(charter, directory).await
    }

    async fn with_earlier(
        &self,
        charter: Arc<SignedCharter>,
        directory: Arc<SignedDirectory>,
    ) -> Result<InForce, Error> {
        let earlier_charter = self.charter_numbered(charter.charter.number - 1).await?;
        let earlier_directory = self.directory_numbered(directory.directory.number - 1).await?;
        Ok(InForce::new((charter, earlier_charter), (directory, earlier_directory)))
    }

    async fn charter_numbered(&self, number: u32) -> Result<Option<Arc<SignedCharter>>, Error> {
        let stored = documents::find(&self.store, document::CHARTER, number).await?;
        stored.map(|stored| self.read_charter(stored)).transpose()
    }

    async fn directory_numbered(&self, number: u32) -> Result<Option<Arc<SignedDirectory>>, Error> {
        let stored = documents::find(&self.store, document::DIRECTORY, number).await?;
        stored.map(|stored| self.read_directory(stored)).transpose()
    }

    /// The charter with this hash, if the hub ever signed one.
    pub async fn charter_hashed(
        &self,
        hash: ContentHash,
    ) -> Result<Option<Arc<SignedCharter>>, Error> {
        let stored = documents::find_hashed(&self.store, document::CHARTER, hash).await?;
        stored.map(|stored| self.read_charter(stored)).transpose()
    }

    /// The directory with this hash, if the hub ever signed one.
    pub async fn directory_hashed(
        &self,
        hash: ContentHash,
    ) -> Result<Option<Arc<SignedDirectory>>, Error> {
        let stored = documents::find_hashed(&self.store, document::DIRECTORY, hash).await?;
        stored.map(|stored| self.read_directory(stored)).transpose()
    }

    fn read_charter(&self, Stored { signed, .. }: Stored) -> Result<Arc<SignedCharter>, Error> {
        let hash = document::verify(&self.keys.root_public(), document::CHARTER, &signed)?;
        let charter = Charter::parse(&signed.document)?;
        Ok(Arc::new(SignedCharter { charter, hash, signed }))
    }

    fn read_directory(&self, Stored { signed, .. }: Stored) -> Result<Arc<SignedDirectory>, Error> {
        let hash = document::verify(&self.keys.root_public(), document::DIRECTORY, &signed)?;
        let directory = Directory::parse(&signed.document)?;
        Ok(Arc::new(SignedDirectory { directory, hash, signed }))
    }
}

/// There is no charter yet.
pub const NO_CHARTER: Error = Error::Missing("charter", "run `peerlight-hub charter propose`");
/// There is no directory yet.
pub const NO_DIRECTORY: Error =
    Error::Missing("directory", "run `peerlight-hub directory import schools.csv`");

fn read<T: Clone>(lock: &RwLock<Option<T>>) -> Option<T> {
    lock.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
}

fn write<T>(lock: &RwLock<Option<T>>, value: Option<T>) {
    *lock.write().unwrap_or_else(std::sync::PoisonError::into_inner) = value;
}
