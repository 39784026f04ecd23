"""What a fault given to the simulated boiler will show, and when: its own course, simulated ahead."""

from __future__ import annotations

from sensor.machine import STEP, Machine
from sensor.script_file import BOILER_FAULTS, Fault, GivenFault, Script
from sensor.simulator import BLIND_SECONDS, Course

AHEAD = 2 * 86400
BLIND_WORDS = {
    Fault.SENSOR_LOST: "the water probe is gone: no value, reason absent",
    Fault.SENSOR_85: "the water probe says 85 °C, its power-on value: refused, reason power_on",
    Fault.LOOP_DEAD: "the loop hangs: no more rows until it is killed and started again",
}
STRIKE_WORDS = {
    Fault.SILO_EMPTY: "the silo is empty: the auger turns, the fire gets nothing more",
    Fault.IGNITION_FAILURE: "the igniter glows and nothing lights: several attempts, then the boiler locks out",
    Fault.JAM: "the auger is jammed: the fan runs on, the fire gets nothing more",
    Fault.POWER_CUT: "the boiler's current is cut: all motors stop under a hot flue",
}

Event = tuple[int, str]


def foresee(script: Script, given: GivenFault, setpoint: float) -> list[Event]:
    """The events of the fault `given`, which `script` holds: (boiler time in epoch seconds, words), in order."""
    if given.name not in BOILER_FAULTS:
        end = given.ts + BLIND_SECONDS[given.name]
        over = [] if given.name is Fault.LOOP_DEAD else [(end, "the probe is back")]
        return [(given.ts, BLIND_WORDS[given.name]), *over]
    return _course(Course(script, given.ts).machine, given, setpoint)


def _course(machine: Machine, given: GivenFault, setpoint: float) -> list[Event]:
    events: list[Event] = []
    while machine.ts < given.ts + AHEAD:
        before, burning, fault = machine.water, machine.power > 0, machine.fault
        machine.advance()
        if fault is not given.name and machine.fault is given.name:
            events.append((machine.ts, STRIKE_WORDS[given.name]))
        if events and burning and not machine.power:
            events.append((machine.ts, "the fire is out"))
        if events and machine.water < setpoint <= before:
            events.append((machine.ts, f"the water passes below {setpoint:g} °C"))
        if fault is given.name and machine.fault is None:
            events.append((machine.ts, "the cause is mended, the boiler starts again"))
        if events and machine.fault is None and machine.water >= setpoint + 2:
            break
    else:
        return events or [(given.ts, "nothing: no fire that this fault could spoil comes within a day")]
    return [*events, (machine.ts + STEP, f"the water is at {setpoint + 2:g} °C or more")]
