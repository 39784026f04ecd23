"""What Home Assistant sees of the boiler: its entities, with their classes and units, and their values. Values in,
values out; flask_app/script/mqtt.py sends them.

Names, classes and the retained discovery message are those of Home Assistant's MQTT integration
(home-assistant.io/integrations/mqtt)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_app.boiler.alerts import READING_LATE, Kind
from flask_app.boiler.phases import Phase
from flask_app.boiler.rows import MOTORS, TEMPERATURES, Row
from flask_app.boiler.verdict import Facts, State, judge

Say = Callable[[str], str]
NONE = "none"


def state_of(reading: Row | None, facts: Facts) -> dict[str, Any]:
    """The values, by entity: null where nothing is known."""
    verdict = judge(facts)
    fresh = reading is not None and facts.now - reading.ts <= READING_LATE
    values: dict[str, Any] = {role: getattr(reading, role) if fresh else None for role in (*TEMPERATURES, *MOTORS)}
    for motor in MOTORS:
        watts = values[motor]
        values[f"{motor}_running"] = None if watts is None else "ON" if watts > 0 else "OFF"
    kinds = [kind.value for kind in facts.open_kinds]
    return values | {
        "phase": NONE if facts.phase is None else facts.phase.name.lower(),
        "verdict": verdict.state.value,
        "problem": "OFF" if verdict.state is State.OK else "ON",
        "alert": kinds[0] if kinds else NONE,
        "alerts": ", ".join(kinds),
        "setpoint": facts.setpoint,
        "measured": None if reading is None else reading.ts,
    }


def entities(fitted: Mapping[str, str], say: Say) -> dict[str, tuple[str, dict[str, Any]]]:
    """(platform, description) of each entity. fitted: the roles that have values, with their names; say: translates."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for role, name in fitted.items():
        if role in TEMPERATURES:
            found[role] = ("sensor", {"name": name, **_measured("temperature", "°C"), "suggested_display_precision": 1})
        else:
            found[role] = ("sensor", {"name": f"{name} (W)", **_measured("power", "W")})
            found[f"{role}_running"] = ("binary_sensor", {"name": name, "device_class": "running"})
    phases = [phase.name.lower() for phase in Phase]
    found["phase"] = ("sensor", {"name": say("Phase"), **_chosen([*phases, NONE])})
    found["verdict"] = ("sensor", {"name": say("State"), **_chosen([state.value for state in State])})
    found["problem"] = ("binary_sensor", {"name": say("Problem"), "device_class": "problem"})
    found["alert"] = ("sensor", {"name": say("Alert"), **_chosen([*(kind.value for kind in Kind), NONE])})
    found["setpoint"] = (
        "sensor",
        {"name": say("Setpoint"), "device_class": "temperature", "unit_of_measurement": "°C"},
    )
    found["measured"] = ("sensor", {"name": say("Last measurement"), "device_class": "timestamp"})
    return found


def _measured(device_class: str, unit: str) -> dict[str, str]:
    return {"device_class": device_class, "unit_of_measurement": unit, "state_class": "measurement"}


def _chosen(options: list[str]) -> dict[str, Any]:
    return {"device_class": "enum", "options": options}


def template(entity: str) -> str:
    """How Home Assistant takes an entity's value out of the state; a null is `unknown` there."""
    if entity == "measured":
        return "{{ (value_json.measured | as_datetime).isoformat() if value_json.measured else none }}"
    return "{{ value_json." + entity + " }}"
