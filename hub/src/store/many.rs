//! Inserts many rows with few statements, on either database.

use sqlx::{Any, AssertSqlSafe, Transaction, query::Query};

use crate::error::Error;

/// Rows that are inserted at once: with up to thirty values each, either
/// database takes them in one statement.
const CHUNK: usize = 500;

/// A statement with values bound to it.
pub type Bound<'q> = Query<'q, Any, <Any as sqlx::Database>::Arguments>;

/// Inserts `rows`; `into` is the table with its columns, as SQL names them.
pub async fn insert<T>(
    transaction: &mut Transaction<'static, Any>,
    into: &str,
    rows: &[T],
    bind: impl for<'q> Fn(Bound<'q>, &T) -> Bound<'q>,
) -> Result<(), Error> {
    let width = into.matches(',').count() + 1;
    for chunk in rows.chunks(CHUNK) {
        let values: Vec<String> = (0..chunk.len())
            .map(|row| {
                let places: Vec<String> =
                    (1..=width).map(|column| format!("${}", row * width + column)).collect();
                format!("({})", places.join(", "))
            })
            .collect();
        let sql = format!("INSERT INTO {into} VALUES {}", values.join(", "));
        let query = chunk.iter().fold(sqlx::query(AssertSqlSafe(sql)), &bind);
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}
