"""The commissioning walk: real probes on a tree of files, the real driver on an emulated chip, a real database."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from flask_app.boiler.fittings import Channel, Probe, opens_at
from flask_app.boiler.rows import MOTORS, VALUES
from flask_app.store import Database
from sensor.bench import Deed
from sensor.kept import Kept
from sensor.questions import AnswerError, Questions
from sensor.setup import walk
from tests.sensor.bench import Cellar, place

A, B, C = (f"28-00000000000{letter}" for letter in "abc")
AMPS = {"secondary_fan": 0.28, "igniter": 3.75, "primary_fan": 0.3, "auger": 0.2}
NONE = ["none"]
PROBE = ["", "", ""]  # warmed, the role offered, no reference
MOTOR = ["", "", "", "", "off", "on", "", "off"]
NOW = 1_796_000_000


class Teller:
    def __init__(self) -> None:
        self.text = ""

    def __call__(self, words: str) -> None:
        self.text += words + "\n"


@pytest.fixture
def cellar(tmp_path: Path) -> Cellar:
    return Cellar(tmp_path / "w1", {A: "flue", B: "water"}, AMPS)


@pytest.fixture
def kept(database: Database) -> Kept:
    return Kept(database, "manager.py (ana)", lambda: NOW)


def answered(cellar: Cellar, kept: Kept, lines: Iterable[str], wanted: Iterable[str] = ()) -> str:
    teller = Teller()
    walk(cellar, Questions(teller, ("answers", lines)), kept, "indoor", list(wanted))
    return teller.text


def left(cellar: Cellar, kept: Kept, lines: Iterable[str], wanted: Iterable[str] = ()) -> str:
    """The walk that the answers end early: what it says."""
    with pytest.raises(AnswerError) as error:
        answered(cellar, kept, lines, wanted)
    return str(error.value)


def channel(kept: Kept, role: str) -> Channel:
    return next(channel for channel in kept.channels() if channel.role == role)


def test_each_probe_gets_the_role_of_what_was_warmed_and_each_motor_its_currents(cellar: Cellar, kept: Kept) -> None:
    text = answered(cellar, kept, [*PROBE, *PROBE, *MOTOR * 4])

    assert kept.probes() == [Probe(A, "flue"), Probe(B, "water")]
    assert f"I saw {B} go from 21.0 to 29.0 °C." in text
    for role, amps in AMPS.items():
        learned = channel(kept, role)
        assert learned.running_amps == pytest.approx(amps, rel=0.02)
        assert learned.idle_amps == pytest.approx(0.004, abs=0.002)
        assert learned.learned_ts == NOW
        assert opens_at(learned) < amps / 3
    assert text.count("I see it off.") == 4


def test_a_walk_left_anywhere_goes_on_where_it_was_left(cellar: Cellar, kept: Kept) -> None:
    answers = [*PROBE, *PROBE, *MOTOR * 4]
    first = left(cellar, kept, answers[:2])
    named = kept.probes()
    left(cellar, kept, [*PROBE, *MOTOR, *MOTOR[:6]])

    text = answered(cellar, kept, MOTOR * 3)

    assert "no answer to: A reference thermometer" in first
    assert named == [Probe(B, "water")]
    assert "Hold ONE probe" not in text
    assert "Motor: secondary fan" not in text
    assert all(channel(kept, role).running_amps for role in MOTORS)


def test_a_walk_that_is_done_asks_nothing(cellar: Cellar, kept: Kept) -> None:
    answered(cellar, kept, [*PROBE, *PROBE, *MOTOR * 4])

    text = answered(cellar, kept, [])

    assert "All is asked and kept" in text


def test_a_reference_thermometer_gives_the_offset(cellar: Cellar, kept: Kept) -> None:
    cellar.truth = {A: "water"}
    (cellar.tree / B / "w1_slave").unlink()
    (cellar.tree / B).rmdir()

    text = answered(cellar, kept, ["", "flue", "60", "27,5", *NONE * 4], ())

    assert "is it the same place" in text
    assert kept.probes() == [Probe(A, "flue", -0.5)]


def test_every_change_is_in_the_history_with_who_and_when(cellar: Cellar, kept: Kept, database: Database) -> None:
    answered(cellar, kept, [*PROBE, *PROBE, *NONE * 3, *MOTOR])

    history = database.connection.execute("SELECT key, since_ts, value, by FROM Setting ORDER BY id").fetchall()
    assert history[0] == ("sensor_water", NOW, f"{B}, +0.00 °C", "manager.py (ana)")
    assert history[2][2] == "–"
    assert history[-1][0] == "sensor_auger"
    assert "→ 0.2 A" in history[-1][2]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["warm", "watr"], "line 2: 'watr' is not one of: water, flue"),
        (["# a remark", "maybe"], "line 2: 'maybe' is not one of: warm, skip"),
        ([*PROBE[:2], "hot"], "line 3: 'hot' is not a number from -55 to 125, nor no"),
        (["skip", "a7"], "line 2: 'a7' is not one of: a0"),
        (["skip", "", "0"], "line 3: '0' is not a whole number from 1 to 50"),
        (["skip", "", "", "12"], "line 4: '12' is not a number from 90 to 260"),
        (["skip", "", "", "", "1.2"], "line 5: '1.2' is not a number from 0.1 to 1"),
        (["skip", *NONE * 4, "more"], "line 6: 'more' is one answer too many"),
        (["skip"], "after line 1: no answer to: Input of its clamp"),
    ],
)
def test_a_bad_answer_of_a_file_ends_the_walk_with_its_line(
    cellar: Cellar, kept: Kept, lines: list[str], words: str
) -> None:
    assert words in left(cellar, kept, lines)


def test_two_probes_that_move_together_are_not_told_apart(cellar: Cellar, kept: Kept) -> None:
    cellar.truth = {A: "water", B: "water"}

    text = answered(cellar, kept, ["", "skip", *NONE * 4])

    assert "Several moved" in text
    assert kept.probes() == []


def test_a_probe_that_was_not_warmed_and_one_that_fails_are_told(cellar: Cellar, kept: Kept) -> None:
    cellar.truth = {A: "flue", B: ""}
    (cellar.tree / B / "w1_slave").write_text("")

    text = answered(cellar, kept, ["", "skip", *NONE * 4])

    assert "No probe that is waited for moved" in text
    assert f"{B} the bus answers with an error" in text


def test_a_probe_that_has_its_role_already_is_not_taken_for_another(cellar: Cellar, kept: Kept) -> None:
    kept.keep_probe(Probe(B, "flue"))

    text = answered(cellar, kept, ["", "skip", *NONE * 4])

    assert f"{B} did: it is flue already" in text


def test_a_role_given_again_takes_the_place_of_the_former_probe(cellar: Cellar, kept: Kept) -> None:
    kept.keep_probe(Probe(A, "water", 0.25))

    refused = left(cellar, kept, ["", "", "no"], ["water"])
    cellar.asked(Deed.TURN_OFF, "auger")  # time passes, and the probe cools down
    answered(cellar, kept, ["", "", "yes", ""], ["water"])

    assert "no answer to: Hold ONE probe" in refused
    assert kept.probes() == [Probe(B, "water")]


def test_a_dead_probe_is_replaced_by_the_new_one(cellar: Cellar, kept: Kept) -> None:
    kept.keep_probe(Probe(A, "flue"))
    kept.keep_probe(Probe(C, "water", 0.5))

    text = answered(cellar, kept, ["", "", "yes", "", *NONE * 4])

    assert f"{C}  water, offset +0.50 °C; does not answer" in text
    assert kept.probes() == [Probe(A, "flue"), Probe(B, "water")]


def test_a_probe_without_a_role_is_left_alone(cellar: Cellar, kept: Kept) -> None:
    answered(cellar, kept, ["", "none", "skip", *NONE * 4])

    assert kept.probes() == []


def test_a_motor_that_draws_too_little_is_told_how_many_turns_would_do(cellar: Cellar, kept: Kept) -> None:
    cellar.amps = {"secondary_fan": 0.02}

    text = answered(cellar, kept, ["skip", *MOTOR[:6], "again", "", "4", "", "", "off", "on", "skip", *NONE * 3])

    assert "turns of the wire would do" in text
    assert channel(kept, "secondary_fan").turns == 4
    assert channel(kept, "secondary_fan").running_amps is None


def test_what_is_too_close_may_be_kept_and_is_told(cellar: Cellar, kept: Kept) -> None:
    cellar.amps = {"secondary_fan": 0.035}

    text = answered(cellar, kept, ["skip", *MOTOR[:6], "keep", "auto", "off", *NONE * 3])

    assert "missed now and then" in text
    assert channel(kept, "secondary_fan").running_amps == pytest.approx(0.035, rel=0.1)


def test_a_clamp_on_another_input_is_found(tmp_path: Path, kept: Kept) -> None:
    inputs = ("auger", "igniter", "primary_fan", "secondary_fan")
    cellar = Cellar(tmp_path / "w1", {}, AMPS, inputs)

    text = answered(cellar, kept, [*MOTOR[:6], "again", "a3", *MOTOR[1:], *NONE * 3], ["secondary_fan", *MOTORS[1:]])

    assert "A3 rose by 0.28 A instead" in text
    assert channel(kept, "secondary_fan").input == 3


def test_an_input_that_another_motor_has_is_refused(cellar: Cellar, kept: Kept) -> None:
    kept.keep_channel(Channel("auger", 1, running_amps=0.2), learned=True)

    assert "'a1' is the input of the auger already" in left(cellar, kept, ["a1"], ["igniter"])


def test_a_motor_that_is_not_off_is_not_learned_as_idle(tmp_path: Path, kept: Kept) -> None:
    class Running(Cellar):
        """The boiler's own controller runs the auger, whatever was asked."""

        def asked(self, deed: Deed, role: str) -> None:
            super().asked(Deed.TURN_ON, role)

    text = answered(Running(tmp_path / "w1", {}, AMPS), kept, ["", "", "", "", "off", "skip"], ["auger"])

    assert "is the motor off?" in text
    assert channel(kept, "auger").idle_amps is None


