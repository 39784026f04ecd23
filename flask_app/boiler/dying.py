"""A fire that dies while it is fed: its flue against the height it had at this feed, and against the lowest that this
boiler's flue has ever stood at such a feed."""

from __future__ import annotations

from flask_app.boiler.alerts import CAUSES, Book, Evidence, Kind
from flask_app.boiler.fault_memory import Watch
from flask_app.boiler.habits import FEEDS, Habits, remember
from flask_app.boiler.phases import Course, Signals, needed_rise

LIT_SECONDS = 600
FEEDING_MINUTES = 6  # in a row: after a cleaning of the grate the flue needs as long to turn

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
HEIGHT_FADES = 0.02  # a minute: the flue's height and the feed at it follow a slow modulation
SHARES_ENOUGH = 10  # minutes in which the auger ran for a part: its share is measured

NO_STALL_MINUTES = 25  # of a fire that burns well all the same

AHEAD = 5.0  # minutes for which the flue's slope of the last three is followed
FLOOR_STEP = 60  # minutes of burning whose lowest are learned together,
FLOOR_ENOUGH = 10  # ... and how many times at a feed before it tells anything,
FLOOR_FADES = 0.02  # ... and the share of the way up that each higher one takes it
FLOOR_MARGIN, FLOOR_SHARE = 1.0, 0.05  # °C, and share of the usual rise, below the lowest ever
FLOOR_NOISE = 2.0  # times the probe's own unrest, if that is more
UNDER_MINUTES = 2

BRIEF_PAUSE = 180  # s without feed, as between two pulses of a low one: the flue need not turn after it
LONG_PAUSE = 300  # s without feed, as a cleaning of the grate takes, after which the time to turn is learned
TURN, TURN_SHARE = 1.0, 0.03  # °C, and share of the usual rise, above its lowest: it has turned
TURN_FALL, TURN_FALL_SHARE = 3.0, 0.05  # ... and the fall that tells a fire which does not
TURN_MARGIN = 2  # minutes more than it ever took
TURN_LEAST = 4  # ... and no less than this
TURNS_ENOUGH = 5
TURN_PATIENCE = 20  # minutes after which a flue that neither rises nor falls is taken as it stands


def judge_fire(watch: Watch, habits: Habits, course: Course, book: Book, signals: Signals) -> None:
    """Opens fire_dying at a minute of combustion; closes it, and a jam, when the fire burns well again."""
    ts, water = signals.ts, signals.water
    if course.feed is None:
        return
    _follow_feed(watch, habits, course.feed, ts)
    safe = ts - course.burn_ts >= LIT_SECONDS
    if course.flue is not None and course.low is not None and habits.off_flue is not None:
        # The lowest flue of a start from embers is no off level; a cold flue stands near the water, or below.
        off = min(course.low, habits.off_flue)
        off = off if water is None else min(off, water)
        watch.lost = _loss(watch, course, ts, course.flue, off)
        below = _below_ever(watch, habits, course, book, ts, course.flue - off)
        holds = course.feed >= FEED_HOLDS * watch.feed  # a feed that has just stepped down explains any fall
        dying = _dying(watch, habits, course) if below is None else below
        if safe and holds and dying and Kind.JAM not in book.opened:
            book.open(Kind.FIRE_DYING, ts, _evidence(watch, course, water))
        safe = safe and watch.lost < SAVED_LOSS and not watch.under and course.flue - off >= needed_rise(habits)
    watch.safe = watch.safe + 1 if safe else 0
    watch.burning_ts = ts
    if safe and watch.stalled >= NO_STALL_MINUTES:
        watch.stalled = habits.feed_watts_minutes = 0  # what feeds a fire is no stall: the motor, or its clamp, is new
    if book.opened and watch.safe >= FEEDING_MINUTES and watch.feeding >= FEEDING_MINUTES:
        _live_on(watch, habits, course, book, ts)


def _follow_feed(watch: Watch, habits: Habits, feed: float, ts: int) -> None:
    if 0.0 < feed < 1.0 and habits.feed_shares < SHARES_ENOUGH:
        habits.feed_shares += 1
    watch.feeding = 0 if watch.stalled else watch.feeding + 1  # an ordinary pause counts: combustion goes on
    watch.feed = feed if watch.height is None else watch.feed + 0.2 * (feed - watch.feed)
    fresh = ts - watch.burning_ts > LONG_PAUSE
    watch.slow_feed = feed if fresh else watch.slow_feed + 0.1 * (feed - watch.slow_feed)


