"""`sluice run` as production runs it: a process, signals, and what the queue and the vendor then say."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from datetime import timedelta
from typing import get_args

from tests.e2e.deployment import HTTP, Deployment
from tests.e2e.program import PATIENCE, End, eventually, session_of
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import hosted
from worker.local.vendors.simulated import SimulatedVendor
from worker.model.events import Event
from worker.telemetry.logs import _FIELDS

KEYS = frozenset(f"key-{number}" for number in range(300))
MOST_SECONDS = 6.0  # grace and flush, as deployments here have them


def keys_of(vendor: SimulatedVendor) -> list[str]:
    """The keys that a vendor took, repeats and all."""
    return [arrival.key for arrival in vendor.arrivals if arrival.key is not None and arrival.status == 200]


async def test_a_stop_mid_drain_loses_and_repeats_nothing(deployment: Deployment) -> None:
    """Of 300 messages each is delivered or visible again at once; a second worker drains the rest, each once."""
    vendor = SimulatedVendor(Behaviour("foo", latency=timedelta(milliseconds=50)))
    async with hosted([vendor]) as endpoints:
        deployment.write(HTTP.format(vendor="foo", url=endpoints["foo"]))
        await deployment.up()
        await deployment.fill("foo", KEYS)
        worker = await deployment.start("run")
        await eventually(lambda: len(vendor.arrivals) >= 50)
        end = await worker.stop(MOST_SECONDS)
        assert (end.code, end.stderr) == (0, "")
        assert not session_of(worker.pid)
        depth, delivered = await deployment.depth("foo"), keys_of(vendor)
        assert 50 <= len(delivered) < 300
        assert (depth.waiting, depth.held) == (300 - len(delivered), 0)
        check_log(end, delivered)

        worker = await deployment.start("run")
        await eventually(lambda: len(vendor.arrivals) >= 300)
        assert (await worker.stop(MOST_SECONDS)).code == 0
        assert (await deployment.depth("foo")).left == 0
        assert sorted(keys_of(vendor)) == sorted(KEYS)


def check_log(end: End, delivered: list[str]) -> None:
    """Every line is an event of ours in JSON, with its own fields and no other; the stop is told last."""
    lines = [json.loads(line) for line in end.stdout.splitlines()]
    events = {kind.name: set(_FIELDS[kind]) for kind in get_args(Event)}
    for line in lines:
        assert set(line) - {"event", "level", "timestamp"} == events[line["event"]]
    assert [line["event"] for line in lines[:2]] == ["worker.started", "pipeline.started"]
    assert lines[-1]["event"] == "worker.stopped"
    assert lines[-1]["seconds"] <= MOST_SECONDS
    assert sorted(line["key"] for line in lines if line.get("outcome") == "Delivered") == sorted(delivered)


async def test_a_second_signal_ends_the_grace(deployment: Deployment) -> None:
    """What a slow vendor has not answered goes back to the queue, visible, and the worker ends with 0."""
    vendor = SimulatedVendor(Behaviour("foo", latency=timedelta(minutes=1)))
    async with hosted([vendor]) as endpoints:
        deployment.write(HTTP.format(vendor="foo", url=endpoints["foo"]))
        await deployment.up()
        await deployment.fill("foo", ["a", "b", "c"])
        worker = await deployment.start("run", "--set", "sluice.grace=20s", "-v")
        await worker.wrote('"messages.received"')
        worker.send(signal.SIGTERM)
        await worker.wrote("worker.stopping")
        end = await worker.stop(2)
        assert (end.code, end.stderr) == (0, "")
        assert sorted(key for key, _ in await deployment.take("foo")) == ["a", "b", "c"]


async def test_a_stop_lets_the_idle_poll_finish_and_hands_back_what_it_brings(deployment: Deployment) -> None:
    """A message that comes during the last long poll is neither sent nor left invisible; exit 0."""
    vendor = SimulatedVendor(Behaviour("foo"))
    async with hosted([vendor]) as endpoints:
        deployment.write(HTTP.format(vendor="foo", url=endpoints["foo"]))
        await deployment.up()
        worker = await deployment.start("run", "--set", "vendors.foo.poll=2s")
        await worker.wrote("pipeline.started")
        worker.send(signal.SIGTERM)
        await worker.wrote("worker.stopping")
        await deployment.fill("foo", ["late"])
        end = await worker.end(MOST_SECONDS)
        assert (end.code, end.stderr) == (0, "")
        assert not vendor.arrivals
        assert await deployment.take("foo") == [("late", 1)]


async def test_a_stop_while_it_starts_is_a_stop(deployment: Deployment) -> None:
    """AWS does not answer, SIGTERM comes: it ends at once with 0, long before AWS's timeout."""
    deployment.write('[vendors.foo]\nadapter = "echo"\n')
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)  # as the loop's own accept wants it
        worker = await deployment.start("run", AWS_ENDPOINT_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(silent), PATIENCE)
        with connection:
            end = await worker.stop(2)
    assert (end.code, end.stderr) == (0, "")
    assert [json.loads(line)["event"] for line in end.stdout.splitlines()] == ["worker.stopped"]
