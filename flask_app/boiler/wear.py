"""The slow faults, seen over days and weeks: a worn igniter, a fouled exchanger, too many starts, too cold a return,
a cold house; and the cool-down that is learned from each rest. None speaks before its yardstick has been learned."""

from __future__ import annotations

from math import log

from flask_app.boiler.alerts import Book, Kind
from flask_app.boiler.faults import LIGHTINGS_OF_NEW
from flask_app.boiler.habits import AMBIENT, CLEAN_ENOUGH, KEPT, Habits, median, remember
from flask_app.boiler.options import Options
from flask_app.boiler.phases import COMBUSTION, IGNITION, STOPPED, UNDEFINED, Course, Signals
from flask_app.boiler.rows import Row

DAY = 86400
WEEK_DAYS = 7

LATE = 1800  # s of fire after which it burns steadily, and its water should be warm
STEADY_MINUTES = 15  # of them that make a level
SIMILAR_FEED = 0.15  # two fires are compared when their feed differs by less than this share
CLEAN_KEPT = 40
SIMILAR_ENOUGH = 3
FOULED = 20.0  # °C above the clean level at the same feed (BOILER.md),
FOULED_SHARE = 0.25  # ... or this share of the usual rise, where the probe sits in the chamber

STARTS_ENOUGH = LIGHTINGS_OF_NEW + KEPT
WEAR_RATIO, WEAR_MINUTES = 1.5, 3
MOST = KEPT // 4  # of the newest, that may still be ordinary

MANY_STARTS = 10  # a day
SHORT_BURN, SHORT_BURNS = 20, 6  # minutes, and how many of a day make a median
CYCLING_DAYS = 3  # of seven

DEW = 55.0  # °C of return water below which the flue gas of wood condenses
COLD_MINUTES = 60  # a day,
RETURN_DAYS, WATER_DAYS = 3, 5  # of seven: the return says it outright, the boiler's water needs more proof

INDOOR_MINUTES = 15
INDOOR_MARGIN = 0.5  # °C

COOLED = 60, 180  # minutes of a rest that are fitted: at least, at most (as forecast.time_constant)


class Slow:
    """What the slow faults remember: the fire in hand, the day in hand, the last seven days, the present cool-down."""

    __slots__ = (
        "burn_minutes", "burn_ts", "burns", "cold", "cooling", "day", "days", "indoor_low", "indoor_ok", "late",
        "mode", "starts", "steady", "told_ts",
    )  # fmt: skip

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.mode = UNDEFINED  # of the minute before
        self.burn_ts: int | None = None  # when the fire of the last ignition began
        self.burn_minutes: int | None = None  # how long it burned, as far as is known
        self.steady = [0, 0.0, 0.0]  # minutes of this fire; sums of its flue and feed
        self.day: int | None = None
        self.starts = 0  # of the igniter, this day
        self.burns: list[int] = []  # minutes of its fires
        self.late = self.cold = 0  # minutes of steady fire this day; those too cold
        self.days: list[list[int]] = []  # the last seven: starts, median burn, minutes too cold, whether bad by each
        self.told_ts = 0  # when short_cycling was told last
        self.indoor_ok = False  # the house has been warm
        self.indoor_low = 0  # minutes in a row below the limit; below 0: above it
        self.cooling: list[float] | None = None  # minutes, and sums for a line through ln(water - AMBIENT)


def interrupt(slow: Slow) -> None:
    """A silence: the fire and the rest in hand are not followed across it."""
    slow.mode, slow.burn_ts, slow.burn_minutes = UNDEFINED, None, None
    slow.steady, slow.cooling = [0, 0.0, 0.0], None


