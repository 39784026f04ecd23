"""Whether the packages of this virtualenv are still what was installed: `python -m config.packages` names the others.

An update takes the packages over from what runs, and a card that loses a file says nothing of it. pip's list of each
package (RECORD, PEP 376) tells what every file was.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import sys
import sysconfig
from importlib.metadata import Distribution, distributions


def damaged(folder: str) -> list[str]:
    """The packages in `folder` of which a file is absent or another; where there is no package, the folder itself."""
    found = list(distributions(path=[folder]))
    return sorted({_name(package) for package in found if not _whole(package)}) if found else [folder]


def _name(package: Distribution) -> str:
    return str(package.metadata["Name"])


def _whole(package: Distribution) -> bool:
    # Not package.files: from Python 3.12 on it leaves out what is gone.
    listed = list(csv.reader((package.read_text("RECORD") or "").splitlines()))
    return bool(listed) and all(_same(package, *line[:2]) for line in listed)


def _same(package: Distribution, name: str, known: str) -> bool:
    # What lies outside, in bin, the installation rewrites: it names the virtualenv's place. Python renews a .pyc.
    if not known or name.startswith("..") or name.endswith(".pyc"):
        return True
    kind, _, expected = known.partition("=")
    try:
        with open(str(package.locate_file(name)), "rb") as file:
            digest = hashlib.new(kind, file.read()).digest()
    except OSError:
        return False
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == expected


def main() -> int:
    """0 when all are whole; else 1, and their names."""
    names = damaged(sysconfig.get_path("purelib"))
    if names:
        print(f"damaged: {', '.join(names)}", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
