//! Asks what a district, a principal and a county office would ask: nodes over
//! gRPC, the hub over https.

use std::collections::BTreeSet;

use anyhow::Context;
use serde_json::Value;

use super::{
    answer::{Answers, LikeSchool, Peer, Publication, Release, Similar},
    build::Built,
    input::Input,
    progress::Progress,
};
use crate::harness::{Node, Rest};

/// Schools of each district that are asked for peers.
const SAMPLE: usize = 6;

/// The answers, and what did not hold.
pub struct Asked {
    /// What was answered.
    pub answers: Answers,
    /// What is wrong, in sentences.
    pub faults: Vec<String>,
}

/// Asks everything.
pub fn ask(built: &Built, input: &Input, progress: &Progress) -> anyhow::Result<Asked> {
    let mut faults = Vec::new();
    progress.step("checking receipts", built.nodes.len())?;
    let (mut releases, mut cells_sent, mut students) = (Vec::new(), 0, 0);
    for node in &built.nodes {
        let (held, cells) = releases_of(node)?;
        releases.extend(held);
        cells_sent += cells;
        students += students_of(node, input)?;
        progress.part()?;
    }
    if releases.is_empty() {
        faults.push("no district released anything".to_owned());
    }
    for release in releases.iter().filter(|release| !release.receipt_verified) {
        faults.push(format!(
            "release {} of {} has no verified receipt",
            release.id, release.district
        ));
    }

    progress.step("asking for like schools and peers", built.nodes.len())?;
    let (mut peers, mut answered, mut asked) = (Vec::new(), 0, 0);
    for node in &built.nodes {
        for school in sample(input, &node.district) {
            asked += 1;
            let found = peers_of(node, &school)?;
            answered += usize::from(found.is_some());
            peers.extend(found.into_iter().flatten());
        }
        progress.part()?;
    }
    if answered < asked {
        faults.push(format!("{} of {asked} peer questions were not answered", asked - answered));
    }
    if input.synthetic && peers.is_empty() {
        faults.push("no sample school has a peer".to_owned());
    }
    let school = peers.first().map_or_else(
        || input.schools.first().map(|school| school.id.clone()),
        |peer| Some(peer.school_id.clone()),
    );
    let similar = similar_of(built, input, &school.context("there is a school")?)?;
    if similar.like.is_empty() {
        faults.push(format!("school {} has no like schools", similar.school_id));
    }

    progress.step("asking the hub over https", 1)?;
    faults.extend(ask_hub(built, input)?);
    progress.step("verifying the publication", 1)?;
    let path = built.publication.clone();
    let verified = built.consortium.hub.json(&["verify", &path]);
    let verified = verified.is_ok_and(|found| found["verified"] == true);
    let publication = Publication { path, verified };
    if !publication.verified {
        faults.push(format!("publication {} does not verify", publication.path));
    }
    let answers = Answers {
        districts: input.districts.len(),
        schools: input.schools.len(),
        students,
        cells_sent,
        releases,
        similar,
        peers,
        publication,
        seconds: built.seconds,
    };
    Ok(Asked { answers, faults })
}

fn list<'a>(answer: &'a Value, name: &str) -> anyhow::Result<&'a Vec<Value>> {
    answer[name].as_array().with_context(|| format!("the answer has no list {name}: {answer}"))
}

fn text(value: &Value, name: &str) -> anyhow::Result<String> {
    let found = value[name].as_str().with_context(|| format!("{name} is missing in {value}"))?;
    Ok(found.to_owned())
}

fn number(value: &Value, name: &str) -> anyhow::Result<f64> {
    value[name].as_f64().with_context(|| format!("{name} is missing in {value}"))
}

/// A node's releases, and how many integers they sent.
fn releases_of(node: &Node) -> anyhow::Result<(Vec<Release>, u64)> {
    let answer = node.program.json(&["release", "list"])?;
    let sent = list(&answer, "releases")?;
    let releases = sent
        .iter()
        .map(|release| {
            Ok(Release {
                district: node.district.clone(),
                id: text(release, "release_id")?,
                receipt_verified: release["receipt_verified"] == true,
            })
        })
        .collect::<anyhow::Result<_>>()?;
    let preview = node.program.json(&["preview"])?;
    let is_sent = |row: &&Value| {
        sent.iter().any(|it| it["program"] == row["program"] && it["period"] == row["period"])
    };
    let cells = list(&preview, "programs")?.iter().filter(is_sent);
    Ok((releases, cells.filter_map(|row| row["cells"].as_u64()).sum()))
}