def judge_slow(
    slow: Slow, habits: Habits, course: Course, book: Book, signals: Signals, minute: Row, options: Options
) -> None:
    """Opens and closes the slow faults at a minute that `course` has followed; learns levels and cool-downs."""
    mode, ts = course.mode, signals.ts
    if ts // DAY != slow.day:
        _end_day(slow, book, ts, options)
    if mode is not slow.mode:
        _change(slow, habits, course, book, ts)
        slow.mode = mode
    if mode is COMBUSTION:
        if ts - course.burn_ts >= LATE:
            _burn(slow, course, signals, minute, options)
    elif mode is STOPPED and slow.cooling is not None and signals.water is not None:
        _cool(slow, habits, signals.water)


def _change(slow: Slow, habits: Habits, course: Course, book: Book, ts: int) -> None:
    if slow.mode is COMBUSTION:
        if slow.burn_ts is not None:
            slow.burn_minutes = (ts - slow.burn_ts) // 60
        if slow.steady[0] >= STEADY_MINUTES:
            _note_level(habits, slow.steady[1] / slow.steady[0], slow.steady[2] / slow.steady[0])
            _judge_fouling(habits, book, ts)
        slow.steady = [0, 0.0, 0.0]
        _judge_igniter(habits, book, ts)
    elif slow.mode is STOPPED and slow.cooling is not None:
        _learn_cooling(slow, habits)
    if course.mode is COMBUSTION and slow.mode is IGNITION and course.run_igniter:
        _note_burn(slow)
        slow.starts, slow.burn_ts = slow.starts + 1, ts
    slow.cooling = None
    if course.mode is STOPPED and slow.mode is not UNDEFINED and not course.short_bout:
        slow.cooling = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def _note_burn(slow: Slow) -> None:
    if slow.burn_minutes is not None and len(slow.burns) < 4 * KEPT:
        slow.burns.append(slow.burn_minutes)
    slow.burn_minutes = slow.burn_ts = None


# --- the igniter


def _judge_igniter(habits: Habits, book: Book, ts: int) -> None:
    if habits.lit < STARTS_ENOUGH or len(habits.lightings) < KEPT:
        return
    usual = median(habits.first_lightings)
    limit = max(WEAR_RATIO * usual, usual + WEAR_MINUTES)
    now = median(habits.lightings)
    if sorted(habits.lightings)[MOST] >= limit:
        book.open(Kind.IGNITER_WEAR, ts, {"minutes": now, "usual_minutes": usual, "starts": habits.lit})
    elif now < (usual + limit) / 2:
        book.close(Kind.IGNITER_WEAR, ts)


# --- the exchanger


def _burn(slow: Slow, course: Course, signals: Signals, minute: Row, options: Options) -> None:
    if course.feed is not None and signals.flue is not None:
        steady = slow.steady
        steady[0] += 1
        steady[1] += signals.flue
        steady[2] += course.feed
    back = minute.spare if options.spare == "return" and minute.spare is not None else signals.water
    if back is not None:
        slow.late += 1
        slow.cold += back < DEW


def _note_level(habits: Habits, flue: float, feed: float) -> None:
    """A fire's level is compared with clean ones of the same feed: a colder day is no fouling."""
    if not 0 < feed < 0.99:  # known as true or false alone: fires cannot be told apart
        return
    similar = [level for fed, level in habits.clean if abs(fed - feed) <= SIMILAR_FEED * feed]
    if len(habits.clean) >= CLEAN_ENOUGH and len(similar) >= SIMILAR_ENOUGH:
        remember(habits.excesses, round(flue - median(similar), 1))
    elif len(habits.clean) < CLEAN_KEPT:
        habits.clean.append([round(feed, 3), round(flue, 1)])


def _judge_fouling(habits: Habits, book: Book, ts: int) -> None:
    if len(habits.excesses) < KEPT or habits.usual_rise is None:
        return
    limit = max(FOULED, FOULED_SHARE * habits.usual_rise)
    now = median(habits.excesses)
    if sorted(habits.excesses)[MOST] >= limit:
        clean = habits.clean_flue()
        book.open(Kind.FOULING, ts, {"flue_clean": clean, "hotter": now, "fires": KEPT})
    elif now < limit / 2:
        book.close(Kind.FOULING, ts)


