"""The real w1thermsensor on a fake sysfs tree: each case of a probe."""

from __future__ import annotations

from pathlib import Path

import pytest

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
        (text("20 f9 4b 46 7f ff 0c 10 1c"), Reason.RANGE),  # -110
        (text("ff 07 4b 46 7f ff 0c 10 1c"), Reason.RANGE),  # 127.94
        (text("00 00 00 00 00 00 00 00 00"), Reason.SHORT),
        (text(GOOD, "NO"), Reason.CRC),
        (text(GOOD).splitlines()[0], Reason.CRC),
        ("", Reason.BUS),
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
