"""What the commissioning commands keep: each change at once in the one database, with a line of its history."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask_app import store
from flask_app.boiler.fittings import Channel, Probe, described, fitted_channels


class Kept:
    """The probes and channels of a database, read and changed by `by`."""

    def __init__(
        self,
        database: store.Database,
        by: str,
        now: Callable[[], float] = time.time,
        world: store.World = store.World.REAL,
    ) -> None:
        """world: whose boiler the database is from the first change on. Another's raises store.StoreError then."""
        self._database, self._by, self._now, self._world = database, by, now, world

    def probes(self) -> list[Probe]:
        """The probes that were named."""
        return store.probes(self._database.connection)

    def channels(self) -> tuple[Channel, ...]:
        """The four channels, with what is known of each."""
        connection = self._database.connection
        return fitted_channels(store.channels(connection), store.idles(connection))

    def set_roles(self) -> set[str]:
        """The motors whose channel the owner set."""
        return {channel.role for channel in store.channels(self._database.connection)}

    def keep_probe(self, probe: Probe) -> None:
        """Gives a probe its role and offset, in place of the one that had the role."""
        ts = int(self._now())
        self._database.claim(self._world)
        with self._database.writing(durable=True) as connection:
            store.keep_probe(connection, probe, ts)
            store.keep_change(
                connection, f"sensor_{probe.role}", ts, f"{probe.address}, {probe.offset:+.2f} °C", self._by
            )

    def keep_channel(self, channel: Channel, learned: bool = False) -> Channel:
        """Keeps a channel, and says which; `learned`: its currents were learned now."""
        ts = int(self._now())
        kept = channel._replace(learned_ts=ts) if learned else channel
        self._database.claim(self._world)
        with self._database.writing(durable=True) as connection:
            store.keep_channel(connection, kept)
            store.keep_change(connection, f"sensor_{kept.role}", ts, described(kept), self._by)
        return kept
