"""Counts every measure of the shipped catalogue with DuckDB, by school, for
everybody and every grade, race, gender and flag, in three shapes of query:

  grouping sets  one GROUP BY GROUPING SETS over the student years
  scan a margin  one GROUP BY a margin, all flags as FILTERs of the first
  pre-grouped    first by school, grade, race, gender and all flags together,
                 then by margin over those much fewer rows

Usage: counting.py FILE.parquet THREADS RUNS; prints JSON. Codes are positions,
as the file stores them.
"""

import json
import sys
import time

import duckdb

path, threads, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

GRADES = ["TK", "KG"] + [f"{n:02}" for n in range(1, 13)]
RACES = ["AA", "AI", "AS", "FI", "HI", "PI", "WH", "MR", "unknown"]
GENDERS = ["F", "M", "X", "unknown"]
FLAGS = {
    "EL": "english_learner",
    "SED": "socioeconomically_disadvantaged",
    "SWD": "students_with_disabilities",
    "HOM": "homeless",
    "FOS": "foster",
    "MIG": "migrant",
    "MIL": "military",
}
STANDARD = {
    "ela": {4: 2432, 5: 2473, 6: 2502, 7: 2531, 8: 2552, 9: 2567, 12: 2583},
    "math": {4: 2436, 5: 2485, 6: 2528, 7: 2552, 8: 2567, 9: 2586, 12: 2628},
}
TESTED = "grade IN (4, 5, 6, 7, 8, 9, 12)"


def standard(subject):
    cases = " ".join(f"WHEN {g} THEN {s}" for g, s in STANDARD[subject].items())
    return f"CASE coalesce(grade_assessed, grade) {cases} END"


enrolled = "days_expected >= 31 AND days_absent IS NOT NULL"
tested = "ela_scale_score IS NOT NULL AND math_scale_score IS NOT NULL AND continuously_enrolled = 1"
eighth = (
    "gpa IS NOT NULL AND ela_final_grade IS NOT NULL AND math_final_grade IS NOT NULL AND "
    "days_expected >= 31 AND days_absent IS NOT NULL AND days_suspended IS NOT NULL"
)
cohort = "cohort_year = 2026 AND cohort_outcome IN (0, 1, 2, 3, 4)"

# Measure: population, grades, success.
RATES = {
    "chronic_absence": (enrolled, "true", "days_absent * 10 >= days_expected"),
    "suspension": (enrolled, "true", "coalesce(days_suspended, 0) >= 1"),
    "off_track": (
        "days_expected >= 31 AND courses_failed IS NOT NULL",
        "grade BETWEEN 10 AND 13",
        "courses_failed >= 1",
    ),
    "ela_met": (tested, TESTED, f"coalesce(ela_level >= 3, ela_scale_score >= {standard('ela')})"),
    "math_met": (
        tested,
        TESTED,
        f"coalesce(math_level >= 3, math_scale_score >= {standard('math')})",
    ),
    "el_redesignation": (
        "reclassified_this_year = 1 OR (english_learner = 1 AND years_as_english_learner >= 5)",
        "true",
        "coalesce(reclassified_this_year, 0) = 1",
    ),
    "hs_readiness": (
        eighth,
        "grade = 9",
        "gpa >= 2.5 AND days_absent * 100 <= days_expected * 4 AND ela_final_grade NOT IN (9, 10, 11, 12) "
        "AND math_final_grade NOT IN (9, 10, 11, 12) AND days_suspended = 0",
    ),
    "graduation_4yr": (cohort, "grade = 13", "cohort_outcome = 0"),
    "college_enrolment": (
        "cohort_year = 2026 AND cohort_outcome = 0",
        "grade = 13",
        "college_enrolled_date IS NOT NULL",
    ),
    "ela_kept_level": (
        "ela_level IS NOT NULL AND ela_prior_level IS NOT NULL",
        "true",
        "ela_level >= ela_prior_level",
    ),
    "math_kept_level": (
        "math_level IS NOT NULL AND math_prior_level IS NOT NULL",
        "true",
        "math_level >= math_prior_level",
    ),
}
MEANS = {f"{s}_dfs": (tested, TESTED, f"{s}_scale_score - {standard(s)}") for s in ("ela", "math")}

# One column a number to sum: n_ numerators (of means the sums), d_ denominators.
ROWS = []
for name, (population, grades, success) in RATES.items():
    ROWS.append(f"(({population}) AND {grades} AND ({success}))::INT AS n_{name}")
    ROWS.append(f"(({population}) AND {grades} AND ({success}) IS NOT NULL)::INT AS d_{name}")
for name, (population, grades, value) in MEANS.items():
    clamped = f"CAST(round(least(greatest({value}, -200), 200) * 65536) AS BIGINT)"
    ROWS.append(f"CASE WHEN ({population}) AND {grades} THEN {clamped} END AS n_{name}")
    ROWS.append(f"(({population}) AND {grades} AND ({value}) IS NOT NULL)::INT AS d_{name}")
