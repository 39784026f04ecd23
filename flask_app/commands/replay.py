"""The command that replays a log of minutes; no database is touched."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from flask_app.commands import installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flask_app.boiler.options import Options


@click.command(epilog="Example: manager.py replay log.csv --out phases.csv --setpoint 52")
@click.argument("log", metavar="IN.csv", type=click.Path())
@click.option("--out", required=True, metavar="OUT.csv", type=click.Path(), help="Where phases and alerts are written.")
@click.option("--setpoint", default="56", show_default=True, help="Of the water, 30 to 90 °C.")
def replay(log: str, out: str, setpoint: str) -> None:
    """Replay a log of minutes through the engine; no database is touched.

    IN.csv has the header ts,water,flue,box,spare,secondary_fan,igniter,primary_fan,auger and a row a minute in
    rising order: UTC epoch seconds, °C, motors as the share of the minute in which they ran (0 to 1); empty = no
    value. OUT.csv gets ts,phase,alerts: a row for each row of IN.csv.
    """
    from flask_app.boiler.options import OptionError, Options, parse
    from flask_app.boiler.replay import ReplayError

    try:
        options = Options(setpoint=parse("setpoint", setpoint))
        count = _replay_file(log, out, options)
    except (OptionError, ReplayError) as error:
        raise click.ClickException(str(error)) from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{log} is not a text file in UTF-8") from None
    click.echo(f"{count} rows replayed into {out}")


def _replay_file(log: str, out: str, options: Options) -> int:
    from flask_app.boiler.replay import ReplayError, replay

    target = os.path.realpath(out)
    if os.path.exists(target) and os.path.samefile(log, target):
        raise ReplayError(f"{out} is the log itself; name another file for --out")
    if os.path.exists(target) and not os.path.isfile(target):
        raise ReplayError(f"{out} is not a file; name a file for --out")
    with (
        open(log, encoding="utf-8-sig", newline="") as source,
        installation.whole(target) as part,
        open(part, "w", encoding="utf-8") as result,
    ):
        size = os.fstat(source.fileno()).st_size
        with click.progressbar(length=size, label="Replaying", file=sys.stderr) as bar:
            count = replay(_told(source, bar.update), result, options)
    return count


def _told(lines: Iterable[str], tell: Callable[[int], None], every: int = 10_000) -> Iterator[str]:
    """The same lines; `tell` hears of every so many by their length."""
    length = 0
    for number, line in enumerate(lines, 1):
        length += len(line)
        if number % every == 0:
            tell(length)
            length = 0
        yield line
    tell(length)
