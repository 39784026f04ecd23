"""Composes letters: gathers from the database what a message tells, and puts it into its reader's language."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from config.settings import Settings
from flask_app import letters, links, store
from flask_app.boiler import engine
from flask_app.boiler.alerts import Kind
from flask_app.boiler.deliveries import Channel, Message, Occasion, Recipient
from flask_app.boiler.forecast import COLD, WINDOW, time_to
from flask_app.boiler.options import Options
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import MINUTE, Row
from flask_app.boiler.timetable import LOOK_BACK, notes_at
from flask_app.letters import Cold, Frame, Story, Week, Words
from flask_app.script import announce
from flask_app.store import Due
from flask_app.words import ROLES, translator

SIX_HOURS = 6 * 3600
LATE = 900  # seconds between what happened and its telling that are worth a word
DAY = 86400
GETS_COLD = (Kind.LOW_WATER, Kind.FIRE_DYING, Kind.IGNITION_FAILED, Kind.JAM, Kind.POWER_CUT)


class Composer:
    """What the letters of one run share: each thing is asked of the database once, and only when one needs it."""

    def __init__(
        self, database: store.Database, settings: Settings, options: Options, now: int, simulated: bool = False
    ) -> None:
        self.database, self.settings, self.options, self.now = database, settings, options, now
        self.simulated = simulated or database.world is store.World.SIMULATED
        self.zone = ZoneInfo(options.timezone)

    def message(self, members: Sequence[Due]) -> Message:
        """The letter of all that is due to one address, in its language."""
        channel, address = members[0].channel, members[0].address
        reader = self.people.get((channel, address))
        stories = [self._story(group) for group in _by_alert(members)]
        words = self._words((reader.language if reader else "") or self.options.language, stories)
        number = letter_id([one.id for one in members])
        if channel == Channel.SMS.value:
            return Message(channel, address, "", letters.sms(stories, words), number)
        subject, text = letters.subject(stories, words), letters.text(stories, words)
        if channel != Channel.MAIL.value:
            return Message(channel, address, subject, text, number)
        picture = self._picture(words) if words.frame.has_picture else b""
        return Message(channel, address, subject, text, number, letters.rich(stories, words), picture)

    @cached_property
    def people(self) -> dict[tuple[str, str], Recipient]:
        """Who may get letters, by channel and address."""
        found = announce.people(self.database, self.settings)
        return {(one.channel, one.address): one for one in found}

    @cached_property
    def minutes(self) -> list[Row]:
        """The last six hours."""
        return store.minutes(self.database.connection, self.now - SIX_HOURS, self.now)

    @cached_property
    def notes(self) -> dict[str, str]:
        """The house's own words by kind, and the installer's name and number."""
        return notes_at(store.option_changes(self.database.connection), self.now)

    def when(self, ts: float, form: str) -> str:
        """Local time in words."""
        return datetime.fromtimestamp(ts, self.zone).strftime(form)

    def _story(self, group: Sequence[Due]) -> Story:
        """One alert's part of a letter: its newest occasion."""
        newest, oldest = group[-1], group[0]
        if newest.closed_ts is not None and newest.closed_ts > self.now:
            newest = newest._replace(closed_ts=None)  # a past made day by day knows the end before it has come
        kind = Kind(newest.kind) if newest.kind else None
        evidence = json.loads(newest.evidence or "{}")
        if kind is Kind.LOW_WATER and newest.reason != Occasion.OPENED.value and newest.closed_ts is None:
            evidence |= _water_now(self.minutes)
        return Story(
            occasion=Occasion(newest.reason),
            kind=kind,
            opened_ts=newest.opened_ts or newest.due_ts,
            closed_ts=newest.closed_ts,
            evidence=evidence,
            late=self.now - oldest.due_ts > LATE,
            taken_by=newest.acknowledged_by or "",
            note=self.notes.get(str(evidence.get("cause") or newest.kind), "") or self.notes.get(newest.kind or "", ""),
            link=self._link(newest),
            cold=self._cold() if kind in GETS_COLD and newest.closed_ts is None else None,
            lighting=kind is Kind.LOW_WATER and announce.being_lit(self.database, self.minutes[-LOOK_BACK:], self.now),
        )

    def _cold(self) -> Cold | None:
        """When the radiators warm no more, if the water goes on cooling as it does and as it did before."""
        saved = store.state_before(self.database.connection, self.now, engine.VERSION)
        cooling = engine.restore(saved[1]).habits.cooling() if saved else None
        found = time_to(COLD, [(row.ts, row.water) for row in self.minutes[-WINDOW:]], cooling)
        return Cold(COLD, found.ts, found.earliest_ts, found.latest_ts) if found else None

    def _link(self, one: Due) -> str:
        """Where an open alert that nobody looks after yet is acknowledged."""
        if one.alert_id is None or one.closed_ts is not None or one.acknowledged_by:
            return ""
        return links.acknowledge_url(self.settings, one.alert_id, one.id)

    def _words(self, language: str, stories: Sequence[Story]) -> Words:
        proof = any(story.occasion is Occasion.SELF_TEST for story in stories)
        told = any(story.kind is not None for story in stories)
        values = _values(self.minutes[-LOOK_BACK:], self.options.spare) if told else ()
        frame = Frame(
            now=self.now,
            language=language,
            url=self.settings.url,
            home_only=links.home_only(self.settings.url),
            simulated=self.simulated,
            installer=self.notes.get("installer", ""),
            values=values,
            values_ts=self.minutes[-1].ts + MINUTE if self.minutes else 0,
            phase=_phase(self.minutes) if told else None,
            curves=_curves(self.minutes) if told or proof else (),
            week=_week(self.database, self.now) if proof else None,
            has_picture=bool((told or proof) and any(row.water is not None for row in self.minutes)),
        )
        return Words(frame, translator(language), self.when)

    def _picture(self, words: Words) -> bytes:
        # Pillow costs 60 ms to import, and only a mail shows a picture.
        from flask_app import picture

        end_ts = self.minutes[-1].ts + MINUTE
        names = (words.say(ROLES["water"]), words.say(ROLES["flue"]))
        return picture.draw(self.minutes, end_ts, self.options.setpoint, names, lambda ts: self.when(ts, "%H:%M"))


