"""Questions to the owner in a plain terminal, or to a file of answers."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Answer = TypeVar("Answer")


class LeftError(Exception):
    """The owner left; what was answered is kept."""


class AnswerError(Exception):
    """A file of answers that does not fit the questions; the words name the line."""


class Questions:
    """Asks until the answer is one: a bad one is asked again, or ends the walk when it came from a file."""

    def __init__(
        self,
        tell: Callable[[str], None],
        answers: tuple[str, Iterable[str]] | None = None,
        columns: int | None = None,
    ) -> None:
        """answers: a file's name and its lines: one an answer, an empty one is Enter, `#` begins a remark.

        columns: of the terminal; None: lines are as long as they are.
        """
        self._tell = tell
        self._columns = columns
        self._file = answers[0] if answers else ""
        self._lines = _numbered(answers[1]) if answers else None
        self._line = 0

    def tell(self, words: str) -> None:
        """Says something, in lines that fit."""
        self._tell(wrapped(words, self._columns))

    def ask(self, question: str, default: str, accept: Callable[[str], Answer]) -> Answer:
        """What `accept` makes of the answer; it raises ValueError, with what is accepted, for a bad one.

        Raises LeftError, or AnswerError from a file.
        """
        prompt = f"{question} [{default}] " if default else f"{question} "
        while True:
            text = self._next(prompt) or default
            try:
                return accept(text)
            except ValueError as error:
                if self._lines is not None:
                    raise AnswerError(f"{self._file}, line {self._line}: {text!r} {error}") from None
                self.tell(f"  {text!r} {error}")

    def end(self) -> None:
        """Raises AnswerError when a file holds more answers than were asked for: the walk was not the one foreseen."""
        for number, text in self._lines or ():
            raise AnswerError(f"{self._file}, line {number}: {text!r} is one answer too many, all is asked")

    def _next(self, prompt: str) -> str:
        if self._lines is None:
            *above, last = wrapped(prompt.rstrip(), self._columns).split("\n")
            for line in above:
                self._tell(line)
            try:
                return input(last + " ").strip()
            except EOFError:
                raise LeftError from None
        found = next(self._lines, None)
        if found is None:
            raise AnswerError(f"{self._file}, after line {self._line}: no answer to: {prompt.strip()}")
        self._line = found[0]
        self.tell(prompt + found[1])
        return found[1]


def wrapped(words: str, columns: int | None) -> str:
    """The words in lines of so many columns at most, each with the indent of the line it was; None: as they are.

    >>> print(wrapped("  one two three four", 12))
      one two
      three four
    """
    if columns is None:
        return words
    return "\n".join(_folded(line, columns) for line in words.split("\n"))


def _folded(line: str, columns: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(line, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    return ((number, line.strip()) for number, line in enumerate(lines, 1) if not line.lstrip().startswith("#"))


def one_of(*choices: str) -> Callable[[str], str]:
    """Accepts one of the words, or as many of its first letters as tell it from the others.

    >>> one_of("again", "skip")("S")
    'skip'
    """

    def accept(text: str) -> str:
        found = [choice for choice in choices if choice == text.lower()]
        found = found or [choice for choice in choices if text and choice.startswith(text.lower())]
        if len(found) != 1:
            raise ValueError(f"is not one of: {', '.join(choices)}")
        return found[0]

    return accept


def number(low: float, high: float) -> Callable[[str], float]:
    """Accepts a number within bounds, with a point or a comma.

    >>> number(0, 1)("0,8")
    0.8
    """

    def accept(text: str) -> float:
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f"is not a number from {low:g} to {high:g}")
        return value

    return accept


def number_or(word: str, low: float, high: float) -> Callable[[str], float | None]:
    """Accepts a number within bounds, or the word, which gives None.

    >>> number_or("auto", 0, 1)("auto")
    """

    def accept(text: str) -> float | None:
        if text.lower() == word:
            return None
        try:
            return number(low, high)(text)
        except ValueError as error:
            raise ValueError(f"{error}, nor {word}") from None

    return accept


def whole(low: int, high: int) -> Callable[[str], int]:
    """Accepts a whole number within bounds."""

    def accept(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
            raise ValueError(f"is not a whole number from {low} to {high}")
        return int(text)

    return accept
