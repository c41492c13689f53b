-- One administration of a survey whose answers no student's id belongs to: what
-- one kind of respondents answered in a school year. The answers themselves are
-- in the sealed file it names; nothing of them is ever released.
CREATE TABLE response_set (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    school_year    INTEGER NOT NULL,
    respondent     TEXT    NOT NULL CHECK (respondent IN ('student', 'staff', 'parent')),
    source         TEXT    NOT NULL,
    file_name      TEXT    NOT NULL,  -- of the source, without its folder
    sha256         BLOB    NOT NULL CHECK (length(sha256) = 32),
    response_count INTEGER NOT NULL,
    as_of          TEXT,              -- civil date YYYY-MM-DD
    records_file   TEXT    NOT NULL UNIQUE,  -- in the records folder
    imported_at    INTEGER NOT NULL,
    superseded_at  INTEGER            -- NULL while it is the one in force
) STRICT;

CREATE UNIQUE INDEX response_set_in_force ON response_set (school_year, respondent, source)
    WHERE superseded_at IS NULL;
