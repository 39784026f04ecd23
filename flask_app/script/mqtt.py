"""The program that tells Home Assistant what the boiler does, by MQTT: a reader of the database that nobody waits for.

It runs under supervisor while a broker is set (config/job mqtt waits for that). The broker keeps the descriptions and
whether we are here (the last will says that we are not); values are sent again to whoever asks anew.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from config.settings import Mqtt, Settings, load
from flask_app import store, system
from flask_app.boiler.entities import entities, state_of, template
from flask_app.boiler.options import in_force
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import VALUES, Row
from flask_app.boiler.verdict import Facts
from flask_app.log import line
from flask_app.reasons import KNOWN, reason
from flask_app.words import ROLES, translator

if TYPE_CHECKING:
    from paho.mqtt.client import Client

PERIOD = 5.0  # seconds between two looks
SETTINGS_PERIOD = 60.0
LONGEST_WAIT = 60  # seconds between two tries to reach the broker
EXPIRES = 120  # seconds after which Home Assistant calls a value that was not sent again unavailable
ONLINE, OFFLINE = "online", "offline"


def log(words: str) -> None:
    """One line to the service's log."""
    line("mqtt", words)


class Topics:
    """The names under which we speak; a simulated boiler has its own, and says so."""

    def __init__(self, prefix: str, simulated: bool) -> None:
        self.device = "chaudiere_simulation" if simulated else "chaudiere"
        self.state = f"chaudiere/{self.device}/state"
        self.here = f"chaudiere/{self.device}/available"
        self.birth = f"{prefix}/status"
        self._prefix = prefix

    def description(self, platform: str, entity: str) -> str:
        """Where an entity is described."""
        return f"{self._prefix}/{platform}/{self.device}/{entity}/config"


