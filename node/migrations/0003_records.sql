-- One school year of one source, as imported. The student years themselves are
-- in the sealed file it names.
CREATE TABLE import (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    source        TEXT    NOT NULL,  -- csv, ...
    school_year   INTEGER NOT NULL,
    file_name     TEXT    NOT NULL,  -- of the source, without its folder
    sha256        BLOB    NOT NULL CHECK (length(sha256) = 32),
    row_count     INTEGER NOT NULL,
    as_of         TEXT,              -- civil date YYYY-MM-DD
    records_file  TEXT    NOT NULL UNIQUE,  -- in the records folder
    imported_at   INTEGER NOT NULL,
    superseded_at INTEGER            -- NULL while it is the one in force
) STRICT;

CREATE UNIQUE INDEX import_in_force ON import (school_year, source) WHERE superseded_at IS NULL;

-- A column that an import brought.
CREATE TABLE import_column (
    import_id INTEGER NOT NULL REFERENCES import (id),
    name      TEXT    NOT NULL,
    PRIMARY KEY (import_id, name)
) STRICT, WITHOUT ROWID;

-- Who did what and when, hash-chained; no student data.
CREATE TABLE audit_entry (
    sequence INTEGER PRIMARY KEY CHECK (sequence >= 1),
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    head     BLOB    NOT NULL CHECK (length(head) = 32)
) STRICT;

CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;

CREATE TRIGGER audit_entry_is_never_removed BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;
