"""The real driver on an emulated chip: amperes to watts, and every fault to its reason."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator

import pytest

from flask_app.boiler.fittings import Channel
from flask_app.boiler.rows import MOTORS, Reason
from flask_app.lock import LockBusyError
from sensor.create_data import sway
from sensor.get_watt import Currents, Window, idle_of, measure
from tests.sensor.ads1115 import Ads1115Bus, Wave, ac, at_times, dimmed, noisy

AMPERES = Channel("auger", 3, power_factor=1.0, volts=1000.0, idle_amps=0.003, idle_spread=0.0003)
"""Its watts read as milliamperes."""


def currents(bus: Ads1115Bus, channel: Channel = AMPERES, hz: float = 50.0) -> Currents:
    reader = Currents(open_bus=lambda: bus, monotonic=bus.monotonic)
    reader.fit([channel._replace(role=role, input=number) for number, role in enumerate(MOTORS)], hz)
    return reader


def one(bus: Ads1115Bus, channel: Channel) -> Currents:
    """A reader with one clamp, the secondary fan's, on A0."""
    return Currents([channel._replace(role="secondary_fan", input=0)], lambda: bus, bus.monotonic)


def bus_of(*waves: Wave) -> Ads1115Bus:
    return Ads1115Bus([*waves, *[ac(0)] * (4 - len(waves))])


@pytest.mark.parametrize("hz", [49.8, 50.0, 50.2])
@pytest.mark.parametrize("amps", [0.1, 0.2, 0.4, 1.0, 3.75, 10.0, 28.0])
def test_a_current_is_read_within_two_per_cent(amps: float, hz: float) -> None:
    milliamperes = currents(bus_of(ac(amps, hz))).read()

    assert milliamperes["secondary_fan"] == pytest.approx(amps * 1000, rel=0.02, abs=10)
    assert [milliamperes[role] for role in MOTORS[1:]] == [0, 0, 0]


@pytest.mark.parametrize("wire_seconds", [0.0002, 0.00045], ids=["600 reads/s", "440 reads/s"])
@pytest.mark.parametrize(("mains", "hz"), [(50, 49.5), (50, 50.0), (50, 50.5), (60, 59.5), (60, 60.0), (60, 60.5)])
@pytest.mark.parametrize("amps", [0.1, 1.0, 25.0])
def test_harmonics_and_a_drifting_frequency_count_as_the_current_they_are(
    amps: float, mains: int, hz: float, wire_seconds: float
) -> None:
    bus = Ads1115Bus([ac(amps, hz, third=0.3, fifth=0.15)] * 4, wire_seconds)

    values = currents(bus, hz=mains).read()

    true = amps * 1000 * math.sqrt(1 + 0.3**2 + 0.15**2)
    assert [values[role] for role in MOTORS] == [pytest.approx(true, rel=0.02, abs=10)] * 4


def test_five_turns_show_a_current_five_times_smaller() -> None:
    values = currents(Ads1115Bus([ac(0.5)] * 4), AMPERES._replace(turns=5)).read()

    assert values["auger"] == pytest.approx(100, rel=0.02)


def test_the_idle_current_is_subtracted_in_quadrature() -> None:
    bus = bus_of(noisy(ac(0.1), 30))  # 0.11 A of noise upon 0.1 A

    values = [one(bus, AMPERES._replace(idle_amps=0.1125, gate_amps=0.01)).read() for _ in range(60)]

    milliamperes = [value["secondary_fan"] for value in values if isinstance(value["secondary_fan"], float)]
    assert sum(milliamperes) / len(milliamperes) == pytest.approx(100, abs=10)


def windows(wave: Wave, count: int, channel: Channel) -> list[float | Reason]:
    reader = one(bus_of(wave), channel._replace(volts=230.0))
    return [reader.read()["secondary_fan"] for _ in range(count)]


@pytest.mark.parametrize("counts", [0.6, 5.0])
def test_a_40_w_auger_is_seen_with_one_turn_and_a_still_one_is_not(counts: float) -> None:
    idle = 0.003 if counts < 1 else 0.019
    channel = AMPERES._replace(idle_amps=idle, idle_spread=idle / 12)

    running = windows(noisy(ac(40 / 230), counts), 100, channel)
    still = windows(noisy(ac(0), counts), 100, channel)

    assert sum(watts > 0 for watts in running if isinstance(watts, float)) == 100
    assert set(still) == {0.0}


