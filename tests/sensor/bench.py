"""A bench of real parts: w1thermsensor on a tree of files and the driver on an emulated chip, and an owner's hand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from flask_app.boiler.rows import MOTORS
from sensor.bench import Deed, Hardware
from sensor.get_temp import Probes
from sensor.get_watt import Currents
from tests.sensor.ads1115 import Ads1115Bus, Wave, ac, noisy

WARMED = 8.0  # °C more


def scratchpad(degrees: float) -> str:
    low, high = int(degrees * 16).to_bytes(2, "little", signed=True)
    text = f"{low:02x} {high:02x} 4b 46 7f ff 10 10 1c"
    return f"{text} : crc=1c YES\n{text} t=0\n"


def place(tree: Path, address: str, degrees: float) -> None:
    (tree / address).mkdir(parents=True, exist_ok=True)
    (tree / address / "w1_slave").write_text(scratchpad(degrees))


class Cellar(Hardware):
    """Hardware on which what the owner was asked to do happens: `probes` and `inputs` say to which part."""

    def __init__(
        self,
        tree: Path,
        probes: dict[str, str],
        amps: dict[str, float],
        inputs: tuple[str, ...] = MOTORS,
        guard: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        """probes: address -> the role it has in truth; amps: of each motor; inputs: the motor of A0..A3."""
        self.tree, self.truth, self.amps, self.inputs = tree, probes, amps, inputs
        self.bus = Ads1115Bus([noisy(ac(0), 1.0, seed) for seed in range(4)])
        tree.mkdir(exist_ok=True)
        for number, address in enumerate(probes):
            place(tree, address, 20.0 + number)
        currents = Currents((), lambda: self.bus, self.bus.monotonic, guard)
        device = tree / "i2c-1"
        device.touch()
        super().__init__(Probes((), tree), currents, self._pause, tree, device)

    def _pause(self, seconds: float) -> None:
        self.bus.now += seconds

    def asked(self, deed: Deed, role: str) -> None:
        for number, (address, truth) in enumerate(self.truth.items()):
            if (self.tree / address / "w1_slave").read_text():
                place(self.tree, address, 20.0 + number + (WARMED if deed is Deed.WARM and truth == role else 0.0))
        if deed is Deed.WARM:
            return
        self.bus.waves = [self._wave(each, on=deed is Deed.TURN_ON and each == role) for each in self.inputs]

    def _wave(self, role: str, on: bool) -> Wave:
        return noisy(ac(self.amps.get(role, 0.0) if on else 0.0), 1.0)
