//! Users as the operator keeps them: checked against the directory and the
//! members before they are written.

use peerlight_proto::names::MemberId;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    http::scope::Role,
    hub::{Hub, NO_DIRECTORY},
    password::{self, PasswordError},
    store::{
        member,
        user::{self, Inserted, User},
    },
};

/// Why an account cannot be kept as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The password is refused.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Somebody has that name.
    #[error("there is a user {0} already: `peerlight-hub user reset {0}` gives a new password")]
    Taken(String),
    /// Nobody has that name.
    #[error("there is no user {0}: see `peerlight-hub user list`")]
    Unknown(String),
}

/// Most characters of a name.
const LONGEST_NAME: usize = 200;

/// Adds a user with a role that makes sense: its school is in the directory,
/// its member in the consortium.
pub async fn add(
    hub: &Hub,
    name: &str,
    role: &Role,
    password: Zeroizing<String>,
) -> Result<(), Error> {
    let sound = |c: char| !c.is_control() && !c.is_whitespace() && c != ':';
    if name.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(sound) {
        return Err(Error::Flag {
            flag: "name",
            problem: "use 1 to 200 characters without spaces and colons".to_owned(),
        });
    }
    match role {
        Role::Principal(school) => {
            let directory = hub.directory().await?.ok_or(NO_DIRECTORY)?;
            if directory.directory.school(school).is_none() {
                return Err(Error::Flag {
                    flag: "school",
                    problem: format!("the directory has no school {school}"),
                });
            }
        }
        Role::District(id) | Role::Coe(id) => has_member(hub, id).await?,
        Role::Operator => {}
    }
    let user = User {
        name: name.to_owned(),
        password_hash: password::store(password).await.map_err(AccountError::from)?,
        role: role.as_str().to_owned(),
        subject: role.subject().to_owned(),
        disabled: false,
        created_at: hub.now(),
    };
    match user::insert(&hub.store, &user).await? {
        Inserted::New => Ok(()),
        Inserted::NameTaken => Err(AccountError::Taken(name.to_owned()).into()),
    }
}

async fn has_member(hub: &Hub, id: &MemberId) -> Result<(), Error> {
    match member::find(&hub.store, id).await? {
        Some(_) => Ok(()),
        None => Err(Error::NoMember(id.clone())),
    }
}

/// Lets a user sign in no longer, and ends their sessions.
pub async fn disable(hub: &Hub, name: &str) -> Result<(), Error> {
    if user::disable(&hub.store, name).await? { Ok(()) } else { Err(no_user(name)) }
}

/// Gives a user a new password, and ends their sessions.
pub async fn reset(hub: &Hub, name: &str, password: Zeroizing<String>) -> Result<(), Error> {
    let hash = password::store(password).await.map_err(AccountError::from)?;
    let found = user::update_password(&hub.store, name, &hash).await?;
    if found { Ok(()) } else { Err(no_user(name)) }
}

fn no_user(name: &str) -> Error {
    AccountError::Unknown(name.chars().take(LONGEST_NAME).collect()).into()
}