def test_without_a_bus_the_walk_says_what_is_missing(tmp_path: Path, kept: Kept) -> None:
    cellar = Cellar(tmp_path / "w1", {}, {})
    cellar.bus.fault = "absent"

    text = answered(cellar, kept, ["", "", "", "", "off", "skip", *["skip"] * 3])

    assert "No probe answers on the 1-wire bus" in text
    assert "does not answer at 0x48: check its four wires, and that ADDR is on GND" in " ".join(text.split())


def test_a_gate_may_be_set_and_later_follow_the_idle_current_again(cellar: Cellar, kept: Kept) -> None:
    answered(cellar, kept, [*MOTOR[:6], "0.1", "off"], ["auger"])
    fixed = channel(kept, "auger").gate_amps

    answered(cellar, kept, MOTOR, ["auger"])

    assert fixed == 0.1
    assert channel(kept, "auger").gate_amps is None


def test_all_roles_can_be_asked_again(cellar: Cellar, kept: Kept) -> None:
    answered(cellar, kept, [*PROBE, *PROBE, *MOTOR * 4])

    text = answered(cellar, kept, [*PROBE, *PROBE, *MOTOR * 4], VALUES)

    assert text.count("I see it off.") == 4


def test_a_probe_that_does_not_answer_keeps_no_walk_from_going_on(cellar: Cellar, kept: Kept) -> None:
    place(cellar.tree, C, 20.0)
    (cellar.tree / C / "w1_slave").write_text("")

    answered(cellar, kept, [*PROBE, *PROBE, "skip", *NONE * 4])

    assert [probe.role for probe in kept.probes()] == ["flue", "water"]