def _live_on(watch: Watch, habits: Habits, course: Course, book: Book, ts: int) -> None:
    opened_ts = book.opened.get(Kind.FIRE_DYING)
    if opened_ts is not None and opened_ts > course.burn_ts:
        floor = habits.floors[_place(watch)]  # the fire went on: what is a new habit and no fault is learned by steps
        floor[0] -= _margin(habits)
    book.close(Kind.FIRE_DYING, ts)
    book.close(Kind.JAM, ts)


# --- against the height of this fire


def _loss(watch: Watch, course: Course, ts: int, flue: float, off: float) -> float:
    """The share of the flue's rise above its off level that is gone from where it stood at this feed."""
    if watch.height is None and watch.height_run_ts == course.run_ts:
        # A step down of the feed may look like a moment's burn-out: the flue still stands where the former feed put it.
        watch.height, watch.height_ts = flue, ts
        watch.height_feed = max(watch.feed, watch.height_feed)
        return 0.0
    watch.height_run_ts = course.run_ts
    if watch.height is None or flue >= watch.height or ts - course.burn_ts < LIT_SECONDS:
        watch.height, watch.height_feed, watch.height_ts = flue, max(watch.feed, watch.slow_feed), ts
        return 0.0
    watch.height -= HEIGHT_FADES * (watch.height - flue)
    watch.height_feed += HEIGHT_FADES * (watch.feed - watch.height_feed)
    return (watch.height - flue) / max(watch.height - off, DYING_RISE)


def _dying(watch: Watch, habits: Habits, course: Course) -> bool:
    if watch.lost < DYING_LEAST or watch.feeding < FEEDING_MINUTES or watch.height is None:
        return False
    if course.flue is None or course.flue_2 is None or course.flue > course.flue_2:
        return False
    if not _shares(habits):
        return watch.lost >= DYING_LOSS_UNMEASURED and watch.feed >= FEED_HOLDS
    ratio = min(watch.feed, watch.slow_feed) / watch.height_feed if watch.height_feed else 1.0
    return watch.lost >= _dying_loss(ratio) and watch.height - course.flue >= DYING_FALL


def _shares(habits: Habits) -> bool:
    """Whether the auger's share of a minute is measured, and not true or false alone."""
    return habits.feed_shares >= SHARES_ENOUGH


def _dying_loss(ratio: float) -> float:
    """The share of the rise whose loss tells a dying fire, at a feed of `ratio` times that of the flue's height."""
    if ratio < LOWER_FEED:
        return 1.1
    if ratio < FEED_HOLDS:
        return 1 - LOWER_LOSS * ratio
    return max(DYING_LEAST, DYING_LOSS - DYING_SLOPE * (ratio - FEED_HOLDS))


def _evidence(watch: Watch, course: Course, water: float | None) -> Evidence:
    return {
        "since_ts": watch.height_ts,  # the flue falls since then
        "flue_before": watch.height,
        "flue": course.flue,
        "water": water,
        "burning_since_ts": course.burn_ts,
    }


# --- against all fires before


def _below_ever(watch: Watch, habits: Habits, course: Course, book: Book, ts: int, rise: float) -> bool | None:
    """Whether the flue is lower than it ever was at such a feed, or turns later than it ever did; None: that tells
    nothing, for little has been seen, or for the share of the feed, which is measured, may tell more."""
    flue, usual = course.flue, habits.usual_rise
    if flue is None or usual is None or course.keeping:
        return None
    _begin_turn(watch, habits, course, ts, flue)
    watch.fire_minutes += 1
    if not watch.turned:
        return _turns_late(watch, habits, book, flue, usual) or None
    if watch.fire_minutes < FEEDING_MINUTES or None in (course.flue_1, course.flue_2, course.flue_3):
        return None
    return _under_floor(watch, habits, course, book, flue, rise)


