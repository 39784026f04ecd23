"""The life of an alert: who is told what and when, until somebody acknowledges or it is over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flask_app.boiler.alerts import Kind
from flask_app.boiler.deliveries import (
    Channel,
    Delivery,
    Life,
    Recipient,
    Scene,
    Told,
    awake,
    jitter,
    messages,
    next_try_ts,
    room,
)

HOUR = 3600
MAIL = Recipient("mail", "ana@example.org", "Ana")
SMS = Recipient("sms", "+33639980001", "Ana")
SECOND = Recipient("mail", "bo@example.org", "Bo", position=2)
THIRD = Recipient("sms", "+33639980003", "Cy", position=3)


def local(ts: int) -> datetime:
    return datetime.fromtimestamp(ts, UTC)


def plan(life: Life, people: list[Recipient], now: int, **scene: bool) -> list[Delivery]:
    return messages(life, people, Scene(now, **scene), local)


def live(
    people: list[Recipient],
    until: int,
    kind: Kind = Kind.LOW_WATER,
    delivered: bool = True,
    taken_ts: int | None = None,
    closed_ts: int | None = None,
    lighting: tuple[int, int] = (0, 0),
) -> list[tuple[str, str, int]]:
    """(reason, address, due) of an alert opened at 0, looked at each minute and sent as soon as due."""
    told: list[Told] = []
    for now in range(60, until, 60):
        sent = [one._replace(sent_ts=one.due_ts if delivered and one.due_ts <= now else None) for one in told]
        taken = taken_ts is not None and now >= taken_ts
        closed = closed_ts is not None and now > closed_ts
        life = Life(kind, 0, closed_ts if closed else None, taken_ts if taken else None, "Ana" if taken else "", sent)
        told += [Told(*one[:4]) for one in plan(life, people, now, lighting=lighting[0] <= now < lighting[1])]
    return [(one.reason, one.address, one.due_ts) for one in told]


def test_an_alert_is_told_then_remembered_after_10_30_60_minutes_and_every_four_hours() -> None:
    found = live([MAIL], 10 * HOUR)

    times = [(due - 60) // 60 for _reason, _address, due in found]
    assert [reason for reason, *_ in found] == ["opened"] + ["reminder"] * 5
    assert times == [0, 10, 30, 60, 300, 540]


def test_nobody_is_remembered_of_what_somebody_looks_after_and_the_others_hear_who() -> None:
    found = live([MAIL, Recipient("mail", "bo@example.org", "Bo")], 10 * HOUR, taken_ts=900)

    assert [(reason, address) for reason, address, due in found if due >= 900] == [("acknowledged", "bo@example.org")]


def test_the_next_person_is_told_after_half_an_hour_and_the_third_after_another() -> None:
    found = live([MAIL, SECOND, THIRD], 3 * HOUR)

    raised = [(address, due) for reason, address, due in found if reason == "escalation"]
    assert raised == [(SECOND.address, 60 + 1800), (THIRD.address, 60 + 3600)]


def test_the_next_person_is_told_after_five_minutes_when_no_message_left() -> None:
    found = live([MAIL, SECOND], HOUR, delivered=False)

    assert found == [("opened", MAIL.address, 60), ("escalation", SECOND.address, 60 + 300)]


def test_the_next_person_is_told_at_once_when_the_first_address_is_refused() -> None:
    told = (Told("opened", "mail", MAIL.address, 60, failed_ts=62),)

    found = plan(Life(Kind.JAM, 0, told=told), [MAIL, SECOND], 120)

    assert [(one.reason, one.address) for one in found] == [("escalation", SECOND.address)]


def test_the_end_is_told_once_to_each_that_was_told() -> None:
    found = live([MAIL, SMS, SECOND], 2 * HOUR, closed_ts=1200)

    assert [(reason, address) for reason, address, _ in found if reason == "recovery"] == [
        ("recovery", MAIL.address),
        ("recovery", SMS.address),
    ]
    assert not [due for _reason, _address, due in found if due > 1260]


def test_an_alert_over_before_anyone_was_told_stays_silent() -> None:
    assert plan(Life(Kind.LOW_WATER, 0, closed_ts=600), [MAIL], 660) == []


def test_while_the_fire_is_lit_there_is_one_message_and_no_reminder() -> None:
    found = live([MAIL, SECOND], 2 * HOUR, lighting=(0, 2400))

    assert [(reason, due) for reason, _address, due in found][:2] == [("opened", 60), ("escalation", 2400)]
    assert next(due for reason, _, due in found if reason == "reminder") == 60 + 1800


@pytest.mark.parametrize("kind", [Kind.LOW_WATER, Kind.JAM, Kind.FIRE_DYING])
def test_a_boiler_stopped_on_purpose_tells_nothing_until_the_stop_ends(kind: Kind) -> None:
    assert plan(Life(kind, 0), [MAIL], 600, stopped=True) == []
    assert [one.due_ts for one in plan(Life(kind, 0), [MAIL], 7200)] == [7200]


def test_the_watch_s_own_faults_are_told_while_the_boiler_is_stopped() -> None:
    assert len(plan(Life(Kind.BLIND, 0), [MAIL], 600, stopped=True)) == 1


def test_water_not_below_the_setpoint_of_the_hour_is_not_told_before_it_is() -> None:
    assert plan(Life(Kind.LOW_WATER, 0), [MAIL], 600, warm=True) == []


def test_what_is_not_urgent_goes_by_mail_and_waits_for_the_end_of_the_quiet_hours() -> None:
    quiet = MAIL._replace(quiet=(22 * 60, 7 * 60))

    found = plan(Life(Kind.IGNITER_WEAR, 0), [quiet, SMS], 23 * HOUR)

    assert [(one.channel, one.due_ts) for one in found] == [("mail", 31 * HOUR)]


def test_what_is_urgent_wakes_people() -> None:
    quiet = SMS._replace(quiet=(22 * 60, 7 * 60))

    assert [one.due_ts for one in plan(Life(Kind.JAM, 0), [quiet], 23 * HOUR)] == [23 * HOUR]


def test_a_probe_that_is_not_the_water_s_is_a_mail_and_an_sms_only_when_it_lasts() -> None:
    told: list[Told] = []
    for now in range(60, 2 * HOUR, 60):
        life = Life(Kind.BLIND, 0, told=told, mild=True)
        told += [Told(*one[:4], sent_ts=one.due_ts) for one in plan(life, [MAIL, SMS], now)]

    assert [(one.channel, one.due_ts) for one in told if one.reason == "opened"] == [("mail", 60), ("sms", 1200)]
    assert len(plan(Life(Kind.BLIND, 0), [MAIL, SMS], 60)) == 2


def test_who_has_a_phone_alone_hears_of_what_is_not_urgent_by_it() -> None:
    assert [one.channel for one in plan(Life(Kind.FOULING, 0), [SMS], 600)] == ["sms"]


def test_messages_that_do_not_leave_are_told_by_every_way() -> None:
    assert {one.channel for one in plan(Life(Kind.DELIVERY, 0), [MAIL, SMS], 600)} == {"mail", "sms"}


def test_each_hears_of_the_kinds_it_asked_for() -> None:
    picky = MAIL._replace(kinds=("jam",))

    assert plan(Life(Kind.LOW_WATER, 0), [picky], 600) == []
    assert len(plan(Life(Kind.JAM, 0), [picky], 600)) == 1


def test_a_message_that_has_not_left_is_not_remembered_behind_itself() -> None:
    told = (Told("opened", "mail", MAIL.address, 60),)

    assert plan(Life(Kind.JAM, 0, told=told), [MAIL], 4000) == []


def test_what_is_planned_is_planned_once() -> None:
    first = plan(Life(Kind.JAM, 0), [MAIL, SMS], 60)
    told = [Told(*one[:4], sent_ts=61) for one in first]

    assert [one.channel for one in first] == [Channel.MAIL.value, Channel.SMS.value]
    assert plan(Life(Kind.JAM, 0, told=told), [MAIL, SMS], 120) == []


def test_the_quiet_hours_of_an_afternoon_end_the_same_day() -> None:
    assert awake(14 * HOUR + 30, (13 * 60, 16 * 60), local) == 16 * HOUR
    assert awake(17 * HOUR, (13 * 60, 16 * 60), local) == 17 * HOUR


def test_tries_go_on_each_minute_but_a_refused_login_is_left_alone_longer() -> None:
    assert next_try_ts(9000, 1000, 5) == 1000
    pauses = [next_try_ts(tries, 0, 5, locked=True) for tries in (1, 5, 9, 13, 17, 9000)]
    assert pauses == sorted(pauses)
    assert pauses[-1] <= 1000
    assert {jitter(tries, 3) for tries in range(200)} <= {half / 2 for half in range(13)}


def test_an_address_has_room_for_so_many_an_hour_and_so_many_a_day() -> None:
    sent = list(range(0, 12 * 4000, 4000))

    assert not room(sent, 50_000, hourly=6, daily=12)
    assert room(sent, 50_000, hourly=6)
