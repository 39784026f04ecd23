"""The commissioning commands, from the command line to the database, on the simulated boiler and on no hardware."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.settings import Settings
from flask_app import store
from flask_app.store import Database, World
from manager import cli
from sensor.fake_bench import ADDRESSES

Run = Callable[..., Result]

ANSWERS = "# probes\n" + "\n\n\n" * 4 + "# motors\n" + "\n\n\n\noff\non\n\noff\n" * 4


@pytest.fixture
def run(environ: dict[str, str], settings: Settings) -> Run:
    """`manager.py sensors` in the installation of `settings`."""
    return lambda *words, **options: CliRunner().invoke(cli, ["sensors", *words], env=environ, **options)


def files(settings: Settings) -> set[str]:
    return {path.name for path in Path(settings.home).rglob("*") if path.is_file()}


def test_the_simulated_boiler_is_commissioned_from_a_file_of_answers(
    run: Run, settings: Settings, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "answers").write_text(ANSWERS)
    before = files(settings)

    answer = run("setup", "--fake", "--answers", str(tmp_path / "answers"))

    assert answer.exit_code == 0, answer.output
    assert {probe.role: probe.address for probe in store.probes(database.connection)} == ADDRESSES
    assert all(channel.running_amps for channel in store.channels(database.connection))
    assert files(settings) - before <= {"database.lock", "chaudiere.db-wal", "chaudiere.db-shm"}


def test_what_was_learned_is_in_a_backup(run: Run, environ: dict[str, str], settings: Settings, tmp_path: Path) -> None:
    run("setup", "auger", "--fake", input="\n\n\n\noff\non\n\noff\n")
    run("offset", "water", "-0.25", "--fake")

    CliRunner().invoke(cli, ["database", "backup", str(tmp_path / "copy.db")], env=environ)

    connection = sqlite3.connect(tmp_path / "copy.db")
    probe = connection.execute('SELECT role, "offset" FROM Probe').fetchall()
    channel = connection.execute("SELECT role FROM Channel WHERE running_amps > 0").fetchall()
    connection.close()
    assert (probe, channel) == ([("water", -0.25)], [("auger",)])


def test_an_answer_that_is_not_understood_is_asked_again_at_a_terminal_and_the_end_of_input_leaves(run: Run) -> None:
    answer = run("setup", "auger", "--fake", input="a9\nskip\n")
    left = run("setup", "auger", "--fake", input="a3\n")

    assert answer.exit_code == 0
    assert "'a9' is not one of" in answer.output
    assert left.exit_code == 130
    assert "What was answered is kept" in left.output


def test_ctrl_c_leaves_with_a_word_of_how_to_go_on(settings: Settings, environ: dict[str, str]) -> None:
    words = [sys.executable, "manager.py", "sensors", "setup", "--fake"]
    with subprocess.Popen(
        words, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as walk:
        assert walk.stdout is not None
        while "28-000000face40" not in walk.stdout.readline():
            pass
        walk.send_signal(signal.SIGINT)
        said, wrong = walk.communicate(timeout=30)

    assert walk.returncode == 130
    assert "What was answered is kept" in said
    assert wrong == ""


def test_a_terminal_of_80_columns_gets_whole_words(settings: Settings, environ: dict[str, str]) -> None:
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    words = [sys.executable, "manager.py", "sensors", "setup", "--fake"]
    said = b""
    with subprocess.Popen(words, env=environ, stdin=terminal, stdout=terminal, stderr=terminal) as walk:
        while b"[warm]" not in said:
            said += os.read(screen, 4096)
        os.write(screen, b"\x04")  # Ctrl-D
    os.close(terminal)
    os.close(screen)

    assert walk.returncode == 130
    assert max(map(len, said.decode().splitlines())) <= 80
    assert "only what is missing is asked" in " ".join(said.decode().split())


def test_a_computer_where_nothing_was_kept_is_still_free_to_try_the_simulated_boiler(run: Run) -> None:
    real = [run("idle"), run("calibrate", "auger"), run("setup", input="skip\n")]

    tried = run("check", "--fake", "--readings", "1")

    assert {answer.exit_code for answer in real} == {1, 130}
    assert all("dtparam=i2c_arm=on" in answer.output for answer in real)
    assert tried.exit_code == 0, tried.output


def test_a_file_of_answers_that_is_no_text_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "answers").write_bytes(b"\xff\x00")

    answer = run("setup", "--fake", "--answers", str(tmp_path / "answers"))

    assert answer.exit_code == 2
    assert "UTF-8" in answer.output


def test_a_bad_line_of_a_file_of_answers_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("# first\nskip\na9\n")

    answer = run("setup", "--fake", "--answers", str(tmp_path / "answers"))

    assert answer.exit_code == 1
    assert "answers, line 3: 'a9'" in answer.output


def test_check_shows_the_simulated_boiler_as_it_was_set_up(run: Run) -> None:
    run("offset", "28-000000face10", "0.5", "--fake")

    answer = run("check", "--fake")

    assert answer.exit_code == 0
    assert "28-000000face10  water" in answer.output
    assert "+0.50 °C" in answer.output


def test_a_computer_without_buses_fails_the_check_with_the_remedy(run: Run) -> None:
    answer = run("check", "--readings", "1")

    assert answer.exit_code == 1
    assert "config.txt" in answer.output
    assert "Traceback" not in answer.output


def test_idle_currents_are_learned_on_demand(run: Run, database: Database) -> None:
    answer = run("idle", "--fake")

    assert answer.exit_code == 0, answer.output
    assert {channel.role for channel in store.channels(database.connection) if channel.idle_amps} == {
        "secondary_fan",
        "igniter",
        "primary_fan",
        "auger",
    }


def test_a_probe_is_calibrated_to_a_thermometer_and_a_clamp_to_silence(run: Run, database: Database) -> None:
    run("offset", "28-000000face20", "0", "--fake")
    indoor = next(probe for probe in store.probes(database.connection) if probe.address == "28-000000face20")

    said = run("calibrate", indoor.role, "--reference", "20", "--fake")
    silent = run("calibrate", "auger", "--fake")

    probe = next(probe for probe in store.probes(database.connection) if probe.address == "28-000000face20")
    assert said.exit_code == silent.exit_code == 0
    assert 0 < abs(probe.offset) < 10
    assert f"{probe.offset:+.2f} °C is added" in said.output
    assert "auger: 0.00" in silent.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("offset", "water", "11", "--fake"), "-10 to 10"),
        (("offset", "cellar", "1", "--fake"), "28-000000face10"),
        (("offset", "water", "much", "--fake"), "much"),
        (("idle", "pump", "--fake"), "secondary_fan"),
        (("calibrate", "kettle", "--fake"), "secondary_fan"),
        (("calibrate", "water", "--fake"), "--reference"),
        (("calibrate", "water", "--reference", "400", "--fake"), "is it the same place"),
        (("calibrate", "water", "--reference", "40"), "there is none"),
        (("setup", "pump", "--fake"), "secondary_fan"),
        (("setup", "--answers", "/nowhere", "--fake"), "/nowhere"),
        (("offset", "water", "1"), "there is none"),
        (("check", "--readings", "0"), "readings"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    answer = run(*words)

    assert answer.exit_code not in (0, None)
    assert said in answer.output
    assert "Traceback" not in answer.output


@pytest.mark.parametrize(
    ("world", "flag", "remedy"), [(World.REAL, ["--fake"], "leave --fake"), (World.SIMULATED, [], "add --fake")]
)
def test_a_real_and_a_simulated_boiler_are_kept_apart(
    run: Run, database: Database, world: World, flag: list[str], remedy: str
) -> None:
    database.claim(world)

    for words in (["check"], ["setup"], ["offset", "water", "1"], ["idle"]):
        answer = run(*words, *flag)

        assert answer.exit_code == 1
        assert remedy in answer.output
