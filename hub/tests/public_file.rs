//! Official public files: stored whole or not at all on both databases, and
//! read from the command line as states publish them.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use peerlight_hub::{
    error::Error,
    hub::Hub,
    official_prior,
    public_file::{self, Done},
    store::{
        benchmark_run::{self, StoredRun},
        public_file::{self as store, Held},
    },
};
use peerlight_hub_engine::public::{
    Imported, PublicResult, PublicSchool, Tally,
    format::Format,
    intake::Stated,
    measure::{CAASPP_ELA, CAASPP_MATH, PublicMeasure},
};
use peerlight_proto::{
    group::{Flag, StudentGroup},
    names::SchoolId,
    units::{ContentHash, SchoolYear},
};

use crate::{
    command::{done, refused},
    databases::on_both_databases,
};

const HEADER: &str = "County Code^District Code^School Code^Test Year^Test ID^Student Group ID^\
                      Grade^Students with Scores^Percentage Standard Met and Above^Type ID\n";

fn caaspp(rows: &[&str]) -> String {
    let row = |row: &&str| format!("01^10017^{row}\n");
    HEADER.to_owned() + &rows.iter().map(row).collect::<String>()
}

fn year(ending: u32) -> SchoolYear {
    SchoolYear::ending(ending).unwrap()
}

fn names(text: &str) -> String {
    "County Code^District Code^School Code^Type ID^Test Year^County Name^District Name^School Name\n"
        .to_owned()
        + text
}

on_both_databases! {
    async fn a_file_replaces_its_series_and_year_and_the_same_bytes_change_nothing(world) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.txt");
        let import = async |format, text: String| {
            fs::write(&path, text).unwrap();
            public_file::import(&world.hub, format, path.clone(), Stated::default()).await
        };
        let results = async |id| store::results_of(&world.hub.store, id).await.unwrap();
        let school = "01100170112607";

        let first = caaspp(&[
            "0112607^2024^1^1^13^182^43.41^9",
            "0112607^2024^1^1^11^5^*^9",
            "0112608^2024^2^160^13^23^0^7",
            "0000000^2024^1^1^13^900^50^6",
        ]);
        let outcome = import(Format::Caaspp, first.clone()).await.unwrap();
        assert_eq!((outcome.done, outcome.held.results), (Done::New, 3));
        let found = results(school).await;
        let shown: Vec<_> =
            found.iter().map(|it| (it.group.to_string(), it.value, it.students)).collect();
        assert_eq!(
            shown,
            [
                ("all".to_owned(), Some(43.41), Some(182)),
                ("grade:11".to_owned(), None, Some(5)),
            ]
        );
        assert_eq!(results("01100170112608").await[0].value, Some(0.0), "a printed zero is zero");
        assert_eq!(results("01100170112608").await[0].students, Some(23));

        world.clock.advance(60);
        let again = import(Format::Caaspp, first).await.unwrap();
        assert_eq!(again.done, Done::Unchanged);
        assert_eq!(again.held, outcome.held, "not even the time of import");

        let earlier = caaspp(&["0112607^2023^1^1^13^180^40^9"]);
        import(Format::Caaspp, earlier).await.unwrap();
        let corrected = caaspp(&["0112607^2024^1^1^13^182^44^9"]);
        assert_eq!(import(Format::Caaspp, corrected).await.unwrap().done, Done::Replaced);
        let values: Vec<_> =
            results(school).await.iter().map(|it| (it.school_year, it.value)).collect();
        assert_eq!(values, [(year(2024), Some(44.0)), (year(2023), Some(40.0))]);
        assert!(results("01100170112608").await.is_empty(), "it is not in the later file");

        let broken = caaspp(&["0112607^2024^1^1^13^182^45^9", "0112609^2024^1^1^13^182^145^9"]);
        let error = import(Format::Caaspp, broken).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        assert_eq!(results(school).await[0].value, Some(44.0), "nothing of it was applied");

        let named = "01^10017^0112607^9^2024^Alameda^Alameda 100% COE^Envision\n\
                     01^10017^0112600^7^2024^Alameda^Alameda COE^Other\n";
        import(Format::CaasppEntities, names(named)).await.unwrap();
        let older = "01^10017^0112607^9^2022^Alameda^Alameda COE^Old Name\n";
        import(Format::CaasppEntities, names(older)).await.unwrap();
        let found = async |words| {
            let found = store::find_schools(&world.hub.store, words, 10).await.unwrap();
            found.into_iter().map(|it| (it.id.to_string(), it.name)).collect::<Vec<_>>()
        };
        let envision = vec![(school.to_owned(), "Envision".to_owned())];
        assert_eq!(found("envis").await, envision);
        assert_eq!(found("100% c").await, envision, "a percent sign is no wildcard");
        assert_eq!(found("0112607").await, envision);
        assert_eq!(found("alameda").await.len(), 2);
        assert!(found("no_such").await.is_empty());
        assert_eq!(store::list(&world.hub.store).await.unwrap().len(), 4);
    }
}

