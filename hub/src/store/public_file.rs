//! `public_file`, `public_school` and `public_result`: what official files
//! say. A file is replaced whole, in one transaction.

use peerlight_hub_engine::public::{
    Imported,
    format::Format,
    measure::{self, PublicMeasure},
};
use peerlight_proto::{
    group::StudentGroup,
    names::SchoolId,
    units::{ContentHash, SchoolYear, UnixSeconds},
};
use sqlx::{AssertSqlSafe, Row, any::AnyRow};

use super::{Store, inconsistent, many};
use crate::error::Error;

const PUBLISHED: &str = "published";
const NOT_PUBLISHED: &str = "not_published";

/// A file that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The series it belongs to.
    pub source: String,
    /// The school year it is about.
    pub school_year: SchoolYear,
    /// Its family.
    pub format: Format,
    /// Its name when it was imported.
    pub file_name: String,
    /// SHA-256 of its bytes.
    pub digest: ContentHash,
    /// Rows below its header.
    pub rows: u64,
    /// Schools it has.
    pub schools: u64,
    /// Results it gave.
    pub results: u64,
    /// Those that the state does not publish.
    pub not_published: u64,
    /// When it was imported.
    pub imported_at: UnixSeconds,
}

/// One official result of one school.
#[derive(Clone, Debug, PartialEq)]
pub struct Official {
    /// The series it is from.
    pub source: String,
    /// The school year.
    pub school_year: SchoolYear,
    /// What it is a number of.
    pub measure: &'static PublicMeasure,
    /// The students it is about.
    pub group: StudentGroup,
    /// The number as printed; absent where the state does not publish it.
    pub value: Option<f64>,
    /// Students it is divided by, where the file says.
    pub students: Option<u32>,
}

/// A school as the newest files name it; empty where none does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its state id.
    pub id: SchoolId,
    /// Its name.
    pub name: String,
    /// Its district's.
    pub district: String,
    /// Its county's.
    pub county: String,
}

const FILES: &str = "SELECT source, school_year, format, file_name, digest, line_count, \
                     school_count, result_count, hidden_count, imported_at FROM public_file";

/// Every file held, by series, newest year first.
pub async fn list(store: &Store) -> Result<Vec<Held>, Error> {
    let sql = format!("{FILES} ORDER BY source, school_year DESC");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&store.pool).await?;
    rows.iter().map(held).collect()
}

/// The file of a series and year, if one is held.
pub async fn find(store: &Store, source: &str, year: SchoolYear) -> Result<Option<Held>, Error> {
    let sql = format!("{FILES} WHERE source = $1 AND school_year = $2");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(source)
        .bind(i64::from(year.ending_year()))
        .fetch_optional(&store.pool)
        .await?;
    row.as_ref().map(held).transpose()
}

/// Puts a file in place of the one of its series and year: all of it or none.
pub async fn replace(store: &Store, held: &Held, imported: &Imported) -> Result<(), Error> {
    let year = i64::from(held.school_year.ending_year());
    let mut transaction = store.write().await?;
    for table in ["public_result", "public_school", "public_file"] {
        let sql = format!("DELETE FROM {table} WHERE source = $1 AND school_year = $2");
        sqlx::query(AssertSqlSafe(sql))
            .bind(&held.source)
            .bind(year)
            .execute(&mut *transaction)
            .await?;
    }
    sqlx::query(
        "INSERT INTO public_file (source, school_year, format, file_name, digest, line_count,
             school_count, result_count, hidden_count, imported_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&held.source)
    .bind(year)
    .bind(held.format.as_str())
    .bind(&held.file_name)
    .bind(held.digest.to_string())
    .bind(held.rows as i64)
    .bind(held.schools as i64)
    .bind(held.results as i64)
    .bind(held.not_published as i64)
    .bind(held.imported_at.0)
    .execute(&mut *transaction)
    .await?;
    let columns = "public_school (source, school_year, school_id, name, district, county)";
    many::insert(&mut transaction, columns, &imported.schools, |query, school| {
        query
            .bind(held.source.clone())
            .bind(year)
            .bind(school.id.to_string())
            .bind(school.name.clone())
            .bind(school.district.clone())
            .bind(school.county.clone())
    })
    .await?;
    let columns = "public_result (source, school_year, school_id, measure, student_group, \
                   status, value, students)";
    many::insert(&mut transaction, columns, &imported.results, |query, result| {
        query
            .bind(held.source.clone())
            .bind(year)
            .bind(imported.schools[result.school].id.to_string())
            .bind(result.measure.id)
            .bind(result.group.to_string())
            .bind(if result.value.is_some() { PUBLISHED } else { NOT_PUBLISHED })
            .bind(result.value.unwrap_or_default())
            .bind(i64::from(result.students.unwrap_or_default()))
    })
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// One school's results: by measure, newest year first, then group.
pub async fn results_of(store: &Store, id: &str) -> Result<Vec<Official>, Error> {
    let rows = sqlx::query(
        "SELECT source, school_year, measure, student_group, status, value, students
         FROM public_result WHERE school_id = $1",
    )
    .bind(id)
    .fetch_all(&store.pool)
    .await?;
    let mut results = rows.iter().map(result).collect::<Result<Vec<_>, Error>>()?;
    results.sort_by_key(|result| {
        let newest_first = std::cmp::Reverse(result.school_year);
        (result.measure.id, newest_first, result.group, result.source.clone())
    });
    Ok(results)
}

/// Every school's published results of all students, of these years.
pub async fn all_students(
    store: &Store,
    first: SchoolYear,
    last: SchoolYear,
) -> Result<Vec<(SchoolId, Official)>, Error> {
    let rows = sqlx::query(
        "SELECT source, school_year, measure, student_group, status, value, students, school_id
         FROM public_result
         WHERE student_group = 'all' AND status = 'published'
             AND school_year >= $1 AND school_year <= $2
         ORDER BY school_id, source, school_year, measure",
    )
    .bind(i64::from(first.ending_year()))
    .bind(i64::from(last.ending_year()))
    .fetch_all(&store.pool)
    .await?;
    let of = |row: &AnyRow| {
        let id = SchoolId::new(row.try_get::<String, _>(7)?);
        Ok((id.map_err(|_| inconsistent("public_result", "school_id"))?, result(row)?))
    };
    rows.iter().map(of).collect()
}

/// A school's names, if any file has the school.
pub async fn find_school(store: &Store, id: &str) -> Result<Option<Named>, Error> {
    let found = named(store, "school_id = $1", id).await?;
    Ok(found.into_iter().next())
}

/// Schools whose name, district or id holds these words; at most `most`,
/// ordered by id.
pub async fn find_schools(store: &Store, words: &str, most: usize) -> Result<Vec<Named>, Error> {
    let mut pattern = String::from("%");
    for character in words.trim().to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    let matching = format!(
        "school_id IN (SELECT DISTINCT school_id FROM public_school
             WHERE lower(name) LIKE $1 ESCAPE '\\' OR lower(district) LIKE $1 ESCAPE '\\'
                 OR school_id LIKE $1 ESCAPE '\\'
             ORDER BY school_id LIMIT {most})"
    );
    named(store, &matching, &pattern).await
}

