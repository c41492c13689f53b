-- What a person decided about one release before its noise was drawn: approved
-- under these documents, or withheld for good. Names of persons never leave
-- the node.
CREATE TABLE release_decision (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    school_year    INTEGER NOT NULL,
    program        TEXT    NOT NULL,
    period         TEXT    NOT NULL,
    decision       TEXT    NOT NULL CHECK (decision IN ('approved', 'withheld')),
    charter_hash   BLOB    NOT NULL CHECK (length(charter_hash) = 32),
    directory_hash BLOB    NOT NULL CHECK (length(directory_hash) = 32),
    name           TEXT    NOT NULL,
    title          TEXT    NOT NULL,
    reason         TEXT    NOT NULL,  -- empty for an approval
    decided_at     INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX release_withheld_once ON release_decision (school_year, program, period)
    WHERE decision = 'withheld';

CREATE TRIGGER release_decision_is_never_changed BEFORE UPDATE ON release_decision
BEGIN SELECT RAISE(ABORT, 'decisions are only ever added to'); END;

CREATE TRIGGER release_decision_is_never_removed BEFORE DELETE ON release_decision
BEGIN SELECT RAISE(ABORT, 'decisions are only ever added to'); END;
