"""The kernel's side of a 1-wire bus: a tree of files that block for as long as the bus and its probes take."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import threading
import time
from pathlib import Path

CONVERSION_SECONDS = 0.75  # 12 bits, DS18B20 datasheet
ASK_SECONDS = 0.0065  # the wires, while a probe is told to convert: reset, 9 bytes of address, 1 of command
FETCH_SECONDS = 0.011  # and while its scratchpad is fetched: 10 more bytes
PIPE = 4096  # the smallest there is: full, it holds back the 8 bytes of a trigger
IN_OPEN = 0x20  # inotify(7)


def scratchpad(degrees: float, byte_6: str = "10", crc: str = "YES") -> str:
    """What `w1_slave` shows of a probe at so many degrees."""
    low, high = round(degrees * 16).to_bytes(2, "little", signed=True)
    text = f"{low:02x} {high:02x} 4b 46 7f ff {byte_6} 10 1c"
    return f"{text} : crc=1c {crc}\n{text} t={round(degrees * 1000)}\n"


class OneWire:
    """Probes that convert in 0.75 s, each alone or, once triggered, all at once; the wires are one's at a time."""

    def __init__(self, tree: Path, probes: dict[str, str], bulk: bool = False) -> None:
        """probes: address -> what its file shows; bulk: whether `therm_bulk_read` may be written."""
        self.probes = probes
        self.hung = threading.Event()  # while set, no file answers
        self._tree = tree
        self._wires = threading.Lock()
        self._converted: set[str] = set()
        self._closed = False
        for address in probes:
            (tree / address).mkdir(parents=True)
            os.mkfifo(tree / address / "w1_slave")
        self._threads = [threading.Thread(target=self._serve, args=(address,)) for address in probes]
        if bulk:
            (tree / "w1_bus_master1").mkdir()
            self._bulk = tree / "w1_bus_master1" / "therm_bulk_read"
            os.mkfifo(self._bulk)
            self._threads.append(threading.Thread(target=self._serve_bulk, args=(self._full_pipe(),)))
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ends the threads; the files answer nobody any more."""
        self._closed = True
        # Each thread waits for its file to be opened, or soon will.
        paths = [self._tree / address / "w1_slave" for address in self.probes]
        ends = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in paths]
        if len(self._threads) > len(self.probes):
            ends.append(os.open(self._bulk, os.O_WRONLY | os.O_NONBLOCK))
        for thread in self._threads:
            thread.join()
        for end in ends:
            os.close(end)

    def _serve(self, address: str) -> None:
        path = self._tree / address / "w1_slave"
        while True:
            reader = os.open(path, os.O_WRONLY)  # waits until somebody reads
            if self._closed:
                os.close(reader)
                return
            # The next one to read finds a pipe of its own, and this one's ends with its text.
            os.mkfifo(path.with_name("next"))
            path.with_name("next").rename(path)
            self._wait_while_hung()
            if address not in self._converted:
                self._hold_wires(ASK_SECONDS)
                time.sleep(CONVERSION_SECONDS)
            self._hold_wires(FETCH_SECONDS)
            self._converted.discard(address)
            os.write(reader, self.probes[address].encode())
            os.close(reader)

    def _serve_bulk(self, pipe: int) -> None:
        libc = ctypes.CDLL(None)
        watch = libc.inotify_init()
        libc.inotify_add_watch(watch, str(self._bulk).encode(), IN_OPEN)
        while True:
            os.read(watch, struct.calcsize("iIII"))
            if self._closed:
                break
            self._wait_while_hung()
            self._hold_wires(ASK_SECONDS)
            time.sleep(CONVERSION_SECONDS)
            os.read(pipe, PIPE)  # lets the writer go on
            if os.read(pipe, PIPE) == b"trigger\n":  # any other size is ignored without a word
                self._converted = set(self.probes)
            os.write(pipe, bytes(PIPE))
        os.close(watch)
        os.close(pipe)

    def _full_pipe(self) -> int:
        pipe = os.open(self._bulk, os.O_RDWR)
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)
        os.write(pipe, bytes(PIPE))
        return pipe

    def _hold_wires(self, seconds: float) -> None:
        with self._wires:
            time.sleep(seconds)

    def _wait_while_hung(self) -> None:
        while self.hung.is_set() and not self._closed:
            time.sleep(0.01)
