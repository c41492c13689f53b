-- Official public files: what states publish about schools. One file a series
-- and school year; a later one replaces it. There is no privacy budget in them.
CREATE TABLE public_file (
    source        TEXT   NOT NULL,  -- the series: caaspp, dashboard-suspension …
    school_year   BIGINT NOT NULL,  -- ending year
    format        TEXT   NOT NULL,
    file_name     TEXT   NOT NULL,
    digest        TEXT   NOT NULL,  -- of the file's bytes
    line_count    BIGINT NOT NULL,  -- below the header
    school_count  BIGINT NOT NULL,
    result_count  BIGINT NOT NULL,
    hidden_count  BIGINT NOT NULL,  -- results that the state does not publish
    imported_at   BIGINT NOT NULL,
    PRIMARY KEY (source, school_year)
);

-- Schools as official files name them, whether or not they are of a member.
CREATE TABLE public_school (
    source      TEXT   NOT NULL,
    school_year BIGINT NOT NULL,
    school_id   TEXT   NOT NULL,  -- the state's, leading zeros kept
    name        TEXT   NOT NULL,  -- empty where the file has no names
    district    TEXT   NOT NULL,
    county      TEXT   NOT NULL,
    PRIMARY KEY (school_id, source, school_year),
    FOREIGN KEY (source, school_year) REFERENCES public_file (source, school_year)
);

CREATE INDEX public_school_file ON public_school (source, school_year);

-- Official results, as printed.
CREATE TABLE public_result (
    source        TEXT   NOT NULL,
    school_year   BIGINT NOT NULL,
    school_id     TEXT   NOT NULL,
    measure       TEXT   NOT NULL,
    student_group TEXT   NOT NULL,
    status        TEXT   NOT NULL CHECK (status IN ('published', 'not_published')),
    value         DOUBLE PRECISION NOT NULL,  -- means nothing where not published
    students      BIGINT NOT NULL,  -- 0 where the file does not say
    PRIMARY KEY (school_id, source, school_year, measure, student_group),
    FOREIGN KEY (source, school_year) REFERENCES public_file (source, school_year)
);

CREATE INDEX public_result_file ON public_result (source, school_year);