on_both_databases! {
    async fn more_results_than_one_statement_takes_are_stored(world) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.txt");
        let rows: Vec<String> =
            (2..1_302).map(|school| format!("{school:07}^2024^1^1^13^30^50.5^7")).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        fs::write(&path, caaspp(&rows)).unwrap();
        let stated = Stated::default();
        let outcome = public_file::import(&world.hub, Format::Caaspp, path, stated).await.unwrap();
        assert_eq!((outcome.held.schools, outcome.held.results), (1_300, 1_300));
        let last = store::results_of(&world.hub.store, "01100170001301").await.unwrap();
        assert_eq!(last[0].value, Some(50.5));
    }
}

/// A school's official number: id, name, measure, group, value.
pub type Number = (&'static str, &'static str, &'static PublicMeasure, StudentGroup, Option<f64>);

/// Puts official numbers of a year in a hub, as from a research file.
pub async fn hold(hub: &Hub, ending: u32, numbers: &[Number]) {
    let mut schools: Vec<PublicSchool> = Vec::new();
    let mut results = Vec::new();
    for (id, name, measure, group, value) in numbers {
        let known = schools.iter().position(|school| school.id.as_str() == *id);
        let school = known.unwrap_or(schools.len());
        if known.is_none() {
            schools.push(PublicSchool {
                id: SchoolId::new(*id).unwrap(),
                name: (*name).to_owned(),
                district: "Elsewhere <Unified>".to_owned(),
                county: "Alameda".to_owned(),
            });
        }
        let (group, value, students) = (*group, *value, Some(182));
        results.push(PublicResult { school, measure, group, value, students });
    }
    let rows = results.len() as u64;
    let not_published = results.iter().filter(|result| result.value.is_none()).count() as u64;
    let held = Held {
        source: "caaspp".to_owned(),
        school_year: year(ending),
        format: Format::Caaspp,
        file_name: format!("sb_ca{ending}.zip"),
        digest: ContentHash::of(&ending.to_le_bytes()),
        rows,
        schools: schools.len() as u64,
        results: rows,
        not_published,
        imported_at: hub.now(),
    };
    let imported = Imported {
        source: held.source.clone(),
        school_year: held.school_year,
        schools,
        results,
        figures: std::collections::BTreeMap::new(),
        tally: Tally { rows, not_published, ..Tally::default() },
    };
    store::replace(&hub.store, &held, &imported).await.unwrap();
}

on_both_databases! {
    async fn a_run_keeps_the_official_results_that_it_took(world) {
        let all = StudentGroup::All;
        let learners = StudentGroup::Flag(Flag::EnglishLearner);
        hold(&world.hub, 2024, &[("1", "", &CAASPP_ELA, all, Some(40.0))]).await;
        hold(&world.hub, 2025, &[
            ("1", "", &CAASPP_ELA, all, Some(45.5)),
            ("1", "", &CAASPP_ELA, learners, Some(9.0)),
            ("2", "", &CAASPP_ELA, all, None),
            ("3", "", &CAASPP_ELA, all, Some(0.0)),
            ("3", "", &CAASPP_MATH, all, Some(30.0)),
            ("99", "", &CAASPP_ELA, all, Some(50.0)),
        ]).await;
        // The charter's own year tells nothing of the year before it.
        hold(&world.hub, 2026, &[("1", "", &CAASPP_ELA, all, Some(90.0))]).await;
        let in_force = world.in_force().await;
        let official = official_prior::choose(&world.hub, &in_force).await.unwrap();
        let chosen: Vec<_> = official
            .iter()
            .map(|it| (it.measure.as_str(), it.school.as_str(), it.value))
            .collect();
        let expected = [("ela_met", "1", 45.5), ("ela_met", "3", 0.0), ("math_met", "3", 30.0)];
        assert_eq!(chosen, expected);
        let run = StoredRun {
            number: 1,
            charter: 1,
            directory: 1,
            seed: 1,
            finished_at: world.hub.now(),
            releases: std::collections::HashSet::new(),
            official: official.clone(),
        };
        benchmark_run::insert(&world.hub.store, &run).await.unwrap();
        hold(&world.hub, 2025, &[("1", "", &CAASPP_ELA, all, Some(99.0))]).await;
        let kept = benchmark_run::find(&world.hub.store, 1).await.unwrap().unwrap();
        assert_eq!(kept, run, "a later file changes no run");
        let anchors = official_prior::anchors(&in_force, &kept.official);
        let ela = anchors.values().next().unwrap();
        assert_eq!(ela.school_year, year(2025));
        assert_eq!((ela.results[&0], ela.results[&2], ela.results.len()), (45.5, 0.0, 2));
        assert_eq!(
            official_prior::words(&kept.official),
            [
                "ela_met from caaspp of 2024-25 (2 schools)",
                "math_met from caaspp of 2024-25 (1 schools)"
            ]
        );
    }
}

/// A hub in a folder of its own.
fn founded(folder: &Path) -> PathBuf {
    let home = folder.join("hub");
    done(&home, &["init", "--consortium", "valley", "--host", "localhost", "--grpc-port", "0"]);
    home
}

/// What a command prints with `--output json`.
fn json(home: &Path, arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&done(home, &[arguments, &["--output", "json"]].concat())).unwrap()
}

