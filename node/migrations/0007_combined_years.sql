-- A school year as its sources make it together: what is counted. The student
-- years are in the sealed file it names, which is an import's own where one
-- source is the whole year.
CREATE TABLE combined_year (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    school_year    INTEGER NOT NULL,
    row_count      INTEGER NOT NULL,
    without_school INTEGER NOT NULL,  -- students left out
    precedence     TEXT    NOT NULL,  -- the settings it was made under
    records_file   TEXT,              -- in the records folder; NULL without rows
    combined_at    INTEGER NOT NULL,
    superseded_at  INTEGER            -- NULL while it is the one in force
) STRICT;

CREATE UNIQUE INDEX combined_year_in_force ON combined_year (school_year)
    WHERE superseded_at IS NULL;

-- An import that a combined year was made of.
CREATE TABLE combined_part (
    combined_id    INTEGER NOT NULL REFERENCES combined_year (id),
    import_id      INTEGER NOT NULL REFERENCES import (id),
    position       INTEGER NOT NULL,  -- earlier is believed first
    joined         INTEGER NOT NULL,  -- rows in the combined year
    without_school INTEGER NOT NULL,  -- rows left out
    PRIMARY KEY (combined_id, import_id)
) STRICT, WITHOUT ROWID;

-- A column of a combined year, and the import that is believed about it first.
CREATE TABLE combined_column (
    combined_id INTEGER NOT NULL REFERENCES combined_year (id),
    name        TEXT    NOT NULL,
    import_id   INTEGER NOT NULL REFERENCES import (id),
    PRIMARY KEY (combined_id, name)
) STRICT, WITHOUT ROWID;

-- Until now a year had one source.
INSERT INTO combined_year
    (school_year, row_count, without_school, precedence, records_file, combined_at)
SELECT school_year, row_count, 0, 'student_id; ; ', records_file, imported_at
FROM import WHERE superseded_at IS NULL;

INSERT INTO combined_part (combined_id, import_id, position, joined, without_school)
SELECT combined_year.id, import.id, 0, import.row_count, 0
FROM import JOIN combined_year USING (records_file) WHERE import.superseded_at IS NULL;

INSERT INTO combined_column (combined_id, name, import_id)
SELECT combined_year.id, import_column.name, import.id
FROM import JOIN combined_year USING (records_file)
JOIN import_column ON import_column.import_id = import.id
WHERE import.superseded_at IS NULL;
