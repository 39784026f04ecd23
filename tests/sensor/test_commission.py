"""The commissioning, on the real w1thermsensor over a fake tree and the real ADS1x15 driver over an emulated chip."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from config.settings import Settings
from flask_app import store
from flask_app.boiler.fittings import Channel, Probe
from flask_app.boiler.options import Options
from flask_app.store import Database
from manager import cli
from sensor.bench import Hardware, Simulated
from sensor.commission import AnswerError, Setup, Talk, calibrate, check
from sensor.get_temp import Probes
from sensor.get_watt import Currents
from tests.sensor.ads1115 import Ads1115Bus, ac

NOW = 1_790_000_000
WARM, COLD = "e0 01", "72 01"  # 30.0 and 23.125
ALL = """\
yes
warm
water

warm
flue
0,5
warm
box

finish
A0



off
on
later
none
A3
2
230
0.7
off
on
"""


def scratchpad(two: str) -> str:
    return f"{two} 4b 46 7f ff 0e 10 57 : crc=57 YES\n{two} 4b 46 7f ff 0e 10 57 t=0\n"


class Owner(Hardware):
    """The real drivers, and hands: the second probe is warmed, the auger's wire carries a current when told to."""

    def __init__(self, tree: Path, bus: Ads1115Bus) -> None:
        super().__init__(Probes((), tree), Currents(open_bus=lambda: bus, monotonic=bus.monotonic), lambda _s: None)
        self._tree, self._wire = tree, bus

    def told(self, deed: str) -> None:
        if deed == "warm":
            (self._tree / "28-00000000000b" / "w1_slave").write_text(scratchpad(WARM))
        else:
            self._wire.waves[3] = ac(0.4 if deed == "on auger" else 0.0)


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    tree = tmp_path / "w1"
    for address in ("28-00000000000a", "28-00000000000b"):
        folder = tree / address
        folder.mkdir(parents=True)
        (folder / "w1_slave").write_text(scratchpad(COLD))
    return Owner(tree, Ads1115Bus([ac(0.0), ac(0.0), ac(0.0), ac(0.0)]))


def walk(bench: Hardware | Simulated, database: Database, answers: str) -> list[str]:
    said: list[str] = []
    Setup(bench, database, Options(), Talk(said.append, input, answers.splitlines()), NOW).run()
    return said


def test_a_probe_warmed_by_hand_is_named_and_a_motor_s_currents_are_learned(owner: Owner, database: Database) -> None:
    answers = "yes\nwarm\nwater\n-0.5\nfinish\nnone\nnone\nlater\nA3\n\n\n\noff\non\n"

    walk(owner, database, answers)

    assert store.probes(database.connection) == [Probe("28-00000000000b", "water", -0.5)]
    channels = {channel.role: channel for channel in store.channels(database.connection)}
    assert set(channels) == {"secondary_fan", "igniter", "auger"}
    assert channels["igniter"].input is None
    assert channels["auger"].running_amps == pytest.approx(0.4, rel=0.02)
    assert channels["auger"].learned_ts == NOW


def test_what_was_kept_is_not_asked_again(owner: Owner, database: Database) -> None:
    with pytest.raises(AnswerError, match="the answers end"):
        walk(owner, database, "yes\nwarm\nwater\n\nfinish\nA0\n\n\n\noff\nlater\n")

    said = walk(owner, database, "no\nno\nlater\nlater\nlater\n")

    assert store.probes(database.connection)[0].role == "water"
    assert any(line.startswith("secondary_fan: learned") for line in said)


def test_a_probe_that_does_not_rise_is_not_named(owner: Owner, database: Database) -> None:
    owner.told = lambda deed: None  # type: ignore[method-assign]  # noqa: ARG005 cold hands

    said = walk(owner, database, "yes\nwarm\nfinish\nlater\nlater\nlater\nlater\n")

    assert any("None rose" in line for line in said)
    assert store.probes(database.connection) == []