def _begin_turn(watch: Watch, habits: Habits, course: Course, ts: int, flue: float) -> None:
    """After a pause of the feed the flue must first turn: unless it only fell on as it did before the pause."""
    if watch.unseen:
        watch.fire_minutes = min(watch.fire_minutes, FEEDING_MINUTES - 3)  # the slope of three minutes is not known
    pause = ts - watch.burning_ts
    if pause > BRIEF_PAUSE:
        cost = watch.fire_flue - flue - watch.fire_fall * pause / 60
        stopped = course.fading_ts > watch.burning_ts
        if watch.burning_ts < course.burn_ts or (stopped and (not watch.turned or cost > _turn(habits))):
            watch.resumed = stopped and ts - course.fading_ts > LONG_PAUSE
            watch.fire_minutes = watch.fire_low_minute = 0
            watch.fire_start = watch.fire_low = flue
            watch.turned = False
        watch.under = 0
    watch.fire_flue = flue
    watch.fire_fall = 0.0 if course.flue_3 is None else (course.flue_3 - flue) / 3


def _turns_late(watch: Watch, habits: Habits, book: Book, flue: float, usual: float) -> bool:
    if flue < watch.fire_low:
        watch.fire_low, watch.fire_low_minute = flue, watch.fire_minutes
    turned = flue >= watch.fire_low + _turn(habits)
    if turned or watch.fire_minutes > TURN_PATIENCE:
        watch.turned, watch.under = True, 0
        if watch.resumed and turned and not book.opened:
            remember(habits.turns, watch.fire_low_minute)
        return False
    if not watch.resumed or len(habits.turns) < TURNS_ENOUGH:
        return False
    if _shares(habits) and watch.feed < FEED_HOLDS * watch.height_feed:
        return False
    limit = max(max(habits.turns) + TURN_MARGIN, TURN_LEAST)
    late = watch.fire_minutes > limit and watch.fire_low_minute >= watch.fire_minutes - 1
    if late and watch.fire_start - flue >= max(TURN_FALL, TURN_FALL_SHARE * usual):
        watch.under = UNDER_MINUTES
    return watch.under > 0


def _turn(habits: Habits) -> float:
    return max(TURN + TURN_SHARE * (habits.usual_rise or 0.0), FLOOR_NOISE * habits.jitter)


def _under_floor(watch: Watch, habits: Habits, course: Course, book: Book, flue: float, rise: float) -> bool | None:
    """Where the flue will stand in AHEAD minutes against the lowest that was ever so foretold at this feed."""
    one, two, three = course.flue_1 or 0.0, course.flue_2 or 0.0, course.flue_3 or 0.0
    habits.jitter += 0.01 * (abs(flue - 2 * one + two) - habits.jitter)
    foretold = rise + AHEAD * (flue - three) / 3
    floor = _floor(habits, _place(watch))
    _note_floor(watch, habits, book, foretold)
    if floor is None:
        return None
    watch.under = watch.under + 1 if foretold < floor - _margin(habits) else 0
    if watch.under >= UNDER_MINUTES and flue <= two and watch.lost >= (DYING_LEAST if _shares(habits) else DYING_LOSS):
        return True
    return None if _shares(habits) else False


def _place(watch: Watch) -> int:
    return min(int(watch.slow_feed * FEEDS), FEEDS - 1)


def _margin(habits: Habits) -> float:
    return max(FLOOR_MARGIN + FLOOR_SHARE * (habits.usual_rise or 0.0), FLOOR_NOISE * habits.jitter)


def _floor(habits: Habits, place: int) -> float | None:
    """The lowest at this feed, or at the next lower one that is known: more feed gives no less."""
    known = [low for low, count in habits.floors[: place + 1] if count >= FLOOR_ENOUGH]
    return known[-1] if known else None


def _note_floor(watch: Watch, habits: Habits, book: Book, foretold: float) -> None:
    place = _place(watch)
    low = watch.floors[place]
    watch.floors[place] = foretold if low is None else min(low, foretold)
    watch.floor_minutes += 1
    if watch.floor_minutes < FLOOR_STEP:
        return
    if not any(kind in book.opened for kind in CAUSES):
        for number, lowest in enumerate(watch.floors):
            if lowest is not None:
                _learn_floor(habits, number, lowest)
    watch.floor_minutes, watch.floors = 0, [None] * FEEDS


def _learn_floor(habits: Habits, place: int, lowest: float) -> None:
    before, count = habits.floors[place]
    after = lowest if not count else min(lowest, before + FLOOR_FADES * (lowest - before))
    habits.floors[place] = [round(after, 1), min(count + 1, FLOOR_ENOUGH)]
