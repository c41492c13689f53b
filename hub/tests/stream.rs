//! Streams: a running count goes on under the charter and directory it was
//! started under, and nothing else does.

use std::{fmt::Write, path::Path, sync::Arc};

use peerlight_hub::{in_force::InForce, proposal, school_file, store::release};
use peerlight_proto::{
    units::SchoolYear,
    v1::{ListBenchmarksRequest, benchmark_service_client::BenchmarkServiceClient},
};
use tonic::Code;

use crate::{databases::on_both_databases, world::World};

/// A count, a running count of three steps, and a measure of one answer.
const PROGRAMS: &str = r#"
[[policy.program]]
id = "enrolled"
kind = "count"
population = "enrolled"
grades = ["TK-12"]
share = 800
margins = "count"
period = [{ id = "period-1", due = "{start}-11-01" }, { id = "march", due = "{end}-03-20" }]

[[policy.program]]
id = "in_year"
kind = "measure"
measure = "chronic_absence"
grades = ["TK-12"]
share = 1800
margins = "in_year"
continual = { changes = 2 }
period = [
  { id = "month-1", due = "{end}-01-01" },
  { id = "month-2", due = "{end}-02-01" },
  { id = "month-3", due = "{end}-03-01" },
]

[[policy.program]]
id = "suspension"
kind = "measure"
measure = "suspension"
grades = ["TK-12"]
share = 500
margins = "annual"
period = [{ id = "annual", due = "{end}-07-15" }]
"#;

/// Puts a charter with a stream in force.
pub async fn charter(world: &World) -> Arc<InForce> {
    let wish = proposal::Wish { text: PROGRAMS.to_owned(), ..proposal::Wish::default() };
    proposal::propose(&world.hub, wish).await.unwrap();
    world.in_force().await
}

/// Puts a directory in force in which both districts have so many schools.
pub async fn directory(world: &World, schools: usize) {
    let mut text = "school_id,lea_id,name,level,grade_low,grade_high,enrollment\n".to_owned();
    for number in 0..2 * schools {
        let district = 37 + number % 2;
        writeln!(text, "{number:03},{district},School {number},elementary,KG,06,400").unwrap();
    }
    let (file, year) = (Path::new("schools.csv"), SchoolYear::ending(2026).unwrap());
    let source = "made up".to_owned();
    school_file::import(&world.hub, file, text.as_bytes(), year, source).await.unwrap();
}

on_both_databases! {
    async fn a_started_stream_goes_on_however_many_changes_later(world) {
        let first = charter(&world).await;
        let mut node = world.member("37").await;
        node.send(node.draft(&first, "in_year", "month-1", 1 << 20)).await.unwrap();
        for schools in 3..6 {
            charter(&world).await;
            directory(&world, schools).await;
        }
        let now = world.in_force().await;
        node.approve_all(&now).await.unwrap();
        let refused = [
            (node.draft(&first, "suspension", "annual", 1), "not in force"),
            (node.draft(&first, "in_year", "month-3", 1), "needs month-2 first"),
            (node.draft(&now, "in_year", "month-2", 1), "needs month-1 first"),
        ];
        for (draft, why) in refused {
            let refusal = node.send(draft).await.unwrap_err();
            assert_eq!(refusal.code(), Code::FailedPrecondition, "{refusal}");
            assert!(refusal.message().contains(why), "{refusal}");
        }
        let second = node.draft(&first, "in_year", "month-2", 1 << 20);
        let receipt = node.send(second.clone()).await.unwrap();
        assert_eq!(node.send(second).await.unwrap(), receipt, "the same receipt again");
        node.send(node.draft(&first, "in_year", "month-3", 1 << 20)).await.unwrap();
        let heads = release::list(&world.hub.store, 2026).await.unwrap();
        assert_eq!(heads.len(), 3);
        assert!(heads.iter().all(|head| head.charter_hash == first.charter.hash));
    }

    async fn a_district_that_became_small_still_sends_the_steps_of_when_it_was_large(world) {
        directory(&world, 200).await;
        // Twice: the charter before it releases no large histograms either.
        charter(&world).await;
        let first = charter(&world).await;
        let mut node = world.member("37").await;
        // Values so large that they take many bytes.
        node.send(node.draft(&first, "in_year", "month-1", 1 << 33)).await.unwrap();
        directory(&world, 1).await;
        directory(&world, 2).await;
        let step = node.draft(&first, "in_year", "month-2", 1 << 33);
        assert!(step.payload.len() > 12_288, "{}", step.payload.len());
        node.send(step).await.unwrap();
        let other = world.member("38").await;
        let large = other.seal(other.draft(&first, "in_year", "month-1", 1 << 33)).await;
        let refusal = crate::node::send_frame(&other.channel, large).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument, "it started no stream: {refusal}");
        assert!(refusal.message().contains("larger than"), "{refusal}");
    }

    async fn running_counts_are_reported_as_of_their_newest_step(world) {
        let first = charter(&world).await;
        let mut node = world.member("37").await;
        node.send(node.draft(&first, "enrolled", "period-1", 300)).await.unwrap();
        node.send(node.draft(&first, "in_year", "month-1", 30 << 16)).await.unwrap();
        charter(&world).await;
        charter(&world).await;
        node.send(node.draft(&first, "in_year", "month-2", 15 << 16)).await.unwrap();
        let run = world.hub.run_benchmarks().await.unwrap();
        assert_eq!((run.sources.len(), run.left_out.len()), (3, 0));
        let of = |id: &str| run.analysis.measures.iter().position(|it| it.id.as_str() == id);
        let measure = of("in_year").unwrap();
        assert!(run.analysis.measures[measure].label.ends_with("so far this year"));
        let rows = run.analysis.benchmarks.iter().filter(|row| row.measure == measure);
        let days: Vec<String> =
            rows.filter_map(|row| Some(row.estimate.and(row.as_of)?.to_string())).collect();
        assert!(!days.is_empty() && days.iter().all(|day| day == "2026-02-01"), "{days:?}");
        let asked = ListBenchmarksRequest { school_id: "1".to_owned() };
        let answer = BenchmarkServiceClient::new(node.channel.clone()).list_benchmarks(asked).await;
        let rows = answer.unwrap().into_inner().benchmarks;
        let of = |measure: &str| rows.iter().find(|row| row.measure == measure).unwrap();
        assert_eq!(of("in_year").as_of.as_deref(), Some("2026-02-01"));
        assert_eq!(of("enrolled").as_of.as_deref(), Some("2025-11-01"));
        assert_eq!(of("suspension").as_of, None, "nothing was released");
    }
}