NAMES = [row.rsplit(" AS ", 1)[1] for row in ROWS]
KEYS = ["school", "grade", "race", "gender"] + [f"f_{code}" for code in FLAGS]

flags = ", ".join(f"coalesce({column}, 0) = 1 AS f_{code}" for code, column in FLAGS.items())
students = f"""
  SELECT school, grade, race, gender, f_EL, f_SED, f_SWD, f_HOM, f_FOS, f_MIG, f_MIL, {", ".join(ROWS)}
  FROM (SELECT * EXCLUDE (gender), coalesce(grade_level, grade_assessed) AS grade,
          coalesce(race_ethnicity, 8) AS race, coalesce(gender, 3) AS gender, {flags}
        FROM read_parquet('{path}'))
"""
sums = ", ".join(f"sum({name}) AS {name}" for name in NAMES)
sets = "(school), (school, grade), (school, race), (school, gender), " + ", ".join(
    f"(school, f_{code})" for code in FLAGS
)
by_sets = f"""
  SELECT grouping({", ".join(KEYS)}) AS margin, {", ".join(KEYS)}, {{sums}}
  FROM ({{source}}) GROUP BY GROUPING SETS ({sets})
"""


def by_margin(source):
    empty = {key: f"NULL AS {key}" for key in KEYS}
    parts = []
    for key in [None, "grade", "race", "gender"]:
        keys = ", ".join(k if k in ("school", key) else empty[k] for k in KEYS)
        group = "school" + (f", {key}" if key else "")
        parts.append(f"SELECT '{key or 'all'}' AS margin, {keys}, {sums} FROM ({source}) GROUP BY {group}")
    for code in FLAGS:
        keys = ", ".join(k if k == "school" else empty[k] for k in KEYS)
        parts.append(
            f"SELECT '{code}' AS margin, {keys}, {sums} FROM ({source}) WHERE f_{code} GROUP BY school"
        )
    return " UNION ALL ".join(parts)


def filtered(source):
    """All and the flags in one scan with FILTERs; a scan more for each margin."""
    wide = ", ".join(
        [f"sum({name}) AS {name}" for name in NAMES]
        + [f"sum({name}) FILTER (f_{code}) AS {name}_{code}" for code in FLAGS for name in NAMES]
    )
    queries = [f"SELECT school, {wide} FROM ({source}) GROUP BY school"]
    for key in ("grade", "race", "gender"):
        queries.append(f"SELECT school, {key}, {sums} FROM ({source}) GROUP BY school, {key}")
    return queries


pregrouped = f"SELECT {', '.join(KEYS)}, {sums} FROM ({students}) GROUP BY {', '.join(KEYS)}"
SHAPES = {
    "grouping sets": [by_sets.format(sums=sums, source=students)],
    "scan a margin": filtered(students),
    "pre-grouped": ["PRE", by_margin("SELECT * FROM pre")],
}

db = duckdb.connect()
db.execute(f"SET threads = {threads}")


def run(queries):
    for position, query in enumerate(queries):
        if query == "PRE":
            db.execute(f"CREATE OR REPLACE TEMP TABLE pre AS {pregrouped}")
        else:
            db.execute(f"CREATE OR REPLACE TEMP TABLE result_{position} AS {query}")


seconds = []
for shape, queries in SHAPES.items():
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        run(queries)
        best = min(best, time.perf_counter() - start)
    seconds.append((shape, best))

# The pre-grouped answer, group by group, to be compared.
counts = []
margins = [("all", "all", None, None)]
margins += [(f"grade:{g}", "grade", "grade", i) for i, g in enumerate(GRADES)]
margins += [(f"race:{r}", "race", "race", i) for i, r in enumerate(RACES)]
margins += [(f"gender:{g}", "gender", "gender", i) for i, g in enumerate(GENDERS)]
margins += [(f"flag:{code}", code, None, None) for code in FLAGS]
for group, margin, key, value in margins:
    where = f"margin = '{margin}'" + (f" AND {key} = {value}" if key else "")
    for name in list(RATES) + list(MEANS):
        n = f"d_{name}" if name in MEANS else f"n_{name}"
        counts.append(
            (group, name)
            + db.execute(
                f"SELECT CAST(coalesce(sum({n}), 0) AS BIGINT), CAST(coalesce(sum(d_{name}), 0) AS BIGINT), "
                f"CAST(coalesce(sum((school + 1) * (coalesce({n}, 0) + 3 * d_{name})), 0) AS BIGINT), "
                f"CAST(coalesce(sum(n_{name}), 0) AS BIGINT) "
                f"FROM result_1 WHERE {where}"
            ).fetchone()
        )
print(json.dumps({"seconds": seconds, "counts": counts}))
