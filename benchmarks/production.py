"""Sluice as it runs in production, on one queue: the same composition, log lines and metrics."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.drained import Drained
from benchmarks.emulator import way_to
from benchmarks.queues import VENDOR
from benchmarks.usage import Usage, peak_megabytes
from worker.app.work import Watch, work
from worker.cli.loop import complete
from worker.health import Watched
from worker.local.process import Report
from worker.model.events import Event, MessageSettled, SqsCalled
from worker.pipeline.clock import SystemClock
from worker.pipeline.stop import Stop
from worker.ports import Telemetry
from worker.settings import Topology, load
from worker.telemetry.fanout import Fanout
from worker.telemetry.logs import configure
from worker.telemetry.prometheus import Metrics
from worker.telemetry.vitals import Vitals

_TOPOLOGY = """
[sluice]
name = "{prefix}"

[vendors.{vendor}]
adapter = "http"
endpoint = "{sink}"
concurrency = 100
poll = "1s" # only so that the run ends soon: while there are messages no receive waits
options = {{ url = "http://127.0.0.1/messages", idempotency_header = "Idempotency-Key" }}
"""


def drain(report: Report, endpoint: str, sink: str, prefix: str, messages: int) -> None:
    """Drain in this process and report a `Drained`. Made for `Process`."""
    with TemporaryDirectory(prefix="sluice-drain-") as name:
        folder = Path(name)
        topology = _topology(folder / "sluice.toml", sink, prefix)
        with (folder / "log").open("w") as log:  # where production has its standard output
            meter = _Meter(messages)
            complete(_drain(topology, endpoint, Fanout(configure(log), meter), meter))
    report(meter.result())


def _topology(file: Path, sink: str, prefix: str) -> Topology:
    file.write_text(_TOPOLOGY.format(prefix=prefix, vendor=VENDOR, sink=sink))
    return load(file, environ={})


async def _drain(topology: Topology, endpoint: str, told: Telemetry, meter: _Meter) -> None:
    clock, metrics = SystemClock(), Metrics()
    vitals = Vitals([VENDOR], clock)
    watch = Watch(Fanout(told, metrics, vitals), vitals.beat, Watched(vitals, metrics).show)
    async with way_to(endpoint) as aws:
        await work(topology, [VENDOR], aws=aws, stop=meter.stop, clock=clock, watch=watch)


class _Meter:
    """Listens: measures from the first receive to the last settle, and then asks for the stop."""

    def __init__(self, messages: int) -> None:
        self.stop = Stop()
        self._messages = messages
        self._settled = self._calls = 0
        self._start: Usage | None = None
        self._used: Usage | None = None
        self._calls_made = 0

    def emit(self, event: Event) -> None:
        """Count an event."""
        match event:
            case MessageSettled():
                self._settle(event)
            case SqsCalled(operation="GetQueueUrl"):
                pass
            case SqsCalled():
                self._start = self._start or Usage.now()
                self._calls += 1
            case _:
                pass

    def _settle(self, event: MessageSettled) -> None:
        assert event.disposition == "Delete", f"{event.outcome}: {event.disposition}"
        self._settled += 1
        if self._settled == self._messages and self._start is not None:
            self._used, self._calls_made = self._start.until(Usage.now()), self._calls
            self.stop.ask("the queue is empty")

    def result(self) -> Drained:
        """What was used until the last settle."""
        assert self._used is not None
        return Drained(self._messages, self._used.wall, self._used.cpu, self._calls_made, peak_megabytes())
