"""The one lock of the one database file: every write, checkpoint and writer's close holds it.

SQLite before 3.51.3 can corrupt a WAL database when a checkpoint and a commit of two processes meet
(https://www.sqlite.org/wal.html#walresetbug); Debian 12 ships 3.40.1. One lock file around both is the cure.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager


class LockBusyError(Exception):
    """Another process held the lock for longer than the caller would wait."""


@contextmanager
def hold(path: str, wait: float) -> Iterator[None]:
    """Holds the lock file at `path`, made if absent; waits up to `wait` seconds for it, else raises LockBusyError.

    The kernel frees it when its holder dies, so a killed job never leaves it behind.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        _acquire(descriptor, path, wait)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: str, wait: float) -> None:
    give_up = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= give_up:
                raise LockBusyError(f"{path} is held by another process for more than {wait:g} s") from None
            time.sleep(0.01)


@contextmanager
def alone(path: str) -> Iterator[bool]:
    """Keeps two runs of one job apart: True for the first, False, at once, for one that comes while it runs."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
