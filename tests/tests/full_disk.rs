//! A disk that is full: a clear sentence, and nothing half-applied.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use crate::fixture::{Fixture, all_delivered_once, charges, releases};

/// A small disk of its own; needs root to mount it.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, mebibytes: u32) -> Self {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={mebibytes}m");
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at)
            .status()
            .unwrap();
        assert!(status.success(), "mounting a small disk needs root: run the tests as root");
        Self(at.to_owned())
    }

    /// Fills it but for so many bytes; gives the file that does.
    fn fill_but(&self, left: u64) -> PathBuf {
        let path = self.fill();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(file.metadata().unwrap().len() - left).unwrap();
        path
    }

    /// Fills it to the last byte; gives the file that does.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("ballast");
        let mut file = File::create(&path).unwrap();
        let mut block = vec![0_u8; 1 << 16];
        while !block.is_empty() {
            while file.write_all(&block).is_ok() {}
            block.truncate(block.len() / 2);
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A program may still serve from it: the disk goes with the program. One
        // that stays mounted is in nobody's way but the next test's.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Puts a home on a small disk.
fn move_to(fixture: &Fixture, home: &Path) -> SmallDisk {
    let old = fixture.root().join("moved");
    fs::rename(home, &old).unwrap();
    let disk = SmallDisk::mount(home, 24);
    let copy = Command::new("cp").arg("-a").arg(old.join(".")).arg(home).status().unwrap();
    assert!(copy.success());
    disk
}

#[test]
fn a_sync_on_a_full_disk_spends_and_sends_nothing() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let disk = move_to(&fixture, node.program.home());
    let ballast = disk.fill();
    let failure = node.program.fails(&["sync"]).unwrap();
    assert!(failure.code.is_some() && !failure.said.contains("panicked"), "{failure}");
    fs::remove_file(ballast).unwrap();
    assert_eq!(charges(node).len(), releases(node).len());
    node.sync().unwrap();
    all_delivered_once(&fixture, node);
}

#[test]
fn an_import_on_a_full_disk_leaves_what_was_there() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let disk = move_to(&fixture, node.program.home());
    let before = node.program.json(&["records"]).unwrap();
    let ballast = disk.fill();
    let folder = fixture.data.join(&node.district);
    let changed = folder.join("student_years_2025.csv");
    let text = fs::read_to_string(&changed).unwrap();
    let shorter: Vec<&str> = text.lines().take(text.lines().count() - 3).collect();
    fs::write(&changed, shorter.join("\n")).unwrap();
    let import = ["import", "csv", &folder.display().to_string()];
    let failure = node.program.fails(&import).unwrap();
    assert!(failure.code.is_some() && !failure.said.contains("panicked"), "{failure}");
    fs::remove_file(ballast).unwrap();
    assert_eq!(node.program.json(&["records"]).unwrap(), before);
    node.program.run(&import).unwrap();
    assert_ne!(node.program.json(&["records"]).unwrap(), before);
}

#[test]
fn a_hub_whose_disk_fills_takes_releases_in_again_once_there_is_room() {
    let mut fixture = Fixture::new(1);
    fixture.consortium.stop();
    let disk = move_to(&fixture, fixture.consortium.hub.home());
    fixture.consortium.start().unwrap();
    let node = &fixture.nodes[0];

    // Room for a few releases, and not for all.
    let ballast = disk.fill_but(160 << 10);
    for _ in 0..3 {
        let failure = node.program.fails(&["sync"]).unwrap();
        assert_eq!(failure.code, Some(5), "{failure}");
        assert!(failure.said.contains("disk is full"), "{failure}");
    }
    fs::remove_file(ballast).unwrap();
    let receipts = || {
        let releases = releases(node).into_iter();
        releases.filter(|release| release["receipt_verified"] == true).count() as u64
    };
    let held = fixture.held(&node.district);
    assert_eq!(held, receipts(), "the hub holds what it gave receipts for");
    assert!(held > 0, "some fitted in before the disk was full");

    node.sync().unwrap();
    all_delivered_once(&fixture, node);
    assert!(fixture.held(&node.district) > held);
    let said = fixture.consortium.hub_said();
    assert!(said.contains("make room") && !said.contains("panicked"), "{said}");
}
