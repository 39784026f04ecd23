"""The faults, decided early from the course of the boiler and its habits. A learned rule is silent until it has
seen enough; what is not fitted is not asked. Each opening says since when and by which values (BOILER.md, "Faults")."""

from __future__ import annotations

from flask_app.boiler.alerts import CAUSES, Book, Evidence, Kind
from flask_app.boiler.habits import BURN_OUTS_ENOUGH, KEPT, RESTS_ENOUGH, Habits, median, remember
from flask_app.boiler.phases import BURN_OUT, COMBUSTION, Course, Signals, needed_rise
from flask_app.boiler.rows import VALUES, Row

DYING_LOSS = 0.42  # of the flue's rise above its off level, gone while the feed holds (BOILER.md says half):
DYING_SLOPE = 0.5  # ... less is enough where the feed has risen, as a controller that blows on a weak fire makes it,
DYING_LEAST = 0.25  # down to this: healthy fires lost 0.10 at most at a feed that had not fallen, 0.26 at 0.8 of it
LOWER_FEED = 0.65  # of the share at which the flue stood high: less explains any fall,
LOWER_LOSS = 0.67  # ... and down to it the flue must stand below so much of what that feed would give
DYING_LOSS_UNMEASURED = 0.65  # ... where the auger is known as on or off alone, so that modulation looks alike
SAVED_LOSS = 0.2  # ... and back above this, the fire lives
DYING_RISE = 15.0  # °C: a smaller rise is too near the noise of a probe to be halved,
DYING_FALL = 5.0  # °C: ... and so is a smaller fall
FEED_HOLDS = 0.8  # of the share at which the flue stood high
FEEDING_MINUTES = 6  # in a row: after a cleaning of the grate the flue needs as long to turn
LIT_SECONDS = 600
HEIGHT_FADES = 0.02  # a minute: the flue's height and the feed at it follow a slow modulation

FIRE_RISE = 15.0  # °C: a usable sign of a fire, given 20 minutes (BOILER.md, five boilers)
LIGHTING_MINUTES = 20
LIGHTINGS_ENOUGH = 6
LIGHTINGS_OF_NEW = 24  # good starts whose median is the igniter's usual time
LIGHTING_BOUNDS = (15, 30)
ATTEMPT_MINUTES = 2  # an igniter on for less is noise, off for less is the same attempt
UNSEEN_ATTEMPTS = 3  # attempts in vain that tell a failure where no flue is measured
UNSEEN_FIRE_SECONDS = 900

JAM_MINUTES = 35
JAM_BOUNDS = (25, 60)
STALL_RATIO = 1.7  # a stalled gear motor draws well above its usual power
STALL_MINUTES = 2
NO_STALL_MINUTES = 25  # of a fire that burns well all the same
WATTS_ENOUGH = 120  # minutes of feeding before the usual power is known

DRY_BOUTS = 2  # of fire-keeping in a row with a still auger,
FED_BOUTS_ENOUGH = 12  # after so many with feed: some boilers only blow now and then

RESPONSE_SECONDS = 600  # after a bout's start the flue of a kept fire has risen
LEAST_RESPONSE = 1.0  # °C
GOOD_BOUTS = 3  # in a row before a bout without response tells anything: after a burn the flue falls for a while
STEADY_BOUTS = 48  # in a row, a day of them, before their absence does
LATE_BOUT = 2, 5  # times the longest of the newest rests between bouts, and minutes

CUT_MINUTES = 3  # with no motor at all: shorter is a clamp's noise
CUT_SECONDS = 60  # the minute in which the power went may look like the first of a burn-out
NO_RUN_ON = 2  # minutes
RUN_ONS_ENOUGH = 4
RUN_ONS_LEAST = 2  # that were without exception
HOT_SHARE = 0.4  # of the usual rise above the off level: a hot flue
REST_MARGIN = 1.0  # °C below the coldest rest

WATER_MISSING, VALUE_MISSING, ROW_MISSING = 5, 10, 3  # minutes
FITTED_MINUTES = 10  # a value seen this often is fitted ...
FITTED_LIMIT = 3 * 1440  # minutes: ... until it has been away this long


