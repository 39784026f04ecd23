"""Minutes as CSV: what is written is read again, and what cannot be used is named by its line."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_app.boiler.minutes_csv import HEADER, MinuteError, heading, read, texts, written
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import MOTORS, TEMPERATURES, Row

PARIS = ZoneInfo("Europe/Paris")
AUTUMN = 1_792_886_400  # 2026-10-25 00:00 UTC: the clocks go back an hour later

rows = st.builds(
    Row,
    ts=st.integers(0, 60_000_000).map(lambda number: 60 * number),
    **dict.fromkeys(TEMPERATURES, st.one_of(st.none(), st.floats(-55, 900))),
    **dict.fromkeys(MOTORS, st.one_of(st.none(), st.integers(0, 1))),
    **dict.fromkeys((f"{role}_duty" for role in MOTORS), st.one_of(st.none(), st.floats(0, 1))),
    **dict.fromkeys((f"{role}_power" for role in MOTORS), st.one_of(st.none(), st.floats(0, 5000))),
    samples=st.one_of(st.none(), st.integers(0, 20)),
    phase=st.one_of(st.none(), st.sampled_from([phase.value for phase in Phase])),
    quality=st.one_of(st.none(), st.just('{"water":{"crc":3},"flue":{"absent":1}}')),
)


def parsed(text: str) -> tuple[list[tuple[int, Row]], list[tuple[int, str]]]:
    faults: list[tuple[int, str]] = []
    return list(read(text.splitlines(keepends=True), lambda number, words: faults.append((number, words)))), faults


def line(**fields: str) -> str:
    given = {"utc": "2026-10-25T00:00:00Z"} | fields
    return ";".join(given.get(name, "") for name in HEADER) + "\r\n"


@given(st.lists(rows, unique_by=lambda row: row.ts).map(sorted))
def test_what_is_written_is_read_again(minutes: list[Row]) -> None:
    found, faults = parsed(heading() + "".join(written(minutes, PARIS)))

    assert faults == []
    assert [row.ts for _number, row in found] == [row.ts for row in minutes]
    assert [texts(row) for _number, row in found] == [texts(row) for row in minutes]
    assert [row.quality for _number, row in found] == [row.quality for row in minutes]


def test_local_time_tells_the_two_hours_of_autumn_apart() -> None:
    lines = list(written([Row(AUTUMN, water=61.234, phase=6), Row(AUTUMN + 3600)], PARIS))

    assert lines[0].startswith("2026-10-25T00:00:00Z;2026-10-25T02:00:00+02:00;61.23;")
    assert ";combustion;" in lines[0]
    assert lines[1].startswith("2026-10-25T01:00:00Z;2026-10-25T02:00:00+01:00;;;")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"utc": "2026-10-25 00:00"}, "utc is"),
        ({"utc": "2026-10-25T00:00:30Z"}, "start of a minute"),
        ({"water": "warm"}, "water is 'warm'"),
        ({"water": "nan"}, "water is 'nan'"),
        ({"flue": "inf"}, "flue is"),
        ({"auger": "0.5"}, "a whole number from 0 to 1"),
        ({"auger_duty": "1.1"}, "from 0 to 1"),
        ({"samples": "-1"}, "samples is"),
        ({"phase": "burning"}, "undefined, combustion, ignition"),
        ({"quality": "crc"}, "a JSON object"),
        ({"quality": "3"}, "a JSON object"),
    ],
)
def test_a_field_that_cannot_be_used_is_named_by_its_line(fields: dict[str, str], words: str) -> None:
    found, faults = parsed(heading() + line(utc="2026-10-24T23:59:00Z") + line(**fields))

    assert [number for number, _row in found] == [2]
    assert [number for number, _words in faults] == [3]
    assert words in faults[0][1]


def test_minutes_come_once_and_in_order() -> None:
    found, faults = parsed(heading() + line() + line() + line(utc="2026-10-24T23:59:00Z") + "\r\n")

    assert len(found) == 1
    assert [number for number, _words in faults] == [3, 4]


@pytest.mark.parametrize("text", ["", "ts,water\r\n", "\ufeffutc;water\r\n"])
def test_another_header_is_refused(text: str) -> None:
    with pytest.raises(MinuteError, match="header"):
        parsed(text)


def test_a_broken_quote_ends_the_reading() -> None:
    assert parsed(heading() + line()[:-2] + '"x\r\n')[1] != []
