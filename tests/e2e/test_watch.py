"""What the platform sees of a running worker: /live, /ready and /metrics."""

from __future__ import annotations

import socket
from datetime import timedelta

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.deployment import HTTP, Deployment
from worker.local.vendors.behaviour import Behaviour
from worker.local.vendors.server import hosted
from worker.local.vendors.simulated import SimulatedVendor

MOVED = {  # by ten messages that the vendor takes, closing once, and one that is no JSON
    "sluice_messages_received_total": 11,
    "sluice_messages_delivered_total": 10,
    "sluice_messages_buried_total": 1,
    "sluice_throttle_answers_total": 1,
    "sluice_message_age_seconds_count": 10,
}
STILL = ("sluice_messages_retried_total", "sluice_messages_throttled_total", "sluice_messages_in_flight")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def got(port: int, path: str) -> tuple[int, str]:
    """What the worker answers."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


async def metrics(port: int) -> dict[str, float]:
    """Every sample of the vendor, its other labels added up."""
    _, text = await got(port, "/metrics")
    samples: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.labels.get("vendor") == "foo":
                samples[sample.name] = samples.get(sample.name, 0) + sample.value
    return samples


async def test_a_worker_can_be_watched(deployment: Deployment) -> None:
    """Live and ready once it has started; every metric that is promised is there from the start, and counts."""
    vendor = SimulatedVendor(Behaviour("foo", throttle_every=6, throttle_for=timedelta(seconds=1)))
    port = free_port()
    async with hosted([vendor]) as endpoints:
        deployment.write(HTTP.format(vendor="foo", url=endpoints["foo"]) + "concurrency = 1\n", port=port)
        await deployment.up()
        worker = await deployment.start("run")
        await worker.wrote("pipeline.started")
        assert await got(port, "/live") == (200, '{"status": "live"}')
        assert await got(port, "/ready") == (200, '{"status": "ready"}')
        before = await metrics(port)
        await deployment.fill("foo", [f"good-{number}" for number in range(10)])
        await deployment.fill("foo", ["bad"], body="no JSON")
        await worker.wrote("message.settled", times=11)
        moved = {name: value - before[name] for name, value in (await metrics(port)).items()}
        health = await deployment.start("health", "--url", f"http://127.0.0.1:{port}/live")
        assert ((await health.end()).code, (await worker.stop()).code) == (0, 0)
    assert [arrival.status for arrival in vendor.arrivals] == [200] * 6 + [429] + [200] * 4
    assert {name: moved[name] for name in STILL} == dict.fromkeys(STILL, 0)
    assert {name: moved[name] for name in MOVED} == MOVED
    assert moved["sluice_permit_wait_seconds_count"] >= 2
    assert moved["sluice_delivery_seconds_sum"] > 0
    assert moved["sluice_sqs_calls_total"] >= 4  # two receives, two deletes
