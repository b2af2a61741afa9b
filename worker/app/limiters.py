"""The limits of a topology's entries, each made once, whoever shares it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

from worker.app.keepers import Keepers
from worker.aws.items import ItemKey
from worker.aws.limititem import limit_of_key, limit_of_vendor
from worker.aws.reservations import TableReservations
from worker.aws.statetable import StateTable
from worker.aws.tenure import TableTenure
from worker.model.message import VendorName
from worker.model.naming import parse_naming
from worker.model.pacing import LONGEST
from worker.model.rate import Rate
from worker.model.shares import safe_share, split_share
from worker.pipeline.contact import Contact
from worker.pipeline.fellows import Fellows
from worker.pipeline.fleet import FleetThrottle, Share
from worker.pipeline.limiter import LimitByValue, Limiter, Limiters, OneLimit
from worker.pipeline.sole import SoleThrottle, Terms
from worker.pipeline.tenancy import Tenancy
from worker.pipeline.throttle import Throttle
from worker.ports import Clock, Telemetry
from worker.settings import Topology, VendorSettings

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ground:
    """What limits stand on; `keepers` and `stack` end them."""

    topology: Topology
    table: StateTable | None
    clock: Clock
    telemetry: Telemetry
    keepers: Keepers
    stack: AsyncExitStack


class TopologyLimiters:
    """Gives each entry its limits: its own, those of its `limit_key`, or one for each value that the key names."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._shared: dict[str, Limiters] = {}
        self._making = asyncio.Lock()
        self._contact = Contact()
        self.fellows: dict[str, Fellows] = {}  # by vendor, of those that share a limit with the fleet

    async def of(self, vendor: str, settings: VendorSettings) -> Limiters:
        """An entry's limits."""
        if settings.limit_key is None:
            return OneLimit(await self._made(limit_of_vendor(VendorName(vendor)), vendor, settings))
        async with self._making:  # entries are set up side by side
            if settings.limit_key not in self._shared:
                self._shared[settings.limit_key] = await self._of_key(settings.limit_key, vendor, settings)
            return self._shared[settings.limit_key]

    async def _of_key(self, key: str, vendor: str, settings: VendorSettings) -> Limiters:
        if not parse_naming("limit_key", key).has_fields:
            return OneLimit(await self._made(limit_of_key(key), vendor, settings))
        tenancy = await self._tenancy(limit_of_key(key), settings)
        return LimitByValue(
            lambda value: self._limiter(limit_of_key(value), vendor, settings, tenancy), self._ground.clock.monotonic
        )

    async def _made(self, place: ItemKey, vendor: str, settings: VendorSettings) -> Limiter:
        return self._limiter(place, vendor, settings, await self._tenancy(place, settings))

    async def _tenancy(self, place: ItemKey, settings: VendorSettings) -> Tenancy | None:
        """The right to be the only sender, where there is a table to ask for it."""
        ground, rate = self._ground, settings.rate
        if settings.share != "one" or ground.table is None or rate is None or _is_counted(rate):
            return None
        longest = max(window.seconds for window in rate.windows)
        tenure = TableTenure(ground.table, place, ground.clock)
        tenancy = Tenancy(tenure, window=timedelta(seconds=longest) + settings.guard, clock=ground.clock)
        return await ground.stack.enter_async_context(tenancy)

    def _limiter(self, place: ItemKey, vendor: str, settings: VendorSettings, tenancy: Tenancy | None) -> Limiter:
        rate, ground = settings.rate, self._ground
        if rate is None:
            return Limiter(None)
        if ground.table is not None and (settings.share == "fleet" or _is_counted(rate)):
            return self._fleet(place, vendor, rate, settings)
        max_tasks = ground.topology.pools[settings.pool].max_tasks
        kept = split_share(rate, max_tasks) if settings.share == "split" else rate
        guard = settings.guard.total_seconds()
        throttle = Throttle(kept, guard=guard, clock=ground.clock, burst=settings.burst, adaptive=settings.adaptive)
        if tenancy is None:
            return Limiter(throttle)
        safe = safe_share(rate, max_tasks)
        sole = SoleThrottle(
            vendor, throttle, tenancy, Terms(rate, safe), clock=ground.clock, telemetry=ground.telemetry
        )
        return Limiter(sole)

    def _fleet(self, place: ItemKey, vendor: str, rate: Rate, settings: VendorSettings) -> Limiter:
        ground = self._ground
        assert ground.table is not None
        longest = max(window.seconds for window in rate.windows)
        keep = timedelta(seconds=longest) + _DAY
        reservations = TableReservations(ground.table, place, ground.clock, keep=keep)
        max_tasks = ground.topology.pools[settings.pool].max_tasks
        share = Share(vendor, rate, settings.guard.total_seconds(), max_tasks, adaptive=settings.adaptive)
        fleet = FleetThrottle(
            share,
            reservations,
            clock=ground.clock,
            telemetry=ground.telemetry,
            closed=lambda seconds: limiter.close(seconds, ground.clock.monotonic()),
            fellows=self.fellows.setdefault(vendor, Fellows(max_tasks)),
            contact=self._contact,
        )
        limiter = Limiter(fleet, fleet)
        limiter.keeper = ground.keepers.start(fleet.keep(), f"fleet {vendor}")
        return limiter


def _is_counted(rate: Rate) -> bool:
    """Whether a window is counted in the table, so that restarts do not begin it anew: then a fleet keeps it."""
    return any(window.seconds > LONGEST for window in rate.windows)
