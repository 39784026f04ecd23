"""`sensors check` on the real package and the real driver: what it says of what is fitted."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_app.boiler.fittings import DEFAULT_CHANNELS, Channel, Fittings, Probe
from flask_app.boiler.rows import MOTORS
from flask_app.lock import hold
from sensor.bench import Deed, Hardware, refused
from sensor.check import lines, look
from sensor.get_temp import Probes
from sensor.get_watt import Currents
from tests.sensor.bench import Cellar, place

A, B = "28-00000000000a", "28-00000000000b"
CHANNELS = tuple(channel._replace(idle_amps=0.004, idle_spread=0.0005) for channel in DEFAULT_CHANNELS)


@pytest.fixture
def cellar(tmp_path: Path) -> Cellar:
    return Cellar(tmp_path / "w1", {A: "water", B: "flue"}, {"igniter": 3.75})


def test_everything_fitted_is_listed_with_its_value_and_noise(cellar: Cellar) -> None:
    cellar.asked(Deed.TURN_ON, "igniter")

    report = look(cellar, Fittings((Probe(B, "water", 0.5),), CHANNELS), (), readings=2)

    assert [part[:4] for part in report.probes] == [
        (B, "water", "+0.50 °C", "21.50 °C"),
        (A, "flue", "not named", "20.00 °C"),
    ]
    assert [part.noise for part in report.probes] == ["0.00 °C"] * 2
    assert [part.role for part in report.clamps] == list(MOTORS)
    assert report.clamps[1].value.startswith("3.7")
    assert "on, 8" in report.clamps[1].value
    assert [part.value.split(", ")[1] for part in report.clamps] == ["off", "on", "off", "off"]
    assert {part.quality for part in (*report.probes, *report.clamps)} == {"good"}
    assert report.well


def test_the_table_says_how_long_ago_the_loop_kept_a_value(cellar: Cellar) -> None:
    report = look(cellar, Fittings((Probe(A, "water"),), CHANNELS), (), readings=1)

    text = "\n".join(lines(report, {"water": 3, "flue": 7200}.get))

    assert "3 s ago" in text
    assert "2 h ago" in text
    assert "not today" in text


def test_a_named_probe_that_is_gone_is_a_fault_with_its_remedy(cellar: Cellar) -> None:
    report = look(cellar, Fittings((Probe("28-00000000000f", "flue"),), CHANNELS), (), readings=1)

    flue = next(part for part in report.probes if part.role == "flue")
    assert (flue.value, flue.ok) == ("no value", False)
    assert "plug" in flue.quality
    assert not report.well


def test_a_probe_that_fails_now_and_then_is_told_though_it_has_a_value(cellar: Cellar) -> None:
    def fail(_seconds: float) -> None:
        (cellar.tree / A / "w1_slave").write_text("")

    cellar.pause = fail

    water = look(cellar, Fittings((), CHANNELS), (), readings=2).probes[0]

    assert (water.role, water.ok) == ("water", True)
    assert "4.7 kΩ" in water.quality


def test_an_input_without_a_clamp_is_a_fault_unless_it_is_said_that_none_is_fitted(cellar: Cellar) -> None:
    cellar.bus.waves[0] = lambda _seconds: 0.0
    none = (CHANNELS[0]._replace(input=None), *CHANNELS[1:])

    faulty, told = (look(cellar, Fittings((), channels), (), readings=1) for channels in (CHANNELS, none))

    assert "bias" in faulty.clamps[0].quality
    assert not faulty.well
    assert told.clamps[0].quality == "not fitted"
    assert told.well


def test_a_fifth_probe_has_no_role_and_is_no_fault(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path / "w1", {f"28-00000000000{number}": "" for number in range(5)}, {})
    (tmp_path / "w1" / "28-000000000004" / "w1_slave").write_text("")

    report = look(cellar, Fittings((), CHANNELS), (), readings=1)

    assert report.probes[-1].role == "-"
    assert report.well


def bare(tree: Path, device: Path) -> Hardware:
    def no_bus() -> object:
        raise RuntimeError("I2C Bus #1 not found")

    return Hardware(Probes((), tree), Currents((), no_bus), lambda _seconds: None, tree, device)


def test_a_computer_without_buses_says_what_is_missing_and_the_remedy(tmp_path: Path) -> None:
    report = look(bare(tmp_path / "w1", tmp_path / "i2c-1"), Fittings((), CHANNELS), (), readings=1)

    assert len(report.lacks) == 2
    assert "dtoverlay=w1-gpio" in report.lacks[0]
    assert "dtparam=i2c_arm=on" in report.lacks[1]
    assert not report.well


def test_without_a_bus_no_clamp_is_told_to_have_its_wires_checked(tmp_path: Path) -> None:
    report = look(bare(tmp_path / "w1", tmp_path / "i2c-1"), Fittings((), CHANNELS), (), readings=1)

    assert {part.quality for part in report.clamps} == {"no bus, see below"}


def test_what_does_not_fit_a_terminal_goes_below_its_line(tmp_path: Path) -> None:
    cellar = Cellar(tmp_path / "w1", {A: "water", B: "flue"}, {})
    (tmp_path / "w1" / A / "w1_slave").write_text("")
    report = look(cellar, Fittings((), DEFAULT_CHANNELS), (), readings=1)

    long, short = ("\n".join(lines(report, lambda _role: 3, columns)) for columns in (None, 80))

    assert max(map(len, short.splitlines())) <= 80
    assert short.split() == long.split()


def test_a_bus_without_a_probe_is_another_fault_than_no_bus(tmp_path: Path) -> None:
    (tmp_path / "i2c-1").touch()

    report = look(bare(tmp_path, tmp_path / "i2c-1"), Fittings((), CHANNELS), (), readings=1)

    assert [lack.split(":")[0] for lack in report.lacks] == ["No probe answers on the 1-wire bus"]


def test_who_may_not_use_the_bus_is_told_what_helps_where_the_programs_are() -> None:
    device = Path("/dev/i2c-1")

    installed, checkout = refused(device, "chaudiere", "/opt/chaudiere"), refused(device, "pi", "/home/pi/chaudiere")

    assert installed.endswith("run `sudo adduser chaudiere i2c`, then `sudo systemctl restart chaudiere`.")
    assert checkout.endswith("run `sudo adduser pi i2c`, then log in again.")


def test_the_loop_gets_the_converter_between_two_windows(tmp_path: Path) -> None:
    path = str(tmp_path / "converter.lock")
    cellar = Cellar(tmp_path / "w1", {A: "water"}, {}, guard=lambda: hold(path, 2.0))
    free = []

    def pause(seconds: float) -> None:
        with hold(path, 0.0):
            free.append(seconds)

    cellar.pause = pause

    look(cellar, Fittings((), CHANNELS), (), readings=2)

    assert len(free) == 9


def test_a_channel_that_was_never_learned_says_so(cellar: Cellar) -> None:
    report = look(cellar, Fittings((), (Channel("auger", 3),)), (), readings=1)

    assert report.clamps[0].quality == "good; idle current not learned"


def test_a_probe_that_jumps_is_told(cellar: Cellar) -> None:
    cellar.pause = lambda _seconds: place(cellar.tree, A, 30.0)

    water = look(cellar, Fittings((), ()), (), readings=2).probes[0]

    assert "loose contact" in water.quality
