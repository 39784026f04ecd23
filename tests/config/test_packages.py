"""config/packages.py: a package that a card has damaged is found before an update takes it over."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from config.packages import damaged


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where pip has put one package: two files, its list, and a script outside that was rewritten since."""
    files = {"oven/__init__.py": "HOT = 1\n", "oven-1.dist-info/METADATA": "Name: oven\nVersion: 1\n"}
    lines = ["../../../bin/oven,sha256=AAAA,4", "oven-1.dist-info/RECORD,,"]
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(text)}")
    (tmp_path / "oven-1.dist-info/RECORD").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_package_as_it_was_installed_is_whole(folder: Path) -> None:
    assert damaged(str(folder)) == []


@pytest.mark.parametrize("file", ["oven/__init__.py", "oven-1.dist-info/RECORD"])
def test_a_file_that_a_power_cut_left_empty_is_found(folder: Path, file: str) -> None:
    (folder / file).write_text("")

    assert damaged(str(folder)) == ["oven"]


def test_a_file_that_is_gone_is_found(folder: Path) -> None:
    (folder / "oven/__init__.py").unlink()

    assert damaged(str(folder)) == ["oven"]


def test_no_package_at_all_is_no_sound_virtualenv(tmp_path: Path) -> None:
    """So it looks after an upgrade of the operating system: another python has another folder."""
    assert damaged(str(tmp_path)) == [str(tmp_path)]
