"""The stops: take no new work; after the grace give back what is held; when that is overdue, leave it."""

from __future__ import annotations

import asyncio


class Stop:
    """Asked for once; asked for again, it ends the grace. The supervisor ends grace and flush by the clock."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.grace_over = asyncio.Event()
        self.overdue = asyncio.Event()
        self.reason = ""

    def ask(self, reason: str) -> None:
        """Stop, because of this."""
        if self.stopping.is_set():
            self.grace_over.set()
        else:
            self.reason = reason
            self.stopping.set()
