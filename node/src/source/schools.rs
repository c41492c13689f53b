//! Reads the public `schools.csv` of a district that has not joined: sizes,
//! grades and public shares, for a plan. Holds nothing about a student.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use peerlight_proto::{
    directory::{Directory, Level, School},
    names::{ConsortiumId, MemberId, SchoolId},
    units::{Grade, GradeSet, SchoolYear},
};

/// Largest share of a column `pct_…`, percent.
const WHOLE: f64 = 100.0;

/// A list of schools that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchoolsError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds faults; every one is named.
    #[error("{path} cannot be used:\n{}", .faults.join("\n"))]
    Faults {
        /// The file.
        path: PathBuf,
        /// A line each, with what to do.
        faults: Vec<String>,
    },
    /// Nobody said which district.
    #[error("{path} lists the schools of {count} districts: say which one with --district LEA_ID")]
    Which {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
    },
    /// It has no school of the district.
    #[error("{path} has no school with lea_id {district}")]
    Nobody {
        /// The file.
        path: PathBuf,
        /// Who was looked for.
        district: MemberId,
    },
}

/// The schools of one district as a directory, and who it is. Without a
/// district, the file must be of one.
pub fn read(
    path: &Path,
    district: Option<&MemberId>,
    school_year: SchoolYear,
) -> Result<(Directory, MemberId), SchoolsError> {
    let file = |source: io::Error| SchoolsError::File { path: path.to_owned(), source };
    let text = std::fs::read(path).map_err(file)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let schools =
        parse(text).map_err(|faults| SchoolsError::Faults { path: path.to_owned(), faults })?;
    let districts: BTreeSet<MemberId> = schools.values().map(|school| school.lea.clone()).collect();
    let member = match (district, districts.len()) {
        (Some(district), _) if districts.contains(district) => district.clone(),
        (Some(district), _) => {
            return Err(SchoolsError::Nobody { path: path.to_owned(), district: district.clone() });
        }
        (None, 1) => districts.into_iter().next().expect("there is one"),
        (None, count) => return Err(SchoolsError::Which { path: path.to_owned(), count }),
    };
    let directory = Directory {
        consortium: ConsortiumId::new("plan").expect("a fixed name is valid"),
        number: 1,
        school_year,
        features_source: path.display().to_string(),
        schools: schools.into_values().collect(),
    };
    Ok((directory, member))
}

fn parse(text: &[u8]) -> Result<BTreeMap<SchoolId, School>, Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text);
    let header = reader.headers().map_err(|error| vec![format!("  line 1: {error}")])?.clone();
    let mut faults: Vec<String> = ["school_id", "lea_id", "level", "enrollment"]
        .into_iter()
        .filter(|needed| !header.iter().any(|column| column == *needed))
        .map(|needed| format!("  line 1: column {needed} is missing: add it to the header"))
        .collect();
    let mut schools = BTreeMap::new();
    if faults.is_empty() {
        for record in reader.records() {
            let row = record
                .map_err(|error| format!("{error}: save the file as UTF-8 CSV"))
                .and_then(|record| {
                    let line = record.position().map_or(0, csv::Position::line);
                    school(&header, &record).map_err(|fault| format!("line {line}: {fault}"))
                });
            match row {
                Ok(school) => {
                    let id = school.id.clone();
                    if schools.insert(id.clone(), school).is_some() {
                        faults.push(format!("  school {id} is there twice: keep one"));
                    }
                }
                Err(fault) => faults.push(format!("  {fault}")),
            }
        }
        if faults.is_empty() && schools.is_empty() {
            faults.push("  it has no schools: add one row a school".to_owned());
        }
    }
    if faults.is_empty() { Ok(schools) } else { Err(faults) }
}

fn school(header: &csv::StringRecord, record: &csv::StringRecord) -> Result<School, String> {
    let cell = |column: &str| {
        let position = header.iter().position(|name| name == column)?;
        record.get(position).filter(|cell| !cell.is_empty())
    };
    let needed = |column: &str| cell(column).ok_or_else(|| format!("{column} is empty"));
    let grade = |column: &str, default: Grade| match cell(column) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|error| format!("{column}: {error}")),
    };
    let (first, last) = (Grade::all().next(), Grade::all().last());
    let low = grade("grade_low", first.expect("there are grades"))?;
    let high = grade("grade_high", last.expect("there are grades"))?;
    let level = needed("level")?;
    let enrollment = needed("enrollment")?;
    let shares = header.iter().filter(|column| column.starts_with("pct_"));
    let features = shares
        .filter_map(|column| Some((column, cell(column)?)))
        .map(|(column, text)| match text.parse::<f64>() {
            Ok(percent) if (0.0..=WHOLE).contains(&percent) => Ok((column.to_owned(), percent)),
            _ => Err(format!("{column} \"{text}\" is not a percentage from 0 to 100")),
        })
        .collect::<Result<_, _>>()?;
    Ok(School {
        id: SchoolId::new(needed("school_id")?).map_err(|error| error.to_string())?,
        lea: MemberId::new(needed("lea_id")?).map_err(|error| error.to_string())?,
        name: cell("name").unwrap_or_default().to_owned(),
        level: Level::from_name(level).ok_or_else(|| {
            format!("level \"{level}\" is unknown: use elementary, middle, high or k12")
        })?,
        school_type: cell("school_type").unwrap_or_default().to_owned(),
        grades: GradeSet::span(low, high),
        county: None,
        enrollment: Some(
            enrollment
                .parse()
                .map_err(|_| format!("enrollment \"{enrollment}\" is not a number of students"))?,
        ),
        features,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str, district: Option<&str>) -> Result<(Directory, MemberId), String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let district = district.map(|id| id.parse().unwrap());
        let year = SchoolYear::ending(2026).unwrap();
        read(file.path(), district.as_ref(), year).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_of_one_district_is_read_and_of_several_one_is_asked_for() {
        let one = "school_id,lea_id,name,level,grade_low,grade_high,enrollment,pct_HI\n\
                   2,37,B,high,09,12,900,41.5\n1,37,A,elementary,TK,05,400,\n";
        let (directory, member) = read_text(one, None).unwrap();
        assert_eq!((member.as_str(), directory.enrollment_of(&member)), ("37", 1_300));
        assert_eq!(directory.schools[0].name, "A", "ordered by id");
        assert!(directory.schools[0].features.is_empty());
        assert!((directory.schools[1].features["pct_HI"] - 41.5).abs() < 1e-9);

        let two = format!("{one}3,38,C,k12,,,100,5\n");
        assert!(read_text(&two, None).unwrap_err().contains("--district"));
        assert_eq!(read_text(&two, Some("38")).unwrap().1.as_str(), "38");
        assert!(read_text(&two, Some("39")).unwrap_err().contains("no school with lea_id 39"));
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        let text = "school_id,lea_id,level,enrollment,pct_HI\n\
                    1,37,primary,10,5\n2,37,high,many,5\n3,37,high,10,500\n4,37,high,10,5\n4,37,high,10,5\n";
        let faults = read_text(text, None).unwrap_err();
        for part in
            ["line 2: level", "line 3: enrollment", "line 4: pct_HI", "school 4 is there twice"]
        {
            assert!(faults.contains(part), "{part} is missing from {faults}");
        }
        assert!(
            read_text("school_id\n1\n", None).unwrap_err().contains("column lea_id is missing")
        );
    }
}