/// The schools for which a condition on `$1` holds, each by its newest names.
async fn named(store: &Store, condition: &str, value: &str) -> Result<Vec<Named>, Error> {
    let sql = format!(
        "SELECT school_id, name, district, county FROM public_school WHERE {condition}
         ORDER BY school_id, school_year DESC, source"
    );
    let rows: Vec<(String, String, String, String)> =
        sqlx::query_as(AssertSqlSafe(sql)).bind(value).fetch_all(&store.pool).await?;
    let mut found: Vec<Named> = Vec::new();
    for (id, name, district, county) in rows {
        let Some(last) = found.last_mut().filter(|last| last.id.as_str() == id) else {
            let id = SchoolId::new(id).map_err(|_| inconsistent("public_school", "id"))?;
            found.push(Named { id, name, district, county });
            continue;
        };
        let known = [&mut last.name, &mut last.district, &mut last.county];
        for (known, older) in known.into_iter().zip([name, district, county]) {
            if known.is_empty() {
                *known = older;
            }
        }
    }
    Ok(found)
}

fn school_year(year: i64, table: &'static str) -> Result<SchoolYear, Error> {
    let ending = u32::try_from(year).ok().and_then(|year| SchoolYear::ending(year).ok());
    ending.ok_or_else(|| inconsistent(table, "school_year"))
}

fn held(row: &AnyRow) -> Result<Held, Error> {
    let broken = |column: &str| inconsistent("public_file", column);
    let text = |column: usize| row.try_get::<String, _>(column);
    let count = |column: usize| -> Result<u64, Error> {
        u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| broken("count"))
    };
    Ok(Held {
        source: text(0)?,
        school_year: school_year(row.try_get(1)?, "public_file")?,
        format: Format::from_name(&text(2)?).ok_or_else(|| broken("format"))?,
        file_name: text(3)?,
        digest: text(4)?.parse().map_err(|_| broken("digest"))?,
        rows: count(5)?,
        schools: count(6)?,
        results: count(7)?,
        not_published: count(8)?,
        imported_at: UnixSeconds(row.try_get(9)?),
    })
}

fn result(row: &AnyRow) -> Result<Official, Error> {
    let broken = |column: &str| inconsistent("public_result", column);
    let text = |column: usize| row.try_get::<String, _>(column);
    let value: f64 = row.try_get(5)?;
    let students: i64 = row.try_get(6)?;
    Ok(Official {
        source: text(0)?,
        school_year: school_year(row.try_get(1)?, "public_result")?,
        measure: measure::find(&text(2)?).ok_or_else(|| broken("measure"))?,
        group: text(3)?.parse().map_err(|_| broken("student_group"))?,
        value: (text(4)? == PUBLISHED).then_some(value),
        students: u32::try_from(students).ok().filter(|students| *students > 0),
    })
}
