"""Languages, times, numbers, light or dark: what a visitor chose, and the installation's zone, never the device's."""

from __future__ import annotations

import math
import os
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from urllib.parse import urlencode

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, current_app, g, request
from flask_babel import Babel, Domain, format_date, format_datetime, format_decimal, format_time, get_locale, gettext
from markupsafe import Markup, escape

from flask_app.here import command
from flask_app.web import cookies, queries

LANGUAGES = ("fr", "en")
THEMES = ("light", "dark")
TRANSLATIONS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "translations")


class Catalogue(Domain):
    """The texts, read from the .po files themselves: nothing to compile, nothing to forget."""

    def get_translations(self) -> NullTranslations:
        """The texts of the language of this request."""
        return _translations(str(get_locale()))


@cache
def _translations(language: str) -> NullTranslations:
    path = os.path.join(TRANSLATIONS, language, "LC_MESSAGES", "messages.po")
    if not os.path.exists(path):
        return NullTranslations()
    with open(path, "rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def configure(app: Flask) -> None:
    """Gives `app` its languages and the filters of its templates."""
    Babel(app, locale_selector=language, timezone_selector=_zone)
    catalogue = Catalogue()  # type: ignore[no-untyped-call]  # Domain has no annotations
    app.before_request(catalogue.as_default)
    # First of all: an error found by a later check is already told in the visitor's language.
    app.before_request_funcs[None].insert(0, app.before_request_funcs[None].pop())
    app.after_request(_remember)
    app.add_template_filter(day_time)
    app.add_template_filter(clock_time)
    app.add_template_filter(span)
    app.add_template_filter(minutes)
    app.add_template_filter(number)
    app.add_template_filter(exact)
    app.add_template_filter(degrees)
    app.add_template_filter(long_day)
    app.add_template_filter(size)
    app.add_template_filter(coded)
    app.add_template_filter(command)
    app.context_processor(lambda: {"language": language(), "theme": theme(), "here": here})


def language() -> str:
    """The visitor's: ?lang=, else what was chosen before, else the browser's, else the installation's."""
    for choice in (request.args.get("lang"), cookies.kept("lang")):
        if choice in LANGUAGES:
            return choice
    default: str = current_app.config["SETTINGS"].options.language
    return request.accept_languages.best_match(LANGUAGES, default) or default


def theme() -> str:
    """light or dark as the visitor chose it (?theme=, then remembered); empty: as the device is set."""
    choice = request.args.get("theme", cookies.kept("theme"))
    return choice if choice in THEMES else ""


def here(**changes: str) -> str:
    """This page's own address with other arguments."""
    return "?" + urlencode(request.args.to_dict() | changes)


def _zone() -> str:
    if not hasattr(g, "simulated"):  # no database to ask
        zone: str = current_app.config["SETTINGS"].options.timezone
        return zone
    return queries.options().timezone


def _remember(answer: Response) -> Response:
    choice = request.args.get("lang")
    if choice in LANGUAGES and request.method == "GET":
        cookies.keep(answer, "lang", choice)
    if "theme" in request.args and request.method == "GET":
        cookies.keep(answer, "theme", theme())
    return answer


def _moment(ts: int) -> datetime:
    return datetime.fromtimestamp(ts, UTC)


def clock_time(ts: int) -> str:
    """Hours and minutes in the installation's zone."""
    return str(format_time(_moment(ts), "HH:mm"))


def long_day(ts: int) -> str:
    """The day in full in the installation's zone."""
    return str(format_date(_moment(ts), "EEEE d MMMM y"))


def day_time(ts: int) -> str:
    """A moment as one says it: the hour alone today, yesterday's name, else the date."""
    now = current_app.config["CLOCK"]()
    day = format_date(_moment(ts), "yyyy-MM-dd")
    if day == format_date(_moment(int(now)), "yyyy-MM-dd"):
        return clock_time(ts)
    if day == format_date(_moment(int(now)) - timedelta(days=1), "yyyy-MM-dd"):
        return gettext("yesterday %(time)s", time=clock_time(ts))
    return str(format_datetime(_moment(ts), "d MMM HH:mm" if now - ts < 300 * 86400 else "d MMM y HH:mm"))


def span(seconds: int) -> str:
    """A length of time in its two largest units."""
    seconds = max(0, int(seconds))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 2 * 86400:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"
    days = gettext("d")
    return f"{seconds // 86400} {days} {seconds % 86400 // 3600} h"


def minutes(seconds: int) -> str:
    """As `span`, in whole minutes: words that stay the same for one."""
    return span(max(120, seconds)) if seconds >= 120 else "1 min"


def number(value: float, decimals: int = 1) -> str:
    """A number in the visitor's way of writing."""
    return str(format_decimal(round(value, decimals), "#,##0" + ("." + "0" * decimals if decimals else "")))


def exact(value: float) -> str:
    """A number in the visitor's way of writing, with the decimals that it has, three at most."""
    return str(format_decimal(value, "#,##0.###"))


def degrees(value: float, decimals: int = 1) -> str:
    """As `number`, rounded down as the messages do: 55.96 °C is below 56 °C and must read so."""
    return number(math.floor(value * 10**decimals + 1e-6) / 10**decimals, decimals)


def size(value: float) -> str:
    """So many bytes, in the visitor's own unit."""
    if value < 1e6:
        return gettext("%(number)s kB", number=number(value / 1e3))
    if value < 1e9:
        return gettext("%(number)s MB", number=number(value / 1e6))
    return gettext("%(number)s GB", number=number(value / 1e9))


def coded(words: str) -> Markup:
    """Words for a page; what stands between `backticks` is a command."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(words))))  # noqa: S704 - escaped here
