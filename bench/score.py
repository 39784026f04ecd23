"""The score of the phases against real boilers' own status: macro F1, minute by minute, through the replay.

    python -m bench.score LOG...              tables for each log
    python -m bench.score LOG --fold OUT      the log as minutes with their truth, in the replay's format

A LOG is one of the logs with a controller's status (`epoch_utc, water_c, ... phase_truth`), or what --fold wrote;
.gz or not.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TextIO

from flask_app.boiler.options import Options
from flask_app.boiler.replay import HEADER
from flask_app.boiler.replay import replay as replay_rows

CLASSES = ("ignition", "combustion", "burn_out", "idle")
OF_PHASE = {
    "ignition": "ignition",
    "combustion": "combustion",
    "watch": "combustion",
    "jam_risk": "combustion",
    "burn_out": "burn_out",
    "fire_keeping": "idle",
    "stopped": "idle",
}  # undefined is of no class: always wrong
OF_TRUTH = {
    "ignition": "ignition",
    "combustion": "combustion",
    "burnout": "burn_out",
    "ember": "idle",
    "off": "idle",
}  # cleaning and feeding are left out


@dataclass(frozen=True)
class Minute:
    """A minute of a log, named by its start, and what the controller said it was doing. Motors are shares, 0..1."""

    ts: int
    water: float | None
    flue: float | None
    secondary_fan: float | None
    igniter: float | None
    primary_fan: float | None
    auger: float | None
    truth: str


@dataclass(frozen=True)
class Answer:
    """What the replay said of each minute: the phase by ts, and each alert as (ts, kind)."""

    phases: dict[int, str]
    alerts: list[tuple[int, str]]


# --- reading a log


def read(path: str) -> list[Minute]:
    """The minutes of a log, raw or folded, gzipped or not."""
    opener: Callable[..., TextIO] = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [_folded(row) for row in rows] if "ts" in rows[0] else _fold(rows)


def _folded(row: dict[str, str]) -> Minute:
    names = ("water", "flue", "secondary_fan", "igniter", "primary_fan", "auger")
    values = {name: float(row[name]) if row[name] else None for name in names}
    return Minute(ts=int(row["ts"]), truth=row["truth"], **values)


def _fold(rows: Iterable[dict[str, str]]) -> list[Minute]:
    minutes: dict[int, list[dict[str, str]]] = {}
    for row in rows:
        minutes.setdefault(int(row["epoch_utc"]) // 60 * 60, []).append(row)
    return [_fold_minute(ts, samples) for ts, samples in sorted(minutes.items())]


def _fold_minute(ts: int, samples: list[dict[str, str]]) -> Minute:
    feed = _mean(samples, "auger_pct")
    return Minute(
        ts=ts,
        water=_mean(samples, "water_c"),
        flue=_mean(samples, "flue_c"),
        secondary_fan=_share(samples, "fan"),
        igniter=_share(samples, "igniter"),
        primary_fan=_share(samples, "fan2"),
        auger=None if feed is None else feed / 100,
        truth=_most_frequent([sample["phase_truth"] for sample in samples]),
    )


def _mean(samples: list[dict[str, str]], name: str) -> float | None:
    values = [float(sample[name]) for sample in samples if sample[name]]
    return sum(values) / len(values) if values else None


def _share(samples: list[dict[str, str]], name: str) -> float | None:
    values = [float(sample[name]) > 0 for sample in samples if sample[name]]
    return sum(values) / len(values) if values else None


def _most_frequent(truths: list[str]) -> str:
    """The most frequent one, the later on a tie."""
    counts = Counter(truths)
    return max(reversed(truths), key=lambda truth: counts[truth])


# --- what is hidden from the engine


def hide_igniter(minute: Minute) -> Minute:
    """As on a boiler whose igniter is not measured."""
    return replace(minute, igniter=None)


def true_or_false(minute: Minute) -> Minute:
    """Motors as true or false: ran in any reading of the minute, or in none."""

    def ran(share: float | None) -> float | None:
        return None if share is None else float(share > 0)

    return replace(
        minute,
        secondary_fan=ran(minute.secondary_fan),
        igniter=ran(minute.igniter),
        primary_fan=ran(minute.primary_fan),
        auger=ran(minute.auger),
    )


# --- judging


def to_csv(minutes: Iterable[Minute]) -> str:
    """The minutes as the replay reads them."""
    lines = [",".join(HEADER)]
    for minute in minutes:
        values = [getattr(minute, name, None) for name in HEADER]
        lines.append(",".join("" if value is None else str(value) for value in values))
    return "\n".join(lines) + "\n"


def answer(minutes: Iterable[Minute], setpoint: float = 56.0) -> Answer:
    """What the replay says of the minutes."""
    out = io.StringIO()
    replay_rows(io.StringIO(to_csv(minutes)), out, Options(setpoint=setpoint))
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    alerts = [(int(row["ts"]), kind) for row in rows for kind in row["alerts"].split(";") if kind]
    return Answer({int(row["ts"]): row["phase"] for row in rows}, alerts)


def confusion(minutes: Iterable[Minute], phases: dict[int, str], tolerance: int = 0) -> Counter[tuple[str, str]]:
    """Minutes by (true class, class said). With a `tolerance`, a class that is true so many minutes before or after
    counts as right."""
    truths = {minute.ts: OF_TRUTH.get(minute.truth) for minute in minutes}
    counts: Counter[tuple[str, str]] = Counter()
    for ts, truth in truths.items():
        if truth is None:
            continue
        said = OF_PHASE.get(phases[ts], "undefined")
        near = {truths.get(ts + 60 * shift) for shift in range(-tolerance, tolerance + 1)}
        counts[truth, truth if said in near else said] += 1
    return counts


def f1(counts: Counter[tuple[str, str]]) -> dict[str, float]:
    """F1 of each class."""
    scores = {}
    for name in CLASSES:
        true = sum(count for (truth, _), count in counts.items() if truth == name)
        told = sum(count for (_, said), count in counts.items() if said == name)
        scores[name] = 2 * counts[name, name] / (true + told) if true + told else 0.0
    return scores


def macro_f1(counts: Counter[tuple[str, str]]) -> float:
    """The mean of the classes' F1."""
    return sum(f1(counts).values()) / len(CLASSES)


