-- Documents that the hub's root signed, exactly as received and verified.
CREATE TABLE document (
    kind        TEXT    NOT NULL,  -- charter, directory, hub-keys, growth-tables
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),
    number      INTEGER NOT NULL,  -- the document's own number; 0 where it has none
    school_year INTEGER,           -- ending year; NULL where it has none
    document    BLOB    NOT NULL,
    signature   BLOB    NOT NULL,
    verified_at INTEGER NOT NULL,  -- Unix seconds
    PRIMARY KEY (kind, hash)
) STRICT;

-- Who approved which charter and directory, in which office, and what the
-- district offers under them. Names of persons never leave the node.
CREATE TABLE approval (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    charter_hash      BLOB    NOT NULL CHECK (length(charter_hash) = 32),
    charter_number    INTEGER NOT NULL,
    directory_hash    BLOB    NOT NULL CHECK (length(directory_hash) = 32),
    directory_number  INTEGER NOT NULL,
    school_year       INTEGER NOT NULL,
    name              TEXT    NOT NULL,
    title             TEXT    NOT NULL,
    approved_on       TEXT    NOT NULL,  -- civil date YYYY-MM-DD
    ceiling_pico_rho  INTEGER,           -- the district's own limit on a year; NULL for none
    recorded_at       INTEGER NOT NULL,
    hub_told_at       INTEGER            -- NULL until the hub has recorded it
) STRICT;

-- A program that the district declared it will send.
CREATE TABLE approval_program (
    approval_id INTEGER NOT NULL REFERENCES approval (id),
    program     TEXT    NOT NULL,
    PRIMARY KEY (approval_id, program)
) STRICT, WITHOUT ROWID;
