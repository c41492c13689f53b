//! The part of `measures` about surveys without ids of students: exact, local,
//! never sent.

use std::io;

use peerlight_node_engine::respondent::SurveyValue;
use peerlight_proto::{names::SchoolId, units::SchoolYear};
use serde_json::{Value, json};

use super::super::output::{Output, Table, print_json};
use crate::{
    error::Error,
    surveys::{Surveyed, percent},
};

/// What stands under the table.
const NOTE: &str = "Figures of surveys without students' ids are exact and stay on this node: \
    nothing of them is sent. mean_of_shares is the measure: each respondent's share of positive \
    items, averaged. all_items is the share of all answered items together, where the file has \
    the items. Few respondents can be recognized in a figure: keep it among those who may know.";

/// Which figures are wanted.
pub struct Wanted<'a> {
    pub school: Option<&'a SchoolId>,
    pub measure: Option<&'a str>,
}

impl Wanted<'_> {
    fn wants(&self, value: &SurveyValue) -> bool {
        let school = self.school.is_none_or(|id| value.school.as_deref() == Some(id.as_str()));
        school && self.measure.is_none_or(|measure| value.measure == measure)
    }

    fn of<'a>(&self, all: &'a [Surveyed]) -> impl Iterator<Item = (&'a Surveyed, &'a SurveyValue)> {
        let each = all.iter().flat_map(|it| it.values.iter().map(move |value| (it, value)));
        each.filter(|(_, value)| self.wants(value))
    }
}

/// Prints these figures alone.
pub fn print(
    wanted: &Wanted<'_>,
    all: &[Surveyed],
    year: SchoolYear,
    output: Output,
) -> Result<(), Error> {
    if output == Output::Json {
        return Ok(print_json(json!({ "surveys": to_json(wanted, all) }))?);
    }
    table(wanted, all).print(output)?;
    if all.is_empty() {
        eprintln!(
            "No survey without students' ids is held of {year}: \"import survey\" reads one."
        );
    } else {
        eprintln!("{NOTE}");
    }
    Ok(())
}

/// Prints them below the measures of students, for people alone: rows of
/// another kind would break a program's CSV.
pub fn print_below(wanted: &Wanted<'_>, all: &[Surveyed], output: Output) -> io::Result<()> {
    if wanted.of(all).next().is_none() {
        return Ok(());
    }
    if output == Output::Csv {
        eprintln!("Surveys without students' ids are not in this CSV: add --surveys.");
        return Ok(());
    }
    println!();
    table(wanted, all).print(output)?;
    eprintln!("{NOTE}");
    Ok(())
}

fn table(wanted: &Wanted<'_>, all: &[Surveyed]) -> Table {
    let mut table = Table::new(&[
        "school_id",
        "measure",
        "answers_of",
        "source",
        "respondents",
        "mean_of_shares",
        "all_items",
        "items_answered",
        "as_of",
        "sent",
    ]);
    for (of, value) in wanted.of(all) {
        let pooled = value.items.map(|(positive, answered)| positive as f64 / answered as f64);
        let answered = value.items.map(|(_, answered)| answered.to_string());
        table.push(vec![
            value.school.clone().unwrap_or_else(|| "district".to_owned()),
            value.measure.clone(),
            of.respondent.to_string(),
            of.source.clone(),
            value.respondents.to_string(),
            percent(value.mean),
            pooled.map_or_else(|| "items not known".to_owned(), percent),
            answered.unwrap_or_default(),
            of.as_of.clone().unwrap_or_default(),
            "never".to_owned(),
        ]);
    }
    table
}

pub fn to_json(wanted: &Wanted<'_>, all: &[Surveyed]) -> Vec<Value> {
    let rows = wanted.of(all).map(|(of, value)| {
        json!({
            "school_id": value.school, "measure": value.measure,
            "respondent": of.respondent.as_str(), "source": of.source, "as_of": of.as_of,
            "respondents": value.respondents, "mean_of_shares": value.mean * 100.0,
            "positive_items": value.items.map(|(positive, _)| positive),
            "answered_items": value.items.map(|(_, answered)| answered),
            "released": "never",
        })
    });
    rows.collect()
}
