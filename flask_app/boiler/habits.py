"""What this boiler usually does, learned from its own past in bounded memory: the yardstick of phases and faults."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

AMBIENT = 25.0
"""°C that the water of a heated house falls towards when no fire burns. Of 0 to 35 in steps of 5 it foretold the real
log's cool-downs best (`python -m bench.cooling`); a straight line, which is an ambient of minus infinity, worst."""

KEPT = 12
"""How many past burns, starts and rests are remembered: a few days of an ordinary boiler."""

FEEDS = 8
"""Levels of feed, from none to full, that are told apart."""

CHECKS = 3, 6, 10
"""Minutes after the start of a bout of fire-keeping at which its warmth is judged."""

NOTED = 48

CLEAN_ENOUGH = 20
COOLINGS_ENOUGH = 3
BURN_OUTS_ENOUGH = 5
RESTS_ENOUGH = 15


class Part(Enum):
    """What can be learned anew."""

    ALL = "all"
    FLUE = "flue"  # after a sweep
    IGNITER = "igniter"  # after a new one


_PARTS = {Part.FLUE: ("clean", "excesses"), Part.IGNITER: ("first_lightings", "lightings", "lit")}


class Habits:
    """The boiler's own figures. Lists hold the newest KEPT values, oldest first; None is "not learned yet"."""

    __slots__ = (
        "bout_feeds",
        "bout_rests",
        "burn_outs",
        "clean",
        "coldest_rest",
        "coolings",
        "excesses",
        "feed_gap",
        "feed_shares",
        "feed_watts",
        "feed_watts_minutes",
        "first_lightings",
        "floors",
        "jitter",
        "lightings",
        "lit",
        "lows",
        "off_flue",
        "responses",
        "rests",
        "rises",
        "run_ons",
        "turns",
        "usual_rest",
        "usual_rise",
    )

    def __init__(self) -> None:
        """A boiler of which nothing is known."""
        self.lows: list[float] = []  # °C of the flue, lowest of each start
        self.off_flue: float | None = None  # their median
        self.rises: list[float] = []  # °C, highest flue of a burn above the lowest of its start
        self.usual_rise: float | None = None  # their median
        self.lightings: list[int] = []  # minutes from the igniter's start to a risen flue
        self.feed_shares = 0  # minutes in which the auger ran for a part of them
        self.jitter = 0.0  # °C by which the flue of a steady fire bends from one minute to the next
        self.floors = [[0.0, 0] for _ in range(FEEDS)]  # °C of flue rise: the lowest at each feed, of how many hours
        self.turns: list[int] = []  # minutes after a stop of the feed inside a burn until the flue rose again
        self.burn_outs: list[int] = []  # minutes of fan without feed at a burn's end
        self.run_ons: list[int] = []  # the same, 0 where all motors stopped at once
        self.rests = 0  # that ended in a start
        self.coldest_rest: float | None = None  # °C, lowest water of them
        self.usual_rest: float | None = None  # °C, recent mean of the lowest of each
        self.feed_gap = 0  # minutes without feed that are ordinary inside a burn
        self.feed_watts: float | None = None
        self.feed_watts_minutes = 0
        self.responses = [[0, 0.0, 0.0] for _ in CHECKS]  # °C, of the flue in bouts of fire-keeping: for `note`
        self.bout_feeds = [[0, 0.0, 0.0] for _ in CHECKS]  # minutes that the auger turns in them
        self.bout_rests: list[int] = []  # minutes between two bouts
        self.first_lightings: list[int] = []  # those of the igniter's first starts: never forgotten but by `forget`
        self.lit = 0  # good starts of this igniter, its flue seen
        self.clean: list[list[float]] = []  # feed (share) and flue (°C) of steady fires with a clean exchanger
        self.excesses: list[float] = []  # °C of newer steady fires above clean ones of the same feed
        self.coolings: list[float] = []  # minutes: the time constants of past rests

    def clean_flue(self) -> float | None:
        """°C of flue, the median steady fire of the clean exchanger; None before CLEAN_ENOUGH of them."""
        return median([flue for _, flue in self.clean]) if len(self.clean) >= CLEAN_ENOUGH else None

    def cooling(self) -> float | None:
        """The boiler's time constant in minutes, for forecast.time_to; None before COOLINGS_ENOUGH rests."""
        return median(self.coolings) if len(self.coolings) >= COOLINGS_ENOUGH else None

    def longest_burn_out(self) -> int | None:
        """Minutes, of the burn-outs remembered; None before BURN_OUTS_ENOUGH."""
        return max(self.burn_outs) if len(self.burn_outs) >= BURN_OUTS_ENOUGH else None

    def coldest_wait(self) -> float | None:
        """°C, the lowest water ever waited at; None before RESTS_ENOUGH rests."""
        return self.coldest_rest if self.rests >= RESTS_ENOUGH else None

    def figures(self) -> list[tuple[str, float | None, str]]:
        """(name, value, unit) of what has been learned, to be shown; None before enough was seen. words.LEARNED has
        the names in full."""
        enough = len(self.first_lightings) >= KEPT
        return [
            ("usual_rise", self.usual_rise, "°C"),
            ("clean_flue", self.clean_flue(), "°C"),
            ("usual_lighting", median(self.first_lightings) if enough else None, "min"),
            ("longest_burn_out", self.longest_burn_out(), "min"),
            ("coldest_wait", self.coldest_wait(), "°C"),
            ("cooling", self.cooling(), "min"),
        ]


def forget(habits: Habits, part: Part) -> None:
    """What an event makes untrue: all of it, or what was learned of the exchanger or of the igniter."""
    fresh = Habits()
    for name in _PARTS.get(part, Habits.__slots__):
        setattr(habits, name, getattr(fresh, name))


def median(values: Sequence[float]) -> float:
    """The middle value of a list that is not empty (the upper one of two)."""
    return sorted(values)[len(values) // 2]


def note(moments: list[Any], value: float) -> None:
    """Adds to [count, mean, variance], which forget slowly what is older than NOTED values."""
    moments[0] = min(moments[0] + 1, NOTED)
    away = value - moments[1]
    moments[1] += away / moments[0]
    moments[2] += (away * (value - moments[1]) - moments[2]) / moments[0]


def remember(values: list[Any], value: float) -> None:
    """Adds to a list of habits, which forgets what is older than KEPT values."""
    values.append(value)
    if len(values) > KEPT:
        del values[0]
