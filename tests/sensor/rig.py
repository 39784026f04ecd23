"""The real loop in one process, and in another what it reads: probes and a chip that take the time of real ones.

    python -m tests.sensor.rig kernel FOLDER    a 1-wire tree in FOLDER/w1, an ADS1115 behind the socket FOLDER/i2c
    python -m tests.sensor.rig loop FOLDER      the loop on both, in the installation that the environment names
    python -m tests.sensor.rig crowd FOLDER     durable commits and checkpoints there, one a second, as the jobs' are

The kernel's process prints the monotonic time at which each pass began. It takes the words `hang` and `free` for the
1-wire bus on its standard input, and ends with it. The loop ends by SIGTERM. What a loop measures is real: the real
package, driver and bus layer; only the kernel's own three calls are answered here.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from config.settings import load
from flask_app import store
from sensor.create_data import Recorder, SystemClock, Taken, open_installation, record, sway
from sensor.get_temp import sensor_class
from tests.sensor.ads1115 import RealTimeBus, ac, noisy
from tests.sensor.w1 import OneWire, scratchpad

PROBES = {f"28-00000000000{number}": scratchpad(60.0 + number) for number in range(1, 5)}
AMPS = (0.28, 3.75, 0.3, 0.2)
BIT_SECONDS = 1e-5  # a bus at 100 kHz
SILENCE_SECONDS = 0.5  # between two passes
WRITE, READ, WRITE_READ = range(3)


# --- the kernel's side


def kernel(folder: Path) -> None:
    """Serves both buses until standard input ends."""
    tree = OneWire(folder / "w1", PROBES)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(_socket_in(folder))
        server.listen()
        threading.Thread(target=_serve_chip, args=(server,), daemon=True).start()
        print("ready", flush=True)
        for line in sys.stdin:
            (tree.hung.set if line.strip() == "hang" else tree.hung.clear)()
    tree.close()


def _serve_chip(server: socket.socket) -> None:
    bus = RealTimeBus([noisy(ac(amps), 1.0, number) for number, amps in enumerate(AMPS)], wire_seconds=0.0)
    connection, last = server.accept()[0], 0.0
    while words := connection.recv(64):
        begun = time.monotonic()
        if begun - last > SILENCE_SECONDS:
            print(begun, flush=True)
        kind, length, address, *out = words
        answer = bytearray(length)
        if kind != READ:
            bus.writeto(address, bytes(out))
        if kind != WRITE:
            bus.readfrom_into(address, answer)
        bits = 9 * (len(out) + length + (2 if kind == WRITE_READ else 1))
        time.sleep(max(0.0, begun + bits * BIT_SECONDS - time.monotonic()))
        last = time.monotonic()
        connection.send(bytes([0]) + answer)


def _socket_in(folder: Path) -> str:
    # A socket's path is short; a test's folder is not.
    return f"/proc/self/fd/{os.open(folder, os.O_PATH)}/i2c"


# --- the loop's side


class Device:
    """What opening /dev/i2c-1 gives: the socket of the kernel's process."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.connect(_socket_in(folder))
        self.fileno = self._socket.fileno
        self.close = self._socket.close
        self._address = 0

    def write(self, data: bytes) -> None:
        self._ask(WRITE, 0, bytes(data))

    def read(self, length: int) -> bytes:
        return self._ask(READ, length, b"")

    def ioctl(self, _descriptor: int, _number: int, argument: Any) -> None:
        """I2C_SLAVE with an address, or I2C_RDWR with a message to write and one to read."""
        if isinstance(argument, int):
            self._address = argument
            return
        out, into = argument.msgs[0], argument.msgs[1]
        self._address = out.addr
        ctypes.memmove(into.buf, self._ask(WRITE_READ, into.len, ctypes.string_at(out.buf, out.len)), into.len)

    def _ask(self, kind: int, length: int, data: bytes) -> bytes:
        self._socket.send(bytes([kind, length, self._address]) + data)
        return self._socket.recv(64)[1:]


