"""Whether the packages of this virtualenv are still what was installed: `python -m config.packages` names the others.

An update takes the packages over from what runs, and a card that loses a file says nothing of it. pip's list of each
package (RECORD, PEP 376) tells what every file was.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import sysconfig
from importlib.metadata import Distribution, PackagePath, distributions


def damaged(folder: str) -> list[str]:
    """The packages in `folder` of which a file is absent or another; where there is no package, the folder itself."""
    found = list(distributions(path=[folder]))
    return sorted({_name(package) for package in found if not _whole(package)}) if found else [folder]


def _name(package: Distribution) -> str:
    return str(package.metadata["Name"])


def _whole(package: Distribution) -> bool:
    return bool(package.files) and all(_same(file) for file in package.files or ())


def _same(file: PackagePath) -> bool:
    # What lies outside, in bin, the installation rewrites: it names the virtualenv's place. Python renews a .pyc.
    if file.hash is None or ".." in file.parts or file.suffix == ".pyc":
        return True
    try:
        digest = hashlib.new(file.hash.mode, file.locate().read_bytes()).digest()  # type: ignore[attr-defined]
    except OSError:
        return False
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value


def main() -> int:
    """0 when all are whole; else 1, and their names."""
    names = damaged(sysconfig.get_path("purelib"))
    if names:
        print(f"damaged: {', '.join(names)}", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