VARIANTS: dict[str, Callable[[Minute], Minute]] = {
    "as measured": lambda minute: minute,
    "igniter hidden": hide_igniter,
    "motors true/false": true_or_false,
    "true/false, igniter hidden": lambda minute: hide_igniter(true_or_false(minute)),
}


def report(path: str) -> None:
    """Prints the tables of one log."""
    minutes = read(path)
    print(f"\n{path}: {len(minutes)} minutes")
    for name, change in VARIANTS.items():
        seen = [change(minute) for minute in minutes]
        phases = answer(seen).phases
        counts = confusion(minutes, phases)
        near = macro_f1(confusion(minutes, phases, tolerance=1))
        print(f"\n  {name}: macro F1 {macro_f1(counts):.4f}, with a minute's tolerance {near:.4f}")
        _print_confusion(counts)
    print(f"\n  alerts but low_water, jam_risk minutes, at setpoints 40 to 60: {_false_alarms(minutes)}")


def _print_confusion(counts: Counter[tuple[str, str]]) -> None:
    print(f"    {'truth / said':12}" + "".join(f"{name:>11}" for name in (*CLASSES, "undefined")) + f"{'F1':>9}")
    for truth, score in f1(counts).items():
        cells = "".join(f"{counts[truth, said]:11}" for said in (*CLASSES, "undefined"))
        print(f"    {truth:12}{cells}{score:9.4f}")


def _false_alarms(minutes: list[Minute]) -> str:
    answers = [answer(minutes, setpoint) for setpoint in range(40, 61)]
    alarms = sum(kind != "low_water" for one in answers for _, kind in one.alerts)
    jams = sum(phase == "jam_risk" for one in answers for phase in one.phases.values())
    return f"{alarms} alerts, {jams} minutes"


def _write_folded(path: str, out: str) -> None:
    opener: Callable[..., TextIO] = gzip.open if out.endswith(".gz") else open
    minutes = read(path)
    lines = to_csv(minutes).splitlines()
    with opener(out, "wt", encoding="utf-8", newline="") as file:
        file.write(f"{lines[0]},truth\n")
        file.writelines(f"{line},{minute.truth}\n" for line, minute in zip(lines[1:], minutes, strict=True))


def main() -> None:
    """Prints the tables of the logs named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="+", metavar="LOG")
    parser.add_argument("--fold", metavar="OUT", help="write the one log as minutes with their truth, score nothing")
    wanted = parser.parse_args()
    if wanted.fold:
        _write_folded(wanted.logs[0], wanted.fold)
        return
    for path in wanted.logs:
        report(path)


if __name__ == "__main__":
    main()
