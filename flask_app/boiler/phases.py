"""The phases of a boiler, and how a minute gets its one: signals on or off, and the flue against its own past.

No threshold here belongs to one boiler. A rise is measured from the lowest flue of the same start and judged against
this boiler's usual rise; a pause of the auger against the pauses of the same burn. What is not fitted is not asked.
"""

from __future__ import annotations

from enum import IntEnum

from flask_app.boiler.habits import Habits, median, remember


class Phase(IntEnum):
    """The codes of the column `phase`, stored for ever (BOILER.md's table; 12 is ours)."""

    UNDEFINED = 0
    COMBUSTION = 6
    IGNITION = 7
    FIRE_KEEPING = 8
    STOPPED = 9
    JAM_RISK = 10
    WATCH = 11
    BURN_OUT = 12


UNDEFINED, COMBUSTION, IGNITION, FIRE_KEEPING, STOPPED, JAM_RISK, WATCH, BURN_OUT = (
    Phase.UNDEFINED,
    Phase.COMBUSTION,
    Phase.IGNITION,
    Phase.FIRE_KEEPING,
    Phase.STOPPED,
    Phase.JAM_RISK,
    Phase.WATCH,
    Phase.BURN_OUT,
)
# An Enum's member costs a look-up in two dictionaries; these are read several times a minute, a year at a time.

FLICKER = 180  # s: a shorter stop of every motor is one clamp's noise, or a blink, inside the same run
BOUT = 600  # s: fire-keeping bouts are this long at most, with rests of REST at most between them (BOILER.md)
REST = 5400
FEED_PAUSE = 300  # s without feed that end a run where no fan is measured
HELD = 300  # s: how long the last value stands for a missing one

FIRST_RISE = 25.0  # °C of flue that show a fire, where no rise of this boiler is known yet
RISE_SHARE = 0.3  # ... and where it is: this share of the usual rise,
LEAST_RISE, MOST_RISE = 10.0, 60.0  # within these
LEAST_EXCESS = 20.0  # °C of flue above the water: gas that warms it, which shows a fire as well as a rise does;
EXCESS_SHARE = 0.15  # ... of the usual rise where that is more, up to MOST_RISE
IGNITER_RISE = 5.0  # °C: an igniter that has gone off has usually done its work; only a flat flue says it has not
IGNITER_PATIENCE = 900  # s after the igniter went off
BLIND_LIGHTING = 480  # s: the middle of the ignitions seen (2-15 minutes), where no flue is measured
LIGHTING_LIMIT = 1500  # s of fan and feed after which a flue that hardly rises is called a fire all the same

LONGEST_GAP = 10  # minutes: a longer pause of the auger is no pulse of it
LONGEST_UNSEEN_GAP = 3  # ... and where no flue tells what it cost
PULSE = 240  # s: feed that comes back so soon is a pulse of the auger, however short
SHAKE = 0.2  # of the burn's usual share: less is noise
STEADY_FEED = 10  # minutes of feed after which a pause longer than the usual is the end, whatever the flue does yet
STILL_FLUE = 5  # ... and before which even a flue that holds is burning out so many minutes beyond the usual
NEARLY_OUT = 0.8  # of the usual burn-out: boilers that empty their auger do it at the end
STEADIES = 0.4  # of the fall of the minute before
DEAD_LOSS = 0.9  # of the rise: when fed again the fire is lit anew, from what embers there are
COLD = 40.0  # °C of water in which no fire has been kept
FLUE_FALL = 0.12  # of the rise, lost in three minutes or in one pause of the auger: no modulation does that


