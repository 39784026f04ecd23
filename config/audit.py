"""`make audit`: whether a package that we pin is known to be weak. A question that nobody answered is a failure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from config.settings import PROJECT

REQUIREMENTS = Path(PROJECT, "requirements.txt")
# --no-deps: what is pinned is all that is installed. --strict: one that cannot be looked up ends it.
COMMAND = ["pip_audit", "--strict", "--disable-pip", "--no-deps", "--progress-spinner", "off", "--format", "json"]


def pinned(text: str) -> set[str]:
    """The names of a requirements file, as an index writes them.

    >>> sorted(pinned("# what runs\\nFlask==3.1.3\\nAdafruit_PureIO==1.1.12\\n"))
    ['adafruit-pureio', 'flask']
    """
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return {_normal(line.partition("==")[0]) for line in lines if "==" in line}


def _normal(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


def verdict(wanted: set[str], answer: str) -> tuple[bool, str]:
    """Whether all is well, and the sentence: of the pinned names, and pip-audit's report in JSON (empty: none)."""
    try:
        found: list[Any] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        found = []
    looked_up = {_normal(one["name"]): one.get("vulns", []) for one in found if "skip_reason" not in one}
    missing = sorted(wanted - looked_up.keys())
    if missing or not wanted:
        return False, f"{len(wanted) - len(missing)} of {len(wanted)} packages were looked up: this is no result"
    weak = [f"{name} ({', '.join(one['id'] for one in vulns)})" for name, vulns in looked_up.items() if vulns]
    if weak:
        return False, f"known to be weak: {'; '.join(sorted(weak))}"
    return True, f"{len(wanted)} packages were looked up; none is known to be weak"


def main(requirements: Path = REQUIREMENTS) -> int:
    """Asks PyPI; says the sentence and, after a failure, what pip-audit said last. The exit status is 0 or 1."""
    command = [sys.executable, "-m", *COMMAND, "-r", str(requirements)]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    well, words = verdict(pinned(requirements.read_text()), asked.stdout)
    print(f"audit: {words}", file=sys.stdout if well else sys.stderr)
    last = asked.stderr.strip().splitlines()[-1:]
    if not well and last:
        print(f"audit: pip-audit's last words: {last[0][:300]}", file=sys.stderr)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
