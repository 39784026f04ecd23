"""The fault table: what the engine says of simulated faults and of fault-free weeks, seed by seed.

    python -m bench.faults --seeds 5000-5029             every fault in every regime, and 20 fault-free weeks of each
    python -m bench.faults --seeds 5000-5004 --weeks 1   smaller

A fault counts where it begins with the water at the setpoint + 5 °C or more. The simulator's hidden truth says when it
begins and when the last fuel burned; a minute is known at its end, and delays are counted to there.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from random import Random
from typing import NamedTuple

from flask_app.boiler.alerts import CAUSES, Kind, Opening
from flask_app.boiler.engine import State, advance
from flask_app.boiler.minutes import summarise
from flask_app.boiler.options import Options
from flask_app.boiler.rows import Row
from sensor.regimes import Regime
from sensor.script_file import Fault, GivenFault, Script
from sensor.simulator import judged_readings
from sensor.truth import Truth
from sensor.weeks import WEEK

SETPOINT = 56.0
MARGIN = 5.0  # °C: a fault that begins nearer to the setpoint leaves no time to be early
LIVED = 3.0  # days before the fault, and one more at most: what the engine has learned by then
WATCHED = 30 * 3600  # s after a fault is given in which it must begin, and is looked at
BY = 300  # s after low water by which a cause must be named
FIRST_WEEK = 2945
SAMPLE = 4.0

EXPECTED = {
    Fault.SILO_EMPTY: Kind.FIRE_DYING,
    Fault.IGNITION_FAILURE: Kind.IGNITION_FAILED,
    Fault.JAM: Kind.JAM,
    Fault.POWER_CUT: Kind.POWER_CUT,
}


class Case(NamedTuple):
    """A boiler's life to look at: with a fault, or a week of it without."""

    regime: Regime
    seed: int
    fault: Fault | None


class Result(NamedTuple):
    """What was said of a case. Delays in minutes; None: never, or not to be counted."""

    case: Case
    counted: bool  # the fault began, warm enough
    named: Kind | None = None  # the first cause told while it lasted
    delay: float | None = None  # from the fault's beginning; of an empty silo from the last fuel that burned
    low_water: float | None = None  # the same, to the mission's alert
    false: tuple[str, ...] = ()  # alerts but low_water with no fault in force

    @property
    def right(self) -> bool:
        """Whether the right cause was told in time."""
        if self.case.fault is None or self.named is not EXPECTED[self.case.fault] or self.delay is None:
            return False
        return self.low_water is None or self.delay <= self.low_water + BY / 60

    @property
    def before_low_water(self) -> bool:
        """Whether the right cause was told before the mission's alert."""
        return self.right and (self.low_water is None or (self.delay or 0.0) < self.low_water)


def cases(seeds: Iterable[int], weeks: int, regimes: Iterable[Regime] = tuple(Regime)) -> list[Case]:
    """Every fault of every regime for each seed, and `weeks` fault-free ones of each regime."""
    seeds, regimes = list(seeds), list(regimes)
    ill = [
        Case(regime, seed, fault)
        for regime in regimes
        for fault in EXPECTED
        for seed in seeds
        if not (regime is Regime.WOODCHIP and fault is Fault.IGNITION_FAILURE)  # never lit, so it cannot fail to
    ]
    well = [Case(regime, seeds[0] + number, None) for regime in regimes for number in range(weeks)]
    return ill + well


