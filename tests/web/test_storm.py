"""A storm of requests nobody would make, at every address, by strangers, readers, viewers and the owner: no error of
ours, nothing open that should be closed, no reading that changes anything."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.visitors import HEADERS, METHODS, NAMES, READING, House, Request, path_of, storm

ROUND = 12_500
"""Requests to one house. More would fill its tables as no household does, and measure only that."""

GROWTH = 10e6  # bytes that a process may grow by: what leaks at each request is more after ten thousand


@pytest.mark.parametrize("count", [50_000, pytest.param(1_000_000, marks=pytest.mark.proof)])
def test_a_storm_of_requests_finds_no_error_and_no_open_door(migrated_file: Path, tmp_path: Path, count: int) -> None:
    folders = [str(tmp_path / str(number)) for number in range(count // ROUND)]

    # Rounds beside each other, one a core; behind the other tests, some of which measure time.
    # A Pool, for the executor of 3.11 stands still when its processes are replaced (CPython issue 115634).
    with multiprocessing.get_context("spawn").Pool(os.cpu_count(), os.nice, (10,), maxtasksperchild=8) as processes:
        rounds = [(folder, str(migrated_file), ROUND, seed) for seed, folder in enumerate(folders)]
        grown = processes.starmap(storm, rounds, chunksize=1)

    assert max(grown) < GROWTH


@pytest.fixture(scope="module")
def house(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    found = House(str(tmp_path_factory.mktemp("house")), str(migrated_file))
    yield found
    found.close()


WORDS = st.text(max_size=30)
FIELDS = st.dictionaries(st.one_of(st.sampled_from(NAMES), WORDS), WORDS, max_size=3)
TEXTS = st.tuples(
    st.integers(0, 10_000),  # which visitor and which address
    st.sampled_from(METHODS),
    st.text(min_size=1, max_size=30),  # what fills an address
    FIELDS,
    FIELDS,
    st.dictionaries(st.sampled_from(HEADERS), st.text(st.characters(min_codepoint=32, max_codepoint=126)), max_size=1),
)
"""Any text in any place that takes one."""


def ask_with(house: House, number: int, method: str, part: str, *more: dict[str, str]) -> None:
    visitor = house.visitors[number % 4]
    rule = house.rules[number // 4 % len(house.rules)]
    query, form, headers = more
    if house.may_ask(visitor, rule.endpoint):
        path = path_of(rule, repeat(part))
        house.ask(visitor, Request(rule.endpoint, path, method, query, None if method in READING else form, headers))


def any_text(examples: int) -> settings:
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
    )


@given(texts=TEXTS)
@any_text(1_000)
def test_no_text_at_all_is_an_error_or_a_key(house: House, texts: Any) -> None:
    ask_with(house, *texts)


@pytest.mark.proof
@given(texts=TEXTS)
@any_text(20_000)
def test_no_text_of_many_is_an_error_or_a_key(house: House, texts: Any) -> None:
    ask_with(house, *texts)
