//! `measures`: the district's exact local values of every measure that its
//! columns allow, beside what was sent, the year before, and the network's
//! benchmarks; and of surveys without ids of students. Never sent.

mod surveys;

use std::collections::BTreeSet;

use clap::Args;
use peerlight_node_engine::measure::LocalTable;
use peerlight_proto::{
    charter::Charter,
    group::StudentGroup,
    names::{MeasureId, SchoolId},
    rounding,
    units::Grade,
};
use serde_json::{Value, json};

use self::surveys::Wanted;
use super::{
    Context,
    output::{Output, Table, print_json, say_absent_groups},
};
use crate::{
    approval::Approved,
    error::Error,
    local::{self, Beside},
    sent::{self, Sent},
    surveys::of_year,
    words,
};

/// Show exact local values of every measure, beside what was sent; never sent.
#[derive(Args)]
#[command(after_help = "Examples:
  peerlight-node measures
  peerlight-node measures --school 0612345 --groups --network
  peerlight-node measures --measure chronic_absence --grade 07 --sent
  peerlight-node measures --change --output csv > year.csv
  peerlight-node measures --surveys --output csv > climate.csv

Every measure of the catalogue whose columns were imported is computed here.
RELEASED says which of them the charter lets leave, with noise. SENT is what the
numbers that left say; CHANGE is this year's exact value less last year's, and
empty where the years cannot be compared.

--surveys shows what surveys without students' ids say, of students, staff and
parents; nothing of these is ever sent.

Exact values are for the district's own eyes. Rates are in percent.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct MeasuresArgs {
    /// One school; the whole district and every school if absent.
    #[arg(long, value_name = "ID")]
    school: Option<SchoolId>,
    /// One measure.
    #[arg(long, value_name = "ID")]
    measure: Option<MeasureId>,
    /// Also by student group.
    #[arg(long)]
    groups: bool,
    /// One student group: race:HI, gender:F, flag:EL.
    #[arg(long, value_name = "GROUP", conflicts_with = "groups")]
    group: Option<StudentGroup>,
    /// One grade.
    #[arg(long, value_name = "GRADE", conflicts_with_all = ["groups", "group"])]
    grade: Option<Grade>,
    /// What the noisy numbers say that were sent.
    #[arg(long)]
    sent: bool,
    /// Exact change since the year before.
    #[arg(long)]
    change: bool,
    /// Ask the hub for its estimate of each school and for the network's mean.
    #[arg(long)]
    network: bool,
    /// Only surveys without students' ids: of students, staff and parents.
    #[arg(long, conflicts_with_all = ["groups", "group", "grade", "sent", "change", "network"])]
    surveys: bool,
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// How the measures of surveys without ids of students begin.
const SURVEYED: &str = "cc_";

const COLUMNS: &[&str] = &[
    "school_id",
    "measure",
    "group",
    "students",
    "value",
    "network_estimate",
    "network_mean",
    "released",
    "sent",
    "change",
];

impl MeasuresArgs {
    fn wants_group(&self, group: StudentGroup) -> bool {
        let one = self.group.or(self.grade.map(StudentGroup::Grade));
        self.groups || group == one.unwrap_or(StudentGroup::All)
    }

    /// Whether only surveys without ids of students are wanted.
    fn is_of_surveys(&self) -> bool {
        let measure = self.measure.as_ref();
        self.surveys || measure.is_some_and(|it| it.as_str().starts_with(SURVEYED))
    }

    /// Which of their figures are wanted.
    fn surveyed(&self) -> Wanted<'_> {
        let measure = self.measure.as_ref().map(MeasureId::as_str);
        Wanted { school: self.school.as_ref(), measure }
    }

    fn wants_measure(&self, measure: &MeasureId) -> bool {
        self.measure.as_ref().is_none_or(|wanted| wanted == measure)
    }
}

/// What stands beside the exact values.
struct Besides {
    sent: Option<Sent>,
    before: Option<LocalTable>,
}

/// One measure of one group of a school, or of the district.
struct Row<'a> {
    school: Option<&'a SchoolId>,
    measure: &'a MeasureId,
    group: StudentGroup,
    numerator: i64,
    students: i64,
    value: f64,
    estimate: Option<String>,
    network_mean: Option<f64>,
    released: &'static str,
    sent: Option<f64>,
    change: Option<f64>,
}

