//! Checked expressions as one graph of operations, where equal parts are one
//! node: a population that twelve measures use is evaluated once.
//!
//! Nodes are in the order of evaluation: each comes after what it needs.

use std::collections::HashMap;

use crate::student::{Column, ColumnSet};

/// Position of a node in its [`Graph`].
pub(super) type NodeId = usize;

/// Arithmetic on two numbers; what is not finite becomes missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// How finely two numbers are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Precision {
    /// As stored: both are columns or literals.
    Exact,
    /// To nine digits, so that decimals compare as they are written although
    /// 1.1 * 100 is not 110 in binary.
    Decimal,
}

/// One operation. Numbers are missing as NaN; truths are yes, no or missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// A number, as its bits.
    Constant(u64),
    /// The ending year of the school year that is counted.
    SchoolYear,
    /// A column stored as numbers.
    Number(Column),
    /// A column of whole numbers stored as bytes.
    Whole(Column),
    /// A number by grade assessed, or grade level; as its bits, by grade.
    ByGrade([u64; 14]),
    /// The same by another column of grades.
    AtGrade([u64; 14], Column),
    /// A month and day of the calendar year that the number is, in days since
    /// 1970-01-01.
    DateIn(NodeId, u8, u8),
    Arithmetic(Arithmetic, NodeId, NodeId),
    Absolute(NodeId),
    /// The first number that is not missing.
    FirstNumber(NodeId, NodeId),
    /// A subject's growth percentile, 1 to 99.
    GrowthPercentile(usize),
    /// A subject's cell of the residual histogram: band x bins + bin.
    GrowthCell(usize),

    /// A truth that is the same in every row.
    Truth(Option<bool>),
    /// A column of flags.
    Flag(Column),
    /// The first is less than the second.
    Less(NodeId, NodeId, Precision),
    /// Both are the same number.
    Equal(NodeId, NodeId),
    /// The column's code is one of those whose bits are set.
    OneOf(Column, u32),
    /// The column of codes or grades has no value.
    NoCode(Column),
    /// The number is missing.
    NoNumber(NodeId),
    /// The truth is missing.
    NoTruth(NodeId),
    Not(NodeId),
    And(NodeId, NodeId),
    Or(NodeId, NodeId),
    /// Both are yes or both are no.
    SameTruth(NodeId, NodeId),
    /// The first truth that is not missing.
    FirstTruth(NodeId, NodeId),
}

impl Node {
    /// Whether it is a truth; else it is a number.
    pub(super) const fn is_truth(&self) -> bool {
        matches!(
            self,
            Self::Truth(_)
                | Self::Flag(_)
                | Self::Less(..)
                | Self::Equal(..)
                | Self::OneOf(..)
                | Self::NoCode(_)
                | Self::NoNumber(_)
                | Self::NoTruth(_)
                | Self::Not(_)
                | Self::And(..)
                | Self::Or(..)
                | Self::SameTruth(..)
                | Self::FirstTruth(..)
        )
    }
}

/// Nodes in the order of evaluation, each there once.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Node, NodeId>,
}

impl Graph {
    /// The id of `node`, added if it is new.
    pub(super) fn add(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        self.nodes.push(node.clone());
        self.known.insert(node, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// All nodes, in the order of evaluation.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Whether the number is stored as written: a column or a literal.
    pub(super) fn is_plain(&self, id: NodeId) -> bool {
        matches!(
            self.nodes[id],
            Node::Constant(_) | Node::SchoolYear | Node::Number(_) | Node::Whole(_)
        )
    }

    /// The columns that any node reads.
    pub(super) fn columns(&self) -> ColumnSet {
        let mut columns = ColumnSet::default();
        for node in &self.nodes {
            match node {
                Node::Number(column)
                | Node::Whole(column)
                | Node::Flag(column)
                | Node::OneOf(column, _)
                | Node::NoCode(column)
                | Node::AtGrade(_, column) => columns.insert(*column),
                _ => {}
            }
        }
        columns
    }
}
