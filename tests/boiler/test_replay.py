"""The replay: its two formats, its clear errors, and the command that never leaves half a file."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flask_app.boiler.options import Options
from flask_app.boiler.replay import HEADER, ReplayError, minutes, replay
from flask_app.boiler.rows import Row
from manager import cli

PROJECT = Path(__file__).parent.parent.parent
HEAD = ",".join(HEADER)
COLD = f"{HEAD}\n0,60,40,,,0,,0,0\n60,55,40,,,0,,0,0\n120,54,40,,,0,,0.5,0\n"


def replayed(text: str, setpoint: float = 56.0) -> str:
    out = io.StringIO()
    replay(io.StringIO(text), out, Options(setpoint=setpoint))
    return out.getvalue()


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["replay", *map(str, arguments)])


def test_each_row_gets_its_phase_and_the_alerts_opened_at_it() -> None:
    assert replayed(COLD) == "ts,phase,alerts\n0,stopped,\n60,stopped,low_water\n120,ignition,\n"


def test_a_row_is_read_as_a_minute_whose_motors_ran_where_their_share_is_above_zero() -> None:
    (row,) = minutes(io.StringIO(f"{HEAD}\n61,60.5,,,20,0,,0.25,1\n"))

    assert row == Row(
        61,
        water=60.5,
        spare=20.0,
        secondary_fan=0.0,
        primary_fan=1.0,
        auger=1.0,
        secondary_fan_duty=0.0,
        primary_fan_duty=0.25,
        auger_duty=1.0,
    )


def test_an_empty_log_gives_an_empty_answer() -> None:
    assert replayed(f"{HEAD}\n") == "ts,phase,alerts\n"


def test_line_ends_of_any_system_are_read() -> None:
    assert replayed(COLD.replace("\n", "\r\n")) == replayed(COLD)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: the header must be ts,water,"),
        ("ts,water\n", "line 1: the header must be ts,water,flue,box,spare,secondary_fan,igniter,primary_fan,auger"),
        (f"{HEAD}\n0,1,2\n", "line 2: 3 values; a row has 9"),
        (f"{HEAD}\n0,60,,,,,,,\nx,60,,,,,,,\n", "line 3: ts is 'x'"),
        (f"{HEAD}\n1.5,60,,,,,,,\n", "line 2: ts is '1.5'"),
        (f"{HEAD}\n1700000000000,60,,,,,,,\n", "line 2: ts is '1700000000000'; it must be whole seconds since 1970"),
        (f"{HEAD}\n-60,60,,,,,,,\n", "line 2: ts is '-60'; it must be whole seconds since 1970"),
        (f"{HEAD.replace(',', ';')}\n", "line 1: the header must be ts,water,flue,"),
        (f"{HEAD},truth\n", "line 1: the header must be ts,water,flue,"),
        (f"{HEAD}\n0,warm,,,,,,,\n", "line 2: water is 'warm'; it must be a number such as 60.5, or empty"),
        (f'{HEAD}\n0,"60,5",,,,,,,\n', "line 2: water is '60,5'; it must be a number such as 60.5, or empty"),
        (f"{HEAD}\n0,60,5,,,,,,,\n", "line 2: 10 values; a row has 9"),
        (f"{HEAD}\n0,{'6' * 99}x,,,,,,,\n", f"line 2: water is '{'6' * 40}'...; it must be a number"),
        (f"{HEAD}\n120,60,,,,,,,\n60,60,,,,,,,\n", "line 3: ts 60 is not after 120; rows must be in rising order"),
        (f"{HEAD}\n0,nan,,,,,,,\n", "line 2: water is 'nan'; it must be a number"),
        (f"{HEAD}\n0,1_0,,,,,,,\n", "line 2: water is '1_0'; it must be a number"),
        (f"{HEAD}\n0,60,,,,,,1.5,\n", "line 2: primary_fan is '1.5'; the share of a minute is from 0 to 1"),
        (f"{HEAD}\n60,60,,,,,,,\n60,60,,,,,,,\n", "line 3: ts 60 is not after 60"),
        (f'{HEAD}\n0,"60,,,,,,,\n', "line 2: not CSV"),
    ],
)
def test_a_log_that_cannot_be_read_is_refused_by_line(text: str, words: str) -> None:
    with pytest.raises(ReplayError) as refusal:
        replayed(text)

    assert words in str(refusal.value)


def test_the_command_writes_the_answer(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(COLD)

    result = command(tmp_path / "in.csv", "--out", tmp_path / "out.csv", "--setpoint", "54.5")

    assert result.exit_code == 0
    assert (tmp_path / "out.csv").read_text() == replayed(COLD, 54.5)
    assert "3 rows" in result.output


@pytest.mark.parametrize("setpoint", ["29.9", "91", "warm", "nan"])
def test_the_command_refuses_a_setpoint_out_of_bounds(setpoint: str, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(COLD)

    result = command(tmp_path / "in.csv", "--out", tmp_path / "out.csv", "--setpoint", setpoint)

    assert result.exit_code == 1
    assert f"setpoint is '{setpoint}'; it accepts 30 to 90 °C" in result.output


def test_the_command_leaves_nothing_behind_a_bad_row(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(COLD + "180,x,,,,,,,\n")
    (tmp_path / "out.csv").write_text("before")

    result = command(tmp_path / "in.csv", "--out", tmp_path / "out.csv")

    assert result.exit_code == 1
    assert "line 5: water is 'x'" in result.output
    assert (tmp_path / "out.csv").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_the_command_never_writes_over_the_log(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(COLD)
    (tmp_path / "link.csv").symlink_to(tmp_path / "in.csv")

    for out in ("in.csv", "link.csv"):
        result = command(tmp_path / "in.csv", "--out", tmp_path / out)
        assert result.exit_code == 1
        assert "is the log itself" in result.output
    assert (tmp_path / "in.csv").read_text() == COLD


def test_the_command_refuses_a_folder_a_missing_file_and_what_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(COLD)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x80")

    folder = command(tmp_path / "in.csv", "--out", tmp_path)
    missing = command(tmp_path / "none.csv", "--out", tmp_path / "out.csv")
    binary = command(tmp_path / "binary", "--out", tmp_path / "out.csv")
    nowhere = command(tmp_path / "in.csv", "--out", tmp_path / "none" / "out.csv")

    assert [answer.exit_code for answer in (folder, missing, binary, nowhere)] == [1, 1, 1, 1]
    assert "is not a file" in folder.output
    assert "none.csv: No such file" in missing.output
    assert "is not a text file in UTF-8" in binary.output
    assert "No such file" in nowhere.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["binary", "in.csv"]


def test_the_command_names_the_file_that_a_full_disk_cut_and_leaves_none(tmp_path: Path) -> None:
    rows = "".join(f"{60 * number},60,40,,,0,,0,0\n" for number in range(20_000))
    (tmp_path / "in.csv").write_text(f"{HEAD}\n{rows}")
    limited = ["bash", "-c", 'ulimit -f 16; exec "$@"', "_", sys.executable, str(PROJECT / "manager.py"), "replay"]

    result = subprocess.run(
        [*limited, "in.csv", "--out", "out.csv"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert "out.csv: File too large" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_log_of_years_is_walked_row_by_row() -> None:
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        yield HEAD
        while True:
            taken += 1
            yield f"{60 * taken},60,40,,,0,,0,0"

    rows = minutes(lines())

    assert [next(rows).ts for _ in range(1000)][-1] == 60_000
    assert taken <= 1001
