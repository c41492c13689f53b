-- Whose word it was that single students may be looked at by what is nobody's
-- business else: meals, foster care, homelessness, disability. The newest
-- decision of a column is in force; without one it is masked.
CREATE TABLE drill_down_decision (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    column_name TEXT    NOT NULL,
    decision    TEXT    NOT NULL CHECK (decision IN ('unlocked', 'masked')),
    name        TEXT    NOT NULL,
    title       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    decided_at  INTEGER NOT NULL
) STRICT;

CREATE TRIGGER drill_down_decision_is_never_changed BEFORE UPDATE ON drill_down_decision
BEGIN SELECT RAISE(ABORT, 'decisions are only ever added to'); END;

CREATE TRIGGER drill_down_decision_is_never_removed BEFORE DELETE ON drill_down_decision
BEGIN SELECT RAISE(ABORT, 'decisions are only ever added to'); END;
