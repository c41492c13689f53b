//! Which format a folder of the inbox is for, how its files are read, and the
//! command that imports them by hand.

use std::path::{Path, PathBuf};

use peerlight_node_engine::intake::{
    Mapping,
    assessment::{Format as Scores, Options},
    table::Day,
};

use peerlight_proto::units::SchoolYear;

use super::take::refused;
use crate::{
    error::Error,
    import::{reading, reading_roster},
    node::Node,
    source::{
        self, Read, assessment, calpads, calpads_report, csv, edfi, is_source_name, mapping,
        oneroster, survey,
    },
};

/// Folders that are made in a new inbox.
pub(super) const FOLDERS: [&str; 9] = [
    csv::SOURCE,
    calpads::SOURCE,
    calpads_report::SOURCE,
    edfi::SOURCE,
    oneroster::SOURCE,
    survey::SOURCE,
    "caaspp",
    "elpac",
    "nsc",
];

/// Name of a mapping that stays in a folder of CSV files, of a survey or of
/// Ed-Fi files, whose descriptors it maps.
pub(super) const MAP: &str = "map.toml";

/// What the files of a folder are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// CSV of this source.
    Csv(String),
    /// Answers of a survey.
    Survey,
    /// Score or college files.
    Scores(Scores),
    /// CALPADS files, together.
    Calpads,
    /// CALPADS reports, together.
    CalpadsReport,
    /// Ed-Fi interchange files of the school year that their folder names.
    EdFi,
    /// A roster: a zip, or its files together.
    OneRoster,
}

impl Format {
    /// The format of a folder with this name: the verb's name of the format;
    /// `csv-NAME` for CSV of the source NAME.
    pub(super) fn of_folder(name: &str) -> Option<Self> {
        match name {
            csv::SOURCE => Some(Self::Csv(name.to_owned())),
            calpads::SOURCE => Some(Self::Calpads),
            calpads_report::SOURCE => Some(Self::CalpadsReport),
            edfi::SOURCE => Some(Self::EdFi),
            oneroster::SOURCE => Some(Self::OneRoster),
            survey::SOURCE => Some(Self::Survey),
            "caaspp" => Some(Self::Scores(Scores::Caaspp)),
            "elpac" => Some(Self::Scores(Scores::Elpac)),
            "nsc" => Some(Self::Scores(Scores::Nsc)),
            _ => {
                let source = name.strip_prefix("csv-").filter(|source| is_source_name(source))?;
                Some(Self::Csv(source.to_owned()))
            }
        }
    }

    /// Whether a mapping may lie beside its files.
    pub(super) const fn has_map(&self) -> bool {
        matches!(self, Self::Csv(_) | Self::Survey | Self::EdFi)
    }

    /// Whether a file with this name is imported by itself, and not together
    /// with the others beside it.
    pub(super) fn is_alone(&self, name: &str) -> bool {
        *self == Self::OneRoster && name.to_ascii_lowercase().ends_with(".zip")
    }

    /// Reads a file, or a folder of them; `folder` is where a mapping may lie.
    pub(super) async fn read(
        &self,
        node: &Node,
        path: &Path,
        folder: &Path,
    ) -> Result<Read, Error> {
        let path = path.to_owned();
        let until = Some(Day::of_unix(node.clock.now().0));
        match self.clone() {
            Self::Csv(source) => {
                let map = match map_of(folder) {
                    Some(file) => mapping::read(&file)?,
                    None => Mapping::default(),
                };
                let read = move |schools| {
                    let read = csv::read(&path, &map, schools)?;
                    Ok(source::Read { source, ..read })
                };
                reading(node, read).await
            }
            Self::Scores(format) => {
                // As the verbs read them where no flag says otherwise.
                let is_statewide = format != Scores::Nsc;
                let options = Options { year: None, with_groups: false, is_statewide };
                let read =
                    move |schools| Ok(assessment::read(&path, format, options, None, schools)?);
                reading(node, read).await
            }
            Self::Survey => {
                let missing = || {
                    let map = folder.join(MAP);
                    Error::Absent(format!("put the survey's map there: {}", map.display()))
                };
                let map = map_of(folder).ok_or_else(missing)?;
                let read = move |schools| Ok(survey::read(&path, &map, None, None, schools)?);
                reading(node, read).await
            }
            Self::Calpads => {
                reading(node, move |schools| Ok(calpads::read(&path, until, schools)?)).await
            }
            Self::CalpadsReport => {
                let read =
                    move |schools| Ok(calpads_report::read(&path, None, None, until, schools)?);
                reading(node, read).await
            }
            Self::EdFi => {
                let Some(year) = year_of(&path) else { return Err(no_year(&path)) };
                let until = Day::of_unix(node.clock.now().0);
                let descriptors = map_of(folder);
                let wanted = edfi::Wanted { year, until, descriptors, with_cohort: false };
                reading(node, move |schools| Ok(edfi::files(&path, &wanted, schools)?)).await
            }
            Self::OneRoster => reading_roster(node, path, until).await,
        }
    }

