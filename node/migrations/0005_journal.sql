-- The contribution journal of a reporting year, which is in the sealed file it
-- names. Changed in the transaction that draws from it.
CREATE TABLE journal (
    school_year INTEGER PRIMARY KEY,
    counter     INTEGER NOT NULL CHECK (counter >= 1),  -- one more with every change
    file        TEXT    NOT NULL UNIQUE,  -- in the journal folder
    sha256      BLOB    NOT NULL CHECK (length(sha256) = 32),  -- of the sealed file
    changed_at  INTEGER NOT NULL
) STRICT;

CREATE TRIGGER journal_only_goes_on BEFORE UPDATE ON journal
WHEN NEW.counter <> OLD.counter + 1 OR NEW.school_year <> OLD.school_year
BEGIN SELECT RAISE(ABORT, 'a journal only goes on'); END;

CREATE TRIGGER journal_is_never_removed BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'a journal only goes on'); END;