pub async fn run(args: &MeasuresArgs, context: &Context) -> Result<(), Error> {
    let node = context.node(&[]).await?;
    let membership = node.membership()?;
    let approved = node.approved().await?;
    let charter = &approved.charter.document;
    let surveyed = of_year(&node, charter.school_year).await?;
    if args.is_of_surveys() {
        let directory = &approved.directory.document;
        let ours = |id: &SchoolId| directory.schools_of(&membership.member).any(|it| it.id == *id);
        check_school(args, ours)?;
        return surveys::print(&args.surveyed(), &surveyed, charter.school_year, args.output);
    }
    let values = local::table(&node, &membership, &approved).await?;
    check(args, &values)?;
    let besides = Besides {
        sent: if args.sent { Some(sent::sent(&node, &membership, &approved).await?) } else { None },
        before: if args.change {
            local::table_before(&node, &membership, &approved).await?
        } else {
            None
        },
    };
    let mut units: Vec<Option<&SchoolId>> = vec![None];
    units.extend(values.schools().iter().map(Some));
    units.retain(|unit| args.school.is_none() || *unit == args.school.as_ref());
    let mut rows = Vec::new();
    for unit in units {
        let network = match unit {
            Some(school) if args.network => local::beside(&node, school).await?,
            _ => Beside::new(),
        };
        rows.extend(rows_of(args, &approved, &values, &besides, &network, unit));
    }
    let notes = notes(args, charter, &values);
    let missing = local::not_offered(&approved);
    let absent = local::absent_groups(&node, &approved).await?;
    let elsewhere = local::growth_elsewhere(&node, &approved).await?;
    if args.output == Output::Json {
        let rows: Vec<Value> = rows.iter().map(Row::json).collect();
        return Ok(print_json(json!({
            "measures": rows, "not_offered": missing, "absent_groups": absent, "years": notes,
            "not_counted_in_warehouse": elsewhere,
            "surveys": surveys::to_json(&args.surveyed(), &surveyed),
        }))?);
    }
    let mut table = Table::new(COLUMNS);
    for row in &rows {
        table.push(row.cells());
    }
    table.print(args.output)?;
    surveys::print_below(&args.surveyed(), &surveyed, args.output)?;
    if args.change && besides.before.is_none() {
        let year = charter.school_year.earlier(1);
        eprintln!("No change is shown: no records of {year} are held.");
    }
    for note in &notes {
        eprintln!("{note}");
    }
    if !missing.is_empty() {
        eprintln!("Not offered: {}.", missing.join("; "));
    }
    say_absent_groups(charter.school_year, &absent);
    for sentence in elsewhere {
        eprintln!("Not shown: {sentence}.");
    }
    Ok(())
}

/// Refuses a school or measure that there is not.
fn check(args: &MeasuresArgs, values: &LocalTable) -> Result<(), Error> {
    check_school(args, |school| values.schools().binary_search(school).is_ok())?;
    let measure = args.measure.as_ref().filter(|it| !values.measures().any(|known| known == *it));
    measure.map_or(Ok(()), |measure| {
        Err(Error::Absent(format!(
            "there is no measure {measure} that the imported columns allow: \
             \"peerlight-node measures\" lists them"
        )))
    })
}

/// Refuses a school that is not the district's.
fn check_school(args: &MeasuresArgs, is_ours: impl FnOnce(&SchoolId) -> bool) -> Result<(), Error> {
    let Some(school) = &args.school else { return Ok(()) };
    if is_ours(school) {
        return Ok(());
    }
    Err(Error::Absent(format!("{school} is not a school of this district's directory")))
}

fn rows_of<'a>(
    args: &MeasuresArgs,
    approved: &Approved,
    values: &'a LocalTable,
    besides: &Besides,
    network: &Beside,
    unit: Option<&'a SchoolId>,
) -> Vec<Row<'a>> {
    let charter = &approved.charter.document;
    let exact = |table: &LocalTable, measure, group| match unit {
        Some(school) => table.school(school, measure, group),
        None => table.district(measure, group),
    };
    let mut rows = Vec::new();
    for measure in values.measures().filter(|measure| args.wants_measure(measure)) {
        let released = local::leaves(approved, measure).as_str();
        let before = besides.before.as_ref().filter(|_| local::parted(charter, measure).is_none());
        for &group in values.groups(measure).iter().filter(|group| args.wants_group(**group)) {
            let Some(value) = exact(values, measure, group) else { continue };
            let shown = |value: f64| local::shown(charter, measure, value);
            let prior = before.and_then(|table| exact(table, measure, group));
            let beside = network.get(&(measure.to_string(), group.to_string()));
            let sent = besides.sent.as_ref();
            rows.push(Row {
                school: unit,
                measure,
                group,
                numerator: value.numerator(),
                students: value.denominator(),
                value: shown(value.value()),
                estimate: beside.map(words::estimate),
                network_mean: beside.and_then(|row| row.network_mean),
                released,
                sent: sent.and_then(|sent| sent.value(charter, measure, unit, group)),
                change: prior
                    .map(|prior| rounding::change(shown(value.value()), shown(prior.value()))),
            });
        }
    }
    rows
}

/// What is said of the charter's year, and why years cannot be compared; each
/// sentence once, with the measures it is about.
fn notes(args: &MeasuresArgs, charter: &Charter, values: &LocalTable) -> Vec<String> {
    let mut said: Vec<(String, BTreeSet<&str>)> = Vec::new();
    for measure in values.measures().filter(|measure| args.wants_measure(measure)) {
        let own = local::said_of(charter, measure, charter.school_year);
        let parted = local::parted(charter, measure).filter(|_| args.change);
        for sentence in own.into_iter().chain(parted) {
            match said.iter_mut().find(|(known, _)| *known == sentence) {
                Some((_, measures)) => drop(measures.insert(measure.as_str())),
                None => said.push((sentence, [measure.as_str()].into())),
            }
        }
    }
    let listed = |measures: BTreeSet<&str>| measures.into_iter().collect::<Vec<_>>().join(", ");
    said.into_iter()
        .map(|(sentence, measures)| format!("{sentence} ({})", listed(measures)))
        .collect()
}

impl Row<'_> {
    fn cells(&self) -> Vec<String> {
        let one = |value: Option<f64>| value.map(|it| format!("{it:.1}")).unwrap_or_default();
        vec![
            self.school.map_or_else(|| "district".to_owned(), ToString::to_string),
            self.measure.to_string(),
            self.group.to_string(),
            self.students.to_string(),
            one(Some(self.value)),
            self.estimate.clone().unwrap_or_default(),
            one(self.network_mean),
            self.released.to_owned(),
            one(self.sent),
            one(self.change),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "school_id": self.school, "measure": self.measure, "group": self.group,
            "students": self.students, "numerator": self.numerator,
            "value": self.value, "network_mean": self.network_mean,
            "network_estimate": self.estimate, "released": self.released,
            "sent": self.sent, "change": self.change,
        })
    }
}
