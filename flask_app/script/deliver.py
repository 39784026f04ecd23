"""Sends what is due: tries each letter, keeps every try, and marks one sent only once its gateway has it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from queue import Empty, Queue
from threading import Thread
from typing import NamedTuple

from config.settings import Settings, load, make_folders
from flask_app import lock, send_email_sms, store
from flask_app.boiler import deliveries
from flask_app.boiler.alerts import CAUSES, Kind
from flask_app.boiler.deliveries import Channel, Message, Occasion, Outcome
from flask_app.boiler.options import Options, in_force
from flask_app.log import line
from flask_app.reasons import KNOWN, reason
from flask_app.script import compose
from flask_app.send_email_sms import Answer
from flask_app.store import Due

LONGEST = 50.0  # seconds of one run: the next one starts a minute later
LAST_TRY = 0.8  # of them: what begins later would not be answered in time
RESERVED = 1 / 3  # of the room of an address: for what the mission is about
MISSION = {kind.value for kind in (Kind.LOW_WATER, Kind.LOW_INDOOR, *CAUSES)}
ALONE = (Occasion.TEST.value, Occasion.SELF_TEST.value)  # never merged with another message


class Letter(NamedTuple):
    """What leaves as one message: every delivery that is due to one address."""

    members: tuple[Due, ...]
    message: Message

    @property
    def tries(self) -> int:
        """Of the member that was tried least: a new one is not held back by an old one's failures."""
        return min(one.tries for one in self.members)


def deliver(
    database: store.Database,
    settings: Settings,
    clock: Callable[[], float] = time.time,
    wait: Callable[[float], None] = time.sleep,
    only: Sequence[int] = (),
    really_send: bool = False,
    longest: float = LONGEST,
) -> dict[int, Answer]:
    """Tries what is due at `clock()` (UTC seconds); returns the last answer by delivery.

    Each channel goes on by itself; a second run beside it does nothing. A simulated boiler's messages are caught in
    files unless `really_send`. `only` limits it to those deliveries, whenever they were last tried.
    """
    with lock.alone(os.path.join(settings.runtime, "deliver.lock")) as first:
        if not first:
            return {}
        caught = database.world is store.World.SIMULATED and not really_send
        letters = list(_letters(database, settings, int(clock()), only, caught))
        if not letters:
            return {}

        def attempt(message: Message, within: float) -> Answer:
            try:
                if caught:
                    return send_email_sms.catch(message, settings, clock())
                return send_email_sms.send(message, settings, within=within)
            except Exception as error:  # noqa: BLE001 a letter that trips a library must not stop all behind it for ever
                return Answer(Outcome.RETRY, f"{type(error).__name__}: {error}")

        lanes = _Lanes(letters, attempt, clock, wait, longest)
        answers = _keep_all(database, lanes, clock)
        if not caught:
            _read_balance(database, settings, lanes, clock)
        return answers


# --- what is due, as letters


def _letters(
    database: store.Database, settings: Settings, now: int, only: Sequence[int], caught: bool
) -> Iterator[Letter]:
    options = in_force(settings.options, store.option_changes(database.connection), now)
    kept = store.due_deliveries(database.connection, now, only)
    _give_up(database, [one for one in kept if one.expires_ts <= now], now)
    room = _Room(database, options, now)
    composer = compose.Composer(database, settings, options, now, caught)
    for members in _grouped(one for one in kept if one.expires_ts > now):
        if only or (any(_ready(one, now) for one in members) and room.left(members)):
            yield Letter(members, composer.message(members))


def _give_up(database: store.Database, expired: Sequence[Due], now: int) -> None:
    for one in expired:
        said = Answer(Outcome.EXPIRED, "too old to be of use: never sent")
        _keep(database, (one,), said, now)


def _grouped(due: Iterable[Due]) -> list[tuple[Due, ...]]:
    """By address; a test stands alone."""
    groups: dict[tuple[str, str, int], list[Due]] = {}
    for one in due:
        groups.setdefault((one.channel, one.address, one.id if one.reason in ALONE else 0), []).append(one)
    return [tuple(group) for group in groups.values()]


def _ready(one: Due, now: int) -> bool:
    if one.last_try_ts is not None and one.last_try_ts > now:  # tried by a clock that was ahead
        return True
    unsure = one.channel if one.last_outcome == Outcome.UNSURE.value else None
    locked = one.last_outcome in (Outcome.LOCKED.value, Outcome.UNCONFIGURED.value)
    return deliveries.next_try_ts(one.tries, one.last_try_ts, one.id, locked, unsure) <= now


