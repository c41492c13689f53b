//! Questions about benchmarks: who may ask what.

use peerlight_hub::{hub::Hub, membership, store::grant::Grant};
use peerlight_proto::v1::{
    ListBenchmarksRequest, ListPeersRequest, ListSimilarRequest,
    benchmark_service_client::BenchmarkServiceClient,
};
use tonic::Code;

use crate::{databases::on_both_databases, world::id};

fn school(school_id: &str) -> ListBenchmarksRequest {
    ListBenchmarksRequest { school_id: school_id.to_owned() }
}

on_both_databases! {
    async fn a_member_asks_about_its_own_schools_and_those_granted_to_it(world) {
        let district = world.member("37").await;
        let county = world.member("90").await;
        let mut own = BenchmarkServiceClient::new(district.channel.clone());
        let mut overseer = BenchmarkServiceClient::new(county.channel.clone());
        assert!(own.list_benchmarks(school("1")).await.is_ok());
        for stranger in ["3", "99"] {
            let refusal = own.list_benchmarks(school(stranger)).await.unwrap_err();
            assert_eq!(refusal.code(), Code::PermissionDenied, "school {stranger}");
        }
        let refusal = overseer.list_benchmarks(school("1")).await.unwrap_err();
        assert_eq!(refusal.code(), Code::PermissionDenied, "without a grant");
        let grant = Grant {
            member: id("37"),
            overseer: id("90"),
            signed_by: "A. Adams".to_owned(),
            title: "Superintendent".to_owned(),
            signed_on: "2026-01-31".to_owned(),
            recorded_at: world.hub.now(),
        };
        membership::record_grant(&world.hub, &grant).await.unwrap();
        assert!(overseer.list_benchmarks(school("1")).await.is_ok());
        let other = overseer.list_benchmarks(school("3")).await.unwrap_err();
        assert_eq!(other.code(), Code::PermissionDenied, "a grant is of one member");
    }

    async fn a_run_answers_and_is_found_again_after_a_restart(world) {
        let mut node = world.member("37").await;
        let in_force = world.in_force().await;
        assert!(world.hub.newest_run().await.unwrap().is_none());
        assert_eq!(world.hub.run_benchmarks().await.err().unwrap().exit_code(), 9);
        for (program, period) in [("enrolled", "march"), ("chronic_absence", "annual")] {
            node.send(node.draft(&in_force, program, period, 300)).await.unwrap();
        }
        let run = world.hub.run_benchmarks().await.unwrap();
        assert_eq!((run.number, run.sources.len()), (1, 2));
        let mut client = BenchmarkServiceClient::new(node.channel.clone());
        let answer = client.list_benchmarks(school("1")).await.unwrap().into_inner();
        assert_eq!(answer.benchmark_run, 1);
        assert!(answer.benchmarks.iter().any(|row| row.measure == "chronic_absence"));
        let asked = ListSimilarRequest { school_id: "1".to_owned() };
        let similar = client.list_similar(asked).await.unwrap().into_inner().schools;
        assert_eq!(similar[0].school_id, "3", "the other elementary school");
        assert!(!similar[0].reasons.is_empty());
        let asked = ListPeersRequest { school_id: "1".to_owned(), measure: String::new() };
        let answers = client.list_peers(asked).await.unwrap().into_inner().answers;
        assert!(answers.iter().all(|answer| !answer.explanation.is_empty()));

        let again = Hub::open(world.hub.home.clone(), world.clock.clone()).await.unwrap();
        let found = again.newest_run().await.unwrap().unwrap();
        assert_eq!(found.analysis, run.analysis, "the same to the last bit");
    }
}