# --- by days: short cycling, condensation


def _end_day(slow: Slow, book: Book, ts: int, options: Options) -> None:
    if slow.day is not None:
        _note_burn(slow)
        middle = round(median(slow.burns)) if slow.burns else 0
        cycling = slow.starts >= MANY_STARTS or (len(slow.burns) >= SHORT_BURNS and middle < SHORT_BURN)
        cold = slow.cold >= COLD_MINUTES and 2 * slow.cold > slow.late
        slow.days.append([slow.starts, middle, slow.cold, int(cycling), int(cold)])
        # Days without a minute have passed too.
        slow.days = slow.days[max(0, ts // DAY - slow.day - 1) :][-WEEK_DAYS:]
        _judge_days(slow, book, ts, options)
    slow.day, slow.starts, slow.burns, slow.late, slow.cold = ts // DAY, 0, [], 0, 0


def _judge_days(slow: Slow, book: Book, ts: int, options: Options) -> None:
    cycling = [day for day in slow.days if day[3]]
    if len(cycling) >= CYCLING_DAYS:
        if ts - slow.told_ts >= WEEK_DAYS * DAY and Kind.SHORT_CYCLING not in book.opened:
            slow.told_ts = ts
            starts, minutes = max(day[0] for day in cycling), min(day[1] for day in cycling)
            book.open(Kind.SHORT_CYCLING, ts, {"days": len(cycling), "starts_a_day": starts, "burn_minutes": minutes})
    else:
        book.close(Kind.SHORT_CYCLING, ts)
    cold = [day[2] for day in slow.days if day[4]]
    if len(cold) >= (RETURN_DAYS if options.spare == "return" else WATER_DAYS):
        book.open(Kind.CONDENSATION, ts, {"days": len(cold), "cold_minutes": round(sum(cold) / len(cold))})
    else:
        book.close(Kind.CONDENSATION, ts)


# --- the house


def judge_indoor(slow: Slow, book: Book, ts: int, indoor: float, limit: float) -> None:
    """Opens low_indoor when a house that was warm stays below `limit` °C, 0 for never; minutes without value pass."""
    warm = indoor >= limit + INDOOR_MARGIN
    slow.indoor_ok = slow.indoor_ok or warm
    if indoor < limit and slow.indoor_ok:
        slow.indoor_low = max(slow.indoor_low, 0) + 1
        if slow.indoor_low == INDOOR_MINUTES:
            book.open(Kind.LOW_INDOOR, ts, {"indoor": indoor, "limit": limit})
    elif slow.indoor_low:
        slow.indoor_low = min(slow.indoor_low, 0) - 1 if warm else 0
        if slow.indoor_low <= -INDOOR_MINUTES:
            book.close(Kind.LOW_INDOOR, ts)
            slow.indoor_low = 0
    elif warm and Kind.LOW_INDOOR in book.opened:
        slow.indoor_low = -1


# --- the cool-down


def _cool(slow: Slow, habits: Habits, water: float) -> None:
    """Least squares through ln(water - AMBIENT) since the highest of this rest, its sums kept instead of its points."""
    sums = slow.cooling
    if sums is None or water <= AMBIENT:
        return
    count, top = sums[0], sums[5]
    if count == 0 or water >= top:
        slow.cooling = [1.0, 0.0, log(water - AMBIENT), 0.0, 0.0, water]
        return
    height = log(water - AMBIENT)
    sums[0] += 1
    sums[1] += count
    sums[2] += height
    sums[3] += count * count
    sums[4] += count * height
    if sums[0] >= COOLED[1]:
        _learn_cooling(slow, habits)
        slow.cooling = None


def _learn_cooling(slow: Slow, habits: Habits) -> None:
    if slow.cooling is None or slow.cooling[0] < COOLED[0]:
        return
    count, times, heights, squares, together, _ = slow.cooling
    slope = (count * together - times * heights) / (count * squares - times * times)
    if slope < 0:
        remember(habits.coolings, round(-1 / slope))
