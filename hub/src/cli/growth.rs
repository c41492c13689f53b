//! `growth`: the round in which districts' histograms become percentile tables.

use clap::Subcommand;
use serde_json::json;

use super::output::{Format, Table};
use crate::{
    error::Error,
    growth_round::{self, Reported},
    hub::Hub,
};

/// Verbs of `growth`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Check that the round is open; a charter with growth programs opens it.
    Open,
    /// Show who has sent a histogram and who has not.
    Status,
    /// Pool what is there and sign the percentile tables. This is final for
    /// the school year: districts look their students' percentiles up in them.
    Close,
}

/// Runs one verb.
pub async fn run(hub: &Hub, verb: Verb, format: Format) -> Result<(), Error> {
    match verb {
        Verb::Open => {
            let status = growth_round::status(hub).await?;
            if status.closed_at.is_some() {
                return Err(Error::RoundClosed(status.school_year));
            }
            eprintln!("the growth round of {} is open", status.school_year);
            Ok(())
        }
        Verb::Status => {
            let status = growth_round::status(hub).await?;
            let state = if status.closed_at.is_some() { "closed" } else { "open" };
            eprintln!("the growth round of {} is {state}", status.school_year);
            let rows = status.members.iter().map(|(member, reported)| {
                vec![json!(member.as_str()), json!(*reported == Reported::Yes)]
            });
            let rows = rows.collect();
            Table { name: "members", columns: &["member", "histogram_received"], rows }
                .print(format)
        }
        Verb::Close => {
            let pooled = growth_round::close(hub).await?;
            eprintln!("the round is closed; districts fetch the tables at their next sync");
            let rows = pooled.iter().map(|pool| {
                vec![
                    json!(pool.subject.as_str()),
                    json!(pool.grade.to_string()),
                    json!(pool.members),
                    json!(pool.students.round()),
                    json!((pool.students_sigma * 10.0).round() / 10.0),
                    json!(pool.borrowed_bands),
                ]
            });
            let columns = &[
                "subject",
                "grade",
                "members",
                "students",
                "students_standard_error",
                "bands_without_own_shape",
            ];
            Table { name: "pools", columns, rows: rows.collect() }.print(format)
        }
    }
}