class Course:
    """What the boiler has been doing: the run of its motors, or the rest since the last one. `mode` is one of
    UNDEFINED (nothing known), STOPPED, IGNITION, COMBUSTION, BURN_OUT; `follow` derives the phase from it."""

    __slots__ = (
        "auger_ts",
        "blowing",
        "burn_ts",
        "fading_ts",
        "fan_seen",
        "fan_ts",
        "fed",
        "feed",
        "feed_before",
        "feed_floor",
        "feed_level",
        "feed_minutes",
        "feed_pause",
        "feed_run",
        "feed_steps",
        "feed_ts",
        "fire_ts",
        "flue",
        "flue_1",
        "flue_2",
        "flue_3",
        "flue_ts",
        "gap",
        "gap_flue",
        "gap_longest",
        "gap_usual",
        "igniter_off_ts",
        "igniter_ts",
        "keeping",
        "known_ts",
        "lighting",
        "low",
        "mode",
        "mode_before",
        "peak",
        "rest_ts",
        "run_igniter",
        "run_ts",
        "running",
        "shakes",
        "short_bout",
        "start_water",
    )

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.mode = UNDEFINED
        self.mode_before = STOPPED  # of the run that the present rest followed
        self.known_ts: int | None = None  # since when minutes have been seen
        self.lighting = self.blowing = self.running = False
        self.feed: float | None = None  # share of this minute, None where no auger is measured
        self.feed_before: float | None = None
        self.flue: float | None = None  # this minute's, or the last one for FLUE_HELD
        self.flue_1: float | None = None  # one, two, three minutes before
        self.flue_2: float | None = None
        self.flue_3: float | None = None
        self.flue_ts = self.igniter_ts = self.fan_ts = self.auger_ts = 0  # when each was last measured
        self.run_ts = self.rest_ts = 0  # when the last run, the last rest began
        self.run_igniter = False  # the igniter was seen on in this run
        self.igniter_off_ts = 0
        self.short_bout = self.keeping = False
        self.low: float | None = None  # lowest flue of this start
        self.peak: float | None = None  # highest flue of this run
        self.start_water: float | None = None  # at the beginning of this run: a cold flue stands near it, or below
        self.burn_ts = 0  # when this run's combustion began
        self.fading_ts = 0  # when this run's burn-out began
        self.fire_ts: int | None = None  # the last minute of combustion
        self.fed = False  # the auger has turned in this run
        self.feed_minutes = 0  # minutes of feeding since combustion began
        self.feed_run = 0  # minutes of feeding in a row, up to this minute or to the present pause
        self.feed_level = 0.0  # recent mean share of the feeding minutes
        self.feed_steps = False  # a sudden fall of it was no end of feeding, the last time
        self.feed_floor = 0.0  # lowest recent share of them
        self.gap = 0  # minutes without feed, now
        self.gap_longest = self.gap_usual = (
            0  # in this burn, of those that cost no heat: the longest, the second longest
        )
        self.gap_flue: float | None = None  # the flue before this gap
        self.feed_ts: int | None = None  # the last minute with feed; None: no auger has ever been seen to turn
        self.feed_pause = 0  # s between the last two minutes with feed
        self.fan_seen = False
        self.shakes = True  # feed at the end of a burn-out was a shake of the auger, the last time


class Signals:
    """One minute as phases and faults see it, filled anew for each: motors as shares of the minute, 0..1."""

    __slots__ = ("fan", "feed", "feed_watts", "flue", "igniter", "setpoint", "ts", "water")

    def __init__(self) -> None:
        """No minute yet."""
        self.ts = 0
        self.setpoint = 0.0
        self.water: float | None = None
        self.flue: float | None = None
        self.igniter: float | None = None
        self.fan: float | None = None  # the busier of the two
        self.feed: float | None = None  # the auger
        self.feed_watts: float | None = None


def follow(course: Course, habits: Habits, signals: Signals) -> Phase:
    """The phase of this minute by what has been seen until now; `course` and `habits` go on."""
    ts = signals.ts
    if course.known_ts is None:
        course.known_ts = ts
    _hold_flue(course, ts, signals.flue)
    _switch(course, ts, signals.igniter, signals.fan)
    _hold_feed(course, ts, signals.feed)
    if course.lighting or course.blowing or (course.feed_ts is not None and _feeding_alone(course, ts)):
        return _run(course, habits, ts, signals.water)
    return _rest(course, habits, ts)


def _hold_flue(course: Course, ts: int, flue: float | None) -> None:
    course.flue_3, course.flue_2, course.flue_1 = course.flue_2, course.flue_1, course.flue
    if flue is not None:
        course.flue, course.flue_ts = flue, ts
    elif ts - course.flue_ts > HELD:
        course.flue = None


