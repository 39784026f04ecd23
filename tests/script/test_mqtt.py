"""Home Assistant's side, through a real mosquitto: described once, told anew, and gone when we are gone."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from config.settings import Settings, load
from flask_app import store
from flask_app.boiler.alerts import Kind
from flask_app.boiler.rows import Row
from flask_app.script.mqtt import Publisher
from flask_app.store import Database

NOW = 1_790_000_000
WAIT = 20  # seconds until a test gives up; what is waited for comes at once
DEVICE = "chaudiere/chaudiere"


class Broker:
    """mosquitto on a port of its own, to be killed and started again."""

    def __init__(self, folder: Path, more: str = "allow_anonymous true") -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port: int = server.getsockname()[1]
        self._conf = folder / "mosquitto.conf"
        self._conf.write_text(f"listener {self.port} 127.0.0.1\n{more}\npersistence false\n")
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-c", self._conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._answers)

    def _answers(self) -> bool:
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def until(done: Callable[[], bool]) -> None:
    """Looks again and again until it is so."""
    end = time.monotonic() + WAIT
    while not done():
        assert time.monotonic() < end


class Ears:
    """A subscriber to everything."""

    def __init__(self, port: int) -> None:
        self.heard: queue.Queue[tuple[str, str, bool]] = queue.Queue()
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        ready = queue.Queue[int]()
        self.client.on_subscribe = lambda *_: ready.put(1)
        self.client.on_message = lambda _c, _d, m: self.heard.put((m.topic, m.payload.decode(), m.retain))
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        ready.get(timeout=WAIT)

    def next(self, topic: str, tick: Callable[[], object] = lambda: None) -> str:
        """The next words on that topic; `tick` is called while waiting."""
        end = time.monotonic() + WAIT
        while True:
            tick()
            try:
                found, words, _ = self.heard.get(timeout=0.2)
            except queue.Empty:
                assert time.monotonic() < end, topic
                continue
            if found == topic:
                return words

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    found = Broker(tmp_path)
    yield found
    found.kill()


@pytest.fixture
def house(database: Database, environ: dict[str, str], broker: Broker) -> Settings:
    database.claim(store.World.REAL)
    with database.writing() as connection:
        store.insert_readings(connection, [Row(NOW - 4, water=63.5, flue=120.25, auger=48.0, primary_fan=0.0)])
        store.insert_minutes(connection, [Row(NOW - 80, water=63.0, samples=15, phase=6)])
    environ["CHAUDIERE_MQTT_HOST"], environ["CHAUDIERE_MQTT_PORT"] = "127.0.0.1", str(broker.port)
    return load(environ)


@pytest.fixture
def publisher(house: Settings) -> Iterator[Publisher]:
    found = Publisher(house)
    yield found
    found.close()


@pytest.fixture
def ears(broker: Broker) -> Iterator[Ears]:
    found = Ears(broker.port)
    yield found
    found.close()


def test_each_value_is_described_and_told(publisher: Publisher, ears: Ears) -> None:
    told = json.loads(ears.next(f"{DEVICE}/state", lambda: publisher.look(NOW)))
    late = Ears(ears.client.port)
    kept = {topic: words for topic, words, retained in drained(late) if retained}
    late.close()

    assert (told["water"], told["phase"], told["verdict"], told["auger_running"]) == (63.5, "combustion", "ok", "ON")
    assert (told["box"], told["primary_fan_running"], told["alert"]) == (None, "OFF", "none")
    water = json.loads(kept["homeassistant/sensor/chaudiere/water/config"])
    assert (water["device_class"], water["unit_of_measurement"], water["state_class"]) == (
        "temperature",
        "°C",
        "measurement",
    )
    assert water["default_entity_id"] == "sensor.chaudiere_water"
    assert water["availability_topic"] == f"{DEVICE}/available"
    assert "homeassistant/binary_sensor/chaudiere/problem/config" in kept
    assert "homeassistant/sensor/chaudiere/box/config" not in kept
    assert kept[f"{DEVICE}/available"] == "online"
    assert f"{DEVICE}/state" not in kept


def drained(ears: Ears) -> list[tuple[str, str, bool]]:
    """What the broker had kept: all of it comes before an echo of our own."""
    ears.client.publish("echo", "here", qos=1)
    found = []
    while (one := ears.heard.get(timeout=WAIT))[0] != "echo":
        found.append(one)
    return found


def test_an_open_alert_is_a_problem_with_its_kind(publisher: Publisher, ears: Ears, database: Database) -> None:
    with database.writing() as connection:
        store.open_alert(connection, Kind.FIRE_DYING.value, NOW - 60, "{}", 0)

    told = json.loads(ears.next(f"{DEVICE}/state", lambda: publisher.look(NOW)))

    assert (told["problem"], told["verdict"], told["alert"]) == ("ON", "fault", "fire_dying")


def test_old_values_are_not_told_as_present(publisher: Publisher, ears: Ears) -> None:
    told = json.loads(ears.next(f"{DEVICE}/state", lambda: publisher.look(NOW + 1000)))

    assert (told["water"], told["verdict"], told["problem"]) == (None, "blind", "ON")


def test_whoever_starts_anew_is_told_anew(publisher: Publisher, ears: Ears) -> None:
    ears.next(f"{DEVICE}/state", lambda: publisher.look(NOW))

    ears.client.publish("homeassistant/status", "online", qos=1)

    assert json.loads(ears.next(f"{DEVICE}/state", lambda: publisher.look(NOW)))["water"] == 63.5


def test_a_broker_that_comes_back_is_told_everything(publisher: Publisher, ears: Ears, broker: Broker) -> None:
    ears.next(f"{DEVICE}/state", lambda: publisher.look(NOW))
    broker.kill()
    publisher.look(NOW)

    broker.start()
    again = Ears(broker.port)
    described = again.next("homeassistant/sensor/chaudiere/water/config", lambda: publisher.look(NOW))
    again.close()

    assert json.loads(described)["unique_id"] == "chaudiere_water"


def test_without_a_broker_a_look_waits_for_nothing(publisher: Publisher, broker: Broker) -> None:
    broker.kill()
    before = time.monotonic()

    for _ in range(20):
        publisher.look(NOW)

    assert time.monotonic() - before < 2


def test_the_program_says_it_is_here_and_the_broker_says_it_is_gone(
    house: Settings, environ: dict[str, str], ears: Ears
) -> None:
    command = [sys.executable, "-m", "flask_app.script.mqtt"]
    program = subprocess.Popen(command, env={**os.environ, **environ}, stderr=subprocess.DEVNULL)
    try:
        came = ears.next(f"{DEVICE}/available")
        program.send_signal(signal.SIGKILL)
        went = ears.next(f"{DEVICE}/available")
    finally:
        program.kill()
        program.wait()

    assert (came, went) == ("online", "offline")


def test_a_program_that_is_told_to_stop_says_goodbye(house: Settings, environ: dict[str, str], ears: Ears) -> None:
    command = [sys.executable, "-m", "flask_app.script.mqtt"]
    program = subprocess.Popen(command, env={**os.environ, **environ}, stderr=subprocess.DEVNULL)
    ears.next(f"{DEVICE}/state")
    program.terminate()

    assert ears.next(f"{DEVICE}/available") == "offline"
    assert program.wait(WAIT) == 0


def test_a_simulated_boiler_is_another_device(
    database: Database, environ: dict[str, str], broker: Broker, ears: Ears
) -> None:
    database.claim(store.World.SIMULATED)
    settings: Any = load({**environ, "CHAUDIERE_MQTT_HOST": "127.0.0.1", "CHAUDIERE_MQTT_PORT": str(broker.port)})
    publisher = Publisher(settings)
    words = ears.next("homeassistant/sensor/chaudiere_simulation/phase/config", lambda: publisher.look(NOW))
    publisher.close()

    assert "SIMULATION" in json.loads(words)["device"]["name"]


def test_with_no_broker_the_program_ends_at_once(environ: dict[str, str], migrated_file: Path) -> None:
    command = [sys.executable, "-m", "flask_app.script.mqtt"]

    ended = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)

    assert ended.returncode == 0
    assert "no broker is set" in ended.stderr


def test_a_broker_that_refuses_us_is_told_of_once(
    house: Settings, environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "strict").mkdir()
    strict = Broker(tmp_path / "strict", "allow_anonymous false")
    publisher = Publisher(load({**environ, "CHAUDIERE_MQTT_PORT": str(strict.port)}))
    said = ""

    publisher.look(NOW)
    end = time.monotonic() + WAIT
    while "refuses us" not in said and time.monotonic() < end:
        said += capsys.readouterr().err
    # paho tries again in a second, then in two: each is refused and hung up on, as here.
    refusal = ReasonCode(PacketTypes.CONNACK, identifier=135)
    for _ in range(3):
        publisher._disconnected(None, None, None, refusal, None)
        publisher._connected(Client(CallbackAPIVersion.VERSION2), None, None, refusal, None)
    publisher.close()
    strict.kill()

    assert (said + capsys.readouterr().err).count("mqtt:") == 1
