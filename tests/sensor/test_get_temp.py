"""The real w1thermsensor on a fake sysfs tree: each case of a probe."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flask_app.boiler.fittings import Probe
from flask_app.boiler.rows import Reason
from sensor.get_temp import Probes

GOOD = "72 01 4b 46 7f ff 0e 10 57"  # 23.125


def text(scratchpad: str, crc: str = "YES") -> str:
    return f"{scratchpad} : crc=57 {crc}\n{scratchpad} t=0\n"


def place(tree: Path, words: str, probe: str = "28-000000000001") -> Path:
    folder = tree / probe
    folder.mkdir()
    (folder / "w1_slave").write_text(words)
    return folder


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (text(GOOD), 23.125),
        (text("50 05 4b 46 7f ff 10 10 1c"), 85.0),
        (text("50 05 4b 46 7f ff 0c 10 1c"), Reason.POWER_ON),
        (text("51 05 4b 46 7f ff 0c 10 1c"), 85.0625),
        (text("00 00 4b 46 7f ff 10 10 1c"), 0.0),
        (text("f8 ff 4b 46 7f ff 08 10 1c"), -0.5),
        (text("20 f9 4b 46 7f ff 0c 10 1c"), Reason.RANGE),  # -110
        (text("ff 07 4b 46 7f ff 0c 10 1c"), Reason.RANGE),  # 127.94
        (text("00 00 00 00 00 00 00 00 00"), Reason.SHORT),
        (text(GOOD, "NO"), Reason.CRC),
        (text(GOOD).splitlines()[0], Reason.CRC),
        ("", Reason.BUS),
        ("\n", Reason.BUS),
        ("not a scratchpad YES\n\n", Reason.CRC),
    ],
)
def test_each_case_of_a_probe_is_decided(tmp_path: Path, words: str, value: float | Reason) -> None:
    place(tmp_path, words)

    values = Probes((), tmp_path).read()

    assert values["water"] == value
    assert values["flue"] is Reason.ABSENT


def test_a_probe_gone_and_back_is_read_again(tmp_path: Path) -> None:
    folder = place(tmp_path, text(GOOD))
    probes = Probes(("28-000000000001",), tmp_path)
    first = probes.read()["water"]
    folder.rename(tmp_path / "gone")

    gone = probes.read()["water"]
    (tmp_path / "gone").rename(folder)

    assert (first, gone, probes.read()["water"]) == (23.125, Reason.ABSENT, 23.125)


def test_the_bulk_trigger_is_written_where_it_may(tmp_path: Path) -> None:
    place(tmp_path, text(GOOD))
    bulk = tmp_path / "w1_bus_master1" / "therm_bulk_read"
    bulk.parent.mkdir()
    bulk.touch()

    Probes((), tmp_path).read()

    assert bulk.read_bytes() == b"trigger\n"


def test_water_that_was_near_85_may_be_85_whatever_byte_6_says(tmp_path: Path) -> None:
    folder = place(tmp_path, text("48 05 4b 46 7f ff 0c 10 1c"))  # 84.5
    probes = Probes((), tmp_path)
    before = probes.read()["water"]
    (folder / "w1_slave").write_text(text("50 05 4b 46 7f ff 0c 10 1c"))

    assert (before, probes.read()["water"]) == (84.5, 85.0)


def test_a_power_on_value_is_not_its_own_neighbour(tmp_path: Path) -> None:
    folder = place(tmp_path, text("48 05 4b 46 7f ff 0c 10 1c"))  # 84.5
    seconds = iter(range(0, 1000, 4))
    probe = Probes((), tmp_path, monotonic=lambda: next(seconds)).probe("000000000001")
    probe.read()
    (folder / "w1_slave").write_text(text("50 05 4b 46 7f ff 0c 10 1c"))

    values = [probe.read() for _ in range(40)]

    assert values[:5] == [85.0] * 5
    assert values[-5:] == [Reason.POWER_ON] * 5


def test_a_probe_that_is_gone_leaves_its_role_to_no_other(tmp_path: Path) -> None:
    for number in range(1, 4):
        place(tmp_path, text(f"{number}0 01 4b 46 7f ff 0e 10 57"), f"28-00000000000{number}")
    probes = Probes((), tmp_path)
    probes.read()
    (tmp_path / "28-000000000001").rename(tmp_path / "gone")

    values = probes.read()

    assert values == {"water": Reason.ABSENT, "flue": 18.0, "box": 19.0, "spare": Reason.ABSENT}


def test_a_probe_that_comes_late_takes_no_role_that_another_has(tmp_path: Path) -> None:
    for number in (2, 3):
        place(tmp_path, text(f"{number}0 01 4b 46 7f ff 0e 10 57"), f"28-00000000000{number}")
    probes = Probes((), tmp_path)
    before = probes.read()
    place(tmp_path, text("10 01 4b 46 7f ff 0e 10 57"), "28-000000000001")

    after = probes.read()
    probes.fit([Probe("28-000000000001", "water")])
    named = probes.read()

    assert before == {"water": 18.0, "flue": 19.0, "box": Reason.ABSENT, "spare": Reason.ABSENT}
    assert after == {"water": 18.0, "flue": 19.0, "box": 17.0, "spare": Reason.ABSENT}
    assert named == {"water": 17.0, "flue": 19.0, "box": 18.0, "spare": Reason.ABSENT}
    assert probes.roles["flue"] == "28-000000000003"


def test_the_owner_s_names_and_offsets_hold_and_the_other_probes_fill_the_other_roles(tmp_path: Path) -> None:
    for number in range(1, 4):
        place(tmp_path, text(f"{number}0 01 4b 46 7f ff 0e 10 57"), f"28-00000000000{number}")
    probes = Probes((), tmp_path)
    probes.fit([Probe("28-000000000003", "water", -0.25), Probe("28-00000000000f", "box")])

    values = probes.read()

    assert values == {"water": 18.75, "flue": 17.0, "box": Reason.ABSENT, "spare": 18.0}


def test_all_probes_are_asked_at_once(tmp_path: Path) -> None:
    ids = [f"28-00000000000{number}" for number in range(1, 5)]
    for probe_id in ids:
        (tmp_path / probe_id).mkdir()
        os.mkfifo(tmp_path / probe_id / "w1_slave")
    probes = Probes(tuple(ids), tmp_path)
    workers = [probes.probe(probe_id.removeprefix("28-")).worker for probe_id in ids]

    asked = [worker.ask() for worker in workers]
    # A FIFO opens for writing once somebody reads it: all four are being read before the first has its answer.
    ends = [open(tmp_path / probe_id / "w1_slave", "w", encoding="ascii") for probe_id in ids]  # noqa: SIM115
    for end in ends:
        end.write(text(GOOD))
        end.close()

    assert asked == [True] * 4
    assert [worker.answer(10.0) for worker in workers] == [23.125] * 4


def test_a_probe_that_hangs_costs_its_own_value(tmp_path: Path) -> None:
    place(tmp_path, text(GOOD), "28-000000000001")
    (tmp_path / "28-000000000002").mkdir()
    os.mkfifo(tmp_path / "28-000000000002" / "w1_slave")
    probes = Probes((), tmp_path, deadline=0.1)

    values = [probes.read() for _ in range(3)]
    with open(tmp_path / "28-000000000002" / "w1_slave", "w", encoding="ascii") as end:
        end.write(text(GOOD))

    assert [(each["water"], each["flue"]) for each in values] == [(23.125, Reason.LATE)] * 3
