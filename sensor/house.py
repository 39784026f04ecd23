"""The simulated house: its weather, what it asks of the boiler by day and by night, and how warm it is."""

from __future__ import annotations

from functools import lru_cache
from math import cos, pi
from random import Random

from sensor.regimes import Parameters

DAY = 86400
KNOT = 43200  # the weather is drawn twice a day, and goes straight from one value to the next
GAINS = 0.2  # kW: people, sun, appliances


@lru_cache(maxsize=64)
def _weather(seed: int, knot: int) -> float:
    return max(-1.6, min(1.6, Random(f"{seed}/weather/{knot}").gauss(0.0, 1.0)))


def outdoor(seed: int, parameters: Parameters, ts: int) -> float:
    """The outdoor temperature in °C: coldest at 4 h UTC, warmest at 16 h, and the drift of the days."""
    knot, into = divmod(ts, KNOT)
    before, after = _weather(seed, knot), _weather(seed, knot + 1)
    weather = before + (after - before) * into / KNOT
    swing = -cos((ts % DAY - 4 * 3600) / DAY * 2 * pi)
    return parameters.outdoor_mean + parameters.outdoor_swing * swing + parameters.outdoor_weather * weather


def local_hour(ts: int) -> float:
    """The hour of the house's day, 0 to 24: UTC + 1 all the year, for a house needs no summer time to be believed."""
    return (ts + 3600) % DAY / 3600


def heating(parameters: Parameters, ts: int, outside: float, indoor: float) -> float:
    """The heat in kW that the house's regulation asks for, with its set-back from 22 h to 5 h."""
    wanted = parameters.indoor_day if 5 <= local_hour(ts) < 22 else parameters.indoor_night
    asked = parameters.house_loss * (wanted - outside) - GAINS + 0.6 * (wanted - indoor)
    return min(max(asked, parameters.heating_low), parameters.heating_high)


def hot_water(parameters: Parameters, ts: int) -> float:
    """The heat in kW of the morning's and the evening's hot water."""
    return parameters.hot_water if local_hour(ts) // 1 in (7, 19) else 0.0


def warming(parameters: Parameters, heat: float, outside: float, indoor: float) -> float:
    """The change of the house's temperature in K/h while `heat` kW come in; at 20.5 °C someone opens a window."""
    lost = parameters.house_loss * (indoor - outside) + max(0.0, indoor - 20.5) * 1.5
    return (heat + GAINS - lost) / parameters.house_capacity