/// Students a node holds for the release year.
fn students_of(node: &Node, input: &Input) -> anyhow::Result<u64> {
    let answer = node.program.json(&["records"])?;
    let year = input.year.ending_year();
    let held = list(&answer, "records")?.iter().filter(|row| row["school_year"] == year);
    Ok(held.filter_map(|row| row["students"].as_u64()).sum())
}

/// Some schools of a district, spread over its list.
fn sample(input: &Input, district: &str) -> Vec<String> {
    let ours: Vec<&str> = input
        .schools
        .iter()
        .filter(|school| school.district == district)
        .map(|school| school.id.as_str())
        .collect();
    let every = ours.len().div_ceil(SAMPLE).max(1);
    ours.into_iter().step_by(every).map(str::to_owned).collect()
}

/// A school's peers in every growth measure; `None` if it was not answered.
fn peers_of(node: &Node, school: &str) -> anyhow::Result<Option<Vec<Peer>>> {
    let answer = node.program.json(&["peers", school])?;
    let answers = list(&answer, "answers")?;
    let explained = answers
        .iter()
        .all(|answer| answer["explanation"].as_str().is_some_and(|sentence| !sentence.is_empty()));
    if answers.is_empty() || !explained {
        return Ok(None);
    }
    let mut peers = Vec::new();
    for answer in answers {
        for peer in list(answer, "peers")? {
            peers.push(Peer {
                school_id: school.to_owned(),
                like_school_id: text(peer, "school_id")?,
                measure: text(answer, "measure")?,
                growth: number(peer, "growth")?,
                growth_interval: [number(peer, "growth_low")?, number(peer, "growth_high")?],
                probability_better: number(peer, "probability_better")?,
                stability: number(peer, "stability")?,
            });
        }
    }
    Ok(Some(peers))
}

/// The node that answers for a school.
fn node_of<'a>(built: &'a Built, input: &Input, school: &str) -> anyhow::Result<&'a Node> {
    let found = input.school(school).context("the school is in the directory")?;
    built
        .nodes
        .iter()
        .find(|node| node.district == found.district)
        .context("every district has a node")
}

fn similar_of(built: &Built, input: &Input, school: &str) -> anyhow::Result<Similar> {
    let answer = node_of(built, input, school)?.program.json(&["similar", school])?;
    let like = list(&answer, "like")?
        .iter()
        .map(|like| {
            Ok(LikeSchool {
                school_id: text(like, "school_id")?,
                distance: number(like, "distance")?,
                reasons: like["reasons"].clone(),
            })
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Similar { school_id: school.to_owned(), like })
}

/// Asks the hub as the principal and as the county office; gives what is wrong.
fn ask_hub(built: &Built, input: &Input) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    let client = |role: &str| {
        let user = built.users.iter().find(|user| user.role == role);
        let user = user.with_context(|| format!("there is a user for {role}"))?;
        let authority = built.consortium.authority();
        let rest = Rest::new(&authority, built.consortium.https, &user.name, &user.password)?;
        anyhow::Ok((rest, user.subject.clone()))
    };
    let ids = |answer: &Value| -> anyhow::Result<BTreeSet<String>> {
        list(answer, "like")?.iter().map(|like| text(like, "school_id")).collect()
    };
    let (principal, school) = client("principal")?;
    let there = ids(&principal.get(&format!("/schools/{school}/similar"))?)?;
    let here = ids(&node_of(built, input, &school)?.program.json(&["similar", &school])?)?;
    if there != here {
        faults.push(format!("hub and node disagree about the schools like {school}"));
    }
    let benchmarks = principal.get(&format!("/schools/{school}/benchmarks"))?;
    if list(&benchmarks, "benchmarks")?.is_empty() {
        faults.push(format!("school {school} has no benchmarks"));
    }
    principal.get(&format!("/schools/{school}/peers"))?;
    let elsewhere =
        input.schools.iter().find(|other| other.district != district_of(input, &school));
    if let Some(other) = elsewhere
        && principal.get(&format!("/schools/{}/benchmarks", other.id)).is_ok()
    {
        faults.push(format!("the principal of {school} may read {}", other.id));
    }
    let (office, _) = client("coe")?;
    let overseen = list(&office.get("/members")?, "members")?.len();
    if overseen != input.districts.len() {
        faults.push(format!(
            "the county office sees {overseen} of {} districts that granted it oversight",
            input.districts.len()
        ));
    }
    Ok(faults)
}

fn district_of<'a>(input: &'a Input, school: &str) -> &'a str {
    input.school(school).map_or("", |school| &school.district)
}
