"""The real driver on an emulated chip: amperes to watts, and every fault to its reason."""

from __future__ import annotations

import pytest

from flask_app.boiler.rows import MOTORS, Reason
from sensor.get_watt import Channel, Currents
from tests.sensor.ads1115 import Ads1115Bus, ac

PLAIN = Channel(power_factor=1.0, volts=1.0, idle_amps=0.0, on_amps=0.05, off_amps=0.04)


def currents(bus: Ads1115Bus, channel: Channel = PLAIN) -> Currents:
    return Currents([channel] * 4, lambda: bus, bus.monotonic)


@pytest.mark.parametrize("hz", [49.8, 50.0])
@pytest.mark.parametrize("amps", [0.1, 0.4, 1.0, 3.75, 10.0, 28.0])
def test_a_current_is_read_within_two_per_cent(amps: float, hz: float) -> None:
    bus = Ads1115Bus([ac(amps, hz), ac(0), ac(0), ac(0)])
    fine = PLAIN._replace(volts=1000.0)

    milliamperes = currents(bus, fine).read()

    assert milliamperes["secondary_fan"] == pytest.approx(amps * 1000, rel=0.02, abs=10)
    assert [milliamperes[role] for role in MOTORS[1:]] == [0, 0, 0]


def test_five_turns_show_a_current_five_times_smaller() -> None:
    bus = Ads1115Bus([ac(0.5)] * 4)

    values = currents(bus, PLAIN._replace(turns=5, volts=1000.0)).read()

    assert values["auger"] == pytest.approx(100, rel=0.02)


@pytest.mark.parametrize(("fault", "reason"), [("absent", Reason.ABSENT), ("stuck", Reason.LATE)])
def test_a_chip_at_fault_from_the_start_gives_its_reason(fault: str, reason: Reason) -> None:
    bus = Ads1115Bus([ac(1)] * 4)
    bus.fault = fault

    values = currents(bus).read()

    assert values == dict.fromkeys(MOTORS, reason)


def test_a_chip_that_answers_again_is_read_again() -> None:
    bus = Ads1115Bus([ac(1)] * 4)
    reader = currents(bus)
    bus.fault = "nack"
    refused = reader.read()
    bus.fault = ""

    values = reader.read()

    assert set(refused.values()) == {Reason.ABSENT}
    assert values["auger"] == pytest.approx(1.0, rel=0.1)


def test_a_wave_without_its_top_is_refused_alone() -> None:
    bus = Ads1115Bus([ac(45), ac(1), ac(1), ac(1)])

    values = currents(bus).read()

    assert values["secondary_fan"] is Reason.CLIPPED
    assert values["auger"] == pytest.approx(1.0, rel=0.1)


def test_too_few_samples_a_cycle_are_refused() -> None:
    bus = Ads1115Bus([ac(1)] * 4, wire_seconds=0.004)

    values = currents(bus).read()

    assert set(values.values()) == {Reason.RATE}
