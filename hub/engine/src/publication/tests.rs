//! Tests of a publication's rows.

use super::*;
use crate::sample;

#[test]
fn every_row_is_as_long_as_its_columns_and_of_their_kinds() {
    let mut world = sample::World::under(sample::charter_with_stream(), 3, 1);
    world.charter.policy.publication = PublicationScope::Schools;
    let analysis = world.analyse(1);
    let tables = tables(&world.charter, &world.directory, &analysis, &world.releases);
    assert_eq!(tables.len(), 8);
    for table in tables {
        assert!(!table.rows.is_empty(), "{}", table.name);
        for row in &table.rows {
            assert_eq!(row.len(), table.columns.len(), "{}", table.name);
            for (value, column) in row.iter().zip(table.columns) {
                let fits = match value {
                    Value::Text(_) => column.kind == ColumnKind::Text,
                    Value::Integer(_) => column.kind == ColumnKind::Integer,
                    Value::Number(_) => matches!(column.kind, ColumnKind::Number(_)),
                    Value::Missing => true,
                };
                assert!(fits, "{}.{}: {value:?}", table.name, column.name);
            }
        }
    }
}

#[test]
fn a_network_scope_names_no_school() {
    let world = sample::World::new(3, 1);
    let analysis = world.analyse(1);
    let tables = tables(&world.charter, &world.directory, &analysis, &world.releases);
    let ids: Vec<Value> =
        world.directory.schools.iter().flat_map(|it| [words(&it.id), words(&it.lea)]).collect();
    for table in &tables {
        assert!(!table.rows.iter().flatten().any(|value| ids.contains(value)), "{}", table.name);
    }
    assert_eq!(tables.len(), 4);
}

#[test]
fn numbers_that_may_not_be_shown_are_not_published() {
    let world = sample::World::new(3, 1);
    let analysis = world.analyse(1);
    let hidden: Vec<&Benchmark> = analysis
        .benchmarks
        .iter()
        .filter(|row| row.precision == Precision::Hidden && row.estimate.is_some())
        .collect();
    assert!(!hidden.is_empty());
    for row in hidden {
        assert!(school_numbers(row).iter().all(|value| *value == Value::Missing));
    }
}
