//! A district whose warehouse counts its year, a real PostgreSQL: the same
//! numbers as from imported files, in the cells that the contribution journal
//! froze, or nothing at all.

use std::{collections::BTreeMap, fs, path::Path};

use peerlight_tests::harness::{Failure, Node, Program, Relay};
use serde_json::{Value, json};

use crate::{
    fixture::{Fixture, charges},
    warehouse::{PASSWORD, Warehouse},
};

const VIEW: &str = "analytics.student_years";

/// A value that nobody else has, in a column that stays in the warehouse.
const MARK: &str = "17.03125";

/// A district whose year is in its warehouse, behind a line that can be cut.
struct There {
    fixture: Fixture,
    warehouse: Warehouse,
    line: Relay,
}

impl There {
    fn new() -> Self {
        let mut made = None;
        let fixture = Fixture::fed(1, None, |node, folder| {
            edit(folder);
            let warehouse = Warehouse::of(folder);
            let line = Relay::to(warehouse.server.address()).unwrap();
            let url = Warehouse::url_at(line.address());
            let checked = node.program.json(&import(&url, VIEW, &warehouse, &["--dry-run"]));
            assert_eq!(checked.unwrap()["years"][0]["outcome"], "checked, not applied");
            assert_eq!(records(&node.program), json!([]));
            let done = node.program.json(&import(&url, VIEW, &warehouse, &[])).unwrap();
            assert_eq!(done["years"][0]["outcome"], "new", "{done}");
            assert_eq!(done["unknown_columns"], json!(["first_name"]));
            same_census(&done, folder);
            made = Some((warehouse, line));
        });
        let (warehouse, line) = made.unwrap();
        Self { fixture, warehouse, line }
    }

    fn node(&self) -> &Node {
        &self.fixture.nodes[0]
    }

    fn program(&self) -> &Program {
        &self.node().program
    }

    fn import<'a>(&'a self, url: &'a str, view: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        import(url, view, &self.warehouse, more)
    }

    /// A sync that draws nothing and pays for nothing.
    fn draws_nothing(&self, code: i32, told: &str) {
        let drawn = || {
            let listed = self.program().json(&["release", "list"]).unwrap();
            listed["releases"].as_array().unwrap().len()
        };
        let before = (charges(self.node()).len(), drawn());
        let failure = self.program().fails(&["sync"]).unwrap();
        assert_eq!(failure.code, Some(code), "{failure}");
        assert!(failure.said.contains(told), "{told}: {failure}");
        assert!(!failure.to_string().contains(PASSWORD), "{failure}");
        assert_eq!((charges(self.node()).len(), drawn()), before);
    }
}

/// The arguments that record a view's year.
fn import<'a>(
    url: &'a str,
    view: &'a str,
    warehouse: &'a Warehouse,
    more: &[&'a str],
) -> Vec<&'a str> {
    let password = warehouse.password.as_str();
    let first = ["import", "sql", url, "--view", view, "--pushdown", "--year", "2024-25"];
    [&first[..], &["--password-file", password], more].concat()
}

