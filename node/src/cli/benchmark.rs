//! `benchmarks`, `similar` and `peers`: ask the hub about a school of this
//! district.

use clap::Args;
use peerlight_proto::{
    names::SchoolId,
    units::SchoolYear,
    v1::{Benchmark, LikeSchool, Peer, PeerAnswer, Pooled, Precision},
};
use serde_json::{Value, json};

use super::{
    Context,
    output::{Output, Table, print_json},
};
use crate::{
    error::Error,
    words::{self, interval},
};

/// Show where a school stands, measure by measure and group by group.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node benchmarks 0612345
  peerlight-node benchmarks 0612345 --output csv

Estimates carry their 95 % interval; ± includes privacy noise. as_of is the day a
count that runs through the year has reached. Where this year alone says too
little, pooled_ columns have what several years say together, if that is enough.")]
pub struct BenchmarksArgs {
    /// A school of this district.
    school: SchoolId,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Show the schools most like one, and why.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node similar 0612345
  peerlight-node similar 0612345 --output json

Likeness is by whom schools serve, from public features, never by outcomes.")]
pub struct SimilarArgs {
    /// A school of this district.
    school: SchoolId,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Show like schools of other districts that credibly grow faster.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node peers 0612345
  peerlight-node peers 0612345 --measure growth_math

A peer is named only where its growth is higher with probability 0.8 or more;
else the answer says why there is none.")]
pub struct PeersArgs {
    /// A school of this district.
    school: SchoolId,
    /// One growth measure; all if absent.
    #[arg(long, value_name = "ID")]
    measure: Option<String>,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub async fn benchmarks(args: &BenchmarksArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let answer = node.hub().await?.benchmarks(args.school.as_str()).await?;
    if args.output == Output::Json {
        let rows: Vec<_> = answer.benchmarks.iter().map(benchmark_json).collect();
        return Ok(print_json(json!({
            "school_id": args.school,
            "benchmark_run": answer.benchmark_run,
            "benchmarks": rows,
        }))?);
    }
    let mut table = Table::new(&[
        "measure",
        "group",
        "estimate",
        "low",
        "high",
        "network_mean",
        "percentile_rank",
        "level",
        "as_of",
        "status",
        "pooled_years",
        "pooled_estimate",
        "pooled_low",
        "pooled_high",
    ]);
    let number = |value: Option<f64>| value.map(|value| format!("{value:.1}")).unwrap_or_default();
    for row in &answer.benchmarks {
        let pooled = row.pooled.as_ref();
        table.push(vec![
            row.measure.clone(),
            row.group.clone(),
            number(row.estimate),
            number(row.low),
            number(row.high),
            number(row.network_mean),
            number(row.percentile_rank),
            row.level.map(|level| level.to_string()).unwrap_or_default(),
            row.as_of.clone().unwrap_or_default(),
            words::status(row),
            pooled.map(years).unwrap_or_default(),
            number(pooled.and_then(|pooled| pooled.estimate)),
            number(pooled.map(|pooled| pooled.low)),
            number(pooled.map(|pooled| pooled.high)),
        ]);
    }
    table.print(args.output)?;
    eprintln!("Benchmark run {}; intervals include privacy noise.", answer.benchmark_run);
    Ok(())
}

pub async fn similar(args: &SimilarArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let answer = node.hub().await?.similar(args.school.as_str()).await?;
    if args.output == Output::Json {
        return Ok(print_json(json!({
            "school_id": args.school,
            "like": answer.schools.iter().map(like_json).collect::<Vec<_>>(),
            "missing_features": answer.missing_features,
        }))?);
    }
    let mut table = Table::new(&["school_id", "name", "lea_id", "distance", "reasons"]);
    for like in &answer.schools {
        let reasons: Vec<String> = like
            .reasons
            .iter()
            .map(|it| format!("{} {:.0}, yours {:.0}", it.feature, it.theirs, it.yours))
            .collect();
        table.push(vec![
            like.school_id.clone(),
            like.name.clone(),
            like.lea_id.clone(),
            format!("{:.3}", like.distance),
            reasons.join("; "),
        ]);
    }
    table.print(args.output)?;
    if !answer.missing_features.is_empty() {
        eprintln!(
            "The directory lacks {} of this school; their weight is spread over the rest.",
            answer.missing_features.join(", "),
        );
    }
    Ok(())
}

pub async fn peers(args: &PeersArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let measure = args.measure.as_deref().unwrap_or_default();
    let answer = node.hub().await?.peers(args.school.as_str(), measure).await?;
    if args.output == Output::Json {
        return Ok(print_json(json!({
            "school_id": args.school,
            "answers": answer.answers.iter().map(answer_json).collect::<Vec<_>>(),
        }))?);
    }
    let mut table = Table::new(&[
        "measure",
        "school_id",
        "name",
        "lea_id",
        "growth",
        "low",
        "high",
        "probability_better",
        "stability",
    ]);
    for peer in answer.answers.iter().flat_map(|answer| &answer.peers) {
        table.push(vec![
            peer.measure.clone(),
            peer.school_id.clone(),
            peer.name.clone(),
            peer.lea_id.clone(),
            format!("{:.1}", peer.growth),
            format!("{:.1}", peer.growth_low),
            format!("{:.1}", peer.growth_high),
            format!("{:.2}", peer.probability_better),
            format!("{:.2}", peer.stability),
        ]);
    }
    table.print(args.output)?;
    for answer in &answer.answers {
        let own = answer.own_growth.zip(answer.own_growth_low).zip(answer.own_growth_high);
        let own =
            own.map(|((growth, low), high)| format!(" Yours: {}.", interval(growth, low, high)));
        eprintln!("{}: {}{}", answer.measure, answer.explanation, own.unwrap_or_default());
    }
    Ok(())
}

/// A precision's name on the wire, without its prefix: `point`.
fn precision_name(precision: i32) -> String {
    let precision = Precision::try_from(precision).unwrap_or(Precision::Unspecified);
    precision.as_str_name().trim_start_matches("PRECISION_").to_ascii_lowercase()
}

/// `2023-24 to 2025-26`; empty where the hub names no such years.
fn years(pooled: &Pooled) -> String {
    let first = SchoolYear::ending(pooled.first_school_year);
    let last = SchoolYear::ending(pooled.last_school_year);
    first.ok().zip(last.ok()).map(|(first, last)| format!("{first} to {last}")).unwrap_or_default()
}

fn pooled_json(pooled: &Pooled) -> Value {
    json!({
        "years": years(pooled),
        "precision": precision_name(pooled.precision),
        "estimate": pooled.estimate,
        "privacy_standard_error": pooled.privacy_standard_error,
        "natural_standard_error": pooled.natural_standard_error,
        "low": pooled.low,
        "high": pooled.high,
    })
}

fn benchmark_json(row: &Benchmark) -> Value {
    json!({
        "measure": row.measure,
        "group": row.group,
        "precision": precision_name(row.precision),
        "estimate": row.estimate,
        "privacy_standard_error": row.privacy_standard_error,
        "natural_standard_error": row.natural_standard_error,
        "low": row.low,
        "high": row.high,
        "network_mean": row.network_mean,
        "percentile_rank": row.percentile_rank,
        "percentile_rank_low": row.percentile_rank_low,
        "percentile_rank_high": row.percentile_rank_high,
        "level": row.level,
        "students_needed": row.students_needed,
        "as_of": row.as_of,
        "status": words::status(row),
        "pooled": row.pooled.as_ref().map(pooled_json),
    })
}

fn like_json(like: &LikeSchool) -> Value {
    let reasons: Vec<_> = like
        .reasons
        .iter()
        .map(|it| json!({"feature": it.feature, "yours": it.yours, "theirs": it.theirs}))
        .collect();
    json!({
        "school_id": like.school_id,
        "name": like.name,
        "lea_id": like.lea_id,
        "distance": like.distance,
        "reasons": reasons,
    })
}

fn answer_json(answer: &PeerAnswer) -> Value {
    json!({
        "measure": answer.measure,
        "peers": answer.peers.iter().map(peer_json).collect::<Vec<_>>(),
        "explanation": answer.explanation,
        "own_growth": answer.own_growth,
        "own_growth_low": answer.own_growth_low,
        "own_growth_high": answer.own_growth_high,
    })
}

fn peer_json(peer: &Peer) -> Value {
    json!({
        "school_id": peer.school_id,
        "name": peer.name,
        "lea_id": peer.lea_id,
        "growth": peer.growth,
        "growth_low": peer.growth_low,
        "growth_high": peer.growth_high,
        "probability_better": peer.probability_better,
        "stability": peer.stability,
        "distance": peer.distance,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_which_day_and_which_years_it_is_of() {
        let pooled = Pooled {
            first_school_year: 2024,
            last_school_year: 2026,
            precision: Precision::Band.into(),
            low: 8.5,
            high: 20.0,
            ..Pooled::default()
        };
        let row = Benchmark {
            precision: Precision::Hidden.into(),
            as_of: Some("2026-02-01".to_owned()),
            pooled: Some(pooled),
            ..Benchmark::default()
        };
        let printed = benchmark_json(&row);
        assert_eq!(
            (&printed["as_of"], &printed["precision"]),
            (&json!("2026-02-01"), &json!("hidden"))
        );
        let several = &printed["pooled"];
        assert_eq!(several["years"], "2023-24 to 2025-26");
        assert_eq!((&several["precision"], &several["estimate"]), (&json!("band"), &Value::Null));
        assert_eq!(several["low"], 8.5);
        assert_eq!(benchmark_json(&Benchmark::default())["pooled"], Value::Null);
    }
}
