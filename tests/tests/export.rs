//! Releases carried by hand: the same payloads in sealed files, made only after
//! the hub said what it last received, and taken in once however they come.

use std::{fs, path::PathBuf};

use peerlight_node::{home::Home, keys::Keys};
use peerlight_proto::{document, envelope};
use peerlight_tests::harness::Node;

use crate::{
    envelope::draw_without_sending,
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

    // The operator takes in all but the last, and hands their receipts back; the
    // node's own sync sends the rest.
    let hub = &fixture.consortium.hub;
    let receipts = fixture.root().join("receipts").display().to_string();
    let [first, carried @ .., last] = &files[..] else { panic!("{files:?}") };
    let import = |paths: &[&PathBuf]| {
        let paths = paths.iter().map(|path| path.display().to_string());
        let mut arguments: Vec<String> =
            ["release", "import", &node.district].map(str::to_owned).to_vec();
        arguments.extend(paths.chain(["--receipts".to_owned(), receipts.clone()]));
        arguments
    };
    let failure = hub.fails(&import(&[last])).unwrap();
    assert!(failure.said.contains("send the missing ones first"), "{failure}");
    let whole = fs::read(first).unwrap();
    let cut = fixture.root().join("cut.envelope");
    fs::write(&cut, &whole[..whole.len() - 1]).unwrap();
    let failure = hub.fails(&import(&[&cut])).unwrap();
    assert!(failure.said.contains("signature does not hold"), "{failure}");
    assert_eq!(fixture.held(&node.district), held);

    let all_but_last: Vec<&PathBuf> = std::iter::once(first).chain(carried).collect();
    hub.run(&import(&all_but_last)).unwrap();
    let again = hub.run(&import(&[first])).unwrap();
    assert!(again.contains(id), "the receipt it got then: {again}");
    let taken = held + files.len() as u64 - 1;
    assert_eq!(fixture.held(&node.district), taken);
    let mut written: Vec<String> = fs::read_dir(&receipts)
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .collect();
    written.sort();
    let arguments = [vec!["release".to_owned(), "receipt".to_owned()], written.clone()].concat();
    node.program.run(&arguments).unwrap();
    let receipted = |node: &Node| {
        releases(node).iter().filter(|release| release["receipt_verified"] == true).count() as u64
    };
    assert_eq!(receipted(node), taken);
    let mut forged = fs::read(&written[0]).unwrap();
    *forged.last_mut().unwrap() ^= 1;
    let path = fixture.root().join("forged.receipt").display().to_string();
    fs::write(&path, forged).unwrap();
    let failure = node.program.fails(&["release", "receipt", &path]).unwrap();
    assert!(failure.said.contains("not signed by the hub"), "{failure}");
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
    assert!(!node.program.home().join("node.db-wal").exists(), "node.db alone is the whole of it");
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

    fs::copy(&before, &database).unwrap();
    let failure = node.program.fails(&export).unwrap();
    assert_eq!(failure.code, Some(4), "{failure}");
    assert!(failure.said.contains("restored from an old backup"), "{failure}");
    assert!(!to.exists());
}
