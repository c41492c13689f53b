//! The language of measures: a small, checked subset of SQL expressions.
//!
//! ```text
//! text ──sqlparser──▶ syntax ──check types and names──▶ graph of total operations
//! ```
//!
//! Columns of one student year, literals, `school_year`, constants by grade,
//! `+ - * /`, comparisons, `AND OR NOT`, `IN`, `BETWEEN`, `IS [NOT] NULL`,
//! `coalesce` and `abs`. No aggregate, no sub-query, no student id: nothing
//! that looks beyond the row or at who it is. Three truth values as in SQL.

use std::collections::BTreeMap;

use peerlight_proto::catalogue::GradeConstant;
use sqlparser::{ast::Expr, dialect::GenericDialect, parser::Parser, tokenizer::Token};

use super::{
    check::{Checker, Typed},
    node::{Graph, NodeId},
};
use crate::student::ColumnSet;

/// Longest expression, bytes.
const LONGEST: usize = 4_000;

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
    /// It names what is neither a column nor a constant.
    #[error("names {0}, which is neither a column of student_years.csv nor a constant")]
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
    #[error("calls {0}: the functions are coalesce and abs")]
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
    /// Checks `text` against the columns and `constants`.
    pub fn check(
        text: &str,
        wanted: Wanted,
        constants: &BTreeMap<String, GradeConstant>,
    ) -> Result<Self, ExpressionError> {
        let mut graph = Graph::default();
        let columns = compile(text, wanted, constants, &mut graph)?.columns;
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
    constants: &BTreeMap<String, GradeConstant>,
    graph: &mut Graph,
) -> Result<Compiled, ExpressionError> {
    let syntax = parse(text)?;
    let mut checker = Checker::new(constants, graph);
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
        Expression::check(text, wanted, &Catalogue::shipped().constants)
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
            ("random() > 0.5", "calls random: the functions are coalesce and abs"),
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
        let deep = format!("{}gpa{} > 1", "(".repeat(1_000), ")".repeat(1_000));
        assert!(matches!(check(&deep, Wanted::Truth), Err(ExpressionError::Syntax(_))));
        let long = format!("gpa > {}", "1".repeat(5_000));
        assert_eq!(check(&long, Wanted::Truth).unwrap_err(), ExpressionError::Length);
        let many = vec!["homeless"; 300].join(" AND ");
        assert!(check(&many, Wanted::Truth).is_ok());
    }
}
