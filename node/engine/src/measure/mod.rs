//! From expressions over student years to exact counts of every school.
//!
//! ```text
//! charter ──compile──▶ CountPlan ──chunks, one pass──▶ Counter ──▶ ExactRelease  (to noise)
//!          expression  │            evaluate, tally     ▲     └──▶ LocalTable    (stays here)
//!                      └──SQL──▶ Pushdown ──totals──────┘
//! ```
//!
//! An expression is checked before any data is seen, and is total: whatever it
//! meets becomes NULL rather than an error. One row changes only the cells of
//! its own school, grade, race, gender and flags, whatever the expression says.

mod absent;
mod batch;
mod check;
mod define;
mod drill;
mod evaluate;
mod expression;
mod function;
mod growth;
mod kernel;
mod local;
mod node;
mod plan;
mod pushdown;
#[cfg(test)]
mod reference;
mod syntax;
mod tally;
mod watch;

pub use absent::{AbsentGroup, absent_groups};
pub use define::{check_catalogue, measure_columns, offered, program_columns};
pub use drill::{Drill, Standing, Target};
pub use expression::{Expression, ExpressionError, Wanted};
pub(crate) use growth::grade_of;
pub use kernel::{Counter, FLAG_COLUMNS};
pub use local::{LocalTable, LocalValue};
pub use plan::{CountPlan, PlanError};
pub use pushdown::{
    Answer, Frozen, Pushdown, PushdownError, Relation, Students, row_key, spellings,
};
pub use watch::{WatchList, watch_lists};
