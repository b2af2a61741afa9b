"""Metrics on stdout, in virtual time."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, get_args

import pytest

from tests.fakes.clock import EPOCH, LoopClock
from tests.fakes.loop import START, virtual_time
from tests.telemetry.emf_rules import checked
from worker.model.events import (
    AdapterFailed,
    Event,
    GateClosed,
    LeaseLost,
    LimiterDegraded,
    LimiterRestored,
    MessagesReceived,
    PipelineCrashed,
    TableCallFailed,
    VendorBlocked,
    WorkerStarted,
)
from worker.model.task import Standing
from worker.telemetry.emf import Emf
from worker.telemetry.emfline import COUNTS, GAUGES, SECONDS
from worker.telemetry.logs import configure

Sample = Callable[..., Event]


class Output(io.StringIO):
    """A stdout that keeps what each write brought, and what was flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.unflushed = 0

    def write(self, text: str) -> int:
        self.pieces.append(text)
        self.unflushed += 1
        return super().write(text)

    def flush(self) -> None:
        self.unflushed = 0


@dataclass
class Pipeline:
    """What a vendor's pipeline says when it is asked."""

    name: str = "foo"
    held: int = 0
    standing: Standing = field(default_factory=Standing)


@dataclass
class Scene:
    """Two vendors in two pools."""

    stream: Output = field(default_factory=Output)
    pipeline: Pipeline = field(default_factory=Pipeline)

    def __post_init__(self) -> None:
        pools = {"foo": "fast", "bar": "slow"}
        self.emf = Emf("Sluice/shop", pools, self.stream, LoopClock(), chance=Random(1).random)
        self.emf.show(self.pipeline)

    def lines(self, vendor: str | None = "foo") -> list[dict[str, Any]]:
        """All that was written of a vendor, each line checked against AWS's rules; None: of pools."""
        lines = [checked(text) for text in self.stream.getvalue().splitlines()]
        return [line for line in lines if line.get("vendor") == vendor]


@pytest.fixture
def scene() -> Callable[[], Scene]:
    """Made in the test, for its clock is the running loop's."""
    return Scene


@virtual_time
async def test_a_line_each_minute_and_one_at_the_stop(scene: Callable[[], Scene]) -> None:
    """For each vendor, at the same second of each minute; what happened after the last one is in the stop's."""
    told = scene()
    async with told.emf:
        await asyncio.sleep(150)
    for vendor, pool in (("foo", "fast"), ("bar", "slow")):
        lines = told.lines(vendor)
        at = [line["_aws"]["Timestamp"] / 1000 - EPOCH.timestamp() - START for line in lines]
        assert at == [60, 120, 150]
        assert {(line["vendor"], line["pool"]) for line in lines} == {(vendor, pool)}
        [directive] = lines[0]["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("Sluice/shop", [["vendor", "pool"]])


@virtual_time
async def test_nothing_happened_is_told_as_zeros(scene: Callable[[], Scene]) -> None:
    """Alarms see 0 and not missing data; of seconds there is nothing to tell."""
    told = scene()
    async with told.emf:
        pass
    [line] = told.lines()
    assert {name: value for name, value in line.items() if name not in {"_aws", "vendor", "pool"}} == dict.fromkeys(
        (*COUNTS, *GAUGES), 0
    )


@virtual_time
async def test_each_event_fits_into_a_line(scene: Callable[[], Scene], sample: Sample) -> None:
    """After one of each class the lines are as AWS takes them; units are those of the metrics."""
    told = scene()
    async with told.emf:
        for kind in get_args(Event):
            told.emf.emit(sample(kind, **({"vendor": "foo"} if "vendor" in kind.__annotations__ else {})))
    [line] = told.lines()
    [directive] = line["_aws"]["CloudWatchMetrics"]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units == dict.fromkeys((*COUNTS, *GAUGES), "Count") | {
        "PermitWaitSeconds": "Seconds",
        "DeliverySeconds": "Seconds",
    }


@pytest.mark.parametrize(
    ("outcome", "disposition", "name"),
    [
        ("Delivered", "Delete", "MessagesDelivered"),
        ("RetryAfter", "Postpone", "MessagesRetried"),
        ("Throttled", "Postpone", "MessagesThrottled"),
        ("Rejected", "Bury", "MessagesBuried"),
        ("HandedBack", "Postpone", "MessagesHandedBack"),
    ],
)
@virtual_time
async def test_a_settled_message_counts_once(
    scene: Callable[[], Scene], settled: Sample, outcome: str, disposition: str, name: str
) -> None:
    """In the count that says what became of it, in the line of its minute and in no other."""
    told = scene()
    async with told.emf:
        told.emf.emit(settled(outcome, disposition))
        await asyncio.sleep(90)
    first, last = told.lines()
    assert {count for count in COUNTS if first[count]} == {name}
    assert first[name] == 1
    assert not any(last[count] for count in COUNTS)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (LeaseLost, "LeasesLost"),
        (TableCallFailed, "TableCallFailures"),
        (AdapterFailed, "AdapterFailures"),
        (PipelineCrashed, "PipelineCrashes"),
    ],
)
@virtual_time
async def test_what_is_seldom_is_counted(
    scene: Callable[[], Scene], sample: Sample, kind: type[Event], name: str
) -> None:
    """Each adds one to its own count, of its own vendor."""
    told = scene()
    async with told.emf:
        told.emf.emit(sample(kind, vendor="foo"))
    assert {count: told.lines()[0][count] for count in COUNTS} == {count: int(count == name) for count in COUNTS}
    assert not any(told.lines("bar")[0][count] for count in COUNTS)


