//! What a new charter leaves standing: releases, a closed growth round, and
//! the levels that were published.

use std::{fmt::Write, path::Path};

use peerlight_hub::{growth_round, proposal, publication::write::publish, run::Run, school_file};
use peerlight_hub_engine::comparable::LeftOut;
use peerlight_proto::units::SchoolYear;

use crate::{databases::on_both_databases, world::World};

/// Puts a charter in force that changes nothing but what `text` says.
async fn change(world: &World, text: &str) {
    let wish = proposal::Wish { text: text.to_owned(), ..proposal::Wish::default() };
    proposal::propose(&world.hub, wish).await.unwrap();
}

/// Gives both districts enough schools of one level to be a network.
async fn enlarge(world: &World) {
    let mut schools = "school_id,lea_id,name,level,grade_low,grade_high,enrollment\n".to_owned();
    for number in 0..8 {
        let district = 37 + number % 2;
        writeln!(schools, "{number},{district},School {number},elementary,KG,06,400").unwrap();
    }
    let (file, year) = (Path::new("schools.csv"), SchoolYear::ending(2026).unwrap());
    let source = "made up".to_owned();
    school_file::import(&world.hub, file, schools.as_bytes(), year, source).await.unwrap();
}

on_both_databases! {
    async fn releases_count_however_many_charters_ago_they_were_made(world) {
        let mut node = world.member("37").await;
        let first = world.in_force().await;
        for (program, period) in [("enrolled", "march"), ("chronic_absence", "annual")] {
            node.send(node.draft(&first, program, period, 300)).await.unwrap();
        }
        let before = world.hub.run_benchmarks().await.unwrap();
        for _ in 0..3 {
            change(&world, "").await;
        }
        let now = world.in_force().await;
        node.approve_all(&now).await.unwrap();
        node.send(node.draft(&now, "suspension", "annual", 300)).await.unwrap();
        let after = world.hub.run_benchmarks().await.unwrap();
        assert_eq!((after.sources.len(), after.left_out.len()), (3, 0));
        let of = |run: &Run, name: &str| {
            let measures = &run.analysis.measures;
            let position = measures.iter().position(|measure| measure.id.as_str() == name);
            let rows = run.analysis.benchmarks.iter();
            let same = rows.filter(|row| Some(row.measure) == position);
            same.map(|row| row.estimate).collect::<Vec<_>>()
        };
        assert_eq!(of(&before, "chronic_absence"), of(&after, "chronic_absence"));
        assert!(of(&after, "suspension").iter().any(Option::is_some));
    }

    async fn a_release_of_another_definition_is_left_out_and_named(world) {
        let mut node = world.member("37").await;
        let first = world.in_force().await;
        node.send(node.draft(&first, "enrolled", "march", 300)).await.unwrap();
        node.send(node.draft(&first, "suspension", "annual", 300)).await.unwrap();
        let catalogue = &first.charter.charter.catalogue;
        let shipped = catalogue.measures.iter().find(|it| it.id.as_str() == "suspension").unwrap();
        let text = toml::to_string(shipped).unwrap().replace("success = \"", "success = \"TRUE AND ");
        let text: String =
            text.lines().filter(|line| !line.starts_with("content_hash")).fold(
                "[[catalogue.measure]]\n".to_owned(),
                |text, line| text + line + "\n",
            );
        change(&world, &text).await;
        let run = world.hub.run_benchmarks().await.unwrap();
        assert_eq!(run.sources.len(), 1);
        let (head, reason) = &run.left_out[0];
        assert_eq!((head.program.as_str(), *reason), ("suspension", LeftOut::OtherDefinition));
    }

    async fn a_closed_growth_round_stays_closed(world) {
        let mut node = world.member("37").await;
        let first = world.in_force().await;
        node.send(node.draft(&first, "growth_ela_histogram", "annual", 300)).await.unwrap();
        growth_round::close(&world.hub).await.unwrap();
        change(&world, "").await;
        let status = growth_round::status(&world.hub).await.unwrap();
        assert!(status.closed_at.is_some());
        assert_eq!(status.members.len(), 1, "what it declared before still stands");
        assert_eq!(growth_round::close(&world.hub).await.unwrap_err().exit_code(), 6);
    }

    async fn levels_are_cut_where_the_first_publication_cut_them(world) {
        enlarge(&world).await;
        let mut node = world.member("37").await;
        let mut other = world.member("38").await;
        let in_force = world.in_force().await;
        for (node, absent) in [(&mut node, -150), (&mut other, -100)] {
            node.send(node.draft(&in_force, "enrolled", "period-1", 300)).await.unwrap();
            node.send(node.draft(&in_force, "chronic_absence", "annual", absent)).await.unwrap();
        }
        let first = world.hub.run_benchmarks().await.unwrap();
        assert!(!first.analysis.cut_points().is_empty());
        publish(&world.hub, None).await.unwrap();
        // Moves the schools that were ranked, and adds a measure.
        for (node, students) in [(&mut node, 200), (&mut other, 400)] {
            let moved = node.draft(&in_force, "enrolled", "march", students);
            node.send(moved).await.unwrap();
            let suspended = node.draft(&in_force, "suspension", "annual", -students / 2);
            node.send(suspended).await.unwrap();
        }
        let second = world.hub.run_benchmarks().await.unwrap();
        assert!(second.analysis.network.len() > first.analysis.network.len());
        let (before, after) = (first.analysis.cut_points(), second.analysis.cut_points());
        let same = |one: &[f64; 9], other: &[f64; 9]| {
            one.iter().zip(other).all(|(one, other)| one.total_cmp(other).is_eq())
        };
        assert!(before.iter().all(|(stratum, cuts)| same(cuts, &after[stratum])));
        let deciles = |run: &Run| run.analysis.network[0].deciles;
        assert!(!same(&deciles(&first), &deciles(&second)), "the schools did move");
        publish(&world.hub, None).await.unwrap();
        let third = world.hub.run_benchmarks().await.unwrap();
        assert_eq!(third.analysis.cut_points(), after);
    }
}
