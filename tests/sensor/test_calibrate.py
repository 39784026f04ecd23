"""Calibration: offsets, and idle currents learned on demand."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_app.boiler.fittings import Channel, Probe
from flask_app.store import Database
from sensor.bench import Deed
from sensor.calibrate import MeasureError, learn_idle, offset_of, with_offset
from sensor.kept import Kept
from tests.sensor.bench import Cellar

A, B = "28-00000000000a", "28-00000000000b"


@pytest.fixture
def kept(database: Database) -> Kept:
    return Kept(database, "manager.py (ana)", lambda: 1_796_000_000)


def test_an_offset_is_what_the_reference_says_more(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path / "w1", {A: "water"}, {})

    assert offset_of(cellar, A, 19.6) == -0.4


def test_a_probe_without_a_value_has_no_offset(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path / "w1", {A: "water"}, {})

    with pytest.raises(MeasureError, match="does not answer"):
        offset_of(cellar, B, 20.0)


@pytest.mark.parametrize("name", ["flue", B, "00000000000b", B.upper()])
def test_an_offset_goes_by_address_or_role_named_or_not(name: str) -> None:
    assert with_offset(name, -0.5, [Probe(A, "water", 1.0)], [A, B]) == Probe(B, "flue", -0.5)


@pytest.mark.parametrize("degrees", [10.1, -11.0, float("nan")])
def test_an_offset_that_makes_no_sense_is_refused(degrees: float) -> None:
    with pytest.raises(MeasureError, match="-10 to 10"):
        with_offset("water", degrees, [Probe(A, "water")], [])


def test_an_unknown_probe_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(MeasureError, match=r"00a \(water\)"):
        with_offset("cellar", 1.0, [Probe(A, "water")], [])


def test_an_idle_current_is_learned_on_demand_and_the_rest_is_left(tmp_path: Path, kept: Kept) -> None:
    cellar, told = Cellar(tmp_path / "w1", {}, {}), list[str]()

    done = learn_idle(cellar, [Channel("auger", 3, turns=2, running_amps=0.4)], kept, told.append)

    auger = kept.channels()[3]
    assert done
    assert (auger.turns, auger.running_amps, auger.learned_ts) == (2, 0.4, 1_796_000_000)
    assert auger.idle_amps == pytest.approx(0.004, abs=0.002)
    assert told[0].startswith("auger: 0.00")


def test_a_motor_that_runs_is_not_learned_and_the_others_are(tmp_path: Path, kept: Kept) -> None:
    class Running(Cellar):
        def asked(self, deed: Deed, role: str) -> None:
            super().asked(Deed.TURN_ON, "igniter")

    cellar, told = Running(tmp_path / "w1", {}, {"igniter": 3.0}), list[str]()

    done = learn_idle(cellar, kept.channels(), kept, told.append)

    assert not done
    assert [line.split(":")[1].strip() == "not learned" for line in told] == [False, True, False, False]
    assert kept.channels()[1].idle_amps is None


def test_a_channel_without_a_clamp_has_nothing_to_learn(tmp_path: Path, kept: Kept) -> None:
    told: list[str] = []

    done = learn_idle(Cellar(tmp_path / "w1", {}, {}), [Channel("auger", None)], kept, told.append)

    assert (done, told) == (False, ["no clamp is fitted"])
