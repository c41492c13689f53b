//! Where the public data sets are, and a consortium with a node for each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use peerlight_tests::harness::{Consortium, Foundation, Program, Programs};

/// The sets whose every file is in the table.
pub const SETS: [&str; 7] = [
    "edfi_sample",
    "oneroster_samples",
    "calpads_codes",
    "assessment_vendor_samples",
    "sgpdata_demo_state",
    "opensdp_texas_montucky",
    "eeptools",
];

/// A node for each set; each set is a district of its own.
pub struct Place {
    nodes: BTreeMap<&'static str, Program>,
    _consortium: Consortium,
    _folder: tempfile::TempDir,
}

/// The folder of the sets; none where they are not present, which is said.
pub fn sets() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut folders = above.map(|folder| folder.join("shared/data"));
    let found = folders.find(|folder| SETS.iter().all(|set| folder.join(set).is_dir()));
    if found.is_none() {
        eprintln!("the public data sets are not here: this test did nothing");
    }
    found
}

/// A word of a command: the file for `FILE`, a map's path for its name.
pub fn word(word: &str, file: &str) -> String {
    let maps = Path::new(env!("CARGO_MANIFEST_DIR")).join("maps");
    match word {
        "FILE" => file.to_owned(),
        map if maps.join(map).is_file() => maps.join(map).display().to_string(),
        word => word.to_owned(),
    }
}

/// Rows of a CSV file, by column.
pub fn rows(path: &Path) -> impl Iterator<Item = BTreeMap<String, String>> {
    let reader = csv::Reader::from_reader(MultiGzDecoder::new(File::open(path).unwrap()));
    reader.into_deserialize().map(Result::unwrap)
}

impl Place {
    /// A hub whose directory for 2024-25 has every school of the sets.
    pub fn new(sets: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("schools.csv");
        let mut writer = csv::Writer::from_path(&directory).unwrap();
        let columns =
            ["school_id", "lea_id", "name", "school_type", "level", "grade_low", "grade_high"];
        writer.write_record(columns).unwrap();
        for set in SETS {
            for school in schools(set, sets) {
                let row = [&school, set, &school, "regular", "k12", "TK", "12"];
                writer.write_record(row).unwrap();
            }
        }
        writer.flush().unwrap();
        let programs = Programs::beside_this_one().unwrap();
        let mut consortium =
            Consortium::found(&programs, folder.path(), &Foundation::default()).unwrap();
        let charter = Path::new(env!("CARGO_MANIFEST_DIR")).join("sgp/charter.toml");
        consortium.constitute(&directory, "2024-25", "public data", Some(&charter)).unwrap();
        consortium.start().unwrap();
        let node = |set: &&'static str| (*set, consortium.admit(set, set).unwrap().program);
        let nodes = SETS.iter().map(node).collect();
        Self { nodes, _consortium: consortium, _folder: folder }
    }

    /// The node of a set.
    pub fn node(&self, set: &str) -> &Program {
        &self.nodes[set]
    }
}

/// The schools of a set: read from it where it has many.
fn schools(set: &str, sets: &Path) -> BTreeSet<String> {
    let of = |file: &str, wanted: fn(&BTreeMap<String, String>) -> Option<&String>| {
        rows(&sets.join(set).join(file)).filter_map(|row| wanted(&row).cloned()).collect()
    };
    let known = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    match set {
        "edfi_sample" => known(&["255901001", "255901044", "255901107"]),
        // One bundle knows its school by another id than the others.
        "oneroster_samples" => known(&["History", "org-sch-222-456"]),
        "assessment_vendor_samples" => known(&[
            "100001",
            "1000_1000",
            "2000_2000",
            "255901322",
            "255901328",
            "255901330",
            "01",
            "S1",
        ]),
        "sgpdata_demo_state" => of("sgpData_LONG_reading.shared.csv.gz", |row| {
            let is_ours = row["DISTRICT_NUMBER"] == "470" && row["YEAR"] == "2024_2025";
            is_ours.then(|| &row["SCHOOL_NUMBER"])
        }),
        "opensdp_texas_montucky" => {
            of("synth_texas.shared.csv.gz", |row| Some(&row["school_code"]))
        }
        "eeptools" => of("stulevel.shared.csv.gz", |row| Some(&row["school"])),
        _ => BTreeSet::new(),
    }
}
