"""config/setup.sh before it begins anything: a python that will not do, system packages that are missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout without a virtualenv, and a PATH with a few tools but no apt-get, chromium or crontab."""
    (tmp_path / "config").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(PROJECT / "config/setup.sh", tmp_path / "config/setup.sh")
    for tool in ("tr", "id", "cksum", "cat", "env"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return tmp_path


def setup(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", folder / "config/setup.sh", *words],
        env={"PATH": str(folder / "bin"), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_chosen_python_that_will_not_do_is_named_with_what_would(folder: Path) -> None:
    answer = setup(folder, "run", CHAUDIERE_PYTHON="/no/python")

    assert answer.returncode == 1
    assert "CHAUDIERE_PYTHON is '/no/python'; it accepts a python of 3.11 or newer" in answer.stderr


def test_what_the_machine_lacks_is_named_and_nothing_is_begun(folder: Path) -> None:
    answer = setup(folder, "test", CHAUDIERE_PYTHON=sys.executable)

    assert answer.returncode == 1
    assert "sudo apt-get install chromium cron" in answer.stderr
    assert not (folder / ".venv").exists()


def test_a_machine_without_python_is_told_to_install_it(folder: Path) -> None:
    answer = setup(folder, "run")

    assert answer.returncode == 1
    assert "sudo apt-get install python3 python3-venv" in answer.stderr


def test_an_unknown_purpose_is_refused(folder: Path) -> None:
    answer = setup(folder, "fly")

    assert answer.returncode == 64
    assert "usage: config/setup.sh run|test" in answer.stderr


@pytest.mark.parametrize("script", ["config/setup.sh", "config/job", "config/dev/run.sh", "local_gui.sh"])
def test_a_script_is_one_that_a_plain_shell_reads(script: str) -> None:
    answer = subprocess.run(["/bin/sh", "-n", PROJECT / script], capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr
    assert (PROJECT / script).stat().st_mode & 0o111