def test_a_weak_motor_is_told_how_many_turns_it_takes(owner: Owner, database: Database) -> None:
    owner.told = lambda deed: owner._wire.waves.__setitem__(3, ac(0.04 if deed.startswith("on") else 0.0))  # type: ignore[method-assign]

    said = walk(owner, database, "no\nlater\nlater\nlater\nA3\n\n\n\noff\non\n")

    assert any("turns of its wire" in line for line in said)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ("perhaps\n", "line 1: 'perhaps'"),
        ("yes\nwarm\nkettle\n", "line 3: 'kettle'"),
        ("yes\nwarm\nwater\n99\n", "line 4: '99'.*-10 to 10"),
        ("yes\nwarm\nwater\nnan\n", "line 4"),
    ],
)
def test_a_bad_answer_of_a_file_is_named_by_its_line(database: Database, answers: str, words: str) -> None:
    with pytest.raises(AnswerError, match=words):
        walk(Simulated(), database, answers)


def test_in_a_terminal_a_bad_answer_is_asked_again() -> None:
    typed = iter(["maybe", "no"])
    said: list[str] = []

    answer = Talk(said.append, lambda _words: next(typed)).choose("Well?", ("yes", "no"))

    assert answer == "no"
    assert said == ["  it accepts yes, no"]


def test_a_check_lists_values_noise_and_what_is_wrong(owner: Owner, database: Database, tmp_path: Path) -> None:
    (tmp_path / "w1" / "28-00000000000b" / "w1_slave").write_text(
        scratchpad("00 00").replace("4b 46 7f ff 0e 10 57", "00 00 00 00 00 00 00")
    )
    with database.writing() as connection:
        store.keep_probe(connection, Probe("28-00000000000a", "water", 1.0), NOW)
        store.keep_channel(connection, Channel("igniter", None))

    lines = {line.role: line for line in check(owner, database, Options(), NOW)}

    assert lines["water"].value == "24.12 °C"
    assert not lines["flue"].well
    assert "ground" in lines["flue"].quality
    assert lines["igniter"].quality == "not fitted"
    assert "does not run" in lines["auger"].value


def test_a_probe_is_calibrated_to_a_reference_and_a_clamp_to_silence(owner: Owner, database: Database) -> None:
    said = calibrate(owner, database, Options(), "water", 24.0, NOW)
    calibrate(owner, database, Options(), "auger", None, NOW)

    assert store.probes(database.connection) == [Probe("28-00000000000a", "water", 0.88)]
    assert "+0.88" in said
    assert store.channels(database.connection)[0].idle_amps is not None


@pytest.mark.parametrize(
    ("role", "reference", "words"),
    [
        ("water", None, "--reference"),
        ("water", 60.0, "no calibration"),
        ("spare", 20.0, "no probe measures spare"),
        ("kettle", None, "no role"),
    ],
)
def test_a_calibration_that_cannot_be_is_refused(
    owner: Owner, database: Database, role: str, reference: float | None, words: str
) -> None:
    with pytest.raises(AnswerError, match=words):
        calibrate(owner, database, Options(), role, reference, NOW)


def test_the_commands_walk_check_and_calibrate_a_simulated_bench(
    settings: Settings, environ: dict[str, str], migrated_file: Path, tmp_path: Path
) -> None:
    answers = tmp_path / "answers"
    answers.write_text(ALL)

    def manage(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["sensors", *words], env=environ)
        return result.exit_code, result.output

    walked = manage("setup", "--fake", "--answers", str(answers))
    checked = manage("check", "--fake")
    unknown = manage("calibrate", "kettle", "--fake")
    real = manage("check")

    assert walked[0] == 0, walked[1]
    assert checked[0] == 0
    assert "28-00000000002b" in checked[1]
    assert unknown[0] == 1
    assert "the roles are" in unknown[1]
    assert real[0] == 1
    assert "simulated data" in real[1]