class Watch:
    """What the faults remember between two minutes of the boiler itself."""

    __slots__ = (
        "attempt_from_ts",
        "attempt_ts",
        "attempts",
        "bout_fed",
        "bout_flue",
        "bout_peak",
        "bout_ts",
        "bouts",
        "dead_minutes",
        "dry_bouts",
        "fed_bouts",
        "feed",
        "feeding",
        "good_bouts",
        "height",
        "height_feed",
        "height_run_ts",
        "height_ts",
        "igniter_minutes",
        "igniter_rest",
        "lit_ts",
        "lost",
        "low",
        "rest_coldest",
        "stalled",
        "was_hot",
        "was_running",
        "weak_bouts",
    )

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.height: float | None = None  # °C: where the flue stands when this fire burns well
        self.height_feed = 0.0  # the auger's share at it
        self.height_run_ts = 0  # of the run in which it was reached
        self.height_ts = 0  # when it was last reached
        self.feed = 0.0  # the auger's recent share
        self.feeding = 0  # minutes of feeding in a row, ordinary pauses included
        self.lost = 0.0  # share of the flue's rise gone
        self.dry_bouts = self.fed_bouts = 0  # of fire-keeping in a row: still without feed, with feed
        self.bouts = 0  # of fire-keeping in a row
        self.bout_ts = 0  # when the last one began,
        self.bout_flue: float | None = None  # °C of the flue before it,
        self.bout_peak: float | None = None  # the highest since it ended,
        self.bout_fed = False  # and whether the auger turned
        self.good_bouts = self.weak_bouts = 0  # in a row: the flue rose, it did not
        self.attempts = 0  # of the igniter since the last fire
        self.attempt_ts: int | None = None  # when the first of them began
        self.attempt_from_ts = 0  # when the present one began
        self.igniter_minutes = self.igniter_rest = 0  # on in the present attempt; off since
        self.lit_ts = 0  # when the last of them gave a fire, or its igniter still glowed after it
        self.low: float | None = None  # lowest flue since `attempt_ts`
        self.stalled = 0
        self.dead_minutes = 0  # without any motor, since a run
        self.was_hot = False  # the last running minute was of a burning fire with a hot flue
        self.was_running = False
        self.rest_coldest: float | None = None


def judge(watch: Watch, habits: Habits, course: Course, book: Book, signals: Signals) -> None:
    """Opens and closes in `book` the faults of a minute that `course` has followed."""
    ts = signals.ts
    if course.lighting or watch.attempt_ts is not None:
        _judge_ignition(watch, habits, course, book, ts)
    if course.keeping:
        _judge_response(watch, habits, course, book, ts)
    else:
        watch.bouts = watch.good_bouts = 0
    if not course.running:
        _judge_rest(watch, habits, course, book, signals)
        return
    if not watch.was_running:
        _begin_run(watch, habits, book, ts)
    _judge_stall(watch, habits, course, book, signals)
    if course.keeping:
        _judge_bout(watch, course, book, ts)
    if course.mode is COMBUSTION:
        _judge_fire(watch, habits, course, book, signals)
        watch.was_hot = _hot(habits, course)
        return
    watch.height, watch.feeding, watch.lost = None, 0, 0.0
    if course.mode is not BURN_OUT or ts - course.fading_ts > CUT_SECONDS:
        watch.was_hot = False
    _judge_silent_auger(habits, course, book, ts)


# --- fire_dying


def _judge_fire(watch: Watch, habits: Habits, course: Course, book: Book, signals: Signals) -> None:
    ts, water = signals.ts, signals.water
    if course.feed is None:
        return
    watch.feeding = 0 if watch.stalled else watch.feeding + 1  # an ordinary pause counts: combustion goes on
    watch.feed = course.feed if watch.height is None else watch.feed + 0.2 * (course.feed - watch.feed)
    lit = ts - course.burn_ts >= LIT_SECONDS
    if course.flue is not None and course.low is not None and habits.off_flue is not None:
        # The lowest flue of a start from embers is no off level; a cold flue stands near the water, or below.
        off = min(course.low, habits.off_flue)
        off = off if water is None else min(off, water)
        watch.lost = _loss(watch, course, ts, course.flue, off)
        if lit and Kind.JAM not in book.opened and _dying(watch, course):
            book.open(Kind.FIRE_DYING, ts, _dying_evidence(watch, course, water))
        lit = lit and watch.lost < SAVED_LOSS and course.flue - off >= needed_rise(habits)
    if lit and watch.stalled >= NO_STALL_MINUTES:
        watch.stalled = habits.feed_watts_minutes = 0  # what feeds a fire is no stall: the motor, or its clamp, is new
    if lit and book.opened and watch.feeding >= FEEDING_MINUTES:
        book.close(Kind.FIRE_DYING, ts)
        book.close(Kind.JAM, ts)


