-- Rows of a source that its next files may change, such as a roster that is
-- sent as changes: the last ones alone. They are in the sealed file.
CREATE TABLE kept_rows (
    source       TEXT    PRIMARY KEY,
    sha256       BLOB    NOT NULL CHECK (length(sha256) = 32),  -- of the import they came from
    records_file TEXT    NOT NULL UNIQUE,  -- in the records folder
    kept_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
