"""The simulated boiler: the heat of its water and flue, the fire, and the controller that drives its motors.

It advances by fixed steps, whatever the instants at which it is read, so that its course never depends on a reader.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from sensor import house
from sensor.regimes import Parameters
from sensor.script_file import BOILER_FAULTS, Fault, GivenFault
from sensor.truth import Mode, Truth
from sensor.weeks import CALM, EBB, GLIDE, TROUBLE, WEEK, week_water

STEP = 4
HOURS = STEP / 3600
SLOW = 240  # the weather and the demand are looked up every so many seconds
DAY = 86400

AUGER_POWER = 40.0  # kW of pellets while the auger turns: 8.3 kg/h
PULSE = 2.0  # steps
OUT_POWER = 0.4  # kW: a smaller fire goes out
PURGE = 32
RETRY_PURGE = 240
IGNITION_LIMIT = 900  # of the igniter, in one attempt
ATTEMPTS = 3
FLAME_RISE = 15.0  # °C of the flue above its lowest: the controller believes in a flame
LOST_FIRE = 480  # the controller waits so long for a lost fire, and with a still auger:
LOST_FIRE_JAM = 2400
STEADY = 720  # a young fire is not modulated
STRIKE = 720  # a fault of the fire begins so long after the flame
UNCONTROLLED_LOSS = 0.26  # kW/K towards the house: with no fire the pump runs on and the chimney draws
CUT_DRAW = 0.3  # kW: what still leaves by gravity with the pump stopped

EVENING = 19 * 3600  # UTC: the timer's charge, half an hour long
FORGET = DAY  # a fault that found no fire for so long is dropped


class Machine:
    """A boiler at the instant `ts`; `advance` takes it one STEP further."""

    __slots__ = (
        "attempts", "auger", "bed", "begun_ts", "burn_ts", "clean_ts", "draw", "fan", "fault", "fault_until",
        "faults", "fed", "first_feed", "flue", "flue_low", "glow", "heat", "igniter", "indoor", "last_feed_ts",
        "light_at", "lost", "mode", "outside", "parameters", "pending", "power", "pulse", "purge", "room", "seed",
        "stall", "trouble_ts", "ts", "until_ts", "water",
    )  # fmt: skip

    def __init__(self, seed: int, parameters: Parameters, faults: tuple[GivenFault, ...], ts: int) -> None:
        """The boiler at rest at `ts`, a multiple of STEP; `faults` are those given from then on."""
        self.seed, self.parameters, self.ts = seed, parameters, ts
        self.faults = [fault for fault in faults if fault.name in BOILER_FAULTS and fault.ts >= ts]
        self.pending: list[GivenFault] = []
        self.fault: Fault | None = None
        self.fault_until = 0
        self.trouble_ts = 0
        self.mode, self.begun_ts = Mode.OFF, ts
        self.burn_ts = self.clean_ts = self.until_ts = ts
        self.water, self.indoor = parameters.week_before, parameters.indoor_day - 0.3
        self.bed = self.glow = self.power = self.heat = self.draw = 0.0
        self.fan, self.igniter, self.auger, self.stall = 0.0, False, False, False
        self.pulse = self.fed = self.first_feed = 0.0
        self.attempts = self.lost = self.light_at = self.purge = 0
        self.last_feed_ts: int | None = None
        self._slow()
        self.flue = self.flue_low = self._flue_at_rest()
        if parameters.keeps_fire:
            self._keep_fire()

    def truth(self) -> Truth:
        """The true state at this instant."""
        return Truth(self.ts, self.mode, self.power > 0, self.power, self.water, self.last_feed_ts, self.fault)

    def advance(self) -> None:
        """Goes one STEP further."""
        if self.ts % SLOW == 0:
            self._slow()
        if self.faults and self.faults[0].ts <= self.ts:
            self.trouble_ts = self.faults[0].ts
            self.pending.append(self.faults.pop(0))
        _CONTROL[self.mode](self)
        if self.glow:
            self._burn()
        self._exchange()
        self.ts += STEP

    # --- heat

    def _slow(self) -> None:
        self.outside = house.outdoor(self.seed, self.parameters, self.ts)
        self.room = 16.0 + 0.2 * self.outside
        asked = house.heating(self.parameters, self.ts, self.outside, self.indoor)
        self.heat = asked * min(1.0, max(0.0, self.water - self.indoor) / 36)
        self.draw = self.heat + house.hot_water(self.parameters, self.ts)
        delivered = 0.0 if self.mode is Mode.CUT else self.heat
        self.indoor += house.warming(self.parameters, delivered, self.outside, self.indoor) * SLOW / 3600

    def _flue_at_rest(self) -> float:
        return self.room + 0.3 * (self.water - self.room)

    def _burn(self) -> None:
        self.power = self.bed * self.glow * 3600 / self.parameters.bed_seconds
        self.bed -= self.power * HOURS
        self.glow += (1 - self.glow) * STEP / 150
        if self.power < OUT_POWER and self.glow > 0.3:
            self.glow = self.power = self.bed = 0.0

    def _exchange(self) -> None:
        parameters = self.parameters
        if self._glides():
            left = WEEK - self.ts % WEEK
            target = week_water(self.seed, parameters, self.ts // WEEK + 1)
            self.water += (target - self.water) * STEP / left
            self.indoor += (parameters.indoor_day - 0.3 - self.indoor) * STEP / left
        else:
            lost = self._drawn() + parameters.standing_loss * (self.water - self.room) / 50
            self.water += (self.power * parameters.efficiency - lost) * HOURS / parameters.capacity
        target = self._flue_at_rest() + parameters.flue_rise * self.power
        if self.fan:
            cold = 3.0 if self.power < 1 else 0.0  # air drawn through a cold chamber
            self.flue += (target - cold - self.flue) * STEP / 200
        else:
            self.flue += (target - self.flue) * STEP / (1100 if self.power < 5 else 300)

    def _drawn(self) -> float:
        if self.mode is Mode.CUT:
            return CUT_DRAW
        if self.lost or self.attempts or self.mode is Mode.LOCKED_OUT:
            return UNCONTROLLED_LOSS * (self.water - self.indoor)
        return self.draw

    def _steered(self, before: int) -> bool:
        left = WEEK - self.ts % WEEK
        return left <= before and self.ts + left - self.trouble_ts > TROUBLE

    def _glides(self) -> bool:
        return self._steered(GLIDE) and self.mode in (Mode.OFF, Mode.FIRE_KEEPING)

    # --- the controller

    def _enter(self, mode: Mode) -> None:
        self.mode, self.begun_ts = mode, self.ts
        self.igniter, self.auger, self.pulse = False, False, 0.0
        if mode in (Mode.OFF, Mode.LOCKED_OUT, Mode.CUT):
            self.fan = 0.0

    def _drawn_time(self, name: str, low: float, high: float) -> int:
        return round(Random(f"{self.seed}/{name}/{self.ts}").uniform(low, high))

    def _feed(self, duty: float) -> None:
        """Turns the auger in pulses so that it runs for the share `duty` of the time."""
        self.fed = min(self.fed + duty, 2 * PULSE)
        if self.pulse <= 0 and self.fed >= PULSE:
            self.pulse = PULSE
        self.auger = self.pulse > 0
        if not self.auger:
            return
        self.pulse -= 1
        self.fed -= 1
        if self.fault is Fault.JAM:
            self.auger = self.stall and self.ts < self.until_ts
        elif self.fault is not Fault.SILO_EMPTY:
            self.bed += AUGER_POWER * HOURS
            if self.glow:
                self.last_feed_ts = self.ts

    def _rest(self) -> None:
        if self._may_start():
            self._ignite(PURGE)

    def _may_start(self) -> bool:
        parameters = self.parameters
        if self._steered(CALM) and self.water > 57.5:
            return False
        if self.pending and self.ts - self.pending[0].ts > FORGET:
            self.pending.pop(0)
        # A fault given while the boiler rests makes it start early, as a call for heat would.
        if self.pending and self.water < parameters.stop - 3:
            return True
        if EVENING <= self.ts % DAY < EVENING + 1800 and self.water < parameters.evening_charge:
            return True
        day = 5 <= house.local_hour(self.ts) < 22
        return self.water <= (parameters.start if day else parameters.start_night)

    def _ignite(self, purge: int) -> None:
        self._enter(Mode.IGNITION)
        if self.pending and self.pending[0].name is Fault.IGNITION_FAILURE and self.fault is None:
            self._strike(self._drawn_time("repair", 3.0 * 3600, 4.5 * 3600))
        self.purge, self.flue_low, self.lost = purge, self.flue, 0
        self.light_at = purge + self._drawn_time("light", 150, 330)
        self.first_feed = max(0.0, 6.0 * self.parameters.bed_seconds / 3600 - self.bed)

    def _light(self) -> None:
        running, self.flue_low = self.ts - self.begun_ts, min(self.flue_low, self.flue)
        self.fan, self.auger = 0.55, False
        if running < self.purge:
            return
        self.igniter = True
        if running > self.purge + 28 and (self.first_feed > 0 or self.glow):
            self._feed(0.5 if self.first_feed > 0 else 0.2)
            self.first_feed -= AUGER_POWER * HOURS if self.auger else 0.0
        works = self.fault is not Fault.IGNITION_FAILURE and self.bed > 0.1
        if works and not self.glow and running >= self.light_at:
            self.glow = 0.05
        if self.flue >= self.flue_low + FLAME_RISE:
            self._flame()
        elif running >= self.purge + IGNITION_LIMIT:
            self._try_again()

    def _flame(self) -> None:
        self._enter(Mode.COMBUSTION)
        self.attempts = 0
        self.burn_ts = self.clean_ts = self.ts

    def _try_again(self) -> None:
        self.attempts += 1
        if self.attempts >= ATTEMPTS or self.parameters.keeps_fire:
            self._enter(Mode.LOCKED_OUT)
        else:
            self._ignite(RETRY_PURGE)

    def _combust(self) -> None:
        parameters, burnt = self.parameters, self.ts - self.burn_ts
        if self.pending and burnt >= STRIKE and self.fault is None and self._strike_fire():
            return
        wanted = self._wanted_power(burnt)
        self._feed(min(0.95, max(0.05, wanted / AUGER_POWER + 0.025 * (wanted - self.power))))
        # A weak fire is blown on harder, as a lambda regulation does.
        self.fan = min(1.0, 0.3 + 0.5 * wanted / parameters.power_high + max(0.0, 0.06 * (wanted - self.power - 2)))
        if self._has_lost_fire(burnt):
            self._try_again()
        elif self._has_enough(burnt):
            self._end_burn()
        elif parameters.clean_every and self.fault is None and self.ts - self.clean_ts >= parameters.clean_every:
            self._enter(Mode.CLEANING)
            self.fan = 1.0

    def _wanted_power(self, burnt: int) -> float:
        parameters = self.parameters
        if burnt < STEADY:
            return parameters.power_high
        wanted = parameters.power_gain * (parameters.full - self.water)
        return min(max(wanted, parameters.power_low), parameters.power_high)

    def _has_lost_fire(self, burnt: int) -> bool:
        self.lost = self.lost + STEP if self.power < 1.5 and burnt > 300 else 0
        return self.lost > (LOST_FIRE_JAM if self.fault is Fault.JAM else LOST_FIRE)

    def _has_enough(self, burnt: int) -> bool:
        if self.fault is not None:
            return False
        if self._steered(EBB):
            return True
        parameters = self.parameters
        return (self.water >= parameters.stop and burnt >= parameters.least_burn) or self.water >= parameters.stop + 4

    def _end_burn(self) -> None:
        self._enter(Mode.FIRE_KEEPING if self.parameters.keeps_fire else Mode.BURN_OUT)
        self.until_ts = self.ts + self._drawn_time("run_on", 620, 860)

    def _clean(self) -> None:
        if self.ts - self.begun_ts >= self.parameters.clean:
            self._enter(Mode.COMBUSTION)
            self.clean_ts = self.ts

    def _burn_out(self) -> None:
        self.fan = 0.45
        if self.ts >= self.until_ts:
            self._enter(Mode.OFF)

    def _keep_fire(self) -> None:
        self._enter(Mode.FIRE_KEEPING)
        self.bed, self.glow, self.lost = 0.6, 0.5, 0

    def _bout(self) -> None:
        parameters = self.parameters
        if self.pending and self.fault is None and self._strike_fire():
            return
        self.auger = False
        self.fan = 0.5 if self.ts % parameters.bout_every < parameters.bout else 0.0
        if self.fan:
            cold = 0.0 if self._glides() else 66.0 - self.water
            self._feed(min(1.0, max(0.4, 0.56 + 0.06 * cold)))
        self.lost = 0 if self.power else self.lost + STEP
        if self.lost > 2 * parameters.bout_every:
            self._enter(Mode.LOCKED_OUT)
        elif self.power and self.fault is None and self.water < parameters.start:
            self._flame()

    # --- faults

    def _strike(self, lasting: int) -> None:
        self.fault = self.pending.pop(0).name
        self.fault_until = self.ts + lasting

    def _strike_fire(self) -> bool:
        """Begins the first fault given; whether it stops the controller."""
        name = self.pending[0].name
        if name is Fault.IGNITION_FAILURE:
            if self.parameters.keeps_fire:
                self.pending.pop(0)  # never lit, so it cannot fail to light
            return False
        if name is Fault.POWER_CUT:
            self._strike(self._drawn_time("cut", 3600, 7200))
            self._enter(Mode.CUT)
            return True
        self._strike(self._drawn_time("refill", 4.5 * 3600, 5.5 * 3600))
        if name is Fault.JAM:
            self.stall = Random(f"{self.seed}/stall/{self.ts}").random() < 0.5
            self.until_ts = self.ts + 90  # the stalled motor is tried for so long
        return False

    def _locked(self) -> None:
        """Someone comes at the end of the fault: fills, frees or repairs, and starts it again."""
        if self.ts < self.fault_until:
            return
        self.fault, self.attempts, self.lost, self.stall = None, 0, 0, False
        self.bed = self.glow = self.power = 0.0
        if self.parameters.keeps_fire:
            self._keep_fire()  # lit again by hand
        else:
            self._ignite(PURGE)

    def _cut(self) -> None:
        if self.ts < self.fault_until:
            return
        self.fault = None
        if self.parameters.keeps_fire:
            self._keep_fire()
        elif self.water < self.parameters.stop - 3:
            self._ignite(PURGE)
        else:
            self._enter(Mode.OFF)


_CONTROL: dict[Mode, Callable[[Machine], None]] = {
    Mode.OFF: Machine._rest,
    Mode.IGNITION: Machine._light,
    Mode.COMBUSTION: Machine._combust,
    Mode.CLEANING: Machine._clean,
    Mode.BURN_OUT: Machine._burn_out,
    Mode.FIRE_KEEPING: Machine._bout,
    Mode.LOCKED_OUT: Machine._locked,
    Mode.CUT: Machine._cut,
}