def _loss(watch: Watch, course: Course, ts: int, flue: float, off: float) -> float:
    """The share of the flue's rise above its off level that is gone from where it stood at this feed."""
    if watch.height is None and watch.height_run_ts == course.run_ts:
        # A step down of the feed may look like a moment's burn-out: the flue still stands where the former feed put it.
        watch.height, watch.height_ts = flue, ts
        watch.height_feed = max(watch.feed, watch.height_feed)
        return 0.0
    watch.height_run_ts = course.run_ts
    if watch.height is None or flue >= watch.height:
        watch.height, watch.height_feed, watch.height_ts = flue, watch.feed, ts
        return 0.0
    watch.height -= HEIGHT_FADES * (watch.height - flue)
    watch.height_feed += HEIGHT_FADES * (watch.feed - watch.height_feed)
    return (watch.height - flue) / max(watch.height - off, DYING_RISE)


def _dying(watch: Watch, course: Course) -> bool:
    if watch.lost < DYING_LEAST or watch.feeding < FEEDING_MINUTES or watch.height is None:
        return False
    if course.flue is None or course.flue_2 is None or course.flue > course.flue_2:
        return False
    if watch.height_feed >= 0.99:  # true or false alone reads 1, not a share of the minute
        return watch.lost >= DYING_LOSS_UNMEASURED and watch.feed >= FEED_HOLDS
    ratio = watch.feed / watch.height_feed if watch.height_feed else 1.0
    return watch.lost >= _dying_loss(ratio) and watch.height - course.flue >= DYING_FALL


def _dying_loss(ratio: float) -> float:
    """The share of the rise whose loss tells a dying fire, at a feed of `ratio` times that of the flue's height."""
    if ratio < LOWER_FEED:
        return 1.1
    if ratio < FEED_HOLDS:
        return 1 - LOWER_LOSS * ratio
    return max(DYING_LEAST, DYING_LOSS - DYING_SLOPE * (ratio - FEED_HOLDS))


def _dying_evidence(watch: Watch, course: Course, water: float | None) -> Evidence:
    return {
        "since_ts": watch.height_ts,  # the flue falls since then
        "flue_before": watch.height,
        "flue": course.flue,
        "water": water,
        "burning_since_ts": course.burn_ts,
    }


# --- ignition_failed


def _judge_ignition(watch: Watch, habits: Habits, course: Course, book: Book, ts: int) -> None:
    _count_attempts(watch, course, ts)
    if watch.attempt_ts is None:
        return
    if course.flue is None:
        failed = watch.attempts >= UNSEEN_ATTEMPTS
        lit = course.mode is COMBUSTION and ts - course.burn_ts >= UNSEEN_FIRE_SECONDS
    else:
        watch.low = course.flue if watch.low is None else min(watch.low, course.flue)
        lit = course.flue - watch.low >= min(FIRE_RISE, needed_rise(habits))
        failed = watch.attempts > 1 or ts - watch.attempt_from_ts >= _lighting_limit(habits) * 60
    if lit:
        _end_attempts(watch, habits, course, book, ts)
    elif failed and watch.igniter_minutes >= ATTEMPT_MINUTES:
        _open_ignition(watch, course, book, ts)


def _count_attempts(watch: Watch, course: Course, ts: int) -> None:
    if not course.lighting:
        watch.igniter_rest += 1
        if watch.igniter_rest == ATTEMPT_MINUTES and watch.igniter_minutes < ATTEMPT_MINUTES:
            watch.attempts -= 1  # noise
            watch.attempt_ts = watch.attempt_ts if watch.attempts else None
        return
    if watch.attempt_ts is None:
        if ts - watch.lit_ts <= ATTEMPT_MINUTES * 60:
            watch.lit_ts = ts  # the igniter of a fire that burns already glows on
            return
        watch.attempt_ts, watch.attempts, watch.low = ts, 0, course.flue
    if watch.attempts == 0 or watch.igniter_rest >= ATTEMPT_MINUTES:
        watch.attempts += 1
        watch.igniter_minutes, watch.attempt_from_ts = 0, ts
    watch.igniter_minutes += 1
    watch.igniter_rest = 0


