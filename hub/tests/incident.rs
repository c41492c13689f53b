//! Incidents: open until somebody says what they did, and kept for good.

use peerlight_hub::{
    doctor::{self, Check},
    error::Error,
    hub::Hub,
    store::incident::{self, Acknowledgement},
};

use crate::{databases::on_both_databases, world::World};

/// A member that contradicts itself twice.
async fn contradict(world: &World) -> Vec<String> {
    let mut node = world.member("37").await;
    let in_force = world.in_force().await;
    let first = node.draft(&in_force, "enrolled", "period-1", 7);
    node.send(first).await.unwrap();
    for value in [8, 9] {
        world.clock.advance(60);
        let again = node.draft(&in_force, "enrolled", "period-1", value);
        node.send(again).await.unwrap_err();
    }
    incident::list(&world.hub.store).await.unwrap().into_iter().map(|found| found.id).collect()
}

async fn check(hub: &Hub) -> Check {
    let checks = doctor::examine(hub).await.unwrap();
    checks.into_iter().find(|check| check.name == "incidents").unwrap()
}

fn word(world: &World, note: &str) -> Acknowledgement {
    Acknowledgement { by: "Lee".to_owned(), note: note.to_owned(), at: world.hub.now() }
}

on_both_databases! {
    async fn an_acknowledged_incident_is_counted_and_no_fault(world) {
        assert_eq!(check(&world.hub).await.note, None);
        let ids = contradict(&world).await;
        let found = check(&world.hub).await;
        assert!(found.fault.unwrap().starts_with("2 to look at"));

        world.clock.advance(3600);
        let restored = word(&world, "restored from a backup");
        incident::acknowledge(&world.hub.store, &ids[..1], &restored).await.unwrap();
        let found = check(&world.hub).await;
        assert!(found.fault.unwrap().starts_with("1 to look at"));
        assert_eq!(found.note.as_deref(), Some("1 acknowledged"));

        incident::acknowledge(&world.hub.store, &ids[1..], &restored).await.unwrap();
        let found = check(&world.hub).await;
        assert_eq!((found.fault, found.note.as_deref()), (None, Some("2 acknowledged")));
        let kept = incident::list(&world.hub.store).await.unwrap();
        assert!(kept.iter().all(|one| one.acknowledgement.as_ref() == Some(&restored)));
    }

    async fn incidents_are_acknowledged_all_or_none_and_once(world) {
        let ids = contradict(&world).await;
        let store = &world.hub.store;
        let before = incident::list(store).await.unwrap();
        let unknown = vec![ids[0].clone(), "000000000000".to_owned()];
        let refused = incident::acknowledge(store, &unknown, &word(&world, "a")).await;
        assert!(matches!(&refused, Err(Error::Flag { problem, .. }) if problem.contains("0000")));
        assert_eq!(incident::list(store).await.unwrap(), before, "the known one stays open");

        let first = word(&world, "the first word");
        incident::acknowledge(store, &ids[..1], &first).await.unwrap();
        let refused = incident::acknowledge(store, &ids, &word(&world, "another word")).await;
        assert!(matches!(refused, Err(Error::Flag { .. })), "{refused:?}");
        let kept = incident::list(store).await.unwrap();
        assert_eq!(kept[0].acknowledgement.as_ref(), Some(&first));
        assert!(kept[1].is_open());
    }
}
