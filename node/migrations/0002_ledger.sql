-- Every privacy charge, hash-chained. One row is written in the transaction
-- that stores the noisy payload it paid for, and never touched again.
CREATE TABLE ledger_entry (
    sequence       INTEGER PRIMARY KEY CHECK (sequence >= 1),
    release_id     TEXT    NOT NULL UNIQUE,
    school_year    INTEGER NOT NULL,  -- the reporting year that pays
    program        TEXT    NOT NULL,
    period         TEXT    NOT NULL,
    grades         INTEGER NOT NULL,  -- bit 0 is TK
    pico_rho       INTEGER NOT NULL CHECK (pico_rho > 0),
    payload_digest BLOB    NOT NULL CHECK (length(payload_digest) = 32),
    charter_hash   BLOB    NOT NULL CHECK (length(charter_hash) = 32),
    directory_hash BLOB    NOT NULL CHECK (length(directory_hash) = 32),
    charged_at     INTEGER NOT NULL,
    head           BLOB    NOT NULL CHECK (length(head) = 32),
    UNIQUE (school_year, program, period)  -- noise is drawn once
) STRICT;

CREATE TRIGGER ledger_entry_is_never_changed BEFORE UPDATE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is only ever added to'); END;

CREATE TRIGGER ledger_entry_is_never_removed BEFORE DELETE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is only ever added to'); END;

-- The noisy payload that a charge paid for, encoded once.
CREATE TABLE noisy_release (
    release_id              TEXT    PRIMARY KEY REFERENCES ledger_entry (release_id),
    sequence                INTEGER NOT NULL UNIQUE CHECK (sequence >= 1),
    kind                    INTEGER NOT NULL,  -- EnvelopeKind
    payload                 BLOB    NOT NULL,
    previous_payload_digest BLOB    NOT NULL   -- empty for the first
) STRICT;

CREATE TRIGGER noisy_release_is_never_changed BEFORE UPDATE ON noisy_release
BEGIN SELECT RAISE(ABORT, 'noise is drawn once'); END;

-- What is still to be sent, and how the last try went.
CREATE TABLE outbox (
    release_id      TEXT    PRIMARY KEY REFERENCES noisy_release (release_id),
    state           TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'refused')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    last_attempt_at INTEGER,
    last_problem    TEXT
) STRICT;

-- The hub's signed word that it holds a release.
CREATE TABLE receipt (
    release_id  TEXT    PRIMARY KEY REFERENCES noisy_release (release_id),
    receipt     BLOB    NOT NULL,  -- an encoded Receipt, exactly as signed
    signature   BLOB    NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;
