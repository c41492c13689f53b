//! `incident` and `incident_acknowledgement`: things an operator must look at,
//! and who did.
//!
//! Neither is ever changed or removed: an incident stays as it was recorded.

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

/// That somebody looked at an incident and dealt with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who, for people.
    pub by: String,
    /// What they found or did.
    pub note: String,
    /// When.
    pub at: UnixSeconds,
}

/// An incident as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// How an operator names it: 12 hexadecimal digits.
    pub id: String,
    /// What happened.
    pub incident: Incident,
    /// Who looked at it; absent while it is open.
    pub acknowledgement: Option<Acknowledgement>,
}

impl Recorded {
    /// Whether nobody has acknowledged it yet.
    pub const fn is_open(&self) -> bool {
        self.acknowledgement.is_none()
    }
}

/// Records an incident.
pub async fn insert(store: &Store, incident: &Incident) -> Result<(), Error> {
    let mut id = [0; 6];
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
pub async fn list(store: &Store) -> Result<Vec<Recorded>, Error> {
    type Row = (String, i64, String, String, String, Option<String>, Option<String>, Option<i64>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT i.incident, i.at, i.member, i.kind, i.description,
             a.acknowledged_by, a.note, a.acknowledged_at
         FROM incident i LEFT JOIN incident_acknowledgement a ON a.incident = i.incident
         ORDER BY i.at DESC, i.incident",
    )
    .fetch_all(&store.pool)
    .await?;
    rows.into_iter()
        .map(|(id, at, member, kind, description, by, note, acknowledged_at)| {
            let member =
                MemberId::new(member).map_err(|problem| inconsistent("incident", &problem))?;
            let incident = Incident { at: UnixSeconds(at), member, kind, description };
            let acknowledgement = by
                .zip(note)
                .zip(acknowledged_at)
                .map(|((by, note), at)| Acknowledgement { by, note, at: UnixSeconds(at) });
            Ok(Recorded { id, incident, acknowledgement })
        })
        .collect()
}

/// Acknowledges open incidents, all or none.
///
/// # Errors
///
/// [`Error::Flag`] if there is no incident of that name, or somebody has
/// acknowledged it already: the first word about an incident stays.
pub async fn acknowledge(
    store: &Store,
    incidents: &[String],
    acknowledgement: &Acknowledgement,
) -> Result<(), Error> {
    let mut transaction = store.write().await?;
    for id in incidents {
        let known: Option<(String,)> =
            sqlx::query_as("SELECT incident FROM incident WHERE incident = $1")
                .bind(id)
                .fetch_optional(&mut *transaction)
                .await?;
        if known.is_none() {
            return Err(refused(&format!("there is no incident {id}")));
        }
        let done = sqlx::query(
            "INSERT INTO incident_acknowledgement
                 (incident, acknowledged_by, note, acknowledged_at)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(&acknowledgement.by)
        .bind(&acknowledgement.note)
        .bind(acknowledgement.at.0)
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(refused(&format!("incident {id} was acknowledged before")));
        }
    }
    Ok(transaction.commit().await?)
}

fn refused(problem: &str) -> Error {
    let problem =
        format!("{problem}, nothing was recorded: see `peerlight-hub status --incidents`");
    Error::Flag { flag: "acknowledge", problem }
}
