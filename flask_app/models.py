"""The schema: every table, with the columns of the two that the boiler fills built from boiler/rows.py."""

from __future__ import annotations

from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from flask_app.boiler import rollups
from flask_app.boiler.rows import COLUMNS

# Named constraints, so that a later migration can drop one (https://alembic.sqlalchemy.org/en/latest/naming.html).
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What every table's class derives from."""

    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(model_class=Base)


def _row_table(table: str) -> Table:
    kinds: dict[str, TypeEngine[Any]] = {"samples": Integer(), "phase": Integer(), "quality": Text()}
    columns: list[Column[Any]] = [Column(name, kinds.get(name, Float())) for name in COLUMNS.values() if name != "ts"]
    return Table(table, Base.metadata, Column("ts", Integer, primary_key=True), *columns)


class Chaudiere(Base):
    """Raw readings: the loop."""

    __table__ = _row_table("Chaudiere")


class ChaudiereMinute(Base):
    """Minutes: archive_minute; their `phase`: process_phase."""

    __table__ = _row_table("ChaudiereMinute")


def _rollup_table(table: str) -> Table:
    columns: list[Column[Any]] = [
        Column(name, Text() if name == "runs" else Integer()) for name in rollups.COLUMNS if name != "ts"
    ]
    return Table(table, Base.metadata, Column("ts", Integer, primary_key=True), *columns)


class TenMinutes(Base):
    """What ten minutes come to: process_phase. Never rotated, like the three below."""

    __table__ = _rollup_table("TenMinutes")


class Hour(Base):
    """What an hour comes to: process_phase."""

    __table__ = _rollup_table("Hour")


class SixHours(Base):
    """What six hours, counted in UTC, come to: process_phase."""

    __table__ = _rollup_table("SixHours")


class Day(Base):
    """What a local day comes to, 23 to 25 hours: process_phase."""

    __table__ = _rollup_table("Day")


class EngineState(Base):
    """What the engine knew after the minute `ts`: process_phase."""

    __tablename__ = "EngineState"
    ts: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    state: Mapped[str] = mapped_column(Text)  # JSON


class Alert(Base):
    """A warning and its life: process_phase; `acknowledged_*`: the web."""

    __tablename__ = "Alert"
    __table_args__ = (UniqueConstraint("kind", "opened_ts"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]  # alerts.Kind
    opened_ts: Mapped[int] = mapped_column(index=True)
    closed_ts: Mapped[int | None]
    evidence: Mapped[str] = mapped_column(Text)  # JSON
    acknowledged_ts: Mapped[int | None]
    acknowledged_by: Mapped[str | None]


class Delivery(Base):
    """One message to one address: process_phase; `sent_ts`, `failed_ts` and `told_by`: deliver."""

    __tablename__ = "Delivery"
    __table_args__ = (
        UniqueConstraint("alert_id", "reason", "channel", "address", "due_ts"),
        Index("ix_Delivery_waiting", "due_ts", sqlite_where=text("sent_ts IS NULL AND failed_ts IS NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("Alert.id"))  # NULL: a test
    reason: Mapped[str]  # deliveries.Occasion
    channel: Mapped[str]  # deliveries.Channel
    address: Mapped[str]
    due_ts: Mapped[int]
    expires_ts: Mapped[int]
    sent_ts: Mapped[int | None]
    failed_ts: Mapped[int | None]
    told_by: Mapped[int | None]  # the delivery whose message told this one too


class Attempt(Base):
    """One try to send one delivery, or a run of tries that ended alike: deliver."""

    __tablename__ = "Attempt"
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("Delivery.id"), index=True)
    ts: Mapped[int]
    outcome: Mapped[str]  # deliveries.Outcome
    words: Mapped[str] = mapped_column(Text)  # what the gateway said
    tries: Mapped[int] = mapped_column(server_default=text("1"))
    until_ts: Mapped[int | None]  # of the last of them; NULL: there was one
    balance: Mapped[float | None]  # what the SMS gateway says is left, in its currency


class Setting(Base):
    """A change of an option, append-only: the web and manager.py; which probes it found: the loop."""

    __tablename__ = "Setting"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    since_ts: Mapped[int] = mapped_column(index=True)
    value: Mapped[str]
    by: Mapped[str]


class Recipient(Base):
    """Who is told: the web. While it is empty, the environment's addresses are."""

    __tablename__ = "Recipient"
    __table_args__ = (UniqueConstraint("channel", "address"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    address: Mapped[str]
    name: Mapped[str] = mapped_column(server_default=text("''"))
    position: Mapped[int] = mapped_column(server_default=text("1"))  # the lowest is told first
    language: Mapped[str] = mapped_column(server_default=text("''"))  # fr or en; empty: the installation's
    kinds: Mapped[str] = mapped_column(server_default=text("''"))  # alerts.Kind, with commas; empty: all
    quiet: Mapped[str] = mapped_column(server_default=text("''"))  # 22:00-07:00; empty: none


class User(Base):
    """Who may change things from a page: the web and manager.py."""

    __tablename__ = "User"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[str]  # viewer or admin
    created_ts: Mapped[int]
    epoch: Mapped[int] = mapped_column(server_default="0")  # raised to end all of the user's sessions
    totp: Mapped[str | None]  # the secret of the second factor, base32; NULL: none
    totp_step: Mapped[int] = mapped_column(server_default="0")  # the 30 s of the last code used: a code serves once


class EndedSession(Base):
    """A session that was logged out before its time: the web. Kept until its cookie would be refused anyway."""

    __tablename__ = "EndedSession"
    id: Mapped[str] = mapped_column(primary_key=True)
    until_ts: Mapped[int]


class Token(Base):
    """What lets a script read: the web. The token itself is shown once and kept nowhere."""

    __tablename__ = "Token"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)
    created_ts: Mapped[int]
    by: Mapped[str]


class Probe(Base):
    """A DS18B20 that the owner named: the web and manager.py. Where a role has none, the environment's ids or those
    found do."""

    __tablename__ = "Probe"
    address: Mapped[str] = mapped_column(primary_key=True)  # 28-0123456789ab
    role: Mapped[str] = mapped_column(unique=True)  # rows.TEMPERATURES
    offset: Mapped[float]  # °C, added to what it reads
    since_ts: Mapped[int]


class Channel(Base):
    """A current clamp and what is known of it (boiler/fittings.py): manager.py. Amperes are those at the clamp."""

    __tablename__ = "Channel"
    role: Mapped[str] = mapped_column(primary_key=True)  # rows.MOTORS
    input: Mapped[int | None]  # A0..A3; NULL: not fitted
    turns: Mapped[int]
    volts: Mapped[float]
    power_factor: Mapped[float]
    gate_amps: Mapped[float | None]
    idle_amps: Mapped[float | None]
    idle_spread: Mapped[float | None]
    running_amps: Mapped[float | None]
    learned_ts: Mapped[int | None]


class Idle(Base):
    """The idle current of a clamp, learned again during a long stop: the loop."""

    __tablename__ = "Idle"
    role: Mapped[str] = mapped_column(primary_key=True)
    ts: Mapped[int]
    amps: Mapped[float]
    spread: Mapped[float]


class Annotation(Base):
    """What the household notes of a moment: the silo was filled, the boiler swept, or its own words: the web."""

    __tablename__ = "Annotation"
    id: Mapped[int] = mapped_column(primary_key=True)
    ts: Mapped[int] = mapped_column(index=True)
    kind: Mapped[str]  # fill, cleaning or note
    words: Mapped[str] = mapped_column(Text)
    by: Mapped[str]