class Publisher:
    """One connection to one broker. paho's own thread keeps it; its calls here never wait."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._monotonic = settings, monotonic
        self._topics: Topics | None = None
        self._client: Client | None = None
        self._described: dict[str, str] = {}  # topic -> what was described there last
        self._sent = self._said = ""
        self._sent_at = -PERIOD
        self._anew = threading.Event()  # connected, or Home Assistant started: everything is to be said again

    def look(self, now: float) -> None:
        """Reads the database at `now` (UTC seconds) and sends what changed. Raises StoreError or sqlite3.Error."""
        with store.opened(self._settings.database, self._settings.lock) as database:
            if self._topics is None:
                self._connect(Topics(self._settings.mqtt.prefix, database.world is store.World.SIMULATED))
            told = _state(database, self._settings, int(now))
            described = _descriptions(database, self._settings, self._topics_now(), int(now))
        anew = self._anew.is_set()
        self._anew.clear()
        for topic, words in described.items():
            if anew or self._described.get(topic) != words:
                self._publish(topic, words, retain=True)
        for topic in self._described.keys() - described.keys():
            self._publish(topic, "", retain=True)  # gone, in Home Assistant too
        self._described = described
        words = json.dumps(told)
        if anew or words != self._sent or self._monotonic() - self._sent_at > EXPIRES / 3:
            self._publish(self._topics_now().state, words, retain=False)
            self._sent, self._sent_at = words, self._monotonic()

    def close(self) -> None:
        """Says that we are gone, and lets the connection go."""
        if self._client is None:
            return
        goodbye = self._client.publish(self._topics_now().here, OFFLINE, qos=1, retain=True)
        if self._client.is_connected():
            goodbye.wait_for_publish(timeout=2)
        self._client.disconnect()
        self._client.loop_stop()

    def _topics_now(self) -> Topics:
        if self._topics is None:
            raise RuntimeError("not connected yet")
        return self._topics

    def _publish(self, topic: str, words: str, retain: bool) -> None:
        # What is published while the broker is away is said anew when it is back: nothing is queued for it.
        if self._client is not None and self._client.is_connected():
            self._client.publish(topic, words, qos=1, retain=retain)

    def _connect(self, topics: Topics) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        broker = self._settings.mqtt
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"{topics.device}-{os.getpid()}")
        if broker.username:
            client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            client.tls_set()
        client.will_set(topics.here, OFFLINE, qos=1, retain=True)
        client.reconnect_delay_set(1, LONGEST_WAIT)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._asked
        self._topics, self._client = topics, client
        client.connect_async(broker.host, broker.port, keepalive=30)
        client.loop_start()

    def _connected(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._say(f"the broker {self._settings.mqtt.host} refuses us: {reason}")
            return
        self._say(f"connected to {self._settings.mqtt.host}")
        topics = self._topics_now()
        client.subscribe(topics.birth, qos=1)
        client.publish(topics.here, ONLINE, qos=1, retain=True)
        self._anew.set()

    def _disconnected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure and not self._said.startswith("the broker"):
            self._say(f"not connected to {self._settings.mqtt.host}: {reason}")

    def _say(self, words: str) -> None:
        # It is tried again each minute: what stays as it is is said once.
        if words != self._said:
            log(words)
        self._said = words

    def _asked(self, _client: Any, _data: Any, message: Any) -> None:
        if message.payload == ONLINE.encode():  # Home Assistant has started, and forgot our values
            self._anew.set()


def _state(database: store.Database, settings: Settings, now: int) -> dict[str, Any]:
    connection = database.connection
    reading, minute = store.newest_reading(connection, now), store.newest_judged(connection, now)
    options = in_force(settings.options, store.option_changes(connection), now)
    return state_of(
        reading,
        Facts(
            now,
            reading.ts if reading else None,
            minute.ts if minute else None,
            Phase(minute.phase) if minute and minute.phase is not None else None,
            minute.water if minute else None,
            options.setpoint,
            store.newest_open_kinds(connection),
        ),
    )


def _descriptions(database: store.Database, settings: Settings, topics: Topics, now: int) -> dict[str, str]:
    """What Home Assistant is told of each entity, by topic."""
    connection = database.connection
    options = in_force(settings.options, store.option_changes(connection), now)
    say = translator(options.language)
    fitted = {role: say(ROLES[options.spare if role == "spare" else role]) for role in _fitted(connection, now)}
    device = {"identifiers": [topics.device], "name": _name(topics, say), "manufacturer": "Chaudiere"}
    found = {}
    for entity, (platform, words) in entities(fitted, say).items():
        about = {
            **words,
            "unique_id": f"{topics.device}_{entity}",
            "default_entity_id": f"{platform}.{topics.device}_{entity}",
            "state_topic": topics.state,
            "value_template": template(entity),
            "availability_topic": topics.here,
            "expire_after": EXPIRES,
            "device": device | {"configuration_url": settings.url},
            "origin": {"name": "Chaudiere", "sw_version": system.version()},
        }
        if entity == "alert":
            about["json_attributes_topic"] = topics.state
            about["json_attributes_template"] = '{{ {"open": value_json.alerts} | tojson }}'
        found[topics.description(platform, entity)] = json.dumps(about)
    return found


def _name(topics: Topics, say: Callable[[str], str]) -> str:
    return f"{say('Boiler')} ({say('SIMULATION')})" if topics.device.endswith("simulation") else say("Boiler")


def _fitted(connection: sqlite3.Connection, now: int) -> list[str]:
    """The roles that had a value within a day."""
    minutes = [row for row in (store.newest_reading(connection, now), *_samples(connection, now)) if row is not None]
    return [role for role in VALUES if any(getattr(row, role) is not None for row in minutes)]


def _samples(connection: sqlite3.Connection, now: int) -> list[Row]:
    """A minute of each hour of the day before: a probe that is away for an afternoon does not vanish."""
    rows = (store.minutes(connection, now - 3600 * hour, now - 3600 * hour + 60) for hour in range(1, 25))
    return [row for found in rows for row in found]


def broker_of(environ: Mapping[str, str]) -> Mqtt:
    """The broker that is set now. Raises SettingsError."""
    return load(environ).mqtt


def main(environ: Mapping[str, str]) -> int:
    """Runs until SIGTERM, or until the broker's settings change: supervisor starts it again with the new ones."""
    try:
        settings = load(environ)
    except KNOWN as error:
        log(reason(error))
        return 1
    if not settings.mqtt.host:
        log("no broker is set (CHAUDIERE_MQTT_HOST)")
        return 0
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    publisher = Publisher(settings)
    try:
        _run(publisher, settings.mqtt, environ, stop)
    finally:
        publisher.close()
    return 0


def _run(publisher: Publisher, broker: Mqtt, environ: Mapping[str, str], stop: threading.Event) -> None:
    checked, said = time.monotonic(), ""
    while not stop.is_set():
        try:
            publisher.look(time.time())
            if time.monotonic() - checked > SETTINGS_PERIOD:
                checked = time.monotonic()
                if broker_of(environ) != broker:
                    return
            words = ""
        except KNOWN as error:
            words = reason(error)
        if words and words != said:
            log(words)
        said = words
        stop.wait(PERIOD)


if __name__ == "__main__":
    sys.exit(main(os.environ))
