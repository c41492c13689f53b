//! Values of a source that no code of ours stands for: each with its count, so
//! that none is dropped unseen.

use std::collections::BTreeMap;

use super::problem::Place;

/// Distinct values of a column that are listed; the rest are counted.
const DISTINCT: usize = 100;

/// A value that no code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmappedValue {
    /// The column, or the file's name for it.
    pub column: String,
    /// The value as it may be shown.
    pub value: String,
    /// What it was read as, empty for missing; `None` where it is refused.
    pub read_as: Option<String>,
    /// In how many rows it was met.
    pub count: u64,
    /// Where first.
    pub first: Place,
}

impl UnmappedValue {
    /// What became of it.
    pub fn read_as_in_words(&self) -> &str {
        match self.read_as.as_deref() {
            None => "refused",
            Some("") => "missing",
            Some(code) => code,
        }
    }
}

/// Every value that no code stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unmapped {
    columns: BTreeMap<String, Met>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Met {
    values: BTreeMap<(String, Option<String>), (u64, Place)>,
    /// Rows with further values.
    more: u64,
}

impl Unmapped {
    /// Notes one more row. `value` must already be as it may be shown, and
    /// never a student's id; its place's own value is not kept.
    pub fn add(&mut self, column: &str, value: String, read_as: Option<&str>, place: Place) {
        if !self.columns.contains_key(column) {
            self.columns.insert(column.to_owned(), Met::default());
        }
        let met = self.columns.get_mut(column).expect("it was put there if it was not");
        let is_full = met.values.len() >= DISTINCT;
        let key = (value, read_as.map(str::to_owned));
        match met.values.get_mut(&key) {
            Some((count, _)) => *count += 1,
            None if is_full => met.more += 1,
            None => {
                met.values.insert(key, (1, Place { value: None, ..place }));
            }
        }
    }

    /// Whether every value is listed: then it can be added to another list, and
    /// the outcome is that of one list.
    pub(super) fn is_whole(&self) -> bool {
        self.columns.values().all(|met| met.more == 0)
    }

    /// Notes the rows of a whole list after those of this one.
    pub(super) fn append(&mut self, more: Self) {
        for (column, met) in more.columns {
            let mut values: Vec<_> = met.values.into_iter().collect();
            // In the order in which they were met: that decides which are listed.
            values.sort_by_key(|(_, (_, first))| first.line);
            let into = self.columns.entry(column).or_default();
            for (key, (rows, first)) in values {
                let is_full = into.values.len() >= DISTINCT;
                match into.values.get_mut(&key) {
                    Some((count, _)) => *count += rows,
                    None if is_full => into.more += rows,
                    None => drop(into.values.insert(key, (rows, first))),
                }
            }
        }
    }

    /// The values, by column, the most frequent first.
    pub fn values(&self) -> Vec<UnmappedValue> {
        let mut all = Vec::new();
        for (column, met) in &self.columns {
            let of_column = met.values.iter().map(|((value, read_as), (count, first))| {
                let (value, read_as, first) = (value.clone(), read_as.clone(), first.clone());
                UnmappedValue { column: column.clone(), value, read_as, count: *count, first }
            });
            let start = all.len();
            all.extend(of_column);
            all[start..].sort_by_key(|value| std::cmp::Reverse(value.count));
        }
        all
    }

    /// In how many rows of a column further values were met, which are not
    /// listed.
    pub fn more(&self) -> impl Iterator<Item = (&str, u64)> {
        let more = self.columns.iter().map(|(column, met)| (column.as_str(), met.more));
        more.filter(|(_, more)| *more > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_counted_though_not_every_value_is_listed() {
        let mut unmapped = Unmapped::default();
        let rows = 10 * DISTINCT as u64;
        for row in 0..rows {
            let place = Place { file: "a.csv".to_owned(), line: row + 2, value: None };
            // The first value is met every other time.
            let value = if row % 2 == 0 { "x".to_owned() } else { row.to_string() };
            unmapped.add("gender", value, None, place);
        }
        let values = unmapped.values();
        assert_eq!((values.len(), values[0].value.as_str(), values[0].count), (100, "x", rows / 2));
        assert_eq!((values[0].first.line, values[0].first.file.as_str()), (2, "a.csv"));
        let listed: u64 = values.iter().map(|value| value.count).sum();
        let more: u64 = unmapped.more().map(|(_, more)| more).sum();
        assert_eq!(listed + more, rows);
    }
}
