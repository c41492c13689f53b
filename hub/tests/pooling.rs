//! Three-year pooling: releases of earlier years, each read by its own
//! charter and directory.

use std::{fmt::Write, path::Path, sync::Arc};

use peerlight_hub::{in_force::InForce, proposal, run::Run, school_file};
use peerlight_hub_engine::display::Precision;
use peerlight_proto::{
    group::Margin,
    layout::Block,
    units::SchoolYear,
    v1::{self, benchmark_service_client::BenchmarkServiceClient},
};

use crate::{databases::on_both_databases, node::Node, world::World};

/// Puts a school year in force: 16 schools of 37 with 36 to 96 students.
async fn year(world: &World, ending: u32, text: &str) -> Arc<InForce> {
    let mut schools = "school_id,lea_id,name,level,grade_low,grade_high,enrollment\n".to_owned();
    for number in 0..16 {
        let size = students(number);
        writeln!(schools, "{number:02},37,School {number},elementary,KG,06,{size}").unwrap();
    }
    let (file, year) = (Path::new("schools.csv"), SchoolYear::ending(ending).unwrap());
    let source = "made up".to_owned();
    school_file::import(&world.hub, file, schools.as_bytes(), year, source).await.unwrap();
    let wish = proposal::Wish {
        text: text.to_owned(),
        school_year: Some(year),
        ..proposal::Wish::default()
    };
    proposal::propose(&world.hub, wish).await.unwrap();
    world.in_force().await
}

const fn students(school: usize) -> i64 {
    36 + 4 * school as i64
}

/// Everybody is in the first group of every margin that splits all students,
/// and nobody behind a flag.
fn only_first(block: &Block, group: usize, value: i64) -> i64 {
    let splits = !matches!(block.margin, Margin::CoreFlags | Margin::SmallFlags);
    if splits && group == 0 { value } else { 0 }
}

/// 35 and 65 % of the schools' students were suspended, in turn.
async fn release(node: &mut Node, in_force: &Arc<InForce>) {
    let enrolled = node.draft_cells(in_force, "enrolled", "march", |block, school, group| {
        only_first(block, group, students(school))
    });
    node.send(enrolled).await.unwrap();
    let suspension = node.draft_cells(in_force, "suspension", "annual", |block, school, group| {
        let less = if school % 2 == 0 { -3 } else { 3 };
        only_first(block, group, students(school) * less / 10)
    });
    node.send(suspension).await.unwrap();
}

/// What the hub tells the member about its schools, pooled over several years.
async fn told(node: &Node) -> Vec<v1::Pooled> {
    let mut client = BenchmarkServiceClient::new(node.channel.clone());
    let mut found = Vec::new();
    for school in 0..16 {
        let asked = v1::ListBenchmarksRequest { school_id: format!("{school:02}") };
        let answer = client.list_benchmarks(asked).await.unwrap().into_inner();
        found.extend(answer.benchmarks.into_iter().filter_map(|row| row.pooled));
    }
    found
}

fn pooled(run: &Run) -> Vec<String> {
    let rows = run.analysis.benchmarks.iter().filter(|row| row.precision == Precision::Hidden);
    rows.filter_map(|row| Some(row.pooled?.years())).collect()
}

on_both_databases! {
    async fn a_hidden_value_is_pooled_with_earlier_years_of_the_same_definition(world) {
        let first = year(&world, 2026, "").await;
        let mut node = world.member("37").await;
        release(&mut node, &first).await;
        let alone = world.hub.run_benchmarks().await.unwrap();
        assert!(pooled(&alone).is_empty());
        let second = year(&world, 2027, "").await;
        node.approve_all(&second).await.unwrap();
        release(&mut node, &second).await;
        let both = world.hub.run_benchmarks().await.unwrap();
        let found = pooled(&both);
        assert!(!found.is_empty() && found.iter().all(|years| years == "2025-26 to 2026-27"));
        assert_eq!((both.sources.len(), both.left_out.len()), (4, 0));
        let told = told(&node).await;
        assert_eq!(told.len(), found.len());
        for one in told {
            assert_eq!((one.first_school_year, one.last_school_year), (2026, 2027));
            assert!(one.low < one.high && one.privacy_standard_error > 0.0);
            let point = one.precision == i32::from(v1::Precision::Point);
            assert_eq!(one.estimate.is_some(), point);
        }
        let again = peerlight_hub::hub::Hub::open(world.hub.home.clone(), world.clock.clone());
        let found = again.await.unwrap().newest_run().await.unwrap().unwrap();
        assert_eq!(found.analysis, both.analysis, "the same to the last bit");

        let catalogue = &second.charter.charter.catalogue;
        let shipped = catalogue.measures.iter().find(|it| it.id.as_str() == "suspension").unwrap();
        let text = toml::to_string(shipped).unwrap().replace("success = \"", "success = \"TRUE AND ");
        let text: String = text.lines().filter(|line| !line.starts_with("content_hash")).fold(
            "[[catalogue.measure]]\n".to_owned(),
            |text, line| text + line + "\n",
        );
        let third = year(&world, 2028, &text).await;
        node.approve_all(&third).await.unwrap();
        release(&mut node, &third).await;
        let changed = world.hub.run_benchmarks().await.unwrap();
        assert!(pooled(&changed).is_empty(), "another definition is not pooled");
        assert_eq!((changed.sources.len(), changed.left_out.len()), (4, 0));
    }
}