/// Takes the local id of every fifth student of the year, and marks one value.
fn edit(folder: &Path) {
    let path = folder.join("student_years_2025.csv");
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|it| it == name).unwrap();
    let (local, statewide, days) = (at("student_id"), at("statewide_id"), at("days_absent"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mut writer = csv::Writer::from_path(&path).unwrap();
    writer.write_record(&header).unwrap();
    for (number, row) in rows.iter().enumerate() {
        let cell = |(at, cell)| match at {
            at if at == local && number % 5 == 0 && !row[statewide].is_empty() => "",
            at if at == days && number == 1 => MARK,
            _ => cell,
        };
        writer.write_record(row.iter().enumerate().map(cell)).unwrap();
    }
    writer.flush().unwrap();
}

/// The years that are counted, as the node tells.
fn records(node: &Program) -> Value {
    node.json(&["records"]).unwrap()["records"].clone()
}

/// The report tells how many students each school has: those of the file.
fn same_census(done: &Value, folder: &Path) {
    let mut reader = csv::Reader::from_path(folder.join("student_years_2025.csv")).unwrap();
    let at = reader.headers().unwrap().iter().position(|it| it == "school_id").unwrap();
    let mut schools: BTreeMap<String, u64> = BTreeMap::new();
    for row in reader.records() {
        *schools.entry(row.unwrap()[at].to_owned()).or_default() += 1;
    }
    let told = done["students"][0]["by_school"].as_array().unwrap().iter();
    let told = told.map(|row| {
        (row["school_id"].as_str().unwrap().to_owned(), row["students"].as_u64().unwrap())
    });
    assert_eq!(told.collect::<BTreeMap<_, _>>(), schools);
}

/// The true values of every release that was drawn, counted again in the cells
/// of the journal.
fn truths(node: &Node) -> BTreeMap<(String, String), Vec<Value>> {
    let listed = node.program.json(&["release", "list"]).unwrap();
    let releases = listed["releases"].as_array().unwrap().iter();
    let truth = |release: &Value| {
        let text = |key: &str| release[key].as_str().unwrap().to_owned();
        let shown = node.program.json(&["release", "show", &text("release_id")]).unwrap();
        let cells = shown["cells"].as_array().unwrap().iter();
        let cells = cells.map(|cell| {
            json!([
                cell["margin"],
                cell["school_id"],
                cell["group"],
                cell["component"],
                cell["true"]
            ])
        });
        ((text("program"), text("period")), cells.collect())
    };
    releases.map(truth).collect()
}

fn approve(node: &Node, offer: &str) {
    let by = ["charter", "approve", "--name", "A. Example", "--title", "Superintendent", "--yes"];
    node.program.run(&[&by[..], &["--offer", offer]].concat()).unwrap();
}

/// What a node offers.
fn offered(node: &Node) -> String {
    let shown = node.program.json(&["charter", "show"]).unwrap();
    let offered = shown["approved"]["offered"].as_array().unwrap().iter();
    offered.map(|id| id.as_str().unwrap()).collect::<Vec<_>>().join(",")
}

fn measures(node: &Node) -> Value {
    let mut measures = node.program.json(&["measures", "--groups"]).unwrap();
    measures.as_object_mut().unwrap().remove("not_counted_in_warehouse");
    measures
}

#[test]
fn a_year_in_a_warehouse_is_counted_as_from_files_and_where_the_journal_froze_it() {
    let there = There::new();
    let files = Fixture::fed(1, None, |node, folder| {
        edit(folder);
        node.import(&folder.join("student_years_2025.csv"), None).unwrap();
    });
    let (there_node, here_node) = (there.node(), &files.nodes[0]);
    let all = offered(there_node);
    assert!(!all.contains("growth"), "{all}");
    assert!(all.matches(',').count() > 5, "{all}");
    approve(here_node, &all);

    // The district's own values, and what would leave.
    let before = measures(there_node);
    assert!(before["measures"].as_array().unwrap().len() > 20, "{before}");
    assert_eq!(before, measures(here_node));
    let preview = |node: &Node| node.program.json(&["preview"]).unwrap();
    assert_eq!(preview(there_node), preview(here_node));

    // One release, then students move and are recoded in the warehouse.
    approve(there_node, "enrolled");
    there_node.sync().unwrap();
    let first = truths(there_node);
    assert!(first.keys().all(|(program, _)| program == "enrolled"), "{:?}", first.keys());
    assert!(!first.is_empty());
    there.warehouse.execute(
        "UPDATE raw.student_year SET school_id = (SELECT max(school_id) FROM raw.student_year),
             gender = 'X', english_learner = NOT english_learner
         WHERE school_year = 2025 AND statewide_id IN (SELECT statewide_id
             FROM raw.student_year WHERE school_year = 2025 ORDER BY school_id LIMIT 20)",
    );
    assert_ne!(measures(there_node), before, "the district sees its rows as they are");
    approve(there_node, &format!("{all},chronic_absence_in_year"));
    let synced = there.program().json(&["sync"]).unwrap();
    let blocked = synced["blocked"].to_string();
    assert!(blocked.contains("a running count cannot be counted in the warehouse"), "{synced}");
    here_node.sync().unwrap();
    let (moved, never_moved) = (truths(there_node), truths(here_node));
    assert!(moved.len() > 5, "{:?}", moved.keys());
    assert_eq!(moved.keys().collect::<Vec<_>>(), never_moved.keys().collect::<Vec<_>>());
    for (release, truth) in &moved {
        assert!(truth.iter().any(|cell| cell[4] != 0), "{release:?}");
        assert_eq!(truth, &never_moved[release], "{release:?}");
    }
    crate::fixture::all_delivered_once(&there.fixture, there_node);

    // Nothing but ids, schools, groups and totals ever came.
    let traffic = there.line.traffic();
    let came = |text: &str| {
        traffic.iter().any(|it| it.down.windows(text.len()).any(|part| part == text.as_bytes()))
    };
    assert!(came("student_id"));
    assert!(!came(MARK), "a value left the warehouse");
    let kept = fs::read(there.program().home().join("node.db")).unwrap();
    assert!(!kept.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes()));

    // Single students are not here; imported files take the warehouse's place
    // when a person says so.
    let to = there.fixture.root().join("extract.csv").display().to_string();
    let asked = ["extract", "--name", "A. Example", "--to", &to, "--measure", "suspension"];
    let failure = there.program().fails(&asked).unwrap();
    assert!(failure.said.contains("import sql\" without --pushdown"), "{failure}");
    let folder = there.fixture.data.join(&there_node.district).join("student_years_2025.csv");
    let path = folder.display().to_string();
    let failure = there.program().fails(&["import", "csv", &path]).unwrap();
    assert_eq!(failure.code, Some(9), "{failure}");
    assert!(failure.said.contains("in the view analytics.student_years"), "{failure}");
    there.program().run(&["import", "csv", &path, "--accept-change"]).unwrap();
    assert_eq!(records(there.program())[0]["sources"], json!(["csv"]));
    assert_eq!(measures(there_node)["measures"], before["measures"]);
    let url = Warehouse::url_at(there.line.address());
    let again = there.import(&url, VIEW, &[]);
    assert_eq!(there.program().fails(&again).unwrap().code, Some(9));
    let audit = there.program().json(&["audit"]).unwrap().to_string();
    assert!(audit.contains("count in warehouse"), "{audit}");
}

