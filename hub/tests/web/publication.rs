//! Publishing, downloading, verifying, and what happens to a copy that was
//! tampered with.

use std::{fs, path::Path};

use peerlight_hub::{
    error::Error,
    publication::{
        PublicationError,
        verify::{VerifyError, verify},
        write::publish,
    },
};
use peerlight_proto::names::ReleaseId;

use super::consortium::{RUNTIME, shared};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[test]
fn a_publication_verifies_until_one_byte_changes_and_is_never_written_again() {
    RUNTIME.block_on(async {
        let one = shared().await;
        let name = ReleaseId::new("2026-F").unwrap();
        let published = publish(&one.hub, Some(name.clone())).await.unwrap();
        let root = one.hub.keys.root_public();

        let verified = verify(&published.folder, Some(&root)).unwrap();
        assert!(verified.root_key_known);
        assert_eq!(verified.manifest, published.manifest);
        assert!(!verify(&published.folder, None).unwrap().root_key_known);
        assert!(matches!(
            verify(&published.folder, Some(&[7; 32])),
            Err(VerifyError::Chain { .. })
        ));

        let again = publish(&one.hub, Some(name)).await;
        assert!(matches!(again, Err(Error::Publication(PublicationError::Taken(_)))));

        let files: Vec<&str> =
            published.manifest.files.iter().map(|entry| entry.name.as_str()).collect();
        let schools = ["school_benchmarks", "noisy_cells", "consistent_cells"];
        for name in ["network_benchmarks", "totals", "coverage"].into_iter().chain(schools) {
            for ending in ["csv", "json", "parquet"] {
                assert!(files.contains(&format!("{name}.{ending}").as_str()), "{name}.{ending}");
            }
        }
        let all = files.into_iter().chain(["manifest.json", "manifest.sig", "hub-keys.bin"]);
        for name in all {
            let tampered = one.folder().join(format!("tampered-{name}"));
            copy(&published.folder, &tampered);
            let mut bytes = fs::read(tampered.join(name)).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(tampered.join(name), bytes).unwrap();
            assert!(verify(&tampered, Some(&root)).is_err(), "{name}");
        }
        let added = one.folder().join("added");
        copy(&published.folder, &added);
        fs::write(added.join("more.csv"), "x").unwrap();
        fs::remove_file(added.join("method.md")).unwrap();
        let Err(VerifyError::Altered(faults)) = verify(&added, Some(&root)) else {
            panic!("a file more and a file less were not noticed")
        };
        assert_eq!(faults, ["method.md is missing", "more.csv was added"]);

        let mut browser = one.signed_in("ann").await;
        let page = browser.get("/publications").await.body;
        assert!(page.contains("2026-F") && page.contains("network_benchmarks.csv"));
        let answer = browser.get("/publications/2026-F/network_benchmarks.csv").await;
        let written = fs::read_to_string(published.folder.join("network_benchmarks.csv")).unwrap();
        assert_eq!((answer.status, answer.body), (200, written));
        let network = browser.get("/api/v1/network").await.json();
        let rows = network["distributions"].as_array().unwrap();
        let of = |row: &serde_json::Value, name: &str| row[name].as_f64();
        let shown = rows.iter().filter(|row| of(row, "network_value").is_some());
        assert!(shown.clone().count() > 0);
        for row in shown {
            let value = of(row, "network_value");
            assert!(
                of(row, "network_value_low") <= value && value <= of(row, "network_value_high")
            );
        }
        let listed = browser.get("/api/v1/publications").await.json();
        assert_eq!(listed["publications"][0]["version"], "2026-F");
    });
}
