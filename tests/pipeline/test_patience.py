"""Nothing waits long for the state table, and the table that has failed is left alone for a while."""

from __future__ import annotations

import asyncio

import pytest

from tests.fakes.clock import LoopClock
from tests.fakes.loop import virtual_time
from tests.fakes.telemetry import RecordedTelemetry
from worker.model.errors import RefusedError, UnavailableError
from worker.model.events import TableCallFailed
from worker.pipeline.patience import Patience


class Table:
    """Counts its calls; raises `fault`, or is silent, until it is back."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.asked = 0
        self.back = asyncio.Event()

    async def answer(self) -> str:
        self.asked += 1
        if not self.back.is_set():
            if self.fault is not None:
                raise self.fault
            await self.back.wait()
        return "answer"


class Desk:
    """One feature's patience with a table."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.table = Table(fault)
        self.events = RecordedTelemetry()
        self.patience = Patience("foo", "ledger", clock=LoopClock(), telemetry=self.events)

    async def ask(self) -> str | None:
        return await self.patience.ask(self.table.answer)


FAULTS = [UnavailableError("x", code="ProvisionedThroughputExceededException"), RefusedError("x", code="AccessDenied")]


def now() -> float:
    return asyncio.get_running_loop().time()


@virtual_time
async def test_a_table_that_answers_is_asked_each_time() -> None:
    """And nothing is said."""
    it = Desk()
    it.table.back.set()
    assert [await it.ask() for _ in range(3)] == ["answer"] * 3
    assert not it.events.events


@virtual_time
async def test_a_silent_table_is_waited_for_three_seconds() -> None:
    """By all who ask, together; one of them says so."""
    it, began = Desk(), now()
    assert await asyncio.gather(*(it.ask() for _ in range(40))) == [None] * 40
    assert now() - began == pytest.approx(3)
    assert it.events.events == [TableCallFailed("foo", "ledger", "TimeoutError")]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_table_that_failed_rests_for_five_seconds(fault: UnavailableError | RefusedError) -> None:
    """Asked every second for a minute it is called, and its failure told, every fifth."""

    @virtual_time
    async def run() -> None:
        it, began = Desk(fault), now()
        for _ in range(60):
            assert await it.ask() is None
            await asyncio.sleep(1)
        assert now() - began == pytest.approx(60)
        assert it.table.asked == 12
        assert it.events.events == [TableCallFailed("foo", "ledger", fault.code)] * 12

    run()


@virtual_time
async def test_a_table_that_is_back_is_used_once_it_has_rested() -> None:
    """Not before."""
    it = Desk(FAULTS[0])
    await it.ask()
    it.table.back.set()
    await asyncio.sleep(4.9)
    assert await it.ask() is None
    await asyncio.sleep(0.1)
    assert await it.ask() == "answer"


@virtual_time
async def test_who_insists_is_not_put_off() -> None:
    """The table is asked though it rests, for three seconds at most; it rests on, and nothing more is said."""
    it = Desk()
    await it.ask()
    began = now()
    assert await it.patience.insist(it.table.answer) is None
    assert now() - began == pytest.approx(3)
    it.table.back.set()
    assert await it.patience.insist(it.table.answer) == "answer"
    assert await it.ask() is None
    assert len(it.events.events) == 1


@virtual_time
async def test_a_cancelled_caller_is_cancelled() -> None:
    """The end of a grace is no failure of the table."""
    it = Desk()
    asking = asyncio.create_task(it.ask())
    await asyncio.sleep(1)
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    assert not it.events.events
