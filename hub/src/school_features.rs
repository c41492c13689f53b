//! Official figures of who is in the schools, put into the next directory:
//! what like schools are found by.
//!
//! A school is matched by its id alone: the directory's has to be the state's
//! (for California the 14 digits of county, district and school). What an
//! official file says replaces what the directory said; what it does not
//! publish leaves it as it is.

use std::path::PathBuf;

use peerlight_hub_engine::public::{
    Figures, Imported,
    format::{Format, Use},
    intake::Stated,
};
use peerlight_proto::{names::SchoolId, v1};
use prost::Message;

use crate::{
    error::Error,
    hub::{Hub, NO_DIRECTORY},
    public_file,
};

/// An official file of figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureFile {
    /// Its family.
    pub format: Format,
    /// Where it is.
    pub path: PathBuf,
}

/// What one file gave to a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// Where the figures are from, for people.
    pub source: String,
    /// Schools of the directory that got figures.
    pub matched: usize,
    /// Schools of the directory.
    pub schools: usize,
}

/// The schools of the directory in force, as they were signed.
pub async fn schools_in_force(hub: &Hub) -> Result<Vec<v1::School>, Error> {
    let directory = hub.directory().await?.ok_or(NO_DIRECTORY)?;
    let message = v1::Directory::decode(directory.signed.document.as_slice())
        .expect("a directory in force was decoded before");
    Ok(message.schools)
}

/// Fills the schools from each file in turn: the last one counts.
pub async fn fill(
    schools: &mut [v1::School],
    files: Vec<FeatureFile>,
) -> Result<Vec<Filled>, Error> {
    let mut filled = Vec::new();
    for FeatureFile { format, path } in files {
        if format.is_for() != Use::Features {
            let problem = format!(
                "{} does not say who is in the schools: run `peerlight-hub public import {} {}`",
                format.as_str(),
                format.as_str(),
                path.display()
            );
            return Err(Error::Flag { flag: "--features", problem });
        }
        let (imported, _) = public_file::read(format, path.clone(), Stated::default()).await?;
        let one = fill_from(schools, format, &imported);
        if one.matched == 0 {
            let fault = format!(
                "line 2: none of its {} schools (the first is {}) has the id of a school of the \
                 directory: give schools the state's ids, leading zeros and all",
                imported.schools.len(),
                imported.schools[0].id
            );
            return Err(Error::Refused { path, faults: vec![fault] });
        }
        filled.push(one);
    }
    Ok(filled)
}

fn fill_from(schools: &mut [v1::School], format: Format, imported: &Imported) -> Filled {
    let mut matched = 0;
    for school in schools.iter_mut() {
        let id = SchoolId::new(school.school_id.as_str()).ok();
        if let Some(figures) = id.and_then(|id| imported.figures.get(&id)) {
            matched += 1;
            put(school, figures);
        }
    }
    let source = format!("{} of {}", format.label(), imported.school_year);
    Filled { source, matched, schools: schools.len() }
}

fn put(school: &mut v1::School, figures: &Figures) {
    school.enrollment = figures.enrollment.or(school.enrollment);
    for (name, value) in &figures.features {
        match school.features.iter_mut().find(|known| known.name == *name) {
            Some(known) => known.value = *value,
            None => {
                school.features.push(v1::SchoolFeature { name: (*name).to_owned(), value: *value });
            }
        }
    }
    school.features.sort_by(|one, other| one.name.cmp(&other.name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn official_figures_replace_the_directorys_and_what_is_not_published_stays() {
        let feature = |name: &str, value: f64| v1::SchoolFeature { name: name.to_owned(), value };
        let school = |id: &str| v1::School {
            school_id: id.to_owned(),
            enrollment: Some(300),
            features: vec![feature("pct_homeless", 2.0), feature("pct_english_learner", 90.0)],
            ..v1::School::default()
        };
        let mut schools = vec![school("01100170112607"), school("01100170112608")];
        let figures = Figures {
            enrollment: None,
            features: [("pct_english_learner", 20.0), ("pct_migrant", 1.0)].into(),
        };
        let imported = Imported {
            source: "cupc".to_owned(),
            school_year: "2023-24".parse().unwrap(),
            schools: Vec::new(),
            results: Vec::new(),
            figures: [(SchoolId::new("01100170112607").unwrap(), figures)].into(),
            tally: peerlight_hub_engine::public::Tally::default(),
        };
        let filled = fill_from(&mut schools, Format::Cupc, &imported);
        assert_eq!((filled.matched, filled.schools), (1, 2));
        assert_eq!(filled.source, "CALPADS unduplicated pupil count of 2023-24");
        assert_eq!(schools[0].enrollment, Some(300));
        let values: Vec<(&str, f64)> =
            schools[0].features.iter().map(|it| (it.name.as_str(), it.value)).collect();
        assert_eq!(
            values,
            [("pct_english_learner", 20.0), ("pct_homeless", 2.0), ("pct_migrant", 1.0)]
        );
        assert_eq!(schools[1], school("01100170112608"));
    }
}
