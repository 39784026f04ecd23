"""A thread that asks one bus, so that a bus that hangs costs its own values and never the loop's period."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Worker(Generic[Answer]):
    """Runs `question` in its own daemon thread, one question at a time.

    The thread is a daemon: a read stuck in the kernel cannot be ended, and must not keep the process alive.
    An exception of `question` is raised again in the caller of `answer`.
    """

    def __init__(self, name: str, question: Callable[[], Answer]) -> None:
        self._question = question
        self._asked: SimpleQueue[int] = SimpleQueue()
        self._answers: SimpleQueue[tuple[int, Answer | None, Exception | None]] = SimpleQueue()
        self._ticket = 0
        self._finished = 0
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    def ask(self) -> bool:
        """Starts the question; False when the former one still hangs, and then nothing is asked."""
        self._discard_late_answers()
        if self._finished < self._ticket:
            return False
        self._ticket += 1
        self._asked.put(self._ticket)
        return True

    def answer(self, seconds: float) -> Answer:
        """What the question asked last returned. Raises TimeoutError after `seconds`, or the question's own error."""
        try:
            self._finished, value, error = self._answers.get(timeout=max(seconds, 0.001))
        except Empty:
            raise TimeoutError("no answer within the deadline") from None
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # None only beside an error

    def _discard_late_answers(self) -> None:
        while not self._answers.empty():
            self._finished = self._answers.get()[0]

    def _serve(self) -> None:
        while True:
            ticket = self._asked.get()
            try:
                self._answers.put((ticket, self._question(), None))
            except Exception as error:  # noqa: BLE001 - carried to the caller of `answer`, who knows what to catch
                self._answers.put((ticket, None, error))
