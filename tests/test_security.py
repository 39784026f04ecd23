"""docs/security.md and docs/asvs.md are true: each test they name exists, the list is whole, and no code does what they
say that none does."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
TESTS = Path(__file__).parent
OURS = ("flask_app", "sensor", "config", "manager.py", "wsgi_gunicorn.py")
LEVEL_1 = {
    **{"1.2": 5, "2.1": 1, "2.3": 1, "1.3": 2, "1.5": 1, "2.2": 2, "3.2": 2, "3.3": 1, "3.4": 2, "3.5": 3, "4.1": 1},
    **{"4.4": 1, "5.2": 2, "5.3": 2, "6.1": 1, "6.2": 8, "6.3": 2, "6.4": 2, "7.2": 4, "7.4": 2, "8.1": 1, "8.2": 2},
    **{"8.3": 1, "9.1": 3, "9.2": 1, "10.4": 5, "11.3": 2, "11.4": 1, "12.1": 1, "12.2": 2, "13.4": 1, "14.2": 1},
    **{"14.3": 1, "15.1": 1, "15.2": 1, "15.3": 1},
}
"""How many requirements of level 1 each section of ASVS 5.0 has; they are its first."""


def sources() -> Iterator[Path]:
    for place in OURS:
        path = PROJECT / place
        yield from [path] if path.is_file() else path.rglob("*.py")


def names_of(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("document", ["security.md", "asvs.md"])
def test_each_test_that_the_documents_name_exists(document: str) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (PROJECT / "docs" / document).read_text())

    assert len(named) > 20
    for file, name in named:
        assert (TESTS / file).exists(), file
        assert name in names_of(TESTS / file), f"{file}::{name}"


def test_every_requirement_of_level_1_is_in_the_list_once_with_a_test_or_a_reason() -> None:
    rows = re.findall(r"^\| V([\d.]+) \| (.+?) \| (.+?) \|$", (PROJECT / "docs/asvs.md").read_text(), re.M)
    wanted = {f"{section}.{number}" for section, count in LEVEL_1.items() for number in range(1, count + 1)}

    assert len(wanted) == 70
    assert sorted(number for number, _asks, _held in rows) == sorted(wanted)
    assert all(held.strip() for _number, _asks, held in rows)


def test_bandit_finds_nothing() -> None:
    command = [sys.executable, "-m", "bandit", "-q", "-c", "pyproject.toml", "-r", *OURS]

    found = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout


FORBIDDEN = {"eval", "exec", "compile", "__import__"}


def test_no_code_is_run_from_words() -> None:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            assert called not in FORBIDDEN, f"{path}: {called}"
            assert not called.startswith(("os.system", "os.popen", "pickle.", "marshal.", "shelve.")), (
                f"{path}: {called}"
            )
            assert not any(word.arg == "shell" for word in node.keywords), f"{path}: shell="


def test_no_script_writes_markup() -> None:
    for path in (PROJECT / "flask_app/web/static").glob("*.js"):
        found = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", path.read_text()
        )

        assert found == [], path.name
