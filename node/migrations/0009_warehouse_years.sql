-- A school year whose rows are in a warehouse, which is asked to count them.
-- While a row is in force the year is counted there, not from imported records.
CREATE TABLE warehouse_year (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    school_year   INTEGER NOT NULL,
    url           TEXT    NOT NULL,  -- never with a password
    password_file TEXT,              -- its path, never what is in it
    view_name     TEXT    NOT NULL,  -- schema.name
    minutes       INTEGER NOT NULL,  -- how long the warehouse may take
    row_count     INTEGER NOT NULL,  -- when a person last looked at the year
    recorded_at   INTEGER NOT NULL,
    superseded_at INTEGER            -- NULL while it is the one in force
) STRICT;

CREATE UNIQUE INDEX warehouse_year_in_force ON warehouse_year (school_year)
    WHERE superseded_at IS NULL;

-- A column of student years, and the view's column that fills it.
CREATE TABLE warehouse_column (
    warehouse_id INTEGER NOT NULL REFERENCES warehouse_year (id),
    name         TEXT    NOT NULL,
    view_column  TEXT    NOT NULL,
    PRIMARY KEY (warehouse_id, name)
) STRICT, WITHOUT ROWID;
