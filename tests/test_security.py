"""What docs/security.md and docs/asvs.md promise of the code itself, and that each test they name exists."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
ROOMS = ("flask_app", "sensor", "config")
SOURCES = [
    PROJECT / "manager.py",
    PROJECT / "wsgi_gunicorn.py",
    *(p for room in ROOMS for p in (PROJECT / room).rglob("*.py")),
]
SCRIPTS = sorted((PROJECT / "flask_app" / "web" / "static").glob("*.js"))
DOCS = (PROJECT / "docs" / "security.md", PROJECT / "docs" / "asvs.md")
RUNS_WORDS = {"eval", "exec", "compile", "__import__"}
RUNS_DATA = {("pickle", "load"), ("pickle", "loads"), ("yaml", "load"), ("os", "system"), ("os", "popen")}
WRITES_MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")


def test_bandit_finds_nothing() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-c", "pyproject.toml", "-r", *ROOMS, "manager.py", "wsgi_gunicorn.py"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_code_is_run_from_words(source: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(source.read_text("utf-8"))) if isinstance(node, ast.Call)]

    for call in calls:
        where = f"{source.name}:{call.lineno}"
        if isinstance(call.func, ast.Name):
            assert call.func.id not in RUNS_WORDS, where
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            assert (call.func.value.id, call.func.attr) not in RUNS_DATA, where
        assert not any(word.arg == "shell" for word in call.keywords), where


def test_no_script_writes_markup() -> None:
    writers = [script.name for script in SCRIPTS if WRITES_MARKUP.search(script.read_text("utf-8"))]

    assert SCRIPTS
    assert writers == []


def test_every_requirement_of_the_first_level_has_its_line() -> None:
    numbers = re.findall(r"^\| (V\d+\.\d+\.\d+) \|", DOCS[1].read_text("utf-8"), re.MULTILINE)

    assert len(numbers) == len(set(numbers)) == 70


def test_each_test_that_is_named_exists() -> None:
    words = "".join(page.read_text("utf-8") for page in DOCS)
    named = set(re.findall(r"`(?:tests/)?([\w/]+\.py)::(\w+)", words))

    missing = [
        (file, test) for file, test in named if f"def {test}(" not in (PROJECT / "tests" / file).read_text("utf-8")
    ]

    assert len(named) > 40
    assert missing == []
