//! The year's summative test results: which tests they are, what of their
//! results is a score, and which level it reached, all by descriptors.

use std::collections::HashMap;

use super::{notes::Row, reader::EdFi};
use crate::{
    intake::table::{Day, Fact},
    student::Column,
};

/// Tests by identifier and namespace.
#[derive(Debug, Default)]
pub(super) struct Tests {
    known: HashMap<(String, String), Option<Test>>,
}

/// A summative test of a subject that is counted.
#[derive(Clone, Debug)]
struct Test {
    title: String,
    columns: Columns,
}

/// Where the results of a subject go.
#[derive(Clone, Copy, Debug)]
struct Columns {
    score: Column,
    level: Column,
    error: Column,
}

fn columns(subject: &str) -> Option<Columns> {
    let (score, level, error) = match subject {
        "ela" => (Column::ElaScaleScore, Column::ElaLevel, Column::ElaSem),
        "math" => (Column::MathScaleScore, Column::MathLevel, Column::MathSem),
        "science" => (Column::ScienceScaleScore, Column::ScienceLevel, Column::ScienceSem),
        _ => return None,
    };
    Some(Columns { score, level, error })
}

impl EdFi {
    /// A test; whether it is one whose results are counted.
    pub(super) fn test(&mut self, row: &Row<'_>) -> bool {
        let of = row.element;
        let subject = self.meaning(row, "subject", "academicSubject");
        let category = self.meaning(row, "assessment_category", "assessmentCategory");
        let counted = subject.as_deref().and_then(columns).filter(|_| category.is_some());
        let title = [of.text("assessmentTitle"), of.text("assessmentIdentifier")];
        let title = title.into_iter().find(|text| !text.is_empty()).unwrap_or("").to_owned();
        let test = counted.map(|columns| Test { title, columns });
        let name = [of.text("assessmentIdentifier"), of.text("namespace")].map(str::to_owned);
        let is_counted = test.is_some();
        self.tests.known.insert(name.into(), test);
        is_counted
    }

    /// One student's result of a test; whether it is counted.
    pub(super) fn score(&mut self, row: &Row<'_>) -> bool {
        let of = row.element;
        let name = ["assessmentIdentifier", "namespace"];
        let name = name.map(|name| of.within("assessmentReference", name).to_owned());
        let test = match self.tests.known.get(&name.into()) {
            Some(Some(test)) => test.clone(),
            Some(None) => return false,
            None => {
                let what = "a result is of a test that is not described";
                let remedy = "it is not counted: give the Assessment records too";
                self.notice(what, remedy, row.line, None);
                return false;
            }
        };
        if !self.is_result_of_year(row) {
            return false;
        }
        let (mut score, mut error) = (None, None);
        for result in of.all("scoreResult") {
            let method = result.codes("assessmentReportingMethod").next().unwrap_or("");
            match self.meaning_of(row, "reporting_method", method).as_deref() {
                Some("scale_score") if score.is_none() => score = Some(result.text("result")),
                Some("standard_error") => error = Some(result.text("result")),
                _ => {}
            }
        }
        let levels: Vec<&str> = of.codes("performanceLevel").collect();
        let level = levels.into_iter().find_map(|code| {
            let level = self.meaning_of(row, "performance_level", code);
            level.filter(|_| score.is_some() || !code.is_empty())
        });
        if score.is_none() && level.is_none() {
            return false;
        }
        let grade = self.meaning(row, "grade", "whenAssessedGradeLevel").unwrap_or_default();
        self.value(row, test.columns.score, score.unwrap_or(""));
        self.value(row, test.columns.error, error.unwrap_or(""));
        self.value(row, test.columns.level, level.as_deref().unwrap_or(""));
        self.value(row, Column::GradeAssessed, &grade);
        self.value(row, Column::TestName, &test.title);
        true
    }

    /// Whether a result is of the year: by its school year, or by the day it
    /// was taken.
    fn is_result_of_year(&mut self, row: &Row<'_>) -> bool {
        if !row.school_year().is_empty() {
            return self.is_of_year(row);
        }
        let day = self.day(row, "administrationDate", row.element.text("administrationDate"));
        day.and_then(Day::school_year) == Some(self.year)
    }

    /// A value of the year; empty text is none.
    pub(super) fn value(&mut self, row: &Row<'_>, column: Column, text: &str) {
        if !text.is_empty() {
            self.has_told = true;
            let fact = Fact::Value { year: self.year, column, text };
            self.gather.add(row.ids, &fact, row.line);
        }
    }
}
