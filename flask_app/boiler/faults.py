"""The faults, decided early from the course of the boiler and its habits. A learned rule is silent until it has
seen enough; what is not fitted is not asked. Each opening says since when and by which values (BOILER.md, "Faults")."""

from __future__ import annotations

from flask_app.boiler.alerts import CAUSES, Book, Evidence, Kind, gravity
from flask_app.boiler.dying import LIT_SECONDS, TURNS_ENOUGH, judge_fire
from flask_app.boiler.fault_memory import Watch
from flask_app.boiler.habits import BURN_OUTS_ENOUGH, RESTS_ENOUGH, Habits, remember
from flask_app.boiler.kept_fire import bout_is_late, judge_kept
from flask_app.boiler.phases import BURN_OUT, COMBUSTION, Course, Signals, needed_rise
from flask_app.boiler.rows import VALUES, Row

FIRE_RISE = 15.0  # °C: a usable sign of a fire, given 20 minutes (BOILER.md, five boilers)
FIRE_SHARE = 0.1  # ... of the usual rise, if that is more
LIGHTING_MINUTES = 20
LIGHTINGS_ENOUGH = 6
LIGHTINGS_OF_NEW = 24  # good starts whose median is the igniter's usual time
LIGHTING_BOUNDS = (15, 30)
ATTEMPT_REST = 60  # minutes after which an attempt is someone's new start
ATTEMPT_MINUTES = 2  # an igniter on for less is noise, off for less is the same attempt
UNSEEN_ATTEMPTS = 3  # attempts in vain that tell a failure where no flue is measured
UNSEEN_FIRE_SECONDS = 900

JAM_MINUTES = 35
JAM_BOUNDS = (25, 60)
STALL_RATIO = 1.7  # a stalled gear motor draws well above its usual power
STALL_MINUTES = 2
WATTS_ENOUGH = 120  # minutes of feeding before the usual power is known

CUT_MINUTES = 3  # with no motor at all: shorter is a clamp's noise
CUT_SECONDS = 60  # the minute in which the power went may look like the first of a burn-out
NO_RUN_ON = 2  # minutes
RUN_ONS_ENOUGH = 4
RUN_ONS_LEAST = 2  # that were without exception
REST_MARGIN = 1.0  # °C below the coldest rest, and no less than that lies below the usual one
REST_SHARE = 0.1

WATER_MISSING, VALUE_MISSING, ROW_MISSING = 5, 10, 3  # minutes
FITTED_MINUTES = 10  # a value seen this often is fitted ...
FITTED_LIMIT = 3 * 1440  # minutes: ... until it has been away this long; the water is never done without
WATER = 0  # its place among the values


