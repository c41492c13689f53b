//! `incident`: things an operator must look at.

use peerlight_proto::{
    names::MemberId,
    units::{UnixSeconds, hexadecimal},
};
use ring::rand::{SecureRandom, SystemRandom};

use super::{Store, inconsistent};
use crate::error::Error;

/// Something an operator must look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// When it happened.
    pub at: UnixSeconds,
    /// Whose call it was.
    pub member: MemberId,
    /// What kind of thing, such as `equivocation`.
    pub kind: String,
    /// A sentence.
    pub description: String,
}

/// Records an incident.
pub async fn insert(store: &Store, incident: &Incident) -> Result<(), Error> {
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id).expect("the system has randomness");
    sqlx::query(
        "INSERT INTO incident (incident, at, member, kind, description)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(hexadecimal(&id))
    .bind(incident.at.0)
    .bind(incident.member.as_str())
    .bind(&incident.kind)
    .bind(&incident.description)
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// Every incident, newest first.
pub async fn list(store: &Store) -> Result<Vec<Incident>, Error> {
    let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
        "SELECT at, member, kind, description FROM incident ORDER BY at DESC, incident",
    )
    .fetch_all(&store.pool)
    .await?;
    rows.into_iter()
        .map(|(at, member, kind, description)| {
            let member =
                MemberId::new(member).map_err(|problem| inconsistent("incident", &problem))?;
            Ok(Incident { at: UnixSeconds(at), member, kind, description })
        })
        .collect()
}