def plug_in(folder: Path) -> None:
    """From now on the 1-wire package and the bus layer of this process find FOLDER's buses where Linux has its own."""
    import Adafruit_PureIO.smbus

    device = Device(folder)
    vars(Adafruit_PureIO.smbus).update(open=lambda *_, **__: device, ioctl=device.ioctl)
    sensor_class().BASE_DIRECTORY = folder / "w1"


def loop(folder: Path) -> None:
    """The loop as its own main runs it, but for the clock, which is known true from the start."""
    plug_in(folder)
    settings = load(os.environ)
    inbox: SimpleQueue[Taken | None] = SimpleQueue()
    signal.signal(signal.SIGTERM, lambda *_: inbox.put(None))
    with store.opened(settings.database, settings.lock) as database:
        database.claim(store.World.REAL)
        installation = open_installation(settings)
        recorder = Recorder(database, settings.options, lambda: True, installation)
        recorder.look_up(int(time.time()))
        record(recorder, installation.read, SystemClock(), inbox)


def crowd(_folder: Path) -> None:
    """Takes the lock, syncs and checkpoints, again and again."""
    settings = load(os.environ)
    with store.opened(settings.database, settings.lock) as database:
        while True:
            with database.writing(durable=True) as connection:
                store.keep_change(connection, "setpoint", int(time.time()), "56", "crowd")
            database.checkpoint()
            time.sleep(1.0)


# --- both, as a test or a benchmark starts them


class Rig:
    """The two processes, and when each pass of the loop began."""

    def __init__(self, kernel: subprocess.Popen[str], loop: subprocess.Popen[bytes]) -> None:
        self.passes: list[float] = []  # monotonic seconds
        self.loop = loop
        self._kernel = kernel
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._kernel.stdout
        for line in self._kernel.stdout:
            self.passes.append(float(line))

    def say(self, word: str) -> None:
        """`hang` or `free`, to the 1-wire bus."""
        assert self._kernel.stdin
        self._kernel.stdin.write(word + "\n")
        self._kernel.stdin.flush()

    def cpu_seconds(self) -> float:
        """Of the loop's process until now."""
        fields = Path(f"/proc/{self.loop.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Megabytes that the loop's process has in memory."""
        return int(Path(f"/proc/{self.loop.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def descriptors(self) -> int:
        """How many files the loop's process has open between two passes; takes 2 s."""
        return min(self._open_now() for _ in range(10))

    def _open_now(self) -> int:
        time.sleep(0.2)
        return len(os.listdir(f"/proc/{self.loop.pid}/fd"))


@contextmanager
def running(folder: Path, environ: dict[str, str]) -> Iterator[Rig]:
    """Both processes, buses in `folder`; the loop in the migrated installation of `environ`; ended at the end."""
    command = [sys.executable, "-m", "tests.sensor.rig"]
    bare = {name: value for name, value in environ.items() if name != "LD_PRELOAD"}
    with subprocess.Popen(
        [*command, "kernel", str(folder)], env=bare, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as below:
        assert below.stdout
        assert below.stdin
        assert below.stdout.readline() == "ready\n"
        with subprocess.Popen([*command, "loop", str(folder)], env=environ) as above:
            try:
                yield Rig(below, above)
            finally:
                above.send_signal(signal.SIGTERM)
                above.wait()
                below.stdin.close()


def delays(passes: Sequence[float], period: float) -> list[float]:
    """How much later than its beat each pass of a loop began, in seconds; the beat is that of the earliest.

    >>> [round(delay, 3) for delay in delays([10.0, 14.38, 18.74, 27.11], 4.0)]
    [0.0, 0.01, 0.0, 4.0]
    """
    ahead = [begun - number * period - sway(number, period) for number, begun in enumerate(passes)]
    return [each - min(ahead) for each in ahead]


if __name__ == "__main__":
    {"kernel": kernel, "loop": loop, "crowd": crowd}[sys.argv[1]](Path(sys.argv[2]))