#[test]
fn nothing_is_drawn_from_a_warehouse_that_is_away_or_is_not_what_was_seen() {
    let there = There::new();
    approve(there.node(), "enrolled");
    there.node().sync().unwrap();
    approve(there.node(), "enrolled,suspension");
    let (measures, paid) = (measures(there.node()), charges(there.node()).len());

    there.line.cut_after(0);
    there.draws_nothing(5, "cannot be reached");
    let failure = there.program().fails(&["measures"]).unwrap();
    assert_eq!(failure.code, Some(5), "{failure}");
    there.line.mend();
    there.line.cut_answers_after(20_000);
    there.draws_nothing(5, "broke before the last row");
    there.line.mend();

    let execute = |text: &str| there.warehouse.execute(text);
    execute("ALTER VIEW analytics.student_years RENAME COLUMN days_suspended TO days_out");
    there.draws_nothing(6, "no longer has days_suspended");
    execute("ALTER VIEW analytics.student_years RENAME COLUMN days_out TO days_suspended");
    execute("ALTER SCHEMA analytics RENAME TO elsewhere");
    there.draws_nothing(6, "no view or table analytics.student_years");
    execute("ALTER SCHEMA elsewhere RENAME TO analytics");
    execute("REVOKE SELECT ON analytics.student_years FROM warehouse_reader");
    there.draws_nothing(4, "may not read");
    execute("GRANT SELECT ON analytics.student_years TO warehouse_reader");

    execute("CREATE TABLE raw.kept AS SELECT * FROM raw.student_year WHERE school_year = 2025");
    let restore = "DELETE FROM raw.student_year WHERE school_year = 2025;
                   INSERT INTO raw.student_year SELECT * FROM raw.kept";
    for (statement, code, told) in [
        ("DELETE FROM raw.student_year WHERE school_year = 2025", 6, "no rows of 2024-25"),
        (
            "DELETE FROM raw.student_year WHERE school_year = 2025 AND grade_level < '05'",
            9,
            "changed more than expected",
        ),
        (
            "UPDATE raw.student_year SET days_suspended = 999 WHERE school_year = 2025",
            6,
            "values of days_suspended cannot be read",
        ),
        (
            "UPDATE raw.student_year SET school_id = '0' WHERE school_year = 2025",
            6,
            "school_id is not in the directory",
        ),
        (
            "UPDATE raw.student_year SET statewide_id = 'A' WHERE school_year = 2025",
            6,
            "statewide_id is there twice",
        ),
    ] {
        execute(statement);
        there.draws_nothing(code, told);
        execute(restore);
    }
    assert_eq!(self::measures(there.node()), measures);
    there.node().sync().unwrap();
    assert!(charges(there.node()).len() > paid, "what was due is drawn at last");
}

