//! What the demo found, as people and as programs read it.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use super::{build::Seconds, input::Input};

/// Everything that `--check --output json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Answers {
    /// How many districts.
    pub districts: usize,
    /// How many schools.
    pub schools: usize,
    /// How many students in the release year.
    pub students: u64,
    /// How many noisy integers the hub holds.
    pub cells_sent: u64,
    /// Every release of every district.
    pub releases: Vec<Release>,
    /// The like schools of one school.
    pub similar: Similar,
    /// The peers of the schools that were asked about.
    pub peers: Vec<Peer>,
    /// What was published.
    pub publication: Publication,
    /// How long it took, seconds.
    pub seconds: Seconds,
}

/// One release.
#[derive(Clone, Debug, Serialize)]
pub struct Release {
    /// Whose.
    pub district: String,
    /// Which.
    #[serde(rename = "release_id")]
    pub id: String,
    /// Whether the node holds a receipt of the hub that it could verify.
    pub receipt_verified: bool,
}

/// A school and its like schools.
#[derive(Clone, Debug, Serialize)]
pub struct Similar {
    /// The school that was asked about.
    pub school_id: String,
    /// Its like schools, nearest first.
    pub like: Vec<LikeSchool>,
}

/// One like school.
#[derive(Clone, Debug, Serialize)]
pub struct LikeSchool {
    /// Which.
    pub school_id: String,
    /// How like; 0 is identical.
    pub distance: f64,
    /// Why, feature by feature.
    pub reasons: Value,
}

/// One peer.
#[derive(Clone, Debug, Serialize)]
pub struct Peer {
    /// The school that was asked about.
    pub school_id: String,
    /// The like school that grows faster.
    pub like_school_id: String,
    /// By which growth measure.
    pub measure: String,
    /// Its growth.
    pub growth: f64,
    /// 95 % interval of its growth.
    pub growth_interval: [f64; 2],
    /// Probability that its growth is higher.
    pub probability_better: f64,
    /// Share of draws in which it is among those shown.
    pub stability: f64,
}

/// A publication.
#[derive(Clone, Debug, Serialize)]
pub struct Publication {
    /// Its folder.
    pub path: String,
    /// Whether its signature and hashes verify.
    pub verified: bool,
}

impl Answers {
    /// The answers for people.
    pub fn text(&self, input: &Input) -> String {
        let mut text = String::new();
        self.write(&mut text, input).expect("writing to a String cannot fail");
        text
    }

    fn write(&self, out: &mut String, input: &Input) -> std::fmt::Result {
        let verified = self.releases.iter().filter(|release| release.receipt_verified).count();
        writeln!(
            out,
            "{} students of {} schools in {} districts; no record left its district.",
            self.students, self.schools, self.districts
        )?;
        writeln!(
            out,
            "{} releases with {} noisy numbers, {verified} with a verified receipt.",
            self.releases.len(),
            self.cells_sent
        )?;
        let school = &self.similar.school_id;
        writeln!(out, "\nSchools like {} ({school}):", input.name_of(school))?;
        for like in self.similar.like.iter().take(5) {
            let name = input.name_of(&like.school_id);
            writeln!(out, "  {:<36} distance {:.2}", name, like.distance)?;
        }
        writeln!(out, "  ({} in all)", self.similar.like.len())?;
        writeln!(out, "\nLike schools of other districts that credibly grow faster:")?;
        for peer in &self.peers {
            writeln!(
                out,
                "  {} -> {}: {} {:.1} ({:.1} to {:.1}), P(better) {:.2}, stability {:.2}",
                input.name_of(&peer.school_id),
                input.name_of(&peer.like_school_id),
                peer.measure,
                peer.growth,
                peer.growth_interval[0],
                peer.growth_interval[1],
                peer.probability_better,
                peer.stability
            )?;
        }
        if self.peers.is_empty() {
            writeln!(out, "  none of the schools asked about")?;
        }
        let verdict = if self.publication.verified { "verifies" } else { "DOES NOT VERIFY" };
        writeln!(out, "\nPublication {} {verdict}.", self.publication.path)?;
        let Seconds { import, release, sync, benchmark } = self.seconds;
        writeln!(
            out,
            "Seconds: import {import:.1}, first round {release:.1}, second round {sync:.1}, \
             benchmarks {benchmark:.1}."
        )
    }
}
