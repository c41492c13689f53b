//! `user`: who may sign in to the pages.

use std::{io::Read, path::PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use peerlight_proto::names::{MemberId, SchoolId};
use serde_json::json;
use zeroize::Zeroizing;

use super::output::{Format, Table};
use crate::{account, error::Error, home, http::scope::Role, hub::Hub, store::user};

/// Verbs of `user`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Add a user. There is no default password: give one by file or standard input.
    Add {
        /// Name or e-mail they sign in with.
        name: String,
        /// What they are.
        #[arg(long, value_enum)]
        role: RoleName,
        /// The school of a principal.
        #[arg(long, required_if_eq("role", "principal"))]
        school: Option<SchoolId>,
        /// The member of a district or county office user.
        #[arg(long, required_if_eq_any([("role", "district"), ("role", "coe")]))]
        member: Option<MemberId>,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// List users.
    List,
    /// Let a user sign in no longer, and end their sessions.
    Disable {
        /// The user.
        name: String,
    },
    /// Give a user a new password, and end their sessions.
    Reset {
        /// The user.
        name: String,
        #[command(flatten)]
        password: PasswordSource,
    },
}

/// What a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Leads one school.
    Principal,
    /// Works for a district.
    District,
    /// Works for a county office, or another member with a grant.
    Coe,
    /// Runs the hub.
    Operator,
}

/// Where a password comes from; never the command line.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct PasswordSource {
    /// Read the password from standard input, up to the first line break.
    #[arg(long)]
    password_stdin: bool,
    /// Read the password from a file, up to the first line break.
    #[arg(long)]
    password_file: Option<PathBuf>,
}

impl PasswordSource {
    fn read(&self) -> Result<Zeroizing<String>, Error> {
        let bytes = Zeroizing::new(if let Some(path) = &self.password_file {
            home::read(path)?
        } else {
            let mut bytes = Vec::new();
            let read = std::io::stdin().lock().take(64 * 1024).read_to_end(&mut bytes);
            read.map_err(|source| Error::File { path: "standard input".into(), source })?;
            bytes
        });
        let text = std::str::from_utf8(&bytes).map_err(|_| Error::Flag {
            flag: "password",
            problem: "the password must be UTF-8 text".to_owned(),
        })?;
        let line = text.lines().next().unwrap_or_default();
        Ok(Zeroizing::new(line.to_owned()))
    }
}

fn role(name: RoleName, school: Option<SchoolId>, member: Option<MemberId>) -> Option<Role> {
    match name {
        RoleName::Principal => school.map(Role::Principal),
        RoleName::District => member.map(Role::District),
        RoleName::Coe => member.map(Role::Coe),
        RoleName::Operator => Some(Role::Operator),
    }
}

/// Runs one verb.
pub async fn run(hub: &Hub, verb: Verb, format: Format) -> Result<(), Error> {
    match verb {
        Verb::Add { name, role: kind, school, member, password } => {
            let role = role(kind, school, member).ok_or_else(|| Error::Flag {
                flag: "role",
                problem: "a principal needs --school, a district or coe --member".to_owned(),
            })?;
            account::add(hub, &name, &role, password.read()?).await?;
            eprintln!("added {name}, {}", role.words());
        }
        Verb::List => {
            let rows = user::list(&hub.store).await?.into_iter().map(|user| {
                let state = if user.disabled { "disabled" } else { "active" };
                vec![json!(user.name), json!(user.role), json!(user.subject), json!(state)]
            });
            let columns = &["name", "role", "school_or_member", "state"];
            Table { name: "users", columns, rows: rows.collect() }.print(format)?;
        }
        Verb::Disable { name } => {
            account::disable(hub, &name).await?;
            eprintln!("{name} may no longer sign in");
        }
        Verb::Reset { name, password } => {
            account::reset(hub, &name, password.read()?).await?;
            eprintln!("{name} has a new password; their sessions have ended");
        }
    }
    Ok(())
}
