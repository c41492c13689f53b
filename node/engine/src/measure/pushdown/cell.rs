//! Reads one column of a warehouse as the value of ours that a file's cell
//! would be: the rules of the intake, as SQL.
//!
//! Never raises an error of its own: what the intake would refuse becomes NULL
//! although there is text, which [`super::Pushdown::refusals`] counts.

use crate::student::Kind;

/// What is cut off both ends of a cell.
const BLANK: &str = "E' \\t\\n\\r\\f\\v'";

/// A number as the intake accepts it: digits, at most one dot, a sign.
const NUMBER: &str = "'^-?([0-9]+[.]?[0-9]*|[.][0-9]+)$'";

/// A column's text without blanks; NULL where there is none.
pub(super) fn text(column: &str) -> String {
    format!("NULLIF(btrim({column}::text, {BLANK}), '')")
}

/// Whether a text is there and the intake would refuse it.
pub(super) fn refused(kind: Kind, text: &str) -> String {
    format!("{text} IS NOT NULL AND ({}) IS NULL", value(kind, text))
}

/// The value of a text, a column or expression without side effects: double
/// precision where the kind is stored as numbers, else a position or small
/// number.
pub(super) fn value(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Flag => format!(
            "CASE WHEN lower({text} COLLATE \"C\") IN ('1', 'true', 'y', 'yes') THEN 1 \
             WHEN lower({text} COLLATE \"C\") IN ('0', 'false', 'n', 'no') THEN 0 END"
        ),
        Kind::Number(low, high) => number(text, low, high),
        Kind::Whole(low, high) => {
            let number = number(text, f64::from(low), f64::from(high));
            format!(
                "(SELECT CASE WHEN v = trunc(v) THEN v::integer END FROM (SELECT {number}) AS n(v))"
            )
        }
        Kind::Grade => grade(text),
        Kind::Code(codes) => {
            let codes: Vec<String> =
                codes.iter().map(|code| format!("'{}'", code.to_ascii_lowercase())).collect();
            let list = codes.join(", ");
            format!("array_position(ARRAY[{list}], lower({text} COLLATE \"C\")) - 1")
        }
        Kind::Year => year(text),
        Kind::Date => date(text),
        // Nothing that is counted reads them.
        Kind::Key | Kind::Name => "NULL::integer".to_owned(),
    }
}

/// A number within bounds. CASE keeps the cast from what is no number.
fn number(text: &str, low: f64, high: f64) -> String {
    format!(
        "CASE WHEN {text} ~ {NUMBER} THEN CASE WHEN {text}::float8 BETWEEN {} AND {} \
         THEN {text}::float8 END END",
        double(low),
        double(high)
    )
}

fn grade(text: &str) -> String {
    format!(
        "CASE WHEN upper({text} COLLATE \"C\") = 'TK' THEN 0 \
         WHEN upper({text} COLLATE \"C\") IN ('KG', 'K', 'KN') THEN 1 \
         WHEN {text} ~ '^[0-9]{{1,2}}$' THEN CASE WHEN {text}::integer BETWEEN 1 AND 12 \
         THEN {text}::integer + 1 END END"
    )
}

/// An ending year in any spelling.
fn year(text: &str) -> String {
    let within = |ending: &str, condition: &str| {
        format!("CASE WHEN {ending} BETWEEN 1990 AND 2200{condition} THEN ({ending})::float8 END")
    };
    let start = format!("left({text}, 4)::integer");
    let long = within(
        &format!("right({text}, 4)::integer"),
        &format!(" AND {start} + 1 = right({text}, 4)::integer"),
    );
    let short = within(
        &format!("({start} + 1)"),
        &format!(" AND ({start} + 1) % 100 = right({text}, 2)::integer"),
    );
    let plain = within(&format!("{text}::integer"), "");
    format!(
        "CASE WHEN {text} ~ '^[0-9]{{4}}$' THEN {plain} \
         WHEN {text} ~ '^[0-9]{{4}}[-_][0-9]{{4}}$' THEN {long} \
         WHEN {text} ~ '^[0-9]{{4}}[-_][0-9]{{2}}$' THEN {short} END"
    )
}

/// Days from 1970-01-01 to a date `YYYY-MM-DD` of the years 1900 to 2200.
fn date(text: &str) -> String {
    let (year, month, day) = (
        format!("left({text}, 4)::integer"),
        format!("substr({text}, 6, 2)::integer"),
        format!("right({text}, 2)::integer"),
    );
    let date = format!("(make_date({year}, {month}, 1) + {day} - 1)");
    format!(
        "CASE WHEN {text} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' THEN \
         CASE WHEN {year} BETWEEN 1900 AND 2200 AND {month} BETWEEN 1 AND 12 \
         AND {day} BETWEEN 1 AND 31 THEN CASE WHEN extract(month FROM {date}) = {month} \
         THEN ({date} - DATE '1970-01-01')::float8 END END END"
    )
}

/// A number that reads back as the same bits.
pub(super) fn double(number: f64) -> String {
    format!("'{number:?}'::float8")
}
