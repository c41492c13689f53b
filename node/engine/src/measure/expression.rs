//! The language of measures: a small, checked subset of SQL expressions.
//!
//! ```text
//! text ──sqlparser──▶ syntax ──check types and names──▶ graph of total operations
//! ```
//!
//! Columns of one student year, literals, `school_year`, constants by grade,
//! settings, `+ - * /`, comparisons, `AND OR NOT`, `IN`, `BETWEEN`,
//! `IS [NOT] NULL`, `coalesce`, `abs`, `at_grade` (a constant by another column
//! of grades) and `date_in` (a day of a calendar year). No aggregate, no sub-query, no student id: nothing
//! that looks beyond the row or at who it is. Three truth values as in SQL.

use peerlight_proto::catalogue::Catalogue;
use sqlparser::{ast::Expr, dialect::GenericDialect, parser::Parser, tokenizer::Token};

use super::{
    check::{Checker, Typed},
    node::{Graph, NodeId},
};
use crate::student::ColumnSet;

/// Longest expression, bytes.
const LONGEST: usize = 4_000;

/// Most words and signs. Each operation has one, so no expression is nested
/// deeper than this; deeper ones would exhaust the stack of whoever reads them.
const MOST_TOKENS: usize = 700;

/// What an expression must yield.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Yes, no or missing.
    Truth,
    /// A number or missing.
    Number,
}

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It is not an SQL expression.
    #[error("is not an expression: {0}")]
    Syntax(String),
    /// It is too long.
    #[error("is longer than {LONGEST} bytes: split the measure")]
    Length,
    /// It has too many parts.
    #[error("has more than {MOST_TOKENS} words and signs: split the measure")]
    Parts,
    /// It names what is neither a column nor a constant.
    #[error("names {0}, which is neither a column of student_years.csv nor a constant or setting")]
    Unknown(String),
    /// It names a student or another thing no expression may use.
    #[error("names {0}, which no measure may look at")]
    Forbidden(&'static str),
    /// It aggregates over rows.
    #[error("uses {0}, which looks at other rows: a measure looks at one student year")]
    Aggregate(String),
    /// It holds a query.
    #[error("holds a sub-query: a measure looks at one student year")]
    Query,
    /// It calls a function that is not offered.
    #[error("calls {0}: the functions are coalesce, abs, at_grade and date_in")]
    Function(String),
    /// It uses a construction that is not offered.
    #[error("uses \"{0}\", which measures do not offer")]
    Unsupported(String),
    /// A part has the wrong type.
    #[error("has \"{part}\" where {wanted} is needed")]
    Type {
        /// The part.
        part: String,
        /// What is needed there.
        wanted: &'static str,
    },
    /// A code is not one of its column's.
    #[error("compares {column} with {code}, which is not one of its codes")]
    Code {
        /// The column.
        column: &'static str,
        /// The code.
        code: String,
    },
}

/// A checked expression on its own: what it reads, before it is compiled into
/// a plan.
#[derive(Clone, Debug)]
pub struct Expression {
    columns: ColumnSet,
}

impl Expression {
    /// Checks `text` against the columns, and the constants and settings of
    /// `catalogue`.
    pub fn check(
        text: &str,
        wanted: Wanted,
        catalogue: &Catalogue,
    ) -> Result<Self, ExpressionError> {
        let mut graph = Graph::default();
        let columns = compile(text, wanted, catalogue, &mut graph)?.columns;
        Ok(Self { columns })
    }

    /// The columns it reads; those a district must have to offer it.
    pub const fn columns(&self) -> ColumnSet {
        self.columns
    }
}

/// A compiled expression: its last node, and the columns it reads.
pub(super) struct Compiled {
    pub(super) root: NodeId,
    pub(super) columns: ColumnSet,
}

/// Compiles `text` into `graph`.
pub(super) fn compile(
    text: &str,
    wanted: Wanted,
    catalogue: &Catalogue,
    graph: &mut Graph,
) -> Result<Compiled, ExpressionError> {
    let syntax = parse(text)?;
    let mut checker = Checker::new(catalogue, graph);
    let root = match (checker.typed(&syntax)?, wanted) {
        (Typed::Truth(id), Wanted::Truth) | (Typed::Number(id), Wanted::Number) => id,
        (Typed::Null, Wanted::Truth) => checker.truth(&syntax)?,
        (Typed::Null, Wanted::Number) => checker.number(&syntax)?,
        (_, Wanted::Truth) => return Err(mistyped(&syntax, "a condition")),
        (_, Wanted::Number) => return Err(mistyped(&syntax, "a number")),
    };
    Ok(Compiled { root, columns: checker.columns() })
}

fn parse(text: &str) -> Result<Expr, ExpressionError> {
    if text.len() > LONGEST {
        return Err(ExpressionError::Length);
    }
    let syntax = |error: sqlparser::parser::ParserError| ExpressionError::Syntax(error.to_string());
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(text).map_err(syntax)?;
    let mut tokens = 0;
    while parser.next_token().token != Token::EOF {
        tokens += 1;
    }
    if tokens > MOST_TOKENS {
        return Err(ExpressionError::Parts);
    }
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(text).map_err(syntax)?;
    let expression = parser.parse_expr().map_err(syntax)?;
    match parser.peek_token().token {
        Token::EOF => Ok(expression),
        token => Err(ExpressionError::Syntax(format!("\"{token}\" comes after its end"))),
    }
}

