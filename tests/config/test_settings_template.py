"""config/prod/secret.env.template names the variables that config/settings.py reads, with their defaults."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from config.settings import load

TEMPLATE = Path(__file__).parent.parent.parent / "config/prod/secret.env.template"
WRITTEN = dict(re.findall(r"(?m)^#(CHAUDIERE_[A-Z_]+)=(.*)$", TEMPLATE.read_text()))


class Recorder(Mapping[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def test_the_template_names_every_variable_and_no_other() -> None:
    environ = Recorder()

    load(environ)

    assert set(WRITTEN) == environ.asked


def test_the_template_s_values_are_the_defaults() -> None:
    assert load(WRITTEN) == load({})


def test_the_template_sets_nothing_until_a_line_is_uncommented() -> None:
    lines = TEMPLATE.read_text().splitlines()

    assert all(not line or line.startswith("#") for line in lines)


def test_the_template_holds_no_secret() -> None:
    for name, value in WRITTEN.items():
        if re.search("KEY|SECRET|PASSWORD|USERNAME|EMAILS|PHONES", name):
            assert value == "", name
