//! The mapping file of `import --map`: TOML that turns a district's own export
//! into the columns of `student_years.csv`.
//!
//! ```toml
//! [rename]                      # column of the file = column(s) of ours
//! SCHOOL_NUMBER = "school_id"
//! GRADE = ["grade_level", "grade_assessed"]
//! [constant]
//! test_name = "SB"
//! [value.gender]                # value of the file = ours; "" is missing
//! Female = "F"
//! "*" = ""                      # every other value
//! [[filter]]
//! column = "VALID"
//! keep = ["yes"]                # or drop = [...]
//! [derive.ela_level]            # lowest scores of level 2, 3 and 4
//! from = "ela_scale_score"
//! cuts = { "03" = [2367, 2432, 2490] }
//! ```

use std::{collections::BTreeMap, fs, path::Path};

use peerlight_node_engine::{
    intake::{Derivation, Filter, Mapping, MappingError},
    student::Column,
};
use peerlight_proto::units::Grade;
use serde::Deserialize;

/// A mapping file is refused.
#[derive(Debug, thiserror::Error)]
pub enum MapFileError {
    /// The file cannot be read.
    #[error("the mapping {path} cannot be read: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is not TOML of this shape.
    #[error("the mapping is not understood: {0}")]
    Toml(#[from] toml::de::Error),
    /// Its parts do not fit.
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MapFile {
    rename: BTreeMap<String, OneOrMore>,
    constant: BTreeMap<String, toml::Value>,
    value: BTreeMap<String, BTreeMap<String, toml::Value>>,
    filter: Vec<FilterTable>,
    derive: BTreeMap<String, DeriveTable>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterTable {
    column: String,
    #[serde(default)]
    keep: Vec<toml::Value>,
    #[serde(default)]
    drop: Vec<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeriveTable {
    from: String,
    cuts: BTreeMap<Grade, Vec<f64>>,
}

/// Reads a mapping file.
pub fn read(path: &Path) -> Result<Mapping, MapFileError> {
    let failed = |source| MapFileError::File { path: path.display().to_string(), source };
    parse(&fs::read_to_string(path).map_err(failed)?)
}

/// Reads a mapping from TOML.
pub fn parse(text: &str) -> Result<Mapping, MapFileError> {
    let file: MapFile = toml::from_str(text)?;
    let mut mapping = Mapping::default();
    for (from, to) in file.rename {
        let names = match to {
            OneOrMore::One(name) => vec![name],
            OneOrMore::More(names) => names,
        };
        let columns = names.iter().map(|name| column("rename", name)).collect::<Result<_, _>>()?;
        mapping.rename.insert(from, columns);
    }
    for (name, value) in &file.constant {
        mapping.constant.insert(column("constant", name)?, plain(value));
    }
    for (name, values) in &file.value {
        let values = values.iter().map(|(from, to)| (from.clone(), plain(to))).collect();
        mapping.value.insert(column("value map", name)?, values);
    }
    for filter in file.filter {
        let list = |values: &[toml::Value]| values.iter().map(plain).collect();
        let (keep, drop) = (list(&filter.keep), list(&filter.drop));
        mapping.filter.push(Filter { column: filter.column, keep, drop });
    }
    for (name, table) in file.derive {
        mapping.derive.push(Derivation {
            level: column("derivation", &name)?,
            score: column("derivation", &table.from)?,
            cuts: table.cuts,
        });
    }
    mapping.check()?;
    Ok(mapping)
}

fn column(part: &'static str, name: &str) -> Result<Column, MappingError> {
    Column::from_name(name).ok_or_else(|| MappingError::Column { part, name: name.to_owned() })
}

/// A value as it is written in a cell: `1` and `"1"` are the same.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_documentation_is_read() {
        let example: Vec<&str> = include_str!("mapping.rs")
            .lines()
            .skip_while(|line| *line != "//! ```toml")
            .skip(1)
            .take_while(|line| *line != "//! ```")
            .map(|line| line.trim_start_matches("//! "))
            .collect();
        let mapping = parse(&example.join("\n")).unwrap();
        assert_eq!(mapping.rename["GRADE"], [Column::GradeLevel, Column::GradeAssessed]);
        assert_eq!(mapping.value[&Column::Gender]["*"], "");
        assert_eq!(mapping.derive[0].cuts.len(), 1);
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for (text, part) in [
            ("[rename]\nA = \"grade\"", "rename names grade"),
            ("[renames]\nA = \"gpa\"", "unknown field `renames`"),
            ("[[filter]]\ncolumn = \"A\"", "filter on A needs a list"),
            (
                "[derive.ela_level]\nfrom = \"ela_scale_score\"\ncuts = { \"03\" = [3, 2] }",
                "must ascend",
            ),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
