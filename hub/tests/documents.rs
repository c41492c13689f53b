//! Charter, directory, key list and growth tables: served as signed.

use peerlight_hub::{clock::DAY, error::Error, growth_round};
use peerlight_proto::{
    charter::Charter,
    directory::Directory,
    document,
    v1::{
        GetCharterRequest, GetDirectoryRequest, GetGrowthTablesRequest, GetHubKeysRequest,
        GrowthTables, HubKeys, SignedDocument, charter_service_client::CharterServiceClient,
        directory_service_client::DirectoryServiceClient,
        growth_service_client::GrowthServiceClient,
    },
};
use prost::Message;
use tonic::Code;

use crate::databases::on_both_databases;

on_both_databases! {
    async fn charter_and_directory_arrive_whole_and_signed(world) {
        let node = world.member("37").await;
        let root = node.joined.root_key.clone();
        let mut client = CharterServiceClient::new(node.channel.clone());
        let charter = client.get_charter(GetCharterRequest {}).await.unwrap().into_inner();
        let charter = charter.charter.unwrap();
        document::verify(&root, document::CHARTER, &charter).unwrap();
        assert_eq!(Charter::parse(&charter.document).unwrap().number, 1);

        let mut client = DirectoryServiceClient::new(node.channel.clone());
        let mut pieces = client.get_directory(GetDirectoryRequest {}).await.unwrap().into_inner();
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.message().await.unwrap() {
            bytes.extend(piece.chunk.unwrap().data);
        }
        let directory = SignedDocument::decode(bytes.as_slice()).unwrap();
        document::verify(&root, document::DIRECTORY, &directory).unwrap();
        assert_eq!(Directory::parse(&directory.document).unwrap().schools.len(), 4);
    }

    async fn a_new_envelope_key_is_announced_by_a_new_list(world) {
        let node = world.member("37").await;
        world.clock.advance(29 * DAY);
        world.hub.rotate_keys().await.unwrap();
        let mut client = CharterServiceClient::new(node.channel.clone());
        let signed = client.get_hub_keys(GetHubKeysRequest {}).await.unwrap().into_inner();
        let signed = signed.keys.unwrap();
        document::verify(&node.joined.root_key, document::HUB_KEYS, &signed).unwrap();
        let list = HubKeys::decode(signed.document.as_slice()).unwrap();
        assert_eq!((list.number, list.envelope_keys.len()), (2, 2));
    }

    async fn a_growth_round_is_open_until_it_is_closed_once(world) {
        let mut node = world.member("37").await;
        let asked = GetGrowthTablesRequest { school_year: 2026 };
        let mut client = GrowthServiceClient::new(node.channel.clone());
        let open = client.get_growth_tables(asked).await.unwrap_err();
        assert_eq!(open.code(), Code::NotFound);
        assert!(matches!(growth_round::close(&world.hub).await, Err(Error::Growth(_))));

        let in_force = world.in_force().await;
        node.send(node.draft(&in_force, "growth_ela_histogram", "annual", 1000)).await.unwrap();
        let status = growth_round::status(&world.hub).await.unwrap();
        assert_eq!(status.members.len(), 1);
        assert!(!growth_round::close(&world.hub).await.unwrap().is_empty());
        let signed = client.get_growth_tables(asked).await.unwrap().into_inner().tables.unwrap();
        document::verify(&node.joined.root_key, document::GROWTH_TABLES, &signed).unwrap();
        let tables = GrowthTables::decode(signed.document.as_slice()).unwrap();
        assert_eq!(tables.charter_hash, in_force.charter.hash.as_bytes());
        assert_eq!(tables.members_pooled, 1);
        assert!(matches!(growth_round::close(&world.hub).await, Err(Error::RoundClosed(_))));
    }
}
