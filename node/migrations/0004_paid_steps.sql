-- A later step of a running count is charged nothing: its first step paid. The
-- table is made anew with the same rows, for SQLite changes no constraint; what
-- refers to it is checked again at the commit.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE ledger_entry_kept AS SELECT * FROM ledger_entry;
DROP TABLE ledger_entry;
CREATE TABLE ledger_entry (
    sequence       INTEGER PRIMARY KEY CHECK (sequence >= 1),
    release_id     TEXT    NOT NULL UNIQUE,
    school_year    INTEGER NOT NULL,  -- the reporting year that pays
    program        TEXT    NOT NULL,
    period         TEXT    NOT NULL,
    grades         INTEGER NOT NULL,  -- bit 0 is TK
    pico_rho       INTEGER NOT NULL CHECK (pico_rho >= 0),  -- 0: paid for by the first step
    payload_digest BLOB    NOT NULL CHECK (length(payload_digest) = 32),
    charter_hash   BLOB    NOT NULL CHECK (length(charter_hash) = 32),
    directory_hash BLOB    NOT NULL CHECK (length(directory_hash) = 32),
    charged_at     INTEGER NOT NULL,
    head           BLOB    NOT NULL CHECK (length(head) = 32),
    UNIQUE (school_year, program, period)  -- noise is drawn once
) STRICT;
INSERT INTO ledger_entry SELECT * FROM ledger_entry_kept ORDER BY sequence;
DROP TABLE ledger_entry_kept;
CREATE TRIGGER ledger_entry_is_never_changed BEFORE UPDATE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is only ever added to'); END;
CREATE TRIGGER ledger_entry_is_never_removed BEFORE DELETE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is only ever added to'); END;
