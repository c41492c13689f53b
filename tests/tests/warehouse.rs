//! A district's year from a view of its own warehouse, a real PostgreSQL: the
//! same student years as from CSV, or nothing at all.

use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use peerlight_node_engine::student::{Column, Kind};
use peerlight_tests::harness::{Failure, Postgres, Program, Relay, free_address};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::fixture::{Fixture, held};

pub const PASSWORD: &str = "correct horse";

/// Views that cannot be read to the end, each for its own reason.
const FAULTY: &str =
    "CREATE VIEW analytics.words AS SELECT school_year, school_id, student_id, grade_level,
        CASE WHEN days_absent > 1 THEN 'many' ELSE days_absent::text END AS days_absent,
        to_jsonb(gender) AS gender FROM raw.student_year;
    CREATE VIEW analytics.no_student AS SELECT school_year, school_id FROM raw.student_year;
    CREATE VIEW analytics.twice AS SELECT * FROM raw.student_year
        UNION ALL (SELECT * FROM raw.student_year ORDER BY student_id LIMIT 1);
    CREATE VIEW analytics.failing AS SELECT school_year, school_id, student_id,
        ('x' || student_id)::integer AS days_absent FROM raw.student_year;
    CREATE VIEW analytics.endless AS SELECT school_year, student_id,
        repeat('9', 20000) AS days_absent FROM raw.student_year;
    CREATE TABLE raw.seen (student text);
    CREATE FUNCTION raw.write(student text) RETURNS text LANGUAGE sql VOLATILE
        SECURITY DEFINER AS 'INSERT INTO raw.seen VALUES (student) RETURNING student';
    CREATE VIEW analytics.writing AS
        SELECT school_year, school_id, raw.write(student_id) AS student_id FROM raw.student_year;
    GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO warehouse_reader;
    GRANT USAGE ON SCHEMA raw TO warehouse_reader;
    CREATE VIEW analytics.closed AS SELECT * FROM raw.student_year";

/// A district that has imported CSV, and a warehouse with the same students.
struct District {
    fixture: Fixture,
    warehouse: Warehouse,
}

/// A warehouse with a district's student years, and who may read them.
pub struct Warehouse {
    pub server: Postgres,
    /// The path of the file with the reader's password.
    pub password: String,
}

impl Warehouse {
    /// A warehouse with the files of a folder, its password in a file beside
    /// them.
    pub fn of(folder: &Path) -> Self {
        Self::on(Postgres::start().unwrap(), folder)
    }

    /// The same on this server.
    pub fn on(server: Postgres, folder: &Path) -> Self {
        let password = folder.join("password").display().to_string();
        fs::write(&password, format!("{PASSWORD}\n")).unwrap();
        let warehouse = Self { server, password };
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let years = files.iter().filter(|file| file.display().to_string().contains("years"));
        warehouse.execute("CREATE SCHEMA raw; CREATE SCHEMA analytics");
        warehouse.execute(&table_of(&years.map(PathBuf::as_path).collect::<Vec<_>>()));
        warehouse.execute(&format!(
            "CREATE VIEW analytics.student_years AS
                 SELECT *, 'Ada'::text AS first_name FROM raw.student_year;
             CREATE ROLE warehouse_reader LOGIN PASSWORD '{PASSWORD}';
             GRANT USAGE ON SCHEMA analytics TO warehouse_reader;
             GRANT SELECT ON analytics.student_years TO warehouse_reader"
        ));
        warehouse
    }

    pub fn execute(&self, statements: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut database = PgConnection::connect(&self.server.url()).await.unwrap();
            let done = sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut database).await;
            done.unwrap();
            database.close().await.unwrap();
        });
    }

    /// Its address, as the reader.
    pub fn url_at(at: SocketAddr) -> String {
        format!("postgres://warehouse_reader@{at}/postgres")
    }
}

impl District {
    fn new() -> Self {
        let fixture = Fixture::new(1);
        let warehouse = Warehouse::of(&fixture.data.join(&fixture.nodes[0].district));
        Self { fixture, warehouse }
    }

    fn program(&self) -> &Program {
        &self.fixture.nodes[0].program
    }

    /// The arguments of an import in place of the CSV files.
    fn import<'a>(&'a self, url: &'a str, view: &'a str) -> [&'a str; 9] {
        let password = &self.warehouse.password;
        ["import", "sql", url, "--view", view, "--source", "csv", "--password-file", password]
    }

    fn refused(&self, arguments: &[&str]) -> Failure {
        self.program().fails(arguments).unwrap()
    }

    fn measures(&self) -> Value {
        self.program().json(&["measures", "--groups"]).unwrap()
    }

    fn preview(&self) -> Value {
        self.program().json(&["preview"]).unwrap()
    }

    /// What is in force and on the disk.
    fn state(&self) -> (Value, Value, Vec<PathBuf>) {
        held(self.program())
    }
}

