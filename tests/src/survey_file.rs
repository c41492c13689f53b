//! Answers of students as Qualtrics exports them, made from known ones.
//!
//! Three header rows: names, questions, ids of columns. Rows that must not
//! count (previews, unfinished answers, earlier answers of a student, answers
//! without an id) stand among those that do, drawn from a seed.

use std::path::Path;

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha20Rng;

/// Questions of a construct; of the second agreeing is bad.
pub const ITEMS: usize = 3;

/// The climate survey's constructs, in the order of their questions.
pub const CONSTRUCTS: [&str; 4] =
    ["climate_support", "climate_belonging", "climate_discipline", "climate_safety"];

/// Answers from 1 to 5, as the export spells them.
const LABELS: [&str; 5] =
    ["Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"];

/// Columns before the questions, what stands below them, and the ids below
/// that.
const LEADING: [[&str; 3]; 9] = [
    ["StartDate", "Start Date", "startDate"],
    ["EndDate", "End Date", "endDate"],
    ["Status", "Response Type", "status"],
    ["IPAddress", "IP Address", "ipAddress"],
    ["Finished", "Finished", "finished"],
    ["RecordedDate", "Recorded Date", "recordedDate"],
    ["ResponseId", "Response ID", "_recordId"],
    ["ExternalReference", "External Data Reference", "externalDataReference"],
    ["DistributionChannel", "Distribution Channel", "distributionChannel"],
];

/// One student's answers.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The district's id of the student.
    pub id: String,
    /// By construct, by question: 1 to 5, or not answered.
    pub said: [[Option<u8>; ITEMS]; 4],
}

impl Answers {
    /// The share of positive answers of each construct; none where fewer than
    /// two questions are answered.
    pub fn shares(&self) -> [Option<f64>; 4] {
        self.said.map(|said| {
            let is_positive = |(item, points): (usize, u8)| match item {
                1 => points <= 2,
                _ => points >= 4,
            };
            let answered: Vec<bool> = (0..)
                .zip(said)
                .filter_map(|(item, points)| points.map(|points| is_positive((item, points))))
                .collect();
            let positive = answered.iter().filter(|is_positive| **is_positive).count();
            (answered.len() >= 2).then(|| positive as f64 / answered.len() as f64)
        })
    }
}

fn question(construct: usize, item: usize) -> String {
    format!("Q{}_{}", construct + 1, item + 1)
}

/// The map's table of a construct.
fn table(construct: &str, items: &[String], reversed: &str) -> String {
    let first = format!("[construct.{construct}]\nscale = \"agree\"\n");
    first + &format!("items = {items:?}\nreversed = [{reversed:?}]\n")
}

/// The map of the survey.
pub fn map() -> String {
    let values: Vec<String> =
        (1..).zip(LABELS).map(|(points, label)| format!("\"{label}\" = {points}")).collect();
    let mut map = format!(
        "student_id = \"ExternalReference\"\n[scale.agree]\nvalues = {{ {} }}\n",
        values.join(", ")
    );
    for (construct, name) in CONSTRUCTS.iter().enumerate() {
        let items: Vec<String> = (0..ITEMS).map(|item| question(construct, item)).collect();
        let reversed = &items[1];
        map.push_str(&table(name, &items, reversed));
    }
    map
}

/// Writes the export; tells how many of its rows must not count.
pub fn write(path: &Path, answers: &[Answers], seed: u64) -> anyhow::Result<usize> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let row = |answers: &Answers, changes: &[(&str, &str)]| {
        let cell = |name: &str| match name {
            "Status" => "IP Address",
            "IPAddress" => "198.51.100.7",
            "Finished" => "True",
            "RecordedDate" => "2025-02-11 10:05:00",
            "DistributionChannel" => "email",
            _ => "",
        };
        let mut cells = Vec::new();
        for [name, ..] in LEADING {
            let changed = changes.iter().find(|(column, _)| *column == name);
            let own = if name == "ExternalReference" { answers.id.as_str() } else { cell(name) };
            cells.push(changed.map_or(own, |(_, text)| *text).to_owned());
        }
        let said = answers.said.iter().flatten();
        cells.extend(
            said.map(|points| {
                points.map_or("", |points| LABELS[usize::from(points) - 1]).to_owned()
            }),
        );
        cells.push("Kim said, \"no\"\nand left".to_owned());
        cells
    };
    let mut rows = Vec::new();
    for answers in answers {
        rows.push(row(answers, &[]));
        let mut earlier = answers.clone();
        earlier.said = [[Some(3); ITEMS]; 4];
        match random.random_range(0..10) {
            0 => rows.push(row(&earlier, &[("Status", "Survey Preview")])),
            1 => rows.push(row(&earlier, &[("Finished", "False")])),
            2 => rows.push(row(&earlier, &[("RecordedDate", "2025-02-10 23:59:59")])),
            3 => rows.push(row(&earlier, &[("ExternalReference", "")])),
            _ => {}
        }
    }
    let left_out = rows.len() - answers.len();
    rows.shuffle(&mut random);

    let questions = (0..CONSTRUCTS.len())
        .flat_map(|construct| (0..ITEMS).map(move |item| question(construct, item)))
        .chain(["Q5_TEXT".to_owned()]);
    let (mut names, mut texts, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for [name, text, id] in LEADING {
        names.push(name.to_owned());
        texts.push(text.to_owned());
        ids.push(format!("{{\"ImportId\":\"{id}\"}}"));
    }
    for name in questions {
        texts.push(format!("How is it at school? - {name}"));
        ids.push(format!("{{\"ImportId\":\"QID_{name}\"}}"));
        names.push(name);
    }
    let mut file = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_path(path)?;
    for row in [names, texts, ids].iter().chain(&rows) {
        file.write_record(row)?;
    }
    file.flush()?;
    Ok(left_out)
}
