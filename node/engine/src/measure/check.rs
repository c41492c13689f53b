//! Gives every part of an expression its type, or refuses it with the reason.
//!
//! Types: truth, number, date, and the codes or grades of one column. A
//! literal takes the type of what it meets. Everything that is not named here
//! is refused, so that a new version of the parser cannot widen the language.

use peerlight_proto::{
    catalogue::{Catalogue, GradeConstant},
    units::Grade,
};
use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};

use super::{
    expression::{ExpressionError, mistyped},
    node::{Arithmetic, Graph, Node, NodeId, Precision},
    syntax::{mirrored, quoted, unsupported},
};
use crate::{
    intake::days_of,
    student::{Column, ColumnSet, Kind},
};

/// A checked part.
#[derive(Clone, Copy)]
pub(super) enum Typed {
    Truth(NodeId),
    Number(NodeId),
    Date(NodeId),
    Code(Column),
    /// The literal NULL, of any type.
    Null,
}

/// Checks one expression into a graph.
pub(super) struct Checker<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) graph: &'a mut Graph,
    columns: ColumnSet,
}

pub(super) type Checked<T = NodeId> = Result<T, ExpressionError>;

impl<'a> Checker<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, graph: &'a mut Graph) -> Self {
        Self { catalogue, graph, columns: ColumnSet::default() }
    }

    /// The columns that were named so far.
    pub(super) const fn columns(&self) -> ColumnSet {
        self.columns
    }

    /// The part, which must be a truth.
    pub(super) fn truth(&mut self, part: &Expr) -> Checked {
        match self.typed(part)? {
            Typed::Truth(id) => Ok(id),
            Typed::Null => Ok(self.graph.add(Node::Truth(None))),
            _ => Err(mistyped(part, "a condition")),
        }
    }

    /// The part, which must be a number.
    pub(super) fn number(&mut self, part: &Expr) -> Checked {
        match self.typed(part)? {
            Typed::Number(id) => Ok(id),
            Typed::Null => Ok(self.constant(f64::NAN)),
            _ => Err(mistyped(part, "a number")),
        }
    }

    /// The part and its type.
    pub(super) fn typed(&mut self, part: &Expr) -> Checked<Typed> {
        match part {
            Expr::Nested(inner) => self.typed(inner),
            Expr::Identifier(name) => self.name(&name.value),
            Expr::Value(value) => self.literal(&value.value, part),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                let id = self.truth(expr)?;
                Ok(self.as_truth(Node::Not(id)))
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                let (zero, id) = (self.constant(0.0), self.number(expr)?);
                Ok(self.as_number(Node::Arithmetic(Arithmetic::Subtract, zero, id)))
            }
            Expr::UnaryOp { op: UnaryOperator::Plus, expr } => self.number(expr).map(Typed::Number),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::IsNull(inner) => self.missing(inner).map(Typed::Truth),
            Expr::IsNotNull(inner) => {
                let id = self.missing(inner)?;
                Ok(self.as_truth(Node::Not(id)))
            }
            Expr::InList { expr, list, negated } => {
                let mut any = self.graph.add(Node::Truth(Some(false)));
                for member in list {
                    let equal = self.compare(expr, &BinaryOperator::Eq, member)?;
                    any = self.either(any, equal);
                }
                Ok(self.negated(any, *negated))
            }
            Expr::Between { expr, negated, low, high } => {
                let low = self.compare(expr, &BinaryOperator::GtEq, low)?;
                let high = self.compare(expr, &BinaryOperator::LtEq, high)?;
                let between = self.graph.add(Node::And(low, high));
                Ok(self.negated(between, *negated))
            }
            Expr::Function(function) => self.function(function, part),
            Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => {
                Err(ExpressionError::Query)
            }
            other => Err(unsupported(other)),
        }
    }

    fn name(&mut self, name: &str) -> Checked<Typed> {
        if name == "school_year" {
            return Ok(self.as_number(Node::SchoolYear));
        }
        if let Some(constant) = self.catalogue.constants.get(name) {
            return Ok(self.as_number(Node::ByGrade(by_grade(constant))));
        }
        if let Some(setting) = self.catalogue.settings.get(name) {
            return Ok(Typed::Number(self.constant(setting.value)));
        }
        let column = self.column(name)?;
        match column.kind() {
            Kind::Flag => Ok(self.as_truth(Node::Flag(column))),
            Kind::Number(..) | Kind::Year => Ok(self.as_number(Node::Number(column))),
            Kind::Whole(..) => Ok(self.as_number(Node::Whole(column))),
            Kind::Date => Ok(Typed::Date(self.graph.add(Node::Number(column)))),
            Kind::Grade | Kind::Code(_) => Ok(Typed::Code(column)),
            Kind::Key | Kind::Name => Err(ExpressionError::Forbidden(column.name())),
        }
    }

    /// The column of this name, which is noted as read.
    pub(super) fn column(&mut self, name: &str) -> Checked<Column> {
        let unknown = || ExpressionError::Unknown(name.chars().take(64).collect());
        let column = Column::from_name(name).ok_or_else(unknown)?;
        if !column.is_countable() {
            return Err(ExpressionError::Forbidden(column.name()));
        }
        self.columns.insert(column);
        Ok(column)
    }

    fn literal(&mut self, value: &Value, part: &Expr) -> Checked<Typed> {
        match value {
            Value::Null => Ok(Typed::Null),
            Value::Boolean(truth) => Ok(self.as_truth(Node::Truth(Some(*truth)))),
            Value::Number(text, _) => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Typed::Number(self.constant(number))),
                _ => Err(mistyped(part, "a finite number")),
            },
            Value::SingleQuotedString(_) => Err(mistyped(part, "a column to compare it with")),
            _ => Err(unsupported(part)),
        }
    }

    fn binary(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Checked<Typed> {
        let arithmetic = match op {
            BinaryOperator::Plus => Arithmetic::Add,
            BinaryOperator::Minus => Arithmetic::Subtract,
            BinaryOperator::Multiply => Arithmetic::Multiply,
            BinaryOperator::Divide => Arithmetic::Divide,
            BinaryOperator::And | BinaryOperator::Or => {
                let (left, right) = (self.truth(left)?, self.truth(right)?);
                let is_and = matches!(op, BinaryOperator::And);
                let node = if is_and { Node::And(left, right) } else { Node::Or(left, right) };
                return Ok(self.as_truth(node));
            }
            _ => return self.compare(left, op, right).map(Typed::Truth),
        };
        let (left, right) = (self.number(left)?, self.number(right)?);
        Ok(self.as_number(Node::Arithmetic(arithmetic, left, right)))
    }

    fn compare(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Checked {
        if let Some(text) = quoted(right) {
            return self.compare_text(left, op, text);
        }
        if let Some(text) = quoted(left) {
            return self.compare_text(right, &mirrored(op), text);
        }
        let (a, b) = match (self.typed(left)?, self.typed(right)?) {
            (Typed::Null, _) | (_, Typed::Null) => return Ok(self.graph.add(Node::Truth(None))),
            (Typed::Truth(a), Typed::Truth(b)) => {
                let same = self.graph.add(Node::SameTruth(a, b));
                return match op {
                    BinaryOperator::Eq => Ok(same),
                    BinaryOperator::NotEq => Ok(self.graph.add(Node::Not(same))),
                    _ => Err(mistyped(left, "a number")),
                };
            }
            (Typed::Number(a), Typed::Number(b)) | (Typed::Date(a), Typed::Date(b)) => (a, b),
            (Typed::Code(a), Typed::Code(b)) if is_grade(a) && is_grade(b) => {
                return Err(mistyped(right, "a grade in quotes"));
            }
            (Typed::Code(_), _) => return Err(mistyped(right, "a code in quotes")),
            (Typed::Truth(_), _) => return Err(mistyped(right, "TRUE or FALSE")),
            (Typed::Number(_), _) => return Err(mistyped(right, "a number")),
            (Typed::Date(_), _) => return Err(mistyped(right, "a date in quotes")),
        };
        self.ordered(a, op, b, left)
    }

    /// Two numbers: everything is made of "less" and "equal".
    fn ordered(&mut self, a: NodeId, op: &BinaryOperator, b: NodeId, part: &Expr) -> Checked {
        let plain = self.graph.is_plain(a) && self.graph.is_plain(b);
        let precision = if plain { Precision::Exact } else { Precision::Decimal };
        let (node, is_negated) = match op {
            BinaryOperator::Lt => (Node::Less(a, b, precision), false),
            BinaryOperator::Gt => (Node::Less(b, a, precision), false),
            BinaryOperator::GtEq => (Node::Less(a, b, precision), true),
            BinaryOperator::LtEq => (Node::Less(b, a, precision), true),
            BinaryOperator::Eq => (Node::Equal(a, b), false),
            BinaryOperator::NotEq => (Node::Equal(a, b), true),
            other => return Err(ExpressionError::Unsupported(format!("{part} {other}"))),
        };
        let id = self.graph.add(node);
        Ok(if is_negated { self.graph.add(Node::Not(id)) } else { id })
    }

    /// A column of codes, grades or dates against a literal in quotes.
    fn compare_text(&mut self, part: &Expr, op: &BinaryOperator, text: &str) -> Checked {
        let column = match self.typed(part)? {
            Typed::Code(column) => column,
            Typed::Date(id) => {
                let days = days_of(text).ok_or_else(|| mistyped(part, "a date YYYY-MM-DD"))?;
                let days = self.constant(days);
                return self.ordered(id, op, days, part);
            }
            Typed::Null => return Ok(self.graph.add(Node::Truth(None))),
            _ => return Err(mistyped(part, "a column of codes")),
        };
        let code = || ExpressionError::Code {
            column: column.name(),
            code: text.chars().take(40).collect(),
        };
        let (position, codes) = match column.kind() {
            Kind::Grade => (text.parse::<Grade>().ok().map(Grade::index), Grade::COUNT),
            Kind::Code(codes) => (codes.iter().position(|known| *known == text), codes.len()),
            _ => (None, 0),
        };
        let position = position.ok_or_else(code)?;
        let all = (1_u32 << codes) - 1;
        let (this, below) = (1_u32 << position, (1_u32 << position) - 1);
        let members = match op {
            BinaryOperator::Eq => this,
            BinaryOperator::NotEq => all & !this,
            BinaryOperator::Lt if is_grade(column) => below,
            BinaryOperator::LtEq if is_grade(column) => below | this,
            BinaryOperator::Gt if is_grade(column) => all & !below & !this,
            BinaryOperator::GtEq if is_grade(column) => all & !below,
            _ => return Err(mistyped(part, "a number or a grade")),
        };
        Ok(self.graph.add(Node::OneOf(column, members)))
    }

    fn missing(&mut self, part: &Expr) -> Checked {
        let node = match self.typed(part)? {
            Typed::Truth(id) => Node::NoTruth(id),
            Typed::Number(id) | Typed::Date(id) => Node::NoNumber(id),
            Typed::Code(column) => Node::NoCode(column),
            Typed::Null => Node::Truth(Some(true)),
        };
        Ok(self.graph.add(node))
    }

    /// `a OR b`; of codes of one column, one look-up.
    fn either(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let node = match (&self.graph.nodes()[a], &self.graph.nodes()[b]) {
            (Node::Truth(Some(false)), _) => return b,
            (Node::OneOf(column, members), Node::OneOf(other, more)) if column == other => {
                Node::OneOf(*column, members | more)
            }
            _ => Node::Or(a, b),
        };
        self.graph.add(node)
    }

    fn negated(&mut self, id: NodeId, is_negated: bool) -> Typed {
        Typed::Truth(if is_negated { self.graph.add(Node::Not(id)) } else { id })
    }

    pub(super) fn constant(&mut self, number: f64) -> NodeId {
        self.graph.add(Node::Constant(number.to_bits()))
    }

    pub(super) fn as_truth(&mut self, node: Node) -> Typed {
        Typed::Truth(self.graph.add(node))
    }

    pub(super) fn as_number(&mut self, node: Node) -> Typed {
        Typed::Number(self.graph.add(node))
    }
}

/// A constant's numbers as their bits, by grade; missing where it has none.
pub(super) fn by_grade(constant: &GradeConstant) -> [u64; Grade::COUNT] {
    let mut by_grade = [f64::NAN.to_bits(); Grade::COUNT];
    for (grade, value) in constant {
        by_grade[grade.index()] = value.to_bits();
    }
    by_grade
}

const fn is_grade(column: Column) -> bool {
    matches!(column.kind(), Kind::Grade)
}
