"""Runs a command and prints, as JSON, how long it took and the most memory that
it had, which the system tells of children that have ended.

Usage: child.py COMMAND...; its output goes nowhere, its errors to ours.
"""

import json
import resource
import subprocess
import sys
import time

start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "peak_bytes": peak, "code": done.returncode}))