#[test]
fn a_bad_file_is_refused_with_every_fault_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = founded(folder.path());
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let good = write("good.txt", &caaspp(&["0112607^2024^1^1^13^182^43.41^9"]));
    let outcome = json(&home, &["public", "import", "caaspp", &good, "--year", "2023-24"]);
    assert_eq!((&outcome["state"], &outcome["results"]), (&"imported".into(), &1.into()));
    let before = done(&home, &["public", "list", "--output", "csv"]);
    for (name, text, expected) in [
        ("comma.txt", caaspp(&["0112607,2024,1,1,13,182,43.41,9"]), "line 2: has 3 cells"),
        ("old.txt", caaspp(&["0112607^2023^1^1^13^182^43.41^9"]), "line 2, column Test Year"),
        ("short.txt", HEADER.replace("Grade^", "Class^"), "line 1, column Grade: is missing"),
        (
            "twice.txt",
            caaspp(&["0112607^2024^1^1^13^1^4^9", "0112607^2024^1^001^13^2^5^9"]),
            "line 3: has the same school, measure and group as line 2",
        ),
        ("zeros.txt", caaspp(&["112607^2024^1^1^13^182^43.41^9"]), "dropped leading zeros"),
    ] {
        let path = write(name, &text);
        let import = ["public", "import", "caaspp", &path, "--year", "2023-24"];
        let (code, words) = refused(&home, &import);
        assert_eq!(code, Some(6), "{name}: {words}");
        assert!(words.contains(expected) && words.contains(name), "{name}: {words}");
    }
    assert_eq!(done(&home, &["public", "list", "--output", "csv"]), before);
    let (code, words) = refused(&home, &["public", "import", "nonsense", &good]);
    assert_eq!(code, Some(2));
    assert!(words.contains("dashboard-enrollment"), "every format is named: {words}");
    let (code, words) = refused(&home, &["public", "import", "cupc", &good]);
    assert_eq!(code, Some(2));
    assert!(words.contains("directory import --features cupc"), "{words}");
}

/// Official files that are not part of the project; tests that need them pass
/// where they are not there, and say so.
fn official(name: &str) -> Option<String> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = above.map(|folder| folder.join("shared/data").join(name)).find(|it| it.exists());
    if found.is_none() {
        eprintln!("{name} is not here: this test did nothing");
    }
    Some(found?.display().to_string())
}

