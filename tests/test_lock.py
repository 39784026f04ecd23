"""The one lock: it keeps writers apart, waits as long as told, and dies with its holder."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flask_app import lock

HOLDER = "import sys; from flask_app import lock\nwith lock.hold(sys.argv[1], 0): print('held', flush=True); input()"


@contextmanager
def held_elsewhere(path: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends, or it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "lock")


def test_a_lock_held_by_another_process_is_busy_and_named(path: str) -> None:
    with held_elsewhere(path), pytest.raises(lock.LockBusyError, match=path), lock.hold(path, 0.02):
        pytest.fail("two hold it")


def test_a_killed_holder_leaves_it_free(path: str) -> None:
    with held_elsewhere(path) as holder:
        holder.kill()
        holder.wait()

        with lock.hold(path, 0):
            pass


def test_who_waits_has_it_once_the_other_lets_it_go(path: str) -> None:
    with held_elsewhere(path) as holder:
        began = time.monotonic()
        assert holder.stdin
        holder.stdin.close()

        with lock.hold(path, 30):
            waited = time.monotonic() - began

    assert waited < 10


def test_it_is_free_after_an_error_inside(path: str) -> None:
    with pytest.raises(ValueError, match="inside"), lock.hold(path, 0):
        raise ValueError("inside")

    with lock.hold(path, 0):
        pass


def test_strangers_can_not_open_it(path: str) -> None:
    with lock.hold(path, 0):
        assert Path(path).stat().st_mode & 0o007 == 0


def test_the_second_of_two_runs_of_a_job_is_told_at_once(path: str) -> None:
    with lock.alone(path) as first, lock.alone(path) as second:
        assert (first, second) == (True, False)

    with lock.alone(path) as later:
        assert later
