"""Watches the others as a supervisor listener: restarts a hung loop, tells when the jobs or the card fail."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum
from typing import NamedTuple, TextIO

from config.settings import Settings, load, make_folders
from flask_app import store, system
from flask_app.boiler import deliveries
from flask_app.boiler.alerts import CLOCK_AHEAD, Kind
from flask_app.log import line
from flask_app.reasons import KNOWN, reason
from flask_app.script import announce

SILENCE = 60  # seconds without a new reading after which the loop is restarted: supervisor never sees a hang
PATIENCE = 120  # seconds after the start in which everything else is starting too
MUTE_LOOKS = 5  # a minute apart: supervisor restarts a dead gunicorn within seconds
REPEAT = 3600  # seconds between two messages of one kind
AGAIN = 300  # seconds before a message that could not leave is tried again
NEVER = (0, None)  # when a job ended and how, before it ever did


People = list[tuple[str, str]]
"""(channel, address) of each."""


class Seen(NamedTuple):
    """What one look at the database tells; times are of the clock that never jumps, in seconds."""

    monotonic: float
    newest: int | None  # of the readings; those of a clock once set too far ahead do not count
    judged_late: int  # seconds from the newest judged minute to the newest reading
    storage: str  # why the database does not accept a write; empty: it does
    pages: bool = True  # they answer
    judged: int | None = None  # the newest minute that is
    ended: int | None = None  # when process_phase last ended well, readings or not
    people: People | None = None  # who is told first, where that could be read


class Memory(NamedTuple):
    """What is remembered between two looks."""

    start: float
    newest: int | None
    changed: float  # when `newest` last changed, or the loop was last restarted
    mute_looks: int = 0  # in a row at which the pages did not answer
    judged: int | None = None
    ended: int | None = None
    life: float = 0.0  # when a reading or a job last showed


class Deed(Enum):
    """What one look calls for."""

    RESTART = "restart"
    TELL_JOBS = "jobs"
    TELL_STORAGE = "storage"
    TELL_PAGES = "pages"


def decide(memory: Memory, seen: Seen) -> tuple[Memory, list[Deed]]:
    """What to do after one look, and what to remember for the next."""
    memory = _remember(memory, seen)
    if seen.monotonic - memory.start < PATIENCE:
        return memory, []
    if seen.storage:
        return memory, [Deed.TELL_STORAGE]
    # With the loop dead too no reading is late: `blind` is process_phase's to tell, and it does not run.
    dead = seen.monotonic - memory.life >= announce.JOBS_LATE
    deeds = [Deed.TELL_JOBS] if dead or seen.judged_late > announce.JOBS_LATE else []
    if memory.mute_looks >= MUTE_LOOKS:
        deeds.append(Deed.TELL_PAGES)
    if seen.monotonic - memory.changed >= SILENCE:
        memory = memory._replace(changed=seen.monotonic)
        deeds.append(Deed.RESTART)
    return memory, deeds


def _remember(memory: Memory, seen: Seen) -> Memory:
    if seen.storage:  # a look that tells nothing of the loop and the jobs
        return memory._replace(changed=seen.monotonic, life=seen.monotonic, mute_looks=0)
    came = seen.newest != memory.newest
    worked = seen.judged != memory.judged or seen.ended not in (None, memory.ended)
    return memory._replace(
        newest=seen.newest,
        changed=seen.monotonic if came else memory.changed,
        mute_looks=0 if seen.pages else memory.mute_looks + 1,
        judged=seen.judged,
        ended=memory.ended if seen.ended is None else seen.ended,
        life=seen.monotonic if came or worked else memory.life,
    )


def look(settings: Settings, monotonic: float, now: float) -> Seen:
    """One look at the database at `now` (UTC seconds), a write of nothing included."""
    jobs = system.jobs(settings.runtime)
    people = None
    try:
        with store.opened(settings.database, settings.lock) as database:
            people = _first(announce.people(database, settings))
            newest, late = store.progress(database.connection, int(now) + CLOCK_AHEAD)
            judged = store.newest_state_ts(database.connection, int(now) + CLOCK_AHEAD)
            if any(jobs.get(job, NEVER)[1] != 0 for job in ("archive_minute", "process_phase")):
                store.check(database)  # it may be the file that they stumble over
            with database.writing():
                store.touch(database.connection)
    except KNOWN as error:
        return Seen(monotonic, None, 0, reason(error), people=people)
    ended_ts, status = jobs.get("process_phase", NEVER)
    ended = ended_ts if status == 0 else None
    return Seen(monotonic, newest, late, "", answers(settings.port), judged, ended, people)


def answers(port: int, timeout: float = 10.0) -> bool:
    """Whether anything on this machine answers HTTP on `port`: which answer is no matter here."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


