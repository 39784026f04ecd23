"""What the faults remember of the boiler between two minutes: a part of the engine's state."""

from __future__ import annotations

from flask_app.boiler.habits import FEEDS


class Watch:
    """The fire, the bouts of a kept one, the attempts of the igniter, the rest: as far as faults are judged by them."""

    __slots__ = (
        "attempt_from_ts", "attempt_ts", "attempts", "bout_feed", "bout_flue", "bout_minutes", "bout_sum", "bout_ts",
        "bout_weak", "bouts", "burning_ts", "dead_minutes", "dry_bouts", "fed_bouts", "feed", "feeding", "fire_fall",
        "fire_flue", "fire_low", "fire_low_minute", "fire_minutes", "fire_start", "floor_minutes", "floors",
        "good_bouts", "height", "height_feed", "height_run_ts", "height_ts", "igniter_minutes", "igniter_rest",
        "lit_ts", "lost", "low", "rest_coldest", "rest_seen", "resumed", "safe", "seen_ts", "slow_feed", "stalled",
        "turned", "under", "unseen", "was_hot", "was_running", "weak_bouts",
    )  # fmt: skip

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.seen_ts = self.unseen = 0  # the last minute seen; how many were missing before it
        self.height: float | None = None  # °C: where the flue stands when this fire burns well
        self.height_feed = 0.0  # the auger's share at it
        self.height_run_ts = 0  # of the run in which it was reached
        self.height_ts = 0  # when it was last reached
        self.feed = 0.0  # the auger's share, of some five minutes,
        self.slow_feed = 0.0  # ... of some ten
        self.feeding = 0  # minutes of feeding in a row, ordinary pauses included
        self.lost = 0.0  # share of the flue's rise gone
        self.burning_ts = 0  # the last minute of combustion,
        self.fire_flue = self.fire_fall = 0.0  # °C: its flue; how much that fell in it
        self.fire_minutes = 0  # of combustion since the flue had to turn,
        self.fire_start = self.fire_low = 0.0  # °C: the flue then, and its lowest since,
        self.fire_low_minute = 0  # the minute of that,
        self.resumed = False  # after a stop of the feed inside a burn,
        self.turned = False  # and whether it has risen from there
        self.floors: list[float | None] = [None] * FEEDS  # °C: lowest rise foretold at each feed, of this hour,
        self.floor_minutes = 0  # as far as it has come
        self.under = 0  # minutes in a row below the lowest ever
        self.safe = 0  # minutes in a row of a fire that shows nothing of dying
        self.stalled = 0  # minutes in a row of a stall current
        self.dry_bouts = self.fed_bouts = 0  # of fire-keeping in a row: still without feed, with feed
        self.bouts = 0  # of fire-keeping in a row
        self.bout_ts = 0  # when the last one began,
        self.bout_flue: float | None = None  # °C of the flue before it,
        self.bout_sum, self.bout_minutes = 0.0, 0  # of the flue above that since; the minutes seen of it
        self.bout_feed = 0.0  # minutes that the auger turned in it
        self.bout_weak = False  # it was fed and warmed the flue less than any before
        self.good_bouts = self.weak_bouts = 0  # in a row: that warmed the flue, that did not
        self.rest_seen = 0  # minutes of the present rest between bouts
        self.attempts = 0  # of the igniter since the last fire
        self.attempt_ts: int | None = None  # when the first of them began
        self.attempt_from_ts = 0  # when the present one began
        self.igniter_minutes = self.igniter_rest = 0  # on in the present attempt; off since
        self.lit_ts = 0  # when the last of them gave a fire, or its igniter still glowed after it
        self.low: float | None = None  # lowest flue since `attempt_ts`
        self.dead_minutes = 0  # without any motor, since a run
        self.was_hot = False  # the last running minute was of a burning fire with a hot flue
        self.was_running = False
        self.rest_coldest: float | None = None  # °C of water in this rest