class _Room:
    """How many more messages each address may get in this run."""

    def __init__(self, database: store.Database, options: Options, now: int) -> None:
        self.database, self.options, self.now = database, options, now
        self.sent: dict[tuple[str, str], list[int]] = {}

    def left(self, members: Sequence[Due]) -> bool:
        """Whether a letter of `members` may leave for their address; if so it is counted. Tests are not held back."""
        one = members[0]
        if one.reason in ALONE:
            return True
        key = (one.channel, one.address)
        if key not in self.sent:
            self.sent[key] = store.sent_times(self.database.connection, *key, self.now - 86400)
        mission = any(each.kind in MISSION for each in members)
        hourly, daily = (
            int(limit) if mission else int(limit) - int(limit * RESERVED)
            for limit in (self.options.hourly_messages, self.options.daily_sms)
        )
        left = deliveries.room(self.sent[key], self.now, hourly, daily if one.channel == Channel.SMS.value else None)
        self.sent[key].append(self.now)
        return left


# --- trying


class _Lanes:
    """A thread a channel, each going on by itself: a server that hangs holds back nobody else's messages."""

    def __init__(
        self,
        letters: Sequence[Letter],
        attempt: Callable[[Message, float], Answer],
        clock: Callable[[], float],
        wait: Callable[[float], None],
        longest: float,
    ) -> None:
        self.attempt, self.clock, self.wait = attempt, clock, wait
        self.end, self.give_up = clock() + LAST_TRY * longest, time.monotonic() + longest
        self.answers: Queue[tuple[Letter, Answer] | None] = Queue()
        self.sms_sent_without_balance: int | None = None
        by_channel: dict[str, list[Letter]] = {}
        for letter in letters:
            by_channel.setdefault(letter.members[0].channel, []).append(letter)
        self.running = len(by_channel)
        for lane in by_channel.values():
            # Daemons: a server that answers a byte now and then must not keep the next run from starting.
            Thread(target=self._run, args=(lane,), daemon=True).start()

    def _run(self, letters: list[Letter]) -> None:
        try:
            for pause in (0, *deliveries.QUICK_TRIES):
                letters = self._round(letters, pause)
                if not letters:
                    return
        finally:
            self.answers.put(None)

    def _round(self, letters: list[Letter], pause: float) -> list[Letter]:
        """One try of each; returns those worth another."""
        first = letters[0]
        pause += deliveries.jitter(min(letter.tries for letter in letters), first.members[0].id)
        if pause:
            if self.clock() + pause > self.end:
                return []
            self.wait(pause)
        again = []
        for letter in letters:
            if self.clock() > self.end:
                break
            # By the monotonic clock: the wait is a real one, and the other may be set meanwhile.
            answer = self.attempt(letter.message, self.give_up - time.monotonic())
            self.answers.put((letter, answer))
            if answer.outcome is Outcome.RETRY:
                again.append(letter)
        return again

    def __iter__(self) -> Iterator[tuple[Letter, Answer]]:
        """Every answer as it comes, until all lanes are done or time is up."""
        while self.running:
            try:
                found = self.answers.get(timeout=max(0.0, self.give_up + 2 - time.monotonic()))
            except Empty:
                return
            if found is None:
                self.running -= 1
            else:
                letter, answer = found
                sms = letter.members[0].channel == Channel.SMS.value
                if sms and answer.outcome is Outcome.SENT and answer.balance is None:
                    self.sms_sent_without_balance = letter.members[0].id
                yield found


def _keep_all(database: store.Database, lanes: _Lanes, clock: Callable[[], float]) -> dict[int, Answer]:
    answers = {}
    for letter, answer in lanes:
        _keep(database, letter.members, answer, int(clock()))
        answers.update({one.id: answer for one in letter.members})
    return answers


def _keep(database: store.Database, members: Sequence[Due], answer: Answer, ts: int) -> None:
    """Keeps one try of a letter. What ends a delivery is durable; a try that failed may be lost with the power."""
    ended = deliveries.next_step(answer.outcome)
    first = members[0].id
    with database.writing(durable=ended is not None) as connection:
        for one in members:
            balance = answer.balance if one.id == first else None
            attempt = store.Try(one.id, ts, answer.outcome.value, answer.words, balance)
            store.keep_attempt(connection, attempt, ended, None if one.id == first else first)


def _read_balance(database: store.Database, settings: Settings, lanes: _Lanes, clock: Callable[[], float]) -> None:
    """Asks what is left on the account after an SMS whose gateway did not say: at most once a day."""
    first = lanes.sms_sent_without_balance
    now = int(clock())
    if first is None or store.balance_since(database.connection, now - 86400):
        return
    left = send_email_sms.balance(settings.sms)
    if left is not None:
        with database.writing() as connection:
            store.keep_balance(connection, first, left)


def main(environ: Mapping[str, str], words: Sequence[str] = ()) -> int:
    """Runs once; returns the exit code."""
    if words:
        from argparse import ArgumentParser  # as in archive_minute

        told = f"{__doc__} It takes no words; process_phase starts it."
        ArgumentParser("deliver", description=told).parse_args(words)
    try:
        settings = load(environ)
        make_folders(settings)
        with store.opened(settings.database, settings.lock) as database:
            deliver(database, settings)
    except KNOWN as error:
        line("deliver", reason(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.argv[1:]))
