"""`sensors check`: what is fitted, what each part says now, how old and how noisy it is, and what is wrong."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from flask_app.boiler.fittings import Channel, Fittings, opens_at, without_idle
from flask_app.boiler.rows import TEMPERATURES, Reason
from sensor.bench import CLAMP_WORDS, PROBE_WORDS, Bench
from sensor.get_temp import roles_of
from sensor.get_watt import Current, watts
from sensor.questions import wrapped

READINGS = 5
PAUSE_SECONDS = 0.5  # between two passes
PROBE_NOISE = 0.5  # °C from reading to reading: more is a loose contact


class Part(NamedTuple):
    """A probe or a clamp as it was seen."""

    name: str  # its address or input
    role: str  # "-": none
    setting: str  # its offset or turns
    value: str  # now
    noise: str
    quality: str
    ok: bool = True


class Report(NamedTuple):
    """All parts, and what the computer itself lacks."""

    probes: list[Part]
    clamps: list[Part]
    lacks: list[str]

    @property
    def well(self) -> bool:
        """Whether everything fitted gave a value."""
        return not self.lacks and all(part.ok for part in (*self.probes, *self.clamps))


def look(bench: Bench, fittings: Fittings, ids: Sequence[str], readings: int = READINGS) -> Report:
    """Asks everything `readings` times. ids: the probes that the environment names; empty: those found."""
    roles = roles_of(fittings.probes, ids or bench.probes())
    addresses = list(dict.fromkeys([*roles.values(), *bench.probes()]))
    degrees: dict[str, list[float | Reason]] = {address: [] for address in addresses}
    currents: dict[str, list[Current | Reason]] = {channel.role: [] for channel in fittings.channels}
    for number in range(readings):
        if number:
            bench.pause(PAUSE_SECONDS)
        for address, value in bench.degrees(addresses).items():
            degrees[address].append(value)
        for channel in fittings.channels:
            if channel.input is not None:
                currents[channel.role].append(bench.current(channel))
    offsets = {probe.address: probe.offset for probe in fittings.probes}
    no_clamps = _no_clamps(bench, fittings)
    names = {address: role for role, address in roles.items()}
    ordered = sorted(addresses, key=lambda address: (*TEMPERATURES, None).index(names.get(address)))
    return Report(
        [_probe(each, names.get(each), offsets.get(each), degrees[each]) for each in ordered],
        [_clamp(channel, currents[channel.role], no_clamps) for channel in fittings.channels],
        [lack for lack in (bench.no_probes(), no_clamps) if lack],
    )


def _no_clamps(bench: Bench, fittings: Fittings) -> str:
    return bench.no_clamps() if any(channel.input is not None for channel in fittings.channels) else ""


def _probe(address: str, role: str | None, offset: float | None, seen: Sequence[float | Reason]) -> Part:
    values = [value for value in seen if not isinstance(value, Reason)]
    noise = statistics.stdev(values) if len(values) > 1 else None
    said = _quality(seen, PROBE_WORDS)
    if not said and noise is not None and noise > PROBE_NOISE:
        said = "jumps from reading to reading: a loose contact?"
    return Part(
        address,
        role or "-",
        "not named" if offset is None else f"{offset:+.2f} °C",
        f"{values[-1] + (offset or 0.0):.2f} °C" if values else "no value",
        "" if noise is None else f"{noise:.2f} °C",
        said or "good",
        bool(values) or role is None,
    )


def _clamp(channel: Channel, seen: Sequence[Current | Reason], lack: str) -> Part:
    if channel.input is None:
        return Part("-", channel.role, "", "", "", "not fitted")
    amps = [value.amps for value in seen if isinstance(value, Current)]
    return Part(
        f"A{channel.input}",
        channel.role,
        f"{channel.turns} turn{'s' * (channel.turns > 1)}",
        _drawn(amps[-1], channel) if amps else "no value",
        f"{statistics.stdev(amps):.4f} A" if len(amps) > 1 else "",
        ("no bus, see below" if lack else _quality(seen, CLAMP_WORDS))
        or ("good" if channel.idle_amps is not None else "good; idle current not learned"),
        bool(amps),
    )


def _drawn(amps: float, channel: Channel) -> str:
    drawn = without_idle(amps, channel)
    on = drawn >= opens_at(channel)
    return f"{amps:.3f} A, on, {watts(drawn, channel):.0f} W" if on else f"{amps:.3f} A, off"


def _quality(seen: Iterable[object], words: Mapping[Reason, str]) -> str:
    refused = [value for value in seen if isinstance(value, Reason)]
    return words.get(refused[-1], refused[-1].value) if refused else ""


# --- in a table


def lines(report: Report, age: Callable[[str], int | None], columns: int | None = None) -> list[str]:
    """The report as lines of text; `age`: how many seconds ago the loop kept a value of a role.

    columns: of the terminal; where a line would be longer, its last words go below it. None: it may be.
    """
    probes = _table(("PROBE", "MEASURES", "OFFSET", "NOW", "NOISE", "KEPT", "QUALITY"), report.probes, age)
    clamps = _table(("INPUT", "MOTOR", "TURNS", "NOW (estimated)", "NOISE", "KEPT", "QUALITY"), report.clamps, age)
    return [
        *(_fitted(line, columns) for line in probes),
        "",
        *(_fitted(line, columns) for line in clamps),
        *([""] if report.lacks else []),
        *(wrapped(lack, columns) for lack in report.lacks),
    ]


def _fitted(row: tuple[str, str], columns: int | None) -> str:
    start, quality = row
    if columns is None or len(start + quality) <= columns:
        return (start + quality).rstrip()
    return f"{start.rstrip()}\n{wrapped('    ' + quality, columns)}"


def _table(heads: tuple[str, ...], parts: Iterable[Part], age: Callable[[str], int | None]) -> list[tuple[str, str]]:
    """(the other columns of a row, its quality)."""
    rows = [heads]
    for part in parts:
        kept = _ago(age(part.role)) if part.role != "-" and part.setting else ""
        rows.append((part.name, part.role, part.setting, part.value, part.noise, kept, part.quality))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        ("".join(cell.ljust(width + 2) for cell, width in zip(row[:-1], widths, strict=False)), row[-1]) for row in rows
    ]


def _ago(seconds: int | None) -> str:
    """So long ago.

    >>> _ago(3), _ago(300), _ago(None)
    ('3 s ago', '5 min ago', 'not today')
    """
    if seconds is None:
        return "not today"
    if seconds < 120:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 7200 else f"{seconds // 3600} h ago"
