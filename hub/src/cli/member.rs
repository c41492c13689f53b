//! `member`: who belongs to the consortium.

use std::{io::Write, path::PathBuf};

use clap::Subcommand;
use peerlight_proto::names::MemberId;
use serde_json::json;

use super::output::{Format, Table};
use crate::{
    error::Error,
    home,
    hub::Hub,
    membership,
    store::{
        certificate,
        grant::Grant,
        member::{self, Kind, Member, Participation, State},
    },
};

/// Verbs of `member`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Add a member; it may join once it has a token.
    Add {
        /// Its id: for a district its LEA id, as its schools carry it in the directory.
        id: MemberId,
        /// Its name for people.
        #[arg(long)]
        name: String,
        /// What kind of body it is.
        #[arg(long, value_enum, default_value_t = Kind::District)]
        kind: Kind,
        /// Its county.
        #[arg(long)]
        county: Option<String>,
        /// It receives benchmarks and sends nothing.
        #[arg(long)]
        receive_only: bool,
    },
    /// List members.
    List,
    /// Refuse a member's calls until lifted; it may still ask where it stands.
    Suspend {
        /// The member.
        id: MemberId,
        /// Lift the suspension.
        #[arg(long)]
        lift: bool,
    },
    /// Revoke a member's certificates; only a new token lets it join again.
    Revoke {
        /// The member.
        id: MemberId,
    },
    /// Make a join token, good once within 14 days.
    Token {
        /// The member.
        id: MemberId,
        /// Write it to a new file that only you may read, instead of standard output.
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Record that a member signed a permission for another to oversee it.
    Grant {
        /// The member that signed.
        id: MemberId,
        /// The member it grants oversight to.
        #[arg(long)]
        to: MemberId,
        /// Who signed for it.
        #[arg(long)]
        signed_by: String,
        /// Their title.
        #[arg(long)]
        title: String,
        /// Date of the signature, YYYY-MM-DD.
        #[arg(long)]
        date: chrono::NaiveDate,
    },
}

/// Runs one verb.
pub async fn run(hub: &Hub, verb: Verb, format: Format) -> Result<(), Error> {
    match verb {
        Verb::Add { id, name, kind, county, receive_only } => {
            let participation =
                if receive_only { Participation::ReceiveOnly } else { Participation::Full };
            let state = State::Invited;
            let added_at = hub.now();
            let member = Member { id, name, kind, county, participation, state, added_at };
            member::insert(&hub.store, &member).await?;
            let path = hub.home.path().display();
            eprintln!("added {}", member.id);
            eprintln!("next: peerlight-hub --home {path} member token {} --to FILE", member.id);
        }
        Verb::List => list(hub, format).await?,
        Verb::Suspend { id, lift } => {
            membership::set_suspended(hub, &id, !lift).await?;
            eprintln!("{id} is {}", if lift { "active again" } else { "suspended" });
        }
        Verb::Revoke { id } => {
            membership::revoke(hub, &id).await?;
            eprintln!("{id} is revoked; what was published with its releases stays published");
        }
        Verb::Token { id, to } => {
            let line = format!("{}\n", membership::issue_token(hub, &id).await?.to_line());
            match to {
                Some(path) => {
                    home::write_private(&path, line.as_bytes())?;
                    eprintln!("wrote the token of {id} to {}", path.display());
                    eprintln!("it is good once, for 14 days; hand it over like a password");
                }
                None => std::io::stdout()
                    .write_all(line.as_bytes())
                    .map_err(|source| Error::File { path: "standard output".into(), source })?,
            }
        }
        Verb::Grant { id, to, signed_by, title, date } => {
            let (member, overseer) = (id, to);
            let signed_on = date.to_string();
            let recorded_at = hub.now();
            let grant = Grant { member, overseer, signed_by, title, signed_on, recorded_at };
            membership::record_grant(hub, &grant).await?;
            eprintln!("{} oversees {}", grant.overseer, grant.member);
        }
    }
    Ok(())
}

async fn list(hub: &Hub, format: Format) -> Result<(), Error> {
    let mut rows = Vec::new();
    for member in member::list(&hub.store).await? {
        let ends = certificate::last_end(&hub.store, &member.id).await?;
        let ends = ends.and_then(|ends| chrono::DateTime::from_timestamp(ends.0, 0));
        rows.push(vec![
            json!(member.id.as_str()),
            json!(member.name),
            json!(member.kind.as_str()),
            json!(member.county),
            json!(member.participation.as_str()),
            json!(member.state.as_str()),
            json!(ends.map(|ends| ends.date_naive().to_string())),
        ]);
    }
    let columns =
        &["member", "name", "kind", "county", "participation", "state", "certificate_until"];
    Table { name: "members", columns, rows }.print(format)
}