fn unpacked(path: &str) -> String {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn results_that_california_published_in_2024_are_read_to_the_last_school() {
    let Some(path) = official("caaspp_california_2024/caaspp_2024_5counties.shared.csv.gz") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let home = founded(folder.path());
    let outcome = json(&home, &["public", "import", "caaspp", &path, "--year", "2024"]);
    // The file's own counts: 4,390 rows of schools, 5,734 in all.
    assert_eq!(outcome["rows"], 5_734);
    assert_eq!(outcome["results"], 4_390);
    assert_eq!(outcome["not_about_a_school"], 5_734 - 4_390);
    let hidden = unpacked(&path)
        .lines()
        .filter(|line| line.split(',').nth(5) == Some("S") && line.split(',').nth(17) == Some(""))
        .count();
    assert_eq!(outcome["not_published"], hidden);
    assert!(hidden > 500, "{hidden}");
    for ending in [2015, 2019, 2022, 2024, 2025] {
        let name = format!("caaspp_california_2024/entities_{ending}.shared.csv.gz");
        let path = official(&name).unwrap();
        let year = ending.to_string();
        let outcome = json(&home, &["public", "import", "caaspp-entities", &path, "--year", &year]);
        assert!(outcome["schools"].as_u64().unwrap() > 10_000, "{ending}: {outcome}");
    }
    let listed = json(&home, &["public", "list"]);
    assert_eq!(listed["public_files"].as_array().unwrap().len(), 6);
}

#[test]
fn results_that_colorado_published_are_read_with_their_marks() {
    let folder = tempfile::tempdir().unwrap();
    let home = founded(folder.path());
    for (ending, hidden_at_least) in [(2017, 1_000), (2018, 1_000), (2019, 1_000)] {
        let name = format!("colorado_cmas_2014_2025/cmas_{ending}.shared.csv.gz");
        let Some(path) = official(&name) else { return };
        let outcome = json(&home, &["public", "import", "cmas", &path]);
        assert_eq!(outcome["school_year"], SchoolYear::ending(ending).unwrap().to_string());
        assert!(outcome["results"].as_u64().unwrap() > 10_000, "{outcome}");
        assert!(outcome["not_published"].as_u64().unwrap() > hidden_at_least, "{outcome}");
    }
}

#[test]
fn official_counts_fill_the_features_of_the_directory() {
    let counts = [
        official("california_cupc_2019_2024/cupc_school_1920.shared.csv.gz"),
        official("california_cupc_2019_2024/cupc_school_2021.shared.csv.gz"),
        official("california_2018/frpm_2018_19.shared.csv.gz"),
    ];
    let [Some(first), Some(second), Some(meals)] = counts else { return };
    let folder = tempfile::tempdir().unwrap();
    let home = founded(folder.path());
    let schools = folder.path().join("schools.csv");
    let text = "school_id,lea_id,name,level,enrollment,pct_students_with_disabilities\n\
                01100170112607,0110017,Envision,high,1,9.5\n\
                01100170124172,0110017,Yu Ming,elementary,,\n\
                99999999999999,0110017,New School,high,50,\n";
    fs::write(&schools, text).unwrap();
    let schools = schools.display().to_string();
    let year = ["--school-year", "2020-21"];
    let import = ["directory", "import", &schools, "--features", "frpm", &meals, "--features"];
    done(&home, &[&import[..], &["cupc", &first], &year].concat());
    let shown = json(&home, &["directory", "show"]);
    let enrollment =
        |shown: &serde_json::Value, school: usize| shown["schools"][school]["enrollment"].as_u64();
    assert_eq!((enrollment(&shown, 0), enrollment(&shown, 1)), (Some(412), Some(487)));
    assert_eq!(enrollment(&shown, 2), Some(50), "a school that the file lacks stays as it is");
    // Without a list of schools the ones in force are brought up to date.
    done(&home, &[&["directory", "import", "--features", "cupc", &second][..], &year].concat());
    let later = json(&home, &["directory", "show"]);
    assert_eq!(later["schools"].as_array().unwrap().len(), 3);
    assert_ne!(enrollment(&later, 1), enrollment(&shown, 1));
    let other = folder.path().join("other.csv");
    fs::write(&other, "school_id,lea_id,name,level\n37,1,A,high\n").unwrap();
    let other = other.display().to_string();
    let import = ["directory", "import", &other, "--features", "cupc", &second];
    let (code, words) = refused(&home, &[&import[..], &year].concat());
    assert_eq!(code, Some(6), "{words}");
    assert!(words.contains("leading zeros"), "{words}");
}
