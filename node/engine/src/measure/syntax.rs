//! Looks at single pieces of SQL syntax, for the checker.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
};

use super::expression::ExpressionError;

/// Functions that a data lead might try, and that look at other rows.
pub(super) const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "median",
    "stddev",
    "variance",
    "rank",
    "row_number",
    "lag",
    "lead",
    "string_agg",
    "array_agg",
    "any_value",
    "first_value",
    "last_value",
];

/// The text of a literal in quotes.
pub(super) fn quoted(part: &Expr) -> Option<&str> {
    match part {
        Expr::Nested(inner) => quoted(inner),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The comparison with its sides exchanged.
pub(super) fn mirrored(op: &BinaryOperator) -> BinaryOperator {
    match op {
        BinaryOperator::Lt => BinaryOperator::Gt,
        BinaryOperator::LtEq => BinaryOperator::GtEq,
        BinaryOperator::Gt => BinaryOperator::Lt,
        BinaryOperator::GtEq => BinaryOperator::LtEq,
        other => other.clone(),
    }
}

/// The plain arguments of a call; `None` where it has anything else.
pub(super) fn arguments(function: &Function) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let is_plain = list.duplicate_treatment.is_none()
        && list.clauses.is_empty()
        && function.filter.is_none()
        && function.null_treatment.is_none()
        && function.within_group.is_empty();
    if !is_plain {
        return None;
    }
    list.args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(part)) => Some(part),
            _ => None,
        })
        .collect()
}

/// The error for a construction that is not offered.
pub(super) fn unsupported(part: &Expr) -> ExpressionError {
    ExpressionError::Unsupported(part.to_string().chars().take(80).collect())
}
