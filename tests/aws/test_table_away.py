"""A state table that is away, in each way that it can be, slows nothing down and is not complained of without end."""

from __future__ import annotations

import asyncio
import socket

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from tests.fakes.clock import LoopClock
from tests.fakes.dynamodb import Answer, ScriptedDynamoDb
from tests.fakes.line import Line
from tests.fakes.loop import virtual_time
from tests.fakes.telemetry import RecordedTelemetry
from worker.aws.attempts import TableAttempts
from worker.aws.ledger import TableLedger
from worker.aws.session import Aws, Credentials
from worker.aws.statetable import StateTable
from worker.model.events import MessageSettled, TableCallFailed
from worker.model.message import JobKey, VendorName
from worker.pipeline.attempts import MemoryAttempts
from worker.pipeline.dedup import Mode
from worker.pipeline.patience import Patience
from worker.ports import LedgerKey

VENDOR = VendorName("foo")


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "x")


UNDONE: Answer = {
    "Responses": {},
    "UnprocessedKeys": {"state": {"Keys": ["one"]}},
    "UnprocessedItems": {"state": ["one"]},
}
TROUBLES: dict[str, ScriptedDynamoDb] = {
    "TimeoutError": ScriptedDynamoDb(silent=True),
    "ConnectTimeoutError": ScriptedDynamoDb([ConnectTimeoutError(endpoint_url="x")]),
    "ProvisionedThroughputExceededException": ScriptedDynamoDb([refusal("ProvisionedThroughputExceededException")]),
    "UnprocessedKeys": ScriptedDynamoDb([UNDONE]),
    "AccessDeniedException": ScriptedDynamoDb([refusal("AccessDeniedException")]),
    "ResourceNotFoundException": ScriptedDynamoDb([refusal("ResourceNotFoundException")]),
}


@pytest.mark.parametrize(("code", "client"), TROUBLES.items(), ids=TROUBLES.keys())
def test_a_drain_goes_on_without_its_table(code: str, client: ScriptedDynamoDb) -> None:
    """Two hundred messages that were received before are delivered in seconds; each rest is one line, with the code."""

    @virtual_time
    async def run() -> None:
        clock = LoopClock()
        line = Line(dedup=Mode.REDELIVERY, ledger=TableLedger(StateTable(client, "state", clock), VENDOR, clock))
        line.queue.put(*["{}"] * 200)
        for _ in range(20):
            await line.queue.receive(10)
        visible = clock.monotonic() + line.visibility.total_seconds()
        async with line.running():
            await line.until(lambda: len(line.events.of(MessageSettled)) == 200)
            assert clock.monotonic() - visible < 10
        told = line.events.of(TableCallFailed)
        assert 1 <= len(told) <= 3
        assert told[0] == TableCallFailed("foo", "ledger", code)

    run()


@pytest.fixture
async def hung() -> StateTable:
    """A state table behind a port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with Aws(region="us-east-1", endpoint=endpoint, credentials=Credentials("test", "test")) as way:
            yield await StateTable.open(way, "state", LoopClock())


async def test_nobody_waits_for_long_at_a_table_that_hangs(hung: StateTable) -> None:
    """Two hundred ask at once, many more than there are connections: three seconds, and each feature says it once.

    Slow, about three seconds: what hangs is a real connection.
    """
    telemetry, clock = RecordedTelemetry(), LoopClock()
    ledger = TableLedger(hung, VENDOR, clock)
    patience = Patience("foo", "ledger", clock=clock, telemetry=telemetry)
    attempts = TableAttempts(hung, VENDOR, clock=clock, away=MemoryAttempts(clock), telemetry=telemetry)
    began = clock.monotonic()
    await asyncio.gather(
        *(patience.ask(lambda n=n: ledger.delivered([LedgerKey(JobKey(f"{n}"))])) for n in range(100)),
        *(attempts.failed(JobKey(f"{n}"), 0.0) for n in range(100)),
    )
    assert clock.monotonic() - began < 4
    assert sorted(event.feature for event in telemetry.of(TableCallFailed)) == ["attempts", "ledger"]