def _lighting_limit(habits: Habits) -> int:
    """Minutes within which a good ignition of this boiler shows in the flue."""
    if len(habits.lightings) < LIGHTINGS_ENOUGH:
        return LIGHTING_MINUTES
    least, most = LIGHTING_BOUNDS
    return min(max(round(1.5 * max(habits.lightings)), least), most)


def _end_attempts(watch: Watch, habits: Habits, course: Course, book: Book, ts: int) -> None:
    if watch.attempts == 1 and course.flue is not None:
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
    limit = JAM_MINUTES
    if len(habits.burn_outs) >= BURN_OUTS_ENOUGH:
        limit = min(max(round(1.5 * max(habits.burn_outs)), JAM_BOUNDS[0]), JAM_BOUNDS[1])
    if ts - course.feed_ts >= limit * 60:
        book.open(Kind.JAM, ts, {"last_feed_ts": course.feed_ts, "usual_minutes": limit, "flue": course.flue})


def _judge_bout(watch: Watch, course: Course, book: Book, ts: int) -> None:
    """A kept fire is fed at each bout: fans alone, bout after bout, are a still auger."""
    if ts == course.run_ts and course.feed_ts is not None:
        watch.dry_bouts += 1  # until the auger turns
    if not course.feed:
        if watch.dry_bouts >= DRY_BOUTS and ts > course.run_ts and watch.fed_bouts >= FED_BOUTS_ENOUGH:
            book.open(Kind.JAM, ts, {"last_feed_ts": course.feed_ts, "flue": course.flue})
    elif watch.dry_bouts:
        watch.fed_bouts = watch.fed_bouts + 1 if watch.dry_bouts == 1 else 1
        watch.dry_bouts = 0
        if watch.fed_bouts >= DRY_BOUTS and not watch.stalled:
            book.close(Kind.JAM, ts)


# --- a kept fire


