-- What a hub holds. One text for SQLite and PostgreSQL: TEXT, BIGINT, BYTEA
-- and DOUBLE PRECISION only; instants are Unix seconds, 0 for "never";
-- hashes are 64 hexadecimal digits.

-- Who belongs to the consortium.
CREATE TABLE member (
    member        TEXT   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    kind          TEXT   NOT NULL CHECK (kind IN ('district', 'coe', 'other')),
    county        TEXT   NOT NULL,  -- empty where unknown
    participation TEXT   NOT NULL CHECK (participation IN ('full', 'receive_only')),
    state         TEXT   NOT NULL CHECK (state IN ('invited', 'active', 'suspended', 'revoked')),
    added_at      BIGINT NOT NULL
);

-- Ed25519 keys that sign a member's envelopes; the newest is in use.
CREATE TABLE signing_key (
    member      TEXT   NOT NULL REFERENCES member (member),
    key_id      TEXT   NOT NULL,
    public_key  BYTEA  NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (member, key_id)
);

-- Join tokens. The secret is not here: token_key is HKDF of it.
CREATE TABLE token (
    token_id   TEXT   NOT NULL PRIMARY KEY,
    member     TEXT   NOT NULL REFERENCES member (member),
    token_key  BYTEA  NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL  -- 0 while unused
);

-- Certificates the hub has issued to members.
CREATE TABLE certificate (
    serial     TEXT   NOT NULL PRIMARY KEY,  -- hexadecimal
    member     TEXT   NOT NULL REFERENCES member (member),
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL  -- 0 while valid
);

-- A member's signed permission for another member to oversee it.
CREATE TABLE member_grant (
    member      TEXT   NOT NULL REFERENCES member (member),
    overseer    TEXT   NOT NULL REFERENCES member (member),
    signed_by   TEXT   NOT NULL,
    title       TEXT   NOT NULL,
    signed_on   TEXT   NOT NULL,  -- civil date, YYYY-MM-DD
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (member, overseer)
);

-- Charters, directories, key lists and growth tables, exactly as signed.
CREATE TABLE document (
    kind        TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    school_year BIGINT NOT NULL,  -- ending year; 0 where it has none
    hash        TEXT   NOT NULL,
    document    BYTEA  NOT NULL,
    signature   BYTEA  NOT NULL,
    signed_at   BIGINT NOT NULL,
    PRIMARY KEY (kind, number)
);

-- Which charter and directory a member's district approved, and what it
-- declared it would send under them.
CREATE TABLE approval (
    member         TEXT   NOT NULL REFERENCES member (member),
    charter_hash   TEXT   NOT NULL,
    directory_hash TEXT   NOT NULL,
    offered        TEXT   NOT NULL,  -- program ids, comma between
    recorded_at    BIGINT NOT NULL,
    PRIMARY KEY (member, charter_hash, directory_hash)
);

-- One noisy release, with the receipt the hub gave for it. Noise is drawn once
-- per program and period, so a second one is equivocation.
CREATE TABLE release (
    member            TEXT   NOT NULL REFERENCES member (member),
    release_id        TEXT   NOT NULL,  -- chosen by the node
    sequence          BIGINT NOT NULL,
    school_year       BIGINT NOT NULL,
    program           TEXT   NOT NULL,
    period            TEXT   NOT NULL,
    digest            TEXT   NOT NULL,  -- of the noisy payload
    previous_digest   TEXT   NOT NULL,  -- empty for the first
    ledger_sequence   BIGINT NOT NULL,
    ledger_head       TEXT   NOT NULL,
    charter_hash      TEXT   NOT NULL,
    directory_hash    TEXT   NOT NULL,
    created_at        BIGINT NOT NULL,
    received_at       BIGINT NOT NULL,
    cells             BIGINT NOT NULL,
    receipt           BYTEA  NOT NULL,
    receipt_signature BYTEA  NOT NULL,
    payload           BYTEA  NOT NULL,
    PRIMARY KEY (member, release_id),
    UNIQUE (member, sequence),
    UNIQUE (member, school_year, program, period)
);

-- Things an operator must look at.
CREATE TABLE incident (
    incident    TEXT   NOT NULL PRIMARY KEY,
    at          BIGINT NOT NULL,
    member      TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    description TEXT   NOT NULL
);

-- Benchmark runs, by what they were computed from: the engine gives the same
-- results from the same inputs.
CREATE TABLE benchmark_run (
    run         BIGINT NOT NULL PRIMARY KEY,
    charter     BIGINT NOT NULL,  -- number of the charter
    directory   BIGINT NOT NULL,  -- number of the directory
    seed        BIGINT NOT NULL,  -- of the posterior draws
    finished_at BIGINT NOT NULL
);

-- The releases a run was computed from.
CREATE TABLE benchmark_run_release (
    run        BIGINT NOT NULL REFERENCES benchmark_run (run),
    member     TEXT   NOT NULL,
    release_id TEXT   NOT NULL,
    PRIMARY KEY (run, member, release_id),
    FOREIGN KEY (member, release_id) REFERENCES release (member, release_id)
);
