"""The simulated installations: one frozen set of parameters for each regime that a watch must survive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Regime(StrEnum):
    """The regimes by name."""

    WINTER = "winter"  # pellets, a heated house, two to five fires a day
    SUMMER = "summer"  # hot water only
    BUFFER = "buffer"  # a tank, charged and left to cool far below the setpoint
    WOODCHIP = "woodchip"  # the fire is kept by short bouts, never lit
    MODULATION = "modulation"  # one long fire, its power following the demand, the grate cleaned now and then


@dataclass(frozen=True, slots=True)
class Parameters:
    """A boiler and its house. Energies in kWh, powers in kW, temperatures in °C, times in s."""

    # the house
    outdoor_mean: float = 4.0
    outdoor_swing: float = 3.0  # between day and night, either side
    outdoor_weather: float = 2.0  # of the days, standard deviation
    house_loss: float = 0.19  # kW/K
    house_capacity: float = 10.0  # kWh/K
    indoor_day: float = 20.0
    indoor_night: float = 18.9
    heating_low: float = 2.35  # the pump never asks less ...
    heating_high: float = 4.4  # ... nor more
    hot_water: float = 0.7  # morning and evening, for an hour
    # the boiler
    capacity: float = 1.25  # of its water and of what circulates, kWh/K
    standing_loss: float = 0.35
    efficiency: float = 0.87
    power_low: float = 8.0
    power_high: float = 16.0
    power_gain: float = 1.7  # kW for each K below `full`
    full: float = 79.0
    bed_seconds: float = 300.0  # the fuel on the grate burns with this time constant
    flue_rise: float = 5.5  # K/kW at the pipe's skin
    flue_seconds: float = 330.0
    # the controller
    start: float = 62.0
    start_night: float = 59.5
    stop: float = 75.0
    least_burn: int = 4860
    evening_charge: float = 69.0  # below it, the evening's timer starts a fire
    clean_every: int | None = None  # of burning
    clean: int = 780
    keeps_fire: bool = False
    bout: int = 120
    bout_every: int = 1800
    # where a week begins
    week_water: tuple[float, float] = (60.5, 62.0)
    week_before: float = 69.0  # three hours earlier


_WINTER = Parameters()

PARAMETERS: dict[Regime, Parameters] = {
    Regime.WINTER: _WINTER,
    Regime.SUMMER: replace(
        _WINTER,
        outdoor_mean=21.0,
        outdoor_swing=6.0,
        house_loss=0.0,
        indoor_day=24.0,
        indoor_night=24.0,
        heating_low=0.0,
        heating_high=0.0,
        hot_water=2.2,
        capacity=0.6,
        power_low=5.0,
        power_high=12.0,
        least_burn=1500,
        week_water=(66.0, 68.0),
        week_before=71.0,
    ),
    Regime.BUFFER: replace(
        _WINTER,
        outdoor_mean=9.0,
        heating_low=1.0,
        heating_high=3.0,
        power_low=12.0,
        power_high=22.0,
        power_gain=3.0,
        full=86.0,
        flue_rise=4.2,
        start=47.0,
        start_night=44.0,
        stop=79.0,
        week_water=(68.0, 71.0),
        week_before=74.0,
    ),
    Regime.WOODCHIP: replace(
        _WINTER,
        outdoor_mean=14.0,
        outdoor_weather=1.0,
        house_loss=0.07,
        heating_low=0.8,
        heating_high=1.4,
        hot_water=0.3,
        power_low=6.0,
        power_high=10.0,
        bed_seconds=1500.0,
        flue_rise=7.0,
        start=60.0,  # below it the bouts become a burn
        stop=68.0,
        least_burn=0,
        keeps_fire=True,
        week_water=(65.0, 67.0),
        week_before=66.0,
    ),
    Regime.MODULATION: replace(
        _WINTER,
        outdoor_mean=2.0,
        house_loss=0.25,
        heating_high=6.5,
        power_low=6.2,
        power_high=18.0,
        power_gain=0.8,
        full=80.0,
        bed_seconds=840.0,
        flue_rise=5.2,
        stop=77.0,
        clean_every=6600,
        week_water=(62.0, 64.0),
    ),
}
