//! Watch lists: students who are close to what a measure counts. Data, in terms
//! of the charter's own measures.
//!
//! For the district's own eyes: no program, layout or release knows of them.

use std::sync::LazyLock;

use peerlight_proto::names::{MeasureId, PopulationId};
use serde::Deserialize;

/// One watch list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchList {
    /// Its name on the command line.
    pub id: String,
    /// Its name for people.
    pub label: String,
    /// Who is on it, in a sentence.
    pub about: String,
    /// The measure whose expression and settings it uses.
    pub measure: MeasureId,
    /// Whether those are on it of whom the measure is true, or false.
    pub(super) outcome: Outcome,
    /// Another population than the measure's.
    pub(super) population: Option<PopulationId>,
    /// Which of them, as an expression.
    #[serde(rename = "where")]
    pub(super) condition: Option<String>,
}

/// What a rate's expression says of a student.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Yes,
    No,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    list: Vec<WatchList>,
}

static LISTS: LazyLock<Vec<WatchList>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("watch_lists.toml")).expect("a test reads it");
    file.list
});

/// The watch lists that ship with the node.
pub fn watch_lists() -> &'static [WatchList] {
    &LISTS
}
