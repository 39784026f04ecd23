"""What this boiler usually does, learned from its own past in bounded memory: the yardstick of phases and faults."""

from __future__ import annotations

from typing import Any

KEPT = 12
"""How many past burns, starts and rests are remembered: a few days of an ordinary boiler."""


class Habits:
    """The boiler's own figures. Lists hold the newest KEPT values, oldest first; None is "not learned yet"."""

    __slots__ = (
        "burn_outs",
        "coldest_rest",
        "feed_gap",
        "feed_watts",
        "feed_watts_minutes",
        "lightings",
        "lows",
        "off_flue",
        "rests",
        "rises",
        "run_ons",
        "usual_rise",
    )

    def __init__(self) -> None:
        """A boiler of which nothing is known."""
        self.lows: list[float] = []  # °C of the flue, lowest of each start
        self.off_flue: float | None = None  # their median
        self.rises: list[float] = []  # °C, highest flue of a burn above the lowest of its start
        self.usual_rise: float | None = None  # their median
        self.lightings: list[int] = []  # minutes from the igniter's start to a risen flue
        self.burn_outs: list[int] = []  # minutes of fan without feed at a burn's end
        self.run_ons: list[int] = []  # the same, 0 where all motors stopped at once
        self.rests = 0  # that ended in a start
        self.coldest_rest: float | None = None  # °C, lowest water of them
        self.feed_gap = 0  # minutes without feed that are ordinary inside a burn
        self.feed_watts: float | None = None
        self.feed_watts_minutes = 0


def median(values: list[float]) -> float:
    """The middle value of a list that is not empty (the upper one of two)."""
    return sorted(values)[len(values) // 2]


def remember(values: list[Any], value: float) -> None:
    """Adds to a list of habits, which forgets what is older than KEPT values."""
    values.append(value)
    if len(values) > KEPT:
        del values[0]