@virtual_time
async def test_seconds_are_lists(scene: Callable[[], Scene], sample: Sample, settled: Sample) -> None:
    """Requests that were made, ages of what was delivered, waits for permits: rounded to microseconds."""
    told = scene()
    async with told.emf:
        told.emf.emit(sample(MessagesReceived, vendor="foo", count=7, permit_wait_seconds=0.1234567))
        told.emf.emit(settled("Delivered", "Delete", seconds=0.25, age_seconds=3.0))
        told.emf.emit(settled("RetryAfter", "Postpone", seconds=0.5, age_seconds=60.0))
        told.emf.emit(settled("HandedBack", "Postpone", seconds=0.0))
    [line] = told.lines()
    assert line["MessagesReceived"] == 7
    assert {name: line[name] for name in SECONDS} == {
        "DeliverySeconds": [0.25, 0.5],
        "MessageAgeSeconds": [3.0],
        "PermitWaitSeconds": [0.123457],
    }


@virtual_time
async def test_a_busy_minute_is_a_line_too(scene: Callable[[], Scene], settled: Sample) -> None:
    """Ten thousand deliveries: all counted, a hundred of their times told, in a line that no log driver cuts."""
    told = scene()
    async with told.emf:
        for number in range(10_000):
            told.emf.emit(settled("Delivered", "Delete", seconds=number / 7e3, age_seconds=number * 1.234567))
            told.emf.emit(MessagesReceived("foo", 1, 1, number / 7e6))
    [line] = told.lines()
    assert line["MessagesDelivered"] == 10_000
    assert [len(line[name]) for name in SECONDS] == [100] * 3
    assert 0.5 < sum(line["DeliverySeconds"]) / 100 < 0.93  # of 0.71, the mean of them all


@virtual_time
async def test_gauges_are_asked_for_each_line(scene: Callable[[], Scene]) -> None:
    """What is held and whether the gate is closed, as they stand."""
    told = scene()
    async with told.emf:
        told.pipeline.held, told.pipeline.standing = 7, Standing(closed="throttled")
        await asyncio.sleep(90)
        told.pipeline.held, told.pipeline.standing = 0, Standing()
    assert [(line["MessagesInFlight"], line["GateClosed"], line["VendorBlocked"]) for line in told.lines()] == [
        (7, 1, 0),
        (0, 0, 0),
    ]


