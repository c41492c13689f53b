-- Where levels 1 to 10 of a measure, student group and school level are cut:
-- fixed for the school year by its first publication that has them.
CREATE TABLE cut_point (
    school_year   BIGINT NOT NULL,  -- ending year
    measure       TEXT   NOT NULL,
    student_group TEXT   NOT NULL,
    level         TEXT   NOT NULL,
    run           BIGINT NOT NULL REFERENCES benchmark_run (run),  -- that was published
    tenth_1       DOUBLE PRECISION NOT NULL,
    tenth_2       DOUBLE PRECISION NOT NULL,
    tenth_3       DOUBLE PRECISION NOT NULL,
    tenth_4       DOUBLE PRECISION NOT NULL,
    tenth_5       DOUBLE PRECISION NOT NULL,
    tenth_6       DOUBLE PRECISION NOT NULL,
    tenth_7       DOUBLE PRECISION NOT NULL,
    tenth_8       DOUBLE PRECISION NOT NULL,
    tenth_9       DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (school_year, measure, student_group, level)
);