def _switch(course: Course, ts: int, igniter: float | None, fan: float | None) -> None:
    # Half a minute or more is "on", and the later state wins a tie: so one noisy reading never makes a minute.
    if igniter is not None:
        course.lighting = igniter > 0.5 or (igniter == 0.5 and not course.lighting)
        course.igniter_ts = ts
    elif ts - course.igniter_ts > HELD:
        course.lighting = False
    if fan is not None:
        course.blowing = fan > 0.5 or (fan == 0.5 and not course.blowing)
        course.fan_ts = ts
        if course.blowing:
            course.fan_seen = True
    elif ts - course.fan_ts > HELD:
        course.blowing = course.fan_seen = False


def _hold_feed(course: Course, ts: int, feed: float | None) -> None:
    course.feed_before = course.feed
    if feed:
        course.feed_pause = ts - course.feed_ts if course.feed_ts is not None else 0
        course.feed_ts = course.auger_ts = ts
        course.feed = feed
    elif feed is not None:
        course.auger_ts = ts
        course.feed = feed if course.feed_ts is not None else None  # a clamp that never spoke is on no auger
    elif ts - course.auger_ts > HELD:
        course.feed = None


def _feeding_alone(course: Course, ts: int) -> bool:
    """An auger that turns while no fan does: a run where the fan is not measured, or lost in the noise."""
    if course.feed and (course.feed > 0.5 or course.feed_before):
        return True
    return not course.fan_seen and course.running and ts - (course.feed_ts or 0) <= FEED_PAUSE


# --- resting


def _rest(course: Course, habits: Habits, ts: int) -> Phase:
    if course.running:
        _end_run(course, habits, ts)
    course.mode = STOPPED
    if course.keeping and ts - course.rest_ts <= REST:
        return FIRE_KEEPING
    course.keeping = False
    return STOPPED