    /// The command by which a person imports the same files although much
    /// changed.
    pub(super) fn command(&self, path: &Path, folder: &Path) -> String {
        let mut words = vec!["peerlight-node".to_owned(), "import".to_owned()];
        match self {
            Self::Csv(source) => {
                words.push(csv::SOURCE.to_owned());
                if source != csv::SOURCE {
                    words.extend(["--source".to_owned(), source.clone()]);
                }
                if let Some(file) = map_of(folder) {
                    words.extend(["--map".to_owned(), quoted(&file)]);
                }
            }
            Self::Scores(format) => words.push(assessment::source_of(*format).to_owned()),
            Self::Survey => {
                let map = quoted(&folder.join(MAP));
                words.extend([survey::SOURCE.to_owned(), "--map".to_owned(), map]);
            }
            Self::CalpadsReport => words.push(calpads_report::SOURCE.to_owned()),
            Self::Calpads => words.push(calpads::SOURCE.to_owned()),
            Self::EdFi => {
                words.push(edfi::SOURCE.to_owned());
                if let Some(year) = year_of(path) {
                    words.extend(["--year".to_owned(), year.to_string()]);
                }
                if let Some(file) = map_of(folder) {
                    words.extend(["--descriptors".to_owned(), quoted(&file)]);
                }
            }
            Self::OneRoster => words.push(oneroster::SOURCE.to_owned()),
        }
        words.extend([quoted(path), "--accept-change".to_owned()]);
        words.join(" ")
    }
}

/// The school year that a folder is named after.
fn year_of(path: &Path) -> Option<SchoolYear> {
    path.file_name()?.to_str()?.parse().ok().filter(|_| path.is_dir())
}

/// Records of Ed-Fi do not say which year is to be taken of them.
fn no_year(path: &Path) -> Error {
    let what = "the files do not lie in a folder that is named after their school year";
    let remedy = "put them into a folder such as inbox/edfi/2025-26";
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    refused(what, remedy, file)
}

/// The mapping of a folder, where there is one; never a link to one.
fn map_of(folder: &Path) -> Option<PathBuf> {
    let file = folder.join(MAP);
    file.symlink_metadata().is_ok_and(|it| it.is_file()).then_some(file)
}

/// A path as a shell reads it back.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    if text.bytes().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_after_its_format_or_its_csv_source() {
        for folder in FOLDERS {
            assert!(Format::of_folder(folder).is_some(), "{folder}");
        }
        assert_eq!(Format::of_folder("csv-sis"), Some(Format::Csv("sis".to_owned())));
        for stranger in ["done", "csv-", "csv-S I S", "xls"] {
            assert_eq!(Format::of_folder(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn the_command_can_be_typed_as_it_is_shown() {
        let none = Path::new("/nowhere");
        let sis = Format::Csv("sis".to_owned());
        assert_eq!(
            sis.command(Path::new("/in box/it's.csv"), none),
            "peerlight-node import csv --source sis '/in box/it'\\''s.csv' --accept-change"
        );
        let year = tempfile::tempdir().unwrap();
        let folder = year.path().join("2025-26");
        std::fs::create_dir(&folder).unwrap();
        let command = Format::EdFi.command(&folder, none);
        assert!(command.starts_with("peerlight-node import edfi --year 2025-26 "), "{command}");
        assert_eq!(
            Format::Scores(Scores::Elpac).command(Path::new("/inbox/a.csv"), none),
            "peerlight-node import elpac /inbox/a.csv --accept-change"
        );
    }
}