/// A table of typed columns with the rows of some files.
fn table_of(files: &[&Path]) -> String {
    let mut text = String::new();
    for (position, file) in files.iter().enumerate() {
        let mut reader = csv::Reader::from_path(file).unwrap();
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let typed = header.iter().map(|name| format!("{name} {}", type_of(name)));
        if position == 0 {
            let columns: Vec<String> = typed.collect();
            let _ = writeln!(text, "CREATE TABLE raw.student_year ({});", columns.join(", "));
        }
        let _ = write!(text, "INSERT INTO raw.student_year ({}) VALUES ", header.join(", "));
        for (number, row) in reader.records().enumerate() {
            let row = row.unwrap();
            let cells: Vec<String> = row.iter().map(literal).collect();
            let comma = if number == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}({})", cells.join(", "));
        }
        text.push_str(";\n");
    }
    text
}

fn literal(cell: &str) -> String {
    if cell.is_empty() { "NULL".to_owned() } else { format!("'{}'", cell.replace('\'', "''")) }
}

/// How a warehouse might keep a column.
fn type_of(name: &str) -> &'static str {
    match Column::from_name(name).unwrap().kind() {
        Kind::Flag => "boolean",
        Kind::Number(..) => "numeric",
        Kind::Whole(..) => "smallint",
        Kind::Date => "date",
        Kind::Key if name == "school_year" => "integer",
        _ => "text",
    }
}

#[test]
fn a_view_makes_the_same_student_years_as_the_files() {
    let district = District::new();
    let (measures, preview) = (district.measures(), district.preview());
    assert!(measures["measures"].as_array().unwrap().len() > 20, "{measures}");

    let url = Warehouse::url_at(district.warehouse.server.address());
    let import = district.import(&url, "analytics.student_years");
    let before = district.state();
    let checked = district.program().json(&[&import[..], &["--dry-run"]].concat()).unwrap();
    assert_eq!(checked["years"][0]["outcome"], "checked, not applied");
    assert_eq!(checked["unknown_columns"], json!(["first_name"]));
    assert_eq!(district.state(), before);

    let done = district.program().json(&import).unwrap();
    let years = done["years"].as_array().unwrap();
    assert_eq!(years.len(), 3);
    for year in years {
        assert_eq!(year["outcome"], "replaced", "{done}");
    }
    assert_eq!((district.measures(), district.preview()), (measures.clone(), preview));
    let (_, sources, _) = district.state();
    assert!(sources.to_string().contains("view analytics.student_years"), "{sources}");
    let again = district.program().json(&import).unwrap();
    assert_eq!(again["years"][0]["outcome"], "unchanged");

    // One year of the two, under other names, by a password of the environment.
    district.warehouse.execute(
        "UPDATE raw.student_year SET days_absent = 179 WHERE student_id IN
             (SELECT student_id FROM raw.student_year LIMIT 20);
         CREATE VIEW analytics.ours AS
             SELECT school_year - 1 AS from_year, student_year.* FROM raw.student_year;
         ALTER VIEW analytics.ours RENAME COLUMN school_year TO ending;
         GRANT SELECT ON analytics.ours TO warehouse_reader",
    );
    let map = district.fixture.root().join("map.toml");
    let text = "[rename]\nfrom_year = \"school_year\"\n\
                [value.school_year]\n2024 = \"2025\"\n2023 = \"2024\"\n2022 = \"2023\"\n";
    fs::write(&map, text).unwrap();
    let map = map.display().to_string();
    let mut other = vec!["import", "sql", &url, "--view", "analytics.ours", "--source", "csv"];
    other.extend(["--map", &map, "--year", "2024-25", "--output", "json"]);
    let output = district.program().command(&other).env("PGPASSWORD", PASSWORD).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    let years = done["years"].as_array().unwrap();
    assert_eq!((years.len(), &years[0]["school_year"]), (1, &json!(2025)), "{done}");
    assert_eq!(done["filtered"], before_rows(&before, &[2023, 2024]));
    assert_ne!(district.measures(), measures, "what the warehouse says now is counted");
}