#[test]
fn a_view_that_an_import_would_refuse_is_not_recorded() {
    let there = There::new();
    there.warehouse.execute(
        "CREATE VIEW analytics.words AS SELECT school_year, school_id, student_id, statewide_id,
            grade_level, CASE WHEN days_absent > 1 THEN 'many' ELSE '0' END AS days_absent,
            to_jsonb(gender) AS gender FROM raw.student_year;
         CREATE VIEW analytics.twice AS SELECT * FROM raw.student_year
            UNION ALL (SELECT * FROM raw.student_year WHERE school_year = 2025 LIMIT 1);
         CREATE VIEW analytics.nobody AS SELECT school_year, school_id FROM raw.student_year;
         GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO warehouse_reader",
    );
    let before = (records(there.program()), measures(there.node()));
    let url = Warehouse::url_at(there.warehouse.server.address());
    let map = there.fixture.root().join("map.toml");
    fs::write(&map, "[constant]\ngender = \"F\"\n").unwrap();
    let map = map.display().to_string();
    let report = there.fixture.root().join("report");
    let folder = report.display().to_string();
    let unchanged = |failure: &Failure| {
        assert_eq!((records(there.program()), measures(there.node())), before, "{failure}");
    };
    for (view, told) in [
        ("analytics.words", "days_absent,is not a number,\"view analytics.words (\"\"many\"\")"),
        ("analytics.words", "gender,is not one of the column's codes,"),
        ("analytics.twice", "is there twice in 2024-25"),
        ("analytics.nobody", "student_id,is missing from the file's header"),
    ] {
        let failure =
            there.program().fails(&there.import(&url, view, &["--report", &folder])).unwrap();
        assert_eq!(failure.code, Some(6), "{failure}");
        let rows = fs::read_to_string(report.join("import-report.csv")).unwrap();
        assert!(rows.contains(told), "{told} in\n{rows}");
        unchanged(&failure);
    }
    for (more, code, told) in [
        (vec!["--map", &map], 6, "may only have [rename]"),
        (vec!["--as-of", "2025-06-01"], 2, "cannot be used with"),
    ] {
        let failure = there.program().fails(&there.import(&url, VIEW, &more)).unwrap();
        assert_eq!(failure.code, Some(code), "{failure}");
        assert!(failure.said.contains(told), "{told}: {failure}");
        unchanged(&failure);
    }
    let arguments = ["import", "sql", &url, "--view", VIEW, "--pushdown", "--password-file", "-"];
    let failure = there.program().fails(&arguments).unwrap();
    assert_eq!(failure.code, Some(2), "{failure}");
    unchanged(&failure);
}
