//! Releases carried by hand: the same payloads in sealed files, made only after
//! the hub said what it last received, and taken in once however they come.

use std::fs;

use peerlight_node::{clock::Clock, home::Home, keys::Keys, node::Node as OpenNode};
use peerlight_proto::{document, envelope};

use crate::{
    envelope::{block_on, draw_without_sending},
    fixture::{Fixture, all_delivered_once, releases},
};

#[test]
fn exported_envelopes_are_what_sync_would_send_and_are_taken_in_once() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    draw_without_sending(&fixture, node);
    let held = fixture.held(&node.district);
    let folder = fixture.root().join("carried");
    let to = folder.display().to_string();
    node.program.run(&["release", "export", "--all-waiting", "--to", &to]).unwrap();
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let waiting: Vec<_> =
        releases(node).into_iter().filter(|release| release["state"] == "waiting").collect();
    assert!(!waiting.is_empty());
    let keys = Keys::open(&Home::at(node.program.home())).unwrap();
    let signing_key = document::public_key(keys.signing());
    assert_eq!(files.len(), waiting.len());
    for (file, release) in files.iter().zip(&waiting) {
        let bytes = fs::read(file).unwrap();
        let header = envelope::read(&bytes).unwrap().verify(&signing_key).unwrap().header;
        assert_eq!(header.release_id, release["release_id"].as_str().unwrap());
        let digest = peerlight_proto::units::hexadecimal(&header.payload_digest);
        assert_eq!(digest, release["payload_digest"].as_str().unwrap());
    }
    assert_eq!(releases(node).len(), waiting.len() + usize::try_from(held).unwrap());

    // Written files are not written over.
    let first = files[0].display().to_string();
    let id = waiting[0]["release_id"].as_str().unwrap();
    let failure = node.program.fails(&["release", "export", id, "--to", &first]).unwrap();
    assert_eq!(failure.code, Some(1), "{failure}");

    // Another machine with this node's certificate sends the first of them; the
    // node's own sync then gets the same receipt and sends the rest.
    block_on(async {
        let home = Home::at(node.program.home());
        let open = OpenNode::open(home, Clock::system(), &[]).await.unwrap();
        let hub = open.hub().await.unwrap();
        hub.send_release(&fs::read(&files[0]).unwrap()).await.unwrap();
    });
    assert_eq!(fixture.held(&node.district), held + 1);
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
}

#[test]
fn nothing_is_exported_without_the_hubs_word_or_by_an_old_copy() {
    let mut fixture = Fixture::new(1);
    let node = fixture.nodes[0].clone();
    let database = node.program.home().join("node.db");
    let before = fixture.root().join("backup.db");
    fs::copy(&database, &before).unwrap();
    node.sync().unwrap();
    let id = releases(&node)[0]["release_id"].as_str().unwrap().to_owned();
    let to = fixture.root().join("envelope");
    let path = to.display().to_string();
    let export = ["release", "export", &id, "--to", &path];

    fixture.consortium.stop();
    let failure = node.program.fails(&export).unwrap();
    assert_eq!(failure.code, Some(5), "{failure}");
    assert!(failure.said.contains("last signed receipt"), "{failure}");
    fixture.consortium.start().unwrap();
    assert!(!to.exists());

    node.program.run(&export).unwrap();
    assert!(to.exists(), "one that was sent can be sealed again");
    fs::remove_file(&to).unwrap();

    for name in ["node.db-wal", "node.db-shm"] {
        let _ = fs::remove_file(node.program.home().join(name));
    }
    fs::copy(&before, &database).unwrap();
    let failure = node.program.fails(&export).unwrap();
    assert_eq!(failure.code, Some(4), "{failure}");
    assert!(failure.said.contains("restored from an old backup"), "{failure}");
    assert!(!to.exists());
}
