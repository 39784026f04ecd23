"""The watch's own faults: each opens once, closes when it is over, and the path is proven on its days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from flask_app.boiler.alerts import Closing, Kind, Opening
from flask_app.boiler.deliveries import Recipient
from flask_app.boiler.rows import Row
from flask_app.boiler.upkeep import Facts, Gap, Open, gap, judge, proofs

NOW = 1_796_000_000
MINUTE = NOW // 60 * 60
DAY = 86400
PARIS = ZoneInfo("Europe/Paris")
OWNER = Recipient("mail", "ana@example.org")
PHONE = Recipient("sms", "+33639980001")


def local(ts: int) -> datetime:
    return datetime.fromtimestamp(ts, PARIS)


def opened(facts: Facts, already: Mapping[Kind, Open] | None = None) -> list[tuple[Kind, int]]:
    return [(change.kind, change.ts) for change in judge(facts, already or {}) if isinstance(change, Opening)]


def closed(facts: Facts, kind: Kind, **evidence: str) -> list[Kind]:
    found = judge(facts, {kind: Open(NOW - 7200, evidence)})
    return [change.kind for change in found if isinstance(change, Closing)]


def test_a_loop_silent_for_three_minutes_is_told_at_the_minute_the_engine_will_name() -> None:
    reading_ts = MINUTE - 180 + 7

    assert opened(Facts(reading_ts + 179, reading_ts)) == []
    assert opened(Facts(reading_ts + 180, reading_ts)) == [(Kind.BLIND, MINUTE)]


def test_a_silence_ends_with_a_row_but_a_missing_probe_is_the_engine_s_to_close() -> None:
    assert closed(Facts(NOW, NOW - 5), Kind.BLIND, missing="row") == [Kind.BLIND]
    assert closed(Facts(NOW, NOW - 5), Kind.BLIND, missing="water") == []


def test_a_silence_is_graver_than_a_missing_probe() -> None:
    blind = {Kind.BLIND: Open(NOW - 7200, {"missing": "flue"})}

    end, begin = judge(Facts(NOW, NOW - 600), blind)

    assert isinstance(end, Closing)
    assert isinstance(begin, Opening)
    assert (end.ts, begin.evidence["missing"]) == (begin.ts, "row")


def test_an_installation_without_any_reading_yet_is_not_silent() -> None:
    assert opened(Facts(NOW)) == []


@pytest.mark.parametrize(
    ("wrong", "right", "kind"),
    [
        (Facts(NOW, NOW + 301), Facts(NOW, NOW + 300), Kind.CLOCK),
        (Facts(NOW, NOW, waiting=1, channel="mail", said="no route"), Facts(NOW, NOW), Kind.DELIVERY),
        (Facts(NOW, NOW, failed=1), Facts(NOW, NOW), Kind.DELIVERY),
        (Facts(NOW, NOW, balance=4.99), Facts(NOW, NOW, balance=5.0), Kind.BALANCE),
        (Facts(NOW, NOW, free_mb=99.0), Facts(NOW, NOW, free_mb=151.0), Kind.STORAGE),
    ],
)
def test_a_fault_of_the_watch_opens_once_and_closes_when_it_is_over(wrong: Facts, right: Facts, kind: Kind) -> None:
    assert opened(wrong) == [(kind, MINUTE)]
    assert judge(wrong, {kind: Open(MINUTE, {})}) == []
    assert opened(right) == []
    assert closed(right, kind) == [kind]


def test_a_card_does_not_flutter_between_full_and_not() -> None:
    assert closed(Facts(NOW, NOW, free_mb=120.0), Kind.STORAGE) == []


def test_a_balance_not_known_tells_nothing() -> None:
    assert closed(Facts(NOW, NOW), Kind.BALANCE) == []


def test_the_story_of_a_silence_is_its_ends_the_water_and_whether_a_motor_ran_since() -> None:
    before = Row(0, water=61.0, samples=15)
    empty = [Row(60 * number, samples=0) for number in range(1, 200)]
    after = [Row(12000, water=44.0, samples=15), Row(12060, water=44.2, primary_fan=1, samples=15)]

    assert gap(before, [*empty, *after]) == Gap(60, 12000, 61.0, 44.0, True)
    assert gap(before, [*empty[:9], Row(600, samples=15)]) is None
    assert gap(None, after) is None
    assert gap(before, empty) is None


def due(now: datetime, newest: dict[str, int], since_ts: int | None = 0) -> list[str]:
    return [one.channel for one in proofs(int(now.timestamp()), [OWNER, PHONE], newest, since_ts, local)]


def test_the_owner_gets_a_mail_on_monday_at_nine_and_an_sms_on_the_first_at_ten() -> None:
    monday = datetime(2026, 11, 23, 9, 0, 40, tzinfo=PARIS)
    last = int(datetime(2026, 11, 16, 9, 0, tzinfo=PARIS).timestamp())
    first = int(datetime(2026, 11, 1, 10, 0, tzinfo=PARIS).timestamp())

    assert due(monday, {"mail": last, "sms": first}) == ["mail"]
    assert due(monday.replace(hour=8), {"mail": last, "sms": first}) == []
    assert due(monday, {"mail": int(monday.timestamp()), "sms": first}) == []
    assert due(datetime(2026, 12, 1, 10, 0, tzinfo=PARIS), {"mail": 2**40, "sms": first}) == ["sms"]
    assert due(datetime(2026, 12, 1, 9, 59, tzinfo=PARIS), {"mail": 2**40, "sms": first}) == []


def test_a_proof_missed_while_the_power_was_off_is_made_up_for_once() -> None:
    thursday = datetime(2026, 11, 26, 3, 0, tzinfo=PARIS)
    last = int(datetime(2026, 11, 16, 9, 0, tzinfo=PARIS).timestamp())

    assert due(thursday, {"mail": last, "sms": int(thursday.timestamp())}) == ["mail"]


def test_a_new_installation_waits_for_its_first_monday() -> None:
    wednesday = datetime(2026, 11, 25, 12, 0, tzinfo=PARIS)

    assert due(wednesday, {}, int(wednesday.timestamp()) - DAY) == []
    assert due(wednesday, {}, None) == []


def test_the_proof_goes_to_the_first_of_several_alone() -> None:
    second = Recipient("mail", "bo@example.org", position=2)

    found = proofs(NOW, [second, OWNER], {}, 0, local)

    assert [one.address for one in found] == [OWNER.address]
