//! Keeps `src/generated` in step with the `.proto` files.
//!
//! The generated code is committed, so a build needs neither `protoc` nor a
//! build script. When this test fails it has already written the new code:
//! read the diff and commit it.

use std::{fs, path::Path};

use prost::Message;

const FILES: [&str; 7] = [
    "peerlight/v1/document.proto",
    "peerlight/v1/membership.proto",
    "peerlight/v1/charter.proto",
    "peerlight/v1/directory.proto",
    "peerlight/v1/release.proto",
    "peerlight/v1/growth.proto",
    "peerlight/v1/benchmark.proto",
];

#[test]
fn generated_code_matches_the_proto_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = tempfile::tempdir().unwrap();
    let descriptors = protox::compile(FILES, [root]).unwrap();
    let encoded = descriptors.encode_to_vec();
    tonic_prost_build::configure().out_dir(fresh.path()).compile_fds(descriptors).unwrap();
    fs::write(fresh.path().join("descriptors.binpb"), encoded).unwrap();

    let mut stale = Vec::new();
    for name in ["peerlight.v1.rs", "descriptors.binpb"] {
        let committed = root.join("src/generated").join(name);
        let new = fs::read(fresh.path().join(name)).unwrap();
        if fs::read(&committed).ok().as_ref() != Some(&new) {
            fs::write(&committed, new).unwrap();
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "out of date and now rewritten: {stale:?}");
}