def minutes(script: Script, start: int, end: int) -> Iterator[tuple[Row, Truth]]:
    """The minutes of a simulated life, each with the truth at its end."""
    walk = judged_readings(script, start, end, SAMPLE)
    for ts, group in groupby(walk, key=lambda pair: pair[0].ts // 60 * 60):
        pairs = list(group)
        yield summarise(ts, [row for row, _ in pairs]), pairs[-1][1]


def look(case: Case) -> Result:
    """What the engine says of a case."""
    start = (FIRST_WEEK + case.seed % 50) * WEEK
    if case.fault is None:
        return _look_at_peace(case, start)
    given_ts = start + round(86400 * (LIVED + Random(f"{case.seed}/{case.fault}").random()))
    script = Script(case.seed, case.regime, (GivenFault(case.fault, given_ts),))
    return _look_at_fault(case, minutes(script, start, given_ts + WATCHED))


def _look_at_peace(case: Case, start: int) -> Result:
    state, options = State(), Options(setpoint=SETPOINT)
    false: list[str] = []
    for minute, _ in minutes(Script(case.seed, case.regime), start, start + WEEK):
        false += _told(advance(state, minute, options)[1])
    return Result(case, counted=False, false=tuple(false))


def _told(changes: Iterable[object]) -> list[str]:
    openings = [change for change in changes if isinstance(change, Opening)]
    return [f"{one.kind.value}@{one.ts}" for one in openings if one.kind is not Kind.LOW_WATER]


def _look_at_fault(case: Case, life: Iterable[tuple[Row, Truth]]) -> Result:
    state, options = State(), Options(setpoint=SETPOINT)
    false: list[str] = []
    from_ts: int | None = None  # the last fuel that burned, of an empty silo; else the fault's beginning
    named, delay, low_water = None, None, None
    for minute, truth in life:
        openings = [change for change in advance(state, minute, options)[1] if isinstance(change, Opening)]
        if from_ts is None:
            if truth.fault is None:
                false += _told(openings)
                continue
            if truth.water < SETPOINT + MARGIN:
                return Result(case, counted=False, false=tuple(false))
            from_ts = minute.ts
            if case.fault is Fault.SILO_EMPTY and truth.last_feed_ts is not None:
                from_ts = truth.last_feed_ts
        elif truth.fault is None:
            break  # repaired
        for one in openings:
            after = (one.ts + 60 - from_ts) / 60
            if one.kind is Kind.LOW_WATER:
                low_water = after if low_water is None else low_water
            elif one.kind in CAUSES and named is None:
                named, delay = one.kind, after
    return Result(case, from_ts is not None, named, delay, low_water, tuple(false))


# --- telling


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie, the nearest that occurs.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.95)
    4.0
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def fault_lines(results: Iterable[Result]) -> Iterator[str]:
    """A table row for each fault and regime."""
    yield "| fault | regime | counted | named rightly | wrong | missed | median | 95 % | before low water |"
    yield "|---|---|---|---|---|---|---|---|---|"
    counted = [result for result in results if result.counted]
    for fault in EXPECTED:
        for regime in Regime:
            group = [one for one in counted if one.case.fault is fault and one.case.regime is regime]
            if group:
                yield _fault_line(fault, regime, group)


def _fault_line(fault: Fault, regime: Regime, group: list[Result]) -> str:
    delays = [one.delay for one in group if one.right and one.delay is not None]
    wrong = sum(one.named not in (None, EXPECTED[fault]) for one in group)
    missed = len(group) - len(delays) - wrong
    followed = [one for one in group if one.low_water is not None]
    early = f"{sum(one.before_low_water for one in followed)}/{len(followed)}"
    middle, late = (f"{percentile(delays, share):.1f} min" if delays else "" for share in (0.5, 0.95))
    return f"| {fault} | {regime} | {len(group)} | {len(delays)} | {wrong} | {missed} | {middle} | {late} | {early} |"


def peace_lines(results: Iterable[Result]) -> Iterator[str]:
    """A table row for each regime without a fault."""
    yield "| fault-free | weeks | false alarms |"
    yield "|---|---|---|"
    for regime in Regime:
        group = [one for one in results if one.case.fault is None and one.case.regime is regime]
        if group:
            false = [f"{alarm} (seed {one.case.seed})" for one in group for alarm in one.false]
            yield f"| {regime} | {len(group)} | {len(false)} {' '.join(false)}|"


def odd_lines(results: Iterable[Result]) -> Iterator[str]:
    """Each counted fault that was not told rightly, and each alarm before a fault: what to look at next."""
    for one in results:
        if one.case.fault is not None and ((one.counted and not one.right) or one.false):
            case = one.case
            yield f"{case.fault} {case.regime} seed {case.seed}: {one.named} {one.delay} {one.low_water} {one.false}"


def run(wanted: list[Case], processes: int | None = None) -> list[Result]:
    """What the engine says of each case, on every core, with progress on standard error."""
    results = []
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for result in pool.imap_unordered(look, wanted):
            results.append(result)
            print(f"\r{len(results)} of {len(wanted)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return sorted(results, key=lambda result: (result.case.regime, result.case.fault or "", result.case.seed))


def report(seeds: Iterable[int] = range(6000, 6005), weeks: int = 2) -> Iterator[str]:
    """The lines of the report."""
    results = run(cases(seeds, weeks))
    yield from fault_lines(results)
    yield ""
    yield from peace_lines(results)


def main() -> None:
    """Prints the tables for the seeds named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="6000-6029", metavar="A-B", help="both included")
    parser.add_argument("--weeks", type=int, default=20, help="fault-free, of each regime")
    parser.add_argument("--regimes", default=",".join(Regime), metavar="A,B")
    wanted = parser.parse_args()
    first, _, last = wanted.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    results = run(cases(seeds, wanted.weeks, [Regime(name) for name in wanted.regimes.split(",")]))
    print("\n".join([*fault_lines(results), "", *peace_lines(results), "", *odd_lines(results)]))


if __name__ == "__main__":
    main()