/// The error for a part of another type than `wanted`.
pub(super) fn mistyped(part: &Expr, wanted: &'static str) -> ExpressionError {
    ExpressionError::Type { part: part.to_string().chars().take(80).collect(), wanted }
}

#[cfg(test)]
mod tests {
    use peerlight_proto::catalogue::{Catalogue, Value};

    use super::*;
    use crate::student::Column;

    fn check(text: &str, wanted: Wanted) -> Result<Expression, ExpressionError> {
        Expression::check(text, wanted, &Catalogue::shipped())
    }

    #[test]
    fn the_shipped_catalogue_compiles() {
        let catalogue = Catalogue::shipped();
        for population in &catalogue.populations {
            check(&population.condition, Wanted::Truth).unwrap();
        }
        for measure in &catalogue.measures {
            match &measure.value {
                Value::Rate { success } => check(success, Wanted::Truth).unwrap(),
                Value::Mean { value, .. } => check(value, Wanted::Number).unwrap(),
            };
        }
    }

    #[test]
    fn an_expression_tells_which_columns_it_reads() {
        let expression =
            check("coalesce(ela_level >= 3, ela_scale_score >= ela_standard)", Wanted::Truth)
                .unwrap();
        let columns: Vec<Column> = expression.columns().iter().collect();
        assert_eq!(columns, [Column::ElaScaleScore, Column::ElaLevel]);
    }

    #[test]
    fn what_looks_at_other_rows_or_at_the_student_is_refused_with_the_reason() {
        for (text, reason) in [
            ("student_id = 'x'", "names student_id, which no measure may look at"),
            ("statewide_id IS NULL", "names statewide_id, which no measure may look at"),
            ("school_id = '1'", "names school_id, which no measure may look at"),
            ("test_name = 'x'", "names test_name, which no measure may look at"),
            ("count(gpa) > 1", "uses count, which looks at other rows"),
            ("avg(gpa) > 1", "uses avg, which looks at other rows"),
            ("gpa > (SELECT 1)", "holds a sub-query"),
            ("gpa IN (SELECT 1)", "holds a sub-query"),
            ("EXISTS (SELECT 1)", "holds a sub-query"),
            ("random() > 0.5", "calls random: the functions are coalesce, abs"),
            ("at_grade(ela_standard, gpa) > 1", "where a grade column is needed"),
            ("at_grade(gpa, grade_level) > 1", "where a constant by grade is needed"),
            ("at_grade(ela_standard, student_id) > 1", "names student_id, which no measure"),
            ("at_grade(ela_standard) > 1", "measures do not offer"),
            ("date_in(2026, '02-29') > '2026-01-01'", "where a day 'MM-DD'"),
            ("date_in(2026, '1-1') > '2026-01-01'", "where a day 'MM-DD'"),
            ("date_in('x', '01-01') > '2026-01-01'", "needed"),
            ("date_in(2026, '01-01') > 1", "where a date in quotes is needed"),
            ("date_in(student_id, '01-01') > '2026-01-01'", "which no measure may look at"),
            ("gpaa > 1", "names gpaa, which is neither"),
            ("gpa > 1 extra", "comes after its end"),
            ("gpa > ", "is not an expression"),
            ("gpa", "where a condition is needed"),
            ("gpa + 1", "where a condition is needed"),
            ("gpa AND homeless", "where a condition is needed"),
            ("homeless = 1", "needed"),
            ("homeless + 1 > 2", "where a number is needed"),
            ("gender > 'F'", "needed"),
            ("gender = 'Q'", "compares gender with Q"),
            ("ela_final_grade IN ('D', 'E')", "compares ela_final_grade with E"),
            ("CASE WHEN homeless THEN TRUE END", "measures do not offer"),
            ("gpa LIKE 'x'", "measures do not offer"),
            ("CAST(gpa AS INTEGER) = 1", "measures do not offer"),
        ] {
            let error = check(text, Wanted::Truth).expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        let error = check("homeless", Wanted::Number).unwrap_err().to_string();
        assert!(error.contains("where a number is needed"), "{error}");
    }

    #[test]
    fn deep_and_long_expressions_are_refused_not_crashed_on() {
        let nested = |depth| format!("{}gpa{} > 1", "(".repeat(depth), ")".repeat(depth));
        assert!(matches!(check(&nested(300), Wanted::Truth), Err(ExpressionError::Syntax(_))));
        assert_eq!(check(&nested(1_000), Wanted::Truth).unwrap_err(), ExpressionError::Parts);
        let long = format!("gpa > {}", "1".repeat(5_000));
        assert_eq!(check(&long, Wanted::Truth).unwrap_err(), ExpressionError::Length);
        let many = vec!["homeless"; 300].join(" AND ");
        assert!(check(&many, Wanted::Truth).is_ok());
        // Left-deep, right-deep, and what no part of is looked at.
        let sum = vec!["1"; 1_500].join("+");
        let unary = format!("{}gpa", "- ".repeat(1_500));
        for text in [sum.clone(), format!("gpa LIKE {sum}"), format!("{sum} > 1"), unary] {
            let error = check(&text, Wanted::Truth).unwrap_err();
            let refused = matches!(error, ExpressionError::Parts | ExpressionError::Syntax(_));
            assert!(refused, "{error}");
        }
        let deepest = vec!["1"; MOST_TOKENS / 2].join("+");
        assert!(check(&deepest, Wanted::Number).is_ok());
        assert!(check(&format!("gpa LIKE {deepest}"), Wanted::Truth).is_err());
    }
}
