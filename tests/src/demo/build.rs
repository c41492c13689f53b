//! Builds the consortium: hub, members, data, two rounds of releases with the
//! growth tables between them, benchmarks, a publication.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::{
    Options,
    input::{District, Input},
    progress::Progress,
    user::{self, COUNTY_OFFICE, User},
};
use crate::{
    clock,
    harness::{Consortium, Foundation, Node, Programs},
};

/// How long the steps took, seconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Seconds {
    /// Importing every district's files.
    pub import: f64,
    /// The first round: counting, noise, charging, sealing and sending.
    pub release: f64,
    /// The second round: fetching the growth tables and releasing by them.
    pub sync: f64,
    /// The benchmark run.
    pub benchmark: f64,
}

/// A consortium that has released, compared and published.
pub struct Built {
    /// The hub and its addresses.
    pub consortium: Consortium,
    /// A node for each district of the input, in its order.
    pub nodes: Vec<Node>,
    /// One user for each role.
    pub users: Vec<User>,
    /// The publication's folder.
    pub publication: String,
    /// How long it took.
    pub seconds: Seconds,
}

/// Builds it in `place`.
pub fn build(
    options: &Options,
    input: &Input,
    programs: &Programs,
    place: &Path,
    progress: &Progress,
) -> anyhow::Result<Built> {
    progress.step("founding the hub", 1)?;
    let how = Foundation { database: options.database.clone(), ..Foundation::default() };
    let mut consortium = Consortium::found(programs, place, &how)?;
    consortium.constitute(
        &input.directory,
        &input.year.to_string(),
        &input.features_source,
        options.charter.as_deref(),
    )?;
    consortium.start()?;

    progress.step("admitting districts", input.districts.len())?;
    let mut nodes = Vec::new();
    for district in &input.districts {
        nodes.push(consortium.admit(&district.id, &district.name)?);
        progress.part()?;
    }
    oversee(&consortium, &input.districts)?;

    let mut seconds = Seconds::default();
    progress.step("importing student years", nodes.len())?;
    seconds.import = each(&nodes, progress, |node, position| {
        node.import(&input.districts[position].student_years, options.map.as_deref())?;
        node.approve()
    })?;
    progress.step("releasing: first round", nodes.len())?;
    seconds.release = each(&nodes, progress, |node, _| node.sync())?;
    progress.step("pooling growth", 1)?;
    consortium.hub.run(&["growth", "close"])?;
    progress.step("releasing: growth, second round", nodes.len())?;
    seconds.sync = each(&nodes, progress, |node, _| node.sync())?;
    progress.step("computing benchmarks", 1)?;
    let (ran, benchmark) = clock::timed(|| consortium.hub.run(&["benchmark", "run"]));
    ran?;
    seconds.benchmark = benchmark;
    progress.step("publishing", 1)?;
    let published = consortium.hub.json(&["publish"])?;
    let publication = published["path"].as_str().context("a publication has a path")?.to_owned();
    let school = input.schools.first().context("schools.csv lists no school")?;
    let users = user::add_all(&consortium.hub, input, &school.id)?;
    Ok(Built { consortium, nodes, users, publication, seconds })
}

/// Adds the county office, and every district's grant to it.
fn oversee(consortium: &Consortium, districts: &[District]) -> anyhow::Result<()> {
    let hub = &consortium.hub;
    let named = ["--name", "Example County Office of Education", "--kind", "coe"];
    hub.run(&[&["member", "add", COUNTY_OFFICE][..], &named].concat())?;
    let today = clock::today().to_string();
    for district in districts {
        let signed = ["--signed-by", "A. Example", "--title", "Superintendent", "--date", &today];
        hub.run(
            &[&["member", "grant", &district.id, "--to", COUNTY_OFFICE][..], &signed].concat(),
        )?;
    }
    Ok(())
}

/// Does something for every node; gives the seconds it took.
fn each(
    nodes: &[Node],
    progress: &Progress,
    work: impl Fn(&Node, usize) -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    let (done, seconds) = clock::timed(|| {
        nodes.iter().enumerate().try_for_each(|(position, node)| {
            work(node, position).with_context(|| format!("district {}", node.district))?;
            progress.part()
        })
    });
    done.map(|()| seconds)
}
