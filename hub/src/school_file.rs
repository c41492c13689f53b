//! `schools.csv`: the public list of schools, read whole or refused with every
//! fault at once; signed and put in force.

use std::{collections::BTreeMap, path::Path};

use peerlight_proto::{
    directory::{Directory, Level},
    document,
    names::{MemberId, SchoolId},
    units::{Grade, SchoolYear},
    v1,
};
use prost::Message;

use crate::{error::Error, hub::Hub, store::document::Stored};

/// Columns that are words; every other one is a number about the school.
const WORDS: [&str; 14] = [
    "school_id",
    "lea_id",
    "authorizer_id",
    "network_id",
    "name",
    "level",
    "school_type",
    "grade_low",
    "grade_high",
    "county",
    "locale",
    "charter",
    "open_date",
    "principal_since",
];

/// Reads the file, signs the directory and puts it in force.
pub async fn import(
    hub: &Hub,
    path: &Path,
    text: &[u8],
    year: SchoolYear,
    source: String,
) -> Result<Stored, Error> {
    publish(hub, read_file(path, text)?, year, source).await
}

/// The schools of a file, or every fault of it.
pub fn read_file(path: &Path, text: &[u8]) -> Result<Vec<v1::School>, Error> {
    read(text).map_err(|faults| Error::Refused { path: path.to_owned(), faults })
}

/// Signs a directory of these schools, ordered by id, and puts it in force.
pub async fn publish(
    hub: &Hub,
    schools: Vec<v1::School>,
    year: SchoolYear,
    source: String,
) -> Result<Stored, Error> {
    let number = hub.directory().await?.map_or(0, |known| known.directory.number) + 1;
    let message = v1::Directory {
        consortium: hub.config.consortium.to_string(),
        number,
        school_year: u32::from(year.ending_year()),
        features_source: source,
        schools,
    };
    // What nodes will check is checked here first.
    Directory::from_message(message.clone())?;
    let bytes = message.encode_to_vec();
    hub.publish(document::DIRECTORY, number, year.ending_year(), bytes).await
}

/// The schools, ordered by id; or every fault with its line, column and remedy.
fn read(text: &[u8]) -> Result<Vec<v1::School>, Vec<String>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text);
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return Err(vec![format!("line 1: {error}: save the file as UTF-8 CSV")]),
    };
    let mut faults = Vec::new();
    for needed in ["school_id", "lea_id", "name", "level"] {
        if !header.iter().any(|column| column == needed) {
            faults.push(format!("line 1: column {needed} is missing: add it to the header"));
        }
    }
    let mut columns = BTreeMap::new();
    for (position, column) in header.iter().enumerate() {
        if columns.insert(column, position).is_some() {
            faults.push(format!("line 1: column {column} is there twice: remove one"));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut schools: BTreeMap<String, (u64, v1::School)> = BTreeMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                faults.push(format!("{error}: save the file as UTF-8 CSV"));
                break;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let row = Row { line, columns: &columns, record: &record, faults: &mut faults };
        if let Some(school) = row.school()
            && let Some((first, _)) =
                schools.insert(school.school_id.clone(), (line, school.clone()))
        {
            let id = &school.school_id;
            faults.push(format!(
                "line {line}, column school_id: {id} is on line {first} too: keep one"
            ));
        }
    }
    if faults.is_empty() && schools.is_empty() {
        faults.push("the file has no schools: add one row a school".to_owned());
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut schools: Vec<v1::School> = schools.into_values().map(|(_, school)| school).collect();
    schools.sort_by(|one, other| one.school_id.cmp(&other.school_id));
    Ok(schools)
}

struct Row<'a> {
    line: u64,
    columns: &'a BTreeMap<&'a str, usize>,
    record: &'a csv::StringRecord,
    faults: &'a mut Vec<String>,
}