def _end_run(course: Course, habits: Habits, ts: int) -> None:
    course.running = False
    course.mode_before = course.mode
    course.rest_ts = ts
    if course.feed_pause > PULSE and ts - (course.feed_ts or 0) <= FLICKER:
        course.shakes = True
    course.short_bout = ts - course.run_ts <= BOUT and not course.run_igniter
    if course.mode is BURN_OUT:
        remember(habits.burn_outs, (ts - course.fading_ts) // 60)
        remember(habits.run_ons, (ts - course.fading_ts) // 60)
    elif course.mode is COMBUSTION and not course.short_bout:
        remember(habits.run_ons, 0)
        _end_burn(course, habits, ts)


def _unlearn_end(course: Course, habits: Habits) -> None:
    """A run that goes on after a flicker has not ended as `_end_run` took it."""
    if course.mode_before is BURN_OUT:
        habits.burn_outs.pop()
        habits.run_ons.pop()
    elif course.mode_before is COMBUSTION and not course.short_bout:
        habits.run_ons.pop()


# --- running


def _run(course: Course, habits: Habits, ts: int, water: float | None) -> Phase:
    if not course.running:
        _begin_run(course, habits, ts, water)
    _track(course)
    mode = course.mode
    if course.lighting:
        mode = _light(course, ts)
    elif mode is IGNITION:
        if _lit(course, habits, ts, water):
            mode = _begin_burn(course, ts)
    elif mode is COMBUSTION:
        if _fading(course, habits):
            mode = _begin_burn_out(course, habits, ts)
    elif _refed(course, habits):
        mode = _resume(course, ts, water)
    course.mode = mode
    if mode is COMBUSTION:
        course.fire_ts = ts
    if course.keeping:
        course.keeping = not course.run_igniter and ts - course.run_ts < BOUT
        if course.keeping:
            return FIRE_KEEPING
    return mode


def _begin_run(course: Course, habits: Habits, ts: int, water: float | None) -> None:
    course.running = True
    rest = ts - course.rest_ts
    if course.mode is not UNDEFINED and rest <= FLICKER and course.mode_before is not STOPPED:
        course.mode = course.mode_before
        _unlearn_end(course, habits)
        return
    course.keeping = course.short_bout and rest <= REST and not course.lighting
    course.run_ts = course.burn_ts = ts
    _reset_run(course, water)
    if not course.lighting and not _certain_start(course, ts, water):
        course.mode = COMBUSTION
        if course.low is not None and water is not None:
            course.low = min(course.low, water)  # the start was not seen: a cold flue stands near the water
        return
    course.mode = IGNITION
    if course.flue is not None:
        remember(habits.lows, course.flue)
        habits.off_flue = median(habits.lows)


def _certain_start(course: Course, ts: int, water: float | None) -> bool:
    """Soon after the first row ever seen, fan and feed may keep a fire or light one; what tells is a rest longer
    than those of fire-keeping, a flue that has cooled below the water, or a boiler that is cold all through."""
    if course.known_ts is None or ts - course.known_ts > REST:
        return True
    if course.flue is None or water is None:
        return False
    return (course.flue < water and ts > course.known_ts) or (course.flue <= water + LEAST_RISE and water < COLD)


def _reset_run(course: Course, water: float | None) -> None:
    course.run_igniter = course.fed = False
    course.igniter_off_ts = 0
    course.low = course.peak = course.flue
    course.start_water = water
    course.feed_minutes = course.feed_run = course.gap = course.gap_longest = course.gap_usual = 0
    course.feed_level = course.feed_floor = 0.0


def _track(course: Course) -> None:
    flue = course.flue
    if course.feed:
        course.fed = True
    if flue is None:
        return
    if course.peak is None or flue > course.peak:
        course.peak = flue
    if course.mode is IGNITION and (course.low is None or flue < course.low):
        course.low = flue


def _light(course: Course, ts: int) -> Phase:
    if not course.run_igniter or course.mode is not IGNITION:
        course.low = course.peak = course.flue
    course.run_igniter = True
    course.igniter_off_ts = ts + 60
    return IGNITION


def _lit(course: Course, habits: Habits, ts: int, water: float | None) -> bool:
    """Whether a start has become a fire: the flue has risen, or, where that cannot be seen, time has passed."""
    burning_for = ts - course.run_ts
    if course.flue is None or course.low is None:
        return course.run_igniter or burning_for >= BLIND_LIGHTING
    rise = course.flue - course.low
    if course.run_igniter:
        return rise >= IGNITER_RISE or ts - course.igniter_off_ts >= IGNITER_PATIENCE
    if rise >= needed_rise(habits) or (course.fed and burning_for >= LIGHTING_LIMIT):
        return True
    if water is not None and _warms(course.flue, course.low, water, habits):
        return True
    return habits.usual_rise is not None and course.flue - (habits.off_flue or 0) >= 0.7 * habits.usual_rise


def needed_rise(habits: Habits) -> float:
    """°C of flue above the lowest of the start that show a fire on this boiler."""
    if habits.usual_rise is None:
        return FIRST_RISE
    return min(max(RISE_SHARE * habits.usual_rise, LEAST_RISE), MOST_RISE)


def _warms(flue: float, low: float, water: float, habits: Habits) -> bool:
    """Whether a flue that started near the water, or below, has come to stand clearly above it."""
    risen = flue - low >= LEAST_RISE and low <= water + LEAST_RISE
    return risen and flue - water >= needed_excess(habits)


def needed_excess(habits: Habits) -> float:
    """°C of flue above the water that show a fire on this boiler."""
    if habits.usual_rise is None:
        return LEAST_EXCESS
    return min(max(EXCESS_SHARE * habits.usual_rise, LEAST_EXCESS), MOST_RISE)


def _begin_burn(course: Course, ts: int) -> Phase:
    course.burn_ts = ts
    course.feed_minutes = course.feed_run = course.gap = course.gap_longest = course.gap_usual = 0
    return COMBUSTION


def _fading(course: Course, habits: Habits) -> bool:
    """Whether a burn has ended: no feed for longer than this burn's own pauses, and a flue that falls."""
    if course.feed is None:
        return _flue_collapses(course)
    if _feeds(course, course.feed):
        _note_feed(course, course.feed)
        return False
    if not course.gap:
        course.gap_flue = course.flue_1
    course.gap += 1
    if _lost(course, course.gap_flue) >= FLUE_FALL:
        return True
    if not course.feed_minutes:  # an igniter's charge still burns, the steady feed has not begun
        return course.flue is None and course.gap > LONGEST_GAP
    over = course.gap - max(course.gap_usual, habits.feed_gap)
    if over > 0 and course.feed_run >= STEADY_FEED and not course.feed:
        return True
    if course.flue is None or course.flue_1 is None:
        return over > 0
    return over > STILL_FLUE or (over > 0 and course.flue < course.flue_1)


def _feeds(course: Course, feed: float) -> bool:
    """Whether this minute feeds. Much less than the burn's least, straight after a full minute, is the end of feeding;
    on a boiler that steps its feed down so, it was not, the last time."""
    least = 0.5 * course.feed_floor
    before = course.feed_before or 0
    if not feed:
        course.feed_steps = course.feed_steps and not 0 < before <= least
        return False
    return course.feed_steps or feed > least or before <= least


def _note_feed(course: Course, feed: float) -> None:
    course.feed_run += 1
    if course.gap:
        _end_gap(course)
        course.feed_run = 1
    course.feed_minutes += 1
    if course.feed_minutes == 1:
        course.feed_level = feed
    course.feed_level += 0.2 * (feed - course.feed_level)
    if course.feed_minutes >= 5:
        floor = course.feed_floor or feed
        course.feed_floor = feed if feed < floor else floor + 0.02 * (feed - floor)


def _end_gap(course: Course) -> None:
    """A pause that cost no heat was a pulse of the auger; one that did was a cleaning of the grate, or worse. Usual is
    the second longest: a pause seen once is no habit."""
    pause = course.feed_pause // 60 - 1
    longest = LONGEST_GAP if course.flue is not None else LONGEST_UNSEEN_GAP
    if course.feed_minutes and 0 < pause <= longest and _lost(course, course.gap_flue) < FLUE_FALL:
        course.gap_usual = max(course.gap_usual, min(pause, course.gap_longest))
        course.gap_longest = max(course.gap_longest, pause)
    course.feed_steps = course.feed_steps or (pause <= 0 and course.gap <= 2)
    course.gap = 0


def _lost(course: Course, since: float | None) -> float:
    """The share of this run's rise of flue that has gone since the flue was `since`."""
    if course.flue is None or course.peak is None or course.low is None or since is None:
        return 0.0
    low = course.low if course.start_water is None else min(course.low, course.start_water)
    return (since - course.flue) / max(course.peak - low, LEAST_RISE)


def _flue_collapses(course: Course) -> bool:
    falling = course.flue is not None and course.flue_1 is not None and course.flue < course.flue_1
    return falling and _lost(course, course.flue_3) >= FLUE_FALL


def _begin_burn_out(course: Course, habits: Habits, ts: int) -> Phase:
    _end_burn(course, habits, ts)
    course.fading_ts = ts
    return BURN_OUT


def _end_burn(course: Course, habits: Habits, ts: int) -> None:
    if ts - course.burn_ts < BOUT:
        return
    habits.feed_gap = course.gap_usual
    if course.peak is not None and course.low is not None:
        remember(habits.rises, course.peak - course.low)
        habits.usual_rise = median(habits.rises)


def _refed(course: Course, habits: Habits) -> bool:
    """Whether a fire in burn-out is fed again (a shake of the auger at its end is not), or its flue climbs again."""
    course.gap += 1
    if course.feed is not None:
        return course.feed > 0 and (_fed_twice(course) or _feeds_fire(course, habits, course.feed))
    if course.flue is None or course.flue_1 is None or course.flue_2 is None:
        return False
    return course.flue > course.flue_1 > course.flue_2


def _fed_twice(course: Course) -> bool:
    if not course.feed_before:
        return False
    course.shakes = False
    return True


def _feeds_fire(course: Course, habits: Habits, feed: float) -> bool:
    """Whether a first minute of feed in a burn-out is more than a shake."""
    if course.feed_pause <= PULSE:
        return feed >= SHAKE * course.feed_level
    if feed < 0.5 * course.feed_level:
        return False
    if not course.shakes or not habits.burn_outs or course.gap < NEARLY_OUT * median(habits.burn_outs):
        return True
    return _steadies(course) or _lost(course, course.gap_flue) < FLUE_FALL


def _steadies(course: Course) -> bool:
    """Whether the flue has stopped falling, or nearly: what was fed burns."""
    if course.flue is None or course.flue_1 is None or course.flue_2 is None:
        return False
    return course.flue_1 - course.flue <= STEADIES * (course.flue_2 - course.flue_1)


def _resume(course: Course, ts: int, water: float | None) -> Phase:
    _end_gap(course)
    if _lost(course, course.peak) < DEAD_LOSS:
        return COMBUSTION
    course.run_ts = ts
    _reset_run(course, water)
    return IGNITION
