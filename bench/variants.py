"""How far the phases carry over: the logs with a status, changed as another boiler or installation would change them.

    python -m bench.variants LOG...

Each change keeps the truth true: where it moves what the boiler does, it moves the truth with it. Random changes are
drawn from a seed of their own name, so that two runs say the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from random import Random

from bench.score import Minute, answer, confusion, f1, hide_igniter, macro_f1, read, true_or_false

Log = list[Minute]
Change = Callable[[Log], Log]

ROOM = 25.0  # °C, what a probe on the pipe's skin stands at when all is cold


def each(change: Callable[[Minute], Minute]) -> Change:
    """A change of each minute by itself."""
    return lambda log: [change(minute) for minute in log]


def hidden(*names: str) -> Change:
    """Without these values."""
    return each(lambda minute: replace(minute, **dict.fromkeys(names)))  # type: ignore[arg-type]  # by name


def flue(change: Callable[[float], float]) -> Change:
    """Another place of the flue's probe."""
    return each(lambda minute: minute if minute.flue is None else replace(minute, flue=change(minute.flue)))


def late_flue(minutes: int) -> Change:
    """A flue that is felt so many minutes later."""
    return lambda log: [replace(minute, flue=log[max(0, at - minutes)].flue) for at, minute in enumerate(log)]


def slow_flue(share: float) -> Change:
    """A heavy probe, which goes this share of the way each minute."""

    def change(log: Log) -> Log:
        felt: float | None = None
        out = []
        for minute in log:
            if minute.flue is not None:
                felt = minute.flue if felt is None else felt + share * (minute.flue - felt)
            out.append(replace(minute, flue=felt))
        return out

    return change


def flickering(log: Log) -> Log:
    """Whole degrees that flicker by one count."""
    draw = Random("flickering")

    def read_as(value: float | None) -> float | None:
        return None if value is None else round(value) + draw.choice([-1.0, 0.0, 0.0, 0.0, 1.0])

    return [replace(minute, water=read_as(minute.water), flue=read_as(minute.flue)) for minute in log]


def one_fan(log: Log) -> Log:
    """One clamp on both fans, read as the secondary one."""

    def busier(minute: Minute) -> float | None:
        return max((value for value in (minute.primary_fan, minute.secondary_fan) if value is not None), default=None)

    return [replace(minute, primary_fan=None, secondary_fan=busier(minute)) for minute in log]


def pulsed(period: int) -> Change:
    """An auger that turns in one minute of `period`."""

    def change(log: Log) -> Log:
        return [replace(minute, auger=0.0) if minute.auger and at % period else minute for at, minute in enumerate(log)]

    return change


def longer_run_on(minutes: int) -> Change:
    """Fans that run on so much longer."""

    def change(log: Log) -> Log:
        left, out = 0, []
        for minute in log:
            if minute.truth == "burnout":
                left = minutes
            elif minute.truth not in ("ember", "off") or not left:
                left = 0
            else:
                left -= 1
                out.append(replace(minute, secondary_fan=1.0, truth="burnout"))
                continue
            out.append(minute)
        return out

    return change


def gaps(minutes: int) -> Change:
    """Silences of so many minutes, one in a hundred minutes."""

    def change(log: Log) -> Log:
        draw, left, out = Random(f"gaps {minutes}"), 0, []
        for minute in log:
            if not left and draw.random() < 0.01:
                left = minutes
            if left:
                left -= 1
            else:
                out.append(minute)
        return out

    return change


def missing_flue(log: Log) -> Log:
    """A flue without a value for one to four minutes, one in fifty minutes."""
    draw, left, out = Random("missing flue"), 0, []
    for minute in log:
        if not left and draw.random() < 0.02:
            left = draw.randint(1, 4)
        out.append(replace(minute, flue=None) if left else minute)
        left = max(0, left - 1)
    return out


def stretched(factor: float) -> Change:
    """All of it slower (above 1) or faster; what is absent stays so."""

    def change(log: Log) -> Log:
        out: Log = []
        ts, start = log[0].ts, 0
        for at in range(1, len(log) + 1):
            if at < len(log) and log[at].ts - log[at - 1].ts == 60:
                continue
            count = int((at - start) * factor)
            out += [replace(log[start + int(number / factor)], ts=ts + 60 * number) for number in range(count)]
            ts += 60 * count + (log[at].ts - log[at - 1].ts - 60 if at < len(log) else 0)
            start = at
        return out

    return change


def cut(hours: int) -> Change:
    """Pieces of so many hours with a silence between them: each begins with an engine that knows nothing."""

    def change(log: Log) -> Log:
        length = hours * 60
        start = Random(f"cut {hours}").randrange(length)
        return [replace(minute, ts=minute.ts + 3600 * (at // length)) for at, minute in enumerate(log[start:])]

    return change


def shifted(seconds: int) -> Change:
    """Minutes that begin at another second."""
    return each(lambda minute: replace(minute, ts=minute.ts + seconds))


VARIANTS: dict[str, Change] = {
    "as measured": lambda log: log,
    "flue x 0.4 above the room": flue(lambda value: ROOM + 0.4 * (value - ROOM)),
    "flue x 2": flue(lambda value: 2 * value),
    "flue x 5": flue(lambda value: 5 * value),
    "flue + 30": flue(lambda value: value + 30),
    "flue 1 minute late": late_flue(1),
    "flue 2 minutes late": late_flue(2),
    "flue 4 minutes late": late_flue(4),
    "flue slow (0.5 a minute)": slow_flue(0.5),
    "flue slow (0.2 a minute)": slow_flue(0.2),
    "whole degrees that flicker": flickering,
    "no igniter": each(hide_igniter),
    "no auger": hidden("auger"),
    "no flue": hidden("flue"),
    "no flue, no igniter": hidden("flue", "igniter"),
    "no fan": hidden("primary_fan", "secondary_fan"),
    "no flue, no auger": hidden("flue", "auger"),
    "one clamp for both fans": one_fan,
    "motors true/false": each(true_or_false),
    "auger in 1 minute of 2": pulsed(2),
    "auger in 1 minute of 4": pulsed(4),
    "fans 10 minutes longer": longer_run_on(10),
    "flue missing for minutes": missing_flue,
    "silences of 5 minutes": gaps(5),
    "silences of 9 minutes": gaps(9),
    "time x 0.7": stretched(0.7),
    "time x 1.5": stretched(1.5),
    "cut every 3 hours": cut(3),
    "cut every 24 hours": cut(24),
    "minutes from :37 on": shifted(37),
}


def score(log: Log, name: str) -> tuple[float, str, list[str]]:
    """Macro F1 of a log changed by the variant of this name, its weakest class, and every false alarm."""
    seen = VARIANTS[name](log)
    said = answer(seen)
    counts = confusion(seen, said.phases)
    classes = f1(counts)
    alarms = [kind for _, kind in said.alerts if kind != "low_water"]
    alarms += [phase for phase in said.phases.values() if phase == "jam_risk"]
    return macro_f1(counts), min(classes, key=lambda one: classes[one]), alarms


def main() -> None:
    """Prints a row for each variant and a column for each log named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="+", metavar="LOG")
    logs = {path: read(path) for path in parser.parse_args().logs}
    print(f"| variant | {' | '.join(logs)} |\n|---|{'---|' * len(logs)}")
    for name in VARIANTS:
        cells = []
        for log in logs.values():
            macro, weakest, alarms = score(log, name)
            cells.append(f"{macro:.3f} ({weakest})" + (f" {len(alarms)} false alarms" if alarms else ""))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
