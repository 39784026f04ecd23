"""The judging job on a real database: phases, alerts, messages planned, states kept, and what a second run changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from config.settings import Settings, load
from flask_app import store
from flask_app.boiler.rows import Row
from flask_app.script.process_phase import process
from flask_app.store import Database

DAY = 86400
START = 20_000 * DAY
PROJECT = Path(__file__).parent.parent.parent


def minute(ts: int, water: float | None = 65.0) -> Row:
    return Row(ts, water=water, flue=40.0, primary_fan=0, igniter=0, auger=0, samples=15)


def keep(database: Database, minutes: list[Row]) -> None:
    with database.writing() as connection:
        store.insert_minutes(connection, minutes)


def cooling(count: int = 240) -> list[Row]:
    """A boiler that is out: 65 °C, a quarter of a degree less each minute."""
    return [minute(START + 60 * number, 65 - number / 4) for number in range(count)]


def everything(database: Database) -> list[object]:
    tables = ("ChaudiereMinute", "Alert", "Delivery", "EngineState")
    return [database.connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables]


def low_water(database: Database) -> list[tuple[int, int | None]]:
    query = "SELECT opened_ts, closed_ts FROM Alert WHERE kind = 'low_water' ORDER BY opened_ts"
    return database.connection.execute(query).fetchall()


def test_every_minute_gets_a_phase_and_a_second_run_changes_nothing(database: Database, settings: Settings) -> None:
    keep(database, cooling())

    assert process(database, settings) == 240

    before = everything(database)
    assert store.unjudged_ts(database.connection, 0) is None
    assert process(database, settings) == 0
    assert everything(database) == before


def test_the_alert_opens_at_the_first_minute_below_and_tells_all_who_are_named(
    environ: dict[str, str], database: Database, settings: Settings
) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO Recipient (channel, address) VALUES ('mail', 'a@example.org')")
        connection.execute("INSERT INTO Recipient (channel, address) VALUES ('sms', '+33639980001')")
    keep(database, cooling())

    process(database, settings)

    cold_ts = START + 37 * 60
    assert low_water(database) == [(cold_ts, None)]
    query = (
        "SELECT channel, reason, due_ts FROM Delivery JOIN Alert ON Alert.id = alert_id "
        "WHERE kind = 'low_water' ORDER BY channel"
    )
    found = database.connection.execute(query).fetchall()
    assert found == [("mail", "opened", cold_ts + 60), ("sms", "opened", cold_ts + 60)]


def test_a_recovery_closes_the_alert_and_is_mailed(database: Database, settings: Settings) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO Recipient (channel, address) VALUES ('mail', 'a@example.org')")
    cold = cooling(60)
    warm_ts = cold[-1].ts + 60
    keep(database, cold + [minute(warm_ts + 60 * number, 60.0) for number in range(5)])

    process(database, settings)

    assert low_water(database) == [(START + 37 * 60, warm_ts + 60)]
    assert database.connection.execute("SELECT COUNT(*) FROM Delivery WHERE reason = 'recovery'").fetchone()[0] >= 1


def test_minutes_judged_again_open_no_second_alert(database: Database, settings: Settings) -> None:
    keep(database, cooling())
    process(database, settings)
    alerts = database.connection.execute("SELECT * FROM Alert ORDER BY id").fetchall()
    again = [row._replace(water=row.water and row.water - 1) for row in cooling()[-30:]]
    with database.writing() as connection:
        store.replace_minutes(connection, again)

    assert process(database, settings) >= 30
    assert database.connection.execute("SELECT * FROM Alert ORDER BY id").fetchall() == alerts


def test_live_minutes_and_a_backlog_end_alike(
    database: Database, settings: Settings, migrated_file: Path, tmp_path: Path
) -> None:
    other_file = tmp_path / "other.db"
    other_file.write_bytes(migrated_file.read_bytes())
    other = Database(str(other_file), str(tmp_path / "other.lock"))
    keep(database, cooling())
    process(database, settings)
    for row in cooling():
        keep(other, [row])
        process(other, settings)

    live, backlog = everything(other), everything(database)
    other.close()

    assert live[:2] == backlog[:2]


def test_killed_at_any_point_and_run_again_nothing_is_lost_nor_doubled(
    environ: dict[str, str], database: Database, settings: Settings, migrated_file: Path, tmp_path: Path
) -> None:
    keep(database, cooling(600))
    process(database, settings)
    expected = everything(database)[:3]
    home = tmp_path / "killed"
    (home / "run").mkdir(parents=True)
    (home / "chaudiere.db").write_bytes(migrated_file.read_bytes())
    killed = Database(str(home / "chaudiere.db"), str(home / "run" / "database.lock"))
    keep(killed, cooling(600))
    job = [sys.executable, "-m", "flask_app.script.process_phase"]
    world = {**os.environ, "CHAUDIERE_HOME": str(home)}

    for milliseconds in (20, 40, 60, 80, 100, 120, 140, 160):
        process_run = subprocess.Popen(job, env=world, cwd=PROJECT)
        try:
            process_run.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            process_run.send_signal(signal.SIGKILL)
            process_run.wait()
    two = [subprocess.Popen(job, env=world, cwd=PROJECT) for _ in range(2)]

    assert [run.wait() for run in two] == [0, 0]
    assert subprocess.run(job, env=world, cwd=PROJECT, check=False).returncode == 0
    assert everything(killed)[:3] == expected
    killed.close()


# --- the life of alerts, and the watch's own


MAILS = [("mail", "ana@example.org", "Ana", 1), ("mail", "bo@example.org", "Bo", 2), ("sms", "+33639980001", "Ana", 1)]


def name_people(database: Database) -> None:
    with database.writing() as connection:
        connection.executemany("INSERT INTO Recipient (channel, address, name, position) VALUES (?, ?, ?, ?)", MAILS)


def planned(database: Database, kind: str) -> list[tuple[str, str, int]]:
    query = (
        "SELECT reason, address, due_ts FROM Delivery JOIN Alert ON Alert.id = alert_id WHERE kind = ? "
        "ORDER BY due_ts, Delivery.id"
    )
    return database.connection.execute(query, (kind,)).fetchall()


def send_all(database: Database, now: int) -> None:
    with database.writing() as connection:
        connection.execute("UPDATE Delivery SET sent_ts = ? WHERE sent_ts IS NULL AND due_ts <= ?", (now, now))


def live(database: Database, settings: Settings, rows: list[Row]) -> None:
    """The job once a minute, each message sent at once."""
    for row in rows:
        keep(database, [row])
        reading(database, row.ts + 59)
        process(database, settings, row.ts + 63)
        send_all(database, row.ts + 64)


def reading(database: Database, ts: int) -> None:
    with database.writing() as connection:
        store.insert_readings(connection, [Row(ts, water=60.0)])


def test_a_cold_boiler_is_remembered_and_raised_to_the_next_person(database: Database, settings: Settings) -> None:
    name_people(database)

    live(database, settings, cooling(110))

    cold_ts = START + 37 * 60 + 60
    found = [(reason, address, (due - cold_ts) // 60) for reason, address, due in planned(database, "low_water")]
    assert [one[2] for one in found if one[:2] == ("reminder", "ana@example.org")] == [10, 30, 60]
    assert ("escalation", "bo@example.org", 30) in found
    assert [one[2] for one in found if one[0] == "opened"] == [0, 0]


def test_an_acknowledged_alert_is_silent_and_the_others_hear_who(database: Database, settings: Settings) -> None:
    name_people(database)
    live(database, settings, cooling(45))
    with database.writing() as connection:
        connection.execute("UPDATE Alert SET acknowledged_ts = ?, acknowledged_by = 'Bo'", (START + 45 * 60,))

    live(database, settings, cooling(110)[45:])

    later = [(reason, address) for reason, address, due in planned(database, "low_water") if due >= START + 45 * 60]
    assert later == [("acknowledged", "ana@example.org"), ("acknowledged", "+33639980001")]


def test_a_cold_spell_that_begins_again_goes_on_with_its_story(database: Database, settings: Settings) -> None:
    name_people(database)
    waters = [57, 57, 55.5, *[55.5] * 12, 56.2, 55.5, *[55.5] * 5]

    live(database, settings, [minute(START + 60 * number, water) for number, water in enumerate(waters)])

    assert [opened for opened, _closed in low_water(database)] == [START + 120, START + 16 * 60]
    assert [reason for reason, address, _ in planned(database, "low_water") if "ana" in address] == [
        "opened",
        "reminder",
    ]


def test_water_that_hovers_is_told_anew_after_a_day_though_somebody_had_seen_it(
    database: Database, settings: Settings
) -> None:
    name_people(database)
    waters = [57.0, 57.0, *([55.5] * 15 + [56.2]) * 95]
    rows = [minute(START + 60 * number, water) for number, water in enumerate(waters)]
    live(database, settings, rows[:10])
    with database.writing() as connection:
        connection.execute("UPDATE Alert SET acknowledged_ts = ?, acknowledged_by = 'Ana'", (START + 600,))

    for first in range(10, len(rows), 16):
        keep(database, rows[first : first + 16])
        now = rows[first : first + 16][-1].ts + 63
        process(database, settings, now)
        send_all(database, now)

    found = [(reason, due // 60) for reason, address, due in planned(database, "low_water") if "ana" in address]
    first, second = (due for reason, due in found if reason == "opened")
    assert 1440 <= second - first <= 1456
    assert not [due for reason, due in found if first < due < second]
    assert [due - second for reason, due in found if reason == "reminder"][:1] == [10]


def ahead(database: Database, settings: Settings, waters: list[float], until: int) -> list[Row]:
    """Half an hour of warm water, then `waters` by a clock that is a day ahead, and warm water by the true one again,
    from then until the minute `until`; returns what was not judged yet."""
    live(database, settings, [minute(START + 60 * number) for number in range(30)])
    live(database, settings, [minute(START + DAY + 60 * (30 + number), water) for number, water in enumerate(waters)])
    return [minute(START + 60 * number) for number in range(30 + len(waters), until)]


def test_what_was_told_by_a_clock_a_day_ahead_goes_on_once_it_is_set_and_silences_nothing(
    database: Database, settings: Settings
) -> None:
    name_people(database)
    rows = ahead(database, settings, [65.0] * 5 + [50.0] * 55, 400)
    cold = [row._replace(water=50.0) if row.ts < START + 6000 or row.ts >= START + 18000 else row for row in rows]

    live(database, settings, cold)

    # The first spell is told at its 35th minute by the false clock, and goes on at the 90th by the true one.
    begins = [(START + 60 * 35, START + 60 * 90), (START + 60 * 90, START + 60 * 101), (START + 60 * 300, None)]
    assert low_water(database) == begins
    found = [(why, (due - START) // 60) for why, to, due in planned(database, "low_water") if "ana" in to]
    assert [due for why, due in found if why == "opened"] == [36, 301]
    assert [due for why, due in found if why == "recovery"] == [102]
    assert [due for why, due in found if why == "reminder"] == [46, 66, 96, 311, 331, 361]


def test_an_alert_of_a_clock_ahead_ends_once_it_is_set_when_all_is_well(database: Database, settings: Settings) -> None:
    name_people(database)

    live(database, settings, ahead(database, settings, [65.0] * 5 + [50.0] * 20, 70))

    assert low_water(database) == [(START + 60 * 35, START + 60 * 56)]
    assert [why for why, to, _ in planned(database, "low_water") if "ana" in to] == ["opened", "reminder", "recovery"]


def test_no_second_low_water_within_ten_minutes_of_one_told_by_a_clock_ahead(
    database: Database, settings: Settings
) -> None:
    rows = ahead(database, settings, [65.0] * 5 + [50.0, 65.0, 65.0], 60)

    live(database, settings, [row._replace(water=50.0) for row in rows])

    assert [opened for opened, _ in low_water(database)] == [START + 60 * 45, START + DAY + 60 * 35]


def test_a_story_costs_no_more_the_longer_it_lasts(database: Database) -> None:
    with database.writing() as connection:
        for number in range(3000):
            ts = START + 720 * number
            statement = "INSERT INTO Alert (kind, opened_ts, closed_ts, evidence) VALUES ('low_water', ?, ?, '{}')"
            connection.execute(statement, (ts, ts + 720))
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    database.connection.set_progress_handler(count, 1000)
    life = store.life(database.connection, 3000)
    database.connection.set_progress_handler(None, 1000)

    assert life.opened_ts == START + 720 * (3000 - 120)
    assert steps < 1000  # thousands of SQLite's instructions


def test_a_boiler_stopped_on_purpose_is_noted_and_told_only_when_the_stop_ends(
    database: Database, settings: Settings
) -> None:
    name_people(database)
    with database.writing() as connection:
        statement = "INSERT INTO Setting (key, since_ts, value, by) VALUES ('stop', ?, ?, 'Ana')"
        connection.execute(statement, (START, f"{START + 3600} sweep"))

    live(database, settings, cooling(70))

    assert low_water(database) == [(START + 37 * 60, None)]
    assert [due for _, _, due in planned(database, "low_water")][:1] == [START + 59 * 60 + 63]


def test_at_night_what_is_sent_follows_the_setpoint_of_the_night(environ: dict[str, str], database: Database) -> None:
    name_people(database)
    night = load({**environ, "CHAUDIERE_SETPOINT_NIGHT": "50", "CHAUDIERE_NIGHT_FROM": "0", "CHAUDIERE_NIGHT_TO": "24"})

    live(database, night, cooling(80))

    assert low_water(database) == [(START + 37 * 60, None)]
    assert planned(database, "low_water")[0][2] == START + 61 * 60 + 63


def test_a_silent_loop_is_told_after_three_minutes_and_its_end_tells_the_story(
    database: Database, settings: Settings
) -> None:
    name_people(database)
    live(database, settings, [minute(START + 60 * number, 60.0) for number in range(20)])
    last = START + 19 * 60

    for now in range(last + 63, last + 400, 60):
        process(database, settings, now)
    during = planned(database, "blind")
    silence = [Row(last + 60 * number, samples=0) for number in range(1, 31)]
    keep(database, silence)
    live(database, settings, [minute(last + 31 * 60, 58.0)])

    query = "SELECT opened_ts, closed_ts, evidence FROM Alert WHERE kind = 'blind'"
    (opened_ts, closed_ts, evidence), *more = database.connection.execute(query).fetchall()
    assert [reason for reason, _, _ in during] == ["opened", "opened"]
    assert (opened_ts, closed_ts, more) == (last + 180, last + 31 * 60, [])
    story = json.loads(evidence)
    assert (story["gap_from_ts"], story["gap_to_ts"]) == (last + 60, last + 31 * 60)
    assert (story["water_before"], story["water_after"], story["running"]) == (60.0, 58.0, False)


def test_a_silence_is_told_although_a_missing_probe_was_acknowledged(database: Database, settings: Settings) -> None:
    name_people(database)
    last = START + 49 * 60
    minutes = [minute(START + 60 * number, 60.0) for number in range(50)]
    live(database, settings, [one._replace(flue=None) if one.ts >= START + 1800 else one for one in minutes])
    with database.writing() as connection:
        connection.execute("UPDATE Alert SET acknowledged_ts = ?, acknowledged_by = 'Bo'", (last,))

    for now in range(last + 63, last + 400, 60):
        process(database, settings, now)
    keep(database, [Row(last + 60 * number, samples=0) for number in range(1, 31)])
    live(database, settings, [minute(last + 31 * 60, 60.0)])

    query = (
        "SELECT opened_ts, closed_ts, json_extract(evidence, '$.missing') FROM Alert WHERE kind = 'blind' ORDER BY 1"
    )
    silence_ts = last + 180
    assert database.connection.execute(query).fetchall() == [
        (START + 39 * 60, silence_ts, "flue"),
        (silence_ts, last + 31 * 60, "row"),
    ]
    told = [due for reason, address, due in planned(database, "blind") if reason == "opened" and "ana" in address]
    assert told == [START + 40 * 60, silence_ts + 60]


def test_after_a_power_cut_the_first_run_tells_what_happened(database: Database, settings: Settings) -> None:
    name_people(database)
    live(database, settings, [minute(START + 60 * number, 60.0) for number in range(20)])
    back = START + 5 * DAY  # too long for rows of None

    live(database, settings, [minute(back, 30.0)])

    reasons = [(reason, address) for reason, address, _ in planned(database, "blind")]
    assert reasons == [
        ("opened", "ana@example.org"),
        ("opened", "+33639980001"),
        ("recovery", "ana@example.org"),
        ("recovery", "+33639980001"),
    ]


def test_jobs_that_stood_still_are_noted_and_told_once_they_run_again(database: Database, settings: Settings) -> None:
    name_people(database)
    live(database, settings, [minute(START + 60 * number, 60.0) for number in range(20)])
    keep(database, [minute(START + 60 * number, 60.0) for number in range(20, 50)])
    reading(database, START + 49 * 60 + 59)

    process(database, settings, START + 50 * 60 + 3)

    query = "SELECT opened_ts, closed_ts FROM Alert WHERE kind = 'jobs'"
    assert database.connection.execute(query).fetchall() == [(START + 25 * 60, START + 50 * 60)]
    assert [reason for reason, address, _ in planned(database, "jobs") if "ana" in address] == ["opened", "recovery"]


def test_a_job_that_is_a_few_minutes_late_is_no_alert(database: Database, settings: Settings) -> None:
    live(database, settings, [minute(START + 60 * number, 60.0) for number in range(20)])
    keep(database, [minute(START + 60 * number, 60.0) for number in range(20, 26)])
    reading(database, START + 25 * 60 + 59)

    process(database, settings, START + 26 * 60 + 3)

    assert planned(database, "jobs") == []


def test_a_run_with_nothing_new_writes_nothing(database: Database, settings: Settings) -> None:
    name_people(database)
    live(database, settings, cooling(30))
    before = database.connection.total_changes

    assert process(database, settings, START + 30 * 60 + 10) == 0

    assert database.connection.total_changes == before


def test_messages_that_do_not_leave_are_an_alert_of_their_own(database: Database, settings: Settings) -> None:
    name_people(database)
    live(database, settings, cooling(40))
    with database.writing() as connection:
        connection.execute("UPDATE Delivery SET sent_ts = NULL, failed_ts = due_ts WHERE channel = 'sms'")
        connection.execute(
            "INSERT INTO Attempt (delivery_id, ts, outcome, words) "
            "SELECT id, due_ts, 'refused', 'status 7' FROM Delivery"
        )

    live(database, settings, [minute(START + 40 * 60)])

    found = database.connection.execute("SELECT evidence FROM Alert WHERE kind = 'delivery'").fetchall()
    assert [json.loads(evidence)["said"] for (evidence,) in found] == ["status 7"]
    assert {address for _, address, _ in planned(database, "delivery")} == {"ana@example.org", "+33639980001"}


def test_the_path_is_proven_by_a_mail_a_week_to_the_owner(database: Database, settings: Settings) -> None:
    name_people(database)
    live(database, settings, [minute(START)])
    week = [START + day * DAY for day in range(1, 15)]

    live(database, settings, [minute(ts) for ts in week])

    found = database.connection.execute("SELECT channel, address FROM Delivery WHERE reason = 'self_test'").fetchall()
    assert found.count(("mail", "ana@example.org")) == 2
    assert ("mail", "bo@example.org") not in found


def test_an_alert_open_for_days_when_the_rules_change_is_still_closed(database: Database, settings: Settings) -> None:
    keep(database, cooling(60) + [minute(START + 60 * number, 50.0) for number in range(60, 4 * 1440)])
    process(database, settings)
    with database.writing() as connection:
        connection.execute("UPDATE EngineState SET version = version - 1")
    warm_ts = START + 4 * DAY
    keep(database, [minute(warm_ts + 60 * number, 60.0) for number in range(3)])

    process(database, settings)

    assert low_water(database) == [(START + 37 * 60, warm_ts + 60)]
