"""A fire that is kept by short bouts of feed and fan: each must come in time, be fed, and warm the flue as usual."""

from __future__ import annotations

from math import sqrt

from flask_app.boiler.alerts import CAUSES, Book, Evidence, Kind
from flask_app.boiler.fault_memory import Watch
from flask_app.boiler.habits import CHECKS, Habits, note, remember
from flask_app.boiler.phases import Course

DRY_BOUTS = 2  # in a row with a still auger,
FED_BOUTS_ENOUGH = 12  # after so many with feed: some boilers only blow now and then

BOUTS_ENOUGH = 24  # half a day of them, before the flue's rise in one is known
LEAST_RISE, LEAST_SPREAD = 0.5, 0.15  # °C of it, the mean and its standard deviation
WEAK, LOST = 3.5, 6.0  # standard deviations below the usual: twice in a row, at once
FED = 0.8  # of the usual feed of a bout: one with less is told by its feed alone
GOOD_BOUTS = 3  # in a row before a bad one tells anything: after a burn the flue falls for a while
NEW_BOUTS = 6  # weak ones in a row of a fire that lives all the same: what was learned is no longer true

STEADY_BOUTS = 48  # in a row, a day of them, before their absence tells anything
LATE_TIMES, LATE_MINUTES = 2, 5  # the longest of the newest rests between bouts, and some more
DUE = 0.9  # of the shortest of them: before it no bout is due


def judge_kept(watch: Watch, habits: Habits, course: Course, book: Book, ts: int) -> None:
    """Follows the bouts and the rests between them. A fed bout warms the flue within minutes, rest or not: where it
    stops doing so the fuel no longer comes; and a bout without feed is an auger that stands still."""
    if course.running and ts == course.run_ts:
        _begin_bout(watch, habits, course, ts)
    _count_rest(watch, habits, course)
    if course.running:
        _judge_feed(watch, course, book, ts)
    if watch.bout_flue is None or course.flue is None or ts - watch.bout_ts >= 60 * CHECKS[-1]:
        return
    watch.bout_feed += course.feed or 0.0
    watch.bout_sum += course.flue - watch.bout_flue
    watch.bout_minutes += 1
    minutes = (ts - watch.bout_ts) // 60 + 1
    if minutes in CHECKS and minutes == watch.bout_minutes:  # none of them unseen
        _judge_warmth(watch, habits, course, book, ts, CHECKS.index(minutes))


def bout_is_late(watch: Watch, habits: Habits, course: Course) -> bool:
    """Whether the next bout of a day of regular ones, the last of them good, does not come."""
    if not course.keeping or watch.bouts < STEADY_BOUTS or not habits.bout_rests or watch.weak_bouts:
        return False
    return watch.rest_seen >= LATE_TIMES * max(habits.bout_rests) + LATE_MINUTES


def _begin_bout(watch: Watch, habits: Habits, course: Course, ts: int) -> None:
    watch.bouts += 1
    whole = watch.rest_seen == (ts - course.rest_ts) // 60
    if watch.bouts > 1 and whole:
        remember(habits.bout_rests, watch.rest_seen)
    watch.bout_flue = None
    if whole and course.flue_1 is not None and course.flue_2 is not None and course.flue_3 is not None:
        watch.bout_flue = (course.flue_1 + course.flue_2 + course.flue_3) / 3
    watch.bout_ts, watch.bout_feed, watch.bout_sum, watch.bout_minutes = ts, 0.0, 0.0, 0
    watch.bout_weak = False


def _count_rest(watch: Watch, habits: Habits, course: Course) -> None:
    """Minutes of rest, those unseen included where no bout was due; where one was it counts from what is seen again."""
    if course.running:
        watch.rest_seen = 0
    elif not watch.unseen or not watch.rest_seen:
        watch.rest_seen += 1
    elif watch.rest_seen + watch.unseen < DUE * min(habits.bout_rests, default=0):
        watch.rest_seen += 1 + watch.unseen
    else:
        watch.rest_seen = 1


# --- the feed


def _judge_feed(watch: Watch, course: Course, book: Book, ts: int) -> None:
    """Fans alone, bout after bout, are a still auger."""
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


# --- the warmth


def _judge_warmth(watch: Watch, habits: Habits, course: Course, book: Book, ts: int, place: int) -> None:
    """Judges, and learns, the mean rise of the flue since the bout began, at the check of that `place`."""
    rise, last = watch.bout_sum / watch.bout_minutes, place == len(CHECKS) - 1
    fed = _fed(watch, course, habits.bout_feeds[place])
    weak, lost = _short_of(habits, place, rise)
    watch.bout_weak = watch.bout_weak or (weak and fed)
    if watch.good_bouts >= GOOD_BOUTS and not any(kind in book.opened for kind in CAUSES):
        evidence: Evidence = {"since_ts": watch.bout_ts, "flue_before": watch.bout_flue, "flue": course.flue}
        if fed and (lost or (last and weak and watch.weak_bouts)):
            book.open(Kind.FIRE_DYING, ts, evidence)
        elif lost and not watch.bout_feed and watch.fed_bouts >= FED_BOUTS_ENOUGH:
            book.open(Kind.JAM, ts, {**evidence, "last_feed_ts": course.feed_ts})
    if not weak and not watch.bout_weak and not book.opened:
        note(habits.responses[place], rise)
        note(habits.bout_feeds[place], watch.bout_feed)
    if last and fed:
        _end_bout(watch, habits, book, ts)


def _fed(watch: Watch, course: Course, usual: list[float]) -> bool:
    """Whether the auger has turned as long as usual; unmeasured, it is believed."""
    _, mean, variance = usual
    return course.feed is None or watch.bout_feed >= mean - max(2 * sqrt(variance), (1 - FED) * mean)


def _short_of(habits: Habits, place: int, rise: float) -> tuple[bool, bool]:
    """Whether a rise is well below the usual of this place, and whether it is so far below that one is enough."""
    count, height, _ = habits.responses[-1]
    if count < BOUTS_ENOUGH or height < LEAST_RISE:
        return False, False
    _, mean, variance = habits.responses[place]
    spread = max(sqrt(variance), LEAST_SPREAD, height / 10)
    weak = mean - rise > max(WEAK * spread, height / 2)
    return weak, weak and mean - rise > LOST * spread and rise < 0


def _end_bout(watch: Watch, habits: Habits, book: Book, ts: int) -> None:
    if not watch.bout_weak:
        watch.good_bouts, watch.weak_bouts = watch.good_bouts + 1, 0
        book.close(Kind.FIRE_DYING, ts)
        return
    watch.weak_bouts += 1
    if watch.weak_bouts >= DRY_BOUTS:
        watch.good_bouts = 0
    if watch.weak_bouts >= NEW_BOUTS and not book.opened:
        fresh = Habits()
        habits.responses, habits.bout_feeds = fresh.responses, fresh.bout_feeds