@pytest.mark.parametrize("counts", [0.6, 5.0])
def test_a_fan_at_ten_per_cent_is_seen_with_five_turns(counts: float) -> None:
    idle = 0.003 if counts < 1 else 0.019
    channel = AMPERES._replace(idle_amps=idle, idle_spread=idle / 12, turns=5)

    # A 63 VA fan on a phase-angle control that lets the last 15 % of each half wave pass: 0.04 A, 9 VA.
    running = windows(noisy(dimmed(5 * 0.28, 0.15), counts), 100, channel)

    assert sum(watts > 0 for watts in running if isinstance(watts, float)) >= 99


def test_one_noisy_sample_turns_no_motor_on() -> None:
    bus = bus_of(noisy(ac(0), 0.6))
    bus.spikes = [0.05 + second for second in range(50)]

    reader = one(bus, AMPERES)
    values = [reader.read()["secondary_fan"] for _ in range(50)]

    assert set(values) == {0.0}


def test_a_spark_of_three_cycles_turns_no_motor_on() -> None:
    spark = at_times(ac(2.0), ac(0), every=10.0, lasting=0.06)

    values = currents(bus_of(spark, spark)).read()

    assert values["secondary_fan"] == 0.0


@pytest.mark.parametrize("phase", [0.0, 1.0, 2.5, 5.5, 7.0, 9.5])
def test_two_second_pulses_every_twenty_seconds_give_a_tenth_of_duty_whenever_they_begin(phase: float) -> None:
    bus = bus_of(at_times(noisy(ac(0.2), 1), noisy(ac(0), 1), every=20.0, lasting=2.0))
    reader = one(bus, AMPERES)
    ran = 0
    for number in range(150):
        bus.now = phase + 4.0 * number + sway(number, 4.0)
        ran += reader.read()["secondary_fan"] != 0

    assert ran / 150 == pytest.approx(0.10, abs=0.03)


def test_the_idle_current_is_learned_again_in_a_long_stop_and_in_no_other() -> None:
    bus = bus_of(noisy(ac(0), 5.0))
    reader = one(bus, AMPERES._replace(idle_amps=None))
    for _ in range(75):
        reader.read()
        bus.now += 3.2
    soon = reader.learned()
    bus.now += 1800

    for _ in range(76):
        reader.read()
        bus.now += 3.2

    learned = reader.learned()
    assert soon == []
    assert [idle.role for idle in learned] == ["secondary_fan"]
    assert all(idle.amps == pytest.approx(0.019, rel=0.1) and 0 < idle.spread < 0.004 for idle in learned)
    assert reader.learned() == []


def test_a_clamp_put_elsewhere_is_not_given_the_idle_current_of_its_former_place() -> None:
    bus = bus_of(noisy(ac(0), 5.0))
    channel = AMPERES._replace(role="secondary_fan", input=0, idle_amps=None)
    reader = Currents([channel], lambda: bus, bus.monotonic)
    reader.read()
    bus.now += 1800
    for _ in range(70):
        reader.read()

    reader.fit([channel._replace(turns=5)], 50.0)
    for _ in range(76):
        reader.read()

    assert reader.learned() == []


def test_a_running_motor_keeps_any_idle_current_from_being_learned() -> None:
    bus = bus_of(ac(1))
    reader = Currents(
        [AMPERES._replace(input=0), AMPERES._replace(role="igniter", input=1)], lambda: bus, bus.monotonic
    )

    for _ in range(200):
        reader.read()
        bus.now += 30

    assert reader.learned() == []


def test_a_clamp_that_is_not_fitted_is_absent_and_asked_nothing() -> None:
    reader = currents(Ads1115Bus([ac(1)] * 4))
    reader.fit([channel._replace(input=None) for channel in reader.channels], 50.0)

    assert reader.read() == dict.fromkeys(MOTORS, Reason.ABSENT)


