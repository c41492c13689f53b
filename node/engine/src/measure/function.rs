//! The functions of the language, each with the types it takes.

use sqlparser::ast::{Expr, Function};

use super::{
    check::{Checked, Checker, Typed, by_grade},
    expression::{ExpressionError, mistyped},
    node::Node,
    syntax::{AGGREGATES, arguments, quoted, unsupported},
};
use crate::{intake::date, student::Kind};

/// A year with a 29th of February, in which every other day of the year is too.
const LEAP: i64 = 2000;

impl Checker<'_> {
    pub(super) fn function(&mut self, function: &Function, part: &Expr) -> Checked<Typed> {
        let name = function.name.to_string().to_lowercase();
        if AGGREGATES.contains(&name.as_str()) || function.over.is_some() {
            return Err(ExpressionError::Aggregate(name));
        }
        let arguments = arguments(function).ok_or_else(|| unsupported(part))?;
        match (name.as_str(), arguments.as_slice()) {
            ("abs", [only]) => {
                let id = self.number(only)?;
                Ok(self.as_number(Node::Absolute(id)))
            }
            ("coalesce", [first, rest @ ..]) => self.coalesce(first, rest),
            ("at_grade", [constant, grade]) => self.at_grade(constant, grade),
            ("date_in", [year, day]) => self.date_in(year, day),
            ("abs" | "coalesce" | "at_grade" | "date_in", _) => Err(unsupported(part)),
            _ => Err(ExpressionError::Function(name.chars().take(64).collect())),
        }
    }

    fn coalesce(&mut self, first: &Expr, rest: &[&Expr]) -> Checked<Typed> {
        let mut kept = self.typed(first)?;
        for next in rest {
            kept = match (kept, self.typed(next)?) {
                (kept, Typed::Null) | (Typed::Null, kept) => kept,
                (Typed::Truth(a), Typed::Truth(b)) => self.as_truth(Node::FirstTruth(a, b)),
                (Typed::Number(a), Typed::Number(b)) => self.as_number(Node::FirstNumber(a, b)),
                (Typed::Date(a), Typed::Date(b)) => {
                    Typed::Date(self.graph.add(Node::FirstNumber(a, b)))
                }
                (Typed::Truth(_), _) => return Err(mistyped(next, "a condition")),
                (Typed::Number(_), _) => return Err(mistyped(next, "a number")),
                (Typed::Date(_), _) => return Err(mistyped(next, "a date")),
                (Typed::Code(_), _) => return Err(mistyped(first, "a number or a condition")),
            };
        }
        Ok(kept)
    }

    /// A constant's number at the grade of another column than the one assessed.
    fn at_grade(&mut self, constant: &Expr, grade: &Expr) -> Checked<Typed> {
        let named = match constant {
            Expr::Identifier(name) => self.catalogue.constants.get(&name.value),
            _ => None,
        };
        let table = by_grade(named.ok_or_else(|| mistyped(constant, "a constant by grade"))?);
        let Expr::Identifier(name) = grade else { return Err(mistyped(grade, "a grade column")) };
        let column = self.column(&name.value)?;
        match column.kind() {
            Kind::Grade => Ok(self.as_number(Node::AtGrade(table, column))),
            _ => Err(mistyped(grade, "a grade column")),
        }
    }

    /// The date of a day 'MM-DD' in a calendar year.
    fn date_in(&mut self, year: &Expr, day: &Expr) -> Checked<Typed> {
        let wrong = || mistyped(day, "a day 'MM-DD' that every year has");
        let (month, number) = quoted(day).and_then(|it| it.split_once('-')).ok_or_else(wrong)?;
        let parsed = |text: &str| text.parse::<u8>().ok().filter(|_| text.len() == 2);
        let (month, number) = parsed(month).zip(parsed(number)).ok_or_else(wrong)?;
        let is_leap_day = (month, number) == (2, 29);
        if is_leap_day || date(LEAP, month.into(), number.into()).is_none() {
            return Err(wrong());
        }
        let year = self.number(year)?;
        Ok(Typed::Date(self.graph.add(Node::DateIn(year, month, number))))
    }
}
