"""Copies of the database: made under a writing loop, refused when damaged, put back under running programs."""

from __future__ import annotations

import os
import random
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.settings import Settings
from flask_app import store
from flask_app.boiler.rows import Row
from flask_app.script.backups import DAILY, WEEKLY, BackupError, kept, make, make_daily, restore
from flask_app.store import Database
from manager import cli

TODAY = date(2026, 11, 24)


def count(path: str | Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("SELECT COUNT(*) FROM Chaudiere").fetchone()[0]
    return found


def fill(database: Database, first: int, rows: int) -> None:
    with database.writing() as connection:
        store.insert_readings(connection, [Row(first + number, water=60.0) for number in range(rows)])


@pytest.fixture
def filled(database: Database) -> Database:
    database.claim(store.World.REAL)
    fill(database, 1000, 300)
    return database


def test_a_copy_is_whole_though_the_loop_writes_on(filled: Database, settings: Settings, tmp_path: Path) -> None:
    written = iter(range(5000, 6000))
    make(settings.database, str(tmp_path / "copy.db"), lambda _left, _all: fill(filled, next(written), 1))

    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert count(tmp_path / "copy.db") >= 300


def test_a_copy_is_put_back_under_running_programs_and_the_former_rows_are_kept_aside(
    filled: Database, settings: Settings, tmp_path: Path
) -> None:
    make(settings.database, str(tmp_path / "copy.db"))
    fill(filled, 2000, 50)

    moved = restore(str(tmp_path / "copy.db"), settings.database, settings.lock, str(tmp_path / "aside.db"))
    fill(filled, 3000, 1)  # the same connection goes on

    assert not moved
    assert filled.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert count(settings.database) == 301
    assert count(tmp_path / "aside.db") == 350


def test_a_database_that_cannot_be_read_is_moved_away(filled: Database, settings: Settings, tmp_path: Path) -> None:
    make(settings.database, str(tmp_path / "copy.db"))
    filled.close()
    Path(settings.database).write_bytes(b"worn card" * 1000)

    moved = restore(str(tmp_path / "copy.db"), settings.database, settings.lock, str(tmp_path / "aside.db"))

    assert moved
    assert count(settings.database) == 300
    assert (tmp_path / "aside.db").read_bytes().startswith(b"worn card")


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 12] = b"\xa5" * (4096 * 9)
    path.write_bytes(content)


def foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE Recipes (name)")
        connection.commit()


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def simulated(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id={store.World.SIMULATED.value}")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (damaged, "damaged|cannot be read"),
        (foreign, "not a Chaudiere"),
        (newer, "newer version"),
        (simulated, "of a simulated boiler"),
        (Path.unlink, "is no file"),
    ],
)
def test_a_copy_that_would_do_harm_is_refused_and_nothing_changes(
    filled: Database, settings: Settings, tmp_path: Path, spoil: object, words: str
) -> None:
    copy = tmp_path / "copy.db"
    make(settings.database, str(copy))
    spoil(copy)  # type: ignore[operator]

    with pytest.raises(BackupError, match=words):
        restore(str(copy), settings.database, settings.lock, str(tmp_path / "aside.db"))

    assert count(settings.database) == 300
    assert not (tmp_path / "aside.db").exists()


def test_seven_days_and_four_sundays_are_kept() -> None:
    names = [f"chaudiere-{TODAY - timedelta(days=back)}.db" for back in range(60)] + ["notes.txt"]

    found = sorted(kept(names, TODAY), reverse=True)

    assert len(found) == 11
    assert found[:7] == sorted(names[:7], reverse=True)
    assert all(date.fromisoformat(name[10:20]).weekday() == 6 for name in found[7:])


def named(first: date, count: int) -> set[str]:
    return {f"chaudiere-{first + timedelta(days=number)}.db" for number in range(count)}


def nights(names: set[str], *days: date) -> set[str]:
    """What is left of `names` after a copy in the night of each of `days`."""
    for day in days:
        names = kept([*names, f"chaudiere-{day}.db"], day)
    return names


