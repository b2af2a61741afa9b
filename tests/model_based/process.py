"""One worker process: the real pipeline under the real supervisor, with doors to all that is outside."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.fakes.clock import LoopClock
from tests.fakes.line import Line
from tests.model_based.hand import Hand
from tests.model_based.vendor import MoodyVendor
from worker.model.errors import OverdueError
from worker.supervisor import Times

TIMES = Times(grace=20, poll=20, flush=5)
_TOO_LATE = 25.0  # seconds beyond the stop's most, where calls were disturbed meanwhile
_ROUNDING = 0.01


@dataclass(slots=True, eq=False)
class Process:
    """Made within the loop by `World.start`."""

    hand: Hand
    line: Line
    vendor: MoodyVendor
    task: asyncio.Task[None]

    @property
    def asked_at(self) -> float | None:
        """When it was first asked to stop, by the loop's clock."""
        return self.hand.asked_at

    @property
    def is_over(self) -> bool:
        """Whether it has ended, by itself or by force."""
        return self.task.done() or not self.hand.alive

    def stop(self) -> None:
        """Ask it to stop; asked again, its grace ends."""
        if self.hand.asked_at is None:
            self.hand.asked_at = LoopClock().monotonic()
        self.line.stop.ask("test")

    def kill(self) -> None:
        """From this instant on nothing that it does has an effect; it ends soon, which nobody sees."""
        self.hand.dead.set()
        self.hand.log.killed(self.hand.who)
        self.line.stop.ask("killed")
        self.line.stop.ask("killed")

    def error(self) -> BaseException | None:
        """What it ended by, if that is over and was not the stop."""
        if not self.task.done() or self.task.cancelled() or not self.hand.alive:
            return None
        return self.task.exception()

    @property
    def was_overdue(self) -> bool:
        """Whether it gave up waiting for settles."""
        return isinstance(self.error(), OverdueError)

    def latest_end(self, standstill: float) -> float:
        """When it must be over, at the latest; `standstill`: seconds that it stood still since it was asked."""
        assert self.asked_at is not None
        disturbed = self.hand.troubles.last_met >= self.asked_at
        return self.asked_at + TIMES.most + standstill + (_TOO_LATE if disturbed else _ROUNDING)
