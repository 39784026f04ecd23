"""`make bench`: runs the benchmarks and writes docs/performance.md."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys

from bench import jobs, memory, rework, screens, sensors, series, slow_clients

PAGE = os.path.join(jobs.PROJECT, "docs", "performance.md")

HEAD = f"""# Performance

Written by `make bench` on {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},
SQLite {sqlite3.sqlite_version}. Machines differ and are shared: trust the ratios, which were measured in one run.
"""

SECTIONS = (
    ("The sensors and their loop", sensors.report),
    ("The two cron jobs", jobs.report),
    ("A year judged again", rework.report),
    ("Memory of the running set", memory.report),
    ("The chart's answers, from an hour to five years", series.report),
    ("Slow clients: gunicorn alone, and behind the supplied nginx file", slow_clients.report),
    ("The pages, in Chromium on a processor slowed sixfold", screens.report),
)


def main() -> int:
    """Runs every benchmark, showing each line as it comes; returns the exit code."""
    lines = [HEAD]
    for title, report in SECTIONS:
        lines += [f"## {title}", ""]
        print(lines[-2], flush=True)
        for line in report():
            print(line, flush=True)
            lines.append(line)
        lines.append("")
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("\n".join(lines).rstrip() + "\n")
    print(f"written: {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