def test_a_night_of_a_wrong_year_costs_no_more_than_any_night_and_leaves_nothing() -> None:
    before = nights(set(), *(TODAY - timedelta(days=back) for back in range(60, -1, -1)))
    tomorrow = TODAY + timedelta(days=1)

    ahead = nights(before, date(2031, 1, 1))

    assert len(before - ahead) <= 1
    assert nights(ahead, tomorrow) == nights(before, tomorrow)


def test_a_clock_that_went_back_makes_no_copy_go() -> None:
    before = nights(set(), *(TODAY - timedelta(days=back) for back in range(60, -1, -1)))

    back = nights(before, *(date(1970, 1, day) for day in range(1, 8)))

    assert before <= back


def test_copies_stay_few_whatever_the_clock_says() -> None:
    chance = random.Random(14)
    names: set[str] = set()
    for _ in range(300):
        names = nights(names, TODAY + timedelta(days=chance.randrange(-4000, 4000)))

        assert len(names) <= 2 * (DAILY + WEEKLY)


def test_what_a_power_cut_left_of_a_copy_goes_and_one_under_way_stays(filled: Database, settings: Settings) -> None:
    folder = Path(settings.backups)
    folder.mkdir()
    gone = 9_999_999  # more than Linux gives to any process
    left = "chaudiere-2026-11-20.db.new"
    for name in (left, f"{left}.{gone}.part", f"{left}.{gone}.part-journal", f"{left}.{os.getppid()}.part"):
        (folder / name).write_text("half")

    make_daily(settings.database, settings.backups, TODAY)

    assert {path.name for path in folder.iterdir()} == {"chaudiere-2026-11-24.db", f"{left}.{os.getppid()}.part"}


def test_the_day_s_copy_replaces_itself_and_old_ones_go(filled: Database, settings: Settings) -> None:
    folder = Path(settings.backups)
    folder.mkdir()
    for name in named(date(2026, 1, 5), 6):  # a Monday, and five more
        (folder / name).write_text("old")
    (folder / "mine.db").write_text("not ours to remove")
    (folder / "chaudiere-2026-01-02.db").write_text("older")

    make_daily(settings.database, settings.backups, TODAY)
    fill(filled, 9000, 10)
    make_daily(settings.database, settings.backups, TODAY)

    left = {"chaudiere-2026-11-24.db", "mine.db", *named(date(2026, 1, 5), 6)}
    assert {path.name for path in folder.iterdir()} == left
    assert count(folder / "chaudiere-2026-11-24.db") == 310


def test_a_disk_that_fills_leaves_no_half_copy(filled: Database, settings: Settings, tmp_path: Path) -> None:
    words = f"from flask_app.script.backups import make; make({settings.database!r}, {str(tmp_path / 'copy.db')!r})"

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    ended = subprocess.run([sys.executable, "-c", words], preexec_fn=small, capture_output=True, text=True, check=False)

    assert ended.returncode != 0
    assert "BackupError" in ended.stderr
    assert not list(tmp_path.glob("copy*"))


def test_the_commands_copy_and_restore(filled: Database, environ: dict[str, str], tmp_path: Path) -> None:
    def manage(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["database", *words], env=environ)
        return result.exit_code, result.output

    daily = manage("backup")
    named = manage("backup", str(tmp_path / "copy.db"))
    again = manage("backup", str(tmp_path / "copy.db"))
    back = manage("restore", str(tmp_path / "copy.db"))
    absent = manage("restore", str(tmp_path / "absent.db"))

    assert daily[0] == named[0] == back[0] == 0, (daily, named, back)
    assert "exists already" in again[1]
    assert "what was there before is" in back[1]
    assert absent[0] == 1
    assert "is no file" in absent[1]


def test_a_drill_restores_into_a_folder_of_its_own(filled: Database, environ: dict[str, str], tmp_path: Path) -> None:
    def manage(*words: str) -> str:
        return CliRunner().invoke(cli, ["database", *words], env=environ).output

    manage("backup", str(tmp_path / "copy.db"))
    environ["CHAUDIERE_HOME"] = str(tmp_path / "drill")

    said, held = manage("restore", str(tmp_path / "copy.db")), manage("stats")

    assert "is as in" in said
    assert "before" not in said
    assert "start the programs again" not in said
    assert "300 rows" in held
