//! Faults of a file, all at once: one sentence a kind, with its first lines,
//! how often, the column and the remedy. Keeps no more than it will say, so a
//! file of a million faults takes no more room than one of a hundred.

use std::collections::BTreeMap;

/// Kinds that are told apart.
const MOST_KINDS: usize = 100;

/// Lines that are named of a kind.
const NAMED_LINES: usize = 3;

/// Lines with one fault.
#[derive(Clone, Debug, Default)]
struct Lines {
    first: Vec<u64>,
    count: u64,
}

/// Faults by column, then by what is wrong.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    kinds: BTreeMap<(String, String), Lines>,
    beyond: u64,
}

impl Faults {
    /// Notes that a line has a fault; `problem` says what to do too. An empty
    /// `column` means the whole line.
    pub fn add(&mut self, line: u64, column: &str, problem: impl Into<String>) {
        let kind = (column.to_owned(), problem.into());
        if self.kinds.len() >= MOST_KINDS && !self.kinds.contains_key(&kind) {
            self.beyond += 1;
            return;
        }
        let lines = self.kinds.entry(kind).or_default();
        lines.count += 1;
        if lines.first.len() < NAMED_LINES {
            lines.first.push(line);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// One sentence a kind, in the order of their first lines.
    pub fn into_sentences(self) -> Vec<String> {
        let mut kinds: Vec<((String, String), Lines)> = self.kinds.into_iter().collect();
        kinds.sort_by_key(|(_, lines)| lines.first.first().copied());
        let mut sentences: Vec<String> = kinds
            .into_iter()
            .map(|((column, problem), lines)| {
                let column = if column.is_empty() { column } else { format!(", column {column}") };
                format!("{}{column}: {problem}", lines.words())
            })
            .collect();
        if self.beyond > 0 {
            sentences.push(format!("and {} more faults of other kinds", self.beyond));
        }
        sentences
    }
}

impl Lines {
    fn words(&self) -> String {
        let named: Vec<String> = self.first.iter().map(u64::to_string).collect();
        let word = if self.count == 1 { "line" } else { "lines" };
        let more = self.count - self.first.len() as u64;
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{word} {}{rest}", named.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_one_kind_are_one_sentence_with_their_first_lines() {
        let mut faults = Faults::default();
        for line in 2..9 {
            faults.add(line, "Grade", "\"99\" is not a grade");
        }
        faults.add(4, "", "has 3 cells");
        let sentences = faults.into_sentences();
        assert_eq!(
            sentences,
            [
                "lines 2, 3, 4 and 4 more, column Grade: \"99\" is not a grade",
                "line 4: has 3 cells"
            ]
        );
    }

    #[test]
    fn a_file_of_nothing_but_faults_is_told_in_bounded_words() {
        let mut faults = Faults::default();
        for line in 0..10_000 {
            faults.add(line, "cds", format!("\"{line}\" is no code"));
        }
        let sentences = faults.into_sentences();
        assert_eq!(sentences.len(), MOST_KINDS + 1);
        assert!(sentences[MOST_KINDS].contains("9900 more"), "{}", sentences[MOST_KINDS]);
    }
}