/// How many rows of some years were held.
fn before_rows((_, sources, _): &(Value, Value, Vec<PathBuf>), years: &[u64]) -> u64 {
    let rows = sources["sources"].as_array().unwrap().iter();
    let rows = rows.filter(|row| years.iter().any(|year| row["school_year"] == *year));
    rows.map(|row| row["rows"].as_u64().unwrap()).sum()
}

#[test]
fn a_warehouse_that_is_not_read_to_the_end_leaves_everything_as_it_was() {
    let district = District::new();
    district.warehouse.execute(FAULTY);
    let (state, measures) = (district.state(), district.measures());
    let unchanged = |failure: &Failure| {
        assert_eq!(district.state(), state, "{failure}");
        for id in district.fixture.ids() {
            assert!(id.len() < 5 || !failure.said.contains(&id), "{id} is shown in {failure}");
        }
        assert!(!failure.to_string().contains(PASSWORD), "{failure}");
    };
    let url = Warehouse::url_at(district.warehouse.server.address());
    for (view, code, told) in [
        ("analytics.words", 6, "the files were refused"),
        ("analytics.no_student", 6, "the files were refused"),
        ("analytics.twice", 6, "the files were refused"),
        ("analytics.endless", 6, "the files were refused"),
        ("analytics.failing", 6, "could not answer (22P02)"),
        ("analytics.writing", 6, "could not answer (25006)"),
        ("analytics.absent", 6, "no view or table analytics.absent"),
        ("absent.student_years", 6, "no view or table absent.student_years"),
        ("analytics.closed", 4, "warehouse_reader may not read analytics.closed"),
        ("analytics.student_years; DROP TABLE raw.seen", 2, "the name of a view is"),
    ] {
        let failure = district.refused(&district.import(&url, view));
        assert_eq!(failure.code, Some(code), "{failure}");
        assert!(failure.said.contains(told), "{told}: {failure}");
        unchanged(&failure);
    }

    // All that is wrong is told at once, by column and row.
    let report = district.fixture.root().join("report");
    let folder = report.display().to_string();
    for (view, told) in [
        (
            "analytics.words",
            "days_absent,is not a number,\"view analytics.words row 1 (\"\"many\"\")",
        ),
        (
            "analytics.words",
            "gender,is not one of the column's codes,\"view analytics.words row 1 ",
        ),
        ("analytics.no_student", "student_id,is missing from the file's header,view analytics.no_"),
        ("analytics.twice", "student_id,is there twice in 20"),
        ("analytics.endless", "has 10,000 characters or more\",view analytics.endless row 1"),
    ] {
        let import = district.import(&url, view);
        let failure = district.refused(&[&import[..], &["--report", &folder]].concat());
        let rows = fs::read_to_string(report.join("import-report.csv")).unwrap();
        assert!(rows.contains(told), "{told} in\n{rows}");
        unchanged(&failure);
    }

    let whole = "analytics.student_years";
    fs::write(&district.warehouse.password, "wrong horse\n").unwrap();
    let failure = district.refused(&district.import(&url, whole));
    assert_eq!(failure.code, Some(4), "{failure}");
    assert!(failure.said.contains("does not let warehouse_reader in"), "{failure}");
    unchanged(&failure);
    fs::write(&district.warehouse.password, format!("{PASSWORD}\n")).unwrap();

    let shown = url.replace('@', ":correct@");
    let away = Warehouse::url_at(free_address().unwrap());
    let other = url.replace("/postgres", "/other");
    for (url, code, told) in [
        (shown.as_str(), 2, "the address has a password"),
        (&away, 5, "cannot be reached"),
        (&other, 6, "no database of that name"),
        ("postgres://warehouse_reader@db.invalid/w?sslmode=disable", 2, "unencrypted"),
    ] {
        let failure = district.refused(&district.import(url, whole));
        assert_eq!(failure.code, Some(code), "{failure}");
        assert!(failure.said.contains(told), "{told}: {failure}");
        unchanged(&failure);
    }

    // The line is cut while rows come; then it holds.
    let relay = Relay::to(district.warehouse.server.address()).unwrap();
    let url = Warehouse::url_at(relay.address());
    let import = district.import(&url, whole);
    relay.cut_answers_after(30_000);
    let failure = district.refused(&import);
    assert_eq!(failure.code, Some(5), "{failure}");
    assert!(failure.said.contains("broke before the last row"), "{failure}");
    unchanged(&failure);
    relay.mend();
    let done = district.program().json(&import).unwrap();
    assert_eq!(done["years"][0]["outcome"], "replaced");
    assert_eq!(district.measures(), measures);
}
