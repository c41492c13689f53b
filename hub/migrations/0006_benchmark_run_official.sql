-- Official results of an earlier year that a run took for what is believed of
-- a school before its own estimate: kept with the run, so that it can be
-- repeated after the file they came from was replaced.
CREATE TABLE benchmark_run_official (
    run         BIGINT NOT NULL REFERENCES benchmark_run (run),
    measure     TEXT   NOT NULL,  -- of the charter
    school_id   TEXT   NOT NULL,
    school_year BIGINT NOT NULL,  -- ending year
    source      TEXT   NOT NULL,  -- the series of the official file
    value       DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (run, measure, school_id)
);
