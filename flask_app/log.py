"""The line of a log: when, which program, and what happened."""

from __future__ import annotations

import sys
import time


def line(program: str, words: str) -> None:
    """One event, one line, to stderr: supervisor and config/job keep it. The time is the machine's, with its offset."""
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {program}: {' '.join(words.split())}", file=sys.stderr, flush=True)
