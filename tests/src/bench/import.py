"""Parses a CSV of student years and writes it as Parquet with DuckDB.

Usage: import.py FILE.csv FILE.parquet THREADS RUNS; prints the best time in
seconds and the number of rows, as JSON.
"""

import json
import sys
import time

import duckdb

source, target, threads, runs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
db = duckdb.connect()
db.execute(f"SET threads = {threads}")
best = float("inf")
for _ in range(runs):
    start = time.perf_counter()
    db.execute(f"COPY (SELECT * FROM read_csv('{source}')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    best = min(best, time.perf_counter() - start)
(rows,) = db.execute(f"SELECT count(*) FROM read_parquet('{target}')").fetchone()
print(json.dumps({"seconds": best, "rows": rows}))
