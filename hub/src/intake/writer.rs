//! The one writer of releases: everything that waits goes into one commit.
//!
//! A commit waits for the disk, so releases that arrive meanwhile share the
//! next one. One that cannot be stored must not take its neighbours down: if
//! a batch fails, each of it is tried alone.

use tokio::sync::{mpsc, oneshot};

use crate::{
    error::Error,
    store::{
        Store,
        release::{self, Inserted, NewRelease},
    },
};

/// At most so many releases wait.
const QUEUE: usize = 64;
/// At most so many releases share a commit.
const BATCH: usize = 32;

type Waiting = (NewRelease, oneshot::Sender<Result<Inserted, Error>>);

/// Hands releases to the writer's task, which ends with the last handle.
#[derive(Clone)]
pub struct Writer(mpsc::Sender<Waiting>);

impl Writer {
    /// Starts the task.
    pub fn start(store: Store) -> Self {
        let (sender, mut queue) = mpsc::channel::<Waiting>(QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while queue.recv_many(&mut batch, BATCH).await > 0 {
                let (releases, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
                let outcomes = match insert(&store, &releases).await {
                    Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
                    Err(error) if releases.len() == 1 => vec![Err(error)],
                    Err(_) => one_by_one(&store, &releases).await,
                };
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    // A caller that hung up asks again and finds its receipt.
                    let _ = answer.send(outcome);
                }
            }
        });
        Self(sender)
    }

    /// Stores a release; answers after the commit.
    pub async fn insert(&self, release: NewRelease) -> Result<Inserted, Error> {
        let (answer, outcome) = oneshot::channel();
        self.0.send((release, answer)).await.map_err(|_| Error::Stopping)?;
        outcome.await.map_err(|_| Error::Stopping)?
    }
}

async fn insert(store: &Store, releases: &[NewRelease]) -> Result<Vec<Inserted>, Error> {
    let mut transaction = store.write().await?;
    let mut outcomes = Vec::with_capacity(releases.len());
    for new in releases {
        outcomes.push(release::insert(&mut transaction, new).await?);
    }
    transaction.commit().await?;
    Ok(outcomes)
}

async fn one_by_one(store: &Store, releases: &[NewRelease]) -> Vec<Result<Inserted, Error>> {
    let mut outcomes = Vec::with_capacity(releases.len());
    for release in releases {
        let alone = insert(store, std::slice::from_ref(release)).await;
        outcomes.push(alone.map(|mut outcomes| outcomes.remove(0)));
    }
    outcomes
}
