"""`sensors setup`: the walk with the owner from probe to probe and from motor to motor; each answer is kept at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flask_app.boiler.fittings import (
    LIMITS,
    SEPARATION,
    Channel,
    Probe,
    described,
    moved,
    opens_at,
    separation,
    turns_needed,
    without_idle,
)
from flask_app.boiler.rows import MOTORS, TEMPERATURES, Reason
from sensor.bench import PROBE_WORDS, Bench, Deed
from sensor.calibrate import MeasureError, idle_current, offset_of, running_current
from sensor.get_watt import Current, watts
from sensor.kept import Kept
from sensor.questions import Questions, number, number_or, one_of, whole

WATCHED_PASSES = 24  # half a minute
TOLD_PASSES = 8
PASS_SECONDS = 0.5
OTHER_AMPS = 0.1  # more than before, on another input: the clamp is there

WELCOME = """\
Each answer is kept at once: leave with Ctrl-C and start again, only what is missing is asked. \
Enter takes what stands in [brackets].
Leave the boiler's cover closed and its wiring alone: turn motors on and off by the boiler's own manual test."""

NAMES = {"water": "boiler water", "flue": "flue gas", "box": "electronics box", "spare": "spare: the fourth probe"}


def walk(bench: Bench, questions: Questions, kept: Kept, spare: str, wanted: Collection[str] = ()) -> None:
    """Asks for what is missing, or, where `wanted` names roles, for these again. spare: what the fourth probe measures.

    Raises questions.LeftError and questions.AnswerError.
    """
    questions.tell(WELCOME)
    if not wanted or any(role in TEMPERATURES for role in wanted):
        _Probes(bench, questions, kept, spare, wanted).walk()
    motors = [role for role in MOTORS if role in wanted or (not wanted and _unlearned(kept, role))]
    if motors and (lack := bench.no_clamps()):
        questions.tell(f"\nMotors\n{lack}\nUntil then no current is learned: skip, or none where there is no clamp.")
    for place, role in enumerate(motors, 1):
        _Motor(bench, questions, kept, role, motors[place:]).walk()
    questions.end()
    questions.tell(
        "\nAll is asked and kept; the running loop follows within a minute. `manager.py sensors check` shows it."
    )


def _unlearned(kept: Kept, role: str) -> bool:
    channel = next(channel for channel in kept.channels() if channel.role == role)
    return role not in kept.set_roles() or (channel.input is not None and channel.running_amps is None)


# --- probes


class _Probes:
    def __init__(self, bench: Bench, questions: Questions, kept: Kept, spare: str, wanted: Collection[str]) -> None:
        self._bench, self._questions, self._kept = bench, questions, kept
        self._ask, self._tell = questions.ask, questions.tell
        self._spare = spare
        self._again = [role for role in TEMPERATURES if role in wanted]
        self._chosen = bool(self._again)
        self._seen: set[str] = set()  # probes that this walk has dealt with: what was warmed cools down again

    def walk(self) -> None:
        """Names the probes that have no role, or those whose roles are asked for again."""
        found = self._bench.probes()
        self._tell("\nProbes")
        if not found:
            self._tell(f"{self._bench.no_probes()}\nGoing on without probes.")
        self._show(found)
        while left := self._left(found):
            address = self._touched(found, left[0])
            if address is None:
                break
            self._name(address, left)

    def _show(self, found: Sequence[str]) -> None:
        named = {probe.address: probe for probe in self._kept.probes()}
        for address in sorted({*found, *named}):
            probe = named.get(address)
            about = f"{probe.role}, offset {probe.offset:+.2f} °C" if probe else "no role yet"
            self._tell(f"  {address}  {about}{'' if address in found else '; does not answer'}")

    def _left(self, found: Sequence[str]) -> list[str]:
        """The roles still to give; none when every probe found is dealt with."""
        if not self._waiting(found):
            return []
        if self._chosen:
            return self._again
        named = self._kept.probes()
        answering = {probe.role for probe in named if probe.address in found}
        return [role for role in TEMPERATURES if role not in answering]

    def _touched(self, found: Sequence[str], role: str) -> str | None:
        """The probe that the owner warms; None when probes are left for another time."""
        question = (
            f"\nHold ONE probe in your hand, say that of the {self._words(role)}; hotter than a hand: cool it. "
            "Press Enter (or: skip)"
        )
        while self._ask(question, "warm", one_of("warm", "skip")) == "warm":
            address = self._watch(found, role)
            if address:
                return address
        return None

    def _words(self, role: str) -> str:
        return f"{NAMES[role]} ({self._spare})" if role == "spare" else NAMES[role]

    def _watch(self, found: Sequence[str], role: str) -> str | None:
        before = self._values(found)
        waiting = self._waiting(found)
        self._bench.asked(Deed.WARM, role)
        self._tell("Watching for half a minute at most ...")
        last: list[str] = []
        for turn in range(1, WATCHED_PASSES + 1):
            self._bench.pause(PASS_SECONDS)
            now = self._values(found)
            changed = moved(before, {address: value for address, value in now.items() if address in waiting})
            if len(changed) == 1 and changed == last:
                self._tell(f"I saw {changed[0]} go from {before[changed[0]]:.1f} to {now[changed[0]]:.1f} °C.")
                return changed[0]
            last = changed
            if turn % TOLD_PASSES == 0:
                self._tell("  " + "  ".join(f"{address} {value:.1f} °C" for address, value in now.items()))
        self._tell_unseen(last, [address for address in moved(before, now) if address not in waiting])
        return None

    def _waiting(self, found: Sequence[str]) -> set[str]:
        """The probes that may be meant: with no role, or, when roles are given again, not dealt with yet."""
        named = set() if self._chosen else {probe.address for probe in self._kept.probes()}
        return {*found} - named - self._seen

    def _tell_unseen(self, changed: Sequence[str], others: Sequence[str]) -> None:
        if len(changed) > 1:
            self._tell(f"Several moved: {', '.join(changed)}. Let them rest for some minutes, then warm one alone.")
            return
        self._tell("No probe that is waited for moved by 1 °C.")
        roles = {probe.address: probe.role for probe in self._kept.probes()}
        for address in others:
            role = roles.get(address, "one")
            self._tell(f"  {address} did: it is {role} already. `manager.py sensors setup ROLE` asks again.")
        for address, value in self._bench.degrees(self._bench.probes()).items():
            if isinstance(value, Reason):
                self._tell(f"  {address} {PROBE_WORDS.get(value, value.value)}")

    def _values(self, found: Sequence[str]) -> dict[str, float]:
        answers = self._bench.degrees(found)
        return {address: value for address, value in answers.items() if not isinstance(value, Reason)}

    def _name(self, address: str, left: Sequence[str]) -> None:
        self._seen.add(address)
        former = next((probe for probe in self._kept.probes() if probe.address == address), None)
        choices = f"What does it measure: {', '.join(TEMPERATURES)}, or none?"
        role = self._ask(
            choices, former.role if former and not self._chosen else left[0], one_of(*TEMPERATURES, "none")
        )
        if role == "none":
            self._tell("It is given no name: the loop takes it for the first role that is left.")
            return
        other = next((probe for probe in self._kept.probes() if probe.role == role and probe.address != address), None)
        if other and self._ask(f"{role} is {other.address} until now. Replace it?", "no", one_of("yes", "no")) == "no":
            self._seen.remove(address)
            return
        probe = Probe(address, role, former.offset if former else 0.0)
        self._kept.keep_probe(probe)
        self._tell(f"Kept: {address} is {role}.")
        self._again = [each for each in self._again if each != role]
        self._compare(probe)

    def _compare(self, probe: Probe) -> None:
        question = (
            "A reference thermometer in the same place, both at rest for some minutes: what does it say, in °C? "
            "(no: leave the offset)"
        )
        while (reference := self._ask(question, "no", number_or("no", -55, 125))) is not None:
            try:
                offset = offset_of(self._bench, probe.address, reference)
            except MeasureError as error:
                self._tell(f"  {error}")
                continue
            self._kept.keep_probe(probe._replace(offset=offset))
            self._tell(f"Kept: {offset:+.2f} °C is added to what {probe.role} says.")
            return


# --- motors


class _Motor:
    def __init__(self, bench: Bench, questions: Questions, kept: Kept, role: str, later: Collection[str]) -> None:
        """later: the motors that the walk comes to after this one."""
        self._bench, self._kept = bench, kept
        self._ask, self._tell = questions.ask, questions.tell
        self._role, self._name = role, role.replace("_", " ")
        self._later = later

    def walk(self) -> None:
        """Asks for the clamp's settings, then learns what it reads with the motor off and on."""
        self._tell(f"\nMotor: {self._name}")
        while True:
            channel = self._set_up()
            if channel is None or channel.input is None:
                return
            learned = self._learn(channel)
            if learned is None or not self._wants_again(learned):
                return

    def _set_up(self) -> Channel | None:
        """The channel as the owner sets it, kept; None when it is left for another time."""
        former = next(channel for channel in self._kept.channels() if channel.role == self._role)
        default = "none" if former.input is None else f"a{former.input}"
        answer = self._ask("Input of its clamp: a0 to a3, none when it has none, or skip?", default, self._free)
        if answer == "skip":
            return None
        if answer == "none":
            self._tell("Kept: no clamp.")
            return self._kept.keep_channel(Channel(self._role, None))
        channel = former._replace(
            input=int(answer[1]),
            turns=self._ask("Turns of the wire through the clamp?", f"{former.turns}", whole(1, 50)),
            volts=self._ask("Volts of the mains?", f"{former.volts:g}", number(*LIMITS["volts"])),
            power_factor=self._ask(
                "Power factor (small motors 0.5 to 0.9, an igniter 1)?",
                f"{former.power_factor:g}",
                number(*LIMITS["power_factor"]),
            ),
        )
        if channel == former and self._role in self._kept.set_roles():
            return channel
        if (channel.input, channel.turns) != (former.input, former.turns):
            unknown = channel._replace(gate_amps=None, idle_amps=None, idle_spread=None, running_amps=None)
            return self._kept.keep_channel(unknown, learned=True)
        return self._kept.keep_channel(channel)

    def _free(self, text: str) -> str:
        answer = one_of("a0", "a1", "a2", "a3", "none", "skip")(text)
        others = self._kept.set_roles() - {self._role, *self._later}
        for channel in self._kept.channels():
            if channel.role in others and answer == f"a{channel.input}":
                raise ValueError(f"is the input of the {channel.role.replace('_', ' ')} already")
        return answer

    def _learn(self, channel: Channel) -> Channel | None:
        """The channel with its idle and its running current, not kept yet; None when it is left for another time."""
        while self._does(Deed.TURN_OFF):
            try:
                idle = idle_current(self._bench, channel)
                others = self._others(channel)
                if not self._does(Deed.TURN_ON):
                    return None
                running = running_current(self._bench, channel)
            except MeasureError as error:
                self._tell(f"  {error}")
                continue
            learned = channel._replace(idle_amps=idle.amps, idle_spread=idle.spread, running_amps=running)
            self._tell_learned(learned, others)
            return learned
        return None

    def _does(self, deed: Deed) -> bool:
        """Whether the owner did it."""
        done = deed.value.split()[1]
        question = f"Turn the {self._name} {done}; press Enter when it is {done} (or: skip)"
        if self._ask(question, done, one_of(done, "skip")) == "skip":
            return False
        self._bench.asked(deed, self._role)
        return True

    def _others(self, channel: Channel) -> dict[int, float]:
        """The amperes that the other inputs read."""
        inputs = [number for number in range(4) if number != channel.input]
        seen = {number: self._bench.current(channel._replace(input=number)) for number in inputs}
        return {number: current.amps for number, current in seen.items() if isinstance(current, Current)}

    def _tell_learned(self, channel: Channel, others: dict[int, float]) -> None:
        drawn = without_idle(channel.running_amps or 0.0, channel)
        self._tell(
            f"Off {channel.idle_amps:.3f} A, on {channel.running_amps:.3f} A at the clamp: "
            f"{watts(drawn, channel):.0f} W (estimated). It counts as running from {opens_at(channel):.3f} A."
        )
        if _is_apart(channel):
            return
        rose = {number: amps - others.get(number, 0.0) for number, amps in self._others(channel).items()}
        elsewhere = max(rose, key=lambda number: rose[number], default=None)
        if elsewhere is not None and rose[elsewhere] > OTHER_AMPS:
            self._tell(f"A{elsewhere} rose by {rose[elsewhere]:.2f} A instead: is this motor's clamp there?")
        elif turns := turns_needed(channel):
            self._tell(f"That is too little to tell on from off. {turns} turns of the wire would do.")
        else:
            self._tell("Nothing is drawn: does it turn? The clamp must be round ONE wire, not the whole cable.")

    def _wants_again(self, channel: Channel) -> bool:
        """Keeps what was learned as the owner decides; True when all is to be asked again."""
        if not _is_apart(channel):
            choice = self._ask("Again, keep it so, or skip?", "again", one_of("again", "keep", "skip"))
            if choice != "keep":
                return choice == "again"
        gate = self._ask(
            f"Gate in amperes at the clamp (auto: {opens_at(channel._replace(gate_amps=None)):.3f} now, "
            "and it follows the idle current)",
            "auto",
            number_or("auto", *LIMITS["gate_amps"]),
        )
        kept = self._kept.keep_channel(channel._replace(gate_amps=gate), learned=True)
        self._tell(f"Kept: {described(kept)}.")
        if not _is_apart(kept):
            self._tell("With this gate its running will be missed now and then.")
        self._end()
        return False

    def _end(self) -> None:
        if not self._does(Deed.TURN_OFF):
            return
        channel = next(channel for channel in self._kept.channels() if channel.role == self._role)
        current = self._bench.current(channel)
        if isinstance(current, Current) and without_idle(current.level, channel) >= opens_at(channel):
            self._tell(f"It still draws {current.amps:.3f} A: the boiler runs it, or it is not off.")
        else:
            self._tell("I see it off.")


def _is_apart(channel: Channel) -> bool:
    return (separation(channel) or 0.0) >= SEPARATION