def listen(
    events: TextIO, answers: TextIO, at_tick: Callable[[], None], say: Callable[[str], None] = lambda _words: None
) -> None:
    """Speaks supervisor's listener protocol (http://supervisord.org/events.html) until `events` ends."""
    while True:
        answers.write("READY\n")
        answers.flush()
        header = events.readline()
        if not header:
            return
        fields = dict(word.split(":", 1) for word in header.split())
        events.read(int(fields["len"]))
        if fields["eventname"].startswith("TICK"):
            at_tick()
        else:
            say(f"an event it did not ask for: {fields['eventname']}")
        answers.write("RESULT 2\nOK")
        answers.flush()


def restart_loop(url: str) -> str:
    """Restarts the program `sensor` through the supervisor at `url` (unix:// or http://); returns what happened."""
    said = _ask_supervisor(url, "stopProcess", "sensor")
    trouble = f"could not stop it ({said}); " if said else ""
    said = _ask_supervisor(url, "startProcess", "sensor", False)
    return f"{trouble}could not start it: {said}" if said else f"{trouble}restarted"


def _ask_supervisor(url: str, method: str, *words: object) -> str:
    """Calls one method of supervisor; returns why it could not be done, or nothing."""
    # XML-RPC costs 60 ms to import and a hung loop is rare.
    from http.client import HTTPException
    from xmlrpc.client import Fault, ProtocolError, ServerProxy

    from supervisor.xmlrpc import SupervisorTransport

    # A connection of its own for each call: after a failure supervisor's transport can send nothing more.
    transport = SupervisorTransport(None, None, url)
    try:
        getattr(ServerProxy("http://127.0.0.1", transport=transport).supervisor, method)(*words)
    except (Fault, ProtocolError, OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        if transport.connection is not None:
            transport.connection.close()
    return ""


def tell(settings: Settings, kind: Kind, why: str, now: float, name: str = "") -> None:
    """Sends a message of its own to those told first, at most once an hour for each `name` (the kind's by default);
    where a gateway could not be reached, again after five minutes.

    They are those of the last look that could read them, else those of the environment.
    """
    marks = {one: _mark(settings, name or kind.value, *one) for one in _first_told(settings)}
    waiting = [one for one, mark in marks.items() if _due(mark, now)]
    if not waiting:
        return
    # Mail and SMS cost 400 ms to import and are needed when something is wrong.
    from flask_app import send_email_sms, words
    from flask_app.boiler import gsm
    from flask_app.boiler.deliveries import Message

    translate = words.translator(settings.options.language)
    text = f"{translate(words.KINDS[kind])}\n\n{translate(words.CAUSES[kind])}\n{why}\n\n{settings.url}\n"
    brief = gsm.plain(" ".join(text.split()))[: gsm.PLACES]
    for channel, address in waiting:
        _put_off(marks[channel, address], now + AGAIN)  # a try that ends this program must not be made each minute
        sms = channel == "sms"
        message = Message(channel, address, "" if sms else translate(words.KINDS[kind]), brief if sms else text)
        if _simulated(settings):
            answer = send_email_sms.catch(message, settings, now)
        else:
            answer = send_email_sms.send(message, settings)
        if answer.outcome is not deliveries.Outcome.RETRY:
            _put_off(marks[channel, address], now + REPEAT)
        line("watch", f"{kind.value} to {message.address}: {answer.outcome.value}: {answer.words}")


def _mark(settings: Settings, name: str, channel: str, address: str) -> str:
    """The file whose time says when that person may be told of that again; empty, for a full disk takes no more."""
    return os.path.join(settings.runtime, f"watch-{name}-{zlib.crc32(f'{channel} {address}'.encode()):08x}")


def _due(mark: str, now: float) -> bool:
    try:
        left = os.path.getmtime(mark) - now
    except FileNotFoundError:
        return True
    return not 0 < left <= REPEAT  # more: the clock was set back since


def _put_off(mark: str, ts: float) -> None:
    with open(mark, "w", encoding="ascii"):
        os.utime(mark, (ts, ts))


def _first(people: list[deliveries.Recipient]) -> People:
    """Those of the lowest position."""
    first = min((one.position for one in people), default=1)
    return [(one.channel, one.address) for one in people if one.position == first]


def keep_people(settings: Settings, people: People) -> None:
    """Keeps who is told first outside the database, for the day it cannot be read: their addresses are nobody else's
    to read."""
    if people == kept_people(settings):
        return
    path = _people_path(settings)
    with open(os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(people, file)
    os.replace(f"{path}.new", path)


def kept_people(settings: Settings) -> People | None:
    """Who was told first when the database could last be read; None when that is not known."""
    try:
        with open(_people_path(settings), encoding="utf-8") as file:
            return [(str(channel), str(address)) for channel, address in json.load(file)]
    except (OSError, ValueError, TypeError):
        return None


def _people_path(settings: Settings) -> str:
    return os.path.join(settings.runtime, "watch-people.json")


def _first_told(settings: Settings) -> People:
    """Those kept at the last look, else of the database, else of the environment."""
    people = kept_people(settings)
    if people is None:
        # What was read counts, though the database could not be closed as it should: another may hold its lock.
        with suppress(*KNOWN), store.opened(settings.database, settings.lock) as database:
            people = _first(announce.people(database, settings))
    return _first(announce.named_by_environment(settings)) if people is None else people


def _simulated(settings: Settings) -> bool:
    # The script file stands for the mark in the database, which may be what cannot be read.
    return os.path.exists(settings.simulator_script)


class Watch:
    """One look and its deeds at each tick."""

    def __init__(self, settings: Settings, supervisor_url: str) -> None:
        self.settings = settings
        self.supervisor_url = supervisor_url
        start = time.monotonic()
        self.memory = Memory(start, None, start, life=start)

    def tick(self) -> None:
        """Looks, decides, acts."""
        seen = look(self.settings, time.monotonic(), time.time())
        self.memory, deeds = decide(self.memory, seen)
        self._note(seen.people, time.time())
        if Deed.RESTART in deeds:
            said = restart_loop(self.supervisor_url)
            line("watch", f"no reading for {SILENCE} s: loop {said}")
        if Deed.TELL_JOBS in deeds:
            late = max(seen.judged_late, int(seen.monotonic - self.memory.life))
            tell(self.settings, Kind.JOBS, f"{late // 60} min", time.time())
        if Deed.TELL_PAGES in deeds:
            words = "the pages do not answer (gunicorn)"
            tell(self.settings, Kind.JOBS, words, time.time(), "pages")
        if Deed.TELL_STORAGE in deeds:
            tell(self.settings, Kind.STORAGE, seen.storage, time.time())

    def _note(self, people: People | None, now: float) -> None:
        place = system.Place(self.settings.database, self.settings.home, self.settings.runtime)
        try:
            if people is not None:
                keep_people(self.settings, people)
            system.note_day(place, system.today(now))
        except OSError as error:  # a full disk is told by the look itself
            line("watch", f"what it knows is not noted: {error}")


def main(environ: Mapping[str, str]) -> int:
    """Runs until supervisor ends it; returns the exit code."""
    url = environ.get("SUPERVISOR_SERVER_URL", "")
    if not url:
        line("watch", "it is supervisor that starts this (SUPERVISOR_SERVER_URL is not set)")
        return 64
    try:
        settings = load(environ)
        make_folders(settings)
    except KNOWN as error:
        line("watch", reason(error))
        return 1
    listen(sys.stdin, sys.stdout, Watch(settings, url).tick, lambda said: line("watch", said))
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
