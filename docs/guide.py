"""What MkDocs asks while it builds the guide: tables told by the code itself, and each page in its own language."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any

import click
from babel.support import Translations
from flask import Flask
from flask_babel import Babel, force_locale, gettext
from mkdocs.localization import parse_locale

from flask_app.boiler.alerts import Kind
from flask_app.boiler.deliveries import OWN, URGENT
from flask_app.boiler.options import LIMITS, Options
from flask_app.boiler.phases import Phase
from flask_app.web import explained
from flask_app.web.choices import written
from flask_app.web.languages import Catalogue
from flask_app.words import CAUSES, CHECKS, KINDS, MORE_CHECKS, PHASES
from manager import cli

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ENGLISH = {"wiring.md", "security.md", "asvs.md", "phases.md", "performance.md"}
"""The pages outside of the two folders that are in English."""

HEADS: dict[str, dict[str, tuple[str, ...]]] = {
    "options": {"fr": ("nom", "réglage", "valeurs", "au départ"), "en": ("name", "setting", "values", "at first")},
    "phases": {"fr": ("code", "phase", "ce que c'est"), "en": ("code", "phase", "what it is")},
    "command": {"fr": ("option", "ce qu'elle fait"), "en": ("option", "what it does")},
}
SEEN: dict[Phase, dict[str, str]] = {
    Phase.IGNITION: {
        "fr": "l'allumeur chauffe, ou le feu repart des braises",
        "en": "the igniter glows, or embers relight",
    },
    Phase.COMBUSTION: {"fr": "ventilateur et vis, fumées chaudes", "en": "fan and feed, the flue hot"},
    Phase.BURN_OUT: {
        "fr": "le ventilateur finit, plus d'alimentation",
        "en": "the fan runs on, no feed, the flue falls",
    },
    Phase.FIRE_KEEPING: {"fr": "de courtes alimentations entre de longs repos", "en": "short feeds between long rests"},
    Phase.STOPPED: {"fr": "aucun moteur : la chaudière attend", "en": "no motor: the boiler waits"},
    Phase.WATCH: {"fr": "un feu sous la consigne, qui chauffe mal", "en": "a fire below the setpoint that may fail"},
    Phase.JAM_RISK: {
        "fr": "le feu et l'alimentation démentent le ventilateur",
        "en": "fire and feed contradict the fan",
    },
    Phase.UNDEFINED: {"fr": "l'eau, ou tous les moteurs, sont inconnus", "en": "the water, or every motor, is unknown"},
}
URGENCY = {"fr": {True: "Urgente.", False: "Par courriel."}, "en": {True: "Urgent.", False: "By mail."}}


def language(path: str) -> str:
    """The language of a page, by its path in this folder."""
    return "en" if path.startswith("en/") or path in ENGLISH else "fr"


def on_page_markdown(markdown: str, page: Any, **_more: Any) -> str:
    """The page with its tables in place of the marks."""
    here = language(page.file.src_uri)
    for mark, made in MADE.items():
        if f"<!-- {mark} -->" in markdown:
            markdown = markdown.replace(f"<!-- {mark} -->", told(here, made))
    return markdown


def on_page_context(context: dict[str, Any], page: Any, config: Any, **_more: Any) -> dict[str, Any]:
    """The theme's own words in the page's language."""
    here = language(page.file.src_uri)
    words = Translations.load(os.path.join(config.theme.dirs[0], "locales"), [here])
    config.theme["locale"] = parse_locale(here)
    return context | {"gettext": words.gettext, "ngettext": words.ngettext}


def told(here: str, made: Callable[[str], Iterator[str]]) -> str:
    """Those lines, said in that language by the catalogue that the pages of the product use."""
    app = Flask("guide")
    Babel(app)
    with app.test_request_context(), force_locale(here):
        Catalogue().as_default()  # type: ignore[no-untyped-call]  # Domain has no annotations
        return "\n".join(made(here))


def table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    """A table in Markdown."""
    for row in (heads, ("---",) * len(heads), *rows):
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"


def options(here: str) -> Iterator[str]:
    """Every option of an installation, from boiler/options.py, in the words of the page of settings."""
    default = Options()
    return table(
        HEADS["options"][here],
        (
            (
                f"`{name}`",
                f"**{explained.title(name)}**. {explained.words(name)}",
                explained.accepts(name),
                explained.choice(name, written(getattr(default, name))),
            )
            for name in LIMITS
        ),
    )


def phases(here: str) -> Iterator[str]:
    """The phases, with their codes in the API and in files."""
    return table(
        HEADS["phases"][here], ((str(phase.value), gettext(PHASES[phase]), seen[here]) for phase, seen in SEEN.items())
    )


def alerts(here: str) -> Iterator[str]:
    """What each kind means and what to do, from words.py: the boiler's first, the watch's own last."""
    for kind in sorted(Kind, key=lambda kind: kind in OWN):
        yield f"### {gettext(KINDS[kind])}\n"
        yield f"{gettext(CAUSES[kind])} {URGENCY[here][kind in URGENT]} (`{kind.value}`)\n"
        for check in (CHECKS[kind], *MORE_CHECKS.get(kind, ())):
            yield f"- {gettext(check)}"
        yield ""


def environment(_here: str) -> Iterator[str]:
    """The template of the file, as it is."""
    with open(os.path.join(PROJECT, "config", "prod", "secret.env.template"), encoding="utf-8") as lines:
        return iter([f"    {line.rstrip()}" for line in lines])


def commands(here: str) -> Iterator[str]:
    """Every command with its options, as --help tells them."""
    for name, command in sorted(cli.commands.items()):
        if isinstance(command, click.Group):
            yield f"## {name}\n\n{inspect.cleandoc(command.help or '')}\n"
            for part, inner in sorted(command.commands.items()):
                yield from _command(f"{name} {part}", inner, 3, here)
        else:
            yield from _command(name, command, 2, here)


def _command(name: str, command: click.Command, level: int, here: str) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(click.Context(command)))
    words = inspect.cleandoc(command.help or "")
    yield f"{'#' * level} {name}\n\n    manager.py {name} {usage}\n\n{words}\n"
    given = [param for param in command.params if isinstance(param, click.Option)]
    if given:
        yield from table(HEADS["command"][here], ((_written(one), _help(one)) for one in given))
        yield ""
    if command.epilog:
        yield f"*{command.epilog}*\n"


def _written(option: click.Option) -> str:
    numbers = click.IntRange, click.FloatRange
    value = "N" if isinstance(option.type, numbers) else option.make_metavar(click.Context(click.Command("")))
    return f"`{', '.join(option.opts)}{'' if option.is_flag else f' {option.metavar or value}'}`"


def _help(option: click.Option) -> str:
    return f"{option.help or ''} [{option.default}]" if option.show_default else option.help or ""


MADE = {
    "options": options,
    "phases": phases,
    "alerts": alerts,
    "environment": environment,
    "commands": commands,
}
