//! `member` and `signing_key`: who belongs to the consortium.

use peerlight_proto::{document::key_id, names::MemberId, units::UnixSeconds};
use sqlx::AnyConnection;

use super::{Store, inconsistent};
use crate::error::Error;

/// What kind of body a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A school district, directly funded charter or county school.
    District,
    /// A county office of education.
    Coe,
    /// Another body with a grant.
    Other,
}

/// Whether a member sends releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Participation {
    /// Sends and receives.
    Full,
    /// Receives benchmarks and sends nothing.
    ReceiveOnly,
}

/// Where a member is between being added and leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Added; has not joined yet.
    Invited,
    /// Joined.
    Active,
    /// May ask only where it stands, until the operator lifts it.
    Suspended,
    /// May not call at all.
    Revoked,
}

macro_rules! text {
    ($type:ident { $($variant:ident = $text:literal),* }) => {
        impl $type {
            /// As written in the database and shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            fn read(text: &str) -> Result<Self, Error> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    other => Err(inconsistent("member", other)),
                }
            }
        }
    };
}

text!(Kind { District = "district", Coe = "coe", Other = "other" });
text!(Participation { Full = "full", ReceiveOnly = "receive_only" });
text!(State {
    Invited = "invited",
    Active = "active",
    Suspended = "suspended",
    Revoked = "revoked"
});

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id: for a district its LEA id.
    pub id: MemberId,
    /// Its name for people.
    pub name: String,
    /// What kind of body it is.
    pub kind: Kind,
    /// Its county, if known.
    pub county: Option<String>,
    /// Whether it sends releases.
    pub participation: Participation,
    /// Where it is between being added and leaving.
    pub state: State,
    /// When it was added.
    pub added_at: UnixSeconds,
}

type Row = (String, String, String, String, String, String, i64);

const COLUMNS: &str =
    "SELECT member, name, kind, county, participation, state, added_at FROM member";

fn member((id, name, kind, county, participation, state, added_at): Row) -> Result<Member, Error> {
    Ok(Member {
        id: MemberId::new(id).map_err(|problem| inconsistent("member", &problem))?,
        name,
        kind: Kind::read(&kind)?,
        county: (!county.is_empty()).then_some(county),
        participation: Participation::read(&participation)?,
        state: State::read(&state)?,
        added_at: UnixSeconds(added_at),
    })
}

/// Adds a member; refuses one that is there already.
pub async fn insert(store: &Store, member: &Member) -> Result<(), Error> {
    let done = sqlx::query(
        "INSERT INTO member (member, name, kind, county, participation, state, added_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (member) DO NOTHING",
    )
    .bind(member.id.as_str())
    .bind(&member.name)
    .bind(member.kind.as_str())
    .bind(member.county.as_deref().unwrap_or_default())
    .bind(member.participation.as_str())
    .bind(member.state.as_str())
    .bind(member.added_at.0)
    .execute(&store.pool)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::MemberTaken(member.id.clone())) }
}

/// The member with this id.
pub async fn find(store: &Store, id: &MemberId) -> Result<Option<Member>, Error> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE member = $1"));
    let row: Option<Row> =
        sqlx::query_as(sql).bind(id.as_str()).fetch_optional(&store.pool).await?;
    row.map(member).transpose()
}

/// Every member, by id.
pub async fn list(store: &Store) -> Result<Vec<Member>, Error> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY member"));
    let rows: Vec<Row> = sqlx::query_as(sql).fetch_all(&store.pool).await?;
    rows.into_iter().map(member).collect()
}

/// A member's state, within a transaction.
pub async fn find_state(
    connection: &mut AnyConnection,
    id: &MemberId,
) -> Result<Option<State>, Error> {
    let row: Option<(String,)> = sqlx::query_as("SELECT state FROM member WHERE member = $1")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(|(state,)| State::read(&state)).transpose()
}

/// Changes a member's state.
pub async fn update_state(
    connection: &mut AnyConnection,
    id: &MemberId,
    state: State,
) -> Result<(), Error> {
    let done = sqlx::query("UPDATE member SET state = $1 WHERE member = $2")
        .bind(state.as_str())
        .bind(id.as_str())
        .execute(connection)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::NoMember(id.clone())) }
}

/// Records the key that signs a member's envelopes from now on: after every
/// other of the member's, though recorded in the same second.
pub async fn insert_signing_key(
    connection: &mut AnyConnection,
    id: &MemberId,
    public_key: &[u8],
    now: UnixSeconds,
) -> Result<(), Error> {
    let newest: (Option<i64>,) =
        sqlx::query_as("SELECT MAX(recorded_at) FROM signing_key WHERE member = $1")
            .bind(id.as_str())
            .fetch_one(&mut *connection)
            .await?;
    let recorded_at = newest.0.map_or(now.0, |newest| now.0.max(newest + 1));
    sqlx::query(
        "INSERT INTO signing_key (member, key_id, public_key, recorded_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (member, key_id) DO UPDATE SET recorded_at = excluded.recorded_at",
    )
    .bind(id.as_str())
    .bind(key_id(public_key))
    .bind(public_key)
    .bind(recorded_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// The key that signs a member's envelopes.
pub async fn find_signing_key(store: &Store, id: &MemberId) -> Result<Option<Vec<u8>>, Error> {
    let row: Option<(Vec<u8>,)> = sqlx::query_as(
        "SELECT public_key FROM signing_key WHERE member = $1
         ORDER BY recorded_at DESC, key_id LIMIT 1",
    )
    .bind(id.as_str())
    .fetch_optional(&store.pool)
    .await?;
    Ok(row.map(|(key,)| key))
}
