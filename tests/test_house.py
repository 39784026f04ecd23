"""Who may import whom: docs/architecture.md's table, held by reading every import of the tree."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
OURS = {"config", "flask_app", "sensor", "manager", "wsgi_gunicorn", "tests", "bench"}

MAY_IMPORT = {
    "flask_app/boiler": {"flask_app.boiler"},
    "config/settings.py": {"flask_app.boiler.options"},
    "flask_app/lock.py": set(),
    "flask_app/log.py": set(),
    "flask_app/words.py": {"flask_app.boiler"},
    "flask_app/letters.py": {"flask_app.boiler", "flask_app.words"},
    "flask_app/links.py": {"config.settings"},
    "flask_app/picture.py": {"flask_app.boiler"},
    "flask_app/here.py": set(),
    "flask_app/system.py": set(),
    "flask_app/store.py": {"flask_app.lock", "flask_app.here", "flask_app.boiler", "sqlite3"},
    "flask_app/reasons.py": {"config.settings", "flask_app.store", "flask_app.lock", "flask_app.boiler"},
    "sensor": {
        "config.settings",
        "flask_app.store",
        "flask_app.lock",
        "flask_app.here",
        "flask_app.log",
        "flask_app.reasons",
        "flask_app.boiler",
        "sensor",
    },
    "flask_app/script": {
        "config.settings",
        "flask_app.store",
        "flask_app.lock",
        "flask_app.here",
        "flask_app.log",
        "flask_app.reasons",
        "flask_app.boiler",
        "flask_app.words",
        "flask_app.letters",
        "flask_app.links",
        "flask_app.picture",
        "flask_app.system",
        "flask_app.script",
        "flask_app.send_email_sms",
    },
    "flask_app/send_email_sms.py": {"config.settings", "flask_app.words", "flask_app.boiler"},
    "flask_app/models.py": {"flask_app.boiler.rows", "flask_app.boiler.rollups"},
    "flask_app/web": {
        "config.settings",
        "flask_app.models",
        "flask_app.lock",
        "flask_app.here",
        "flask_app.boiler",
        "flask_app.words",
        "flask_app.letters",
        "flask_app.links",
        "flask_app.system",
        "flask_app.web",
        "flask_app.send_email_sms",
    },
}
SENDERS = {"flask_app/script/deliver.py", "flask_app/script/watch.py", "flask_app/web"}
STANDARD_LIBRARY_ONLY = (
    "flask_app/boiler",
    "flask_app/lock.py",
    "flask_app/log.py",
    "flask_app/words.py",
    "flask_app/letters.py",
    "flask_app/here.py",
    "flask_app/system.py",
    "config/settings.py",
)
NEVER = {
    "sensor": {"flask", "sqlalchemy", "flask_sqlalchemy"},
    "flask_app/script": {"flask", "sqlalchemy", "flask_sqlalchemy"},
    "flask_app/store.py": {"flask", "sqlalchemy", "flask_sqlalchemy"},
    "flask_app/send_email_sms.py": {"sqlite3", "sqlalchemy", "flask_sqlalchemy"},
}


def test_the_architecture_names_every_room() -> None:
    told = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")

    assert [room for room in (*MAY_IMPORT, "flask_app/commands") if Path(room).name not in told] == []


def modules(room: str) -> list[Path]:
    path = PROJECT / room
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def imported(path: Path) -> set[str]:
    return imported_by(ast.parse(path.read_text()), path)


def imported_by(tree: ast.Module, path: Path) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports name their room in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def within(name: str, rooms: set[str]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    for path in modules(room):
        ours = {name for name in imported(path) if name.split(".")[0] in OURS}

        strangers = {name for name in ours if not within(name, MAY_IMPORT[room])}

        assert not strangers, f"{path.relative_to(PROJECT)} imports {strangers}"


@pytest.mark.parametrize("room", STANDARD_LIBRARY_ONLY)
def test_the_domain_imports_the_standard_library_alone(room: str) -> None:
    for path in modules(room):
        others = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names) - OURS

        assert not others, f"{path.relative_to(PROJECT)} imports {others}"


@pytest.mark.parametrize("room", NEVER)
def test_a_room_never_imports_what_it_must_not(room: str) -> None:
    for path in modules(room):
        found = {name for name in imported(path) if within(name, NEVER[room])}

        assert not found, f"{path.relative_to(PROJECT)} imports {found}"


def test_only_those_who_send_import_the_sender() -> None:
    for path in modules("flask_app"):
        place = str(path.relative_to(PROJECT))
        if within("flask_app.send_email_sms", imported(path)) or any(
            "send_email_sms" in name for name in imported(path)
        ):
            assert place in SENDERS or place.startswith("flask_app/web/"), f"{place} imports send_email_sms"


@pytest.mark.parametrize("path", modules("flask_app/commands"), ids=lambda path: path.stem)
def test_a_command_imports_inside_itself_what_it_needs(path: Path) -> None:
    light = set(sys.stdlib_module_names) - {"sqlite3"} | {"click"}
    body = ast.parse(path.read_text()).body
    top = ast.Module([node for node in body if isinstance(node, ast.Import | ast.ImportFrom)], [])
    names = {name for name in imported_by(top, path) if name.split(".")[0] not in light}

    heavy = {name for name in names if not within(name, {"config.settings", "flask_app.commands"})}

    assert not heavy, f"{path.name} imports {heavy} before its command is known"


PACKAGES = ["flask_app", "flask_app/boiler", "flask_app/script", "flask_app/commands", "sensor", "config"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_holds_a_docstring_and_nothing_else(package: str) -> None:
    tree = ast.parse((PROJECT / package / "__init__.py").read_text())

    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


HEAVY = (
    "flask",
    "sqlalchemy",
    "numpy",
    "requests",
    "email",
    "nexmo",
    "apprise",
    "PIL",
    "ssl",
    "flask_app.boiler.engine",
)


@pytest.mark.parametrize("job", ["flask_app.script.archive_minute", "flask_app.script.process_phase"])
def test_a_cron_job_loads_nothing_heavy(job: str) -> None:
    code = f"import sys, {job}; print(*sorted(m for m in sys.modules if m in {HEAVY!r}))"

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)

    assert answer.stdout.split() == []
