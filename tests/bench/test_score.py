"""The floors: two real boilers' logs, judged minute by minute against their controllers' own status."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.score import (
    Minute,
    answer,
    confusion,
    f1,
    hide_igniter,
    macro_f1,
    read,
    to_csv,
    true_or_false,
)

DATA = Path(__file__).parent.parent / "data"
OKOFEN = read(str(DATA / "okofen_60s.csv"))
FROELING = read(str(DATA / "froeling_p2_60s.csv.gz"))


def score(log: list[Minute], seen: list[Minute], tolerance: int = 0) -> float:
    return macro_f1(confusion(log, answer(seen).phases, tolerance))


def test_okofen_with_its_igniter() -> None:
    assert score(OKOFEN, OKOFEN) >= 0.99


def test_okofen_with_its_igniter_hidden() -> None:
    assert score(OKOFEN, [hide_igniter(minute) for minute in OKOFEN]) >= 0.99


def test_froeling() -> None:
    assert score(FROELING, FROELING) >= 0.985


def test_motors_as_true_or_false_alone() -> None:
    seen = [true_or_false(hide_igniter(minute)) for minute in OKOFEN]
    assert score(OKOFEN, seen) >= 0.99
    assert score(FROELING, [true_or_false(minute) for minute in FROELING]) >= 0.965


def test_a_minute_of_tolerance_forgives_nearly_all() -> None:
    assert score(FROELING, FROELING, tolerance=1) >= 0.995


@pytest.mark.parametrize("log", [OKOFEN, FROELING], ids=["okofen", "froeling"])
@pytest.mark.parametrize("setpoint", [40, 45, 50, 52, 54, 56, 58, 60])
def test_a_healthy_boiler_raises_no_alarm(log: list[Minute], setpoint: int) -> None:
    said = answer(log, setpoint)

    assert {kind for _, kind in said.alerts} <= {"low_water"}
    assert "jam_risk" not in said.phases.values()


# --- the score itself


def test_a_class_is_scored_by_its_f1() -> None:
    log = [Minute(60 * number, 60, 40, 0, 0, 0, 0, "off" if number < 3 else "burnout") for number in range(4)]

    counts = confusion(log, {0: "stopped", 60: "fire_keeping", 120: "burn_out", 180: "burn_out"})

    assert f1(counts) == {"ignition": 0.0, "combustion": 0.0, "burn_out": 2 / 3, "idle": 0.8}


def test_undefined_is_always_wrong_and_a_cleaning_left_out() -> None:
    log = [Minute(0, 60, 40, 0, 0, 0, 0, "off"), Minute(60, 60, 40, 0, 0, 0, 0, "cleaning")]

    counts = confusion(log, {0: "undefined", 60: "combustion"})

    assert counts == {("idle", "undefined"): 1}


def test_a_raw_log_is_folded_as_agreed(tmp_path: Path) -> None:
    head = "epoch_utc,water_c,flue_c,auger,igniter,fan,phase_truth,fan2,auger_pct"
    rows = ["0,60,50,0,,10,off,0,0", "30,62,54,1,,0,ignition,20,50", "60,61,54,1,,0,off,20,100"]
    (tmp_path / "log.csv").write_text("\n".join([head, *rows]) + "\n")

    minutes = read(str(tmp_path / "log.csv"))

    assert minutes[0] == Minute(0, 61.0, 52.0, 0.5, None, 0.5, 0.25, "ignition")
    assert to_csv(minutes).splitlines()[1] == "0,61.0,52.0,,,0.5,,0.5,0.25"