@pytest.mark.parametrize(("fault", "reason"), [("absent", Reason.ABSENT), ("stuck", Reason.LATE)])
def test_a_chip_at_fault_from_the_start_gives_its_reason_within_a_deadline(fault: str, reason: Reason) -> None:
    bus = Ads1115Bus([ac(1)] * 4)
    bus.fault = fault

    values = currents(bus).read()

    assert values == dict.fromkeys(MOTORS, reason)
    assert bus.now < 0.5


def test_a_stuck_conversion_costs_its_own_window() -> None:
    bus = Ads1115Bus([ac(1)] * 4)
    bus.faults = [(0.1, "stuck"), (0.2, "")]

    values = currents(bus).read()

    assert values["secondary_fan"] is Reason.LATE
    assert values["auger"] == pytest.approx(1000, rel=0.02)


def test_a_nack_within_a_window_is_a_fault_of_the_bus_and_the_next_pass_reads() -> None:
    bus = Ads1115Bus([ac(1)] * 4)
    bus.faults = [(0.1, "nack"), (0.11, "")]
    reader = currents(bus)

    values = reader.read()
    bus.now += 3

    assert (values["secondary_fan"], values["auger"]) == (Reason.BUS, Reason.ABSENT)
    assert reader.read()["secondary_fan"] == pytest.approx(1000, rel=0.02)


def test_a_chip_that_resets_is_set_again_by_the_next_reading() -> None:
    bus = Ads1115Bus([ac(1), ac(2), ac(3), ac(4)])
    reader = currents(bus)
    bus.faults = [(at / 10, "reset") for at in range(1, 9)]

    values = reader.read()

    assert [values[role] for role in MOTORS] == [pytest.approx(1000 * amps, rel=0.03) for amps in (1, 2, 3, 4)]


def test_a_chip_that_answers_again_is_read_again() -> None:
    bus = Ads1115Bus([ac(1)] * 4)
    reader = currents(bus)
    bus.fault = "nack"
    refused = reader.read()
    bus.fault = ""

    values = reader.read()

    assert set(refused.values()) == {Reason.ABSENT}
    assert values["auger"] == pytest.approx(1000, rel=0.02)


def test_a_converter_in_use_elsewhere_is_late_and_no_error() -> None:
    @contextlib.contextmanager
    def busy() -> Iterator[None]:
        raise LockBusyError("held")
        yield

    bus = Ads1115Bus([ac(1)] * 4)

    values = Currents(open_bus=lambda: bus, monotonic=bus.monotonic, guard=busy).read()

    assert values == dict.fromkeys(MOTORS, Reason.LATE)


def test_a_wave_without_its_top_is_refused_alone() -> None:
    values = currents(Ads1115Bus([ac(45), ac(1), ac(1), ac(1)])).read()

    assert values["secondary_fan"] is Reason.CLIPPED
    assert values["auger"] == pytest.approx(1000, rel=0.02)


@pytest.mark.parametrize("volts", [0.0, 0.3, 3.0, 3.3])
def test_an_input_without_its_bias_is_refused(volts: float) -> None:
    values = currents(bus_of(ac(0, bias=volts))).read()

    assert values["secondary_fan"] is Reason.RANGE


def test_too_few_samples_a_cycle_are_refused() -> None:
    values = currents(Ads1115Bus([ac(1)] * 4, wire_seconds=0.004)).read()

    assert set(values.values()) == {Reason.RATE}


def test_a_pause_of_the_computer_within_a_window_costs_nothing_but_a_long_one_does() -> None:
    wave = ac(1)

    def window(pause: float) -> Window:
        seconds = [number / 400 for number in range(80) if not 0.05 < number / 400 < 0.05 + pause]
        return Window([wave(second) for second in seconds], seconds)

    short, long = measure(window(0.06), 50.0), measure(window(0.11), 50.0)

    assert not isinstance(short, Reason)
    assert short.amps == pytest.approx(1.0, rel=0.02)
    assert long is Reason.RATE


def test_an_idle_current_is_the_mean_in_quadrature_and_its_spread() -> None:
    assert idle_of([0.003, 0.004]) == pytest.approx((0.003536, 0.000707), rel=0.001)