def _judge_response(watch: Watch, habits: Habits, course: Course, book: Book, ts: int) -> None:
    """A fed bout warms the flue within minutes, rest or not: where it stops doing so the fuel no longer comes."""
    if course.running and ts == course.run_ts:
        watch.bouts += 1
        if watch.bouts > 1:
            remember(habits.bout_rests, (ts - course.rest_ts) // 60)
        watch.bout_ts, watch.bout_fed, watch.bout_flue, watch.bout_peak = ts, False, course.flue_1, None
    if not watch.bouts or ts - watch.bout_ts > RESPONSE_SECONDS:
        return
    watch.bout_fed = watch.bout_fed or bool(course.feed)
    if not course.running and course.flue is not None:
        watch.bout_peak = course.flue if watch.bout_peak is None else max(watch.bout_peak, course.flue)
    if ts - watch.bout_ts == RESPONSE_SECONDS and watch.bout_fed:
        _end_response(watch, habits, course, book, ts)


def _end_response(watch: Watch, habits: Habits, course: Course, book: Book, ts: int) -> None:
    if watch.bout_peak is None or watch.bout_flue is None:
        return
    response, known = watch.bout_peak - watch.bout_flue, len(habits.responses) == KEPT
    usual = median(habits.responses) if known else 0.0
    if response > 0:
        watch.good_bouts, watch.weak_bouts = watch.good_bouts + 1, 0
        if Kind.FIRE_DYING not in book.opened:
            remember(habits.responses, response)
        elif response >= usual / 2:
            book.close(Kind.FIRE_DYING, ts)
        return
    watch.weak_bouts += 1
    # Its opposite tells at once, less of it needs a second bout: one may bring damp chips.
    lost = usual >= LEAST_RESPONSE and (response <= -usual or watch.weak_bouts >= DRY_BOUTS)
    if lost and watch.good_bouts >= GOOD_BOUTS and not any(kind in book.opened for kind in CAUSES):
        since_ts = watch.bout_ts
        book.open(Kind.FIRE_DYING, ts, {"since_ts": since_ts, "flue_before": watch.bout_flue, "flue": course.flue})


def _bout_is_late(watch: Watch, habits: Habits, course: Course, ts: int) -> bool:
    """Whether the next bout of a day of regular ones does not come."""
    if not course.keeping or watch.bouts < STEADY_BOUTS:
        return False
    times, minutes = LATE_BOUT
    return ts - course.rest_ts >= (times * max(habits.bout_rests) + minutes) * 60


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


def _hot(habits: Habits, course: Course) -> bool:
    if course.flue is None or habits.usual_rise is None or habits.off_flue is None:
        return False
    return course.flue >= habits.off_flue + HOT_SHARE * habits.usual_rise


def _judge_rest(watch: Watch, habits: Habits, course: Course, book: Book, signals: Signals) -> None:
    if watch.was_running:
        watch.dead_minutes += 1
        if watch.dead_minutes >= CUT_MINUTES:
            watch.was_running = False
            if watch.was_hot and _has_run_ons(habits):
                book.open(Kind.POWER_CUT, signals.ts, {"since_ts": course.rest_ts, "flue": course.flue})
    if _bout_is_late(watch, habits, course, signals.ts) and not any(kind in book.opened for kind in CAUSES):
        book.open(Kind.POWER_CUT, signals.ts, {"since_ts": course.rest_ts, "flue": course.flue})
    water = signals.water
    if water is None:
        return
    watch.rest_coldest = water if watch.rest_coldest is None else min(watch.rest_coldest, water)
    if habits.rests < RESTS_ENOUGH or habits.coldest_rest is None or water > signals.setpoint:
        return
    if course.short_bout:  # a kept fire: its rests tell nothing of a cut
        return
    if water < habits.coldest_rest - REST_MARGIN and not any(kind in book.opened for kind in CAUSES):
        evidence: Evidence = {"water": water, "coldest_before": habits.coldest_rest, "since_ts": course.rest_ts}
        book.open(Kind.POWER_CUT, signals.ts, evidence)


def _has_run_ons(habits: Habits) -> bool:
    """Whether this boiler's fans run on after a burn; the newest burn, which did not, is the one in question."""
    before = habits.run_ons[:-1]
    without = sum(minutes <= NO_RUN_ON for minutes in before)
    return without <= 1 if len(before) >= RUN_ONS_ENOUGH else len(before) >= RUN_ONS_LEAST and not without


# --- blind


class Fitted:
    """Which of the eight values an installation has, and for how long each has been missing."""

    __slots__ = ("calm", "missing", "pattern", "seen", "silent")

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.seen = [0] * len(VALUES)  # minutes with a value, up to FITTED_MINUTES
        self.missing = [0] * len(VALUES)  # minutes in a row without
        self.silent = 0  # minutes in a row without any value
        self.pattern: list[bool] = []  # which were missing in the last minute
        self.calm = False  # a minute of the same pattern has nothing to tell


def judge_fitted(fitted: Fitted, book: Book, minute: Row) -> None:
    """Opens `blind` when a fitted value, or every value, is missing for minutes; closes it when all are back."""
    pattern = [value is None for value in minute[1 : 1 + len(VALUES)]]
    if fitted.calm and pattern == fitted.pattern:
        return
    fitted.pattern = pattern
    for index, missing in enumerate(pattern):
        if missing:
            fitted.missing[index] += 1
        else:
            fitted.missing[index] = 0
            fitted.seen[index] = min(fitted.seen[index] + 1, FITTED_MINUTES)
    fitted.silent = fitted.silent + 1 if all(pattern) else 0
    _judge_missing(fitted, book, minute.ts)
    fitted.calm = not fitted.silent and all(
        fitted.seen[index] == (0 if missing else FITTED_MINUTES) for index, missing in enumerate(pattern)
    )


def _judge_missing(fitted: Fitted, book: Book, ts: int) -> None:
    known = any(minutes == FITTED_MINUTES for minutes in fitted.seen)
    if fitted.silent >= ROW_MISSING and known:
        book.open(Kind.BLIND, ts, {"missing": "row", "since_ts": ts - 60 * (fitted.silent - 1)})
    worst = None
    for index, minutes in enumerate(fitted.missing):
        if minutes and fitted.seen[index] == FITTED_MINUTES:
            if minutes > FITTED_LIMIT:
                fitted.seen[index] = 0
                continue
            limit = WATER_MISSING if index == 0 else VALUE_MISSING
            if minutes >= limit and worst is None:
                worst = index
    if worst is not None:
        since_ts = ts - 60 * (fitted.missing[worst] - 1)
        book.open(Kind.BLIND, ts, {"missing": VALUES[worst], "since_ts": since_ts})
    elif fitted.silent == 0 and Kind.BLIND in book.opened:
        book.close(Kind.BLIND, ts)
