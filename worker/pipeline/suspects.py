"""What was received again and again and never heard of: it may kill its worker, so it goes on alone."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from worker.model.outcome import Outcome, Rejected, Throttled
from worker.pipeline.held import Held
from worker.pipeline.places import Places
from worker.pipeline.report import Report

_SPARE = 3  # receives that SQS must still allow; with fewer left, a fresh copy takes the message's place
_LIVES = 3  # of a suspect: so many workers may die with it; then it is buried
_ASIDE = timedelta(seconds=1)  # at least, and three times as long at most: how long a suspect waits for another one
_QUIET = 30.0  # seconds that a suspect waits for all else in work to be done; a poll takes 20 s at most


class Suspects:
    """One pipeline's; `receives` is its queue's maxReceiveCount."""

    def __init__(self, places: Places, report: Report, *, receives: int) -> None:
        self._places = places
        self._report = report
        self._receives = receives
        self._has_one = False  # in hand, being sent

    def includes(self, held: Held) -> bool:
        """Whether it was received so often, with no failed attempt to show for it, that it may kill its worker."""
        doubtful = not held.failures and held.message.receive_count > self._receives - _SPARE
        return held.suspect > 0 or doubtful

    def needs_a_copy(self, held: Held) -> bool:
        """Whether what comes back comes as a fresh copy: one that is suspected, or was, or has few receives left."""
        is_worn = held.message.receive_count >= self._receives - _SPARE
        return held.suspect > 0 or held.continuation.suspect > 0 or is_worn

    async def alone(self, held: Held, talk: Callable[[Sequence[Held]], Awaitable[Sequence[Outcome]]]) -> Outcome:
        """A fresh copy of a suspect is sent with nothing else in work, so that it takes nobody along.

        Each death is counted in a copy, which comes at another time than those that died with it.
        """
        if not held.suspect:
            self._report.suspected(held)
        if not held.suspect or held.message.receive_count > 1:
            held.suspect += 1
            if (deaths := held.suspect - 1) >= _LIVES:
                return Rejected(f"{deaths} workers died of it, alone, and had no outcome: it kills", "kills")
        elif not self._has_one:
            self._has_one = True
            try:
                async with self._places.alone(_QUIET):
                    return (await talk([held]))[0]
            finally:
                self._has_one = False
        return Throttled(_ASIDE * random.uniform(1, 3))  # noqa: S311 - jitter