impl Row<'_> {
    fn fault(&mut self, column: &str, problem: &str) {
        self.faults.push(format!("line {}, column {column}: {problem}", self.line));
    }

    /// What a column says; `None` where it is empty or absent.
    fn word(&self, column: &str) -> Option<String> {
        let text = self.record.get(*self.columns.get(column)?)?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn needed(&mut self, column: &str) -> String {
        let word = self.word(column);
        if word.is_none() {
            self.fault(column, "is empty: every school needs it");
        }
        word.unwrap_or_default()
    }

    fn grade(&mut self, column: &str) -> Option<Grade> {
        let word = self.word(column)?;
        match word.parse() {
            Ok(grade) => Some(grade),
            Err(problem) => {
                self.fault(column, &format!("{problem}"));
                None
            }
        }
    }

    fn school(mut self) -> Option<v1::School> {
        let before = self.faults.len();
        let school_id = self.needed("school_id");
        if let Err(problem) = SchoolId::new(school_id.clone())
            && !school_id.is_empty()
        {
            self.fault("school_id", &problem.to_string());
        }
        let lea_id = self.needed("lea_id");
        if let Err(problem) = MemberId::new(lea_id.clone())
            && !lea_id.is_empty()
        {
            self.fault("lea_id", &problem.to_string());
        }
        let level = self.needed("level");
        if !level.is_empty() && Level::from_name(&level).is_none() {
            let problem = format!("\"{level}\": use elementary, middle, high or k12");
            self.fault("level", &problem);
        }
        let (low, high) = (self.grade("grade_low"), self.grade("grade_high"));
        if low.zip(high).is_some_and(|(low, high)| low > high) {
            self.fault("grade_high", "is below grade_low: swap them");
        }
        let school = v1::School {
            name: self.needed("name"),
            school_type: self.word("school_type").unwrap_or_else(|| "regular".to_owned()),
            authorizer_id: self.word("authorizer_id"),
            network_id: self.word("network_id"),
            grade_low: low.map(|grade| grade.to_string()),
            grade_high: high.map(|grade| grade.to_string()),
            county: self.word("county"),
            locale: self.word("locale"),
            charter: self.flag("charter"),
            enrollment: self.enrollment(),
            features: self.features(),
            school_id,
            lea_id,
            level,
        };
        (self.faults.len() == before).then_some(school)
    }

    fn flag(&mut self, column: &str) -> Option<bool> {
        let word = self.word(column)?;
        let flag = flag(&word);
        if flag.is_none() {
            self.fault(column, &format!("\"{word}\": write 1 or 0"));
        }
        flag
    }

    fn enrollment(&mut self) -> Option<u32> {
        let word = self.word("enrollment")?;
        let number = word.parse().ok();
        if number.is_none() {
            self.fault("enrollment", &format!("\"{word}\" is not a whole number of students"));
        }
        number
    }

    fn features(&mut self) -> Vec<v1::SchoolFeature> {
        let columns = self.columns;
        let mut features = Vec::new();
        for column in columns.keys().filter(|column| is_feature(column)) {
            let Some(word) = self.word(column) else { continue };
            let number = word.parse().ok().filter(|number: &f64| number.is_finite());
            let number = number.or_else(|| flag(&word).map(|flag| f64::from(u8::from(flag))));
            match number {
                None => self.fault(column, &format!("\"{word}\" is not a number")),
                Some(share) if column.starts_with("pct_") && !(0.0..=100.0).contains(&share) => {
                    self.fault(column, &format!("{share} is not a percentage from 0 to 100"));
                }
                Some(value) => {
                    features.push(v1::SchoolFeature { name: (*column).to_owned(), value });
                }
            }
        }
        features
    }
}

fn is_feature(column: &str) -> bool {
    !WORDS.contains(&column) && column != "enrollment" && !column.is_empty()
}

fn flag(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "1" | "true" | "y" | "yes" => Some(true),
        "0" | "false" | "n" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schools_are_read_in_any_column_order_and_kept_by_id() {
        let text = "\u{feff}name,level,lea_id,school_id,pct_english_learner,enrollment,charter\r\n\
                    Birch,middle,37,20,12.5,400,Y\r\n\"Alder, North\",elementary,37,1,,,\r\n";
        let schools = read(text.as_bytes()).unwrap();
        assert_eq!(schools[0].name, "Alder, North");
        assert_eq!(schools[0].school_type, "regular");
        assert!(schools[0].features.is_empty());
        assert_eq!((schools[1].enrollment, schools[1].charter), (Some(400), Some(true)));
        assert_eq!(schools[1].features[0].name, "pct_english_learner");
    }

    #[test]
    fn every_fault_is_named_at_once_with_its_line_and_column() {
        let text = "school_id,lea_id,name,level,pct_homeless,enrollment,grade_low,grade_high\n\
                    1,37,A,elementary,101,400,KG,05\n1,37,B,primary,1,4.5,05,KG\n,37,,high,x,,13,\n";
        let faults = read(text.as_bytes()).unwrap_err();
        for expected in [
            "line 2, column pct_homeless",
            "line 3, column level",
            "line 3, column enrollment",
            "line 3, column grade_high",
            "line 4, column school_id",
            "line 4, column name",
            "line 4, column pct_homeless",
            "line 4, column grade_low",
        ] {
            assert!(
                faults.iter().any(|fault| fault.starts_with(expected)),
                "{expected}: {faults:?}"
            );
        }
    }

    #[test]
    fn a_school_that_is_there_twice_names_both_lines() {
        let text = "school_id,lea_id,name,level\n1,37,A,high\n2,37,B,high\n1,37,C,high\n";
        let faults = read(text.as_bytes()).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("line 4") && faults[0].contains("line 2"), "{faults:?}");
    }

    #[test]
    fn a_file_without_its_columns_is_refused() {
        let faults = read(b"a,b\n1,2\n").unwrap_err();
        assert_eq!(faults.len(), 4);
    }
}