def _by_alert(members: Sequence[Due]) -> list[list[Due]]:
    groups: dict[int, list[Due]] = {}
    for one in members:
        groups.setdefault(one.alert_id or -one.id, []).append(one)
    return list(groups.values())


def letter_id(ids: Sequence[int]) -> str:
    """A name that stays over every try of the same letter and is no other's; a single delivery's is its number."""
    if len(ids) == 1:
        return str(ids[0])
    return f"{ids[0]}-{zlib.crc32(' '.join(map(str, ids)).encode()):08x}"


def _values(minutes: Sequence[Row], spare: str) -> tuple[tuple[str, float], ...]:
    """(what, °C) of the newest minute that has each."""
    found = []
    for role in ("water", "flue", "spare"):
        value = next((getattr(row, role) for row in reversed(minutes) if getattr(row, role) is not None), None)
        if value is not None:
            found.append((spare if role == "spare" else role, value))
    return tuple(found)


def _water_now(minutes: Sequence[Row]) -> dict[str, float | None]:
    """The water now and how fast it falls, for a message that comes later than the alert."""
    present = [row for row in minutes[-30:] if row.water is not None]
    if not present or present[-1].water is None or present[0].water is None:
        return {}
    hours = (present[-1].ts - present[0].ts) / 3600
    falling = (present[0].water - present[-1].water) / hours if hours else None
    return {"water": present[-1].water, "falling_per_hour": falling}


def _phase(minutes: Sequence[Row]) -> tuple[Phase, int] | None:
    """The present phase and since when, as far as six hours tell."""
    named = [row for row in minutes if row.phase in set(Phase)]
    if not named:
        return None
    since_ts = named[-1].ts
    for row in reversed(named):
        if row.phase != named[-1].phase:
            break
        since_ts = row.ts
    return Phase(named[-1].phase or 0), since_ts


def _curves(minutes: Sequence[Row]) -> tuple[tuple[str, float, float, float, float], ...]:
    found = []
    for role in ("water", "flue"):
        values: list[Any] = [getattr(row, role) for row in minutes if getattr(row, role) is not None]
        if values:
            found.append((role, values[0], values[-1], min(values), max(values)))
    return tuple(found)


def _week(database: store.Database, now: int) -> Week:
    return Week(*store.week(database.connection, now - 7 * DAY, now))