def judge(watch: Watch, habits: Habits, course: Course, book: Book, signals: Signals) -> None:
    """Opens and closes in `book` the faults of a minute that `course` has followed."""
    ts = signals.ts
    watch.unseen, watch.seen_ts = max(0, (ts - watch.seen_ts) // 60 - 1) if watch.seen_ts else 0, ts
    if course.lighting or watch.attempt_ts is not None:
        _judge_ignition(watch, habits, course, book, ts)
    if course.running:
        if not watch.was_running:
            _begin_run(watch, habits, book, ts)
        _judge_stall(watch, habits, course, book, signals)
    if course.keeping:
        judge_kept(watch, habits, course, book, ts)
    else:
        watch.bouts = watch.good_bouts = 0
    if course.running:
        _judge_run(watch, habits, course, book, signals)
    else:
        _judge_rest(watch, habits, course, book, signals)


def _judge_run(watch: Watch, habits: Habits, course: Course, book: Book, signals: Signals) -> None:
    ts = signals.ts
    if course.mode is COMBUSTION:
        judge_fire(watch, habits, course, book, signals)
        watch.was_hot = ts - course.run_ts >= LIT_SECONDS and _hot(habits, course)
        return
    watch.height, watch.feeding, watch.lost, watch.safe = None, 0, 0.0, 0
    if course.mode is not BURN_OUT or ts - course.fading_ts > CUT_SECONDS:
        watch.was_hot = False
    _judge_silent_auger(habits, course, book, ts)


# --- ignition_failed


def _judge_ignition(watch: Watch, habits: Habits, course: Course, book: Book, ts: int) -> None:
    _count_attempts(watch, course, ts)
    if watch.attempt_ts is None:
        return
    if course.flue is None:
        failed = watch.attempts >= UNSEEN_ATTEMPTS or _glows_in_vain(watch, habits)
        lit = course.mode is COMBUSTION and ts - course.burn_ts >= UNSEEN_FIRE_SECONDS
    else:
        watch.low = course.flue if watch.low is None else min(watch.low, course.flue)
        lit = course.flue - watch.low >= _fire_rise(habits)
        failed = watch.attempts > 1 or ts - watch.attempt_from_ts >= _lighting_limit(habits) * 60
    if lit:
        _end_attempts(watch, habits, course, book, ts)
    elif failed and watch.igniter_minutes >= ATTEMPT_MINUTES:
        _open_ignition(watch, course, book, ts)


def _fire_rise(habits: Habits) -> float:
    """°C of flue above its lowest that show a fire: more where the probe sits in the chamber."""
    return max(min(FIRE_RISE, needed_rise(habits)), FIRE_SHARE * (habits.usual_rise or 0.0))


def _count_attempts(watch: Watch, course: Course, ts: int) -> None:
    if not course.lighting:
        watch.igniter_rest += 1
        if watch.igniter_rest == ATTEMPT_MINUTES and watch.igniter_minutes < ATTEMPT_MINUTES:
            watch.attempts -= 1  # noise
            watch.attempt_ts = watch.attempt_ts if watch.attempts else None
        return
    if watch.attempt_ts is None or watch.igniter_rest > ATTEMPT_REST:
        if ts - watch.lit_ts <= ATTEMPT_MINUTES * 60:
            watch.lit_ts = ts  # the igniter of a fire that burns already glows on
            return
        watch.attempt_ts, watch.attempts, watch.low, watch.igniter_rest = ts, 0, course.flue, 0
    if watch.attempts == 0 or watch.igniter_rest >= ATTEMPT_MINUTES:
        watch.attempts += 1
        watch.igniter_minutes, watch.attempt_from_ts = 0, ts
    watch.igniter_minutes += 1
    watch.igniter_rest = 0


def _glows_in_vain(watch: Watch, habits: Habits) -> bool:
    """Whether, no flue being measured, an igniter lit again glows far longer than any good start took."""
    if watch.attempts < 2 or len(habits.lightings) < LIGHTINGS_ENOUGH:
        return False
    return watch.igniter_minutes > 1.25 * max(habits.lightings) + 2


def _lighting_limit(habits: Habits) -> int:
    """Minutes within which a good ignition of this boiler shows in the flue."""
    if len(habits.lightings) < LIGHTINGS_ENOUGH:
        return LIGHTING_MINUTES
    least, most = LIGHTING_BOUNDS
    return min(max(round(1.5 * max(habits.lightings)), least), most)


def _end_attempts(watch: Watch, habits: Habits, course: Course, book: Book, ts: int) -> None:
    if watch.attempts == 1 and course.flue is None:
        remember(habits.lightings, watch.igniter_minutes)
    elif watch.attempts == 1:
        minutes = (ts - watch.attempt_from_ts) // 60
        remember(habits.lightings, minutes)
        habits.lit += 1
        if len(habits.first_lightings) < LIGHTINGS_OF_NEW:
            habits.first_lightings.append(minutes)
    watch.attempt_ts, watch.attempts, watch.low = None, 0, None
    watch.lit_ts = ts
    book.close(Kind.IGNITION_FAILED, ts)


def _open_ignition(watch: Watch, course: Course, book: Book, ts: int) -> None:
    if Kind.FIRE_DYING in book.opened or Kind.JAM in book.opened:
        return  # the reason is told already
    evidence: Evidence = {"since_ts": watch.attempt_ts, "attempts": watch.attempts, "flue": course.flue}
    started_ts = watch.attempt_ts or ts
    if course.feed_ts is not None and course.feed_ts < started_ts:
        book.open(Kind.JAM, ts, {**evidence, "last_feed_ts": course.feed_ts})
    else:
        book.open(Kind.IGNITION_FAILED, ts, evidence)


# --- jam


def _judge_stall(watch: Watch, habits: Habits, course: Course, book: Book, signals: Signals) -> None:
    watts = signals.feed_watts
    if watts is None or not course.feed:
        return
    usual = habits.feed_watts
    if usual is None or habits.feed_watts_minutes < WATTS_ENOUGH or watts < STALL_RATIO * usual:
        watch.stalled = 0
        habits.feed_watts_minutes += 1
        habits.feed_watts = watts if usual is None else usual + (watts - usual) / min(habits.feed_watts_minutes, 500)
        return
    watch.stalled += 1
    if watch.stalled >= STALL_MINUTES:
        book.open(Kind.JAM, signals.ts, {"watts": watts, "usual_watts": usual, "last_feed_ts": course.feed_ts})


def _judge_silent_auger(habits: Habits, course: Course, book: Book, ts: int) -> None:
    if course.mode is not BURN_OUT or course.feed_ts is None or Kind.IGNITION_FAILED in book.opened:
        return
    if course.fed and not _burned(habits, course):
        return  # fed, and never lit: an igniter that is not measured has failed
    limit = JAM_MINUTES
    if len(habits.burn_outs) >= BURN_OUTS_ENOUGH:
        limit = min(max(round(1.5 * max(habits.burn_outs)), JAM_BOUNDS[0]), JAM_BOUNDS[1])
    if ts - course.feed_ts >= limit * 60:
        book.open(Kind.JAM, ts, {"last_feed_ts": course.feed_ts, "usual_minutes": limit, "flue": course.flue})


def _burned(habits: Habits, course: Course) -> bool:
    """Whether the flue has shown a fire in this run; unseen, it is believed."""
    if course.peak is None or course.low is None:
        return True
    low = course.low if habits.off_flue is None else min(course.low, habits.off_flue)
    return course.peak - low >= _fire_rise(habits)


# --- power_cut


def _begin_run(watch: Watch, habits: Habits, book: Book, ts: int) -> None:
    watch.was_running = True
    watch.dead_minutes = 0
    coldest = watch.rest_coldest
    watch.rest_coldest = None
    if coldest is not None and not any(kind in book.opened for kind in CAUSES):
        _learn_rest(habits, coldest)
    elif Kind.POWER_CUT in book.opened and habits.coldest_rest is not None:
        habits.coldest_rest -= REST_MARGIN  # if this is a new habit and no cut, it is learned step by step
    book.close(Kind.POWER_CUT, ts)


def _learn_rest(habits: Habits, coldest: float) -> None:
    habits.rests += 1
    before = coldest if habits.coldest_rest is None else habits.coldest_rest
    habits.coldest_rest = min(coldest, before + 0.02)  # forgets a season in a season
    usual = coldest if habits.usual_rest is None else habits.usual_rest
    habits.usual_rest = usual + REST_SHARE * (coldest - usual)


def _hot(habits: Habits, course: Course) -> bool:
    if course.flue is None:
        return course.feed is not None and course.rest_ts < course.burn_ts
    if habits.usual_rise is None or habits.off_flue is None:
        return False
    return course.flue >= habits.off_flue + _fire_rise(habits)


def _judge_rest(watch: Watch, habits: Habits, course: Course, book: Book, signals: Signals) -> None:
    if watch.was_running:
        watch.dead_minutes += 1
        if watch.dead_minutes >= CUT_MINUTES:
            watch.was_running = False
            if watch.was_hot and _has_run_ons(habits):
                book.open(Kind.POWER_CUT, signals.ts, {"since_ts": course.rest_ts, "flue": course.flue})
    if bout_is_late(watch, habits, course) and not any(kind in book.opened for kind in CAUSES):
        book.open(Kind.POWER_CUT, signals.ts, {"since_ts": course.rest_ts, "flue": course.flue})
    water = signals.water
    if water is None:
        return
    watch.rest_coldest = water if watch.rest_coldest is None else min(watch.rest_coldest, water)
    if habits.rests < RESTS_ENOUGH or habits.coldest_rest is None or water > signals.setpoint:
        return
    if course.short_bout:  # a kept fire: its rests tell nothing of a cut
        return
    # A boiler that another sensor starts, a buffer's or a room's, waits at any water: the more so, the less it tells.
    margin = max(REST_MARGIN, (habits.usual_rest or water) - habits.coldest_rest)
    if water < habits.coldest_rest - margin and not any(kind in book.opened for kind in CAUSES):
        evidence: Evidence = {"water": water, "coldest_before": habits.coldest_rest, "since_ts": course.rest_ts}
        book.open(Kind.POWER_CUT, signals.ts, evidence)


def _has_run_ons(habits: Habits) -> bool:
    """Whether this boiler's fans run on after a burn; the newest burn, which did not, is the one in question."""
    before = habits.run_ons[:-1]
    without = sum(minutes <= NO_RUN_ON for minutes in before)
    if len(before) >= RUN_ONS_ENOUGH:
        return without <= 1
    # Long fires end seldom; fans that went on through their pauses of the feed say the same.
    return not without and len(before) >= (1 if len(habits.turns) >= TURNS_ENOUGH else RUN_ONS_LEAST)


# --- blind


class Fitted:
    """Which of the eight values an installation has, and for how long each has been missing."""

    __slots__ = ("calm", "missing", "pattern", "seen", "silent", "since", "told")

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.seen = [0] * len(VALUES)  # minutes with a value, up to FITTED_MINUTES
        self.missing = [0] * len(VALUES)  # minutes in a row without, though readings came
        self.since = [0] * len(VALUES)  # the first of them
        self.silent = 0  # minutes in a row without any reading
        self.told = ""  # what the open `blind` says is missing
        self.pattern: list[bool] = []  # which were missing in the last minute
        self.calm = False  # a minute of the same pattern has nothing to tell


def judge_fitted(fitted: Fitted, book: Book, minute: Row) -> None:
    """Opens `blind` when a fitted value, or every reading, is missing for minutes; anew when something graver is, or
    the gravest is back; closes it when all are back."""
    pattern = [value is None for value in minute[1 : 1 + len(VALUES)]]
    if fitted.calm and pattern == fitted.pattern:
        return
    fitted.pattern = pattern
    if all(pattern) and not minute.samples:
        fitted.silent += 1
    else:
        fitted.silent = 0
        for index, missing in enumerate(pattern):
            _count(fitted, index, missing, minute.ts)
    _judge_missing(fitted, book, minute.ts)
    fitted.calm = not fitted.silent and all(
        fitted.seen[index] == (0 if missing else FITTED_MINUTES) for index, missing in enumerate(pattern)
    )


def forget_silence(fitted: Fitted) -> Fitted:
    """After a long silence what is fitted is found anew, but for the water: that must be there."""
    fresh = Fitted()
    fresh.seen[WATER] = fitted.seen[WATER]
    return fresh


def _count(fitted: Fitted, index: int, missing: bool, ts: int) -> None:
    if not missing:
        fitted.missing[index] = 0
        fitted.seen[index] = min(fitted.seen[index] + 1, FITTED_MINUTES)
        return
    if not fitted.missing[index]:
        fitted.since[index] = ts
    fitted.missing[index] += 1
    if fitted.missing[index] > FITTED_LIMIT and index != WATER:
        fitted.seen[index] = 0


def _judge_missing(fitted: Fitted, book: Book, ts: int) -> None:
    worst = _worst(fitted, ts)
    if worst is None:
        if not fitted.silent:
            book.close(Kind.BLIND, ts)
        return
    missing, since_ts = worst
    if Kind.BLIND in book.opened and gravity(missing) != gravity(fitted.told):
        book.close(Kind.BLIND, ts)
    if Kind.BLIND not in book.opened:
        fitted.told = missing
        book.open(Kind.BLIND, ts, {"missing": missing, "since_ts": since_ts})


def _worst(fitted: Fitted, ts: int) -> tuple[str, int] | None:
    """What is missing that should be told, and since when."""
    if fitted.silent >= ROW_MISSING and FITTED_MINUTES in fitted.seen:
        return "row", ts - 60 * (fitted.silent - 1)
    for index, minutes in enumerate(fitted.missing):
        limit = WATER_MISSING if index == WATER else VALUE_MISSING
        if minutes >= limit and fitted.seen[index] == FITTED_MINUTES:
            return VALUES[index], fitted.since[index]
    return None