@virtual_time
async def test_a_blocked_vendor_shows_until_a_probe_passes(scene: Callable[[], Scene], sample: Sample) -> None:
    """As long as the pipeline says so, however long its probes fail without a word of it."""
    told = scene()
    async with told.emf:
        told.emf.emit(sample(VendorBlocked, vendor="foo", scope="vendor", seconds=50.0))
        told.pipeline.standing = Standing(closed="blocked")
        await asyncio.sleep(150)
        told.pipeline.standing = Standing()
        await asyncio.sleep(40)
    assert [line["VendorBlocked"] for line in told.lines()] == [1, 1, 0, 0]
    assert [line["VendorBlocked"] for line in told.lines("bar")] == [0, 0, 0, 0]


@virtual_time
async def test_a_blocked_key_shows_until_its_next_probe(scene: Callable[[], Scene], sample: Sample) -> None:
    """The vendor itself is open, so nobody can be asked: the event says for how long."""
    told = scene()
    async with told.emf:
        told.emf.emit(sample(GateClosed, vendor="foo", scope="key", reason="blocked", seconds=70.0))
        told.emf.emit(sample(VendorBlocked, vendor="foo", scope="key", seconds=70.0))
        await asyncio.sleep(170)
    assert [(line["VendorBlocked"], line["GateClosed"]) for line in told.lines()] == [(1, 0), (1, 0), (0, 0)]


@virtual_time
async def test_a_limit_without_its_table_shows(scene: Callable[[], Scene], sample: Sample) -> None:
    """While any of a vendor's limits sends its safe share alone, and for a minute in which one did."""
    told = scene()
    async with told.emf:
        for kind in (LimiterDegraded, LimiterDegraded, LimiterRestored):
            told.emf.emit(sample(kind, vendor="foo"))
        await asyncio.sleep(90)
        told.emf.emit(sample(LimiterRestored, vendor="foo"))
        await asyncio.sleep(60)
        told.emf.emit(sample(LimiterDegraded, vendor="foo"))
        told.emf.emit(sample(LimiterRestored, vendor="foo"))
    assert [line["LimiterDegraded"] for line in told.lines()] == [1, 1, 1]
    told = scene()
    async with told.emf:
        await asyncio.sleep(60)
    assert {line["LimiterDegraded"] for line in told.lines()} == {0}


@virtual_time
async def test_a_start_is_told_at_once(scene: Callable[[], Scene]) -> None:
    """Once for each pool: restarts are what these add up to."""
    told = scene()
    async with told.emf:
        told.emf.emit(WorkerStarted("1.0", "foo, bar"))
        starts = told.lines(None)
    assert [(line["pool"], line["WorkerStarts"]) for line in starts] == [("fast", 1), ("slow", 1)]
    assert {str(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]) for line in starts} == {"[['pool']]"}


@virtual_time
async def test_a_line_is_one_write(scene: Callable[[], Scene], settled: Sample) -> None:
    """Whole and flushed, so that log lines on the same stream come before it or after it, never into it."""
    told = scene()
    logs = configure(told.stream, json=True)
    async with told.emf:
        for _ in range(3):
            logs.emit(settled("Delivered", "Delete"))
            await asyncio.sleep(61)
    assert all(piece.endswith("\n") and piece.count("\n") == 1 for piece in told.stream.pieces)
    assert len(told.stream.pieces) == 3 + 2 * 4
    assert told.stream.unflushed == 0


@virtual_time
async def test_bodies_and_keys_stay_out(scene: Callable[[], Scene], sample: Sample) -> None:
    """Of all that events carry, numbers alone get into a line."""
    told = scene()
    async with told.emf:
        for kind in get_args(Event):
            texts = {name: "mark" for name, type_ in kind.__annotations__.items() if type_ in {"str", "str | None"}}
            told.emf.emit(sample(kind, **texts | ({"vendor": "foo"} if "vendor" in texts else {})))
    assert "mark" not in told.stream.getvalue()


@virtual_time
async def test_a_stream_that_nobody_reads_hurts_nobody(scene: Callable[[], Scene]) -> None:
    """As with logs: the line is lost, the work goes on."""
    told = scene()
    async with told.emf:
        told.stream.close()
        await asyncio.sleep(60)
        told.emf.emit(WorkerStarted("1.0", "foo"))
